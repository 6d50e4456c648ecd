//! What another program kept in clear beside a memo: its key, in a link or a QR code's text, and who called. Looked for in
//! every text of a row, since such programs differ in where they keep it.

use crate::memo::envelope::Contents;
use crate::memo::key::MemoKey;
use crate::memo::token::Verifier;
use serde_json::Value;
use zeroize::Zeroizing;

/// Texts of a row by the names that they have there: columns, and fields of the JSON within columns.
#[derive(Default)]
pub(super) struct Texts(Vec<(String, Zeroizing<String>)>);

/// JSON within JSON within JSON: an object that holds a text that is JSON.
const DEPTH: usize = 8;

impl Texts {
    /// Takes a column's text in; where it is JSON, every text and number in that.
    pub(super) fn add(&mut self, name: &str, text: &str) {
        self.add_at(name, text, DEPTH);
    }

    fn add_at(&mut self, name: &str, text: &str, depth: usize) {
        let is_nested = depth > 0 && text.trim_start().starts_with(['{', '[']);
        match serde_json::from_str::<Value>(text) {
            Ok(value) if is_nested => self.add_value(name, &value, depth - 1),
            _ => self
                .0
                .push((name.to_lowercase(), Zeroizing::new(text.to_owned()))),
        }
    }

    fn add_value(&mut self, name: &str, value: &Value, depth: usize) {
        match value {
            Value::String(text) => self.add_at(name, text, depth),
            Value::Number(number) => self
                .0
                .push((name.to_lowercase(), Zeroizing::new(number.to_string()))),
            Value::Array(values) => values.iter().for_each(|value| self.add_value(name, value, depth)),
            Value::Object(fields) => fields
                .iter()
                .for_each(|(name, value)| self.add_value(name, value, depth)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The first text that has one of these names.
    pub(super) fn named(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|wanted| {
            let mut texts = self
                .0
                .iter()
                .filter(|(name, text)| name == wanted && !text.trim().is_empty());
            texts.next().map(|(_, text)| text.trim())
        })
    }

    /// The key of the memo with that hash, wherever it stands: in a link, behind `key=`, by itself.
    pub(super) fn key(&self, hash: &Verifier) -> Option<MemoKey> {
        let is_no_base64 = |c: char| !(c.is_ascii_alphanumeric() || "+/_-".contains(c));
        self.0.iter().find_map(|(_, text)| {
            text.split(is_no_base64).find_map(|word| {
                // A path's slashes are letters of base64: the key is at the end.
                let start = word.len().checked_sub(KEY_CHARS)?;
                let key = MemoKey::from_text(&word[start..]).ok()?;
                Verifier::of_key(&key).matches(hash).then_some(key)
            })
        })
    }

    /// What is known of the call, put into an envelope's contents. Whether there was any.
    pub(super) fn caller(&self, into: &mut Contents) -> bool {
        let mut any = false;
        let mut put = |field: &mut Zeroizing<String>, names: &[&str]| {
            if let Some(text) = self.named(names) {
                *field = Zeroizing::new(text.to_owned());
                any = true;
            }
        };
        put(&mut into.from, FROM);
        put(&mut into.caller_name, CALLER_NAME);
        put(&mut into.to, TO);
        put(&mut into.diversion, DIVERSION);
        put(&mut into.transcript, &["transcript", "transcription"]);
        put(&mut into.summary, &["summary"]);
        put(&mut into.note, &["note", "notes"]);
        any
    }

    /// Whether there is anything of a call that only the owner should read.
    pub(super) fn has_caller(&self) -> bool {
        let names = [
            FROM,
            CALLER_NAME,
            TO,
            DIVERSION,
            &["transcript", "transcription", "summary", "note", "notes"],
        ];
        names.iter().any(|names| self.named(names).is_some())
    }

    /// Whether a text that is to be kept in clear holds the caller's number, or the number called.
    pub(super) fn gives_away(&self, text: &str) -> bool {
        let numbers = [self.named(FROM), self.named(TO), self.named(DIVERSION)];
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let kept = digits(text);
        numbers.into_iter().flatten().any(|number| {
            let number = digits(number);
            number.len() >= 4 && kept.contains(&number)
        })
    }
}

/// Characters of a key without its padding.
const KEY_CHARS: usize = 43;

const FROM: &[&str] = &[
    "from",
    "from_number",
    "caller",
    "caller_number",
    "caller_id",
    "callerid",
    "caller_id_number",
    "cli",
    "from_user",
];
const CALLER_NAME: &[&str] = &[
    "caller_name",
    "from_name",
    "caller_id_name",
    "callerid_name",
    "display_name",
];
const TO: &[&str] = &[
    "to",
    "to_number",
    "called",
    "called_number",
    "callee",
    "did",
    "to_user",
];
const DIVERSION: &[&str] = &["diversion", "diverted_from", "redirecting_number", "rdnis"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_wherever_it_stands() {
        let key = MemoKey::generate();
        let hash = Verifier::of_key(&key);
        let text = key.to_text();
        let bare = text.trim_end_matches('=');
        let standard = text.replace('-', "+").replace('_', "/");
        for place in [
            format!("https://memo.example.org/voice/abc#{}", text.as_str()),
            format!("https://memo.example.org/voice/abc?key={bare}%3D"),
            format!("https://memo.example.org/voice/abc/{standard}"),
            bare.to_owned(),
            format!("{{\"qr_access\":{{\"url\":\"x/voice/y#{bare}\"}}}}"),
            format!("{{\"a\":[\"{{\\\"b\\\":\\\"{standard}\\\"}}\"]}}"),
        ] {
            let mut texts = Texts::default();
            texts.add("metadata", &place);
            let found = texts.key(&hash).map(|key| key.to_text());
            assert_eq!(found.as_deref(), Some(&*text), "{place}");
            assert!(texts.key(&Verifier::nothing()).is_none());
        }
    }

    #[test]
    fn callers_are_found_by_their_names_and_recognised_elsewhere() {
        let mut texts = Texts::default();
        texts.add(
            "metadata",
            r#"{"call":{"Caller_ID":"+1 555 0100","did":15550199},"trunk":"x"}"#,
        );
        assert!(texts.has_caller());
        assert_eq!(texts.named(FROM), Some("+1 555 0100"));
        assert_eq!(texts.named(TO), Some("15550199"));
        assert!(texts.gives_away("sip-15550100-a"));
        assert!(!texts.gives_away("a84b4c76e66710"));
    }
}
