//! What a leg sends: the frames of a player, digits, or the little silence that keeps a one-way call alive.
//!
//! Time runs in slots of 20 ms on a grid of the leg's own. The RTP timestamp is that grid's time, so it goes on
//! while nothing is sent, and the packet after a pause carries the marker (RFC 3551 4.1). It stands still only where
//! the worker itself came late in the middle of a prompt.

use super::digits::{Digits, Outgoing, Slot};
use super::echo::Echo;
use super::io::Stream;
use super::leg::Outlet;
use super::level::Level;
use super::player::Player;
use super::{Direction, Event, LegId, SendingId, Session};
use crate::codec::{Codec, FRAME_SAMPLES};
use crate::rng::Rng;
use crate::rtp::packet::{Header, HEADER_BYTES};
use crate::rtp::telephone_event;
use crate::time::{Duration, Instant};
use std::collections::VecDeque;
use std::net::SocketAddr;
use zeroize::Zeroizing;

const SLOT: Duration = Duration::from_millis(20);
/// While nothing plays, a frame of silence goes out so often: RFC 6263 asks for less than the 15 s after which
/// a NAT may forget, and trunks that end one-way calls look for it sooner.
const KEEPALIVE: Duration = Duration::from_secs(1);
/// Slots caught up with in one tick. Beyond that the tick was so late that the time is left out, since a burst
/// would only overflow the peer's jitter buffer.
const CATCH_UP: usize = 4;
/// Most milliseconds of audio in a packet that we send, whatever the peer asks: 480 bytes of payload.
const PTIME_MAX_MS: u32 = 60;

/// The sending half of a leg.
pub struct Sender {
    leg: LegId,
    ssrc: u32,
    sequence: u16,
    timestamp_base: u32,
    epoch: Instant,
    /// When the next slot is; `None` before the first.
    next_slot: Option<Instant>,
    /// The slot that is being filled.
    slot_at: Instant,
    /// The timestamp that continues what was sent last.
    contiguous: Option<u32>,
    next_keepalive: Instant,
    player: Option<Player>,
    digits: Digits,
    digit: Option<Outgoing>,
    /// A packet being filled, with room for its header in front; of an echo, what the peer said.
    packet: Zeroizing<Vec<u8>>,
    packet_timestamp: u32,
    level: Level,
    counts: Sent,
}

/// What was sent, as a sender report tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// RTP packets.
    pub packets: u64,
    /// Bytes of payload.
    pub octets: u64,
}

impl Sender {
    /// A sender with random starts, as RFC 3550 5.1 asks.
    pub fn new(leg: LegId, rng: &mut Rng, now: Instant) -> Self {
        Sender {
            leg,
            ssrc: rng.u32(),
            sequence: rng.u32() as u16,
            timestamp_base: rng.u32(),
            epoch: now,
            next_slot: None,
            slot_at: now,
            contiguous: None,
            next_keepalive: now,
            player: None,
            digits: Digits::new(),
            digit: None,
            packet: Zeroizing::default(),
            packet_timestamp: 0,
            level: Level::default(),
            counts: Sent::default(),
        }
    }

    /// Our synchronisation source.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// What was sent so far.
    pub fn sent(&self) -> Sent {
        self.counts
    }

    /// Loudness of what was sent.
    pub fn level(&mut self, now: Instant) -> f32 {
        self.level.peak(now)
    }

    /// The RTP timestamp of a time.
    pub fn timestamp(&self, at: Instant) -> u32 {
        let samples = at.since(self.epoch).as_micros() / 125;
        self.timestamp_base.wrapping_add(samples as u32)
    }

    /// A session was agreed, at first or anew. Opens the path at once: the first slot sends something.
    pub fn start(&mut self, now: Instant) {
        self.next_keepalive = now;
        self.packet.clear();
    }

    /// Replaces what plays.
    pub fn play(&mut self, player: Player, events: &mut VecDeque<Event>) {
        self.stop_play(events);
        self.player = Some(player);
    }

