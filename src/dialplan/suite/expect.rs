//! Whether what happened in a call is what its test expects.

use super::{Expectation, Expected, Failure, Told};
use crate::dialplan::channel::Indication;
use crate::dialplan::interp::RunEnd;
use crate::dialplan::services::{self, Services};
use crate::dialplan::Globals;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// All that a test may ask about a call that is over.
#[derive(Default)]
pub(super) struct Happened {
    pub end: Option<RunEnd>,
    pub told: Vec<Told>,
    pub cause: u8,
    pub variables: HashMap<String, String>,
    pub globals: Globals,
    pub machine: Option<Arc<services::Memory>>,
    pub remarks: Vec<String>,
}

impl Happened {
    /// What did not happen as expected.
    pub fn failures(&self, expectations: &[Expectation], line: usize) -> Vec<Failure> {
        let mut failures = Vec::new();
        let mut heard = 0;
        let mut fault_expected = false;
        for Expectation { line, expected } in expectations {
            fault_expected |= matches!(expected, Expected::Fault);
            if let Err((expected, happened)) = self.meets(expected, &mut heard) {
                failures.push(Failure {
                    line: *line,
                    expected,
                    happened,
                });
            }
        }
        if let (Some(RunEnd::Fault(message)), false) = (&self.end, fault_expected) {
            failures.push(Failure {
                line,
                expected: "the dialplan to go on without a fault".to_string(),
                happened: message.clone(),
            });
        }
        failures
    }

    fn sounds(&self) -> Vec<&str> {
        let heard = self.told.iter().filter_map(|told| match told {
            Told::Heard(sound) => Some(sound.as_str()),
            _ => None,
        });
        heard.collect()
    }

    /// `heard` counts the sounds that the sentences before were about.
    fn meets(&self, expected: &Expected, heard: &mut usize) -> Result<(), (String, String)> {
        match expected {
            Expected::Hears(sounds) => self.hears(sounds, heard),
            Expected::HearsOnly(sounds) => {
                let all = self.sounds();
                let same = all.iter().eq(sounds);
                verdict(same, || {
                    (
                        format!("to hear only {}", list(sounds)),
                        format!("heard {}", list(&all)),
                    )
                })
            }
            Expected::HearsNone(sounds) => {
                let all = self.sounds();
                match sounds.iter().find(|sound| all.contains(&sound.as_str())) {
                    None => Ok(()),
                    Some(sound) => Err((format!("not to hear {sound}"), format!("heard {}", list(&all)))),
                }
            }
            Expected::Answered(wanted) => {
                let answered = self.told.contains(&Told::Answered);
                let words = |answered: bool| if answered { "an answer" } else { "no answer" };
                verdict(answered == *wanted, || {
                    (words(*wanted).to_string(), words(answered).to_string())
                })
            }
            Expected::Memo { mailbox, length } => self.memo(mailbox, *length),
            Expected::NoMemo => {
                let memos = self.memos();
                verdict(memos.is_empty(), || ("no memo".to_string(), memo_list(&memos)))
            }
            Expected::Variable(name, value) => {
                let found = self.variables.get(name).map_or("", String::as_str);
                same(name, value, found)
            }
            Expected::Global(name, value) => same(name, value, &self.globals.get(name).unwrap_or_default()),
            Expected::Database(family, key, value) => {
                let found = self
                    .machine
                    .as_ref()
                    .and_then(|machine| machine.db_get(family, key));
                let shown = |value: &Option<String>| match value {
                    Some(value) => format!("database {family}/{key} = {value}"),
                    None => format!("no database {family}/{key}"),
                };
                verdict(found == *value, || (shown(value), shown(&found)))
            }
            Expected::OverByCaller(wanted) => {
                let over = self.told.iter().find_map(|told| match told {
                    Told::Over { by_caller } => Some(*by_caller),
                    _ => None,
                });
                let who = |caller: bool| if caller { "the caller" } else { "the dialplan" };
                let by_caller = over.unwrap_or_default();
                verdict(by_caller == *wanted, || {
                    (
                        format!("hang-up by {}", who(*wanted)),
                        format!("{} hung up", who(by_caller)),
                    )
                })
            }
            Expected::Cause(cause) => verdict(self.cause == *cause, || {
                (
                    format!("hang-up with cause {cause}"),
                    format!("the cause was {}", self.cause),
                )
            }),
            Expected::Indicated(indication) => {
                let found = self.told.contains(&Told::Indicated(*indication));
                verdict(found, || {
                    let told = self.told.iter().filter_map(|told| match told {
                        Told::Indicated(indication) => Some(name(*indication)),
                        _ => None,
                    });
                    let told: Vec<&str> = told.collect();
                    (
                        name(*indication).to_string(),
                        format!("the caller was told {}", list(&told)),
                    )
                })
            }
            Expected::Text(text) => {
                let texts = self.told.iter().filter_map(|told| match told {
                    Told::Text(text) => Some(text.as_str()),
                    _ => None,
                });
                let texts: Vec<&str> = texts.collect();
                verdict(texts.contains(&text.as_str()), || {
                    (
                        format!("the text {text:?}"),
                        format!("the texts were {}", list(&texts)),
                    )
                })
            }
            Expected::Message(to, text) => {
                let messages = self.machine.as_ref().map(|machine| machine.messages());
                let messages = messages.unwrap_or_default();
                let found = messages
                    .iter()
                    .any(|message| message.to == *to && message.body == *text);
                verdict(found, || {
                    let shown: Vec<String> = messages
                        .iter()
                        .map(|message| format!("{:?} to {}", message.body, message.to))
                        .collect();
                    (
                        format!("a message {text:?} to {to}"),
                        format!("the messages were {}", list(&shown)),
                    )
                })
            }
            Expected::Fault => verdict(matches!(self.end, Some(RunEnd::Fault(_))), || {
                (
                    "a fault".to_string(),
                    "the dialplan went on without one".to_string(),
                )
            }),
        }
    }

