//! One call: joins its SIP usage, its media leg, its recordings and its dialplan.
//!
//! A call is a value like the protocol machines below it: inputs and time in, actions and the next deadline out. It
//! decides; the switch carries out. The dialplan runs beside it as a task and talks to it through `channel`.
//!
//! It goes through three lives that end independently: the SIP usage (`Signalling`), the media leg (`Leg`) and the
//! dialplan. When all three are over, and nothing waits for the vault, the call is finished and nothing of it is left.

pub mod cause;
pub mod channel;
pub mod ports;

#[cfg(test)]
mod tests;

use crate::dialplan::channel::{CallFacts, Indication, Kept, Played, Recorded, RecordedEnd};
use crate::media::{self, LegId, PlayId, RecordingId, Sound};
use crate::memo::vault::{MemoMeta, StoredMemo, VaultCommand, VaultEvent};
use crate::sdp::offer_answer::{Agreed, LocalMedia, OfferAnswer};
use crate::sdp::Sdp;
use crate::time::{Duration, Instant};
use cause::Cause;
use channel::{recorded_end, FromChannel, Reply, Request, ToChannel};
use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

/// How many port pairs a call tries when the system refuses to bind one (another program holds it).
const PORT_ATTEMPTS: u32 = 8;
/// After our 200 the dialplan goes on when the ACK comes, or after this: an ACK may be lost, and the caller hears us
/// nonetheless.
const ANSWER_GRACE: Duration = Duration::from_secs(2);
/// A dialplan that neither answers nor refuses for so long is ended with 480, so that an unanswered call cannot stay
/// for ever. Three minutes is what RFC 3261's proxies allow (timer C).
const UNANSWERED_LIMIT: Duration = Duration::from_secs(180);

/// Bits of a recording's number that count within its leg: no call starts a million recordings or prompts.
const RECORDING_BITS: u32 = 20;

/// What a call is made of, fixed when its INVITE was admitted.
#[derive(Debug)]
pub struct Setup {
    /// The dialplan's view.
    pub facts: Arc<CallFacts>,
    /// The trunk's codecs, in its order.
    pub codecs: Vec<crate::codec::Codec>,
    /// Whether the trunk wants silence all the time.
    pub continuous_silence: bool,
    /// Where RTP is bound.
    pub bind_address: IpAddr,
    /// What SDP tells the peer.
    pub media_address: IpAddr,
    /// The body of the INVITE, where it holds SDP.
    pub offer: Option<Vec<u8>>,
    /// Random start of SDP's session id.
    pub session_id: u64,
    /// Tones, made once.
    pub tones: Tones,
}

/// Tones that a call plays by itself; they repeat until something else plays.
#[derive(Clone, Debug)]
pub struct Tones {
    /// Busy.
    pub busy: Arc<media::prompt::Prompt>,
    /// Congestion.
    pub congestion: Arc<media::prompt::Prompt>,
}

/// To a call.
#[derive(Debug)]
pub enum Input {
    /// From its media worker.
    Media(media::Event),
    /// From its dialplan.
    Channel(FromChannel),
    /// The dialplan has come to its end, in order or by a panic.
    DialplanEnded {
        /// A bug of ours ended it.
        panicked: bool,
    },
    /// From the vault, of one of its recordings.
    Vault(VaultEvent),
    /// The first ACK, with its body.
    Acked(Vec<u8>),
    /// A re-INVITE or UPDATE; the SDP body where it has one.
    Reinvite(Option<Vec<u8>>),
    /// The caller's side ended, or the network did.
    Over(Cause),
    /// We end it: shutdown, or an operator.
    End(Cause),
    /// The deadline has come.
    Timeout,
}

/// From a call to the switch.
#[derive(Debug)]
pub enum Action {
    /// 180, or 183 with a body.
    Ring(u16, Option<Vec<u8>>),
    /// 200 with SDP.
    Answer(Vec<u8>),
    /// A final failure.
    Reject(u16),
    /// BYE with a Q.850 cause.
    Bye(Cause),
    /// 200 to a re-INVITE.
    AnswerReinvite(Vec<u8>),
    /// Failure of a re-INVITE; the call goes on as it was.
    RefuseReinvite(u16),
    /// To its media worker.
    Media(media::Command),
    /// Another port pair, please: this one could not be bound. Answered by `Call::reopen`.
    AnotherPort,
    /// To the vault.
    Vault(VaultCommand),
    /// Start the dialplan.
    StartDialplan,
    /// To its channel.
    ToChannel(ToChannel),
    /// Hand the memo's link to its mailbox.
    Notify {
        /// Whose.
        mailbox: String,
        /// With its link.
        memo: Box<StoredMemo>,
    },
    /// Give the port back.
    FreePort(u16),
    /// Forget the call.
    Finished,
}

