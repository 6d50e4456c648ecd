//! Opening a memo by its link, from the domain that holds it, as a person does in a terminal: without a domain of one's
//! own to sign for. The access token goes out, ciphertext comes in, and the key never leaves this process, unless the
//! person agrees that a 1.0 peer is sent it.
//!
//! The domain's discovery document says how it is asked; where it has none, it is asked as servers of this kind are,
//! by `/voice/{id}/audio`.

use super::client::{self, ClientError, Fetched};
use super::discovery;
use super::domain::Domain;
use super::peers::{self, PeerError};
use crate::limits;
use crate::memo::link::ParsedLink;
use crate::memo::open::{self, OpenError};
use crate::memo::record::Encryption;
use crate::memo::seal::IV_BYTES;
use crate::memo::token::AccessToken;
use crate::web::{self, Reach, ReadError, Room};
use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use bytes::Bytes;
use reqwest::StatusCode;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a link could not be opened.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The link names no domain.
    #[error("the link's domain is {0}")]
    Domain(#[from] super::domain::BadDomain),
    /// The other end could not be reached, or did not answer as HTTP.
    #[error("{host} could not be reached: {reason}")]
    Unreachable {
        /// The link's domain.
        host: String,
        /// Why.
        reason: String,
    },
    /// No such memo, or another key.
    #[error("there is no such memo, or the key is not its key")]
    Unknown,
    /// It expired.
    #[error("this memo has expired")]
    Expired,
    /// The other end wants us to wait.
    #[error("{host} asks to try again later")]
    Busy {
        /// The link's domain.
        host: String,
    },
    /// The domain speaks 1.0 alone.
    #[error("{host} speaks voice federation 1.0, which must be sent the memo's key itself: it could then open the memo")]
    NeedsKey {
        /// The link's domain.
        host: String,
    },
    /// The other end refuses.
    #[error("{host} refuses: {reason}")]
    Refused {
        /// The link's domain.
        host: String,
        /// What it says.
        reason: String,
    },
    /// An answer that is no memo.
    #[error("{host} answered with {what}, which is no memo")]
    Strange {
        /// The link's domain.
        host: String,
        /// What it answered.
        what: String,
    },
    /// Larger than any memo.
    #[error("the answer is larger than {} bytes", limits::FETCH_BYTES)]
    TooLarge,
    /// It came, but did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A memo's plain audio.
pub struct Opened {
    /// The file; wiped when dropped.
    pub audio: Zeroizing<Vec<u8>>,
    /// What it is: `audio/wav`.
    pub audio_format: String,
    /// Whether the recording came to its end.
    pub complete: bool,
}

/// Fetches and opens what a link points at. Follows no redirect to another host: the domain in the link is the one that
/// is asked, and only where `may_send_key` says so is it sent the key.
///
/// # Errors
/// Says whose fault it is.
pub async fn open_link(link: &ParsedLink, may_send_key: bool) -> Result<Opened, FetchError> {
    let memo = fetch(link, may_send_key).await?;
    let encryption = match memo.encryption.as_str() {
        "aes-256-gcm" => Encryption::Whole,
        "aes-256-gcm-stream" => Encryption::Stream,
        other => {
            return Err(FetchError::Strange {
                host: link.base.clone(),
                what: format!("a memo in {other}"),
            });
        }
    };
    Ok(Opened {
        audio: open::open_as(encryption, &link.key, &memo.encryption_iv, memo.ciphertext.into())?,
        audio_format: memo.audio_format,
        complete: memo.complete,
    })
}

async fn fetch(link: &ParsedLink, may_send_key: bool) -> Result<Fetched, FetchError> {
    let base = match link.base.contains("://") {
        true => link.base.clone(),
        false => format!("https://{}", link.base),
    };
    let domain = Domain::of_base(&base)?;
    let host = domain.to_string();
    let unreachable = |reason: String| FetchError::Unreachable {
        host: host.clone(),
        reason,
    };
    let reach = Arc::new(reach_from(&base));
    let http = peers::http_client(reach.clone()).map_err(unreachable)?;
    let room = Room::new(2 * limits::FETCH_BYTES);
    let document = format!("{base}{}", discovery::PATH);
    let usual = format!("{base}/voice/{{id}}/audio");
    let audio = match peers::ask_at(&http, &reach, &room, &domain, &document).await {
        Ok(peer) if peer.takes_tokens() => peer.v1_1.and_then(|extension| extension.audio).unwrap_or(usual),
        Ok(peer) if may_send_key => {
            let url = client::endpoint(&domain, &peer.fetch, &reach).map_err(|error| told(error, &host))?;
            let body = client::key_request(&link.id, &link.key, "");
            let request = http
                .post(url)
                .timeout(limits::FETCH_TIME)
                .header("content-type", "application/json")
                .body(Bytes::from_owner(body));
            let response = request.send().await;
            let response = response.map_err(|error| unreachable(web::reason(&error.without_url())))?;
            return client::read(&room, &domain, response)
                .await
                .map_err(|error| told(error, &host));
        }
        Ok(_) => return Err(FetchError::NeedsKey { host }),
        Err(PeerError::NotFederated { .. } | PeerError::Document { .. }) => usual,
        Err(error) => return Err(told(error.into(), &host)),
    };
    let url = client::endpoint(&domain, &audio.replace("{id}", &link.id), &reach);
    let url = url.map_err(|error| told(error, &host))?;
    let token = AccessToken::derive(&link.key).to_text();
    let response = http
        .get(url)
        .timeout(limits::FETCH_TIME)
        .bearer_auth(&*token)
        .send()
        .await
        .map_err(|error| unreachable(web::reason(&error.without_url())))?;
    read_audio(&room, &host, response).await
}

/// Where a link may lead: anywhere, and by plain HTTP only where it says `http://` itself. A document that came by HTTPS
/// and names addresses without it must not have a secret sent in clear.
fn reach_from(base: &str) -> Reach {
    let scheme = base.split_once("://").map_or("https", |(scheme, _)| scheme);
    Reach::everywhere(scheme.eq_ignore_ascii_case("http"))
}

/// Reads an answer of `/voice/{id}/audio`.
async fn read_audio(room: &Room, host: &str, response: reqwest::Response) -> Result<Fetched, FetchError> {
    let host = host.to_owned();
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(FetchError::Unknown),
        StatusCode::GONE => return Err(FetchError::Expired),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            return Err(FetchError::Busy { host });
        }
        other => {
            return Err(FetchError::Strange {
                host,
                what: other.to_string(),
            });
        }
    }
    let field = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let iv: Option<[u8; IV_BYTES]> = field("memo-iv")
        .and_then(|text| URL_SAFE.decode(text).ok())
        .and_then(|bytes| bytes.try_into().ok());
    let Some(encryption_iv) = iv else {
        return Err(FetchError::Strange {
            host,
            what: "no IV".to_owned(),
        });
    };
    let (audio_format, encryption) = (field("memo-audio-format"), field("memo-encryption"));
    let (complete, created_at) = (field("memo-complete"), field("memo-created-at"));
    let read = room.read(response, limits::FETCH_BYTES).await;
    let (body, _room) = read.map_err(|error| match error {
        ReadError::TooLarge(_) => FetchError::TooLarge,
        other => FetchError::Unreachable {
            host,
            reason: other.to_string(),
        },
    })?;
    Ok(Fetched {
        ciphertext: body.into(),
        encryption_iv,
        audio_format: audio_format.unwrap_or_else(|| "audio/wav".to_owned()),
        encryption: encryption.unwrap_or_else(|| "aes-256-gcm".to_owned()),
        complete: complete.as_deref() != Some("false"),
        created_at,
        max_age: Duration::ZERO,
    })
}

