//! The call's machine by scripts: this input at that time, exactly those actions.

use super::channel::Request;
use super::*;
use crate::dialplan::channel::{Indication, ListenRequest, RecordRequest, Recorded, RecordedEnd};
use crate::media::tone::{Tone, BUSY, RINGING};
use crate::media::{Command, Event, LegStats, RecordEnd, Sound};
use crate::memo::vault::VaultError;
use crate::sip::endpoint::CallHandle;
use std::time::SystemTime;

const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
const LEG: LegId = LegId(3);

struct Script {
    call: Call,
    now: Instant,
    numbers: u64,
}

impl Script {
    fn offered(offer: Option<&[u8]>) -> Script {
        let setup = Setup {
            facts: Arc::new(CallFacts {
                did: "5550100".into(),
                ..CallFacts::default()
            }),
            codecs: crate::codec::Codec::ALL.to_vec(),
            continuous_silence: false,
            bind_address: [198, 51, 100, 1].into(),
            media_address: [198, 51, 100, 1].into(),
            offer: offer.map(<[u8]>::to_vec),
            session_id: 1,
        };
        Script {
            call: Call::new(Instant::ZERO, setup, LEG, 20_000),
            now: Instant::ZERO,
            numbers: 0,
        }
    }

    /// A call whose leg is open and whose dialplan runs.
    fn running() -> Script {
        let mut script = Script::offered(Some(OFFER));
        script.take();
        script.media(Event::Opened {
            leg: LEG,
            result: Ok(()),
        });
        assert_eq!(script.take(), ["media Negotiated", "start dialplan"]);
        script
    }

    /// A call that is answered and acknowledged.
    fn answered() -> Script {
        let mut script = Script::running();
        script.ask(Request::Answer);
        script.input(Input::Acked(Vec::new()));
        assert_eq!(script.take(), ["answer", "reply 1 Done"]);
        script
    }

    fn input(&mut self, input: Input) {
        self.call.handle(self.now, input);
    }

    fn media(&mut self, event: Event) {
        self.input(Input::Media(event));
    }

    fn ask(&mut self, request: Request) {
        self.numbers += 1;
        let number = self.numbers;
        self.input(Input::Channel(FromChannel {
            call: CallHandle(1),
            number,
            request,
        }));
    }

    fn at(&mut self, millis: u64) {
        self.now = Instant::from_millis(millis);
        if self.call.poll_timeout().is_some_and(|at| at <= self.now) {
            self.input(Input::Timeout);
        }
    }

    fn digit(&mut self, digit: char) {
        self.media(Event::Digit {
            leg: LEG,
            digit,
            duration: Duration::from_millis(100),
        });
    }

    fn closed(&mut self) {
        self.media(Event::Closed {
            leg: LEG,
            stats: LegStats {
                received: 77,
                ..LegStats::default()
            },
        });
    }

    fn take(&mut self) -> Vec<String> {
        self.call.take_actions().iter().map(describe).collect()
    }
}

fn describe(action: &Action) -> String {
    match action {
        Action::Ring(status, body) => {
            format!("ring {status}{}", if body.is_some() { " with SDP" } else { "" })
        }
        Action::Answer(_) => "answer".into(),
        Action::Reject(status) => format!("reject {status}"),
        Action::Bye(cause) => format!("bye {}", cause.0),
        Action::AnswerReinvite(_) => "answer re-INVITE".into(),
        Action::RefuseReinvite(status) => format!("refuse re-INVITE {status}"),
        Action::Media(command) => {
            let text = format!("{command:?}");
            let name = text.split([' ', '{', '(']).next().unwrap_or_default();
            match command {
                Command::Open { port, .. } => format!("media Open {port}"),
                Command::Play { repeat: true, .. } => format!("media {name} repeated"),
                _ => format!("media {name}"),
            }
        }
        Action::SendText(number, text) => format!("text {number} {text}"),
        Action::AnotherPort => "another port".into(),
        Action::Vault(command) => format!(
            "vault {}",
            format!("{command:?}").split('(').next().unwrap_or_default()
        ),
        Action::StartDialplan => "start dialplan".into(),
        Action::ToChannel(ToChannel::Reply(number, reply)) => format!("reply {number} {reply:?}"),
        Action::ToChannel(ToChannel::Hangup { cause }) => format!("hang-up {cause}"),
        Action::Notify { mailbox, .. } => format!("notify {mailbox}"),
        Action::FreePort(port) => format!("free {port}"),
        Action::Finished => "finished".into(),
    }
}

