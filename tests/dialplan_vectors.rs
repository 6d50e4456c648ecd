//! Asterisk's own answers (22.10) to expressions, substitutions, subroutines, caller-ID strings and encodings: each row
//! of the tables in `vectors/dialplan` is a case, and all of them are answered alike.

use obelus::dialplan::interp::{Flow, Place, Stop};
use obelus::dialplan::testing::{block_on, Script, Scripted, Session};
use obelus::dialplan::{load, reader::Memory, services, Dialplan, Globals, Options};
use obelus::rng::Rng;
use std::path::Path;
use std::sync::Arc;

const CONTEXT: &str =
    "[default]\nexten => s,1,NoOp()\n[tests_test_gosub_virtual_context]\nexten => s,1,NoOp()\n";

fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| !line.starts_with("# ")).skip(1);
    rows.map(|row| row.split('\t').map(cell).collect()).collect()
}

fn cell(text: &str) -> String {
    serde_json::from_str(&format!("\"{text}\"")).expect("cells are escaped as in JSON")
}

fn plan() -> Arc<Dialplan> {
    let (plan, findings) = load(
        Path::new("t.conf"),
        &Memory::new([("t.conf", CONTEXT)]),
        &Options {
            allow: vec!["SHELL".to_string()],
            ..Options::default()
        },
    );
    assert_eq!(findings, []);
    Arc::new(plan.unwrap())
}

/// Runs `body` in a session of its own.
fn session<T>(body: impl FnOnce(&mut Session<'_>) -> T) -> T {
    let mut call = Scripted::new(Script::parse("").unwrap());
    // No program runs here: these are the answers of a shell.
    let machine = services::Memory::new();
    machine.answer("printf '%d' 123", "123");
    machine.answer("printf '%d' 456", "456");
    body(&mut Session::new(
        plan(),
        &mut call,
        Globals::new(),
        Arc::new(machine),
        Rng::from_seed(1),
    ))
}

#[test]
fn expressions() {
    let table = rows(include_str!("vectors/dialplan/expr.tsv"));
    assert_eq!(table.len(), 102);
    for row in table {
        // Evaluated as it stands: `${` in it is part of the expression, not a variable.
        let value =
            obelus::dialplan::expr::evaluate(&row[0], &mut obelus::dialplan::expr::NoFunctions).unwrap();
        assert_eq!(value, row[1], "$[{}]", row[0]);
    }
}

#[test]
fn substitutions() {
    let table = rows(include_str!("vectors/dialplan/substitution.tsv"));
    assert_eq!(table.len(), 135);
    for row in table {
        let variables: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&row[0]).unwrap();
        let value = session(|session| {
            for (name, value) in &variables {
                session.set(name, value.as_str().unwrap()).unwrap();
            }
            session.evaluate(&row[1])
        });
        assert_eq!(value, row[2], "{} with {}", row[1], row[0]);
    }
}

#[test]
fn a_sequence_of_subroutines() {
    session(|session| {
        // Asterisk's test begins on a channel that is in no extension.
        session.go(Place::default());
        for (number, row) in rows(include_str!("vectors/dialplan/gosub_sequence.tsv"))
            .iter()
            .enumerate()
        {
            let (application, arguments, expected) = (&row[0], &row[1], &row[2]);
            if application == "<NULL>" {
                assert_eq!(
                    session.evaluate(arguments),
                    *expected,
                    "row {number}: {arguments}"
                );
                continue;
            }
            let outcome = if application == "Set" {
                let (name, value) = arguments.split_once('=').unwrap();
                session
                    .set(name, value)
                    .map_err(Stop::Failed)
                    .map(|()| Flow::Next)
            } else {
                block_on(session.apply(application, arguments))
            };
            match expected.as_str() {
                "-1" => assert!(outcome.is_err(), "row {number}"),
                _ => assert!(outcome.is_ok(), "row {number}: {outcome:?}"),
            }
        }
    });
}

#[test]
fn caller_ids() {
    for row in rows(include_str!("vectors/dialplan/callerid_parse.tsv")) {
        let wanted = |text: &str| {
            if text == "<NULL>" {
                String::new()
            } else {
                text.to_string()
            }
        };
        session(|session| {
            session.set("CALLERID(all)", &row[1]).unwrap();
            assert_eq!(
                session.evaluate("${CALLERID(name)}"),
                wanted(&row[2]),
                "the name of {}",
                row[1]
            );
            assert_eq!(
                session.evaluate("${CALLERID(num)}"),
                wanted(&row[3]),
                "the number of {}",
                row[1]
            );
        });
    }
}

#[test]
fn hashes_and_encodings() {
    let mut compared = 0;
    let hashes = rows(include_str!("vectors/dialplan/hash_base64.tsv"));
    for row in hashes
        .into_iter()
        .chain(rows(include_str!("vectors/dialplan/uri_encode.tsv")))
    {
        let (encode, decode) = match row[0].as_str() {
            "md5" => ("MD5", None),
            "base64" => ("BASE64_ENCODE", Some("BASE64_DECODE")),
            "sha1" => ("SHA1", None),
            "ast_uri_http" => ("URIENCODE", Some("URIDECODE")),
            // Asterisk has no dialplan function for these two places; we have.
            "ast_uri_http_legacy" => ("URIENCODE_FORM", None),
            "ast_uri_sip_user" => ("URIENCODE_USER", Some("URIDECODE")),
            other => panic!("{other} is not known"),
        };
        session(|session| {
            session.set("INPUT", &row[1]).unwrap();
            session.set("EXPECTED", &row[2]).unwrap();
            assert_eq!(session.evaluate(&format!("${{{encode}(${{INPUT}})}}")), row[2]);
            if let Some(decode) = decode {
                assert_eq!(session.evaluate(&format!("${{{decode}(${{EXPECTED}})}}")), row[1]);
            }
        });
        compared += 1;
    }
    assert_eq!(compared, 12);
}
