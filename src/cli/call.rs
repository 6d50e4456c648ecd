//! `obelus call`: a telephone for the terminal.

use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus call`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom to call: sip:DID@HOST:PORT
    #[arg(value_name = "URI")]
    pub uri: String,
    /// Speak this recording once the call is answered
    #[arg(long, value_name = "FILE")]
    pub wav: Option<PathBuf>,
    /// Press these keys after the recording: 0-9, *, #, A-D
    #[arg(long, value_name = "DIGITS")]
    pub dtmf: Option<String>,
    /// Write what is heard to this WAV file
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Makes the call.
pub fn main(args: Args) -> ExitCode {
    let _ = args;
    eprintln!("obelus: this build has no telephone");
    ExitCode::FAILURE
}
