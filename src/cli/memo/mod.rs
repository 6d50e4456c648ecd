//! `obelus memo`: the memos in the store, by way of the running switch where there is one.

mod owned;

use super::door::{ask, declared_or_used};
use super::secret_argument::secret_argument;
use super::table::{cell, table};
use super::{configuration, fail, sqlite};
use crate::config::Config;
use crate::federation::open_link::{self as federation, FetchError};
use crate::io::control::Request;
use crate::io::hardening;
use crate::memo::link::ParsedLink;
use crate::memo::open::{self, OpenStoredError};
use crate::memo::store::Store;
use clap::Subcommand;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zeroize::Zeroizing;

/// Arguments of `obelus memo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done with memos.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the memos, newest first
    List {
        /// Of this mailbox only
        #[arg(long, value_name = "NAME")]
        mailbox: Option<String>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what the server knows of one memo
    Show {
        /// The memo's id
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete one memo for good
    Delete {
        /// The memo's id
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Print the signed receipt of a memo that was deleted, as JSON
    Receipt {
        /// The memo's id
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Fetch and decrypt a memo by its link, or by its id with the link of its owner's inbox
    Open {
        /// The link, key and all; `-` reads it from standard input, so that it stays out of the process list. With
        /// --owner, the memo's id
        #[arg(allow_hyphen_values = true)]
        link: String,
        /// The link of the inbox that the memo is in; `-` reads it from standard input
        #[arg(long, value_name = "INBOX_LINK")]
        owner: Option<String>,
        /// Where to write the audio
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// Let a domain that speaks voice federation 1.0 alone have the key itself, with which it could open the memo
        #[arg(long)]
        send_key: bool,
    },
    /// Take over the memos of a SQLite database with a table of voice memos
    ImportSqlite {
        /// The database; it is only read
        file: PathBuf,
        /// Into this mailbox; keys and callers that the database has in clear are sealed to its owner
        #[arg(long, value_name = "NAME")]
        mailbox: String,
        /// The table
        #[arg(long, default_value = "voice_memos")]
        table: String,
        /// Leave keys and callers out instead: who has a memo's link opens it still, the owner does not
        #[arg(long)]
        drop_secrets: bool,
    },
    /// Write the memos, as they are sealed, into a new SQLite database
    ExportSqlite {
        /// The database
        file: PathBuf,
        /// Of this mailbox only
        #[arg(long, value_name = "NAME")]
        mailbox: Option<String>,
    },
}

/// Does it.
pub fn main(args: Args) -> ExitCode {
    // Keys pass through this process. Where its memory cannot be locked, that is no reason to refuse.
    let _ = hardening::lock_memory();
    let config = match configuration(args.config.as_deref()) {
        Ok(config) => config,
        Err(failed) => return failed,
    };
    let done = match args.command {
        Command::List { mailbox, json } => list(&config, mailbox).map(|memos| print_list(&memos, json)),
        Command::Show { id, json } => {
            ask(&config, &Request::MemoShow { id }).map(|memos| print_memos(&memos, json))
        }
        Command::Delete { id } => {
            ask(&config, &Request::MemoDelete { id: id.clone() }).map(|_| println!("deleted {id}"))
        }
        Command::Receipt { id } => ask(&config, &Request::MemoReceipt { id })
            .map(|receipts| receipts.iter().for_each(|receipt| println!("{receipt}"))),
        Command::Open {
            link: id,
            owner: Some(owner),
            output,
            ..
        } => owned::open_memo(&config, &id, owner).and_then(|audio| write(&output, &audio)),
        Command::Open {
            link,
            owner: None,
            output,
            send_key,
        } => open_link(&config.store.path, link, &output, send_key),
        Command::ImportSqlite {
            file,
            mailbox,
            table,
            drop_secrets,
        } => sqlite::import(&config, &file, &mailbox, &table, drop_secrets),
        Command::ExportSqlite { file, mailbox } => sqlite::export(&config, &file, mailbox),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(reason),
    }
}

fn list(config: &Config, mailbox: Option<String>) -> Result<Vec<Value>, String> {
    let request = Request::MemoList {
        mailbox: mailbox.clone(),
    };
    let memos = ask(config, &request)?;
    if let Some(name) = mailbox {
        declared_or_used(config, &name, !memos.is_empty())?;
    }
    Ok(memos)
}

fn print_list(memos: &[Value], json: bool) {
    if json {
        println!("{}", Value::from(memos));
    } else if memos.is_empty() {
        println!("no memos");
    } else {
        print!("{}", table(&COLUMNS, memos));
    }
}

fn print_memos(memos: &[Value], json: bool) {
    for memo in memos {
        if json {
            println!("{memo}");
        } else {
            for (name, value) in memo.as_object().into_iter().flatten() {
                println!("{:<17} {}", name.replace('_', " "), cell(value));
            }
        }
    }
}

/// Titles and fields of the list of memos.
const COLUMNS: [(&str, &str); 6] = [
    ("ID", "id"),
    ("MAILBOX", "mailbox"),
    ("RECORDED", "created_at"),
    ("SECONDS", "seconds"),
    ("FETCHED", "access_count"),
    ("TRUNK", "trunk"),
];

/// Opens a memo: from the store itself where it is there and no switch runs, else from the domain that the link names.
fn open_link(folder: &Path, link: String, output: &Path, may_send_key: bool) -> Result<(), String> {
    let link = secret_argument(link)?;
    let link = ParsedLink::parse(&link).map_err(|error| error.to_string())?;
    let audio = match open_here(folder, &link)? {
        Some(audio) => audio,
        None => open_there(&link, may_send_key)?,
    };
    write(output, &audio)
}

fn write(output: &Path, audio: &[u8]) -> Result<(), String> {
    // The memo was sealed so that few can hear it: the file is for this user alone.
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(output);
    file.and_then(|mut file| file.write_all(audio))
        .map_err(|error| format!("{}: {error}", output.display()))?;
    println!("{}", output.display());
    Ok(())
}

/// The audio, where the memo is in this store and no switch holds it.
fn open_here(folder: &Path, link: &ParsedLink) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    if !folder.is_dir() {
        return Ok(None);
    }
    // A switch that runs, or a store that cannot be opened, is no reason to fail: the link says where else to ask.
    let Ok(store) = Store::open(folder) else {
        return Ok(None);
    };
    match open::open_stored(&store, link) {
        Ok(audio) => Ok(Some(audio)),
        Err(OpenStoredError::Unknown) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The audio, from the domain that the link names.
fn open_there(link: &ParsedLink, may_send_key: bool) -> Result<Zeroizing<Vec<u8>>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let opened = runtime
        .map_err(|error| error.to_string())?
        .block_on(federation::open_link(link, may_send_key));
    opened.map(|opened| opened.audio).map_err(|error| match error {
        FetchError::NeedsKey { .. } => format!("{error}; --send-key allows that"),
        error => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::memo::link::{Link, LinkBase};
    use crate::memo::record::Facts;
    use crate::memo::store::NewMemo;
    use crate::memo::{seal, wav};

    #[test]
    fn a_memo_opens_from_the_store_where_no_switch_runs() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let data = folder.path().join("data");
        let audio = wav::encode(vec![vec![7i16; 800].into()]);
        let (sealed, key) = seal::seal(audio.clone());
        let link = Link::new(&LinkBase::new("memo.invalid", None, true), &sealed.id(), &key);
        let facts = Facts {
            ..Facts::at("memo.invalid", std::time::UNIX_EPOCH)
        };
        let stored = Store::open(&data)
            .expect("the store opens")
            .insert(vec![NewMemo { sealed, facts }]);
        assert!(stored.iter().all(Result::is_ok));
        let output = folder.path().join("memo.wav");
        open_link(&data, link.expose().to_owned(), &output, false).expect("the link opens the memo");
        assert_eq!(std::fs::read(&output).expect("the file is written"), *audio);

        // Another key, of the right form: the first character is changed.
        let (address, text) = link.expose().split_once('#').expect("a link has a key");
        let first = if text.starts_with('A') { "B" } else { "A" };
        let wrong = format!("{address}#{first}{}", &text[1..]);
        let error = open_link(&data, wrong, &output, false).expect_err("another key opens nothing");
        assert!(error.contains("the key does not open this memo"), "{error}");
    }

    #[test]
    fn asking_for_memos_makes_no_store() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let absent = folder.path().join("data");
        let config = Config {
            store: config::Store { path: absent.clone() },
            ..Config::default()
        };
        let error = ask(&config, &Request::MemoList { mailbox: None }).expect_err("there is no store");
        assert!(error.starts_with("there is no store"), "{error}");
        assert!(!absent.exists());
    }
}
