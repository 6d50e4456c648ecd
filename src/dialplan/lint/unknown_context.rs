//! `unknown-context`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unknown-context",
    finds: "A context is included that does not exist.",
    why: "Nothing is found by it.",
    example: "[default]\ninclude => office\nexten => s,1,Hangup()\n",
    instead: "[default]\ninclude => office\nexten => s,1,Hangup()\n[office]\nexten => 1,1,Hangup()\n",
    ..Lint::EMPTY
};
