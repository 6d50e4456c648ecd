//! Which texts hold what a caller chose: a name, a number, digits, header fields.
//!
//! It follows values through assignments and through the arguments of Gosub, whatever the order in which they run: a
//! variable that is filtered somewhere by an assignment to itself counts as filtered everywhere.

use super::references::{references, What};
use super::survey::{Call, Origin, Survey};
use crate::dialplan::arguments::split_raw;
use crate::dialplan::ast::Name;
use crate::dialplan::pattern::Element;
use std::collections::{HashMap, HashSet};

/// Functions whose value is the caller's.
const SOURCES: &[&str] = &[
    "CALLERID",
    "PJSIP_HEADER",
    "PJSIP_HEADERS",
    "SIP_HEADER",
    "REDIRECTING",
];

/// Items of CALLERID that are no free text.
const HARMLESS: &[&str] = &[
    "pres",
    "ton",
    "tns",
    "num-pres",
    "name-pres",
    "num-plan",
    "num-valid",
    "name-valid",
];

/// Functions that pass on what stands in their arguments.
const PASSES: &[&str] = &[
    "ARRAY",
    "BASE64_DECODE",
    "CSV_QUOTE",
    "CUT",
    "EVAL",
    "GLOBAL",
    "IF",
    "IFTIME",
    "JSON_DECODE",
    "LISTFILTER",
    "LOCAL",
    "LTRIM",
    "PASSTHRU",
    "POP",
    "QUOTE",
    "REPLACE",
    "RTRIM",
    "SET",
    "SHARED",
    "SHIFT",
    "SORT",
    "SPRINTF",
    "STRBETWEEN",
    "STRREPLACE",
    "TOLOWER",
    "TOUPPER",
    "TRIM",
    "URIDECODE",
];

/// Those of them whose first argument is a variable's name.
const BY_NAME: &[&str] = &[
    "CUT",
    "GLOBAL",
    "LOCAL",
    "POP",
    "REPLACE",
    "SHARED",
    "SHIFT",
    "STRREPLACE",
    "SORT",
];

/// What callers chose.
pub(super) struct Taint<'a> {
    variables: HashSet<&'a str>,
    /// By context, the arguments of its subroutines.
    arguments: HashMap<&'a str, HashSet<usize>>,
}

