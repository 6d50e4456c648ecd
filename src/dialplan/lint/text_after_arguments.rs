//! `text-after-arguments`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "text-after-arguments",
    finds: "Text stands behind the last `)` of a line.",
    why: "It is ignored.",
    example: "[default]\nexten => s,1,Answer() now\n",
    instead: "[default]\nexten => s,1,Answer() ; now\n",
    ..Lint::EMPTY
};
