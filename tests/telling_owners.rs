//! Telling owners, through a whole switch: a call leaves a memo, and mail and webhook bring the owner the sealed envelope,
//! which opens with the owner's seed alone; nothing that left the switch holds a key or a number.

#[path = "common/caller.rs"]
mod caller;
#[path = "common/fake_http.rs"]
mod fake_http;
#[path = "common/fake_smtp.rs"]
mod fake_smtp;
#[path = "common/g711.rs"]
mod g711;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/switch.rs"]
mod switch;

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use caller::{Caller, PACKET_TIME};
use fake_smtp::{Arrived, Security};
use g711::{mu_law, noise, packets_in, PACKET};
use hkdf::hmac::{Hmac, KeyInit as _, Mac as _};
use obelus::memo::envelope::{self, Contents};
use obelus::memo::key::MemoId;
use obelus::memo::open;
use obelus::memo::owner::OwnerSeed;
use obelus::memo::record::Encryption;
use obelus::memo::store::staging::read_body;
use obelus::memo::store::Store;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;
use switch::{Switch, PATIENCE};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;

const DIALPLAN: &str = "
[from-trunk]
exten => 15550199,1,VoiceMail(ada,s)
exten => 15550198,1,Answer()
 same => n,Memo(ada,q)
 same => n,Hangup()
";
/// Of the webhook's signatures: `whsec_` and base64 of this.
const SECRET: &[u8] = b"a secret between two programs";
/// What the caller's number has in it, however it is written.
const NUMBER: &str = "5550100";
/// Packets of a message: two seconds and a half.
const PACKETS: usize = 125;

/// The mailbox `ada`, with mail to that port and a webhook on the other.
fn settings(smtp: u16, webhook: Option<u16>) -> String {
    let webhook = webhook.map_or(String::new(), |port| {
        let secret = STANDARD.encode(SECRET);
        format!(
            "notify_webhook = \"http://127.0.0.1:{port}/hook\"\nnotify_webhook_secret = \"whsec_{secret}\"\n"
        )
    });
    format!(
        "[smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\nsecurity = \"none\"\nfrom = \"obelus@example.org\"\n\
         [[mailbox]]\nname = \"ada\"\nbeep = false\nsilence_secs = 0\nmin_secs = 0\n\
         notify_email = \"ada@example.net\"\nemail_envelope = true\n{webhook}"
    )
}

/// An HTTP endpoint, and what was posted there.
fn endpoint(runtime: &Runtime, answers: usize) -> (u16, Receiver<String>) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, requests) = mpsc::channel();
    let answers = vec![fake_http::answer("204 No Content", "", ""); answers];
    runtime.spawn(fake_http::serve(listener, answers, move |request| {
        sender.send(request).unwrap();
    }));
    (port, requests)
}

/// Calls that number, says `words`, and hangs up.
fn leave(switch: &Switch, number: &str, call_id: &str, words: &[u8]) {
    let mut caller = Caller::call(switch.udp, number, call_id);
    let mut next = Instant::now();
    for packet in words.chunks(PACKET) {
        caller.speak(packet);
        next += PACKET_TIME;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    caller.hang_up();
}

/// The JSON that is a letter's attachment, and the name of that file.
fn attachment(letter: &Arrived) -> (String, Value) {
    let (name, body) = fake_smtp::attachment(&letter.data);
    (name, serde_json::from_slice(&body).expect("it is JSON"))
}

fn open_envelope(told: &Value, seed: &OwnerSeed) -> (MemoId, Contents) {
    let id: MemoId = told["memo_id"].as_str().expect("an id").parse().unwrap();
    let sealed = serde_json::from_value(told["sealed_envelope"].clone()).expect("an envelope");
    let contents = envelope::open(seed, &id, &sealed).unwrap_or_else(|error| panic!("{error}"));
    (id, contents)
}

/// What the memo says, from its body: the ciphertext and its record.
fn listen(data: &Path, id: &MemoId, contents: &Contents) -> Vec<i16> {
    let (record, ciphertext) = read_body(data, id).unwrap();
    assert_eq!(record.metadata.encryption, Encryption::Whole);
    let audio = open::open_as(
        record.metadata.encryption,
        &contents.key,
        &record.encryption_iv,
        ciphertext,
    );
    owner::samples(&audio.expect("the memo opens"))
}

/// Neither key nor link secret nor the caller's number is in it, in clear or as what it was transferred in.
fn assert_says_nothing(text: &str, contents: &Contents, seed: &OwnerSeed, what: &str) {
    let key = contents.key.to_text();
    let (_, fragment) = contents.link.split_once('#').expect("the link has its secret");
    let seed_text = seed.to_text();
    let listing = seed.listing_token().to_text();
    let soft = text.replace("=\r\n", "").replace("=3D", "=");
    for secret in [key.trim_end_matches('='), fragment, &seed_text, &listing, NUMBER] {
        let secret = secret.trim_end_matches('=');
        assert!(
            !text.contains(secret) && !soft.contains(secret),
            "{what} says too much"
        );
    }
}

/// One header field of a request.
fn field<'a>(request: &'a str, name: &str) -> &'a str {
    let (head, _) = request.split_once("\r\n\r\n").unwrap();
    let line = head.lines().find(|line| {
        let (found, _) = line.split_once(':').unwrap_or_default();
        found.eq_ignore_ascii_case(name)
    });
    let line = line.unwrap_or_else(|| panic!("no {name} in {head}"));
    line.split_once(':').unwrap().1.trim()
}

