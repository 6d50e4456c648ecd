//! `no-effect`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "no-effect",
    finds: "An argument is accepted that has no effect here.",
    why: "What it asks for does not happen; the message says what does.",
    example: "[default]\nexten => s,1,MessageSend(sip:5550100@example.org,,sip:x@example.org)\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,MessageSend(sip:5550100@example.org)\n same => n,Hangup()\n",
    ..Lint::EMPTY
};
