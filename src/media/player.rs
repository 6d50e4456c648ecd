//! A player: what comes next of the sounds that a leg plays, sample by sample.

use super::prompt::Prompt;
use super::tone::Tone;
use super::{PlayId, Sound};
use crate::codec::private::PrivateAudio;
use crate::codec::{Codec, FRAME_SAMPLES};
use crate::limits;
use crate::time::Duration;
use std::sync::Arc;

/// The sounds of one act of playing, and the place in them.
pub struct Player {
    play: PlayId,
    pieces: Vec<Piece>,
    /// The piece that is being played, and the sample in it that comes next.
    piece: usize,
    at: u64,
    /// Begins again at the end.
    repeat: bool,
    /// Samples that were handed out.
    played: u64,
}

enum Piece {
    Prompt { prompt: Arc<Prompt>, start: u64 },
    Private { audio: Arc<PrivateAudio>, start: u64 },
    Silence { samples: u64 },
    Tone { tone: Tone },
}

impl Piece {
    fn new(sound: Sound) -> Self {
        match sound {
            Sound::Prompt(prompt) => Piece::Prompt { prompt, start: 0 },
            Sound::From { prompt, start } => Piece::Prompt {
                prompt,
                start: samples(start),
            },
            Sound::Private { audio, start } => Piece::Private {
                audio,
                start: samples(start),
            },
            Sound::Silence(time) => Piece::Silence {
                samples: samples(time),
            },
            Sound::Tone(tone) => Piece::Tone { tone },
        }
    }

    /// Samples in it; the first round of a prompt that loops.
    fn len(&self) -> u64 {
        match self {
            Piece::Prompt { prompt, start } => (prompt.samples().len() as u64).saturating_sub(*start),
            Piece::Private { audio, start } => (audio.samples().len() as u64).saturating_sub(*start),
            Piece::Silence { samples } => *samples,
            Piece::Tone { tone } => tone.samples(),
        }
    }

    /// Whether nothing is left of it after so many samples.
    fn is_over(&self, at: u64) -> bool {
        let loops =
            matches!(self, Piece::Prompt { prompt, .. } if prompt.loops() && !prompt.samples().is_empty());
        at >= self.len() && !loops
    }

    /// Appends at most `most` samples from `at` on, as `codec` has them; how many it were.
    fn append(&self, codec: Codec, at: u64, most: usize, into: &mut Vec<u8>) -> usize {
        let left = usize::try_from(self.len().saturating_sub(at)).unwrap_or(usize::MAX);
        let count = left.min(most);
        match self {
            Piece::Prompt { prompt, start } => {
                let from = usize::try_from(start.saturating_add(at)).unwrap_or(usize::MAX);
                let bytes = prompt.encoded(codec).get(from..).unwrap_or_default();
                into.extend(bytes.iter().take(count));
            }
            Piece::Private { audio, start } => {
                let from = usize::try_from(start.saturating_add(at)).unwrap_or(usize::MAX);
                let samples = audio.samples().get(from..).unwrap_or_default();
                codec.encode(&samples[..count.min(samples.len())], into);
            }
            Piece::Silence { .. } => into.resize(into.len() + count, codec.silence()),
            Piece::Tone { tone } => {
                let mut frame = [0; FRAME_SAMPLES];
                let part = &mut frame[..count.min(FRAME_SAMPLES)];
                for (n, sample) in part.iter_mut().enumerate() {
                    *sample = tone.sample(at + n as u64);
                }
                codec.encode(part, into);
            }
        }
        count
    }
}

