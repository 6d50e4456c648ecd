//! A memo as its mailbox's owner sees it.

use crate::memo::record::{Millis, Record};
use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use serde_json::{json, Value};

/// The entry of a memo, with how many shares it has.
pub(super) fn entry(record: &Record, shares: usize) -> Value {
    let mut entry = json!({
        "id": record.id,
        "created_at": record.created_at.to_rfc3339(),
        "size_bytes": record.file_size_bytes,
        "audio_format": record.audio_format,
        "encryption": record.metadata.encryption,
        "encryption_iv": URL_SAFE.encode(record.encryption_iv),
        "complete": record.complete,
        "heard": record.heard,
        "access_count": record.access_count,
        "last_accessed_at": record.last_accessed_at.map(Millis::to_rfc3339),
        "expires_at": record.expires_at.map(Millis::to_rfc3339),
        "max_accesses": record.max_accesses,
        "federation_shared": record.federation_shared,
        "trusted_domains": record.trusted_domains,
        "source": record.metadata.source,
        "shares": shares,
        "telephone": record.telephone.is_some(),
    });
    if let Some(original) = record.metadata.share_of {
        entry["share_of"] = json!(original);
    }
    if let Some(envelope) = &record.sealed_envelope {
        entry["sealed_envelope"] = json!(envelope);
    }
    if let Some(clear) = &record.metadata.clear {
        entry["clear"] = json!(clear);
    }
    entry
}

/// The same as the whole answer to a request.
pub(super) fn answer(record: &Record, shares: usize) -> Value {
    let mut answer = entry(record, shares);
    answer["success"] = json!(true);
    answer
}
