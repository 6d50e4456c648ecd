//! baresip, a telephone with its own SIP stack, calls the switch and leaves a memo.

#[path = "common/g711.rs"]
mod g711;
#[path = "common/peer.rs"]
mod peer;
#[path = "common/switch.rs"]
mod switch;

use g711::{mu_law, noise, packets_in, PACKET};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use switch::{Switch, PATIENCE};

const DIALPLAN: &str = "
[from-trunk]
exten => _X.,1,Answer()
 same => n,Memo(main)
 same => n,Hangup()
";

/// Packets that the telephone's recording lasts.
const PACKETS: usize = 150;

fn write_wav(path: &Path, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for &sample in samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
}

/// A telephone of loopback's that speaks G.711 mu-law from a file.
fn configure(folder: &Path, recording: &Path) {
    let config = format!(
        "module_path /usr/lib/baresip/modules\n\
         net_interface 127.0.0.1\n\
         sip_listen 127.0.0.1:0\n\
         audio_source aufile,{}\n\
         ausrc_srate 8000\n\
         ausrc_channels 1\n\
         module g711.so\n\
         module aufile.so\n\
         module_tmp account.so\n\
         module_app menu.so\n",
        recording.display()
    );
    std::fs::write(folder.join("config"), config).unwrap();
    let account = "<sip:5550123@127.0.0.1>;regint=0;audio_codecs=pcmu\n";
    std::fs::write(folder.join("accounts"), account).unwrap();
    std::fs::write(folder.join("contacts"), "").unwrap();
}

/// Waits until so many packets of the call are on the disk, or the telephone has given up.
fn until_recorded(switch: &Switch, packets: usize, telephone: &mut Child) {
    let begun = Instant::now();
    let journals = switch.folder().join("data/journals");
    let is_there = || {
        let entries = std::fs::read_dir(&journals).unwrap();
        let length = entries.map(|entry| entry.unwrap().metadata().map_or(0, |data| data.len()));
        length.sum::<u64>() > (packets * PACKET * 2) as u64
    };
    while !is_there() && telephone.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < PATIENCE, "nothing is recorded");
        std::thread::yield_now();
    }
}

#[test]
fn a_telephone_leaves_its_recording_whole() {
    let (Some(program), Some(python)) = (peer::peer("baresip"), peer::peer("python3:cryptography")) else {
        return;
    };
    let switch = Switch::start(DIALPLAN);
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("recording.wav");
    // Samples that mu-law has, so that encoding changes none of them; and more that are said until it hangs up.
    let all: Vec<i16> = noise(4 * PACKETS * PACKET)
        .iter()
        .map(|&octet| mu_law(octet))
        .collect();
    write_wav(&recording, &all);
    configure(folder.path(), &recording);
    let mut telephone = Command::new(program)
        .arg("-f")
        .arg(folder.path())
        .args(["-e", &format!("/dial sip:5550100@{}", switch.udp)])
        // It quits after so many seconds whatever happens.
        .args(["-t", "120"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A second after all of them it hangs up, by this signal.
    until_recorded(&switch, PACKETS + 50, &mut telephone);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(telephone.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let output = telephone.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Call established"), "{said}");
    let memo = switch.open(&python, &switch.next_memo());
    // It spoke from the answer on, and the recording began as soon as the switch came to it.
    let begins = |packet: &[i16]| {
        memo[..PACKETS * PACKET]
            .windows(PACKET)
            .any(|window| window == packet)
    };
    let first = all.chunks(PACKET).position(begins);
    let sent = &all[first.expect("it is in the memo") * PACKET..][..PACKETS * PACKET];
    let found = packets_in(&memo, sent);
    println!("baresip: {found} of {PACKETS} packets are in the memo");
    assert!(
        found * 100 >= PACKETS * 99,
        "{found} of {PACKETS} packets\n{said}"
    );
}
