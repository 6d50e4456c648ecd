//! Mending at the start: after a crash, index and bodies are brought to agree, and every memo is whole or absent.

use super::body::{Bodies, Entry};
use super::index::Index;
use super::StoreError;
use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record};
use std::collections::{BTreeSet, HashSet};

/// What a start mended. All zero after an orderly stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Memos that are there.
    pub memos: usize,
    /// Half-written files that were removed.
    pub temporary_removed: usize,
    /// Whole bodies without a record, removed: their link had not been handed out, so nobody could open them.
    pub bodies_removed: usize,
    /// Whole bodies without a record, put back into the index.
    pub bodies_adopted: usize,
    /// Records without a body, removed.
    pub records_removed: usize,
}

/// Brings index and bodies to agree, and gives the memos by age.
///
/// A body without a record is one of two things. In an index that was there before, it is what a crash between the
/// body's rename and the record's sync left: nobody was told of it, and without an envelope for an owner nobody has
/// its key, so it is removed. Beside a new index (the old one was lost, or left out of a restored backup), people may
/// hold the links of all of these: they are adopted, each from the record in its own head.
pub(super) fn reconcile(
    index: &Index,
    bodies: &Bodies,
    index_existed: bool,
) -> Result<(BTreeSet<(Millis, MemoId)>, Report), StoreError> {
    let mut report = Report::default();
    let mut present = HashSet::new();
    for entry in bodies.list()? {
        match entry {
            Entry::Body(id) => {
                present.insert(id);
            }
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

    let mut by_age = BTreeSet::new();
    let mut without_body = Vec::new();
    for record in index.iter() {
        let record = record?;
        if present.remove(&record.id) {
            by_age.insert((record.created_at, record.id));
        } else {
            tracing::warn!(memo = %record.id, "removed the record of a memo whose body is gone");
            without_body.push(record.id);
        }
    }
    index.remove(&without_body)?;
    report.records_removed = without_body.len();

    // What is left in `present` are bodies without a record.
    let mut adopted: Vec<Record> = Vec::new();
    for id in present {
        match bodies.read(&id) {
            Ok((record, _)) if record.id == id && (!index_existed || record.sealed_envelope.is_some()) => {
                tracing::warn!(memo = %id, "put a memo back into the index, which had lost it");
                adopted.push(record);
            }
            Ok(_) => {
                tracing::warn!(memo = %id, "removed a memo that a crash cut off before its link was handed over");
                bodies.remove(&id)?;
                report.bodies_removed += 1;
            }
            Err(error) => {
                tracing::error!(memo = %id, %error, "left a body alone that cannot be read");
            }
        }
    }
    index.insert(&adopted)?;
    by_age.extend(adopted.iter().map(|record| (record.created_at, record.id)));
    report.bodies_adopted = adopted.len();
    report.memos = by_age.len();

    if report.temporary_removed + report.bodies_removed > 0 {
        bodies.sync()?;
    }
    if report.records_removed + report.bodies_adopted > 0 {
        index.sync()?;
    }
    Ok((by_age, report))
}
