//! Mistakes that authors make, one a file in `tests/mistakes`, each found at load.
//!
//! The faulty line ends with `;! CODE…`: what is to be found there; of several codes any one will do. A line
//! `; allow: NAME…` in the head is what a configuration would allow. And nothing is found where nothing is wrong: in the
//! dialplans that we ship, and in those of `tests/corpus` that `expected.txt` does not list.

use obelus::diagnostic::Diagnostic;
use obelus::dialplan::{load, reader::Disk, Options};
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The dialplans of a folder, sorted.
fn dialplans(name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(name)).expect("the folder is there");
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "conf"))
        .collect();
    paths.sort();
    paths
}

/// Those of the shipped dialplans among them.
const MAILBOXES: [&str; 7] = ["main", "sales", "office", "support", "out-of-hours", "101", "102"];

/// What a configuration would tell of sounds and mailboxes.
fn options(text: &str) -> Options {
    let table = include_str!("../sounds/en/table.tsv").lines();
    let sounds = table.filter_map(|line| line.split('\t').next()).map(String::from);
    let allowed = text.lines().find_map(|line| line.strip_prefix("; allow:"));
    Options {
        allow: allowed
            .unwrap_or("")
            .split_whitespace()
            .map(String::from)
            .collect(),
        sounds: Some(sounds.chain(["beep".into()]).collect()),
        mailboxes: Some(MAILBOXES.map(String::from).to_vec()),
        zone: jiff::tz::TimeZone::UTC,
        ..Options::default()
    }
}

/// A planted mistake: where, and what may be found.
struct Planted {
    file: PathBuf,
    line: usize,
    codes: Vec<String>,
}

fn planted(file: &Path) -> Vec<Planted> {
    let text = std::fs::read_to_string(file).expect("it can be read");
    let marked = text.lines().enumerate().filter_map(|(index, line)| {
        let (_, codes) = line.split_once(";! ")?;
        Some(Planted {
            file: file.to_path_buf(),
            line: index + 1,
            codes: codes.split_whitespace().map(String::from).collect(),
        })
    });
    marked.collect()
}

/// The file, the line and the code of a finding.
fn place(finding: &Diagnostic) -> (PathBuf, usize, &'static str) {
    let span = finding.span.as_ref();
    let place = span.map(|span| {
        let (line, _) = span.source.position(span.range.start);
        (PathBuf::from(&span.source.name), line)
    });
    let (file, line) = place.unwrap_or_default();
    (file, line, finding.code)
}

#[test]
fn planted_mistakes_are_found_where_they_are() {
    let files = dialplans("tests/mistakes");
    let (mut all, mut missed, mut others) = (0, Vec::new(), Vec::new());
    for file in &files {
        let text = std::fs::read_to_string(file).expect("it can be read");
        let (_, findings) = load(file, &Disk, &options(&text));
        let mut mistakes = planted(file);
        for included in dialplans("tests/mistakes/parts") {
            let name = included.file_name().expect("it has a name").to_string_lossy();
            if text.contains(&format!("parts/{name}")) {
                mistakes.extend(planted(&included));
            }
        }
        assert!(!mistakes.is_empty(), "{} has no mistake", file.display());
        let found: Vec<_> = findings.iter().map(place).collect();
        for mistake in &mistakes {
            let hit = |(file, line, code): &(PathBuf, usize, &str)| {
                *file == mistake.file && *line == mistake.line && mistake.codes.iter().any(|c| c == code)
            };
            if !found.iter().any(hit) {
                missed.push(format!(
                    "{}:{}: {} — found {found:?}",
                    mistake.file.display(),
                    mistake.line,
                    mistake.codes.join(" or "),
                    found = found
                        .iter()
                        .map(|(_, line, code)| format!("{line} {code}"))
                        .collect::<Vec<_>>()
                ));
            }
        }
        let planned = |(file, line, _): &&(PathBuf, usize, &str)| {
            mistakes.iter().any(|m| m.file == *file && m.line == *line)
        };
        let unplanned = found.iter().filter(|finding| !planned(finding));
        others.extend(unplanned.map(|(file, line, code)| format!("{}:{line}: {code}", file.display())));
        all += mistakes.len();
    }
    let table = format!(
        "{} of {all} missed:\n{}\nbeside them:\n{}",
        missed.len(),
        missed.join("\n"),
        others.join("\n")
    );
    assert!(all >= 66, "only {all} mistakes");
    assert!(missed.len() * 20 <= all, "{table}");
    println!("{table}");
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for file in dialplans("dialplans") {
        let (plan, findings) = load(&file, &Disk, &options(""));
        assert_eq!(findings, [], "{}", file.display());
        assert!(plan.is_some());
    }
}
