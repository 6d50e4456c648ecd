//! Memos from one server to another: as one archive, and from and to SQLite. Whatever was in clear is sealed or gone, and
//! nothing of an archive that is not whole comes in.

#[path = "common/command.rs"]
mod command;
#[path = "common/peer.rs"]
mod peer;

use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use command::{complained, files_with, json, printed, Place};
use obelus::io::transfer::archive::{self, ArchiveError};
use obelus::memo::envelope::{self, Contents};
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::link::{Link, LinkBase, ParsedInboxLink, ParsedLink};
use obelus::memo::open::open_stored;
use obelus::memo::owner::{Kem, OwnerPublicKey};
use obelus::memo::record::{Facts, Source};
use obelus::memo::store::staging::Staging;
use obelus::memo::store::telephone::SetLock;
use obelus::memo::store::NewMemo;
use obelus::memo::telephone::code::{CodeSecret, MemoCode};
use obelus::memo::telephone::lock::TelephoneLock;
use obelus::memo::token::Verifier;
use obelus::memo::{seal, wav};
use obelus::secret::Digits;
use serde_json::{json, Value};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

const SAMPLES: [i16; 800] = [7; 800];

fn owner_of(place: &Place) -> (ParsedInboxLink, OwnerPublicKey) {
    let key = json(&place.run(&["mailbox", "key", "main", "--json"]));
    let kem: Kem = key["kem"].as_str().unwrap().parse().unwrap();
    let public = OwnerPublicKey::from_text(kem, key["public_key"].as_str().unwrap()).unwrap();
    (
        ParsedInboxLink::parse(key["inbox_link"].as_str().unwrap()).unwrap(),
        public,
    )
}

fn leftovers(place: &Place) -> Vec<String> {
    let names = std::fs::read_dir(place.data()).unwrap().flatten();
    names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("import-"))
        .collect()
}

#[test]
fn an_archive_brings_a_mailbox_to_another_server() {
    let (from, to) = (Place::new(), Place::new());
    let (inbox, public) = owner_of(&from);
    let memos: Vec<(MemoId, String)> = (0..3)
        .map(|n| from.leave("main", &[n; 800], (n < 2).then_some(&public)))
        .collect();
    from.leave("sales", &SAMPLES, None);
    let file = from.path().join("main.tar");
    let name = file.to_str().unwrap();
    let said = printed(&from.run(&["mailbox", "export", "main", "-o", name]));
    assert!(said.starts_with("3 memos of main are in "), "{said}");
    // An archive that is there may be the only one of what was deleted since.
    let whole = std::fs::read(&file).unwrap();
    let said = complained(&from.run(&["mailbox", "export", "main", "-o", name]));
    assert!(said.contains("main.tar exists already"), "{said}");
    assert!(std::fs::read(&file).unwrap() == whole);
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let taken = to.run(&["mailbox", "import", name, "--mailbox", "sales"]);
    assert_eq!(printed(&taken), "3 memos were taken into sales\n");
    assert!(
        String::from_utf8_lossy(&taken.stderr).contains("--with-owner"),
        "{taken:?}"
    );
    {
        let (theirs, ours) = (from.store(), to.store());
        for (id, link) in &memos {
            let record = ours.get(id).unwrap().unwrap();
            let was = theirs.get(id).unwrap().unwrap();
            assert_eq!(record.user_id.as_deref(), Some("sales"));
            assert_eq!(record.created_at, was.created_at);
            assert_eq!(record.sealed_envelope, was.sealed_envelope);
            assert!(open_stored(&ours, &ParsedLink::parse(link).unwrap()).is_ok());
        }
        assert_eq!(ours.count(), 3);
        let sealed = ours.get(&memos[0].0).unwrap().unwrap().sealed_envelope.unwrap();
        assert!(envelope::open(&inbox.seeds[0], &memos[0].0, &sealed).is_ok());
    }
    // Again: all of it is there. Into its own mailbox likewise, with the owner's key.
    let again = to.run(&["mailbox", "import", name]);
    assert_eq!(printed(&again), "0 memos were taken into main\n");
    assert_eq!(
        String::from_utf8_lossy(&again.stderr)
            .matches("is or was there already")
            .count(),
        3
    );
    printed(&to.run(&["mailbox", "import", name, "--with-owner"]));
    let listed = json(&to.run(&["mailbox", "list", "--json"]));
    assert_eq!(listed[0]["public_key"], public.to_text());
    assert!(leftovers(&to).is_empty());
}

