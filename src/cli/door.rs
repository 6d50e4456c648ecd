//! The way to a store for a subcommand: the running switch's control socket, or the store itself, opened once, where no
//! switch runs.

use crate::config::Config;
use crate::federation::node;
use crate::io::control::{self, Client, Request};
use crate::memo::link::LinkBase;
use crate::memo::record::Record;
use crate::memo::store::Store;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A way in.
pub(super) struct Door {
    folder: PathBuf,
    store: Option<Store>,
    base: LinkBase,
}

impl Door {
    /// To a store that exists: asking makes none.
    pub(super) fn open(config: &Config) -> Result<Self, String> {
        let folder = &config.store.path;
        if !folder.is_dir() {
            return Err(format!(
                "there is no store {}: no switch ran there yet",
                folder.display()
            ));
        }
        Door::open_or_make(config)
    }

    /// To a store that is made where there is none yet.
    pub(super) fn open_or_make(config: &Config) -> Result<Self, String> {
        let folder = &config.store.path;
        let store = match connect(folder)? {
            Some(_) => None,
            None => Some(Store::open(folder).map_err(|error| error.to_string())?),
        };
        Ok(Door {
            // The switch may have another current folder.
            folder: folder
                .canonicalize()
                .map_err(|error| format!("{}: {error}", folder.display()))?,
            store,
            base: base(config),
        })
    }

    /// The store's folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Asks one thing; gives the lines of the answer.
    pub(super) fn ask(&self, request: &Request) -> Result<Vec<Value>, String> {
        let mut lines = Vec::new();
        match &self.store {
            Some(store) => {
                // What only reads needs no key, and goes on where the key is damaged.
                if request.deletes_memos() {
                    node::sign_receipts(store, &self.base).map_err(|error| error.to_string())?;
                }
                control::perform(request, store, &mut |line| {
                    lines.push(line);
                    true
                })?;
            }
            None => connect(&self.folder)?
                .ok_or("the switch has stopped meanwhile")?
                .ask(request, |line| lines.push(line))
                .map_err(|error| error.to_string())?,
        }
        Ok(lines)
    }

    /// The records of a mailbox's memos with their shares, or of all, the newest first and one at a time; those that go
    /// meanwhile are left out. Of one mailbox a memo's shares come behind it.
    pub(super) fn records(
        &self,
        mailbox: Option<String>,
    ) -> Result<impl Iterator<Item = Result<Record, String>> + '_, String> {
        let listed = self.ask(&Request::MemosWithShares { mailbox })?;
        let ids = listed
            .into_iter()
            .filter_map(|memo| memo["id"].as_str().map(str::to_owned));
        Ok(ids.filter_map(|id| self.record(id).transpose()))
    }

    /// The record of a memo; none where there is no such memo.
    pub(super) fn record(&self, id: String) -> Result<Option<Record>, String> {
        let line = self.ask(&Request::MemoRecord { id })?.pop();
        line.map(serde_json::from_value)
            .transpose()
            .map_err(|error| format!("a record cannot be read: {error}"))
    }
}

/// Asks one thing of a store that exists.
pub(super) fn ask(config: &Config, request: &Request) -> Result<Vec<Value>, String> {
    Door::open(config)?.ask(request)
}

fn connect(folder: &Path) -> Result<Option<Client>, String> {
    Client::connect(folder).map_err(|error| format!("the control socket of {}: {error}", folder.display()))
}

/// Refuses a mailbox that the configuration does not declare: its key would seal nothing.
pub(super) fn declared(config: &Config, name: &str) -> Result<(), String> {
    match config.mailboxes.iter().any(|mailbox| mailbox.name == name) {
        true => Ok(()),
        false => Err(format!(
            "the configuration has no [[mailbox]] with the name {name:?}"
        )),
    }
}

/// Fails where nothing was found in a mailbox that the configuration does not have: its name is mistyped, most likely. One
/// that it had before may hold memos still.
pub(super) fn declared_or_used(config: &Config, name: &str, is_used: bool) -> Result<(), String> {
    match is_used {
        true => Ok(()),
        false => {
            declared(config, name).map_err(|reason| format!("{reason}, and the store has no memos of it"))
        }
    }
}

/// What stands before this server's links.
pub(super) fn base(config: &Config) -> LinkBase {
    let http = &config.http;
    let is_tls = http.tls_cert.is_some() && http.tls_key.is_some();
    LinkBase::new(&http.domain, http.public_url.as_deref(), is_tls)
}
