//! `unclosed-reference`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "unclosed-reference",
    severity: Severity::Error,
    finds: "A `${` or `$[` is not closed.",
    why: "It cannot be known where the name or the expression should end.",
    example: "[default]\nexten => s,1,NoOp(${EXTEN)\n",
    instead: "[default]\nexten => s,1,NoOp(${EXTEN})\n",
    ..Lint::EMPTY
};
