//! What another domain answers, read into no more memory than what of it is wanted: a document may have 85 MB, and one of
//! brackets alone would become gigabytes where each was kept as a value.

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::Deserialize;
use std::fmt;

/// Base64 as peers write it, padded or not.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Longest text that is kept, bytes, but for the audio.
const TEXT_BYTES: usize = 4_096;

/// An answer to fetch. Anything may be missing, or be something else than it should.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) success: Scalar,
    pub(super) error: Scalar,
    pub(super) encrypted_audio_b64: Audio,
    pub(super) encryption_iv: Scalar,
    pub(super) encryption: Scalar,
    pub(super) audio_format: Scalar,
    pub(super) complete: Scalar,
    pub(super) max_age_seconds: Scalar,
    pub(super) metadata: Metadata,
}

/// What is not looked into further.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Scalar {
    /// Null, missing, or of another kind.
    #[default]
    Nothing,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Number(u64),
    /// A text; empty where it is too long to be meant.
    Text(String),
}

impl Scalar {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The ciphertext, decoded while its text lies in the answer.
#[derive(Default)]
pub(super) enum Audio {
    #[default]
    Missing,
    Bytes(Vec<u8>),
    NoText,
    NoBase64,
}

/// What is wanted of `metadata`.
#[derive(Default)]
pub(super) struct Metadata {
    pub(super) created_at: Scalar,
}

/// Visitors differ in what they make of a text and of an object; of what is of another kind nothing is kept.
macro_rules! anything_else_is {
    ($nothing:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

fn skip<'de, A: MapAccess<'de>>(mut fields: A) -> Result<(), A::Error> {
    while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Scalar;

            anything_else_is!(Scalar::Nothing);

            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                let fits = text.len() <= TEXT_BYTES;
                Ok(Scalar::Text(if fits { text.to_owned() } else { String::new() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Scalar, A::Error> {
                skip(fields).map(|()| Scalar::Nothing)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Audio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Audio;

            anything_else_is!(Audio::NoText);

            fn visit_bool<E: Error>(self, _: bool) -> Result<Audio, E> {
                Ok(Audio::NoText)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Audio, E> {
                Ok(Audio::NoText)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Audio, E> {
                Ok(LENIENT.decode(text).map_or(Audio::NoBase64, Audio::Bytes))
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Audio, A::Error> {
                skip(fields).map(|()| Audio::NoText)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Metadata;

            anything_else_is!(Metadata::default());

            fn visit_bool<E: Error>(self, _: bool) -> Result<Metadata, E> {
                Ok(Metadata::default())
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Metadata, E> {
                Ok(Metadata::default())
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Metadata, E> {
                Ok(Metadata::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Metadata, A::Error> {
                let mut read = Metadata::default();
                while let Some(name) = fields.next_key::<Scalar>()? {
                    match name.text() {
                        Some("created_at") => read.created_at = fields.next_value()?,
                        _ => {
                            fields.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(read)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_another_kind_is_as_if_it_were_missing() {
        let odd = r#"{"success": [[[]]], "error": {"a": [1]}, "encrypted_audio_b64": {"a": 1}, "encryption_iv": 1.5,
            "encryption": null, "audio_format": -1, "complete": "yes", "max_age_seconds": 7, "metadata": [1, 2],
            "another": {"deep": [[[1]]]}}"#;
        let answer: Answer = serde_json::from_str(odd).unwrap();
        assert_eq!(answer.success, Scalar::Nothing);
        assert_eq!(answer.error, Scalar::Nothing);
        assert!(matches!(answer.encrypted_audio_b64, Audio::NoText));
        assert_eq!(answer.encryption_iv, Scalar::Nothing);
        assert_eq!(answer.encryption, Scalar::Nothing);
        assert_eq!(answer.audio_format, Scalar::Nothing);
        assert_eq!(answer.complete, Scalar::Text("yes".into()));
        assert_eq!(answer.max_age_seconds, Scalar::Number(7));
        assert_eq!(answer.metadata.created_at, Scalar::Nothing);
        let metadata = r#"{"metadata": {"source": ["x"], "created_at": "2027", "more": {}}, "encrypted_audio_b64": null}"#;
        let answer: Answer = serde_json::from_str(metadata).unwrap();
        assert_eq!(answer.metadata.created_at.text(), Some("2027"));
        assert!(matches!(answer.encrypted_audio_b64, Audio::Missing));
        let long = format!(r#"{{"error": "{}"}}"#, "x".repeat(TEXT_BYTES + 1));
        let answer: Answer = serde_json::from_str(&long).unwrap();
        assert_eq!(answer.error.text(), Some(""));
    }
}
