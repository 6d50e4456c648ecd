//! `obelus mailbox` and `obelus memo open --owner`: owners' keys are made, changed and forgotten, with a switch that runs and
//! without, and the private half is on the screen and nowhere else.

#[path = "common/command.rs"]
mod command;
#[path = "common/switch.rs"]
mod switch;

use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use command::{complained, files_with, json, printed, Place};
use obelus::federation::identity::Identity;
use obelus::memo::link::ParsedInboxLink;
use obelus::memo::owner::{Kem, OwnerPublicKey};
use obelus::memo::telephone::code::CodeSecret;
use obelus::secret::Digits;
use serde_json::{json, Value};
use sha2::Digest as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use switch::Switch;

const SAMPLES: [i16; 800] = [7; 800];

fn link_of(key: &Value) -> &str {
    key["inbox_link"].as_str().expect("a link")
}

fn secret_of(key: &Value) -> &str {
    link_of(key).split_once('#').expect("a link with its secret").1
}

fn public_of(key: &Value) -> OwnerPublicKey {
    let kem: Kem = key["kem"].as_str().unwrap().parse().unwrap();
    OwnerPublicKey::from_text(kem, key["public_key"].as_str().unwrap()).unwrap()
}

#[test]
fn a_telephone_code_opens_the_seed_of_the_key_that_the_mailbox_has() {
    let place = Place::new();
    assert!(complained(&place.run(&["mailbox", "telephone", "main"])).contains("no store"));
    let key = json(&place.run(&["mailbox", "key", "main", "--json"]));
    let other = json(&place.run(&["mailbox", "key", "sales", "--json"]));
    let wrong = place.run_with(&["mailbox", "telephone", "main"], link_of(&other));
    assert!(
        complained(&wrong).contains("not the link of the key"),
        "{wrong:?}"
    );
    let made = json(&place.run_with(&["mailbox", "telephone", "main", "-", "--json"], link_of(&key)));
    let code = made["code"].as_str().unwrap();
    assert!(
        code.len() == 16 && code.bytes().all(|digit| digit.is_ascii_digit()),
        "{made}"
    );
    assert!(files_with(&place.data(), code.as_bytes()).is_empty());
    {
        let store = place.store();
        let mut digits = Digits::new();
        code.chars().for_each(|digit| assert!(digits.push(digit)));
        let secret = CodeSecret::keyed(digits).unwrap();
        let lock = store
            .mailboxes()
            .get("main")
            .unwrap()
            .unwrap()
            .telephone
            .unwrap()
            .lock;
        let derived = secret.derive(lock.parameters());
        assert!(lock.is_proof(&derived.proof()));
        let seed = lock.wrapped().open_seed(&derived, "main").unwrap();
        assert_eq!(*seed.to_text(), *secret_of(&key));
    }
    // Another key has no code yet; nor has who took it away.
    let rotated = json(&place.run(&["mailbox", "rotate", "main", "--json"]));
    let listed = json(&place.run(&["mailbox", "list", "--json"]));
    assert_eq!(listed[0]["telephone"], false);
    printed(&place.run_with(&["mailbox", "telephone", "main"], link_of(&rotated)));
    let listed = json(&place.run(&["mailbox", "list", "--json"]));
    assert_eq!(listed[0]["telephone"], true);
    printed(&place.run(&["mailbox", "telephone", "main", "--remove"]));
    let listed = json(&place.run(&["mailbox", "list", "--json"]));
    assert_eq!(listed[0]["telephone"], false);
}

/// Opens a memo with a link on standard input; the audio, or what was said against it.
fn open(place: &Place, id: &str, link: &str) -> Result<Vec<u8>, String> {
    let output = place.path().join("out.wav");
    let _ = std::fs::remove_file(&output);
    let run = place.run_with(
        &[
            "memo",
            "open",
            id,
            "--owner",
            "-",
            "--output",
            output.to_str().unwrap(),
        ],
        link,
    );
    match run.status.success() {
        true => Ok(std::fs::read(output).unwrap()),
        false => Err(complained(&run)),
    }
}

