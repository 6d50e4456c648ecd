//! The body by which a phone lights its lamp: `application/simple-message-summary` (RFC 3842 section 5.2).

use super::message::Uri;

/// Its media type.
pub const MEDIA_TYPE: &str = "application/simple-message-summary";
/// The event package (RFC 3842 section 3.1).
pub const EVENT: &str = "message-summary";

/// How many voice messages a mailbox has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Not heard yet.
    pub new: u64,
    /// Heard.
    pub old: u64,
}

impl Summary {
    /// The body. There are no urgent messages, so those counts, which may be left out, are.
    pub fn body(&self, account: &Uri) -> String {
        let waiting = if self.new > 0 { "yes" } else { "no" };
        format!(
            "Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\nVoice-Message: {}/{}\r\n",
            self.new, self.old
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_says_yes_only_where_something_is_new() {
        let account = Uri::sip("main", "192.0.2.1", None);
        let body = |new, old| Summary { new, old }.body(&account);
        assert_eq!(
            body(2, 8),
            "Messages-Waiting: yes\r\nMessage-Account: sip:main@192.0.2.1\r\nVoice-Message: 2/8\r\n"
        );
        assert_eq!(
            body(0, 1),
            "Messages-Waiting: no\r\nMessage-Account: sip:main@192.0.2.1\r\nVoice-Message: 0/1\r\n"
        );
    }
}
