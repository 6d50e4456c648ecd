//! `line-too-long`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "line-too-long",
    finds: "A line is longer than 8,191 bytes, as in Asterisk.",
    why: "It is skipped.",
    ..Lint::EMPTY
};
