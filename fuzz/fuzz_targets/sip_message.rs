//! A message that is read must print so that it reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::sip::message::Message;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = Message::parse(bytes) {
        let printed = message.to_bytes();
        let again = Message::parse(&printed).expect("what was printed reads");
        assert_eq!(again.to_bytes(), printed);
    }
});
