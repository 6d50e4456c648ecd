//! `obelus dialplan …` as an author runs it: the binary, its output and its exit code.

use serde_json::{json, Value};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder with one dialplan, where the binary runs; the current folder has no configuration.
struct Author {
    folder: tempfile::TempDir,
}

const PLAN: &str = "\
[globals]
GREETING=hello

[inside]
exten => 7,1,NoOp()

[default]
exten => 100,1,Answer()
exten => _1XX,1,NoOp(any)
 same => n(say),Playback(beep)
exten => _1X.,1,Hangup()
include => inside
";

impl Author {
    fn new(plan: &str) -> Self {
        let author = Author {
            folder: tempfile::tempdir().expect("a folder can be made"),
        };
        author.write("plan.conf", plan);
        author
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the file can be written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_obelus"))
            .arg("dialplan")
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        stdin
            .write_all(input.as_bytes())
            .expect("the binary reads its input");
        drop(stdin);
        child.wait_with_output().expect("the binary ends")
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text(&output)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.says(arguments)).expect("it is JSON")
    }
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it is text")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = text(output);
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

#[test]
fn check_shows_each_mistake_at_its_place_and_fails_for_errors() {
    let author = Author::new("[default]\nexten => s,1,Playbock(beep)\n same => n,Set(a =1)\n");
    let output = author.run(&["check", "plan.conf"], "");
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output);
    assert!(
        shown.contains("plan.conf:2:14: error: there is no application called Playbock"),
        "{shown}"
    );
    assert!(shown.contains("exten => s,1,Playbock(beep)\n"), "{shown}");
    assert!(shown.contains("^^^^^^^^\n"), "{shown}");
    assert!(shown.contains("hint: is Playback meant?"), "{shown}");

    let output = author.run(&["check", "plan.conf", "--json"], "");
    let findings: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(findings[0]["code"], "unknown-application");
    assert_eq!(findings[0]["line"], 2);
    assert_eq!(findings[0]["severity"], "error");
}

#[test]
fn check_fails_for_warnings_only_when_told_to() {
    let author = Author::new("[default]\nexten => s,1,Set(a =1)\n");
    assert_eq!(author.run(&["check", "plan.conf"], "").status.code(), Some(0));
    let strict = author.run(&["check", "plan.conf", "--deny-warnings"], "");
    assert_eq!(strict.status.code(), Some(1));
}

