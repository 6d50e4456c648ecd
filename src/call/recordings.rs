//! A call's recordings once they have ended: kept as a memo, written, or forgotten.

use super::channel::Reply;
use super::{Action, Call, Pending, RECORDING_BITS};
use crate::dialplan::channel::{Kept, RecordRequest};
use crate::media::{self, RecordingId};
use crate::memo::vault::{MemoMeta, VaultCommand, VaultEvent};
use std::time::SystemTime;

impl Call {
    /// The number of a recording that begins, and that nobody has kept yet.
    pub(super) fn new_recording(&mut self) -> u64 {
        self.next_play = (self.next_play + 1) & ((1 << RECORDING_BITS) - 1);
        let recording = (self.leg_id.0 << RECORDING_BITS) | self.next_play;
        self.loose.insert(recording);
        recording
    }

    /// Begins one: the vault hears of it before its first audio can come.
    pub(super) fn record(&mut self, number: u64, request: RecordRequest, at: SystemTime) {
        let recording = self.new_recording();
        let mut mailboxes = request.mailboxes.into_iter();
        let meta = Box::new(self.meta(mailboxes.next(), at));
        self.act(Action::Vault(VaultCommand::Begin {
            recording,
            meta,
            copies: mailboxes.collect(),
        }));
        let recording = RecordingId(recording);
        self.pending = Some((number, Pending::Record { recording }));
        self.command(media::Command::Record {
            leg: self.leg_id,
            recording,
            options: media::RecordOptions {
                limit: request.limit,
                silence: request.silence,
                terminators: request.terminators,
            },
        });
    }

    /// What the vault is told of a recording.
    fn meta(&self, mailbox: Option<String>, at: SystemTime) -> MemoMeta {
        let facts = &self.setup.facts;
        let diversion = facts.diversion.as_ref();
        MemoMeta {
            mailbox,
            from: facts.caller.number.clone(),
            from_name: facts.caller.name.clone(),
            to: facts.did.clone(),
            diversion: diversion.map_or_else(String::new, |from| from.number.clone()),
            trunk: Some(facts.trunk.clone()),
            call_id: Some(facts.call_id.clone()),
            ..MemoMeta::at(at)
        }
    }

    pub(super) fn copy(&mut self, number: u64, recording: u64, mailbox: String) {
        let copy = self.loose.contains(&recording).then(|| self.new_recording());
        if let Some(copy) = copy {
            self.act(Action::Vault(VaultCommand::Copy {
                recording,
                copy,
                mailbox,
            }));
        }
        self.reply(number, Reply::Copied(copy));
    }

    pub(super) fn discard(&mut self, recording: u64) {
        if self.loose.remove(&recording) {
            self.act(Action::Vault(VaultCommand::Discard { recording }));
        }
    }

    pub(super) fn rehearse(&mut self, number: u64, recording: u64) {
        if !self.loose.contains(&recording) {
            return self.reply(number, Reply::Rehearsed(None));
        }
        self.pending = Some((number, Pending::Rehearse { recording }));
        self.act(Action::Vault(VaultCommand::Rehearse { recording }));
    }

    pub(super) fn keep(&mut self, number: u64, recording: u64, mailbox: String, at: SystemTime) {
        if !self.loose.remove(&recording) {
            return self.reply(number, Reply::Kept(Kept::Failed));
        }
        self.pending = Some((number, Pending::Keep { recording }));
        let meta = self.meta(Some(mailbox.clone()), at);
        self.kept.push((recording, mailbox));
        self.act(Action::Vault(VaultCommand::Finish { recording, meta }));
    }

    pub(super) fn vault(&mut self, event: VaultEvent) {
        let (recording, reply) = match event {
            VaultEvent::Stored { recording, memo } => {
                let (memo_id, complete) = (memo.id.to_string(), memo.complete);
                if let Some(at) = self.kept.iter().position(|(of, _)| *of == recording) {
                    let (_, mailbox) = self.kept.swap_remove(at);
                    self.act(Action::Notify { mailbox, memo });
                }
                (recording, Reply::Kept(Kept::Stored { memo_id, complete }))
            }
            VaultEvent::Failed { recording, error } => {
                tracing::error!("a recording was not kept: {error}");
                self.kept.retain(|(of, _)| *of != recording);
                (recording, Reply::Kept(Kept::Failed))
            }
            VaultEvent::Written { recording, .. } => (recording, Reply::Plain(true)),
            VaultEvent::Rehearsed { recording, audio } => {
                // Where nobody waits for it any more, it is wiped here.
                if let Some((number, Pending::Rehearse { recording: awaited })) = self.pending {
                    if awaited == recording {
                        self.reply(number, Reply::Rehearsed(audio));
                    }
                }
                return;
            }
            VaultEvent::Overrun { recording } => {
                if matches!(self.pending, Some((_, Pending::Record { recording: RecordingId(of) })) if of == recording)
                {
                    self.command(media::Command::StopRecord { leg: self.leg_id });
                }
                return;
            }
        };
        match self.pending {
            Some((
                number,
                Pending::Keep { recording: awaited } | Pending::KeepPlain { recording: awaited },
            )) if awaited == recording => {
                self.reply(number, reply);
            }
            _ => {}
        }
    }
}
