//! What a call's dialplan asks for, and what becomes of it.

use super::channel::{Reply, Request, ToChannel};
use super::{Absolute, Action, Call, Cause, Dialplan, Pending, Signalling, ANSWER_GRACE};
use crate::dialplan::channel::{Indication, ListenRequest, Played};
use crate::media::tone::{self, Tone};
use crate::media::{self, ListeningId, PlayId, SendingId, Sound};
use crate::memo::vault::VaultCommand;
use crate::time::{Duration, Instant};

impl Call {
    pub(super) fn reply(&mut self, number: u64, reply: Reply) {
        self.pending = None;
        self.deadline = None;
        self.tell(ToChannel::Reply(number, reply));
    }

    /// Stops what an abandoned request began.
    pub(super) fn abandon(&mut self) {
        self.deadline = None;
        match self.pending.take() {
            Some((_, Pending::Play { .. })) => self.command(media::Command::StopPlay { leg: self.leg_id }),
            Some((_, Pending::Record { .. })) => {
                self.command(media::Command::StopRecord { leg: self.leg_id })
            }
            Some((_, Pending::SendDigits { .. })) => {
                self.command(media::Command::StopDigits { leg: self.leg_id })
            }
            Some((_, Pending::Echo { .. })) => self.command(media::Command::StopEcho { leg: self.leg_id }),
            Some((_, Pending::Listen { .. })) => {
                self.command(media::Command::StopListen { leg: self.leg_id })
            }
            _ => {}
        }
    }

    pub(super) fn request(&mut self, now: Instant, number: u64, request: Request) {
        if let Request::Deadline { after } = request {
            self.absolute = after.map_or(Absolute::None, |after| Absolute::At(now + after));
            return;
        }
        self.abandon();
        match request {
            Request::Keep {
                recording,
                mailbox,
                at,
            } => return self.keep(number, recording, mailbox, at),
            Request::KeepPlain { recording, path } => {
                if !self.loose.remove(&recording) {
                    return self.reply(number, Reply::Plain(false));
                }
                self.pending = Some((number, Pending::KeepPlain { recording }));
                return self.act(Action::Vault(VaultCommand::Plain {
                    recording,
                    path: path.into(),
                }));
            }
            Request::Discard { recording } => {
                self.discard(recording);
                return self.reply(number, Reply::Done);
            }
            Request::Copy { recording, mailbox } => return self.copy(number, recording, mailbox),
            Request::Hangup { .. } => {}
            _ if self.signalling == Signalling::Over || self.absolute == Absolute::Passed => {
                return self.reply(number, Reply::Gone);
            }
            _ => {}
        }
        match request {
            Request::Answer => self.answer(now, number),
            Request::Indicate(indication) => self.indicate(number, indication),
            Request::Play { sounds, interrupt } => self.play(number, sounds, interrupt),
            Request::ReadDigit { timeout } => match self.digits.pop() {
                Some(digit) => self.reply(number, Reply::Digit(Some(digit))),
                None => {
                    self.pending = Some((number, Pending::ReadDigit));
                    self.deadline = Some(now + timeout);
                }
            },
            Request::Tones { tones, repeat } => {
                self.tones(&tones, repeat);
                self.reply(number, Reply::Done);
            }
            Request::SendDigits { digits, length, gap } => self.send_digits(number, digits, length, gap),
            Request::Echo { until } => self.echo(number, until),
            Request::Listen(request) => self.listen(now, number, request),
            Request::SendText { text } => self.send_text(number, text),
            Request::ReceiveText { timeout } => self.receive_text(now, number, timeout),
            Request::Sleep { time } => {
                self.pending = Some((number, Pending::Sleep));
                self.deadline = Some(now + time);
            }
            Request::Rehearse { recording } => self.rehearse(number, recording),
            Request::Record { request, at } => self.record(number, request, at),
            Request::Hangup { cause } => {
                self.end(if cause == 0 { Cause::NORMAL } else { Cause(cause) });
                self.reply(number, Reply::Done);
            }
            Request::Keep { .. }
            | Request::KeepPlain { .. }
            | Request::Discard { .. }
            | Request::Copy { .. }
            | Request::Deadline { .. } => {
                unreachable!("handled above, whether the call is up or not")
            }
        }
    }

    fn answer(&mut self, now: Instant, number: u64) {
        if self.signalling != Signalling::Offered {
            return self.reply(number, Reply::Done);
        }
        let body = match (&self.answer, &mut self.negotiation) {
            (Some(answer), _) => answer.clone(),
            (None, Some(negotiation)) => {
                self.awaiting_answer = true;
                negotiation.offer()
            }
            (None, None) => {
                unreachable!("the dialplan runs only once the leg is open and negotiation exists")
            }
        };
        self.signalling = Signalling::Answered { acked: false };
        self.unanswered_deadline = None;
        self.answered_at = Some(now);
        self.news = true;
        self.act(Action::Answer(body));
        self.pending = Some((number, Pending::Answer));
        // Without the ACK's answer there is nowhere to send audio to; the endpoint ends a call that is never acked.
        self.deadline = (!self.awaiting_answer).then(|| now + ANSWER_GRACE);
    }

