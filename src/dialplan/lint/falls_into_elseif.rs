//! `falls-into-elseif`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "falls-into-elseif",
    finds: "The branch above an ElseIf runs down into it.",
    why: "Its condition is asked as if none above had held, as in Asterisk.",
    example: "[default]\nexten => s,1,If($[${EPOCH} > 5])\n same => n,NoOp()\n same => n,ElseIf($[${EPOCH} > 4])\n same => n,NoOp()\n same => n,EndIf()\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,If($[${EPOCH} > 5])\n same => n,NoOp()\n same => n,ExitIf()\n same => n,ElseIf($[${EPOCH} > 4])\n same => n,NoOp()\n same => n,EndIf()\n same => n,Hangup()\n",
    ..Lint::EMPTY
};
