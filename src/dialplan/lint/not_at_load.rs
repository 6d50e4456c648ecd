//! `not-at-load`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "not-at-load",
    finds: "A name that is replaced when the dialplan is loaded uses a function.",
    why: "At load only global variables have a value; a function is empty.",
    example: "[default]\nexten => ${CALLERID(num)},1,Hangup()\n",
    ..Lint::EMPTY
};
