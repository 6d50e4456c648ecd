//! Signed webhooks, by the scheme "Standard Webhooks": HMAC-SHA256 over id, time and body, so that a receiver knows who
//! sent a notice, that nobody changed it, and whether it has had it before.

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use hkdf::hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What secrets begin with whose rest is base64.
const PREFIX: &str = "whsec_";

/// A webhook's secret.
pub(super) struct Signer(Zeroizing<Vec<u8>>);

impl Signer {
    /// `whsec_` and base64, as services that receive webhooks give it out; any other text is the key as it stands.
    pub fn new(secret: &str) -> Self {
        let decoded = secret
            .strip_prefix(PREFIX)
            .and_then(|text| STANDARD.decode(text).ok());
        Signer(Zeroizing::new(
            decoded.unwrap_or_else(|| secret.as_bytes().to_vec()),
        ))
    }

    /// The value of `webhook-signature` for this message, sent at this second since 1970.
    pub fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        // HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC has no wrong key length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemes_own_vector() {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(
            signer.sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                b"{\"test\": 2432232314}"
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_of_another_form_is_the_key_as_it_stands() {
        let body = b"{}";
        assert_eq!(
            Signer::new("correct horse").sign("a", 1, body),
            Signer::new("whsec_Y29ycmVjdCBob3JzZQ==").sign("a", 1, body)
        );
        assert_ne!(
            Signer::new("whsec_???").sign("a", 1, body),
            Signer::new("???").sign("a", 1, body)
        );
    }
}
