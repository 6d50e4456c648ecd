//! The binary: arguments to a subcommand, its exit code to the shell.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    obelus::cli::Cli::parse().run()
}
