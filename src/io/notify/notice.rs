//! What is told of a memo, and the forms that it is told in.

use crate::memo::record::Record;
use crate::secret::Private;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

/// A memo was stored in a mailbox without an owner key: what its notifiers are told, once and from memory alone. Wiped
/// when dropped, as far as it is secret.
pub struct Notice {
    /// The mailbox, where the memo was left in one.
    pub mailbox: Option<String>,
    /// The memo's id.
    pub memo_id: String,
    /// The link, with the key.
    pub link: Zeroizing<String>,
    /// The caller's number, in clear.
    pub from: String,
    /// The memo's length.
    pub seconds: f64,
    /// When it was recorded, RFC 3339 in UTC.
    pub created_at: String,
}

/// The notice as notifiers receive it; the order of the keys is part of the format.
#[derive(Serialize)]
struct Body<'a> {
    event: &'static str,
    mailbox: Option<&'a str>,
    memo_id: &'a str,
    link: &'a str,
    from: &'a str,
    seconds: f64,
    created_at: &'a str,
}

impl Notice {
    /// One line of JSON, without a line end.
    pub(super) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let body = Body {
            event: "memo",
            mailbox: self.mailbox.as_deref(),
            memo_id: &self.memo_id,
            link: &self.link,
            from: &self.from,
            seconds: self.seconds,
            created_at: &self.created_at,
        };
        // Room for every character escaped, from the start: growing would leave a copy of the link behind.
        let texts = self.link.len() + self.from.len() + self.mailbox.as_ref().map_or(0, String::len);
        let mut json = Zeroizing::new(Vec::with_capacity(6 * texts + self.memo_id.len() + 256));
        // Writing plain structs into memory has no way to fail.
        serde_json::to_writer(&mut *json, &body).expect("strings and numbers become JSON");
        json
    }

    /// The link up to the key.
    pub(super) fn public_link(&self) -> &str {
        self.link.split('#').next().unwrap_or_default()
    }

    /// The same for every channel to send.
    pub(super) fn telling(&self) -> Telling {
        let key = self
            .link
            .split_once('#')
            .map_or(String::new(), |(_, key)| key.to_owned());
        Telling {
            mailbox: self.mailbox.clone().unwrap_or_default(),
            memo_id: self.memo_id.clone(),
            created_at: self.created_at.clone(),
            json: self.to_json(),
            link: Zeroizing::new(self.link.to_string()),
            attachment: None,
            clear: Vec::new(),
            is_keyed: false,
            unspeakable: Unspeakable {
                key: Zeroizing::new(key),
                from: self.from.clone(),
            },
        }
    }
}

/// What a channel sends of one memo.
pub(super) struct Telling {
    pub mailbox: String,
    pub memo_id: String,
    /// RFC 3339 in UTC.
    pub created_at: String,
    /// For commands and webhooks: one line of JSON.
    pub json: Zeroizing<Vec<u8>>,
    /// For people: the inbox without its secret, or the memo with its key where the mailbox has no owner key.
    pub link: Zeroizing<String>,
    /// The sealed envelope as a file that the inbox opens.
    pub attachment: Option<Vec<u8>>,
    /// What the mailbox lets be said in clear, each with its name.
    pub clear: Vec<(&'static str, String)>,
    /// Whether the mailbox has an owner key.
    pub is_keyed: bool,
    pub unspeakable: Unspeakable,
}

impl Telling {
    /// Of a memo whose owner opens it with a key of their own: nothing in here is a secret but what the mailbox lets be
    /// said. `inbox` is the inbox's link without a fragment.
    pub fn of_record(record: &Record, inbox: &str) -> Self {
        let mailbox = record.user_id.clone().unwrap_or_default();
        let memo_id = record.id.to_string();
        let created_at = record.created_at.to_rfc3339();
        let mut json = serde_json::Map::new();
        json.insert("event".into(), "memo".into());
        json.insert("mailbox".into(), mailbox.as_str().into());
        json.insert("memo_id".into(), memo_id.as_str().into());
        json.insert("inbox".into(), inbox.into());
        // An envelope is text in JSON already; turning it into a value has no way to fail.
        let envelope = serde_json::to_value(&record.sealed_envelope).unwrap_or_default();
        json.insert("sealed_envelope".into(), envelope);
        let clear = clear_values(record);
        for (name, value) in &clear {
            json.insert((*name).to_owned(), value.clone());
        }
        json.insert("created_at".into(), created_at.as_str().into());
        let json = Value::Object(json);
        let attachment = json.to_string().into_bytes();
        let clear: Vec<_> = clear
            .into_iter()
            .map(|(name, value)| (name, shown(&value)))
            .collect();
        let from = clear.iter().find(|(name, _)| *name == "from");
        let from = from.map_or(String::new(), |(_, from)| from.clone());
        Telling {
            mailbox,
            memo_id,
            created_at,
            json: Zeroizing::new(attachment.clone()),
            link: Zeroizing::new(inbox.to_owned()),
            attachment: Some(attachment),
            clear,
            is_keyed: true,
            unspeakable: Unspeakable {
                key: Zeroizing::default(),
                from,
            },
        }
    }
}

/// The key and the number of a notice: a program may print what it was given.
pub(super) struct Unspeakable {
    key: Zeroizing<String>,
    from: String,
}

/// Most of what a program printed that is logged, in characters.
const REASON_CHARS: usize = 300;

impl Unspeakable {
    /// The text without either, cut to a length for a line.
    pub fn cut_from(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if !self.key.is_empty() {
            text = text.replace(self.key.as_str(), "(key)");
        }
        if !self.from.is_empty() {
            text = text.replace(&self.from, &Private(&self.from).to_string());
        }
        text.chars().take(REASON_CHARS).collect()
    }
}

/// What the mailbox's configuration leaves in clear, by its names in the record.
fn clear_values(record: &Record) -> Vec<(&'static str, Value)> {
    const NAMES: [&str; 7] = [
        "from",
        "caller_name",
        "to",
        "diversion",
        "duration_seconds",
        "transcript",
        "summary",
    ];
    let clear = serde_json::to_value(&record.metadata.clear).unwrap_or_default();
    NAMES
        .iter()
        .filter_map(|name| Some((*name, clear.get(name)?.clone())))
        .collect()
}

/// A value on a line for people.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