#[test]
fn a_key_is_made_once_and_its_private_half_is_on_the_screen_alone() {
    for (kem, length) in [("xwing", 1_216), ("x25519", 32)] {
        let place = Place::new();
        let key = json(&place.run(&["mailbox", "key", "main", "--kem", kem, "--json"]));
        assert_eq!((&key["mailbox"], &key["kem"]), (&json!("main"), &json!(kem)));
        assert!(link_of(&key).starts_with("https://memo.example.org/inbox/main#"));
        let parsed = ParsedInboxLink::parse(link_of(&key)).unwrap();
        let public = parsed.seeds[0].public_key(kem.parse().unwrap());
        assert_eq!(key["public_key"], public.to_text());
        assert_eq!(public.to_text().len(), (length * 4_usize).div_ceil(3));
        let secret = URL_SAFE.decode(secret_of(&key)).unwrap();
        assert_eq!(
            files_with(&place.data(), &secret),
            Vec::<std::path::PathBuf>::new()
        );

        let again = complained(&place.run(&["mailbox", "key", "main"]));
        assert!(again.contains("has a key already"), "{again}");
        let listed = json(&place.run(&["mailbox", "list", "--json"]));
        assert_eq!(listed[0]["public_key"], key["public_key"]);
        assert_eq!(listed[1], json!({"mailbox": "sales", "kem": null}));

        let (id, link) = place.leave("main", &SAMPLES, Some(&public));
        let audio = open(&place, &id.to_string(), link_of(&key)).unwrap();
        assert_eq!(audio.len(), 44 + 2 * SAMPLES.len());
        // Another's inbox link, and one of a memo, open nothing.
        let other = json(&place.run(&["mailbox", "key", "sales", "--json"]));
        assert!(open(&place, &id.to_string(), link_of(&other))
            .unwrap_err()
            .contains("does not open"));
        assert!(open(&place, &id.to_string(), &link)
            .unwrap_err()
            .contains("not an inbox's link"));
    }
}

#[test]
fn for_people_the_link_stands_above_a_code_to_scan() {
    let place = Place::new();
    let shown = printed(&place.run(&["mailbox", "key", "main"]));
    assert!(
        shown.contains("\n  https://memo.example.org/inbox/main#"),
        "{shown}"
    );
    assert!(shown.contains('█'), "{shown}");
    let table = printed(&place.run(&["mailbox", "list"]));
    assert!(table.starts_with("MAILBOX  KEY"), "{table}");
    assert!(table.contains("\nmain     xwing"), "{table}");
    assert!(table.contains("\nsales    -"), "{table}");
}

#[test]
fn mailboxes_that_nobody_configured_have_no_keys() {
    let place = Place::new();
    for arguments in [&["mailbox", "key", "mian"][..], &["mailbox", "rotate", "mian"]] {
        assert!(complained(&place.run(arguments)).contains("no [[mailbox]] with the name \"mian\""));
    }
    assert!(complained(&place.run(&["mailbox", "rotate", "main"])).contains("no store"));
    printed(&place.run(&["mailbox", "key", "sales", "--json"]));
    assert!(complained(&place.run(&["mailbox", "rotate", "main"])).contains("has no key yet"));
    assert!(complained(&place.run(&["mailbox", "remove", "main"])).contains("has no key"));
}

#[test]
fn a_rotation_seals_what_is_there_to_the_new_key() {
    let place = Place::new();
    let old = json(&place.run(&["mailbox", "key", "main", "--json"]));
    let (id, _) = place.leave("main", &SAMPLES, Some(&public_of(&old)));
    let (share, _) = place.leave_share("main", &SAMPLES, Some(&public_of(&old)), Some(id));
    let other = json(&place.run(&["mailbox", "key", "sales", "--json"]));

    // With a wrong link nothing is changed, and nothing shown.
    let wrong = place.run_with(&["mailbox", "rotate", "main", "--old", "-"], link_of(&other));
    assert!(complained(&wrong).contains("nothing was changed"), "{wrong:?}");
    assert!(wrong.stdout.is_empty());
    assert!(open(&place, &id.to_string(), link_of(&old)).is_ok());

    let rotated = place.run_with(
        &[
            "mailbox", "rotate", "main", "--old", "-", "--kem", "x25519", "--json",
        ],
        link_of(&old),
    );
    let new = json(&rotated);
    assert_eq!(new["kem"], "x25519");
    assert!(String::from_utf8_lossy(&rotated.stderr).contains("2 memos were sealed to the new key"));
    for id in [id, share] {
        assert!(open(&place, &id.to_string(), link_of(&new)).is_ok());
        assert!(open(&place, &id.to_string(), link_of(&old)).is_err());
    }
    let listed = json(&place.run(&["mailbox", "list", "--json"]));
    assert_eq!(listed[0]["public_key"], new["public_key"]);
}

