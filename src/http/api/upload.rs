//! Ciphertext that was sealed elsewhere, in the owner's or a stranger's browser: read within bounds, checked for its
//! shape, stored durably. What is in it nobody here can tell.

use super::crowd::Place;
use super::{bad_request, blocking, body};
use crate::http::body::{broken, too_large};
use crate::http::client_address::Client;
use crate::http::{answer, State};
use crate::limits;
use crate::memo::envelope::Envelope;
use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record};
use crate::memo::seal::{SealedMemo, IV_BYTES, TAG_BYTES};
use crate::memo::store::NewMemo;
use crate::memo::token::Verifier;
use axum::body::{Body, Bytes};
use axum::http::{header, HeaderMap};
use axum::response::Response;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use base64::Engine as _;
use futures_util::StreamExt as _;
use serde::de::{Deserializer, Error, Visitor};
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::OwnedSemaphorePermit;

/// What the plain audio may be: what browsers record, and files that they play.
const AUDIO_FORMATS: [&str; 15] = [
    "audio/wav",
    "audio/ogg",
    "audio/ogg; codecs=opus",
    "audio/ogg; codecs=vorbis",
    "audio/webm",
    "audio/webm; codecs=opus",
    "audio/mp4",
    "audio/mp4; codecs=mp4a.40.2",
    "audio/mp4; codecs=opus",
    "audio/mpeg",
    "audio/aac",
    "audio/flac",
    "audio/x-m4a",
    "audio/3gpp",
    "audio/amr",
];

/// A memo that was sealed elsewhere, and what its sender wants.
pub(super) struct Upload {
    pub(super) sealed: SealedMemo,
    pub(super) mailbox: Option<String>,
    pub(super) envelope: Option<Envelope>,
    pub(super) expires_at: Option<SystemTime>,
    pub(super) max_accesses: Option<u64>,
    /// Bytes of the ciphertext.
    pub(super) size_bytes: u64,
    /// Where it is in memory.
    pub(super) held: Held,
}

/// The places and the room that an upload holds until it is stored, however long the disk takes.
pub(super) struct Held {
    _share: Option<(Place, Place)>,
    _room: OwnedSemaphorePermit,
}

/// Who uploads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// Anybody: with a share of the room by address.
    Stranger,
    /// A mailbox's owner: with a room that no stranger takes.
    Owner,
}

impl Held {
    /// Places and room for an upload of so many bytes, taken before the first of them is read: for the text and for what
    /// it decodes to. None where others did not give theirs back in time.
    async fn take(state: &State, client: Client, sender: Sender, bytes: usize) -> Option<Held> {
        let (inner, wait) = (&state.inner, state.inner.upload_wait);
        let units = (2 * bytes).div_ceil(limits::HTTP_UPLOAD_UNIT_BYTES).max(1);
        let taken = async {
            let (share, room) = match sender {
                Sender::Stranger => {
                    let place = inner.uploaders.wait(client.address, 1, wait).await?;
                    let share = inner.upload_shares.wait(client.address, units, wait).await?;
                    (Some((place, share)), &inner.upload_room)
                }
                Sender::Owner => (None, &inner.owner_room),
            };
            let room = Arc::clone(room).acquire_many_owned(u32::try_from(units).ok()?);
            Some(Held {
                _share: share,
                _room: room.await.ok()?,
            })
        };
        tokio::time::timeout(wait, taken).await.ok()?
    }
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    encryption_iv: String,
    access_key_hash: Verifier,
    access_token_hash: Verifier,
    audio_format: String,
    #[serde(deserialize_with = "base64_bytes")]
    encrypted_audio_b64: Vec<u8>,
    mailbox: Option<String>,
    sealed_envelope: Option<Envelope>,
    expires_at: Option<String>,
    max_accesses: Option<u64>,
}

/// Decodes while the text still lies in the request's body, so that it is in memory once, and its bytes once.
fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    struct Base64;
    impl Visitor<'_> for Base64 {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("base64")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
            STANDARD.decode(text).map_err(|_| E::custom("not base64"))
        }
    }
    deserializer.deserialize_str(Base64)
}

/// Reads and checks an upload. The error is the answer.
pub(super) async fn read(
    state: &State,
    client: Client,
    sender: Sender,
    headers: &HeaderMap,
    body: Body,
) -> Result<Upload, Response> {
    let most = limits::HTTP_UPLOAD_BYTES;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<usize>().ok());
    let bytes = match announced {
        Some(bytes) if bytes > most => return Err(too_large()),
        Some(bytes) => bytes,
        None => most,
    };
    let held = Held::take(state, client, sender, bytes).await;
    let (held, now) = (held.ok_or_else(answer::busy)?, state.wall());
    let text = collect(body, bytes, state.inner.upload_grace).await?;
    // Whatever becomes of the request meanwhile, what it holds is counted as long as it is in memory.
    let parsed = tokio::task::spawn_blocking(move || (serde_json::from_slice::<Written>(&text), held));
    let (written, held) = parsed.await.map_err(|_| answer::broken())?;
    check(written.map_err(|error| body::malformed(&error))?, held, now)
}

