use super::*;
use crate::diagnostic::Severity;
use crate::limits;
use crate::rng::Rng;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::SystemTime;
use testing::{block_on, Script, Scripted, Session};

mod matching;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn read(files: &[(&str, &str)]) -> (Option<Dialplan>, Vec<String>) {
    let reader = reader::Memory::new(files.iter().copied());
    let options = Options {
        zone: TimeZone::UTC,
        ..Options::default()
    };
    let (plan, findings) = load(Path::new("main.conf"), &reader, &options);
    let findings = findings.iter().map(|finding| {
        let place = finding.span.as_ref().map_or("-".to_string(), |span| {
            let (line, column) = span.source.position(span.range.start);
            format!("{}:{line}:{column}", span.source.name)
        });
        let severity = if finding.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        format!("{place} {severity} {}", finding.code)
    });
    (plan, findings.collect())
}

fn good(text: &str) -> Dialplan {
    let (plan, findings) = read(&[("main.conf", text)]);
    // What a test leaves out makes warnings.
    assert!(plan.is_some(), "{findings:?}");
    plan.unwrap()
}

/// The texts of the steps that `number` finds, by priority, as far as they follow one another.
fn steps(plan: &Dialplan, context: &str, number: &str, caller: &str) -> Vec<String> {
    let query = ast::Query {
        extension: number,
        caller,
        now: NOW,
        variables: None,
    };
    (1..)
        .map_while(|priority| Some(plan.step(context, query, priority)?.arguments.text.clone()))
        .collect()
}

#[test]
fn an_open_comment_is_found_where_it_begins_whatever_stands_before_it() {
    let (_, findings) = read(&[("main.conf", "[a]\n\u{7df}e;-- open\n")]);
    assert!(
        findings
            .iter()
            .any(|finding| finding == "main.conf:2:3 warning unclosed-comment"),
        "{findings:?}"
    );
}

#[test]
fn a_pattern_can_be_gone_to_by_its_own_text() {
    let plan = good(
        "[default]\nexten => _X./5,1,NoOp(five)\nexten => _X.,1,NoOp(any)\nexten => _[a-z]X,1,NoOp(set)\n",
    );
    assert_eq!(steps(&plan, "default", "_X.", ""), ["any"]);
    assert_eq!(steps(&plan, "default", "_x.", "5"), ["five"]);
    assert_eq!(steps(&plan, "default", "_[a-z]X", ""), ["set"]);
    assert_eq!(steps(&plan, "default", "_Y.", ""), [""; 0]);
}

#[test]
fn the_values_of_a_call_have_a_bound_together_hidden_ones_included() {
    let mut variables = variables::Variables::default();
    let long = "x".repeat(limits::VARIABLE_BYTES);
    let fit = limits::VARIABLES_BYTES / limits::VARIABLE_BYTES;
    for number in 0..fit {
        // Each hides the one before.
        variables
            .push("A", long.clone())
            .unwrap_or_else(|_| panic!("{number}"));
    }
    assert!(variables.push("A", "y").is_err() && variables.set("B", "y").is_err());
    assert!(
        variables.set("A", "y").is_ok(),
        "a shorter value in the place of a long one"
    );
    for _ in 0..fit {
        variables.pop("A");
    }
    for number in 0..fit {
        assert!(variables.set(&format!("B{number}"), long.clone()).is_ok());
    }
    assert!(variables.set("C", "z").is_err());
}

#[test]
fn long_steps_count_more_than_short_ones() {
    let steps = |length: usize| {
        let text = "[default]\nexten => s,1,Set(i=0)\nsame => n(again),Set(i=$[${i} + 1])\n\
                    same => n,Set(GLOBAL(steps)=${i})\nsame => n,NoOp(${pad})\nsame => n,Goto(again)\n";
        let plan = good(text);
        let globals = Globals::new();
        globals.set("pad", "x".repeat(length)).unwrap();
        let mut call = Scripted::new(Script::parse("").unwrap());
        let services = Arc::new(services::Memory::new());
        let end = block_on(run(
            Arc::new(plan),
            &mut call,
            globals.clone(),
            services,
            Rng::from_seed(1),
        ));
        assert!(matches!(end, RunEnd::Fault(_)), "{end:?}");
        globals.get("steps").unwrap().parse::<u64>().unwrap()
    };
    let (short, long) = (steps(1), steps(50_000));
    assert!(short > 20_000 && long < short / 20, "{short} {long}");
}

