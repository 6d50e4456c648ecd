//! One call of the telephone as a plain value: datagrams, media and time in; datagrams, media commands and progress
//! out. No socket, no clock.

use super::beep::Listener;
use super::target::Target;
use super::{CallEnd, CallReport, PhoneConfig, PhoneError, Progress, Start};
use crate::codec::{Codec, SAMPLE_RATE};
use crate::media::prompt::Prompt;
use crate::media::{
    Command, Direction, Event as MediaEvent, LegId, LegStats, PlayId, RecordOptions, RecordingId, SendingId,
    Session, Sound,
};
use crate::rng::Rng;
use crate::sdp::offer_answer::{Agreed, LocalMedia, OfferAnswer};
use crate::sdp::{self, Sdp};
use crate::sip::endpoint::{CallHandle, End, Endpoint, EndpointConfig, Event, Output as SipOutput};
use crate::sip::message::{reason, Headers, Method, NameAddr, Request, Response, Uri};
use crate::sip::Flow;
use crate::time::{Duration, Instant};
use crate::{limits, secret::Private};
use std::collections::VecDeque;
use std::sync::Arc;
use tracing::debug;

/// The telephone has one leg, plays once and records once.
const LEG: LegId = LegId(1);
const PLAY: PlayId = PlayId(1);
const RECORDING: RecordingId = RecordingId(1);
/// Even ports that are tried before media is given up.
const PORT_TRIES: u32 = 40;
/// Below the range from which systems give ports to outgoing sockets, and above that of most switches.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Between the answer and the first word, for the far end's media to be ready; likewise between word and key.
const BREATH: Duration = Duration::from_millis(300);
/// Without any cue the recording is spoken after this time.
const CUE_PATIENCE: Duration = Duration::from_secs(30);
/// What one key takes: 100 ms pressed, 100 ms not.
const KEY: Duration = Duration::from_millis(200);
/// How often figures are asked for.
const FIGURES: Duration = Duration::from_millis(250);
/// How long the answer to a BYE or CANCEL, and the end of the leg, are waited for.
const FAREWELL: Duration = Duration::from_secs(4);

/// What the telephone wants done, or tells.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this message by this way.
    Transmit {
        /// As the endpoint named it.
        flow: Flow,
        /// One whole message.
        bytes: Vec<u8>,
    },
    /// For the media worker.
    Media(Command),
    /// For the person.
    Progress(Progress),
}

/// Where the call stands.
#[derive(Clone, Debug, PartialEq)]
enum State {
    /// Waiting for media ports.
    Opening { tries: u32, port: u16 },
    /// The INVITE is out. Given up at the time.
    Calling { until: Instant },
    /// Somebody answered.
    Talking { since: Instant, stage: Stage },
    /// Hung up; the last messages are on their way, until the time at most.
    Leaving { until: Instant, media_open: bool },
    /// Nothing is left to do.
    Over,
}

/// What we do on an answered call.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// Waiting for the cue to speak.
    Listening { until: Instant },
    /// A breath before speaking.
    Breath { until: Instant },
    /// The recording plays.
    Speaking { since: Instant },
    /// A breath before the keys.
    BeforeKeys { until: Instant },
    /// Keys are being sent.
    Dialling { until: Instant },
    /// Nothing left to do but to stay.
    Staying { until: Option<Instant> },
}

/// One call.
pub struct Phone {
    config: PhoneConfig,
    target: Target,
    flow: Flow,
    endpoint: Endpoint,
    session: OfferAnswer,
    rng: Rng,
    state: State,
    call: Option<CallHandle>,
    /// Whether keys can be sent.
    keys: bool,
    listener: Listener,
    figures_due: Option<Instant>,
    failure: Option<PhoneError>,
    report: CallReport,
    outputs: VecDeque<Output>,
}

impl Phone {
    /// A telephone that begins to call at once. `flow` is the way to the target; `bytes` that come by it go to
    /// [`Self::receive`].
    pub fn new(now: Instant, config: PhoneConfig, target: Target, flow: Flow, mut rng: Rng) -> Self {
        let endpoint = Endpoint::new(EndpointConfig::default(), rng.fork());
        let port = media_port(&mut rng);
        let mut phone = Phone {
            session: OfferAnswer::new(local_media(&flow, port, 0)),
            report: CallReport {
                answered: false,
                status: 408,
                reason: reason(408).into(),
                duration: Duration::ZERO,
                end: CallEnd::NotAnswered,
                stats: LegStats::default(),
                spoken: 0,
                heard: Vec::new(),
                call_id: format!("{}@{}", rng.token(20), flow.local.ip()),
            },
            config,
            target,
            flow,
            endpoint,
            rng,
            state: State::Opening { tries: 1, port },
            call: None,
            keys: false,
            listener: Listener::default(),
            figures_due: None,
            failure: None,
            outputs: VecDeque::new(),
        };
        phone.open(port);
        phone.settle(now);
        phone
    }

