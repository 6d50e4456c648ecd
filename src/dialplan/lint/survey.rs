//! A dialplan as lints look at it: every application that it runs, those within others included, in file order.

use super::references::{references, What};
use crate::diagnostic::Diagnostic;
use crate::dialplan::apps;
use crate::dialplan::arguments::split_raw;
use crate::dialplan::ast::{App, Dialplan, Extension, Step};
use crate::dialplan::Options;
use std::collections::HashMap;
use std::ops::Range;

/// The dialplan, and what was found out about it.
pub(super) struct Survey<'a> {
    pub plan: &'a Dialplan,
    pub options: &'a Options,
    pub calls: Vec<Call<'a>>,
    pub variables: Variables<'a>,
}

/// One application with its arguments.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub context: &'a str,
    pub extension: &'a Extension,
    pub step: &'a Step,
    /// As the manual writes it, else as the author did.
    pub name: &'a str,
    /// Its arguments, and where they begin in those of the step.
    pub text: &'a str,
    at: usize,
}

impl<'a> Call<'a> {
    /// A finding at a part of the arguments.
    pub fn mark(&self, range: Range<usize>, finding: Diagnostic) -> Diagnostic {
        let range = self.at + range.start..self.at + range.end;
        self.step.arguments.mark_part(range, finding)
    }

    pub fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| name.eq_ignore_ascii_case(self.name))
    }

    /// The arguments split at commas that nothing protects, each with its place.
    pub fn parts(&self) -> Vec<(Range<usize>, &'a str)> {
        let start = self.text.as_ptr() as usize;
        let parts = split_raw(self.text).into_iter();
        parts
            .map(|part| {
                let from = part.as_ptr() as usize - start;
                (from..from + part.len(), part)
            })
            .collect()
    }

    /// Where the call may go: the places that a Goto or one of its kind names, without the arguments of a Gosub.
    pub fn targets(&self) -> Vec<Range<usize>> {
        let branches = |protected: bool| {
            let ranges = apps::branches_of(self.text, protected);
            ranges.map_or(Vec::new(), |(yes, no)| vec![yes, no])
        };
        let ranges = match self.name {
            "Goto" => one(0..self.text.len()),
            "GotoIf" | "GotoIfTime" => branches(false),
            "Gosub" => one(0..self.text.len()),
            "GosubIf" => branches(true),
            _ => Vec::new(),
        };
        let without_arguments = |range: Range<usize>| {
            let text = self.text.get(range.clone()).unwrap_or_default();
            let end = match self.name {
                "Gosub" | "GosubIf" => outside_references(text, '(').unwrap_or(text.len()),
                _ => text.len(),
            };
            range.start..range.start + end
        };
        ranges
            .into_iter()
            .map(without_arguments)
            .filter(|range| {
                self.text
                    .get(range.clone())
                    .is_some_and(|text| !text.trim().is_empty())
            })
            .collect()
    }
}

fn one(range: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(range).collect()
}

/// The first place of a character outside `${ }` and `$[ ]`.
pub(super) fn outside_references(text: &str, wanted: char) -> Option<usize> {
    let inside: Vec<Range<usize>> = references(text)
        .into_iter()
        .filter(|found| found.outermost)
        .map(|found| found.whole())
        .collect();
    text.match_indices(wanted)
        .map(|(at, _)| at)
        .find(|at| !inside.iter().any(|range| range.contains(at)))
}

/// Where a variable's value comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// A text of the dialplan, in that call (an index), or in `[globals]`.
    Text(&'a str, Option<usize>),
    /// What the caller entered.
    Entered,
    /// Something else.
    Other,
}

/// The variables that the dialplan sets.
#[derive(Default)]
pub(super) struct Variables<'a> {
    pub set: HashMap<&'a str, Vec<Origin<'a>>>,
    /// Names that are put together in a call begin so.
    pub prefixes: Vec<&'a str>,
    /// Anything may be set: by names that are only known in a call, or by what is not in the dialplan.
    pub any: bool,
}

/// Applications that set whatever they like.
const OUTSIDE: &[&str] = &["AGI", "DeadAGI", "EAGI", "ExternalIVR", "Stasis", "AsyncAGI"];

/// Applications that begin with the name of the variable that they set.
const NAMES: &[&str] = &["DBget", "ImportVar", "ReadFile", "MYSQL"];

/// Applications whose first argument names a variable for what the caller enters.
const READS: &[&str] = &["Read", "ReadExten", "ReceiveText"];

