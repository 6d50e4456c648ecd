//! A scripted caller in virtual time: a dialplan runs against it as against a call, in no time, and what the caller
//! hears is written down.
//!
//! The script is text, a line each; `#` begins a comment:
//!
//! ```text
//! number 15550100            the caller; also name, did, context, trunk, header NAME: VALUE, diversion NUMBER NAME
//! clock 2026-03-02T10:00:00Z when the call begins
//! mailbox main min=2 max=60 silence=5 beep=yes review=no name=Ada_Example
//! sound greeting 3.5         how long a sound is; others are a second long
//! missing tt-weasels         a sound that does not exist
//! at 2: press 1              what the caller does, at a time of the call,
//! hears greeting: wait 0.5, press 12#, hangup
//! hears memo: press 7        the same of a memo that is played
//! records: speak 4, press #  or when a sound or a recording begins; each line once, in order
//! ```

use super::channel::{
    Audio, CallFacts, CallerId, Channel, Gone, Indication, Kept, ListenRequest, MailboxFacts, Played,
    RecordRequest, Recorded, RecordedEnd, Tone,
};
use super::interp::{Flow, Outcome, Place, Run, RunEnd};
use super::services::Services;
use super::{Dialplan, Globals};
use crate::codec::private::PrivateAudio;
use crate::rng::Rng;
use async_trait::async_trait;
use jiff::tz::TimeZone;
use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// A caller who gives up after so long, so that a dialplan that never ends does.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// A sound whose length the script does not tell.
const SOUND: Duration = Duration::from_secs(1);

/// What starts a line of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum When {
    At(Duration),
    Hears(String),
    Records,
}

/// One thing that the caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Press(char),
    /// Speaks for so long.
    Speak(Duration),
    /// Sends a text within the call.
    Text(String),
    Hangup,
}

/// A caller, as a script describes it.
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) facts: CallFacts,
    pub(super) clock: SystemTime,
    pub(super) mailboxes: Vec<MailboxFacts>,
    pub(super) lengths: HashMap<String, Duration>,
    pub(super) missing: HashSet<String>,
    /// What CHANNEL tells.
    pub(super) items: HashMap<String, String>,
    pub(super) reactions: Vec<(When, Vec<(Duration, Act)>)>,
}

impl Default for Script {
    fn default() -> Self {
        Script::new()
    }
}

impl Script {
    /// A caller without a number who calls nothing in particular and does nothing.
    pub fn new() -> Script {
        Script {
            facts: CallFacts {
                channel: "SIP/test-1".into(),
                unique_id: "1000000000.1".into(),
                trunk: "test".into(),
                context: "default".into(),
                call_id: "test-call".into(),
                ..CallFacts::default()
            },
            // 2026-01-01, a Thursday.
            clock: SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600),
            mailboxes: vec![mailbox("main")],
            lengths: HashMap::new(),
            missing: HashSet::new(),
            items: HashMap::new(),
            reactions: Vec::new(),
        }
    }

    /// Reads a script; the error names the line.
    pub fn parse(text: &str) -> Result<Script, String> {
        let mut script = Script::new();
        for line in text.lines() {
            // A hash within a line is a key to press.
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                script
                    .line(line)
                    .ok_or_else(|| format!("not understood: {line}"))?;
            }
        }
        Ok(script)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "number" => self.facts.caller.number = rest.to_string(),
            "name" => self.facts.caller.name = rest.to_string(),
            "did" => self.facts.did = rest.to_string(),
            "context" => self.facts.context = rest.to_string(),
            "trunk" => self.facts.trunk = rest.to_string(),
            "header" => {
                let (name, value) = rest.split_once(':')?;
                self.facts
                    .headers
                    .push((name.to_string(), value.trim().to_string()));
            }
            "diversion" => {
                let (number, name) = rest.split_once(' ').unwrap_or((rest, ""));
                self.facts.diversion = Some(CallerId {
                    number: number.to_string(),
                    name: name.to_string(),
                });
            }
            "clock" => self.clock = rest.parse::<jiff::Timestamp>().ok()?.into(),
            "mailbox" => {
                let mut words = rest.split_whitespace();
                let mut facts = mailbox(words.next()?);
                for word in words {
                    match word.split_once('=')? {
                        ("min", secs) => facts.min = seconds(secs)?,
                        ("max", secs) => facts.max = seconds(secs)?,
                        ("silence", secs) => facts.silence = Some(seconds(secs)?).filter(|s| !s.is_zero()),
                        ("beep", yes) => facts.beep = yes == "yes",
                        ("review", yes) => facts.review = yes == "yes",
                        // A space would begin another word.
                        ("name", name) => facts.full_name = name.replace('_', " "),
                        _ => return None,
                    }
                }
                self.mailboxes.retain(|m| m.name != facts.name);
                self.mailboxes.push(facts);
            }
            "sound" => {
                let (name, length) = rest.split_once(' ')?;
                self.lengths.insert(name.to_string(), seconds(length)?);
            }
            "channel" => {
                let (name, value) = rest.split_once(' ')?;
                self.items.insert(name.to_string(), value.trim().to_string());
            }
            "missing" => {
                self.missing.insert(rest.to_string());
            }
            _ => {
                let (when, acts) = line.split_once(':')?;
                let when = match when.trim().split_once(' ') {
                    Some(("at", time)) => When::At(seconds(time)?),
                    Some(("hears", sound)) => When::Hears(sound.trim().to_string()),
                    None if when.trim() == "records" => When::Records,
                    _ => return None,
                };
                self.reactions.push((when, acts_of(acts)?));
            }
        }
        Some(())
    }
}

