//! The client libraries of `contrib/`, in JavaScript and in Python: over the published vectors and our own, against each
//! other, against the server's own code, and against a running server.

#[path = "common/peer.rs"]
mod peer;
#[path = "common/served.rs"]
mod served;

use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use base64::Engine as _;
use obelus::memo::envelope::{self, Contents, Envelope};
use obelus::memo::journal::{self, JournalWriter};
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::link::{Link, LinkBase, ParsedInboxLink};
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::qr;
use peer::peer;
use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::{ec, EcLevel, Version};
use serde_json::{json, Value};
use served::Served;
use sha2::{Digest as _, Sha256};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files of tests/vectors/ that both libraries read.
const VECTORS: [&str; 10] = [
    "memo",
    "sha3",
    "mlkem768",
    "xwing",
    "hpke",
    "argon2id",
    "owner",
    "envelope",
    "stream",
    "telephone",
];

/// The files of random cases that both libraries make.
const MADE: [&str; 5] = ["memo", "owner", "envelope", "stream", "telephone"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, names: &[&str]) -> Vec<OsString> {
    names
        .iter()
        .map(|name| folder.join(format!("{name}.json")).into_os_string())
        .collect()
}

fn vectors() -> Vec<OsString> {
    files(&root().join("tests/vectors"), &VECTORS)
}

fn read(path: impl AsRef<Path>) -> Value {
    let text = std::fs::read_to_string(path).expect("the vectors can be read");
    serde_json::from_str(&text).expect("vectors are JSON")
}

/// A program that checks one of the libraries.
struct Checker {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Checker {
    /// The one in JavaScript, in a mode that `voice_memo_check.mjs` names.
    fn javascript(mode: &str) -> Option<Self> {
        let script = root().join("tests/peers/voice_memo_check.mjs");
        Some(Checker {
            program: peer("node")?,
            arguments: vec![script.into(), mode.into()],
        })
    }

    fn python() -> Option<Self> {
        let script = root().join("tests/peers/voice_memo_check.py");
        Some(Checker {
            program: peer("python3:cryptography")?,
            arguments: vec![script.into()],
        })
    }

    /// Runs a command of it, and gives what it printed.
    fn run(&self, command: &str, arguments: &[OsString]) -> String {
        let output = Command::new(&self.program)
            .args(&self.arguments)
            .arg(command)
            .args(arguments)
            .output()
            .expect("the program can be started");
        assert!(
            output.status.success(),
            "{command} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("it prints text")
    }

    /// Random cases, made by it.
    fn make(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder can be made");
        self.run("make", &[folder.path().into()]);
        folder
    }
}

#[test]
fn javascript_agrees_with_the_vectors_with_what_webcrypto_has() {
    if let Some(checker) = Checker::javascript("native") {
        checker.run("check", &vectors());
    }
}

#[test]
fn javascript_agrees_with_the_vectors_by_its_own_scripts() {
    if let Some(checker) = Checker::javascript("script") {
        checker.run("check", &vectors());
    }
}

#[test]
fn javascript_agrees_with_the_vectors_where_webcrypto_lacks_x25519_and_mlkem() {
    if let Some(checker) = Checker::javascript("bare") {
        checker.run("check", &vectors());
    }
}

#[test]
fn javascript_agrees_with_the_vectors_where_webcrypto_has_mlkem() {
    if let Some(checker) = Checker::javascript("modern") {
        checker.run("check", &vectors());
    }
}

#[test]
fn javascript_shows_a_key_to_nobody_without_leave() {
    if let Some(checker) = Checker::javascript("native") {
        checker.run("fetch", &[]);
    }
}

#[test]
fn python_agrees_with_the_vectors() {
    if let Some(checker) = Checker::python() {
        checker.run("check", &vectors());
    }
}

#[test]
fn python_signs_requests_as_rfc_9421_says() {
    if let Some(checker) = Checker::python() {
        checker.run("sign", &[]);
    }
}

#[test]
fn python_shows_a_key_to_nobody_without_leave() {
    if let Some(checker) = Checker::python() {
        checker.run("fetch", &[]);
    }
}

#[test]
fn what_javascript_makes_opens_in_python_and_here() {
    let (Some(javascript), Some(python)) = (Checker::javascript("native"), Checker::python()) else {
        return;
    };
    for maker in [
        javascript,
        Checker::javascript("script").expect("it was there before"),
    ] {
        let made = maker.make();
        python.run("check", &files(made.path(), &MADE));
        check_here(made.path());
    }
}

#[test]
fn what_python_makes_opens_in_javascript_and_here() {
    let (Some(javascript), Some(python)) = (Checker::javascript("native"), Checker::python()) else {
        return;
    };
    let made = python.make();
    javascript.run("check", &files(made.path(), &MADE));
    Checker::javascript("script")
        .expect("it was there before")
        .run("check", &files(made.path(), &MADE));
    check_here(made.path());
}

#[test]
fn the_server_agrees_with_the_vectors_of_owners_envelopes_and_streams() {
    check_here(&root().join("tests/vectors"));
}

#[test]
fn what_the_server_makes_opens_in_both() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, made) in [("envelope", server_envelopes()), ("stream", server_streams())] {
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(path, made.to_string()).expect("the file can be written");
    }
    let made = files(folder.path(), &["envelope", "stream"]);
    let checkers = [
        Checker::javascript("native"),
        Checker::javascript("script"),
        Checker::python(),
    ];
    for checker in checkers.into_iter().flatten() {
        checker.run("check", &made);
    }
}

