//! `bad-priority`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "bad-priority",
    severity: Severity::Error,
    finds: "A priority is not a number from 1, `n`, `s`, `hint` or a label above, with `+N` perhaps.",
    why: "The line cannot be placed, and is lost.",
    example: "[default]\nexten => s,1,Answer()\n same => m,Hangup()\n",
    instead: "[default]\nexten => s,1,Answer()\n same => n,Hangup()\n",
    ..Lint::EMPTY
};
