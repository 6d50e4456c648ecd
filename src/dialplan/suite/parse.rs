//! Reading a file of tests: each line is a sentence that begins with its verb.

use super::line::{Line, Mistake, CODE};
use super::{Case, Expectation, Expected, Setup, Suite};
use crate::diagnostic::{Diagnostic, Source};
use crate::dialplan::channel::{CallerId, Indication};
use crate::dialplan::testing::{mailbox, moment, Act, When};
use jiff::tz::TimeZone;
use std::sync::Arc;
use std::time::Duration;

/// How far apart pressed keys are.
const BETWEEN_KEYS: Duration = Duration::from_millis(200);

/// Reads tests; every line that is not understood is told.
pub(super) fn parse(source: &Arc<Source>) -> (Suite, Vec<Diagnostic>) {
    let mut suite = Suite::default();
    // What stands before the first test holds for all of them.
    let mut common = Case::default();
    let mut mistakes = Vec::new();
    let mut start = 0;
    for (index, text) in source.text.split_inclusive('\n').enumerate() {
        let line = Line::new(source, start, text);
        start += text.len();
        if text.trim().is_empty() || text.trim_start().starts_with(['#', ';']) {
            continue;
        }
        let read = match suite.cases.last_mut() {
            _ if line.clone().takes("test") => {
                begin(line, index + 1, &common).map(|case| suite.cases.push(case))
            }
            Some(case) => sentence(line, index + 1, case),
            None if line.clone().takes("dialplan") => file(line).map(|file| suite.dialplan = Some(file)),
            None => sentence(line, index + 1, &mut common),
        };
        mistakes.extend(read.err().map(|mistake| *mistake));
    }
    if suite.cases.is_empty() && mistakes.is_empty() {
        let finding = Diagnostic::error(CODE, "there is no test here").at(source, 0..0);
        mistakes.push(finding.hint("a test begins with a line: test NAME"));
    }
    (suite, mistakes)
}

fn begin(mut line: Line<'_>, number: usize, common: &Case) -> Result<Case, Mistake> {
    line.needs("test")?;
    Ok(Case {
        name: line.all("the name of the test")?.to_string(),
        line: number,
        ..common.clone()
    })
}

fn file(mut line: Line<'_>) -> Result<String, Mistake> {
    line.needs("dialplan")?;
    let file = line.word("the name of a file")?.to_string();
    line.ends()?;
    Ok(file)
}

/// The sentences of a test.
const VERBS: &str =
    "dial, at, when, after, expect, mailbox, sound, database, global, variable, header, channel, answer, \
                     allow or test";

fn sentence(mut line: Line<'_>, number: usize, case: &mut Case) -> Result<(), Mistake> {
    let before = line.clone();
    let setup = &mut case.setup;
    match line.word(VERBS)?.to_ascii_lowercase().as_str() {
        "dial" => dial(&mut line, setup)?,
        "at" => {
            let place = line.clone();
            let text = line.all("a time")?;
            let zone = zone_of(text).unwrap_or(TimeZone::UTC);
            let time = moment(text, &zone).map_err(|message| place.wrong(message))?;
            setup.script.clock = time;
            setup.zone = zone;
        }
        "when" => {
            let when = match line.takes("recording") {
                true => When::Records,
                false => {
                    let sound = line.word("the name of a sound, or: recording")?;
                    line.needs("plays")?;
                    When::Hears(sound.to_string())
                }
            };
            // As people say it; the second sentence about a sound is about its second time anyway.
            line.takes("again");
            line.takes_comma();
            setup.script.reactions.push((when, acts(&mut line)?));
        }
        "after" => {
            let when = When::At(line.time()?);
            line.takes_comma();
            setup.script.reactions.push((when, acts(&mut line)?));
        }
        "mailbox" => a_mailbox(&mut line, setup)?,
        "sound" => {
            let name = line.word("the name of a sound")?.to_string();
            if line.takes("is missing") {
                setup.script.missing.insert(name);
            } else {
                line.needs("lasts")?;
                setup.script.lengths.insert(name, line.time()?);
            }
        }
        "database" => {
            let (family, key, value) = database(&mut line)?;
            setup.database.push((family, key, value));
        }
        "global" => {
            let (name, value) = line.assignment("name")?;
            setup.globals.push((name.to_string(), value.to_string()));
        }
        "variable" => {
            let (name, value) = line.assignment("name")?;
            setup.variables.push((name.to_string(), value.to_string()));
        }
        "header" => {
            let (name, value) = line.split(':', "name: value")?;
            let headers = &mut setup.script.facts.headers;
            headers.push((name.to_string(), value.to_string()));
        }
        "channel" => {
            let (name, value) = line.assignment("item")?;
            setup.script.items.insert(name.to_string(), value.to_string());
        }
        "answer" => {
            let (question, answer) = line.split_last("URL or command = answer")?;
            setup.answers.push((question.to_string(), answer.to_string()));
        }
        "allow" => setup
            .allow
            .push(line.word("an application or function")?.to_string()),
        "expect" => {
            line.takes("that");
            let expected = expectation(&mut line)?;
            case.expectations.push(Expectation {
                line: number,
                expected,
            });
        }
        _ => return Err(before.expected(VERBS)),
    }
    line.ends()
}