    fn indicate(&mut self, number: u64, indication: Indication) {
        let offered = self.signalling == Signalling::Offered;
        match (indication, offered) {
            (Indication::Ringing, true) => self.act(Action::Ring(180, None)),
            (Indication::Progress, true) => self.early_media(),
            (Indication::Busy, true) => self.refuse(Cause::BUSY, 486),
            (Indication::Congestion, true) => self.refuse(Cause::CONGESTION, 503),
            (Indication::Ringing, false) => self.tones(&tone::RINGING, true),
            (Indication::Busy, false) => self.tones(&tone::BUSY, true),
            (Indication::Congestion, false) => self.tones(&tone::CONGESTION, true),
            (Indication::Progress, false) => {}
        }
        let reply = if self.signalling == Signalling::Over {
            Reply::Gone
        } else {
            Reply::Done
        };
        self.reply(number, reply);
    }

    fn early_media(&mut self) {
        // Only an answer to an offer can go into a 183; without an offer there is no early media.
        if let Some(answer) = self.answer.clone() {
            self.act(Action::Ring(183, Some(answer)));
        }
    }

    /// Plays tones that nobody waits for: they go on until something else plays, or until there are none.
    fn tones(&mut self, tones: &[Tone], repeat: bool) {
        if tones.is_empty() {
            return self.command(media::Command::StopPlay { leg: self.leg_id });
        }
        if self.signalling == Signalling::Offered {
            self.early_media();
        }
        self.next_play += 1;
        self.command(media::Command::Play {
            leg: self.leg_id,
            play: PlayId(self.next_play),
            sounds: tones.iter().copied().map(Sound::Tone).collect(),
            repeat,
        });
    }

    fn play(&mut self, number: u64, sounds: Vec<Sound>, interrupt: String) {
        // What was typed before the digit that interrupts was not asked for by this prompt.
        if let Some(digit) = self.digits.pop_one_of(&interrupt) {
            return self.reply_played(number, Played::Digit(digit));
        }
        if self.signalling == Signalling::Offered {
            self.early_media();
        }
        if !self.agreed {
            // Nobody can hear it: neither offer nor answer names an address.
            return self.reply_played(number, Played::Finished);
        }
        self.next_play += 1;
        let play = PlayId(self.next_play);
        let stopped = None;
        self.pending = Some((
            number,
            Pending::Play {
                play,
                interrupt,
                stopped,
            },
        ));
        self.command(media::Command::Play {
            leg: self.leg_id,
            play,
            sounds,
            repeat: false,
        });
    }

    fn send_digits(&mut self, number: u64, digits: String, length: Duration, gap: Duration) {
        if !self.agreed {
            // There is nowhere to send them to.
            return self.reply(number, Reply::Done);
        }
        if self.signalling == Signalling::Offered {
            self.early_media();
        }
        self.next_play += 1;
        let sending = SendingId(self.next_play);
        self.pending = Some((number, Pending::SendDigits { sending }));
        self.command(media::Command::SendDigits {
            leg: self.leg_id,
            sending,
            digits,
            length,
            gap,
        });
    }

    fn echo(&mut self, number: u64, until: String) {
        if self.signalling == Signalling::Offered {
            self.early_media();
        }
        let command = media::Command::Echo {
            leg: self.leg_id,
            until: until.clone(),
        };
        self.pending = Some((number, Pending::Echo { until }));
        self.command(command);
    }

    fn listen(&mut self, now: Instant, number: u64, request: ListenRequest) {
        self.next_play += 1;
        let listening = ListeningId(self.next_play);
        // A caller who cannot be heard is silent for as long as is asked.
        let deaf = !self.agreed && request.silence && request.lasting <= request.timeout;
        let time = if deaf { request.lasting } else { request.timeout };
        let otherwise = deaf;
        self.pending = Some((number, Pending::Listen { listening, otherwise }));
        self.deadline = Some(now + time);
        self.command(media::Command::Listen {
            leg: self.leg_id,
            listening,
            silence: request.silence,
            lasting: request.lasting,
        });
    }

    /// The reply to a play of which nothing was heard.
    fn reply_played(&mut self, number: u64, played: Played) {
        let heard = Duration::ZERO;
        self.reply(number, Reply::Played { played, heard });
    }

    pub(super) fn digit(&mut self, digit: char) {
        match &mut self.pending {
            Some((number, Pending::ReadDigit)) => {
                let number = *number;
                self.reply(number, Reply::Digit(Some(digit)));
            }
            // The worker has ended the echo by the same digit.
            Some((number, Pending::Echo { until })) if until.contains(digit) => {
                let number = *number;
                self.reply(number, Reply::Digit(Some(digit)));
            }
            // The others were sent back, and are nobody else's.
            Some((_, Pending::Echo { .. })) => {}
            // The reply comes with the end of the play, which tells how much was heard.
            Some((
                _,
                Pending::Play {
                    interrupt,
                    stopped: stopped @ None,
                    ..
                },
            )) if interrupt.contains(digit) => {
                *stopped = Some(digit);
                self.command(media::Command::StopPlay { leg: self.leg_id });
            }
            // The worker ends the recording by the terminators, which are nobody else's digits.
            Some((_, Pending::Record { .. })) => {}
            _ => self.digits.push(digit),
        }
    }

    pub(super) fn dialplan_ended(&mut self, panicked: bool) {
        self.dialplan = Dialplan::Ended;
        self.abandon();
        for recording in std::mem::take(&mut self.loose) {
            self.act(Action::Vault(VaultCommand::Discard { recording }));
        }
        self.end(if panicked {
            Cause::INTERWORKING
        } else {
            Cause::NORMAL
        });
    }
}