    /// Ends what plays.
    pub fn stop_play(&mut self, events: &mut VecDeque<Event>) {
        if let Some(player) = self.player.take() {
            events.push_back(Event::Played {
                leg: self.leg,
                play: player.play(),
                finished: player.is_finished(),
                samples: player.played(),
            });
        }
    }

    /// Whether something plays.
    pub fn is_playing(&self) -> bool {
        self.player.is_some()
    }

    /// Sends digits; those of an earlier act of sending that were not begun are left out.
    pub fn send_digits(
        &mut self,
        sending: SendingId,
        digits: &str,
        length: Duration,
        gap: Duration,
        events: &mut VecDeque<Event>,
    ) {
        let before = self.digits.send(sending, digits, length, gap);
        self.tell_sent(before, events);
    }

    /// Leaves out the digits that were not begun.
    pub fn stop_digits(&mut self, events: &mut VecDeque<Event>) {
        let before = self.digits.stop();
        self.tell_sent(before, events);
    }

    fn tell_sent(&self, sending: Option<SendingId>, events: &mut VecDeque<Event>) {
        let leg = self.leg;
        events.extend(sending.map(|sending| Event::DigitsSent { leg, sending }));
    }

    /// Sends what is due by now.
    pub fn tick(
        &mut self,
        session: &Session,
        to: SocketAddr,
        mut echo: Option<&mut Echo>,
        out: &mut Outlet<'_>,
    ) {
        if let Some(echo) = &mut echo {
            for (digit, held) in echo.take_digits() {
                self.digits.push(digit, held);
            }
        }
        let mut at = self.next_slot.unwrap_or(out.now);
        let mut slots = 0;
        // A slot is due half of one early, so that ticks which come a little sooner or later than each other
        // still send one packet each.
        while at <= out.now + SLOT / 2 && slots < CATCH_UP {
            self.slot(at, session, to, echo.as_deref_mut(), out);
            at += SLOT;
            slots += 1;
        }
        if at <= out.now {
            let late_slots = out.now.since(at).as_micros() / SLOT.as_micros() + 1;
            let left_out = SLOT * u32::try_from(late_slots).unwrap_or(u32::MAX);
            at += left_out;
            if self.player.is_some() {
                // What plays goes on where it was, later: a jump of the timestamp would put a hole into it.
                self.epoch += left_out;
            }
        }
        self.next_slot = Some(at);
    }

    fn slot(
        &mut self,
        at: Instant,
        session: &Session,
        to: SocketAddr,
        echo: Option<&mut Echo>,
        out: &mut Outlet<'_>,
    ) {
        let may_send = matches!(session.direction, Direction::SendRecv | Direction::SendOnly);
        let timestamp = self.timestamp(at);
        self.slot_at = at;
        if self.digit_slot(may_send, timestamp, session, to, out) {
            return;
        }

        if self.player.as_ref().is_some_and(Player::is_finished) {
            self.flush(session, to, out);
            self.stop_play(&mut out.sink.events);
        }
        if let Some(echo) = echo {
            self.begin_packet(timestamp);
            if echo.append(&mut self.packet) {
                self.level
                    .add(out.now, session.codec.peak(last_frame(&self.packet)));
                return self.flush_if_full(session, to, out);
            }
            if self.packet.len() == HEADER_BYTES {
                self.packet.clear();
            }
        }
        let keepalive = session.continuous_silence || at >= self.next_keepalive;
        if self.player.is_none() && !(may_send && keepalive) && self.packet.is_empty() {
            return;
        }
        self.begin_packet(timestamp);
        match &mut self.player {
            Some(player) => {
                player.append(session.codec, &mut self.packet);
                self.level
                    .add(out.now, session.codec.peak(last_frame(&self.packet)));
            }
            None => silence(session.codec, &mut self.packet),
        }
        self.flush_if_full(session, to, out);
    }

    /// Makes room for the header, where no packet is being filled.
    fn begin_packet(&mut self, timestamp: u32) {
        if self.packet.is_empty() {
            self.packet.resize(HEADER_BYTES, 0);
            self.packet_timestamp = timestamp;
        }
    }

