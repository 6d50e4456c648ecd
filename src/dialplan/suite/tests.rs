use super::*;
use crate::dialplan::reader::Memory;
use proptest::prelude::*;

const PLAN: &str = "\
[globals]
TRIES=1
[default]
exten => 100,1,Answer()
 same => n,BackGround(menu)
 same => n,WaitExten(3)
exten => 1,1,Playback(one)
 same => n,Set(GLOBAL(LAST)=${EXTEN})
 same => n,Memo(sales)
 same => n,Hangup()
exten => i,1,Playback(invalid)
exten => t,1,Hangup(19)
exten => h,1,Set(STATUS=${MEMO_STATUS})
exten => 200,1,GotoIfTime(09:00-17:00,mon-fri,*,*?open,1)
 same => n,Playback(closed,noanswer)
exten => open,1,Playback(open)
";

fn report(tests: &str) -> Report {
    let files = Memory::new([("a.conf", PLAN), ("a.test", tests)]);
    run(Path::new("a.test"), &files, &Options::default())
}

fn failures(tests: &str) -> Vec<String> {
    let report = report(tests);
    assert_eq!(report.findings, []);
    let all = report.tests.iter().flat_map(|test| {
        let failures = test.failures.iter();
        failures.map(move |f| format!("{}:{}: {} | {}", test.name, f.line, f.expected, f.happened))
    });
    all.collect()
}

#[test]
fn what_happens_as_expected_passes() {
    let tests = r#"
# A comment.
mailbox sales, at least 1 second, no beep
test One is for sales
  dial 100 from 15550100 named "A caller"
  when menu plays, press 1
  when recording, speak 4 seconds, press #
  expect an answer
  expect to hear menu, then one
  expect to hear memo-saved
  expect to hear only menu, one, memo-saved
  expect not to hear invalid
  expect a memo for sales of 3 to 5 seconds
  expect variable STATUS = STORED
  expect variable CALLERID(name) = "A caller"
  expect global LAST = 1
  expect hang-up with cause 16
  expect hang-up by the dialplan

test Nobody presses anything
  dial 100
  expect no memo
  expect hang-up with cause 19

test Open on a Monday
  at 2026-03-02 10:00 Europe/Lisbon
  dial 200 in default
  expect to hear only open

test Closed on a Sunday, without an answer
  dial 200
  at 2026-03-01 10:00 Europe/Lisbon
  expect to hear only closed
  expect no answer

test The caller hangs up
  dial 100
  after 0.5 seconds, hang up
  expect hang-up by the caller
"#;
    assert_eq!(failures(tests), [""; 0]);
}

#[test]
fn what_happens_otherwise_is_told() {
    let tests = "\
mailbox sales, at least 2 seconds
test One
dial 100
when menu plays, press 1
when recording, speak 1, hang up
expect to hear menu, two
expect no answer
expect a memo for sales of at least 3 seconds
expect variable STATUS = STORED
expect no memo
expect hang-up by the dialplan
expect database a/b = c
test Nothing
expect no memo
";
    assert_eq!(
        failures(tests),
        [
            "One:6: to hear two after menu | heard menu, one, beep",
            "One:7: no answer | an answer",
            "One:8: a memo for sales of at least 3 seconds | no memo",
            "One:9: STATUS = STORED | STATUS is \"TOOSHORT\"",
            "One:11: hang-up by the dialplan | the caller hung up",
            "One:12: database a/b = c | no database a/b",
            "Nothing:13: a sentence that says which number is dialled | nobody called",
        ]
    );
}

#[test]
fn a_sentence_that_is_not_understood_is_shown_at_its_place() {
    for (line, place, message) in [
        (
            "expct no memo",
            "2:1",
            "\"expct\" is not understood here: expected dial, at",
        ),
        ("dial", "2:5", "the line ends here: expected the number to dial"),
        (
            "dial 1 form 2",
            "2:8",
            "\"form\" is not understood here: expected from",
        ),
        (
            "when menu plays, pres 1",
            "2:18",
            "\"pres\" is not understood here: expected press",
        ),
        (
            "when menu plays, press 1x",
            "2:18",
            "x is not a key of a telephone",
        ),
        (
            "after soon, hang up",
            "2:7",
            "\"soon\" is not understood here: expected a number of seconds",
        ),
        (
            "expect a memo for sales of 4 to 6 seconds now",
            "2:43",
            "\"now\" is not understood here",
        ),
        ("at noon", "2:4", "noon is not a time"),
        (
            "at 2026-03-02 10:00 Mars/Olympus",
            "2:4",
            "there is no time zone called Mars/Olympus",
        ),
        (
            "expect hang-up with cause 999",
            "2:27",
            "\"999\" is not understood here",
        ),
        (
            "global x",
            "2:8",
            "\"x\" is not understood here: expected name = value",
        ),
        ("dial \"1", "2:6", "the closing quotation mark is missing"),
    ] {
        let report = report(&format!("test x\n{line}\n"));
        assert_eq!(report.findings.len(), 1, "{line}: {:?}", report.findings);
        let finding = &report.findings[0];
        let span = finding.span.as_ref().expect("it has a place");
        let (row, column) = span.source.position(span.range.start);
        assert_eq!(format!("{row}:{column}"), place, "{line}");
        assert!(
            finding.message.starts_with(message),
            "{line}: {}",
            finding.message
        );
    }
}

#[test]
fn a_dialplan_that_is_missing_or_wrong_runs_no_test() {
    let files = Memory::new([
        ("a.test", "dialplan b.conf\ntest x\ndial 1\n"),
        ("b.conf", "[a\n"),
    ]);
    let report = run(Path::new("a.test"), &files, &Options::default());
    assert_eq!(report.findings[0].code, "unclosed-section");
    let report = run(Path::new("b.test"), &files, &Options::default());
    assert_eq!(report.findings[0].code, "unreadable-file");
    assert!(!report.is_good());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_text_panics(text in "(?s)(test x\n)?((dial|when|expect|at|mailbox|after) ?[\"a-zé0-9,=/ ]{0,20}\n){0,5}.{0,10}") {
        let _ = report(&text);
    }
}
