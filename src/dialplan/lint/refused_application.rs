//! `refused-application`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "refused-application",
    severity: Severity::Error,
    finds: "An application runs programs of this machine, and the configuration does not allow it by name.",
    why: "Who changes a dialplan would otherwise own the machine.",
    ..Lint::EMPTY
};
