//! Signed requests: HTTP Message Signatures (RFC 9421), as voice federation 1.1 restricts them.
//!
//! Ed25519 alone; exactly the components `"@method"`, `"@target-uri"` and `"content-digest"`, in any order; the
//! parameters `created`, `expires`, `nonce`, `keyid` and `tag`, and `alg` where it says `ed25519`. Values only: which
//! key a domain has, and which nonces were seen, is asked elsewhere, and the time is passed in.

use super::identity::{Identity, PublicKey, SIGNATURE_BYTES};
use super::structured::{Bare, Dictionary, InnerList, Item, Member, Parameters, StructuredError};
use crate::limits;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

/// What the signature is for.
pub const TAG: &str = "voice-federation/1.1";
/// The components that are covered.
const COMPONENTS: [&str; 3] = ["@method", "@target-uri", "content-digest"];
/// The label that our own signatures have.
const LABEL: &str = "sig1";

/// Why a signed request is refused. Names nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// A header field that cannot be read.
    #[error("the header field {field} is malformed: {reason}")]
    Field {
        /// Its name.
        field: &'static str,
        /// Why.
        reason: StructuredError,
    },
    /// Two signatures with our tag.
    #[error("two signatures have the tag {TAG}")]
    Several,
    /// Other components than the three.
    #[error("the signature must cover exactly \"@method\", \"@target-uri\" and \"content-digest\"")]
    Components,
    /// A parameter is missing, malformed or unknown.
    #[error("the signature's parameter {0} is missing or malformed")]
    Parameter(&'static str),
    /// A parameter that the protocol does not have.
    #[error("the signature has a parameter that is not known here: {0}")]
    UnknownParameter(String),
    /// No `Signature` under the label, or one of another length.
    #[error("the header field Signature holds no Ed25519 signature of that label")]
    Missing,
    /// No `Content-Digest` with `sha-256`.
    #[error("Content-Digest with sha-256 is missing")]
    NoDigest,
    /// The body is not the one that was signed.
    #[error("the body does not fit its Content-Digest")]
    Digest,
    /// `expires` is more than a minute after `created`, or not after it.
    #[error(
        "a signature must expire within {} seconds of being created",
        limits::SIGNATURE_SECS
    )]
    Lifetime,
    /// Created in the future.
    #[error("the signature was created {0} seconds in the future by this server's clock")]
    Future(u64),
    /// It expired.
    #[error("the signature expired {0} seconds ago by this server's clock")]
    Expired(u64),
    /// It does not verify: altered, for another address, or made with another key.
    #[error("the signature does not verify for this request")]
    Forged,
}

impl SignatureError {
    /// One word for programs, the same in the test vectors and in answers.
    pub fn code(&self) -> &'static str {
        match self {
            SignatureError::Field { .. } | SignatureError::Several => "malformed",
            SignatureError::Components => "components",
            SignatureError::Parameter(_) | SignatureError::UnknownParameter(_) => "parameters",
            SignatureError::Missing => "missing",
            SignatureError::NoDigest | SignatureError::Digest => "digest",
            SignatureError::Lifetime => "lifetime",
            SignatureError::Future(_) => "future",
            SignatureError::Expired(_) => "expired",
            SignatureError::Forged => "forged",
        }
    }

    /// Whether the request is not understood, rather than refused.
    pub fn is_malformed(&self) -> bool {
        matches!(
            self,
            SignatureError::Field { .. }
                | SignatureError::Several
                | SignatureError::Components
                | SignatureError::Parameter(_)
                | SignatureError::UnknownParameter(_)
                | SignatureError::Missing
                | SignatureError::NoDigest
        )
    }
}

/// What is signed of a request, beside its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The absolute URL that is asked.
    pub target_uri: &'a str,
    /// The value of `Content-Digest`.
    pub content_digest: &'a str,
}

/// The header fields that make a request a signed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedFields {
    /// `Content-Digest`
    pub content_digest: String,
    /// `Signature-Input`
    pub signature_input: String,
    /// `Signature`
    pub signature: String,
}

/// The value of `Content-Digest` (RFC 9530) for a body.
pub fn content_digest(body: &[u8]) -> String {
    let digest = Bare::Bytes(Sha256::digest(body).to_vec());
    format!("sha-256={digest}")
}

