//! `dialplan-too-large`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "dialplan-too-large",
    severity: Severity::Error,
    finds: "The dialplan has more than 1,024 files or 64 MB.",
    why: "A bound against files that are no dialplans, and against files that include themselves.",
    ..Lint::EMPTY
};