/// A moment as a person writes it: `2026-03-02 10:00 Europe/Lisbon`, `2026-03-02T10:00Z`, or in `zone` where it names
/// none. The error says in a sentence what is wrong.
pub fn moment(text: &str, zone: &TimeZone) -> Result<SystemTime, String> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.into());
    }
    let (time, zone) = match text.rsplit_once(' ') {
        Some((time, name)) if name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            let zone = TimeZone::get(name).map_err(|_| format!("there is no time zone called {name}"))?;
            (time, zone)
        }
        _ => (text, zone.clone()),
    };
    let expected = |_| format!("{time} is not a time: write 2026-03-02 10:00");
    let time: jiff::civil::DateTime = time.trim().parse().map_err(expected)?;
    let zoned = time.to_zoned(zone).map_err(|error| error.to_string())?;
    Ok(zoned.timestamp().into())
}

/// The acts of a line, each with its time from the line's start.
fn acts_of(text: &str) -> Option<Vec<(Duration, Act)>> {
    let mut acts = Vec::new();
    let mut at = Duration::ZERO;
    for act in text.split(',').map(str::trim) {
        match act.split_once(' ') {
            None if act == "hangup" => acts.push((at, Act::Hangup)),
            Some(("wait", time)) => at += seconds(time)?,
            Some(("speak", time)) => {
                let time = seconds(time)?;
                acts.push((at, Act::Speak(time)));
                at += time;
            }
            Some(("text", text)) => acts.push((at, Act::Text(text.trim().to_string()))),
            Some(("press", keys)) => {
                for key in keys.trim().chars() {
                    acts.push((at, Act::Press(key)));
                    at += Duration::from_millis(200);
                }
            }
            _ => return None,
        }
    }
    Some(acts)
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()
}

/// A mailbox of which nothing but its name is told.
pub(super) fn mailbox(name: &str) -> MailboxFacts {
    MailboxFacts {
        name: name.to_string(),
        min: Duration::from_secs(2),
        max: Duration::from_secs(60),
        silence: Some(Duration::from_secs(10)),
        beep: true,
        full_name: String::new(),
        review: false,
    }
}

/// What happened in a call, as far as a test may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was answered.
    Answered,
    /// The caller heard that sound.
    Heard(String),
    /// The caller was told how the call fares.
    Indicated(Indication),
    /// A memo was kept.
    Memo {
        /// Whose.
        mailbox: String,
        /// How long.
        length: Duration,
    },
    /// The caller was sent a text within the call.
    Text(String),
    /// The call is over.
    Over {
        /// Whether the caller hung up.
        by_caller: bool,
    },
}