#[test]
fn a_rotation_without_the_old_link_leaves_an_inbox_that_opens_both() {
    let place = Place::new();
    let old = json(&place.run(&["mailbox", "key", "main", "--json"]));
    let (before, _) = place.leave("main", &SAMPLES, Some(&public_of(&old)));
    let rotated = place.run(&["mailbox", "rotate", "main", "--json"]);
    assert!(String::from_utf8_lossy(&rotated.stderr).contains("append a comma"));
    let new = json(&rotated);
    let (after, _) = place.leave("main", &SAMPLES, Some(&public_of(&new)));
    assert!(open(&place, &before.to_string(), link_of(&new)).is_err());
    let both = format!("{},{}", link_of(&new), secret_of(&old));
    for id in [before, after] {
        assert!(open(&place, &id.to_string(), &both).is_ok());
    }
    // Then all of it can be sealed to one key.
    let last = json(&place.run_with(&["mailbox", "rotate", "main", "--old", "-", "--json"], &both));
    for id in [before, after] {
        assert!(open(&place, &id.to_string(), link_of(&last)).is_ok());
    }
}

#[test]
fn a_key_that_is_forgotten_opens_what_was_sealed_to_it() {
    let place = Place::new();
    let key = json(&place.run(&["mailbox", "key", "main", "--json"]));
    let (id, _) = place.leave("main", &SAMPLES, Some(&public_of(&key)));
    printed(&place.run(&["mailbox", "remove", "main"]));
    assert!(open(&place, &id.to_string(), link_of(&key)).is_ok());
    let listed = json(&place.run(&["mailbox", "list", "--json"]));
    assert_eq!(listed[0], json!({"mailbox": "main", "kem": null}));
    printed(&place.run(&["mailbox", "key", "main", "--json"]));
}

#[test]
fn a_running_switch_is_asked_and_never_told_the_private_half() {
    let switch = Switch::start("[from-trunk]\nexten => _X.,1,Hangup()\n");
    let run = |arguments: &[&str], input: &str| command::run(switch.folder(), arguments, input);
    let key = json(&run(&["mailbox", "key", "main", "--json"], ""));
    assert!(link_of(&key).contains("/inbox/main#"));
    let listed = json(&run(&["mailbox", "list", "--json"], ""));
    assert_eq!(listed[0]["public_key"], key["public_key"]);
    let again = complained(&run(&["mailbox", "key", "main"], ""));
    assert!(again.contains("has a key already"), "{again}");
    let rotated = json(&run(
        &["mailbox", "rotate", "main", "--old", "-", "--json"],
        link_of(&key),
    ));
    assert_ne!(rotated["public_key"], key["public_key"]);
    for key in [&key, &rotated] {
        let secret = URL_SAFE.decode(secret_of(key)).unwrap();
        assert!(files_with(&switch.folder().join("data"), &secret).is_empty());
    }
    printed(&run(&["mailbox", "remove", "main"], ""));

    // The browser's way: the link has a token, by which a key is set once.
    let invited = json(&run(&["mailbox", "key", "main", "--in-browser", "--json"], ""));
    let (_, token) = invited["setup_link"]
        .as_str()
        .unwrap()
        .split_once("/inbox/main#setup=")
        .unwrap();
    let listed = json(&run(&["mailbox", "list", "--json"], ""));
    assert_eq!(listed[0]["kem"], Value::Null);
    assert!(listed[0]["invited_until"].is_string());
    let body = json!({
        "kem": rotated["kem"],
        "public_key": rotated["public_key"],
        "listing_token_hash": "11".repeat(32),
    });
    assert!(put_key(&switch, token, &body).starts_with("HTTP/1.1 200 "));
    assert!(!put_key(&switch, token, &body).starts_with("HTTP/1.1 200 "));
    let listed = json(&run(&["mailbox", "list", "--json"], ""));
    assert_eq!(listed[0]["public_key"], rotated["public_key"]);
    assert_eq!(listed[0]["invited_until"], Value::Null);
    let refused = complained(&run(&["mailbox", "key", "main", "--in-browser"], ""));
    assert!(refused.contains("has a key already"), "{refused}");
}

