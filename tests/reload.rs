//! The dialplan is loaded anew in a running switch, and no call notices but those that come after it.

#[path = "common/switch.rs"]
mod switch;

use serde_json::Value;
use std::process::{Child, Command, Output, Stdio};
use switch::Switch;

/// A dialplan whose calls say which one they run, and wait for a global variable that only a later dialplan sets.
fn dialplan(version: &str, go: &str) -> String {
    format!(
        "[globals]\nGO={go}\n[default]\ninclude => from-trunk\n[from-trunk]\nexten => _X.,1,Answer()\n\
         same => n,Verbose(1,{version} begins)\n\
         same => n(again),GotoIf($[\"${{GO}}\" = \"yes\"]?done)\n\
         same => n,Wait(0.05)\n\
         same => n,Goto(again)\n\
         same => n(done),Verbose(1,{version} ends)\n\
         same => n,Hangup(16)\n"
    )
}

fn call(switch: &Switch) -> Child {
    Command::new(env!("CARGO_BIN_EXE_obelus"))
        .args(["call", &format!("sip:5550100@{}", switch.udp)])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn reload(switch: &Switch) -> Output {
    Command::new(env!("CARGO_BIN_EXE_obelus"))
        .args(["reload", "--json", "--config"])
        .arg(switch.folder().join("obelus.toml"))
        .output()
        .unwrap()
}

fn hang_up(switch: &Switch) {
    let pid = nix::unistd::Pid::from_raw(switch.pid() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGHUP).unwrap();
}

#[test]
fn a_call_finishes_on_the_dialplan_that_it_began_with() {
    let switch = Switch::start(&dialplan("first", "no"));
    let mut old = call(&switch);
    switch.wait_for_message("first begins");

    switch.write_dialplan(&dialplan("second", "yes"));
    let answer = reload(&switch);
    let report: Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert!(answer.status.success(), "{report}");
    assert_eq!(report["calls"], 1, "{report}");
    switch.wait_for_message("first ends");
    assert!(old.wait().unwrap().success());

    let mut new = call(&switch);
    switch.wait_for_message("second begins");
    switch.wait_for_message("second ends");
    assert!(new.wait().unwrap().success());
}

#[test]
fn a_load_with_an_error_keeps_what_was_running_and_says_so() {
    let switch = Switch::start(&dialplan("first", "yes"));
    switch.write_dialplan("[from-trunk]\nexten => _X.,1,Answer()\nsame => n,Nonsense()\n");
    let answer = reload(&switch);
    assert!(!answer.status.success());
    let report: Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(report["calls"], Value::Null);
    assert_eq!(report["findings"][0]["code"], "unknown-application", "{report}");
    assert!(
        report["shown"].as_str().unwrap().contains("dialplan.conf:3:"),
        "{report}"
    );
    switch.wait_for_message("the old one stays in force");
    let mut next = call(&switch);
    switch.wait_for_message("first ends");
    assert!(next.wait().unwrap().success());
}

#[test]
fn the_signal_hup_loads_the_dialplan_anew() {
    let switch = Switch::start(&dialplan("first", "yes"));
    switch.write_dialplan(&dialplan("second", "yes"));
    hang_up(&switch);
    switch.wait_for_message("SIGHUP: the dialplan was loaded anew");
    let mut next = call(&switch);
    switch.wait_for_message("second ends");
    assert!(next.wait().unwrap().success());
}

#[test]
fn a_changed_file_is_loaded_anew_where_the_configuration_asks_for_it() {
    let switch = Switch::start_with(&dialplan("first", "yes"), "watch = true");
    // An included file that comes, and is not whole at first.
    switch.write_dialplan(&(dialplan("second", "yes") + "#tryinclude \"more.conf\"\n"));
    switch.wait_for_message("changed: the dialplan was loaded anew");
    std::fs::write(
        switch.folder().join("more.conf"),
        "[from-trunk]\nexten => s,1,Nonsense()\n",
    )
    .unwrap();
    switch.wait_for_message("the old one stays in force");
    std::fs::write(switch.folder().join("more.conf"), "[more]\nexten => s,1,NoOp()\n").unwrap();
    switch.wait_for_message("changed: the dialplan was loaded anew");
    let mut next = call(&switch);
    switch.wait_for_message("second ends");
    assert!(next.wait().unwrap().success());
}
