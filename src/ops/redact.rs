//! SIP messages on their way into the log, without what the log must not hold.
//!
//! Works on lines rather than on a parsed message: what does not parse is what somebody wants to see. Taken out are
//! digest responses and nonces (with both, a password can be searched for), credentials of other schemes, keys in SDP,
//! and every body that is not SDP: DTMF in INFO may be a PIN. Telephone numbers are shown by their last digits, unless
//! the configuration says otherwise.

use crate::secret::Private;
use crate::sip::Flow;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// Most characters of one message that are shown.
const SHOWN: usize = 8_192;

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// We received it.
    Us,
    /// We send it.
    Peer,
}

/// One rung of the SIP ladder: a line that says which way, then the message.
pub fn sip_ladder(towards: Towards, flow: &Flow, bytes: &[u8]) -> String {
    let arrow = match towards {
        Towards::Us => "received from",
        Towards::Peer => "sent to",
    };
    format!("{arrow} {flow}, {} bytes\n{}", bytes.len(), sip_message(bytes))
}

/// A SIP message, whole or broken, as text for the log.
pub fn sip_message(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = split_body(&text);
    let mut out = String::new();
    let mut is_sdp = false;
    for (index, line) in unfolded(head).enumerate() {
        let line = if index == 0 {
            shorten_uris(&line)
        } else {
            header(&line)
        };
        let lower = line.to_ascii_lowercase();
        is_sdp |= (lower.starts_with("content-type") || lower.starts_with("c:") || lower.starts_with("c "))
            && lower.contains("application/sdp");
        out.push_str(&line);
        out.push('\n');
    }
    if !body.is_empty() {
        out.push('\n');
        if is_sdp {
            body.lines().for_each(|line| {
                out.push_str(&sdp_line(line));
                out.push('\n');
            });
        } else {
            out.push_str(&format!("(a body of {} bytes is not shown)\n", body.len()));
        }
    }
    if let Some((cut, _)) = out.char_indices().nth(SHOWN) {
        out.truncate(cut);
        out.push_str("…\n");
    }
    out
}

/// The head and what follows its empty line; LF alone ends a line too.
fn split_body(text: &str) -> (&str, &str) {
    let crlf = text.find("\r\n\r\n").map(|at| (at, at + 4));
    let lf = text.find("\n\n").map(|at| (at, at + 2));
    match crlf.into_iter().chain(lf).min() {
        Some((end, body)) => (&text[..end], &text[body..]),
        None => (text, ""),
    }
}

/// Header fields, each with its continuation lines (RFC 3261 7.3.1) joined to it.
fn unfolded(head: &str) -> impl Iterator<Item = String> {
    let mut fields: Vec<String> = Vec::new();
    for line in head.lines() {
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => {
                field.push(' ');
                field.push_str(line.trim_start());
            }
            _ => fields.push(line.to_owned()),
        }
    }
    fields.into_iter()
}

fn header(line: &str) -> String {
    let Some((name, value)) = line.split_once(':') else {
        return shorten_uris(line);
    };
    match name.trim().to_ascii_lowercase().as_str() {
        "authorization"
        | "proxy-authorization"
        | "www-authenticate"
        | "proxy-authenticate"
        | "authentication-info" => {
            format!("{name}: {}", credentials(value.trim()))
        }
        // A PASSporT (RFC 8224) holds both numbers, in base64.
        "identity" | "y" => format!("{name}: {}", Private(value.trim())),
        "from"
        | "f"
        | "to"
        | "t"
        | "contact"
        | "m"
        | "p-asserted-identity"
        | "p-preferred-identity"
        | "p-called-party-id"
        | "remote-party-id"
        | "diversion"
        | "history-info"
        | "referred-by"
        | "b"
        | "refer-to"
        | "r"
        | "reply-to"
        | "call-info"
        | "subject"
        | "s" => format!("{name}:{}", shorten_numbers(&shorten_uris(value))),
        _ => shorten_uris(line),
    }
}

