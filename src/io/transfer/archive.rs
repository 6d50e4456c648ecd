//! A mailbox as one archive: a tar file with two entries a memo, then a manifest. `docs/memo-format.md` has the format.
//!
//! The manifest stands last, so that an archive can be written in one pass while memos come and go, and read in one; an
//! archive that is cut off has none. Hostile archives: an entry is a plain file with one of the names that the format has,
//! each bounded in size, all of them in number, and nothing is extracted by its name.

use super::check;
use crate::limits;
use crate::memo::key::MemoId;
use crate::memo::owner::{Kem, OwnerKeyError, OwnerPublicKey};
use crate::memo::record::Record;
use crate::memo::store::staging::Staging;
use crate::memo::store::StoreError;
use crate::memo::telephone::lock::TelephoneLock;
use crate::memo::token::Verifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::io::{self, Read, Write};
use thiserror::Error;

/// The version of the format that this program writes and reads.
pub const VERSION: u32 = 1;
const MANIFEST: &str = "manifest.json";

/// The last entry of an archive.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// [`VERSION`].
    pub voice_memo_archive: u32,
    /// The mailbox.
    pub mailbox: String,
    /// The domain that the memos' links name.
    pub domain: String,
    /// When it was written, RFC 3339.
    pub exported_at: String,
    /// To whom the envelopes are sealed; none for a mailbox without an owner's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Memos.
    pub count: usize,
    /// Bytes of their ciphertexts.
    pub bytes: u64,
    /// Each of them, in the archive's order.
    pub memos: Vec<Member>,
}

/// A mailbox's owner, as the server knows them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Owner {
    /// How envelopes are sealed.
    pub kem: Kem,
    /// To what: base64url.
    pub public_key: String,
    /// SHA-256 of the listing token.
    pub listing_token_hash: Verifier,
    /// What the telephone code of the mailbox opens: the owner's seed. Made for the mailbox's name, and of use under no
    /// other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<TelephoneLock>,
}

impl Owner {
    /// The public key, checked.
    ///
    /// # Errors
    /// What stands in the archive is none.
    pub fn public_key(&self) -> Result<OwnerPublicKey, OwnerKeyError> {
        OwnerPublicKey::from_text(self.kem, &self.public_key)
    }
}

/// One memo in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its id.
    pub id: MemoId,
    /// SHA-256 of its record's entry, in hex.
    pub record_sha256: String,
    /// SHA-256 of its ciphertext, in hex.
    pub ciphertext_sha256: String,
    /// Bytes of its ciphertext.
    pub size_bytes: u64,
}

/// Why an archive was not written or taken.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The file itself.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Another kind of file.
    #[error("not an archive of a mailbox, as `obelus mailbox export` writes it")]
    NotAnArchive,
    /// The end comes before the manifest, or within an entry.
    #[error("the archive is cut off: it ends without its manifest")]
    Truncated,
    /// An entry that no archive of a mailbox has.
    #[error("the archive has an entry that does not belong there: {0:?}")]
    Entry(String),
    /// A memo that cannot be taken.
    #[error("the memo {0}: {1}")]
    Memo(MemoId, String),
    /// A manifest that is none.
    #[error("the archive's manifest is malformed: {0}")]
    Manifest(String),
    /// A manifest that does not fit what stands before it.
    #[error("the archive is not what its manifest says: it was altered or damaged")]
    Altered,
    /// Written by another version of this program.
    #[error("the archive has format {0}, this program knows {VERSION}")]
    Version(u32),
    /// More than is taken.
    #[error("the archive is too large: {0}")]
    Limit(&'static str),
    /// Where it is taken to.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes an archive, memo by memo.
pub struct Writer<W: Write> {
    tar: tar::Builder<W>,
    manifest: Manifest,
}

impl<W: Write> Writer<W> {
    /// An archive without memos yet.
    pub fn new(out: W, mailbox: String, domain: String, owner: Option<Owner>, exported_at: String) -> Self {
        Writer {
            tar: tar::Builder::new(out),
            manifest: Manifest {
                voice_memo_archive: VERSION,
                mailbox,
                domain,
                exported_at,
                owner,
                count: 0,
                bytes: 0,
                memos: Vec::new(),
            },
        }
    }

    /// Adds a memo.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn add(&mut self, record: &Record, ciphertext: &[u8]) -> Result<(), ArchiveError> {
        let json = serde_json::to_vec(record).map_err(io::Error::from)?;
        self.append(&record_name(&record.id), &json)?;
        self.append(&ciphertext_name(&record.id), ciphertext)?;
        self.manifest.count += 1;
        self.manifest.bytes += ciphertext.len() as u64;
        self.manifest.memos.push(member(record.id, &json, ciphertext));
        Ok(())
    }

    /// Writes the manifest; gives the file back, and how many memos there are.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(mut self) -> Result<(W, usize), ArchiveError> {
        let json = serde_json::to_vec(&self.manifest).map_err(io::Error::from)?;
        self.append(MANIFEST, &json)?;
        Ok((self.tar.into_inner()?, self.manifest.count))
    }

    fn append(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        self.tar.append_data(&mut header, name, content)
    }
}

