//! Whom to call: a SIP URI, and the addresses behind its host.

use super::PhoneError;
use crate::sip::message::Uri;
use crate::sip::Transport;
use std::net::SocketAddr;

/// A SIP URI that can be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The Request-URI.
    pub uri: Uri,
    /// By the `transport` parameter; UDP without one (RFC 3263 4.1, for a plain host).
    pub transport: Transport,
}

impl Target {
    /// Reads `sip:DID@HOST:PORT`; `sip:` may be left out.
    ///
    /// # Errors
    /// `PhoneError::Target` with what is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let fault = |why: String| Err(PhoneError::Target(text.to_owned(), why));
        let scheme = text.split_once(':').map(|(scheme, _)| scheme);
        let known = ["sip", "sips", "tel"]
            .into_iter()
            .find(|known| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(known)));
        let whole = match known {
            Some("sips") => return fault("calls over TLS are not supported".into()),
            Some("tel") => {
                return fault("a tel: number names no switch to call; write sip:NUMBER@HOST".into())
            }
            Some(_) => text.to_owned(),
            None => format!("sip:{text}"),
        };
        let uri: Uri = match whole.parse() {
            Ok(uri) => uri,
            Err(error) => return fault(format!("{error}")),
        };
        if uri.user.is_empty() {
            return fault("the number before the @ is missing".into());
        }
        let transport = match uri.param("transport").map(str::to_ascii_lowercase).as_deref() {
            None | Some("udp") => Transport::Udp,
            Some("tcp") => Transport::Tcp,
            Some(other) => return fault(format!("transport {other} is not supported; udp and tcp are")),
        };
        Ok(Target { uri, transport })
    }

    /// The addresses of the host, asked of the system's resolver.
    ///
    /// # Errors
    /// `PhoneError::Resolve` where it has none.
    pub async fn addresses(&self) -> Result<Vec<SocketAddr>, PhoneError> {
        let port = self.uri.port.unwrap_or(5060);
        if let Some(ip) = self.uri.host_ip() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let failed = |reason: String| PhoneError::Resolve(self.uri.host.clone(), reason);
        let found: Vec<SocketAddr> = tokio::net::lookup_host((self.uri.host.as_str(), port))
            .await
            .map_err(|error| failed(error.to_string()))?
            .collect();
        if found.is_empty() {
            return Err(failed("it has no address".into()));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_taken_with_or_without_its_scheme() {
        for text in ["sip:5550100@192.0.2.7:5070", "5550100@192.0.2.7:5070"] {
            let target = Target::parse(text).expect("a target");
            assert_eq!(target.uri.to_string(), "sip:5550100@192.0.2.7:5070");
            assert_eq!(target.transport, Transport::Udp);
        }
        let target = Target::parse("SIP:5550100@[2001:db8::1];transport=TCP").expect("a target");
        assert_eq!(target.transport, Transport::Tcp);
    }

    #[test]
    fn what_cannot_be_called_is_explained() {
        for (text, why) in [
            ("sips:5550100@example.org", "TLS"),
            ("tel:+15550100", "sip:NUMBER@HOST"),
            ("sip:example.org", "before the @"),
            ("5550100@example.org;transport=sctp", "udp and tcp"),
            ("sip:5550100@", "host"),
            ("", "host"),
        ] {
            let error = Target::parse(text).expect_err(text).to_string();
            assert!(
                error.to_lowercase().contains(&why.to_lowercase()),
                "{text}: {error}"
            );
        }
    }
}
