//! Which sections and keys there are, and how a section is found in the document.

use super::reader::{quoted, Reader, Section};
use crate::diagnostic::did_you_mean;
use std::ops::Range;
use toml_edit::{Item, TableLike, Value};

/// Every section with its keys: what is known, and what `docs/configuration.md` must document.
pub const KEYS: [(&str, &[&str]); 12] = [
    ("sip", &["listen", "external_address", "max_calls"]),
    ("media", &["address", "ports", "threads"]),
    (
        "http",
        &[
            "listen",
            "domain",
            "public_url",
            "admin_token",
            "tls_cert",
            "tls_key",
            "trusted_proxies",
            "record",
            "record_days",
        ],
    ),
    (
        "federation",
        &["serve_unsigned", "trusted_domains", "allow_private", "numbers"],
    ),
    ("store", &["path"]),
    (
        "dialplan",
        &[
            "file",
            "language",
            "allow",
            "watch",
            "curl",
            "agi_folder",
            "agi_hosts",
            "files",
            "environment",
        ],
    ),
    ("sounds", &["path"]),
    (
        "smtp",
        &["host", "port", "security", "username", "password", "from"],
    ),
    (
        "transcription",
        &[
            "endpoint",
            "model",
            "language",
            "summary_endpoint",
            "summary_model",
            "api_token",
            "allow_remote",
        ],
    ),
    ("log", &["level", "format", "full_numbers"]),
    (
        "trunk",
        &[
            "name",
            "context",
            "match",
            "registrar",
            "username",
            "password",
            "codecs",
            "number_format",
            "expires_secs",
            "silence",
        ],
    ),
    (
        "mailbox",
        &[
            "name",
            "notify_command",
            "notify_webhook",
            "min_secs",
            "max_secs",
            "silence_secs",
            "beep",
            "review",
            "full_name",
            "clear",
            "record",
            "telephone",
            "keep_days",
            "keep_memos",
            "keep_mb",
            "notify_webhook_secret",
            "notify_email",
            "email_envelope",
            "notify_sip",
            "mwi",
            "transcribe",
            "summarize",
        ],
    ),
];

fn keys_of(section: &str) -> &'static [&'static str] {
    KEYS.iter()
        .find(|(name, _)| *name == section)
        .map_or(&[], |(_, keys)| keys)
}

/// `[sip]`, or `[[trunk]]` for what can be there several times.
fn title(section: &str) -> String {
    match section {
        "trunk" | "mailbox" => format!("[[{section}]]"),
        _ => format!("[{section}]"),
    }
}

/// Which section other than `but` has a key of that name, or of nearly that name, for the hint.
fn elsewhere(key: &str, but: &str) -> Option<String> {
    let others = || KEYS.iter().filter(|(section, _)| *section != but);
    let named = |name: &str| {
        let owners = others().filter(|(_, keys)| keys.contains(&name));
        owners
            .map(|(section, _)| title(section))
            .collect::<Vec<_>>()
            .join(" or ")
    };
    if others().any(|(_, keys)| keys.contains(&key)) {
        return Some(format!("`{key}` belongs below {}", named(key)));
    }
    let meant = did_you_mean(key, others().flat_map(|(_, keys)| keys.iter().copied()))?;
    Some(format!("did you mean `{meant}`, below {}?", named(meant)))
}

pub(super) fn refuse_unknown_sections(reader: &mut Reader<'_>, root: &dyn TableLike) {
    let names = || KEYS.iter().map(|(name, _)| *name);
    for (key, item) in root.iter().filter(|(key, _)| names().all(|name| name != *key)) {
        let at = root.key(key).and_then(|key| key.span()).unwrap_or(0..0);
        let what = quoted(key);
        let hint = match (did_you_mean(key, names()), elsewhere(key, "")) {
            (_, Some(elsewhere)) if item.is_value() => elsewhere,
            (Some(meant), _) => format!("did you mean {}?", title(meant)),
            _ => format!(
                "the sections are {}",
                KEYS.map(|(name, _)| title(name)).join(", ")
            ),
        };
        if item.is_value() {
            reader.error("unknown-key", at, format!("{what} stands in no section"), &hint);
        } else {
            reader.error(
                "unknown-section",
                at,
                format!("there is no section {what}"),
                &hint,
            );
        }
    }
}

/// A section that can be there once.
pub(super) fn single<'d>(
    reader: &mut Reader<'_>,
    root: &'d dyn TableLike,
    name: &'static str,
    title: &'static str,
) -> Option<Section<'d>> {
    let (key, item) = root.get_key_value(name)?;
    let at = key.span().unwrap_or(0..0);
    match item.as_table_like() {
        Some(table) => {
            let section = Section::new(title, table, at);
            section.refuse_unknown(reader, keys_of(name), |key| elsewhere(key, name));
            Some(section)
        }
        None => {
            let at = first_place(item).unwrap_or(at);
            reader.error(
                "wrong-type",
                at,
                format!("`{name}` is one section"),
                &format!("write {title}, once"),
            );
            None
        }
    }
}

/// A section that can be there several times.
pub(super) fn several<'d>(
    reader: &mut Reader<'_>,
    root: &'d dyn TableLike,
    name: &'static str,
    title: &'static str,
) -> Vec<Section<'d>> {
    let Some((key, item)) = root.get_key_value(name) else {
        return Vec::new();
    };
    let key_at = key.span().unwrap_or(0..0);
    let mut sections = Vec::new();
    match item {
        Item::ArrayOfTables(tables) => {
            for table in tables.iter() {
                sections.push(Section::new(
                    title,
                    table,
                    table.span().unwrap_or_else(|| key_at.clone()),
                ));
            }
        }
        Item::Value(Value::Array(array)) if array.iter().all(Value::is_inline_table) => {
            for table in array.iter().filter_map(Value::as_inline_table) {
                sections.push(Section::new(
                    title,
                    table,
                    table.span().unwrap_or_else(|| key_at.clone()),
                ));
            }
        }
        _ => {
            let at = first_place(item).unwrap_or(key_at);
            let message = format!("`{name}` is a list, for there can be several");
            reader.error(
                "wrong-type",
                at,
                message,
                &format!("write {title} in double brackets"),
            );
        }
    }
    for section in &sections {
        section.refuse_unknown(reader, keys_of(name), |key| elsewhere(key, name));
    }
    sections
}

fn first_place(item: &Item) -> Option<Range<usize>> {
    match item {
        Item::ArrayOfTables(tables) => tables.iter().next().and_then(|table| table.span()),
        other => other.span(),
    }
}
