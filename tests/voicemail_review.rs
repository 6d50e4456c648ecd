//! The review of VoiceMail, through a whole switch: a caller hears the recording before it is kept, sample by sample, and
//! it is kept as it was heard. Nothing plain is on the disk meanwhile.

#[path = "common/g711.rs"]
mod g711;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/switch.rs"]
mod switch;

use g711::{mu_law, noise, packets_in, PACKET};
use obelus::memo::store::Store;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use switch::Switch;

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

/// Files below a folder with that in them.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if std::fs::read(&path)
            .is_ok_and(|content| content.windows(bytes.len()).any(|window| window == bytes))
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_caller_hears_the_recording_before_it_is_kept() {
    let mut seed = None;
    let switch = Switch::start_over(DIALPLAN, MAILBOX, |data| {
        seed = Some(owner::own(&Store::open(data).unwrap(), "ada"));
    });
    let said: Vec<i16> = noise(PACKET * PACKETS).into_iter().map(mu_law).collect();
    let (words, heard) = (
        switch.folder().join("words.wav"),
        switch.folder().join("heard.wav"),
    );
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
    // # ends the recording, 2 plays it; then the caller hangs up, which keeps it.
    let output = Command::new(env!("CARGO_BIN_EXE_obelus"))
        .args(["call", &format!("sip:1@{}", switch.udp), "--at-once", "--wav"])
        .arg(&words)
        .args(["--dtmf", "#2", "--stay", "6", "--record"])
        .arg(&heard)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let reader = hound::WavReader::open(&heard).unwrap();
    let heard: Vec<i16> = reader.into_samples().map(|sample| sample.unwrap()).collect();
    let packets = packets_in(&heard, &said);
    assert!(packets > PACKETS * 9 / 10, "{packets} packets were heard again");
    switch.wait_for_line("kept the memo", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("over with STORED"))
    });
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
