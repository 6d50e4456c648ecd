//! All transactions that are alive, and how messages find them.

use super::CallHandle;
use crate::sip::transaction::{Client, ClientInvite, Server, ServerInvite};
use crate::sip::Flow;
use crate::time::Instant;
use std::collections::HashMap;

/// One of the four machines.
#[derive(Debug)]
pub(super) enum Machine {
    ServerInvite(ServerInvite),
    Server(Server),
    ClientInvite(ClientInvite),
    Client(Client),
}

impl Machine {
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Machine::ServerInvite(machine) => machine.poll_timeout(),
            Machine::Server(machine) => machine.poll_timeout(),
            Machine::ClientInvite(machine) => machine.poll_timeout(),
            Machine::Client(machine) => machine.poll_timeout(),
        }
    }
}

/// Who uses a transaction and hears of its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// A call: its INVITE.
    Call(CallHandle),
    /// A call: a re-INVITE or UPDATE in either direction.
    Reinvite(CallHandle),
    /// A call: our BYE.
    Bye(CallHandle),
    /// A call: a MESSAGE of ours, with the application's number.
    Message(CallHandle, u64),
    /// The application: a request of its own, or one that it answers.
    Application,
    /// Nobody: what we answered at once, CANCEL, and the BYE of a fork.
    Nobody,
}

/// A transaction in its place.
#[derive(Debug)]
pub(super) struct Transaction {
    pub machine: Machine,
    pub user: User,
    /// Where its messages go.
    pub flow: Flow,
    /// When the schedule looks at it next.
    pub armed: Option<Instant>,
    key: String,
    /// The identity of the request apart from its branch, to find merged ones (RFC 3261 8.2.2.2).
    merge: Option<u64>,
}

/// The transactions by number, by branch, and by what makes a merged request.
#[derive(Debug, Default)]
pub(super) struct Table {
    last: u64,
    transactions: HashMap<u64, Transaction>,
    servers: HashMap<String, u64>,
    clients: HashMap<String, u64>,
    merges: HashMap<u64, u64>,
}

impl Table {
    /// A number for a transaction, a call or anything else: none is ever used twice.
    pub fn next_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Takes a server transaction in.
    pub fn insert_server(
        &mut self,
        key: String,
        merge: Option<u64>,
        flow: Flow,
        user: User,
        machine: Machine,
    ) -> u64 {
        let id = self.next_id();
        self.servers.insert(key.clone(), id);
        if let Some(merge) = merge {
            self.merges.insert(merge, id);
        }
        self.transactions.insert(
            id,
            Transaction {
                machine,
                user,
                flow,
                armed: None,
                key,
                merge,
            },
        );
        id
    }

    /// Takes a client transaction in.
    pub fn insert_client(&mut self, key: String, flow: Flow, user: User, machine: Machine) -> u64 {
        let id = self.next_id();
        self.clients.insert(key.clone(), id);
        self.transactions.insert(
            id,
            Transaction {
                machine,
                user,
                flow,
                armed: None,
                key,
                merge: None,
            },
        );
        id
    }

    /// Forgets a transaction.
    pub fn remove(&mut self, id: u64) {
        let Some(gone) = self.transactions.remove(&id) else {
            return;
        };
        match gone.machine {
            Machine::ServerInvite(_) | Machine::Server(_) => self.servers.remove(&gone.key),
            Machine::ClientInvite(_) | Machine::Client(_) => self.clients.remove(&gone.key),
        };
        // Only its own note: another request may since have taken the place.
        if let Some(merge) = gone.merge.filter(|merge| self.merges.get(merge) == Some(&id)) {
            self.merges.remove(&merge);
        }
    }

    pub fn get(&self, id: u64) -> Option<&Transaction> {
        self.transactions.get(&id)
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut Transaction> {
        self.transactions.get_mut(&id)
    }

    pub fn server(&self, key: &str) -> Option<u64> {
        self.servers.get(key).copied()
    }

    pub fn client(&self, key: &str) -> Option<u64> {
        self.clients.get(key).copied()
    }

    /// Whether a transaction for the same request by another way is alive.
    pub fn is_merged(&self, merge: u64) -> bool {
        self.merges.contains_key(&merge)
    }

    pub fn len(&self) -> usize {
        self.transactions.len()
    }
}
