//! What the switch itself answers: the program, over loopback UDP.

use crate::table::{read, Case, Live, CASES};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How many of the 61 must be answered as the RFCs ask.
const RIGHT: usize = 61;

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(60);

/// A switch of the test's own, which ends with it.
struct Switch {
    process: Child,
    sip: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Switch {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Switch {
    /// Starts one on ports that the system chooses, and reads from its log where it listens.
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("obelus.toml");
        std::fs::write(&config, configuration(folder.path())).expect("the configuration is written");
        let mut process = Command::new(env!("CARGO_BIN_EXE_obelus"))
            .args(["run", "--config"])
            .arg(&config)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the switch starts");
        let mut log = BufReader::new(process.stderr.take().expect("its log is a pipe")).lines();
        let mut seen = Vec::new();
        let sip = loop {
            let line = match log.next() {
                Some(Ok(line)) => line,
                _ => panic!("the switch ended before it listened:\n{}", seen.join("\n")),
            };
            if let Some(sip) = listening(&line) {
                break sip;
            }
            seen.push(line);
        };
        // The log must be read to its end, or the switch would wait for room in the pipe.
        std::thread::spawn(move || log.for_each(drop));
        Switch {
            process,
            sip,
            _folder: folder,
        }
    }

    /// A socket of its own for each message, so that no late answer is taken for another's.
    fn socket(&self) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(self.sip).expect("loopback is there");
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout can be set");
        socket
    }
}

fn configuration(folder: &Path) -> String {
    format!(
        "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\nmax_calls = 100\n[media]\nports = \"21000-21999\"\n\
         [http]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {:?}\n[[mailbox]]\nname = \"main\"\n",
        folder.join("data")
    )
}

/// The address in the line that says where SIP is listened for.
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening for SIP on udp:")?;
    rest.split_whitespace().next()?.parse().ok()
}

fn options(number: usize) -> Vec<u8> {
    format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKalive{number};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:probe@example.org>;tag=alive\r\nTo: <sip:127.0.0.1>\r\n\
         Call-ID: alive-{number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// The next response that is none of those before, which come again where nobody acknowledges them: its status, and
/// whether it answers our OPTIONS. None where none comes in time.
fn next(socket: &UdpSocket, before: &mut HashSet<Vec<u8>>) -> Option<(u16, bool)> {
    let mut buffer = [0; 65_535];
    let length = loop {
        match socket.recv(&mut buffer) {
            Ok(length) if before.insert(buffer[..length].to_vec()) => break length,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return None,
            Err(error) => panic!("the switch's port is closed: {error}"),
        }
    };
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    let status = text
        .strip_prefix("SIP/2.0 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .unwrap_or_else(|| panic!("a response expected: {text}"));
    Some((status, text.contains("\r\nCall-ID: alive-")))
}

/// Sends the message, then OPTIONS; gives the final statuses that came for the message.
fn ask(switch: &Switch, number: usize, case: &Case) -> Vec<u16> {
    let socket = switch.socket();
    socket.send(&read(case)).expect("loopback takes a datagram");
    socket.send(&options(number)).expect("loopback takes a datagram");
    let mut statuses = Vec::new();
    let mut alive = false;
    let mut before = HashSet::new();
    // Datagrams stay in order on loopback, so that silence is sure once OPTIONS is answered; a call takes longer.
    while !alive || (statuses.is_empty() && !matches!(case.live, Live::Silence)) {
        match next(&socket, &mut before) {
            Some((status, true)) => {
                assert_eq!(status, 200, "OPTIONS after {}", case.file);
                alive = true;
            }
            Some((status, false)) if status >= 200 => statuses.push(status),
            Some(_) => {}
            None => {
                assert!(alive, "no answer to OPTIONS after {}", case.file);
                break;
            }
        }
    }
    statuses
}

#[test]
fn the_switch_answers_as_the_rfcs_ask_and_lives_on() {
    let mut switch = Switch::start();
    let mut wrong = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let statuses = ask(&switch, number, case);
        if !case.live.is_met_by(&statuses) {
            wrong.push(format!(
                "{}: {:?} wanted, {statuses:?} came ({})",
                case.file, case.live, case.reason
            ));
        }
    }
    assert!(CASES.len() - wrong.len() >= RIGHT, "{wrong:#?}");
    assert!(
        switch.process.try_wait().is_ok_and(|ended| ended.is_none()),
        "the switch has ended"
    );
}
