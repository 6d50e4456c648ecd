//! A loaded dialplan as a value: contexts, extensions, priorities, and the search among them.

use super::apps::Application;
use super::pattern::{self, Element, Fit, Tree};
use super::say::Languages;
use super::switch::{Elsewhere, Lookup, Switch};
use super::text::Text;
use super::time_range::TimeRange;
use super::Match;
use crate::limits;
use jiff::tz::TimeZone;
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::time::SystemTime;

/// A loaded dialplan. Immutable: a call keeps the one that it began with.
#[derive(Debug, Default)]
pub struct Dialplan {
    pub(super) contexts: HashMap<String, Context>,
    /// The names of the contexts, in file order.
    pub(super) order: Vec<String>,
    /// Whether a file that may be missing is: what stands in it is not known.
    pub(super) incomplete: bool,
    /// `[globals]`, in order, substituted.
    pub(super) globals: Vec<(String, String)>,
    pub(super) settings: Settings,
    /// What `allow` of the options named, in lower case.
    pub(super) allowed: Vec<String>,
    /// Steps that a call may take without the caller hearing or doing anything.
    pub(super) steps: u64,
    /// Where time ranges and STRFTIME without a zone are.
    pub(super) zone: Zone,
    /// How each language says numbers and dates.
    pub(super) languages: Languages,
}

/// A time zone with the machine's as default.
#[derive(Clone, Debug)]
pub(super) struct Zone(pub TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Zone(TimeZone::system())
    }
}

/// `[general]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `autofallthrough`: hang up where the steps run out, instead of waiting for digits.
    pub autofallthrough: bool,
    /// `clearglobalvars`: a reload forgets global variables that the file does not set.
    pub clear_globals: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            autofallthrough: true,
            clear_globals: false,
        }
    }
}

/// `[context]`.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Its name, where its first section stands.
    pub name: Option<Text>,
    pub extensions: Vec<Extension>,
    /// Plain extensions by their characters: indices into `extensions`, those with a caller ID first.
    literals: HashMap<String, SmallVec<[usize; 1]>>,
    /// The keys of `literals`, sorted, to find what a number is the beginning of.
    sorted: Vec<String>,
    patterns: Tree,
    pub includes: Vec<Include>,
    pub switches: Vec<Switch>,
}

/// `include => context[,time range]`.
#[derive(Debug)]
pub(super) struct Include {
    pub context: Text,
    pub when: Option<TimeRange>,
    /// The time range as written; empty where it holds always.
    pub range: String,
}

/// What an extension is called: a plain name, or a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Literal(String),
    Pattern(Vec<Element>),
}

impl Name {
    /// Of an extension as written, white space already dropped. A plain name loses its `-`, which are decoration.
    pub fn parse(text: &str) -> Name {
        match text.strip_prefix('_') {
            Some(pattern) => Name::Pattern(pattern::parse(pattern)),
            None => Name::Literal(text.replace('-', "")),
        }
    }

    pub fn compare(&self, other: &Name) -> Ordering {
        match (self, other) {
            (Name::Literal(a), Name::Literal(b)) => a.cmp(b),
            (Name::Literal(_), Name::Pattern(_)) => Ordering::Less,
            (Name::Pattern(_), Name::Literal(_)) => Ordering::Greater,
            (Name::Pattern(a), Name::Pattern(b)) => pattern::compare(a, b),
        }
    }

    /// Whether `number` is what is named, whole.
    pub fn is_matched(&self, number: &str) -> bool {
        match self {
            Name::Literal(name) => number.bytes().filter(|&c| c != b'-').eq(name.bytes()),
            Name::Pattern(elements) => !matches!(pattern::fit(elements, number), None | Some(Fit::Prefix)),
        }
    }
}

/// One extension with its priorities.
#[derive(Debug)]
pub(super) struct Extension {
    /// As written.
    pub text: Text,
    pub name: Name,
    /// `/callerid`: the callers for whom it is; an empty name is a caller without a number.
    pub caller: Option<Name>,
    pub steps: BTreeMap<u32, Step>,
    pub labels: Vec<(String, u32)>,
    /// `hint`: the devices.
    pub hint: Option<Text>,
}

