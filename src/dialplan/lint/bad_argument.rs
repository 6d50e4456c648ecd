//! `bad-argument`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "bad-argument",
    finds: "An argument is not of the kind that the application expects: no number, no `?`, no place behind \
          it.",
    why: "The application fails or does nothing when a call comes to it: a GotoIf without a branch goes \
          nowhere.",
    example: "[default]\nexten => s,1,GotoIf($[${EPOCH} > 5]?)\n same => n,Wait(soon)\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,GotoIf($[${EPOCH} > 5]?end)\n same => n,Wait(2)\n same => n(end),Hangup()\n",
    ..Lint::EMPTY
};
