//! A URI that is read must print so that it reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::sip::message::Uri;

fuzz_target!(|text: &str| {
    if let Ok(uri) = text.parse::<Uri>() {
        assert_eq!(uri.to_string().parse::<Uri>(), Ok(uri));
    }
});
