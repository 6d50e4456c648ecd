//! The loader: sections and settings become contexts, extensions and priorities.

use super::apps;
use super::ast::{App, Context, Dialplan, Extension, Include, Name, Step};
use super::lex::{Entry, Section};
use super::lint;
use super::substitute::{self, Found, Values};
use super::switch::{self, Kind, Switch};
use super::text::Text;
use super::time_range::TimeRange;
use super::{Element, Options};
use crate::diagnostic::Diagnostic;
use crate::limits;
use std::borrow::Cow;
use std::collections::HashMap;

/// Makes a dialplan of what the file layer read.
pub(super) fn parse(sections: &[Section], options: &Options) -> (Dialplan, Vec<Diagnostic>) {
    let mut loader = Loader {
        plan: Dialplan {
            allowed: options.allow.clone(),
            steps: options.steps,
            zone: super::ast::Zone(options.zone.clone()),
            languages: options.languages.clone(),
            ..Dialplan::default()
        },
        index: HashMap::new(),
        diagnostics: Vec::new(),
    };
    let named = |wanted: &'static str| {
        move |section: &&Section| !section.template && section.name.text.eq_ignore_ascii_case(wanted)
    };
    for section in sections.iter().filter(named("general")) {
        loader.general(section);
    }
    // Every [globals] block is read before any context, since extensions use their variables at load.
    for section in sections.iter().filter(named("globals")) {
        loader.globals(section);
    }
    for section in sections {
        let name = &section.name.text;
        if !section.template && !name.eq_ignore_ascii_case("general") && !name.eq_ignore_ascii_case("globals")
        {
            loader.context(section);
        }
    }
    for context in loader.plan.contexts.values_mut() {
        context.finish();
    }
    (loader.plan, loader.diagnostics)
}

struct Loader {
    plan: Dialplan,
    /// Where an extension stands in its context's list, so that lines far apart share one.
    index: HashMap<(String, Name, Option<Name>), usize>,
    diagnostics: Vec<Diagnostic>,
}

/// What the lines of one section text share: what `n` and `same` refer to.
#[derive(Default)]
struct Before {
    /// The extension of the line before, as written.
    extension: Option<Text>,
    priority: Option<u32>,
}

impl Loader {
    fn say(&mut self, text: &Text, diagnostic: Diagnostic) {
        self.diagnostics.push(text.mark(diagnostic));
    }

    fn general(&mut self, section: &Section) {
        for Entry { name, value, .. } in &section.entries {
            let on = matches!(
                value.text.to_ascii_lowercase().as_str(),
                "yes" | "true" | "y" | "t" | "1" | "on"
            );
            match name.text.as_str() {
                "autofallthrough" => self.plan.settings.autofallthrough = on,
                "clearglobalvars" => self.plan.settings.clear_globals = on,
                // These concern Asterisk's own console, trie and switches.
                "static" | "writeprotect" | "extenpatternmatchnew" | "overrideswitch" | "userscontext" => {}
                other => {
                    let message = format!("{other} is not a setting of [general] and is ignored");
                    let hint = "settings are autofallthrough, clearglobalvars, static, writeprotect, \
                                extenpatternmatchnew, overrideswitch and userscontext";
                    self.say(name, Diagnostic::warning("unknown-setting", message).hint(hint));
                }
            }
        }
    }

    fn globals(&mut self, section: &Section) {
        for Entry { name, value, .. } in &section.entries {
            let text = self.substituted(value).text;
            if self.plan.globals.len() >= limits::VARIABLES {
                self.say(
                    name,
                    Diagnostic::error("too-many-globals", "there are too many global variables"),
                );
                return;
            }
            self.plan
                .globals
                .push((super::variables::unmark(&name.text).0.to_string(), text));
        }
    }

