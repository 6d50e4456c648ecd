//! `obelus dialplan explain`: why a number goes where it goes.

use super::{answer_lines, fail, Setting};
use crate::dialplan::explain::{explain, Explanation, Question};
use crate::dialplan::testing::moment;
use crate::dialplan::Dialplan;
use jiff::tz::TimeZone;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

/// Arguments of `obelus dialplan explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The number, and the context where it is looked for; `-` reads one question a line from standard input and
    /// answers each with a line of JSON
    ///
    /// Without a context: with --file, `default`, else the first context of the file; without --file, the context of
    /// the first trunk of the configuration, else `from-trunk`, `default`, or the first context.
    #[arg(value_name = "NUMBER[@CONTEXT]", allow_hyphen_values = true)]
    pub question: String,
    /// The caller's number
    #[arg(long, value_name = "NUMBER", default_value = "", allow_hyphen_values = true)]
    pub callerid: String,
    /// When the call comes, for includes that hold at certain times; without it, now
    ///
    /// `2026-03-02T10:00` is in this machine's time zone; `2026-03-02T10:00 Europe/Lisbon` and `2026-03-02T10:00Z` say
    /// where.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| moment(text, &TimeZone::system()))]
    pub at: Option<SystemTime>,
    /// The dialplan; without it, the configured one
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Answers the question, or all of them.
pub fn main(args: Args, setting: &Setting) -> ExitCode {
    let plan = match setting.dialplan(args.file.as_deref()) {
        Ok(plan) => plan,
        Err(failed) => return failed,
    };
    if args.question == "-" {
        return answer_lines(&mut |question| Ok(ask(&args, question, &plan, setting)?.to_json()));
    }
    match ask(&args, &args.question, &plan, setting) {
        Ok(answer) => {
            let text = match args.json {
                true => format!("{}\n", answer.to_json()),
                false => answer.to_string(),
            };
            // Where standard output is closed nobody reads.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(reason) if args.json => {
            println!("{}", json!({"error": reason}));
            ExitCode::FAILURE
        }
        Err(reason) => fail(reason),
    }
}

fn ask(args: &Args, question: &str, plan: &Dialplan, setting: &Setting) -> Result<Explanation, String> {
    let question = question.trim();
    if question.is_empty() {
        return Err("a question is NUMBER or NUMBER@CONTEXT".to_string());
    }
    // A number may have an @ in it, a context's name has none.
    let (number, context) = match question.rsplit_once('@') {
        Some((number, context)) => (number, context),
        None => {
            let context = setting.context(plan, args.file.as_deref());
            (question, context.ok_or("the dialplan has no context")?)
        }
    };
    let question = Question {
        number: number.to_string(),
        context: context.to_string(),
        caller: args.callerid.clone(),
        at: args.at.unwrap_or_else(SystemTime::now),
    };
    explain(plan, &question)
}
