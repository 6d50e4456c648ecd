use super::envelope;
use super::hearing::Hearings;
use super::journal;
use super::key::{MemoId, MemoKey};
use super::link::{Link, LinkBase, LinkError, ParsedLink};
use super::open::{self, OpenError, OpenStoredError};
use super::owner::{Kem, OwnerSeed};
use super::record::{Encryption, Facts, Record};
use super::seal::{self, IV_BYTES};
use super::store::mailboxes::OwnerKey;
use super::store::receipts::Reason;
use super::store::Store;
use super::token::{AccessToken, Verifier};
use super::vault::{MemoMeta, Vault, VaultCommand, VaultError, VaultEvent};
use super::wav;
use crate::limits;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use base64::Engine as _;
use proptest::prelude::*;
use serde::Deserialize;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

#[derive(Deserialize)]
struct Vectors {
    memos: Vec<MemoVector>,
    accepted_keys: Vec<KeyVector>,
    refused_keys: Vec<KeyVector>,
}

#[derive(Deserialize)]
struct MemoVector {
    name: String,
    key: String,
    memo_id: String,
    link_base: String,
    link: String,
    encryption_iv: String,
    access_key_hash: String,
    access_token: String,
    access_token_hash: String,
    samples: Vec<i16>,
    audio_b64: String,
    encrypted_audio_b64: String,
    duration_millis: u64,
}

#[derive(Deserialize)]
struct KeyVector {
    comment: String,
    text: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../tests/vectors/memo.json")).expect("the vectors are JSON")
}

fn iv_of(text: &str) -> [u8; IV_BYTES] {
    URL_SAFE.decode(text).unwrap().try_into().unwrap()
}

fn facts() -> Facts {
    Facts::at("memo.example.org", SystemTime::UNIX_EPOCH)
}

#[test]
fn sealing_comes_to_what_an_independent_program_made() {
    for vector in vectors().memos {
        let key = MemoKey::from_text(&vector.key).unwrap();
        let id: MemoId = vector.memo_id.parse().unwrap();
        let file = wav::encode(vec![Zeroizing::new(vector.samples.clone())]);
        assert_eq!(STANDARD.encode(&*file), vector.audio_b64, "{}", vector.name);
        let sealed = seal::seal_under(id, &key, iv_of(&vector.encryption_iv), file);
        assert_eq!(
            STANDARD.encode(sealed.ciphertext()),
            vector.encrypted_audio_b64,
            "{}",
            vector.name
        );
        assert_eq!(
            *AccessToken::derive(&key).to_text(),
            vector.access_token,
            "{}",
            vector.name
        );

        let record = serde_json::to_value(Record::new(&sealed, facts())).unwrap();
        assert_eq!(record["id"], vector.memo_id);
        assert_eq!(record["encryption_iv"], vector.encryption_iv);
        assert_eq!(record["access_key_hash"], vector.access_key_hash);
        assert_eq!(record["access_token_hash"], vector.access_token_hash);
        let record: Record = serde_json::from_value(record).unwrap();
        let millis = record.duration().map(|duration| duration.as_millis());
        assert_eq!(millis, Some(u128::from(vector.duration_millis)));
    }
}

#[test]
fn what_an_independent_program_sealed_opens() {
    for vector in vectors().memos {
        let link = ParsedLink::parse(&vector.link).unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        assert_eq!(link.base, vector.link_base);
        assert_eq!(link.id, vector.memo_id);
        let ciphertext = STANDARD.decode(&vector.encrypted_audio_b64).unwrap();
        let audio = open::open(&link.key, &iv_of(&vector.encryption_iv), ciphertext).unwrap();
        assert_eq!(STANDARD.encode(&*audio), vector.audio_b64, "{}", vector.name);
    }
}

#[test]
fn a_key_is_read_in_each_form_that_an_encoder_writes_and_in_no_other() {
    let vectors = vectors();
    let expected = MemoKey::from_text(&vectors.accepted_keys[0].text).unwrap();
    for vector in &vectors.accepted_keys {
        let key =
            MemoKey::from_text(&vector.text).unwrap_or_else(|error| panic!("{}: {error}", vector.comment));
        assert_eq!(key.bytes(), expected.bytes(), "{}", vector.comment);
    }
    for vector in &vectors.refused_keys {
        assert!(MemoKey::from_text(&vector.text).is_err(), "{}", vector.comment);
    }
}

