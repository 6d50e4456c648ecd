//! `unknown-option`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unknown-option",
    finds: "An option letter is not one of the application's.",
    why: "It is ignored.",
    example: "[default]\nexten => s,1,Memo(main,z)\n",
    instead: "[default]\nexten => s,1,Memo(main,q)\n",
    ..Lint::EMPTY
};
