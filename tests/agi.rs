//! AGI: each file in `tests/agi` is a dialplan, a scripted caller, a scripted program, and what is expected of them: what
//! the caller hears, and what the program is told.
//!
//! `OBELUS_UPDATE=1 cargo test --test agi` writes what is expected anew; read the difference before committing it.

use obelus::dialplan::agi::Program;
use obelus::dialplan::testing::{block_on, Script, Scripted};
use obelus::dialplan::{load, reader::Memory, run, services, Globals, Options};
use obelus::rng::Rng;
use std::path::Path;
use std::sync::Arc;

/// The sections of a case, by name.
struct Case<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Case<'t> {
    fn parse(text: &'t str) -> Self {
        let sections = text.split("=== ").skip(1);
        Case(sections.filter_map(|section| section.split_once('\n')).collect())
    }

    fn section(&self, name: &str) -> &'t str {
        self.0
            .iter()
            .find(|(n, _)| *n == name)
            .map_or("", |(_, text)| text)
    }

    /// What happens: the findings, the caller's side, how the call ends, the globals that are shown, then what each
    /// program said and was told.
    fn play(&self) -> String {
        let mut options = Options {
            zone: jiff::tz::TimeZone::UTC,
            ..Options::default()
        };
        let (mut shown, mut script) = (Vec::new(), String::new());
        let mut shows_environment = false;
        for line in self.section("caller").lines() {
            match line.split_once(' ') {
                Some(("allow", name)) => options.allow.push(name.to_string()),
                Some(("show", names)) => shown.extend(names.split_whitespace().map(String::from)),
                None if line == "environment" => shows_environment = true,
                _ => script.extend([line, "\n"]),
            }
        }
        let files = Memory::new([("case.conf", self.section("dialplan"))]);
        let (plan, findings) = load(Path::new("case.conf"), &files, &options);
        let mut out: String = findings
            .iter()
            .map(|finding| format!("{}: {}\n", finding.code, finding.message))
            .collect();
        let plan = plan.expect("the case's dialplan loads");
        let services = services::Memory::new();
        let mut programs = Vec::new();
        for (section, text) in &self.0 {
            if let Some(name) = section.strip_prefix("program ") {
                let program = Program::new(text);
                services.program(name, program.clone());
                programs.push((name, program));
            }
        }
        let globals = Globals::new();
        globals.adopt(&plan);
        let mut call = Scripted::new(Script::parse(&script).expect("the case's caller is understood"));
        let end = block_on(run(
            Arc::new(plan),
            &mut call,
            globals.clone(),
            Arc::new(services),
            Rng::from_seed(1),
        ));
        out += &call.transcript();
        out += &format!("{end:?}\n");
        for name in shown {
            out += &format!("{name}={}\n", globals.get(&name).unwrap_or_default());
        }
        for (name, program) in programs {
            out += &format!("--- {name}\n");
            let dialogue = program.dialogue();
            out += &match shows_environment {
                true => dialogue.replace(concat!("obelus-", env!("CARGO_PKG_VERSION")), "obelus-VERSION"),
                false => without_environment(&dialogue),
            };
        }
        out
    }
}

/// The dialogue without what each program is told first, which most cases are not about.
fn without_environment(dialogue: &str) -> String {
    let lines = dialogue
        .lines()
        .filter(|line| !line.starts_with("> agi_") && *line != "> ");
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_program_is_answered_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agi");
    let folder = std::fs::read_dir(folder).expect("the cases are there");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("a case").path()).collect();
    files.sort();
    assert!(files.len() >= 10, "{} cases", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a case is text");
        let case = Case::parse(&text);
        let happened = case.play();
        if case.section("expect") == happened {
            continue;
        }
        if std::env::var_os("OBELUS_UPDATE").is_some() {
            let head = text.split("=== expect\n").next().unwrap_or_default();
            std::fs::write(&file, format!("{head}=== expect\n{happened}")).expect("the case can be written");
        } else {
            wrong.push(format!("{}:\n{happened}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_of_commands_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/agi.md");
    let page = obelus::dialplan::agi::page();
    if std::env::var_os("OBELUS_UPDATE").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(path).expect("the page is there");
    assert_eq!(written, page, "OBELUS_UPDATE=1 writes it anew");
}
