//! `pattern-too-long`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "pattern-too-long",
    severity: Severity::Error,
    finds: "A pattern has more than 256 elements.",
    why: "A bound against files that are no dialplans.",
    ..Lint::EMPTY
};
