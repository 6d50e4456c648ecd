//! A report that is read can be told again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::rtp::rtcp::{round_trip, Compound, Report};
use obelus::time::Instant;

fuzz_target!(|bytes: &[u8]| {
    let Ok(compound) = Compound::parse(bytes) else {
        return;
    };
    for block in &compound.reports {
        let _ = round_trip(Instant::from_secs(100), block);
    }
    let report = Report {
        ssrc: compound.ssrc,
        sender: compound.sender,
        block: compound.reports.first().copied(),
        cname: "fuzz",
        bye: false,
    };
    let again = Compound::parse(&report.to_bytes()).expect("what was printed reads");
    assert_eq!(again.sender, compound.sender);
    assert_eq!(again.reports.first(), compound.reports.first());
});
