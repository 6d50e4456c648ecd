//! What a dialplan can ask of a call.
//!
//! A trait of the dialplan's own, so that it runs over a real call (`call::channel`), in the author's test
//! runner and in our tests, all alike.

use crate::codec::private::PrivateAudio;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The call is gone: the caller hung up, or the network lost it. Applications pass it on with `?`; the run
/// loop then goes to `h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// A caller: number and name, either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerId {
    /// Digits, or a SIP user.
    pub number: String,
    /// Display name.
    pub name: String,
}

/// What is known of a call when its dialplan starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFacts {
    /// `CHANNEL`: `SIP/<trunk>-<hex>`.
    pub channel: String,
    /// `UNIQUEID`.
    pub unique_id: String,
    /// The trunk's name, `${TRUNK}`.
    pub trunk: String,
    /// The number called, normalised: where the call enters its context.
    pub did: String,
    /// The context that it enters.
    pub context: String,
    /// Best identity of the caller: P-Asserted-Identity, Remote-Party-ID, else From.
    pub caller: CallerId,
    /// From alone, as the caller claims it (`CALLERID(ani)` and screening).
    pub from: CallerId,
    /// Who redirected the call here (Diversion), where somebody did (`CALLERID(rdnis)`).
    pub diversion: Option<CallerId>,
    /// Whether the caller asked that the number be hidden.
    pub private: bool,
    /// Header fields of the INVITE, in order, for `PJSIP_HEADER`.
    pub headers: Vec<(String, String)>,
    /// SIP Call-ID.
    pub call_id: String,
}

/// Something to hear.
#[derive(Clone, Debug)]
pub enum Audio {
    /// A sound by name, without extension: `digits/7`, with its language before it where that is not the default:
    /// `fr/digits/7`.
    File(String),
    /// A sound from a place within it on.
    From {
        /// The sound.
        name: String,
        /// Where in it to begin.
        start: Duration,
    },
    /// A memo that was opened, from a place within it on.
    Memo {
        /// Its audio, which the last who has it wipes.
        audio: Arc<PrivateAudio>,
        /// Where in it to begin.
        start: Duration,
    },
    /// That much silence.
    Silence(Duration),
    /// A tone of so many frequencies, and how long.
    Tone(Tone),
}

/// A tone: up to two frequencies at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone {
    /// Hertz; 0 is none, and two zeros are silence.
    pub frequencies: [u16; 2],
    /// How long.
    pub time: Duration,
}

/// What the caller is told of the call's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indication {
    /// 180.
    Ringing,
    /// 183 with early media.
    Progress,
    /// Busy: 486 before an answer, the busy tone after.
    Busy,
    /// Congestion: 503 before an answer, the congestion tone after.
    Congestion,
}

/// How playing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played {
    /// To its end.
    Finished,
    /// By one of the digits named; the digit is consumed.
    Digit(char),
    /// A sound does not exist or could not be read; which one.
    Missing(String),
}

/// A recording that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRequest {
    /// Ends after so much audio.
    pub limit: Duration,
    /// Ends after so much silence; `None` never.
    pub silence: Option<Duration>,
    /// Digits that end it.
    pub terminators: String,
    /// The mailboxes that it is meant for; none where it is not to be a memo. It is sealed to their owners from its first
    /// second on, so that a crash does not lose it; which of them keep it is said at the end.
    pub mailboxes: Vec<String>,
}

/// A finished recording that nobody has kept yet. Not kept, it is wiped.
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The call's own handle.
    pub recording: u64,
    /// How much audio.
    pub duration: Duration,
    /// Why it ended.
    pub end: RecordedEnd,
}

/// What is listened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenRequest {
    /// Silence, or noise.
    pub silence: bool,
    /// It must last so long.
    pub lasting: Duration,
    /// How long to listen at most.
    pub timeout: Duration,
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedEnd {
    /// A terminator was pressed.
    Digit(char),
    /// Silence.
    Silence,
    /// The limit.
    Limit,
    /// The caller hung up. The recording can still be kept.
    Hangup,
    /// It could not go on: no room, or no audio.
    Failed,
}

/// What a mailbox wants, as far as a dialplan needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxFacts {
    /// Its name.
    pub name: String,
    /// Whose it is, for Directory; empty where that is not said.
    pub full_name: String,
    /// Shorter recordings leave no memo.
    pub min: Duration,
    /// Longest recording.
    pub max: Duration,
    /// Silence that ends it; `None` never.
    pub silence: Option<Duration>,
    /// Whether a beep comes first.
    pub beep: bool,
    /// Whether VoiceMail asks the caller before it keeps a recording.
    pub review: bool,
}

/// What became of a recording that was to be a memo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Sealed and durable under this id.
    Stored {
        /// The memo's id, 22 characters.
        memo_id: String,
        /// Whether nothing is missing at its end.
        complete: bool,
    },
    /// The store could not take it; the reason is in the log.
    Failed,
}

