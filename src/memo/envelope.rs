//! The sealed envelope: what only a mailbox's owner reads of a memo, its key among it.
//!
//! HPKE (RFC 9180), base mode, to the owner's public key; KDF HKDF-SHA256, AEAD AES-256-GCM; the memo's id is the
//! additional data, so that an envelope cannot be laid beside another memo. Inside is JSON, [`Contents`].

use super::key::{MemoId, MemoKey};
use super::link::Link;
use super::owner::{Kem, OwnerKeyError, OwnerPublicKey, OwnerSeed};
use super::qr;
use crate::limits;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

/// HPKE's info.
const INFO: &[u8] = b"voice-memo/1 envelope";

/// A sealed envelope, as it stands in records and JSON: nothing in it is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// How it is sealed.
    pub kem: Kem,
    /// The encapsulated key.
    #[serde(with = "bytes_text")]
    enc: Vec<u8>,
    /// The ciphertext with its tag.
    #[serde(with = "bytes_text")]
    ct: Vec<u8>,
}

impl Envelope {
    /// Whether its parts have the lengths of an envelope; nobody but the owner can say more.
    pub fn is_plausible(&self) -> bool {
        let enc = match self.kem {
            Kem::XWing => 1_120,
            Kem::X25519 => 32,
        };
        self.enc.len() == enc && (17..=limits::ENVELOPE_BYTES).contains(&self.ct.len())
    }
}

/// What stands in an envelope. Wiped when dropped, as far as it is secret; it has no `Debug`.
pub struct Contents {
    /// The memo's key.
    pub key: MemoKey,
    /// The link that opens the memo.
    pub link: Zeroizing<String>,
    /// The caller's number.
    pub from: Zeroizing<String>,
    /// The caller's name.
    pub caller_name: Zeroizing<String>,
    /// The number called.
    pub to: Zeroizing<String>,
    /// The number that the call was diverted from.
    pub diversion: Zeroizing<String>,
    /// The memo's length; none while it is being recorded.
    pub duration_seconds: Option<f64>,
    /// What was said.
    pub transcript: Zeroizing<String>,
    /// What it is about, in a sentence.
    pub summary: Zeroizing<String>,
    /// What the sender of a memo without a call wrote beside it.
    pub note: Zeroizing<String>,
}

impl Contents {
    /// Of a memo of which nothing but its key is known.
    pub fn new(key: MemoKey, link: &Link) -> Self {
        Contents {
            key,
            link: Zeroizing::new(link.expose().to_owned()),
            from: Zeroizing::default(),
            caller_name: Zeroizing::default(),
            to: Zeroizing::default(),
            diversion: Zeroizing::default(),
            duration_seconds: None,
            transcript: Zeroizing::default(),
            summary: Zeroizing::default(),
            note: Zeroizing::default(),
        }
    }
}

/// Contents as JSON has them; what is empty is left out.
#[derive(Serialize)]
struct Written<'a> {
    key: &'a str,
    link: &'a str,
    qr_svg: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    from: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    caller_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    to: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    diversion: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    transcript: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    summary: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
}

/// The same as it is read: of a sender that need not be this program.
#[derive(Deserialize)]
struct Read {
    #[serde(deserialize_with = "secret_text")]
    key: Zeroizing<String>,
    #[serde(default, deserialize_with = "secret_text")]
    link: Zeroizing<String>,
    #[serde(default, deserialize_with = "secret_text")]
    from: Zeroizing<String>,
    #[serde(default, deserialize_with = "secret_text")]
    caller_name: Zeroizing<String>,
    #[serde(default, deserialize_with = "secret_text")]
    to: Zeroizing<String>,
    #[serde(default, deserialize_with = "secret_text")]
    diversion: Zeroizing<String>,
    duration_seconds: Option<f64>,
    #[serde(default, deserialize_with = "secret_text")]
    transcript: Zeroizing<String>,
    #[serde(default, deserialize_with = "secret_text")]
    summary: Zeroizing<String>,
    #[serde(default, deserialize_with = "secret_text")]
    note: Zeroizing<String>,
}

fn secret_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// Why an envelope did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EnvelopeError {
    /// Sealed to another key, of another memo, or altered: HPKE cannot tell which.
    #[error("the owner's key does not open this envelope")]
    WrongKey,
    /// It opened, but holds something else than it should.
    #[error("the envelope's contents are malformed")]
    Contents,
}

/// Seals to an owner.
///
/// # Errors
/// A public key to which nothing can be sealed.
pub fn seal(owner: &OwnerPublicKey, id: &MemoId, contents: &Contents) -> Result<Envelope, OwnerKeyError> {
    let json = json(contents);
    seal_bytes(owner, &json, id.to_string().as_bytes())
}

/// Opens with an owner's seed.
///
/// # Errors
/// A seed that is not the one, or contents that are none.
pub fn open(seed: &OwnerSeed, id: &MemoId, envelope: &Envelope) -> Result<Contents, EnvelopeError> {
    let json = open_bytes(seed, envelope, id.to_string().as_bytes())?;
    let read: Read = serde_json::from_slice(&json).map_err(|_| EnvelopeError::Contents)?;
    Ok(Contents {
        key: MemoKey::from_text(&read.key).map_err(|_| EnvelopeError::Contents)?,
        link: read.link,
        from: read.from,
        caller_name: read.caller_name,
        to: read.to,
        diversion: read.diversion,
        duration_seconds: read.duration_seconds,
        transcript: read.transcript,
        summary: read.summary,
        note: read.note,
    })
}