/// The call of a scripted caller.
pub struct Scripted {
    script: Script,
    /// Since the call began.
    now: Duration,
    /// What the caller is about to do, in order of time.
    pending: Vec<(Duration, Act)>,
    /// Digits that nothing asked for yet.
    digits: VecDeque<char>,
    /// Until when the caller speaks.
    speaks_until: Duration,
    up: bool,
    answered: bool,
    cause: u8,
    deadline: Option<Duration>,
    /// How much of the last playing was heard.
    heard: Duration,
    /// Texts that nothing asked for yet.
    texts: VecDeque<String>,
    recordings: u64,
    memos: u64,
    transcript: Vec<String>,
    told: Vec<Told>,
}

fn tone_text(tone: &Tone) -> String {
    let frequencies = tone.frequencies.iter().filter(|f| **f > 0);
    let names: Vec<String> = frequencies.map(|f| f.to_string()).collect();
    let what = match names.is_empty() {
        true => "silence".to_string(),
        false => format!("{} Hz", names.join("+")),
    };
    match tone.time.is_zero() {
        true => format!("{what} without end"),
        false => format!("{what} for {:.2} s", tone.time.as_secs_f64()),
    }
}

/// What ends a wait.
enum Event {
    Digit(char),
    /// The time came that was waited for.
    Time,
    /// The caller began to speak, or sent a text.
    Change,
}

impl Scripted {
    /// A call of that caller, not yet answered.
    pub fn new(script: Script) -> Self {
        let mut call = Scripted {
            pending: vec![(PATIENCE, Act::Hangup)],
            script,
            now: Duration::ZERO,
            digits: VecDeque::new(),
            speaks_until: Duration::ZERO,
            up: true,
            answered: false,
            cause: 0,
            deadline: None,
            heard: Duration::ZERO,
            texts: VecDeque::new(),
            recordings: 0,
            memos: 0,
            transcript: Vec::new(),
            told: Vec::new(),
        };
        for (when, acts) in call.script.reactions.clone() {
            if let When::At(time) = when {
                call.schedule(time, acts);
            }
        }
        call
    }

    /// What happened, a line each, with the time in seconds.
    pub fn transcript(&self) -> String {
        self.transcript.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The same, for a program to read.
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    fn say(&mut self, what: impl std::fmt::Display) {
        self.transcript
            .push(format!("{:.2} {what}", self.now.as_secs_f64()));
    }

    fn schedule(&mut self, from: Duration, acts: Vec<(Duration, Act)>) {
        self.pending
            .extend(acts.into_iter().map(|(after, act)| (from + after, act)));
        self.pending.sort_by_key(|(time, _)| *time);
    }

    /// The first line of the script that waits for this begins.
    fn happens(&mut self, when: &When) {
        if let Some(index) = self.script.reactions.iter().position(|(w, _)| w == when) {
            let (_, acts) = self.script.reactions.remove(index);
            self.schedule(self.now, acts);
        }
    }

    /// Lets time pass until `until` or the next digit.
    fn pass(&mut self, until: Duration) -> Result<Event, Gone> {
        loop {
            match self.pass_to_change(until)? {
                Event::Change => {}
                event => return Ok(event),
            }
        }
    }

    /// Lets time pass until `until`, or the next digit, or the caller begins to speak or sends a text.
    fn pass_to_change(&mut self, until: Duration) -> Result<Event, Gone> {
        let end = self.deadline.map_or(until, |deadline| deadline.min(until));
        while self.up {
            if self.pending.first().is_none_or(|(time, _)| *time > end) {
                self.now = self.now.max(end);
                return if end < until { Err(Gone) } else { Ok(Event::Time) };
            }
            let (time, act) = self.pending.remove(0);
            self.now = self.now.max(time);
            match act {
                Act::Press(digit) => return Ok(Event::Digit(digit)),
                Act::Speak(time) => {
                    self.speaks_until = self.now + time;
                    return Ok(Event::Change);
                }
                Act::Text(text) => {
                    self.texts.push_back(text);
                    return Ok(Event::Change);
                }
                Act::Hangup => {
                    self.say("caller hangs up");
                    self.told.push(Told::Over { by_caller: true });
                    self.up = false;
                    self.cause = 16;
                }
            }
        }
        Err(Gone)
    }

    fn length(&self, audio: &Audio) -> Duration {
        match audio {
            Audio::File(name) => self.script.lengths.get(name).copied().unwrap_or(SOUND),
            Audio::From { name, start } => {
                let whole = self.script.lengths.get(name).copied().unwrap_or(SOUND);
                whole.saturating_sub(*start)
            }
            Audio::Memo { audio, start } => audio.duration().saturating_sub(*start),
            Audio::Silence(time) => *time,
            Audio::Tone(tone) => tone.time,
        }
    }
}

#[async_trait]
impl Channel for Scripted {
    fn facts(&self) -> &CallFacts {
        &self.script.facts
    }