#[test]
fn what_a_program_prints_is_part_of_the_file_where_that_is_allowed() {
    let reader = reader::Memory::new([
        ("a.conf", "[default]\n#exec list-lines\nexten => 2,1,NoOp()\n"),
        ("list-lines", "exten => 1,1,NoOp(printed)\n"),
    ]);
    let allowed = Options {
        allow: vec!["#exec".to_string()],
        ..Options::default()
    };
    let (plan, findings) = load(Path::new("a.conf"), &reader, &allowed);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(steps(&plan.unwrap(), "default", "1", ""), ["printed"]);
    let (plan, findings) = load(Path::new("a.conf"), &reader, &Options::default());
    assert!(plan.is_none());
    assert_eq!(findings[0].code, "refused-exec");
}

#[test]
fn the_built_in_dialplan_has_no_findings_and_answers_any_number() {
    let (plan, findings) = read(&[("main.conf", MAIN_CONF)]);
    assert_eq!(findings, [""; 0]);
    let plan = plan.unwrap();
    for did in ["", "5", "15550100", "+15550100", "alice", "s"] {
        assert_eq!(plan.accepts("from-trunk", did, "", NOW), Match::Yes, "{did}");
    }
    assert_eq!(plan.accepts("elsewhere", "5", "", NOW), Match::No);
}

#[test]
fn a_caller_leaves_a_memo_on_the_built_in_dialplan() {
    let script = Script::parse("context from-trunk\ndid 15550100\nrecords: speak 4, press #").unwrap();
    let mut call = Scripted::new(script);
    let end = block_on(run(
        Arc::new(built_in()),
        &mut call,
        Globals::new(),
        Arc::new(services::Memory::new()),
        Rng::from_seed(1),
    ));
    assert_eq!(end, RunEnd::Hangup { cause: 16 });
    assert_eq!(
        call.transcript(),
        "0.00 answered\n0.50 hears greeting\n1.50 hears beep\n6.50 recorded 4.00 s, ended by #\n\
         6.50 memo-1 of 4.00 s for main\n6.50 hears memo-saved\n7.50 hung up, cause 16\n"
    );
}

#[test]
fn comments_escapes_and_templates() {
    let plan = good(
        concat!(
            "\u{feff}; a comment\n",
            "[base](!) ; inherited from\n",
            "exten => 1,1,NoOp(base)\n",
            "[more](!,base)\n",
            "exten => 2,1,NoOp(a\\;b) ; the semicolon stays\n",
            ";-- a block\n[gone]\n;-- nested --; exten => 1,1,NoOp(gone)\n--; \n",
            "[default](more)\n",
            "exten => 3,1,NoOp(one;-- inside --;two)\n",
            "exten = 4,1,NoOp(three) ;--- only a line\n",
            "[default](+)\n",
            "exten => 5,1,NoOp(appended)\n",
            "same += 1\n",
            "[default]\n",
            "exten => 5,2,NoOp(merged)\n",
        )
        .replace("same += 1\n", "")
        .as_str(),
    );
    assert_eq!(steps(&plan, "default", "1", ""), ["base"]);
    assert_eq!(steps(&plan, "default", "2", ""), ["a;b"]);
    assert_eq!(steps(&plan, "default", "3", ""), ["onetwo"]);
    assert_eq!(steps(&plan, "default", "4", ""), ["three"]);
    assert_eq!(steps(&plan, "default", "5", ""), ["appended", "merged"]);
    assert!(!plan.contexts.contains_key("gone") && !plan.contexts.contains_key("base"));
}

#[test]
fn appending_joins_values() {
    let plan = good("[globals]\na = 1\na += 2\nb = ${a}3\n[default]\nexten => ${b},1,NoOp(x)\n");
    assert_eq!(steps(&plan, "default", "123", ""), ["x"]);
}

