//! `duplicate-priority`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "duplicate-priority",
    finds: "An extension has the same priority twice.",
    why: "The second line is ignored.",
    example: "[default]\nexten => s,1,Answer()\nexten => s,1,Hangup()\n",
    instead: "[default]\nexten => s,1,Answer()\nexten => s,2,Hangup()\n",
    ..Lint::EMPTY
};