impl Player {
    /// Starts at the first of the sounds; those beyond [`limits::PLAY_SOUNDS`] are left out. Where they are to be
    /// repeated, a tone of no length goes on for ever.
    pub fn new(play: PlayId, sounds: Vec<Sound>, repeat: bool) -> Self {
        let mut pieces: Vec<Piece> = Vec::with_capacity(sounds.len().min(limits::PLAY_SOUNDS));
        for sound in sounds.into_iter().take(limits::PLAY_SOUNDS) {
            let sound = match sound {
                Sound::Tone(tone) if repeat && tone.time.is_zero() => Sound::Tone(Tone {
                    time: Duration::MAX,
                    ..tone
                }),
                sound => sound,
            };
            pieces.push(Piece::new(sound));
        }
        // A single tone over and over is one tone: no edge is to be heard where it begins again.
        if let ([Piece::Tone { tone }], true) = (&mut pieces[..], repeat) {
            tone.time = Duration::MAX;
        }
        // What has no length cannot be repeated.
        let repeat = repeat && pieces.iter().any(|piece| piece.len() > 0);
        Player {
            play,
            pieces,
            piece: 0,
            at: 0,
            repeat,
            played: 0,
        }
    }

    /// Which act of playing this is.
    pub fn play(&self) -> PlayId {
        self.play
    }

    /// Samples played so far.
    pub fn played(&self) -> u64 {
        self.played
    }

    /// Appends the next frame of 20 ms as `codec` has it, and goes on to the one after it. The last is filled up with
    /// silence.
    pub fn append(&mut self, codec: Codec, into: &mut Vec<u8>) {
        let full = into.len() + FRAME_SAMPLES;
        while into.len() < full && !self.is_finished() {
            let Some(piece) = self.pieces.get_mut(self.piece) else {
                break;
            };
            let count = piece.append(codec, self.at, full - into.len(), into);
            self.at += count as u64;
            self.played += count as u64;
            if self.at < piece.len() {
                continue;
            }
            let over = piece.is_over(self.at);
            self.at = 0;
            match piece {
                // Only the first round of a loop begins where it was asked to.
                Piece::Prompt { start, .. } if !over => *start = 0,
                _ => self.piece += 1,
            }
            if self.repeat && self.piece >= self.pieces.len() {
                self.piece = 0;
            }
        }
        into.resize(full, codec.silence());
    }

    /// Whether nothing is left.
    pub fn is_finished(&self) -> bool {
        if self.repeat {
            return false;
        }
        let left = self.pieces.get(self.piece..).unwrap_or_default();
        let mut ats = std::iter::once(self.at).chain(std::iter::repeat(0));
        left.iter().all(|piece| piece.is_over(ats.next().unwrap_or(0)))
    }
}