impl Extension {
    /// The name as written, without the caller's.
    fn written(&self) -> &str {
        let text = self.text.text.as_str();
        text.split_once('/').map_or(text, |(name, _)| name).trim()
    }

    pub(super) fn admits(&self, caller: &str) -> bool {
        match &self.caller {
            None => true,
            Some(Name::Literal(name)) if name.is_empty() => caller.is_empty(),
            Some(name) => !caller.is_empty() && name.is_matched(caller),
        }
    }
}

/// The application of a priority.
#[derive(Clone, Copy)]
pub(super) enum App {
    /// Ours.
    Known(&'static dyn Application),
    /// Not ours: the step ends the call.
    Unknown,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            App::Known(app) => f.write_str(app.manual().name),
            App::Unknown => f.write_str("unknown"),
        }
    }
}

/// One priority.
#[derive(Debug)]
pub(super) struct Step {
    pub app: App,
    /// The application's name as written.
    pub name: Text,
    pub arguments: Text,
}

impl Step {
    /// Whether it is the application of that name.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.app, App::Known(app) if app.manual().name == name)
    }
}

/// What a search is for.
#[derive(Clone, Copy)]
pub(super) struct Query<'a> {
    pub extension: &'a str,
    pub caller: &'a str,
    pub now: SystemTime,
    /// The call's variables, for `eswitch`; without a call there are none.
    pub variables: Option<&'a dyn Lookup>,
}

/// A step that was found.
#[derive(Clone, Debug)]
pub(super) struct Located<'d> {
    pub step: &'d Step,
    /// Where it stands, when a switch led there: the call goes on from there.
    pub elsewhere: Option<Elsewhere>,
}

impl Context {
    /// Sorts what was added, after which a search can be made.
    pub fn finish(&mut self) {
        self.extensions.sort_by(|a, b| {
            // Entries for certain callers come before the plain entry of the same name.
            a.name
                .compare(&b.name)
                .then_with(|| match (&a.caller, &b.caller) {
                    (Some(a), Some(b)) => a.compare(b),
                    (a, b) => b.is_some().cmp(&a.is_some()),
                })
        });
        for (index, extension) in self.extensions.iter().enumerate() {
            match &extension.name {
                Name::Literal(name) => self.literals.entry(name.clone()).or_default().push(index),
                Name::Pattern(elements) => self.patterns.insert(elements, index),
            }
        }
        self.sorted = self.literals.keys().cloned().collect();
        self.sorted.sort_unstable();
    }

    /// Visits the extensions that match, in order.
    fn matching<'c, B>(
        &'c self,
        query: Query<'_>,
        visit: &mut dyn FnMut(&'c Extension) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut each = |index: usize| {
            let extension = &self.extensions[index];
            match extension.admits(query.caller) {
                true => visit(extension),
                false => ControlFlow::Continue(()),
            }
        };
        let literal = if query.extension.contains('-') {
            self.literals.get(&query.extension.replace('-', ""))
        } else {
            self.literals.get(query.extension)
        };
        for &index in literal.into_iter().flatten() {
            each(index)?;
        }
        if query.extension.starts_with('_') {
            // A pattern named by its own text, as in Goto(_X.,1), is found; other patterns may match that text too.
            for (index, extension) in self.extensions.iter().enumerate() {
                let named = extension.written().eq_ignore_ascii_case(query.extension);
                let is_pattern = matches!(extension.name, Name::Pattern(_));
                if is_pattern && (named || extension.name.is_matched(query.extension)) {
                    each(index)?;
                }
            }
            return ControlFlow::Continue(());
        }
        self.patterns
            .search(query.extension, false, &mut |index, _| each(index))
    }

    /// Whether more digits after `query.extension` could lead to an extension with a first step. `None` where `!`
    /// decides that the number is whole, so that looser patterns and contexts that this one includes are not asked.
    fn could_match_more(&self, query: Query<'_>) -> Option<bool> {
        let good = |index: usize| {
            self.extensions[index].admits(query.caller) && self.extensions[index].steps.contains_key(&1)
        };
        let typed = query.extension.replace('-', "");
        let from = self.sorted.partition_point(|name| *name <= typed);
        for name in self.sorted[from..]
            .iter()
            .take_while(|name| name.starts_with(&typed))
        {
            if self.literals[name].iter().any(|&index| good(index)) {
                return Some(true);
            }
        }
        let found = self
            .patterns
            .search(query.extension, true, &mut |index, fit| match fit {
                // Whatever steps it has.
                Fit::Early if self.extensions[index].admits(query.caller) => ControlFlow::Break(None),
                Fit::Open | Fit::Prefix if good(index) => ControlFlow::Break(Some(true)),
                _ => ControlFlow::Continue(()),
            });
        match found {
            ControlFlow::Break(answer) => answer,
            ControlFlow::Continue(()) => Some(false),
        }
    }
}

