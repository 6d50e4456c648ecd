//! `unclosed-arguments`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unclosed-arguments",
    finds: "The `)` of an application's arguments is missing.",
    why: "All to the end of the line is taken for the arguments.",
    example: "[default]\nexten => s,1,Playback(hello\n",
    instead: "[default]\nexten => s,1,Playback(hello)\n",
    ..Lint::EMPTY
};
