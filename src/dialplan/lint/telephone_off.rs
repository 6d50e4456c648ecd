//! `telephone-off`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "telephone-off",
    finds: "MemoMain is for a mailbox that takes no telephone codes.",
    why: "Its owner is told so, and cannot listen.",
    example: "[default]\nexten => s,1,MemoMain(main)\n",
    instead: "[default]\nexten => s,1,MemoMain(500)\n",
    ..Lint::EMPTY
};