fn server_envelopes() -> Value {
    let mut cases = Vec::new();
    for kem in [Kem::XWing, Kem::X25519] {
        let (seed, id, key) = (OwnerSeed::generate(), MemoId::generate(), MemoKey::generate());
        let base = LinkBase::new("memo.example.org", None, true);
        let link = Link::new(&base, &id, &key);
        let key_text = key.to_text();
        let mut contents = Contents::new(key, &link);
        contents.caller_name.push_str("Zoë \"電話\"\n");
        contents.duration_seconds = Some(1.5);
        let envelope = envelope::seal(&seed.public_key(kem), &id, &contents).expect("the key is one");
        let plaintext = json!({
            "key": &*key_text, "link": link.expose(), "qr_svg": &*qr::svg(link.expose()),
            "caller_name": &*contents.caller_name, "duration_seconds": 1.5,
        });
        cases.push(json!({
            "kem": kem, "seeds": [&*seed.to_text()], "memo_id": id.to_string(), "envelope": envelope,
            "plaintext": plaintext.to_string(), "expect": "ok",
        }));
    }
    json!({"cases": cases})
}

/// Recordings of lengths at every edge of a frame, cut off and ended.
fn server_streams() -> Value {
    let mut cases = Vec::new();
    let mut streams = serde_json::Map::new();
    for count in [0, 1, 7_999, 8_000, 8_001, 16_000] {
        for ended in [false, true] {
            let (key, iv) = (MemoKey::generate(), [7; 12]);
            let samples: Vec<i16> = (0..count).map(|n: i32| (n * 37 % 30_000) as i16).collect();
            let mut writer = JournalWriter::new(&key, &iv);
            let (mut body, mut left) = (Vec::new(), &samples[..]);
            while !left.is_empty() {
                body.extend_from_slice(writer.push(&mut left).unwrap_or_default());
            }
            match ended {
                true => body.extend(writer.finish()),
                false => body.extend_from_slice(writer.cut().unwrap_or_default()),
            }
            let opened = journal::open(&key, &iv, &body).expect("what was sealed opens");
            let name = format!("{count} samples, ended: {ended}");
            cases.push(json!({
                "name": name, "key": &*key.to_text(), "encryption_iv": URL_SAFE.encode(iv), "stream": name,
                "parts": [[0, body.len()]], "complete": ended, "samples": count,
                "audio_sha256": hex::encode(Sha256::digest(&*opened.wav)), "expect": "ok",
            }));
            streams.insert(name, STANDARD.encode(body).into());
        }
    }
    json!({"streams": streams, "cases": cases})
}

