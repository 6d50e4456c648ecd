//! Whole calls of the telephone under virtual time: the endpoint of a far end, and a media worker that only says what
//! a real one would.

use super::machine::{Output, Phone};
use super::target::Target;
use super::{CallEnd, CallReport, PhoneConfig, PhoneError, Progress, Start};
use crate::codec::Codec;
use crate::media::{tone, Command, Event as MediaEvent, LegStats};
use crate::rng::Rng;
use crate::sdp::offer_answer::{LocalMedia, OfferAnswer};
use crate::sdp::Sdp;
use crate::sip::endpoint::{CallHandle, End, Endpoint, EndpointConfig, Event, Output as SipOutput};
use crate::sip::message::Uri;
use crate::sip::{Flow, Transport};
use crate::time::{Duration, Instant};
use std::net::SocketAddr;

/// What the far end does with a call.
#[derive(Clone, Copy, PartialEq)]
enum Far {
    Answer,
    AnswerWithoutMedia,
    Ring,
    Refuse(u16),
    Silent,
}

struct Line {
    now: Instant,
    phone: Phone,
    far: Endpoint,
    does: Far,
    session: OfferAnswer,
    call: Option<CallHandle>,
    /// What the worker is yet to tell, and when.
    media: Vec<(Instant, MediaEvent)>,
    busy_ports: u32,
    commands: Vec<Command>,
    progress: Vec<Progress>,
    far_ended: Option<End>,
    cancelled: bool,
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

fn flow(local: u16, remote: u16) -> Flow {
    Flow {
        id: 1,
        transport: Transport::Udp,
        local: address(local),
        remote: address(remote),
    }
}

impl Line {
    fn new(config: PhoneConfig, does: Far) -> Self {
        Line::with_busy_ports(config, does, 0)
    }

    fn with_busy_ports(config: PhoneConfig, does: Far, busy_ports: u32) -> Self {
        let target = Target::parse(&config.target).expect("a target");
        let now = Instant::from_secs(1);
        let local = LocalMedia {
            address: address(0).ip(),
            port: 40_000,
            codecs: vec![Codec::Pcma],
            session_id: 7,
        };
        let mut line = Line {
            now,
            phone: Phone::new(now, config, target, flow(5070, 5060), Rng::from_seed(1)),
            far: Endpoint::new(EndpointConfig::default(), Rng::from_seed(2)),
            does,
            session: OfferAnswer::new(local),
            call: None,
            media: Vec::new(),
            busy_ports,
            commands: Vec::new(),
            progress: Vec::new(),
            far_ended: None,
            cancelled: false,
        };
        line.exchange();
        line
    }

    /// Lets both sides talk until neither has anything to say at this moment.
    fn exchange(&mut self) {
        loop {
            let mut idle = true;
            while let Some(output) = self.phone.poll_output() {
                idle = false;
                match output {
                    Output::Transmit { bytes, .. } if self.does != Far::Silent => {
                        self.far.receive(self.now, flow(5060, 5070), &bytes);
                    }
                    Output::Transmit { .. } => {}
                    Output::Media(command) => self.worker(command),
                    Output::Progress(progress) => self.progress.push(progress),
                }
            }
            while let Some(output) = self.far.poll_output() {
                idle = false;
                match output {
                    SipOutput::Transmit { bytes, .. } => {
                        self.phone.receive(self.now, flow(5070, 5060), &bytes);
                    }
                    SipOutput::Event(event) => self.far_event(event),
                }
            }
            while let Some(index) = self.media.iter().position(|(at, _)| *at <= self.now) {
                idle = false;
                let (_, event) = self.media.remove(index);
                self.phone.media(self.now, event);
            }
            if idle {
                return;
            }
        }
    }

    fn worker(&mut self, command: Command) {
        self.commands.push(command.clone());
        let (after, event) = match command {
            Command::Open { leg, port, .. } => {
                assert_eq!(port % 2, 0);
                let result = if self.busy_ports == 0 {
                    Ok(())
                } else {
                    Err("in use".to_owned())
                };
                self.busy_ports = self.busy_ports.saturating_sub(1);
                (Duration::ZERO, MediaEvent::Opened { leg, result })
            }
            Command::Play {
                leg, play, sounds, ..
            } => {
                assert_eq!(sounds.len(), 1);
                let played = MediaEvent::Played {
                    leg,
                    play,
                    finished: true,
                    samples: 16_000,
                };
                (Duration::from_secs(2), played)
            }
            Command::Report { leg } => {
                let stats = LegStats::default();
                (Duration::ZERO, MediaEvent::Report { leg, stats })
            }
            Command::Close { leg } => {
                self.media.clear();
                let stats = LegStats {
                    sent: 50,
                    ..LegStats::default()
                };
                (Duration::ZERO, MediaEvent::Closed { leg, stats })
            }
            _ => return,
        };
        self.media.push((self.now + after, event));
    }

