//! The document at `/.well-known/voice-federation`: what we say of ourselves, and how we read what others say.
//!
//! Reading is lenient: documents of version 1.0 have no `extensions`, and what is not known here is ignored. A key that
//! cannot be read is left out, and the others count.

use super::domain::Domain;
use super::identity::{Identity, Jwk, PublicKey};
use crate::limits;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// Where it is found on every domain that federates.
pub const PATH: &str = "/.well-known/voice-federation";
/// Where memos are fetched.
pub const FETCH_PATH: &str = "/api/federation/voice/fetch";
/// Where keys are verified.
pub const VERIFY_PATH: &str = "/api/federation/voice/verify";
/// Where memos are opened by telephone codes.
pub const TELEPHONE_PATH: &str = "/api/federation/voice/telephone";

/// What a domain says of its federation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// What it speaks beside 1.0.
    pub extensions: Extensions,
}

/// Absolute URLs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoints {
    /// Of fetch.
    pub fetch: String,
    /// Of verify.
    pub verify: String,
}

/// By version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extensions {
    /// Voice federation 1.1.
    #[serde(rename = "1.1")]
    pub v1_1: Extension,
}

/// Voice federation 1.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extension {
    /// The access token may stand in the place of the key.
    pub access_token: bool,
    /// The keys that its requests are signed with.
    pub signature_keys: Vec<Jwk>,
    /// Where a person's client, which has no domain to sign for, gets ciphertext for the token: `{id}` is the memo's.
    pub audio: String,
    /// Where memos are opened by telephone codes; absent where none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
}

impl Discovery {
    /// Of a server whose pages begin with `url` (scheme and authority, no slash at the end).
    pub fn of(url: &str, identity: &Identity, trusted_domains: Vec<String>) -> Self {
        Discovery {
            version: "1.0".to_owned(),
            endpoints: Endpoints {
                fetch: format!("{url}{FETCH_PATH}"),
                verify: format!("{url}{VERIFY_PATH}"),
            },
            encryption: vec!["aes-256-gcm".to_owned(), "aes-256-gcm-stream".to_owned()],
            access_methods: vec!["qr".to_owned()],
            trusted_domains,
            extensions: Extensions {
                v1_1: Extension {
                    access_token: true,
                    signature_keys: vec![identity.jwk().clone()],
                    audio: format!("{url}/voice/{{id}}/audio"),
                    telephone: None,
                },
            },
        }
    }

    /// The same, of a server some of whose memos are opened by telephone codes.
    pub fn with_telephone(mut self, url: &str) -> Self {
        self.extensions.v1_1.telephone = Some(format!("{url}{TELEPHONE_PATH}"));
        self
    }
}

/// What another domain said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where memos are fetched.
    pub fetch: String,
    /// Where keys are verified, where it says.
    pub verify: Option<String>,
    /// What it says of 1.1; none for a 1.0 peer.
    pub v1_1: Option<PeerExtension>,
}

/// What another domain said of 1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerExtension {
    /// Whether it takes access tokens.
    pub access_token: bool,
    /// The keys that it signs with.
    pub keys: Vec<PublicKey>,
    /// Where a person's client gets ciphertext.
    pub audio: Option<String>,
    /// Where memos are opened by telephone codes.
    pub telephone: Option<String>,
}

/// Why a document says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DiscoveryError {
    /// Not a JSON object.
    #[error("its discovery document is no JSON object")]
    NotJson,
    /// It does not say where memos are fetched.
    #[error("its discovery document has no endpoints.fetch")]
    NoFetch,
    /// It speaks a protocol that is not known here.
    #[error("it speaks another version of voice federation than 1")]
    Version,
}

