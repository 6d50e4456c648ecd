//! A context as the search sees it: its extensions in the order in which they are tried, then its includes.

use super::ast::{Context, Dialplan, Extension};
use serde_json::{json, Value};
use std::fmt;

/// One context of a dialplan, to be printed.
pub struct Shown<'d> {
    name: &'d str,
    context: &'d Context,
}

/// The context of that name.
pub fn show<'d>(plan: &'d Dialplan, name: &str) -> Option<Shown<'d>> {
    let (name, context) = plan.contexts.get_key_value(name)?;
    Some(Shown { name, context })
}

fn labels(extension: &Extension, priority: u32) -> impl Iterator<Item = &str> {
    let at = extension.labels.iter().filter(move |(_, at)| *at == priority);
    at.map(|(label, _)| label.as_str())
}

impl Shown<'_> {
    /// As one JSON object.
    pub fn to_json(&self) -> Value {
        let extensions = self.context.extensions.iter().map(|extension| {
            let steps = extension.steps.iter().map(|(priority, step)| {
                json!({
                    "priority": priority,
                    "labels": labels(extension, *priority).collect::<Vec<_>>(),
                    "application": step.name.text,
                    "arguments": step.arguments.text,
                })
            });
            json!({
                "extension": extension.text.text,
                "hint": extension.hint.as_ref().map(|hint| &hint.text),
                "steps": steps.collect::<Vec<_>>(),
            })
        });
        let includes = self.context.includes.iter().map(|include| {
            let when = Some(&include.range).filter(|range| !range.is_empty());
            json!({"context": include.context.text, "when": when})
        });
        json!({
            "context": self.name,
            "extensions": extensions.collect::<Vec<_>>(),
            "includes": includes.collect::<Vec<_>>(),
            "switches": self.context.switches.iter().map(|switch| &switch.text.text).collect::<Vec<_>>(),
        })
    }
}

/// As it could stand in a file, but for the numbers; control characters of the file are escaped.
impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[{}]", self.name.escape_debug())?;
        for extension in &self.context.extensions {
            let mut name = extension.text.text.escape_debug().to_string();
            if let Some(hint) = &extension.hint {
                writeln!(f, "{name:<20} hint: {}", hint.text.escape_debug())?;
                name.clear();
            }
            for (priority, step) in &extension.steps {
                let label = labels(extension, *priority).collect::<Vec<_>>().join(", ");
                let label = match label.is_empty() {
                    true => label,
                    false => format!("({}) ", label.escape_debug()),
                };
                let (application, arguments) =
                    (step.name.text.escape_debug(), step.arguments.text.escape_debug());
                writeln!(f, "{name:<20} {priority:>3}. {label}{application}({arguments})")?;
                name.clear();
            }
        }
        for switch in &self.context.switches {
            writeln!(f, "switch => {}", switch.text.text.escape_debug())?;
        }
        for include in &self.context.includes {
            let when = match include.range.is_empty() {
                true => String::new(),
                false => format!(" at {}", include.range.escape_debug()),
            };
            writeln!(f, "include => {}{when}", include.context.text.escape_debug())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::{load, reader::Memory, Options};
    use std::path::Path;

    #[test]
    fn a_context_is_shown_in_the_order_of_the_search() {
        let text = "\
[a]
exten => _X.,1,NoOp(any)
exten => 100,hint,SIP/100
exten => 100,1(start),Answer()
 same => n,Goto(start)
exten => _1X,1,NoOp()
include => b,09:00-17:00,mon-fri,*,*
include => c
[b]
[c]
";
        let files = Memory::new([("a.conf", text)]);
        let plan = load(Path::new("a.conf"), &files, &Options::default()).0;
        let plan = plan.expect("it has no errors");
        assert_eq!(
            show(&plan, "a").expect("it is there").to_string(),
            "\
[a]
100                  hint: SIP/100
                       1. (start) Answer()
                       2. Goto(start)
_1X                    1. NoOp()
_X.                    1. NoOp(any)
include => b at 09:00-17:00,mon-fri,*,*
include => c
"
        );
        let json = show(&plan, "a").expect("it is there").to_json();
        assert_eq!(json["extensions"][0]["steps"][1]["application"], "Goto");
        assert_eq!(json["includes"][0]["when"], "09:00-17:00,mon-fri,*,*");
        assert!(show(&plan, "d").is_none());
    }
}