/// Checks a body against the value of `Content-Digest`. Algorithms beside `sha-256` are not looked at.
///
/// # Errors
/// No digest that can be checked, or another one.
pub fn check_digest(field: &str, body: &[u8]) -> Result<(), SignatureError> {
    let digests = Dictionary::parse(field).map_err(|reason| SignatureError::Field {
        field: "Content-Digest",
        reason,
    })?;
    let Some(Member::Item(Item {
        value: Bare::Bytes(given),
        ..
    })) = digests.get("sha-256")
    else {
        return Err(SignatureError::NoDigest);
    };
    match Sha256::digest(body).as_slice().ct_eq(given).into() {
        true => Ok(()),
        false => Err(SignatureError::Digest),
    }
}

/// Signs a request. `now_secs` is the time since 1970; the signature is good for a minute.
pub fn sign(
    identity: &Identity,
    method: &str,
    target_uri: &str,
    body: &[u8],
    now_secs: u64,
    nonce: &str,
) -> SignedFields {
    let component = |name: &&str| Item {
        value: Bare::String((*name).to_owned()),
        parameters: Vec::new(),
    };
    let seconds = |secs: u64| Bare::Integer(i64::try_from(secs).unwrap_or(i64::MAX));
    let text = |text: &str| Bare::String(text.to_owned());
    let list = InnerList {
        items: COMPONENTS.iter().map(component).collect(),
        parameters: vec![
            ("created".to_owned(), seconds(now_secs)),
            ("expires".to_owned(), seconds(now_secs + limits::SIGNATURE_SECS)),
            ("nonce".to_owned(), text(nonce)),
            ("keyid".to_owned(), text(identity.keyid())),
            ("tag".to_owned(), text(TAG)),
        ],
    };
    let content_digest = content_digest(body);
    let message = Message {
        method,
        target_uri,
        content_digest: &content_digest,
    };
    let signature = identity.sign(base(&list, &message).as_bytes());
    let dictionary = |member| Dictionary(vec![(LABEL.to_owned(), member)]).to_string();
    SignedFields {
        signature_input: dictionary(Member::List(list)),
        signature: dictionary(Member::Item(Item {
            value: Bare::Bytes(signature.to_vec()),
            parameters: Vec::new(),
        })),
        content_digest,
    }
}

/// The signature base (RFC 9421 section 2.5).
fn base(list: &InnerList, message: &Message<'_>) -> String {
    let mut base = String::new();
    for item in &list.items {
        let Bare::String(name) = &item.value else {
            continue;
        };
        let value = match name.as_str() {
            "@method" => message.method,
            "@target-uri" => message.target_uri,
            _ => message.content_digest.trim_matches([' ', '\t']),
        };
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    base + &format!("\"@signature-params\": {list}")
}

/// A signature as a request presents it: well-formed, and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    list: InnerList,
    created: u64,
    expires: u64,
    nonce: String,
    keyid: String,
    signature: [u8; SIGNATURE_BYTES],
}

/// A signature that verified: what it says of its request. Only [`Presented::verify`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    keyid: String,
    nonce: String,
    created: u64,
    expires: u64,
}

impl Verified {
    /// The key that signed.
    pub fn keyid(&self) -> &str {
        &self.keyid
    }

    /// The request's own mark.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// When it was signed, seconds since 1970.
    pub fn created_secs(&self) -> u64 {
        self.created
    }

    /// Until when it may be accepted.
    pub fn expires_secs(&self) -> u64 {
        self.expires
    }
}

impl Presented {
    /// Reads the header fields `Signature-Input` and `Signature`, several lines of each joined by commas. None where no
    /// signature has our tag: then the request is not signed, whatever else signed it for others.
    ///
    /// # Errors
    /// What is malformed.
    pub fn read(signature_input: &str, signature: &str) -> Result<Option<Self>, SignatureError> {
        let read = |field, text: &str| {
            Dictionary::parse(text).map_err(|reason| SignatureError::Field { field, reason })
        };
        let inputs = read("Signature-Input", signature_input)?;
        let mut ours = inputs.0.into_iter().filter_map(|(label, member)| match member {
            Member::List(list) if is_ours(&list) => Some((label, list)),
            _ => None,
        });
        let Some((label, list)) = ours.next() else {
            return Ok(None);
        };
        if ours.next().is_some() {
            return Err(SignatureError::Several);
        }
        let signatures = read("Signature", signature)?;
        let Some(Member::Item(Item {
            value: Bare::Bytes(bytes),
            ..
        })) = signatures.get(&label)
        else {
            return Err(SignatureError::Missing);
        };
        let signature = bytes.as_slice().try_into().map_err(|_| SignatureError::Missing)?;
        Presented::of(list, signature).map(Some)
    }

