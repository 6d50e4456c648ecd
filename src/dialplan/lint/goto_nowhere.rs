//! `goto-nowhere`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "goto-nowhere",
    finds: "A Goto, Gosub or one of their kind names a context, an extension, a priority or a label that does \
          not exist.",
    why: "A call that comes there goes to `i`, or ends.",
    example: "[default]\nexten => s,1,Goto(menu,s,1)\n",
    instead: "[default]\nexten => s,1,Goto(menu,s,1)\n[menu]\nexten => s,1,Hangup()\n",
    ..Lint::EMPTY
};
