//! `unclosed-comment`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "unclosed-comment",
    finds: "A block comment, `;--`, is not closed by `--;`.",
    why: "The rest of the file is a comment.",
    example: "[default]\nexten => s,1,Hangup()\n;-- the rest\n",
    instead: "[default]\nexten => s,1,Hangup()\n;-- the rest --;\n",
    ..Lint::EMPTY
};
