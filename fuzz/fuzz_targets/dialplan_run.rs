//! Applications with any arguments, run to the end by each of four callers. Each line of the input is a step: its first
//! character chooses the application, the rest is what stands between the parentheses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::dialplan::apps;
use obelus::dialplan::testing::{block_on, Script, Scripted};
use obelus::dialplan::{load, reader::Memory, run, services, Globals, Options};
use obelus::rng::Rng;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// One speaks, presses keys and hangs up; one only listens; one hangs up at once; one presses everything and writes.
const CALLERS: [&str; 4] = [
    "at 2: press 12#, wait 3, press 5\nrecords: speak 3, press #\nat 60: hangup\n",
    "at 600: hangup\n",
    "number 15550100\nname Alice\nat 0: hangup\n",
    "at 0.1: press 1234567890*#, text hello, wait 1, speak 2, press *0#1\nrecords: speak 1, hangup\nat 90: hangup\n",
];
const STEPS: usize = 16;

static SCRIPTS: LazyLock<[Script; 4]> =
    LazyLock::new(|| CALLERS.map(|script| Script::parse(script).expect("the script is well formed")));
/// An endless loop costs a tenth of a second by the usual bound.
static OPTIONS: LazyLock<Options> = LazyLock::new(|| Options { steps: 1_000, ..Options::default() });

fuzz_target!(|input: &str| {
    let mut text = String::from("[default]\nexten => s,1,NoOp()\n");
    for line in input.lines().take(STEPS) {
        let mut characters = line.chars();
        let Some(first) = characters.next() else { continue };
        let app = apps::ALL[first as usize % apps::ALL.len()].manual().name;
        let _ = writeln!(text, " same => n,{app}({})", characters.as_str());
    }
    text += "exten => 12,1,NoOp()\nexten => h,1,NoOp()\n";
    if let (Some(plan), _) = load(Path::new("f.conf"), &Memory::new([("f.conf", &*text)]), &OPTIONS) {
        let plan = Arc::new(plan);
        for script in SCRIPTS.iter() {
            let mut call = Scripted::new(script.clone());
            let services = Arc::new(services::Memory::new());
            block_on(run(plan.clone(), &mut call, Globals::new(), services, Rng::from_seed(1)));
        }
    }
});
