//! `obelus status`: what the running switch is doing.

use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Asks the running switch.
pub fn main(args: Args) -> ExitCode {
    let _ = args;
    eprintln!("obelus: this build has no switch");
    ExitCode::FAILURE
}
