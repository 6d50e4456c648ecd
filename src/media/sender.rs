//! What a leg sends: the frames of a player, digits, or the little silence that keeps a one-way call alive.
//!
//! Time runs in slots of 20 ms on a grid of the leg's own. The RTP timestamp is that grid's time, so it goes on
//! while nothing is sent, and the packet after a pause carries the marker (RFC 3551 4.1). It stands still only where
//! the worker itself came late in the middle of a prompt.

use super::io::Stream;
use super::leg::Outlet;
use super::level::Level;
use super::player::Player;
use super::{Direction, Event, LegId, Session};
use crate::codec::{Codec, FRAME_SAMPLES};
use crate::limits;
use crate::rng::Rng;
use crate::rtp::packet::{Header, HEADER_BYTES};
use crate::rtp::telephone_event::{self, TelephoneEvent};
use crate::time::{Duration, Instant};
use std::collections::VecDeque;
use std::net::SocketAddr;

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
    digits: VecDeque<u8>,
    digit: Option<Digit>,
    /// A packet being filled, with room for its header in front.
    packet: Vec<u8>,
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

/// A digit on its way.
struct Digit {
    event: u8,
    timestamp: u32,
    slot: u32,
}

/// A digit lasts five slots (100 ms). The last of them ends it, and so do the two after: three end packets,
/// as RFC 4733 2.5.1.4 asks.
const DIGIT_SLOTS: u32 = 5;
const DIGIT_LAST_PACKET: u32 = DIGIT_SLOTS + 2;
/// With the 100 ms of pause after it.
const DIGIT_WHOLE_SLOTS: u32 = 2 * DIGIT_SLOTS;
/// Volume of the digits that we send: -10 dBm0, what telephones send.
const DIGIT_VOLUME: u8 = 10;

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
            digits: VecDeque::new(),
            digit: None,
            packet: Vec::new(),
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

    /// Queues digits; what is no digit, or too much, is left out.
    pub fn send_digits(&mut self, digits: &str) {
        let room = limits::DIGIT_QUEUE.saturating_sub(self.digits.len());
        self.digits
            .extend(digits.chars().filter_map(telephone_event::code).take(room));
    }

    /// Sends what is due by now.
    pub fn tick(&mut self, session: &Session, to: SocketAddr, out: &mut Outlet<'_>) {
        let mut at = self.next_slot.unwrap_or(out.now);
        let mut slots = 0;
        // A slot is due half of one early, so that ticks which come a little sooner or later than each other
        // still send one packet each.
        while at <= out.now + SLOT / 2 && slots < CATCH_UP {
            self.slot(at, session, to, out);
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

    fn slot(&mut self, at: Instant, session: &Session, to: SocketAddr, out: &mut Outlet<'_>) {
        let may_send = matches!(session.direction, Direction::SendRecv | Direction::SendOnly);
        let timestamp = self.timestamp(at);
        self.slot_at = at;
        if self.digit.is_none() {
            match (session.event_payload_type, self.digits.pop_front()) {
                (_, None) => {}
                (Some(_), Some(event)) if may_send => {
                    self.flush(session, to, out);
                    self.digit = Some(Digit {
                        event,
                        timestamp,
                        slot: 0,
                    });
                }
                _ => {
                    tracing::debug!(leg = self.leg.0, "digits not sent: the peer takes none");
                    self.digits.clear();
                }
            }
        }
        if self.digit.is_some() {
            self.digit_slot(session, to, out);
            return;
        }

        if self.player.as_ref().is_some_and(Player::is_finished) {
            self.flush(session, to, out);
            self.stop_play(&mut out.sink.events);
        }
        let keepalive = session.continuous_silence || at >= self.next_keepalive;
        if self.player.is_none() && !(may_send && keepalive) && self.packet.is_empty() {
            return;
        }
        let (packet, level, codec) = (&mut self.packet, &mut self.level, session.codec);
        let now = out.now;
        if packet.is_empty() {
            packet.resize(HEADER_BYTES, 0);
            self.packet_timestamp = timestamp;
        }
        match &mut self.player {
            Some(player) => {
                let start = packet.len();
                player.append(codec, packet);
                level.add(now, codec.peak(&packet[start..]));
            }
            None => silence(codec, packet),
        }
        let full = HEADER_BYTES + (session.ptime_ms.clamp(20, PTIME_MAX_MS) as usize / 20) * FRAME_SAMPLES;
        if packet.len() >= full {
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

    fn digit_slot(&mut self, session: &Session, to: SocketAddr, out: &mut Outlet<'_>) {
        let Some(digit) = &mut self.digit else { return };
        digit.slot += 1;
        let (slot, event, timestamp) = (digit.slot, digit.event, digit.timestamp);
        if slot >= DIGIT_WHOLE_SLOTS {
            self.digit = None;
        }
        let Some(payload_type) = session.event_payload_type else {
            return;
        };
        if slot > DIGIT_LAST_PACKET {
            return;
        }
        let header = Header {
            marker: slot == 1,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        let payload = TelephoneEvent {
            event,
            end: slot >= DIGIT_SLOTS,
            volume: DIGIT_VOLUME,
            duration: (slot.min(DIGIT_SLOTS) as usize * FRAME_SAMPLES) as u16,
        };
        let mut packet = [0; HEADER_BYTES + telephone_event::PAYLOAD_BYTES];
        packet[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
        packet[HEADER_BYTES..].copy_from_slice(&payload.to_bytes());
        self.send(&packet, to, out);
        self.next_keepalive = self.slot_at + KEEPALIVE;
    }

    fn send(&mut self, packet: &[u8], to: SocketAddr, out: &mut Outlet<'_>) {
        out.io.send(out.now, out.pair, Stream::Rtp, to, packet);
        self.sequence = self.sequence.wrapping_add(1);
        self.counts.packets += 1;
        self.counts.octets += (packet.len() - HEADER_BYTES) as u64;
    }
}

fn silence(codec: Codec, packet: &mut Vec<u8>) {
    packet.resize(packet.len() + FRAME_SAMPLES, codec.silence());
}