fn samples(time: Duration) -> u64 {
    u64::try_from(time.as_micros() / 125).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is played in frames, at most so many.
    fn play(player: &mut Player, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..most {
            if player.is_finished() {
                break;
            }
            player.append(Codec::Pcmu, &mut bytes);
        }
        bytes
    }

    fn ramp(samples: usize) -> Arc<Prompt> {
        Arc::new(Prompt::new((0..samples).map(|n| (n as i16) * 16).collect()))
    }

    fn silence(ms: u64) -> Sound {
        Sound::Silence(Duration::from_millis(ms))
    }

    #[test]
    fn sounds_follow_one_another_without_a_sample_between() {
        let loud = |samples: usize| Sound::Prompt(Arc::new(Prompt::new(vec![8_031 * 4; samples])));
        let mut player = Player::new(
            PlayId(1),
            vec![loud(200), silence(10), loud(0), silence(0), loud(30)],
            false,
        );
        assert!(!player.is_finished());
        let played = play(&mut player, 99);
        let mut expected = vec![0x80; 200];
        expected.resize(280, 0xff);
        expected.resize(310, 0x80);
        // The last frame is filled up.
        expected.resize(320, 0xff);
        assert!(played == expected);
        assert!(player.is_finished());
        assert_eq!(player.played(), 310);
        assert!(Player::new(PlayId(2), Vec::new(), false).is_finished());
        assert!(Player::new(PlayId(2), vec![silence(0)], true).is_finished());
    }

    #[test]
    fn a_sound_begins_at_the_sample_that_was_asked_for() {
        let prompt = ramp(2_000);
        let mut whole = Vec::new();
        Codec::Pcmu.encode(prompt.samples(), &mut whole);
        for start in [0_u64, 125, 20_000, 33_375, 249_875] {
            let sound = Sound::From {
                prompt: prompt.clone(),
                start: Duration::from_micros(start),
            };
            let mut player = Player::new(PlayId(1), vec![sound], false);
            let played = play(&mut player, 99);
            let expected = &whole[start as usize / 125..];
            assert!(played[..expected.len()] == *expected, "{start}");
            assert!(played[expected.len()..].iter().all(|&code| code == 0xff));
            assert_eq!(player.played(), expected.len() as u64);
        }
        let beyond = Sound::From {
            prompt,
            start: Duration::MAX,
        };
        assert!(Player::new(PlayId(1), vec![beyond], false).is_finished());
    }

    #[test]
    fn private_audio_is_played_as_a_prompt_is_and_let_go_of_at_the_end() {
        let samples = ramp(2_000).samples().to_vec();
        let audio = Arc::new(PrivateAudio::new(zeroize::Zeroizing::new(samples.clone())));
        for codec in Codec::ALL {
            let mut whole = Vec::new();
            codec.encode(&samples, &mut whole);
            for start in [0_usize, 1, 167, 1_999, 2_000, 9_000] {
                let sound = Sound::Private {
                    audio: audio.clone(),
                    start: Duration::from_micros(start as u64 * 125),
                };
                let mut player = Player::new(PlayId(1), vec![sound, silence(10)], false);
                let mut played = Vec::new();
                while !player.is_finished() {
                    player.append(codec, &mut played);
                }
                let expected = &whole[start.min(2_000)..];
                assert!(played[..expected.len()] == *expected, "{start}");
                assert!(played[expected.len()..]
                    .iter()
                    .all(|&code| code == codec.silence()));
                assert_eq!(player.played(), expected.len() as u64 + 80);
            }
        }
        assert_eq!(
            Arc::strong_count(&audio),
            1,
            "a player that is gone holds nothing"
        );
    }

    #[test]
    fn a_loop_goes_on() {
        let prompt = Arc::new(Prompt::looping(ramp(300).samples().to_vec()));
        let start = Duration::from_micros(200 * 125);
        let mut player = Player::new(PlayId(1), vec![Sound::From { prompt, start }], false);
        let played = play(&mut player, 100);
        assert_eq!(played.len(), 16_000);
        assert!(!player.is_finished());
        // The first round is a hundred samples short, the others are whole.
        assert!(played[100..400] == played[400..700]);
        // A loop of nothing would spin.
        let empty = Arc::new(Prompt::looping(Vec::new()));
        let mut empty = Player::new(PlayId(1), vec![Sound::Prompt(empty)], false);
        assert!(empty.is_finished());
        assert_eq!(play(&mut empty, 9).len(), 0);
    }

    #[test]
    fn tones_are_repeated_and_one_alone_has_no_edge_but_its_first() {
        let tone = |hz, ms| {
            Sound::Tone(Tone {
                frequencies: [hz, 0],
                time: Duration::from_millis(ms),
            })
        };
        let mut player = Player::new(PlayId(1), vec![tone(1_000, 30), tone(0, 25)], true);
        let played = play(&mut player, 110);
        assert_eq!(played.len(), 17_600);
        assert!(played.chunks(440).all(|round| round == &played[..440]));
        assert!(played[240..440].iter().all(|&code| code == 0xff));
        for ms in [0, 50] {
            let mut player = Player::new(PlayId(1), vec![tone(1_000, ms)], true);
            let played = play(&mut player, 100);
            assert!(
                played[800..].chunks(80).all(|part| part == &played[800..880]),
                "{ms}"
            );
        }
        let mut once = Player::new(PlayId(1), vec![tone(1_000, 0), tone(1_000, 50)], false);
        assert_eq!(play(&mut once, 100).len(), 480);
        assert_eq!(once.played(), 400);
    }
}
