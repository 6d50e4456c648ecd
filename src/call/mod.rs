//! One call: joins its SIP usage, its media leg, its recordings and its dialplan.
//!
//! A call is a value like the protocol machines below it: inputs and time in, actions and the next deadline out. It
//! decides; the switch carries out. The dialplan runs beside it as a task and talks to it through `channel`.
//!
//! It goes through three lives that end independently: the SIP usage (`Signalling`), the media leg (`Leg`) and the
//! dialplan. When all three are over, and nothing waits for the vault, the call is finished and nothing of it is left.

pub mod cause;
pub mod channel;
mod digit_queue;
pub mod items;
mod leg;
pub mod ports;
mod recordings;
mod requests;
mod signalling;
mod texts;

#[cfg(test)]
mod tests;

use crate::dialplan::channel::CallFacts;
use crate::media::{self, LegId, ListeningId, PlayId, RecordingId, SendingId};
use crate::memo::vault::{StoredMemo, VaultCommand, VaultEvent};
use crate::sdp::offer_answer::OfferAnswer;
use crate::time::{Duration, Instant};
use cause::Cause;
use channel::{FromChannel, Reply, ToChannel};
use digit_queue::DigitQueue;
use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

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
    /// What became of `Action::SendText`.
    TextSent {
        /// Its number.
        number: u64,
        /// Whether the caller's side took it.
        taken: bool,
    },
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
    /// A text to the caller, under that number; told as `Input::TextSent`.
    SendText(u64, String),
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
    Play {
        play: PlayId,
        interrupt: String,
        /// The digit that has stopped it; the worker is yet to tell how much was heard.
        stopped: Option<char>,
    },
    ReadDigit,
    ReceiveText,
    SendText,
    Sleep,
    SendDigits {
        sending: SendingId,
    },
    Echo {
        until: String,
    },
    /// Where nobody can be heard, what becomes of it at the deadline is known.
    Listen {
        listening: ListeningId,
        otherwise: bool,
    },
    Record {
        recording: RecordingId,
    },
    Keep {
        recording: u64,
    },
    KeepPlain {
        recording: u64,
    },
    Rehearse {
        recording: u64,
    },
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
    digits: DigitQueue,
    texts: VecDeque<String>,
    next_play: u64,
    /// Recordings whose audio has begun to flow and that were neither kept nor discarded.
    loose: HashSet<u64>,
    /// The mailbox of each recording that is with the vault.
    kept: Vec<(u64, String)>,
    began: Instant,
    answered_at: Option<Instant>,
    cause: Cause,
    media: items::Media,
    /// Whether something changed that the dialplan can ask for.
    news: bool,
    /// What the dialplan is told once the leg is closed.
    held: Vec<ToChannel>,
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
            digits: DigitQueue::new(),
            texts: VecDeque::new(),
            next_play: 0,
            loose: HashSet::new(),
            kept: Vec::new(),
            began: now,
            answered_at: None,
            cause: Cause::default(),
            media: items::Media::default(),
            news: true,
            held: Vec::new(),
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
        self.media.stats
    }

    /// What is known of its media.
    pub fn media_items(&self) -> &items::Media {
        &self.media
    }

    /// Whether something has changed since the last time that the dialplan can ask for.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
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
            Input::TextSent { number, taken } => self.text_sent(number, taken),
            Input::Over(cause) => self.over(cause),
            Input::End(cause) => self.end(cause),
            Input::Timeout => self.timeout(now),
        }
        self.finish_if_nothing_is_left();
    }

    fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Tells the dialplan something. Between the call's end and the leg's it is held back: when the dialplan goes on to
    /// `h`, the leg's last figures are there.
    fn tell(&mut self, event: ToChannel) {
        if self.signalling == Signalling::Over && self.leg == Leg::Closing {
            self.held.push(event);
        } else {
            self.act(Action::ToChannel(event));
        }
    }

    fn command(&mut self, command: media::Command) {
        self.act(Action::Media(command));
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
            Some((number, Pending::ReceiveText)) => self.reply(number, Reply::Text(None)),
            Some((number, Pending::Listen { otherwise, .. })) => {
                self.abandon();
                self.reply(number, Reply::Heard(otherwise));
            }
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
