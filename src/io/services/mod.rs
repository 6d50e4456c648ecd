//! What dialplans reach beside their call, on this machine: the database of the store, web servers, programs and files,
//! each as far as `[dialplan]` of the configuration lets them.

mod agi;
mod command;
pub mod domains;
mod fetch;
mod files;
pub mod memos;

use crate::config;
use crate::dialplan::memos::{Inbox, OpenMemo, Refusal};
use crate::dialplan::services::{AgiError, AgiPeer, AgiTarget, Fetch, FileFacts, Ran, Services, TextMessage};
use crate::limits;
use crate::memo::store::database::Database;
use crate::secret::Digits;
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long after a write the database is made durable, so that many writes share one time.
const SYNC_AFTER: Duration = Duration::from_millis(500);

/// The machine that the switch runs on.
pub struct Machine {
    database: Database,
    written: Arc<Notify>,
    syncing: JoinHandle<()>,
    fetcher: fetch::Fetcher,
    agi: agi::Programs,
    files: files::Folder,
    environment: Vec<(String, crate::secret::Secret)>,
    messages: Option<SendMessage>,
    memos: Option<memos::Memos>,
}

/// Sends a SIP MESSAGE outside any call, and tells whether it was accepted.
pub type SendMessage = Box<dyn Fn(TextMessage) -> BoxFuture<'static, bool> + Send + Sync>;

impl Machine {
    /// With what the configuration allows. Must be made within a tokio runtime: the database is made durable from a task.
    pub fn new(config: &config::Dialplan, database: Database) -> Self {
        let written = Arc::new(Notify::new());
        let syncing = tokio::spawn(sync_after_writes(database.clone(), written.clone()));
        Machine {
            database,
            written,
            syncing,
            fetcher: fetch::Fetcher::new(&config.curl),
            agi: agi::Programs::new(config.agi_folder.clone(), config.agi_hosts.clone()),
            files: files::Folder::new(config.files.clone()),
            environment: config.environment.clone(),
            messages: None,
            memos: None,
        }
    }

    /// With a way to send messages: only a running switch has one.
    pub fn with_messages(mut self, send: SendMessage) -> Self {
        self.messages = Some(send);
        self
    }

    /// With memos that telephone codes open.
    pub fn with_memos(mut self, memos: memos::Memos) -> Self {
        self.memos = Some(memos);
        self
    }

    fn wrote<T, E: std::fmt::Display>(&self, done: Result<T, E>) -> Result<T, String> {
        self.written.notify_one();
        done.map_err(|error| error.to_string())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.syncing.abort();
    }
}

async fn sync_after_writes(database: Database, written: Arc<Notify>) {
    loop {
        written.notified().await;
        tokio::time::sleep(SYNC_AFTER).await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sync()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the dialplans' database could not be made durable");
                // The disk may have room again soon.
                written.notify_one();
            }
            // The runtime ends.
            Err(_) => return,
        }
    }
}

#[async_trait]
impl Services for Machine {
    fn db_get(&self, family: &str, key: &str) -> Option<String> {
        self.database
            .get(&format!("{family}/{key}"))
            .unwrap_or_else(|error| {
                tracing::error!(%error, "the dialplans' database could not be read");
                None
            })
    }

    fn db_put(&self, family: &str, key: &str, value: &str) -> Result<(), String> {
        self.wrote(self.database.put(&format!("{family}/{key}"), value))
    }

    fn db_delete(&self, family: &str, key: &str) -> Result<bool, String> {
        self.wrote(self.database.delete(&format!("{family}/{key}")))
    }

    fn db_delete_tree(&self, family: &str, prefix: &str) -> Result<usize, String> {
        self.wrote(self.database.delete_all(&format!("{family}/{prefix}")))
    }

    fn db_keys(&self, prefix: &str) -> Vec<String> {
        let entries = self.database.iter(prefix).map_while(Result::ok);
        entries
            .map(|(key, _)| key)
            .take(limits::DATABASE_LISTED)
            .collect()
    }

    async fn fetch(&self, fetch: Fetch) -> Result<String, String> {
        self.fetcher.fetch(fetch).await
    }

    async fn run(&self, command: &str, time: Duration) -> Result<Ran, String> {
        command::run(command, time).await
    }

    async fn agi(&self, target: AgiTarget) -> Result<Box<dyn AgiPeer>, AgiError> {
        self.agi.begin(target).await
    }

    fn read_file(&self, path: &str) -> Result<String, String> {
        self.files.read(path)
    }

    fn write_file(&self, path: &str, text: &str, append: bool) -> Result<(), String> {
        self.files.write(path, text, append)
    }

    fn file_facts(&self, path: &str) -> Option<FileFacts> {
        self.files.facts(path)
    }

    fn environment(&self, name: &str) -> Option<String> {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.expose().to_string())
    }

    async fn send_message(&self, message: TextMessage) -> bool {
        match &self.messages {
            Some(send) => send(message).await,
            None => false,
        }
    }

    async fn open_inbox(&self, mailbox: &str, code: Digits) -> Result<Box<dyn Inbox>, Refusal> {
        match &self.memos {
            Some(memos) => memos.open_inbox(mailbox, code).await,
            None => Err(Refusal::Off),
        }
    }

    async fn open_memo(&self, domain: Option<&str>, code: Digits) -> Result<OpenMemo, Refusal> {
        match &self.memos {
            Some(memos) => memos.open_memo(domain, code).await,
            None => Err(Refusal::Off),
        }
    }

    fn has_domain(&self, number: &str) -> bool {
        self.memos.as_ref().is_some_and(|memos| memos.has_domain(number))
    }
}
