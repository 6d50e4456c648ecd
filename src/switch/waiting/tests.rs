//! What phones are told, by scripts in virtual time.

use super::*;

fn at(secs: u64) -> Instant {
    Instant::from_secs(secs)
}

fn waiting() -> Waiting {
    let mut mailbox = Mailbox::named("main");
    mailbox.mwi = Some("sip:100@192.0.2.5".into());
    Waiting::new(&[mailbox, Mailbox::named("other")])
}

fn counts(new: u64, old: u64) -> Summary {
    Summary { new, old }
}

/// What is to be sent now: number and counts.
fn send(waiting: &mut Waiting, secs: u64) -> Option<(u64, Summary)> {
    let sent = waiting.poll_send(at(secs))?;
    assert_eq!(
        (sent.uri.as_str(), sent.mailbox.as_str()),
        ("sip:100@192.0.2.5", "main")
    );
    Some((sent.number, sent.summary))
}

#[test]
fn a_phone_is_told_at_the_start_and_of_each_change() {
    let mut waiting = waiting();
    assert_eq!(send(&mut waiting, 0), None, "nothing is known yet");
    waiting.counted("main", counts(0, 0));
    let (number, summary) = send(&mut waiting, 0).expect("the start is told");
    assert_eq!(summary, counts(0, 0));
    waiting.ended(at(1), number, true);
    waiting.counted("main", counts(0, 0));
    assert_eq!(send(&mut waiting, 100), None, "nothing changed");
    waiting.counted("main", counts(1, 0));
    let (number, summary) = send(&mut waiting, 100).expect("a new memo is told");
    assert_eq!(summary, counts(1, 0));
    assert!(Waiting::owns(number) && !Waiting::owns(7));
    waiting.ended(at(100), number, true);
    waiting.counted("other", counts(9, 9));
    assert_eq!(send(&mut waiting, 200), None, "the other names no phone");
}

#[test]
fn changes_that_come_together_are_told_together() {
    let mut waiting = waiting();
    waiting.counted("main", counts(1, 0));
    let (number, _) = send(&mut waiting, 10).expect("the first is told");
    for new in 2..10 {
        waiting.counted("main", counts(new, 0));
        assert_eq!(send(&mut waiting, 10), None, "one is under way");
    }
    assert_eq!(waiting.poll_timeout(), None);
    waiting.ended(at(10), number, true);
    assert_eq!(send(&mut waiting, 10), None, "there is a pause");
    assert_eq!(waiting.poll_timeout(), Some(at(10) + limits::WAITING_PAUSE));
    let (_, summary) = send(&mut waiting, 12).expect("the last is told");
    assert_eq!(summary, counts(9, 0));
}

#[test]
fn what_fails_is_tried_again_less_and_less_often_and_with_what_is_then_true() {
    let mut waiting = waiting();
    waiting.counted("main", counts(1, 0));
    let mut now = 0;
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let (number, _) = send(&mut waiting, now).expect("it is due");
        waiting.ended(at(now), number, false);
        let due = waiting.poll_timeout().expect("it will be due");
        pauses.push(due.since(at(now)).as_secs());
        now += due.since(at(now)).as_secs();
        assert_eq!(send(&mut waiting, now - 1), None, "it is not due yet");
    }
    assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
    waiting.counted("main", counts(0, 1));
    let (number, summary) = send(&mut waiting, now).expect("it is due");
    assert_eq!(summary, counts(0, 1));
    waiting.ended(at(now), number, true);
    waiting.counted("main", counts(1, 1));
    let (number, _) = send(&mut waiting, now + 5).expect("it is due");
    waiting.ended(at(now + 5), number, false);
    assert_eq!(
        waiting.poll_timeout(),
        Some(at(now + 15)),
        "the pauses begin anew"
    );
}

#[test]
fn a_phone_that_was_restarted_is_told_again_in_time() {
    let mut waiting = waiting();
    waiting.counted("main", counts(1, 0));
    let (number, _) = send(&mut waiting, 0).expect("the first is told");
    waiting.ended(at(0), number, true);
    let due = waiting.poll_timeout().expect("it is told again");
    assert_eq!(due, at(0) + limits::WAITING_REFRESH);
    let again = waiting.poll_send(due).expect("it is due");
    waiting.ended(due, again.number, true);
    assert_eq!(waiting.poll_timeout(), Some(due + limits::WAITING_REFRESH));
    // What became of a NOTIFY that nobody knows any more changes nothing.
    waiting.ended(due, number, false);
    assert_eq!(waiting.poll_timeout(), Some(due + limits::WAITING_REFRESH));
}