static SCHEME: LazyLock<Regex> = LazyLock::new(|| regex(r"^[A-Za-z][A-Za-z0-9-]*"));
static PARAMETER: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"([A-Za-z][A-Za-z0-9-]*)\s*=\s*("(?:[^"\\]|\\.)*"?|[^\s,"]*)"#));
/// A user may hold `;`, `?` and `,` (RFC 3261 25.1), so it reaches to the `@`.
static URI: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)\b(?:(sips?:)([^@>\s<"]*)@|(tel:)([^>;,?\s]*))"#));
static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"\+?[0-9](?:[-. ()]{0,2}[0-9]){4,}"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is one that the tests have compiled")
}

/// What helps to find a fault (realm, algorithm, qop, stale, the user) and nothing by which a password could be found.
fn credentials(value: &str) -> String {
    let scheme = SCHEME.find(value).map_or("", |scheme| scheme.as_str());
    let digest = scheme.eq_ignore_ascii_case("digest");
    // Authentication-Info has parameters without a scheme.
    if !digest && !value.contains('=')
        || scheme.eq_ignore_ascii_case("basic")
        || scheme.eq_ignore_ascii_case("bearer")
    {
        return format!("{scheme} (removed)");
    }
    let mut out = String::new();
    if digest {
        out.push_str("Digest ");
    }
    let shown: Vec<String> = PARAMETER
        .captures_iter(value)
        .map(|found| {
            let (name, value) = (
                found.get(1).map_or("", |m| m.as_str()),
                found.get(2).map_or("", |m| m.as_str()),
            );
            match name.to_ascii_lowercase().as_str() {
                "realm" | "algorithm" | "qop" | "stale" | "nc" => format!("{name}={value}"),
                "username" => format!("{name}={}", Private(value.trim_matches('"'))),
                "uri" => format!("{name}={}", shorten_uris(value)),
                _ => format!("{name}=(removed)"),
            }
        })
        .collect();
    out.push_str(&shown.join(", "));
    out
}

/// The user of every SIP URI, and the number of every tel URI.
fn shorten_uris(text: &str) -> String {
    let shorten = |found: &Captures<'_>| match (found.get(1), found.get(2), found.get(4)) {
        (Some(scheme), Some(user), _) => {
            // `user:password@` is deprecated (RFC 3261 19.1.1), and a password all the same.
            let (user, password) = match user.as_str().split_once(':') {
                Some((user, _)) => (user, ":(removed)"),
                None => (user.as_str(), ""),
            };
            let number = user.split(';').next().unwrap_or_default();
            format!("{}{}{password}@", scheme.as_str(), Private(number))
        }
        (_, _, number) => format!("tel:{}", Private(number.map_or("", |number| number.as_str()))),
    };
    URI.replace_all(text, shorten).into_owned()
}

/// Numbers outside URIs: display names.
fn shorten_numbers(text: &str) -> String {
    // Hosts may be made of digits as well, so what stands in angle brackets is left as it is.
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(&shorten_plain(before));
        out.push('<');
        let end = after.find('>').unwrap_or(after.len());
        out.push_str(&after[..end]);
        rest = &after[end..];
    }
    if URI.is_match(rest) {
        out.push_str(rest);
    } else {
        // Parameters follow the closing bracket: a tag of digits is no number to hide, but looks like one.
        match rest.split_once('>') {
            Some((before, after)) => {
                out.push_str(before);
                out.push('>');
                out.push_str(after);
            }
            None => out.push_str(&shorten_plain(rest)),
        }
    }
    out
}

fn shorten_plain(text: &str) -> String {
    NUMBER
        .replace_all(text, |found: &Captures<'_>| Private(&found[0]).to_string())
        .into_owned()
}

/// SDES keys (RFC 4568) and ICE passwords (RFC 8839) stand in SDP attributes.
fn sdp_line(line: &str) -> String {
    for name in ["a=crypto:", "a=ice-pwd:", "a=key-mgmt:", "k="] {
        if line.starts_with(name) {
            return format!("{name}(removed)");
        }
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;
    use proptest::prelude::*;

    const REGISTER: &str = "REGISTER sip:sip.example.org SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds\r\n\
        From: \"+1 (555) 010-0123\" <sip:15550100123@sip.example.org>;tag=1928301774\r\n\
        To: <sip:15550100123@sip.example.org>\r\n\
        Call-ID: a84b4c76e66710@192.0.2.1\r\n\
        Contact: <sip:5550100123:pass@192.0.2.1>\r\n\
        P-Asserted-Identity: <tel:+15550100123>, \"5550100123\" <sip:anonymous@192.0.2.1>\r\n\
        Authorization: Digest username=\"100000_main\",realm=\"sip.example.org\",\r\n\
        \x20nonce=\"3k4j5h\",uri=\"sip:15550100123@sip.example.org\",response=\"0123456789abcdef\",cnonce=\"c0ffee\",qop=auth,nc=00000001\r\n\
        Proxy-Authorization: Basic aHVudGVyMg==\r\n\
        Identity: eyJhbGciOiJFUzI1NiJ9;info=<https://cert.example.org>\r\n\
        Content-Length: 0\r\n\r\n";

    #[test]
    fn a_register_shows_neither_credentials_nor_numbers() {
        let shown = sip_message(REGISTER.as_bytes());
        for secret in [
            "0123456789abcdef",
            "3k4j5h",
            "c0ffee",
            "aHVudGVyMg",
            ":pass@",
            "100000_main",
            "5550100",
            "010-0123",
            "eyJhbGci",
        ] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        for kept in [
            "REGISTER sip:sip.example.org SIP/2.0",
            "branch=z9hG4bK776asdhds",
            "tag=1928301774",
            "sip:…0123@sip.example.org",
            "Call-ID: a84b4c76e66710@192.0.2.1",
            "realm=\"sip.example.org\"",
            "nc=00000001",
            "Basic (removed)",
        ] {
            assert!(shown.contains(kept), "{kept} not in {shown}");
        }
    }

    #[test]
    fn a_challenge_keeps_what_explains_it() {
        let shown = sip_message(
            b"SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"a, b\", nonce=\"n1\", stale=true, algorithm=SHA-256\r\n\r\n",
        );
        assert_eq!(
            shown,
            "SIP/2.0 401 Unauthorized\n\
             WWW-Authenticate: Digest realm=\"a, b\", nonce=(removed), stale=true, algorithm=SHA-256\n"
        );
    }

    #[test]
    fn only_sdp_is_shown_as_a_body_and_without_keys() {
        let sdp = "INVITE sip:5550100123@192.0.2.1 SIP/2.0\r\nc: application/sdp\r\n\r\n\
            v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\na=ice-pwd:hunter2\r\nm=audio 4000 RTP/AVP 0\r\n";
        let shown = sip_message(sdp.as_bytes());
        assert!(shown.contains("INVITE sip:…0123@192.0.2.1 SIP/2.0"), "{shown}");
        assert!(shown.contains("m=audio 4000 RTP/AVP 0"), "{shown}");
        assert!(
            !shown.contains("c2VjcmV0") && !shown.contains("hunter2"),
            "{shown}"
        );
        let info = "INFO sip:a@192.0.2.1 SIP/2.0\nContent-Type: application/dtmf-relay\n\nSignal=7\n";
        let shown = sip_message(info.as_bytes());
        assert!(shown.ends_with("(a body of 9 bytes is not shown)\n"), "{shown}");
    }

    #[test]
    fn the_ladder_says_which_way() {
        let flow = Flow {
            id: 1,
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().expect("an address"),
            remote: "198.51.100.9:5080".parse().expect("an address"),
        };
        let shown = sip_ladder(Towards::Us, &flow, b"OPTIONS sip:192.0.2.1 SIP/2.0\r\n\r\n");
        assert_eq!(
            shown,
            "received from udp:198.51.100.9:5080, 33 bytes\nOPTIONS sip:192.0.2.1 SIP/2.0\n"
        );
        assert!(sip_ladder(Towards::Peer, &flow, b"").starts_with("sent to udp:198.51.100.9:5080, 0 bytes"));
    }

    #[test]
    fn a_message_is_shown_up_to_a_bound() {
        let shown = sip_message(&[b'a'; 60_000]);
        assert!(shown.chars().count() <= SHOWN + 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_shown_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = sip_message(&bytes);
        }

        #[test]
        fn a_response_never_shows(
            name in "(?i)(proxy-)?authorization",
            before in "[ ,a-z=\"]{0,20}",
            response in "[0-9a-f]{32}",
            gap in prop_oneof![Just(""), Just(" "), Just("\r\n ")],
        ) {
            let text = format!("X sip:a@b SIP/2.0\r\n{name}: Digest{gap} {before}, response{gap}={gap}\"{response}\"\r\n\r\n");
            prop_assert!(!sip_message(text.as_bytes()).contains(&response));
        }
    }
}
