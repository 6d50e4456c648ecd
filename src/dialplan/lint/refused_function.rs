//! `refused-function`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "refused-function",
    severity: Severity::Error,
    finds: "A function runs programs or changes files of this machine, and the configuration does not allow it \
          by name.",
    why: "Who changes a dialplan would otherwise own the machine.",
    ..Lint::EMPTY
};