    fn far_event(&mut self, event: Event) {
        let contact = Uri::sip("far", "192.0.2.1", Some(5060));
        match event {
            Event::Incoming { call, request, .. } => {
                self.call = Some(call);
                self.far.ring(self.now, call, 180, None);
                let offer = Sdp::parse(&request.body).expect("an offer");
                let (body, _) = self.session.answer(&offer).expect("a common codec");
                match self.does {
                    Far::Answer => self.far.answer(self.now, call, &contact, body),
                    Far::AnswerWithoutMedia => self.far.answer(self.now, call, &contact, Vec::new()),
                    Far::Refuse(status) => self.far.reject(self.now, call, status, &[]),
                    Far::Ring | Far::Silent => {}
                }
            }
            Event::Ended { end, .. } => self.far_ended = Some(end),
            Event::Cancelled { .. } => self.cancelled = true,
            _ => {}
        }
    }

    /// Runs to that time since the start.
    fn run_to_ms(&mut self, ms: u64) {
        let end = Instant::from_secs(1) + Duration::from_millis(ms);
        loop {
            let media = self.media.iter().map(|(at, _)| *at).min();
            let dues = [self.phone.poll_timeout(), self.far.poll_timeout(), media];
            let next = dues.into_iter().flatten().min().filter(|due| *due <= end);
            self.now = next.unwrap_or(end).max(self.now);
            self.phone.handle_timeout(self.now);
            self.far.handle_timeout(self.now);
            self.exchange();
            if next.is_none() {
                return;
            }
        }
    }

    fn hear(&mut self, samples: &[i16]) {
        self.phone.hear(self.now, samples);
        self.exchange();
    }

    fn report(&mut self) -> CallReport {
        self.phone
            .finished()
            .expect("a call that is over")
            .expect("a call")
    }

