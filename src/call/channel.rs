//! The dialplan's view of a real call: each method becomes a request to the call's machine and waits for the reply.
//!
//! A request carries a number and its reply the same, so a method that the dialplan abandoned half-way (an absolute
//! time-out, say) cannot be answered by the reply of another. The next request tells the machine to stop what the
//! abandoned one began.

use super::items::Items;
use crate::codec::private::PrivateAudio;
use crate::config::{Config, Mailbox};
use crate::dialplan::channel::{
    Audio, CallFacts, Channel, Gone, Indication, Kept, ListenRequest, MailboxFacts, Played, RecordRequest,
    Recorded, RecordedEnd, Tone,
};
use crate::media::library::Library;
use crate::media::{tone, Sound};
use crate::sip::endpoint::CallHandle;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;

/// Reads the wall clock; the shell passes the real one, a simulation its own.
pub type WallClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What a dialplan asks of its call.
#[derive(Debug)]
pub enum Request {
    /// Answer.
    Answer,
    /// Tell the caller.
    Indicate(Indication),
    /// Play, until the end or one of the digits.
    Play {
        /// In order.
        sounds: Vec<Sound>,
        /// Digits that end it.
        interrupt: String,
    },
    /// Plays tones while other things go on; none stops them.
    Tones {
        /// In order.
        tones: Vec<tone::Tone>,
        /// Over and over.
        repeat: bool,
    },
    /// Send digits.
    SendDigits {
        /// Which.
        digits: String,
        /// How long each.
        length: Duration,
        /// The pause after each.
        gap: Duration,
    },
    /// Send the caller's audio and digits back.
    Echo {
        /// Digits that end it.
        until: String,
    },
    /// Listen for silence or noise.
    Listen(ListenRequest),
    /// Send the caller a text.
    SendText {
        /// It.
        text: String,
    },
    /// A text of the caller's.
    ReceiveText {
        /// How long to wait for it.
        timeout: Duration,
    },
    /// A digit.
    ReadDigit {
        /// How long to wait for it.
        timeout: Duration,
    },
    /// Wait.
    Sleep {
        /// How long.
        time: Duration,
    },
    /// Record.
    Record {
        /// What, and for whom.
        request: RecordRequest,
        /// The time, by the wall clock.
        at: SystemTime,
    },
    /// Seal a finished recording for a mailbox.
    Keep {
        /// Which.
        recording: u64,
        /// For whom.
        mailbox: String,
        /// When it was recorded, by the wall clock.
        at: SystemTime,
    },
    /// Read a finished recording back, to be heard.
    Rehearse {
        /// Which.
        recording: u64,
    },
    /// Write a finished recording as a plain file.
    KeepPlain {
        /// Which.
        recording: u64,
        /// Where.
        path: String,
    },
    /// Make a second recording of a finished one.
    Copy {
        /// Which.
        recording: u64,
        /// For whom.
        mailbox: String,
    },
    /// Forget a finished recording.
    Discard {
        /// Which.
        recording: u64,
    },
    /// Set or lift the absolute time-out, from now. Not answered.
    Deadline {
        /// How long from now.
        after: Option<Duration>,
    },
    /// Hang up with a Q.850 cause.
    Hangup {
        /// The cause.
        cause: u8,
    },
}

/// The answer to a request.
#[derive(Debug, PartialEq)]
pub enum Reply {
    /// Done.
    Done,
    /// The call is gone.
    Gone,
    /// Playing ended.
    Played {
        /// How.
        played: Played,
        /// How much was heard.
        heard: Duration,
    },
    /// A digit, or none in time.
    Digit(Option<char>),
    /// Whether what was listened for was heard.
    Heard(bool),
    /// Whether a text was taken.
    TextSent(bool),
    /// A text, or none in time.
    Text(Option<String>),
    /// A recording ended.
    Recorded(Recorded),
    /// The number of a copy; none where there is no such recording.
    Copied(Option<u64>),
    /// What was recorded; none where it cannot be read.
    Rehearsed(Option<Arc<PrivateAudio>>),
    /// What became of a memo.
    Kept(Kept),
    /// Whether a plain file was written.
    Plain(bool),
}

