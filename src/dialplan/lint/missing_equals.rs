//! `missing-equals`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "missing-equals",
    finds: "A line has no `=`.",
    why: "It is ignored: a comment without its `;`, or half a line.",
    example: "[default]\nexten 100,1,Answer()\nexten => 100,1,Hangup()\n",
    instead: "[default]\nexten => 100,1,Hangup()\n",
    ..Lint::EMPTY
};
