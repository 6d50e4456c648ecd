//! Why a number goes where it goes: every extension that matches it, in the order in which they are tried, why each
//! lost or won, and the steps that follow, each with the entry that it comes from.

use super::ast::{Context, Dialplan, Extension, Name, Query, Step};
use super::pattern;
use super::Match;
use serde_json::{json, Value};
use std::fmt;
use std::time::SystemTime;

/// Which call is asked about.
#[derive(Clone, Debug)]
pub struct Question {
    /// The number called; empty is `s`.
    pub number: String,
    /// The context that the call is in.
    pub context: String,
    /// The caller's number; empty where there is none.
    pub caller: String,
    /// When: it decides conditional includes.
    pub at: SystemTime,
}

/// The answer.
#[derive(Debug)]
pub struct Explanation {
    number: String,
    context: String,
    winner: Option<String>,
    candidates: Vec<Candidate>,
    steps: Vec<Following>,
    /// Where nothing matches: what would have to be otherwise.
    misses: Vec<(String, String)>,
    more_digits: bool,
}

/// An extension that matches the number.
#[derive(Debug)]
struct Candidate {
    extension: String,
    context: String,
    wins: bool,
    why: String,
}

/// One priority, and where it comes from.
#[derive(Debug)]
struct Following {
    priority: u32,
    labels: Vec<String>,
    application: String,
    arguments: String,
    extension: String,
    context: String,
    file: String,
    line: usize,
}

/// Patterns named where nothing matches.
const MISSES: usize = 10;

/// One entry that matches by its name, on the way of the search.
struct Met<'d> {
    context: &'d str,
    extension: &'d Extension,
    /// The include that leads here does not hold at the time asked about.
    closed: Option<&'d str>,
    /// The switch that leads here.
    switch: Option<&'d str>,
}

/// The way from one context to another.
#[derive(Clone, Copy, Default)]
struct Way<'d> {
    closed: Option<&'d str>,
    switch: Option<&'d str>,
}

/// Explains where a call goes. The error says in a sentence why it cannot.
pub fn explain(plan: &Dialplan, question: &Question) -> Result<Explanation, String> {
    if !plan.contexts.contains_key(&question.context) {
        return Err(format!("there is no context [{}]", question.context));
    }
    let number = match question.number.as_str() {
        "" => "s",
        number => number,
    };
    let mut walk = Walk {
        plan,
        question,
        visited: Vec::new(),
        met: Vec::new(),
    };
    walk.visit(&question.context, number, None, &mut Vec::new());
    let Walk { visited, met, .. } = walk;
    let open: Vec<&Met<'_>> = met
        .iter()
        .filter(|met| met.closed.is_none() && met.extension.admits(&question.caller))
        .collect();
    let at_priority = |priority: u32| {
        open.iter()
            .find_map(|met| Some((*met, met.extension.steps.get(&priority)?)))
    };
    let winner = at_priority(1).map(|(met, _)| met);
    let candidates = met
        .iter()
        .map(|met| Candidate {
            extension: met.extension.text.text.clone(),
            context: met.context.to_string(),
            wins: winner.is_some_and(|winner| std::ptr::eq(winner, met)),
            why: reason(met, winner, question),
        })
        .collect();
    let steps = (1..)
        .map_while(|priority| Some((priority, at_priority(priority)?)))
        .map(|(priority, (met, step))| following(priority, met, step))
        .collect();
    let misses = match winner {
        Some(_) => Vec::new(),
        None => misses(plan, &visited, number),
    };
    let accepted = plan.accepts(&question.context, number, &question.caller, question.at);
    Ok(Explanation {
        number: number.to_string(),
        context: question.context.clone(),
        winner: winner.map(|met| met.extension.text.text.clone()),
        candidates,
        steps,
        misses,
        more_digits: accepted == Match::Partial,
    })
}

/// The search through a context, where its switches lead, and what it includes, in the order of the run loop's.
struct Walk<'d> {
    plan: &'d Dialplan,
    question: &'d Question,
    visited: Vec<&'d str>,
    met: Vec<Met<'d>>,
}

