//! A space behind the `=` of Set.

use super::survey::Survey;
use super::Lint;
use crate::diagnostic::Diagnostic;

pub static LINT: Lint = Lint {
    name: "space-in-value",
    finds: "A value that Set gives begins with a space.",
    why: "The space is part of the value: `Set(A= 1)` makes it \" 1\", which is not \"1\".",
    example: "[default]\nexten => s,1,Set(A= 1)\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,Set(A=1)\n same => n,Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for call in survey.calls.iter().filter(|call| call.name == "Set") {
        let Some(equals) = call.text.find('=') else { continue };
        let value = call.text.get(equals + 1..).unwrap_or_default();
        let spaces = value.len() - value.trim_start().len();
        // With a space before the sign as well, that one is told.
        if spaces > 0 && spaces < value.len() && !call.text[..equals].ends_with(' ') {
            let finding = LINT.finding("the space behind the = is part of the value");
            let place = equals + 1..equals + 1 + spaces;
            diagnostics.push(call.mark(place, finding.hint("write name=value without spaces")));
        }
    }
}
