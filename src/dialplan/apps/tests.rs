//! Every application with arguments that nobody would write, and that a variable may hold all the same.

use super::ALL;
use crate::dialplan::channel::Channel as _;
use crate::dialplan::reader::Memory;
use crate::dialplan::services;
use crate::dialplan::testing::{block_on, Script, Scripted, Session};
use crate::dialplan::{load, Globals, Options};
use crate::rng::Rng;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of all sorts; what each does to an application matters less than that it ends.
pub(in crate::dialplan) fn nasty() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        ",",
        ",,,,,,,,,,",
        "0",
        "1",
        "-1",
        "+1",
        "1,",
        ",1",
        "a",
        "é",
        "é,é,é,é,é",
        "日本",
        "\u{7f}",
        "\u{0}",
        "\t",
        "99999999999999999999",
        "-99999999999999999999",
        "4294967295",
        "4294967296",
        "18446744073709551615",
        "1e308",
        "inf",
        "NaN",
        "-inf",
        "0.0000001",
        "1.5.5",
        "1ms",
        "1 h",
        "é1",
        "1é",
        "(",
        ")",
        "((((((",
        "))))))",
        "[",
        "]",
        "[[",
        "\"",
        "\"\"",
        "\"a",
        "a\"b,c",
        "\\",
        "\\\\",
        "a\\",
        "(a,b",
        "a,b)",
        "f(a",
        "?",
        ":",
        "?:",
        "1?",
        "0?:",
        "1?a:b",
        "1?é:é",
        "1?(",
        "1?)(",
        "?é",
        "/",
        "//",
        "a/",
        "/a",
        "a/b/c",
        "=",
        "a=",
        "=a",
        "a=b",
        "_=",
        "__",
        "a(=b",
        "a)=b",
        "a()=b",
        "&",
        "&&",
        "a&b&",
        "é&é",
        "!",
        "!!",
        "!,!",
        "1/0",
        "1+/",
        "M",
        "M128/1",
        "M4294967296",
        "1*1",
        "440/1,",
        "|",
        "||",
        "440|",
        "s",
        "s,1",
        "s,s,1",
        "s,1(",
        "s,1(a",
        "s,1)a(",
        "1(",
        "default,s,1(é",
        "-0",
        "+0",
        "s,+4294967295",
        "s,-4294967295",
        "%",
        "%d",
        "a.wav",
        "../a.wav",
        "/a.wav",
        "é.wav",
        ".wav",
        "a:wav",
        "\r\n",
        "a\nb",
        "<",
        ">",
        "sip:",
        "sip:é",
        "pjsip:",
        "pjsip:/",
        "\"é\" <sip:é>",
        "${",
        "$[",
        "${a",
        "$",
        "#",
        "*",
        "#,#",
        "é,é",
        "$,1",
        "#,",
        "#,#[1",
        "#,${${${",
        "wW",
        "wwwwwwwwwwwwwwww",
        "é,0,0",
        "1,0,0",
        "a,,,,,,,,(",
        "x,,-1,,-1,-1",
        "x,,256,,2147483648,1e9",
        "*,*,*,*,*,*,*,o(é)",
        "a,99999999999999999999,#,#,#,#,#,o(99999999999999999999)",
        "-99999999999999999999,99999999999999999999",
        "99999999999999999999,99999999999999999999",
        "-99999999999999999999,-99999999999999999999,-99999999999999999999",
        "99999999999999999999,a",
        "18446744073709551615,a",
        "a,18446744073709551615",
        "a,-9223372036854775808,-9223372036854775808",
        "9223372036854775807,9223372036854775807",
        "-9223372036854775808/-1,int",
        "o(",
        "t()",
        "t(é",
        "main,t(",
        "main,t(-1)i(NaN)k(é)",
        "While",
        "Exec(",
        "Exec(Exec(Exec(Exec(",
        "NoOp",
        "1?Exec(1?Exec(",
        "*,*,*,*?",
        "00:00-24:61,*,*,*?1",
        "25:00-é,mon-é,1-99,jan-é?1:1",
        "1,2,3,4,5?1",
    ]
    .map(String::from)
    .to_vec();
    for piece in [
        "9", "é", ",", "(", "a,", "\"", "1&", "440/1,", "${", "!1/1,", "1?", ":", "Exec(",
    ] {
        texts.push(piece.repeat(1_500));
    }
    texts
}