/// The signature by the scheme of Standard Webhooks, written from its definition and not by our code.
fn signature(request: &str) -> String {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET).unwrap();
    let (id, at) = (field(request, "webhook-id"), field(request, "webhook-timestamp"));
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[test]
fn mail_and_webhook_bring_what_the_owner_alone_opens() {
    let runtime = Runtime::new().unwrap();
    let mail = runtime.block_on(fake_smtp::Server::start(Security::None, &[]));
    let (hook, posted) = endpoint(&runtime, 2);
    let mut seed = None;
    let switch = Switch::start_over(DIALPLAN, &settings(mail.port, Some(hook)), |data| {
        seed = Some(owner::own(&Store::open(data).unwrap(), "ada"));
    });
    let seed = seed.unwrap();
    let words = noise(PACKET * PACKETS * 2);
    for (number, words) in ["15550199", "15550198"]
        .into_iter()
        .zip(words.chunks(PACKET * PACKETS))
    {
        leave(&switch, number, number, words);
        let request = posted.recv_timeout(PATIENCE).expect("the webhook arrives");
        assert_eq!(field(&request, "webhook-signature"), signature(&request));
        let told: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        let (id, contents) = open_envelope(&told, &seed);
        assert_eq!(field(&request, "webhook-id"), id.to_string());
        assert_eq!(told["mailbox"], "ada");
        assert_eq!(contents.from.as_str(), "+15550100");
        assert_eq!(contents.to.as_str(), number);
        assert_says_nothing(&request, &contents, &seed, "the webhook");

        // The letter has the same envelope as a file.
        let letter = mail.wait_for(|letters| {
            letters
                .iter()
                .find(|one| one.data.contains(&id.to_string()))
                .cloned()
        });
        let (name, attached) = attachment(&letter);
        assert_eq!(name, format!("memo-{id}.envelope.json"));
        assert_eq!(attached, told);
        assert!(letter.to.contains("ada@example.net"), "{}", letter.to);
        assert!(letter.text().contains("/inbox/ada\n"), "{}", letter.data);
        assert_says_nothing(&letter.data, &contents, &seed, "the letter");

        let heard = listen(&switch.folder().join("data"), &id, &contents);
        let said: Vec<i16> = words.iter().map(|octet| mu_law(*octet)).collect();
        assert!(
            packets_in(&heard, &said) > PACKETS * 9 / 10,
            "what was said is heard"
        );
        assert!(contents.link.ends_with(&format!("#{}", *contents.key.to_text())));
    }
    let log = switch.log();
    assert!(!log.contains(NUMBER), "a number is in the log");
}

/// A port of this machine that is taken and where nobody listens: connections are refused until somebody does.
fn taken_port() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Until the switch has noted that the owner was told of that memo: it may have done so before it was ready.
fn wait_until_told(switch: &Switch, id: &str) {
    let is_it = |line: &Value| line["message"] == "told of a memo" && line["memo"] == id;
    let log = switch.log();
    let mut lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
    if !lines.any(|line| is_it(&line)) {
        switch.wait_for_line("told the owner", is_it);
    }
}

#[test]
fn a_mail_server_that_was_down_hears_of_each_memo_once_after_a_restart() {
    let runtime = Runtime::new().unwrap();
    let _inside = runtime.enter();
    let (socket, address) = taken_port();
    let settings = settings(address.port(), None);
    let mut seed = None;
    let switch = Switch::start_over(DIALPLAN, &settings, |data| {
        seed = Some(owner::own(&Store::open(data).unwrap(), "ada"));
    });
    let seed = seed.unwrap();
    let words = noise(PACKET * 25);
    leave(&switch, "15550199", "before", &words);
    let failed = switch.wait_for_line("could not send mail", |line| line["message"] == "notifier failed");
    assert_eq!(failed["to"], "email");
    let id = failed["memo"].as_str().unwrap().to_owned();
    let folder = switch.stop();

    // It comes back while the switch does.
    let listener = socket.listen(16).unwrap();
    let mail = fake_smtp::Server::start_on(listener, Security::None, &[]);
    let switch = Switch::start_in_with(folder, DIALPLAN, &settings);
    let letter = mail.wait_for(|letters| letters.first().cloned());
    let (_, told) = attachment(&letter);
    assert_eq!(told["memo_id"], id);
    let (memo, contents) = open_envelope(&told, &seed);
    assert!(!listen(&switch.folder().join("data"), &memo, &contents).is_empty());
    wait_until_told(&switch, &id);
    let folder = switch.stop();

    // Nobody is told again by the next start; the next memo is the next letter.
    let switch = Switch::start_in_with(folder, DIALPLAN, &settings);
    leave(&switch, "15550198", "after", &words);
    let letter = mail.wait_for(|letters| letters.get(1).cloned());
    let (_, told) = attachment(&letter);
    assert_ne!(told["memo_id"], id);
    open_envelope(&told, &seed);
    let next = told["memo_id"].as_str().unwrap();
    wait_until_told(&switch, next);
    drop(switch.stop());
    assert_eq!(mail.arrived().len(), 2);
}
