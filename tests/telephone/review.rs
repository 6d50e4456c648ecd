//! The review of VoiceMail, through a whole switch: a caller hears the recording before it is kept, sample by sample, and
//! it is kept as it was heard. Nothing plain is on the disk meanwhile.

use crate::command::files_with;
use crate::g711::{mu_law, noise, packets_in, PACKET};
use crate::owner;
use crate::switch::Switch;
use obelus::memo::store::Store;
use std::path::PathBuf;

const DIALPLAN: &str = "
[from-trunk]
exten => 1,1,VoiceMail(ada,s)
exten => h,1,Verbose(1,over with ${MEMO_STATUS})
";
const MAILBOX: &str = "
[[mailbox]]
name = \"ada\"
beep = false
silence_secs = 0
min_secs = 0
review = true
";
/// Packets of the message: two seconds and a half, so that the last part second is in no frame.
const PACKETS: usize = 125;

#[test]
fn a_caller_hears_the_recording_before_it_is_kept() {
    let mut seed = None;
    let switch = Switch::start_over(DIALPLAN, MAILBOX, |data| {
        seed = Some(owner::own(&Store::open(data).unwrap(), "ada"));
    });
    let said: Vec<i16> = noise(PACKET * PACKETS).into_iter().map(mu_law).collect();
    let words = switch.folder().join("words.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&words, spec).unwrap();
    said.iter()
        .for_each(|sample| writer.write_sample(*sample).unwrap());
    writer.finalize().unwrap();
    // # ends the recording, 2 plays it; then the caller presses nothing, which keeps it.
    let heard = switch.hear(1, Some(&words), "#2", 60);
    let packets = packets_in(&heard, &said);
    assert!(packets > PACKETS * 9 / 10, "{packets} packets were heard again");
    switch.wait_for_message("over with STORED");
    let plain: Vec<u8> = said[..PACKET]
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let folder = switch.stop();
    let data = folder.path().join("data");
    assert_eq!(files_with(&data, &plain), Vec::<PathBuf>::new());
    let store = Store::open(&data).unwrap();
    let page = store.list(None, None, 10).unwrap();
    let [record] = &page.records[..] else {
        panic!("one memo: {}", page.records.len())
    };
    let kept = owner::samples(&owner::open(&store, &seed.unwrap(), record));
    assert!(packets_in(&kept, &said) > PACKETS * 9 / 10 && record.complete);
}
