//! `obelus demo`: a switch with the built-in configuration, called over loopback, and the memo that comes of it.

use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Speak this recording instead of the built-in sample
    #[arg(long, value_name = "FILE")]
    pub wav: Option<PathBuf>,
    /// Check the memo and leave, instead of staying up so that its link plays
    #[arg(long)]
    pub exit: bool,
    /// Print the outcome as one line of JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the demonstration.
pub fn main(args: Args) -> ExitCode {
    let _ = args;
    eprintln!("obelus: this build has no switch");
    ExitCode::FAILURE
}
