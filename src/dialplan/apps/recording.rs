//! What becomes of a recording: a sealed memo, or a plain file where the configuration allows it.

use super::memo;
use crate::dialplan::channel::Recorded;
use crate::dialplan::interp::Run;

/// Where a recording goes.
pub enum Destination {
    /// Into the mailbox that MEMO_MAILBOX names, else `main`, sealed.
    Sealed,
    /// Into a plain file of that name.
    Plain(String),
}

impl Destination {
    /// Of a recording that is to have this name, as `Record` takes it; the error says why that cannot be.
    pub fn of(run: &Run<'_>, file: &str) -> Result<Self, String> {
        match run.plan.allows("Record") {
            true => match plain_path(file) {
                Some(path) => Ok(Destination::Plain(path)),
                None => Err(format!("Record cannot write {file}")),
            },
            false => Ok(Destination::Sealed),
        }
    }

    /// The mailboxes that a recording which begins now is meant for.
    pub fn mailboxes(&self, run: &Run<'_>) -> Vec<String> {
        match self {
            Destination::Sealed => vec![mailbox_name(run)],
            Destination::Plain(_) => Vec::new(),
        }
    }
}

/// The mailbox of a sealed recording.
fn mailbox_name(run: &Run<'_>) -> String {
    let named = run.value_of("MEMO_MAILBOX").filter(|name| !name.is_empty());
    named.map_or_else(|| "main".to_string(), std::borrow::Cow::into_owned)
}

/// Keeps a recording there; `false` where that failed. One that is too short for its mailbox is not kept, which is no
/// failure.
pub async fn keep(run: &mut Run<'_>, recorded: Recorded, destination: &Destination) -> bool {
    if let Destination::Plain(path) = destination {
        return run.channel.keep_plain(recorded, path).await;
    }
    let name = mailbox_name(run);
    match run.channel.mailbox(&name) {
        Some(mailbox) => memo::keep(run, recorded, &mailbox).await != "memo-failed",
        None => {
            tracing::error!(mailbox = name, "a recording for a mailbox that does not exist");
            run.channel.discard(recorded).await;
            false
        }
    }
}

/// The path of a plain recording: a relative name that stays below its folder and ends with `.wav`.
pub fn plain_path(file: &str) -> Option<String> {
    let file = file.replace(':', ".");
    let inside = !file.starts_with('/')
        && !file.contains('\\')
        && file.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let stem = file.strip_suffix(".wav").or_else(|| file.strip_suffix(".WAV"))?;
    (inside && !stem.is_empty() && !file.chars().any(char::is_control)).then(|| format!("{stem}.wav"))
}
