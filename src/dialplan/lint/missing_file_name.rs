//! `missing-file-name`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "missing-file-name",
    severity: Severity::Error,
    finds: "`#include` names no file.",
    why: "It is not known what should stand here.",
    example: "[default]\n#include\n",
    ..Lint::EMPTY
};
