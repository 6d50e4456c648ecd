//! What the caller hears before the beep, and the keys that lead elsewhere meanwhile.

use super::exit;
use crate::dialplan::apps::KEYS;
use crate::dialplan::arguments::Options;
use crate::dialplan::channel::{Audio, Gone, MailboxFacts, Played};
use crate::dialplan::interp::{Place, Run};

/// What a key did.
pub enum Pressed {
    /// Nothing, or it went on to the beep.
    Nothing,
    /// It leads there.
    Leave(Place),
}

/// Plays the greeting that the options ask for, and the instructions.
pub async fn play(run: &mut Run<'_>, mailbox: &MailboxFacts, options: &Options) -> Result<Pressed, Gone> {
    let exits = Exits::of(run, options);
    let (greeting, is_own) = match options.has('b') || options.has('u') {
        true => greeting(run, mailbox, options.has('b')),
        false => (Vec::new(), false),
    };
    let mut sounds = greeting;
    let is_silent = options.has('s') || (options.has('S') && is_own);
    if !is_silent {
        sounds.push("vm-intro".to_string());
    }
    if sounds.is_empty() {
        return Ok(Pressed::Nothing);
    }
    let audio: Vec<Audio> = sounds.into_iter().map(Audio::File).collect();
    let place = match run.play(&audio, &exits.keys()).await? {
        Played::Digit(key) => exits.place(key),
        Played::Finished | Played::Missing(_) => None,
    };
    Ok(place.map_or(Pressed::Nothing, Pressed::Leave))
}

/// The sounds of the greeting, and whether it is the mailbox's own.
fn greeting(run: &Run<'_>, mailbox: &MailboxFacts, busy: bool) -> (Vec<String>, bool) {
    let kind = if busy { "busy" } else { "unavail" };
    for kind in ["temp", kind] {
        let own = format!("voicemail/{}/{kind}", mailbox.name);
        if run.sound(&own).is_some() {
            return (vec![own], true);
        }
    }
    let name = format!("voicemail/{}/greet", mailbox.name);
    let mut sounds = match run.sound(&name) {
        Some(_) => vec![name],
        None => {
            let mut sounds = vec!["vm-theperson".to_string()];
            let number = mailbox.name.split('@').next().unwrap_or_default();
            sounds.extend(run.grammar().digits(number));
            sounds
        }
    };
    sounds.push(if busy { "vm-isonphone" } else { "vm-isunavail" }.to_string());
    (sounds, false)
}

/// The keys that lead out of the greeting.
struct Exits(Vec<(char, Place)>);

impl Exits {
    fn of(run: &Run<'_>, options: &Options) -> Self {
        let named = [('0', "o"), ('*', "a")];
        let named = named.into_iter().filter_map(|(key, to)| Some((key, exit(run, to)?)));
        let mut exits: Vec<(char, Place)> = named.collect();
        if let Some(context) = options.value('d') {
            let context = if context.is_empty() { &run.at.context } else { context };
            for key in KEYS.chars().filter(|key| *key != '#') {
                let extension = key.to_string();
                if !exits.iter().any(|(other, _)| *other == key) && run.exists(context, &extension, 1) {
                    let context = context.to_string();
                    exits.push((
                        key,
                        Place {
                            context,
                            extension,
                            priority: 1,
                        },
                    ));
                }
            }
        }
        Exits(exits)
    }

    /// The keys that interrupt: those, and the one that goes on to the beep.
    fn keys(&self) -> String {
        self.0.iter().map(|(key, _)| *key).chain(['#']).collect()
    }

    fn place(self, key: char) -> Option<Place> {
        let mut exits = self.0.into_iter();
        exits.find(|(other, _)| *other == key).map(|(_, place)| place)
    }
}
