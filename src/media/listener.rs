//! A listener: waits for silence or for noise on what the peer sends.

use super::silence::SilenceDetector;
use super::ListeningId;
use crate::codec::Codec;
use crate::time::{Duration, Instant};
use zeroize::Zeroizing;

/// So long after the last packet, the time without any counts as silence, as for a recording.
const QUIET_AFTER: Duration = Duration::from_millis(200);

/// What is listened for, and what was heard of it.
pub struct Listener {
    listening: ListeningId,
    silence: bool,
    lasting: Duration,
    detector: SilenceDetector,
    /// Up to when packets told what there was to hear.
    last_packet: Instant,
}

impl Listener {
    /// Listens from `now` on.
    pub fn new(listening: ListeningId, silence: bool, lasting: Duration, now: Instant) -> Self {
        Listener {
            listening,
            silence,
            lasting,
            detector: SilenceDetector::default(),
            last_packet: now,
        }
    }

    /// Its name.
    pub fn listening(&self) -> ListeningId {
        self.listening
    }

    /// Takes in a packet's audio.
    pub fn hear(&mut self, at: Instant, codec: Codec, payload: &[u8]) {
        let quiet = self.quiet(at);
        if quiet > Duration::ZERO {
            self.detector.pause(quiet.as_micros() as u64 / 125);
        }
        self.last_packet = self.last_packet.max(at);
        let mut samples = Zeroizing::new(Vec::with_capacity(payload.len()));
        codec.decode(payload, &mut samples);
        self.detector.hear(&samples);
    }

    /// Whether what is listened for has lasted long enough by `now`.
    pub fn has_heard(&self, now: Instant) -> bool {
        let quiet = self.quiet(now);
        let samples = if self.silence {
            self.detector.silent_samples()
        } else if quiet > Duration::ZERO {
            0
        } else {
            self.detector.noise_samples()
        };
        let heard = Duration::from_micros(samples.saturating_mul(125));
        let heard = if self.silence { heard + quiet } else { heard };
        heard >= self.lasting && (self.silence || heard > Duration::ZERO)
    }

    /// The time without packets, where it is long enough to count.
    fn quiet(&self, now: Instant) -> Duration {
        let quiet = now.since(self.last_packet);
        if quiet >= QUIET_AFTER {
            quiet
        } else {
            Duration::ZERO
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::FRAME_SAMPLES;

    const ID: ListeningId = ListeningId(4);

    /// Plays so many frames of a level to a listener, from that time on; when it had heard enough.
    fn heard_at(listener: &mut Listener, from: u64, frames: u64, sample: i16) -> Option<u64> {
        (0..frames).map(|n| from + n * 20).find(|&ms| {
            // A square wave of that height.
            let wave: Vec<i16> = (0..FRAME_SAMPLES)
                .map(|n| if n % 8 < 4 { sample } else { -sample })
                .collect();
            let mut payload = Vec::new();
            Codec::Pcmu.encode(&wave, &mut payload);
            listener.hear(Instant::from_millis(ms), Codec::Pcmu, &payload);
            listener.has_heard(Instant::from_millis(ms))
        })
    }

    fn listener(silence: bool, ms: u64) -> Listener {
        Listener::new(ID, silence, Duration::from_millis(ms), Instant::ZERO)
    }

    #[test]
    fn silence_is_heard_when_it_has_lasted() {
        let mut silence = listener(true, 500);
        assert_eq!(heard_at(&mut silence, 20, 50, 5_000), None);
        // The last loud frame came at 1,000 ms and says what there was until then.
        assert_eq!(heard_at(&mut silence, 1_020, 50, 0), Some(1_500));
    }

    #[test]
    fn no_packets_are_silence_and_no_noise() {
        let silence = listener(true, 1_000);
        assert!(!silence.has_heard(Instant::from_millis(999)));
        assert!(silence.has_heard(Instant::from_millis(1_000)));
        let mut noise = listener(false, 300);
        assert_eq!(heard_at(&mut noise, 20, 14, 5_000), None);
        assert!(!noise.has_heard(Instant::from_millis(5_000)));
        // What was heard before the gap does not count any more.
        assert_eq!(heard_at(&mut noise, 5_000, 50, 5_000), Some(5_280));
    }

    #[test]
    fn noise_is_heard_when_it_has_lasted_and_a_click_is_none() {
        let mut noise = listener(false, 300);
        assert_eq!(heard_at(&mut noise, 20, 10, 0), None);
        assert_eq!(heard_at(&mut noise, 220, 2, 5_000), None);
        assert_eq!(heard_at(&mut noise, 260, 10, 0), None);
        assert_eq!(heard_at(&mut noise, 460, 50, 5_000), Some(740));
        assert!(!listener(false, 0).has_heard(Instant::from_secs(9)));
    }
}