fn record_request() -> Request {
    Request::Record {
        request: RecordRequest {
            limit: Duration::from_secs(60),
            silence: None,
            terminators: "#".into(),
            mailboxes: vec!["main".into(), "office".into()],
        },
        at: SystemTime::UNIX_EPOCH,
    }
}

/// The number of the call's first recording.
const RECORDING: u64 = (LEG.0 << RECORDING_BITS) | 1;

#[test]
fn a_port_that_cannot_be_bound_is_given_back_and_another_is_tried() {
    let mut script = Script::offered(Some(OFFER));
    assert_eq!(script.take(), ["media Open 20000"]);
    script.media(Event::Opened {
        leg: LEG,
        result: Err("in use".into()),
    });
    assert_eq!(script.take(), ["free 20000", "another port"]);
    script.call.reopen(Some(20_010));
    assert_eq!(script.take(), ["media Open 20010"]);
    script.media(Event::Opened {
        leg: LEG,
        result: Ok(()),
    });
    assert_eq!(script.take(), ["media Negotiated", "start dialplan"]);
}

#[test]
fn without_any_port_the_call_is_refused_and_over() {
    let mut script = Script::offered(Some(OFFER));
    script.take();
    script.media(Event::Opened {
        leg: LEG,
        result: Err("in use".into()),
    });
    script.take();
    script.call.reopen(None);
    assert_eq!(script.take(), ["reject 503", "finished"]);
}

#[test]
fn an_offer_without_a_common_codec_is_refused_with_488() {
    let offer = String::from_utf8_lossy(OFFER).replace("0 101", "18 101");
    let mut script = Script::offered(Some(offer.as_bytes()));
    script.take();
    script.media(Event::Opened {
        leg: LEG,
        result: Ok(()),
    });
    assert_eq!(script.take(), ["reject 488", "media Close"]);
    script.media(Event::Closed {
        leg: LEG,
        stats: LegStats::default(),
    });
    assert_eq!(script.take(), ["free 20000", "finished"]);
}

#[test]
fn the_dialplan_goes_on_at_the_ack_or_two_seconds_after_the_answer() {
    let mut script = Script::running();
    script.ask(Request::Answer);
    assert_eq!(script.take(), ["answer"]);
    script.at(1_999);
    assert!(script.take().is_empty());
    script.at(2_000);
    assert_eq!(script.take(), ["reply 1 Done"]);
}

#[test]
fn an_offer_of_ours_waits_for_the_answer_in_the_ack() {
    let mut script = Script::offered(None);
    script.take();
    script.media(Event::Opened {
        leg: LEG,
        result: Ok(()),
    });
    script.ask(Request::Answer);
    assert_eq!(script.take(), ["start dialplan", "answer"]);
    script.at(10_000);
    assert!(script.take().is_empty());
    script.input(Input::Acked(OFFER.to_vec()));
    assert_eq!(script.take(), ["media Negotiated", "reply 1 Done"]);
}

