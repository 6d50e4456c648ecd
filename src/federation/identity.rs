//! Who a server is to others: an Ed25519 key, made at its first start and kept in the store, with which it signs
//! requests to other domains and receipts of what it deleted.

use crate::memo::store::{Store, StoreError};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

/// The file below the store's folder: the 32 bytes of the key's seed, mode 0600.
const FILE: &str = "identity";

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A server's signing key. No `Debug`, no `Clone`; wiped when dropped.
pub struct Identity {
    key: SigningKey,
    jwk: Jwk,
    keyid: String,
}

impl Identity {
    /// The key in the store, which is made where there is none.
    ///
    /// # Errors
    /// A disk that fails, or a file that holds no seed.
    pub fn load(store: &Store) -> Result<Self, StoreError> {
        let seed = store.own_file(FILE, || {
            let mut seed = Zeroizing::new(vec![0; 32]);
            getrandom::fill(&mut seed).expect("the operating system gives random bytes");
            seed
        })?;
        match seed.as_slice().try_into() {
            Ok(seed) => Ok(Identity::from_seed(seed)),
            Err(_) => Err(StoreError::Corrupt(format!(
                "its file {FILE} has {} bytes, and a signing key has 32: restore it, or remove it for a new key, which \
                 other domains will learn of by themselves",
                seed.len()
            ))),
        }
    }

    /// The key of a seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let jwk = Jwk::of(&key.verifying_key());
        let keyid = jwk.thumbprint();
        Identity { key, jwk, keyid }
    }

    /// The name of the key: the thumbprint of its JWK (RFC 7638), base64url without padding.
    pub fn keyid(&self) -> &str {
        &self.keyid
    }

    /// The public key, as it stands in the discovery document.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The signature (RFC 8032) of these bytes.
    pub fn sign(&self, bytes: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.key.sign(bytes).to_bytes()
    }

    /// The same as text, for receipts: base64url without padding.
    pub fn sign_text(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.sign(text.as_bytes()))
    }
}

/// Why a JWK is no key of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JwkError {
    /// Another kind of key.
    #[error("not an Ed25519 key (kty OKP, crv Ed25519)")]
    Kind,
    /// `x` is not a point, or one of the few that make signatures that anybody can forge.
    #[error("x is no Ed25519 public key")]
    Point,
}

/// A public key as a JWK (RFC 8037): `{"kty": "OKP", "crv": "Ed25519", "x": …}`. Other members are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// `OKP`
    pub kty: String,
    /// `Ed25519`
    pub crv: String,
    /// The 32 bytes, base64url without padding.
    pub x: String,
    /// The thumbprint, for readers; ours is computed anew, whatever stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

impl Jwk {
    fn of(key: &VerifyingKey) -> Self {
        let mut jwk = Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: URL_SAFE_NO_PAD.encode(key.as_bytes()),
            kid: None,
        };
        jwk.kid = Some(jwk.thumbprint());
        jwk
    }

    /// RFC 7638: SHA-256 of the required members, in order, without white space; base64url without padding.
    pub fn thumbprint(&self) -> String {
        let canonical = serde_json::json!({"crv": self.crv, "kty": self.kty, "x": self.x});
        URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.to_string()))
    }

    /// The key, ready to verify with.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn public_key(&self) -> Result<PublicKey, JwkError> {
        if self.kty != "OKP" || self.crv != "Ed25519" {
            return Err(JwkError::Kind);
        }
        let bytes = URL_SAFE_NO_PAD.decode(&self.x).ok();
        let bytes: [u8; 32] = bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(JwkError::Point)?;
        match VerifyingKey::from_bytes(&bytes) {
            Ok(key) if !key.is_weak() => Ok(PublicKey {
                key,
                keyid: self.thumbprint(),
            }),
            _ => Err(JwkError::Point),
        }
    }
}

/// A public key of some domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    keyid: String,
}

impl PublicKey {
    /// Its thumbprint.
    pub fn keyid(&self) -> &str {
        &self.keyid
    }

    /// Whether the signature is this key's over these bytes. Strict: of all the encodings of one signature, only the one
    /// that signers make.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.key
            .verify_strict(bytes, &Signature::from_bytes(signature))
            .is_ok()
    }

    /// The same for a receipt's `signed` and `signature`.
    pub fn verifies_text(&self, text: &str, signature: &str) -> bool {
        let signature = URL_SAFE_NO_PAD.decode(signature).ok();
        let signature: Option<[u8; SIGNATURE_BYTES]> = signature.and_then(|bytes| bytes.try_into().ok());
        signature.is_some_and(|signature| self.verifies(text.as_bytes(), &signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.
    fn rfc_8037() -> Identity {
        let seed = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        Identity::from_seed(&seed.try_into().unwrap())
    }

    #[test]
    fn the_key_and_its_thumbprint_are_those_of_rfc_8037() {
        let identity = rfc_8037();
        assert_eq!(identity.jwk().x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(identity.keyid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let jws = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        assert_eq!(
            identity.sign_text(jws),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn a_receipt_verifies_and_an_altered_one_does_not() {
        let identity = rfc_8037();
        let key = identity.jwk().public_key().unwrap();
        let signature = identity.sign_text("{\"receipt\":1}");
        assert!(key.verifies_text("{\"receipt\":1}", &signature));
        assert!(!key.verifies_text("{\"receipt\":2}", &signature));
        assert!(!key.verifies_text("{\"receipt\":1}", "AAAA"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let good = rfc_8037().jwk().clone();
        let with = |change: fn(&mut Jwk)| {
            let mut jwk = good.clone();
            change(&mut jwk);
            jwk.public_key().map(|_| ())
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(with(|jwk| jwk.kty = "EC".into()), Err(JwkError::Kind));
        assert_eq!(with(|jwk| jwk.crv = "X25519".into()), Err(JwkError::Kind));
        assert_eq!(with(|jwk| jwk.x = "AAAA".into()), Err(JwkError::Point));
        // The identity point, under which anybody forges.
        let weak = |jwk: &mut Jwk| jwk.x = format!("AQ{}", "A".repeat(41));
        assert_eq!(with(weak), Err(JwkError::Point));
    }

    #[test]
    fn the_key_is_made_once_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let store = Store::open(&path).unwrap();
        let first = Identity::load(&store).unwrap().keyid().to_owned();
        assert_eq!(Identity::load(&store).unwrap().keyid(), first);
        drop(store);
        let store = Store::open(&path).unwrap();
        assert_eq!(Identity::load(&store).unwrap().keyid(), first);
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = std::fs::metadata(path.join("identity")).unwrap();
        assert_eq!(
            (metadata.len(), metadata.permissions().mode() & 0o777),
            (32, 0o600)
        );

        std::fs::write(path.join("identity"), "short").unwrap();
        let error = Identity::load(&store).err().unwrap().to_string();
        assert!(error.contains("identity") && error.contains("32"), "{error}");
    }
}
