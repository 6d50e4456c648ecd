//! `unclosed-block`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unclosed-block",
    finds: "An If or While has no end, or an end has no beginning.",
    why: "The application does not find where to go on.",
    example: "[default]\nexten => s,1,While($[${EPOCH} > 5])\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,While($[${EPOCH} > 5])\n same => n,Wait(1)\n same => n,EndWhile()\n same => n,Hangup()\n",
    ..Lint::EMPTY
};