impl<'d> Walk<'d> {
    fn visit(&mut self, name: &str, number: &str, switch: Option<&'d str>, seen: &mut Vec<&'d str>) {
        let Some((name, context)) = self.plan.contexts.get_key_value(name) else {
            return;
        };
        let bound = crate::limits::DIALPLAN_CONTEXTS_SEARCHED;
        if seen.contains(&name.as_str()) || self.visited.len() >= bound {
            return;
        }
        seen.push(name);
        self.visited.push(name);
        let way = Way { closed: None, switch };
        self.meet(name, context, number, way);
        let query = Query {
            extension: number,
            caller: &self.question.caller,
            now: self.question.at,
            variables: None,
        };
        for switch in &context.switches {
            if let Some(to) = switch.elsewhere(name, query, 1) {
                // Another number: contexts seen for the one may have something for the other.
                self.visit(
                    &to.context,
                    &to.extension,
                    Some(&switch.text.text),
                    &mut Vec::new(),
                );
            }
        }
        for include in &context.includes {
            let target = &include.context.text;
            match &include.when {
                Some(when) if !when.contains(self.question.at, &self.plan.zone.0) => {
                    if let Some((target, context)) = self.plan.contexts.get_key_value(target) {
                        let closed = Some(include.range.as_str());
                        self.meet(target, context, number, Way { closed, ..way });
                    }
                }
                _ => self.visit(target, number, switch, seen),
            }
        }
    }

    fn meet(&mut self, name: &'d str, context: &'d Context, number: &str, way: Way<'d>) {
        let matching = context.extensions.iter().filter(|e| e.name.is_matched(number));
        self.met.extend(matching.map(|extension| Met {
            context: name,
            extension,
            closed: way.closed,
            switch: way.switch,
        }));
    }
}

fn following(priority: u32, met: &Met<'_>, step: &Step) -> Following {
    let labels = met.extension.labels.iter().filter(|(_, at)| *at == priority);
    let (file, line) = step.name.file_and_line();
    Following {
        priority,
        labels: labels.map(|(label, _)| label.clone()).collect(),
        application: step.name.text.clone(),
        arguments: step.arguments.text.clone(),
        extension: met.extension.text.text.clone(),
        context: met.context.to_string(),
        file: file.to_string(),
        line,
    }
}

/// Why an entry that matches won, or did not.
fn reason(met: &Met<'_>, winner: Option<&Met<'_>>, question: &Question) -> String {
    if winner.is_some_and(|winner| std::ptr::eq(winner, met)) {
        return match met.extension.caller {
            _ if met.switch.is_some() => "wins: a switch leads to it, and the call goes on there".to_string(),
            Some(_) => "wins: it is for this caller, and the first with a priority 1".to_string(),
            None => "wins: the first in order that has a priority 1".to_string(),
        };
    }
    if let Some(range) = met.closed {
        return format!("matches, but [{}] is included only at {range}", met.context);
    }
    if !met.extension.admits(&question.caller) {
        let caller = match question.caller.as_str() {
            "" => "has no number".to_string(),
            number => format!("is {number}"),
        };
        return format!("matches, but for another caller: this one {caller}");
    }
    if !met.extension.steps.contains_key(&1) {
        return match met.extension.steps.keys().next() {
            Some(first) => {
                format!("matches, but begins with priority {first}: it only continues another entry")
            }
            None => "matches, but is only a hint".to_string(),
        };
    }
    let Some(winner) = winner else {
        return "matches".to_string();
    };
    if let Some(switch) = met.switch.filter(|_| met.switch != winner.switch) {
        return format!("matches by the switch {switch}, which is asked only for what is missing before it");
    }
    if winner.context != met.context {
        return format!(
            "matches, but [{}] comes after [{}]: an included context is asked only for what is missing before it",
            met.context, winner.context
        );
    }
    order(
        &winner.extension.name,
        &met.extension.name,
        &winner.extension.text.text,
    )
}