#[test]
fn a_memo_that_is_deleted_by_command_leaves_a_receipt_of_the_domain() {
    let place = Place::new();
    let (id, _) = place.leave("main", &SAMPLES, None);
    let id = id.to_string();
    let receipt_of = |id: &str| json(&place.run(&["memo", "receipt", id]));
    let said = complained(&place.run(&["memo", "receipt", &id]));
    assert!(said.contains("no receipt"), "{said}");
    let ciphertext = place.store().ciphertext(&id.parse().unwrap()).unwrap();
    // Asking makes no key; the first deletion does.
    assert!(!place.data().join("identity").exists());
    printed(&place.run(&["memo", "delete", &id]));
    let receipt = receipt_of(&id);
    // The key that a switch over this store shows to others.
    let identity = Identity::load(&place.store()).unwrap();
    let key = identity.jwk().public_key().unwrap();
    let signed = receipt["signed"].as_str().unwrap();
    assert!(key.verifies_text(signed, receipt["signature"].as_str().unwrap()));
    assert_eq!(receipt["keyid"], identity.keyid());
    let statement: Value = serde_json::from_str(signed).unwrap();
    assert_eq!(statement["domain"], "memo.example.org");
    assert_eq!(
        (&statement["memo_id"], &statement["mailbox"], &statement["reason"]),
        (&json!(id), &json!("main"), &json!("operator"))
    );
    let hash = hex::encode(sha2::Sha256::digest(&ciphertext));
    assert_eq!(statement["ciphertext_sha256"], hash);

    // The next one signs with the same key; where it is damaged, nothing is deleted without a receipt.
    let (next, _) = place.leave("main", &SAMPLES, None);
    printed(&place.run(&["memo", "delete", &next.to_string()]));
    assert_eq!(receipt_of(&next.to_string())["keyid"], receipt["keyid"]);
    let (last, _) = place.leave("main", &SAMPLES, None);
    std::fs::write(place.data().join("identity"), "short").unwrap();
    let said = complained(&place.run(&["memo", "delete", &last.to_string()]));
    assert!(
        said.contains("signing key") && said.contains("identity"),
        "{said}"
    );
    printed(&place.run(&["memo", "show", &last.to_string()]));
}

#[test]
fn an_id_that_begins_with_a_hyphen_is_no_option() {
    let place = Place::new();
    place.leave("main", &SAMPLES, None);
    for first in ["-C", "-c", "-o", "-h", "--"] {
        let id = format!("{first}AAAAAAAAAAAAAAAAAAAA");
        for arguments in [
            &["memo", "show", &id, "--json"][..],
            &["memo", "delete", &id],
            &["memo", "open", &id, "--owner", "-", "-o", "out.wav"],
        ] {
            let said = complained(&place.run_with(arguments, "https://memo.example.org/inbox/main#AAAA"));
            assert!(!said.contains("Usage"), "{arguments:?}: {said}");
        }
        let said = complained(&place.run(&["memo", "receipt", &id]));
        assert!(said.contains("no receipt") && said.contains(&id), "{said}");
    }
}

fn put_key(switch: &Switch, token: &str, body: &Value) -> String {
    let body = body.to_string();
    let mut stream = TcpStream::connect(switch.http).unwrap();
    stream.set_read_timeout(Some(switch::PATIENCE)).unwrap();
    write!(
        stream,
        "PUT /api/mailboxes/main/key HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// As the README has it: the key is made, and the switch asked, without what its service manager knows.
#[test]
fn a_command_beside_the_switch_needs_none_of_its_secrets() {
    let place = Place::new();
    let config = place.path().join("obelus.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text += "[[trunk]]\nname = \"line\"\nregistrar = \"127.0.0.1:5060\"\nusername = \"a\"\n\
             password = \"env:OBELUS_TEST_OF_AN_ABSENT_SECRET\"\n\
             [smtp]\nhost = \"127.0.0.1\"\nfrom = \"a@example.org\"\nusername = \"a\"\n\
             password = \"file:absent\"\n";
    std::fs::write(&config, text).unwrap();
    json(&place.run(&["mailbox", "key", "main", "--json"]));
    assert!(place.run(&["memo", "list"]).status.success());
    let told = complained(&place.run(&["run"]));
    assert!(
        told.contains("missing-variable") && told.contains("missing-file"),
        "{told}"
    );
}