#[test]
fn show_prints_a_context_in_the_order_of_the_search() {
    let author = Author::new(PLAN);
    assert_eq!(
        author.says(&["show", "default", "--file", "plan.conf"]),
        "\
[default]
100                    1. Answer()
_1XX                   1. NoOp(any)
                       2. (say) Playback(beep)
_1X.                   1. Hangup()
include => inside
"
    );
    let shown = author.json(&["show", "default", "--file", "plan.conf", "--json"]);
    assert_eq!(shown["extensions"][1]["steps"][1]["labels"], json!(["say"]));
    let unknown = author.run(&["show", "elsewhere", "--file", "plan.conf"], "");
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn explain_names_candidates_winner_and_steps() {
    let author = Author::new(PLAN);
    let answer = author.json(&["explain", "100@default", "--file", "plan.conf", "--json"]);
    assert_eq!(answer["number"], "100");
    assert_eq!(answer["context"], "default");
    assert_eq!(answer["winner"], "100");
    let candidates = answer["candidates"].as_array().expect("a list");
    let names: Vec<&Value> = candidates.iter().map(|c| &c["extension"]).collect();
    assert_eq!(names, ["100", "_1XX", "_1X."]);
    assert_eq!(answer["steps"][1]["extension"], "_1XX");
    assert_eq!(answer["steps"][1]["application"], "Playback");
    assert_eq!(answer["steps"][2], Value::Null);

    // Without a context: `default`, although it is not the first.
    let shown = author.says(&["explain", "7", "--file", "plan.conf"]);
    assert!(shown.starts_with("7 in [default] goes to 7\n"), "{shown}");
}

#[test]
fn explain_answers_many_questions_and_goes_on_after_a_bad_one() {
    let author = Author::new(PLAN);
    let questions = "100\n999@default\n1@elsewhere\n\n7@inside\n";
    let output = author.run(&["explain", "-", "--file", "plan.conf"], questions);
    assert!(output.status.success());
    let answers = lines(&output);
    assert_eq!(answers.len(), 5);
    assert_eq!(answers[0]["winner"], "100");
    assert_eq!(answers[1]["winner"], Value::Null);
    assert_eq!(answers[2]["error"], "there is no context [elsewhere]");
    assert!(answers[3]["error"].is_string());
    assert_eq!(answers[4]["winner"], "7");
}

#[test]
fn explain_knows_the_caller_and_the_time() {
    let author = Author::new(
        "[default]\nexten => 1/15550100,1,NoOp()\ninclude => night,22:00-06:00,*,*,*\n[night]\nexten => 1,1,NoOp()\n",
    );
    let ask = |more: &[&str]| {
        let arguments = [&["explain", "1", "--file", "plan.conf", "--json"], more].concat();
        author.json(&arguments)["winner"].clone()
    };
    assert_eq!(
        ask(&["--callerid", "15550100", "--at", "2026-03-02T10:00"]),
        "1/15550100"
    );
    assert_eq!(ask(&["--at", "2026-03-02 23:00"]), "1");
    assert_eq!(ask(&["--at", "2026-03-02 10:00"]), Value::Null);
    let bad = author.run(&["explain", "1", "--file", "plan.conf", "--at", "soon"], "");
    assert_eq!(bad.status.code(), Some(2));
}

#[test]
fn eval_prints_what_a_text_becomes() {
    let author = Author::new(PLAN);
    assert_eq!(author.says(&["eval", "$[${A} + 1]", "--set", "A=2"]), "3\n");
    assert_eq!(
        author.json(&["eval", "${GREETING}", "--file", "plan.conf", "--json"]),
        json!({"value": "hello"})
    );
    assert_eq!(
        author.says(&["eval", "${CALLERID(num)}", "--set", "CALLERID(num)=15550100"]),
        "15550100\n"
    );
    let output = author.run(&["eval", "-", "--set", "A=2"], "${A}\n$[1 +]\nä${A}\n");
    let answers = lines(&output);
    assert_eq!(answers[0], json!({"value": "2"}));
    assert_eq!(answers[1]["value"], "");
    assert!(answers[1]["warnings"][0].is_string());
    assert_eq!(answers[2], json!({"value": "ä2"}));
}

#[test]
fn a_dialplan_with_an_error_answers_nothing() {
    let author = Author::new("[default]\nexten => s,1,Playbock()\n");
    let output = author.run(&["explain", "s", "--file", "plan.conf"], "");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("unknown-application"), "{said}");
}

#[test]
fn test_runs_the_tests_beside_a_dialplan_and_shows_what_failed() {
    let author = Author::new(PLAN);
    author.write(
        "plan.test",
        "test Good\n  dial 100\n  expect to hear only beep\n\ntest Bad\n  dial 100\n  expect to hear hello\n",
    );
    let output = author.run(&["test", "plan.conf"], "");
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output);
    assert!(
        shown.starts_with(
            "plan.test:7: Bad\n  expected to hear hello\n  instead  heard beep\n  the call was:\n    0.00 answered\n"
        ),
        "{shown}"
    );
    assert!(shown.contains("1 passed, 1 failed, in "), "{shown}");

    author.write("plan.test", "test Good\n  dial 100\n  expect to hear only beep\n");
    let report = author.json(&["test", "plan.test", "--json"]);
    assert_eq!((&report["passed"], &report["failed"]), (&json!(1), &json!(0)));
    assert_eq!(report["tests"][0]["name"], "Good");

    author.write("plan.test", "test Good\n  dail 100\n");
    let output = author.run(&["test", "plan.test"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).starts_with("plan.test:2:3: error: \"dail\""),
        "{}",
        text(&output)
    );
}
