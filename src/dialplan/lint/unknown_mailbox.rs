//! `unknown-mailbox`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "unknown-mailbox",
    severity: Severity::Error,
    finds: "A memo is for a mailbox that the configuration does not have.",
    why: "What the caller says would be lost.",
    example: "[default]\nexten => s,1,Memo(sales)\n",
    instead: "[default]\nexten => s,1,Memo(main)\n",
    ..Lint::EMPTY
};
