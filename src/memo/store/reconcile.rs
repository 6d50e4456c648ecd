//! Mending at the start: after a crash, index and bodies are brought to agree, and every memo is whole or absent.

use super::body::{Bodies, Entry};
use super::brief::Brief;
use super::catalogue::Catalogue;
use super::index::Index;
use super::StoreError;

/// What a start mended. All but the first zero after an orderly stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Memos that are there.
    pub memos: usize,
    /// Half-written files that were removed.
    pub temporary_removed: usize,
    /// Recordings that were cut off, and are incomplete memos now; among those put back into the index as well.
    pub journals_recovered: usize,
    /// Journals that were removed: nobody could open them, or they had no audio, or their memo was there.
    pub journals_removed: usize,
    /// Whole bodies without a record, put back into the index.
    pub bodies_adopted: usize,
    /// Bodies without a record that are not whole: left where they are, for the operator to look at.
    pub bodies_damaged: usize,
    /// Records without a body, removed.
    pub records_removed: usize,
}

/// Records written at a time.
const BATCH: usize = 1_024;

/// Brings index and bodies to agree, and gives the memos by age.
///
/// A record without a body is what a deletion leaves that was cut off: the body goes first. It is finished.
///
/// A whole body without a record is one of two things: a crash came between the body's rename and the record's sync, or
/// the index was lost or damaged. In the first case nobody was told of the memo, and without an envelope for an owner
/// nobody has its key; in the second, people hold its link. They cannot be told apart from here, so both are put back
/// into the index: a memo that nobody opens does no harm, while one that was deleted though somebody holds its link does.
pub(super) fn reconcile(index: &Index, bodies: &Bodies) -> Result<(Catalogue, Report), StoreError> {
    let mut report = Report::default();
    let mut present = Vec::new();
    for entry in bodies.list()? {
        match entry? {
            Entry::Body(id) => present.push(id),
            Entry::Temporary(name) => {
                tracing::warn!(file = %name, "removed a half-written memo that a crash left");
                bodies.remove_temporary(&name)?;
                report.temporary_removed += 1;
            }
            Entry::Foreign(name) => {
                tracing::warn!(file = %name, folder = %bodies.folder().display(), "left a foreign file alone");
            }
        }
    }

    // Both in the order of their ids, so that one pass finds what only one of them has.
    present.sort_unstable();
    let mut known = Vec::with_capacity(present.len());
    let mut without_body = Vec::new();
    let mut without_brief = Vec::new();
    if index.is_without_briefs() {
        // An earlier program wrote it.
        for id in index.ids() {
            let id = id?;
            if present.binary_search(&id).is_err() {
                without_body.push(id);
            }
        }
    }
    let mut present = present.into_iter().peekable();
    for entry in index.briefs() {
        let (id, brief) = entry?;
        without_brief.extend(std::iter::from_fn(|| present.next_if(|body| *body < id)));
        match (present.next_if_eq(&id), brief) {
            (Some(_), Some(brief)) => known.push((id, brief)),
            (Some(_), None) => without_brief.push(id),
            (None, _) => without_body.push(id),
        }
    }
    without_brief.extend(present);
    let mut catalogue = Catalogue::of(first_version(), known);
    for id in &without_body {
        tracing::warn!(memo = %id, "removed the record of a memo whose body is gone");
    }
    index.remove(&without_body)?;
    report.records_removed = without_body.len();

    // Bodies of which the catalogue does not know.
    for batch in without_brief.chunks(BATCH) {
        let mut records = Vec::with_capacity(batch.len());
        for id in batch {
            if let Ok(Some(mut record)) = index.record(id) {
                if record.sealed_envelope.is_none() {
                    record.sealed_envelope = bodies.envelope(id).ok().flatten();
                }
                records.push(record);
                continue;
            }
            match bodies.record(id) {
                Ok(record) => {
                    tracing::warn!(memo = %id, "put a memo back into the index, which did not have it");
                    report.bodies_adopted += 1;
                    records.push(record);
                }
                Err(error) => {
                    tracing::error!(memo = %id, %error, folder = %bodies.folder().display(), "left a damaged body alone");
                    report.bodies_damaged += 1;
                }
            }
        }
        index.insert(&records)?;
        for record in &records {
            catalogue.insert(record.id, Brief::of(record));
        }
    }
    report.memos = catalogue.len();

    if report.temporary_removed > 0 {
        bodies.sync()?;
    }
    if report.records_removed + without_brief.len() > report.bodies_damaged {
        index.sync()?;
    }
    Ok((catalogue, report))
}

/// Where this process begins to count a mailbox's changes: anywhere, so that who asks what has changed since a version
/// of an earlier process is not told that nothing has. Far below 2^53, up to which JavaScript counts.
fn first_version() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u64::from_le_bytes(bytes) >> 16
}