    /// A text with the global variables put in, as far as they are set by now.
    fn substituted(&mut self, text: &Text) -> Text {
        if !text.text.contains('$') {
            return text.clone();
        }
        let mut values = AtLoad {
            globals: &self.plan.globals,
            complaints: Vec::new(),
        };
        let new = substitute::substitute(&text.text, &mut values).into_owned();
        for message in values.complaints {
            let finding = Diagnostic::warning("not-at-load", message);
            let hint = "at load only global variables have a value";
            self.diagnostics.push(text.mark(finding.hint(hint)));
        }
        text.with_text(new)
    }

    fn context(&mut self, section: &Section) {
        let name = section.name.text.clone();
        if !self.plan.contexts.contains_key(&name) {
            self.plan.order.push(name.clone());
            let mut context = Context::default();
            context.name = Some(section.name.clone());
            self.plan.contexts.insert(name.clone(), context);
        }
        let mut before = Before::default();
        for Entry { name: key, value, .. } in &section.entries {
            match key.text.to_ascii_lowercase().as_str() {
                "exten" => self.extension(&name, value, false, &mut before),
                "same" => self.extension(&name, value, true, &mut before),
                "include" => self.include(&name, value),
                "switch" => {
                    let value = self.substituted(value);
                    self.switch(&name, value, Kind::Loaded);
                }
                "lswitch" => self.switch(&name, value.clone(), Kind::Literal),
                "eswitch" => self.switch(&name, value.clone(), Kind::Evaluated),
                // Which digits keep the dial tone: there is none here.
                "ignorepat" => {}
                "autohints" => {}
                other => {
                    let message = format!("{other} is unknown in a context and ignored");
                    let finding = Diagnostic::warning("unknown-keyword", message);
                    self.say(
                        key,
                        finding
                            .hint("a context has exten, same, include, switch, lswitch, eswitch, ignorepat"),
                    );
                }
            }
        }
    }

    fn plan_context(&mut self, name: &str) -> &mut Context {
        self.plan.contexts.entry(name.to_string()).or_default()
    }

    fn switch(&mut self, context: &str, value: Text, kind: Kind) {
        let known = switch::is_known(&value.text) || kind == Kind::Evaluated && value.text.starts_with('$');
        if !known {
            let message = "only Loopback can be asked, no other machine's dialplan; ignored";
            let finding = Diagnostic::warning("unavailable-switch", message);
            self.say(
                &value,
                finding.hint("write lswitch => Loopback/${EXTEN}@context, or include a context"),
            );
            return;
        }
        self.plan_context(context)
            .switches
            .push(Switch { kind, text: value });
    }

    fn include(&mut self, context: &str, value: &Text) {
        let value = self.substituted(value);
        let comma = value.text.find(',').unwrap_or(value.text.len());
        let target = value.part(0..comma).trimmed();
        let when = match value.text.get(comma + 1..) {
            None => None,
            Some(range) => match TimeRange::parse(range) {
                Ok(range) => Some(range),
                Err(message) => {
                    let place = value.part(comma + 1..value.text.len());
                    self.say(&place, Diagnostic::error("bad-time-range", message));
                    return;
                }
            },
        };
        let range = value.text.get(comma + 1..).unwrap_or_default().trim().to_string();
        self.plan_context(context).includes.push(Include {
            context: target,
            when,
            range,
        });
    }

    /// `exten => name[/caller],priority[+N][(label)],Application(arguments)`, and `same => priority…`.
    fn extension(&mut self, context: &str, value: &Text, same: bool, before: &mut Before) {
        let (extension, rest) = if same {
            let Some(extension) = before.extension.clone() else {
                let finding = Diagnostic::error(
                    "same-comes-first",
                    "same has no extension above it in this section",
                );
                self.say(value, finding.hint("begin with exten => NAME,1,…"));
                return;
            };
            (extension, value.clone())
        } else {
            let comma = first_comma(&value.text);
            let name = value.part(0..comma).trimmed();
            let extension = self.substituted(&name);
            let rest = value.part((comma + 1).min(value.text.len())..value.text.len());
            before.extension = Some(extension.clone());
            (extension, rest)
        };
        let comma = rest.text.find(',').unwrap_or(rest.text.len());
        let priority = rest.part(0..comma).trimmed();
        let call = rest
            .part((comma + 1).min(rest.text.len())..rest.text.len())
            .trimmed();
        if extension.text.is_empty() || priority.text.is_empty() {
            let finding = Diagnostic::error(
                "incomplete-extension",
                "an extension needs a name, a priority, an application",
            );
            self.say(
                value,
                finding.hint("write exten => NAME,PRIORITY,Application(arguments)"),
            );
            return;
        }
        if let Some(finding) = lint::missing_same_of(&extension.text, &priority.text) {
            self.say(value, finding);
            return;
        }
        if let Some(index) = self.extension_index(context, &extension) {
            self.priority(context, index, &priority, call, before);
        }
    }

