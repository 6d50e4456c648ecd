//! `obelus dialplan test`: an author's tests.

use super::Setting;
use crate::diagnostic::{render, to_json};
use crate::dialplan::reader::Disk;
use crate::dialplan::suite::{run, Report, Tested};
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Arguments of `obelus dialplan test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files of tests, NAME.test, or dialplans, NAME.conf, whose tests are beside them
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs all tests; fails where one of them does.
pub fn main(args: Args, setting: &Setting) -> ExitCode {
    let begun = Instant::now();
    let options = setting.options();
    let files = args.files.iter().map(|file| match file.extension() {
        Some(extension) if extension == "conf" => file.with_extension("test"),
        _ => file.clone(),
    });
    let reports: Vec<(PathBuf, Report)> = files
        .map(|file| {
            let report = run(&file, &Disk, &options);
            (file, report)
        })
        .collect();
    let seconds = begun.elapsed().as_secs_f64();
    let tests = || reports.iter().flat_map(|(_, report)| &report.tests);
    let counts = Counts {
        passed: tests().filter(|test| test.failures.is_empty()).count(),
        failed: tests().filter(|test| !test.failures.is_empty()).count(),
        seconds,
    };
    let shown = match args.json {
        true => format!("{}\n", report_json(&reports, &counts)),
        false => report_text(&reports, &counts),
    };
    // Where standard output is closed the exit code still tells.
    let _ = std::io::stdout().write_all(shown.as_bytes());
    match reports.iter().all(|(_, report)| report.is_good()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

struct Counts {
    passed: usize,
    failed: usize,
    seconds: f64,
}

fn report_text(reports: &[(PathBuf, Report)], counts: &Counts) -> String {
    let color = std::io::stdout().is_terminal();
    let mut out = String::new();
    for (file, report) in reports {
        for finding in &report.findings {
            out.push_str(&render(finding, color));
        }
        for test in &report.tests {
            failed(&mut out, file, test);
        }
    }
    let Counts {
        passed,
        failed,
        seconds,
    } = counts;
    let all = (passed + failed) as f64;
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{passed} passed, {failed} failed, in {:.0} ms ({:.0} tests a second)",
        seconds * 1_000.0,
        all / seconds.max(1e-6)
    );
    out
}

/// Says how a test failed: where, what was expected, what happened, and the whole call.
fn failed(out: &mut String, file: &Path, test: &Tested) {
    for failure in &test.failures {
        let _ = write!(
            out,
            "{}:{}: {}\n  expected {}\n  instead  {}\n",
            file.display(),
            failure.line,
            test.name.escape_debug(),
            failure.expected.escape_debug(),
            failure.happened.escape_debug()
        );
    }
    if !test.failures.is_empty() {
        out.push_str("  the call was:\n");
        for line in &test.transcript {
            let _ = writeln!(out, "    {}", line.escape_debug());
        }
    }
}

fn report_json(reports: &[(PathBuf, Report)], counts: &Counts) -> Value {
    let mut tests = Vec::new();
    let mut findings = Vec::new();
    for (file, report) in reports {
        findings.extend(report.findings.iter().map(to_json));
        for test in &report.tests {
            let failures = test.failures.iter().map(|failure| {
                json!({"line": failure.line, "expected": failure.expected, "happened": failure.happened})
            });
            tests.push(json!({
                "file": file.display().to_string(),
                "line": test.line,
                "name": test.name,
                "passed": test.failures.is_empty(),
                "failures": failures.collect::<Vec<_>>(),
                "transcript": test.transcript,
            }));
        }
    }
    json!({
        "passed": counts.passed,
        "failed": counts.failed,
        "seconds": counts.seconds,
        "tests": tests,
        "findings": findings,
    })
}
