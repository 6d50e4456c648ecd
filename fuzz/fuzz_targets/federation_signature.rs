//! Header fields of a signed request are read or refused, and a dictionary that is read prints so that it reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::federation::signature::{check_digest, Presented};
use obelus::federation::structured::Dictionary;

fuzz_target!(|fields: (&str, &str)| {
    let (input, signature) = fields;
    if let Ok(dictionary) = Dictionary::parse(input) {
        assert_eq!(Dictionary::parse(&dictionary.to_string()), Ok(dictionary));
    }
    if let Ok(Some(presented)) = Presented::read(input, signature) {
        let _ = presented.check_time(1_800_000_000);
    }
    let _ = check_digest(input, signature.as_bytes());
});
