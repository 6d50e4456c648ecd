//! `plain-recording`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "plain-recording",
    finds: "Record writes a plain file, which the configuration allows.",
    why: "Whoever can read the file hears the caller. Memo seals what was said.",
    example: "[default]\nexten => s,1,Record(calls/last.wav)\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,Memo(main)\n same => n,Hangup()\n",
    ..Lint::EMPTY
};
