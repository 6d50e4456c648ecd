//! `no-priority-before`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "no-priority-before",
    severity: Severity::Error,
    finds: "`n` or `s` is the first priority of a section.",
    why: "There is none that it could follow.",
    example: "[default]\nexten => s,n,Answer()\n",
    instead: "[default]\nexten => s,1,Answer()\n",
    ..Lint::EMPTY
};
