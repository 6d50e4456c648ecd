//! `obelus dialplan check`: every mistake in dialplan files.

use super::{whole_check, Setting};
use crate::diagnostic::{render, to_json, Diagnostic, Summary};
use crate::dialplan::{load, reader};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus dialplan check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The dialplans, each with what it includes; without any, the configured one
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the findings as a JSON array
    #[arg(long)]
    pub json: bool,
    /// Fail for warnings too
    #[arg(long)]
    pub deny_warnings: bool,
}

/// Prints all findings; fails where one of them is an error.
pub fn main(args: Args, setting: &Setting) -> ExitCode {
    let findings: Vec<Diagnostic> = match args.files.is_empty() {
        true => whole_check::load_dialplan(&setting.config).1,
        false => {
            let options = setting.options();
            let loaded = args
                .files
                .iter()
                .map(|file| load(file, &reader::Disk, &options).1);
            loaded.flatten().collect()
        }
    };
    let summary = Summary::of(&findings);
    let shown = if args.json {
        let findings: Vec<_> = findings.iter().map(to_json).collect();
        format!("{}\n", serde_json::Value::from(findings))
    } else {
        let color = std::io::stdout().is_terminal();
        let findings: String = findings.iter().map(|finding| render(finding, color)).collect();
        format!("{findings}{summary}\n")
    };
    // Where standard output is closed the exit code still tells.
    let _ = std::io::stdout().write_all(shown.as_bytes());
    match summary {
        Summary { errors: 0, warnings } if warnings == 0 || !args.deny_warnings => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
