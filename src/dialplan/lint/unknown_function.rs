//! `unknown-function`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "unknown-function",
    severity: Severity::Error,
    finds: "A function does not exist.",
    why: "Its value would be empty.",
    example: "[default]\nexten => s,1,NoOp(${LENGTH(hello)})\n",
    instead: "[default]\nexten => s,1,NoOp(${LEN(hello)})\n",
    ..Lint::EMPTY
};