/// What a search looks for in a context.
#[derive(Clone, Copy)]
struct Searching<'a> {
    query: Query<'a>,
    priority: u32,
    /// Where a switch has led.
    elsewhere: Option<&'a Elsewhere>,
}

/// Whether a search goes on to a context's switches and includes.
enum Below {
    Search,
    Skip,
}

/// What a search does with each context that it comes to.
type Visit<'v, 'd, B> = dyn FnMut(&'d Context, &Searching<'_>) -> ControlFlow<B, Below> + 'v;

/// Visits an extension that matches.
type VisitExtension<'v, 'd, B> = dyn FnMut(&'d Extension, &Searching<'_>) -> ControlFlow<B> + 'v;

impl Dialplan {
    /// The context that is meant where nobody names one: `default`, else the first of the file.
    pub fn default_context(&self) -> Option<&str> {
        match self.contexts.get_key_value("default") {
            Some((name, _)) => Some(name),
            None => self.order.first().map(String::as_str),
        }
    }

    /// The names of the contexts, in file order.
    pub fn context_names(&self) -> impl Iterator<Item = &str> + '_ {
        self.order.iter().map(String::as_str)
    }

    /// Visits `context`, where its switches lead, and what it includes, depth first in file order.
    fn search<'d, B>(
        &'d self,
        context: &str,
        query: Query<'_>,
        priority: u32,
        visit: &mut Visit<'_, 'd, B>,
    ) -> ControlFlow<B> {
        let search = Searching {
            query,
            priority,
            elsewhere: None,
        };
        self.search_from(search, context, &mut SmallVec::new(), &mut 0, visit)
    }

    fn search_from<'d, B>(
        &'d self,
        search: Searching<'_>,
        name: &str,
        seen: &mut SmallVec<[*const Context; 8]>,
        visited: &mut usize,
        visit: &mut Visit<'_, 'd, B>,
    ) -> ControlFlow<B> {
        let Some(context) = self.contexts.get(name) else {
            return ControlFlow::Continue(());
        };
        // Contexts may include one another in a circle: each is visited once.
        if seen.contains(&std::ptr::from_ref(context)) || *visited >= limits::DIALPLAN_CONTEXTS_SEARCHED {
            return ControlFlow::Continue(());
        }
        seen.push(context);
        *visited += 1;
        if matches!(visit(context, &search)?, Below::Skip) {
            return ControlFlow::Continue(());
        }
        for switch in &context.switches {
            if let Some(elsewhere) = switch.elsewhere(name, search.query, search.priority) {
                let query = Query {
                    extension: &elsewhere.extension,
                    ..search.query
                };
                let there = Searching {
                    query,
                    priority: elsewhere.priority,
                    elsewhere: Some(&elsewhere),
                };
                // Another number: contexts seen for the one may have something for the other. A circle of switches
                // ends by the bound on visits.
                self.search_from(there, &elsewhere.context, &mut SmallVec::new(), visited, visit)?;
            }
        }
        for include in self.included(context, search.query.now) {
            self.search_from(search, include, seen, visited, visit)?;
        }
        ControlFlow::Continue(())
    }

    /// The contexts that this one includes at that time, in file order.
    fn included<'d>(&'d self, context: &'d Context, now: SystemTime) -> impl Iterator<Item = &'d str> {
        let holds = move |include: &&Include| {
            let when = include.when.as_ref();
            when.is_none_or(|when| when.contains(now, &self.zone.0))
        };
        let includes = context.includes.iter().filter(holds);
        includes.map(|include| include.context.text.as_str())
    }

    /// The first extension that matches and has that priority, an entry for certain callers aside.
    pub(super) fn entry(&self, context: &str, number: &str, priority: u32) -> Option<&Extension> {
        let query = Query {
            extension: number,
            caller: "",
            now: SystemTime::UNIX_EPOCH,
            variables: None,
        };
        self.search_extensions(context, query, priority, &mut |extension, search| match extension
            .caller
            .is_none()
            && extension.steps.contains_key(&search.priority)
        {
            true => ControlFlow::Break(extension),
            false => ControlFlow::Continue(()),
        })
    }

    /// Visits the extensions that match, in the order in which they are tried.
    fn search_extensions<'d, B>(
        &'d self,
        context: &str,
        query: Query<'_>,
        priority: u32,
        visit: &mut VisitExtension<'_, 'd, B>,
    ) -> Option<B> {
        let found = self.search(context, query, priority, &mut |context, search| {
            context.matching(search.query, &mut |extension| visit(extension, search))?;
            ControlFlow::Continue(Below::Search)
        });
        found.break_value()
    }

    /// The step of that priority of the first matching extension that has one.
    pub(super) fn step(&self, context: &str, query: Query<'_>, priority: u32) -> Option<&Step> {
        self.locate(context, query, priority).map(|located| located.step)
    }

    /// The step, and where it stands if a switch led there.
    pub(super) fn locate(&self, context: &str, query: Query<'_>, priority: u32) -> Option<Located<'_>> {
        self.search_extensions(context, query, priority, &mut |extension, search| match extension
            .steps
            .get(&search.priority)
        {
            Some(step) => ControlFlow::Break(Located {
                step,
                elsewhere: search.elsewhere.cloned(),
            }),
            None => ControlFlow::Continue(()),
        })
    }

    /// The priority of a label.
    pub(super) fn label(&self, context: &str, query: Query<'_>, label: &str) -> Option<u32> {
        self.search_extensions(context, query, 1, &mut |extension, _| match extension
            .labels
            .iter()
            .find(|(name, _)| name == label)
        {
            Some((_, priority)) => ControlFlow::Break(*priority),
            None => ControlFlow::Continue(()),
        })
    }

    /// The hint of an extension.
    pub(super) fn hint(&self, context: &str, query: Query<'_>) -> Option<&str> {
        self.search_extensions(context, query, 1, &mut |extension, _| match &extension.hint {
            Some(hint) => ControlFlow::Break(hint.text.as_str()),
            None => ControlFlow::Continue(()),
        })
    }

    /// Whether more digits could lead to another extension: whether to wait for them.
    pub(super) fn could_match_more(&self, context: &str, query: Query<'_>) -> bool {
        let found = self.search(context, query, 1, &mut |context, search| {
            match context.could_match_more(search.query) {
                Some(true) => ControlFlow::Break(()),
                Some(false) => ControlFlow::Continue(Below::Search),
                // Decided for this context and what it includes; the one that includes this goes on with its next.
                None => ControlFlow::Continue(Below::Skip),
            }
        });
        found.is_break()
    }

    /// Whether a call for `did` may enter `context`; an empty DID means `s`. The time decides conditional includes.
    pub fn accepts(&self, context: &str, did: &str, callerid: &str, now: SystemTime) -> Match {
        let extension = if did.is_empty() { "s" } else { did };
        let query = Query {
            extension,
            caller: callerid,
            now,
            variables: None,
        };
        if self.step(context, query, 1).is_some() {
            Match::Yes
        } else if !did.is_empty() && self.could_match_more(context, query) {
            Match::Partial
        } else {
            Match::No
        }
    }

    /// Whether the configuration allows by name what is refused otherwise.
    pub(super) fn allows(&self, name: &str) -> bool {
        self.allowed
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}
