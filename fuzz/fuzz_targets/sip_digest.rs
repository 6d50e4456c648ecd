//! Any challenge must be answered or refused, and the answer must be one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::rng::Rng;
use obelus::secret::Secret;
use obelus::sip::digest::Authenticator;
use obelus::sip::message::{Headers, Method, Uri};

fuzz_target!(|text: &str| {
    let mut headers = Headers::new();
    headers.push("WWW-Authenticate", text);
    let mut auth = Authenticator::new("user", Secret::new("password".into()), Rng::from_seed(1));
    let uri = Uri::sip("", "example.org", None);
    if let Ok(header) = auth.respond(&Method::Register, &uri, b"", &headers, false) {
        assert!(!header.value.contains(['\r', '\n']));
    }
});