fn json(contents: &Contents) -> Zeroizing<Vec<u8>> {
    let key = contents.key.to_text();
    let qr_svg = qr::svg(&contents.link);
    let written = Written {
        key: &key,
        link: &contents.link,
        qr_svg: &qr_svg,
        from: &contents.from,
        caller_name: &contents.caller_name,
        to: &contents.to,
        diversion: &contents.diversion,
        duration_seconds: contents.duration_seconds,
        transcript: &contents.transcript,
        summary: &contents.summary,
        note: &contents.note,
    };
    let texts = [
        written.link,
        written.from,
        written.caller_name,
        written.to,
        written.diversion,
        written.transcript,
        written.summary,
        written.note,
    ];
    // Room for every character escaped, from the start: growing would leave a copy of the key behind.
    let room = 6 * texts.iter().map(|text| text.len()).sum::<usize>() + 2 * qr_svg.len() + 512;
    let mut json = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *json, &written).expect("strings and numbers become JSON");
    json
}

fn seal_bytes(owner: &OwnerPublicKey, plain: &[u8], aad: &[u8]) -> Result<Envelope, OwnerKeyError> {
    let (enc, ct) = match owner.kem() {
        Kem::XWing => seal_with::<hpke::kem::XWing>(owner.bytes(), plain, aad),
        Kem::X25519 => seal_with::<hpke::kem::X25519HkdfSha256>(owner.bytes(), plain, aad),
    }
    .map_err(|_| OwnerKeyError::PublicKey)?;
    Ok(Envelope {
        kem: owner.kem(),
        enc,
        ct,
    })
}

fn seal_with<K: hpke::Kem>(
    public: &[u8],
    plain: &[u8],
    aad: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), hpke::HpkeError> {
    let public = K::PublicKey::from_bytes(public)?;
    let (enc, ct) =
        hpke::single_shot_seal::<AesGcm256, HkdfSha256, K>(&OpModeS::Base, &public, INFO, plain, aad)?;
    Ok((enc.to_bytes().to_vec(), ct))
}

fn open_bytes(
    seed: &OwnerSeed,
    envelope: &Envelope,
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    match envelope.kem {
        Kem::XWing => open_with::<hpke::kem::XWing>(seed, envelope, aad),
        Kem::X25519 => open_with::<hpke::kem::X25519HkdfSha256>(seed, envelope, aad),
    }
    .map_err(|_| EnvelopeError::WrongKey)
}

fn open_with<K: hpke::Kem>(
    seed: &OwnerSeed,
    envelope: &Envelope,
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, hpke::HpkeError> {
    let private = K::PrivateKey::from_bytes(seed.bytes())?;
    let enc = K::EncappedKey::from_bytes(&envelope.enc)?;
    let plain = hpke::single_shot_open::<AesGcm256, HkdfSha256, K>(
        &OpModeR::Base,
        &private,
        &enc,
        INFO,
        &envelope.ct,
        aad,
    )?;
    Ok(Zeroizing::new(plain))
}

/// Bytes as base64url without padding.
mod bytes_text {
    use super::URL_SAFE_NO_PAD;
    use base64::Engine as _;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memo::link::LinkBase;
    use base64::Engine as _;

    fn contents(id: &MemoId) -> Contents {
        let key = MemoKey::generate();
        let link = Link::new(&LinkBase::new("memo.example.org", None, true), id, &key);
        let mut contents = Contents::new(key, &link);
        contents.from = Zeroizing::new("+15550100".to_owned());
        contents.caller_name = Zeroizing::new("Ada \"Example\" \u{1}".to_owned());
        contents.duration_seconds = Some(12.5);
        contents
    }

    #[test]
    fn an_envelope_opens_with_its_owners_seed_and_beside_its_own_memo_alone() {
        for kem in [Kem::XWing, Kem::X25519] {
            let (seed, other) = (OwnerSeed::generate(), OwnerSeed::generate());
            let id = MemoId::generate();
            let before = contents(&id);
            let sealed = seal(&seed.public_key(kem), &id, &before).unwrap();
            assert!(sealed.is_plausible());
            let json = serde_json::to_value(&sealed).unwrap();
            assert_eq!(json["kem"], kem.name());
            let sealed: Envelope = serde_json::from_value(json).unwrap();

            let opened = open(&seed, &id, &sealed).unwrap();
            assert_eq!(*opened.key.to_text(), *before.key.to_text());
            assert_eq!(*opened.link, *before.link);
            assert_eq!(*opened.from, *before.from);
            assert_eq!(*opened.caller_name, *before.caller_name);
            assert_eq!(opened.duration_seconds, Some(12.5));

            let refused = |seed: &OwnerSeed, id: &MemoId, envelope: &Envelope| open(seed, id, envelope).err();
            assert_eq!(refused(&other, &id, &sealed), Some(EnvelopeError::WrongKey));
            assert_eq!(
                refused(&seed, &MemoId::generate(), &sealed),
                Some(EnvelopeError::WrongKey)
            );
            for at in [0, sealed.ct.len() / 2, sealed.ct.len() - 1] {
                let mut altered = sealed.clone();
                altered.ct[at] ^= 1;
                assert_eq!(refused(&seed, &id, &altered), Some(EnvelopeError::WrongKey));
            }
            let mut altered = sealed;
            altered.enc[3] ^= 1;
            assert_eq!(refused(&seed, &id, &altered), Some(EnvelopeError::WrongKey));
        }
    }

    #[test]
    fn nothing_is_sealed_to_a_point_of_low_order() {
        let zero = URL_SAFE_NO_PAD.encode([0u8; 32]);
        let sealed = OwnerPublicKey::from_text(Kem::X25519, &zero)
            .and_then(|owner| seal_bytes(&owner, b"{}", b"").map(drop));
        assert_eq!(sealed, Err(OwnerKeyError::PublicKey));
    }
}