#[test]
fn a_mailbox_takes_its_telephone_code_along_with_its_key() {
    let (from, to) = (Place::new(), Place::new());
    let key = json(&from.run(&["mailbox", "key", "main", "--json"]));
    let link = key["inbox_link"].as_str().unwrap();
    let made = json(&from.run_with(&["mailbox", "telephone", "main", "-", "--json"], link));
    let file = from.path().join("main.tar");
    let name = file.to_str().unwrap();
    printed(&from.run(&["mailbox", "export", "main", "-o", name]));
    let code_of = |place: &Place, mailbox: &str| {
        let entry = place.store().mailboxes().get(mailbox).unwrap();
        entry.and_then(|entry| entry.telephone)
    };

    // Not without the key, nor under another name, for which it was not made.
    printed(&to.run(&["mailbox", "import", name]));
    assert!(code_of(&to, "main").is_none());
    let renamed = to.run(&["mailbox", "import", name, "--mailbox", "sales", "--with-owner"]);
    printed(&renamed);
    let said = String::from_utf8_lossy(&renamed.stderr).into_owned();
    assert!(
        said.contains("`obelus mailbox telephone sales` makes one"),
        "{said}"
    );
    assert!(code_of(&to, "sales").is_none());

    printed(&to.run(&["mailbox", "import", name, "--with-owner"]));
    let mut digits = Digits::new();
    made["code"]
        .as_str()
        .unwrap()
        .chars()
        .for_each(|digit| assert!(digits.push(digit)));
    let lock = code_of(&to, "main").unwrap().lock;
    let derived = CodeSecret::keyed(digits).unwrap().derive(lock.parameters());
    assert!(lock.is_proof(&derived.proof()));
    let seed = lock.wrapped().open_seed(&derived, "main").unwrap();
    assert_eq!(link.split_once('#').unwrap().1, *seed.to_text());
    // A code that was made there since is left alone.
    printed(&to.run_with(&["mailbox", "telephone", "main", "-"], link));
    let newer = code_of(&to, "main").unwrap().lock;
    printed(&to.run(&["mailbox", "import", name, "--with-owner"]));
    assert!(code_of(&to, "main").unwrap().lock.parameters() == newer.parameters());
    assert!(newer.parameters() != lock.parameters());
}

#[test]
fn what_is_no_archive_and_no_mailbox_is_said_to_be_none() {
    let place = Place::new();
    printed(&place.run(&["mailbox", "key", "main", "--json"]));
    let other = place.path().join("letter.tar");
    let out = place.path().join("out");
    let (other, out) = (other.to_str().unwrap(), out.to_str().unwrap());
    for content in ["Dear all,\n".to_owned(), "x".repeat(5_000)] {
        std::fs::write(other, content).unwrap();
        let said = complained(&place.run(&["mailbox", "import", other]));
        assert!(said.contains("letter.tar: not an archive of a mailbox"), "{said}");
    }
    for arguments in [
        &["memo", "list", "--mailbox", "mian"][..],
        &["mailbox", "export", "mian", "-o", out],
        &["memo", "export-sqlite", out, "--mailbox", "mian"],
    ] {
        let said = complained(&place.run(arguments));
        assert!(said.contains("no [[mailbox]] with the name \"mian\""), "{said}");
        assert!(!Path::new(out).exists(), "{arguments:?}");
    }
    assert_eq!(
        printed(&place.run(&["memo", "list", "--mailbox", "main"])),
        "no memos\n"
    );
    // Memos of a mailbox that the configuration had before are there still.
    let (id, _) = place.leave("gone", &SAMPLES, None);
    let listed = printed(&place.run(&["memo", "list", "--mailbox", "gone"]));
    assert!(listed.contains(&id.to_string()), "{listed}");
    printed(&place.run(&["mailbox", "export", "gone", "-o", out]));
}

