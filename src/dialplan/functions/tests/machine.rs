use super::{on, on_machine, table};
use crate::dialplan::services::{Fetch, Memory, Services};
use crate::dialplan::Globals;
use crate::limits;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn the_database() {
    let filled: &[_] = &[
        ("DB(a/b)", "1"),
        ("DB(a/c/d)", "2"),
        ("DB(a/c/e)", "3"),
        ("DB(z/y)", ""),
    ];
    table(
        "number 15550100",
        &[
            (
                filled,
                "${DB(a/b)}${DB_RESULT} ${DB(a/c/d)}${DB_RESULT} ${DB(a/x)}.",
                "11 22 .",
            ),
            (
                filled,
                "${DB_EXISTS(a/b)}${DB_RESULT}${DB_EXISTS(a/x)}${DB_EXISTS(z/y)}",
                "1101",
            ),
            (
                filled,
                "${DB_KEYS()} ${DB_KEYS(a)} ${DB_KEYS(a/c/)} ${DB_KEYS(q)}.",
                "a,z b,c d,e .",
            ),
            (
                filled,
                "${DB_KEYCOUNT()}${DB_KEYCOUNT(a)}${DB_KEYCOUNT(q)}",
                "220",
            ),
            (
                filled,
                "${DB_DELETE(a/b)} ${DB_EXISTS(a/b)} ${DB_DELETE(a/b)}.",
                "1 0 .",
            ),
            (
                &[("DB(a/b)", "1"), ("DB_DELETE(a/b)", "")],
                "${DB_EXISTS(a/b)}${DB_RESULT}",
                "01",
            ),
            (
                &[("DB(nokey)", "1"), ("DB(/k)", "1"), ("DB(f/)", "1")],
                "${DB(nokey)}${DB_KEYS()}",
                "",
            ),
            (&[], "${BLACKLIST()}", "0"),
            (&[("DB(blacklist/15550100)", "1")], "${BLACKLIST()}", "1"),
        ],
    );
    on("", |session| {
        let long = "k".repeat(limits::DATABASE_KEY_BYTES);
        assert!(session.set(&format!("DB(f/{long})"), "1").is_err());
    });
}

#[test]
fn calls_count_one_another_by_groups() {
    let (globals, machine) = (Globals::new(), Arc::new(Memory::new()));
    on_machine("", &[], &globals, &machine, |first| {
        first.set("GROUP()", "sales").unwrap();
        first.set("GROUP(site)", "paris").unwrap();
        on_machine("", &[], &globals, &machine, |second| {
            second.set("GROUP()", "Sales").unwrap();
            second.set("GROUP(site)", "london").unwrap();
            let counts = "${GROUP_COUNT(sales)} ${GROUP_COUNT()} ${GROUP_COUNT(paris@site)} ${GROUP_COUNT(sales@site)}";
            assert_eq!(second.evaluate(counts), "2 2 1 0");
            assert_eq!(second.evaluate("${GROUP_COUNT(@site)}"), "1");
            assert_eq!(
                second.evaluate("${GROUP()} ${GROUP(site)} ${GROUP(x)}."),
                "Sales london ."
            );
            assert_eq!(second.evaluate("${GROUP_LIST()}"), "Sales london@site");
            let matching = "${GROUP_MATCH_COUNT(^(paris|london)$)} ${GROUP_MATCH_COUNT(p@site)} ${GROUP_MATCH_COUNT(()}.";
            assert_eq!(second.evaluate(matching), "2 1 .");
            assert_eq!(second.evaluate("${SYSINFO(numcalls)}${SYSINFO(loadavg)}"), "2");
            assert_eq!(
                second.evaluate("${CHANNELS()} ${CHANNELS(^nobody)}."),
                "SIP/test-1 SIP/test-1 ."
            );
            assert_eq!(
                second.evaluate("${CHANNEL_EXISTS(sip/TEST-1)}${CHANNEL_EXISTS(x)}"),
                "10"
            );
            second.set("GROUP()", "").unwrap();
            assert_eq!(second.evaluate("${GROUP_COUNT(sales)}"), "1");
            second.set("GROUP()", "sales").unwrap();
        });
        // The second call is over.
        assert_eq!(
            first.evaluate("${GROUP_COUNT(sales)} ${SYSINFO(numcalls)}"),
            "1 1"
        );
    });
    assert_eq!(globals.calls().count(), 0);
}

#[test]
fn calls_share_variables() {
    let (globals, machine) = (Globals::new(), Arc::new(Memory::new()));
    on_machine("trunk a", &[], &globals, &machine, |first| {
        first.set("SHARED(x)", "1").unwrap();
        assert_eq!(
            first.evaluate("${SHARED(x)} ${SHARED(x,SIP/test-1)} ${SHARED(y)}${x}"),
            "1 1 "
        );
        first.set("SHARED(x,SIP/test-1)", "2").unwrap();
        assert_eq!(first.evaluate("${SHARED(x)}${SHARED(x,SIP/gone)}"), "2");
        assert!(first.set("SHARED(x,SIP/gone)", "2").is_err());
        assert!(first.set("SHARED()", "2").is_err());
    });
}