    fn flush_if_full(&mut self, session: &Session, to: SocketAddr, out: &mut Outlet<'_>) {
        let full = HEADER_BYTES + (session.ptime_ms.clamp(20, PTIME_MAX_MS) as usize / 20) * FRAME_SAMPLES;
        if self.packet.len() >= full {
            self.flush(session, to, out);
        }
    }

    /// Sends the packet that was being filled.
    fn flush(&mut self, session: &Session, to: SocketAddr, out: &mut Outlet<'_>) {
        if self.packet.is_empty() {
            return;
        }
        let samples = (self.packet.len() - HEADER_BYTES) as u32;
        if matches!(session.direction, Direction::SendRecv | Direction::SendOnly) {
            let mut packet = std::mem::take(&mut self.packet);
            let header = Header {
                marker: self.contiguous != Some(self.packet_timestamp),
                payload_type: session.payload_type,
                sequence: self.sequence,
                timestamp: self.packet_timestamp,
                ssrc: self.ssrc,
            };
            packet[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
            self.send(&packet, to, out);
            self.packet = packet;
            self.contiguous = Some(self.packet_timestamp.wrapping_add(samples));
            self.next_keepalive = self.slot_at + KEEPALIVE;
        }
        self.packet.clear();
    }

    /// Sends what is due of a digit; `false` where none is on its way.
    fn digit_slot(
        &mut self,
        may_send: bool,
        timestamp: u32,
        session: &Session,
        to: SocketAddr,
        out: &mut Outlet<'_>,
    ) -> bool {
        if self.digit.as_ref().is_some_and(Outgoing::is_over) {
            self.digit = None;
        }
        if self.digit.is_none() {
            if !may_send && !self.digits.is_empty() {
                tracing::debug!(leg = self.leg.0, "digits not sent: the peer listens to nothing");
                self.stop_digits(&mut out.sink.events);
                return false;
            }
            let Some(digit) = self.digits.begin(timestamp) else {
                // The pause after the last of them is over.
                let finished = self.digits.finished();
                self.tell_sent(finished, &mut out.sink.events);
                return false;
            };
            if session.event_payload_type.is_some() {
                self.flush(session, to, out);
            }
            self.digit = Some(digit);
        }
        let Some(digit) = &mut self.digit else {
            return false;
        };
        let Some(payload_type) = session.event_payload_type else {
            // The peer takes no events, so it hears the key.
            let mut tones = Vec::with_capacity(FRAME_SAMPLES);
            digit.append_tones(session.codec, &mut tones);
            self.begin_packet(timestamp);
            self.packet.extend_from_slice(&tones);
            self.flush_if_full(session, to, out);
            return true;
        };
        let event_timestamp = digit.timestamp;
        let slot = digit.next_event();
        if let (Slot::Event { first, payload }, true) = (slot, may_send) {
            let header = Header {
                marker: first,
                payload_type,
                sequence: self.sequence,
                timestamp: event_timestamp,
                ssrc: self.ssrc,
            };
            let mut packet = [0; HEADER_BYTES + telephone_event::PAYLOAD_BYTES];
            packet[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
            packet[HEADER_BYTES..].copy_from_slice(&payload);
            self.send(&packet, to, out);
            self.next_keepalive = self.slot_at + KEEPALIVE;
        }
        true
    }

    fn send(&mut self, packet: &[u8], to: SocketAddr, out: &mut Outlet<'_>) {
        out.io.send(out.now, out.pair, Stream::Rtp, to, packet);
        self.sequence = self.sequence.wrapping_add(1);
        self.counts.packets += 1;
        self.counts.octets += (packet.len() - HEADER_BYTES) as u64;
    }
}

/// The frame that was added last.
fn last_frame(packet: &[u8]) -> &[u8] {
    packet
        .len()
        .checked_sub(FRAME_SAMPLES)
        .and_then(|start| packet.get(start..))
        .unwrap_or(packet)
}

fn silence(codec: Codec, packet: &mut Vec<u8>) {
    packet.resize(packet.len() + FRAME_SAMPLES, codec.silence());
}
