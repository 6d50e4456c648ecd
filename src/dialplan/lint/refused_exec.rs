//! `refused-exec`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "refused-exec",
    severity: Severity::Error,
    finds: "`#exec` is used, and the configuration does not allow it.",
    why: "It runs a program at each load.",
    example: "#exec /usr/local/bin/contexts\n",
    instead: "#include \"contexts.conf\"\n",
    ..Lint::EMPTY
};
