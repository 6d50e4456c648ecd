//! `old-application`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "old-application",
    finds: "An application is used that is gone from Asterisk, and has a function in its place.",
    why: "It runs here so that old dialplans do; the hint has what to write.",
    example: "[default]\nexten => s,1,DBget(name=names/one)\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,Set(name=${DB(names/one)})\n same => n,Hangup()\n",
    ..Lint::EMPTY
};
