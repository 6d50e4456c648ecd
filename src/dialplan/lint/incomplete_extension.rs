//! `incomplete-extension`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "incomplete-extension",
    severity: Severity::Error,
    finds: "A line has no extension, or no priority.",
    why: "It cannot be placed, and is lost.",
    example: "[default]\nexten => 100\n",
    instead: "[default]\nexten => 100,1,Hangup()\n",
    ..Lint::EMPTY
};
