//! Texts within calls: SIP MESSAGE in a dialog (RFC 3428).

use super::Switch;
use crate::limits;
use crate::sip::endpoint::{CallHandle, ServerTx};
use crate::sip::message::Request;
use crate::time::Instant;

/// What our texts are.
pub(super) const TEXT: &str = "text/plain;charset=UTF-8";

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// Not plain text, or in an alphabet or a packing that we do not read: 415.
    MediaType,
    /// Beyond the bound: 413.
    TooLong,
}

impl Switch {
    pub(super) fn text(&mut self, now: Instant, call: CallHandle, tx: ServerTx, request: &Request) {
        let entry = self.calls.get_mut(&call);
        let response = match (text_of(request), entry) {
            (_, None) => request.response(481),
            (Ok(text), Some(entry)) => request.response(entry.call.text(text)),
            (Err(Refusal::MediaType), _) => {
                let mut response = request.response(415);
                response.headers.push("Accept", "text/plain");
                response.headers.push("Accept-Encoding", "identity");
                response
            }
            (Err(Refusal::TooLong), _) => request.response(413),
        };
        if response.status >= 300 {
            tracing::debug!(call = call.0, "a text was refused with {}", response.status);
        }
        self.endpoint.respond(now, tx, response);
        self.carry_out(now, call);
    }
}

/// The text of a MESSAGE. Octets that are no UTF-8 become the sign that stands for them.
fn text_of(request: &Request) -> Result<String, Refusal> {
    if request.body.len() > limits::TEXT_BYTES {
        return Err(Refusal::TooLong);
    }
    let mut codings = request.headers.values("Content-Encoding");
    if codings.any(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(Refusal::MediaType);
    }
    let media_type = request.headers.get("Content-Type").unwrap_or_default();
    let mut parts = media_type.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    // A body without a name is no text; a MESSAGE may say nothing at all, though.
    let says_nothing = name.is_empty() && request.body.is_empty();
    if !says_nothing && !name.eq_ignore_ascii_case("text/plain") {
        return Err(Refusal::MediaType);
    }
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    });
    let known = ["utf-8", "us-ascii"];
    if charset.is_some_and(|charset| !known.iter().any(|known| charset.eq_ignore_ascii_case(known))) {
        return Err(Refusal::MediaType);
    }
    Ok(String::from_utf8_lossy(&request.body).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::{Method, Uri};

    fn message(headers: &[(&str, &str)], body: &[u8]) -> Request {
        let mut request = Request::new(Method::Message, Uri::sip("a", "192.0.2.1", None));
        for (name, value) in headers {
            request.headers.push(name, value);
        }
        request.body = body.to_vec();
        request
    }

    #[test]
    fn plain_text_is_taken_and_nothing_else() {
        let kind = |kind| message(&[("Content-Type", kind)], "é".as_bytes());
        for plain in [
            "text/plain",
            "TEXT / Plain ; Charset=\"UTF-8\"",
            "text/plain;format=flowed;charset=us-ascii",
        ] {
            assert_eq!(text_of(&kind(plain)), Ok("é".to_owned()), "{plain}");
        }
        for other in [
            "text/html",
            "text/plain;charset=utf-16",
            "application/im-iscomposing+xml",
            "",
        ] {
            assert_eq!(text_of(&kind(other)), Err(Refusal::MediaType), "{other}");
        }
        assert_eq!(text_of(&message(&[], b"x")), Err(Refusal::MediaType));
        assert_eq!(text_of(&message(&[], b"")), Ok(String::new()));
        let packed = message(&[("Content-Type", TEXT), ("Content-Encoding", "gzip")], b"x");
        assert_eq!(text_of(&packed), Err(Refusal::MediaType));
        let broken = message(&[("Content-Type", TEXT)], b"a\xffb");
        assert_eq!(text_of(&broken), Ok("a\u{fffd}b".to_owned()));
    }

    #[test]
    fn a_text_beyond_the_bound_is_refused() {
        let long = |bytes: usize| message(&[("Content-Type", TEXT)], &vec![b'a'; bytes]);
        assert!(text_of(&long(limits::TEXT_BYTES)).is_ok());
        assert_eq!(text_of(&long(limits::TEXT_BYTES + 1)), Err(Refusal::TooLong));
    }
}
