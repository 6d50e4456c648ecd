use super::attempts::{Attempts, Verdict};
use super::code::{CodeError, CodeSecret, Derived, Locator, MemoCode, Proof};
use super::lock::{KeptLock, LockError, Parameters, TelephoneLock, Wrapped};
use crate::limits;
use crate::memo::key::{MemoId, MemoKey};
use crate::memo::owner::OwnerSeed;
use crate::memo::record::Millis;
use crate::secret::Digits;
use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};

fn digits(text: &str) -> Digits {
    Digits::from_text(text).expect("digits")
}

fn secret(text: &str) -> CodeSecret {
    CodeSecret::keyed(digits(text)).expect("a secret")
}

/// Parameters as cheap as the bounds allow.
fn cheap() -> Parameters {
    Parameters::new([7; 16], *limits::TELEPHONE_M_KIB.start(), 1, 1).expect("within the bounds")
}

#[test]
fn argon2id_gives_what_rfc_9106_says() {
    // RFC 9106 5.3: with a secret and associated data, which locks do not use; the function is the same.
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).unwrap())
        .build()
        .unwrap();
    let mut tag = [0; 32];
    Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params)
        .unwrap()
        .hash_password_into(&[1; 32], &[2; 16], &mut tag)
        .unwrap();
    assert_eq!(
        hex::encode(tag),
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    );
}

#[test]
fn a_lock_opens_by_its_code_and_beside_its_own_memo_alone() {
    let (memo, key, code) = (MemoId::generate(), MemoKey::generate(), MemoCode::generate());
    let lock = TelephoneLock::make(
        Some(code.locator),
        &memo.to_string(),
        key.bytes(),
        &code.secret,
        cheap(),
        [9; 12],
    );
    let text = serde_json::to_string(&lock).unwrap();
    let lock: TelephoneLock = serde_json::from_str(&text).unwrap();
    assert_eq!(lock.locator(), Some(code.locator));

    let derived = secret(code.secret.expose()).derive(lock.parameters());
    let proof = Proof::from_text(&derived.proof().to_text()).unwrap();
    assert!(lock.is_proof(&proof));
    let (iv, ct) = lock.wrapped().to_text();
    let wrapped = Wrapped::from_text(&iv, &ct).unwrap();
    assert_eq!(
        *wrapped.open_key(&derived, &memo).ok().unwrap().to_text(),
        *key.to_text()
    );
    assert_eq!(
        wrapped.open_key(&derived, &MemoId::generate()).err(),
        Some(LockError::Wrong)
    );

    let other = CodeSecret::generate().derive(lock.parameters());
    assert!(!lock.is_proof(&other.proof()));
    assert_eq!(
        lock.wrapped().open_key(&other, &memo).err(),
        Some(LockError::Wrong)
    );
}

#[test]
fn a_mailboxes_lock_holds_its_owners_seed() {
    let seed = OwnerSeed::generate();
    let code = secret("48151623421234567890");
    let lock = TelephoneLock::make(None, "main", seed.bytes(), &code, cheap(), [1; 12]);
    let json = serde_json::to_value(KeptLock::new(lock)).unwrap();
    assert!(json.get("locator").is_none(), "{json}");
    let kept: KeptLock = serde_json::from_value(json).unwrap();
    let derived = code.derive(kept.lock.parameters());
    let opened = kept.lock.wrapped().open_seed(&derived, "main").ok().unwrap();
    assert_eq!(*opened.to_text(), *seed.to_text());
    assert!(kept.lock.wrapped().open_seed(&derived, "other").is_err());
}

#[test]
fn the_usual_parameters_take_64_mib() {
    let parameters = Parameters::generate();
    assert_eq!(
        (parameters.m_kib(), parameters.t(), parameters.p()),
        (65_536, 3, 1)
    );
    assert_ne!(Parameters::generate().salt(), parameters.salt());
}