/// `dial NUMBER [from NUMBER] [named NAME] [in CONTEXT] [through TRUNK] [redirected by NUMBER] [with the number hidden]`.
fn dial(line: &mut Line<'_>, setup: &mut Setup) -> Result<(), Mistake> {
    let facts = &mut setup.script.facts;
    facts.did = line.word("the number to dial")?.to_string();
    setup.dials = true;
    while !line.is_over() {
        line.takes_comma();
        if line.takes("from") {
            facts.caller.number = line.word("the caller's number")?.to_string();
        } else if line.takes("named") {
            facts.caller.name = line.word("the caller's name")?.to_string();
        } else if line.takes("in") {
            facts.context = line.word("the name of a context")?.to_string();
            setup.context = true;
        } else if line.takes("through") {
            facts.trunk = line.word("the name of a trunk")?.to_string();
        } else if line.takes("redirected by") {
            facts.diversion = Some(CallerId {
                number: line.word("a number")?.to_string(),
                name: String::new(),
            });
        } else if line.takes("with the number hidden") {
            facts.private = true;
        } else {
            return Err(line.expected("from, named, in, through, redirected by or with the number hidden"));
        }
    }
    facts.from = facts.caller.clone();
    Ok(())
}

/// The zone that a time names at its end.
fn zone_of(text: &str) -> Option<TimeZone> {
    TimeZone::get(text.rsplit_once(' ')?.1).ok()
}

/// `press 12#, wait 2, speak 5, send text "yes", hang up`.
fn acts(line: &mut Line<'_>) -> Result<Vec<(Duration, Act)>, Mistake> {
    let mut acts = Vec::new();
    let mut at = Duration::ZERO;
    loop {
        line.takes("then");
        let place = line.clone();
        if line.takes("press") {
            let keys = line.word("keys")?;
            if let Some(wrong) = keys.chars().find(|key| !"0123456789*#ABCD".contains(*key)) {
                return Err(place.wrong(format!("{wrong} is not a key of a telephone")));
            }
            for key in keys.chars() {
                acts.push((at, Act::Press(key)));
                at += BETWEEN_KEYS;
            }
        } else if line.takes("wait") {
            at += line.time()?;
        } else if line.takes("speak") {
            let time = line.time()?;
            acts.push((at, Act::Speak(time)));
            at += time;
        } else if line.takes("send text") {
            acts.push((at, Act::Text(line.word("a text")?.to_string())));
        } else if line.takes("hang up") {
            acts.push((at, Act::Hangup));
        } else {
            return Err(line.expected("press, wait, speak, send text or hang up"));
        }
        if !line.takes_comma() {
            return Ok(acts);
        }
    }
}

/// `mailbox NAME[, at least 2 seconds][, at most 60 seconds][, silence 5 seconds][, no beep]`.
fn a_mailbox(line: &mut Line<'_>, setup: &mut Setup) -> Result<(), Mistake> {
    let mut facts = mailbox(line.word("the name of a mailbox")?);
    while line.takes_comma() {
        if line.takes("at least") {
            facts.min = line.time()?;
        } else if line.takes("at most") {
            facts.max = line.time()?;
        } else if line.takes("silence") {
            facts.silence = Some(line.time()?).filter(|time| !time.is_zero());
        } else if line.takes("no beep") {
            facts.beep = false;
        } else {
            return Err(line.expected("at least, at most, silence or no beep"));
        }
    }
    let mailboxes = &mut setup.script.mailboxes;
    mailboxes.retain(|known| known.name != facts.name);
    mailboxes.push(facts);
    Ok(())
}