impl Peer {
    /// Reads another domain's document.
    ///
    /// # Errors
    /// What is missing.
    pub fn parse(bytes: &[u8]) -> Result<Self, DiscoveryError> {
        let document: Value = serde_json::from_slice(bytes).map_err(|_| DiscoveryError::NotJson)?;
        if !document.is_object() {
            return Err(DiscoveryError::NotJson);
        }
        // Versions are texts; a peer that leaves it out, or writes a number, is taken at its endpoints' word.
        if let Some(version) = document["version"].as_str() {
            if version != "1" && !version.starts_with("1.") {
                return Err(DiscoveryError::Version);
            }
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let extension = &document["extensions"]["1.1"];
        Ok(Peer {
            fetch: text(&document["endpoints"]["fetch"]).ok_or(DiscoveryError::NoFetch)?,
            verify: text(&document["endpoints"]["verify"]),
            v1_1: extension.is_object().then(|| PeerExtension {
                access_token: extension["access_token"].as_bool().unwrap_or(false),
                keys: keys(&extension["signature_keys"]),
                audio: text(&extension["audio"]),
                telephone: text(&extension["telephone"]),
            }),
        })
    }

    /// The key of that thumbprint.
    pub fn key(&self, keyid: &str) -> Option<&PublicKey> {
        let mut keys = self.v1_1.iter().flat_map(|extension| &extension.keys);
        keys.find(|key| key.keyid() == keyid)
    }

    /// Whether it takes access tokens.
    pub fn takes_tokens(&self) -> bool {
        self.v1_1.as_ref().is_some_and(|extension| extension.access_token)
    }
}

fn keys(listed: &Value) -> Vec<PublicKey> {
    let listed = listed.as_array().into_iter().flatten();
    listed
        .take(limits::DISCOVERY_KEYS)
        .filter_map(|jwk| Jwk::deserialize(jwk).ok()?.public_key().ok())
        .collect()
}

/// Where a domain's document is: HTTPS, but for a loopback name that the configuration names (`allow_plain`).
pub fn url(domain: &Domain, allow_plain: bool) -> String {
    let scheme = if allow_plain && domain.is_loopback() {
        "http"
    } else {
        "https"
    };
    format!("{scheme}://{domain}{PATH}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(document: &Value) -> Result<Peer, DiscoveryError> {
        Peer::parse(document.to_string().as_bytes())
    }

    #[test]
    fn our_own_document_reads_back() {
        let identity = Identity::from_seed(&[1; 32]);
        let ours = Discovery::of("https://a.example", &identity, vec!["b.example".into()]);
        let peer = parse(&serde_json::to_value(&ours).unwrap()).unwrap();
        assert_eq!(peer.fetch, "https://a.example/api/federation/voice/fetch");
        assert!(peer.takes_tokens());
        assert!(peer.key(identity.keyid()).is_some() && peer.key("other").is_none());
        let extension = peer.v1_1.unwrap();
        assert_eq!(
            (extension.audio.as_deref(), extension.telephone),
            (Some("https://a.example/voice/{id}/audio"), None)
        );
        let ours = serde_json::to_value(ours.with_telephone("https://a.example")).unwrap();
        assert_eq!(
            parse(&ours).unwrap().v1_1.unwrap().telephone.as_deref(),
            Some("https://a.example/api/federation/voice/telephone")
        );
    }

    #[test]
    fn a_document_of_1_0_and_one_with_more_in_it_are_read() {
        let old =
            json!({"version": "1.0", "endpoints": {"fetch": "https://a.example/f"}, "colour": {"x": [1]}});
        let peer = parse(&old).unwrap();
        assert_eq!(
            (peer.fetch.as_str(), peer.verify, peer.v1_1),
            ("https://a.example/f", None, None)
        );
        let bare =
            json!({"endpoints": {"fetch": "f", "verify": "v"}, "extensions": {"2.0": {}, "1.1": "no"}});
        let peer = parse(&bare).unwrap();
        assert_eq!((peer.verify.as_deref(), peer.takes_tokens()), (Some("v"), false));
    }

    #[test]
    fn a_key_that_cannot_be_read_does_not_hide_the_others() {
        let good = Identity::from_seed(&[2; 32]);
        let keys = json!([7, {"kty": "EC"}, {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}, good.jwk()]);
        let document = json!({"endpoints": {"fetch": "f"}, "extensions": {"1.1": {"signature_keys": keys}}});
        let peer = parse(&document).unwrap();
        assert!(peer.key(good.keyid()).is_some());
        assert_eq!(peer.v1_1.unwrap().keys.len(), 1);
    }

    #[test]
    fn what_is_no_document_is_told() {
        assert_eq!(Peer::parse(b"<html>"), Err(DiscoveryError::NotJson));
        assert_eq!(parse(&json!([])), Err(DiscoveryError::NotJson));
        assert_eq!(parse(&json!({"version": "1.0"})), Err(DiscoveryError::NoFetch));
        let other = json!({"version": "2.0", "endpoints": {"fetch": "f"}});
        assert_eq!(parse(&other), Err(DiscoveryError::Version));
    }
}
