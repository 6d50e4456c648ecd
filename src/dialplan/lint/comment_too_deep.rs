//! `comment-too-deep`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "comment-too-deep",
    severity: Severity::Error,
    finds: "Block comments, `;--` to `--;`, stand within one another more than 128 times.",
    why: "A bound against files that are no dialplans.",
    ..Lint::EMPTY
};
