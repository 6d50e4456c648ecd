//! Fetching a memo's ciphertext from another domain, in this domain's name: by a signed request with the access token,
//! so that no key leaves the browser; or, from a peer of version 1.0, by the key itself, where a person said so.

use super::answer::{Answer, Audio, Scalar, LENIENT};
use super::cache::{Cache, CacheKey};
use super::domain::Domain;
use super::identity::Identity;
use super::peers::{PeerError, Peers};
use super::signature;
use crate::limits;
use crate::memo::key::MemoKey;
use crate::memo::seal::IV_BYTES;
use crate::memo::token::AccessToken;
use crate::time::{Duration, Instant};
use crate::web::{self, Reach, ReadError, Room};
use base64::Engine as _;
use bytes::Bytes;
use reqwest::{StatusCode, Url};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;
use tokio::sync::OwnedSemaphorePermit;
use zeroize::Zeroizing;

/// A memo of another domain, as it came.
#[derive(Debug)]
pub struct Fetched {
    /// The ciphertext, and with it the room in memory that it takes, given back when the last copy of it is gone.
    pub ciphertext: Bytes,
    /// The IV.
    pub encryption_iv: [u8; IV_BYTES],
    /// What the plain audio is; fit for a header field.
    pub audio_format: String,
    /// `aes-256-gcm` or `aes-256-gcm-stream`.
    pub encryption: String,
    /// Whether the recording came to its end.
    pub complete: bool,
    /// When it was recorded, as the other domain writes it; fit for a header field.
    pub created_at: Option<String>,
    /// How long the other domain lets it be kept.
    pub max_age: Duration,
}

/// What is shown to the other domain.
#[derive(Clone, Copy)]
pub enum Secret<'a> {
    /// The token: to who speaks 1.1.
    Token(&'a AccessToken),
    /// The key: the person said that it may be sent on. To who takes tokens, the token goes instead.
    Key(&'a MemoKey),
}

/// The two clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic.
    pub instant: Instant,
    /// Seconds since 1970.
    pub wall_secs: u64,
}

/// Why a memo was not fetched.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClientError {
    /// Nothing is known of the domain.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The domain speaks 1.0 alone, and takes only the key.
    #[error("{0} speaks voice federation 1.0, which needs the memo's key itself")]
    NeedsKey(Domain),
    /// No such memo, or another key.
    #[error("there is no such memo on {0}, or the key is not its key")]
    Unknown(Domain),
    /// It expired.
    #[error("this memo has expired")]
    Expired,
    /// The domain refuses: this memo, or all of what we ask.
    #[error("{domain} refuses: {reason}")]
    Refused {
        /// Which.
        domain: Domain,
        /// What it says.
        reason: String,
    },
    /// The domain, or this server, wants us to wait.
    #[error("{0} asks to try again later")]
    Busy(Domain),
    /// An answer that is no memo.
    #[error("{domain} answered with {what}, which is no memo")]
    Strange {
        /// Which.
        domain: Domain,
        /// What it answered.
        what: String,
    },
}

/// Fetches in a domain's name.
pub struct Client {
    http: reqwest::Client,
    pub(super) peers: Arc<Peers>,
    identity: Arc<Identity>,
    pub(super) own: Domain,
    pub(super) room: Room,
    cache: Mutex<Cache>,
}

impl Client {
    /// For the domain `own`.
    ///
    /// # Errors
    /// Where this machine cannot speak TLS.
    pub fn new(peers: Arc<Peers>, identity: Arc<Identity>, own: Domain) -> Result<Self, String> {
        let http = web::client(peers.reach().clone())
            .connect_timeout(limits::FETCH_CONNECT_TIME)
            .timeout(limits::RELAY_TIME)
            .build();
        Ok(Client {
            http: http.map_err(|error| web::reason(&error))?,
            peers,
            identity,
            own,
            room: Room::new(limits::FETCHES_BYTES),
            cache: Mutex::default(),
        })
    }