/// From the call's machine to its channel.
#[derive(Debug, PartialEq)]
pub enum ToChannel {
    /// The reply to the request of that number.
    Reply(u64, Reply),
    /// The call ended with that Q.850 cause.
    Hangup {
        /// The cause.
        cause: u8,
    },
}

/// A request on its way to the switch.
#[derive(Debug)]
pub struct FromChannel {
    /// Whose.
    pub call: CallHandle,
    /// The request's number.
    pub number: u64,
    /// The request.
    pub request: Request,
}

/// A real call as its dialplan sees it.
///
/// Its two queues are not bounded by a number but by the protocol: a dialplan has one request under way, and the
/// machine sends one reply to each and one hang-up.
pub struct CallChannel {
    call: CallHandle,
    span: tracing::Span,
    facts: Arc<CallFacts>,
    library: Arc<Library>,
    config: Arc<Config>,
    clock: WallClock,
    requests: UnboundedSender<FromChannel>,
    events: UnboundedReceiver<ToChannel>,
    items: watch::Receiver<Items>,
    last_number: u64,
    answered: bool,
    /// Of the last play.
    heard: Duration,
    /// Set once the call is gone.
    cause: Option<u8>,
}

impl CallChannel {
    /// The channel of a call that has just begun.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        call: CallHandle,
        span: tracing::Span,
        facts: Arc<CallFacts>,
        library: Arc<Library>,
        config: Arc<Config>,
        clock: WallClock,
        requests: UnboundedSender<FromChannel>,
        events: UnboundedReceiver<ToChannel>,
        items: watch::Receiver<Items>,
    ) -> Self {
        CallChannel {
            call,
            span,
            facts,
            library,
            config,
            clock,
            requests,
            events,
            items,
            last_number: 0,
            answered: false,
            heard: Duration::ZERO,
            cause: None,
        }
    }

    /// The span that the call's log lines belong to.
    pub fn span(&self) -> tracing::Span {
        self.span.clone()
    }

    fn note(&mut self, event: ToChannel) -> Option<(u64, Reply)> {
        match event {
            ToChannel::Reply(number, reply) => Some((number, reply)),
            ToChannel::Hangup { cause } => {
                self.cause = Some(cause);
                None
            }
        }
    }

    /// Sends a request and waits for its reply; `Gone` too where the switch itself is gone.
    async fn ask(&mut self, request: Request) -> Reply {
        self.last_number += 1;
        let number = self.last_number;
        let sent = self.requests.send(FromChannel {
            call: self.call,
            number,
            request,
        });
        if sent.is_err() {
            return Reply::Gone;
        }
        while let Some(event) = self.events.recv().await {
            match self.note(event) {
                Some((of, reply)) if of == number => return reply,
                _ => {}
            }
        }
        Reply::Gone
    }

    async fn ask_done(&mut self, request: Request) -> Result<(), Gone> {
        match self.ask(request).await {
            Reply::Done => Ok(()),
            _ => Err(Gone),
        }
    }
}

#[async_trait]
impl Channel for CallChannel {
    fn facts(&self) -> &CallFacts {
        &self.facts
    }

    fn wall_clock(&self) -> SystemTime {
        (self.clock)()
    }

    fn is_up(&mut self) -> bool {
        while let Ok(event) = self.events.try_recv() {
            // A reply that is found here belongs to a request that was abandoned.
            let _ = self.note(event);
        }
        self.cause.is_none() && !self.events.is_closed()
    }

    fn is_answered(&self) -> bool {
        self.answered
    }

