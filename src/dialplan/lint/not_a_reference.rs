//! Variables written as other languages write them.

use super::references::references;
use super::survey::Survey;
use super::Lint;
use crate::diagnostic::Diagnostic;

pub static LINT: Lint = Lint {
    name: "not-a-reference",
    finds: "A variable's name stands behind a `$`, in `$( )`, or in `{ }`, but not in `${ }`.",
    why: "Only `${NAME}` is replaced by a value; anything else is text as it stands.",
    example: "[default]\nexten => s,1,Set(SOUND=hello)\n same => n,Playback($SOUND)\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,Set(SOUND=hello)\n same => n,Playback(${SOUND})\n same => n,Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let is_variable = |name: &str| {
        survey.variables.set.contains_key(name) || super::values::BUILT_IN.contains(&name) && name.len() > 3
    };
    for call in survey.calls.iter().filter(|call| call.text.contains(['$', '{'])) {
        // The shell has variables of its own, and WaitForCondition other signs for ours.
        if call.is(&["WaitForCondition", "System", "TrySystem", "ExecIf", "Exec", "TryExec", "ExecIfTime"]) {
            continue;
        }
        let found = references(call.text);
        for (at, sign) in call.text.match_indices(['$', '{']) {
            let rest = call.text.get(at + 1..).unwrap_or_default();
            let (name, end) = match (sign, rest.strip_prefix('(')) {
                ("$", Some(inside)) => (word(inside), 2),
                ("$", None) => (word(rest), 1),
                // `${A}{B}` puts a name together, to be evaluated later.
                _ if call.text[..at].ends_with(['$', '}']) => continue,
                _ => (word(rest), 1),
            };
            let closed = call.text.get(at + end + name.len()..).unwrap_or_default();
            let whole = match (sign, end) {
                ("{", _) => closed.starts_with('}'),
                (_, 2) => closed.starts_with(')'),
                _ => true,
            };
            let within_command = found.iter().any(|found| found.whole().contains(&at) && call.text[found.inside.clone()].starts_with("SHELL("));
            if whole && !name.is_empty() && is_variable(name) && !within_command {
                let until = at + end + name.len() + usize::from(end == 2 || sign == "{");
                let text = call.text.get(at..until).unwrap_or_default();
                let finding = LINT.finding(format!("{text} is not replaced by a value"));
                diagnostics.push(call.mark(at..until, finding.hint(format!("write ${{{name}}}"))));
            }
        }
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}