/// Why the winner goes before another entry of its context.
fn order(winner: &Name, loser: &Name, text: &str) -> String {
    let (winner, loser) = match (winner, loser) {
        (Name::Pattern(winner), Name::Pattern(loser)) => (winner, loser),
        (Name::Literal(_), Name::Pattern(_)) => {
            return format!("matches, but is a pattern: the plain {text} goes first");
        }
        _ => return format!("matches, but {text} is for this caller and goes first"),
    };
    let Some(position) = pattern::first_difference(winner, loser) else {
        return format!("matches, but {text} is for this caller and goes first");
    };
    let (better, worse) = (winner.get(position), loser.get(position));
    let (narrow, wide) = (pattern::describe(better), pattern::describe(worse));
    let place = position + 1;
    match (pattern::score(better), pattern::score(worse)) {
        (a, b) if a == b => {
            format!("matches, but goes after {text}: position {place} is {wide}, there {narrow}, with the lower character")
        }
        (a, b) => format!(
            "matches, but goes after {text}: position {place} is {wide} (score {b:#x}), there {narrow} (score {a:#x})"
        ),
    }
}

/// Patterns that did not match, and why.
fn misses(plan: &Dialplan, visited: &[&str], number: &str) -> Vec<(String, String)> {
    let contexts = visited.iter().filter_map(|name| plan.contexts.get(*name));
    let extensions = contexts.flat_map(|context| &context.extensions);
    extensions
        .filter_map(|extension| match &extension.name {
            Name::Pattern(elements) => {
                Some((extension.text.text.clone(), pattern::why_not(elements, number)?))
            }
            Name::Literal(_) => None,
        })
        .take(MISSES)
        .collect()
}

impl Explanation {
    /// As one JSON object.
    pub fn to_json(&self) -> Value {
        let candidates = self.candidates.iter().map(|candidate| {
            json!({
                "extension": candidate.extension,
                "context": candidate.context,
                "wins": candidate.wins,
                "why": candidate.why,
            })
        });
        let steps = self.steps.iter().map(|step| {
            json!({
                "priority": step.priority,
                "labels": step.labels,
                "application": step.application,
                "arguments": step.arguments,
                "extension": step.extension,
                "context": step.context,
                "file": step.file,
                "line": step.line,
            })
        });
        json!({
            "number": self.number,
            "context": self.context,
            "winner": self.winner,
            "candidates": candidates.collect::<Vec<_>>(),
            "steps": steps.collect::<Vec<_>>(),
            "more_digits": self.more_digits,
        })
    }
}