#[test]
fn a_digit_interrupts_only_the_prompt_that_asked_for_it() {
    let mut script = Script::answered();
    let play = |interrupt: &str| Request::Play {
        sounds: Vec::new(),
        interrupt: interrupt.into(),
    };
    script.ask(play("#"));
    script.digit('5');
    assert_eq!(script.take(), ["media Play"]);
    script.digit('#');
    assert_eq!(script.take(), ["media StopPlay"]);
    // Whatever is pressed before the worker has told how much was heard is the next reader's.
    script.digit('#');
    script.media(Event::Played {
        leg: LEG,
        play: PlayId(1),
        finished: false,
        samples: 12_345,
    });
    assert_eq!(
        script.take(),
        ["reply 2 Played { played: Digit('#'), heard: 1.543125s }"]
    );
    // The 5 is still there for whoever reads.
    script.ask(Request::ReadDigit {
        timeout: Duration::from_secs(5),
    });
    assert_eq!(script.take(), ["reply 3 Digit(Some('5'))"]);
    script.ask(Request::ReadDigit {
        timeout: Duration::from_secs(5),
    });
    script.at(5_000);
    assert_eq!(script.take(), ["reply 4 Digit(Some('#'))"]);
    script.ask(Request::ReadDigit {
        timeout: Duration::from_secs(5),
    });
    script.at(10_000);
    assert_eq!(script.take(), ["reply 5 Digit(None)"]);
}

#[test]
fn a_caller_who_hangs_up_while_recorded_leaves_what_was_said() {
    let mut script = Script::answered();
    script.ask(record_request());
    assert_eq!(script.take(), ["vault Begin", "media Record"]);
    script.input(Input::Over(Cause::NORMAL));
    assert_eq!(script.take(), ["media Close"]);
    script.media(Event::Recorded {
        leg: LEG,
        recording: RecordingId(RECORDING),
        end: RecordEnd::Closed,
        samples: 24_000,
    });
    let recorded = Recorded {
        recording: RECORDING,
        duration: Duration::from_secs(3),
        end: RecordedEnd::Hangup,
    };
    // The dialplan goes on once the leg is closed.
    assert!(script.take().is_empty());
    script.closed();
    assert_eq!(
        script.take(),
        [
            "free 20000".to_owned(),
            "hang-up 16".to_owned(),
            format!("reply 2 Recorded({recorded:?})")
        ]
    );
    script.ask(Request::Keep {
        recording: RECORDING,
        mailbox: "main".into(),
        at: SystemTime::UNIX_EPOCH,
    });
    assert_eq!(script.take(), ["vault Finish"]);
    script.input(Input::DialplanEnded { panicked: false });
    assert!(
        script.take().is_empty(),
        "a memo that is with the vault keeps the call alive"
    );
    script.input(Input::Vault(VaultEvent::Failed {
        recording: RECORDING,
        error: VaultError::Empty,
    }));
    assert_eq!(script.take(), ["finished"]);
}

#[test]
fn a_recording_that_nobody_kept_is_forgotten_with_the_dialplan() {
    let mut script = Script::answered();
    script.ask(record_request());
    script.media(Event::Recorded {
        leg: LEG,
        recording: RecordingId(RECORDING),
        end: RecordEnd::Digit('#'),
        samples: 800,
    });
    script.take();
    script.input(Input::DialplanEnded { panicked: false });
    assert_eq!(script.take(), ["vault Discard", "bye 16", "media Close"]);
}

#[test]
fn a_copy_of_a_recording_is_another_that_can_be_kept_after_hang_up_too() {
    let mut script = Script::answered();
    script.ask(record_request());
    script.media(Event::Recorded {
        leg: LEG,
        recording: RecordingId(RECORDING),
        end: RecordEnd::Digit('#'),
        samples: 800,
    });
    script.input(Input::Over(Cause::NORMAL));
    script.closed();
    script.take();
    script.ask(Request::Copy {
        recording: RECORDING,
        mailbox: "office".into(),
    });
    let second = RECORDING + 1;
    assert_eq!(
        script.take(),
        ["vault Copy".to_owned(), format!("reply 3 Copied(Some({second}))")]
    );
    script.ask(Request::Copy {
        recording: 77,
        mailbox: "office".into(),
    });
    assert_eq!(script.take(), ["reply 4 Copied(None)"]);
    script.input(Input::DialplanEnded { panicked: false });
    assert_eq!(script.take(), ["vault Discard", "vault Discard", "finished"]);
}

