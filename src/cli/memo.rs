//! `obelus memo`: the memos in the store, by way of the running switch where there is one.

use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// List the memos
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
        id: String,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete one memo for good
    Delete {
        /// The memo's id
        id: String,
    },
    /// Fetch and decrypt a memo by its link
    Open {
        /// The link, key and all; `-` reads it from standard input, so that it stays out of the process list
        link: String,
        /// Where to write the audio
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
}

/// Does it.
pub fn main(args: Args) -> ExitCode {
    let _ = args;
    eprintln!("obelus: this build has no store");
    ExitCode::FAILURE
}
