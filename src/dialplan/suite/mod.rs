//! An author's tests, beside the dialplan: sentences that say who calls and what must come of it.
//!
//! `docs/dialplan-testing.md` has the language. A test runs in virtual time against the scripted caller of `testing`:
//! no network, no clock, hundreds a second.

use super::channel::Indication;
use super::reader::Reader;
use super::testing::{Script, Scripted, Session, Told};
use super::{load, services, Dialplan, Globals, Options};
use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::rng::Rng;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

mod expect;
mod line;
mod parse;

/// A file of tests.
#[derive(Debug, Default)]
struct Suite {
    /// The dialplan that it names; else the one of the same name beside it.
    dialplan: Option<String>,
    cases: Vec<Case>,
}

/// One test.
#[derive(Clone, Debug, Default)]
struct Case {
    name: String,
    line: usize,
    setup: Setup,
    expectations: Vec<Expectation>,
}

/// What there is before the call, and what the caller does.
#[derive(Clone, Debug)]
struct Setup {
    script: Script,
    /// Where the machine would be.
    zone: TimeZone,
    /// Whether something is dialled, and a context is named for it.
    dials: bool,
    context: bool,
    variables: Vec<(String, String)>,
    globals: Vec<(String, String)>,
    database: Vec<(String, String, String)>,
    /// What URLs and commands answer.
    answers: Vec<(String, String)>,
    allow: Vec<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            script: Script::new(),
            zone: TimeZone::UTC,
            dials: false,
            context: false,
            variables: Vec::new(),
            globals: Vec::new(),
            database: Vec::new(),
            answers: Vec::new(),
            allow: Vec::new(),
        }
    }
}

/// One sentence with `expect`.
#[derive(Clone, Debug)]
struct Expectation {
    line: usize,
    expected: Expected,
}

/// What can be expected.
#[derive(Clone, Debug)]
enum Expected {
    /// These, in this order, after those of the sentence before; others may come between.
    Hears(Vec<String>),
    /// These and no others.
    HearsOnly(Vec<String>),
    /// None of these.
    HearsNone(Vec<String>),
    Answered(bool),
    Memo {
        mailbox: String,
        /// Both included.
        length: (Duration, Duration),
    },
    NoMemo,
    Variable(String, String),
    Global(String, String),
    Database(String, String, Option<String>),
    OverByCaller(bool),
    Cause(u8),
    Indicated(Indication),
    Text(String),
    Message(String, String),
    Fault,
}

/// What was expected and did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The line of the sentence.
    pub line: usize,
    /// What was expected.
    pub expected: String,
    /// What happened instead.
    pub happened: String,
}

/// How one test went.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// The line that it begins on.
    pub line: usize,
    /// None where it passed.
    pub failures: Vec<Failure>,
    /// What the caller heard and did, and what the log would say.
    pub transcript: Vec<String>,
}

/// How the tests of one file went.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong with the tests or with the dialplan; then nothing ran.
    pub findings: Vec<Diagnostic>,
    /// Each test, in file order.
    pub tests: Vec<Tested>,
}

impl Report {
    /// Whether all is as expected.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty() && self.tests.iter().all(|test| test.failures.is_empty())
    }
}

/// Runs the tests of one file. Of the options, zone, sounds and mailboxes do not count: the tests have their own.
pub fn run(file: &Path, reader: &dyn Reader, options: &Options) -> Report {
    let mut report = Report::default();
    let text = match reader.read(file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            let message = format!("cannot read {}: {error}", file.display());
            let hint = "the tests of NAME.conf are in NAME.test beside it";
            let finding = Diagnostic::error("unreadable-file", message).hint(hint);
            report.findings.push(finding);
            return report;
        }
    };
    let source = Source::new(file.display().to_string(), text);
    let (suite, mistakes) = parse::parse(&source);
    report.findings = mistakes;
    let dialplan = match &suite.dialplan {
        Some(name) => file.parent().unwrap_or(Path::new("")).join(name),
        None => file.with_extension("conf"),
    };
    let mut plans = Plans {
        dialplan,
        reader,
        options,
        loaded: Vec::new(),
    };
    if !report.findings.is_empty() {
        return report;
    }
    for case in suite.cases {
        match plans.load(&case.setup) {
            Ok(plan) => report.tests.push(test(case, &plan)),
            Err(findings) => {
                report.findings = findings;
                return report;
            }
        }
    }
    report
}

