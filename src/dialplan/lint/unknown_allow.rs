//! `unknown-allow`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unknown-allow",
    finds: "A comment allows something that is no lint, or cannot be allowed.",
    why: "It has no effect: the name is misspelt, or the lint is gone.",
    example: "[default]\nexten => s,1,Playback(helo) ; allow(mising-sound)\n",
    instead: "[default]\nexten => s,1,Playback(helo) ; allow(missing-sound)\n",
    ..Lint::EMPTY
};