/// The whole body, of a sender who keeps sending, and not so slowly that it holds its room for nothing.
async fn collect(body: Body, most: usize, grace: Duration) -> Result<Vec<u8>, Response> {
    let too_slow = || {
        let what = "the request took too long";
        answer::failure(axum::http::StatusCode::REQUEST_TIMEOUT, what)
    };
    let began = tokio::time::Instant::now();
    let mut text = Vec::with_capacity(most);
    let mut pieces = body.into_data_stream();
    loop {
        let piece = tokio::time::timeout(limits::HTTP_UPLOAD_PAUSE.min(grace), pieces.next()).await;
        let piece: Bytes = match piece {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => return Ok(text),
            Ok(Some(Err(_))) => return Err(broken()),
            Err(_) => return Err(too_slow()),
        };
        if text.len() + piece.len() > most {
            return Err(too_large());
        }
        text.extend_from_slice(&piece);
        if text.len() < due(most, began.elapsed(), grace) {
            return Err(too_slow());
        }
    }
}

/// How many of so many bytes must have come after that time, so that the rest comes in time at the same rate.
fn due(bytes: usize, elapsed: Duration, grace: Duration) -> usize {
    let spent = elapsed.saturating_sub(grace).as_millis();
    let whole = limits::HTTP_UPLOAD_TIME.saturating_sub(grace).as_millis().max(1);
    usize::try_from((bytes as u128 * spent / whole).min(bytes as u128)).unwrap_or(bytes)
}

fn check(written: Written, held: Held, now: SystemTime) -> Result<Upload, Response> {
    let id: MemoId = written
        .id
        .parse()
        .map_err(|_| bad_request("id is not the id of a memo"))?;
    let iv: [u8; IV_BYTES] = URL_SAFE
        .decode(&written.encryption_iv)
        .ok()
        .and_then(|iv| iv.try_into().ok())
        .ok_or_else(|| bad_request("encryption_iv is not 12 bytes in base64url"))?;
    let audio_format = audio_format(&written.audio_format)
        .ok_or_else(|| bad_request("audio_format is none that is played here"))?;
    if written.access_key_hash.is_nothing() || written.access_token_hash.is_nothing() {
        return Err(bad_request(
            "access_key_hash or access_token_hash is of no secret",
        ));
    }
    if written.encrypted_audio_b64.len() < TAG_BYTES {
        return Err(bad_request(
            "encrypted_audio_b64 is shorter than the tag of a ciphertext",
        ));
    }
    if written
        .sealed_envelope
        .as_ref()
        .is_some_and(|envelope| !envelope.is_plausible())
    {
        return Err(bad_request("sealed_envelope is none"));
    }
    if written
        .max_accesses
        .is_some_and(|most| !(1..=limits::MAX_ACCESSES).contains(&most))
    {
        return Err(bad_request("max_accesses is out of range"));
    }
    let expires_at = written.expires_at.map(|text| expiry(&text, now)).transpose()?;
    let size_bytes = written.encrypted_audio_b64.len() as u64;
    Ok(Upload {
        sealed: SealedMemo::sealed_elsewhere(
            id,
            iv,
            written.encrypted_audio_b64,
            written.access_key_hash,
            written.access_token_hash,
            audio_format,
        ),
        mailbox: written.mailbox,
        envelope: written.sealed_envelope,
        expires_at: expires_at.map(Millis::to_time),
        max_accesses: written.max_accesses,
        size_bytes,
        held,
    })
}

/// The name of a format as we write it, however it is spaced.
fn audio_format(text: &str) -> Option<&'static str> {
    let plain = |text: &str| text.replace([' ', '"'], "").to_ascii_lowercase();
    let wanted = plain(text);
    AUDIO_FORMATS.into_iter().find(|known| plain(known) == wanted)
}

/// A time to come, as RFC 3339.
pub(super) fn expiry(text: &str, now: SystemTime) -> Result<Millis, Response> {
    let now = Millis::from_time(now);
    let time = text.parse::<jiff::Timestamp>().ok();
    let millis = time.and_then(|time| u64::try_from(time.as_millisecond()).ok());
    millis
        .map(Millis)
        .filter(|time| *time > now)
        .ok_or_else(|| bad_request("expires_at is not a time to come, as 2026-01-31T12:00:00Z"))
}

/// Stores it; durable when this returns. The error is the answer.
pub(super) async fn store(state: &State, memo: NewMemo, held: Held) -> Result<Record, Response> {
    let store = state.store().clone();
    let stored = blocking(move || {
        let stored = store.insert(vec![memo]).remove(0);
        drop(held);
        stored
    });
    stored.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_must_be_as_far_as_one_that_ends_in_time() {
        let (bytes, grace) = (2_700_000, Duration::from_secs(30));
        let due = |secs| due(bytes, Duration::from_secs(secs), grace);
        assert_eq!((due(0), due(30), due(31), due(165)), (0, 0, 10_000, 1_350_000));
        assert_eq!((due(300), due(1_000_000)), (bytes, bytes));
        // A byte a second ends half a minute in, for all but what is small; and that ends by itself.
        let slow = |bytes: usize| {
            (0..300).find(|secs| super::due(bytes, Duration::from_secs(*secs), grace) > *secs as usize)
        };
        assert_eq!(slow(limits::HTTP_UPLOAD_BYTES), Some(31));
        assert_eq!(slow(limits::HTTP_UPLOAD_UNIT_BYTES), Some(31));
        assert_eq!(slow(270), None);
    }
}
