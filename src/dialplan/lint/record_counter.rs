//! `record-counter`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;
use crate::diagnostic::Severity;

pub static LINT: Lint = Lint {
    name: "record-counter",
    severity: Severity::Error,
    finds: "A file's name for Record has `%d` in it.",
    why: "Counting files is refused: two calls would race for a number.",
    example: "[default]\nexten => s,1,Record(calls/%d.wav)\n",
    instead: "[default]\nexten => s,1,Record(calls/${UNIQUEID}.wav)\n",
    ..Lint::EMPTY
};
