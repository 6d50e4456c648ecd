//! The command line: one file per subcommand, each with its `Args` and its `main`.

use crate::config::{self, Config};
use crate::diagnostic;
use crate::io::control::{Client, Request};
use clap::{Parser, Subcommand};
use serde_json::Value;
use std::fmt::Display;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

pub mod call;
pub mod check;
pub mod db;
pub mod demo;
pub mod dialplan;
mod door;
mod languages;
pub mod mailbox;
pub mod memo;
pub mod reload;
pub mod run;
mod secret_argument;
mod sqlite;
pub mod status;
mod table;

/// The arguments of `obelus`.
#[derive(Debug, Parser)]
#[command(name = "obelus", version, about, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the switch
    Run(run::Args),
    /// Call a switch of its own with a spoken sample, and show the memo that comes of it
    Demo(demo::Args),
    /// A telephone for the terminal: call a SIP URI
    Call(call::Args),
    /// Find every mistake in the configuration, the dialplan and the sounds
    Check(check::Args),
    /// The author's tools: check, show, explain and evaluate dialplans
    Dialplan(dialplan::Args),
    /// Read and write the dialplans' database
    Db(db::Args),
    /// The keys of mailboxes' owners; export and import of a mailbox
    Mailbox(mailbox::Args),
    /// List, show, delete and open memos
    Memo(memo::Args),
    /// Load the dialplan of the running switch anew, without dropping a call
    Reload(reload::Args),
    /// What the running switch is doing
    Status(status::Args),
}

impl Cli {
    /// Runs the subcommand that was named.
    pub fn run(self) -> ExitCode {
        match self.command {
            Command::Run(args) => run::main(args),
            Command::Demo(args) => demo::main(args),
            Command::Call(args) => call::main(args),
            Command::Check(args) => check::main(args),
            Command::Dialplan(args) => dialplan::main(args),
            Command::Db(args) => db::main(args),
            Command::Mailbox(args) => mailbox::main(args),
            Command::Memo(args) => memo::main(args),
            Command::Reload(args) => reload::main(args),
            Command::Status(args) => status::main(args),
        }
    }
}

/// The configuration of a subcommand beside `run` and `check`: its mistakes are told, its warnings are not, since who
/// lists memos did not ask for them.
fn configuration(named: Option<&Path>) -> Result<Config, ExitCode> {
    match config::load_without_secrets(named) {
        Ok((config, _)) => Ok(config),
        Err(findings) => {
            let color = std::io::stderr().is_terminal();
            findings
                .iter()
                .for_each(|finding| eprint!("{}", diagnostic::render(finding, color)));
            Err(ExitCode::FAILURE)
        }
    }
}

/// Asks the running switch of a configuration for one value. A failure has been said.
fn ask_switch(config: Option<&Path>, request: &Request) -> Result<Value, ExitCode> {
    let config = configuration(config)?;
    let store = &config.store.path;
    let client = match Client::connect(store) {
        Ok(Some(client)) => client,
        Ok(None) => return Err(fail(format!("no switch runs with the store {}", store.display()))),
        Err(error) => {
            return Err(fail(format!(
                "the control socket of {}: {error}",
                store.display()
            )))
        }
    };
    let mut answer = Value::Null;
    client.ask(request, |line| answer = line).map_err(fail)?;
    Ok(answer)
}

/// Says why the subcommand failed.
fn fail(reason: impl Display) -> ExitCode {
    eprintln!("obelus: {reason}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_reads_its_documented_form() {
        for line in [
            "obelus run",
            "obelus run --config obelus.toml",
            "obelus demo --wav a.wav --exit --json",
            "obelus call sip:5550100@127.0.0.1:5060 --wav a.wav --dtmf 1234# --record b.wav",
            "obelus check --config obelus.toml --json",
            "obelus dialplan check a.conf b.conf --json --deny-warnings --config obelus.toml",
            "obelus dialplan show default --file a.conf --json",
            "obelus dialplan explain 100@default --callerid 15550100 --at 2026-03-02T10:00 --json",
            "obelus dialplan explain -",
            "obelus dialplan eval ${A} --set A=2 --set B=3 --file a.conf",
            "obelus dialplan test a.test b.conf --json",
            "obelus db get family/key",
            "obelus db put family/key value",
            "obelus db delete family/key",
            "obelus db list family/ --json",
            "obelus db list",
            "obelus memo list --json",
            "obelus memo show abc",
            "obelus memo delete abc",
            "obelus memo open https://example.org/voice/abc#key -o out.wav",
            "obelus memo open abc --owner - -o out.wav",
            "obelus memo import-sqlite old.db --mailbox main --table memos --drop-secrets",
            "obelus memo export-sqlite new.db --mailbox main",
            "obelus mailbox key main --kem x25519 --json",
            "obelus mailbox key main --in-browser",
            "obelus mailbox rotate main --old - --json",
            "obelus mailbox telephone main - --json",
            "obelus mailbox telephone main --remove",
            "obelus mailbox list --json",
            "obelus mailbox remove main",
            "obelus mailbox export main -o main.tar",
            "obelus mailbox import main.tar --mailbox main --with-owner",
            "obelus reload --json",
            "obelus status --json",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        assert!(Cli::try_parse_from(["obelus"]).is_err());
        assert!(Cli::try_parse_from(["obelus", "call"]).is_err());
    }
}
