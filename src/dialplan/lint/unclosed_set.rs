//! `unclosed-set`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unclosed-set",
    finds: "A `[` in a pattern is not closed.",
    why: "The pattern never matches.",
    example: "[globals]\nSET=[12\n[default]\nexten => _${SET}X,1,Hangup()\n",
    instead: "[globals]\nSET=[12]\n[default]\nexten => _${SET}X,1,Hangup()\n",
    ..Lint::EMPTY
};
