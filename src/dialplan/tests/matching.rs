//! The search for a step against a naive model, on random dialplans.
//!
//! The model knows no tree, no table and no index: it keeps the entries of a context in a list, sorts it by the scores
//! of the rules, and walks it from the front for each question. What takes the loader's and the search's cleverness
//! out of the comparison is that the model reads the pattern's text anew each time.
//!
//! `OBELUS_CASES=200000 cargo test matching` tries as many cases.

use super::*;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// One position of a pattern: its score, and the characters that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Position {
    score: u32,
    set: BTreeSet<char>,
}

const REST: u32 = 0x18000;
const EARLY: u32 = 0x28000;
const END: u32 = 0x30000;

fn position(set: impl IntoIterator<Item = char>, score: u32) -> Position {
    Position {
        score,
        set: set.into_iter().collect(),
    }
}

/// The positions of a pattern without its `_`, spaces outside sets already gone; `-` outside sets is decoration.
fn positions(pattern: &str) -> Vec<Position> {
    let mut found = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[1..];
        match c {
            '-' => {}
            'N' | 'n' => found.push(position('2'..='9', 0x800 | u32::from('2'))),
            'Z' | 'z' => found.push(position('1'..='9', 0x900 | u32::from('1'))),
            'X' | 'x' => found.push(position('0'..='9', 0xA00 | u32::from('0'))),
            '.' => found.push(position([], REST)),
            '!' => found.push(position([], EARLY)),
            '[' => {
                // A set that is not closed takes the comma after the name with it: the line is refused.
                let (inside, after) = rest.split_once(']').expect("the set is closed");
                rest = after;
                let set = characters(inside);
                if let Some(lowest) = set.first() {
                    let size = u32::try_from(set.len()).unwrap();
                    found.push(position(set.clone(), (size * 0x100) | u32::from(*lowest)));
                }
            }
            c => found.push(position([c], 0x100 | u32::from(c))),
        }
    }
    found
}

/// What stands between `[` and `]`: characters and ranges.
fn characters(inside: &str) -> BTreeSet<char> {
    let text: Vec<char> = inside.chars().collect();
    let mut set = BTreeSet::new();
    let mut i = 0;
    while i < text.len() {
        if i + 2 < text.len() && text[i + 1] == '-' {
            set.extend(text[i]..=text[i + 2]);
            i += 3;
        } else {
            set.insert(text[i]);
            i += 1;
        }
    }
    set
}

fn order_of_positions(a: &Position, b: &Position) -> Ordering {
    if a.score != b.score {
        return a.score.cmp(&b.score);
    }
    // The first character that only one of them has decides: whose it is goes first.
    for c in '\0'..='\x7f' {
        match (a.set.contains(&c), b.set.contains(&c)) {
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            _ => {}
        }
    }
    Ordering::Equal
}

fn without_dashes(text: &str) -> String {
    text.chars().filter(|c| *c != '-').collect()
}

/// The order of two extension names.
fn order_of_names(a: &str, b: &str) -> Ordering {
    match (a.strip_prefix('_'), b.strip_prefix('_')) {
        (None, None) => without_dashes(a).cmp(&without_dashes(b)),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(a), Some(b)) => {
            let (a, b) = (positions(a), positions(b));
            let end = position([], END);
            for i in 0..a.len().max(b.len()) {
                let ordering = order_of_positions(a.get(i).unwrap_or(&end), b.get(i).unwrap_or(&end));
                if ordering != Ordering::Equal {
                    return ordering;
                }
            }
            Ordering::Equal
        }
    }
}

/// What one name says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    No,
    /// It fits and nothing may follow.
    Whole,
    /// It fits by `.`, and would with more.
    Open,
    /// It fits by `!`.
    Early,
    /// It would fit with more.
    Prefix,
}

fn verdict(name: &str, dialled: &str) -> Verdict {
    let dialled: Vec<char> = without_dashes(dialled).chars().collect();
    let Some(pattern) = name.strip_prefix('_') else {
        let name: Vec<char> = without_dashes(name).chars().collect();
        return match name.starts_with(&dialled) {
            true if name.len() == dialled.len() => Verdict::Whole,
            true => Verdict::Prefix,
            false => Verdict::No,
        };
    };
    let positions = positions(pattern);
    for i in 0.. {
        match (positions.get(i).map(|p| (p.score, &p.set)), dialled.get(i)) {
            (None, None) => return Verdict::Whole,
            (None, Some(_)) => return Verdict::No,
            (Some((EARLY, _)), _) => return Verdict::Early,
            (Some((REST, _)), Some(_)) => return Verdict::Open,
            (Some(_), None) => return Verdict::Prefix,
            (Some((_, set)), Some(c)) if !set.contains(c) => return Verdict::No,
            (Some(_), Some(_)) => {}
        }
    }
    Verdict::No
}