#[test]
fn a_link_with_any_one_character_of_its_key_changed_does_not_open() {
    let (sealed, key) = seal::seal(wav::encode(vec![Zeroizing::new(vec![1; 100])]));
    let text = key.to_text();
    for at in 0..text.len() {
        for other in ['A', 'B', 'z', '9', '-', '='] {
            let mut changed: Vec<char> = text.chars().collect();
            if changed[at] == other {
                continue;
            }
            changed[at] = other;
            let changed: String = changed.into_iter().collect();
            let opened = MemoKey::from_text(&changed)
                .map(|key| open::open(&key, sealed.iv(), sealed.ciphertext().to_vec()));
            assert!(!matches!(opened, Ok(Ok(_))), "character {at}");
        }
    }
}

#[test]
fn altered_ciphertext_does_not_open() {
    let (sealed, key) = seal::seal(wav::encode(vec![Zeroizing::new(vec![1; 100])]));
    let whole = sealed.ciphertext().to_vec();
    for at in [
        0,
        1,
        whole.len() / 2,
        whole.len() - 17,
        whole.len() - 16,
        whole.len() - 1,
    ] {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        assert_eq!(
            open::open(&key, sealed.iv(), altered).err(),
            Some(OpenError::WrongKey),
            "byte {at}"
        );
    }
    let cut = whole[..whole.len() - 1].to_vec();
    assert_eq!(
        open::open(&key, sealed.iv(), cut).err(),
        Some(OpenError::WrongKey)
    );
    assert_eq!(
        open::open(&key, sealed.iv(), vec![0; 15]).err(),
        Some(OpenError::TooShort)
    );
}

#[test]
fn no_two_memos_share_a_key_an_iv_or_a_name() {
    let (one, first) = seal::seal(wav::encode(Vec::new()));
    let (two, second) = seal::seal(wav::encode(Vec::new()));
    assert_ne!(one.id(), two.id());
    assert_ne!(one.iv(), two.iv());
    assert_ne!(first.bytes(), second.bytes());
}

#[test]
fn a_token_tells_its_key_only_by_the_hash() {
    let key = MemoKey::generate();
    let token = AccessToken::derive(&key);
    assert_ne!(*token.to_text(), *key.to_text());
    assert!(token.verifier().matches(&AccessToken::derive(&key).verifier()));
    assert!(!token.verifier().matches(&Verifier::of_key(&key)));
    assert!(!token.verifier().matches(&Verifier::nothing()));
    assert_eq!(format!("{:?}", token.verifier()), "Verifier(…)");
}

#[test]
fn an_id_comes_back_from_its_text_and_from_no_other() {
    let id = MemoId::generate();
    assert_eq!(id.to_string().len(), 22);
    assert_eq!(id.to_string().parse(), Ok(id));
    for wrong in [
        "",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAA/A",
        "../../../etc/passwd0000",
    ] {
        assert!(wrong.parse::<MemoId>().is_err(), "{wrong}");
    }
}

#[test]
fn a_link_says_https_where_it_is_spoken_and_http_only_on_this_machine() {
    let base = |domain, url, tls| LinkBase::new(domain, url, tls).as_str().to_owned();
    assert_eq!(base("memo.example.org", None, true), "https://memo.example.org");
    assert_eq!(base("memo.example.org", None, false), "memo.example.org");
    assert_eq!(base("localhost:5001", None, false), "http://localhost:5001");
    assert_eq!(base("127.0.0.1:5001", None, false), "http://127.0.0.1:5001");
    assert_eq!(base("[::1]:5001", None, false), "http://[::1]:5001");
    assert_eq!(base("localhost:5001", None, true), "https://localhost:5001");
    assert_eq!(
        base("localhost.example.org", None, false),
        "localhost.example.org"
    );
    assert_eq!(
        base("localhost:5001", Some("https://memo.example.org/"), false),
        "https://memo.example.org"
    );
    assert_eq!(
        LinkBase::new("memo.example.org", None, false).url(),
        "http://memo.example.org"
    );
}

