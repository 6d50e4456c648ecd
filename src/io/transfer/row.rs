//! One row of a table of voice memos as another program wrote it, read as generously as can be without guessing.

use super::check;
use super::found::Texts;
use crate::memo::envelope::{self, Contents, Envelope};
use crate::memo::key::{MemoId, MemoKey};
use crate::memo::link::{Link, LinkBase};
use crate::memo::owner::OwnerPublicKey;
use crate::memo::record::{Encryption, Metadata, Millis, Record, Source};
use crate::memo::token::{AccessToken, Verifier};
use crate::memo::wav;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use rusqlite::types::Value;
use serde_json::{json, Value as Json};
use std::collections::HashMap;

/// Where rows go.
pub struct Target<'a> {
    /// The mailbox.
    pub mailbox: &'a str,
    /// The domain of this server's links.
    pub domain: &'a str,
    /// What stands before them.
    pub base: &'a LinkBase,
    /// To whom what was in clear is sealed; none where it is to be left out.
    pub owner: Option<&'a OwnerPublicKey>,
}

/// A row, by its columns' names in lower case.
pub(super) struct Row(pub HashMap<String, Value>);

/// A row as a memo.
pub(super) struct Memo {
    pub record: Record,
    pub ciphertext: Vec<u8>,
    /// Something that was in clear is sealed now.
    pub is_sealed: bool,
    /// Something that was in clear is left out.
    pub is_left_out: bool,
    /// Its id was a UUID: links of before do not lead here.
    pub is_renamed: bool,
}

/// Both paddings, and spare bits: what other programs write.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Columns that hold no secret and are no text of a call.
const AUDIO: &[&str] = &["encrypted_audio", "encrypted_audio_b64", "ciphertext"];

