//! `unknown-application`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "unknown-application",
    severity: Severity::Error,
    finds: "An application does not exist.",
    why: "A call that comes to it fails.",
    example: "[default]\nexten => s,1,Playbock(hello)\n",
    instead: "[default]\nexten => s,1,Playback(hello)\n",
    ..Lint::EMPTY
};