impl<'a> Survey<'a> {
    pub fn new(plan: &'a Dialplan, options: &'a Options) -> Self {
        let mut survey = Survey {
            plan,
            options,
            calls: Vec::new(),
            variables: Variables::default(),
        };
        let contexts = plan
            .order
            .iter()
            .filter_map(|name| plan.contexts.get_key_value(name));
        for (context, content) in contexts {
            for extension in &content.extensions {
                for step in extension.steps.values() {
                    survey.calls_of(Call {
                        context,
                        extension,
                        step,
                        name: match step.app {
                            App::Known(app) => app.manual().name,
                            App::Unknown => &step.name.text,
                        },
                        text: &step.arguments.text,
                        at: 0,
                    });
                }
            }
        }
        survey.variables();
        survey
    }

    /// Adds a call, and those that stand in its arguments.
    fn calls_of(&mut self, call: Call<'a>) {
        // Exec(Exec(Exec(…))): who writes deeper than this gets no further advice.
        const DEEPEST: usize = 8;
        let mut waiting = vec![(call, 0)];
        while let Some((call, depth)) = waiting.pop() {
            self.calls.push(call);
            let inner = match call.name {
                _ if depth == DEEPEST => Vec::new(),
                "ExecIf" => apps::branches_of(call.text, true).map_or(Vec::new(), |(yes, no)| vec![no, yes]),
                "Exec" | "TryExec" => one(0..call.text.len()),
                "ExecIfTime" => match outside_references(call.text, '?') {
                    Some(question) => one(question + 1..call.text.len()),
                    None => Vec::new(),
                },
                _ => Vec::new(),
            };
            for range in inner {
                let text = call.text.get(range.clone()).unwrap_or_default();
                let open = text.find('(').unwrap_or(text.len());
                let name = text[..open].trim();
                if name.is_empty() || name.contains('$') {
                    continue;
                }
                let close = text
                    .rfind(')')
                    .filter(|close| *close > open)
                    .unwrap_or(text.len());
                let start = (open + 1).min(close);
                waiting.push((
                    Call {
                        name: apps::find(name).map_or(name, |app| app.manual().name),
                        text: &text[start..close],
                        at: call.at + range.start + start,
                        ..call
                    },
                    depth + 1,
                ));
            }
        }
    }

    fn variables(&mut self) {
        let mut variables = Variables {
            any: self.plan.incomplete,
            ..Variables::default()
        };
        for (name, value) in &self.plan.globals {
            variables.add(name, Origin::Text(value, None));
        }
        for (index, call) in self.calls.iter().enumerate() {
            if call.is(OUTSIDE) {
                variables.any = true;
            } else if call.is(NAMES) {
                let name = call.text.split(['=', ',']).next().unwrap_or_default();
                variables.assigned(name, Origin::Other);
            } else if call.is(&["Set", "SetVar", "SetGlobalVar"]) {
                if let Some((name, value)) = call.text.split_once('=') {
                    variables.assigned(name, Origin::Text(value, Some(index)));
                }
            } else if call.name == "MSet" {
                for part in split_raw(call.text) {
                    if let Some((name, value)) = part.split_once('=') {
                        variables.assigned(name, Origin::Text(value, Some(index)));
                    }
                }
            } else if call.is(READS) {
                let name = call.text.split(',').next().unwrap_or_default();
                variables.assigned(name, Origin::Entered);
            }
            // ${SET(name=value)} and the like set while they are read.
            for found in references(call.text) {
                if let What::Function("SET" | "INC" | "DEC" | "ARRAY" | "HASH", arguments) = found.what {
                    let inside = call.text.get(arguments).unwrap_or_default();
                    variables.assigned(inside.split('=').next().unwrap_or_default(), Origin::Other);
                }
            }
        }
        self.variables = variables;
    }
}

impl<'a> Variables<'a> {
    fn add(&mut self, name: &'a str, origin: Origin<'a>) {
        let name = crate::dialplan::variables::unmark(name.trim()).0;
        match name.split_once('$') {
            None if name.is_empty() => {}
            None => self.set.entry(name).or_default().push(origin),
            Some(("", _)) => self.any = true,
            Some((prefix, _)) => self.prefixes.push(prefix),
        }
    }

    /// The left side of an assignment: a variable, or a function that sets some.
    fn assigned(&mut self, name: &'a str, origin: Origin<'a>) {
        let name = name.trim();
        let Some((function, rest)) = name.split_once('(') else {
            self.add(name, origin);
            return;
        };
        let inside = rest.rfind(')').map_or(rest, |end| &rest[..end]);
        match function {
            "GLOBAL" | "LOCAL" | "SHARED" => self.add(inside.split(',').next().unwrap_or_default(), origin),
            "ARRAY" => {
                for name in inside.split(',') {
                    self.add(name, Origin::Other);
                }
            }
            "PUSH" | "UNSHIFT" | "HASH" | "SHIFT" | "POP" => {
                self.add(inside.split(',').next().unwrap_or_default(), Origin::Other);
            }
            _ => {}
        }
    }
}