#[test]
fn a_link_is_taken_apart_as_people_paste_it() {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for text in [
        format!("https://memo.example.org/voice/EBESExQVFhcYGRobHB0eHw#{key}"),
        format!("  https://memo.example.org/voice/EBESExQVFhcYGRobHB0eHw/#{key}\n"),
        format!("https://memo.example.org/voice/EBESExQVFhcYGRobHB0eHw?key={key}"),
        format!(
            "https://memo.example.org/voice/EBESExQVFhcYGRobHB0eHw?utm=1#{}",
            key.replace('=', "%3D")
        ),
    ] {
        let link = ParsedLink::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(link.base, "https://memo.example.org");
        assert_eq!(
            link.memo_id().map(|id| id.to_string()).as_deref(),
            Some("EBESExQVFhcYGRobHB0eHw")
        );
        assert_eq!(*link.key.to_text(), key);
    }
    let error = |text: &str| ParsedLink::parse(text).err().unwrap();
    assert_eq!(error("https://memo.example.org/"), LinkError::NotALink);
    assert_eq!(error("/voice/EBESExQVFhcYGRobHB0eHw#x"), LinkError::NotALink);
    assert_eq!(error("https://a@b.example.org/voice/EBES#x"), LinkError::NotALink);
    assert_eq!(error("see memo.example.org/voice/EBES#x"), LinkError::NotALink);
    assert_eq!(error("https://memo.example.org/voice/a.b#x"), LinkError::Id);
    assert_eq!(error("https://memo.example.org/voice/EBES"), LinkError::NoKey);
    assert_eq!(error("https://memo.example.org/voice/EBES#"), LinkError::NoKey);
    assert!(matches!(
        error("https://memo.example.org/voice/EBES#short"),
        LinkError::Key(_)
    ));
}

#[test]
fn a_link_made_here_is_read_here() {
    let (id, key) = (MemoId::generate(), MemoKey::generate());
    let link = Link::new(&LinkBase::new("memo.example.org", None, true), &id, &key);
    let parsed = ParsedLink::parse(link.expose()).unwrap();
    assert_eq!(parsed.memo_id(), Some(id));
    assert_eq!(parsed.key.bytes(), key.bytes());
}

#[test]
fn a_file_has_the_header_that_every_player_knows() {
    let file = wav::encode(vec![Zeroizing::new(vec![1, -2]), Zeroizing::new(vec![3])]);
    let reader = hound::WavReader::new(std::io::Cursor::new(&*file)).unwrap();
    let spec = reader.spec();
    assert_eq!(
        (spec.channels, spec.sample_rate, spec.bits_per_sample),
        (1, 8_000, 16)
    );
    let samples: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
    assert_eq!(samples, [1, -2, 3]);
    assert!(
        file.capacity() >= file.len() + seal::TAG_BYTES,
        "sealing moves no plain audio"
    );
}

// ---- The vault ----

fn vault(folder: &std::path::Path) -> (Vault, Store) {
    let store = Store::open(folder).unwrap();
    let base = LinkBase::new("memo.example.org", None, true);
    (Vault::new(store.clone(), "memo.example.org".into(), base), store)
}

fn append(recording: u64, samples: Vec<i16>) -> VaultCommand {
    VaultCommand::Append {
        recording,
        samples: Zeroizing::new(samples),
    }
}

fn finish(recording: u64) -> VaultCommand {
    VaultCommand::Finish {
        recording,
        meta: meta(Some("main")),
    }
}

fn meta(mailbox: Option<&str>) -> MemoMeta {
    MemoMeta {
        mailbox: mailbox.map(str::to_owned),
        from: "+15550100123".into(),
        from_name: "Somebody".into(),
        to: "+15550100999".into(),
        ..MemoMeta::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
    }
}

fn begin(recording: u64, mailboxes: &[&str]) -> VaultCommand {
    let mut mailboxes = mailboxes.iter();
    VaultCommand::Begin {
        recording,
        meta: Box::new(meta(mailboxes.next().copied())),
        copies: mailboxes.map(|name| (*name).to_owned()).collect(),
    }
}

