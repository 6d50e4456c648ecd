//! `matches-special-extensions`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "matches-special-extensions",
    finds: "A pattern is `_.` or `_!`.",
    why: "It matches the special extensions `i`, `t`, `h` and `s` as well, and takes what was meant for \
          them. `_X.` is for numbers.",
    example: "[default]\nexten => _.,1,Hangup()\n",
    instead: "[default]\nexten => _X.,1,Hangup()\n",
    ..Lint::EMPTY
};
