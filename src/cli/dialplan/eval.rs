//! `obelus dialplan eval`: what a text becomes in a call.

use super::{answer_lines, fail, Setting};
use crate::dialplan::testing::{Script, Scripted, Session};
use crate::dialplan::{services, Dialplan, Globals};
use crate::rng::Rng;
use serde_json::{json, Value};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `obelus dialplan eval`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The text, `'$[${A} + 1]'`; `-` reads one a line from standard input and answers each with a line of JSON
    ///
    /// It is evaluated in a call that nobody made: the database is empty, and nothing is fetched or run.
    #[arg(allow_hyphen_values = true)]
    pub text: String,
    /// Set a variable or a function before, as the application Set does; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The dialplan whose global variables and contexts are there; without it, the configured one
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Answers the question, or all of them.
pub fn main(args: Args, setting: &Setting) -> ExitCode {
    let plan = match setting.dialplan(args.file.as_deref()) {
        Ok(plan) => Arc::new(plan),
        Err(failed) => return failed,
    };
    let context = setting.context(&plan, args.file.as_deref()).unwrap_or("default");
    let now = jiff::Timestamp::now();
    let script = match Script::parse(&format!("context {context}\nclock {now}\n")) {
        Ok(script) => script,
        Err(reason) => return fail(reason),
    };
    let answer = |text: &str| evaluate(&plan, &script, &args.set, text);
    if args.text == "-" {
        return answer_lines(&mut |text| answer(text).map(|(value, warnings)| to_json(&value, &warnings)));
    }
    match answer(&args.text) {
        Ok((value, warnings)) if args.json => println!("{}", to_json(&value, &warnings)),
        Ok((value, warnings)) => {
            warnings
                .iter()
                .for_each(|warning| eprintln!("warning: {warning}"));
            println!("{value}");
        }
        Err(reason) if args.json => {
            println!("{}", json!({"error": reason}));
            return ExitCode::FAILURE;
        }
        Err(reason) => return fail(reason),
    }
    ExitCode::SUCCESS
}

fn to_json(value: &str, warnings: &[String]) -> Value {
    match warnings {
        [] => json!({"value": value}),
        warnings => json!({"value": value, "warnings": warnings}),
    }
}

/// The text evaluated in a call of its own, and what there is to say about it.
fn evaluate(
    plan: &Arc<Dialplan>,
    script: &Script,
    set: &[String],
    text: &str,
) -> Result<(String, Vec<String>), String> {
    let globals = Globals::new();
    globals.adopt(plan);
    let mut call = Scripted::new(script.clone());
    let services = Arc::new(services::Memory::new());
    let mut session = Session::new(plan.clone(), &mut call, globals, services, Rng::from_os());
    for assignment in set {
        let (name, value) = assignment
            .split_once('=')
            .ok_or_else(|| format!("--set {assignment}: write NAME=VALUE"))?;
        session.set(name.trim(), value)?;
    }
    let value = session.evaluate(text);
    Ok((value, session.remarks().to_vec()))
}