    fn told(&self) -> Vec<&Progress> {
        let news = |p: &&Progress| !matches!(p, Progress::Figures { .. });
        self.progress.iter().filter(news).collect()
    }
}

fn config() -> PhoneConfig {
    PhoneConfig::new("sip:5550100@192.0.2.1:5060")
}

fn speaker() -> PhoneConfig {
    PhoneConfig {
        wav: Some(vec![1_000; 16_000]),
        dtmf: "1#".into(),
        record: true,
        hangup_after: Some(Duration::from_secs(5)),
        ..config()
    }
}

#[test]
fn it_speaks_after_the_beep_presses_keys_and_hangs_up() {
    let mut line = Line::new(speaker(), Far::Answer);
    line.run_to_ms(1_000);
    assert_eq!(line.told().last(), Some(&&Progress::Listening));
    let mut beep = tone::beep().samples().to_vec();
    beep.resize(4_000, 0);
    line.hear(&beep);
    assert_eq!(line.told().last(), Some(&&Progress::Speaking));
    line.run_to_ms(3_200);
    assert!(!line
        .commands
        .iter()
        .any(|c| matches!(c, Command::SendDigits { .. })));
    line.run_to_ms(3_400);
    let digits = line.commands.iter().find_map(|c| match c {
        Command::SendDigits { digits, .. } => Some(digits.as_str()),
        _ => None,
    });
    assert_eq!(digits, Some("1#"));
    line.run_to_ms(8_600);
    assert_eq!(line.far_ended, None);
    line.run_to_ms(8_800);
    assert_eq!(line.far_ended, Some(End::Bye { reason: None }));
    let report = line.report();
    assert!(report.answered);
    assert_eq!((report.status, report.end.clone()), (200, CallEnd::Us));
    assert_eq!((report.spoken, report.stats.sent), (16_000, 50));
    assert_eq!(report.heard, beep);
    assert_eq!(report.failure(), None);
    assert_eq!(report.duration, Duration::from_millis(8_700));
    let told = line.told();
    assert_eq!(
        told[..4],
        [
            &Progress::Calling(address(5060)),
            &Progress::Ringing,
            &Progress::Answered(Codec::Pcma),
            &Progress::Listening,
        ]
    );
    assert_eq!(
        told[4..],
        [
            &Progress::Speaking,
            &Progress::Dialling,
            &Progress::Staying,
            &Progress::HungUp
        ]
    );
}

#[test]
fn without_a_cue_it_speaks_after_half_a_minute() {
    let mut line = Line::new(speaker(), Far::Answer);
    line.run_to_ms(29_900);
    assert_eq!(line.told().last(), Some(&&Progress::Listening));
    line.run_to_ms(30_100);
    assert_eq!(line.told().last(), Some(&&Progress::Speaking));
}

#[test]
fn told_to_it_speaks_at_once() {
    let start = Start::OnAnswer;
    let mut line = Line::new(PhoneConfig { start, ..speaker() }, Far::Answer);
    line.run_to_ms(400);
    assert_eq!(line.told().last(), Some(&&Progress::Speaking));
}

#[test]
fn with_nothing_to_say_it_stays_until_the_far_end_hangs_up() {
    let mut line = Line::new(config(), Far::Answer);
    line.run_to_ms(600_000);
    assert_eq!(line.told().last(), Some(&&Progress::Staying));
    let call = line.call.expect("a call");
    line.far.bye(line.now, call, Some("Q.850;cause=16"));
    line.exchange();
    let report = line.report();
    assert_eq!(report.end, CallEnd::Peer(Some("Q.850;cause=16".into())));
    assert_eq!(report.failure(), None);
    // A figure each quarter of a second.
    assert!(line.progress.len() > 2_300);
}

#[test]
fn a_refusal_is_reported_in_words() {
    for (status, words) in [
        (404, "no such number"),
        (403, "does not take calls"),
        (486, "busy"),
        (503, "full"),
    ] {
        let mut line = Line::new(config(), Far::Refuse(status));
        line.run_to_ms(10);
        let report = line.report();
        assert!(!report.answered);
        assert_eq!(
            (report.status, report.end.clone()),
            (status, CallEnd::NotAnswered)
        );
        let failure = report.failure().expect("a failure");
        assert!(failure.contains(words), "{failure}");
    }
}

#[test]
fn a_password_that_is_asked_for_is_not_had() {
    let mut line = Line::new(config(), Far::Refuse(401));
    line.run_to_ms(10);
    assert_eq!(line.report().status, 401);
}

#[test]
fn hanging_up_while_it_rings_cancels() {
    let mut line = Line::new(config(), Far::Ring);
    line.run_to_ms(2_000);
    assert_eq!(line.told().last(), Some(&&Progress::Ringing));
    line.phone.hang_up(line.now);
    line.exchange();
    assert!(line.cancelled);
    line.run_to_ms(2_100);
    let report = line.report();
    assert_eq!((report.status, report.end), (487, CallEnd::NotAnswered));
}

#[test]
fn it_does_not_ring_for_ever() {
    let ring_for = Duration::from_secs(20);
    let mut line = Line::new(PhoneConfig { ring_for, ..config() }, Far::Ring);
    line.run_to_ms(21_000);
    assert!(line.cancelled);
    assert_eq!(line.report().status, 408);
}

#[test]
fn nobody_there_is_a_failure_within_the_time_of_the_rfc() {
    let mut line = Line::new(config(), Far::Silent);
    line.run_to_ms(31_000);
    assert!(line.phone.finished().is_none());
    line.run_to_ms(33_000);
    let report = line.report();
    assert_eq!((report.status, report.end), (408, CallEnd::NotAnswered));
}

#[test]
fn nobody_listening_is_told_at_once() {
    let mut line = Line::new(config(), Far::Silent);
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    line.phone.unreachable(line.now, &refused);
    line.exchange();
    line.run_to_ms(10);
    match line.phone.finished() {
        Some(Err(PhoneError::Network(why))) => assert_eq!(why, "udp:192.0.2.1:5060: nobody listens there"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_without_media_is_ended_and_explained() {
    let mut line = Line::new(config(), Far::AnswerWithoutMedia);
    line.run_to_ms(100);
    assert!(matches!(line.far_ended, Some(End::Bye { .. })));
    assert!(matches!(line.report().end, CallEnd::Unusable(_)));
}

#[test]
fn ports_in_use_are_stepped_over_until_there_are_too_many() {
    let line = Line::with_busy_ports(config(), Far::Answer, 5);
    assert_eq!(line.told().last(), Some(&&Progress::Answered(Codec::Pcma)));
    let mut line = Line::with_busy_ports(config(), Far::Answer, 1_000);
    assert!(matches!(line.phone.finished(), Some(Err(PhoneError::Media(_)))));
}

#[test]
fn the_far_end_may_hold_and_resume() {
    let mut line = Line::new(config(), Far::Answer);
    line.run_to_ms(1_000);
    let call = line.call.expect("a call");
    for (direction, held) in [("sendonly", true), ("sendrecv", false)] {
        let offer = String::from_utf8(line.session.offer()).expect("text");
        let offer = offer.replace("sendrecv", direction).into_bytes();
        assert!(line.far.reinvite(line.now, call, offer));
        line.exchange();
        line.session.withdraw();
        assert_eq!(line.told().last(), Some(&&Progress::Changed { held }));
        line.run_to_ms(if held { 2_000 } else { 3_000 });
    }
    let sessions = line
        .commands
        .iter()
        .filter(|c| matches!(c, Command::Negotiated { .. }));
    assert_eq!(sessions.count(), 3);
}
