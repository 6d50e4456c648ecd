//! `unavailable-switch`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unavailable-switch",
    finds: "A `switch` asks another machine, or another kind of dialplan.",
    why: "Nothing is found by it. `Loopback` is the one kind that is here.",
    example: "[default]\nswitch => IAX2/other\nexten => s,1,Hangup()\n",
    instead: "[default]\nswitch => Loopback/@other\nexten => s,1,Hangup()\n[other]\nexten => 1,1,Hangup()\n",
    ..Lint::EMPTY
};
