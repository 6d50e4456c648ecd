//! Asking other servers over HTTP: which addresses may be reached, which redirections are followed, how much is read.
//!
//! A name is judged by the addresses that it leads to, at the moment in which the connection is made to one of them:
//! so no later answer of the DNS can lead elsewhere.

mod address;
mod reach;

pub use self::address::is_public;
pub use self::reach::{Reach, ReachError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{redirect, ClientBuilder, Response};
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A client that follows no redirection, asks no proxy, and leads names to where `reach` allows. Addresses in URLs are
/// not looked up, and so are the caller's to judge ([`Reach::permit`]).
pub fn client(reach: Arc<Reach>) -> ClientBuilder {
    // Fails where a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent(concat!("obelus/", env!("CARGO_PKG_VERSION")))
        // A proxy would look names up itself, past our gate.
        .no_proxy()
        .dns_resolver(Arc::new(Gate(reach)))
}

/// Follows so many redirections within one scheme, host and port, and none elsewhere.
pub fn within_host(most: usize) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        let first = attempt.previous().first();
        if !first.is_some_and(|first| first.origin() == attempt.url().origin()) {
            attempt.error("a redirection to another host, which is not followed")
        } else if attempt.previous().len() > most {
            attempt.error("too many redirections")
        } else {
            attempt.follow()
        }
    })
}

/// Leads names to addresses that may be reached.
struct Gate(Arc<Reach>);

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let name = name.as_str().to_string();
            // The port is the client's to choose.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found
                .filter(|address| reach.allows(&name, address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(ReachError::Private(name).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Why a body was not read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It broke off.
    #[error("{0}")]
    Broken(String),
    /// Longer than it may be.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Too many answers are being read at once.
    #[error("too many answers at once")]
    Busy,
}

/// Room in memory for answers, shared by those who read them.
#[derive(Clone)]
pub struct Room(Arc<Semaphore>);

/// Bytes that one permit stands for.
const ROOM_UNIT: usize = 4_096;

impl Room {
    /// For so many bytes.
    pub fn new(bytes: usize) -> Self {
        Room(Arc::new(Semaphore::new(bytes.div_ceil(ROOM_UNIT))))
    }

    /// Reads a body of at most so many bytes; the room is taken as it comes, and given back with the permit.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn read(
        &self,
        mut response: Response,
        most: usize,
    ) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), ReadError> {
        let mut body = Vec::new();
        let mut held: Option<OwnedSemaphorePermit> = None;
        let broken = |error: reqwest::Error| ReadError::Broken(reason(&error.without_url()));
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            let length = body.len() + chunk.len();
            if length > most {
                return Err(ReadError::TooLarge(most));
            }
            let needed = length.div_ceil(ROOM_UNIT) - held.as_ref().map_or(0, |held| held.num_permits());
            let needed = u32::try_from(needed).map_err(|_| ReadError::TooLarge(most))?;
            let more = self.0.clone().try_acquire_many_owned(needed);
            let more = more.map_err(|_| ReadError::Busy)?;
            match &mut held {
                Some(held) => held.merge(more),
                None => held = Some(more),
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body, held))
    }
}

/// What the layers of the HTTP client say where the one beneath them says it all.
const WRAPPERS: [&str; 5] = [
    "error sending request",
    "client error (Connect)",
    "tcp connect error",
    "dns error",
    "error resolving DNS",
];

/// An error with what lies beneath it, in one line: `operation timed out`, `Connection refused (os error 111)`.
pub fn reason(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut said: Vec<String> = chain.map(ToString::to_string).collect();
    let last = said.pop().unwrap_or_default();
    said.retain(|text| !WRAPPERS.contains(&text.as_str()));
    said.push(last);
    // Some layers repeat what lies beneath them.
    said.dedup();
    said.join(": ")
}

#[cfg(test)]
mod tests {
    use super::reason;
    use std::fmt;

    /// Layers of an error, the outermost first.
    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Layer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.1.as_deref().map(|layer| layer as _)
        }
    }

    fn said(layers: &[&'static str]) -> String {
        let made = layers
            .iter()
            .rev()
            .fold(None, |beneath, text| Some(Box::new(Layer(text, beneath))));
        reason(&*made.expect("there is a layer"))
    }

    #[test]
    fn a_reason_says_what_is_wrong_and_not_through_which_layers_it_came() {
        let connect = "client error (Connect)";
        for (layers, reason) in [
            (
                &[
                    "error sending request",
                    connect,
                    "tcp connect error",
                    "Connection refused",
                ][..],
                "Connection refused",
            ),
            (
                &["error sending request", "operation timed out"],
                "operation timed out",
            ),
            (&["error sending request"], "error sending request"),
            (
                &["error decoding response body", "unexpected end of file"],
                "error decoding response body: unexpected end of file",
            ),
            (&["no such host", "no such host"], "no such host"),
        ] {
            assert_eq!(said(layers), reason);
        }
    }
}
