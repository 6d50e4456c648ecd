//! `unknown-template`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "unknown-template",
    severity: Severity::Error,
    finds: "A section inherits from one that is not there.",
    why: "Asterisk refuses such a file, and so do we.",
    example: "[default] (base)\nexten => s,1,Hangup()\n",
    instead: "[base] (!)\nexten => h,1,NoOp()\n[default] (base)\nexten => s,1,Hangup()\n",
    ..Lint::EMPTY
};
