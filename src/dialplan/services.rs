//! What a dialplan can ask of the machine beside its call: the database, the network, programs and files.
//!
//! A trait of the dialplan's own, as `channel` is: the running switch does it (`io::services`), the author's test
//! runner and our tests have [`Memory`], which does nothing to anybody.

use super::agi::Program;
use super::memos::{Inbox, OpenMemo, Refusal, ScriptedMemos};
use crate::secret::Digits;
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

/// A request of CURL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetch {
    /// Where to, `http` or `https`.
    pub url: String,
    /// A body makes it a POST.
    pub body: Option<String>,
    /// Header fields, as written: `Name: value`.
    pub headers: Vec<String>,
    /// `user:password` of basic authentication.
    pub credentials: Option<String>,
    /// How long connecting may take; `None`, as long as the whole.
    pub connect_time: Option<Duration>,
    /// How long it may take in all; `None` `limits::CURL_TIME`, which is also the longest.
    pub time: Option<Duration>,
    /// How many redirections are followed.
    pub redirections: usize,
    /// Whether the answer's head is wanted before its body.
    pub with_head: bool,
    /// Status codes with which the answer counts as none.
    pub failure_codes: Vec<u16>,
}

/// A program's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Its exit status; negative where a signal ended it.
    pub status: i32,
    /// What it wrote, cut at the length of a variable.
    pub output: String,
}

/// What is known of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// A folder.
    pub is_folder: bool,
    /// A plain file.
    pub is_file: bool,
    /// Bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Last reading.
    pub accessed: SystemTime,
    /// Last writing.
    pub modified: SystemTime,
    /// Last change of what is known of it.
    pub changed: SystemTime,
}

/// A page of SIP MESSAGE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMessage {
    /// A SIP URI.
    pub to: String,
    /// Whom it is from; empty, the switch itself.
    pub from: String,
    /// Content type; empty, `text/plain`.
    pub content_type: String,
    /// What it says.
    pub body: String,
}

/// Where an AGI program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgiTarget {
    /// A program of the allowed folder, by its name there, with its arguments.
    Program {
        /// Name within the folder.
        name: String,
        /// Arguments.
        arguments: Vec<String>,
    },
    /// `agi://host[:port][/path]`: FastAGI. Port 4573 where none is named.
    Network {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
}

/// Why an AGI session could not begin, in a sentence for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgiError {
    /// There is no such program, or no such host.
    NotFound(String),
    /// The program could not be started, or the connection not be made.
    Failed(String),
}

/// The other end of an AGI session, line by line.
#[async_trait]
pub trait AgiPeer: Send {
    /// Sends a text, line ends included. `false` where the other end is gone, or does not read for
    /// `limits::AGI_SEND_TIME`.
    async fn send(&mut self, text: &str) -> bool;

    /// The next line without its end; `None` where the other end closed. A line longer than `limits::AGI_LINE_BYTES` is
    /// an end as well. Whoever waits may stop waiting: a line that has begun to come is not lost by that.
    async fn line(&mut self) -> Option<String>;

    /// Tells that the call is over. A program gets SIGHUP where `signal` is set; over the network the session itself
    /// sends `HANGUP`. From now on the other end has `limits::AGI_TIME_AFTER_CALL`; then `line` gives `None`.
    async fn hang_up(&mut self, signal: bool);

    /// Ends the session and gives the exit status of a program, 0 for the network. A program that does not exit within
    /// `limits::AGI_EXIT_TIME` is killed, which is a status of its own.
    async fn finish(&mut self) -> i32;
}

/// The machine, as dialplans see it. Errors are said in a sentence, for the log.
#[async_trait]
pub trait Services: Send + Sync {
    /// The database: a value.
    fn db_get(&self, family: &str, key: &str) -> Option<String>;

    /// The database: sets a value. It survives a restart.
    fn db_put(&self, family: &str, key: &str, value: &str) -> Result<(), String>;

    /// The database: takes a value out; `false` where there was none.
    fn db_delete(&self, family: &str, key: &str) -> Result<bool, String>;

    /// The database: takes a family, or the keys of it that begin so, out; how many there were.
    fn db_delete_tree(&self, family: &str, prefix: &str) -> Result<usize, String>;

    /// The database: the full keys `family/key` that begin so, sorted, at most `limits::DATABASE_LISTED`.
    fn db_keys(&self, prefix: &str) -> Vec<String>;

    /// CURL. At most `limits::CURL_BYTES` of the answer.
    async fn fetch(&self, fetch: Fetch) -> Result<String, String>;

    /// Runs a command line by the shell. Only called where the configuration allows it.
    async fn run(&self, command: &str, time: Duration) -> Result<Ran, String>;

    /// Begins an AGI session.
    async fn agi(&self, target: AgiTarget) -> Result<Box<dyn AgiPeer>, AgiError>;

    /// A file's text, at most `limits::VARIABLE_BYTES`. Only called where the configuration allows it.
    fn read_file(&self, path: &str) -> Result<String, String>;

    /// Writes a file's text anew, or at its end. Only called where the configuration allows it.
    fn write_file(&self, path: &str, text: &str, append: bool) -> Result<(), String>;

    /// What is known of a file.
    fn file_facts(&self, path: &str) -> Option<FileFacts>;

    /// A variable of the environment that the configuration lets dialplans see.
    fn environment(&self, name: &str) -> Option<String>;

    /// Sends a SIP MESSAGE outside any call; whether it was accepted.
    async fn send_message(&self, message: TextMessage) -> bool;

    /// Opens a mailbox by its owner's telephone code. A mailbox that does not exist, or has no code, is as much work as
    /// one that does.
    async fn open_inbox(&self, mailbox: &str, code: Digits) -> Result<Box<dyn Inbox>, Refusal>;

