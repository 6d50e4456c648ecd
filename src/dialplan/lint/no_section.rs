//! `no-section`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "no-section",
    severity: Severity::Error,
    finds: "A setting stands above the first `[section]`.",
    why: "It belongs to no context.",
    example: "exten => s,1,Answer()\n",
    instead: "[default]\nexten => s,1,Answer()\n",
    ..Lint::EMPTY
};
