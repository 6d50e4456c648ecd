//! `password-file`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "password-file",
    severity: Severity::Error,
    finds: "Authenticate is given a file of passwords.",
    why: "Passwords do not belong into a file in plain; the database can hold them.",
    example: "[default]\nexten => s,1,Authenticate(/etc/passwords)\n",
    instead: "[default]\nexten => s,1,Authenticate(/passwords,d)\n",
    ..Lint::EMPTY
};