#[test]
fn a_lock_beyond_the_bounds_is_none() {
    let lock = TelephoneLock::make(
        None,
        "main",
        &[0; 32],
        &secret("0123456789012345"),
        cheap(),
        [0; 12],
    );
    let good = serde_json::to_value(&lock).unwrap();
    let refused = |key: &str, value: serde_json::Value| {
        let mut altered = good.clone();
        altered[key] = value;
        serde_json::from_value::<TelephoneLock>(altered)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_else(|| panic!("{key} is taken"))
    };
    assert_eq!(refused("v", 2.into()), "a telephone lock of version 2");
    for (key, value) in [
        ("m_kib", 8_191),
        ("m_kib", 262_145),
        ("t", 0),
        ("t", 11),
        ("p", 0),
        ("p", 5),
    ] {
        assert_eq!(
            refused(key, value.into()),
            LockError::Parameters.to_string(),
            "{key} {value}"
        );
    }
    for key in ["salt", "iv", "ct"] {
        let long = "A".repeat(1_000);
        for text in ["", "AAAA", "====", &long] {
            assert!(
                refused(key, text.into()).ends_with("is malformed"),
                "{key} {text}"
            );
        }
    }
    refused("locator", "12345".into());
    refused("locator", "12345x".into());
    refused("proof_hash", "00".into());
}

#[test]
fn a_code_is_so_many_digits() {
    let code = MemoCode::keyed(&digits("123456 7890 1234 5678 9012")).unwrap();
    assert_eq!(code.locator.to_string(), "123456");
    assert_eq!(code.secret.expose(), "7890123456789012");
    assert_eq!(*code.to_text(), "123456 7890 1234 5678 9012");
    for wrong in ["", "123456789012345678901", "12345678901234567890123"] {
        let error = MemoCode::keyed(&digits(wrong)).err();
        assert_eq!(error, Some(CodeError::Length(wrong.len())));
    }
    for (length, fits) in [(15, false), (16, true), (32, true), (33, false)] {
        let keyed = CodeSecret::keyed(digits(&"1".repeat(length)));
        assert_eq!(keyed.is_ok(), fits, "{length}");
    }
    assert!("١23456".parse::<Locator>().is_err());
}

#[test]
fn codes_by_chance_use_every_digit_and_are_never_easy() {
    let mut seen = [0usize; 10];
    for _ in 0..2_000 {
        let code = MemoCode::generate();
        for digit in code.secret.expose().bytes() {
            seen[usize::from(digit - b'0')] += 1;
        }
        assert!(CodeSecret::chosen(digits(code.secret.expose())).is_ok());
    }
    // 3,200 of each: eight standard deviations are 430.
    assert!(
        seen.iter().all(|count| (2_770..3_630).contains(count)),
        "{seen:?}"
    );
}

#[test]
fn codes_that_are_tried_first_are_not_chosen() {
    for easy in [
        "0000000000000000",
        "1234567890123456",
        "9876543210987654",
        "1212121212121212",
        "1231231231231231",
        "1970197019701970",
        "1357913579135791",
        "1111111111111112",
    ] {
        assert_eq!(
            CodeSecret::chosen(digits(easy)).err(),
            Some(CodeError::Easy),
            "{easy}"
        );
    }
    assert!(CodeSecret::chosen(digits("3141592653589793")).is_ok());
}

#[test]
fn a_decoy_is_stable_and_of_its_locator_and_server_alone() {
    let decoy = |secret: u8, locator: &str| Parameters::decoy(&[secret; 32], locator.as_bytes());
    assert_eq!(decoy(1, "123456"), decoy(1, "123456"));
    assert_ne!(decoy(1, "123456"), decoy(1, "123457"));
    assert_ne!(decoy(1, "123456"), decoy(2, "123456"));
    assert_eq!(decoy(1, "123456").m_kib(), Parameters::generate().m_kib());
}

/// Hours and minutes since some beginning.
fn at(hours: u64, minutes: u64) -> Millis {
    Millis(1_000_000_000_000 + (hours * 60 + minutes) * 60_000)
}

#[test]
fn ten_wrong_codes_in_a_row_wait_for_an_hour_and_then_for_twice_as_long() {
    let mut attempts = Attempts::default();
    let mut wrong = |now: Millis, times: u32| {
        for n in 0..times {
            assert_eq!(attempts.attempt(now, || false), Verdict::Wrong, "{n}");
        }
        attempts
    };
    wrong(at(0, 0), 10);
    let mut waiting = wrong(at(0, 0), 0);
    assert_eq!(
        waiting.attempt(at(0, 59), || unreachable!()),
        Verdict::Waits(at(1, 0))
    );
    assert_eq!(waiting.wrong_attempts, 10, "what is not compared is not counted");
    // The right code does not get past the wait either, but afterwards.
    assert_eq!(waiting.clone().attempt(at(1, 0), || true), Verdict::Right);
    wrong(at(1, 0), 10);
    let waiting = wrong(at(1, 0), 0);
    assert_eq!(waiting.waits(at(2, 59)), Some(at(3, 0)));
    assert_eq!(waiting.waits(at(3, 0)), None);
}

