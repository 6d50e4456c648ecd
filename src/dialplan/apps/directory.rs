use super::{Application, Check, Manual, Outcome, Run, KEYS};
use crate::dialplan::arguments::{Arguments, Options};
use crate::dialplan::channel::{Audio, Gone, Played};
use crate::dialplan::interp::{Flow, Place};
use crate::dialplan::say;
use crate::dialplan::substitute::{leading_integer, Values as _};
use async_trait::async_trait;
use std::time::Duration;

mod names;

use names::{Entry, Search};

/// Directory
pub struct Directory;

static MANUAL: Manual = Manual {
    name: "Directory",
    syntax: "Directory([vm-context[,dial-context[,options]]])",
    synopsis: "Lets the caller find a person by the letters of the name on the keys.",
    text: "The people are those mailboxes that have a `full_name`; its last word is the last name. A mailbox \
           `100@sales` is in the vm-context `sales`, one without `@` in every one. The caller enters the first three \
           letters, hears the names that fit, the sound `voicemail/MAILBOX/greet` or else spelled, and goes with `1` to \
           the extension of the mailbox (`100`) in the dial-context, which is the vm-context where it is not named, and \
           the current one where that does not exist. `*` goes on to the next name, `#` ends. While letters are \
           entered, `0` goes to the extension `o` and `*` to `a` of the dial-context.",
    options: &[
        ("f(n)", "By the first name, of which n letters are entered."),
        ("l(n)", "By the last name, as without an option."),
        ("b(n)", "By either; so do two of these together."),
        ("e", "Says the extension too."),
        ("m", "A menu of up to eight names, each with its key, in place of one after another."),
        ("n", "Does not answer the call."),
        ("p(ms)", "Pauses so many milliseconds after the letters."),
        ("s", "Goes nowhere: the extension is in DIRECTORY_EXTEN."),
        ("a, d", "Aliases and displays: accepted without effect."),
    ],
    variables: &[
        (
            "DIRECTORY_RESULT",
            "SELECTED; OPERATOR; ASSISTANT (`*`); TIMEOUT; USEREXIT (`#`); HANGUP; FAILED, also where what was selected \
             is no extension",
        ),
        ("DIRECTORY_EXTEN", "with `s`: what was selected"),
    ],
};

/// How long a letter is waited for.
const LETTER: Duration = Duration::from_secs(5);
/// How long an answer is waited for.
const CHOICE: Duration = Duration::from_secs(3);
/// How often a name is offered to a caller who presses nothing.
const OFFERS: u32 = 3;
/// Names in a menu: nine is for more.
const MENU: usize = 8;

#[async_trait]
impl Application for Directory {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.option_letters(2, "flbemnpsad");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let options = arguments.options(2);
        let named = [arguments.get(1), arguments.get(0)].map(str::trim);
        let named = named.into_iter().find(|name| !name.is_empty()).unwrap_or("default");
        let visit = Visit {
            context: match run.plan.contexts.contains_key(named) {
                true => named.to_string(),
                false => run.at.context.clone(),
            },
            search: Search::of(&options),
            entries: names::entries(&run.channel.mailboxes(), arguments.get(0).trim()),
            options,
        };
        run.set("DIRECTORY_RESULT", "HANGUP");
        if visit.entries.is_empty() {
            run.complain("Directory: no mailbox has a full_name".to_string());
            run.set("DIRECTORY_RESULT", "FAILED");
            return Ok(Flow::Next);
        }
        if !visit.options.has('n') {
            run.channel.answer().await?;
        }
        let end = visit.search(run).await?;
        let (result, place) = match end {
            End::Timeout => ("TIMEOUT", None),
            End::Left => ("USEREXIT", None),
            End::Exit('0') => ("OPERATOR", visit.place(run, "o")),
            End::Exit(_) => ("ASSISTANT", visit.place(run, "a")),
            End::Selected(extension) if visit.options.has('s') => {
                run.set("DIRECTORY_EXTEN", extension);
                run.set("DIRECTORY_RESULT", "SELECTED");
                return Ok(Flow::Next);
            }
            End::Selected(extension) => match visit.place(run, &extension) {
                Some(place) => ("SELECTED", Some(place)),
                None => {
                    run.complain(format!("Directory: there is no extension {extension} in {}", visit.context));
                    ("FAILED", None)
                }
            },
        };
        run.set("DIRECTORY_RESULT", result);
        Ok(place.map_or(Flow::Next, Flow::Goto))
    }
}

/// How it ends.
enum End {
    /// Nothing was pressed.
    Timeout,
    /// The caller has enough.
    Left,
    /// 0 or *, where that leads somewhere.
    Exit(char),
    /// This extension.
    Selected(String),
}

/// One use of the directory.
struct Visit {
    /// Where the extensions are.
    context: String,
    search: Search,
    entries: Vec<Entry>,
    options: Options,
}

impl Visit {
    fn place(&self, run: &Run<'_>, extension: &str) -> Option<Place> {
        run.exists(&self.context, extension, 1).then(|| Place {
            context: self.context.clone(),
            extension: extension.to_string(),
            priority: 1,
        })
    }

