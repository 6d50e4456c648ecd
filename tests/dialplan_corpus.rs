//! Dialplans in the styles that authors write: each loads, with no other findings than those listed, and what a caller
//! hears of it is what Asterisk would play.
//!
//! `tests/corpus/NAME.conf` is a dialplan, whose first line says whose style it is; a line `; allow: NAME…` in its head
//! is what a configuration would allow it. `NAME.call` beside it has calls, each a scripted caller and the transcript
//! that was expected of Asterisk's rules; the calls of one file follow one another with the same globals and database.
//! `expected.txt` lists the findings. `OBELUS_UPDATE=1` writes that list anew; transcripts are written by hand.

use obelus::diagnostic::{Diagnostic, Severity};
use obelus::dialplan::apps::{self, Manual};
use obelus::dialplan::functions;
use obelus::dialplan::services::{self, Services};
use obelus::dialplan::testing::{block_on, Script, Scripted};
use obelus::dialplan::{load, reader::Disk, run, Dialplan, Globals, Options};
use obelus::rng::Rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// The names of the dialplans, without `.conf`.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            Some(name.strip_suffix(".conf")?.to_string())
        })
        .collect();
    names.sort();
    names
}

fn load_one(name: &str) -> (Option<Dialplan>, Vec<Diagnostic>) {
    let path = folder().join(format!("{name}.conf"));
    let bytes = std::fs::read(&path).expect("it can be read");
    let text = String::from_utf8_lossy(&bytes);
    let allowed = text.lines().find_map(|line| line.trim().strip_prefix("; allow:"));
    let options = Options {
        allow: allowed
            .unwrap_or("")
            .split_whitespace()
            .map(String::from)
            .collect(),
        zone: jiff::tz::TimeZone::UTC,
        ..Options::default()
    };
    load(&path, &Disk, &options)
}

/// What was found of one dialplan: how often each code.
fn counted(findings: &[Diagnostic]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.code).or_default() += 1;
    }
    counts
}

/// What `expected.txt` lists for one dialplan.
fn listed<'t>(list: &'t str, name: &str) -> BTreeMap<&'t str, usize> {
    let line = list
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let items = line.into_iter().flat_map(|codes| codes.split(", "));
    items
        .map(|item| {
            let (code, count) = item.split_once(' ').expect("CODE COUNT");
            (code, count.parse().expect("a count is a number"))
        })
        .collect()
}

fn described(finding: &Diagnostic) -> String {
    let place = finding.span.as_ref().map_or(String::new(), |span| {
        let (line, column) = span.source.position(span.range.start);
        format!("{}:{line}:{column}: ", span.source.name)
    });
    format!("{place}{} [{}]", finding.message, finding.code)
}

