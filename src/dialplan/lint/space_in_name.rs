//! `space-in-name`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "space-in-name",
    finds: "A space stands before the `=` of Set.",
    why: "The space is part of the name: `Set(A =1)` sets a variable that nobody reads.",
    example: "[default]\nexten => s,1,Set(A =1)\n",
    instead: "[default]\nexten => s,1,Set(A=1)\n",
    ..Lint::EMPTY
};
