//! `unreadable-file`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "unreadable-file",
    severity: Severity::Error,
    finds: "A file cannot be read.",
    why: "What stands in it is missing; `#tryinclude` accepts that.",
    example: "#include \"absent.conf\"\n",
    instead: "#tryinclude \"absent.conf\"\n",
    ..Lint::EMPTY
};