    fn of(list: InnerList, signature: [u8; SIGNATURE_BYTES]) -> Result<Self, SignatureError> {
        check_components(&list.items)?;
        check_parameters(&list.parameters)?;
        let seconds = |name: &'static str| match get(&list.parameters, name) {
            Some(Bare::Integer(secs)) => u64::try_from(*secs).map_err(|_| SignatureError::Parameter(name)),
            _ => Err(SignatureError::Parameter(name)),
        };
        let text = |name: &'static str, least: usize| match get(&list.parameters, name) {
            Some(Bare::String(text)) if (least..=limits::SIGNATURE_TEXT_CHARS).contains(&text.len()) => {
                Ok(text.clone())
            }
            _ => Err(SignatureError::Parameter(name)),
        };
        Ok(Presented {
            created: seconds("created")?,
            expires: seconds("expires")?,
            nonce: text("nonce", limits::NONCE_CHARS_LEAST)?,
            keyid: text("keyid", 1)?,
            list,
            signature,
        })
    }

    /// The key that is said to have signed.
    pub fn keyid(&self) -> &str {
        &self.keyid
    }

    /// Whether it may be accepted at that time, seconds since 1970.
    ///
    /// # Errors
    /// Expired, from the future, or meant to live for longer than a minute.
    pub fn check_time(&self, now_secs: u64) -> Result<(), SignatureError> {
        let lifetime = self.expires.checked_sub(self.created);
        if !lifetime.is_some_and(|secs| (1..=limits::SIGNATURE_SECS).contains(&secs)) {
            return Err(SignatureError::Lifetime);
        }
        if self.created > now_secs + limits::SIGNATURE_SKEW_SECS {
            return Err(SignatureError::Future(self.created - now_secs));
        }
        if self.expires <= now_secs {
            return Err(SignatureError::Expired(now_secs - self.expires));
        }
        Ok(())
    }

    /// Verifies it over a request. The body's digest is the caller's matter ([`check_digest`]).
    ///
    /// # Errors
    /// [`SignatureError::Forged`] where it is not this key's over this request.
    pub fn verify(&self, key: &PublicKey, message: &Message<'_>) -> Result<Verified, SignatureError> {
        let is_genuine =
            key.keyid() == self.keyid && key.verifies(base(&self.list, message).as_bytes(), &self.signature);
        match is_genuine {
            true => Ok(Verified {
                keyid: self.keyid.clone(),
                nonce: self.nonce.clone(),
                created: self.created,
                expires: self.expires,
            }),
            false => Err(SignatureError::Forged),
        }
    }
}

fn get<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a Bare> {
    let found = parameters.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value)
}

fn is_ours(list: &InnerList) -> bool {
    matches!(get(&list.parameters, "tag"), Some(Bare::String(tag)) if tag == TAG)
}

/// Each of the three once, without parameters of its own (`;req`, `;sf`), which would mean something else.
fn check_components(items: &[Item]) -> Result<(), SignatureError> {
    let is_covered = |name: &&str| {
        let wanted = Bare::String((*name).to_owned());
        items
            .iter()
            .any(|item| item.value == wanted && item.parameters.is_empty())
    };
    match items.len() == COMPONENTS.len() && COMPONENTS.iter().all(is_covered) {
        true => Ok(()),
        false => Err(SignatureError::Components),
    }
}