fn copy(recording: u64, copy: u64, mailbox: &str) -> VaultCommand {
    VaultCommand::Copy {
        recording,
        copy,
        mailbox: mailbox.into(),
    }
}

/// Gives a mailbox an owner.
fn own(store: &Store, mailbox: &str) -> OwnerSeed {
    let seed = OwnerSeed::generate();
    let key = OwnerKey::new(
        &seed.public_key(Kem::X25519),
        seed.listing_token().verifier(),
        SystemTime::UNIX_EPOCH,
    );
    store.mailboxes().set_owner(mailbox, key).unwrap();
    seed
}

/// How many journals there are.
fn journals(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder.join("journals")).unwrap().count()
}

#[test]
fn what_was_said_is_what_the_link_opens() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    assert!(vault
        .handle(vec![append(7, vec![5; 4_000]), append(8, vec![9; 10])])
        .is_empty());
    let events = vault.handle(vec![append(7, vec![-6; 4_000]), finish(7)]);
    let [VaultEvent::Stored { recording: 7, memo }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(memo.seconds, 1.0);
    assert_eq!(vault.held(), (1, 20), "the other recording goes on");
    let link = ParsedLink::parse(memo.link.expose()).unwrap();
    let audio = open::open_stored(&store, &link).unwrap();
    let samples: Vec<i16> = audio[44..]
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    assert_eq!(samples, [vec![5; 4_000], vec![-6; 4_000]].concat());
}

#[test]
fn a_link_to_a_memo_that_is_not_here_or_with_another_key_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    let events = vault.handle(vec![append(1, vec![1; 100]), finish(1)]);
    let [VaultEvent::Stored { memo, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    let base = LinkBase::new("memo.example.org", None, true);
    let error = |id, key| {
        let link = ParsedLink::parse(Link::new(&base, &id, &key).expose()).unwrap();
        open::open_stored(&store, &link).err().unwrap()
    };
    let wrong_key = error(memo.id, MemoKey::generate());
    assert!(
        matches!(wrong_key, OpenStoredError::Open(OpenError::WrongKey)),
        "{wrong_key}"
    );
    let key = ParsedLink::parse(memo.link.expose()).unwrap().key;
    let unknown = error(MemoId::generate(), key);
    assert!(matches!(unknown, OpenStoredError::Unknown), "{unknown}");
}

#[test]
fn nothing_of_the_caller_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    let events = vault.handle(vec![append(1, vec![1; 100]), finish(1)]);
    let [VaultEvent::Stored { memo, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    let record = serde_json::to_string(&store.get(&memo.id).unwrap().unwrap()).unwrap();
    for private in ["5550100123", "Somebody", "5550100999", "duration"] {
        assert!(!record.contains(private), "{private} in {record}");
    }
    let printed = format!("{events:?}");
    let key = memo.link.expose().split_once('#').unwrap().1;
    assert!(
        !printed.contains(key) && !printed.contains("5550100123"),
        "{printed}"
    );
}

#[test]
fn all_that_finish_in_one_batch_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    let commands = (0..20)
        .flat_map(|n| [append(n, vec![1; 800]), finish(n)])
        .collect();
    let events = vault.handle(commands);
    let stored = events
        .iter()
        .filter(|event| matches!(event, VaultEvent::Stored { .. }))
        .count();
    assert_eq!((stored, store.count(), vault.held()), (20, 20, (0, 0)));
}

#[test]
fn a_recording_without_audio_leaves_no_memo() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    let events = vault.handle(vec![append(1, Vec::new()), finish(1), finish(2)]);
    let empty = |event: &VaultEvent| {
        matches!(
            event,
            VaultEvent::Failed {
                error: VaultError::Empty,
                ..
            }
        )
    };
    assert!(events.len() == 2 && events.iter().all(empty), "{events:?}");
    assert_eq!(store.count(), 0);
}

#[test]
fn a_discarded_recording_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = vault(folder.path());
    let discard = VaultCommand::Discard { recording: 1 };
    assert!(vault.handle(vec![append(1, vec![1; 100]), discard]).is_empty());
    assert_eq!(vault.held(), (0, 0));
}

