//! The commands of AGI: one file each, with its usage; this is the table of them.
//!
//! To add one: a file with a unit type that implements [`Command`], and a line in `ALL`.

use super::answer::Answer;
use super::session::Session;
use crate::dialplan::channel::Gone;
use crate::dialplan::interp::Stop;
use crate::dialplan::substitute::leading_integer;
use async_trait::async_trait;
use std::time::Duration;

/// How a command is used: what answers wrong arguments, and the source of `docs/agi.md`.
#[derive(Debug)]
pub struct Usage {
    /// The words that a line begins with; their case does not matter.
    pub words: &'static [&'static str],
    /// The whole line.
    pub syntax: &'static str,
    /// What it does, and what is answered.
    pub text: &'static str,
    /// Whether it can be done once the call is over.
    pub without_call: bool,
}

/// Why a command has no answer of its own.
#[derive(Debug)]
pub enum Fault {
    /// The arguments are wrong.
    Usage,
    /// The call is over, or what was asked for failed.
    Stop(Stop),
}

impl From<Gone> for Fault {
    fn from(gone: Gone) -> Self {
        Fault::Stop(gone.into())
    }
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        Fault::Stop(stop)
    }
}

/// A command. The value holds nothing: what it works on is in [`Session`].
#[async_trait]
pub trait Command: Sync {
    /// How it is used.
    fn usage(&self) -> &'static Usage;

    /// Does it. The arguments are the words after its own.
    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault>;
}

macro_rules! commands {
    ($($file:ident :: $name:ident),* $(,)?) => {
        $(mod $file;)*
        /// Every command, by its words.
        pub static ALL: &[&dyn Command] = &[$(&$file::$name),*];
    };
}

commands! {
    answer::Answered,
    asyncagi_break::AsyncagiBreak,
    channel_status::ChannelStatus,
    control_stream_file::ControlStreamFile,
    database_del::DatabaseDel,
    database_deltree::DatabaseDeltree,
    database_get::DatabaseGet,
    database_put::DatabasePut,
    exec::Exec,
    get_data::GetData,
    get_full_variable::GetFullVariable,
    get_option::GetOption,
    get_variable::GetVariable,
    gosub::Gosub,
    hangup::Hangup,
    noop::Noop,
    receive_char::ReceiveChar,
    receive_text::ReceiveText,
    record_file::RecordFile,
    say_alpha::SayAlpha,
    say_date::SayDate,
    say_datetime::SayDatetime,
    say_digits::SayDigits,
    say_number::SayNumber,
    say_phonetic::SayPhonetic,
    say_time::SayTime,
    send_image::SendImage,
    send_text::SendText,
    set_autohangup::SetAutohangup,
    set_callerid::SetCallerid,
    set_context::SetContext,
    set_extension::SetExtension,
    set_music::SetMusic,
    set_priority::SetPriority,
    set_variable::SetVariable,
    speech::Speech,
    stream_file::StreamFile,
    tdd_mode::TddMode,
    verbose::Verbose,
    wait_for_digit::WaitForDigit,
}

/// The command that a line's words begin with.
pub fn find(words: &[String]) -> Option<&'static dyn Command> {
    ALL.iter().copied().find(|command| {
        let wanted = command.usage().words;
        words.len() >= wanted.len() && wanted.iter().zip(words).all(|(a, b)| a.eq_ignore_ascii_case(b))
    })
}

/// Samples in a second of the audio that positions are counted in, whatever a call's codec.
const SAMPLE_RATE: u32 = 8_000;
/// A day: no wait of a command is longer.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The whole number that a word begins with, as programs are used to.
fn integer(word: &str) -> Result<i64, Fault> {
    leading_integer(word).ok_or(Fault::Usage)
}

/// So many milliseconds, none where the number is negative, a day at most.
fn millis(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0)).min(LONGEST)
}

/// The same where 0 is as long as it takes.
fn wait(number: i64) -> Duration {
    match number {
        ..=0 => LONGEST,
        number => millis(number),
    }
}

/// Positions in audio are told in samples.
fn samples(time: Duration) -> u64 {
    let samples = time.as_micros().saturating_mul(u128::from(SAMPLE_RATE)) / 1_000_000;
    u64::try_from(samples).unwrap_or(u64::MAX)
}

/// How long so many samples are, a day at most.
fn duration(samples: u64) -> Duration {
    let longest = LONGEST.as_secs() * u64::from(SAMPLE_RATE);
    Duration::from_micros(samples.min(longest) * 1_000_000 / u64::from(SAMPLE_RATE))
}
