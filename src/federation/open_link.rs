//! Fetching a memo by its link from the domain that holds it: the access token goes out, ciphertext comes in, and
//! the key never leaves this process.

use crate::limits;
use crate::memo::link::ParsedLink;
use crate::memo::open::{self, OpenError};
use crate::memo::seal::IV_BYTES;
use crate::memo::token::AccessToken;
use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use reqwest::StatusCode;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a link could not be opened.
#[derive(Debug, Error)]
pub enum FetchError {
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
}

/// Fetches and opens what a link points at. Follows no redirect: the domain in the link is the one that is asked.
///
/// # Errors
/// Says whose fault it is.
pub async fn open_link(link: &ParsedLink) -> Result<Opened, FetchError> {
    let url = match link.base.contains("://") {
        true => link.base.clone(),
        false => format!("https://{}", link.base),
    };
    let host = url
        .split_once("://")
        .map_or(url.as_str(), |(_, rest)| rest)
        .to_owned();
    let unreachable = |error: reqwest::Error| FetchError::Unreachable {
        host: host.clone(),
        // Without the URL, which is on the screen already, but with what lies beneath.
        reason: describe(&error.without_url()),
    };
    let token = AccessToken::derive(&link.key).to_text();
    let response = client()
        .map_err(unreachable)?
        .get(format!("{url}/voice/{}/audio", link.id))
        .bearer_auth(&*token)
        .send()
        .await
        .map_err(unreachable)?;
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
    let Some(iv) = iv else {
        return Err(FetchError::Strange {
            host,
            what: "no IV".to_owned(),
        });
    };
    let audio_format = field("memo-audio-format").unwrap_or_else(|| "audio/wav".to_owned());
    let ciphertext = read_bounded(response, unreachable).await?;
    Ok(Opened {
        audio: open::open(&link.key, &iv, ciphertext)?,
        audio_format,
    })
}

fn client() -> reqwest::Result<reqwest::Client> {
    // The first to install a provider for the process wins; all of ours are the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(limits::FETCH_TIME)
        .user_agent(concat!("obelus/", env!("CARGO_PKG_VERSION")))
        .build()
}

async fn read_bounded(
    mut response: reqwest::Response,
    unreachable: impl Fn(reqwest::Error) -> FetchError,
) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(&unreachable)? {
        if body.len() + chunk.len() > limits::FETCH_BYTES {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// An error with all its causes, in one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