/// For a person to read; control characters of the file are escaped.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, context) = (self.number.escape_debug(), self.context.escape_debug());
        match &self.winner {
            Some(winner) => writeln!(f, "{number} in [{context}] goes to {}", winner.escape_debug())?,
            None if self.more_digits => {
                writeln!(
                    f,
                    "{number} in [{context}] matches nothing, but would with more digits"
                )?;
            }
            None => writeln!(f, "{number} in [{context}] matches nothing")?,
        }
        if !self.candidates.is_empty() {
            writeln!(f, "\ncandidates, in the order in which they are tried:")?;
        }
        for candidate in &self.candidates {
            let mark = if candidate.wins { '*' } else { ' ' };
            let extension = candidate.extension.escape_debug().to_string();
            let place = format!("[{}]", candidate.context.escape_debug());
            writeln!(
                f,
                "{mark} {extension:<20} {place:<16} {}",
                candidate.why.escape_debug()
            )?;
        }
        if !self.misses.is_empty() {
            writeln!(f, "\npatterns that do not match:")?;
        }
        for (extension, why) in &self.misses {
            let extension = extension.escape_debug().to_string();
            writeln!(f, "  {extension:<20} {}", why.escape_debug())?;
        }
        if !self.steps.is_empty() {
            writeln!(f, "\nsteps that would follow:")?;
        }
        for step in &self.steps {
            let label = match step.labels.is_empty() {
                true => String::new(),
                false => format!(" ({})", step.labels.join(", ")),
            };
            let call = format!("{}({})", step.application, step.arguments);
            writeln!(
                f,
                "{:>4}{} {}    from {} in [{}], {}:{}",
                step.priority,
                label.escape_debug(),
                call.escape_debug(),
                step.extension.escape_debug(),
                step.context.escape_debug(),
                step.file.escape_debug(),
                step.line
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::{load, reader::Memory, Options};
    use std::path::Path;

    const PLAN: &str = "\
[in]
exten => 200,1,Answer()
exten => _2XX,1,NoOp(hundreds)
 same => n(say),Playback(hello)
exten => _2X!,1,NoOp(early)
exten => _X.,1,NoOp(any)
 same => n,NoOp(two)
 same => n,Hangup()
exten => 300/15550100,1,NoOp(friend)
exten => 300,1,NoOp(anybody)
include => night,22:00-06:00,*,*,*
include => more
[night]
exten => 200,1,NoOp(night)
[more]
exten => 200,1,NoOp(more)
exten => *9,1,NoOp(star)
";

    fn ask(number: &str, context: &str, caller: &str) -> Result<Explanation, String> {
        let options = Options {
            zone: jiff::tz::TimeZone::UTC,
            ..Options::default()
        };
        let (plan, findings) = load(Path::new("a.conf"), &Memory::new([("a.conf", PLAN)]), &options);
        let plan = plan.unwrap_or_else(|| panic!("{findings:?}"));
        let question = Question {
            number: number.into(),
            context: context.into(),
            caller: caller.into(),
            at: SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(12 * 3600),
        };
        explain(&plan, &question)
    }

    #[test]
    fn candidates_stand_in_order_and_steps_come_from_where_they_are_found() {
        let answer = ask("200", "in", "").expect("the context exists");
        let shown: Vec<String> = answer
            .candidates
            .iter()
            .map(|c| format!("{} [{}] {}", c.extension, c.context, c.why))
            .collect();
        assert_eq!(
            shown,
            [
                "200 [in] wins: the first in order that has a priority 1",
                "_2XX [in] matches, but is a pattern: the plain 200 goes first",
                "_2X! [in] matches, but is a pattern: the plain 200 goes first",
                "_X. [in] matches, but is a pattern: the plain 200 goes first",
                "200 [night] matches, but [night] is included only at 22:00-06:00,*,*,*",
                "200 [more] matches, but [more] comes after [in]: an included context is asked only for what is \
                 missing before it",
            ]
        );
        let steps: Vec<String> = answer
            .steps
            .iter()
            .map(|s| {
                format!(
                    "{} {} {}({}) {}",
                    s.priority, s.extension, s.application, s.arguments, s.line
                )
            })
            .collect();
        assert_eq!(
            steps,
            ["1 200 Answer() 2", "2 _2XX Playback(hello) 4", "3 _X. Hangup() 8"]
        );
        assert_eq!(answer.to_json()["winner"], "200");
    }

    #[test]
    fn the_position_that_decided_is_named() {
        let answer = ask("212", "in", "").expect("the context exists");
        assert_eq!(answer.winner.as_deref(), Some("_2XX"));
        assert_eq!(
            answer.candidates[1].why,
            "matches, but goes after _2XX: position 3 is a ! for anything or nothing (score 0x28000), there one of 0-9 \
             (score 0xa30)"
        );
    }

    #[test]
    fn the_caller_decides() {
        let friend = ask("300", "in", "15550100").expect("the context exists");
        assert_eq!(friend.winner.as_deref(), Some("300/15550100"));
        let other = ask("300", "in", "15550199").expect("the context exists");
        assert_eq!(other.winner.as_deref(), Some("300"));
        assert_eq!(
            other.candidates[0].why,
            "matches, but for another caller: this one is 15550199"
        );
    }

    #[test]
    fn nothing_that_matches_has_no_winner() {
        let answer = ask("*", "in", "").expect("the context exists");
        assert_eq!(answer.to_json()["winner"], Value::Null);
        assert!(answer.to_string().contains("would with more digits"), "{answer}");
        assert!(
            answer
                .to_string()
                .contains("position 1 is *, where it wants one of 0-9"),
            "{answer}"
        );
        assert_eq!(
            ask("1", "nowhere", "").unwrap_err(),
            "there is no context [nowhere]"
        );
    }
}