    fn wall_clock(&self) -> SystemTime {
        self.script.clock + self.now
    }

    fn is_up(&mut self) -> bool {
        self.up
    }

    fn is_answered(&self) -> bool {
        self.answered
    }

    async fn answer(&mut self) -> Result<(), Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        if !self.answered {
            self.answered = true;
            self.say("answered");
            self.told.push(Told::Answered);
        }
        Ok(())
    }

    async fn indicate(&mut self, indication: Indication) -> Result<(), Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        let name = match indication {
            Indication::Ringing => "ringing",
            Indication::Progress => "progress",
            Indication::Busy => "busy",
            Indication::Congestion => "congestion",
        };
        self.say(name);
        self.told.push(Told::Indicated(indication));
        Ok(())
    }

    fn has_sound(&self, name: &str) -> bool {
        !self.script.missing.contains(name)
    }

    async fn play(&mut self, audio: &[Audio], interrupt: &str) -> Result<Played, Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        if let Some(digit) = self.digits.front().copied().filter(|d| interrupt.contains(*d)) {
            self.digits.pop_front();
            self.say(format_args!("hears nothing, {digit} was pressed before"));
            return Ok(Played::Digit(digit));
        }
        self.heard = Duration::ZERO;
        for item in audio {
            let begun = self.now;
            match item {
                Audio::File(name) if !self.has_sound(name) => return Ok(Played::Missing(name.clone())),
                Audio::File(name) => {
                    self.say(format_args!("hears {name}"));
                    self.told.push(Told::Heard(name.clone()));
                    self.happens(&When::Hears(name.clone()));
                }
                Audio::From { name, start } => {
                    self.say(format_args!("hears {name} from {:.2} s", start.as_secs_f64()));
                    self.told.push(Told::Heard(name.clone()));
                    self.happens(&When::Hears(name.clone()));
                }
                Audio::Memo { audio, start } => {
                    let place = match start.is_zero() {
                        true => String::new(),
                        false => format!(" from {:.2} s", start.as_secs_f64()),
                    };
                    let length = audio.duration().as_secs_f64();
                    self.say(format_args!("hears the memo of {length:.2} s{place}"));
                    self.told.push(Told::Heard("memo".to_string()));
                    // Who winds does not begin anew.
                    if start.is_zero() {
                        self.happens(&When::Hears("memo".to_string()));
                    }
                }
                Audio::Silence(time) => {
                    self.say(format_args!("hears {:.2} s of silence", time.as_secs_f64()))
                }
                Audio::Tone(tone) => self.say(format_args!("hears {}", tone_text(tone))),
            }
            let end = self.now + self.length(item);
            while let Event::Digit(digit) = self.pass(end)? {
                if interrupt.contains(digit) {
                    self.heard += self.now - begun;
                    self.say(format_args!("presses {digit}, which interrupts"));
                    return Ok(Played::Digit(digit));
                }
                self.digits.push_back(digit);
            }
            self.heard += self.now - begun;
        }
        Ok(Played::Finished)
    }

    async fn read_digit(&mut self, timeout: Duration) -> Result<Option<char>, Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        if let Some(digit) = self.digits.pop_front() {
            return Ok(Some(digit));
        }
        match self.pass(self.now + timeout)? {
            Event::Digit(digit) => {
                self.say(format_args!("presses {digit}"));
                Ok(Some(digit))
            }
            Event::Time | Event::Change => Ok(None),
        }
    }

    async fn sleep(&mut self, time: Duration) -> Result<(), Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        let end = self.now + time;
        while let Event::Digit(digit) = self.pass(end)? {
            self.digits.push_back(digit);
        }
        Ok(())
    }

    async fn record(&mut self, request: RecordRequest) -> Result<Recorded, Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        let start = self.now;
        self.happens(&When::Records);
        let limit = start + request.limit;
        let end = loop {
            let quiet_since = self.speaks_until.max(start);
            let silence = request.silence.map(|silence| quiet_since + silence);
            let until = silence.map_or(limit, |silence| silence.min(limit));
            match self.pass(until) {
                Ok(Event::Digit(digit)) if request.terminators.contains(digit) => {
                    break RecordedEnd::Digit(digit)
                }
                Ok(Event::Digit(_)) => {}
                // A deadline ends it as a limit does.
                Err(Gone) if self.up => break RecordedEnd::Limit,
                Err(Gone) => break RecordedEnd::Hangup,
                Ok(Event::Change) => {}
                Ok(Event::Time) if self.speaks_until.max(start) > quiet_since => {}
                Ok(Event::Time) if self.now >= limit => break RecordedEnd::Limit,
                Ok(Event::Time) => break RecordedEnd::Silence,
            }
        };
        let duration = self.now - start;
        self.recordings += 1;
        let why = match end {
            RecordedEnd::Digit(digit) => format!("{digit}"),
            RecordedEnd::Silence => "silence".into(),
            RecordedEnd::Limit => "the limit".into(),
            RecordedEnd::Hangup => "hang-up".into(),
            RecordedEnd::Failed => "a failure".into(),
        };
        self.say(format_args!(
            "recorded {:.2} s, ended by {why}",
            duration.as_secs_f64()
        ));
        Ok(Recorded {
            recording: self.recordings,
            duration,
            end,
        })
    }

    async fn rehearse(&mut self, recorded: &Recorded) -> Result<Option<Arc<PrivateAudio>>, Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        // Nobody said anything: so much silence.
        let samples = (recorded.duration.as_millis() as usize).saturating_mul(8);
        Ok(Some(Arc::new(PrivateAudio::new(Zeroizing::new(vec![
            0;
            samples
        ])))))
    }

    async fn keep(&mut self, recorded: Recorded, mailbox: &str) -> Kept {
        self.memos += 1;
        let memo_id = format!("memo-{}", self.memos);
        self.say(format_args!(
            "{memo_id} of {:.2} s for {mailbox}",
            recorded.duration.as_secs_f64()
        ));
        self.told.push(Told::Memo {
            mailbox: mailbox.to_string(),
            length: recorded.duration,
        });
        Kept::Stored {
            memo_id,
            complete: true,
        }
    }

    async fn keep_plain(&mut self, recorded: Recorded, path: &str) -> bool {
        self.say(format_args!(
            "plain file {path} of {:.2} s",
            recorded.duration.as_secs_f64()
        ));
        true
    }

    async fn copy(&mut self, recorded: &Recorded, _: &str) -> Option<Recorded> {
        self.recordings += 1;
        Some(Recorded {
            recording: self.recordings,
            duration: recorded.duration,
            end: recorded.end,
        })
    }

    async fn discard(&mut self, _: Recorded) {
        self.say("recording discarded");
    }

    fn mailboxes(&self) -> Vec<MailboxFacts> {
        self.script.mailboxes.clone()
    }

    fn mailbox(&self, name: &str) -> Option<MailboxFacts> {
        self.script.mailboxes.iter().find(|m| m.name == name).cloned()
    }

    fn heard(&self) -> Duration {
        self.heard
    }

    async fn play_tones(&mut self, tones: &[Tone], repeat: bool) -> Result<(), Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        match tones {
            [] => self.say("tones stopped"),
            tones => {
                let list: Vec<String> = tones.iter().map(tone_text).collect();
                let again = if repeat { ", over and over" } else { "" };
                self.say(format_args!("tones {}{again}", list.join(", ")));
            }
        }
        Ok(())
    }

    async fn send_digits(&mut self, digits: &str, length: Duration, gap: Duration) -> Result<(), Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        self.say(format_args!("is sent the digits {digits}"));
        let count = u32::try_from(digits.len()).unwrap_or(u32::MAX);
        self.sleep((length + gap).saturating_mul(count)).await
    }

    async fn echo(&mut self, until: &str) -> Result<char, Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        self.say("hears the own voice");
        loop {
            let digit = match self.digits.pop_front() {
                Some(digit) => digit,
                None => match self.pass(PATIENCE)? {
                    Event::Digit(digit) => digit,
                    Event::Time | Event::Change => continue,
                },
            };
            if until.contains(digit) {
                self.say(format_args!("presses {digit}, which ends the echo"));
                return Ok(digit);
            }
        }
    }

    async fn listen(&mut self, request: ListenRequest) -> Result<bool, Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        let (start, end) = (self.now, self.now + request.timeout);
        // Since when it has been as it is.
        let mut since = start;
        loop {
            let speaks = self.speaks_until > self.now;
            let change = if speaks { self.speaks_until } else { end };
            let heard = since + request.lasting;
            let wanted = speaks != request.silence;
            let until = if wanted { heard.min(change) } else { change };
            match self.pass_to_change(until.min(end)) {
                Ok(Event::Digit(digit)) => self.digits.push_back(digit),
                Ok(Event::Time) if wanted && self.now >= heard => return Ok(true),
                Ok(Event::Time) if self.now >= end => return Ok(false),
                Ok(Event::Time | Event::Change) => {}
                Err(Gone) => return Err(Gone),
            }
            if (self.speaks_until > self.now) != speaks {
                since = self.now;
            }
        }
    }

    async fn send_text(&mut self, text: &str) -> Result<bool, Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        self.say(format_args!("is sent the text {text:?}"));
        self.told.push(Told::Text(text.to_string()));
        Ok(true)
    }

    async fn receive_text(&mut self, timeout: Duration) -> Result<Option<String>, Gone> {
        self.up.then_some(()).ok_or(Gone)?;
        let end = self.now + timeout;
        loop {
            if let Some(text) = self.texts.pop_front() {
                return Ok(Some(text));
            }
            if self.now >= end {
                return Ok(None);
            }
            if let Event::Digit(digit) = self.pass_to_change(end)? {
                self.digits.push_back(digit);
            }
        }
    }

    fn item(&self, name: &str) -> Option<String> {
        self.script.items.get(name).cloned()
    }

    fn set_deadline(&mut self, after: Option<Duration>) {
        self.deadline = after.map(|after| self.now + after);
    }

    async fn hangup(&mut self, cause: u8) {
        if self.up {
            self.up = false;
            self.cause = cause;
            self.say(format_args!("hung up, cause {cause}"));
            self.told.push(Told::Over { by_caller: false });
        }
    }

    fn hangup_cause(&self) -> u8 {
        self.cause
    }
}

