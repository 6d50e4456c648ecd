use super::*;
use crate::dialplan::reader::Memory;
use crate::dialplan::{load, Options};
use std::collections::BTreeSet;
use std::path::Path;

/// Every lint's code that a dialplan gives.
fn codes(text: &str, lint: &str) -> BTreeSet<&'static str> {
    let options = Options {
        sounds: Some(vec!["hello".into()]),
        mailboxes: Some(vec!["main".into(), "500".into()]),
        telephone: Some(vec!["500".into()]),
        allow: match lint {
            "plain-recording" => vec!["Record".into()],
            _ => Vec::new(),
        },
        entries: match lint {
            "unreachable-context" => Some(vec!["default".into()]),
            _ => None,
        },
        ..Options::default()
    };
    let files = Memory::new([("a.conf", text), ("contexts.conf", "")]);
    let (_, findings) = load(Path::new("a.conf"), &files, &options);
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn each_example_is_found_and_what_to_write_instead_is_not() {
    let mut wrong = Vec::new();
    for lint in ALL {
        if !lint.example.is_empty() && !codes(lint.example, lint.name).contains(lint.name) {
            wrong.push(format!(
                "{}: its example gives {:?}",
                lint.name,
                codes(lint.example, lint.name)
            ));
        }
        let left = codes(lint.instead, lint.name);
        if !lint.instead.is_empty() && !left.is_empty() {
            wrong.push(format!("{}: what to write instead gives {left:?}", lint.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lints_are_named_once_and_told_in_sentences() {
    let names: BTreeSet<&str> = ALL.iter().map(|lint| lint.name).collect();
    assert_eq!(names.len(), ALL.len());
    for lint in ALL {
        assert!(
            lint.finds.ends_with('.') && lint.why.ends_with('.'),
            "{}",
            lint.name
        );
    }
}

/// Without the examples there would be no test of a lint that this lists.
const WITHOUT_EXAMPLE: &[&str] = &[
    // Each needs a text of thousands of bytes.
    "comment-too-deep",
    "dialplan-too-large",
    "include-too-deep",
    "line-too-long",
    "pattern-too-long",
    "too-many-globals",
    // A string of Rust's is UTF-8.
    "not-utf-8",
    // A page that teaches these would be misread.
    "refused-application",
    "refused-function",
    // Which programs there are is a matter of the configuration.
    "agi-refused",
];

#[test]
fn every_lint_has_an_example() {
    for lint in ALL {
        let has = !lint.example.is_empty();
        assert_eq!(has, !WITHOUT_EXAMPLE.contains(&lint.name), "{}", lint.name);
    }
}

/// Every code that stands in the sources of the dialplan has its file here.
#[test]
fn every_code_is_a_lint() {
    let code = regex::Regex::new(r#"(?:Diagnostic::(?:warning|error)\(|\bcode: |let code = (?:if [^{]*\{)?|else \{)\s*"([a-z0-9]+(?:-[a-z0-9]+)+)""#).expect("it compiles");
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialplan")];
    // The module may be built as a crate of its own.
    if !folders[0].exists() {
        folders = vec![Path::new(file!())
            .ancestors()
            .nth(2)
            .expect("it lies in a folder")
            .to_path_buf()];
    }
    let mut seen = 0;
    let mut unknown = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)
            .expect("the folder can be read")
            .flatten()
        {
            let path = entry.path();
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && !name.contains("/suite/") && !name.contains("tests") {
                let text = std::fs::read_to_string(&path).expect("source is text");
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                if !text.contains("Diagnostic::") {
                    continue;
                }
                for found in code.captures_iter(text) {
                    seen += 1;
                    if super::find(&found[1]).is_none() {
                        unknown.insert(format!("{name}: {}", &found[1]));
                    }
                }
            }
        }
    }
    assert!(seen >= 40, "only {seen} codes were found");
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn comments_allow_what_is_meant_so() {
    let found = |text: &str| codes(text, "");
    let line = "exten => s,1,Playback(helo)";
    assert!(found(&format!("[a]\n{line}\n")).contains("missing-sound"));
    for text in [
        format!("[a]\n{line} ; allow(missing-sound)\n"),
        format!("[a]\n; allow(missing-sound, macro): it comes later\n{line}\n"),
        format!("; What this is.\n;; allow-file(missing-sound)\n[a]\n{line}\n"),
    ] {
        assert_eq!(found(&text), BTreeSet::new(), "{text}");
    }
    for text in [
        format!("[a]\n{line} ; allow(mising-sound)\n"),
        format!("[a]\n{line}\n; allow-file(missing-sound)\n"),
        format!("[a]\n{line}\n; allow(unknown-application)\n"),
    ] {
        assert_eq!(
            found(&text),
            BTreeSet::from(["missing-sound", "unknown-allow"]),
            "{text}"
        );
    }
}

/// Dialplans as people write them, in which nothing is wrong.
#[test]
fn common_style_gives_no_false_alarm() {
    for text in [
        "[a]\nexten => s,1,Set(I=0)\n same => n(top),Set(I=$[${I} + 1])\n same => n,GotoIf($[${I} = 3]?end:top)\n same => n(end),Hangup()\n",
        "[a]\nexten => s,1,Memo(main)\n same => n,GotoIf($[\"${MEMO_STATUS}\" = \"STORED\"]?end)\n same => n,Goto(s,1)\n same => n(end),Hangup()\n",
        "[a]\nexten => s,1,Memo(main)\n same => n,GotoIf($[${MEMO_STATUS} = STORED]?end)\n same => n(end),Hangup()\n",
        "[a]\nexten => _NXX,1,Goto(b,${EXTEN},1)\nexten => i,1,Hangup()\n[b]\nexten => _NXX,1,Hangup()\n",
        "[a]\nexten => s,1,Read(N,hello)\n same => n,Set(N=${FILTER(0-9,${N})})\n same => n,Goto(b,${N},1)\n[b]\nexten => 1,1,Hangup()\n",
        "[a]\nexten => s,1,Gosub(sub,s,1(x))\n same => n,Hangup()\n[sub]\nexten => s,1,GotoIf($[${LEN(${ARG1})} > 2]?end)\n same => n(end),Return()\n",
        "[a]\nexten => s,1,AGI(lookup)\n same => n,NoOp(${WHATEVER})\n same => n,Hangup()\n",
        "[a]\nexten => s,1,Set(X${EPOCH}=1)\n same => n,NoOp(${X5} ${${EXTEN}})\n same => n,Hangup()\n",
        "[a]\nexten => s,1,NoOp(a | b)\n same => n,ExecIf($[ 1 | 0 ]?NoOp(x|y))\n same => n,Hangup()\n same => n,Hangup()\n",
        "[a]\nexten => s,1,Verbose(1,it costs $5)\n same => n,Hangup()\n",
        "[a]\nexten => _1XX,1,Hangup()\nexten => _X.,1,Answer()\n same => n,Hangup()\n",
        "[a]\nexten => s,1,Set(__NAME=${IF($[1]?x:y)})\n same => n,NoOp(${NAME}${_NAME})\n same => n,Hangup()\n",
    ] {
        let left: BTreeSet<&str> = codes(text, "").into_iter().filter(|code| *code != "unavailable-application").collect();
        assert_eq!(left, BTreeSet::new(), "{text}");
    }
}

/// What is wrong, and the code that tells.
#[test]
fn planted_mistakes_are_found() {
    for (text, code) in [
        ("[a]\nexten => s,1,Playback(${undefined})\n", "variable-never-set"),
        ("[a]\nexten => 100,2,Hangup()\n", "missing-priority"),
        ("[a]\nexten => _X!,1,Hangup()\nexten => _X,1,Hangup()\n", "unreachable-extension"),
        ("[a]\nexten => 5,1,NoOp()\nexten => _X.,1,NoOp()\n same => n,Hangup()\nexten => 55,1,NoOp()\n", "flows-into-pattern"),
        ("[a]\n=> n,Hangup()\nexten => s,1,Hangup()\n", "missing-same"),
        ("[a]\nexten => s,1,Answer()\nexten => n,Hangup()\n", "missing-same"),
        ("[a]\nexten => s,1,Answer()\nn,Set(A=1)\n", "missing-same"),
        ("[a]\ninclude => a\nexten => s,1,Hangup()\n", "include-loop"),
        ("[a]\nexten => s,1,Goto(a|s|1)\n", "pipe-separator"),
        ("[a]\ninclude => b|09:00-17:00|mon-fri|*|*\nexten => s,1,Hangup()\n[b]\n", "pipe-separator"),
        ("[a]\nexten => s,1,Verbose(1|hello)\n", "pipe-separator"),
        ("[a]\nexten => s,1,Set(N=${CALLERID(name)})\n same => n,Set(M=${TOLOWER(${N})})\n same => n,Playback(names/${M})\n", "unfiltered-input"),
        ("[a]\nexten => s,1,Gosub(b,s,1(${CALLERID(num)}))\n[b]\nexten => s,1,Goto(c,${ARG1},1)\n[c]\nexten => 1,1,Hangup()\n", "unfiltered-input"),
        ("[a]\nexten => s,1,NoOp(${EVAL(${PJSIP_HEADER(read,X-Do)})})\n", "unfiltered-input"),
        ("[a]\nexten => s,1,ExecIf($[1]?Goto(b,${CALLERID(num)},1))\n[b]\nexten => 1,1,Hangup()\n", "unfiltered-input"),
        ("[a]\nexten => s,1,GotoIf($[${CALLERID(num)} = ${EPOCH}]?s,1)\n", "unquoted-operand"),
        ("[a]\nexten => s,1,Read(PIN,hello)\n same => n,GotoIf($[1 & (${PIN} != 1234)]?s,1)\n", "unquoted-operand"),
        ("[a]\nexten => s,1,Set(A=$[(1 + 2])\n", "bad-expression"),
        ("[a]\nexten => s,1,Set(A=x)\n same => n,NoOp($(A) {A})\n", "not-a-reference"),
    ] {
        assert!(codes(text, "").contains(code), "{text}: {:?}", codes(text, ""));
    }
}

#[test]
fn contexts_that_nothing_reaches_are_told_where_the_entries_are_known() {
    let found = |text: &str| codes(text, "unreachable-context").contains("unreachable-context");
    assert!(found(
        "[default]\nexten => s,1,Hangup()\n[b]\nexten => s,1,Hangup()\n"
    ));
    for text in [
        "[default]\ninclude => b\nexten => s,1,Hangup()\n[b]\nexten => s,1,Hangup()\n",
        "[default]\nexten => s,1,GotoIf(1?b,s,1)\n[b]\nexten => s,1,Hangup()\n",
        "[default]\nexten => s,1,Goto(b-${EXTEN},s,1)\n[b-1]\nexten => s,1,Hangup()\n",
        "[default]\nexten => s,1,Goto(${X},s,1)\n[b-1]\nexten => s,1,Hangup()\n",
        "[default]\nexten => s,1,Macro(b)\n[macro-b]\nexten => s,1,Hangup()\n",
    ] {
        assert!(!found(text), "{text}");
    }
}
