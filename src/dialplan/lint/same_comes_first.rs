//! `same-comes-first`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "same-comes-first",
    severity: Severity::Error,
    finds: "`same` is the first line of a section.",
    why: "There is no extension above it that it could belong to.",
    example: "[default]\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,Hangup()\n",
    ..Lint::EMPTY
};
