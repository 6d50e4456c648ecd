//! `not-utf-8`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "not-utf-8",
    finds: "A character is not UTF-8.",
    why: "It is replaced by a sign for the unknown.",
    ..Lint::EMPTY
};
