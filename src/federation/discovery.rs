//! The document at `/.well-known/voice-federation`.

use serde::{Deserialize, Serialize};

/// Where it is found on every domain that federates.
pub const PATH: &str = "/.well-known/voice-federation";
/// Where memos are fetched.
pub const FETCH_PATH: &str = "/api/federation/voice/fetch";
/// Where keys are verified.
pub const VERIFY_PATH: &str = "/api/federation/voice/verify";

/// What a domain says of its federation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovery {
    /// The protocol's version.
    pub version: String,
    /// Absolute URLs.
    pub endpoints: Endpoints,
    /// How memos are encrypted.
    pub encryption: Vec<String>,
    /// How access is given.
    pub access_methods: Vec<String>,
    /// Domains that this one trusts by name; others are served all the same, memo by memo.
    pub trusted_domains: Vec<String>,
}

/// Absolute URLs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Of fetch.
    pub fetch: String,
    /// Of verify.
    pub verify: String,
}

impl Discovery {
    /// Of a server whose pages begin with `url` (scheme and authority, no slash at the end).
    pub fn of(url: &str) -> Self {
        Discovery {
            version: "1.0".to_owned(),
            endpoints: Endpoints {
                fetch: format!("{url}{FETCH_PATH}"),
                verify: format!("{url}{VERIFY_PATH}"),
            },
            encryption: vec!["aes-256-gcm".to_owned()],
            access_methods: vec!["qr".to_owned()],
            trusted_domains: Vec::new(),
        }
    }
}
