//! `unknown-directive`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unknown-directive",
    finds: "A line begins with `#` and a word that is not `include`, `tryinclude` or `exec`.",
    why: "It is ignored; a comment begins with `;`.",
    example: "[default]\n# the office\nexten => s,1,Hangup()\n",
    instead: "[default]\n; the office\nexten => s,1,Hangup()\n",
    ..Lint::EMPTY
};