/// A share of a memo, as its owner's browser makes it.
fn share(place: &Place, of: MemoId, public: &OwnerPublicKey) -> (MemoId, String) {
    let (sealed, key) = seal::seal(wav::encode(vec![SAMPLES.to_vec().into()]));
    let id = sealed.id();
    let link = Link::new(&LinkBase::new("memo.example.org", None, true), &id, &key);
    let text = link.expose().to_owned();
    let facts = Facts {
        mailbox: Some("main".to_owned()),
        source: Source::Share,
        share_of: Some(of),
        max_accesses: Some(1),
        envelope: Some(envelope::seal(public, &id, &Contents::new(key, &link)).unwrap()),
        ..Facts::at(
            "memo.example.org",
            UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        )
    };
    let stored = place.store().insert(vec![NewMemo { sealed, facts }]);
    assert!(stored.iter().all(Result::is_ok));
    (id, text)
}

/// Gives a memo the telephone code.
fn lock(place: &Place, id: &MemoId, link: &str, code: &MemoCode) {
    let key = ParsedLink::parse(link).unwrap().key;
    let lock = TelephoneLock::of_memo(id, &key, code.locator, &code.secret);
    let set = place.store().telephone().set(id, &lock).unwrap();
    assert_eq!(set, SetLock::Done);
}

#[test]
fn shares_and_telephone_codes_come_along() {
    for by_sqlite in [false, true] {
        let (from, to) = (Place::new(), Place::new());
        let (_, public) = owner_of(&from);
        let (first, first_link) = from.leave("main", &SAMPLES, Some(&public));
        let (second, second_link) = from.leave("main", &SAMPLES, Some(&public));
        let shares = [share(&from, first, &public), share(&from, first, &public)];
        let codes = [MemoCode::generate(), MemoCode::generate()];
        lock(&from, &first, &first_link, &codes[0]);
        lock(&from, &second, &second_link, &codes[1]);
        // Of the target another memo has the second one's locator.
        let (theirs, theirs_link) = to.leave("sales", &SAMPLES, None);
        lock(&to, &theirs, &theirs_link, &codes[1]);

        let file = from.path().join("main.out");
        let name = file.to_str().unwrap();
        let (export, import) = match by_sqlite {
            false => (
                vec!["mailbox", "export", "main", "-o", name],
                vec!["mailbox", "import", name],
            ),
            true => (
                vec!["memo", "export-sqlite", name, "--mailbox", "main"],
                vec!["memo", "import-sqlite", name, "--mailbox", "main"],
            ),
        };
        let said = printed(&from.run(&export));
        assert!(
            by_sqlite || said.starts_with("2 memos and 2 shares of main are in "),
            "{said}"
        );
        let taken = to.run(&import);
        assert_eq!(printed(&taken), "2 memos and 2 shares were taken into main\n");
        let said = String::from_utf8_lossy(&taken.stderr).into_owned();
        assert!(
            said.contains(&format!("the memo {second} has no telephone code any more")),
            "{said}"
        );
        assert_eq!(said.matches("telephone code").count(), 1, "{said}");

        for lost in [false, true] {
            if lost {
                std::fs::remove_dir_all(to.data().join("index")).unwrap();
            }
            let store = to.store();
            assert_eq!(store.count(), 5);
            assert_eq!(store.by_locator(codes[0].locator.number()), Some(first));
            assert_eq!(store.by_locator(codes[1].locator.number()), Some(theirs));
            assert!(store.get(&second).unwrap().unwrap().telephone.is_none());
            let page = store.list(Some("main"), None, 10).unwrap();
            assert_eq!(page.total, 2, "shares are not in the list");
            let of_first: Vec<MemoId> = store
                .shares(&first)
                .unwrap()
                .iter()
                .map(|record| record.id)
                .collect();
            let mut expected = shares.each_ref().map(|(id, _)| *id).to_vec();
            expected.sort();
            assert_eq!(of_first, expected);
            for (id, link) in &shares {
                assert!(open_stored(&store, &ParsedLink::parse(link).unwrap()).is_ok());
                assert_eq!(store.get(id).unwrap().unwrap().max_accesses, Some(1));
            }
        }
        // Again: all of it is there.
        let again = to.run(&import);
        assert_eq!(printed(&again), "0 memos were taken into main\n");
        assert_eq!(
            String::from_utf8_lossy(&again.stderr).matches("already").count(),
            4
        );
        // Shares are its shares there, too.
        let elsewhere = Place::new();
        printed(&elsewhere.run(&import));
        let deleted = elsewhere.store().delete(
            &first,
            obelus::memo::store::receipts::Reason::Owner,
            UNIX_EPOCH + Duration::from_secs(1_800_000_100),
        );
        assert!(deleted.unwrap().is_some());
        assert_eq!(elsewhere.store().count(), 1, "its shares go with it");
    }
}