    /// A memo's ciphertext.
    ///
    /// # Errors
    /// Why not; [`ClientError::NeedsKey`] where the domain takes no token.
    pub async fn fetch(
        &self,
        domain: &Domain,
        memo_id: &str,
        secret: Secret<'_>,
        now: Now,
    ) -> Result<Arc<Fetched>, ClientError> {
        let derived;
        let token = match secret {
            Secret::Token(token) => token,
            Secret::Key(key) => {
                derived = AccessToken::derive(key);
                &derived
            }
        };
        let cache_key = CacheKey::new(domain, memo_id, token);
        if let Some(kept) = self.cache().get(&cache_key, now.instant) {
            return Ok(kept);
        }
        let peer = self.peers.get(domain, limits::DISCOVERY_AGE, now.instant).await?;
        let url = endpoint(domain, &peer.fetch, self.peers.reach())?;
        let response = match (peer.takes_tokens(), secret) {
            (true, _) => self.send_signed(domain, url, memo_id, token, now).await?,
            (false, Secret::Key(key)) => self.send_key(domain, url, memo_id, key).await?,
            (false, Secret::Token(_)) => return Err(ClientError::NeedsKey(domain.clone())),
        };
        let memo = Arc::new(read(&self.room, domain, response).await?);
        self.cache().put(cache_key, &memo, now.instant);
        Ok(memo)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        // It is whole between any two of its operations.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send_signed(
        &self,
        domain: &Domain,
        url: Url,
        memo_id: &str,
        token: &AccessToken,
        now: Now,
    ) -> Result<reqwest::Response, ClientError> {
        let token = token.to_text();
        let body = json_body(&[
            ("memo_id", memo_id),
            ("access_token", &token),
            ("requesting_domain", self.own.as_str()),
        ]);
        self.post_signed(domain, url, body, now).await
    }

    /// Sends a body that names this domain, signed.
    pub(super) async fn post_signed(
        &self,
        domain: &Domain,
        url: Url,
        body: Zeroizing<Vec<u8>>,
        now: Now,
    ) -> Result<reqwest::Response, ClientError> {
        let nonce = nonce();
        let signed = signature::sign(&self.identity, "POST", url.as_str(), &body, now.wall_secs, &nonce);
        let request = self
            .http
            .post(url)
            .header("content-digest", signed.content_digest)
            .header("signature-input", signed.signature_input)
            .header("signature", signed.signature);
        self.send(domain, request, body).await
    }

    /// As 1.0 peers expect it: no signature, the key with its padding.
    async fn send_key(
        &self,
        domain: &Domain,
        url: Url,
        memo_id: &str,
        key: &MemoKey,
    ) -> Result<reqwest::Response, ClientError> {
        let body = key_request(memo_id, key, self.own.as_str());
        self.send(domain, self.http.post(url), body).await
    }

    async fn send(
        &self,
        domain: &Domain,
        request: reqwest::RequestBuilder,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<reqwest::Response, ClientError> {
        let request = request
            .header("content-type", "application/json")
            .header("accept", "application/json")
            // Wiped when it was sent.
            .body(Bytes::from_owner(body));
        request.send().await.map_err(|error| {
            ClientError::Peer(PeerError::Unreachable {
                domain: domain.clone(),
                reason: web::reason(&error.without_url()),
            })
        })
    }
}

/// Reads the answer to fetch.
pub(super) async fn read(
    room: &Room,
    domain: &Domain,
    response: reqwest::Response,
) -> Result<Fetched, ClientError> {
    let (body, held) = read_body(room, domain, response).await?;
    let name = domain.clone();
    off_thread(domain, move || fetched(&name, &body, held)).await
}

/// Takes an answer apart where it holds nobody up: the largest is a tenth of a second's work.
pub(super) async fn off_thread<T: Send + 'static>(
    domain: &Domain,
    work: impl FnOnce() -> Result<T, ClientError> + Send + 'static,
) -> Result<T, ClientError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        Err(ClientError::Strange {
            domain: domain.clone(),
            what: "something that could not be read".to_owned(),
        })
    })
}

/// What the body of an answer holds, with its part of the room that the body takes. Takes its time.
pub(super) fn fetched(
    domain: &Domain,
    body: &[u8],
    held: Option<OwnedSemaphorePermit>,
) -> Result<Fetched, ClientError> {
    let domain = domain.clone();
    let memo = parse(body).map_err(|problem| match problem {
        Problem::Refused(reason) => ClientError::Refused { domain, reason },
        Problem::Strange(what) => ClientError::Strange {
            domain,
            what: what.to_owned(),
        },
    })?;
    Ok(Fetched {
        ciphertext: with_room(memo.ciphertext, body.len(), held),
        ..memo
    })
}

/// Bytes that keep their part of the room of what they were read from.
fn with_room(bytes: Bytes, of: usize, held: Option<OwnedSemaphorePermit>) -> Bytes {
    struct Held {
        bytes: Bytes,
        _room: Option<OwnedSemaphorePermit>,
    }
    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }
    let part = held.and_then(|mut held| {
        let part = (held.num_permits() * bytes.len()).div_ceil(of.max(1));
        held.split(part)
    });
    Bytes::from_owner(Held { bytes, _room: part })
}

