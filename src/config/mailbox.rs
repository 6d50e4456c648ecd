//! `[[mailbox]]`

use super::files::existing;
use super::load::Kind;
use super::reader::{named, put, Reader, Section, Unfit};
use super::{values, Mailbox};
use crate::limits;
use toml_edit::Value;

pub(super) fn read_mailbox(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    others: &[Mailbox],
) -> Option<Mailbox> {
    let name = named(reader, section, values::mailbox_name, |name| {
        others.iter().any(|mailbox| mailbox.name == name)
    });
    let mut mailbox = Mailbox::named(name.clone().unwrap_or_default());
    mailbox.notify_command = section
        .read(reader, "notify_command", command)
        .map(|command| command.value);
    if let Some(url) = section.text(reader, "notify_webhook", |_, text| values::url(text)) {
        if url.value.starts_with("http://") && !is_loopback_url(&url.value) {
            let message = "`notify_webhook`: the link, with its key, would cross the network in clear";
            reader.warning("plain-webhook", url.at, message, "use https");
        }
        mailbox.notify_webhook = Some(url.value);
    }
    let longest = limits::RECORDING_SECS;
    let min = section.number(reader, "min_secs", 0..=longest);
    let max = section.number(reader, "max_secs", 1..=longest);
    put(&mut mailbox.min_secs, min.clone());
    put(&mut mailbox.max_secs, max.clone());
    if mailbox.min_secs > mailbox.max_secs {
        let at = min.or(max).map_or_else(|| section.at.clone(), |placed| placed.at);
        let message = format!(
            "`min_secs` is {}, more than `max_secs`, {}: no recording could be kept",
            mailbox.min_secs, mailbox.max_secs
        );
        reader.error(
            "conflicting-keys",
            at,
            message,
            "shorter recordings than min_secs leave no memo",
        );
    }
    put(
        &mut mailbox.silence_secs,
        section.number(reader, "silence_secs", 0..=longest),
    );
    put(&mut mailbox.beep, section.flag(reader, "beep"));
    put(&mut mailbox.review, section.flag(reader, "review"));
    put(
        &mut mailbox.full_name,
        section.text(reader, "full_name", |_, text| person(text)),
    );
    name.map(|_| mailbox)
}

/// A name as it is written and spelled: something to read, on one line.
fn person(text: &str) -> Result<String, Unfit> {
    let name = text.trim();
    let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    match fits {
        true => Ok(name.to_owned()),
        false => Err(Unfit::value("a name of 1 to 64 characters", text)),
    }
}

/// A string is a command line for `/bin/sh -c`, as in a crontab; an array is a program with its arguments. Either way
/// nothing that a caller chose stands in it: the notice comes on standard input.
fn command(reader: &mut Reader<'_>, value: &Value) -> Result<Vec<String>, Unfit> {
    if let Some(text) = value.as_str() {
        if text.trim().is_empty() {
            return Err(Unfit::because("bad-value", "the command is empty"));
        }
        return Ok(vec!["/bin/sh".into(), "-c".into(), text.into()]);
    }
    let wrong = || {
        Unfit::because(
            "wrong-type",
            "expected a command line, or an array of a program and its arguments",
        )
    };
    let words = value
        .as_array()
        .ok_or_else(wrong)?
        .iter()
        .map(|word| word.as_str().map(str::to_owned));
    let mut words = words.collect::<Option<Vec<String>>>().ok_or_else(wrong)?;
    let program = words
        .first_mut()
        .filter(|program| !program.is_empty())
        .ok_or_else(wrong)?;
    // A bare name is looked up in PATH when it is run; a path can be checked now.
    if program.contains('/') {
        *program = existing(reader, program, Kind::File)?
            .to_string_lossy()
            .into_owned();
    }
    Ok(words)
}

fn is_loopback_url(url: &str) -> bool {
    let host = url.strip_prefix("http://").unwrap_or(url);
    ["localhost", "127.", "[::1]"]
        .iter()
        .any(|start| host.starts_with(start))
}
