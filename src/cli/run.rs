//! `obelus run`: the switch itself.

use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Runs the switch until it is told to stop.
pub fn main(args: Args) -> ExitCode {
    let _ = args;
    eprintln!("obelus: this build has no switch");
    ExitCode::FAILURE
}