/// The same as a person is told it.
fn told(error: ClientError, host: &str) -> FetchError {
    let host = host.to_owned();
    match error {
        ClientError::NeedsKey(_) => FetchError::NeedsKey { host },
        ClientError::Unknown(_) => FetchError::Unknown,
        ClientError::Expired => FetchError::Expired,
        ClientError::Busy(_) | ClientError::Peer(PeerError::Busy) => FetchError::Busy { host },
        ClientError::Refused { reason, .. } => FetchError::Refused { host, reason },
        ClientError::Strange { what, .. } => FetchError::Strange { host, what },
        ClientError::Peer(PeerError::Unreachable { reason, .. }) => FetchError::Unreachable { host, reason },
        ClientError::Peer(error) => FetchError::Unreachable {
            host,
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::discovery::Peer;
    use serde_json::Value;

    #[test]
    fn what_a_document_announces_is_asked_as_the_vectors_say() {
        let vectors = include_str!("../../tests/vectors/federation_endpoints.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let base = case["base"].as_str().unwrap();
            let (domain, reach) = (Domain::of_base(base).unwrap(), reach_from(base));
            let document = case["document"].to_string();
            let peer = Peer::parse(document.as_bytes()).unwrap();
            let asked = |text: &str| {
                let url = client::endpoint(&domain, text, &reach);
                url.map(|url| url.to_string()).map_err(|_| "server")
            };
            let audio = peer.v1_1.and_then(|extension| extension.audio);
            let expected = |name: &str| match case["expect"].as_str().unwrap() {
                "ok" => Ok(case[name].as_str().unwrap().to_owned()),
                _ => Err("server"),
            };
            assert_eq!(asked(&peer.fetch), expected("fetch"), "{case}");
            assert_eq!(asked(&peer.verify.unwrap()), expected("verify"), "{case}");
            let audio = audio.unwrap().replace("{id}", "ID");
            let wanted = expected("audio").map(|url| url.replace("{id}", "ID"));
            assert_eq!(asked(&audio), wanted, "{case}");
        }
    }
}