#[test]
fn variables_of_the_environment_are_seen_where_they_are_allowed() {
    let machine = Arc::new(Memory::new());
    machine.set_environment("SITE", "paris");
    on_machine("", &[], &Globals::new(), &machine, |session| {
        assert_eq!(session.evaluate("${ENV(SITE)} ${ENV(PATH)}."), "paris .");
        assert!(session.set("ENV(SITE)", "x").is_err());
    });
}

#[test]
fn shell_answers_where_it_is_allowed() {
    let machine = Arc::new(Memory::new());
    machine.answer("date +%s", "1\n");
    on_machine("", &["SHELL"], &Globals::new(), &machine, |session| {
        assert_eq!(
            session.evaluate("<${SHELL(date +%s)}${SHELL(rm)}${SHELL( )}>"),
            "<1\n>"
        );
    });
    // A text that is evaluated in a call may name it though nothing at load did.
    on_machine("", &[], &Globals::new(), &machine, |session| {
        assert_eq!(session.evaluate("<${SHELL(date +%s)}>"), "<>");
        assert!(session.set("FILE(x)", "1").is_err());
        assert_eq!(
            session.evaluate("${FILE(x)}${FILE_COUNT_LINE(x)}${FILE_FORMAT(x)}"),
            ""
        );
    });
    assert_eq!(machine.read_file("x"), Err("nothing answers x here".to_string()));
}

#[test]
fn curl_asks_as_it_is_told() {
    let machine = Arc::new(Memory::new());
    machine.answer("https://example.org/a", "hello\r\n");
    machine.answer("https://example.org/form", "id=7&name=A%2cB+C&&flag\n");
    on_machine("", &[], &Globals::new(), &machine, |session| {
        assert_eq!(
            session.evaluate("${CURL(https://example.org/a)}|${CURL(https://example.org/b)}|${CURL()}"),
            "hello||"
        );
        for (option, value) in [
            ("conntimeout", "2"),
            ("httptimeout", "3600"),
            ("useragent", "switch"),
            ("httpheader", "X-One: 1"),
            ("httpheader", "X-Two: 2"),
            ("userpwd", "u:p"),
            ("followlocation", "1"),
            ("maxredirs", "100"),
            ("failurecodes", "404,500"),
        ] {
            session.set(&format!("CURLOPT({option})"), value).unwrap();
        }
        assert_eq!(session.evaluate("${CURL(https://example.org/a,x=1,2)}"), "hello");
        assert_eq!(
            session.evaluate("${CURLOPT(conntimeout)} ${CURLOPT(HTTPTIMEOUT)} ${CURLOPT(failurecodes)} ${CURLOPT(userpwd)}${CURLOPT(maxredirs)}"),
            "2 30 404,500 5"
        );
        for (option, value) in [
            ("httpheader", "no colon"),
            ("useragent", "a\r\nX-Evil: 1"),
            ("httptimeout", "-1"),
            ("httptimeout", "soon"),
            ("failurecodes", "x"),
            ("ssl_verifypeer", "0"),
            ("proxy", "x"),
        ] {
            assert!(
                session.set(&format!("CURLOPT({option})"), value).is_err(),
                "{option} {value}"
            );
        }
    });
    let fetched = machine.fetched();
    assert_eq!(fetched[0].body, None);
    assert_eq!(
        fetched[2],
        Fetch {
            url: "https://example.org/a".into(),
            body: Some("x=1,2".into()),
            headers: vec!["X-One: 1".into(), "X-Two: 2".into(), "User-Agent: switch".into()],
            credentials: Some("u:p".into()),
            connect_time: Some(Duration::from_secs(2)),
            time: Some(limits::CURL_TIME),
            redirections: limits::CURL_REDIRECTIONS,
            with_head: false,
            failure_codes: vec![404, 500],
        }
    );
    on_machine("", &[], &Globals::new(), &machine, |session| {
        session.set("CURLOPT(hashcompat)", "legacy").unwrap();
        let values = session.evaluate("${CURL(https://example.org/form)}");
        assert_eq!(values, "7,A\\,B C,");
        session.set("HASH(row)", &values).unwrap();
        assert_eq!(
            session.evaluate("${HASH(row,id)} ${HASH(row,name)} ${HASH(row,flag)}. ${~ODBCFIELDS~}"),
            "7 A,B C . id,name,flag"
        );
        session.set("CURLOPT(hashcompat)", "yes").unwrap();
        assert_eq!(
            session.evaluate("${CURL(https://example.org/form)} ${CURLOPT(hashcompat)}"),
            "7,A\\,B+C, yes"
        );
    });
}

