//! What of a mailbox's calls stays readable on the server, because its configuration says so: nothing, by default.

use super::record::Clear;
use super::vault::MemoMeta;
use std::collections::HashMap;
use std::sync::Arc;

/// Facts of a call, each in clear or not. What was said is not among them: it is known only later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClearFacts {
    /// The caller's number.
    pub from: bool,
    /// The caller's name.
    pub caller_name: bool,
    /// The number called.
    pub to: bool,
    /// The number that the call was diverted from.
    pub diversion: bool,
    /// The length.
    pub duration: bool,
}

/// Which facts are in clear, by mailbox; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ClearPolicy(Arc<HashMap<String, ClearFacts>>);

impl ClearPolicy {
    /// Of mailboxes with their facts.
    pub fn new(mailboxes: impl IntoIterator<Item = (String, ClearFacts)>) -> Self {
        ClearPolicy(Arc::new(mailboxes.into_iter().collect()))
    }

    /// What stands in the record of a mailbox's memo; none where that is nothing.
    pub fn clear(&self, mailbox: Option<&str>, meta: &MemoMeta, seconds: Option<f64>) -> Option<Clear> {
        let facts = self.0.get(mailbox?)?;
        let text = |wanted: bool, text: &str| (wanted && !text.is_empty()).then(|| text.to_owned());
        let clear = Clear {
            from: text(facts.from, &meta.from),
            caller_name: text(facts.caller_name, &meta.from_name),
            to: text(facts.to, &meta.to),
            diversion: text(facts.diversion, &meta.diversion),
            duration_seconds: seconds.filter(|_| facts.duration),
            ..Clear::default()
        };
        (clear != Clear::default()).then_some(clear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn only_what_a_mailbox_names_is_in_clear() {
        let from = ClearFacts {
            from: true,
            duration: true,
            ..ClearFacts::default()
        };
        let nothing = ("private".to_owned(), ClearFacts::default());
        let policy = ClearPolicy::new([("open".to_owned(), from), nothing]);
        let meta = MemoMeta {
            from: "+15550100".into(),
            from_name: "Ada Example".into(),
            to: "+15550199".into(),
            ..MemoMeta::at(SystemTime::UNIX_EPOCH)
        };
        let clear = policy.clear(Some("open"), &meta, Some(2.5)).expect("something");
        let expected = Clear {
            from: Some("+15550100".to_owned()),
            duration_seconds: Some(2.5),
            ..Clear::default()
        };
        assert_eq!(clear, expected);
        assert_eq!(policy.clear(Some("private"), &meta, Some(2.5)), None);
        assert_eq!(policy.clear(Some("other"), &meta, Some(2.5)), None);
        assert_eq!(policy.clear(None, &meta, Some(2.5)), None);
    }
}
