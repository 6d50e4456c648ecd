//! What every message must have before anybody looks at it (RFC 3261 8.1.1, 8.2.2 and 16.3), and the answer
//! to a request that has it not.

use super::{
    HeaderError, HeaderFault, Headers, Method, NameAddr, ParseError, ParseErrorKind, Request, Response, Uri,
};

/// Headers that may stand once, though the typed accessors do not read them all.
const SINGLE: [&str; 4] = ["Max-Forwards", "Expires", "Content-Type", "Min-Expires"];

/// A request. Max-Forwards may be missing: RFC 2543 had none.
pub(super) fn request(method: &Method, headers: &Headers) -> Result<(), ParseErrorKind> {
    common(headers)?;
    if headers.cseq().map_err(ParseErrorKind::Header)?.method != *method {
        return Err(ParseErrorKind::MethodMismatch);
    }
    for name in SINGLE {
        if headers.all(name).nth(1).is_some() {
            return Err(ParseErrorKind::Header(HeaderError::new(
                name,
                HeaderFault::Repeated,
            )));
        }
    }
    headers.max_forwards().map_err(ParseErrorKind::Header)?;
    headers.expires().map_err(ParseErrorKind::Header)?;
    headers.contacts().map_err(ParseErrorKind::Header)?;
    headers.routes("Route").map_err(ParseErrorKind::Header)?;
    headers.routes("Record-Route").map_err(ParseErrorKind::Header)?;
    Ok(())
}

/// A response: only what finding its transaction and its dialog needs.
pub(super) fn response(headers: &Headers) -> Result<(), ParseErrorKind> {
    common(headers)?;
    headers.cseq().map_err(ParseErrorKind::Header)?;
    Ok(())
}

fn common(headers: &Headers) -> Result<(), ParseErrorKind> {
    let checked = headers
        .vias()
        .and_then(|vias| match vias.is_empty() {
            false => Ok(()),
            true => Err(HeaderError::new("Via", HeaderFault::Missing)),
        })
        .and_then(|_| headers.from())
        .and_then(|_| headers.to())
        .and_then(|_| headers.call_id())
        .map(|_| ());
    checked.map_err(ParseErrorKind::Header)
}

/// The answer to a request that could not be read: None for a response, an ACK, or where no Via says where it
/// would go.
pub(super) fn answer(error: &ParseError, line: &str, headers: &Headers) -> Option<Response> {
    let method = line.split(' ').find(|word| !word.is_empty())?;
    if method.get(..4).is_some_and(|m| m.eq_ignore_ascii_case("SIP/")) || method == "ACK" {
        return None;
    }
    headers.via().ok()?;
    let request = Request {
        headers: headers.clone(),
        ..Request::new(method.parse().ok()?, Uri::sip("", "invalid", None))
    };
    let mut response = request.response(error.status());
    if let Ok(to) = headers.to() {
        if to.tag().is_none() {
            response.headers.set("To", stateless_tag(to, headers));
        }
    }
    response
        .headers
        .push("Warning", format_args!("399 obelus \"{}\"", error.kind));
    Some(response)
}

/// A tag that depends on nothing but the request, so that a retransmission gets the same (RFC 3261 8.2.7).
fn stateless_tag(to: NameAddr, headers: &Headers) -> NameAddr {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (_, value) in headers.iter() {
        for byte in value.bytes() {
            // FNV-1a: nothing depends on the tag's being hard to guess, since no dialog comes of it.
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    to.with_tag(format!("{hash:016x}"))
}
