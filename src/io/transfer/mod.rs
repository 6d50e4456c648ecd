//! Memos from one server to another: as one archive, and from and to a SQLite database. Ciphertext and records alone; what
//! another program kept in clear is sealed to a mailbox's owner on the way in, or left out.
//!
//! Nothing comes into a store before all of it was read and checked: see `memo::store::staging`.

pub mod archive;
mod found;
mod row;
pub mod sqlite;

use crate::limits;
use crate::memo::record::Record;
use crate::memo::seal::TAG_BYTES;

/// Longest text of a record that comes from elsewhere: a Call-ID is the longest of them.
const TEXT_BYTES: usize = 1_024;
/// Domains that may fetch a memo.
const DOMAINS: usize = 256;

/// Whether a record of another's making may stand in our index.
///
/// # Errors
/// Says which part may not.
fn check(record: &Record) -> Result<(), &'static str> {
    let metadata = &record.metadata;
    let texts = [
        Some(&record.domain),
        Some(&record.audio_format),
        Some(&record.access_type),
        metadata.trunk.as_ref(),
        metadata.call_id.as_ref(),
    ];
    let domains = &record.trusted_domains;
    let mut texts = texts.into_iter().flatten().chain(domains);
    if texts.any(|text| text.len() > TEXT_BYTES || text.chars().any(char::is_control)) {
        return Err("a text in its record is too long, or has control characters");
    }
    if record.access_key_hash.is_nothing() || record.access_token_hash.is_nothing() {
        return Err("a hash in its record is of no secret");
    }
    if domains.len() > DOMAINS {
        return Err("its record names too many domains");
    }
    if !(TAG_BYTES as u64..=limits::FETCH_BYTES as u64).contains(&record.file_size_bytes) {
        return Err("its audio is too long, or shorter than a tag");
    }
    if record
        .sealed_envelope
        .as_ref()
        .is_some_and(|envelope| !envelope.is_plausible())
    {
        return Err("its sealed envelope is malformed");
    }
    Ok(())
}