/// Reads the body of an answer that says all is well; others are errors. With it the room that it takes.
pub(super) async fn read_body(
    room: &Room,
    domain: &Domain,
    response: reqwest::Response,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), ClientError> {
    let status = response.status();
    let strange = |what: String| ClientError::Strange {
        domain: domain.clone(),
        what,
    };
    let most = match status {
        // Base64 and the little beside it.
        StatusCode::OK => limits::FETCH_BYTES / 3 * 4 + limits::HTTP_BODY_BYTES,
        _ => limits::HTTP_BODY_BYTES,
    };
    let read = room.read(response, most).await;
    let (body, held) = read.map_err(|error| match error {
        ReadError::Busy => ClientError::Busy(domain.clone()),
        other => strange(other.to_string()),
    })?;
    match status {
        StatusCode::OK => Ok((body, held)),
        StatusCode::NOT_FOUND => Err(ClientError::Unknown(domain.clone())),
        StatusCode::GONE => Err(ClientError::Expired),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Err(ClientError::Busy(domain.clone()))
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(ClientError::Refused {
                domain: domain.clone(),
                reason: told(&body).unwrap_or_else(|| status.to_string()),
            })
        }
        other => Err(strange(other.to_string())),
    }
}

/// Where to ask: what a domain's document says, but by HTTPS where it says HTTP and that is not allowed. Servers behind a
/// proxy that speaks TLS for them often do not know that it does.
pub(super) fn endpoint(domain: &Domain, text: &str, reach: &Reach) -> Result<Url, ClientError> {
    let mut url = Url::parse(text).map_err(|_| ClientError::Strange {
        domain: domain.clone(),
        what: "an endpoint that is no URL".to_owned(),
    })?;
    if url.scheme() == "http" && reach.permit(&url).is_err() {
        let port = url.port().filter(|port| *port != 80);
        let _ = url.set_scheme("https");
        let _ = url.set_port(port);
    }
    match reach.permit(&url) {
        Ok(()) => Ok(url),
        Err(reason) => Err(ClientError::Peer(PeerError::Forbidden {
            domain: domain.clone(),
            reason,
        })),
    }
}

/// What a 1.0 peer is asked with.
pub(super) fn key_request(memo_id: &str, key: &MemoKey, own: &str) -> Zeroizing<Vec<u8>> {
    let key = key.to_text();
    json_body(&[
        ("memo_id", memo_id),
        ("access_key", &key),
        ("requesting_domain", own),
    ])
}

/// An object of texts. Into a buffer that is wiped, since one of them is a secret.
pub(super) fn json_body(fields: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    // All the room from the start: growing would leave a copy behind. A character takes six bytes at most.
    let length: usize = fields
        .iter()
        .map(|(name, value)| name.len() + 6 * value.len() + 8)
        .sum();
    let mut body = Zeroizing::new(Vec::with_capacity(length + 2));
    for (position, (name, value)) in fields.iter().enumerate() {
        body.push(if position == 0 { b'{' } else { b',' });
        for (text, end) in [(name, b':'), (value, b' ')] {
            // Writing texts to memory cannot fail.
            let _ = serde_json::to_writer(&mut *body, text);
            body.push(end);
        }
    }
    body.push(b'}');
    body
}

fn nonce() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// What an answer of another domain is, where it is no memo.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    /// `{"error"}`, by a status that says all is well.
    Refused(String),
    /// Something else.
    Strange(&'static str),
}

/// What the other domain says in `error`: a little of it, on one line.
fn told(body: &[u8]) -> Option<String> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    one_line(&answer.error)
}

fn one_line(error: &Scalar) -> Option<String> {
    let plain = error.text()?.chars().filter(|c| !c.is_control());
    Some(plain.take(limits::PEER_ERROR_CHARS).collect())
}

/// An answer to fetch. `success`, `duration_seconds` and `metadata` may be missing.
fn parse(body: &[u8]) -> Result<Fetched, Problem> {
    let strange = |what| Problem::Strange(what);
    let answer: Answer = serde_json::from_slice(body).map_err(|_| strange("something else than JSON"))?;
    let refused = || match one_line(&answer.error) {
        Some(reason) => Problem::Refused(reason),
        None => strange("no audio"),
    };
    if answer.success == Scalar::Bool(false) {
        return Err(refused());
    }
    let ciphertext = match answer.encrypted_audio_b64 {
        Audio::Missing => return Err(refused()),
        Audio::NoText => return Err(strange("audio that is no text")),
        Audio::NoBase64 => return Err(strange("audio that is no base64")),
        Audio::Bytes(bytes) => bytes,
    };
    let iv = answer.encryption_iv.text().unwrap_or_default();
    let iv = iv.replace('-', "+").replace('_', "/");
    let iv: Option<[u8; IV_BYTES]> = LENIENT.decode(iv).ok().and_then(|bytes| bytes.try_into().ok());
    let encryption = answer.encryption.text().unwrap_or("aes-256-gcm");
    if !["aes-256-gcm", "aes-256-gcm-stream"].contains(&encryption) {
        return Err(strange("an encryption that is not known here"));
    }
    let max_age = match answer.max_age_seconds {
        Scalar::Number(secs) => secs,
        _ => 0,
    };
    Ok(Fetched {
        ciphertext: ciphertext.into(),
        encryption_iv: iv.ok_or(strange("no IV"))?,
        audio_format: field(&answer.audio_format).unwrap_or_else(|| "audio/wav".to_owned()),
        encryption: encryption.to_owned(),
        complete: answer.complete != Scalar::Bool(false),
        created_at: field(&answer.metadata.created_at),
        max_age: Duration::from_secs(max_age),
    })
}

