//! Applications: what a priority does. One file each, with its manual entry; this is the table of them.
//!
//! To add one: a file with a unit type that implements [`Application`], and a line in `ALL`.

use super::channel::{Audio, Indication};
use super::check::Check;
use super::interp::{Flow, Outcome, Run};
use super::substitute::closing;
use crate::secret::Private;
use async_trait::async_trait;
use std::time::Duration;

mod blocks;
mod branches;
mod no_effect;
pub(super) mod recording;
mod saying;
mod telephone;

pub(super) use branches::of as branches_of;

/// A manual entry, of an application or a function: the source of `docs/dialplan.md`.
#[derive(Debug)]
pub struct Manual {
    /// As it is written; names are found whatever their case.
    pub name: &'static str,
    /// How it is called: `Playback(sound[&sound…][,options])`.
    pub syntax: &'static str,
    /// What it does, in one sentence.
    pub synopsis: &'static str,
    /// What there is to know, in Markdown.
    pub text: &'static str,
    /// Option letters, with their meaning.
    pub options: &'static [(&'static str, &'static str)],
    /// Variables that it sets or reads.
    pub variables: &'static [(&'static str, &'static str)],
}

impl Manual {
    /// An entry to fill in: `Manual { name: …, ..Manual::EMPTY }`.
    pub const EMPTY: Manual = Manual {
        name: "",
        syntax: "",
        synopsis: "",
        text: "",
        options: &[],
        variables: &[],
    };
}

/// An application. The value holds nothing: a call's state is in [`Run`].
#[async_trait]
pub trait Application: Sync {
    /// Its manual entry.
    fn manual(&self) -> &'static Manual;

    /// What `[dialplan] allow` must name before a dialplan may use it; `None` for what harms nobody.
    fn permission(&self) -> Option<&'static str> {
        None
    }

    /// Looks for mistakes in the arguments as written, when a dialplan is loaded.
    fn check(&self, _check: &mut Check<'_>) {}

    /// Does it. The arguments are those of the priority, variables replaced.
    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome;
}

macro_rules! applications {
    ($($file:ident :: $name:ident),* $(,)?; no_effect: $($idle:ident),*) => {
        $(mod $file;)*
        /// Every application: those that have a file, by its name, then those without effect.
        pub static ALL: &[&dyn Application] = &[$(&$file::$name,)* $(&no_effect::$idle),*];
    };
}

applications! {
    agi::Agi,
    answer::Answer,
    authenticate::Authenticate,
    background::BackGround,
    busy::Busy,
    clearhash::ClearHash,
    congestion::Congestion,
    continuewhile::ContinueWhile,
    controlplayback::ControlPlayback,
    datetime::DateTime,
    dbdel::DbDel,
    dbdeltree::DbDelTree,
    dbget::DbGet,
    dbput::DbPut,
    deadagi::DeadAgi,
    directory::Directory,
    dumpchan::DumpChan,
    echo::Echo,
    else_::Else,
    elseif::ElseIf,
    endif::EndIf,
    endwhile::EndWhile,
    exec::Exec,
    execif::ExecIf,
    execiftime::ExecIfTime,
    exitif::ExitIf,
    exitwhile::ExitWhile,
    gosub::Gosub,
    gosubif::GosubIf,
    goto::Goto,
    gotoif::GotoIf,
    gotoiftime::GotoIfTime,
    hangup::Hangup,
    if_::If,
    importvar::ImportVar,
    incomplete::Incomplete,
    log::Log,
    macro_::Macro,
    macroexit::MacroExit,
    memo::Memo,
    memomain::MemoMain,
    memoopen::MemoOpen,
    messagesend::MessageSend,
    milliwatt::Milliwatt,
    morsecode::Morsecode,
    mset::MSet,
    musiconhold::MusicOnHold,
    noop::NoOp,
    playback::Playback,
    playtones::PlayTones,
    privacymanager::PrivacyManager,
    progress::Progress,
    raiseexception::RaiseException,
    read::Read,
    readexten::ReadExten,
    receivetext::ReceiveText,
    record::Record,
    resetcdr::ResetCdr,
    return_::Return,
    ringing::Ringing,
    sayalpha::SayAlpha,
    sayalphacase::SayAlphaCase,
    saycountedadj::SayCountedAdj,
    saycountednoun::SayCountedNoun,
    saydigits::SayDigits,
    saymoney::SayMoney,
    saynumber::SayNumber,
    sayordinal::SayOrdinal,
    sayphonetic::SayPhonetic,
    sayunixtime::SayUnixTime,
    senddtmf::SendDtmf,
    sendtext::SendText,
    set::Set,
    setamaflags::SetAmaFlags,
    setcallerpres::SetCallerPres,
    setmusiconhold::SetMusicOnHold,
    setvar::SetVar,
    softhangup::SoftHangup,
    stackpop::StackPop,
    stopplaytones::StopPlayTones,
    streamecho::StreamEcho,
    system::System,
    tryexec::TryExec,
    trysystem::TrySystem,
    userevent::UserEvent,
    verbose::Verbose,
    voicemail::VoiceMail,
    voicemailmain::VoiceMailMain,
    wait::Wait,
    waitdigit::WaitDigit,
    waitexten::WaitExten,
    waitforcondition::WaitForCondition,
    waitfornoise::WaitForNoise,
    waitforsilence::WaitForSilence,
    waitmusiconhold::WaitMusicOnHold,
    waituntil::WaitUntil,
    while_::While,
    zapateller::Zapateller,
    ;
    no_effect: CEL_GEN_USER_EVENT, CHANGE_MONITOR, FLASH, FORK_CDR, NO_CDR, PAUSE_MONITOR, PROCEEDING, QUEUE_LOG, QUEUE_UPDATE, SIP_ADD_HEADER, SIP_DTMF_MODE, SIP_REMOVE_HEADER, START_MUSIC_ON_HOLD, STOP_MIX_MONITOR, STOP_MONITOR, STOP_MUSIC_ON_HOLD, UNPAUSE_MONITOR
}

