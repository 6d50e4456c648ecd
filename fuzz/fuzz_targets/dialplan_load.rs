//! Any text as a dialplan file: it loads or it has findings, each with a place in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::dialplan::{load, reader::Memory, Options};
use std::path::Path;

fuzz_target!(|text: &str| {
    let (_, findings) = load(Path::new("f.conf"), &Memory::new([("f.conf", text)]), &Options::default());
    for finding in findings {
        if let Some(span) = finding.span {
            assert!(span.source.text.get(span.range).is_some());
        }
    }
});