    /// Asks for letters until something comes of them.
    async fn search(&self, run: &mut Run<'_>) -> Result<End, Gone> {
        let mut sounds = vec!["dir-welcome".to_string()];
        loop {
            sounds.push("dir-pls-enter".to_string());
            let letters = i64::try_from(self.search.letters).unwrap_or(i64::MAX);
            sounds.extend(run.grammar().number(letters, None).unwrap_or_default());
            sounds.push(self.search.prompt().to_string());
            sounds.push("dir-usingkeypad".to_string());
            let digits = match self.letters(run, std::mem::take(&mut sounds)).await? {
                Ok(digits) => digits,
                Err(end) => return Ok(end),
            };
            let pause = self.options.value('p').and_then(leading_integer).and_then(|ms| u64::try_from(ms).ok());
            if let Some(pause) = pause {
                run.sleep(Duration::from_millis(pause).min(CHOICE)).await?;
            }
            let found: Vec<&Entry> = self.entries.iter().filter(|entry| self.search.fits(entry, &digits)).collect();
            let chosen = match (found.is_empty(), self.options.has('m')) {
                (true, _) => {
                    play(run, vec!["dir-nomatch".to_string()], "").await?;
                    None
                }
                (false, false) => self.one_by_one(run, &found).await?,
                (false, true) => self.menu(run, &found).await?,
            };
            if let Some(end) = chosen {
                return Ok(end);
            }
        }
    }

    /// The letters, as digits; `#` ends them early.
    async fn letters(&self, run: &mut Run<'_>, sounds: Vec<String>) -> Result<Result<String, End>, Gone> {
        let mut digits = String::new();
        let mut key = play(run, sounds, KEYS).await?;
        loop {
            let pressed = match key.take() {
                Some(key) => Some(key),
                None => run.read_digit(LETTER).await?,
            };
            match pressed {
                None if digits.is_empty() => return Ok(Err(End::Timeout)),
                None => return Ok(Ok(digits)),
                Some('0') if self.place(run, "o").is_some() => return Ok(Err(End::Exit('0'))),
                Some('*') if self.place(run, "a").is_some() => return Ok(Err(End::Exit('*'))),
                Some('#') if digits.is_empty() => return Ok(Err(End::Left)),
                Some('#') => return Ok(Ok(digits)),
                Some(digit @ '2'..='9') => digits.push(digit),
                // No letter is on it.
                Some(_) => {}
            }
            if digits.len() >= self.search.letters {
                return Ok(Ok(digits));
            }
        }
    }

    /// Each name with a question.
    async fn one_by_one(&self, run: &mut Run<'_>, found: &[&Entry]) -> Result<Option<End>, Gone> {
        for entry in found {
            for _ in 0..OFFERS {
                let mut sounds = self.spoken(run, entry);
                sounds.push("dir-instr".to_string());
                let key = match play(run, sounds, "01*#").await? {
                    Some(key) => Some(key),
                    None => run.read_digit(CHOICE).await?,
                };
                match key {
                    Some('1') => return Ok(Some(End::Selected(entry.extension.clone()))),
                    Some('0') if self.place(run, "o").is_some() => return Ok(Some(End::Exit('0'))),
                    Some('#') => return Ok(Some(End::Left)),
                    Some('*') => break,
                    _ => {}
                }
            }
        }
        play(run, vec!["dir-nomore".to_string()], "").await?;
        Ok(None)
    }

    /// Names with a key each.
    async fn menu(&self, run: &mut Run<'_>, found: &[&Entry]) -> Result<Option<End>, Gone> {
        let mut from = 0;
        while let Some(page) = found.get(from..).filter(|rest| !rest.is_empty()) {
            let page = page.get(..MENU).unwrap_or(page);
            let is_more = from + page.len() < found.len();
            let mut sounds = Vec::new();
            for (entry, number) in page.iter().zip(1..) {
                sounds.push("dir-multi1".to_string());
                sounds.extend(run.grammar().number(number, None).unwrap_or_default());
                sounds.push("dir-multi2".to_string());
                sounds.extend(self.spoken(run, entry));
            }
            if is_more {
                sounds.push("dir-multi9".to_string());
            }
            let key = match play(run, sounds, KEYS).await? {
                Some(key) => Some(key),
                None => run.read_digit(CHOICE).await?,
            };
            let chosen = key.and_then(|key| key.to_digit(10)).and_then(|digit| digit.checked_sub(1));
            match (chosen.and_then(|index| page.get(usize::try_from(index).ok()?)), key) {
                (Some(entry), _) => return Ok(Some(End::Selected(entry.extension.clone()))),
                (None, Some('0')) if self.place(run, "o").is_some() => return Ok(Some(End::Exit('0'))),
                (None, Some('#')) => return Ok(Some(End::Left)),
                (None, None) => return Ok(Some(End::Timeout)),
                // Nine is for more; where there is no more, the letters are asked for again.
                (None, Some(_)) => from += page.len(),
            }
        }
        play(run, vec!["dir-nomore".to_string()], "").await?;
        Ok(None)
    }

    /// A name, as the operator has it recorded or spelled, perhaps with the extension.
    fn spoken(&self, run: &Run<'_>, entry: &Entry) -> Vec<String> {
        let recorded = format!("voicemail/{}/greet", entry.mailbox);
        let mut sounds = match run.sound(&recorded) {
            Some(_) => vec![recorded],
            None => run.grammar().characters(&entry.name, say::Case::None),
        };
        if self.options.has('e') {
            sounds.push("dir-multi3".to_string());
            sounds.extend(run.grammar().characters(&entry.extension, say::Case::None));
        }
        sounds
    }
}

/// Plays, and gives the key that interrupted.
async fn play(run: &mut Run<'_>, sounds: Vec<String>, keys: &str) -> Result<Option<char>, Gone> {
    let audio: Vec<Audio> = say::audio(sounds);
    match run.play(&audio, keys).await? {
        Played::Digit(key) => Ok(Some(key)),
        Played::Finished | Played::Missing(_) => Ok(None),
    }
}