#[test]
fn the_absolute_timeout_ends_whatever_waits_and_lets_nothing_wait_again() {
    let mut script = Script::answered();
    script.ask(Request::Deadline {
        after: Some(Duration::from_secs(3)),
    });
    script.ask(Request::Sleep {
        time: Duration::from_secs(60),
    });
    script.at(3_000);
    assert_eq!(script.take(), ["reply 3 Gone"]);
    script.ask(Request::Sleep {
        time: Duration::from_secs(1),
    });
    assert_eq!(script.take(), ["reply 4 Gone"]);
    script.ask(Request::Deadline { after: None });
    script.ask(Request::Sleep {
        time: Duration::from_secs(1),
    });
    script.at(4_000);
    assert_eq!(script.take(), ["reply 6 Done"]);
}

#[test]
fn a_request_that_replaces_an_abandoned_one_stops_what_that_began() {
    let mut script = Script::answered();
    script.ask(record_request());
    script.ask(Request::Sleep {
        time: Duration::from_secs(1),
    });
    assert_eq!(script.take(), ["vault Begin", "media Record", "media StopRecord"]);
    script.media(Event::Recorded {
        leg: LEG,
        recording: RecordingId(RECORDING),
        end: RecordEnd::Stopped,
        samples: 800,
    });
    assert_eq!(script.take(), ["vault Discard"]);
}

#[test]
fn a_call_that_is_never_answered_ends_after_three_minutes() {
    let mut script = Script::running();
    script.at(179_999);
    assert!(script.take().is_empty());
    script.at(180_000);
    assert_eq!(script.take(), ["reject 480", "media Close"]);
    script.closed();
    assert_eq!(script.take(), ["free 20000", "hang-up 19"]);
}

#[test]
fn busy_refuses_before_the_answer_and_sounds_after_it() {
    let mut script = Script::running();
    script.ask(Request::Indicate(Indication::Busy));
    assert_eq!(script.take(), ["reject 486", "media Close"]);
    script.closed();
    assert_eq!(script.take(), ["free 20000", "hang-up 17", "reply 1 Gone"]);
    let mut script = Script::answered();
    script.ask(Request::Indicate(Indication::Busy));
    let actions = script.call.take_actions();
    let [Action::Media(Command::Play {
        sounds, repeat: true, ..
    }), Action::ToChannel(_)] = &actions[..]
    else {
        panic!("{actions:?}");
    };
    assert_eq!(tones(sounds), BUSY);
    script.ask(Request::Indicate(Indication::Ringing));
    let actions = script.call.take_actions();
    let Action::Media(Command::Play {
        sounds, repeat: true, ..
    }) = &actions[0]
    else {
        panic!("{actions:?}");
    };
    assert_eq!(tones(sounds), RINGING);
}

fn tones(sounds: &[Sound]) -> Vec<Tone> {
    let tone = |sound: &Sound| match sound {
        Sound::Tone(tone) => *tone,
        other => panic!("{other:?} is no tone"),
    };
    sounds.iter().map(tone).collect()
}

