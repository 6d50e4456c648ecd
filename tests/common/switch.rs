//! A switch as its own process, with a configuration and a dialplan of the test's, and what comes out of it.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use serde_json::{json, Value};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// After so long without what is waited for, a test fails. No test waits so long while all is well.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where its HTTP is, where a test does not say.
const LOOPBACK: &str = "listen = \"127.0.0.1:0\"";

/// A running switch. Killed when dropped; its log is printed where the test has failed.
pub struct Switch {
    child: Child,
    /// Where it takes SIP over UDP.
    pub udp: SocketAddr,
    /// Where it takes SIP over TCP.
    pub tcp: SocketAddr,
    /// Its HTTP.
    pub http: SocketAddr,
    lines: Receiver<String>,
    log: Arc<Mutex<Vec<String>>>,
    webhook: Webhook,
    folder: tempfile::TempDir,
}

impl Switch {
    /// Starts one with this dialplan and a mailbox `main` that records without a beep, and waits until it is ready.
    pub fn start(dialplan: &str) -> Self {
        Self::start_with(dialplan, "")
    }

    /// The same, with a log of what operators read and no more.
    pub fn start_quietly(dialplan: &str) -> Self {
        Self::start_as(dialplan, "", "info")
    }

    /// The same, with further lines in `[dialplan]`.
    pub fn start_with(dialplan: &str, settings: &str) -> Self {
        Self::start_as(dialplan, settings, "debug")
    }

    /// The same over a store that `prepare` has filled.
    pub fn start_over(dialplan: &str, settings: &str, prepare: impl FnOnce(&Path)) -> Self {
        Self::start_on(LOOPBACK, dialplan, settings, prepare)
    }

    /// The same with its HTTP elsewhere, as these lines of `[http]` say.
    pub fn start_on(http: &str, dialplan: &str, settings: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(&folder.path().join("data"));
        Self::run_on(http, folder, dialplan, settings, "debug")
    }

    /// The same, in this folder, whose `data` may hold a store already.
    pub fn start_in(folder: tempfile::TempDir, dialplan: &str) -> Self {
        Self::run(folder, dialplan, "", "debug")
    }

    /// The same with further lines in `[dialplan]`.
    pub fn start_in_with(folder: tempfile::TempDir, dialplan: &str, settings: &str) -> Self {
        Self::run(folder, dialplan, settings, "debug")
    }

