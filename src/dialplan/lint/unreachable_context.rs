//! Contexts that no call enters.

use super::survey::Survey;
use super::Lint;
use crate::diagnostic::Diagnostic;
use std::collections::{HashMap, HashSet};

pub static LINT: Lint = Lint {
    name: "unreachable-context",
    finds: "A context that no trunk enters, none includes, and nothing goes to.",
    why: "Nothing in it ever runs. It is told only where the configuration says which contexts calls enter, and where \
          no context is gone to whose name is only known in a call.",
    example: "[default]\nexten => s,1,Goto(menu,s,1)\n[menu]\nexten => s,1,Hangup()\n[mneu]\nexten => 1,1,Hangup()\n",
    instead: "[default]\nexten => s,1,Goto(menu,s,1)\n[menu]\nexten => s,1,Hangup()\nexten => 1,1,Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let plan = survey.plan;
    let Some(entries) = &survey.options.entries else { return };
    let mut calls: HashMap<&str, Vec<&str>> = HashMap::new();
    for call in &survey.calls {
        let unknown = call.targets().into_iter().any(|range| {
            let target = call.text.get(range).unwrap_or_default();
            target.trim_start().starts_with('$') && target.split(',').count() != 2
        });
        if unknown || survey.plan.incomplete {
            return;
        }
        calls.entry(call.context).or_default().push(call.text);
    }
    let mut reached: HashSet<&str> = HashSet::new();
    let mut waiting: Vec<&str> = entries.iter().map(String::as_str).collect();
    while let Some(name) = waiting.pop() {
        let Some((name, context)) = plan.contexts.get_key_value(name) else { continue };
        if !reached.insert(name) {
            continue;
        }
        waiting.extend(context.includes.iter().map(|include| include.context.text.as_str()));
        let switches = context.switches.iter().map(|switch| switch.text.text.as_str());
        let texts = calls.get(name.as_str()).into_iter().flatten().copied();
        // Any word that is a context's name counts, in whatever argument: it is better to be silent.
        for word in switches.chain(texts).flat_map(words) {
            match plan.contexts.contains_key(word) {
                true => waiting.push(word),
                false if word.ends_with(['-', '_']) => {
                    waiting.extend(plan.order.iter().filter(|name| name.starts_with(word)).map(String::as_str));
                }
                false => {
                    // Macro(name) runs the context macro-name.
                    waiting.extend(plan.contexts.get_key_value(&format!("macro-{word}")).map(|(name, _)| name.as_str()));
                }
            }
        }
    }
    if !entries.iter().any(|entry| plan.contexts.contains_key(entry)) {
        return;
    }
    for name in plan.order.iter().filter(|name| !reached.contains(name.as_str())) {
        let first = plan.contexts.get(name).and_then(|context| context.name.as_ref());
        if let Some(text) = first {
            let finding = LINT.finding(format!("no call comes to the context [{name}]"));
            diagnostics.push(text.mark(finding.hint("include it, go to it, or take it out")));
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !"-_.+".contains(c))
        .filter(|word| !word.is_empty())
}