#[test]
fn a_copy_is_kept_apart_under_a_key_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    let commands = vec![
        begin(1, &["main", "office", "home"]),
        append(1, vec![1; 50]),
        append(1, vec![2; 50]),
        copy(1, 2, "office"),
    ];
    assert!(vault.handle(commands).is_empty());
    assert_eq!(vault.held(), (2, 600), "for each of the three mailboxes");
    assert_eq!(journals(folder.path()), 3);
    let events = vault.handle(vec![finish(1), finish(2)]);
    let [VaultEvent::Stored {
        recording: 1,
        memo: first,
    }, VaultEvent::Stored {
        recording: 2,
        memo: second,
    }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert!(first.id != second.id && first.link.expose() != second.link.expose());
    assert_eq!((first.seconds, second.seconds), (0.0125, 0.0125));
    assert_eq!((store.count(), vault.held()), (2, (0, 0)));
    assert_eq!(
        journals(folder.path()),
        0,
        "the one that nobody asked for is gone"
    );
}

#[test]
fn a_copy_for_a_mailbox_that_the_recording_was_not_meant_for_has_no_audio() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    let commands = vec![
        begin(1, &["main"]),
        append(1, vec![1; 100]),
        copy(1, 2, "office"),
        copy(1, 3, "main"),
        copy(7, 4, "main"),
        finish(2),
        finish(1),
    ];
    let events = vault.handle(commands);
    assert!(
        matches!(
            &events[..],
            [
                VaultEvent::Failed { recording: 2, .. },
                VaultEvent::Stored { recording: 1, .. }
            ]
        ),
        "{events:?}"
    );
    assert_eq!((store.count(), vault.held()), (1, (0, 0)));
}

#[test]
fn a_recording_holds_no_more_than_a_second_of_plain_audio() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    vault.handle(vec![begin(1, &["main"])]);
    for half in 1..=601 {
        vault.handle(vec![append(1, vec![3; 4_000])]);
        assert_eq!(vault.held(), (1, half % 2 * 8_000));
    }
    let events = vault.handle(vec![finish(1)]);
    let [VaultEvent::Stored { memo, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(memo.seconds, 300.5);
    assert_eq!(
        store.get(&memo.id).unwrap().unwrap().metadata.encryption,
        Encryption::Whole
    );
    assert_eq!(journals(folder.path()), 0);
}

#[test]
fn the_owner_opens_what_was_sealed_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    let seed = own(&store, "main");
    let events = vault.handle(vec![begin(1, &["main"]), append(1, vec![1; 12_000]), finish(1)]);
    let [VaultEvent::Stored { memo, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    let record = store.get(&memo.id).unwrap().unwrap();
    let sealed = record.sealed_envelope.as_ref().expect("an envelope");
    assert_eq!(Some(sealed), memo.envelope.as_ref());
    let contents = envelope::open(&seed, &memo.id, sealed).unwrap();
    assert_eq!(*contents.link, *memo.link.expose());
    assert_eq!(*contents.from, *"+15550100123");
    assert_eq!(*contents.caller_name, *"Somebody");
    assert_eq!(*contents.to, *"+15550100999");
    assert_eq!(contents.duration_seconds, Some(1.5));
    assert!(record.complete);
    assert_eq!(
        store.notices().list().unwrap(),
        [memo.id],
        "somebody is to be told"
    );
}

#[test]
fn audio_stays_in_memory_only_where_it_is_to_be_heard_and_can_be_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, store) = vault(folder.path());
    let hearings = Hearings::of(["main".to_owned()]);
    let mut vault = vault.with_hearings(hearings.clone());
    let mut hearing_of = |mailbox: &str| {
        let ended = meta(Some(mailbox));
        let commands = vec![
            begin(1, &[mailbox]),
            append(1, vec![3; 8_100]),
            VaultCommand::Finish {
                recording: 1,
                meta: ended,
            },
        ];
        match vault.handle(commands).pop() {
            Some(VaultEvent::Stored { memo, .. }) => (memo.id, memo.hearing),
            other => panic!("{other:?}"),
        }
    };
    assert!(hearing_of("main").1.is_none(), "nobody owns it");
    let seed = own(&store, "main");
    own(&store, "office");
    assert!(hearing_of("office").1.is_none(), "it has not asked");
    let all = hearings.room(limits::TRANSCRIPTION_BYTES);
    assert!(hearing_of("main").1.is_none(), "there is no room");
    drop(all);
    let (id, hearing) = hearing_of("main");
    let hearing = hearing.expect("it is to be heard");
    assert_eq!(hearing.wav[44..], [3_i16.to_le_bytes(); 8_100].concat());
    let again = envelope::seal(&seed.public_key(Kem::X25519), &id, &hearing.contents).unwrap();
    let record = store.get(&id).unwrap().unwrap();
    let stored = envelope::open(&seed, &id, record.sealed_envelope.as_ref().unwrap()).unwrap();
    let again = envelope::open(&seed, &id, &again).unwrap();
    assert_eq!((&*again.link, &*again.from), (&*stored.link, &*stored.from));
    assert_eq!(again.duration_seconds, stored.duration_seconds);
}