#[test]
fn includes_of_files() {
    let files = [
        (
            "main.conf",
            "#include \"parts/*.conf\"\n#tryinclude <missing.conf>\nexten => 9,1,NoOp(carried over)\n",
        ),
        ("parts/a.conf", "[default]\nexten => 1,1,NoOp(a)\n"),
        (
            "parts/b.conf",
            "[other]\nexten => 2,1,NoOp(b)\n#include \"c.inc\"\n",
        ),
        ("parts/.hidden.conf", "bogus"),
        ("c.inc", "exten => 3,1,NoOp(c)\n"),
    ];
    let (plan, findings) = read(&files);
    assert_eq!(findings, [""; 0]);
    let plan = plan.unwrap();
    assert_eq!(steps(&plan, "default", "1", ""), ["a"]);
    assert_eq!(steps(&plan, "other", "3", ""), ["c"]);
    assert_eq!(steps(&plan, "other", "9", ""), ["carried over"]);

    for (text, expected) in [
        (
            "[a]\n#include \"no.conf\"\n",
            "main.conf:2:10 error unreadable-file",
        ),
        (
            "[a]\n#include \"main.conf\"\n",
            "main.conf:2:10 error include-too-deep",
        ),
        ("[a]\n#exec ls\n", "main.conf:2:1 error refused-exec"),
        ("[a]\n#pragma x\n", "main.conf:2:1 warning unknown-directive"),
        ("[a](b)\n", "main.conf:1:5 error unknown-template"),
        ("[a](+)\n", "main.conf:1:2 error unknown-section"),
        ("[a\n", "main.conf:1:1 error unclosed-section"),
        ("exten => 1,1,NoOp()\n", "main.conf:1:1 error no-section"),
        (
            "[a]\n;-- never closed\n",
            "main.conf:2:1 warning unclosed-comment",
        ),
    ] {
        let (plan, findings) = read(&[("main.conf", text)]);
        assert_eq!(findings, [expected], "{text}");
        assert_eq!(plan.is_some(), expected.contains("warning"), "{text}");
    }
    let (_, findings) = read(&[]);
    assert_eq!(findings, ["- error unreadable-file"]);
}

#[test]
fn a_line_that_is_too_long_is_skipped() {
    let long = format!(
        "[a]\nexten => 1,1,NoOp({})\nexten => 2,1,NoOp(x)\n",
        "y".repeat(8_200)
    );
    let (plan, findings) = read(&[("main.conf", &long)]);
    assert_eq!(findings, ["main.conf:2:1 warning line-too-long"]);
    let plan = plan.unwrap();
    assert_eq!(steps(&plan, "a", "1", ""), [""; 0]);
    assert_eq!(steps(&plan, "a", "2", ""), ["x"]);
}

#[test]
fn priorities_and_labels() {
    let plan = good(
        "[default]\n\
         exten => 1,1(start),NoOp(1)\n\
         same => n,NoOp(2)\n\
         same => n+2(far),NoOp(5)\n\
         exten => 1,start+2,NoOp(3)\n\
         exten => 1,n,NoOp(4)\n\
         exten => 2,1,NoOp(a)\n\
         exten => 2,s+1,NoOp(b)\n\
         exten => 2,hint,SIP/2\n",
    );
    assert_eq!(steps(&plan, "default", "1", ""), ["1", "2", "3", "4", "5"]);
    assert_eq!(steps(&plan, "default", "2", ""), ["a", "b"]);
    let query = ast::Query {
        extension: "1",
        caller: "",
        now: NOW,
        variables: None,
    };
    assert_eq!(plan.label("default", query, "far"), Some(5));
    assert_eq!(plan.label("default", query, "Far"), None);
    assert_eq!(
        plan.hint(
            "default",
            ast::Query {
                extension: "2",
                ..query
            }
        ),
        Some("SIP/2")
    );
}

