//! Media: RTP legs, players and recorders on worker threads of a fixed tick.
//!
//! A worker is a value: commands, packets and time in; packets, events and audio out. The thread that drives
//! it is in `media::thread`, its sockets are behind `io::MediaIo`. The control plane holds no media state
//! beside the ids below.

use crate::codec::private::PrivateAudio;
use crate::codec::Codec;
use crate::time::Duration;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use zeroize::Zeroizing;

pub mod builtin_sounds;
mod conceal;
mod digits;
mod echo;
pub mod io;
mod latch;
mod leg;
mod level;
pub mod library;
mod listener;
mod player;
pub mod prompt;
mod receiver;
mod recorder;
mod reports;
mod sender;
mod silence;
pub mod thread;
pub mod tone;
pub mod worker;

/// A leg: one RTP session of one call. Chosen by the control plane, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegId(pub u64);

/// One act of playing, so that its end can be told from that of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlayId(pub u64);

/// One act of sending digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SendingId(pub u64);

/// One act of listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListeningId(pub u64);

/// One recording; the name under which its audio reaches the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordingId(pub u64);

/// Which way audio may flow, as SDP has it, seen from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    SendRecv,
    /// We send only (the peer put us on hold, or listens only).
    SendOnly,
    /// We receive only.
    RecvOnly,
    /// Neither.
    Inactive,
}

/// What offer/answer agreed for a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Where SDP says that the peer receives; symmetric RTP may latch another source.
    pub remote: SocketAddr,
    /// Where the peer receives RTCP (`a=rtcp`, else the port above).
    pub remote_rtcp: SocketAddr,
    /// What we send, and expect.
    pub codec: Codec,
    /// Payload type of `codec`.
    pub payload_type: u8,
    /// Payload type of telephone-event, both ways, where agreed.
    pub event_payload_type: Option<u8>,
    /// Our direction.
    pub direction: Direction,
    /// Milliseconds of audio in a packet that we send; 20 unless the peer asks otherwise.
    pub ptime_ms: u32,
    /// Whether to send silence all the time while nothing plays, or one frame a second.
    pub continuous_silence: bool,
}

/// A piece of what is played.
#[derive(Clone, Debug)]
pub enum Sound {
    /// A prompt.
    Prompt(Arc<crate::media::prompt::Prompt>),
    /// A prompt from a place within it on; of one that loops, the first round.
    From {
        /// The prompt.
        prompt: Arc<crate::media::prompt::Prompt>,
        /// Where it begins.
        start: Duration,
    },
    /// Audio that is somebody's, from a place within it on: encoded as it is played, and wiped by the last who has it.
    Private {
        /// The audio.
        audio: Arc<PrivateAudio>,
        /// Where it begins.
        start: Duration,
    },
    /// A tone.
    Tone(tone::Tone),
    /// Silence of that length.
    Silence(Duration),
}

/// How a recording ends, beside a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordOptions {
    /// Ends after so much audio.
    pub limit: Duration,
    /// Ends after so much silence; `None` never.
    pub silence: Option<Duration>,
    /// Digits that end it.
    pub terminators: String,
}

/// To a worker.
#[derive(Clone, Debug)]
pub enum Command {
    /// Binds RTP at the even `port` and RTCP at the next; answered by `Event::Opened`.
    Open {
        /// The new leg.
        leg: LegId,
        /// Where to bind.
        address: IpAddr,
        /// Even.
        port: u16,
    },
    /// What was agreed, at first and after each re-INVITE.
    Negotiated {
        /// The leg.
        leg: LegId,
        /// What was agreed.
        session: Session,
    },
    /// Plays the sounds in order, then tells `Event::Played`. A play that goes on is replaced, and its end told.
    Play {
        /// The leg.
        leg: LegId,
        /// Named in the event.
        play: PlayId,
        /// In order.
        sounds: Vec<Sound>,
        /// Over and over, until something else plays or `StopPlay`. A tone of no length then goes on for ever.
        repeat: bool,
    },
    /// Ends what plays; told as `Event::Played` with `finished: false`.
    StopPlay {
        /// The leg.
        leg: LegId,
    },
    /// Starts recording what the peer sends. Ends by `options`, by `StopRecord`, or by `Close`; each is told.
    Record {
        /// The leg.
        leg: LegId,
        /// Named in event and audio.
        recording: RecordingId,
        /// When it ends.
        options: RecordOptions,
    },
    /// Ends the recording.
    StopRecord {
        /// The leg.
        leg: LegId,
    },
    /// Sends digits, then tells `Event::DigitsSent`: as telephone-events, or as tones in the audio where the peer agreed
    /// to no events. What plays pauses meanwhile. Those of an earlier act of sending that were not
    /// begun are left out.
    SendDigits {
        /// The leg.
        leg: LegId,
        /// Named in the event.
        sending: SendingId,
        /// `0-9*#A-D`, and `F` for flash, which has no tones.
        digits: String,
        /// How long each is; at most `limits::SENT_DIGIT_TIME`.
        length: Duration,
        /// The pause after each; at least the time that the repetitions of its end take.
        gap: Duration,
    },
    /// Forgets the digits that were not begun.
    StopDigits {
        /// The leg.
        leg: LegId,
    },
    /// Sends what the peer says back to it, its digits too, until one of `until` or `StopEcho`. Ends what plays.
    Echo {
        /// The leg.
        leg: LegId,
        /// Digits that end it; they are told, and not sent back.
        until: String,
    },
    /// Ends the echo.
    StopEcho {
        /// The leg.
        leg: LegId,
    },
    /// Listens for silence or noise, until it is told as `Event::Heard` or until `StopListen`. Replaces what was
    /// listened for before.
    Listen {
        /// The leg.
        leg: LegId,
        /// Named in the event.
        listening: ListeningId,
        /// Silence, or noise.
        silence: bool,
        /// It must last so long.
        lasting: Duration,
    },
    /// Listens no more.
    StopListen {
        /// The leg.
        leg: LegId,
    },
    /// Asks for the leg's figures as they are now; answered by `Event::Report`.
    Report {
        /// The leg.
        leg: LegId,
    },
    /// Ends the leg: flushes the recording, says BYE in RTCP, frees the sockets; told as `Event::Closed`.
    Close {
        /// The leg.
        leg: LegId,
    },
}