impl<'a> Taint<'a> {
    pub fn of(survey: &Survey<'a>) -> Self {
        let mut taint = Taint {
            variables: HashSet::new(),
            arguments: HashMap::new(),
        };
        let filtered: HashSet<&str> = survey
            .variables
            .set
            .iter()
            .filter(|(name, origins)| origins.iter().any(|origin| filters_itself(name, origin)))
            .map(|(name, _)| *name)
            .collect();
        // Only texts with a reference can pass anything on.
        let assignments: Vec<(&str, &str, Option<&Call<'a>>)> = survey
            .variables
            .set
            .iter()
            .filter(|(name, _)| !filtered.contains(*name))
            .flat_map(|(name, origins)| {
                origins.iter().filter_map(|origin| match *origin {
                    Origin::Text(text, call) if text.contains('$') => {
                        Some((*name, text, call.and_then(|index| survey.calls.get(index))))
                    }
                    _ => None,
                })
            })
            .collect();
        for (name, origins) in &survey.variables.set {
            if origins.iter().any(|origin| matches!(origin, Origin::Entered)) && !filtered.contains(name) {
                taint.variables.insert(name);
            }
        }
        let subroutines: Vec<&Call<'a>> = survey
            .calls
            .iter()
            .filter(|call| call.is(&["Gosub", "GosubIf", "Macro"]) && call.text.contains('$'))
            .collect();
        // Each round passes values one step on; nobody passes them on for longer than this.
        const ROUNDS: usize = 6;
        for _ in 0..ROUNDS {
            let before = taint.size();
            for (name, text, call) in &assignments {
                if taint.in_text(text, *call).is_some() {
                    taint.variables.insert(name);
                }
            }
            for call in &subroutines {
                taint.pass_arguments(call);
            }
            if taint.size() == before {
                break;
            }
        }
        taint
    }

    fn size(&self) -> usize {
        self.variables.len() + self.arguments.values().map(HashSet::len).sum::<usize>()
    }

    fn pass_arguments(&mut self, call: &Call<'a>) {
        let mut given: Vec<(&'a str, Vec<&'a str>)> = Vec::new();
        if call.name == "Macro" {
            let mut parts = split_raw(call.text).into_iter();
            parts.next();
            // The context is macro-NAME: found by the name of the macro alone.
            if let Some((name, _)) = call.text.split_once(',') {
                given.push((name.trim(), parts.collect()));
            }
        } else {
            for range in call.targets() {
                let target = call.text.get(range.clone()).unwrap_or_default();
                let rest = call.text.get(range.end..).unwrap_or_default();
                let Some(inside) = rest.strip_prefix('(') else {
                    continue;
                };
                let end = inside.rfind(')').unwrap_or(inside.len());
                let context = match target.split(',').count() {
                    3 => target.split(',').next().unwrap_or_default().trim(),
                    _ => call.context,
                };
                given.push((context, split_raw(&inside[..end])));
            }
        }
        for (context, arguments) in given {
            for (index, argument) in arguments.into_iter().enumerate() {
                if self.in_text(argument, Some(call)).is_some() {
                    self.arguments.entry(context).or_default().insert(index + 1);
                }
            }
        }
    }

    /// What of a text the caller chose, as it is written there.
    pub fn in_text<'t>(&self, text: &'t str, call: Option<&Call<'_>>) -> Option<&'t str> {
        if !text.contains('$') {
            return None;
        }
        references(text)
            .into_iter()
            .filter(|found| found.outermost)
            .find(|found| self.is_tainted(text, &found.what, call))
            .and_then(|found| text.get(found.whole()))
    }

    fn is_tainted(&self, text: &str, what: &What<'_>, call: Option<&Call<'_>>) -> bool {
        match what {
            What::Expression => false,
            What::Variable(name) => self.variable(name, call),
            What::Function(name, arguments) => {
                let inside = text.get(arguments.clone()).unwrap_or_default();
                if SOURCES.contains(name) {
                    return !HARMLESS
                        .iter()
                        .any(|item| inside.trim().eq_ignore_ascii_case(item));
                }
                let first = inside.split(',').next().unwrap_or_default().trim();
                PASSES.contains(name)
                    && (self.in_text(inside, call).is_some()
                        || BY_NAME.contains(name) && self.variable(first, call))
            }
        }
    }

    fn variable(&self, name: &str, call: Option<&Call<'_>>) -> bool {
        let name = crate::dialplan::variables::unmark(name.trim()).0;
        if let (Some(call), Some(number)) = (
            call,
            name.strip_prefix("ARG").and_then(|n| n.parse::<usize>().ok()),
        ) {
            let of = |context: &str| {
                self.arguments
                    .get(context)
                    .is_some_and(|set| set.contains(&number))
            };
            return of(call.context) || call.context.strip_prefix("macro-").is_some_and(of);
        }
        match name {
            "EXTEN" => call.is_some_and(is_open),
            name => self.variables.contains(name),
        }
    }
}

/// Whether the extension takes anything: a pattern with `.` or `!`.
fn is_open(call: &Call<'_>) -> bool {
    match &call.extension.name {
        Name::Pattern(elements) => elements
            .iter()
            .any(|e| matches!(e, Element::Rest | Element::Early)),
        Name::Literal(_) => false,
    }
}

/// `Set(X=${FILTER(0-9,${X})})`.
fn filters_itself(name: &str, origin: &Origin<'_>) -> bool {
    let Origin::Text(text, _) = origin else {
        return false;
    };
    let text = text.trim();
    text.starts_with("${FILTER(")
        && references(text)
            .iter()
            .any(|found| matches!(found.what, What::Variable(inner) if inner == name))
}