#[test]
fn the_first_match_of_asterisk_wins() {
    let plan = good(
        "[default]\n\
         include => other\n\
         exten => _X,1,NoOp(X)\n\
         exten => _X!,1,NoOp(X!)\n\
         exten => _X.,1,NoOp(X.)\n\
         exten => _N11,1,NoOp(N11)\n\
         exten => _[2-9]11,2,NoOp(shared)\n\
         exten => _[345]11,1,NoOp([345])\n\
         exten => 4-11,1,NoOp(literal)\n\
         exten => _[2,3]XX9,1,NoOp(comma)\n\
         exten => _ab[n]x,1,NoOp(letters)\n\
         exten => _7 7 X,1,NoOp(spaces)\n\
         [other]\n\
         exten => 811,1,NoOp(a better match in an include)\n\
         exten => only-here,1,NoOp(included)\n\
         exten => ab,1,NoOp(ab)\n",
    );
    for (number, expected) in [
        ("5", "X!"),
        ("411", "literal"),
        ("4-1-1", "literal"),
        ("311", "[345]"),
        ("211", "N11"),
        ("811", "N11"),
        ("2129", "comma"),
        ("abn4", "letters"),
        ("770", "spaces"),
        ("99", "X."),
        ("only-here", "included"),
    ] {
        assert_eq!(
            steps(&plan, "default", number, "").first().map(String::as_str),
            Some(expected),
            "{number}"
        );
    }
    assert_eq!(steps(&plan, "default", "211", "")[1], "shared");
    assert_eq!(plan.accepts("default", "abz", "", NOW), Match::No);
    assert_eq!(plan.accepts("default", "only", "", NOW), Match::Partial);
}

#[test]
fn collecting_digits_ends_where_nothing_more_can_match() {
    let plan = good(
        "[default]\nexten => 12,1,NoOp()\nexten => 123/5,1,NoOp()\nexten => _4XX,1,NoOp()\n\
         exten => _5!,1,NoOp()\nexten => _[58]XX,1,NoOp()\nexten => _6.,1,NoOp()\nexten => 7,2,NoOp()\n",
    );
    let more = |typed, caller| {
        plan.could_match_more(
            "default",
            ast::Query {
                extension: typed,
                caller,
                now: NOW,
                variables: None,
            },
        )
    };
    assert!(
        more("", "") && more("1", "") && more("4", "") && more("41", "") && more("6", "") && more("61", "")
    );
    assert!(!more("12", "") && more("12", "5"));
    assert!(!more("411", "") && !more("5", "") && !more("7", "") && !more("9", ""));
}

#[test]
fn includes_in_a_circle_end() {
    let plan = good("[a]\ninclude => b\nexten => 1,1,NoOp(a)\n[b]\ninclude => a\nexten => 2,1,NoOp(b)\n");
    assert_eq!(steps(&plan, "b", "1", ""), ["a"]);
    assert_eq!(plan.accepts("a", "3", "", NOW), Match::No);
}

#[test]
fn time_ranges_go_round_and_include_their_last_minute() {
    let at = |text: &str| SystemTime::from(text.parse::<jiff::Timestamp>().unwrap());
    for (range, time, expected) in [
        ("09:00-17:30,mon-fri,*,*", "2026-03-02T17:30:59Z", true),
        ("09:00-17:30,mon-fri,*,*", "2026-03-02T17:31:00Z", false),
        ("09:00-17:30,mon-fri,*,*", "2026-03-01T12:00:00Z", false),
        ("22:00-06:00", "2026-03-01T23:00:00Z", true),
        ("22:00-06:00", "2026-03-01T06:00:30Z", true),
        ("22:00-06:00", "2026-03-01T06:01:00Z", false),
        ("*,fri-mon,*,*", "2026-03-01T00:00:00Z", true),
        ("*,SAT&sun", "2026-03-02T00:00:00Z", false),
        ("*,*,28-3,*", "2026-03-02T00:00:00Z", true),
        ("*,*,4,*", "2026-03-02T00:00:00Z", false),
        ("*,*,*,nov-feb", "2026-03-02T00:00:00Z", false),
        ("*,*,*,3", "2026-03-02T00:00:00Z", true),
        ("08:00-08:59&12:00-12:59,,,", "2026-03-02T12:59:00Z", true),
        ("02:00-03:00,*,*,*,Asia/Tokyo", "2026-03-01T17:30:00Z", true),
    ] {
        let parsed = time_range::TimeRange::parse(range).unwrap();
        assert_eq!(
            parsed.contains(at(time), &TimeZone::UTC),
            expected,
            "{range} at {time}"
        );
    }
    for wrong in [
        "9-17",
        "25:00-26:00",
        "09710:00-12:00",
        "*,funday",
        "*,*,32",
        "*,*,0",
        "*,*,*,foo",
        "*,*,*,*,Mars/Olympus",
    ] {
        assert!(time_range::TimeRange::parse(wrong).is_err(), "{wrong}");
    }
}