impl Row {
    /// What a message calls it.
    pub(super) fn name(&self, number: usize) -> String {
        match self.0.get("id") {
            Some(Value::Text(id)) => format!("row {number} ({:?})", id.chars().take(64).collect::<String>()),
            Some(Value::Integer(id)) => format!("row {number} ({id})"),
            _ => format!("row {number}"),
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !matches!(value, Value::Null))
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Value::Text(text)) if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        }
    }

    /// The row as a memo of `target`, or why it is none.
    pub(super) fn read(mut self, target: &Target<'_>) -> Result<Memo, String> {
        let ciphertext = self.take_audio()?;
        let (id, is_renamed) = self.id()?;
        let texts = self.texts();
        let stated = self.hash("access_key_hash")?.filter(|hash| !hash.is_nothing());
        let key = stated.as_ref().and_then(|hash| texts.key(hash));
        let access_key_hash = match (&key, stated) {
            (_, Some(stated)) => stated,
            (_, None) => return Err("it has no access_key_hash: nobody could fetch it".to_owned()),
        };
        let access_token_hash = match (&key, self.hash("access_token_hash")?) {
            (Some(key), _) => AccessToken::derive(key).verifier(),
            (None, Some(stated)) if !stated.is_nothing() => stated,
            // Such a memo is served to who presents the key itself, and to no token.
            (None, _) => Verifier::of_nobody(),
        };
        let metadata = self.metadata();
        let mut record = Record {
            // Whether its locator is free, the store looks.
            telephone: serde_json::from_value(metadata["telephone"].clone()).ok(),
            id,
            user_id: Some(target.mailbox.to_owned()),
            domain: target.domain.to_owned(),
            encryption_iv: self.iv()?,
            access_key_hash,
            access_token_hash,
            file_size_bytes: ciphertext.len() as u64,
            audio_format: self.text("audio_format").unwrap_or(wav::AUDIO_FORMAT).to_owned(),
            access_type: "qr".to_owned(),
            federation_shared: self.flag("federation_shared").unwrap_or(true),
            trusted_domains: self.trusted_domains(),
            access_count: self.number("access_count"),
            last_accessed_at: self.time("last_accessed_at")?,
            created_at: self.time("created_at")?.ok_or("it has no created_at")?,
            expires_at: self.time("expires_at")?,
            max_accesses: metadata["max_accesses"].as_u64(),
            complete: metadata["complete"].as_bool().unwrap_or(true),
            heard: metadata["heard"].as_bool().unwrap_or(false),
            metadata: read_metadata(&metadata, &texts)?,
            sealed_envelope: self.text("sealed_envelope").and_then(envelope_text),
        };
        let (is_sealed, is_left_out) = self.seal(&mut record, key, &texts, target)?;
        check(&record)?;
        Ok(Memo {
            record,
            ciphertext,
            is_sealed,
            is_left_out,
            is_renamed,
        })
    }

    /// Seals what was in clear to the owner. Whether something was sealed, and whether something is left out.
    fn seal(
        &self,
        record: &mut Record,
        key: Option<MemoKey>,
        texts: &Texts,
        target: &Target<'_>,
    ) -> Result<(bool, bool), String> {
        let was_sealed = record.sealed_envelope.is_some();
        let (Some(key), Some(owner)) = (key, target.owner) else {
            // Without the key there is nothing that an envelope could open; one that was there has it all already.
            let is_left_out = !was_sealed
                && (texts.has_caller()
                    || target.owner.is_none() && texts.key(&record.access_key_hash).is_some());
            return Ok((false, is_left_out));
        };
        let link = Link::new(target.base, &record.id, &key);
        let mut contents = Contents::new(key, &link);
        texts.caller(&mut contents);
        contents.duration_seconds = match self.value("duration_seconds") {
            Some(Value::Integer(seconds)) => Some(*seconds as f64),
            Some(Value::Real(seconds)) => Some(*seconds),
            Some(Value::Text(text)) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
        let sealed = envelope::seal(owner, &record.id, &contents).map_err(|error| error.to_string())?;
        record.sealed_envelope = Some(sealed);
        Ok((true, false))
    }

    fn take_audio(&mut self) -> Result<Vec<u8>, String> {
        let name = AUDIO.iter().find(|name| self.value(name).is_some());
        let value = name.and_then(|name| self.0.remove(*name));
        let ciphertext = match value {
            Some(Value::Blob(bytes)) => bytes,
            Some(Value::Text(text)) => base64(&text).ok_or("its encrypted_audio is no base64")?,
            _ => return Err("it has no encrypted_audio".to_owned()),
        };
        match ciphertext.len() > crate::memo::seal::TAG_BYTES {
            true => Ok(ciphertext),
            false => Err("its encrypted_audio is shorter than a tag".to_owned()),
        }
    }

    /// The id, and whether it is another than links of before have.
    fn id(&self) -> Result<(MemoId, bool), String> {
        let text = match self.value("id") {
            Some(Value::Text(text)) => text.trim(),
            Some(Value::Blob(bytes)) => {
                let bytes: Result<[u8; 16], _> = bytes.as_slice().try_into();
                return bytes
                    .map(|bytes| (MemoId::from_bytes(bytes), true))
                    .map_err(|_| "its id has not 16 bytes".to_owned());
            }
            _ => return Err("it has no id of a memo".to_owned()),
        };
        if let Ok(id) = text.parse() {
            return Ok((id, false));
        }
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let mut bytes = [0u8; 16];
        match digits.len() == 32 && hex::decode_to_slice(&digits, &mut bytes).is_ok() {
            true => Ok((MemoId::from_bytes(bytes), true)),
            false => Err("its id is neither 22 characters of base64url nor a UUID".to_owned()),
        }
    }

    fn iv(&self) -> Result<[u8; 12], String> {
        let bytes = match self.value("encryption_iv") {
            Some(Value::Blob(bytes)) => Some(bytes.clone()),
            Some(Value::Text(text)) if text.trim().len() == 24 => hex::decode(text.trim()).ok(),
            Some(Value::Text(text)) => base64(text),
            _ => return Err("it has no encryption_iv".to_owned()),
        };
        let bytes: Option<[u8; 12]> = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| "its encryption_iv has not 12 bytes".to_owned())
    }

    fn hash(&self, name: &str) -> Result<Option<Verifier>, String> {
        let bytes = match self.value(name) {
            None => return Ok(None),
            Some(Value::Blob(bytes)) => Some(bytes.clone()),
            Some(Value::Text(text)) if text.trim().is_empty() => return Ok(None),
            Some(Value::Text(text)) if text.trim().len() == 64 => hex::decode(text.trim()).ok(),
            Some(Value::Text(text)) => base64(text),
            Some(_) => None,
        };
        let hash = bytes
            .filter(|bytes| bytes.len() == 32)
            .and_then(|bytes| serde_json::from_value(json!(hex::encode(bytes))).ok());
        hash.map(Some).ok_or_else(|| format!("its {name} is no SHA-256"))
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Integer(number) => Some(*number != 0),
            Value::Text(text) => match text.trim().to_lowercase().as_str() {
                "1" | "true" | "t" | "yes" => Some(true),
                "0" | "false" | "f" | "no" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    fn number(&self, name: &str) -> u64 {
        match self.value(name) {
            Some(Value::Integer(number)) => u64::try_from(*number).unwrap_or(0),
            Some(Value::Text(text)) => text.trim().parse().unwrap_or(0),
            _ => 0,
        }
    }

    fn time(&self, name: &str) -> Result<Option<Millis>, String> {
        let time = match self.value(name) {
            None => return Ok(None),
            Some(Value::Integer(number)) => epoch(*number as f64),
            Some(Value::Real(number)) => epoch(*number),
            Some(Value::Text(text)) if text.trim().is_empty() => return Ok(None),
            Some(Value::Text(text)) => text.trim().parse().map_or_else(|_| iso(text.trim()), epoch),
            Some(Value::Blob(_) | Value::Null) => None,
        };
        time.map(Some).ok_or_else(|| format!("its {name} is no time"))
    }

    fn trusted_domains(&self) -> Vec<String> {
        let Some(text) = self.text("trusted_domains") else {
            return Vec::new();
        };
        match serde_json::from_str::<Vec<String>>(text) {
            Ok(domains) => domains,
            Err(_) => text
                .split([',', ' ', ';'])
                .filter(|domain| !domain.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    fn metadata(&self) -> Json {
        let parsed = self
            .text("metadata")
            .and_then(|text| serde_json::from_str(text).ok());
        parsed.unwrap_or(Json::Null)
    }

    /// Every text of the row but its audio; what `user_id` says is the other program's.
    fn texts(&self) -> Texts {
        let mut texts = Texts::default();
        for (name, value) in &self.0 {
            match value {
                Value::Text(text) => texts.add(name, text),
                Value::Blob(bytes) => {
                    if let Ok(text) = std::str::from_utf8(bytes) {
                        texts.add(name, text);
                    }
                }
                _ => {}
            }
        }
        texts
    }
}

/// What of another program's metadata stands in ours: where the memo comes from, unless that gives a caller away.
fn read_metadata(metadata: &Json, texts: &Texts) -> Result<Metadata, String> {
    let kept = |names: &[&str]| {
        let text = names.iter().find_map(|name| metadata[name].as_str());
        text.filter(|text| !texts.gives_away(text)).map(str::to_owned)
    };
    let encryption = match metadata["encryption"].as_str() {
        None => Encryption::Whole,
        Some(name) => [Encryption::Whole, Encryption::Stream]
            .into_iter()
            .find(|encryption| encryption.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                format!(
                    "it is encrypted by {:?}",
                    name.chars().take(64).collect::<String>()
                )
            })?,
    };
    Ok(Metadata {
        source: serde_json::from_value(metadata["source"].clone()).unwrap_or(Source::Import),
        trunk: kept(&["trunk"]),
        call_id: kept(&["call_id", "Call-ID", "sip_call_id"]),
        encryption,
        share_of: metadata["share_of"].as_str().and_then(|id| id.parse().ok()),
        clear: None,
    })
}

fn envelope_text(text: &str) -> Option<Envelope> {
    serde_json::from_str(text).ok().filter(Envelope::is_plausible)
}

/// Bytes of base64 in either alphabet, with line ends or without.
fn base64(text: &str) -> Option<Vec<u8>> {
    let standard: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    LENIENT.decode(standard).ok()
}

/// Seconds since 1970; what would be after the year 5138 is milliseconds.
fn epoch(number: f64) -> Option<Millis> {
    let millis = if number.abs() < 1e11 {
        number * 1_000.0
    } else {
        number
    };
    (0.0..1e15).contains(&millis).then_some(Millis(millis as u64))
}

/// `2026-01-31T12:00:00.000Z`, with an offset, or without one, which is UTC; a blank may stand for the `T`.
fn iso(text: &str) -> Option<Millis> {
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let time = match text.parse::<jiff::Timestamp>() {
        Ok(time) => time,
        Err(_) => {
            let civil: jiff::civil::DateTime = text.parse().ok()?;
            civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
        }
    };
    u64::try_from(time.as_millisecond()).ok().map(Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let noon = Some(Millis(1_769_860_800_000));
        for text in [
            "2026-01-31T12:00:00.000Z",
            "2026-01-31T12:00:00Z",
            "2026-01-31 12:00:00",
            "2026-01-31T12:00:00",
            "2026-01-31 12:00:00 UTC",
            "2026-01-31T14:00:00+02:00",
            "2026-01-31 12:00:00.000000",
            "2026-01-31 14:00:00+02:00",
        ] {
            assert_eq!(iso(text), noon, "{text}");
        }
        assert_eq!(epoch(1_769_860_800.0), noon);
        assert_eq!(epoch(1_769_860_800_000.0), noon);
        assert_eq!(epoch(-1.0), None);
        assert_eq!(iso("yesterday"), None);
    }
}
