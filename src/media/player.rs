//! A player: which frame comes next of the sounds that a leg plays.

use super::prompt::Prompt;
use super::{PlayId, Sound};
use crate::codec::{Codec, FRAME_SAMPLES};
use crate::limits;
use crate::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

/// The sounds of one act of playing, and the place in them.
pub struct Player {
    play: PlayId,
    sounds: VecDeque<Piece>,
}

enum Piece {
    Prompt { prompt: Arc<Prompt>, frame: usize },
    Silence { frames: u64 },
}

/// A frame of 20 ms.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Its encoding, 160 bytes.
    Audio(&'a [u8]),
    /// Nothing to hear.
    Silence,
}

impl Player {
    /// Starts at the first of the sounds; those beyond [`limits::PLAY_SOUNDS`] are left out.
    pub fn new(play: PlayId, sounds: Vec<Sound>) -> Self {
        let frame_us = FRAME_SAMPLES as u64 * 125;
        let piece = |sound| match sound {
            Sound::Prompt(prompt) => Piece::Prompt { prompt, frame: 0 },
            Sound::Silence(time) => Piece::Silence {
                frames: (Duration::as_micros(&time) as u64).div_ceil(frame_us),
            },
        };
        Player {
            play,
            sounds: sounds.into_iter().take(limits::PLAY_SOUNDS).map(piece).collect(),
        }
    }

    /// Which act of playing this is.
    pub fn play(&self) -> PlayId {
        self.play
    }

    /// Hands the next frame to `take` and goes on to the one after it. `None` at the end.
    pub fn next<T>(&mut self, codec: Codec, take: impl FnOnce(Frame<'_>) -> T) -> Option<T> {
        loop {
            match self.sounds.front_mut()? {
                Piece::Silence { frames: 0 } => {}
                Piece::Silence { frames } => {
                    *frames -= 1;
                    return Some(take(Frame::Silence));
                }
                Piece::Prompt { prompt, frame } => {
                    if let Some(bytes) = prompt.frame(codec, *frame) {
                        *frame += 1;
                        return Some(take(Frame::Audio(bytes)));
                    }
                    if prompt.loops() && prompt.frames() > 0 {
                        *frame = 0;
                        continue;
                    }
                }
            }
            self.sounds.pop_front();
        }
    }

    /// Whether nothing is left.
    pub fn is_finished(&self) -> bool {
        self.sounds.iter().all(|piece| match piece {
            Piece::Silence { frames } => *frames == 0,
            Piece::Prompt { prompt, frame } => {
                prompt.frames() == 0 || (!prompt.loops() && *frame >= prompt.frames())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(player: &mut Player, most: usize) -> Vec<Option<u8>> {
        let mut frames = Vec::new();
        while frames.len() < most {
            let first = player.next(Codec::Pcmu, |frame| match frame {
                Frame::Audio(bytes) => Some(bytes[0]),
                Frame::Silence => None,
            });
            let Some(first) = first else { break };
            frames.push(first);
        }
        frames
    }

    #[test]
    fn sounds_follow_one_another() {
        let prompt = |samples: usize| Sound::Prompt(Arc::new(Prompt::new(vec![8_031 * 4; samples])));
        let silence = |ms| Sound::Silence(Duration::from_millis(ms));
        let mut player = Player::new(
            PlayId(1),
            vec![prompt(200), silence(30), prompt(0), silence(0), prompt(160)],
        );
        assert!(!player.is_finished());
        assert_eq!(
            frames(&mut player, 99),
            [Some(0x80), Some(0x80), None, None, Some(0x80)]
        );
        assert!(player.is_finished());
        assert!(Player::new(PlayId(2), Vec::new()).is_finished());
    }

    #[test]
    fn a_loop_goes_on() {
        let mut player = Player::new(
            PlayId(1),
            vec![Sound::Prompt(Arc::new(Prompt::looping(vec![0; 320])))],
        );
        assert_eq!(frames(&mut player, 100).len(), 100);
        assert!(!player.is_finished());
        // A loop of nothing would spin.
        let mut empty = Player::new(
            PlayId(1),
            vec![Sound::Prompt(Arc::new(Prompt::looping(Vec::new())))],
        );
        assert!(empty.is_finished());
        assert_eq!(frames(&mut empty, 9).len(), 0);
    }
}