    /// Opens the memo of a telephone code: one of this domain, or of that which has this number in the configuration.
    async fn open_memo(&self, domain: Option<&str>, code: Digits) -> Result<OpenMemo, Refusal>;

    /// Whether the configuration has a domain of that number.
    fn has_domain(&self, number: &str) -> bool;
}

/// Services without a machine: a database in memory, answers that were given beforehand, and refusals.
#[derive(Debug, Default)]
pub struct Memory {
    database: Mutex<BTreeMap<String, String>>,
    answers: Mutex<HashMap<String, String>>,
    messages: Mutex<Vec<TextMessage>>,
    programs: Mutex<HashMap<String, Program>>,
    environment: Mutex<HashMap<String, String>>,
    fetched: Mutex<Vec<Fetch>>,
    memos: ScriptedMemos,
}

impl Memory {
    /// An empty database, and nothing that answers.
    pub fn new() -> Self {
        Memory::default()
    }

    /// What CURL of that URL, or a command line of that text, answers.
    pub fn answer(&self, question: &str, answer: &str) {
        lock(&self.answers).insert(question.to_string(), answer.to_string());
    }

    /// Lets dialplans see a variable of the environment.
    pub fn set_environment(&self, name: &str, value: &str) {
        lock(&self.environment).insert(name.to_string(), value.to_string());
    }

    /// What CURL asked for.
    pub fn fetched(&self) -> Vec<Fetch> {
        lock(&self.fetched).clone()
    }

    /// The messages that were sent.
    pub fn messages(&self) -> Vec<TextMessage> {
        lock(&self.messages).clone()
    }

    /// The AGI program of that name, or the server at that `host:port`.
    pub fn program(&self, name: &str, program: Program) {
        lock(&self.programs).insert(name.to_string(), program);
    }

    /// The memos that telephone codes open.
    pub fn memos(&self) -> &ScriptedMemos {
        &self.memos
    }

    fn answered(&self, question: &str) -> Result<String, String> {
        let answer = lock(&self.answers).get(question).cloned();
        answer.ok_or_else(|| format!("nothing answers {question} here"))
    }
}

/// A panic elsewhere leaves each table whole: each operation is one change.
fn lock<T>(table: &Mutex<T>) -> MutexGuard<'_, T> {
    table.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[async_trait]
impl Services for Memory {
    fn db_get(&self, family: &str, key: &str) -> Option<String> {
        lock(&self.database).get(&format!("{family}/{key}")).cloned()
    }

    fn db_put(&self, family: &str, key: &str, value: &str) -> Result<(), String> {
        lock(&self.database).insert(format!("{family}/{key}"), value.to_string());
        Ok(())
    }

    fn db_delete(&self, family: &str, key: &str) -> Result<bool, String> {
        Ok(lock(&self.database).remove(&format!("{family}/{key}")).is_some())
    }

    fn db_delete_tree(&self, family: &str, prefix: &str) -> Result<usize, String> {
        let start = format!("{family}/{prefix}");
        let mut database = lock(&self.database);
        let before = database.len();
        database.retain(|key, _| !key.starts_with(&start));
        Ok(before - database.len())
    }

    fn db_keys(&self, prefix: &str) -> Vec<String> {
        let database = lock(&self.database);
        let keys = database.keys().filter(|key| key.starts_with(prefix));
        keys.take(crate::limits::DATABASE_LISTED).cloned().collect()
    }

    async fn fetch(&self, fetch: Fetch) -> Result<String, String> {
        let answer = self.answered(&fetch.url);
        lock(&self.fetched).push(fetch);
        answer
    }

    async fn run(&self, command: &str, _time: Duration) -> Result<Ran, String> {
        self.answered(command).map(|output| Ran { status: 0, output })
    }

    async fn agi(&self, target: AgiTarget) -> Result<Box<dyn AgiPeer>, AgiError> {
        let name = match target {
            AgiTarget::Program { name, .. } => name,
            AgiTarget::Network { host, port } => format!("{host}:{port}"),
        };
        match lock(&self.programs).get(&name) {
            Some(program) => Ok(Box::new(program.clone())),
            None => Err(AgiError::NotFound(format!("there is no AGI program {name} here"))),
        }
    }

    fn read_file(&self, path: &str) -> Result<String, String> {
        self.answered(path)
    }

    fn write_file(&self, path: &str, text: &str, append: bool) -> Result<(), String> {
        let mut answers = lock(&self.answers);
        let file = answers.entry(path.to_string()).or_default();
        if !append {
            file.clear();
        }
        file.push_str(text);
        Ok(())
    }

    fn file_facts(&self, path: &str) -> Option<FileFacts> {
        let size = lock(&self.answers).get(path)?.len() as u64;
        Some(FileFacts {
            is_folder: false,
            is_file: true,
            size,
            mode: 0o644,
            accessed: SystemTime::UNIX_EPOCH,
            modified: SystemTime::UNIX_EPOCH,
            changed: SystemTime::UNIX_EPOCH,
        })
    }

    fn environment(&self, name: &str) -> Option<String> {
        lock(&self.environment).get(name).cloned()
    }

    async fn send_message(&self, message: TextMessage) -> bool {
        lock(&self.messages).push(message);
        true
    }

    async fn open_inbox(&self, mailbox: &str, code: Digits) -> Result<Box<dyn Inbox>, Refusal> {
        self.memos.open_inbox(mailbox, &code)
    }

    async fn open_memo(&self, domain: Option<&str>, code: Digits) -> Result<OpenMemo, Refusal> {
        self.memos.open_memo(domain, &code)
    }

    fn has_domain(&self, number: &str) -> bool {
        self.memos.has_domain(number)
    }
}
