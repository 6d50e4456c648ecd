//! `include-too-deep`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "include-too-deep",
    severity: Severity::Error,
    finds: "Files include one another more than 10 deep, as in Asterisk.",
    why: "Mostly a file includes itself.",
    ..Lint::EMPTY
};