/// One call, as its dialplan sees it. Every method waits; nothing else happens in this dialplan meanwhile.
/// A digit that no method asked for is kept, in order, for the next that does.
#[async_trait]
pub trait Channel: Send {
    /// What is known of the call.
    fn facts(&self) -> &CallFacts;

    /// The wall clock (virtual in tests).
    fn wall_clock(&self) -> SystemTime;

    /// Whether the caller is still there. Cheap: the run loop asks before each step.
    fn is_up(&mut self) -> bool;

    /// Whether the call was answered.
    fn is_answered(&self) -> bool;

    /// Answers; no effect where that was done. Returns when audio can flow.
    async fn answer(&mut self) -> Result<(), Gone>;

    /// Tells the caller how the call fares. Returns at once; a tone goes on until something else plays.
    async fn indicate(&mut self, indication: Indication) -> Result<(), Gone>;

    /// Whether a sound of that name exists.
    fn has_sound(&self, name: &str) -> bool;

    /// Plays, in order, until the end or one of the `interrupt` digits. A digit queued from before interrupts too.
    async fn play(&mut self, audio: &[Audio], interrupt: &str) -> Result<Played, Gone>;

    /// The next digit, from the queue or pressed within `timeout`.
    async fn read_digit(&mut self, timeout: Duration) -> Result<Option<char>, Gone>;

    /// Waits; digits go to the queue.
    async fn sleep(&mut self, time: Duration) -> Result<(), Gone>;

    /// Records until the request's conditions are met. Hang-up is an end like another, not `Gone`, so that what was
    /// said can be kept. `Gone` only where the call was gone before the start.
    async fn record(&mut self, request: RecordRequest) -> Result<Recorded, Gone>;

    /// The audio of a recording that nobody has kept yet, for its caller to hear: the last who has it wipes it. `None` where
    /// it cannot be read.
    async fn rehearse(&mut self, recorded: &Recorded) -> Result<Option<Arc<PrivateAudio>>, Gone>;

    /// Seals a recording into a memo for the mailbox; works after hang-up too.
    async fn keep(&mut self, recorded: Recorded, mailbox: &str) -> Kept;

    /// Writes a recording as a plain WAV file. `false` where that failed. Only called where the configuration allows it.
    async fn keep_plain(&mut self, recorded: Recorded, path: &str) -> bool;

    /// A second recording of the same audio, for another of the mailboxes that it was meant for; works after hang-up too.
    /// `None` where it could not be made.
    async fn copy(&mut self, recorded: &Recorded, mailbox: &str) -> Option<Recorded>;

    /// Forgets a recording.
    async fn discard(&mut self, recorded: Recorded);

    /// The mailbox of that name.
    fn mailbox(&self, name: &str) -> Option<MailboxFacts>;

    /// Every mailbox, in the configuration's order.
    fn mailboxes(&self) -> Vec<MailboxFacts>;

    /// How much of the last `play` was heard, whether it ended by itself or by a digit.
    fn heard(&self) -> Duration;

    /// Plays tones, over and over where `repeat` is set, until something else plays or `play_tones` is called with none.
    /// Where they are repeated, one without a length goes on for ever. Returns at once.
    async fn play_tones(&mut self, tones: &[Tone], repeat: bool) -> Result<(), Gone>;

    /// Sends digits to the caller as telephone events (RFC 4733), each so long, with a gap between.
    async fn send_digits(&mut self, digits: &str, length: Duration, gap: Duration) -> Result<(), Gone>;

    /// Sends the caller's audio back, until one of the digits, which is returned. Other digits are sent back as well.
    async fn echo(&mut self, until: &str) -> Result<char, Gone>;

    /// Listens for silence or for noise; `true` where it was heard, `false` where the time passed. Digits are kept.
    async fn listen(&mut self, request: ListenRequest) -> Result<bool, Gone>;

    /// Sends a text within the call (SIP MESSAGE); whether the caller's side took it.
    async fn send_text(&mut self, text: &str) -> Result<bool, Gone>;

    /// The next text that came within the call, kept from before or within `timeout`.
    async fn receive_text(&mut self, timeout: Duration) -> Result<Option<String>, Gone>;

    /// What is known by now of the call's signalling and media, for the function CHANNEL: `audioreadformat`,
    /// `pjsip,remote_addr`, `rtp,dest`, `rtcp,rxcount` and so on. `None` where there is no such item.
    fn item(&self, name: &str) -> Option<String>;

    /// Sets or lifts the absolute timeout (`TIMEOUT(absolute)`): once so much time has passed from now, every method
    /// that waits returns `Gone` at once although `is_up` still says yes, so that the run loop can go to `T`. A
    /// recording under way ends with `RecordedEnd::Limit`.
    fn set_deadline(&mut self, after: Option<Duration>);

    /// Hangs up with a Q.850 cause. The dialplan goes on to `h`, without audio.
    async fn hangup(&mut self, cause: u8);

    /// The Q.850 cause with which the call ended; 0 while it goes on.
    fn hangup_cause(&self) -> u8;
}
