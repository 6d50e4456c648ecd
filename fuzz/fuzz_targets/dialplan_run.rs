//! Any text as the steps of an extension, run to the end by a caller who speaks, presses keys and hangs up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::dialplan::testing::{block_on, Script, Scripted};
use obelus::dialplan::{load, reader::Memory, run, services, Globals, Options};
use obelus::rng::Rng;
use std::path::Path;
use std::sync::Arc;

const CALLER: &str = "at 2: press 12#, wait 3, press 5\nrecords: speak 3, press #\nat 60: hangup\n";

fuzz_target!(|steps: &str| {
    let text = format!("[default]\nexten => s,1,NoOp()\n{steps}\nexten => 12,1,NoOp()\nexten => h,1,NoOp()\n");
    // An endless loop is a finding that costs a tenth of a second by the usual bound.
    let options = Options { steps: 1_000, ..Options::default() };
    if let (Some(plan), _) = load(Path::new("f.conf"), &Memory::new([("f.conf", &*text)]), &options) {
        let mut call = Scripted::new(Script::parse(CALLER).expect("the script is well formed"));
        block_on(run(Arc::new(plan), &mut call, Globals::new(), Arc::new(services::Memory::new()), Rng::from_seed(1)));
    }
});