fn fits(name: &str, dialled: &str) -> bool {
    !matches!(verdict(name, dialled), Verdict::No | Verdict::Prefix)
}

/// Whether an entry for `wanted` is for this caller: an empty pattern means a caller without a number.
fn admits(wanted: &Option<String>, caller: &str) -> bool {
    match wanted {
        None => true,
        Some(wanted) if caller.is_empty() => wanted.is_empty(),
        Some(wanted) => fits(wanted, caller),
    }
}

/// One line of a random dialplan.
#[derive(Clone, Debug)]
struct Line {
    name: String,
    caller: Option<String>,
    priority: u32,
    label: Option<char>,
}

/// One random context.
#[derive(Clone, Debug)]
struct Random {
    lines: Vec<Line>,
    includes: Vec<usize>,
}

/// An extension of the model: its lines that count, each with what it does.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    caller: Option<String>,
    steps: BTreeMap<u32, String>,
    labels: BTreeMap<char, u32>,
}

/// The model of a dialplan.
#[derive(Debug)]
struct Model {
    contexts: Vec<(Vec<Entry>, Vec<usize>)>,
}

impl Model {
    fn new(contexts: &[Random]) -> Model {
        let contexts = contexts.iter().enumerate().map(|(number, context)| {
            let mut entries: Vec<Entry> = Vec::new();
            for (index, line) in context.lines.iter().enumerate() {
                let name = line.name.replace(' ', "");
                let is_same = |e: &Entry| {
                    order_of_names(&e.name, &name).is_eq()
                        && order_of_callers(&e.caller, &line.caller).is_eq()
                };
                let at = match entries.iter().position(is_same) {
                    Some(at) => at,
                    None => {
                        entries.push(Entry {
                            name,
                            caller: line.caller.clone(),
                            steps: BTreeMap::new(),
                            labels: BTreeMap::new(),
                        });
                        entries.len() - 1
                    }
                };
                let entry = &mut entries[at];
                if entry.steps.contains_key(&line.priority) {
                    continue;
                }
                entry.steps.insert(line.priority, format!("{number}.{index}"));
                if let Some(label) = line.label {
                    entry.labels.entry(label).or_insert(line.priority);
                }
            }
            entries.sort_by(|a, b| {
                order_of_names(&a.name, &b.name).then_with(|| order_of_callers(&a.caller, &b.caller))
            });
            (entries, context.includes.clone())
        });
        Model {
            contexts: contexts.collect(),
        }
    }

    /// Asks each entry that fits, in order: those of the context, then those of its includes, depth first.
    fn find<T>(
        &self,
        context: usize,
        seen: &mut BTreeSet<usize>,
        number: &str,
        caller: &str,
        ask: &dyn Fn(&Entry) -> Option<T>,
    ) -> Option<T> {
        if !seen.insert(context) {
            return None;
        }
        let (entries, includes) = self.contexts.get(context)?;
        let fitting = entries
            .iter()
            .filter(|e| fits(&e.name, number) && admits(&e.caller, caller));
        if let Some(found) = fitting.into_iter().find_map(ask) {
            return Some(found);
        }
        includes
            .iter()
            .find_map(|include| self.find(*include, seen, number, caller, ask))
    }

    /// Whether more digits could lead to a first step. `!` decides at once that they could not, for its context and
    /// what that includes; the including context goes on with its next include.
    fn could_match_more(
        &self,
        context: usize,
        seen: &mut BTreeSet<usize>,
        number: &str,
        caller: &str,
    ) -> bool {
        if !seen.insert(context) {
            return false;
        }
        let Some((entries, includes)) = self.contexts.get(context) else {
            return false;
        };
        for entry in entries.iter().filter(|e| admits(&e.caller, caller)) {
            match verdict(&entry.name, number) {
                Verdict::Early => return false,
                Verdict::Prefix | Verdict::Open if entry.steps.contains_key(&1) => return true,
                _ => {}
            }
        }
        includes
            .iter()
            .any(|include| self.could_match_more(*include, seen, number, caller))
    }
}

/// An entry for certain callers goes before the plain one of the same name.
fn order_of_callers(a: &Option<String>, b: &Option<String>) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(a), Some(b)) => order_of_names(a, b),
    }
}

