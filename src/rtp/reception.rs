//! What RFC 3550 wants known of a stream that is received: sequence numbers (A.1), loss (A.3), jitter (A.8).

use super::rtcp::ReportBlock;
use crate::time::Instant;

/// A jump ahead of so many packets, or back by so many, is a restart and not a loss (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3_000;
const MAX_MISORDER: u16 = 100;

/// The state of one source.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    stream: Option<Stream>,
    received: u64,
    /// Expected in streams that have ended: restarts and earlier sources.
    expected_before: u64,
    /// Where a packet that does not fit would be continued: the second such packet is a restart.
    suspect: Option<(u32, u16)>,
    /// RFC 3550 A.8: sixteen times the jitter, in samples.
    jitter: u32,
    transit: Option<u32>,
    /// At the last report.
    expected_prior: u64,
    received_prior: u64,
}

#[derive(Clone, Debug)]
struct Stream {
    ssrc: u32,
    base: u64,
    highest: u64,
}

impl Reception {
    /// Takes in a packet. The timestamp is given where it is that of audio; the packets of an event share theirs,
    /// which says nothing of their transit.
    pub fn receive(&mut self, at: Instant, ssrc: u32, sequence: u16, timestamp: Option<u32>) {
        if !self.count(ssrc, sequence) {
            return;
        }
        let Some(timestamp) = timestamp else { return };
        let arrival = (at.as_micros() / 125) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
            // A step of the sender's clock is no jitter: more than ten seconds of it would stay for minutes.
            if difference < 80_000 {
                self.jitter += difference;
                self.jitter -= (self.jitter - difference + 8) >> 4;
            }
        }
    }

    /// `false` where the packet does not fit the stream.
    fn count(&mut self, ssrc: u32, sequence: u16) -> bool {
        if let Some(stream) = &mut self.stream {
            let ahead = sequence.wrapping_sub(stream.highest as u16);
            if ssrc == stream.ssrc && ahead < MAX_DROPOUT {
                stream.highest += u64::from(ahead);
                self.received += 1;
                self.suspect = None;
                return true;
            }
            if ssrc == stream.ssrc && ahead > u16::MAX - MAX_MISORDER {
                self.received += 1;
                return true;
            }
            if self.suspect != Some((ssrc, sequence)) {
                self.suspect = Some((ssrc, sequence.wrapping_add(1)));
                return false;
            }
            // The second of the new stream; the first counts with it.
            self.expected_before += stream.highest - stream.base + 1;
            self.restart(ssrc, sequence.wrapping_sub(1));
            self.received += 1;
            return self.count(ssrc, sequence);
        }
        self.restart(ssrc, sequence);
        self.received += 1;
        true
    }

    fn restart(&mut self, ssrc: u32, sequence: u16) {
        // The 16 bits above the number count its cycles; one to begin with, so that an early packet that comes
        // late does not lie below zero.
        let first = 0x1_0000 | u64::from(sequence);
        self.stream = Some(Stream {
            ssrc,
            base: first,
            highest: first,
        });
        self.suspect = None;
        self.transit = None;
    }

    /// Packets that came.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Packets that did not, by number; those that came twice make up for others, as RFC 3550 A.3 has it.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Interarrival jitter, samples.
    pub fn jitter_samples(&self) -> u32 {
        self.jitter >> 4
    }

    fn expected(&self) -> u64 {
        let current = self
            .stream
            .as_ref()
            .map_or(0, |stream| stream.highest - stream.base + 1);
        self.expected_before + current
    }

    /// The reception report, without the fields that come from the peer's sender reports. `None` before the first
    /// packet. Begins a new interval for the fraction lost.
    pub fn report(&mut self) -> Option<ReportBlock> {
        let stream = self.stream.as_ref()?;
        let (expected, received) = (self.expected(), self.received);
        let expected_interval = expected - self.expected_prior;
        let lost_interval = expected_interval.saturating_sub(received - self.received_prior);
        self.expected_prior = expected;
        self.received_prior = received;
        let cumulative = expected as i64 - received as i64;
        Some(ReportBlock {
            ssrc: stream.ssrc,
            fraction_lost: (lost_interval << 8)
                .checked_div(expected_interval)
                .unwrap_or(0)
                .min(255) as u8,
            cumulative_lost: cumulative.clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_sequence: (stream.highest - 0x1_0000) as u32,
            jitter: self.jitter_samples(),
            last_sr: 0,
            delay_since_last_sr: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn loss_is_counted_across_the_wrap() {
        let mut reception = Reception::default();
        for n in (0..20u16).filter(|n| n % 5 != 4) {
            let sequence = 0xfffa_u16.wrapping_add(n);
            reception.receive(at(u64::from(n) * 20), 1, sequence, Some(u32::from(n) * 160));
        }
        // 20 numbers were sent; the last did not come, so 19 are expected, of which 3 are missing.
        assert_eq!((reception.received(), reception.lost()), (16, 3));
        let report = reception.report().unwrap();
        assert_eq!(report.cumulative_lost, 3);
        assert_eq!(report.fraction_lost, (3 * 256 / 19) as u8);
        assert_eq!(report.highest_sequence, 0x1_000c);
        assert_eq!(report.jitter, 0);
        // Nothing more came: nothing more was lost.
        assert_eq!(reception.report().unwrap().fraction_lost, 0);
    }

    #[test]
    fn duplicates_make_loss_negative_and_never_a_fraction() {
        let mut reception = Reception::default();
        for sequence in [5, 5, 6, 6] {
            reception.receive(at(0), 1, sequence, None);
        }
        let report = reception.report().unwrap();
        assert_eq!((report.cumulative_lost, report.fraction_lost), (-2, 0));
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn jitter_follows_the_formula() {
        let mut reception = Reception::default();
        // Every other packet 10 ms (80 samples) late: |D| is 80 each time, and J tends to 80.
        let mut expected = 0f64;
        for n in 0..200u32 {
            let late = u64::from(n % 2) * 10;
            reception.receive(at(u64::from(n) * 20 + late), 1, n as u16, Some(n * 160));
            if n > 0 {
                expected += (80.0 - expected) / 16.0;
            }
        }
        assert!((f64::from(reception.jitter_samples()) - expected).abs() <= 1.0);
    }

    #[test]
    fn a_restart_is_no_loss_and_a_stray_is_ignored() {
        let mut reception = Reception::default();
        for sequence in [100, 101, 40_000, 102, 103] {
            reception.receive(at(0), 1, sequence, None);
        }
        assert_eq!((reception.received(), reception.lost()), (4, 0));
        for sequence in [9, 10, 12] {
            reception.receive(at(0), 2, sequence, None);
        }
        assert_eq!((reception.received(), reception.lost()), (7, 1));
        assert_eq!(reception.report().unwrap().ssrc, 2);
    }
}
