//! `missing-sound`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "missing-sound",
    finds: "A sound is played that is in none of the folders of sounds.",
    why: "The caller hears nothing in its place.",
    example: "[default]\nexten => s,1,Playback(helo)\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,Playback(hello)\n same => n,Hangup()\n",
    ..Lint::EMPTY
};
