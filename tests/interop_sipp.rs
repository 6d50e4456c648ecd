//! SIPp calls the switch: its own user agent, its own RTP. What it said is read back by a program of another make.

#[path = "common/g711.rs"]
mod g711;
#[path = "common/peer.rs"]
mod peer;
#[path = "common/switch.rs"]
mod switch;

use g711::{mu_law, noise, packets_in, PACKET};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, AtomicU8, Ordering};
use std::time::{Duration, Instant};
use switch::{Switch, PATIENCE};

const DIALPLAN: &str = "
[from-trunk]
exten => _X.,1,Answer()
 same => n,Memo(main)
 same => n,Hangup()
; Takes so many seconds of what is said, however long they take to come.
exten => _9X,1,Answer()
 same => n,Memo(main,t(${EXTEN:1}))
 same => n,Hangup()
; Sends back what it hears, until #; then presses and writes itself.
exten => 5550144,1,Answer()
 same => n,Echo()
 same => n,SendDTMF(12#)
 same => n,ReceiveText(20)
 same => n,SendText(you said ${RECEIVETEXTMESSAGE})
 same => n,Hangup()
; Is never answered.
exten => 5550188,1,Wait(60)
";

/// SIPp at work on one switch.
struct Sipp<'a> {
    program: PathBuf,
    switch: &'a Switch,
    folder: tempfile::TempDir,
}