/// What a start finds after the vault was forgotten with its recordings, as a crash does.
fn after_a_crash(commands: Vec<VaultCommand>) -> (tempfile::TempDir, Store, OwnerSeed) {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    let seed = own(&store, "main");
    vault.handle(commands);
    drop((vault, store));
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(journals(folder.path()), 0, "no orphan");
    (folder, store, seed)
}

#[test]
fn a_recording_that_a_crash_cut_off_is_an_incomplete_memo_of_its_owner() {
    let (_folder, store, seed) = after_a_crash(vec![begin(1, &["main"]), append(1, vec![-7; 20_000])]);
    assert_eq!(store.report().journals_recovered, 1);
    let page = store.list(Some("main"), None, 10).unwrap();
    let [record] = &page.records[..] else {
        panic!("{page:?}")
    };
    assert!(!record.complete);
    assert_eq!(
        store.notices().list().unwrap(),
        [record.id],
        "nobody was told of it"
    );
    assert_eq!(record.metadata.encryption, Encryption::Stream);
    assert_eq!(record.duration(), Some(Duration::from_secs(2)));
    let contents = envelope::open(&seed, &record.id, record.sealed_envelope.as_ref().unwrap()).unwrap();
    assert_eq!(contents.duration_seconds, None);
    assert_eq!(*contents.from, *"+15550100123");
    let ciphertext = store.ciphertext(&record.id).unwrap();
    assert_eq!(ciphertext.len() as u64, record.file_size_bytes);
    let opened = journal::open(&contents.key, &record.encryption_iv, &ciphertext).unwrap();
    assert_eq!(opened.wav[44..], [(-7_i16).to_le_bytes(); 16_000].concat());
    assert!(!opened.complete);
    let link = ParsedLink::parse(&contents.link).unwrap();
    assert_eq!(open::open_stored(&store, &link).unwrap(), opened.wav);
    let now = SystemTime::UNIX_EPOCH;
    let deleted = store.delete(&record.id, Reason::Owner, now).unwrap();
    assert!(deleted.is_some());
    assert_eq!(store.count(), 0);
}

#[test]
fn a_lost_index_finds_incomplete_memos_again() {
    let (folder, store, _) = after_a_crash(vec![begin(1, &["main"]), append(1, vec![-7; 20_000])]);
    let before = store.list(None, None, 10).unwrap().records.remove(0);
    drop(store);
    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    let store = Store::open(folder.path()).unwrap();
    let after = store.list(None, None, 10).unwrap().records.remove(0);
    assert_eq!(
        serde_json::to_value(before).unwrap(),
        serde_json::to_value(after).unwrap()
    );
}

#[test]
fn what_nobody_could_open_after_a_crash_is_removed() {
    // No owner; no audio; less than a second of it; no mailbox at all.
    let commands = vec![
        begin(1, &["office"]),
        append(1, vec![1; 20_000]),
        begin(2, &["main"]),
        begin(3, &["main"]),
        append(3, vec![1; 7_999]),
        begin(4, &[]),
        append(4, vec![1; 20_000]),
    ];
    let (_folder, store, _) = after_a_crash(commands);
    assert_eq!(store.report().journals_removed, 4);
    assert_eq!(store.count(), 0);
}