fn record_name(id: &MemoId) -> String {
    format!("memos/{id}.json")
}

fn ciphertext_name(id: &MemoId) -> String {
    format!("memos/{id}.bin")
}

fn member(id: MemoId, record: &[u8], ciphertext: &[u8]) -> Member {
    Member {
        id,
        record_sha256: hex::encode(Sha256::digest(record)),
        ciphertext_sha256: hex::encode(Sha256::digest(ciphertext)),
        size_bytes: ciphertext.len() as u64,
    }
}

/// What an entry's name says that it is.
enum Name {
    Record(MemoId),
    Ciphertext(MemoId),
    Manifest,
}

impl Name {
    fn parse(name: &str) -> Option<Self> {
        if name == MANIFEST {
            return Some(Name::Manifest);
        }
        let (id, ending) = name.strip_prefix("memos/")?.split_once('.')?;
        let id = id.parse().ok()?;
        match ending {
            "json" => Some(Name::Record(id)),
            "bin" => Some(Name::Ciphertext(id)),
            _ => None,
        }
    }

    /// Most bytes of such an entry.
    fn bound(&self) -> usize {
        match self {
            Name::Record(_) => limits::ARCHIVE_RECORD_BYTES,
            Name::Ciphertext(_) => limits::FETCH_BYTES,
            Name::Manifest => limits::ARCHIVE_MANIFEST_BYTES,
        }
    }
}