impl<'a> Sipp<'a> {
    fn new(program: PathBuf, switch: &'a Switch) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Sipp {
            program,
            switch,
            folder,
        }
    }

    /// A scenario of `tests/sipp` with `{name}` replaced.
    fn fill(&self, scenario: &str, fill: &[(&str, String)]) -> PathBuf {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/sipp/{scenario}.xml"));
        let mut text = std::fs::read_to_string(file).unwrap();
        for (name, value) in fill {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        let file = self.folder.path().join("scenario.xml");
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Runs a scenario of `tests/sipp` with `{name}` replaced, and demands that it went as written.
    fn run(&self, scenario: &str, to: &str, transport: &str, fill: &[(&str, String)]) {
        let file = self.fill(scenario, fill);
        let remote = match transport {
            "t1" => self.switch.tcp,
            _ => self.switch.udp,
        };
        let output = Command::new(&self.program)
            .arg("-sf")
            .arg(&file)
            .args(["-s", to, "-t", transport, "-m", "1", "-nostdin"])
            .args(["-i", &own_address(), "-mi", "127.0.0.1"])
            .args(["-p", PORT, "-mp", &media_port().to_string()])
            .args(PATIENT)
            .arg(remote.to_string())
            .env("TERM", "dumb")
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{scenario}: {}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Waits as a phone at that address for one request and demands that it is as the scenario says.
    fn answer(&self, scenario: &str, address: &str, fill: &[(&str, String)]) {
        let output = Command::new(&self.program)
            .arg("-sf")
            .arg(self.fill(scenario, fill))
            .args(["-t", "u1", "-m", "1", "-nostdin", "-i", address, "-p", PORT])
            .args(PATIENT)
            .env("TERM", "dumb")
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{scenario}: {}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// A file of G.711 that lasts ten seconds, what it decodes to, and what fills the scenario in with it.
    fn audio(&self) -> (Vec<i16>, Vec<(&'static str, String)>) {
        let octets = noise(500 * PACKET);
        let file = self.folder.path().join("audio.pcmu");
        std::fs::write(&file, &octets).unwrap();
        let samples = octets.iter().map(|&octet| mu_law(octet)).collect();
        (samples, vec![("audio", file.display().to_string())])
    }
}

/// SIPp's port for SIP, on an address of its own.
const PORT: &str = "25060";
/// Longer than all of a call takes, and any message.
const PATIENT: [&str; 5] = ["-timeout", "180s", "-timeout_error", "-recv_timeout", "60000"];

/// An address of loopback's for one SIPp: a port that was free a moment ago may be another's already.
fn own_address() -> String {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    let pid = std::process::id();
    let n = 10 + NEXT.fetch_add(1, Ordering::Relaxed) % 80;
    Ipv4Addr::new(127, n, (pid >> 7) as u8, 1 + (pid & 0x7f) as u8).to_string()
}

/// Where SIPp begins to look for a port for its RTP: apart for each of its processes.
fn media_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let slot = (std::process::id() as u16).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 100;
    22_000 + slot * 20
}

/// Calls, leaves a memo of so many seconds, opens it, and compares it with what was sent.
fn leave_and_compare(scenario: &str, transport: &str, secs: usize) {
    let (Some(program), Some(python)) = (peer::peer("sipp"), peer::peer("python3:cryptography")) else {
        return;
    };
    let switch = Switch::start(DIALPLAN);
    let sipp = Sipp::new(program, &switch);
    let (mut sent, fill) = sipp.audio();
    sipp.run(scenario, &format!("9{secs}"), transport, &fill);
    let memo = switch.open(&python, &switch.next_memo());
    // It begins with what was said when the recording did.
    let first = sent.chunks(PACKET).position(|packet| memo.starts_with(packet));
    sent.rotate_left(first.expect("the memo begins with a packet") * PACKET);
    let packets = secs * 50;
    let sent = &sent[..packets * PACKET];
    let found = packets_in(&memo, sent);
    println!("{scenario} by {transport}: {found} of {packets} packets are in the memo");
    assert!(found * 100 >= packets * 99, "{found} of {packets} packets");
    if found == packets {
        // Nothing was lost, so nothing may stand between the packets either.
        assert!(memo == sent, "something was put between the packets");
    }
}

#[test]
fn a_memo_is_what_was_sent_sample_by_sample() {
    leave_and_compare("leave_memo", "u1", 8);
}

#[test]
fn a_call_over_tcp_leaves_the_same_memo() {
    leave_and_compare("leave_memo", "t1", 2);
}

#[test]
fn an_offer_may_come_in_the_200_and_its_answer_in_the_ack() {
    leave_and_compare("offer_in_200", "u1", 2);
}

#[test]
fn a_call_is_held_and_resumed_and_what_follows_is_recorded() {
    leave_and_compare("hold_resume", "u1", 2);
}

#[test]
fn a_call_that_moves_is_followed() {
    let Some(program) = peer::peer("sipp") else { return };
    let switch = Switch::start(DIALPLAN);
    let sipp = Sipp::new(program, &switch);
    let moved = UdpSocket::bind("127.0.0.1:0").unwrap();
    moved.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = moved.local_addr().unwrap().port();
    std::thread::scope(|scope| {
        let listener = scope.spawn(|| {
            // While it records the switch sends a frame of silence a second, to the new port by and by.
            let mut packet = [0; 200];
            let (len, switch) = moved.recv_from(&mut packet).unwrap();
            // The end of the recording, and so of the call.
            press_pound(&moved, switch, 0);
            (len, packet)
        });
        sipp.run("moved", "5550100", "u1", &[("moved", port.to_string())]);
        let (len, packet) = listener.join().expect("the switch sends there");
        assert_eq!((packet[0] >> 6, packet[1] & 0x7f), (2, 0), "RTP of mu-law");
        assert_eq!(len, 12 + PACKET);
    });
}

#[test]
fn a_caller_who_gives_up_is_answered_487() {
    let Some(program) = peer::peer("sipp") else { return };
    let switch = Switch::start(DIALPLAN);
    Sipp::new(program, &switch).run("cancel", "5550188", "u1", &[]);
    assert!(switch.has_no_memo());
}

#[test]
fn a_number_that_the_dialplan_does_not_have_is_answered_404() {
    let Some(program) = peer::peer("sipp") else { return };
    let switch = Switch::start(DIALPLAN);
    Sipp::new(program, &switch).run("refused", "nobody", "u1", &[]);
}

#[test]
fn a_caller_who_hangs_up_at_once_leaves_no_memo_and_the_next_one_does() {
    let Some(program) = peer::peer("sipp") else { return };
    let switch = Switch::start(DIALPLAN);
    let sipp = Sipp::new(program, &switch);
    sipp.run("early_hangup", "5550100", "u1", &[]);
    let (_, fill) = sipp.audio();
    sipp.run("leave_memo", "93", "u1", &fill);
    let memo = switch.next_memo();
    assert!(memo["seconds"].as_f64().expect("a length") >= 3.0, "{memo}");
    assert!(switch.has_no_memo());
}

#[test]
fn what_is_said_comes_back_then_digits_are_sent_and_texts_go_both_ways() {
    let Some(program) = peer::peer("sipp") else { return };
    let switch = Switch::start(DIALPLAN);
    let sipp = Sipp::new(program, &switch);
    let media = UdpSocket::bind("127.0.0.1:0").unwrap();
    media.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = media.local_addr().unwrap().port();
    std::thread::scope(|scope| {
        let listener = scope.spawn(|| echo_then_digits(&media));
        sipp.run("converse", "5550144", "u1", &[("media", port.to_string())]);
        assert_eq!(listener.join().expect("the media went as it should"), "12#");
    });
}

#[test]
fn a_text_outside_a_call_reaches_its_peer_and_the_dialplan_hears_of_it() {
    let Some(program) = peer::peer("sipp") else { return };
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone.set_read_timeout(Some(PATIENCE)).unwrap();
    let to = format!("sip:desk@{}", phone.local_addr().unwrap());
    let switch = Switch::start(&format!(
        "[from-trunk]\nexten => 5550155,1,Set(MESSAGE(body)=good day)\n \
         same => n,MessageSend({to})\n same => n,Log(NOTICE,the text: ${{MESSAGE_SEND_STATUS}})\n \
         same => n,Answer()\n same => n,Wait(30)\n"
    ));
    let sipp = Sipp::new(program, &switch);
    std::thread::scope(|scope| {
        let answered = scope.spawn(|| answer_a_message(&phone));
        sipp.run("early_hangup", "5550155", "u1", &[]);
        let message = answered.join().expect("a text came");
        assert!(
            message.starts_with(&format!("MESSAGE {to} SIP/2.0\r\n")),
            "{message}"
        );
        assert!(message.ends_with("\r\n\r\ngood day"), "{message}");
    });
    switch.wait_for_message("the text: SUCCESS");
}

/// What a mailbox with a phone has in a configuration.
fn mailbox_of_phone(address: &str) -> String {
    format!(
        "[[mailbox]]\nname = \"phone\"\nbeep = false\nsilence_secs = 0\nmwi = \"sip:100@{address}:{PORT}\""
    )
}

#[test]
fn a_phone_is_told_of_waiting_messages_at_the_start_and_of_each_new_memo() {
    let Some(program) = peer::peer("sipp") else { return };
    let phone = own_address();
    let dialplan =
        "[from-trunk]\nexten => 5550166,1,Answer()\n same => n,Memo(phone,t(3))\n same => n,Hangup()\n";
    let switch = Switch::start_with(dialplan, &mailbox_of_phone(&phone));
    let sipp = Sipp::new(program, &switch);
    let told = |waiting: &str, counts: &str| [("waiting", waiting.to_owned()), ("counts", counts.to_owned())];
    // What was sent before the phone listened comes again.
    sipp.answer("waiting", &phone, &told("no", "0/0"));
    let (_, fill) = sipp.audio();
    sipp.run("leave_memo", "5550166", "u1", &fill);
    sipp.answer("waiting", &phone, &told("yes", "1/0"));
}

#[test]
fn a_phone_subscribes_to_waiting_messages_and_leaves() {
    let Some(program) = peer::peer("sipp") else { return };
    let switch = Switch::start(DIALPLAN);
    let sipp = Sipp::new(program, &switch);
    for transport in ["u1", "t1"] {
        sipp.run("subscribe", "main", transport, &[]);
    }
}

/// Takes a MESSAGE and answers it 200; gives the MESSAGE.
fn answer_a_message(phone: &UdpSocket) -> String {
    let mut buffer = [0; 4_000];
    let (len, switch) = phone.recv_from(&mut buffer).unwrap();
    let message = String::from_utf8_lossy(&buffer[..len]).into_owned();
    let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
    for line in message
        .lines()
        .filter(|line| kept.iter().any(|name| line.starts_with(name)))
    {
        answer += &format!("{line}\r\n");
    }
    answer += "Content-Length: 0\r\n\r\n";
    phone.send_to(answer.as_bytes(), switch).unwrap();
    message
}

/// Has fifty packets echoed, ends the echo with `#`, and gives back the digits that come then.
fn echo_then_digits(media: &UdpSocket) -> String {
    const KNOCK: [u8; PACKET] = [0x55; PACKET];
    let mut buffer = [0; 400];
    // The switch speaks first; where it does so from is where it listens.
    let (_, switch) = media.recv_from(&mut buffer).unwrap();
    // Whether the echo has begun, only the echo tells: it is knocked at again and again.
    let mut sequence = 0;
    let begun = Instant::now();
    media.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    loop {
        sequence += 1;
        assert!(begun.elapsed() < PATIENCE, "nothing is echoed");
        media.send_to(&rtp(sequence, 0, &KNOCK), switch).unwrap();
        if matches!(media.recv_from(&mut buffer), Ok((len, _)) if buffer[12..len] == KNOCK) {
            break;
        }
    }
    media.set_read_timeout(Some(PATIENCE)).unwrap();
    for word in noise(50 * PACKET).chunks(PACKET) {
        sequence += 1;
        media.send_to(&rtp(sequence, 0, word), switch).unwrap();
        // Frames of silence may come between, and other knocks.
        loop {
            let (len, _) = media.recv_from(&mut buffer).unwrap();
            let payload = &buffer[12..len];
            if payload != KNOCK && payload.iter().any(|&octet| octet != 0xff) {
                assert!(payload == word, "packet {sequence} came back altered");
                break;
            }
        }
    }
    press_pound(media, switch, sequence);
    let (mut digits, mut last) = (String::new(), None);
    while digits.len() < 3 {
        let (len, _) = media.recv_from(&mut buffer).unwrap();
        let (kind, timestamp) = (buffer[1] & 0x7f, &buffer[4..8]);
        let is_new = last.as_deref() != Some(timestamp);
        if kind == 101 && len == 16 && buffer[13] & 0x80 != 0 && is_new {
            last = Some(timestamp.to_vec());
            digits.push(char::from(b"0123456789*#ABCD"[usize::from(buffer[12])]));
        }
    }
    digits
}

/// Sends the end of `#`, a tenth of a second long, three times, after the packet of that number.
fn press_pound(media: &UdpSocket, switch: SocketAddr, sequence: u16) {
    for n in 1..=3 {
        let mut packet = rtp(sequence + n, 101, &[11, 0x8a, 0x03, 0x20]);
        packet[4..8].copy_from_slice(&(u32::from(sequence + 1) * 160).to_be_bytes());
        media.send_to(&packet, switch).unwrap();
    }
}

fn rtp(sequence: u16, payload_type: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(0x5349_5070_u32.to_be_bytes());
    packet.extend(payload);
    packet
}