#[derive(Debug, PartialEq)]
enum Signalling {
    /// The INVITE waits for a final answer.
    Offered,
    /// We sent 200.
    Answered {
        acked: bool,
    },
    Over,
}

#[derive(Debug, PartialEq)]
enum Leg {
    Opening { attempts: u32 },
    Open,
    Closing,
    Closed,
}

#[derive(Debug, PartialEq)]
enum Dialplan {
    Waiting,
    Running,
    Ended,
}

/// What the dialplan waits for.
#[derive(Debug)]
enum Pending {
    Answer,
    Play { play: PlayId, interrupt: String },
    ReadDigit,
    Sleep,
    Record { recording: RecordingId },
    Keep { recording: u64 },
    KeepPlain { recording: u64 },
}

/// The dialplan's absolute time-out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Absolute {
    None,
    At(Instant),
    /// It has passed: nothing waits any more until it is lifted.
    Passed,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    setup: Setup,
    leg_id: LegId,
    port: u16,
    signalling: Signalling,
    leg: Leg,
    dialplan: Dialplan,
    /// Exists once the port is bound.
    negotiation: Option<OfferAnswer>,
    /// Our answer to the INVITE's offer, repeated in 183 and 200.
    answer: Option<Vec<u8>>,
    agreed: bool,
    /// Whether a 200 of ours held an offer whose answer has not come.
    awaiting_answer: bool,
    pending: Option<(u64, Pending)>,
    deadline: Option<Instant>,
    unanswered_deadline: Option<Instant>,
    absolute: Absolute,
    digits: VecDeque<char>,
    next_play: u64,
    /// Recordings whose audio has begun to flow and that were neither kept nor discarded.
    loose: HashSet<u64>,
    /// The mailbox of each recording that is with the vault.
    kept: Vec<(u64, String)>,
    began: Instant,
    answered_at: Option<Instant>,
    cause: Cause,
    stats: media::LegStats,
    actions: Vec<Action>,
}

impl Call {
    /// A call whose INVITE was admitted. It opens its leg first; the dialplan starts when that succeeded.
    pub fn new(now: Instant, setup: Setup, leg_id: LegId, port: u16) -> Self {
        let mut call = Call {
            leg_id,
            port,
            signalling: Signalling::Offered,
            leg: Leg::Opening { attempts: 0 },
            dialplan: Dialplan::Waiting,
            negotiation: None,
            answer: None,
            agreed: false,
            awaiting_answer: false,
            pending: None,
            deadline: None,
            unanswered_deadline: Some(now + UNANSWERED_LIMIT),
            absolute: Absolute::None,
            digits: VecDeque::new(),
            next_play: 0,
            loose: HashSet::new(),
            kept: Vec::new(),
            began: now,
            answered_at: None,
            cause: Cause::default(),
            stats: media::LegStats::default(),
            actions: Vec::new(),
            setup,
        };
        call.open_leg();
        call
    }

    /// The leg of the call that made a recording.
    pub fn leg_of_recording(recording: u64) -> LegId {
        LegId(recording >> RECORDING_BITS)
    }

    /// What is known of the call.
    pub fn facts(&self) -> &Arc<CallFacts> {
        &self.setup.facts
    }

    /// When the INVITE came.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// When we answered.
    pub fn answered_at(&self) -> Option<Instant> {
        self.answered_at
    }

    /// Why it ended.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// What its leg did, once that is closed.
    pub fn stats(&self) -> media::LegStats {
        self.stats
    }