    async fn answer(&mut self) -> Result<(), Gone> {
        if !self.answered {
            self.ask_done(Request::Answer).await?;
            self.answered = true;
        }
        Ok(())
    }

    async fn indicate(&mut self, indication: Indication) -> Result<(), Gone> {
        self.ask_done(Request::Indicate(indication)).await
    }

    fn has_sound(&self, name: &str) -> bool {
        self.library.contains(name)
    }

    async fn play(&mut self, audio: &[Audio], interrupt: &str) -> Result<Played, Gone> {
        let mut sounds = Vec::with_capacity(audio.len());
        for piece in audio {
            sounds.push(match piece {
                Audio::Silence(time) => Sound::Silence(*time),
                Audio::Tone(tone) => Sound::Tone(media_tone(tone)),
                Audio::Memo { audio, start } => Sound::Private {
                    audio: audio.clone(),
                    start: *start,
                },
                Audio::File(name) | Audio::From { name, .. } => match (self.library.get(name), piece) {
                    (Ok(prompt), Audio::From { start, .. }) => Sound::From {
                        prompt,
                        start: *start,
                    },
                    (Ok(prompt), _) => Sound::Prompt(prompt),
                    (Err(error), _) => {
                        tracing::warn!(sound = %name.escape_debug(), "cannot play: {error}");
                        self.heard = Duration::ZERO;
                        return Ok(Played::Missing(name.clone()));
                    }
                },
            });
        }
        let interrupt = interrupt.to_owned();
        match self.ask(Request::Play { sounds, interrupt }).await {
            Reply::Played { played, heard } => {
                self.heard = heard;
                Ok(played)
            }
            _ => Err(Gone),
        }
    }

    async fn read_digit(&mut self, timeout: Duration) -> Result<Option<char>, Gone> {
        match self.ask(Request::ReadDigit { timeout }).await {
            Reply::Digit(digit) => Ok(digit),
            _ => Err(Gone),
        }
    }

    async fn sleep(&mut self, time: Duration) -> Result<(), Gone> {
        self.ask_done(Request::Sleep { time }).await
    }

    async fn record(&mut self, request: RecordRequest) -> Result<Recorded, Gone> {
        let at = self.wall_clock();
        match self.ask(Request::Record { request, at }).await {
            Reply::Recorded(recorded) => Ok(recorded),
            _ => Err(Gone),
        }
    }

    async fn rehearse(&mut self, recorded: &Recorded) -> Result<Option<Arc<PrivateAudio>>, Gone> {
        let recording = recorded.recording;
        match self.ask(Request::Rehearse { recording }).await {
            Reply::Rehearsed(audio) => Ok(audio),
            _ => Err(Gone),
        }
    }

    async fn keep(&mut self, recorded: Recorded, mailbox: &str) -> Kept {
        let mailbox = mailbox.to_owned();
        let recording = recorded.recording;
        let at = self.wall_clock();
        match self
            .ask(Request::Keep {
                recording,
                mailbox,
                at,
            })
            .await
        {
            Reply::Kept(kept) => kept,
            _ => Kept::Failed,
        }
    }

    async fn keep_plain(&mut self, recorded: Recorded, path: &str) -> bool {
        let path = path.to_owned();
        let recording = recorded.recording;
        self.ask(Request::KeepPlain { recording, path }).await == Reply::Plain(true)
    }

    async fn copy(&mut self, recorded: &Recorded, mailbox: &str) -> Option<Recorded> {
        let recording = recorded.recording;
        let mailbox = mailbox.to_owned();
        match self.ask(Request::Copy { recording, mailbox }).await {
            Reply::Copied(Some(recording)) => Some(Recorded {
                recording,
                duration: recorded.duration,
                end: recorded.end,
            }),
            _ => None,
        }
    }

    async fn discard(&mut self, recorded: Recorded) {
        let recording = recorded.recording;
        self.ask(Request::Discard { recording }).await;
    }

