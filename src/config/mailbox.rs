//! `[[mailbox]]`

use super::files::existing;
use super::load::Kind;
use super::reader::{named, one_of, plain, put, refuse_twice, Placed, Reader, Section, Unfit};
use super::{secrets, values, ClearFact, Config, Mailbox};
use crate::limits;
use std::ops::Range;
use toml_edit::Value;

pub(super) fn read_mailbox(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    others: &[Mailbox],
    config: &Config,
) -> Option<Mailbox> {
    let name = named(reader, section, values::mailbox_name, |name| {
        others.iter().any(|mailbox| mailbox.name == name)
    });
    let mut mailbox = Mailbox::named(name.clone().unwrap_or_default());
    mailbox.notify_command = section
        .read(reader, "notify_command", command)
        .map(|command| command.value);
    if let Some(url) = section.text(reader, "notify_webhook", |_, text| values::url(text)) {
        if url.value.starts_with("http://") && !values::is_loopback_url(&url.value) {
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
    read_keeping(reader, section, &mut mailbox);
    read_telling(reader, section, &mut mailbox, config);
    name.map(|_| mailbox)
}

const CLEAR: [(&str, ClearFact); 6] = [
    ("from", ClearFact::From),
    ("caller_name", ClearFact::CallerName),
    ("to", ClearFact::To),
    ("diversion", ClearFact::Diversion),
    ("duration", ClearFact::Duration),
    ("transcript", ClearFact::Transcript),
];

/// What is kept of its memos, for how long, and how they are reached.
fn read_keeping(reader: &mut Reader<'_>, section: &Section<'_>, mailbox: &mut Mailbox) {
    if let Some(clear) = section.list(reader, "clear", |_, text| one_of(text, &CLEAR)) {
        refuse_twice(reader, "clear", &clear.value);
        mailbox.clear = plain(clear.value);
    }
    put(&mut mailbox.record, section.flag(reader, "record"));
    put(&mut mailbox.telephone, section.flag(reader, "telephone"));
    for (key, target, most) in [
        ("keep_days", &mut mailbox.keep_days, limits::KEEP_DAYS),
        ("keep_memos", &mut mailbox.keep_memos, limits::KEEP_MEMOS),
        ("keep_mb", &mut mailbox.keep_mb, limits::KEEP_MB),
    ] {
        *target = section.number(reader, key, 1..=most).map(|number| number.value);
    }
}

/// Who is told of its memos, and who listens to them.
fn read_telling(reader: &mut Reader<'_>, section: &Section<'_>, mailbox: &mut Mailbox, config: &Config) {
    let secret = section.text(reader, "notify_webhook_secret", secrets::resolve);
    mailbox.notify_webhook_secret = secret.map(|secret| secret.value);
    let email = section.text(reader, "notify_email", |_, text| values::email(text));
    put(
        &mut mailbox.email_envelope,
        section.flag(reader, "email_envelope"),
    );
    let sip = |reader: &mut Reader<'_>, key| section.text(reader, key, |_, text| values::sip_uri(text));
    mailbox.notify_sip = sip(reader, "notify_sip").map(|uri| uri.value);
    mailbox.mwi = sip(reader, "mwi").map(|uri| uri.value);
    let transcribe = section.flag(reader, "transcribe");
    let summarize = section.flag(reader, "summarize");
    let transcription = config.transcription.as_ref();
    let has_summaries = transcription.is_some_and(|section| section.summary_endpoint.is_some());
    let missing = [
        (
            email.as_ref().map(|p| &p.at),
            "notify_email",
            config.smtp.is_some(),
            "[smtp]",
        ),
        (
            is_on(&transcribe),
            "transcribe",
            transcription.is_some(),
            "[transcription]",
        ),
        (
            is_on(&summarize),
            "summarize",
            has_summaries,
            "summary_endpoint below [transcription]",
        ),
    ];
    for (at, key, is_there, what) in missing {
        if let Some(at) = at.filter(|_| !is_there) {
            let message = format!("`{key}` needs {what}");
            reader.error(
                "missing-key",
                at.clone(),
                message,
                "docs/configuration.md describes it",
            );
        }
    }
    mailbox.notify_email = email.map(|address| address.value);
    put(&mut mailbox.transcribe, transcribe);
    put(&mut mailbox.summarize, summarize);
}

/// Where a flag is that is set.
fn is_on(flag: &Option<Placed<bool>>) -> Option<&Range<usize>> {
    flag.as_ref().filter(|flag| flag.value).map(|flag| &flag.at)
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
