//! The shape of the code and of its papers, as a test: who imports whom, no I/O in a pure module, every configuration
//! key documented, every example valid, every link alive.

use obelus::config::{self, Kind, Surroundings};
use obelus::diagnostic::Severity;
use regex::Regex;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder whose name ends so, with their paths from the root, sorted.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let name = path
                    .strip_prefix(root())
                    .expect("it lies below the root")
                    .display()
                    .to_string();
                found.push((name, fs::read_to_string(&path).expect("source is text")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no {ending} below {folder}");
    found
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern compiles")
}

/// Code without its comments, and without the tests at the file's end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test(name: &str) -> bool {
    name.contains("tests") || name.ends_with("/testing.rs")
}

/// The map of `lib.rs`, from the bottom up: a module uses what stands in the lines above its own.
const MAP: &[&[&str]] = &[
    &["time", "rng", "secret", "limits", "diagnostic"],
    &["codec"],
    &["sip", "sdp", "rtp", "dialplan", "memo"],
    &["config"],
    &["media", "web"],
    &["federation", "trunk"],
    &["ops"],
    &["call"],
    &["switch"],
    &["http"],
    &["io"],
    &["phone"],
    &["cli"],
];

#[test]
fn a_module_uses_only_what_stands_below_it() {
    let level = |module: &str| MAP.iter().position(|line| line.contains(&module));
    let single = regex(r"\bcrate::([a-z_]+)");
    let group = regex(r"\bcrate::\{([^;]*)\}");
    let in_group = regex(r"(?:^|,)\s*([a-z_]+)");
    let mut wrong = Vec::new();
    for (name, text) in files("src", ".rs") {
        let module = name["src/".len()..]
            .split(['/', '.'])
            .next()
            .unwrap_or_default()
            .to_owned();
        if ["main", "lib"].contains(&module.as_str()) || is_test(&name) {
            continue;
        }
        let own = level(&module).unwrap_or_else(|| panic!("{module} stands in no line of the map"));
        let code = code(&text);
        let mut used: Vec<String> = single
            .captures_iter(&code)
            .map(|found| found[1].to_owned())
            .collect();
        for list in group.captures_iter(&code) {
            used.extend(in_group.captures_iter(&list[1]).map(|found| found[1].to_owned()));
        }
        for used in used.into_iter().filter(|used| *used != module) {
            // Macros and items of the crate's root have no level.
            let allowed = match level(&used) {
                Some(0) => true,
                Some(level) => level < own,
                None => true,
            };
            if !allowed {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "against the map of modules:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_module_stands_in_the_map() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs is there");
    let declared = regex(r"(?m)^pub mod ([a-z_]+);");
    let mut modules: Vec<&str> = declared
        .captures_iter(&lib)
        .map(|found| found.get(1).expect("it matched").as_str())
        .collect();
    let mut mapped: Vec<&str> = MAP.iter().copied().flatten().copied().collect();
    modules.sort_unstable();
    mapped.sort_unstable();
    assert_eq!(modules, mapped);
    for module in modules {
        assert!(
            lib.contains(&format!("[`{module}`]")),
            "{module} is not described in lib.rs"
        );
    }
}

/// Files of otherwise pure modules that do I/O, each for a reason that its first lines give.
const SHELLS: &[&str] = &[
    "src/config/load.rs",
    "src/dialplan/reader.rs",
    "src/federation/client.rs",
    "src/federation/open_link.rs",
    "src/federation/peers.rs",
    "src/federation/telephone_client.rs",
    "src/memo/finisher.rs",
    "src/memo/store/",
    "src/ops/logging.rs",
    "src/phone/driver.rs",
    "src/phone/target.rs",
];

#[test]
fn pure_modules_do_no_io() {
    let pure = [
        "time",
        "rng",
        "secret",
        "limits",
        "diagnostic",
        "codec",
        "sip",
        "sdp",
        "rtp",
        "dialplan",
        "memo",
        "config",
        "federation",
        "trunk",
        "ops",
        "call",
        "switch",
        "phone",
    ];
    // Types that only name an address, a duration or a channel between tasks are no I/O.
    let acts = regex(
        r"std::fs\b|std::process\b|std::thread\b|std::env::|std::net::(Tcp|Udp)|\b(Tcp|Udp)(Stream|Listener|Socket)\b|tokio::(net|fs|process|time|spawn|task)\b|SystemTime::now|\bInstant::now|\be?println!|\be?print!|stderr\(\)|stdout\(\)|\breqwest\b",
    );
    let mut wrong = Vec::new();
    for (name, text) in files("src", ".rs") {
        let module = name["src/".len()..]
            .split(['/', '.'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let shell = SHELLS.iter().any(|shell| name.starts_with(shell));
        if !pure.contains(&module.as_str()) || shell || is_test(&name) {
            continue;
        }
        for (number, line) in code(&text).lines().enumerate() {
            if let Some(found) = acts.find(line) {
                wrong.push(format!("{name}: {} in code line {}", found.as_str(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "I/O outside the shell:\n{}", wrong.join("\n"));
    for shell in SHELLS {
        assert!(
            root().join(shell).exists(),
            "{shell} is gone: take it off the list"
        );
    }
}

#[test]
fn nothing_is_left_unfinished_or_left_out() {
    // Put together, so that this file does not find itself.
    let words = [
        ["to", "do!("].concat(),
        ["unimple", "mented!("].concat(),
        ["FIX", "ME"].concat(),
        ["#[ign", "ore"].concat(),
        ["for n", "ow"].concat(),
        ["not yet imple", "mented"].concat(),
        ["db", "g!("].concat(),
    ];
    let mut wrong = Vec::new();
    let texts = [
        ("src", ".rs"),
        ("tests", ".rs"),
        ("docs", ".md"),
        ("contrib", ""),
        ("dialplans", ".conf"),
    ];
    for (name, text) in texts.iter().flat_map(|(folder, ending)| files(folder, ending)) {
        for (number, line) in text.lines().enumerate() {
            let lower = format!(" {line} ");
            if words.iter().any(|word| word_in(&lower, word)) {
                wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the word stands in the line by itself: "art" is not in "party".
fn word_in(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let after = line[at + word.len()..].chars().next();
        let before = line[..at].chars().next_back();
        let ends = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        ends(before) && (word.ends_with('(') || ends(after))
    })
}

#[test]
fn no_test_waits_by_the_clock() {
    let sleep = regex(r"thread::sleep|tokio::time::sleep");
    for (name, text) in files("src", ".rs").into_iter().filter(|(name, _)| is_test(name)) {
        assert!(!sleep.is_match(&text), "{name} sleeps");
    }
}

#[test]
fn every_configuration_key_is_documented() {
    let page = fs::read_to_string(root().join("docs/configuration.md")).expect("the page is there");
    for (section, keys) in config::KEYS {
        let title = if ["trunk", "mailbox"].contains(&section) {
            format!("## `[[{section}]]`")
        } else {
            format!("## `[{section}]`")
        };
        let (_, rest) = page
            .split_once(&title)
            .unwrap_or_else(|| panic!("docs/configuration.md has no {title}"));
        let body = rest.split("\n## ").next().unwrap_or_default();
        // The first cell of a table's row may name two keys that belong together.
        let rows = body.lines().filter(|line| line.starts_with("| `"));
        let mut documented: Vec<String> = Vec::new();
        for row in rows {
            let cell = row.split('|').nth(1).unwrap_or_default();
            documented.extend(cell.split(',').map(|key| key.trim().trim_matches('`').to_owned()));
        }
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        documented.sort();
        let mut sorted = keys.clone();
        sorted.sort();
        assert_eq!(documented, sorted, "of {title}");
    }
}

/// A machine that has every file, so that examples can be read.
struct Everything;

impl Surroundings for Everything {
    fn variable(&self, _: &str) -> Option<String> {
        Some("value".into())
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        Ok(match path.extension() {
            Some(_) => "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n".into(),
            None => "value\n".into(),
        })
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        Some(if path.extension().is_some() {
            Kind::File
        } else {
            Kind::Folder
        })
    }
}

#[test]
fn every_example_of_a_configuration_is_valid() {
    let mut count = 0;
    for (name, text) in pages() {
        for example in text.split("```toml\n").skip(1) {
            let example = example.split("```").next().unwrap_or_default();
            // A line or two to be added to a section are no whole example.
            if !example.starts_with('[') {
                continue;
            }
            count += 1;
            let (_, findings) = config::parse(&name, example, Path::new(""), &Everything)
                .unwrap_or_else(|findings| panic!("{name}: {example}\n{findings:#?}"));
            let errors = findings
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
                .count();
            assert_eq!(errors, 0, "{name}: {example}");
        }
    }
    assert!(count >= 10, "only {count} examples were found");
}

/// README.md and the pages in docs.
fn pages() -> Vec<(String, String)> {
    let mut pages = files("docs", ".md");
    let readme = fs::read_to_string(root().join("README.md")).expect("the README is there");
    pages.push(("README.md".into(), readme));
    pages
}

#[test]
fn every_link_of_a_page_leads_to_a_file() {
    let link = regex(r"\]\(([^)#\s]+)(?:#[^)]*)?\)");
    for (name, text) in pages() {
        let folder = root().join(&name).parent().map(PathBuf::from).unwrap_or_default();
        for target in link.captures_iter(&text).map(|found| found[1].to_owned()) {
            if !target.contains("://") {
                assert!(
                    folder.join(&target).exists(),
                    "{name} links to {target}, which is not there"
                );
            }
        }
    }
}

#[test]
fn scripts_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    for script in ["contrib/demo", "contrib/test", ".ci/run"] {
        let metadata = fs::metadata(root().join(script)).unwrap_or_else(|error| panic!("{script}: {error}"));
        assert_ne!(
            metadata.permissions().mode() & 0o111,
            0,
            "{script} is not executable"
        );
    }
}
