use super::*;
use std::sync::Arc;
use testing::{block_on, Script, Scripted};

#[test]
fn the_built_in_dialplan_has_no_findings_and_answers_any_number() {
    let reader = reader::Memory::new([("main.conf", MAIN_CONF)]);
    let (plan, findings) = load(Path::new("main.conf"), &reader, &Options::default());
    assert_eq!(findings, []);
    let plan = plan.unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH;
    for did in ["", "5", "15550100", "+15550100", "alice", "s"] {
        assert_eq!(plan.accepts("from-trunk", did, "", now), Match::Yes, "{did}");
    }
    assert_eq!(plan.accepts("elsewhere", "5", "", now), Match::No);
}

#[test]
fn a_caller_leaves_a_memo_on_the_built_in_dialplan() {
    let script = Script::parse("context from-trunk\ndid 15550100\nrecords: speak 4, press #").unwrap();
    let mut call = Scripted::new(script);
    let rng = crate::rng::Rng::from_seed(1);
    let end = block_on(run(Arc::new(built_in()), &mut call, Globals::new(), rng));
    assert_eq!(end, RunEnd::Hangup { cause: 16 });
    assert_eq!(
        call.transcript(),
        "0.00 answered\n0.50 hears greeting\n1.50 hears beep\n6.50 recorded 4.00 s, ended by #\n\
         6.50 memo-1 of 4.00 s for main\n6.50 hears memo-saved\n7.50 hung up, cause 16\n"
    );
}
