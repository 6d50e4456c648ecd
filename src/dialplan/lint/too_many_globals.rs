//! `too-many-globals`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "too-many-globals",
    severity: Severity::Error,
    finds: "There are more than 4,096 global variables.",
    why: "A bound against files that are no dialplans.",
    ..Lint::EMPTY
};