#[test]
fn tones_go_on_while_the_dialplan_does_other_things_and_end_by_a_list_of_none() {
    let mut script = Script::answered();
    let tones = BUSY.to_vec();
    let repeat = true;
    script.ask(Request::Tones { tones, repeat });
    assert_eq!(script.take(), ["media Play repeated", "reply 2 Done"]);
    script.ask(Request::Sleep {
        time: Duration::from_secs(1),
    });
    script.at(1_000);
    script.ask(record_request());
    script.media(Event::Recorded {
        leg: LEG,
        recording: RecordingId((LEG.0 << RECORDING_BITS) | 2),
        end: RecordEnd::Limit,
        samples: 0,
    });
    assert_eq!(
        script.take().len(),
        4,
        "the sleep, the recording, in the vault too, and its end"
    );
    // What was told of tones that something replaced is nobody's reply.
    script.ask(Request::Play {
        sounds: Vec::new(),
        interrupt: String::new(),
    });
    script.media(Event::Played {
        leg: LEG,
        play: PlayId(1),
        finished: false,
        samples: 8_000,
    });
    assert_eq!(script.take(), ["media Play"]);
    let tones = Vec::new();
    script.ask(Request::Tones { tones, repeat });
    assert_eq!(
        script.take(),
        ["media StopPlay", "media StopPlay", "reply 6 Done"]
    );
}

#[test]
fn tones_before_the_answer_are_early_media() {
    let mut script = Script::running();
    let (tones, repeat) = (BUSY.to_vec(), true);
    script.ask(Request::Tones { tones, repeat });
    assert_eq!(
        script.take(),
        ["ring 183 with SDP", "media Play repeated", "reply 1 Done"]
    );
}

#[test]
fn a_bad_offer_in_a_reinvite_is_refused_and_the_call_goes_on() {
    let mut script = Script::answered();
    script.input(Input::Reinvite(Some(b"not sdp".to_vec())));
    assert_eq!(script.take(), ["refuse re-INVITE 400"]);
    let moved = String::from_utf8_lossy(OFFER).replace("IN IP4 192.0.2.7\r\nt", "IN IP4 192.0.2.8\r\nt");
    script.input(Input::Reinvite(Some(moved.into_bytes())));
    assert_eq!(script.take(), ["media Negotiated", "answer re-INVITE"]);
}

#[test]
fn digits_are_sent_and_the_dialplan_goes_on_when_they_were() {
    let mut script = Script::answered();
    script.ask(Request::SendDigits {
        digits: "12".into(),
        length: Duration::from_millis(100),
        gap: Duration::from_millis(100),
    });
    assert_eq!(script.take(), ["media SendDigits"]);
    let sent = |sending| Event::DigitsSent {
        leg: LEG,
        sending: SendingId(sending),
    };
    script.media(sent(99));
    assert!(script.take().is_empty());
    script.media(sent(1));
    assert_eq!(script.take(), ["reply 2 Done"]);
}

#[test]
fn an_echo_ends_at_its_digit_and_keeps_no_other() {
    let mut script = Script::answered();
    script.ask(Request::Echo { until: "#".into() });
    assert_eq!(script.take(), ["media Echo"]);
    script.digit('1');
    assert!(script.take().is_empty());
    script.digit('#');
    assert_eq!(script.take(), ["reply 2 Digit(Some('#'))"]);
    script.ask(Request::Echo { until: "#".into() });
    script.ask(Request::ReadDigit {
        timeout: Duration::from_secs(1),
    });
    script.at(1_000);
    assert_eq!(
        script.take(),
        ["media Echo", "media StopEcho", "reply 4 Digit(None)"]
    );
    script.ask(Request::Echo { until: String::new() });
    script.input(Input::Over(Cause::NORMAL));
    assert_eq!(script.take(), ["media Echo", "media Close"]);
    script.closed();
    assert_eq!(script.take(), ["free 20000", "hang-up 16", "reply 5 Gone"]);
}