    /// Takes in a datagram, or one message that was cut from the stream.
    pub fn receive(&mut self, now: Instant, flow: Flow, bytes: &[u8]) {
        self.endpoint.receive(now, flow, bytes);
        self.settle(now);
    }

    /// The connection is gone.
    pub fn flow_failed(&mut self, now: Instant) {
        self.endpoint.flow_failed(now, self.flow.id);
        self.settle(now);
    }

    /// The network says that nobody listens there. Ends a call that was not answered yet; one that was may get over it.
    pub fn unreachable(&mut self, now: Instant, why: &std::io::Error) {
        if let State::Calling { .. } = self.state {
            let why = PhoneError::why(why);
            self.failure = Some(PhoneError::Network(format!("{}: {why}", self.flow)));
            self.leave(now, CallEnd::NotAnswered);
            // Nobody is there to say farewell to.
            if let State::Leaving { until, .. } = &mut self.state {
                *until = now;
            }
        }
        self.settle(now);
    }

    /// Takes in what was heard.
    pub fn hear(&mut self, now: Instant, samples: &[i16]) {
        if self.config.record {
            self.report.heard.extend_from_slice(samples);
        }
        if let State::Talking { stage, .. } = &mut self.state {
            if matches!(stage, Stage::Listening { .. }) && self.listener.hear(samples).is_some() {
                self.speak(now);
            }
        }
        self.settle(now);
    }

    /// Takes in what the media worker tells.
    pub fn media(&mut self, now: Instant, event: MediaEvent) {
        match event {
            MediaEvent::Opened { result, .. } => self.opened(now, result),
            MediaEvent::Played { finished, .. } => self.played(now, finished),
            MediaEvent::Report { stats, .. } => self.figures(now, stats),
            MediaEvent::Closed { stats, .. } => {
                self.report.stats = stats;
                if let State::Leaving { media_open, .. } = &mut self.state {
                    *media_open = false;
                }
            }
            MediaEvent::Digit { .. }
            | MediaEvent::DigitsSent { .. }
            | MediaEvent::Heard { .. }
            | MediaEvent::Recorded { .. }
            | MediaEvent::Silent { .. } => {}
        }
        self.settle(now);
    }

    /// Hangs up, or gives up where nobody answered yet.
    pub fn hang_up(&mut self, now: Instant) {
        match self.state {
            State::Talking { .. } => {
                if let Some(call) = self.call {
                    self.endpoint.bye(now, call, None);
                }
                self.leave(now, CallEnd::Us);
            }
            State::Calling { .. } => {
                if let Some(call) = self.call {
                    self.endpoint.cancel(now, call);
                }
                self.note(487);
                self.leave(now, CallEnd::NotAnswered);
            }
            State::Opening { .. } => self.leave(now, CallEnd::NotAnswered),
            State::Leaving { .. } | State::Over => {}
        }
        self.settle(now);
    }

