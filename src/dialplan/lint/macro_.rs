//! `macro`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "macro",
    finds: "Macro is used.",
    why: "It is gone from Asterisk. It runs here as a Gosub; the hint has the line to write in its place.",
    example: "[default]\nexten => s,1,Macro(leave,main)\n same => n,Hangup()\n[macro-leave]\nexten => s,1,Memo(${ARG1})\n",
    instead: "[default]\nexten => s,1,Gosub(macro-leave,s,1(main))\n same => n,Hangup()\n[macro-leave]\nexten => s,1,Memo(${ARG1})\n same => n,Return()\n",
    ..Lint::EMPTY
};
