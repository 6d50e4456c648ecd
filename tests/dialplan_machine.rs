//! A running switch's dialplan with the machine's services: a real AGI program, a FastAGI server, and the database that
//! `obelus db` and the calls share.

#[path = "common/switch.rs"]
mod switch;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Output, Stdio};
use switch::Switch;

const DIALPLAN: &str = r#"
[from-trunk]
exten => 100,1,Answer()
 same => n,AGI(greet.sh,one,two words)
 same => n,Verbose(1,program ${AGISTATUS} ${greeting})
 same => n,Hangup()
exten => 101,1,Answer()
 same => n,AGI(agi://127.0.0.1:AGI_PORT/hello)
 same => n,Verbose(1,network ${AGISTATUS} ${greeting})
 same => n,Hangup()
exten => 102,1,Answer()
 same => n,Verbose(1,database ${DB(line/state)})
 same => n,Set(DB(line/calls)=$[0${DB(line/calls)} + 1])
 same => n,Hangup()
[default]
include => from-trunk
"#;

const PROGRAM: &str = r#"#!/bin/sh
# The environment ends with an empty line.
while read -r line && [ -n "$line" ]; do
    case $line in agi_arg_2:*) second=${line#agi_arg_2: } ;; esac
done
echo "SET VARIABLE greeting \"hello, $second\""
read -r answer
[ "$answer" = "200 result=1" ]
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

fn says(switch: &Switch, text: &str) {
    switch.wait_for_line(&format!("says {text:?}"), |line| {
        line["message"].as_str() == Some(text)
    });
}

fn db(switch: &Switch, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_obelus"))
        .arg("db")
        .args(arguments)
        .arg("--config")
        .arg(switch.folder().join("obelus.toml"))
        .output()
        .unwrap()
}

/// Serves one session: reads the environment, sets a variable, and hangs up its end.
fn serve(listener: &TcpListener) {
    let (stream, _): (TcpStream, _) = listener.accept().unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let environment: Vec<String> = lines
        .by_ref()
        .map(Result::unwrap)
        .take_while(|line| !line.is_empty())
        .collect();
    assert!(
        environment.iter().any(|line| line == "agi_network_script: hello"),
        "{environment:?}"
    );
    writeln!(&stream, "SET VARIABLE greeting \"from the network\"").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "200 result=1");
}

#[test]
fn programs_and_servers_speak_with_a_call_and_the_database_is_shared() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let programs = tempfile::tempdir().unwrap();
    let program = programs.path().join("greet.sh");
    std::fs::write(&program, PROGRAM).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let settings = format!(
        "agi_folder = \"{}\"\nagi_hosts = [\"127.0.0.1:{port}\"]",
        programs.path().display()
    );
    let switch = Switch::start_with(&DIALPLAN.replace("AGI_PORT", &port.to_string()), &settings);

    let mut caller = call(&switch, 100);
    says(&switch, "program SUCCESS hello, two words");
    assert!(caller.wait().unwrap().success());

    let mut caller = call(&switch, 101);
    serve(&listener);
    says(&switch, "network SUCCESS from the network");
    assert!(caller.wait().unwrap().success());

    assert!(db(&switch, &["put", "line/state", "open"]).status.success());
    for _ in 0..2 {
        let mut caller = call(&switch, 102);
        says(&switch, "database open");
        assert!(caller.wait().unwrap().success());
    }
    let calls = db(&switch, &["get", "line/calls"]);
    assert_eq!(String::from_utf8_lossy(&calls.stdout).trim(), "2");
    assert!(db(&switch, &["delete", "line/state"]).status.success());
    assert!(!db(&switch, &["get", "line/state"]).status.success());
}