/// The application of that name.
pub fn find(name: &str) -> Option<&'static dyn Application> {
    ALL.iter()
        .find(|app| app.manual().name.eq_ignore_ascii_case(name))
        .copied()
}

/// The keys of a telephone.
pub(super) const KEYS: &str = "0123456789*#ABCD";

/// How long a tone is heard where nobody says how long.
const TONE: Duration = Duration::from_secs(300);

/// A day: no wait of a dialplan is longer.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long the `${ }` or `$[ ]` is that a text begins with.
fn skip(text: &[u8]) -> Option<usize> {
    let (open, close) = match text.get(1) {
        Some(b'{') => (b'{', b'}'),
        Some(b'[') => (b'[', b']'),
        _ => return None,
    };
    Some(closing(&text[1..], open, close)? + 2)
}

/// The sounds of a list joined with `&`.
fn sounds(list: &str) -> Vec<Audio> {
    list.split('&')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| Audio::File(name.to_string()))
        .collect()
}

/// Seconds, perhaps with a fraction or with a unit; `None` where the text is no such number, or is negative.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    length(text, 1.0)
}

/// Milliseconds, perhaps with a unit.
fn milliseconds(text: &str) -> Option<Duration> {
    length(text, 0.001)
}

/// A length of time: a number of `unit` seconds each, or of the unit that follows it: `h`, `m`, `s` or `ms`.
fn length(text: &str, unit: f64) -> Option<Duration> {
    let text = text.trim();
    let end = text
        .find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-'))
        .unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim_start().to_ascii_lowercase().as_str() {
        "" => unit,
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return None,
    };
    (number >= 0.0).then(|| Duration::from_secs_f64((number * unit).min(LONGEST.as_secs_f64())))
}

/// What Busy and Congestion do: the caller is told, and after the seconds that the arguments say the call ends.
async fn refuse(run: &mut Run<'_>, indication: Indication, arguments: &str, cause: u8) -> Outcome {
    run.channel.indicate(indication).await?;
    run.sleep(seconds(arguments).unwrap_or(TONE)).await?;
    Ok(Flow::Hangup(cause))
}

/// Control characters escaped, and what else cannot be seen; quotes are left as they are.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '"' => out.push(c),
            c => out.extend(c.escape_debug()),
        }
    }
    out
}

/// A text of the author's, or one that holds what a caller entered, on its way to the log: control characters are escaped, and numbers of five digits and more
/// are shown as the log shows numbers.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[start..]
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len() - start);
        let number = &rest[start..start + digits];
        out.push_str(&plain(&rest[..start]));
        match digits {
            0..5 => out.push_str(number),
            _ => out.push_str(&Private(number).to_string()),
        }
        rest = &rest[start + digits..];
    }
    out.push_str(&plain(rest));
    out
}

#[cfg(test)]
pub(super) mod tests;
