//! A recording that its caller hears before it is kept: its journal, read back with the key that is in memory as long as
//! the call lasts. The audio is in memory alone, and wiped by the last who plays it.

use super::journal::{self, ReadError};
use super::key::MemoKey;
use super::seal::IV_BYTES;
use super::vault::VaultEvent;
use crate::codec::private::PrivateAudio;
use crate::limits;
use std::io::Read;
use std::sync::{Arc, Weak};
use zeroize::Zeroizing;

/// One recording that is to be heard.
pub struct Rehearsal {
    pub(super) recording: u64,
    pub(super) key: MemoKey,
    pub(super) iv: [u8; IV_BYTES],
    /// The frames; none where there is no such recording, or it cannot be read.
    pub(super) frames: Option<Box<dyn Read + Send>>,
    /// Bytes of them.
    pub(super) bytes: u64,
    /// The last part second, which is in no frame yet.
    pub(super) tail: Zeroizing<Vec<u8>>,
}

/// Reads them, one at a time, as far as there is room in memory.
#[derive(Default)]
pub struct Rehearsals {
    /// What is heard at this moment.
    heard: Vec<Weak<PrivateAudio>>,
}

impl Rehearsals {
    /// The answer to one. Blocks on the disk.
    pub fn read(&mut self, rehearsal: Rehearsal) -> VaultEvent {
        let recording = rehearsal.recording;
        self.heard.retain(|audio| audio.strong_count() > 0);
        let heard = self.heard.iter().filter_map(Weak::upgrade);
        let bytes: usize = heard.map(|audio| 2 * audio.samples().len()).sum();
        let audio = match bytes as u64 + rehearsal.bytes > limits::REHEARSED_BYTES {
            true => {
                tracing::warn!("too much is heard by callers before it is kept: this recording is not");
                None
            }
            false => rehearsal.audio().map(Arc::new),
        };
        self.heard.extend(audio.iter().map(Arc::downgrade));
        VaultEvent::Rehearsed { recording, audio }
    }
}

impl Rehearsal {
    fn audio(self) -> Option<PrivateAudio> {
        let mut frames = self.frames?;
        let most = usize::try_from(self.bytes).ok()?;
        let read = journal::read_wav(&self.key, &self.iv, &mut frames, most, &self.tail);
        let opened = read.inspect_err(|error| {
            let error: &ReadError = error;
            tracing::error!(%error, "a recording cannot be read back");
        });
        PrivateAudio::from_wav(&opened.ok()?.wav).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memo::link::LinkBase;
    use crate::memo::store::Store;
    use crate::memo::vault::{MemoMeta, Vault, VaultCommand};
    use std::time::SystemTime;

    fn rehearsed(vault: &mut Vault, recording: u64) -> Option<Arc<PrivateAudio>> {
        match vault.handle(vec![VaultCommand::Rehearse { recording }]).pop() {
            Some(VaultEvent::Rehearsed { audio, .. }) => audio,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_recording_is_heard_with_its_last_part_second_and_is_kept_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let base = LinkBase::new("memo.example.org", None, true);
        let mut vault = Vault::new(store, "memo.example.org".into(), base);
        let said: Vec<i16> = (0..20_000).collect();
        let meta = MemoMeta::at(SystemTime::now());
        vault.handle(vec![
            VaultCommand::Begin {
                recording: 1,
                meta: Box::new(meta.clone()),
                copies: Vec::new(),
            },
            VaultCommand::Append {
                recording: 1,
                samples: Zeroizing::new(said.clone()),
            },
        ]);
        for _ in 0..2 {
            assert_eq!(rehearsed(&mut vault, 1).unwrap().samples(), said);
        }
        assert_eq!(rehearsed(&mut vault, 2), None);
        let events = vault.handle(vec![VaultCommand::Finish { recording: 1, meta }]);
        let [VaultEvent::Stored { memo, .. }] = &events[..] else {
            panic!("{events:?}")
        };
        assert!(memo.complete && memo.seconds == 2.5);
        assert_eq!(rehearsed(&mut vault, 1), None);
    }

    #[test]
    fn no_more_is_heard_at_once_than_there_is_room_for() {
        let most = usize::try_from(limits::REHEARSED_BYTES / 2).unwrap();
        let long = Arc::new(PrivateAudio::new(Zeroizing::new(vec![0; most])));
        let mut rehearsals = Rehearsals {
            heard: vec![Arc::downgrade(&long)],
        };
        let key = MemoKey::generate();
        let iv = [0; IV_BYTES];
        let rehearsal = || Rehearsal {
            recording: 1,
            key: MemoKey::from_bytes(key.bytes()),
            iv,
            frames: Some(Box::new(&b""[..])),
            bytes: 1,
            tail: Zeroizing::new(vec![0; 320]),
        };
        let heard = |event| matches!(event, VaultEvent::Rehearsed { audio: Some(_), .. });
        assert!(!heard(rehearsals.read(rehearsal())));
        drop(long);
        assert!(heard(rehearsals.read(rehearsal())));
    }
}
