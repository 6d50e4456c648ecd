//! `unclosed-section`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "unclosed-section",
    severity: Severity::Error,
    finds: "The `]` of a section's name, or the `)` behind it, is missing.",
    why: "It cannot be known where the lines below belong.",
    example: "[default\nexten => s,1,Answer()\n",
    instead: "[default]\nexten => s,1,Answer()\n",
    ..Lint::EMPTY
};