#[test]
fn listening_ends_by_what_is_heard_or_by_its_time() {
    let mut script = Script::answered();
    let listen = |silence| {
        Request::Listen(ListenRequest {
            silence,
            lasting: Duration::from_secs(2),
            timeout: Duration::from_secs(10),
        })
    };
    script.ask(listen(true));
    script.media(Event::Heard {
        leg: LEG,
        listening: ListeningId(1),
    });
    assert_eq!(script.take(), ["media Listen", "reply 2 Heard(true)"]);
    script.ask(listen(false));
    script.media(Event::Heard {
        leg: LEG,
        listening: ListeningId(1),
    });
    script.at(9_999);
    assert_eq!(script.take(), ["media Listen"]);
    script.at(10_000);
    assert_eq!(script.take(), ["media StopListen", "reply 3 Heard(false)"]);
    // Without an offer nobody can be heard before the answer.
    for (silence, ms, heard) in [(true, 2_000, true), (false, 10_000, false)] {
        let mut script = Script::offered(None);
        script.media(Event::Opened {
            leg: LEG,
            result: Ok(()),
        });
        script.ask(listen(silence));
        script.take();
        script.at(ms);
        assert_eq!(
            script.take(),
            ["media StopListen".to_owned(), format!("reply 1 Heard({heard})")]
        );
    }
}

#[test]
fn a_text_is_sent_and_the_dialplan_hears_whether_it_was_taken() {
    let mut script = Script::running();
    let send = || Request::SendText {
        text: "good day".into(),
    };
    script.ask(send());
    assert_eq!(script.take(), ["reply 1 TextSent(false)"]);
    let mut script = Script::answered();
    script.ask(send());
    assert_eq!(script.take(), ["text 2 good day"]);
    for (number, taken) in [(1, false), (2, true), (2, false)] {
        script.input(Input::TextSent { number, taken });
    }
    assert_eq!(script.take(), ["reply 2 TextSent(true)"]);
    // The answer to one that was abandoned is nobody's.
    script.ask(send());
    script.ask(Request::Sleep {
        time: Duration::from_secs(1),
    });
    script.input(Input::TextSent {
        number: 3,
        taken: true,
    });
    assert_eq!(script.take(), ["text 3 good day"]);
}

#[test]
fn texts_are_kept_in_order_up_to_the_bound() {
    let mut script = Script::answered();
    for n in 0..=crate::limits::TEXTS {
        let status = script.call.text(n.to_string());
        assert_eq!(status, if n < crate::limits::TEXTS { 200 } else { 480 });
    }
    let receive = |ms| Request::ReceiveText {
        timeout: Duration::from_millis(ms),
    };
    for n in 0..crate::limits::TEXTS {
        script.ask(receive(0));
        assert_eq!(script.take(), [format!("reply {} Text(Some(\"{n}\"))", n + 2)]);
    }
    script.ask(receive(500));
    script.at(500);
    script.ask(receive(500));
    assert_eq!(script.call.text("late".into()), 200);
    script.input(Input::Over(Cause::NORMAL));
    assert_eq!(
        script.take(),
        [
            "reply 18 Text(None)",
            "reply 19 Text(Some(\"late\"))",
            "media Close"
        ]
    );
    assert_eq!(script.call.text("too late".into()), 481);
}

#[test]
fn what_the_dialplan_can_ask_for_is_new_when_it_has_changed() {
    let mut script = Script::answered();
    assert!(script.call.take_news() && !script.call.take_news());
    let media = script.call.media_items();
    assert_eq!(media.local, Some("198.51.100.1:20000".parse().unwrap()));
    assert_eq!(
        media.session.as_ref().map(|session| session.remote),
        Some("192.0.2.7:4000".parse().unwrap())
    );
    script.media(Event::Report {
        leg: LEG,
        stats: LegStats {
            sent: 5,
            ..LegStats::default()
        },
    });
    assert!(script.call.take_news());
    assert_eq!(script.call.media_items().stats.sent, 5);
    // The last figures are there before the dialplan hears of the end.
    script.input(Input::Over(Cause::NORMAL));
    assert!(!script.call.take_news());
    script.closed();
    assert!(script.call.take_news());
    assert_eq!(script.call.media_items().stats.received, 77);
    assert_eq!(script.take(), ["media Close", "free 20000", "hang-up 16"]);
}
