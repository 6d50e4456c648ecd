//! What a caller hears: each file in `tests/dialplan` is a dialplan, a scripted caller and the expected transcript.
//!
//! `OBELUS_UPDATE=1 cargo test --test dialplan` writes the transcripts anew; read the difference before committing it.

use obelus::codec::private::PrivateAudio;
use obelus::diagnostic::{Diagnostic, Severity};
use obelus::dialplan::memos::{Refusal, ScriptedMemo};
use obelus::dialplan::testing::{block_on, Script, Scripted};
use obelus::dialplan::{load, reader::Memory, run, services, Globals, Options};
use obelus::rng::Rng;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The findings and the transcript of a case.
fn play(dialplan: &str, caller: &str) -> String {
    let mut options = Options {
        zone: jiff::tz::TimeZone::UTC,
        ..Options::default()
    };
    let machine = Arc::new(services::Memory::new());
    let mut shown = Vec::new();
    let mut left = None;
    let mut script = String::new();
    for line in caller.lines() {
        match line.split_once(' ') {
            // Beside the script: what the configuration allows, and global variables to show in the end.
            Some(("allow", name)) => options.allow.push(name.to_string()),
            Some(("mailboxes", names)) => {
                options.mailboxes = Some(names.split_whitespace().map(String::from).collect());
            }
            Some(("sounds", names)) => {
                options.sounds = Some(names.split_whitespace().map(String::from).collect())
            }
            // What a command line says, or what is at a URL.
            Some(("answers", text)) => {
                let (question, answer) = text.split_once(" = ").expect("answers QUESTION = ANSWER");
                machine.answer(question, answer);
            }
            // The mailboxes and memos that telephone codes open, and what is left of a mailbox in the end.
            Some(("takes-codes", names)) => {
                options.telephone = Some(names.split_whitespace().map(String::from).collect());
            }
            Some(("owner", words)) => {
                let (name, code) = words.split_once(' ').expect("owner MAILBOX CODE");
                machine.memos().mailbox(name, code);
            }
            Some(("memo", words)) => {
                let (name, memo) = words.split_once(' ').expect("memo MAILBOX MEMO");
                machine.memos().leave(name, memo_of(memo));
            }
            Some(("code", words)) => {
                let (code, opens) = words.split_once(' ').expect("code [DOMAIN*]CODE MEMO");
                let (domain, code) = match code.split_once('*') {
                    Some((domain, code)) => (Some(domain), code),
                    None => (None, code),
                };
                let opens = match opens {
                    "expired" => Err(Refusal::Expired),
                    "too often" => Err(Refusal::TooOften),
                    "off" => Err(Refusal::Off),
                    "failed" => Err(Refusal::Failed("the other domain does not answer".into())),
                    memo => Ok(memo_of(memo)),
                };
                machine.memos().memo(domain, code, opens);
            }
            Some(("left", name)) => left = Some(name.to_string()),
            Some(("show", names)) => shown.extend(names.split_whitespace().map(String::from)),
            _ => script.extend([line, "\n"]),
        }
    }
    let mut out = String::new();
    let (plan, findings) = load(
        Path::new("case.conf"),
        &Memory::new([("case.conf", dialplan)]),
        &options,
    );
    for finding in &findings {
        out += &describe(finding);
    }
    let Some(plan) = plan else { return out };
    let globals = Globals::new();
    globals.adopt(&plan);
    let mut call = Scripted::new(Script::parse(&script).unwrap());
    let end = block_on(run(
        Arc::new(plan),
        &mut call,
        globals.clone(),
        machine.clone(),
        Rng::from_seed(1),
    ));
    out += &call.transcript();
    out += &format!("{end:?}\n");
    for message in machine.messages() {
        out += &format!("{message:?}\n");
    }
    for line in left.iter().flat_map(|name| machine.memos().left(name)) {
        out += &format!("left: {line}\n");
    }
    for name in shown {
        out += &format!("{name}={}\n", globals.get(&name).unwrap_or_default());
    }
    out
}

/// `new TIME CALLER SECONDS` or `old …`; `-` is no caller, and a memo that cannot be opened.
fn memo_of(text: &str) -> ScriptedMemo {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [state, time, caller, seconds] = words[..] else {
        panic!("not a memo: {text}");
    };
    let audio = seconds.parse().ok().map(|seconds: f64| {
        let samples = Zeroizing::new(vec![0; (seconds * 8_000.0) as usize]);
        Arc::new(PrivateAudio::new(samples))
    });
    ScriptedMemo {
        recorded: time.parse::<jiff::Timestamp>().unwrap().into(),
        heard: state == "old",
        caller: caller.trim_matches('-').to_string(),
        audio,
    }
}

fn describe(finding: &Diagnostic) -> String {
    let severity = match finding.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let place = finding.span.as_ref().map_or(String::new(), |span| {
        let (line, column) = span.source.position(span.range.start);
        format!(" {line}:{column}")
    });
    format!("{severity}{place} {}: {}\n", finding.code, finding.message)
}

#[test]
fn every_case_is_heard_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialplan");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 30, "{} cases", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let parts: Vec<&str> = text.split("=== ").collect();
        let part = |name: &str| {
            parts
                .iter()
                .find_map(|p| p.strip_prefix(name))
                .unwrap_or_default()
        };
        let heard = play(part("dialplan\n"), part("caller\n"));
        if part("expect\n") == heard {
            continue;
        }
        if std::env::var_os("OBELUS_UPDATE").is_some() {
            let head = text.split("=== expect\n").next().unwrap_or_default();
            std::fs::write(&file, format!("{head}=== expect\n{heard}")).unwrap();
        } else {
            wrong.push(format!("{}: heard\n{heard}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_shipped_dialplans_have_no_findings() {
    let sounds = include_str!("../sounds/en/table.tsv");
    let sounds: Vec<String> = sounds
        .lines()
        .filter_map(|line| line.split('\t').next())
        .map(String::from)
        .chain(["beep".into()])
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "conf") {
            let options = Options {
                sounds: Some(sounds.clone()),
                ..Options::default()
            };
            let (plan, findings) = load(&path, &obelus::dialplan::reader::Disk, &options);
            assert_eq!(findings, [], "{}", path.display());
            assert!(plan.is_some());
            seen += 1;
        }
    }
    assert_eq!(seen, 4);
}

#[test]
fn the_manual_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dialplan.md");
    let page = obelus::dialplan::manual::page();
    if std::env::var_os("OBELUS_UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        page,
        "OBELUS_UPDATE=1 writes it anew"
    );
}

#[test]
fn the_page_of_lints_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dialplan-lints.md");
    let page = obelus::dialplan::lint::page();
    if std::env::var_os("OBELUS_UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        page,
        "OBELUS_UPDATE=1 writes it anew"
    );
}