#[test]
fn a_right_code_ends_the_row_and_not_the_count_and_a_day_ends_it_too() {
    let mut attempts = Attempts::default();
    for round in 0..11 {
        for _ in 0..9 {
            assert_eq!(attempts.attempt(at(round, 0), || false), Verdict::Wrong);
        }
        assert_eq!(attempts.attempt(at(round, 0), || true), Verdict::Right);
    }
    assert_eq!((attempts.wrong_attempts, attempts.wrong_in_a_row), (99, 0));
    for _ in 0..9 {
        attempts.attempt(at(20, 0), || false);
    }
    let mut sooner = attempts;
    assert_eq!(sooner.attempt(at(43, 59), || false), Verdict::Wrong);
    assert_eq!(sooner.waits(at(43, 59)), Some(at(44, 59)));
    assert_eq!(attempts.attempt(at(44, 0), || false), Verdict::Wrong);
    assert_eq!((attempts.wrong_in_a_row, attempts.waits(at(44, 0))), (1, None));
}

#[test]
fn a_guesser_has_so_few_codes_and_an_owner_waits_for_hours_at_most() {
    let mut attempts = Attempts::default();
    let (mut hour, mut tried, mut longest) = (0, 0_u32, 0);
    while hour < 365 * 24 {
        match attempts.attempt(at(hour, 0), || false) {
            Verdict::Wrong => tried += 1,
            Verdict::Waits(until) => {
                longest = longest.max(until.0 - at(hour, 0).0);
                hour += 1;
            }
            Verdict::Right => unreachable!(),
        }
    }
    assert!((10_000..11_000).contains(&tried), "{tried} in a year");
    assert_eq!(longest, 8 * 3_600_000);
    // Once the guesser has gone, the owner's code is taken again, and the next slip costs no more than the first did.
    assert_eq!(attempts.clone().attempt(at(hour + 8, 0), || true), Verdict::Right);
    for _ in 0..10 {
        attempts.attempt(at(hour + 24, 0), || false);
    }
    assert_eq!(attempts.waits(at(hour + 24, 0)), Some(at(hour + 25, 0)));
}

#[test]
fn what_a_code_becomes_prints_nothing() {
    let derived: Derived = secret("0123456789012345").derive(&cheap());
    // Neither has Debug; the lock has, and shows ciphertext alone.
    assert_eq!(derived.proof().to_text().len(), 44);
    assert!(!format!(
        "{:?}",
        KeptLock::new(TelephoneLock::make(
            None,
            "main",
            &[0x41; 32],
            &secret("0123456789012345"),
            cheap(),
            [0; 12]
        ))
    )
    .contains("0123456789012345"));
}

#[derive(serde::Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    secret: String,
    aad: String,
    lock: serde_json::Value,
    #[serde(default)]
    plaintext: String,
    #[serde(default)]
    proof: String,
    expect: String,
}

impl Case {
    /// What opening comes to: `ok`, or the kind of the failure; and what was opened, with the proof.
    fn open(&self) -> Result<(String, String), &'static str> {
        let lock: TelephoneLock = serde_json::from_value(self.lock.clone()).map_err(|_| "malformed")?;
        let keyed = Digits::from_text(&self.secret).ok_or("malformed")?;
        let derived = CodeSecret::keyed(keyed)
            .map_err(|_| "malformed")?
            .derive(lock.parameters());
        if !lock.is_proof(&derived.proof()) {
            return Err("wrong-code");
        }
        let opened = match lock.locator() {
            Some(_) => {
                let memo = self.aad.parse().map_err(|_| "malformed")?;
                let key = lock.wrapped().open_key(&derived, &memo);
                key.map_err(|_| "damaged")?.to_text().to_string()
            }
            None => {
                let seed = lock.wrapped().open_seed(&derived, &self.aad);
                seed.map_err(|_| "damaged")?.to_text().to_string()
            }
        };
        let proof = derived.proof().to_text();
        Ok((opened, proof.trim_end_matches('=').to_owned()))
    }
}

#[test]
fn locks_that_others_made_open_as_the_vectors_say() {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../../tests/vectors/telephone.json")).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for case in &vectors.cases {
        let expected = match case.expect.as_str() {
            "ok" => Ok((case.plaintext.clone(), case.proof.clone())),
            failure => Err(failure),
        };
        assert_eq!(case.open(), expected, "{}", case.name);
        kinds.insert(case.expect.as_str());
    }
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["damaged", "malformed", "ok", "wrong-code"]
    );
}
