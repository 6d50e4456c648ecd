//! `unknown-setting`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unknown-setting",
    finds: "A setting of `[general]` does not exist.",
    why: "It is ignored.",
    example: "[general]\nautofalthrough=no\n",
    instead: "[general]\nautofallthrough=no\n",
    ..Lint::EMPTY
};