/// The files of a folder, by the server's own code.
fn check_here(folder: &Path) {
    check_owners(&read(folder.join("owner.json")));
    check_envelopes(&read(folder.join("envelope.json")));
    check_streams(&read(folder.join("stream.json")));
}

fn check_streams(file: &Value) {
    for case in file["cases"].as_array().expect("there are cases") {
        let stream = STANDARD
            .decode(text(&file["streams"], text(case, "stream")))
            .expect("streams are base64");
        let number = |value: &Value| usize::try_from(value.as_u64().expect("a place")).expect("it fits");
        let mut body = Vec::new();
        for part in case["parts"].as_array().expect("each case has parts") {
            body.extend_from_slice(&stream[number(&part[0])..number(&part[1])]);
        }
        if !case["flip"].is_null() {
            body[number(&case["flip"])] ^= 1;
        }
        let key = MemoKey::from_text(text(case, "key")).expect("each key is one");
        let iv = URL_SAFE_NO_PAD
            .decode(text(case, "encryption_iv"))
            .expect("each IV is one");
        let opened = journal::open(&key, &iv.try_into().expect("an IV has 12 bytes"), &body);
        assert_eq!(opened.is_ok(), case["expect"] == "ok", "{case}");
        if let Ok(opened) = opened {
            assert_eq!(opened.complete, case["complete"], "{case}");
            assert_eq!(
                hex::encode(Sha256::digest(&*opened.wav)),
                text(case, "audio_sha256"),
                "{case}"
            );
        }
    }
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_default()
}

fn check_owners(file: &Value) {
    for case in file["cases"].as_array().expect("there are cases") {
        let kem = text(case, "kem").parse::<Kem>();
        let seed = OwnerSeed::from_text(text(case, "seed"));
        let (Ok(kem), Ok(seed)) = (kem, seed) else {
            assert_ne!(case["expect"], "ok", "{case}");
            continue;
        };
        assert_eq!(case["expect"], "ok", "{case}");
        assert_eq!(seed.public_key(kem).to_text(), text(case, "public_key"));
        let token = seed.listing_token();
        assert_eq!(&*token.to_text(), text(case, "listing_token"));
        let verifier = serde_json::to_value(token.verifier()).expect("a verifier becomes JSON");
        assert_eq!(verifier, case["listing_token_hash"]);
    }
    for case in file["inbox_links"].as_array().into_iter().flatten() {
        let parsed = ParsedInboxLink::parse(text(case, "link"));
        assert_eq!(parsed.is_ok(), case["expect"] == "ok", "{case}");
        if let Ok(parsed) = parsed {
            let seeds: Vec<String> = parsed
                .seeds
                .iter()
                .map(|seed| seed.to_text().to_string())
                .collect();
            assert_eq!(
                json!([parsed.base, parsed.mailbox, seeds]),
                json!([case["base"], case["mailbox"], case["seeds"]])
            );
        }
    }
}

fn check_envelopes(file: &Value) {
    for case in file["cases"].as_array().expect("there are cases") {
        let opened = serde_json::from_value::<Envelope>(case["envelope"].clone())
            .ok()
            .and_then(|envelope| {
                let id: MemoId = text(case, "memo_id").parse().expect("each id is one");
                let seeds = case["seeds"].as_array().expect("each case has seeds");
                seeds.iter().find_map(|seed| {
                    let seed = OwnerSeed::from_text(seed.as_str()?).expect("each seed is one");
                    envelope::open(&seed, &id, &envelope).ok()
                })
            });
        assert_eq!(opened.is_some(), case["expect"] == "ok", "{case}");
        if let Some(contents) = opened {
            let plain: Value = serde_json::from_str(text(case, "plaintext")).expect("the plaintext is JSON");
            assert_eq!(&*contents.key.to_text(), text(&plain, "key"));
            assert_eq!(*contents.caller_name, text(&plain, "caller_name"));
            assert_eq!(*contents.transcript, text(&plain, "transcript"));
            assert_eq!(contents.duration_seconds, plain["duration_seconds"].as_f64());
        }
    }
}

