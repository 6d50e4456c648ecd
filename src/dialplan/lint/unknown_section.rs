//! `unknown-section`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "unknown-section",
    severity: Severity::Error,
    finds: "A section with `(+)` behind its name appends to one that is not there.",
    why: "Asterisk refuses such a file, and so do we.",
    example: "[default] (+)\nexten => s,1,Hangup()\n",
    instead: "[default]\nexten => s,1,Hangup()\n",
    ..Lint::EMPTY
};
