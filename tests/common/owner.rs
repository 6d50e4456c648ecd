//! A mailbox's owner: gives a mailbox a key, and opens what was sealed to it.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use obelus::memo::envelope;
use obelus::memo::open;
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::record::Record;
use obelus::memo::store::mailboxes::OwnerKey;
use obelus::memo::store::Store;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// Makes somebody the owner of a mailbox.
pub fn own(store: &Store, mailbox: &str) -> OwnerSeed {
    let seed = OwnerSeed::generate();
    let token = seed.listing_token().verifier();
    let key = OwnerKey::new(&seed.public_key(Kem::X25519), token, SystemTime::UNIX_EPOCH);
    store.mailboxes().set_owner(mailbox, key).unwrap();
    seed
}

/// The audio file of a memo, by its envelope.
pub fn open(store: &Store, seed: &OwnerSeed, record: &Record) -> Zeroizing<Vec<u8>> {
    let sealed = record
        .sealed_envelope
        .as_ref()
        .expect("an envelope for the owner");
    let contents = envelope::open(seed, &record.id, sealed).expect("the envelope opens");
    let ciphertext = store.ciphertext(&record.id).unwrap();
    assert_eq!(ciphertext.len() as u64, record.file_size_bytes);
    let encryption = record.metadata.encryption;
    open::open_as(encryption, &contents.key, &record.encryption_iv, ciphertext).expect("the memo opens")
}

/// The samples of an audio file.
pub fn samples(wav: &[u8]) -> Vec<i16> {
    wav[44..]
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}
