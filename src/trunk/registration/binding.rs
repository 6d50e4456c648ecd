//! What a registrar's 200 grants (RFC 3261 10.2.4, 10.3 step 8).

use crate::limits;
use crate::rng::Rng;
use crate::sip::message::{Headers, NameAddr};
use crate::sip::resolve::Target;
use crate::sip::Transport;
use crate::time::Duration;
use std::net::SocketAddr;

/// The seconds granted to our binding, and whether the list of bindings named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// Seconds; 0 where the registrar dropped the binding.
    pub(super) expires_secs: u32,
    /// Whether our Contact stood in the list. Some registrars send none, or rewrite it.
    pub(super) is_listed: bool,
}

/// Reads the grant. The list has the bindings of all phones of the account; ours is the one with our token, and where an
/// earlier address of ours is still bound beside it, the one with the present address. Its own `expires` goes before the
/// Expires field, and that before what we asked.
pub(super) fn granted(headers: &Headers, token: &str, contact: SocketAddr, asked_secs: u32) -> Grant {
    let listed: Vec<NameAddr> = headers.values("Contact").filter_map(|c| c.parse().ok()).collect();
    let ours = |c: &&NameAddr| c.uri.user.eq_ignore_ascii_case(token);
    let here = |c: &&NameAddr| c.uri.host_ip() == Some(contact.ip()) && c.uri.port == Some(contact.port());
    let binding = listed
        .iter()
        .filter(ours)
        .find(here)
        .or_else(|| listed.iter().find(ours));
    let field = headers.get("Expires").and_then(seconds);
    let granted = binding
        .and_then(|b| b.param("expires"))
        .and_then(seconds)
        .or(field)
        .unwrap_or(asked_secs);
    Grant {
        expires_secs: granted.min(limits::REGISTER_EXPIRES_SECS),
        is_listed: binding.is_some(),
    }
}

/// Seconds of any length; what goes beyond 32 bits means "very long".
pub(super) fn seconds(text: &str) -> Option<u32> {
    let digits: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

/// When to refresh: at 80 to 90 % of the time granted, at half of it where it is so short that a lost datagram and its
/// retransmissions would use up the rest.
pub(super) fn refresh_after(expires_secs: u32, rng: &mut Rng) -> Duration {
    let granted = Duration::from_secs(u64::from(expires_secs));
    let share = if expires_secs >= 120 {
        0.8 + rng.unit() / 10.0
    } else {
        0.45 + rng.unit() / 10.0
    };
    granted.mul_f64(share).max(Duration::from_secs(1))
}

/// When the next two empty lines are due: 24 to 29 seconds over UDP, 95 to 120 over TCP (RFC 5626 4.4).
pub(super) fn keep_alive_after(target: Target, rng: &mut Rng) -> Duration {
    let (least, spread) = match target.transport {
        Transport::Udp => (24_000, 5_000),
        Transport::Tcp => (95_000, 25_000),
    };
    Duration::from_millis(least + rng.below(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(fields: &[(&str, &str)]) -> (u32, bool) {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.push(name, value);
        }
        let grant = granted(
            &headers,
            "tok",
            "192.0.2.1:5060".parse().expect("an address"),
            600,
        );
        (grant.expires_secs, grant.is_listed)
    }

    #[test]
    fn our_own_binding_counts() {
        for (fields, expected) in [
            (&[][..], (600, false)),
            (&[("Expires", "300")][..], (300, false)),
            (
                &[
                    ("Contact", "<sip:tok@192.0.2.1:5060>;expires=120"),
                    ("Expires", "300"),
                ][..],
                (120, true),
            ),
            (
                &[("Contact", "<sip:tok@192.0.2.1:5060>"), ("Expires", "300")][..],
                (300, true),
            ),
            (&[("Contact", "<sip:tok@192.0.2.1:5060>")][..], (600, true)),
            (
                &[(
                    "m",
                    "<sip:other@192.0.2.8>;expires=30, \"x, y\" <sip:tok@192.0.2.1:5060>;expires=90;q=0.5",
                )][..],
                (90, true),
            ),
            (
                &[
                    ("Contact", "<sip:tok@192.0.2.7:5060>;expires=30"),
                    ("Contact", "<sip:tok@192.0.2.1:5060;transport=udp>;expires=\"90\""),
                ][..],
                (90, true),
            ),
            (
                &[("Contact", "<sip:tok@203.0.113.5:1024>;expires=77")][..],
                (77, true),
            ),
            (
                &[
                    ("Contact", "<sip:other@192.0.2.8>;expires=30"),
                    ("Contact", "<<>"),
                ][..],
                (600, false),
            ),
            (
                &[("Contact", "<sip:tok@192.0.2.1:5060>;expires=0")][..],
                (0, true),
            ),
            (
                &[("Contact", "<sip:tok@192.0.2.1:5060>;expires=99999999999999")][..],
                (86_400, true),
            ),
            (
                &[
                    ("Contact", "<sip:tok@192.0.2.1:5060>;expires=soon"),
                    ("Expires", "x"),
                ][..],
                (600, true),
            ),
        ] {
            assert_eq!(grant(fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn refreshes_come_early_enough() {
        let mut rng = Rng::from_seed(1);
        for expires in [1, 5, 30, 60, 119, 120, 600, 3_600, 86_400] {
            for _ in 0..50 {
                let wait = refresh_after(expires, &mut rng).as_secs_f64();
                let expires = f64::from(expires);
                assert!(
                    wait <= expires && (wait >= expires * 0.45 || wait == 1.0),
                    "{expires}: {wait}"
                );
                assert!(
                    expires < 120.0 || (0.8..0.9).contains(&(wait / expires)),
                    "{expires}: {wait}"
                );
            }
        }
    }
}
