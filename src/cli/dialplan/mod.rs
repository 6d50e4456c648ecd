//! `obelus dialplan`: the author's tools. One file per subcommand; here is what they share: which dialplan is meant,
//! and questions by the line.

use super::{check as whole_check, configuration, fail};
use crate::config::{self, Config};
use crate::diagnostic::{render, Severity};
use crate::dialplan::{self as language, reader, Dialplan};
use clap::Subcommand;
use serde_json::{json, Value};
use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub mod check;
pub mod eval;
pub mod explain;
pub mod show;
pub mod test;

/// Arguments of `obelus dialplan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done with a dialplan.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find mistakes in dialplan files
    Check(check::Args),
    /// Show a context: its extensions in the order in which they are tried, and its includes
    Show(show::Args),
    /// Say which extension a number reaches and why, and the steps that follow
    Explain(explain::Args),
    /// Print what a text becomes after variables, functions and expressions are replaced
    Eval(eval::Args),
    /// Run the author's tests of dialplans
    Test(test::Args),
}

/// Does it.
pub fn main(args: Args) -> ExitCode {
    let setting = match Setting::of(args.config.as_deref()) {
        Ok(setting) => setting,
        Err(failed) => return failed,
    };
    match args.command {
        Command::Check(args) => check::main(args, &setting),
        Command::Show(args) => show::main(args, &setting),
        Command::Explain(args) => explain::main(args, &setting),
        Command::Eval(args) => eval::main(args, &setting),
        Command::Test(args) => test::main(args, &setting),
    }
}

/// The configuration, as far as dialplans are concerned.
pub struct Setting {
    config: Config,
    /// Whether a file says so; else the defaults hold, and nothing is known of mailboxes.
    configured: bool,
}

impl Setting {
    fn of(named: Option<&Path>) -> Result<Setting, ExitCode> {
        Ok(Setting {
            config: configuration(named)?,
            configured: config::find(named).is_some(),
        })
    }

    /// What a load of a dialplan is to know that was named and is perhaps not the configured one.
    pub fn options(&self) -> language::Options {
        let mut options = whole_check::options(&self.config);
        options.entries = None;
        if !self.configured {
            options.mailboxes = None;
        }
        options
    }

    /// The dialplan of that file, else the configured one. Its errors are told, since it is then not there.
    fn dialplan(&self, file: Option<&Path>) -> Result<Dialplan, ExitCode> {
        let (plan, findings) = match file {
            Some(file) => language::load(file, &reader::Disk, &self.options()),
            None => whole_check::load_dialplan(&self.config),
        };
        plan.ok_or_else(|| {
            let color = std::io::stderr().is_terminal();
            let errors = findings
                .iter()
                .filter(|finding| finding.severity == Severity::Error);
            errors.for_each(|finding| eprint!("{}", render(finding, color)));
            ExitCode::FAILURE
        })
    }

    /// The context that a question without one means: where calls enter, as the configuration has it; of a file that
    /// was named, `default`. Where there is no such context, the first of the file.
    fn context<'a>(&'a self, plan: &'a Dialplan, file: Option<&Path>) -> Option<&'a str> {
        let trunks = self.config.trunks.iter().map(|trunk| trunk.context.as_str());
        let mut entries = trunks.chain(["from-trunk"]);
        let entry = match file {
            Some(_) => None,
            None => entries.find(|entry| plan.context_names().any(|name| name == *entry)),
        };
        entry.or_else(|| plan.default_context())
    }
}

/// Longest question, bytes.
const QUESTION_BYTES: u64 = 64 * 1024;

/// Answers each line of standard input with one line of JSON, at once. A question that cannot be answered is answered
/// with `{"error": …}`, and the next one follows.
fn answer_lines(answer: &mut dyn FnMut(&str) -> Result<Value, String>) -> ExitCode {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    loop {
        let mut line = Vec::new();
        match input.by_ref().take(QUESTION_BYTES).read_until(b'\n', &mut line) {
            Ok(0) => return ExitCode::SUCCESS,
            Ok(_) => {}
            Err(error) => return fail(format!("standard input: {error}")),
        }
        let answered = match whole(&mut input, line) {
            Ok(question) => answer(question.trim_end_matches(['\n', '\r'])),
            Err(reason) => Err(reason),
        };
        let answered = answered.unwrap_or_else(|reason| json!({"error": reason}));
        // Where nobody reads any more, nobody asks.
        if writeln!(output, "{answered}")
            .and_then(|()| output.flush())
            .is_err()
        {
            return ExitCode::SUCCESS;
        }
    }
}

/// A line as text. The rest of one that is too long is passed over.
fn whole(input: &mut impl BufRead, line: Vec<u8>) -> Result<String, String> {
    if line.len() as u64 == QUESTION_BYTES && line.last() != Some(&b'\n') {
        let mut rest = Vec::new();
        while rest.last() != Some(&b'\n') {
            rest.clear();
            match input.by_ref().take(QUESTION_BYTES).read_until(b'\n', &mut rest) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        return Err(format!("a question has at most {QUESTION_BYTES} bytes"));
    }
    String::from_utf8(line).map_err(|_| "the question is not UTF-8".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_too_long_is_passed_over() {
        let long = vec![b'a'; QUESTION_BYTES as usize];
        let mut rest = &b"aaa\nnext\n"[..];
        assert!(whole(&mut rest, long).is_err());
        assert_eq!(rest, b"next\n");
        assert!(whole(&mut rest, vec![0xff]).is_err());
        assert_eq!(whole(&mut rest, b"100@a\n".to_vec()), Ok("100@a\n".to_string()));
    }
}