/// From a worker to the control plane.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Whether the sockets could be had; `Err` is the operating system's reason (another port may do).
    Opened {
        /// The leg.
        leg: LegId,
        /// The outcome.
        result: Result<(), String>,
    },
    /// A play ended.
    Played {
        /// The leg.
        leg: LegId,
        /// Which.
        play: PlayId,
        /// To its end, or stopped.
        finished: bool,
        /// How much was played.
        samples: u64,
    },
    /// The caller pressed a key (told once, at the event's end, or when its end was lost). The digit that ended a
    /// recording is told as that recording's end, and not here.
    Digit {
        /// The leg.
        leg: LegId,
        /// `0-9*#A-D`
        digit: char,
        /// How long it was held.
        duration: Duration,
    },
    /// The digits of `Command::SendDigits` were sent, or could not be.
    DigitsSent {
        /// The leg.
        leg: LegId,
        /// Which.
        sending: SendingId,
    },
    /// What was listened for was heard.
    Heard {
        /// The leg.
        leg: LegId,
        /// Which.
        listening: ListeningId,
    },
    /// A recording ended; all of its audio was handed over before.
    Recorded {
        /// The leg.
        leg: LegId,
        /// Which.
        recording: RecordingId,
        /// Why.
        end: RecordEnd,
        /// Its length.
        samples: u64,
    },
    /// No RTP at all came for `limits::MEDIA_TIMEOUT`, though the peer may send. Told once until some comes again.
    Silent {
        /// The leg.
        leg: LegId,
    },
    /// What a leg has done so far: asked for by a command, or with each report to the peer, some five seconds apart.
    Report {
        /// The leg.
        leg: LegId,
        /// Its figures.
        stats: LegStats,
    },
    /// The leg is gone and its ports are free.
    Closed {
        /// The leg.
        leg: LegId,
        /// What it did.
        stats: LegStats,
    },
}

impl Event {
    /// The leg that it speaks of.
    pub fn leg(&self) -> LegId {
        match self {
            Event::Opened { leg, .. }
            | Event::Played { leg, .. }
            | Event::Digit { leg, .. }
            | Event::DigitsSent { leg, .. }
            | Event::Heard { leg, .. }
            | Event::Recorded { leg, .. }
            | Event::Silent { leg }
            | Event::Closed { leg, .. }
            | Event::Report { leg, .. } => *leg,
        }
    }
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordEnd {
    /// A terminator was pressed.
    Digit(char),
    /// Silence went on for too long.
    Silence,
    /// The limit of length.
    Limit,
    /// A command.
    Stopped,
    /// The leg was closed: the caller hung up.
    Closed,
    /// The vault could not keep up or had no room.
    Overrun,
}

/// What a leg did, for the log and the call record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LegStats {
    /// RTP packets that came from the latched source.
    pub received: u64,
    /// Packets that never came, by sequence number.
    pub lost: u64,
    /// Packets from elsewhere, or not RTP.
    pub ignored: u64,
    /// Frames that concealment made up.
    pub concealed: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Interarrival jitter (RFC 3550 6.4.1), milliseconds.
    pub jitter_ms: f64,
    /// What the peer's last report said that it lost of ours, as a fraction of one.
    pub remote_loss: Option<f64>,
    /// How many of ours it says that it lost in all.
    pub remote_lost: Option<u64>,
    /// The jitter that it sees of ours, milliseconds.
    pub remote_jitter_ms: Option<f64>,
    /// Round trip by RTCP, milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Highest sample of the last second received, as a fraction of full scale.
    pub level_in: f32,
    /// Likewise of what was sent.
    pub level_out: f32,
}

/// Plain audio on its way from a recorder to the vault: the only form in which it leaves a worker.
/// Half a second at most; wiped when dropped.
pub struct AudioChunk {
    /// Of which recording.
    pub recording: RecordingId,
    /// 8 kHz, 16-bit.
    pub samples: Zeroizing<Vec<i16>>,
}

#[cfg(test)]
mod tests;