/// A dialplan, loaded once for each zone and each list of what is allowed.
struct Plans<'r> {
    dialplan: PathBuf,
    reader: &'r dyn Reader,
    options: &'r Options,
    loaded: Vec<(TimeZone, Vec<String>, Arc<Dialplan>)>,
}

impl Plans<'_> {
    fn load(&mut self, setup: &Setup) -> Result<Arc<Dialplan>, Vec<Diagnostic>> {
        let same = |(zone, allow, _): &&(TimeZone, Vec<String>, Arc<Dialplan>)| {
            *zone == setup.zone && *allow == setup.allow
        };
        if let Some((_, _, plan)) = self.loaded.iter().find(same) {
            return Ok(plan.clone());
        }
        let options = Options {
            allow: [&self.options.allow[..], &setup.allow[..]].concat(),
            mailboxes: None,
            telephone: None,
            sounds: None,
            zone: setup.zone.clone(),
            ..self.options.clone()
        };
        let (plan, findings) = load(&self.dialplan, self.reader, &options);
        let errors = findings.into_iter().filter(|f| f.severity == Severity::Error);
        let plan = Arc::new(plan.ok_or_else(|| errors.collect::<Vec<_>>())?);
        self.loaded
            .push((setup.zone.clone(), setup.allow.clone(), plan.clone()));
        Ok(plan)
    }
}

/// Runs one test.
fn test(case: Case, plan: &Arc<Dialplan>) -> Tested {
    let mut tested = Tested {
        name: case.name,
        line: case.line,
        failures: Vec::new(),
        transcript: Vec::new(),
    };
    let mut setup = case.setup;
    if !setup.dials {
        tested.failures.push(Failure {
            line: case.line,
            expected: "a sentence that says which number is dialled".to_string(),
            happened: "nobody called".to_string(),
        });
        return tested;
    }
    if !setup.context {
        setup.script.facts.context = plan.default_context().unwrap_or("default").to_string();
    }
    let globals = Globals::new();
    globals.adopt(plan);
    let machine = Arc::new(services::Memory::new());
    let mut call = Scripted::new(setup.script);
    let mut happened = expect::Happened::default();
    {
        use services::Services;
        let mut session = Session::new(
            plan.clone(),
            &mut call,
            globals.clone(),
            machine.clone(),
            Rng::from_seed(1),
        );
        let mut problems = Vec::new();
        for (name, value) in &setup.globals {
            if globals.set(name, value.as_str()).is_err() {
                problems.push(format!("the global {name} could not be set"));
            }
        }
        for (name, value) in &setup.variables {
            problems.extend(session.set(name, value).err());
        }
        for (family, key, value) in &setup.database {
            problems.extend(machine.db_put(family, key, value).err());
        }
        for (question, answer) in &setup.answers {
            machine.answer(question, answer);
        }
        happened.end = Some(session.run());
        for expectation in &case.expectations {
            if let Expected::Variable(name, _) = &expectation.expected {
                let value = session.evaluate(&format!("${{{name}}}"));
                happened.variables.insert(name.clone(), value);
            }
        }
        let remarks = session.remarks().iter();
        happened.remarks = remarks.chain(&problems).cloned().collect();
    }
    happened.told = call.told().to_vec();
    happened.cause = super::channel::Channel::hangup_cause(&call);
    happened.globals = globals;
    happened.machine = Some(machine);
    tested.failures = happened.failures(&case.expectations, case.line);
    tested.transcript = call.transcript().lines().map(str::to_string).collect();
    let remarks = happened.remarks.iter().map(|remark| format!("log: {remark}"));
    tested.transcript.extend(remarks);
    tested
}

#[cfg(test)]
mod tests;
