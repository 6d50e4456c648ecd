//! Functions, as a dialplan asks them: what is set, what is asked, what comes out.

mod call;
mod lists;
mod machine;
mod odd;
mod texts;
mod times;

use crate::dialplan::testing::{Script, Scripted, Session};
use crate::dialplan::{load, reader, services, Globals, Options};
use crate::rng::Rng;
use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::Arc;

const DIALPLAN: &str = "[default]\nexten => s,1,NoOp()\nexten => s,n(there),NoOp()\nexten => 12,1,Return(${who} calls ${EXTEN}) ; allow(variable-never-set)\n\
                        exten => 12,hint,SIP/12\n";

/// Runs `body` on a call that came as the script says.
fn on(script: &str, body: impl FnOnce(&mut Session<'_>)) {
    on_machine(
        script,
        &[],
        &Globals::new(),
        &Arc::new(services::Memory::new()),
        body,
    );
}

/// Runs `body` on a call of a machine, whose configuration allows what is named.
fn on_machine(
    script: &str,
    allow: &[&str],
    globals: &Globals,
    machine: &Arc<services::Memory>,
    body: impl FnOnce(&mut Session<'_>),
) {
    let options = Options {
        zone: TimeZone::UTC,
        allow: allow.iter().map(|name| (*name).to_string()).collect(),
        ..Options::default()
    };
    let files = reader::Memory::new([("t.conf", DIALPLAN)]);
    let (plan, findings) = load(Path::new("t.conf"), &files, &options);
    assert_eq!(findings, []);
    let mut call = Scripted::new(Script::parse(script).unwrap());
    body(&mut Session::new(
        Arc::new(plan.unwrap()),
        &mut call,
        globals.clone(),
        machine.clone(),
        Rng::from_seed(1),
    ));
}

/// What is set first, what is asked, and the answer.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

/// Each row on a call of its own: what is set first, what is asked, and the answer. What cannot be set stays as it is.
fn table(script: &str, rows: &[Row<'_>]) {
    for (set, asked, expected) in rows {
        on(script, |session| {
            for (name, value) in *set {
                let _ = session.set(name, value);
            }
            assert_eq!(session.evaluate(asked), *expected, "{asked} after {set:?}");
        });
    }
}