/// Reads an archive whole, and stages each of its memos for the mailbox named, else for the one that it names itself.
///
/// # Errors
/// Whatever is wrong with any part of it; what was staged is then not to be used.
pub fn read(from: impl Read, staging: &mut Staging, mailbox: Option<&str>) -> Result<Manifest, ArchiveError> {
    let mut archive = tar::Archive::new(from);
    let mut members: Vec<Member> = Vec::new();
    let mut waiting: Option<(Record, Vec<u8>)> = None;
    let mut manifest: Option<Manifest> = None;
    // What shares may be of.
    let mut originals = HashSet::new();
    // The mailbox that every record names.
    let mut of: Option<String> = None;
    // Raw: the extensions of the format by which a name or a link can be of any length are entries like any other, and
    // refused.
    for entry in archive.entries()?.raw(true) {
        let (name, content) = match entry {
            Ok(entry) => read_entry(entry)?,
            // Not a header where the first of all is to be: no tar file.
            Err(_) if waiting.is_none() && members.is_empty() && manifest.is_none() => {
                return Err(ArchiveError::NotAnArchive)
            }
            Err(error) => return Err(error.into()),
        };
        if manifest.is_some() {
            return Err(ArchiveError::Altered);
        }
        match (name, waiting.take()) {
            (Name::Record(id), None) => {
                if members.len() >= limits::ARCHIVE_MEMOS {
                    return Err(ArchiveError::Limit("too many memos"));
                }
                waiting = Some((record(id, &content, mailbox)?, content));
            }
            (Name::Ciphertext(id), Some((record, json))) if record.id == id => {
                members.push(member(id, &json, &content));
                let refused = |reason: &str| ArchiveError::Memo(id, reason.to_owned());
                check(&record).map_err(refused)?;
                if record.file_size_bytes != content.len() as u64 {
                    return Err(refused("its ciphertext is not as long as its record says"));
                }
                let named = record.user_id.clone().unwrap_or_default();
                if of.get_or_insert_with(|| named.clone()) != &named {
                    return Err(refused("it is of another mailbox than those before it"));
                }
                match record.metadata.share_of {
                    None => drop(originals.insert(id)),
                    Some(original) if originals.contains(&original) => {}
                    Some(_) => {
                        return Err(refused(
                            "it is a share, and what it is a share of is not before it",
                        ))
                    }
                }
                if !staging.add(&record, &content)? {
                    return Err(refused("it is in the archive twice"));
                }
            }
            (Name::Manifest, None) => manifest = Some(parse_manifest(&content)?),
            _ => return Err(ArchiveError::Altered),
        }
    }
    let manifest = manifest.ok_or(ArchiveError::Truncated)?;
    if mailbox.is_none() && of.is_some_and(|of| of != manifest.mailbox) {
        return Err(ArchiveError::Altered);
    }
    let bytes: u64 = members.iter().map(|member| member.size_bytes).sum();
    match manifest.memos == members && manifest.count == members.len() && manifest.bytes == bytes {
        true => Ok(manifest),
        false => Err(ArchiveError::Altered),
    }
}

fn read_entry(mut entry: tar::Entry<'_, impl Read>) -> Result<(Name, Vec<u8>), ArchiveError> {
    let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let shown = || ArchiveError::Entry(path.chars().take(120).collect());
    if entry.header().entry_type() != tar::EntryType::Regular {
        return Err(shown());
    }
    let name = Name::parse(&path).ok_or_else(shown)?;
    let size = entry.size();
    if size > name.bound() as u64 {
        return Err(ArchiveError::Limit("an entry"));
    }
    let mut content = Vec::with_capacity(size as usize);
    entry.read_to_end(&mut content)?;
    match content.len() as u64 == size {
        true => Ok((name, content)),
        false => Err(ArchiveError::Truncated),
    }
}

/// A record as it will stand in the store: in that mailbox, and otherwise as it was.
fn record(id: MemoId, json: &[u8], mailbox: Option<&str>) -> Result<Record, ArchiveError> {
    let refused = |reason: String| ArchiveError::Memo(id, reason);
    let mut record: Record =
        serde_json::from_slice(json).map_err(|error| refused(format!("its record is malformed: {error}")))?;
    if record.id != id {
        return Err(refused("its record is another's".to_owned()));
    }
    // Archives of ours of before have zeros where another program's memo came without a hash of its token.
    if record.access_token_hash.is_nothing() {
        record.access_token_hash = Verifier::of_nobody();
    }
    if let Some(mailbox) = mailbox {
        record.user_id = Some(mailbox.to_owned());
    }
    Ok(record)
}

fn parse_manifest(json: &[u8]) -> Result<Manifest, ArchiveError> {
    /// All that manifests of every version have.
    #[derive(Deserialize)]
    struct Version {
        voice_memo_archive: u32,
    }
    let malformed = |error: serde_json::Error| ArchiveError::Manifest(error.to_string());
    let Version { voice_memo_archive } = serde_json::from_slice(json).map_err(malformed)?;
    if voice_memo_archive != VERSION {
        return Err(ArchiveError::Version(voice_memo_archive));
    }
    serde_json::from_slice(json).map_err(malformed)
}
