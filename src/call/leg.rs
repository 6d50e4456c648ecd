//! A call's media leg: from the port that is bound to the port that is given back, and what the worker tells.

use super::channel::{recorded_end, Reply};
use super::{Absolute, Action, Call, Cause, Dialplan, Leg, Pending, PORT_ATTEMPTS};
use crate::dialplan::channel::{Played, Recorded, RecordedEnd};
use crate::media::{self, PlayId};
use crate::sdp::offer_answer::{Agreed, LocalMedia, OfferAnswer};
use crate::sdp::Sdp;
use crate::time::Duration;
use std::net::SocketAddr;

impl Call {
    pub(super) fn open_leg(&mut self) {
        self.command(media::Command::Open {
            leg: self.leg_id,
            address: self.setup.bind_address,
            port: self.port,
        });
    }

    pub(super) fn media(&mut self, event: media::Event) {
        match event {
            media::Event::Opened { result: Ok(()), .. } => self.leg_opened(),
            media::Event::Opened {
                result: Err(reason), ..
            } => self.leg_refused(&reason),
            media::Event::Played { play, samples, .. } => self.played(play, samples),
            media::Event::Digit { digit, .. } => self.digit(digit),
            media::Event::DigitsSent { sending, .. } => match self.pending {
                Some((number, Pending::SendDigits { sending: awaited })) if awaited == sending => {
                    self.reply(number, Reply::Done);
                }
                _ => {}
            },
            media::Event::Heard { listening, .. } => match self.pending {
                Some((
                    number,
                    Pending::Listen {
                        listening: awaited, ..
                    },
                )) if awaited == listening => self.reply(number, Reply::Heard(true)),
                _ => {}
            },
            media::Event::Recorded {
                recording,
                end,
                samples,
                ..
            } => {
                let recorded = Recorded {
                    recording: recording.0,
                    duration: time_of(samples),
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
                self.media.stats = stats;
                self.news = true;
                self.leg_closed();
            }
            media::Event::Report { stats, .. } => {
                self.media.stats = stats;
                self.news = true;
            }
        }
    }

    fn played(&mut self, play: PlayId, samples: u64) {
        match self.pending {
            Some((
                number,
                Pending::Play {
                    play: awaited,
                    stopped,
                    ..
                },
            )) if awaited == play => {
                let played = stopped.map_or(Played::Finished, Played::Digit);
                let heard = time_of(samples);
                self.reply(number, Reply::Played { played, heard });
            }
            // It was abandoned, or replaced by the next; of tones nobody wants to know.
            _ => {}
        }
    }

    fn leg_opened(&mut self) {
        let Leg::Opening { .. } = self.leg else { return };
        self.leg = Leg::Open;
        self.media.local = Some(SocketAddr::new(self.setup.media_address, self.port));
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
            for event in std::mem::take(&mut self.held) {
                self.act(Action::ToChannel(event));
            }
        }
    }

    pub(super) fn close_leg(&mut self) {
        if matches!(self.leg, Leg::Opening { .. } | Leg::Open) {
            self.leg = Leg::Closing;
            self.command(media::Command::Close { leg: self.leg_id });
        }
    }

    pub(super) fn negotiated(&mut self, agreed: &Agreed) {
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
        self.media.session = Some(session.clone());
        self.news = true;
        self.command(media::Command::Negotiated {
            leg: self.leg_id,
            session,
        });
    }
}

fn time_of(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(1_000_000 / u64::from(crate::codec::SAMPLE_RATE)))
}

fn media_direction(direction: crate::sdp::Direction) -> media::Direction {
    match direction {
        crate::sdp::Direction::SendRecv => media::Direction::SendRecv,
        crate::sdp::Direction::SendOnly => media::Direction::SendOnly,
        crate::sdp::Direction::RecvOnly => media::Direction::RecvOnly,
        crate::sdp::Direction::Inactive => media::Direction::Inactive,
    }
}