    /// Where the extension stands in its context, made where it is new.
    fn extension_index(&mut self, context: &str, text: &Text) -> Option<usize> {
        let (name, caller) = match text.text.split_once('/') {
            Some((name, caller)) => (without_spaces(name), Some(without_spaces(caller))),
            None => (without_spaces(&text.text), None),
        };
        if name == "_." || name == "_!" {
            let message = format!("{name} also matches the special extensions i, t, h and s");
            let finding = Diagnostic::warning("matches-special-extensions", message);
            self.say(text, finding.hint("write _X. for numbers"));
        }
        if name.starts_with('_') && unclosed_set(&name) {
            let finding =
                Diagnostic::warning("unclosed-set", "a [ in a pattern is not closed: it never matches");
            self.say(text, finding.hint("close the set with ]"));
        }
        let name = Name::parse(&name);
        if matches!(&name, Name::Pattern(elements) if elements.len() > limits::PATTERN_ELEMENTS) {
            self.say(
                text,
                Diagnostic::error("pattern-too-long", "the pattern is too long"),
            );
            return None;
        }
        let caller = caller.map(|c| Name::parse(&c));
        let key = (context.to_string(), name.clone(), caller.clone());
        let extensions = &mut self
            .plan
            .contexts
            .entry(context.to_string())
            .or_default()
            .extensions;
        Some(*self.index.entry(key).or_insert_with(|| {
            extensions.push(Extension {
                text: text.clone(),
                name,
                caller,
                steps: Default::default(),
                labels: Vec::new(),
                hint: None,
            });
            extensions.len() - 1
        }))
    }

    fn priority(&mut self, context: &str, index: usize, priority: &Text, call: Text, before: &mut Before) {
        // (label) is taken before +N.
        let (number, label) = match priority.text.find('(') {
            Some(open) => {
                let close = priority.text.find(')').filter(|close| *close > open);
                if close.is_none() {
                    let finding = Diagnostic::warning("unclosed-label", "the label's ) is missing");
                    self.say(priority, finding);
                }
                let label = priority
                    .part(open + 1..close.unwrap_or(priority.text.len()))
                    .trimmed();
                let tail = close.map_or("", |close| &priority.text[close + 1..]);
                (format!("{}{tail}", &priority.text[..open]), Some(label))
            }
            None => (priority.text.clone(), None),
        };
        let (number, plus) = match number.split_once('+') {
            Some((number, plus)) => (number.trim(), Some(plus.trim().to_string())),
            None => (number.trim(), None),
        };
        if number.eq_ignore_ascii_case("hint") {
            self.extension_at(context, index).hint = Some(call);
            return;
        }
        let base = match (number.to_ascii_lowercase().as_str(), before.priority) {
            ("n" | "next", Some(last)) => last.checked_add(1),
            ("s" | "same", Some(last)) => Some(last),
            ("n" | "next" | "s" | "same", None) => {
                let message = format!("{number} has no priority above it in this section");
                let finding = Diagnostic::error("no-priority-before", message);
                self.say(priority, finding.hint("begin with priority 1"));
                return;
            }
            (digits, _) => match digits.parse::<u32>() {
                Ok(number) => Some(number),
                Err(_) => self
                    .extension_at(context, index)
                    .labels
                    .iter()
                    .find(|(l, _)| l == number)
                    .map(|(_, p)| *p),
            },
        };
        let plus = plus.map_or(Some(0), |plus| plus.parse::<u32>().ok());
        let at = match (base, plus) {
            (Some(base @ 1..), Some(plus)) => base.checked_add(plus).filter(|p| *p < i32::MAX as u32),
            _ => None,
        };
        let Some(at) = at else {
            let message = format!("{} is not a priority", priority.text);
            let finding = Diagnostic::error("bad-priority", message);
            self.say(
                priority,
                finding.hint("a priority is a number from 1, n, s, hint, or a label above, then +N"),
            );
            return;
        };
        before.priority = Some(at);
        let step = self.step(call);
        let extension = self.extension_at(context, index);
        if extension.steps.contains_key(&at) {
            let message = format!(
                "{} has a priority {at} already: this line is ignored",
                extension.text.text
            );
            self.say(priority, Diagnostic::warning("duplicate-priority", message));
            return;
        }
        extension.steps.insert(at, step);
        if let Some(label) = label {
            if extension.labels.iter().any(|(name, _)| *name == label.text) {
                let message = format!(
                    "{} has a label {} already: this one is ignored",
                    extension.text.text, label.text
                );
                self.say(&label, Diagnostic::warning("duplicate-label", message));
            } else {
                extension.labels.push((label.text, at));
            }
        }
    }