/// `family/key = value`.
fn database(line: &mut Line<'_>) -> Result<(String, String, String), Mistake> {
    let place = line.clone();
    let (name, value) = line.assignment("family/key")?;
    let (family, key) = family_and_key(name, &place)?;
    Ok((family, key, value.to_string()))
}

fn family_and_key(name: &str, place: &Line<'_>) -> Result<(String, String), Mistake> {
    match name.split_once('/') {
        Some((family, key)) if !family.is_empty() && !key.is_empty() => {
            Ok((family.to_string(), key.to_string()))
        }
        _ => Err(place.expected("family/key")),
    }
}

/// What `expect` can say.
const EXPECTED: &str =
    "to hear, not to hear, an answer, no answer, a memo, no memo, variable, global, database, no \
                        database, hang-up, busy, congestion, ringing, progress, a text, a message or a fault";

fn expectation(line: &mut Line<'_>) -> Result<Expected, Mistake> {
    if line.takes("to hear nothing") {
        return Ok(Expected::HearsOnly(Vec::new()));
    }
    if line.takes("to hear only") {
        return Ok(Expected::HearsOnly(sounds(line)?));
    }
    if line.takes("to hear") {
        return Ok(Expected::Hears(sounds(line)?));
    }
    if line.takes("not to hear") {
        return Ok(Expected::HearsNone(sounds(line)?));
    }
    if line.takes("an answer") {
        return Ok(Expected::Answered(true));
    }
    if line.takes("no answer") {
        return Ok(Expected::Answered(false));
    }
    if line.takes("no memo") {
        return Ok(Expected::NoMemo);
    }
    if line.takes("a memo for") {
        return memo(line);
    }
    if line.takes("variable") {
        let (name, value) = line.assignment("name")?;
        return Ok(Expected::Variable(name.to_string(), value.to_string()));
    }
    if line.takes("global") {
        let (name, value) = line.assignment("name")?;
        return Ok(Expected::Global(name.to_string(), value.to_string()));
    }
    if line.takes("database") {
        let (family, key, value) = database(line)?;
        return Ok(Expected::Database(family, key, Some(value)));
    }
    if line.takes("no database") {
        let place = line.clone();
        let (family, key) = family_and_key(line.word("family/key")?, &place)?;
        return Ok(Expected::Database(family, key, None));
    }
    if line.takes("hang-up by the caller") {
        return Ok(Expected::OverByCaller(true));
    }
    if line.takes("hang-up by the dialplan") {
        return Ok(Expected::OverByCaller(false));
    }
    if line.takes("hang-up with cause") {
        let place = line.clone();
        let cause = line.word("a cause of Q.850")?.parse();
        return cause
            .map(Expected::Cause)
            .map_err(|_| place.expected("a cause of Q.850, a number below 128"));
    }
    for (word, indication) in [
        ("busy", Indication::Busy),
        ("congestion", Indication::Congestion),
        ("ringing", Indication::Ringing),
        ("progress", Indication::Progress),
    ] {
        if line.takes(word) {
            return Ok(Expected::Indicated(indication));
        }
    }
    if line.takes("a text") {
        return Ok(Expected::Text(line.word("a text")?.to_string()));
    }
    if line.takes("a message to") {
        let to = line.word("a SIP address")?.to_string();
        line.needs("saying")?;
        return Ok(Expected::Message(to, line.word("a text")?.to_string()));
    }
    if line.takes("a fault") {
        return Ok(Expected::Fault);
    }
    Err(line.expected(EXPECTED))
}

fn sounds(line: &mut Line<'_>) -> Result<Vec<String>, Mistake> {
    let mut sounds = Vec::new();
    loop {
        line.takes("then");
        sounds.push(line.word("the name of a sound")?.to_string());
        if !line.takes_comma() {
            return Ok(sounds);
        }
    }
}

/// `a memo for NAME [of 4 to 6 seconds | of at least 4 seconds | of at most 6 seconds | of 5 seconds]`.
fn memo(line: &mut Line<'_>) -> Result<Expected, Mistake> {
    let mailbox = line.word("the name of a mailbox")?.to_string();
    let mut length = (Duration::ZERO, Duration::MAX);
    if line.takes("of at least") {
        length.0 = line.time()?;
    } else if line.takes("of at most") {
        length.1 = line.time()?;
    } else if line.takes("of") {
        let from = line.time()?;
        let to = if line.takes("to") { line.time()? } else { from };
        length = (from, to);
    }
    Ok(Expected::Memo { mailbox, length })
}
