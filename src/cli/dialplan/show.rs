//! `obelus dialplan show`: one context, in the order of the search.

use super::{fail, Setting};
use crate::dialplan::show::show;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `obelus dialplan show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The context
    pub context: String,
    /// The dialplan; without it, the configured one
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints it.
pub fn main(args: Args, setting: &Setting) -> ExitCode {
    let plan = match setting.dialplan(args.file.as_deref()) {
        Ok(plan) => plan,
        Err(failed) => return failed,
    };
    let Some(shown) = show(&plan, &args.context) else {
        let names: Vec<&str> = plan.context_names().collect();
        let reason = format!(
            "there is no context [{}]; there are {}",
            args.context,
            names.join(", ")
        );
        if args.json {
            println!("{}", json!({"error": reason}));
            return ExitCode::FAILURE;
        }
        return fail(reason);
    };
    let text = match args.json {
        true => format!("{}\n", shown.to_json()),
        false => shown.to_string(),
    };
    // Where standard output is closed nobody reads.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
