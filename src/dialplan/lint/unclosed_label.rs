//! `unclosed-label`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unclosed-label",
    finds: "The `)` of a label is missing.",
    why: "All of the priority is taken for the label.",
    example: "[default]\nexten => s,1(start,Answer()\n",
    instead: "[default]\nexten => s,1(start),Answer()\n",
    ..Lint::EMPTY
};