/// A short plain text, as header fields hold.
fn field(value: &Scalar) -> Option<String> {
    let text = value.text()?;
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    ((1..=100).contains(&text.len()) && is_plain).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{json, Value};
    use tokio::sync::Semaphore;

    #[test]
    fn a_memo_keeps_its_room_until_the_last_copy_of_it_is_gone() {
        let room = Arc::new(Semaphore::new(100));
        let all = || room.clone().try_acquire_many_owned(100).ok();
        let domain: Domain = "a.example".parse().unwrap();
        let audio = "AQID".repeat(100);
        let body = json!({"encrypted_audio_b64": audio, "encryption_iv": "AAAAAAAAAAAAAAAA"}).to_string();
        let memo = fetched(&domain, body.as_bytes(), all()).unwrap();
        let left = room.available_permits();
        assert!((20..40).contains(&left), "as much as the text was longer: {left}");
        let (length, copy) = (memo.ciphertext.len(), memo.ciphertext.slice(7..));
        drop(memo);
        assert_eq!((length, room.available_permits()), (300, left));
        drop(copy);
        assert_eq!(room.available_permits(), 100);
        assert!(fetched(&domain, b"{}", all()).is_err());
        assert_eq!(room.available_permits(), 100);
    }

    #[test]
    fn a_body_is_json_and_escapes_what_it_must() {
        let body = json_body(&[("memo_id", "a\"b"), ("access_token", "t=")]);
        let read: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(read, json!({"memo_id": "a\"b", "access_token": "t="}));
    }

    #[test]
    fn answers_with_less_in_them_are_read() {
        let bare = json!({"encrypted_audio_b64": "AQID", "encryption_iv": "AAAAAAAAAAAAAAAA"});
        let memo = parse(bare.to_string().as_bytes()).unwrap();
        assert_eq!(&*memo.ciphertext, &[1, 2, 3]);
        assert_eq!(
            (memo.audio_format.as_str(), memo.encryption.as_str()),
            ("audio/wav", "aes-256-gcm")
        );
        assert!(memo.complete && memo.max_age.is_zero() && memo.created_at.is_none());
        let odd = json!({
            "success": true, "encrypted_audio_b64": "AQI", "encryption_iv": "-_-_-_-_-_-_-_-_",
            "audio_format": "audio/ogg; codecs=opus", "encryption": "aes-256-gcm-stream", "complete": false,
            "max_age_seconds": 30, "metadata": {"created_at": "2027\r\nX: y"},
        });
        let memo = parse(odd.to_string().as_bytes()).unwrap();
        assert_eq!((memo.complete, memo.max_age), (false, Duration::from_secs(30)));
        assert_eq!(memo.created_at, None, "what is no header field is left out");
    }

    #[test]
    fn answers_that_are_no_memo_are_told_apart() {
        let parse = |answer: &str| parse(answer.as_bytes()).unwrap_err();
        assert_eq!(
            parse("{\"error\":\"no\\r\\nway\"}"),
            Problem::Refused("noway".into())
        );
        assert_eq!(parse("{\"success\":false}"), Problem::Strange("no audio"));
        assert_eq!(parse("<html>"), Problem::Strange("something else than JSON"));
        assert_eq!(
            parse("{\"encrypted_audio_b64\":\"AQID\"}"),
            Problem::Strange("no IV")
        );
        assert_eq!(
            parse("{\"encrypted_audio_b64\":\"AQID\",\"encryption\":\"rot13\"}"),
            Problem::Strange("an encryption that is not known here")
        );
        assert_eq!(
            parse("{\"encrypted_audio_b64\":\"?\",\"encryption_iv\":\"AAAAAAAAAAAAAAAA\"}"),
            Problem::Strange("audio that is no base64")
        );
    }
}
