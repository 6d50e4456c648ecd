//! What a user agent server checks before anything else looks at a request (RFC 3261 8.2.1 to 8.2.3), in the
//! RFC's order.

use crate::sip::message::{Method, Request, Response};

/// The methods that the endpoint itself understands.
const METHODS: [Method; 8] = [
    Method::Invite,
    Method::Ack,
    Method::Cancel,
    Method::Bye,
    Method::Options,
    Method::Info,
    Method::Update,
    Method::Message,
];

/// Why a request is not processed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub extra: Vec<(&'static str, String)>,
}

impl Refusal {
    pub fn new(status: u16) -> Self {
        Refusal {
            status,
            extra: Vec::new(),
        }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.extra.push((name, value.into()));
        self
    }
}

/// The value of Allow: the endpoint's methods, and the application's.
pub(super) fn allow(application: &[Method]) -> String {
    let all: Vec<&str> = METHODS.iter().chain(application).map(Method::as_str).collect();
    all.join(", ")
}

/// What OPTIONS tells about us (11.2). No extension is supported, and an empty Supported says so.
pub(super) fn describe(response: &mut Response, allow: &str) {
    let headers = &mut response.headers;
    headers.push("Allow", allow);
    headers.push("Accept", "application/sdp");
    headers.push("Accept-Encoding", "identity");
    headers.push("Accept-Language", "en");
    headers.push("Supported", "");
}

/// Checks a request that belongs to no dialog.
///
/// Max-Forwards is not looked at: zero forbids to forward, not to answer (RFC 4475 3.3.11).
pub(super) fn outside(request: &Request, application: &[Method], allow: &str) -> Result<(), Refusal> {
    match &request.method {
        Method::Invite | Method::Options => {}
        method if application.contains(method) => {}
        // Only within a dialog (15.1.2, RFC 3311 5.2, RFC 3262 3, RFC 6086 4.2.2).
        Method::Bye | Method::Update | Method::Info | Method::Prack => return Err(Refusal::new(481)),
        Method::Other(_) => return Err(Refusal::new(501).with("Allow", allow)),
        // MESSAGE is taken within a call only.
        Method::Message => return Err(Refusal::new(405).with("Allow", allow.replacen(", MESSAGE", "", 1))),
        _ => return Err(Refusal::new(405).with("Allow", allow)),
    }
    scheme(request)?;
    extensions(request)?;
    if request.method == Method::Invite {
        target(request)?;
        content(request)?;
        acceptable(request)?;
    }
    Ok(())
}

/// Checks a request within a dialog.
pub(super) fn inside(request: &Request, allow: &str) -> Result<(), Refusal> {
    match &request.method {
        Method::Other(_) => return Err(Refusal::new(501).with("Allow", allow)),
        method if !METHODS.contains(method) => return Err(Refusal::new(405).with("Allow", allow)),
        _ => {}
    }
    extensions(request)?;
    if matches!(request.method, Method::Invite | Method::Update) {
        target(request)?;
        content(request)?;
    }
    Ok(())
}

/// 8.2.2.1. `sips` asks for TLS on each hop, which nothing here speaks.
fn scheme(request: &Request) -> Result<(), Refusal> {
    match request.uri.scheme.as_str() {
        "sip" | "tel" => Ok(()),
        _ => Err(Refusal::new(416)),
    }
}

/// 8.2.2.3. Proxy-Require is for proxies, and not looked at.
fn extensions(request: &Request) -> Result<(), Refusal> {
    let required: Vec<&str> = request
        .headers
        .values("Require")
        .filter(|tag| !tag.is_empty())
        .collect();
    if required.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(420).with("Unsupported", required.join(", ")))
}

/// 8.1.1.8: one Contact, a SIP URI. Its absence is forgiven, since RFC 2543 did not ask for it.
fn target(request: &Request) -> Result<(), Refusal> {
    let contacts = request.headers.contacts().map_err(|_| Refusal::new(400))?;
    let sound = contacts.len() <= 1 && contacts.iter().all(|contact| contact.uri.is_sip());
    if sound && !request.headers.contact_is_star() {
        return Ok(());
    }
    Err(Refusal::new(400).with("Warning", "399 obelus \"Contact must be one SIP URI\""))
}

/// 8.2.3: a body that we do not understand is refused, unless the sender says that it may be ignored.
fn content(request: &Request) -> Result<(), Refusal> {
    if request.body.is_empty() || is_optional(request) {
        return Ok(());
    }
    let encoded = request.headers.values("Content-Encoding");
    if encoded
        .filter(|coding| !coding.eq_ignore_ascii_case("identity"))
        .count()
        > 0
    {
        return Err(Refusal::new(415).with("Accept-Encoding", "identity"));
    }
    match request.headers.get("Content-Type") {
        // A trunk may send SDP beside something else (ISUP); whether it is in there only the application can tell.
        Some(media_type) if !is_sdp(media_type) && !is_multipart(media_type) => {
            Err(Refusal::new(415).with("Accept", "application/sdp"))
        }
        _ => Ok(()),
    }
}

/// 20.1, 21.4.7: we answer with SDP, so a caller who names what it takes must take that. Naming nothing at all
/// is read as not having said anything.
fn acceptable(request: &Request) -> Result<(), Refusal> {
    let mut named = request
        .headers
        .values("Accept")
        .filter(|range| !range.is_empty())
        .peekable();
    let takes_sdp = |range: &str| {
        let name = range.split(';').next().unwrap_or_default().trim();
        is_sdp(name) || name == "*/*" || name.eq_ignore_ascii_case("application/*")
    };
    if named.peek().is_none() || named.any(takes_sdp) {
        return Ok(());
    }
    Err(Refusal::new(406).with("Warning", "399 obelus \"Accept must allow application/sdp\""))
}

fn is_sdp(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default();
    let stripped: String = name.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    stripped.eq_ignore_ascii_case("application/sdp")
}

fn is_multipart(media_type: &str) -> bool {
    let kind = media_type.split('/').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("multipart")
}

/// Whether the body is of another kind than SDP, and may be ignored (20.11).
pub(super) fn is_optional(request: &Request) -> bool {
    let disposition = request.headers.get("Content-Disposition").unwrap_or_default();
    let optional = disposition.split(';').skip(1).any(|parameter| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("handling") && value.trim().eq_ignore_ascii_case("optional")
        })
    });
    optional
        && request
            .headers
            .get("Content-Type")
            .is_some_and(|media_type| !is_sdp(media_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::Uri;

    #[test]
    fn a_body_must_be_sdp_or_may_hold_it() {
        for (media_type, expected) in [
            ("application/sdp", Ok(())),
            ("Application / SDP;charset=utf-8", Ok(())),
            ("multipart/mixed;boundary=b", Ok(())),
            ("text/plain", Err(415)),
            ("application/isup", Err(415)),
        ] {
            let mut request = Request::new(Method::Invite, Uri::sip("a", "192.0.2.1", None));
            request.headers.push("Content-Type", media_type);
            request.body = b"v=0".to_vec();
            assert_eq!(
                content(&request).map_err(|refusal| refusal.status),
                expected,
                "{media_type}"
            );
        }
    }
}