    /// Asks it to stop, waits until it has, and gives its folder.
    pub fn stop(mut self) -> tempfile::TempDir {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Kills it, and gives its folder.
    pub fn killed(mut self) -> tempfile::TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    fn start_as(dialplan: &str, settings: &str, level: &str) -> Self {
        Self::run(tempfile::tempdir().unwrap(), dialplan, settings, level)
    }

    fn run(folder: tempfile::TempDir, dialplan: &str, settings: &str, level: &str) -> Self {
        Self::run_on(LOOPBACK, folder, dialplan, settings, level)
    }

    fn run_on(http: &str, folder: tempfile::TempDir, dialplan: &str, settings: &str, level: &str) -> Self {
        let webhook = Webhook::start();
        std::fs::write(folder.path().join("dialplan.conf"), dialplan).unwrap();
        let config = folder.path().join("obelus.toml");
        std::fs::write(
            &config,
            configuration(folder.path(), webhook.address, http, settings, level),
        )
        .unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_obelus"))
            .args(["run", "--config"])
            .arg(&config)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = read_lines(child.stderr.take().unwrap(), log.clone());
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut switch = Switch {
            child,
            udp: nowhere,
            tcp: nowhere,
            http: nowhere,
            lines,
            log,
            webhook,
            folder,
        };
        let ready = switch.wait_for_line("is ready", |line| {
            line["message"]
                .as_str()
                .is_some_and(|message| message.starts_with("ready"))
        });
        switch.http = ready["http"].as_str().expect("an address").parse().unwrap();
        switch.udp = switch.listener("udp:");
        switch.tcp = switch.listener("tcp:");
        switch
    }

    /// The address behind `udp:` or `tcp:` in the lines that say where the switch listens.
    fn listener(&self, transport: &str) -> SocketAddr {
        let log = self.log.lock().unwrap();
        let found = log.iter().find_map(|line| {
            let (_, rest) = line
                .split_once("listening for SIP on ")?
                .1
                .split_once(transport)?;
            let end = rest.find(['"', ' ', ',']).unwrap_or(rest.len());
            rest[..end].parse().ok()
        });
        found.expect("the log says where the switch listens")
    }

    /// Its folder, with `obelus.toml` and `dialplan.conf`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Changes the dialplan's file, all at once as an editor does.
    pub fn write_dialplan(&self, dialplan: &str) {
        let new = self.folder().join("dialplan.new");
        std::fs::write(&new, dialplan).unwrap();
        std::fs::rename(new, self.folder().join("dialplan.conf")).unwrap();
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Calls a number with `obelus call`, saying what is in that file where there is one, presses the keys, and gives what was
    /// heard until the switch hung up, or so long after the last key.
    pub fn hear(&self, number: u32, says: Option<&Path>, keys: &str, stay_secs: u32) -> Vec<i16> {
        let mut command = self.caller(number, keys, stay_secs);
        if let Some(words) = says {
            command.arg("--wav").arg(words);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        self.heard()
    }

    /// Calls a number, presses the keys, hangs up when `is_over` returns, and gives what was heard.
    pub fn hear_until(&self, number: u32, keys: &str, is_over: impl FnOnce()) -> Vec<i16> {
        let mut caller = self.caller(number, keys, 600).spawn().unwrap();
        is_over();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(caller.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
        assert!(caller.wait().unwrap().success());
        self.heard()
    }

    /// `obelus call`, which writes down what it hears.
    fn caller(&self, number: u32, keys: &str, stay_secs: u32) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_obelus"));
        command
            .args(["call", &format!("sip:{number}@{}", self.udp), "--at-once"])
            .args(["--dtmf", keys, "--stay", &stay_secs.to_string(), "--record"])
            .arg(self.folder().join("heard.wav"))
            .stdin(Stdio::null());
        command
    }

    fn heard(&self) -> Vec<i16> {
        let reader = hound::WavReader::open(self.folder().join("heard.wav")).unwrap();
        reader.into_samples().map(|sample| sample.unwrap()).collect()
    }

    /// Waits for a line of the log whose message has that text in it.
    pub fn wait_for_message(&self, text: &str) -> Value {
        self.wait_for_line(&format!("says {text:?}"), |line| {
            line["message"]
                .as_str()
                .is_some_and(|message| message.contains(text))
        })
    }

    /// Waits for a line of the log, as JSON, that `is_it`. `what` is for the failure.
    pub fn wait_for_line(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no line says that the switch {what}"));
            // A panic's text is no JSON; it stays in the log for the failure.
            if let Ok(line) = serde_json::from_str(&line) {
                if is_it(&line) {
                    return line;
                }
            }
        }
    }

    /// The log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().concat()
    }

    /// What the mailbox's webhook was told of the next memo.
    pub fn next_memo(&self) -> Value {
        self.webhook.memos.recv_timeout(PATIENCE).expect("a memo")
    }

    /// Whether the webhook was told of no further memo so far.
    pub fn has_no_memo(&self) -> bool {
        self.webhook.memos.try_recv().is_err()
    }

    /// What the fetch endpoint answers to the memo's link.
    pub fn fetch(&self, memo: &Value) -> Value {
        let request = json!({
            "memo_id": memo["memo_id"],
            "access_key": key_of(memo),
            "requesting_domain": "peer.example.org",
        });
        let body = request.to_string();
        self.ask(&format!(
            "POST /api/federation/voice/fetch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ))
    }

    /// Sends a request, and gives the JSON of its answer, which is to be 200.
    pub fn ask(&self, request: &str) -> Value {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}\n{body}");
        serde_json::from_str(body).expect("the answer is JSON")
    }

    /// The memo's samples, fetched over HTTP and opened by a program that shares no code with ours.
    pub fn open(&self, python: &Path, memo: &Value) -> Vec<i16> {
        let answer = self.fetch(memo);
        let out = self.folder.path().join("memo.wav");
        let mut program = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/open_memo.py"))
            .arg(key_of(memo))
            .arg(&out)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = program.stdin.take().unwrap();
        input.write_all(answer.to_string().as_bytes()).unwrap();
        drop(input);
        assert!(program.wait().unwrap().success());
        let reader = hound::WavReader::open(&out).unwrap();
        assert_eq!((reader.spec().sample_rate, reader.spec().channels), (8_000, 1));
        reader.into_samples().map(|sample| sample.unwrap()).collect()
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            for line in self.log.lock().unwrap().iter() {
                eprint!("{line}");
            }
        }
    }
}

/// The key in the link that a notification brings.
pub fn key_of(memo: &Value) -> &str {
    let link = memo["link"].as_str().expect("a link");
    link.split_once('#').expect("a link with its key").1
}

/// Every address is loopback's and every listener's port the system's choice.
fn configuration(folder: &Path, webhook: SocketAddr, http: &str, settings: &str, level: &str) -> String {
    let (first, last) = media_ports();
    format!(
        r#"
[sip]
listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]
max_calls = 100
[media]
ports = "{first}-{last}"
[http]
{http}
record = true
[store]
path = "{data}"
[dialplan]
file = "{dialplan}"
{settings}
[log]
level = "{level}"
format = "json"
[[mailbox]]
name = "main"
beep = false
silence_secs = 0
notify_webhook = "http://{webhook}/memo"
"#,
        data = folder.join("data").display(),
        dialplan = folder.join("dialplan.conf").display(),
    )
}

/// 200 ports of which no other test's switch is likely to have any; where one is taken the switch tries the next.
fn media_ports() -> (u16, u16) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let slot = (std::process::id() as u16).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 40;
    let first = 12_000 + slot * 200;
    (first, first + 199)
}

fn read_lines(from: impl std::io::Read + Send + 'static, log: Arc<Mutex<Vec<String>>>) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    let mut from = BufReader::new(from);
    std::thread::spawn(move || loop {
        let mut line = Vec::new();
        if !matches!(from.read_until(b'\n', &mut line), Ok(1..)) {
            return;
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        log.lock().unwrap().push(line.clone());
        // Nobody may be waiting for lines any more; the log is still kept.
        let _ = sender.send(line);
    });
    lines
}

/// Takes the notifications of new memos.
struct Webhook {
    address: SocketAddr,
    memos: Receiver<Value>,
    over: Arc<AtomicBool>,
}

impl Webhook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let (sender, memos) = mpsc::channel();
        let ends = over.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let Some(memo) = stream.ok().and_then(take_notification) else {
                    continue;
                };
                if sender.send(memo).is_err() {
                    return;
                }
            }
        });
        Webhook { address, memos, over }
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

fn take_notification(stream: TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(answer).ok()?;
    serde_json::from_slice(&body).ok()
}