#[test]
fn every_dialplan_loads_with_the_findings_that_are_listed() {
    let names = names();
    assert!(names.len() >= 44, "only {} dialplans", names.len());
    let list = folder().join("expected.txt");
    let mut wrong = Vec::new();
    let mut found = String::from(
        "# What each dialplan of this folder is found fault with, and how often. A dialplan not listed has no findings.\n",
    );
    let mut details = BTreeMap::new();
    for name in &names {
        let (plan, findings) = load_one(name);
        let errors = findings.iter().filter(|f| f.severity == Severity::Error);
        wrong.extend(errors.map(described));
        assert!(plan.is_some() || !wrong.is_empty(), "{name}");
        let counts = counted(&findings);
        if !counts.is_empty() {
            let codes: Vec<String> = counts
                .iter()
                .map(|(code, count)| format!("{code} {count}"))
                .collect();
            found += &format!("{name}: {}\n", codes.join(", "));
        }
        details.insert(name.as_str(), findings);
    }
    assert!(wrong.is_empty(), "refused:\n{}", wrong.join("\n"));
    if std::env::var_os("OBELUS_UPDATE").is_some() {
        std::fs::write(&list, &found).expect("it can be written");
    }
    let expected = std::fs::read_to_string(list).unwrap_or_default();
    for name in &names {
        let findings = &details[name.as_str()];
        let (found, listed) = (counted(findings), listed(&expected, name));
        for code in found.keys().copied().chain(listed.keys().copied()) {
            let count = |counts: &BTreeMap<&str, usize>| counts.get(code).copied().unwrap_or(0);
            let (found, listed) = (count(&found), count(&listed));
            // What is built meanwhile is no longer unavailable: fewer of those are no fault.
            let fine = found == listed || code.starts_with("unavailable-") && found < listed;
            if !fine {
                wrong.push(format!("{name}: {code} {found} times, {listed} times listed"));
                wrong.extend(findings.iter().filter(|f| f.code == code).map(described));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dialplan_says_whose_style_it_is() {
    for name in names() {
        let bytes = std::fs::read(folder().join(format!("{name}.conf"))).expect("it can be read");
        let text = String::from_utf8_lossy(&bytes);
        let first = text
            .trim_start_matches('\u{feff}')
            .lines()
            .next()
            .unwrap_or_default();
        assert!(first.starts_with(";") && first.len() > 20, "{name}: {first}");
    }
}

/// What the lines of a caller ask for beside the script.
struct Around {
    script: String,
    shown: Vec<String>,
}

fn prepare(caller: &str, services: &services::Memory) -> Around {
    let mut around = Around {
        script: String::new(),
        shown: Vec::new(),
    };
    for line in caller.lines() {
        match line.split_once(' ') {
            Some(("show", names)) => around.shown.extend(names.split_whitespace().map(String::from)),
            Some(("db", rest)) => {
                let (key, value) = rest.split_once(' ').unwrap_or((rest, ""));
                let (family, key) = key.split_once('/').expect("db FAMILY/KEY VALUE");
                services.db_put(family, key, value).expect("the table takes it");
            }
            Some(("answer", rest)) => {
                let (question, answer) = rest.split_once(' ').expect("answer QUESTION ANSWER");
                services.answer(question, answer);
            }
            _ => around.script.extend([line, "\n"]),
        }
    }
    around
}

#[test]
fn every_call_is_heard_as_asterisk_would_play_it() {
    let names = names();
    let mut wrong = Vec::new();
    let mut runs = 0;
    for name in &names {
        let Ok(text) = std::fs::read_to_string(folder().join(format!("{name}.call"))) else {
            continue;
        };
        runs += 1;
        let plan = Arc::new(load_one(name).0.unwrap_or_else(|| panic!("{name} loads")));
        let globals = Globals::new();
        globals.adopt(&plan);
        let services = Arc::new(services::Memory::new());
        for (number, case) in text.split("=== caller\n").skip(1).enumerate() {
            let (caller, expected) = case.split_once("=== expect\n").expect("a call has === expect");
            // A blank line ends the transcript; what follows it says what the next call is about.
            let expected = expected.split("\n\n").next().unwrap_or_default();
            let around = prepare(caller, &services);
            let script = Script::parse(&around.script).unwrap_or_else(|e| panic!("{name}: {e}"));
            let mut call = Scripted::new(script);
            let end = block_on(run(
                plan.clone(),
                &mut call,
                globals.clone(),
                services.clone(),
                Rng::from_seed(1),
            ));
            let mut heard = call.transcript();
            heard += &format!("{end:?}\n");
            for name in around.shown {
                heard += &format!("{name}={}\n", globals.get(&name).unwrap_or_default());
            }
            if heard.trim_end() != expected.trim_end() {
                let number = number + 1;
                wrong.push(format!(
                    "{name}, call {number}: expected\n{}\nheard\n{heard}",
                    expected.trim_end()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(2 * runs >= names.len(), "only {runs} of {} run", names.len());
}

/// The names that `src/dialplan/absent.rs` knows of Asterisk.
fn absent(list: &str) -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialplan/absent.rs");
    let text = std::fs::read_to_string(source).expect("the source is there");
    let start = format!("const {list}: &[&str] = &[");
    let (_, rest) = text.split_once(&start).expect("the list is there");
    let (names, _) = rest.split_once("];").expect("it ends");
    names.split('"').skip(1).step_by(2).map(String::from).collect()
}

/// One table of `docs/from-asterisk.md` as it should be: `have` where we have it, with what the row says already, else with
/// the manual's synopsis.
fn table(
    page: &str,
    title: &str,
    ours: &[&'static Manual],
    faults: &mut Vec<String>,
) -> (String, Vec<String>) {
    let (_, rest) = page
        .split_once(&format!("\n## {title}\n"))
        .expect("the table is there");
    let body = rest.split("\n## ").next().unwrap_or_default();
    let mut rows: BTreeMap<String, (String, String, String)> = BTreeMap::new();
    for line in body.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = line.trim_matches('|').splitn(3, " | ").map(str::trim).collect();
        let [name, status, text] = cells[..] else {
            faults.push(format!("not a row: {line}"));
            continue;
        };
        let row = (name.to_string(), status.to_string(), text.to_string());
        if rows.insert(name.to_lowercase(), row).is_some() {
            faults.push(format!("{name} is there twice"));
        }
    }
    for manual in ours {
        let key = manual.name.to_lowercase();
        if rows.get(&key).is_none_or(|(_, status, _)| status != "have") {
            let text = manual.synopsis.trim_end_matches('.').replace('|', "\\|");
            rows.insert(key, (manual.name.to_string(), "have".to_string(), text));
        }
    }
    let mut lacking = Vec::new();
    for (name, status, text) in rows.values() {
        let is_ours = ours.iter().any(|manual| manual.name.eq_ignore_ascii_case(name));
        match status.as_str() {
            "have" if !is_ours => faults.push(format!("{name} is called ours and is not")),
            "have" => {}
            "later" | "no" => lacking.push(name.clone()),
            _ => faults.push(format!("{name} is neither have, later nor no")),
        }
        if text.is_empty() {
            faults.push(format!("{name} has no text"));
        }
    }
    let lines = rows
        .values()
        .map(|(name, status, text)| format!("| {name} | {status} | {text} |\n"));
    (
        format!("\n| name | | |\n|---|---|---|\n{}", lines.collect::<String>()),
        lacking,
    )
}

#[test]
fn the_page_for_those_who_come_from_asterisk_tells_what_there_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/from-asterisk.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let apps: Vec<_> = apps::ALL.iter().map(|app| app.manual()).collect();
    let functions: Vec<_> = functions::ALL.iter().map(|function| function.manual()).collect();
    let mut faults = Vec::new();
    let (app_table, apps_lacking) = table(&page, "Applications", &apps, &mut faults);
    let (function_table, functions_lacking) = table(&page, "Functions", &functions, &mut faults);
    let mut apps_absent = absent("APPLICATIONS");
    apps_absent.extend(absent("REFUSED_APPLICATIONS"));
    for (absent, lacking) in [
        (apps_absent, apps_lacking),
        (absent("FUNCTIONS"), functions_lacking),
    ] {
        let is_in = |name: &String, list: &[String]| list.iter().any(|n| n.eq_ignore_ascii_case(name));
        let unsaid = absent.iter().filter(|name| !is_in(name, &lacking));
        faults.extend(unsaid.map(|name| format!("{name} is among the absent, and the page does not say so")));
        let unknown = lacking.iter().filter(|name| !is_in(name, &absent));
        faults.extend(unknown.map(|name| format!("{name} is on the page, and not among the absent")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let (head, _) = page
        .split_once("\n## Applications\n")
        .expect("the table is there");
    let whole = format!("{head}\n## Applications\n{app_table}\n## Functions\n{function_table}");
    if std::env::var_os("OBELUS_UPDATE").is_some() {
        std::fs::write(&path, &whole).expect("it can be written");
    }
    let written = std::fs::read_to_string(&path).expect("the page is there");
    assert!(written == whole, "OBELUS_UPDATE=1 enters what is new");
}
