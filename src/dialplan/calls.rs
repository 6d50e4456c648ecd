//! What the calls that are in progress share: their names, the groups that they count themselves among (GROUP), and the
//! variables that others may see (SHARED).

use crate::limits;
use regex::Regex;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

/// The calls in progress.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    /// In the order in which they came.
    calls: BTreeMap<u64, Call>,
}

#[derive(Debug)]
struct Call {
    channel: String,
    groups: Vec<Membership>,
    shared: HashMap<String, String>,
}

/// A group that a call is in; each category of groups holds one at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// Its category; empty for none.
    pub category: String,
}

impl Calls {
    /// A call that begins. It counts until what is returned is dropped, however the call ends.
    pub fn enter(&self, channel: &str) -> Presence {
        let mut table = self.lock();
        let id = table.next;
        table.next += 1;
        let call = Call {
            channel: channel.to_string(),
            groups: Vec::new(),
            shared: HashMap::new(),
        };
        table.calls.insert(id, call);
        Presence {
            calls: self.clone(),
            id,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().calls.len()
    }

    /// The names of their channels, in the order in which they came.
    pub fn channels(&self) -> Vec<String> {
        let table = self.lock();
        table.calls.values().map(|call| call.channel.clone()).collect()
    }

    /// How many calls are in a group, of a category or, where that is empty, of any.
    pub fn in_group(&self, group: &str, category: &str) -> usize {
        self.members(|membership| {
            membership.group.eq_ignore_ascii_case(group)
                && (category.is_empty() || membership.category.eq_ignore_ascii_case(category))
        })
    }

    /// How many calls are in groups that an expression matches, of categories that another does, where it is given.
    pub fn in_groups_like(&self, group: &Regex, category: Option<&Regex>) -> usize {
        self.members(|membership| {
            group.is_match(&membership.group)
                && category.is_none_or(|category| category.is_match(&membership.category))
        })
    }

    fn members(&self, mut counts: impl FnMut(&Membership) -> bool) -> usize {
        let table = self.lock();
        let memberships = table.calls.values().flat_map(|call| &call.groups);
        memberships.filter(|membership| counts(membership)).count()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // A panic elsewhere leaves the table whole: each operation is one change.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A call's place among those in progress; dropped, the call is gone from there.
#[derive(Debug)]
pub struct Presence {
    calls: Calls,
    id: u64,
}

impl Presence {
    /// The groups that the call is in, in the order in which it entered them.
    pub fn groups(&self) -> Vec<Membership> {
        let table = self.calls.lock();
        table
            .calls
            .get(&self.id)
            .map_or(Vec::new(), |call| call.groups.clone())
    }

    /// The group of a category, or the first of any where that is empty.
    pub fn group(&self, category: &str) -> Option<Membership> {
        let fits = |membership: &Membership| {
            category.is_empty() || membership.category.eq_ignore_ascii_case(category)
        };
        self.groups().into_iter().find(fits)
    }

    /// Enters a group in the place of the one of the same category, or leaves that where the group is empty.
    pub fn join(&self, group: &str, category: &str) -> Result<(), String> {
        let mut table = self.calls.lock();
        let Some(call) = table.calls.get_mut(&self.id) else {
            return Ok(());
        };
        call.groups
            .retain(|membership| !membership.category.eq_ignore_ascii_case(category));
        if group.is_empty() {
            return Ok(());
        }
        if call.groups.len() >= limits::CALL_GROUPS
            || group.len() + category.len() > limits::DIALPLAN_LINE_BYTES
        {
            return Err("the call is in too many groups".to_string());
        }
        call.groups.push(Membership {
            group: group.to_string(),
            category: category.to_string(),
        });
        Ok(())
    }

    /// A shared variable of a channel; of the call's own where none is named.
    pub fn shared(&self, name: &str, channel: &str) -> Result<String, String> {
        let mut table = self.calls.lock();
        let call = self.of(&mut table, channel)?;
        Ok(call.shared.get(name).cloned().unwrap_or_default())
    }

    /// Sets a shared variable of a channel.
    pub fn share(&self, name: &str, channel: &str, value: &str) -> Result<(), String> {
        let mut table = self.calls.lock();
        let call = self.of(&mut table, channel)?;
        let known = call.shared.contains_key(name);
        if !known && call.shared.len() >= limits::SHARED_VARIABLES
            || name.len() > limits::DIALPLAN_LINE_BYTES
            || value.len() > limits::VARIABLE_BYTES
        {
            return Err("the value is too long, or there are too many".to_string());
        }
        call.shared.insert(name.to_string(), value.to_string());
        Ok(())
    }

    fn of<'t>(&self, table: &'t mut Table, channel: &str) -> Result<&'t mut Call, String> {
        let id = match channel {
            "" => Some(self.id),
            name => {
                let named = table
                    .calls
                    .iter()
                    .find(|(_, call)| call.channel.eq_ignore_ascii_case(name));
                named.map(|(id, _)| *id)
            }
        };
        id.and_then(|id| table.calls.get_mut(&id))
            .ok_or_else(|| format!("there is no channel {channel}"))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.calls.lock().calls.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_counts_until_it_is_gone_also_by_a_panic() {
        let calls = Calls::default();
        let first = calls.enter("SIP/a");
        first.join("sales", "").unwrap();
        first.join("paris", "site").unwrap();
        let inside = calls.clone();
        let thread = std::thread::spawn(move || {
            let second = inside.enter("SIP/b");
            second.join("SALES", "").unwrap();
            assert_eq!((inside.count(), inside.in_group("sales", "")), (2, 2));
            std::panic::resume_unwind(Box::new("the call breaks"));
        });
        assert!(thread.join().is_err());
        assert_eq!((calls.count(), calls.in_group("sales", "")), (1, 1));
        assert_eq!(calls.channels(), ["SIP/a"]);
        assert_eq!(first.group("site").unwrap().group, "paris");
        first.join("", "site").unwrap();
        assert_eq!(first.group("site"), None);
        drop(first);
        assert_eq!((calls.count(), calls.in_group("sales", "")), (0, 0));
    }

    #[test]
    fn what_a_call_shares_is_bounded() {
        let calls = Calls::default();
        let call = calls.enter("SIP/a");
        for n in 0..limits::SHARED_VARIABLES {
            call.share(&format!("v{n}"), "", "x").unwrap();
        }
        assert!(call.share("more", "", "x").is_err());
        call.share("v0", "sip/A", "y").unwrap();
        assert_eq!(call.shared("v0", "").unwrap(), "y");
        for n in 0..limits::CALL_GROUPS {
            call.join("g", &format!("c{n}")).unwrap();
        }
        assert!(call.join("g", "more").is_err());
    }
}
