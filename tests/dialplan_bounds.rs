//! Dialplans that would never end, or would take all memory, in a running switch: the call ends with a diagnostic, and
//! other calls don't notice.

#[path = "common/switch.rs"]
mod switch;

use std::cell::Cell;
use std::process::{Child, Command, Stdio};
use switch::Switch;

const DIALPLAN: &str = r#"
[from-trunk]
include => default
[default]
; Answered first, so that the caller is there when it ends.
exten => 100,1,Answer()
 same => n(again),Goto(again)
exten => 101,1,Answer()
 same => n,Set(A=xxxxxxxxxxxxxxxx)
 same => n(again),Set(A=${A}${A})
 same => n,Goto(again)
exten => 102,1,Answer()
 same => n(again),Gosub(102,again)
exten => 103,1,Answer()
 same => n,Set(A=$[ 1 ])
 same => n(again),Set(N${A}=${REPEAT}${A})
 same => n,Set(A=${A}1)
 same => n,Goto(again)
exten => 104,1,Answer()
 same => n,Set(T=Exec(Exec(Exec(Exec(Exec(Exec(Exec(Exec(NoOp()))))))))
 same => n(again),ExecIf(1?${T})
 same => n,Goto(again)
exten => 200,1,Answer()
 same => n,Playback(digits/1)
 same => n,Verbose(1,all is well)
 same => n,Hangup(16)
"#;

fn call(switch: &Switch, number: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_obelus"))
        .args(["call", &format!("sip:{number}@{}", switch.udp)])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_dialplan_without_end_ends_its_own_call_and_no_other() {
    const AT_ONCE: usize = 3;
    let switch = Switch::start_quietly(DIALPLAN);
    for endless in [100, 101, 102, 103, 104] {
        let mut calls: Vec<Child> = (0..AT_ONCE).map(|_| call(&switch, endless)).collect();
        calls.push(call(&switch, 200));
        let (well, ended) = (Cell::new(false), Cell::new(0));
        switch.wait_for_line(&format!("ends {endless} and plays beside it"), |line| {
            let message = line["message"].as_str().unwrap_or_default();
            well.set(well.get() || message == "all is well");
            if line["level"] == "error" && message.contains("the dialplan could not go on") {
                ended.set(ended.get() + 1);
            }
            well.get() && ended.get() == AT_ONCE
        });
        // For each caller it is a call that was answered and hung up.
        for mut call in calls {
            assert!(call.wait().unwrap().success());
        }
    }
}
