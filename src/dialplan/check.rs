//! What is wrong with a dialplan that can be seen without a call: unknown applications and functions, places that do
//! not exist, sounds and mailboxes that are missing.

use super::ast::{App, Dialplan, Extension, Query, Step};
use super::say::is_language;
use super::substitute::{closing, Reference};
use super::text::Text;
use super::{absent, apps, functions, Options};
use crate::diagnostic::{Diagnostic, Severity};
use std::ops::{Bound, Range};
use std::time::SystemTime;

/// Looks at every step of a dialplan.
pub(super) fn check(plan: &Dialplan, options: &Options, diagnostics: &mut Vec<Diagnostic>) {
    for (name, context) in &plan.contexts {
        for include in &context.includes {
            let target = &include.context;
            if !plan.contexts.contains_key(&target.text) {
                let message = format!("there is no context [{}] to include", target.text);
                diagnostics.push(target.mark(Diagnostic::warning("unknown-context", message)));
            }
        }
        for extension in &context.extensions {
            for (priority, step) in &extension.steps {
                let place = Here {
                    context: name,
                    extension,
                    priority: *priority,
                };
                let mut check = Check {
                    plan,
                    options,
                    here: place,
                    text: &step.arguments,
                    diagnostics,
                };
                check.step(step);
            }
        }
    }
}

/// Where the step that is looked at stands.
#[derive(Clone, Copy)]
struct Here<'a> {
    context: &'a str,
    extension: &'a Extension,
    priority: u32,
}