#[test]
fn files_are_read_in_parts() {
    let machine = Arc::new(Memory::new());
    machine.answer("text", "123456789");
    machine.answer("unix", "123\n456\n789\n");
    machine.answer("dos", "123\r\n456");
    machine.answer("é", "éàü");
    on_machine("", &["FILE"], &Globals::new(), &machine, |session| {
        for (arguments, expected) in [
            ("text", "123456789"),
            ("text,0,1", "1"),
            ("text,0,-8", "1"),
            ("text,-9,1", "1"),
            ("text,-9,-8", "1"),
            ("text,0,0", ""),
            ("text,5,-6", ""),
            ("text,-3,2", "78"),
            ("text,20", ""),
            ("é,1,1", "à"),
            ("unix,0,1,l", "123\n"),
            ("unix,1,1,l", "456\n"),
            ("unix,-1,1,l", "789\n"),
            ("unix,0,-2,l", "123\n"),
            ("unix,1,,l", "456\n789\n"),
            ("dos,0,1,l", "123\r\n"),
            ("dos,1,1,l", "456"),
            ("dos,0,1,l,u", "123\r\n"),
            ("dos,0,1,l,x", ""),
            ("text,x", ""),
            ("none", ""),
            ("", ""),
        ] {
            assert_eq!(
                session.evaluate(&format!("${{FILE({arguments})}}")),
                expected,
                "{arguments}"
            );
        }
        let counts = "${FILE_COUNT_LINE(unix)} ${FILE_COUNT_LINE(dos)} ${FILE_COUNT_LINE(unix,m)} ${FILE_COUNT_LINE(none)}.";
        assert_eq!(session.evaluate(counts), "3 2 1 .");
        assert_eq!(
            session.evaluate("${FILE_FORMAT(unix)}${FILE_FORMAT(dos)}${FILE_FORMAT(text)}"),
            "udx"
        );
    });
}

#[test]
fn files_are_written_in_parts() {
    for (before, arguments, value, after) in [
        ("old", "", "bar", "bar"),
        ("123456789", ",0,1", "a", "a23456789"),
        ("123456789", ",-9,1", "a", "a23456789"),
        ("123456789", ",4,0", "bar", "1234bar56789"),
        ("123456789", ",2", "bar", "12bar"),
        ("123", ",,,a", "45", "12345"),
        ("123\n", ",,,al", "456", "123\n456\n"),
        ("123\r\n", ",,,al", "456", "123\r\n456\r\n"),
        ("", ",,,al,d", "456", "456\r\n"),
        ("123\n456\n789\n", ",0,1,l", "abc", "abc\n456\n789\n"),
        ("123\n456\n789\n", ",-1,,l", "abc", "123\n456\nabc\n"),
        ("123\n456\n789\n", ",0,2,ld", "", "789\n"),
    ] {
        let machine = Arc::new(Memory::new());
        machine.answer("f", before);
        on_machine("", &["FILE"], &Globals::new(), &machine, |session| {
            session.set(&format!("FILE(f{arguments})"), value).unwrap();
        });
        assert_eq!(machine.read_file("f").unwrap(), after, "{arguments}");
    }
}

#[test]
fn what_is_known_of_a_file() {
    let machine = Arc::new(Memory::new());
    machine.answer("f", "12345");
    on_machine("", &[], &Globals::new(), &machine, |session| {
        assert_eq!(
            session.evaluate("${STAT(e,f)}${STAT(d,f)}${STAT(f,f)} ${STAT(s,f)} ${STAT(m,f)} ${STAT(M,f)}"),
            "101 5 100644 0"
        );
        assert_eq!(
            session.evaluate("${STAT(e,g)}${STAT(s,g)}${STAT(x,f)}${STAT(e)}"),
            "00"
        );
    });
}

#[test]
fn functions_that_name_one_another_are_bounded() {
    on("", |session| {
        session.set("MASTER_CHANNEL(x)", "1").unwrap();
        assert_eq!(session.evaluate("${x}${MASTER_CHANNEL(x)}"), "11");
        for (open, rest) in [
            ("LISTFILTER(", ",1,2)"),
            ("CUT(", ")"),
            ("MASTER_CHANNEL(", ")"),
            ("INC(", ")"),
        ] {
            let deep = format!("{}x{}", open.repeat(2_000), rest.repeat(2_000));
            assert_eq!(session.evaluate(&format!("${{CUT({deep},-,1)}}")), "");
            assert!(session
                .set(
                    &format!("ARRAY({}x{})", "ARRAY(".repeat(2_000), ")".repeat(2_000)),
                    "1"
                )
                .is_err());
        }
    });
}