fn session<T>(body: impl FnOnce(&mut Session<'_>) -> T) -> T {
    let mut call =
        Scripted::new(Script::parse("number 15550100\nname Alice\ndid 100\nheader X-Tag: one").unwrap());
    let plan = good("[default]\nexten => 100,1(here),NoOp()\nexten => 100,hint,SIP/100\n");
    body(&mut Session::new(
        Arc::new(plan),
        &mut call,
        Globals::new(),
        Arc::new(services::Memory::new()),
        Rng::from_seed(1),
    ))
}

#[test]
fn functions_have_their_values() {
    session(|s| {
        s.set("list", "a,b,c").unwrap();
        s.set("__deep", "inherited").unwrap();
        for (text, expected) in [
            ("${EXTEN} ${CONTEXT} ${PRIORITY}", "100 default 1"),
            ("${EXTEN:1}${EXTEN:-1:1}${deep:0:2}${_deep:-2}", "000ined"),
            ("$5 ${} a$ ${nothing}$[]", "$5  a$ "),
            ("${CALLERID(all)} ${CALLERID(dnid)}", "\"Alice\" <15550100> 100"),
            ("${CHANNEL(state)}", "Ring"),
            (
                "${CUT(list,\\,,2-)} ${CUT(PASSTHRU(x-y),,2)} ${CUT(list,\\,,1&3)}",
                "b,c y a,c",
            ),
            ("${IF($[1 > 0]? yes : no )} ${IF(0?yes)}|", "yes |"),
            ("${EXISTS(a)}${EXISTS()}${ISNULL()}", "101"),
            (
                "${MATH(7/2)} ${MATH(7/2,i)} ${MATH(-3+5,int)} ${MATH(2**10,i)} ${MATH(3<4)}",
                "3.500000 3 2 1024 TRUE",
            ),
            ("${MATH(255+0,hex)} ${MATH(1/0)}|", "ff 0.000000|"),
            ("${LEN(Zoë)} ${TOUPPER(abc)} ${TOLOWER(ABC)}", "3 ABC abc"),
            ("${FIELDQTY(list,\\,)} ${FIELDQTY(nothing,\\,)}", "3 0"),
            ("${SHIFT(list)}${POP(list)}${list}", "acb"),
            ("${REGEX(\"^1555\" ${CALLERID(num)})}${REGEX(\"x\" abc)}", "10"),
            ("${QUOTE(a\"b)} ${CSV_QUOTE(a\"b)}", "\"a\\\"b\" \"a\"\"b\""),
            (
                "${DIALPLAN_EXISTS(default,100,here)}${DIALPLAN_EXISTS(default,101)}${DIALPLAN_EXISTS(x)}",
                "100",
            ),
            ("${VALID_EXTEN(,100)}${VALID_EXTEN(default,7,1)}", "10"),
            (
                "${PJSIP_HEADER(read,x-tag)} ${PJSIP_HEADER(read,X-*)} ${SIP_HEADER(none)}|",
                "one one |",
            ),
            (
                "${STRFTIME(0,UTC,%Y-%m-%d %H:%M)} ${STRFTIME(,UTC,%F)}",
                "1970-01-01 00:00 2026-01-01",
            ),
            (
                "${EPOCH} ${TIMEOUT(digit)} ${TIMEOUT(absolute)}",
                "1767225600 5.000 0",
            ),
            (
                "${SET(x=5)}${x} ${HINT(100)} ${KEYPADHASH(Obelus)}",
                "55 SIP/100 623587",
            ),
            ("${URIDECODE(a%20b%zz)} ${BASE64_DECODE(YQ==)}", "a b%zz a"),
            ("${MD5(a)}", "0cc175b9c0f1b6a831c399e269772661"),
            ("${LEN(${UUID()})} ${LEN(${SHA256()})}", "36 64"),
            ("$[\"${nothing}\" = \"\"] $[LEN(abc) + 1] $[ROUND(2.5)]", "1 4 3"),
            ("${IFTIME(*,thu,*,*?yes:no)}", "yes"),
        ] {
            assert_eq!(s.evaluate(text), expected, "{text}");
        }
        s.set("PUSH(q)", "1").unwrap();
        s.set("PUSH(q)", "2").unwrap();
        s.set("UNSHIFT(q,-)", "0").unwrap();
        s.set("ARRAY(m,n)", "7,8,9").unwrap();
        s.set("text", "${q}").unwrap();
        assert_eq!(
            s.evaluate("${q} ${m}${n} ${text} ${EVAL(${text})}"),
            "0-1,2 78 ${q} 0-1,2"
        );
        assert!(s.set("LOCAL(x)", "1").is_err(), "outside a subroutine");
        assert!(s.set("LEN(x)", "1").is_err() && s.set("NOTHING(x)", "1").is_err());
        for _ in 0..50 {
            let value: i64 = s.evaluate("${RAND(3,5)}").parse().unwrap();
            assert!((3..=5).contains(&value));
        }
    });
}

#[test]
fn expressions_with_mistakes_are_empty_and_the_call_goes_on() {
    session(|s| {
        for text in [
            "$[1 +]",
            "$[(1]",
            "$[1 2]",
            "$[? 1 :: 2]",
            "$[)]",
            "$[1 ? 2]",
            "$[NOTHING(1)]",
        ] {
            assert_eq!(s.evaluate(text), "", "{text}");
        }
        for (text, expected) in [
            (
                "$[1 / 0] $[1 % 0] $[abc + 5] $[!abc] $[5 - abc]",
                "2147483647 0 5 1 5",
            ),
            (
                "$[\"1\" = 1] $[10 > 9] $[b > a] $[ab ~~ cd] $[-2 * 3]",
                "0 1 1 abcd -6",
            ),
            ("$[0 ? a :: b] $[1 ? 2 ? 3 :: 4 :: 5] $[a=b?c::d?e::f]", "b 3 e"),
            ("$[\"\" | x] $[0 || 7] $[1 && 0] $[1.5 + 1.25]", "\"\" 7 0 2.75"),
        ] {
            assert_eq!(s.evaluate(text), expected, "{text}");
        }
    });
}

#[test]
fn whatever_grows_is_bounded() {
    session(|s| {
        s.set("x", &"y".repeat(60_000)).unwrap();
        assert_eq!(s.evaluate("${x}${x}").len(), crate::limits::VARIABLE_BYTES);
        assert!(s.set("z", &"y".repeat(70_000)).is_err());
        let deep = format!("{}x{}", "${".repeat(500), "}".repeat(500));
        assert_eq!(s.evaluate(&deep), "");
        assert_eq!(
            s.evaluate(&format!("$[{}1{}]", "(".repeat(500), ")".repeat(500))),
            ""
        );
        assert_eq!(s.evaluate(&format!("$[{}1]", "-".repeat(5_000))), "");
        s.set("e", "${EVAL(${e})}").unwrap();
        assert_eq!(s.evaluate("${EVAL(${e})}"), "");
        assert_eq!(s.evaluate("${STRREPLACE(x,y,yyyyyyyyyy)}${STRBETWEEN(x,ab)}"), "");
        let exec = format!("{}NoOp(){}", "Exec(".repeat(2_000), ")".repeat(2_000));
        assert!(block_on(s.apply("Exec", &exec)).is_err());
        for number in 0..5_000 {
            let _ = s.set(&format!("v{number}"), "1");
        }
        assert_eq!(s.evaluate("${v4999}"), "", "there are 4,096 at most");
    });
}

#[test]
fn inherited_variables() {
    let mut variables = variables::Variables::default();
    variables.set("a", "1").unwrap();
    variables.set("_b", "2").unwrap();
    variables.set("__c", "3").unwrap();
    let child = variables.inherited();
    assert_eq!(child.all(), [("b", "2"), ("c", "3")]);
    assert_eq!(child.inherited().all(), [("c", "3")]);
}

#[test]
fn globals_outlive_a_reload_unless_the_dialplan_says_otherwise() {
    let globals = Globals::new();
    globals.adopt(&good("[globals]\nA=1\nB=2\n[globals]\nC=${A}${B}\n"));
    globals.set("D", "4").unwrap();
    globals.adopt(&good("[globals]\nA=5\n"));
    let all = |globals: &Globals| ["A", "B", "C", "D"].map(|name| globals.get(name).unwrap_or_default());
    assert_eq!(all(&globals), ["5", "2", "12", "4"]);
    globals.adopt(&good("[general]\nclearglobalvars=yes\n[globals]\nA=6\n"));
    assert_eq!(all(&globals), ["6", "", "", ""]);
}

fn pattern_text() -> impl Strategy<Value = String> {
    let element = prop_oneof![
        Just("X".to_string()),
        Just("N".to_string()),
        Just("Z".to_string()),
        Just("-".to_string()),
        "[1-3]",
        prop::collection::vec("[1-5]", 0..4).prop_map(|set| format!("[{}]", set.concat())),
    ];
    (
        prop::collection::vec(element, 1..5),
        prop_oneof![Just(""), Just("."), Just("!")],
    )
        .prop_map(|(elements, end)| format!("_{}{end}", elements.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn one_pattern_fits_as_the_tree_finds(pattern in pattern_text(), number in "[1-6-]{0,5}") {
        let elements = pattern::parse(&pattern[1..]);
        let mut tree = pattern::Tree::default();
        tree.insert(&elements, 0);
        let found = tree.search(&number, true, &mut |_, fit| std::ops::ControlFlow::Break(fit));
        prop_assert_eq!(found.break_value(), pattern::fit(&elements, &number));
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in "(\\PC|\n|[\\[\\]=>;#,(){}$!_+-]|exten => |same => n|\\[a\\]|NoOp|Goto|1,){0,80}") {
        let reader = reader::Memory::new([("main.conf", text.as_str())]);
        let (_, findings) = load(Path::new("main.conf"), &reader, &Options::default());
        for finding in findings {
            if let Some(span) = finding.span {
                prop_assert!(span.source.text.get(span.range.clone()).is_some(), "{:?}", span.range);
            }
        }
    }

    #[test]
    fn no_text_makes_substitution_panic(text in "(\\PC|[$\\[\\]{}:()\"\\\\,0-9+*/%!?=~<>&|-]|CUT|LEN|MATH|STRFTIME|FILTER|REGEX|x){0,60}") {
        let (a, b) = session(|s| {
            s.set("x", "1,2").unwrap();
            (s.evaluate(&text), s.evaluate(&format!("$[{text}]${{{text}}}")))
        });
        prop_assert!(a.len() <= crate::limits::VARIABLE_BYTES && b.len() <= crate::limits::VARIABLE_BYTES);
    }

    #[test]
    fn no_arguments_make_an_application_panic(app in 0..apps::ALL.len(), arguments in "(\\PC|[,()?:&\\\\\"$0-9]|main|x){0,30}") {
        let name = apps::ALL[app].manual().name;
        let text = format!("[default]\nexten => s,1,{name}({arguments})\nexten => s,2,Hangup()\n");
        let (plan, _) = read(&[("main.conf", &text)]);
        if let Some(plan) = plan {
            let mut call = Scripted::new(Script::parse("at 2: press 1#\nrecords: speak 3, press #").unwrap());
            block_on(run(Arc::new(plan), &mut call, Globals::new(), Arc::new(services::Memory::new()), Rng::from_seed(1)));
            prop_assert!(!call.transcript().is_empty());
        }
    }

    #[test]
    fn every_function_answers_any_arguments(function in 0..functions::ALL.len(), arguments in "(\\PC|[,&\\\\\"0-9%-]|x|s){0,30}") {
        let name = functions::ALL[function].manual().name;
        let value = session(|s| {
            s.set("x", "1,2").unwrap();
            s.set("arguments", &arguments).unwrap();
            let _ = s.set(&format!("{name}({arguments})"), "1");
            s.evaluate(&format!("${{{name}(${{arguments}})}}"))
        });
        prop_assert!(value.len() <= crate::limits::VARIABLE_BYTES);
    }
}
