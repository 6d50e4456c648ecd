//! Variables that are read and never set.

use super::references::{references, What};
use super::survey::Survey;
use super::Lint;
use crate::diagnostic::{did_you_mean, Diagnostic};
use std::collections::HashSet;

pub static LINT: Lint = Lint {
    name: "variable-never-set",
    finds: "A variable is read that nothing in the dialplan sets.",
    why: "Its value is empty in every call; mostly its name is misspelt, or differs by a capital letter. Nothing is \
          said where an AGI program or a file that is missing could set it, or where names are put together in a call.",
    example: "[default]\nexten => s,1,Set(GREETING=hello)\n same => n,Playback(${GREETNG})\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,Set(GREETING=hello)\n same => n,Playback(${GREETING})\n same => n,Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if survey.variables.any {
        return;
    }
    // Each is told once: a name that is wrong is mostly wrong everywhere.
    let mut seen: HashSet<&str> = HashSet::new();
    for call in &survey.calls {
        for found in references(call.text) {
            let What::Variable(name) = found.what else { continue };
            let name = crate::dialplan::variables::unmark(name).0;
            if name.is_empty() || name.contains('$') || survey.variables.set.contains_key(name) || !seen.insert(name) {
                continue;
            }
            if survey.is_known(name) {
                continue;
            }
            if name.trim() != name {
                let message = format!("the spaces in \"{name}\" are part of the name, and nothing sets it");
                let finding = LINT.finding(message).hint(format!("write ${{{}}}", name.trim()));
                diagnostics.push(call.mark(found.whole(), finding));
                continue;
            }
            let finding = LINT.finding(format!("{name} is read here, and nothing sets it"));
            let known = survey.variables.set.keys().copied().chain(super::values::BUILT_IN.iter().copied());
            let known = known.filter(|other| *other != name);
            let finding = match did_you_mean(name, sorted(known)) {
                Some(meant) => finding.hint(format!("is {meant} meant?")),
                None => finding,
            };
            diagnostics.push(call.mark(found.inside.start..found.inside.start + name.len(), finding));
        }
    }
}

/// In an order that does not change from load to load.
fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}
