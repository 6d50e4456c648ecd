//! `unavailable-function`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unavailable-function",
    finds: "A function of Asterisk's is used that is not here.",
    why: "It is empty.",
    example: "[default]\nexten => s,1,NoOp(${QUEUE_MEMBER_COUNT(sales)})\n",
    ..Lint::EMPTY
};
