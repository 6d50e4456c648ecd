//! `obelus mailbox`: the owners' keys of mailboxes, by way of the running switch where there is one.
//!
//! A private key is made here and shown here, once: neither the switch nor the store ever has it.

mod keys;
mod telephone;
mod transfer;

pub(super) use transfer::take_over;

use super::door::ask;
use super::table::table;
use super::{configuration, fail};
use crate::config::Config;
use crate::io::control::Request;
use crate::io::hardening;
use crate::memo::owner::Kem;
use clap::Subcommand;
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus mailbox`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done with mailboxes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the owner's key of a mailbox, and show the link of its inbox once
    Key {
        /// The mailbox
        name: String,
        /// How memos are sealed to it: xwing, or x25519 for browsers of before 2023
        #[arg(long, default_value = "xwing")]
        kem: Kem,
        /// Print as one line of JSON
        #[arg(long)]
        json: bool,
        /// Print a link by which the owner's browser makes the key itself, within a day
        #[arg(long, conflicts_with = "kem")]
        in_browser: bool,
    },
    /// Make another key in the place of the one that a mailbox has
    Rotate {
        /// The mailbox
        name: String,
        /// The inbox's link of before, `-` for standard input: what is there is then sealed to the new key
        #[arg(long, value_name = "INBOX_LINK")]
        old: Option<String>,
        /// How memos are sealed to it: xwing, or x25519 for browsers of before 2023
        #[arg(long, default_value = "xwing")]
        kem: Kem,
        /// Print as one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// List the mailboxes and their keys
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a code by which the owner hears the mailbox from any telephone (MemoMain)
    Telephone {
        /// The mailbox
        name: String,
        /// The inbox's link, `-` for standard input
        #[arg(default_value = "-", value_name = "INBOX_LINK")]
        link: String,
        /// Take the code away instead
        #[arg(long)]
        remove: bool,
        /// Print as one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget a mailbox's key; its memos stay, sealed to who had it
    Remove {
        /// The mailbox
        name: String,
    },
    /// Write a mailbox's memos, as they are sealed, into one archive
    Export {
        /// The mailbox
        name: String,
        /// The archive
        #[arg(long, short, value_name = "FILE.tar")]
        output: PathBuf,
    },
    /// Take the memos of an archive into a mailbox
    Import {
        /// The archive
        file: PathBuf,
        /// Into this mailbox, instead of the one that the archive names
        #[arg(long, value_name = "NAME")]
        mailbox: Option<String>,
        /// Take the owner's key too, where the mailbox has none, with its telephone code: what is recorded from now on is
        /// sealed to it
        #[arg(long)]
        with_owner: bool,
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
        Command::Key {
            name,
            in_browser: true,
            json,
            ..
        } => keys::invite(&config, &name, json),
        Command::Key { name, kem, json, .. } => keys::make(&config, &name, kem, json),
        Command::Rotate { name, old, kem, json } => keys::rotate(&config, &name, kem, old, json),
        Command::Telephone {
            name, remove: true, ..
        } => telephone::remove(&config, &name),
        Command::Telephone { name, link, json, .. } => telephone::make(&config, &name, link, json),
        Command::List { json } => list(&config, json),
        Command::Remove { name } => ask(&config, &Request::MailboxRemove { name: name.clone() }).map(|_| {
            println!(
                "the key of {name} is forgotten; what was sealed to it opens with its inbox link as before"
            );
        }),
        Command::Export { name, output } => transfer::export(&config, &name, &output),
        Command::Import {
            file,
            mailbox,
            with_owner,
        } => transfer::import(&config, &file, mailbox, with_owner),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(reason),
    }
}

fn list(config: &Config, json: bool) -> Result<(), String> {
    // Without a store no mailbox has a key, and asking makes none.
    let mut mailboxes = match config.store.path.is_dir() {
        true => ask(config, &Request::MailboxList)?,
        false => Vec::new(),
    };
    for mailbox in &config.mailboxes {
        if !mailboxes
            .iter()
            .any(|entry| entry["mailbox"] == mailbox.name.as_str())
        {
            mailboxes.push(serde_json::json!({"mailbox": mailbox.name, "kem": null}));
        }
    }
    mailboxes.sort_by(|a, b| a["mailbox"].as_str().cmp(&b["mailbox"].as_str()));
    if json {
        println!("{}", Value::from(mailboxes));
    } else if mailboxes.is_empty() {
        println!("no mailboxes");
    } else {
        let columns = [
            ("MAILBOX", "mailbox"),
            ("KEY", "kem"),
            ("SINCE", "created_at"),
            ("INVITED UNTIL", "invited_until"),
            ("MEMOS", "memos"),
        ];
        print!("{}", table(&columns, &mailboxes));
    }
    Ok(())
}