    fn extension_at(&mut self, context: &str, index: usize) -> &mut Extension {
        &mut self.plan_context(context).extensions[index]
    }

    /// `Application(arguments)`.
    fn step(&mut self, call: Text) -> Step {
        let open = call.text.find('(');
        let (name, arguments) = match open {
            None => (call.clone(), call.part(call.text.len()..call.text.len())),
            Some(open) => {
                let close = call.text.rfind(')').filter(|close| *close > open);
                match close {
                    None => self.say(
                        &call,
                        Diagnostic::warning("unclosed-arguments", "the arguments' ) is missing"),
                    ),
                    Some(close) if close + 1 < call.text.trim_end().len() => {
                        let tail = call.part(close + 1..call.text.len()).trimmed();
                        let finding =
                            Diagnostic::warning("text-after-arguments", "text after the last ) is ignored");
                        self.say(&tail, finding);
                    }
                    Some(_) => {}
                }
                (
                    call.part(0..open).trimmed(),
                    call.part(open + 1..close.unwrap_or(call.text.len())),
                )
            }
        };
        let app = apps::find(&name.text).map_or(App::Unknown, App::Known);
        Step { app, name, arguments }
    }
}

/// What substitution knows at load: global variables.
struct AtLoad<'a> {
    globals: &'a [(String, String)],
    complaints: Vec<String>,
}

impl Values for AtLoad<'_> {
    fn variable(&mut self, name: &str) -> Cow<'_, str> {
        let found = self.globals.iter().rev().find(|(n, _)| n == name);
        Cow::Borrowed(found.map_or("", |(_, value)| value))
    }

    fn function(&mut self, name: &str, arguments: &str) -> Found {
        if name == "GLOBAL" {
            return Found::Value(self.variable(arguments).into_owned());
        }
        self.complain(format!(
            "the function {name} has no value when the dialplan is loaded"
        ));
        Found::Value(String::new())
    }

    fn complain(&mut self, message: String) {
        self.complaints.push(message);
    }
}

/// The place of the first comma outside `[ ]` that no backslash protects.
fn first_comma(text: &str) -> usize {
    let mut in_set = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' => escaped = true,
            '[' => in_set = true,
            ']' => in_set = false,
            ',' if !in_set => return at,
            _ => {}
        }
    }
    text.len()
}

/// White space means nothing outside a set.
fn without_spaces(text: &str) -> String {
    let mut in_set = false;
    text.chars()
        .filter(|c| {
            match c {
                '[' => in_set = true,
                ']' => in_set = false,
                _ => {}
            }
            in_set || !c.is_whitespace()
        })
        .collect()
}

fn unclosed_set(pattern: &str) -> bool {
    super::pattern::parse(&pattern[1..]).contains(&Element::Never)
}
