//! `agi-refused`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "agi-refused",
    finds: "An AGI program is called, and the configuration does not allow it.",
    why: "A call that comes there goes on with `AGISTATUS=FAILURE`.",
    ..Lint::EMPTY
};
