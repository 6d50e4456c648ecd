//! rsip's types from ours, for programs that speak rsip.
//!
//! rsip reads some correct values wrongly (IPv6 literals, escaped quotes) and prints some of its own otherwise
//! than it read them. So a conversion succeeds only where rsip prints back exactly what it was given; what it
//! cannot hold is an error, never a value that differs.

use super::{Method, NameAddr, Response, Uri};
use rsip::prelude::{ToTypedHeader, UntypedHeader};
use std::fmt::Display;

/// rsip cannot hold the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rsip cannot hold this value unchanged")]
pub struct NotInRsip;

impl TryFrom<&Method> for rsip::Method {
    type Error = NotInRsip;

    fn try_from(method: &Method) -> Result<Self, NotInRsip> {
        // rsip compares methods without case; RFC 3261 7.1 does not.
        same(method.as_str(), method.as_str().parse())
    }
}

impl From<rsip::Method> for Method {
    fn from(method: rsip::Method) -> Self {
        let name = method.to_string();
        name.parse().unwrap_or(Method::Other(name))
    }
}

impl Response {
    /// The status as rsip names it; its phrase is not ours, and never printed.
    pub fn status_code(&self) -> rsip::StatusCode {
        rsip::StatusCode::from(self.status)
    }
}

impl TryFrom<&Uri> for rsip::Uri {
    type Error = NotInRsip;

    fn try_from(uri: &Uri) -> Result<Self, NotInRsip> {
        let text = uri.to_string();
        same(&text, rsip::Uri::try_from(text.as_str()))
    }
}

impl TryFrom<&NameAddr> for rsip::typed::From {
    type Error = NotInRsip;

    fn try_from(address: &NameAddr) -> Result<Self, NotInRsip> {
        let text = address.to_string();
        same(&text, rsip::headers::From::new(text.as_str()).into_typed())
    }
}

impl TryFrom<&NameAddr> for rsip::typed::To {
    type Error = NotInRsip;

    fn try_from(address: &NameAddr) -> Result<Self, NotInRsip> {
        let text = address.to_string();
        same(&text, rsip::headers::To::new(text.as_str()).into_typed())
    }
}

/// The value, where it prints as it was read.
fn same<T: Display, E>(text: &str, value: Result<T, E>) -> Result<T, NotInRsip> {
    value
        .ok()
        .filter(|value| value.to_string() == text)
        .ok_or(NotInRsip)
}

#[cfg(test)]
mod tests {
    use super::super::{reason, Message};
    use super::*;
    use proptest::prelude::*;
    use rsip::prelude::{HasHeaders, HeadersExt};

    #[test]
    fn every_method_of_rsip_is_ours() {
        for theirs in rsip::Method::all() {
            let ours = Method::from(theirs);
            assert!(!matches!(ours, Method::Other(_)), "{theirs}");
            assert_eq!(rsip::Method::try_from(&ours), Ok(theirs));
        }
        assert_eq!(
            rsip::Method::try_from(&Method::Other("invite".into())),
            Err(NotInRsip)
        );
    }

    #[test]
    fn every_phrase_of_rsip_is_ours_with_its_spaces() {
        let letters = |text: &str| -> String {
            let kept = text.chars().filter(char::is_ascii_alphanumeric);
            kept.map(|c| c.to_ascii_lowercase()).collect()
        };
        let known: Vec<u16> = (100..700)
            .filter(|&status| !matches!(rsip::StatusCode::from(status), rsip::StatusCode::Other(..)))
            .collect();
        assert!(known.len() > 60);
        for status in known {
            let theirs = Response::new(status).status_code().to_string();
            let theirs = letters(theirs.trim_start_matches(|c: char| c.is_ascii_digit()));
            let ours = letters(reason(status));
            assert_eq!(
                ours != theirs,
                OTHERWISE.contains(&status),
                "{status}: {ours} against {theirs}"
            );
        }
    }

    /// Where rsip departs from the registry of response codes: Accepted is 202; 409 and 411 are not registered;
    /// 437 was renamed by RFC 8224; 606 has the same phrase as 406.
    const OTHERWISE: [u16; 5] = [201, 409, 411, 437, 606];

    #[test]
    fn what_rsip_would_change_is_refused() {
        for text in ["sip:a@[2001:db8::1]", "sip:a@example.org?Subject=x"] {
            let uri: Uri = text.parse().unwrap();
            if let Ok(theirs) = rsip::Uri::try_from(&uri) {
                assert_eq!(theirs.to_string(), text);
            }
        }
        let plain: Uri = "sip:alice@example.org:5070;transport=UDP".parse().unwrap();
        let theirs = rsip::Uri::try_from(&plain).unwrap();
        assert_eq!(
            (theirs.user(), theirs.host().to_string()),
            (Some("alice"), "example.org".into())
        );
    }

    prop_compose! {
        /// Messages of the plain kind that rsip reads soundly.
        fn plain_invite()(
            user in "[a-z0-9]{1,8}",
            host in "[a-z]{1,6}\\.example\\.org",
            port in 1u16..,
            tag in "[a-z0-9]{1,8}",
            number in 0u32..1 << 31,
            call_id in "[a-z0-9]{1,8}@[a-z]{1,6}",
            body in "[ -~]{0,40}",
        ) -> (String, [String; 5], u32) {
            let text = format!(
                "INVITE sip:{user}@{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{tag}\r\n\
                 From: <sip:{user}@{host}>;tag={tag}\r\nTo: <sip:{user}@{host}>\r\nCall-ID: {call_id}\r\n\
                 CSeq: {number} INVITE\r\nMax-Forwards: 70\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            (text, [user, host, tag, call_id, body], number)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
        cases: 128,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

        #[test]
        fn rsip_reads_plain_messages_as_we_do((text, [user, host, tag, call_id, body], number) in plain_invite()) {
            let Ok(Message::Request(ours)) = Message::parse(text.as_bytes()) else {
                return Err(TestCaseError::fail("ours refuses"));
            };
            let theirs = rsip::Request::try_from(text.as_bytes()).unwrap();
            prop_assert_eq!(rsip::Method::try_from(&ours.method), Ok(theirs.method));
            prop_assert_eq!(ours.uri.to_string(), theirs.uri.to_string());
            prop_assert_eq!(rsip::Uri::try_from(&ours.uri), Ok(theirs.uri.clone()));
            prop_assert_eq!(&ours.uri.user, &user);
            prop_assert_eq!(&ours.uri.host, &host);
            prop_assert_eq!(ours.headers.len(), theirs.headers().iter().count());
            let from = ours.headers.from().unwrap();
            prop_assert_eq!(rsip::typed::From::try_from(&from), Ok(theirs.from_header().unwrap().typed().unwrap()));
            prop_assert_eq!(from.tag(), Some(tag.as_str()));
            let to = ours.headers.to().unwrap();
            prop_assert_eq!(rsip::typed::To::try_from(&to), Ok(theirs.to_header().unwrap().typed().unwrap()));
            let cseq = theirs.cseq_header().unwrap().typed().unwrap();
            prop_assert_eq!((ours.headers.cseq().unwrap().number, number), (cseq.seq, number));
            prop_assert_eq!(ours.headers.call_id().unwrap(), theirs.call_id_header().unwrap().value());
            prop_assert_eq!(ours.headers.call_id().unwrap(), &call_id);
            prop_assert_eq!(ours.body.as_slice(), theirs.body().as_slice());
            prop_assert_eq!(ours.body, body.into_bytes());
        }
    }
}
