//! Any text between `$[` and `]`, regular expressions included.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::dialplan::expr::{evaluate, NoFunctions};

fuzz_target!(|text: &str| {
    let _ = evaluate(text, &mut NoFunctions);
});