fn check_parameters(parameters: &Parameters) -> Result<(), SignatureError> {
    for (name, value) in parameters {
        match name.as_str() {
            "created" | "expires" | "nonce" | "keyid" | "tag" => {}
            "alg" if *value == Bare::String("ed25519".to_owned()) => {}
            "alg" => return Err(SignatureError::Parameter("alg")),
            _ => return Err(SignatureError::UnknownParameter(name.clone())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_800_000_000;
    const URI: &str = "https://b.example/api/federation/voice/fetch";
    const BODY: &[u8] = b"{\"memo_id\":\"x\"}";

    fn identity() -> Identity {
        Identity::from_seed(&[7; 32])
    }

    fn signed() -> SignedFields {
        sign(&identity(), "POST", URI, BODY, NOW, "0123456789abcdef")
    }

    fn verify(fields: &SignedFields, method: &str, uri: &str) -> Result<Verified, SignatureError> {
        let presented = Presented::read(&fields.signature_input, &fields.signature)?.expect("it has our tag");
        let message = Message {
            method,
            target_uri: uri,
            content_digest: &fields.content_digest,
        };
        presented.verify(&identity().jwk().public_key().unwrap(), &message)
    }

    #[test]
    fn what_was_signed_verifies_and_nothing_else() {
        let fields = signed();
        let verified = verify(&fields, "POST", URI).unwrap();
        assert_eq!(
            (verified.nonce(), verified.expires_secs()),
            ("0123456789abcdef", NOW + 60)
        );
        assert_eq!(verify(&fields, "GET", URI), Err(SignatureError::Forged));
        assert_eq!(
            verify(&fields, "POST", "https://c.example/"),
            Err(SignatureError::Forged)
        );
        let mut other = fields.clone();
        other.content_digest = content_digest(b"other");
        assert_eq!(verify(&other, "POST", URI), Err(SignatureError::Forged));
        let mut later = fields;
        later.signature_input = later.signature_input.replace("1800000060", "1800000061");
        assert_eq!(verify(&later, "POST", URI), Err(SignatureError::Forged));
        assert_eq!(check_digest(&content_digest(BODY), BODY), Ok(()));
        assert_eq!(
            check_digest(&content_digest(BODY), b""),
            Err(SignatureError::Digest)
        );
        assert_eq!(
            check_digest("sha-512=:AAAA:", BODY),
            Err(SignatureError::NoDigest)
        );
    }

    /// The whole judgement of a request, but for nonces, as a word.
    fn verdict(vector: &serde_json::Value, key: &PublicKey) -> &'static str {
        let text = |name: &str| vector[name].as_str().unwrap();
        let judge = || {
            let Some(presented) = Presented::read(text("signature_input"), text("signature"))? else {
                return Ok("unsigned");
            };
            presented.check_time(vector["now"].as_u64().unwrap())?;
            check_digest(text("content_digest"), text("body").as_bytes())?;
            let message = Message {
                method: text("method"),
                target_uri: text("target_uri"),
                content_digest: text("content_digest"),
            };
            presented.verify(key, &message).map(|_| "accepted")
        };
        judge().unwrap_or_else(|error: SignatureError| error.code())
    }

    #[test]
    fn what_an_independent_program_signed_is_judged_as_it_says() {
        let text = include_str!("../../tests/vectors/federation_signature.json");
        let file: serde_json::Value = serde_json::from_str(text).unwrap();
        let jwk: crate::federation::identity::Jwk = serde_json::from_value(file["jwk"].clone()).unwrap();
        let key = jwk.public_key().unwrap();
        let vectors = file["vectors"].as_array().unwrap();
        assert!(vectors.len() > 30);
        for vector in vectors {
            assert_eq!(
                verdict(vector, &key),
                vector["verdict"].as_str().unwrap(),
                "{}",
                vector["name"]
            );
        }
        // Ed25519 signs the same in the same way: ours is theirs, to the last character.
        let first = &vectors[0];
        let ours = sign(
            &Identity::from_seed(&std::array::from_fn(|at| at as u8)),
            "POST",
            first["target_uri"].as_str().unwrap(),
            first["body"].as_str().unwrap().as_bytes(),
            first["now"].as_u64().unwrap(),
            "AAECAwQFBgcICQoLDA0ODw",
        );
        assert_eq!(ours.signature_input, first["signature_input"].as_str().unwrap());
        assert_eq!(ours.signature, first["signature"].as_str().unwrap());
    }

    #[test]
    fn a_signature_lives_for_a_minute_at_most() {
        let read = |created: u64, expires: u64| {
            let fields = signed();
            let input = fields
                .signature_input
                .replace("1800000060", &expires.to_string())
                .replace("1800000000", &created.to_string());
            Presented::read(&input, &fields.signature).unwrap().unwrap()
        };
        for (created, expires, now, verdict) in [
            (NOW, NOW + 60, NOW, Ok(())),
            (NOW, NOW + 60, NOW + 59, Ok(())),
            (NOW, NOW + 60, NOW + 60, Err(SignatureError::Expired(0))),
            (NOW, NOW + 10, NOW + 15, Err(SignatureError::Expired(5))),
            (NOW, NOW + 61, NOW, Err(SignatureError::Lifetime)),
            (NOW, NOW, NOW, Err(SignatureError::Lifetime)),
            (NOW, NOW - 1, NOW, Err(SignatureError::Lifetime)),
            (NOW + 30, NOW + 60, NOW, Ok(())),
            (NOW + 31, NOW + 60, NOW, Err(SignatureError::Future(31))),
        ] {
            assert_eq!(
                read(created, expires).check_time(now),
                verdict,
                "{created} {expires} {now}"
            );
        }
    }

    #[test]
    fn what_the_protocol_does_not_have_is_refused() {
        let fields = signed();
        let with = |from: &str, to: &str| {
            let input = fields.signature_input.replace(from, to);
            Presented::read(&input, &fields.signature).map(|_| ())
        };
        assert_eq!(with("", ""), Ok(()));
        assert_eq!(with(";nonce", ";alg=\"ed25519\";nonce"), Ok(()));
        let wrong = SignatureError::Components;
        assert_eq!(with("\"@method\" ", ""), Err(wrong.clone()));
        assert_eq!(with("\"@method\" ", "\"@method\";req "), Err(wrong.clone()));
        assert_eq!(with("\"@method\"", "\"@path\""), Err(wrong.clone()));
        assert_eq!(with("\"@method\" ", "\"@method\" \"@method\" "), Err(wrong));
        let parameter = |name| Err(SignatureError::Parameter(name));
        assert_eq!(with(";created=1800000000", ""), parameter("created"));
        assert_eq!(with("=1800000000", "=\"now\""), parameter("created"));
        assert_eq!(with("=1800000000", "=-1"), parameter("created"));
        assert_eq!(with(";nonce=\"0123456789abcdef\"", ""), parameter("nonce"));
        assert_eq!(with("0123456789abcdef", "short"), parameter("nonce"));
        assert_eq!(with(";nonce", ";alg=\"rsa\";nonce"), parameter("alg"));
        let unknown = Err(SignatureError::UnknownParameter("x".into()));
        assert_eq!(with(";nonce", ";x;nonce"), unknown);
        assert_eq!(
            Presented::read(&fields.signature_input, "sig2=:AAAA:"),
            Err(SignatureError::Missing)
        );
        assert_eq!(
            Presented::read(&fields.signature_input, "sig1=:AAAA:"),
            Err(SignatureError::Missing)
        );
        let twice = format!(
            "{}, {}",
            fields.signature_input,
            fields.signature_input.replace("sig1", "b")
        );
        assert_eq!(
            Presented::read(&twice, &fields.signature),
            Err(SignatureError::Several)
        );
        let others = "other=(\"@method\");keyid=\"x\"";
        assert_eq!(Presented::read(others, "other=:AAAA:"), Ok(None));
        let beside = format!("{others}, {}", fields.signature_input);
        assert!(Presented::read(&beside, &fields.signature).unwrap().is_some());
    }

    proptest! {
        #[test]
        fn components_and_parameters_count_in_the_order_in_which_they_came(
            components in Just(COMPONENTS.to_vec()).prop_shuffle(),
            parameters in Just(vec![
                "created=1800000000", "expires=1800000030", "nonce=\"0123456789abcdef\"", "keyid=\"K\"",
                "tag=\"voice-federation/1.1\"",
            ]).prop_shuffle(),
        ) {
            let identity = identity();
            let names: Vec<String> = components.iter().map(|name| format!("\"{name}\"")).collect();
            let params = format!("({});{}", names.join(" "), parameters.join(";")).replace('K', identity.keyid());
            let digest = content_digest(BODY);
            let mut base = String::new();
            for name in &components {
                let value = match *name { "@method" => "POST", "@target-uri" => URI, _ => &digest };
                base.push_str(&format!("\"{name}\": {value}\n"));
            }
            base.push_str(&format!("\"@signature-params\": {params}"));
            let signature = Bare::Bytes(identity.sign(base.as_bytes()).to_vec());
            let fields = SignedFields {
                content_digest: digest,
                signature_input: format!("any={params}"),
                signature: format!("any={signature}"),
            };
            prop_assert!(verify(&fields, "POST", URI).is_ok());
        }

        #[test]
        fn one_changed_character_is_enough_to_be_refused(at in 0_usize..400, to in "[ -~]") {
            let fields = signed();
            let mut input: Vec<char> = fields.signature_input.chars().collect();
            let at = at % input.len();
            let to = to.chars().next().unwrap();
            prop_assume!(input[at] != to);
            input[at] = to;
            let input: String = input.into_iter().collect();
            let read = Presented::read(&input, &fields.signature);
            let key = identity().jwk().public_key().unwrap();
            let message = Message { method: "POST", target_uri: URI, content_digest: &fields.content_digest };
            let accepted = matches!(read, Ok(Some(presented)) if presented.verify(&key, &message).is_ok());
            // A space more between two parts says the same.
            prop_assert!(!accepted || input.replace("  ", " ") == fields.signature_input);
        }
    }
}
