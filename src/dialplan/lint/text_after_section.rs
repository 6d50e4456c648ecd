//! `text-after-section`: what it means. It is found where files are read or applications look at their arguments.

use super::Lint;

pub static LINT: Lint = Lint {
    name: "text-after-section",
    finds: "Text stands behind a section's name.",
    why: "It is ignored.",
    example: "[default] first\nexten => s,1,Answer()\n",
    instead: "[default] ; first\nexten => s,1,Answer()\n",
    ..Lint::EMPTY
};
