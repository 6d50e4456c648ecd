//! Replacing a memo's envelope: by one that knows more of the memo.

use super::{Durable, Store, StoreError};
use crate::memo::envelope::Envelope;
use crate::memo::key::MemoId;
use crate::memo::record::Clear;
use std::convert::Infallible;

impl Store {
    /// Puts an envelope in the place of a memo's, durably; where they are given, transcript and summary stand in the
    /// record in clear as well. `false` where there is no such memo. The body keeps the envelope that it was stored with.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn set_envelope(
        &self,
        id: &MemoId,
        envelope: Envelope,
        clear: Option<(String, String)>,
    ) -> Result<bool, StoreError> {
        let changed = self.update(id, Durable::Now, |record| {
            record.sealed_envelope = Some(envelope);
            if let Some((transcript, summary)) = clear {
                let known = record.metadata.clear.get_or_insert_with(Clear::default);
                known.transcript = Some(transcript);
                known.summary = Some(summary).filter(|summary| !summary.is_empty());
            }
            Ok::<(), Infallible>(())
        })?;
        Ok(changed.is_some())
    }
}