/// The eight masks in the order of their numbers.
const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// A symbol of that version, under that mask, with all of the data in byte mode: 1 for each dark module, by row.
fn symbol(version: i16, mask: usize, data: &[u8]) -> String {
    let version = Version::Normal(version);
    let mut bits = Bits::new(version);
    bits.push_byte_data(data).expect("the data fits");
    bits.push_terminator(EcLevel::M).expect("the data fits");
    let (data, correction) =
        ec::construct_codewords(&bits.into_bytes(), version, EcLevel::M).expect("the version exists");
    let mut canvas = Canvas::new(version, EcLevel::M);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas.apply_mask(MASKS[mask]);
    let modules = canvas.into_colors();
    modules.iter().map(|color| color.select('1', '0')).collect()
}

#[test]
fn javascript_draws_the_qr_codes_that_the_server_draws() {
    let Some(checker) = Checker::javascript("native") else {
        return;
    };
    let drawn: Value = serde_json::from_str(&checker.run("qr", &[])).expect("it prints JSON");
    let codes = drawn["codes"].as_array().expect("there are codes");
    assert_eq!(codes.len(), 40 * 8 + 1);
    for code in codes {
        let (version, mask) = (&code["version"], &code["mask"]);
        let data = hex::decode(text(code, "data")).expect("the data is hex");
        let wanted = symbol(
            version
                .as_i64()
                .and_then(|n| n.try_into().ok())
                .expect("a version"),
            mask.as_u64().and_then(|n| n.try_into().ok()).expect("a mask"),
            &data,
        );
        assert!(
            text(code, "dark") == wanted,
            "version {version}, mask {mask}, {} bytes",
            data.len()
        );
    }
    let svg = text(&drawn, "svg");
    assert_eq!(svg.matches("<path").count(), 1);
    let link = codes.last().expect("the link's code is the last");
    let drawn: usize = svg
        .split('M')
        .skip(1)
        .map(|run| {
            let width = run.split_once('h').and_then(|(_, rest)| rest.split_once('v'));
            width
                .and_then(|(width, _)| width.parse::<usize>().ok())
                .expect("a run has a width")
        })
        .sum();
    assert_eq!(drawn, text(link, "dark").matches('1').count());
}

#[test]
fn both_open_a_memo_of_a_running_server() {
    let (Some(javascript), Some(python)) = (Checker::javascript("native"), peer("python3:cryptography"))
    else {
        return;
    };
    let served = Served::start(|_| ());
    let samples: Vec<i16> = (0..20_000).map(|n| (n % 2_000) as i16).collect();
    let memo = served.leave(samples.clone());
    let folder = tempfile::tempdir().expect("a folder can be made");

    let by_javascript = folder.path().join("javascript.wav");
    javascript.run("open", &[memo.link.expose().into(), by_javascript.clone().into()]);
    let by_python = folder.path().join("python.wav");
    let status = Command::new(python)
        .arg(root().join("contrib/voice_memo.py"))
        .args(["open", memo.link.expose(), "-o"])
        .arg(&by_python)
        .status()
        .expect("the program can be started");
    assert!(status.success());

    let file = std::fs::read(by_javascript).expect("the memo was written");
    assert_eq!(file, std::fs::read(by_python).expect("the memo was written"));
    let plain: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(&file[44..], plain);
    let key = served::key_of(&memo);
    assert!(!served.seen().contains(&key), "the key was sent to the server");
}

#[test]
fn both_ask_by_https_what_a_document_announces_without() {
    let vector = files(&root().join("tests/vectors"), &["federation_endpoints"]);
    for checker in [Checker::javascript("native"), Checker::python()]
        .into_iter()
        .flatten()
    {
        checker.run("check", &vector);
    }
}