/// A dialplan held still at one place, to evaluate texts and to run single applications there.
pub struct Session<'c>(Run<'c>);

impl<'c> Session<'c> {
    /// At the place where the call enters the dialplan.
    pub fn new(
        plan: Arc<Dialplan>,
        channel: &'c mut dyn Channel,
        globals: Globals,
        services: Arc<dyn Services>,
        rng: Rng,
    ) -> Self {
        Session(Run::new(plan, channel, globals, services, rng))
    }

    /// Goes elsewhere, whether or not there is such a place.
    pub fn go(&mut self, place: Place) {
        self.0.at = place;
    }

    /// Sets a variable or a function, as Set does; the error says why not.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        self.0.assign(name, value)
    }

    /// A text with its variables, functions and expressions replaced.
    pub fn evaluate(&mut self, text: &str) -> String {
        block_on(self.0.substitute(text)).into_owned()
    }

    /// Runs the call from where it is to its end, `h` included.
    pub fn run(&mut self) -> RunEnd {
        block_on(self.0.complete())
    }

    /// What was said to the log so far.
    pub fn remarks(&self) -> &[String] {
        &self.0.remarks
    }

    /// Runs one application, and goes where it leads; what becomes of the call is the outcome.
    pub async fn apply(&mut self, application: &str, arguments: &str) -> Outcome {
        let outcome = self.0.execute_call(&format!("{application}({arguments})")).await;
        if let Ok(Flow::Goto(place)) = &outcome {
            self.0.at = place.clone();
        }
        outcome
    }
}

/// Runs a future that never waits for anything but its turn: what a scripted call makes of a dialplan.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