/// Everything is allowed that can be.
fn options() -> Options {
    let permissions = ALL.iter().filter_map(|app| app.permission());
    Options {
        allow: permissions.chain(["Record"]).map(String::from).collect(),
        zone: jiff::tz::TimeZone::UTC,
        ..Options::default()
    }
}

#[test]
fn every_application_ends_whatever_its_arguments() {
    let text =
        "[default]\nexten => s,1,NoOp()\n same => n,While(0)\n same => n,NoOp()\n same => n,EndWhile()\n\
                exten => _X.,1,NoOp()\n[macro-a]\nexten => s,1,NoOp()\n";
    let (plan, findings) = load(Path::new("a.conf"), &Memory::new([("a.conf", text)]), &options());
    let plan = Arc::new(plan.unwrap_or_else(|| panic!("{findings:?}")));
    let script = "at 1: press 1, press #\nat 3: speak 2\nat 7: text é\nat 20: press *, press 0\n";
    let script = Script::parse(script).unwrap();
    // The caller gives up after an hour.
    let patience = Duration::from_secs(3_600);
    let mut runs = 0;
    for app in ALL {
        for arguments in nasty() {
            let name = app.manual().name;
            let mut call = Scripted::new(script.clone());
            let begun = call.wall_clock();
            let machine = Arc::new(services::Memory::new());
            let mut session = Session::new(
                plan.clone(),
                &mut call,
                Globals::new(),
                machine,
                Rng::from_seed(1),
            );
            let outcome = block_on(session.apply(name, &arguments));
            let ended = call.wall_clock();
            let start: String = arguments.chars().take(60).collect();
            assert!(ended <= begun + patience, "{name}({start}): {outcome:?}");
            runs += 1;
        }
    }
    assert!(runs > 10_000, "{runs}");
}

#[test]
fn every_application_looks_at_whatever_it_is_given() {
    let mut findings = 0;
    for arguments in nasty() {
        // A line of a file has no line ends, and is not longer than a line may be.
        let arguments: String = arguments
            .chars()
            .filter(|c| !"\r\n\0".contains(*c))
            .take(1_000)
            .collect();
        let lines = ALL
            .iter()
            .map(|app| format!("exten => {0},1,{0}({arguments})\n", app.manual().name));
        let text = format!("[default]\n{}", lines.collect::<String>());
        let (_, found) = load(
            Path::new("a.conf"),
            &Memory::new([("a.conf", text.as_str())]),
            &options(),
        );
        for finding in found {
            if let Some(span) = &finding.span {
                let there = span.source.text.get(span.range.clone());
                assert!(
                    there.is_some(),
                    "{}: {:?} in {arguments}",
                    finding.message,
                    span.range
                );
            }
            findings += 1;
        }
    }
    assert!(findings > 1_000, "{findings}");
}

#[test]
fn every_application_ends_where_the_caller_is_gone() {
    let text = "[default]\nexten => s,1,NoOp()\n";
    let (plan, _) = load(Path::new("a.conf"), &Memory::new([("a.conf", text)]), &options());
    let plan = Arc::new(plan.expect("it has no mistakes"));
    for app in ALL {
        for arguments in ["", "1", "a,b,c", "1?NoOp()", "a=b", "default,s,1"] {
            let name = app.manual().name;
            let mut call = Scripted::new(Script::parse("").expect("an empty script"));
            block_on(call.hangup(16));
            let before = call.transcript();
            let machine = Arc::new(services::Memory::new());
            let mut session = Session::new(
                plan.clone(),
                &mut call,
                Globals::new(),
                machine,
                Rng::from_seed(1),
            );
            let outcome = block_on(session.apply(name, arguments));
            // Nothing is played, and no time passes.
            assert_eq!(call.transcript(), before, "{name}({arguments}): {outcome:?}");
            assert_eq!(
                call.wall_clock(),
                Scripted::new(Script::parse("").expect("an empty script")).wall_clock()
            );
        }
    }
}
