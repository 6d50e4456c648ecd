//! `unavailable-application`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unavailable-application",
    finds: "An application of Asterisk's is used that is not here.",
    why: "A call goes on without it; the message says with which variables.",
    example: "[default]\nexten => s,1,Queue(sales)\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,Memo(main)\n same => n,Hangup()\n",
    ..Lint::EMPTY
};
