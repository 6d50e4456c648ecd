//! `obelus reload`: the running switch loads its dialplan anew.

use super::ask_switch;
use crate::io::control::Request;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus reload`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Asks the running switch, and shows what it found; fails where the old dialplan stays in force.
pub fn main(args: Args) -> ExitCode {
    let report = match ask_switch(args.config.as_deref(), &Request::Reload) {
        Ok(report) => report,
        Err(failed) => return failed,
    };
    let calls = report["calls"].as_u64();
    if args.json {
        println!("{report}");
    } else {
        eprint!("{}", report["shown"].as_str().unwrap_or_default());
        match calls {
            Some(0) => println!("The dialplan was loaded anew."),
            Some(1) => println!("The dialplan was loaded anew; one call goes on with the old one."),
            Some(calls) => println!("The dialplan was loaded anew; {calls} calls go on with the old one."),
            None => eprintln!("obelus: the dialplan was not loaded: the old one stays in force"),
        }
    }
    match calls {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}
