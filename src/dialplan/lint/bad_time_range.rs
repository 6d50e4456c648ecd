//! `bad-time-range`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "bad-time-range",
    severity: Severity::Error,
    finds: "A time range cannot be read.",
    why: "An include or a GotoIfTime would hold at other times than meant, or fail.",
    example: "[default]\nexten => s,1,GotoIfTime(9-17,mon-fri,*,*?end)\n same => n(end),Hangup()\n",
    instead: "[default]\nexten => s,1,GotoIfTime(09:00-17:00,mon-fri,*,*?end)\n same => n(end),Hangup()\n",
    ..Lint::EMPTY
};
