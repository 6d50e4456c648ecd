//! `duplicate-label`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "duplicate-label",
    finds: "Two steps of an extension have the same label.",
    why: "The second label is ignored: a Goto always goes to the first.",
    example: "[default]\nexten => s,1(again),Answer()\n same => n(again),Hangup()\n",
    instead: "[default]\nexten => s,1(again),Answer()\n same => n(end),Hangup()\n",
    ..Lint::EMPTY
};