    fn hears(&self, sounds: &[String], heard: &mut usize) -> Result<(), (String, String)> {
        let all = self.sounds();
        let before = *heard;
        for sound in sounds {
            let rest = all.get(*heard..).unwrap_or_default();
            match rest.iter().position(|other| other == sound) {
                Some(index) => *heard += index + 1,
                None => {
                    let after = heard.checked_sub(1).and_then(|last| all.get(last));
                    let after = after.map_or(String::new(), |last| format!(" after {last}"));
                    let rest = all.get(before..).unwrap_or_default();
                    return Err((format!("to hear {sound}{after}"), format!("heard {}", list(rest))));
                }
            }
        }
        Ok(())
    }

    fn memos(&self) -> Vec<(&str, Duration)> {
        let memos = self.told.iter().filter_map(|told| match told {
            Told::Memo { mailbox, length } => Some((mailbox.as_str(), *length)),
            _ => None,
        });
        memos.collect()
    }

    fn memo(&self, mailbox: &str, (from, to): (Duration, Duration)) -> Result<(), (String, String)> {
        let memos = self.memos();
        let found = memos
            .iter()
            .any(|(whose, length)| *whose == mailbox && (from..=to).contains(length));
        verdict(found, || {
            let length = match (from.as_secs_f64(), to.as_secs_f64()) {
                (from, _) if from == 0.0 && to == Duration::MAX => String::new(),
                (from, _) if to == Duration::MAX => format!(" of at least {from} seconds"),
                (from, to) => format!(" of {from} to {to} seconds"),
            };
            (format!("a memo for {mailbox}{length}"), memo_list(&memos))
        })
    }
}

fn verdict(met: bool, failure: impl FnOnce() -> (String, String)) -> Result<(), (String, String)> {
    match met {
        true => Ok(()),
        false => Err(failure()),
    }
}

fn same(name: &str, value: &str, found: &str) -> Result<(), (String, String)> {
    verdict(value == found, || {
        (format!("{name} = {value}"), format!("{name} is {found:?}"))
    })
}

fn list(items: &[impl AsRef<str>]) -> String {
    match items {
        [] => "nothing".to_string(),
        items => {
            let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
            items.join(", ")
        }
    }
}

fn memo_list(memos: &[(&str, Duration)]) -> String {
    let memos: Vec<String> = memos
        .iter()
        .map(|(mailbox, length)| format!("a memo for {mailbox} of {:.1} seconds", length.as_secs_f64()))
        .collect();
    match memos.is_empty() {
        true => "no memo".to_string(),
        false => memos.join(", "),
    }
}

fn name(indication: Indication) -> &'static str {
    match indication {
        Indication::Ringing => "ringing",
        Indication::Progress => "progress",
        Indication::Busy => "busy",
        Indication::Congestion => "congestion",
    }
}
