use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::channel::{Audio, Tone};
use crate::dialplan::interp::Flow;
use crate::dialplan::morse::{self, Code};
use crate::dialplan::substitute::{leading_integer, Values};
use crate::limits;
use async_trait::async_trait;
use std::time::Duration;

/// Morsecode
pub struct Morsecode;

static MANUAL: Manual = Manual {
    name: "Morsecode",
    syntax: "Morsecode(text)",
    synopsis: "Plays a text in Morse code.",
    text: "A dash is three dots long, the gap within a character one, between characters three. A character that the \
           code does not have is left out. It does not answer the call. At most 1,000 characters are played.",
    variables: &[
        ("MORSEDITLEN", "read: how long a dot is, in milliseconds, from 10 to 1000; 80 where it is not set"),
        ("MORSETONE", "read: the pitch in hertz; 800 where it is not set"),
        ("MORSESPACETONE", "read: the pitch of the gaps; 0, silence, where it is not set"),
        ("MORSETYPE", "read: INTERNATIONAL, or AMERICAN for the code of the American railways"),
    ],
    ..Manual::EMPTY
};

/// The highest pitch.
const HIGHEST: i64 = 4_000;

#[async_trait]
impl Application for Morsecode {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if check.arguments().trim().is_empty() {
            check.expected(0..0, "a text");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let number =
            |run: &mut Run<'_>, name, default| leading_integer(&run.variable(name)).unwrap_or(default);
        let dot = number(run, "MORSEDITLEN", 80).clamp(10, 1_000);
        let pitch =
            |run: &mut Run<'_>, name, default| u16::try_from(number(run, name, default).clamp(0, HIGHEST));
        let (tone, gap) = (pitch(run, "MORSETONE", 800), pitch(run, "MORSESPACETONE", 0));
        let key = Key {
            dot: Duration::from_millis(dot.unsigned_abs()),
            tone: tone.unwrap_or_default(),
            gap: gap.unwrap_or_default(),
            code: match run.variable("MORSETYPE").eq_ignore_ascii_case("AMERICAN") {
                true => Code::American,
                false => Code::International,
            },
        };
        if arguments.chars().nth(limits::MORSE_CHARACTERS).is_some() {
            run.complain("Morsecode: the text is too long and is cut".to_string());
        }
        for character in arguments.chars().take(limits::MORSE_CHARACTERS) {
            run.play(&key.character(character), "").await?;
        }
        Ok(Flow::Next)
    }
}

/// What the code is sent with.
struct Key {
    dot: Duration,
    tone: u16,
    gap: u16,
    code: Code,
}

impl Key {
    /// A character, with the gap that follows it.
    fn character(&self, character: char) -> Vec<Audio> {
        let signs = match character {
            ' ' => Some(""),
            other => morse::signs(self.code, other),
        };
        let Some(signs) = signs else { return Vec::new() };
        let mut audio = Vec::new();
        let mut gap = 0;
        for sign in signs.chars() {
            let length = match sign {
                '.' => 1,
                '-' => 3,
                '_' => 6,
                '=' => 9,
                _ => {
                    gap = 3;
                    continue;
                }
            };
            if !audio.is_empty() {
                audio.push(self.sound(self.gap, gap.max(1)));
            }
            gap = 0;
            audio.push(self.sound(self.tone, length));
        }
        // After the three of the character before, four more make the seven between words.
        audio.push(self.sound(self.gap, if signs.is_empty() { 4 } else { 3 }));
        audio
    }

    fn sound(&self, pitch: u16, dots: u32) -> Audio {
        let time = self.dot * dots;
        match pitch {
            0 => Audio::Silence(time),
            pitch => Audio::Tone(Tone {
                frequencies: [pitch, 0],
                time,
            }),
        }
    }
}
