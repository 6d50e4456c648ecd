//! Contexts that include one another in a circle.

use super::survey::Survey;
use super::Lint;
use crate::diagnostic::Diagnostic;
use std::collections::HashMap;

pub static LINT: Lint = Lint {
    name: "include-loop",
    finds: "A context includes itself, by way of others or at once.",
    why: "Nothing is found the second time: one of the includes is superfluous, and a reader looks for the reason.",
    example: "[default]\ninclude => night\n[night]\nexten => s,1,Hangup()\ninclude => default\n",
    instead: "[default]\ninclude => night\n[night]\nexten => s,1,Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

/// How far a context is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is on the way from where the search began.
    Open,
    Done,
}

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut states: HashMap<&str, State> = HashMap::new();
    for first in &survey.plan.order {
        // The way down, with the next include of each; without recursion, since includes may be very long.
        let mut way: Vec<(&str, usize)> = Vec::new();
        if !states.contains_key(first.as_str()) {
            states.insert(first, State::Open);
            way.push((first, 0));
        }
        while let Some((name, next)) = way.last_mut() {
            let context = survey.plan.contexts.get(*name);
            let Some(include) = context.and_then(|context| context.includes.get(*next)) else {
                states.insert(name, State::Done);
                way.pop();
                continue;
            };
            *next += 1;
            let target = include.context.text.as_str();
            match states.get(target) {
                Some(State::Done) => {}
                Some(State::Open) => {
                    let circle = way.iter().map(|(name, _)| *name).skip_while(|name| *name != target);
                    let circle: Vec<&str> = circle.chain([target]).collect();
                    let finding = LINT.finding(format!("contexts include one another: {}", circle.join(" → ")));
                    diagnostics.push(include.context.mark(finding.hint("take this include out")));
                }
                None => {
                    states.insert(target, State::Open);
                    way.push((target, 0));
                }
            }
        }
    }
}