fn name() -> impl Strategy<Value = String> {
    let literal = proptest::collection::vec("[1-4]|[*#a]|-", 1..4);
    let piece = prop_oneof![
        6 => "[NXZnxz]",
        6 => "[1-4]",
        1 => "[*#-]",
        1 => " ",
        2 => "[.!]",
        4 => "\\[[1-4]{1,3}\\]",
        2 => "\\[[1-3]-[2-9]\\]",
        2 => "\\[[1-3]-[2-5][1-9]\\]",
        1 => "\\[-[1-4]\\]",
        1 => Just("[]".to_string()),
        1 => Just("[nX*]".to_string()),
    ];
    let pattern = proptest::collection::vec(piece, 1..4);
    prop_oneof![
        1 => literal.prop_map(|pieces| pieces.concat()),
        3 => pattern.prop_map(|pieces| format!("_{}", pieces.concat())),
    ]
    // A name of decoration only is none.
    .prop_map(
        |name| match without_dashes(&name).trim_start_matches('_').trim() {
            "" => "1".to_string(),
            _ => name,
        },
    )
}

fn line() -> impl Strategy<Value = Line> {
    let caller = prop_oneof![
        4 => Just(None),
        1 => "(|12|1|_X|_1\\.|_N!|_\\[12\\]\\[2-4\\])".prop_map(Some),
    ];
    let label = proptest::option::weighted(0.3, proptest::char::range('p', 'r'));
    (name(), caller, prop_oneof![3 => Just(1), 1 => 1..4u32], label).prop_map(
        |(name, caller, priority, label)| Line {
            name,
            caller,
            priority,
            label,
        },
    )
}

/// Contexts that include one another at random, circles and contexts that do not exist included.
fn contexts() -> impl Strategy<Value = Vec<Random>> {
    let context = (
        proptest::collection::vec(line(), 0..10),
        proptest::collection::vec(0..5usize, 0..3),
    );
    let context = context.prop_map(|(lines, includes)| Random { lines, includes });
    proptest::collection::vec(context, 1..4)
}

fn written(contexts: &[Random]) -> String {
    let mut text = String::new();
    for (number, context) in contexts.iter().enumerate() {
        text += &format!("[c{number}]\n");
        for (index, line) in context.lines.iter().enumerate() {
            let caller = line.caller.as_ref().map_or(String::new(), |c| format!("/{c}"));
            let label = line.label.map_or(String::new(), |l| format!("({l})"));
            text += &format!(
                "exten => {}{caller},{}{label},NoOp({number}.{index})\n",
                line.name, line.priority
            );
        }
        for include in &context.includes {
            text += &format!("include => c{include}\n");
        }
    }
    text
}

fn cases() -> u32 {
    let asked = std::env::var("OBELUS_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn every_search_finds_what_the_naive_model_finds(
        contexts in contexts(),
        number in "[1-5]{1,4}|[1-5]{0,2}[-*#a1-3]{1,2}[1-5]{0,2}",
        caller in "(|1|12|14|2|23)",
    ) {
        let text = written(&contexts);
        let (plan, _) = read(&[("main.conf", &text)]);
        let plan = plan.expect("none of this is an error");
        let model = Model::new(&contexts);
        let query = ast::Query { extension: &number, caller: &caller, now: NOW, variables: None };
        for priority in 1..5 {
            let found = plan.step("c0", query, priority).map(|step| step.arguments.text.clone());
            let expected =
                model.find(0, &mut BTreeSet::new(), &number, &caller, &|entry| entry.steps.get(&priority).cloned());
            prop_assert_eq!(found, expected, "priority {} of {} from '{}' in\n{}", priority, number, caller, text);
        }
        for label in 'p'..='r' {
            let found = plan.label("c0", query, &label.to_string());
            let expected =
                model.find(0, &mut BTreeSet::new(), &number, &caller, &|entry| entry.labels.get(&label).copied());
            prop_assert_eq!(found, expected, "label {} of {} from '{}' in\n{}", label, number, caller, text);
        }
        let more = model.could_match_more(0, &mut BTreeSet::new(), &number, &caller);
        prop_assert_eq!(plan.could_match_more("c0", query), more, "more than {} from '{}' in\n{}", number, caller, text);
        let first = model.find(0, &mut BTreeSet::new(), &number, &caller, &|entry| entry.steps.get(&1).cloned());
        let expected = match (first, more) {
            (Some(_), _) => Match::Yes,
            (None, true) => Match::Partial,
            (None, false) => Match::No,
        };
        prop_assert_eq!(plan.accepts("c0", &number, &caller, NOW), expected, "{} from '{}' in\n{}", number, caller, text);
    }
}
