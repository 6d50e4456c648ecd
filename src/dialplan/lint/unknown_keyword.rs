//! `unknown-keyword`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unknown-keyword",
    finds: "A line of a context begins with another word than `exten`, `same`, `include`, `switch`, `eswitch`, \
          `lswitch` or `ignorepat`.",
    why: "It is ignored.",
    example: "[default]\nextn => s,1,Answer()\n",
    instead: "[default]\nexten => s,1,Answer()\n",
    ..Lint::EMPTY
};