/// One step, being looked at: what an application's `check` is given.
pub struct Check<'a> {
    plan: &'a Dialplan,
    options: &'a Options,
    here: Here<'a>,
    text: &'a Text,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Check<'a> {
    fn step(&mut self, step: &Step) {
        let name = step.name.text.as_str();
        match step.app {
            App::Known(app) => {
                if let Some(finding) = self.refused(app) {
                    self.diagnostics.push(step.name.mark(finding));
                }
                self.references(0..self.text.text.len());
                app.check(self);
            }
            App::Unknown => {
                let finding = absent::application(name, self.plan.allows(name));
                self.diagnostics.push(step.name.mark(finding));
            }
        }
    }

    /// The arguments as written, variables not replaced.
    pub fn arguments(&self) -> &'a str {
        &self.text.text
    }

    /// The arguments split at commas that nothing protects, each with its place. Nothing is removed from them.
    pub fn parts(&self) -> Vec<(Range<usize>, &'a str)> {
        let text = self.arguments();
        let start = text.as_ptr() as usize;
        super::arguments::split_raw(text)
            .into_iter()
            .map(|part| {
                let from = part.as_ptr() as usize - start;
                (from..from + part.len(), part)
            })
            .collect()
    }

    /// Reports, at a part of the arguments.
    pub fn report(&mut self, range: Range<usize>, diagnostic: Diagnostic) {
        self.diagnostics.push(self.text.mark_part(range, diagnostic));
    }

    /// Reports that something else is expected at a part of the arguments.
    pub fn expected(&mut self, range: Range<usize>, what: &str) {
        let finding = Diagnostic::warning("bad-argument", format!("expected {what}"));
        self.report(range, finding);
    }

    /// The argument at `index` is a number of seconds, where it is there.
    pub fn seconds(&mut self, index: usize) {
        if let Some((range, text)) = self.parts().into_iter().nth(index) {
            let text = text.trim();
            let number = text.parse::<f64>().is_ok() || apps::seconds(text).is_some();
            if !text.is_empty() && !text.contains('$') && !number {
                self.expected(range, "a number of seconds");
            }
        }
    }

    /// The argument at `index` is a whole number, of milliseconds where it is a time, where it is there.
    pub fn milliseconds(&mut self, index: usize) {
        if let Some((range, text)) = self.parts().into_iter().nth(index) {
            let text = text.trim();
            let number = text.parse::<i64>().is_ok() || apps::seconds(text).is_some();
            if !text.is_empty() && !text.contains('$') && !number {
                self.expected(range, "a whole number");
            }
        }
    }

    /// The argument at `index` is a list of sounds.
    pub fn sound_list(&mut self, index: usize) {
        if let Some((range, list)) = self.parts().into_iter().nth(index) {
            self.sounds(range, list);
        }
    }

    /// The argument at `index` is option letters, of which these are known.
    pub fn option_letters(&mut self, index: usize, known: &str) {
        if let Some((range, text)) = self.parts().into_iter().nth(index) {
            self.options(range, text, known);
        }
    }

    /// The left side of an assignment: a name, or a function that exists.
    pub fn assigned(&mut self, range: Range<usize>) {
        let name = &self.arguments()[range.clone()];
        if name.trim().is_empty() {
            self.expected(range, "the name of a variable before the =");
        } else if let (Some(open), true) = (name.find('('), name.trim_end().ends_with(')')) {
            if !name[..open].contains('$') {
                self.function_name(range.start..range.start + open, name[..open].trim_start());
            }
        } else if name != name.trim_end() && !name.contains('$') {
            let message = format!("the space before the = is part of the name \"{name}\"");
            let finding = Diagnostic::warning("space-in-name", message);
            self.report(range, finding.hint("write name=value without spaces"));
        }
    }

    /// A part of the arguments that is `Application(arguments)`: it must exist.
    pub fn call(&mut self, range: Range<usize>) {
        self.called(range, Severity::Error);
    }

    /// The same where the dialplan asks whether it exists: a warning at most.
    pub fn tried(&mut self, range: Range<usize>) {
        self.called(range, Severity::Warning);
    }

    fn called(&mut self, range: Range<usize>, most: Severity) {
        let text = &self.arguments()[range.clone()];
        let open = text.find('(').unwrap_or(text.len());
        let start = range.start + (text.len() - text.trim_start().len());
        let name = text[..open].trim();
        if name.contains('$') || name.is_empty() {
            return;
        }
        match apps::find(name) {
            None => {
                let mut finding = absent::application(name, self.plan.allows(name));
                finding.severity = finding.severity.min(most);
                self.report(start..start + name.len(), finding);
            }
            Some(app) => {
                if let Some(finding) = self.refused(app) {
                    self.report(start..start + name.len(), finding);
                }
                let close = text
                    .rfind(')')
                    .filter(|close| *close > open)
                    .unwrap_or(text.len());
                let inner = self
                    .text
                    .part((range.start + open + 1).min(range.start + close)..range.start + close);
                let (plan, options, here) = (self.plan, self.options, self.here);
                app.check(&mut Check {
                    plan,
                    options,
                    here,
                    text: &inner,
                    diagnostics: self.diagnostics,
                });
            }
        }
    }

    /// The finding for an application that the configuration would have to allow, and does not.
    fn refused(&self, app: &dyn apps::Application) -> Option<Diagnostic> {
        let permission = app.permission()?;
        (!self.plan.allows(permission)).then(|| absent::refused("application", app.manual().name))
    }

    /// Whether the configuration allows by name what is refused otherwise.
    pub fn allows(&self, name: &str) -> bool {
        self.plan.allows(name)
    }

    /// A list of sounds joined with `&`: each must exist, as far as that is known.
    pub fn sounds(&mut self, range: Range<usize>, list: &str) {
        let options = self.options;
        let Some(known) = &options.sounds else { return };
        let mut from = range.start;
        for name in list.split('&') {
            let place = from..from + name.len();
            from += name.len() + 1;
            if !name.is_empty()
                && !name.contains('$')
                && !known.iter().any(|sound| is_sound(sound, name.trim()))
            {
                let message = format!("there is no sound called {}", name.trim());
                self.report(place, Diagnostic::warning("missing-sound", message));
            }
        }
    }

    /// Whether a mailbox exists, as far as that is known.
    pub fn has_mailbox(&self, name: &str) -> bool {
        let known = self.options.mailboxes.as_ref();
        known.is_none_or(|known| known.iter().any(|mailbox| mailbox == name))
    }

    /// Whether a mailbox takes telephone codes, as far as that is known.
    pub fn takes_codes(&self, name: &str) -> bool {
        let known = self.options.telephone.as_ref();
        known.is_none_or(|known| known.iter().any(|mailbox| mailbox == name))
    }

    /// A mailbox must exist, as far as that is known.
    pub fn mailbox(&mut self, range: Range<usize>, name: &str) {
        let options = self.options;
        let Some(known) = &options.mailboxes else { return };
        if !name.contains('$') && !known.iter().any(|mailbox| mailbox == name) {
            let message = format!("there is no mailbox called {name}");
            let hint = format!("add [[mailbox]] name = \"{name}\" to the configuration");
            self.report(range, Diagnostic::error("unknown-mailbox", message).hint(hint));
        }
    }

    /// Option letters must be known.
    pub fn options(&mut self, range: Range<usize>, text: &str, known: &str) {
        if text.contains('$') {
            return;
        }
        for letter in super::arguments::Options::parse(text).letters() {
            if !known.contains(letter) {
                let message = format!("{letter} is not an option here and is ignored");
                let hint = format!("options are: {known}");
                self.report(
                    range.clone(),
                    Diagnostic::warning("unknown-option", message).hint(hint),
                );
            }
        }
    }

    /// `[[context,]extension,]priority` must exist, where nothing in it is only known in a call.
    pub fn target(&mut self, range: Range<usize>, text: &str) {
        if text.contains('$') {
            return;
        }
        let mut parts = text.split(',').map(str::trim).rev();
        let priority = parts.next().unwrap_or("");
        let named = parts.next().filter(|e| !e.is_empty());
        let context = parts
            .next()
            .filter(|c| !c.is_empty())
            .unwrap_or(self.here.context);
        if !self.plan.contexts.contains_key(context) {
            let message = format!("there is no context [{context}]");
            self.report(range, Diagnostic::warning("goto-nowhere", message));
            return;
        }
        let found = match named {
            // The extension's own steps: whatever number it was that matched.
            None if context == self.here.context => match number(priority, self.here.priority) {
                Some(number) => self.here.extension.steps.contains_key(&number) || self.is_pattern(),
                None => {
                    self.here
                        .extension
                        .labels
                        .iter()
                        .any(|(label, _)| label == priority)
                        || self.is_pattern()
                }
            },
            None => true,
            Some(extension) => {
                let query = Query {
                    extension,
                    caller: "",
                    now: SystemTime::UNIX_EPOCH,
                    variables: None,
                };
                let found = match number(priority, self.here.priority) {
                    Some(number) => self.plan.step(context, query, number).is_some(),
                    None => self.plan.label(context, query, priority).is_some(),
                };
                // Who calls, and when, decides what else is there.
                found || self.is_conditional(context)
            }
        };
        if !found {
            let message = format!("there is no {}", text.trim());
            let hint = "the priority or label must exist in that extension";
            self.report(range, Diagnostic::warning("goto-nowhere", message).hint(hint));
        }
    }

    /// The steps of this extension below the one that is looked at.
    pub(super) fn below(&self) -> impl Iterator<Item = &'a Step> {
        let steps = &self.here.extension.steps;
        let from = (Bound::Excluded(self.here.priority), Bound::Unbounded);
        steps.range::<u32, _>(from).map(|(_, step)| step)
    }

    /// The step of this extension above the one that is looked at.
    pub(super) fn above(&self) -> Option<&'a Step> {
        self.here.extension.steps.get(&self.here.priority.checked_sub(1)?)
    }

    /// Another extension of the context may have the priority that a pattern, or a name with a caller ID, lacks.
    pub(super) fn is_pattern(&self) -> bool {
        let context = &self.plan.contexts[self.here.context];
        let others = context
            .extensions
            .iter()
            .filter(|e| !std::ptr::eq(*e, self.here.extension));
        others
            .into_iter()
            .any(|e| e.text.text.starts_with('_') || self.here.extension.text.text.starts_with('_'))
            || !context.includes.is_empty()
            || self.here.extension.caller.is_some()
    }

    fn is_conditional(&self, context: &str) -> bool {
        let mut seen = vec![context];
        let mut at = 0;
        while let Some(name) = seen.get(at).copied() {
            at += 1;
            let Some(context) = self.plan.contexts.get(name) else {
                continue;
            };
            if context.includes.iter().any(|i| i.when.is_some())
                || context.extensions.iter().any(|e| e.caller.is_some())
                || !context.switches.is_empty()
            {
                return true;
            }
            for include in &context.includes {
                if !seen.contains(&include.context.text.as_str()) {
                    seen.push(&include.context.text);
                }
            }
        }
        false
    }

    /// Finds unclosed `${` and `$[`, and functions that do not exist, in a part of the arguments.
    fn references(&mut self, range: Range<usize>) {
        let text = self.arguments();
        let mut at = range.start;
        while let Some(dollar) = text[at..range.end].find('$').map(|i| at + i) {
            let (open, close) = match text.as_bytes().get(dollar + 1) {
                Some(b'{') => (b'{', b'}'),
                Some(b'[') => (b'[', b']'),
                _ => {
                    at = dollar + 1;
                    continue;
                }
            };
            let Some(length) = closing(&text.as_bytes()[dollar + 1..range.end], open, close) else {
                let message = format!("'{}' is missing", char::from(close));
                let hint = format!("what ${} opens must be closed", char::from(open));
                let finding = Diagnostic::error("unclosed-reference", message).hint(hint);
                self.report(dollar..dollar + 2, finding);
                return;
            };
            let inside = dollar + 2..dollar + 1 + length;
            if open == b'{' {
                self.function(inside.clone());
            }
            // What is nested is looked at next.
            at = inside.start;
        }
    }

    fn function(&mut self, range: Range<usize>) {
        let text = &self.arguments()[range.clone()];
        let reference = Reference::parse(text);
        if reference.arguments.is_none() || reference.name.contains('$') {
            return;
        }
        let place = range.start..range.start + reference.name.len();
        self.function_name(place, reference.name);
    }

    /// A function must exist.
    pub fn function_name(&mut self, range: Range<usize>, name: &str) {
        let Some(function) = functions::find(name) else {
            let finding = absent::function(name);
            self.report(range, finding);
            return;
        };
        if let Some(permission) = function.permission().filter(|name| !self.plan.allows(name)) {
            self.report(range, absent::refused_function(name, permission));
        }
    }
}

/// Whether a sound is the one that is named, in some language.
fn is_sound(sound: &str, name: &str) -> bool {
    let language = sound.strip_suffix(name).and_then(|rest| rest.strip_suffix('/'));
    sound == name || language.is_some_and(is_language)
}

fn number(priority: &str, here: u32) -> Option<u32> {
    if let Some(forward) = priority.strip_prefix('+') {
        return here.checked_add(forward.parse().ok()?);
    }
    if let Some(back) = priority.strip_prefix('-') {
        return here.checked_sub(back.parse().ok()?);
    }
    priority.parse().ok()
}