    /// When `Input::Timeout` is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let absolute = match self.absolute {
            Absolute::At(at) => Some(at),
            Absolute::None | Absolute::Passed => None,
        };
        [self.deadline, self.unanswered_deadline, absolute]
            .into_iter()
            .flatten()
            .min()
    }

    /// What is to be done, in order.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Tries another port pair, or gives up where the pool has none.
    pub fn reopen(&mut self, port: Option<u16>) {
        match port {
            Some(port) => {
                self.port = port;
                self.open_leg();
            }
            None => {
                self.leg = Leg::Closed;
                self.end(Cause::CONGESTION);
                self.finish_if_nothing_is_left();
            }
        }
    }

    /// Takes an input in.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Media(event) => self.media(event),
            Input::Channel(from) => self.request(now, from.number, from.request),
            Input::DialplanEnded { panicked } => self.dialplan_ended(panicked),
            Input::Vault(event) => self.vault(event),
            Input::Acked(body) => self.acked(&body),
            Input::Reinvite(body) => self.reinvite(body.as_deref()),
            Input::Over(cause) => self.over(cause),
            Input::End(cause) => self.end(cause),
            Input::Timeout => self.timeout(now),
        }
        self.finish_if_nothing_is_left();
    }

    fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    fn command(&mut self, command: media::Command) {
        self.act(Action::Media(command));
    }

    // The leg.

    fn open_leg(&mut self) {
        self.command(media::Command::Open {
            leg: self.leg_id,
            address: self.setup.bind_address,
            port: self.port,
        });
    }

    fn media(&mut self, event: media::Event) {
        match event {
            media::Event::Opened { result: Ok(()), .. } => self.leg_opened(),
            media::Event::Opened {
                result: Err(reason), ..
            } => self.leg_refused(&reason),
            media::Event::Played { play, .. } => {
                if let Some((number, Pending::Play { play: awaited, .. })) = &self.pending {
                    if *awaited == play {
                        let number = *number;
                        self.reply(number, Reply::Played(Played::Finished));
                    }
                }
            }
            media::Event::Digit { digit, .. } => self.digit(digit),
            media::Event::Recorded {
                recording,
                end,
                samples,
                ..
            } => {
                let recorded = Recorded {
                    recording: recording.0,
                    duration: Duration::from_millis(samples * 1_000 / u64::from(crate::codec::SAMPLE_RATE)),
                    end: match end {
                        media::RecordEnd::Stopped if self.absolute == Absolute::Passed => RecordedEnd::Limit,
                        end => recorded_end(end),
                    },
                };
                match self.pending {
                    Some((number, Pending::Record { recording: awaited })) if awaited == recording => {
                        self.reply(number, Reply::Recorded(recorded));
                    }
                    _ => self.discard(recording.0),
                }
            }
            media::Event::Silent { .. } => {
                tracing::warn!(
                    "no media from the caller for {} s: hanging up",
                    crate::limits::MEDIA_TIMEOUT.as_secs()
                );
                self.end(Cause::NETWORK);
            }
            media::Event::Closed { stats, .. } => {
                self.stats = stats;
                self.leg_closed();
            }
            media::Event::Report { .. } => {}
        }
    }

    fn leg_opened(&mut self) {
        let Leg::Opening { .. } = self.leg else { return };
        self.leg = Leg::Open;
        let mut negotiation = OfferAnswer::new(LocalMedia {
            address: self.setup.media_address,
            port: self.port,
            codecs: self.setup.codecs.clone(),
            session_id: self.setup.session_id,
        });
        if let Some(offer) = &self.setup.offer {
            match Sdp::parse(offer)
                .map_err(|error| error.to_string())
                .and_then(|sdp| negotiation.answer(&sdp).map_err(|error| error.to_string()))
            {
                Ok((answer, agreed)) => {
                    self.answer = Some(answer);
                    self.negotiated(&agreed);
                }
                Err(reason) => {
                    tracing::info!("refused with 488: {reason}");
                    self.refuse(Cause::INCOMPATIBLE, 488);
                    return;
                }
            }
        }
        self.negotiation = Some(negotiation);
        self.dialplan = Dialplan::Running;
        self.act(Action::StartDialplan);
    }

    fn leg_refused(&mut self, reason: &str) {
        let Leg::Opening { attempts } = self.leg else {
            self.leg_closed();
            return;
        };
        self.act(Action::FreePort(self.port));
        if attempts + 1 < PORT_ATTEMPTS {
            tracing::debug!(port = self.port, "cannot bind: {reason}; trying another");
            self.leg = Leg::Opening {
                attempts: attempts + 1,
            };
            self.act(Action::AnotherPort);
        } else {
            tracing::error!(port = self.port, "cannot bind an RTP port: {reason}");
            self.leg = Leg::Closed;
            self.end(Cause::CONGESTION);
        }
    }

    fn leg_closed(&mut self) {
        if self.leg != Leg::Closed {
            self.leg = Leg::Closed;
            self.act(Action::FreePort(self.port));
        }
    }

    fn close_leg(&mut self) {
        if matches!(self.leg, Leg::Opening { .. } | Leg::Open) {
            self.leg = Leg::Closing;
            self.command(media::Command::Close { leg: self.leg_id });
        }
    }

    fn negotiated(&mut self, agreed: &Agreed) {
        self.agreed = true;
        let session = media::Session {
            remote: agreed.remote,
            remote_rtcp: agreed.remote_rtcp,
            codec: agreed.codec,
            payload_type: agreed.payload_type,
            event_payload_type: agreed.event_payload_type,
            direction: media_direction(agreed.direction),
            ptime_ms: agreed.ptime_ms,
            continuous_silence: self.setup.continuous_silence,
        };
        self.command(media::Command::Negotiated {
            leg: self.leg_id,
            session,
        });
    }

    // SIP.

    fn acked(&mut self, body: &[u8]) {
        if self.awaiting_answer {
            self.awaiting_answer = false;
            let agreed = match (&mut self.negotiation, Sdp::parse(body)) {
                (Some(negotiation), Ok(sdp)) => {
                    negotiation.accept_answer(&sdp).map_err(|error| error.to_string())
                }
                (_, Err(error)) => Err(error.to_string()),
                (None, _) => Err("no offer was made".to_owned()),
            };
            match agreed {
                Ok(agreed) => self.negotiated(&agreed),
                Err(reason) => {
                    tracing::warn!("the answer in the ACK is of no use: {reason}");
                    return self.end(Cause::INCOMPATIBLE);
                }
            }
        }
        if let Signalling::Answered { acked } = &mut self.signalling {
            *acked = true;
        }
        if let Some((number, Pending::Answer)) = self.pending {
            self.reply(number, Reply::Done);
        }
    }

    fn reinvite(&mut self, body: Option<&[u8]>) {
        let Some(negotiation) = self.negotiation.as_mut() else {
            return self.act(Action::RefuseReinvite(500));
        };
        match body {
            None => {
                let offer = negotiation.offer();
                self.awaiting_answer = true;
                self.act(Action::AnswerReinvite(offer));
            }
            Some(body) => {
                let agreed = Sdp::parse(body)
                    .map_err(|error| (400, error.to_string()))
                    .and_then(|sdp| negotiation.answer(&sdp).map_err(|error| (488, error.to_string())));
                match agreed {
                    Ok((answer, agreed)) => {
                        self.negotiated(&agreed);
                        self.act(Action::AnswerReinvite(answer));
                    }
                    Err((status, reason)) => {
                        tracing::info!("re-INVITE refused with {status}: {reason}");
                        self.act(Action::RefuseReinvite(status));
                    }
                }
            }
        }
    }

    /// Ends the call from our side, in whatever way its state asks for.
    fn end(&mut self, cause: Cause) {
        match self.signalling {
            Signalling::Offered => self.refuse(cause, cause.sip_status()),
            Signalling::Answered { .. } => {
                self.act(Action::Bye(cause));
                self.over(cause);
            }
            Signalling::Over => {}
        }
    }

    fn refuse(&mut self, cause: Cause, status: u16) {
        if self.signalling == Signalling::Offered {
            self.act(Action::Reject(status));
            self.over(cause);
        }
    }

    /// The SIP usage is over; the rest winds down.
    fn over(&mut self, cause: Cause) {
        if self.signalling == Signalling::Over {
            return;
        }
        self.signalling = Signalling::Over;
        self.cause = cause;
        self.unanswered_deadline = None;
        if self.dialplan == Dialplan::Waiting {
            self.dialplan = Dialplan::Ended;
        } else {
            self.act(Action::ToChannel(ToChannel::Hangup { cause: cause.0 }));
        }
        match self.pending {
            // The leg's end brings the recording; what the vault does goes on.
            Some((_, Pending::Record { .. } | Pending::Keep { .. } | Pending::KeepPlain { .. })) | None => {}
            Some((number, _)) => self.reply(number, Reply::Gone),
        }
        self.close_leg();
        // A leg that never opened has no recording to bring.
        if self.leg == Leg::Closed {
            if let Some((number, Pending::Record { .. })) = self.pending {
                self.reply(number, Reply::Gone);
            }
        }
    }

    // The dialplan.

    fn reply(&mut self, number: u64, reply: Reply) {
        self.pending = None;
        self.deadline = None;
        self.act(Action::ToChannel(ToChannel::Reply(number, reply)));
    }

    /// Stops what an abandoned request began.
    fn abandon(&mut self) {
        self.deadline = None;
        match self.pending.take() {
            Some((_, Pending::Play { .. })) => self.command(media::Command::StopPlay { leg: self.leg_id }),
            Some((_, Pending::Record { .. })) => {
                self.command(media::Command::StopRecord { leg: self.leg_id })
            }
            _ => {}
        }
    }

    fn request(&mut self, now: Instant, number: u64, request: Request) {
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
            Request::ReadDigit { timeout } => match self.digits.pop_front() {
                Some(digit) => self.reply(number, Reply::Digit(Some(digit))),
                None => {
                    self.pending = Some((number, Pending::ReadDigit));
                    self.deadline = Some(now + timeout);
                }
            },
            Request::Sleep { time } => {
                self.pending = Some((number, Pending::Sleep));
                self.deadline = Some(now + time);
            }
            Request::Record(request) => {
                self.next_play = (self.next_play + 1) & ((1 << RECORDING_BITS) - 1);
                let recording = RecordingId((self.leg_id.0 << RECORDING_BITS) | self.next_play);
                self.loose.insert(recording.0);
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
            Request::Hangup { cause } => {
                self.end(if cause == 0 { Cause::NORMAL } else { Cause(cause) });
                self.reply(number, Reply::Done);
            }
            Request::Keep { .. }
            | Request::KeepPlain { .. }
            | Request::Discard { .. }
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
            (Indication::Busy, false) => self.tone(self.setup.tones.busy.clone()),
            (Indication::Congestion, false) => self.tone(self.setup.tones.congestion.clone()),
            (Indication::Ringing | Indication::Progress, false) => {}
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

    fn tone(&mut self, tone: Arc<media::prompt::Prompt>) {
        self.next_play += 1;
        self.command(media::Command::Play {
            leg: self.leg_id,
            play: PlayId(self.next_play),
            sounds: vec![Sound::Prompt(tone)],
        });
    }

    fn play(&mut self, number: u64, sounds: Vec<Sound>, interrupt: String) {
        if let Some(at) = self.digits.iter().position(|digit| interrupt.contains(*digit)) {
            // What was typed before the digit that interrupts was not asked for by this prompt.
            let digit = self.digits.drain(..=at).next_back();
            if let Some(digit) = digit {
                return self.reply(number, Reply::Played(Played::Digit(digit)));
            }
        }
        if self.signalling == Signalling::Offered {
            self.early_media();
        }
        if !self.agreed {
            // Nobody can hear it: neither offer nor answer names an address.
            return self.reply(number, Reply::Played(Played::Finished));
        }
        self.next_play += 1;
        let play = PlayId(self.next_play);
        self.pending = Some((number, Pending::Play { play, interrupt }));
        self.command(media::Command::Play {
            leg: self.leg_id,
            play,
            sounds,
        });
    }

    fn digit(&mut self, digit: char) {
        match &self.pending {
            Some((number, Pending::ReadDigit)) => {
                let number = *number;
                self.reply(number, Reply::Digit(Some(digit)));
            }
            Some((number, Pending::Play { interrupt, .. })) if interrupt.contains(digit) => {
                let number = *number;
                self.command(media::Command::StopPlay { leg: self.leg_id });
                self.reply(number, Reply::Played(Played::Digit(digit)));
            }
            // The worker ends the recording by the terminators, which are nobody else's digits.
            Some((_, Pending::Record { .. })) => {}
            _ if self.digits.len() < crate::limits::DIGIT_QUEUE => self.digits.push_back(digit),
            _ => {}
        }
    }

    fn dialplan_ended(&mut self, panicked: bool) {
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

    // Recordings.

    fn discard(&mut self, recording: u64) {
        if self.loose.remove(&recording) {
            self.act(Action::Vault(VaultCommand::Discard { recording }));
        }
    }

    fn keep(&mut self, number: u64, recording: u64, mailbox: String, at: SystemTime) {
        if !self.loose.remove(&recording) {
            return self.reply(number, Reply::Kept(Kept::Failed));
        }
        self.pending = Some((number, Pending::Keep { recording }));
        let facts = &self.setup.facts;
        let meta = MemoMeta {
            mailbox: Some(mailbox.clone()),
            from: facts.caller.number.clone(),
            from_name: facts.caller.name.clone(),
            to: facts.did.clone(),
            trunk: Some(facts.trunk.clone()),
            call_id: Some(facts.call_id.clone()),
            ..MemoMeta::at(at)
        };
        self.kept.push((recording, mailbox));
        self.act(Action::Vault(VaultCommand::Finish { recording, meta }));
    }

    fn vault(&mut self, event: VaultEvent) {
        let (recording, reply) = match event {
            VaultEvent::Stored { recording, memo } => {
                let memo_id = memo.id.to_string();
                if let Some(at) = self.kept.iter().position(|(of, _)| *of == recording) {
                    let (_, mailbox) = self.kept.swap_remove(at);
                    self.act(Action::Notify { mailbox, memo });
                }
                (recording, Reply::Kept(Kept::Stored { memo_id }))
            }
            VaultEvent::Failed { recording, error } => {
                tracing::error!("a recording was lost: {error}");
                self.kept.retain(|(of, _)| *of != recording);
                (recording, Reply::Kept(Kept::Failed))
            }
            VaultEvent::Written { recording, .. } => (recording, Reply::Plain(true)),
            VaultEvent::Overrun { recording } => {
                if matches!(self.pending, Some((_, Pending::Record { recording: RecordingId(of) })) if of == recording)
                {
                    tracing::error!("no room for more of a recording: it ends here");
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

    fn timeout(&mut self, now: Instant) {
        if self.unanswered_deadline.is_some_and(|at| at <= now) {
            self.unanswered_deadline = None;
            tracing::warn!(
                "the dialplan neither answered nor refused in {} s",
                UNANSWERED_LIMIT.as_secs()
            );
            return self.end(Cause::NO_ANSWER);
        }
        if matches!(self.absolute, Absolute::At(at) if at <= now) {
            return self.absolute_passed();
        }
        if self.deadline.is_none_or(|at| at > now) {
            return;
        }
        self.deadline = None;
        match self.pending {
            Some((number, Pending::Answer | Pending::Sleep)) => self.reply(number, Reply::Done),
            Some((number, Pending::ReadDigit)) => self.reply(number, Reply::Digit(None)),
            _ => {}
        }
    }

    /// Whatever the dialplan waits for ends now, a recording in order so that it can be kept.
    fn absolute_passed(&mut self) {
        self.absolute = Absolute::Passed;
        match self.pending {
            Some((_, Pending::Record { .. })) => {
                self.command(media::Command::StopRecord { leg: self.leg_id })
            }
            Some((_, Pending::Keep { .. } | Pending::KeepPlain { .. })) | None => {}
            Some((number, _)) => {
                self.abandon();
                self.reply(number, Reply::Gone);
            }
        }
    }

    fn finish_if_nothing_is_left(&mut self) {
        let over = self.signalling == Signalling::Over
            && self.leg == Leg::Closed
            && self.dialplan == Dialplan::Ended
            && self.kept.is_empty();
        if over
            && !self
                .actions
                .iter()
                .any(|action| matches!(action, Action::Finished))
        {
            self.act(Action::Finished);
        }
    }
}

fn media_direction(direction: crate::sdp::Direction) -> media::Direction {
    match direction {
        crate::sdp::Direction::SendRecv => media::Direction::SendRecv,
        crate::sdp::Direction::SendOnly => media::Direction::SendOnly,
        crate::sdp::Direction::RecvOnly => media::Direction::RecvOnly,
        crate::sdp::Direction::Inactive => media::Direction::Inactive,
    }
}