#[test]
fn a_share_without_its_memo_stays_out() {
    let (from, to) = (Place::new(), Place::new());
    let (_, public) = owner_of(&from);
    let (first, _) = from.leave("main", &SAMPLES, Some(&public));
    let (id, _) = share(&from, first, &public);
    let file = from.path().join("main.db");
    let name = file.to_str().unwrap();
    printed(&from.run(&["memo", "export-sqlite", name]));
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute("DELETE FROM voice_memos WHERE id = ?", [first.to_string()])
        .unwrap();
    drop(database);
    let taken = to.run(&["memo", "import-sqlite", name, "--mailbox", "main"]);
    assert_eq!(printed(&taken), "0 memos were taken into main\n");
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert!(said.contains(&format!("the share {id} is left out")), "{said}");
    assert_eq!(to.store().count(), 0);
}

/// Entries of an archive: type, name, content.
type Parts = Vec<(tar::EntryType, String, Vec<u8>)>;

/// An archive of these entries.
fn tar(entries: &[(tar::EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, name, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(*kind);
        // Written as it is: a library would refuse what a hostile archive has.
        let field = &mut header.as_mut_bytes()[..100];
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn of_an_archive_that_is_not_whole_nothing_comes_in() {
    let place = Place::new();
    let (_, public) = owner_of(&place);
    let (id, _) = place.leave("main", &SAMPLES, Some(&public));
    let file = place.path().join("main.tar");
    printed(&place.run(&["mailbox", "export", "main", "-o", file.to_str().unwrap()]));
    let whole = std::fs::read(&file).unwrap();
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in tar::Archive::new(&whole[..]).entries().unwrap() {
        use std::io::Read as _;
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        entries.push((name, content));
    }
    let record = format!("memos/{id}.json");
    let ciphertext = format!("memos/{id}.bin");
    assert_eq!(
        entries.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        [record.as_str(), &ciphertext, "manifest.json"]
    );
    let regular = tar::EntryType::Regular;
    let parts = |change: &dyn Fn(&mut Parts)| {
        let mut parts: Vec<_> = entries
            .iter()
            .map(|(name, content)| (regular, name.clone(), content.clone()))
            .collect();
        change(&mut parts);
        tar(&parts
            .iter()
            .map(|(kind, name, content)| (*kind, name.as_str(), &content[..]))
            .collect::<Vec<_>>())
    };
    let edited = |at: usize, edit: &dyn Fn(&mut Value)| {
        parts(&|parts| {
            let mut value: Value = serde_json::from_slice(&parts[at].2).unwrap();
            edit(&mut value);
            parts[at].2 = serde_json::to_vec(&value).unwrap();
        })
    };
    let into = Place::new();
    drop(into.store());
    let read = |bytes: &[u8]| {
        let mut staging = Staging::new(&into.data()).unwrap();
        archive::read(bytes, &mut staging, None).map(|manifest| manifest.count)
    };
    assert_eq!(read(&parts(&|_| {})).unwrap(), 1);

    let name = |error: ArchiveError| {
        format!("{error:?}")
            .split(['(', ' ', '{'])
            .next()
            .unwrap()
            .to_owned()
    };
    let refusals: Vec<(&str, Vec<u8>)> = vec![
        ("Truncated", parts(&|parts| drop(parts.pop()))),
        ("Truncated", Vec::new()),
        ("Altered", parts(&|parts| drop(parts.remove(1)))),
        ("Altered", parts(&|parts| drop(parts.remove(0)))),
        ("Altered", parts(&|parts| parts.swap(0, 1))),
        ("Altered", parts(&|parts| parts[1].2[0] ^= 1)),
        ("Altered", parts(&|parts| parts.push(parts[0].clone()))),
        ("Altered", parts(&|parts| parts.push(parts[2].clone()))),
        ("Memo", parts(&|parts| parts[1].2.push(0))),
        (
            "Memo",
            parts(&|parts| {
                let twice = parts[..2].to_vec();
                parts.splice(0..0, twice);
            }),
        ),
        ("Entry", parts(&|parts| parts[0].1 = "memos/../../x.json".into())),
        ("Entry", parts(&|parts| parts[0].1 = "/etc/passwd".into())),
        ("Entry", parts(&|parts| parts[0].0 = tar::EntryType::Symlink)),
        ("Entry", parts(&|parts| parts[0].0 = tar::EntryType::GNULongName)),
        ("Entry", parts(&|parts| parts[0].0 = tar::EntryType::XHeader)),
        (
            "Entry",
            parts(&|parts| parts.insert(0, (regular, "readme".into(), b"x".to_vec()))),
        ),
        ("Altered", edited(2, &|manifest| manifest["count"] = json!(2))),
        (
            "Altered",
            edited(2, &|manifest| manifest["mailbox"] = json!("sales")),
        ),
        (
            "Altered",
            edited(2, &|manifest| {
                manifest["memos"][0]["ciphertext_sha256"] = json!("00")
            }),
        ),
        (
            "Version",
            edited(2, &|manifest| manifest["voice_memo_archive"] = json!(2)),
        ),
        (
            "Manifest",
            edited(2, &|manifest| manifest["memos"] = json!("many")),
        ),
        (
            "Memo",
            edited(0, &|record| record["domain"] = json!("x".repeat(2_000))),
        ),
        (
            "Memo",
            edited(0, &|record| record["id"] = json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ),
        (
            "Memo",
            edited(0, &|record| record["sealed_envelope"]["ct"] = json!("AAAA")),
        ),
        (
            "Memo",
            edited(0, &|record| record["encryption_iv"] = json!("AAAA")),
        ),
        (
            "Memo",
            edited(0, &|record| {
                record["metadata"]["share_of"] = json!("AAAAAAAAAAAAAAAAAAAAAA")
            }),
        ),
        (
            "Memo",
            edited(0, &|record| record["access_key_hash"] = json!("00".repeat(32))),
        ),
    ];
    for (at, (expected, bytes)) in refusals.into_iter().enumerate() {
        let refused = read(&bytes).expect_err("it is refused");
        assert_eq!(name(refused), expected, "number {at}");
    }
    // Cut anywhere, of all blocks.
    for cut in (0..whole.len() - 1_024).step_by(512) {
        assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
    }
    // Zeros in the place of the token's hash, as older imports left them, are not taken over.
    let zeros = parts(&|parts| {
        let mut record: Value = serde_json::from_slice(&parts[0].2).unwrap();
        record["access_token_hash"] = json!("00".repeat(32));
        parts[0].2 = serde_json::to_vec(&record).unwrap();
        let mut manifest: Value = serde_json::from_slice(&parts[2].2).unwrap();
        manifest["memos"][0]["record_sha256"] = json!(hex::encode(Sha256::digest(&parts[0].2)));
        parts[2].2 = serde_json::to_vec(&manifest).unwrap();
    });
    let older = into.path().join("older.tar");
    std::fs::write(&older, zeros).unwrap();
    let other = Place::new();
    drop(other.store());
    printed(&other.run(&["mailbox", "import", older.to_str().unwrap()]));
    let record = other.store().get(&id).unwrap().unwrap();
    assert!(!record.access_token_hash.is_nothing());
    // By the command: nothing is stored, nothing left behind.
    let cut = into.path().join("cut.tar");
    std::fs::write(&cut, &whole[..whole.len() - 2_048]).unwrap();
    complained(&into.run(&["mailbox", "import", cut.to_str().unwrap()]));
    assert_eq!(into.store().count(), 0);
    assert!(leftovers(&into).is_empty());
}

/// The key and number of a row's caller, as an old program kept them.
struct Old {
    key: MemoKey,
    id: MemoId,
    link: String,
}

const NUMBER: &str = "+15550142997";
const CALLED: &str = "15550177881";

/// Has Python's sqlite3 write a database as an old program would; what is in it in clear.
fn old_database(python: &Path, file: &Path) -> Vec<Old> {
    let mut rows = Vec::new();
    let mut olds = Vec::new();
    for n in 0..4 {
        let (sealed, key) = seal::seal(wav::encode(vec![vec![n; 800].into()]));
        let id = sealed.id();
        let text = key.to_text();
        let link = format!("https://old.example.org/voice/{id}#{}", text.as_str());
        let hash = hex::encode(Verifier::of_key(&key).as_bytes());
        let audio = base64::engine::general_purpose::STANDARD.encode(sealed.ciphertext());
        let iv = URL_SAFE.encode(sealed.iv());
        let mut row = json!({
            "id": id.to_string(), "user_id": "someone", "domain": "old.example.org", "audio": audio,
            "iv": iv, "key_hash": hash, "duration": 0.1, "created": 1_767_225_600 + i64::from(n),
            "metadata": {"source": "sip_call", "trunk": "line", "call_id": format!("{}-a@host", &NUMBER[1..]),
                "encryption": "aes-256-gcm", "qr_access": link, "from": NUMBER, "called_number": CALLED},
            "blob": n % 2 == 0, "token_hash": null, "expires": null,
        });
        match n {
            // The key within JSON within JSON, times as text.
            1 => {
                row["created"] = json!("2026-01-01 00:00:01");
                row["metadata"]["qr_access"] = json!(json!({"url": link}).to_string());
            }
            // No key in clear, but a token's hash.
            2 => {
                row["metadata"]["qr_access"] = Value::Null;
                row["token_hash"] = json!("ab".repeat(32));
                row["expires"] = json!("2030-01-01T00:00:00Z");
            }
            // Neither: for peers of version 1.0 alone.
            3 => row["metadata"]["qr_access"] = Value::Null,
            _ => {}
        }
        rows.push(row);
        olds.push(Old { key, id, link });
    }
    let script = r#"
import base64, json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("CREATE TABLE voice_memos (id TEXT PRIMARY KEY, user_id, domain, encrypted_audio, encryption_iv TEXT,"
           " access_key_hash TEXT, access_token_hash TEXT, duration_seconds, created_at, expires_at, metadata TEXT)")
for row in json.load(sys.stdin):
    audio = base64.b64decode(row["audio"]) if row["blob"] else row["audio"]
    db.execute("INSERT INTO voice_memos VALUES (?,?,?,?,?,?,?,?,?,?,?)", (row["id"], row["user_id"], row["domain"], audio,
        row["iv"], row["key_hash"], row["token_hash"], row["duration"], row["created"], row["expires"],
        json.dumps(row["metadata"])))
for bad in [("short", b"x" * 40), ("AAAAAAAAAAAAAAAAAAAAAA", None), ("BBBBBBBBBBBBBBBBBBBBBA", b"x" * 3)]:
    db.execute("INSERT INTO voice_memos (id, encrypted_audio, encryption_iv, access_key_hash, created_at) VALUES (?,?,?,?,?)",
        (bad[0], bad[1], "AAAAAAAAAAAAAAAA", "00" * 32, 1))
db.execute("INSERT INTO voice_memos (id, encrypted_audio, encryption_iv, created_at) VALUES (?,?,?,1)",
    ("CCCCCCCCCCCCCCCCCCCCCA", b"x" * 40, "AAAAAAAAAAAAAAAA"))
db.execute("CREATE TABLE other (id, encrypted_audio, encryption_iv, access_key_hash, created_at)")
db.commit()
"#;
    let mut child = Command::new(python)
        .args(["-c", script])
        .arg(file)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::Write as _;
    child
        .stdin
        .take()
        .unwrap()
        .write_all(json!(rows).to_string().as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    olds
}

/// Files of a store that hold a row's key, or the caller's number, in any writing.
fn secrets_in(place: &Place, olds: &[Old]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for old in olds {
        found.extend(files_with(
            &place.data(),
            &URL_SAFE.decode(&*old.key.to_text()).unwrap(),
        ));
    }
    for number in [NUMBER, &NUMBER[1..], CALLED] {
        found.extend(files_with(&place.data(), number.as_bytes()));
    }
    found
}

#[test]
fn what_an_old_database_has_in_clear_is_sealed_to_the_owner() {
    let Some(python) = peer::peer("python3:sqlite3") else {
        return;
    };
    let place = Place::new();
    let (inbox, _) = owner_of(&place);
    let file = place.path().join("old.db");
    let olds = old_database(&python, &file);
    // The search finds what it looks for, where it is.
    assert!(!files_with(place.path(), NUMBER.as_bytes()).is_empty());
    let before = std::fs::read(&file).unwrap();

    let run = place.run(&[
        "memo",
        "import-sqlite",
        file.to_str().unwrap(),
        "--mailbox",
        "main",
    ]);
    let said = complained(&run);
    assert_eq!(
        String::from_utf8_lossy(&run.stdout),
        "4 memos were taken into main\n",
        "{said}"
    );
    for (row, reason) in [
        ("row 5 (\"short\")", "its id is neither"),
        ("row 6 (\"AAAAAAAAAAAAAAAAAAAAAA\")", "it has no encrypted_audio"),
        ("row 7 (\"BBBBBBBBBBBBBBBBBBBBBA\")", "shorter than a tag"),
        ("row 8 (\"CCCCCCCCCCCCCCCCCCCCCA\")", "no access_key_hash"),
    ] {
        assert!(said.contains(row) && said.contains(reason), "{said}");
    }
    assert!(said.contains("2 memos had their key in clear"), "{said}");
    assert!(
        said.contains("2 memos had a key or a caller in clear, which is left out"),
        "{said}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), before, "the database is only read");
    assert_eq!(secrets_in(&place, &olds), Vec::<PathBuf>::new());

    let store = place.store();
    for (n, old) in olds.iter().enumerate() {
        let record = store.get(&old.id).unwrap().unwrap();
        assert_eq!(record.created_at.0, 1_767_225_600_000 + 1_000 * n as u64);
        assert_eq!(record.metadata.trunk.as_deref(), Some("line"));
        // It held the caller's number.
        assert_eq!(record.metadata.call_id, None);
        assert!(open_stored(&store, &ParsedLink::parse(&old.link).unwrap()).is_ok());
        assert!(record.access_key_hash.matches(&Verifier::of_key(&old.key)));
        assert_eq!(record.sealed_envelope.is_some(), n < 2);
        if let Some(sealed) = &record.sealed_envelope {
            let contents = envelope::open(&inbox.seeds[0], &old.id, sealed).unwrap();
            assert_eq!(*contents.key.to_text(), *old.key.to_text());
            assert_eq!((contents.from.as_str(), contents.to.as_str()), (NUMBER, CALLED));
            assert_eq!(contents.duration_seconds, Some(0.1));
            assert!(contents.link.starts_with("https://memo.example.org/voice/"));
            let token = obelus::memo::token::AccessToken::derive(&old.key).verifier();
            assert!(record.access_token_hash.matches(&token));
        }
    }
    let third = store.get(&olds[2].id).unwrap().unwrap();
    assert_eq!(hex::encode(third.access_token_hash.as_bytes()), "ab".repeat(32));
    assert!(third.expires_at.is_some());
    let last = store.get(&olds[3].id).unwrap().unwrap();
    // No token opens it: what stands there is of none that anybody has.
    assert!(!last.access_token_hash.is_nothing());
    let token = obelus::memo::token::AccessToken::derive(&olds[3].key).verifier();
    assert!(!last.access_token_hash.matches(&token));
}

#[test]
fn without_an_owner_or_at_wish_it_is_dropped() {
    let Some(python) = peer::peer("python3:sqlite3") else {
        return;
    };
    for drops in [true, false] {
        let place = Place::new();
        let mut arguments = vec!["memo", "import-sqlite", "old.db", "--mailbox", "main"];
        if drops {
            owner_of(&place);
            arguments.push("--drop-secrets");
        }
        let olds = old_database(&python, &place.path().join("old.db"));
        let said = complained(&place.run(&arguments));
        assert!(
            said.contains("4 memos had a key or a caller in clear, which is left out"),
            "{said}"
        );
        assert_eq!(secrets_in(&place, &olds), Vec::<PathBuf>::new());
        let store = place.store();
        for old in &olds {
            assert!(store.get(&old.id).unwrap().unwrap().sealed_envelope.is_none());
            assert!(open_stored(&store, &ParsedLink::parse(&old.link).unwrap()).is_ok());
        }
    }
    let place = Place::new();
    old_database(&python, &place.path().join("old.db"));
    let empty = place.run(&[
        "memo",
        "import-sqlite",
        "old.db",
        "--mailbox",
        "main",
        "--table",
        "other",
    ]);
    assert_eq!(printed(&empty), "0 memos were taken into main\n");
    let none = place.run(&[
        "memo",
        "import-sqlite",
        "old.db",
        "--mailbox",
        "main",
        "--table",
        "x\" y",
    ]);
    assert!(complained(&none).contains("no table"), "{none:?}");
    let absent = place.run(&["memo", "import-sqlite", "absent.db", "--mailbox", "main"]);
    assert!(complained(&absent).contains("absent.db"));
    assert!(!place.path().join("absent.db").exists());
}

#[test]
fn an_exported_database_is_read_by_others_and_by_us() {
    let Some(python) = peer::peer("python3:sqlite3") else {
        return;
    };
    let (from, to) = (Place::new(), Place::new());
    let (inbox, public) = owner_of(&from);
    let (id, link) = from.leave("main", &SAMPLES, Some(&public));
    let file = from.path().join("new.db");
    let name = file.to_str().unwrap();
    assert!(printed(&from.run(&["memo", "export-sqlite", name])).starts_with("1 memos are in "));
    assert!(complained(&from.run(&["memo", "export-sqlite", name])).contains("exists already"));
    let script = "import sqlite3, sys, json\n\
        db = sqlite3.connect(sys.argv[1]); db.row_factory = sqlite3.Row\n\
        row = dict(db.execute('SELECT * FROM voice_memos').fetchone())\n\
        row['encrypted_audio'] = len(row['encrypted_audio'])\n\
        print(json.dumps(row))";
    let read = Command::new(&python).args(["-c", script, name]).output().unwrap();
    let row: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(row["id"], id.to_string());
    assert_eq!(row["encrypted_audio"], 44 + 1_600 + 16);
    assert_eq!(row["created_at"], "2027-01-15T08:00:00.000Z");
    assert_eq!(row["access_key_hash"].as_str().unwrap().len(), 64);

    let taken = to.run(&["memo", "import-sqlite", name, "--mailbox", "sales"]);
    assert_eq!(printed(&taken), "1 memos were taken into sales\n");
    let store = to.store();
    assert!(open_stored(&store, &ParsedLink::parse(&link).unwrap()).is_ok());
    let sealed = store.get(&id).unwrap().unwrap().sealed_envelope.unwrap();
    assert!(envelope::open(&inbox.seeds[0], &id, &sealed).is_ok());
}