#[test]
fn the_vault_ends_as_a_crash_would_end_it_but_keeps_the_last_second() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(folder.path());
    own(&store, "main");
    let commands = vec![
        begin(1, &["main"]),
        append(1, vec![1; 12_000]),
        begin(2, &["office"]),
        append(2, vec![1; 12_000]),
    ];
    vault.handle(commands);
    vault.close();
    assert_eq!(journals(folder.path()), 1);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let page = store.list(None, None, 10).unwrap();
    assert_eq!(page.records.len(), 1);
    assert_eq!(page.records[0].duration(), Some(Duration::from_millis(1_500)));
}

#[test]
fn a_plain_file_is_written_whole_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, store) = vault(&folder.path().join("data"));
    let path = folder.path().join("greeting.wav");
    std::fs::write(&path, b"an older file that is longer than nothing").unwrap();
    let plain = |recording, path| VaultCommand::Plain { recording, path };
    let events = vault.handle(vec![append(1, vec![1, 2, 3]), plain(1, path.clone())]);
    assert!(
        matches!(&events[..], [VaultEvent::Written { recording: 1, .. }]),
        "{events:?}"
    );
    assert_eq!(std::fs::read(&path).unwrap().len(), 44 + 6);
    assert_eq!(store.count(), 0);
    let nowhere = folder.path().join("missing/file.wav");
    let events = vault.handle(vec![append(2, vec![1]), plain(2, nowhere)]);
    assert!(
        matches!(
            &events[..],
            [VaultEvent::Failed {
                recording: 2,
                error: VaultError::Plain { .. }
            }]
        ),
        "{events:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn opening_inverts_sealing(pieces in prop::collection::vec(prop::collection::vec(any::<i16>(), 0..300), 0..5)) {
        let expected: Vec<i16> = pieces.concat();
        let (sealed, key) = seal::seal(wav::encode(pieces.into_iter().map(Zeroizing::new).collect()));
        let audio = open::open(&key, sealed.iv(), sealed.ciphertext().to_vec()).unwrap();
        let samples: Vec<i16> =
            audio[44..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        prop_assert_eq!(samples, expected);
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "\\PC{0,120}") {
        let _ = ParsedLink::parse(&text);
        let _ = MemoKey::from_text(&text);
        let _ = text.parse::<MemoId>();
    }

    #[test]
    fn a_key_has_one_text_in_each_alphabet(text in "[A-Za-z0-9_-]{43}") {
        if let Ok(key) = MemoKey::from_text(&text) {
            let again = key.to_text();
            prop_assert_eq!(again.trim_end_matches('='), text);
        }
    }
}

#[test]
fn an_inbox_link_is_taken_apart_again() {
    use super::link::{InboxLink, ParsedInboxLink};
    use super::owner::OwnerSeed;
    let (seed, old) = (OwnerSeed::generate(), OwnerSeed::generate());
    let base = LinkBase::new("memo.example.org", None, true);
    let link = InboxLink::new(&base, "main", &seed);
    let with_old = format!("{},{}", link.expose(), *old.to_text());
    let parsed = ParsedInboxLink::parse(&with_old).unwrap();
    assert_eq!(
        (&*parsed.base, &*parsed.mailbox),
        ("https://memo.example.org", "main")
    );
    let texts: Vec<_> = parsed.seeds.iter().map(OwnerSeed::to_text).collect();
    assert_eq!(texts, [seed.to_text(), old.to_text()]);
    for bad in [
        "https://memo.example.org/inbox/main",
        "https://memo.example.org/inbox/main#",
        "https://memo.example.org/inbox/#AAAA",
        "https://memo.example.org/voice/main#AAAA",
        "https://memo.example.org/inbox/main#AAAA",
    ] {
        assert!(ParsedInboxLink::parse(bad).is_err(), "{bad}");
    }
    // Of what is no inbox's link at all, that is said.
    for (bad, error) in [
        ("main", LinkError::NotAnInbox),
        ("https://memo.example.org/voice/main", LinkError::NotAnInbox),
        ("https://memo.example.org/inbox/main", LinkError::NoKey),
    ] {
        assert_eq!(ParsedInboxLink::parse(bad).err(), Some(error), "{bad}");
    }
}
