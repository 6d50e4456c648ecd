//! Which refusals to log: a line a minute for each address, saying how many more there were, or whoever guesses fills the
//! disk with our log.

use super::limiter::network;
use crate::limits;
use crate::time::{Duration, Instant};
use std::collections::HashMap;
use std::net::IpAddr;

/// How long an address's further refusals are counted only.
const PERIOD: Duration = Duration::from_secs(60);
/// What is shown of a name that a stranger chose, characters.
const NAME_CHARS: usize = 64;

/// The addresses that were refused lately.
#[derive(Default)]
pub(super) struct RefusalLog {
    seen: HashMap<IpAddr, Seen>,
}

struct Seen {
    logged_at: Instant,
    since: u64,
}

impl RefusalLog {
    /// Where this refusal is to be logged: how many of the same address were not, since the last that was.
    pub(super) fn note(&mut self, address: IpAddr, now: Instant) -> Option<u64> {
        let address = network(address);
        if let Some(seen) = self.seen.get_mut(&address) {
            if now.since(seen.logged_at) < PERIOD {
                seen.since += 1;
                return None;
            }
            seen.logged_at = now;
            return Some(std::mem::take(&mut seen.since));
        }
        if self.seen.len() >= limits::REFUSED_ADDRESSES {
            self.seen.retain(|_, seen| now.since(seen.logged_at) < PERIOD);
            if self.seen.len() >= limits::REFUSED_ADDRESSES {
                return None;
            }
        }
        let seen = Seen {
            logged_at: now,
            since: 0,
        };
        self.seen.insert(address, seen);
        Some(0)
    }
}

/// A name as a line of the log may hold it: without control characters, and not for ever.
pub(super) fn shown(name: &str) -> String {
    let mut shown: String = name
        .chars()
        .take(NAME_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if name.chars().nth(NAME_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_line_a_minute_with_a_count() {
        let mut log = RefusalLog::default();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let at = Instant::from_secs;
        assert_eq!(log.note(address("2001:db8::1"), at(100)), Some(0));
        for last in 2..10 {
            assert_eq!(log.note(address(&format!("2001:db8::{last}")), at(159)), None);
        }
        assert_eq!(log.note(address("192.0.2.1"), at(159)), Some(0));
        assert_eq!(log.note(address("2001:db8::1"), at(160)), Some(8));
        assert_eq!(log.note(address("2001:db8::1"), at(161)), None);
    }

    #[test]
    fn it_is_bounded() {
        let mut log = RefusalLog::default();
        let address = |n: u32| IpAddr::from(n.to_be_bytes());
        let many = 2 * limits::REFUSED_ADDRESSES as u32;
        let now = Instant::from_secs(100);
        let logged = (0..many).filter(|n| log.note(address(*n), now).is_some()).count();
        assert_eq!(logged, limits::REFUSED_ADDRESSES);
        assert_eq!(
            log.note(address(many), now + PERIOD),
            Some(0),
            "old ones make room"
        );
        assert_eq!(log.seen.len(), 1);
    }

    #[test]
    fn a_name_is_shown_on_one_line_and_cut() {
        assert_eq!(shown("main"), "main");
        assert_eq!(shown("a\nb\u{1b}"), "a\\nb\\u{1b}");
        assert_eq!(shown(&"x".repeat(65)), format!("{}…", "x".repeat(64)));
    }
}
