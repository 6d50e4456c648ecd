//! A description that is read prints so that it reads back the same, and an answer to it fits it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::codec::Codec;
use obelus::sdp::offer_answer::{LocalMedia, OfferAnswer};
use obelus::sdp::{extract, Sdp};

fuzz_target!(|data: &[u8]| {
    let _ = extract(Some("multipart/mixed;boundary=b"), data);
    let Ok(sdp) = Sdp::parse(data) else { return };
    assert_eq!(Sdp::parse(&sdp.to_bytes()), Ok(sdp.clone()));
    let local = LocalMedia { address: [192, 0, 2, 1].into(), port: 10_000, codecs: Codec::ALL.to_vec(), session_id: 1 };
    if let Ok((bytes, agreed)) = OfferAnswer::new(local).answer(&sdp) {
        let answer = Sdp::parse(&bytes).expect("our own answer can be read");
        assert_eq!(answer.media.len(), sdp.media.len());
        assert!(!agreed.direction.sends() || !agreed.remote.ip().is_unspecified());
    }
});