    fn mailbox(&self, name: &str) -> Option<MailboxFacts> {
        let mut mailboxes = self.config.mailboxes.iter();
        mailboxes.find(|mailbox| mailbox.name == name).map(mailbox_facts)
    }

    fn mailboxes(&self) -> Vec<MailboxFacts> {
        self.config.mailboxes.iter().map(mailbox_facts).collect()
    }

    fn heard(&self) -> Duration {
        self.heard
    }

    async fn play_tones(&mut self, tones: &[Tone], repeat: bool) -> Result<(), Gone> {
        let tones = tones.iter().map(media_tone).collect();
        self.ask_done(Request::Tones { tones, repeat }).await
    }

    async fn send_digits(&mut self, digits: &str, length: Duration, gap: Duration) -> Result<(), Gone> {
        let digits = digits.to_owned();
        self.ask_done(Request::SendDigits { digits, length, gap }).await
    }

    async fn echo(&mut self, until: &str) -> Result<char, Gone> {
        let until = until.to_owned();
        match self.ask(Request::Echo { until }).await {
            Reply::Digit(Some(digit)) => Ok(digit),
            _ => Err(Gone),
        }
    }

    async fn listen(&mut self, request: ListenRequest) -> Result<bool, Gone> {
        match self.ask(Request::Listen(request)).await {
            Reply::Heard(heard) => Ok(heard),
            _ => Err(Gone),
        }
    }

    async fn send_text(&mut self, text: &str) -> Result<bool, Gone> {
        let text = text.to_owned();
        match self.ask(Request::SendText { text }).await {
            Reply::TextSent(taken) => Ok(taken),
            _ => Err(Gone),
        }
    }

    async fn receive_text(&mut self, timeout: Duration) -> Result<Option<String>, Gone> {
        match self.ask(Request::ReceiveText { timeout }).await {
            Reply::Text(text) => Ok(text),
            _ => Err(Gone),
        }
    }

    fn item(&self, name: &str) -> Option<String> {
        self.items.borrow().get(name)
    }

    fn set_deadline(&mut self, after: Option<Duration>) {
        self.last_number += 1;
        // Not answered: it takes effect before any later request of this channel is looked at.
        let _ = self.requests.send(FromChannel {
            call: self.call,
            number: self.last_number,
            request: Request::Deadline { after },
        });
    }

    async fn hangup(&mut self, cause: u8) {
        self.ask(Request::Hangup { cause }).await;
    }

    fn hangup_cause(&self) -> u8 {
        self.cause.unwrap_or(0)
    }
}

fn media_tone(tone: &Tone) -> tone::Tone {
    tone::Tone {
        frequencies: tone.frequencies,
        time: tone.time,
    }
}

/// What a dialplan needs to know of a mailbox.
fn mailbox_facts(mailbox: &Mailbox) -> MailboxFacts {
    MailboxFacts {
        name: mailbox.name.clone(),
        full_name: mailbox.full_name.clone(),
        min: Duration::from_secs(mailbox.min_secs),
        max: Duration::from_secs(mailbox.max_secs),
        silence: (mailbox.silence_secs > 0).then(|| Duration::from_secs(mailbox.silence_secs)),
        beep: mailbox.beep,
        review: mailbox.review,
    }
}

/// A media worker's reason in the dialplan's words.
pub(super) fn recorded_end(end: crate::media::RecordEnd) -> RecordedEnd {
    use crate::media::RecordEnd;
    match end {
        RecordEnd::Digit(digit) => RecordedEnd::Digit(digit),
        RecordEnd::Silence => RecordedEnd::Silence,
        RecordEnd::Limit => RecordedEnd::Limit,
        RecordEnd::Closed => RecordedEnd::Hangup,
        // A call stops a recording only where there is no room for more, or where nobody waits for it any more.
        RecordEnd::Stopped | RecordEnd::Overrun => RecordedEnd::Failed,
    }
}