    /// Does what is due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        self.settle(now);
        if self.figures_due.is_some_and(|due| due <= now) {
            self.figures_due = Some(now + FIGURES);
            self.command(Command::Report { leg: LEG });
        }
        if self.deadline().is_some_and(|due| due <= now) {
            self.expire(now);
        }
        self.settle(now);
    }

    /// When `handle_timeout` wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let dues = [self.endpoint.poll_timeout(), self.figures_due, self.deadline()];
        dues.into_iter().flatten().min()
    }

    /// The next thing to do or to tell.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What became of the call, once nothing is left to do.
    ///
    /// # Errors
    /// Where media or the far end's port could not be had; there was no call then.
    pub fn finished(&mut self) -> Option<Result<CallReport, PhoneError>> {
        if self.state != State::Over {
            return None;
        }
        Some(match self.failure.take() {
            Some(failure) => Err(failure),
            None => {
                let heard = std::mem::take(&mut self.report.heard);
                Ok(CallReport {
                    heard,
                    ..self.report.clone()
                })
            }
        })
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Opening { .. } | State::Over => None,
            State::Calling { until } | State::Leaving { until, .. } => Some(*until),
            State::Talking { stage, .. } => match stage {
                Stage::Listening { until }
                | Stage::Breath { until }
                | Stage::BeforeKeys { until }
                | Stage::Dialling { until } => Some(*until),
                Stage::Staying { until } => *until,
                Stage::Speaking { .. } => None,
            },
        }
    }

    fn expire(&mut self, now: Instant) {
        match &self.state {
            State::Calling { .. } => {
                self.hang_up(now);
                self.note(408);
            }
            State::Leaving { .. } => self.state = State::Over,
            State::Talking { stage, .. } => match stage {
                Stage::Listening { .. } | Stage::Breath { .. } => self.speak(now),
                Stage::BeforeKeys { .. } => self.press(now),
                Stage::Dialling { .. } => self.stay(now),
                Stage::Staying { .. } => self.hang_up(now),
                Stage::Speaking { .. } => {}
            },
            State::Opening { .. } | State::Over => {}
        }
    }

    // Before the answer.

    fn open(&mut self, port: u16) {
        let address = self.flow.local.ip();
        self.command(Command::Open {
            leg: LEG,
            address,
            port,
        });
    }

    fn opened(&mut self, now: Instant, result: Result<(), String>) {
        let State::Opening { tries, port } = self.state else {
            // We hung up meanwhile. Ports that could be had are closed by the command that is on its way.
            if let (State::Leaving { media_open, .. }, Err(_)) = (&mut self.state, result) {
                *media_open = false;
            }
            return;
        };
        match result {
            Ok(()) => self.invite(now, port),
            Err(_) if tries < PORT_TRIES => {
                let port = media_port(&mut self.rng);
                self.state = State::Opening {
                    tries: tries + 1,
                    port,
                };
                self.open(port);
            }
            Err(why) => {
                self.failure = Some(PhoneError::Media(why));
                self.state = State::Over;
            }
        }
    }

    fn invite(&mut self, now: Instant, port: u16) {
        // The session's number has to fit into what old peers read it with.
        let session_id = u64::from(self.rng.u32() >> 1);
        self.session = OfferAnswer::new(local_media(&self.flow, port, session_id))
            .with_signalling_peer(self.flow.remote.ip());
        let local = self.flow.local;
        let us = Uri::sip(
            self.config.user.clone(),
            local.ip().to_string(),
            Some(local.port()),
        );
        let mut contact = us.clone();
        if self.flow.transport.is_reliable() {
            contact.set_param("transport", Some("tcp".into()));
        }
        let from = NameAddr::new(Uri::sip(self.config.user.clone(), local.ip().to_string(), None));
        let mut request = Request::new(Method::Invite, self.target.uri.clone());
        request.headers.push("From", from.with_tag(self.rng.token(12)));
        let mut to = self.target.uri.clone();
        to.params
            .retain(|(name, _)| !name.eq_ignore_ascii_case("transport"));
        request.headers.push("To", NameAddr::new(to));
        request.headers.push("Call-ID", &self.report.call_id);
        request.headers.push("Contact", NameAddr::new(contact));
        request.headers.push("Content-Type", "application/sdp");
        request.body = self.session.offer();
        debug!(to = %Private(&self.target.uri.user), flow = %self.flow, "calling");
        self.call = Some(self.endpoint.invite(now, self.flow, request));
        self.state = State::Calling {
            until: now + self.config.ring_for,
        };
        self.tell(Progress::Calling(self.flow.remote));
    }

    fn answered(&mut self, now: Instant, response: &Response) {
        self.report.answered = true;
        self.note_response(response);
        match read_sdp(&response.headers, &response.body).and_then(|sdp| {
            self.session
                .accept_answer(&sdp)
                .map_err(|error| error.to_string())
        }) {
            Ok(agreed) => self.talk(now, &agreed),
            Err(why) => {
                if let Some(call) = self.call {
                    self.endpoint
                        .bye(now, call, Some("SIP;cause=488;text=\"Not Acceptable Here\""));
                }
                self.leave(now, CallEnd::Unusable(why));
            }
        }
    }

    // On the call.

    fn talk(&mut self, now: Instant, agreed: &Agreed) {
        self.negotiated(agreed);
        self.command(Command::Record {
            leg: LEG,
            recording: RECORDING,
            options: RecordOptions {
                limit: Duration::from_secs(limits::RECORDING_SECS),
                silence: None,
                terminators: String::new(),
            },
        });
        self.figures_due = Some(now + FIGURES);
        self.tell(Progress::Answered(agreed.codec));
        let stage = match (&self.config.wav, self.config.start) {
            (Some(_), Start::AfterBeep) => {
                self.tell(Progress::Listening);
                Stage::Listening {
                    until: now + CUE_PATIENCE,
                }
            }
            _ => Stage::Breath { until: now + BREATH },
        };
        self.state = State::Talking { since: now, stage };
    }

    fn negotiated(&mut self, agreed: &Agreed) {
        self.keys = agreed.event_payload_type.is_some();
        let session = Session {
            remote: agreed.remote,
            remote_rtcp: agreed.remote_rtcp,
            codec: agreed.codec,
            payload_type: agreed.payload_type,
            event_payload_type: agreed.event_payload_type,
            direction: match agreed.direction {
                sdp::Direction::SendRecv => Direction::SendRecv,
                sdp::Direction::SendOnly => Direction::SendOnly,
                sdp::Direction::RecvOnly => Direction::RecvOnly,
                sdp::Direction::Inactive => Direction::Inactive,
            },
            ptime_ms: agreed.ptime_ms,
            // A telephone sends what its microphone hears, silence too.
            continuous_silence: true,
        };
        self.command(Command::Negotiated { leg: LEG, session });
    }

    fn enter(&mut self, next: Stage) {
        if let State::Talking { stage, .. } = &mut self.state {
            *stage = next;
        }
    }

    fn speak(&mut self, now: Instant) {
        let Some(samples) = self.config.wav.clone() else {
            return self.before_keys(now);
        };
        self.tell(Progress::Speaking);
        self.command(Command::Play {
            leg: LEG,
            play: PLAY,
            sounds: vec![Sound::Prompt(Arc::new(Prompt::new(samples)))],
            repeat: false,
        });
        self.enter(Stage::Speaking { since: now });
    }

    fn played(&mut self, now: Instant, finished: bool) {
        if let State::Talking {
            stage: Stage::Speaking { since },
            ..
        } = self.state
        {
            let time = if finished { Duration::MAX } else { now.since(since) };
            self.report.spoken = self.spoken(time);
            self.before_keys(now);
        }
    }

    /// Samples of the recording that are spoken in that time.
    fn spoken(&self, time: Duration) -> u64 {
        let whole = self.config.wav.as_ref().map_or(0, Vec::len) as u128;
        let played = time.as_millis() * u128::from(SAMPLE_RATE) / 1_000;
        whole.min(played) as u64
    }

    fn before_keys(&mut self, now: Instant) {
        if self.config.dtmf.is_empty() {
            return self.stay(now);
        }
        self.enter(Stage::BeforeKeys { until: now + BREATH });
    }

    fn press(&mut self, now: Instant) {
        if !self.keys {
            self.tell(Progress::NoKeys);
            return self.stay(now);
        }
        let digits = self.config.dtmf.clone();
        let time = KEY * u32::try_from(digits.len()).unwrap_or(u32::MAX);
        self.tell(Progress::Dialling);
        self.command(Command::SendDigits {
            leg: LEG,
            sending: SendingId(1),
            digits,
            length: KEY / 2,
            gap: KEY / 2,
        });
        self.enter(Stage::Dialling { until: now + time });
    }

    fn stay(&mut self, now: Instant) {
        self.tell(Progress::Staying);
        let until = self.config.hangup_after.map(|time| now + time);
        self.enter(Stage::Staying { until });
    }

    fn figures(&mut self, now: Instant, stats: LegStats) {
        if let State::Talking { since, .. } = self.state {
            let elapsed = now.since(since);
            self.tell(Progress::Figures { elapsed, stats });
        }
    }

    fn reinvited(&mut self, now: Instant, call: CallHandle, request: &Request) {
        // Without an offer in it, our 200 carries the offer and the ACK the answer.
        if request.body.is_empty() {
            let offer = self.session.offer();
            return self.endpoint.answer_reinvite(now, call, offer);
        }
        let answer = read_sdp(&request.headers, &request.body)
            .and_then(|offer| self.session.answer(&offer).map_err(|error| error.to_string()));
        match answer {
            Ok((body, agreed)) => {
                self.endpoint.answer_reinvite(now, call, body);
                self.changed(&agreed);
            }
            Err(why) => {
                debug!(%why, "a re-INVITE is refused");
                self.endpoint.refuse_reinvite(now, call, 488);
            }
        }
    }

    fn changed(&mut self, agreed: &Agreed) {
        self.negotiated(agreed);
        self.tell(Progress::Changed {
            held: agreed.is_held(),
        });
    }

    // The end.

    fn leave(&mut self, now: Instant, end: CallEnd) {
        if let State::Talking { since, stage } = &self.state {
            self.report.duration = now.since(*since);
            if let Stage::Speaking { since } = stage {
                self.report.spoken = self.spoken(now.since(*since));
            }
        }
        self.report.end = end;
        self.figures_due = None;
        self.state = State::Leaving {
            until: now + FAREWELL,
            media_open: true,
        };
        self.command(Command::Close { leg: LEG });
        self.tell(Progress::HungUp);
    }

    fn note(&mut self, status: u16) {
        self.report.status = status;
        self.report.reason = reason(status).into();
    }

    fn note_response(&mut self, response: &Response) {
        self.report.status = response.status;
        self.report.reason.clone_from(&response.reason);
    }

    // Plumbing.

    /// Hands on what the endpoint has to say, and sees whether all is done.
    fn settle(&mut self, now: Instant) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                SipOutput::Transmit { flow, bytes } => {
                    self.outputs.push_back(Output::Transmit { flow, bytes })
                }
                SipOutput::Event(event) => self.event(now, event),
            }
        }
        if let State::Leaving {
            media_open: false, ..
        } = self.state
        {
            if self.endpoint.counts().calls == 0 {
                self.state = State::Over;
            }
        }
    }

    fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Progress { response, .. } if (180..190).contains(&response.status) => {
                self.tell(Progress::Ringing);
            }
            Event::Answered { response, .. } => {
                if let State::Calling { .. } = self.state {
                    self.answered(now, &response);
                }
            }
            Event::Challenged { call, response } => {
                self.note_response(&response);
                self.endpoint.cancel(now, call);
            }
            Event::Failed { response, .. } => {
                if let State::Calling { .. } = self.state {
                    if let Some(response) = response {
                        self.note_response(&response);
                    }
                    self.leave(now, CallEnd::NotAnswered);
                }
            }
            Event::Ended { end, .. } => {
                if let State::Talking { .. } = self.state {
                    let end = match end {
                        End::Bye { reason } => CallEnd::Peer(reason),
                        End::NoAck | End::Timeout | End::FlowFailed => CallEnd::Broken,
                    };
                    self.leave(now, end);
                }
            }
            Event::Reinvite { call, request } => self.reinvited(now, call, &request),
            Event::Acked { body, .. } if !body.is_empty() => {
                let agreed = Sdp::parse(&body)
                    .ok()
                    .and_then(|answer| self.session.accept_answer(&answer).ok());
                if let Some(agreed) = agreed {
                    self.changed(&agreed);
                }
            }
            // A telephone in a terminal has no bell.
            Event::Incoming { call, .. } => self.endpoint.reject(now, call, 486, &[]),
            // Nor does it show texts.
            Event::Message { tx, request, .. } => self.endpoint.respond(now, tx, request.response(405)),
            _ => {}
        }
    }

    fn command(&mut self, command: Command) {
        self.outputs.push_back(Output::Media(command));
    }

    fn tell(&mut self, progress: Progress) {
        self.outputs.push_back(Output::Progress(progress));
    }
}

fn media_port(rng: &mut Rng) -> u16 {
    let pairs = u64::from((PORTS.end - PORTS.start) / 2);
    PORTS.start + 2 * rng.below(pairs) as u16
}

fn local_media(flow: &Flow, port: u16, session_id: u64) -> LocalMedia {
    LocalMedia {
        address: flow.local.ip(),
        port,
        codecs: Codec::ALL.to_vec(),
        session_id,
    }
}

fn read_sdp(headers: &Headers, body: &[u8]) -> Result<Sdp, String> {
    let body = sdp::extract(headers.get("Content-Type"), body).map_err(|error| error.to_string())?;
    let body = body.ok_or("it says nothing of its media")?;
    Sdp::parse(body).map_err(|error| error.to_string())
}
