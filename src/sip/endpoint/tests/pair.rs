//! Two endpoints over a link that drops, duplicates and reorders, from a seed: whole calls, until nothing is left.

use super::*;
use crate::time::Duration;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// What the link does to a datagram, in percent.
#[derive(Clone, Copy)]
struct Link {
    loss: u64,
    duplication: u64,
    /// Longest delay, milliseconds; the shortest is 1.
    delay_ms: u64,
}

/// Something that will happen.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// A datagram arrives at this side.
    Arrival(usize, Vec<u8>),
    /// The person, or the switch, at this side does something about a call.
    Deed(usize, CallHandle, Deed),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Ring,
    Answer,
    Reject,
    HangUp,
    Cancel,
    Reinvite,
    AnswerReinvite,
    RefuseReinvite,
}

/// How a call went at one side.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    answered: bool,
    acked: bool,
    over: bool,
}

struct Pair {
    rng: Rng,
    link: Link,
    now: Instant,
    order: u64,
    next: BinaryHeap<Reverse<(Instant, u64, Next)>>,
    sides: [Endpoint; 2],
    courses: BTreeMap<(usize, CallHandle), Course>,
}

const ADDRESSES: [&str; 2] = ["192.0.2.1:5060", "198.51.100.7:5060"];

fn way(side: usize) -> Flow {
    Flow {
        id: 1,
        transport: Transport::Udp,
        local: ADDRESSES[side].parse().unwrap(),
        remote: ADDRESSES[1 - side].parse().unwrap(),
    }
}

impl Pair {
    fn new(seed: u64, link: Link) -> Self {
        let mut rng = Rng::from_seed(seed);
        let sides = [0, 1].map(|_| Endpoint::new(EndpointConfig::default(), rng.fork()));
        Pair {
            rng,
            link,
            now: Instant::ZERO,
            order: 0,
            next: BinaryHeap::new(),
            sides,
            courses: BTreeMap::new(),
        }
    }

    fn schedule(&mut self, delay_ms: u64, next: Next) {
        self.order += 1;
        let at = self.now + Duration::from_millis(delay_ms);
        self.next.push(Reverse((at, self.order, next)));
    }

    /// Begins a call from side 0 that goes on as the seed wants.
    fn call(&mut self) {
        let mut request = Request::new(Method::Invite, "sip:5550100@198.51.100.7".parse().unwrap());
        request.headers.push("From", "<sip:caller@192.0.2.1>");
        request.headers.push("To", "<sip:5550100@198.51.100.7>");
        request.headers.push("Contact", "<sip:caller@192.0.2.1:5060>");
        if self.rng.below(4) > 0 {
            request.body = b"offer".to_vec();
            request.headers.push("Content-Type", "application/sdp");
        }
        let call = self.sides[0].invite(self.now, way(0), request);
        self.courses.insert((0, call), Course::default());
        // Most callers wait; some give up, at any moment.
        let patience = if self.rng.below(4) == 0 {
            self.rng.below(5_000)
        } else {
            70_000
        };
        self.schedule(patience, Next::Deed(0, call, Deed::Cancel));
        self.drain(0);
    }

    /// Takes what a side has to say until it is silent.
    fn drain(&mut self, side: usize) {
        while let Some(output) = self.sides[side].poll_output() {
            match output {
                Output::Transmit { flow, bytes } => {
                    assert_eq!(flow.remote, way(side).remote);
                    let copies = match self.rng.below(100) {
                        x if x < self.link.loss => 0,
                        x if x < self.link.loss + self.link.duplication => 2,
                        _ => 1,
                    };
                    for _ in 0..copies {
                        let delay = 1 + self.rng.below(self.link.delay_ms);
                        self.schedule(delay, Next::Arrival(1 - side, bytes.clone()));
                    }
                }
                Output::Event(event) => self.hear(side, event),
            }
        }
    }

    fn hear(&mut self, side: usize, event: Event) {
        let (call, ends) = match &event {
            Event::Incoming { call, .. } => {
                let fresh = self.courses.insert((side, *call), Course::default()).is_none();
                assert!(fresh, "a handle is never used twice");
                (*call, false)
            }
            Event::Cancelled { call } | Event::Ended { call, .. } | Event::Failed { call, .. } => {
                (*call, true)
            }
            Event::Acked { call, .. }
            | Event::Reinvite { call, .. }
            | Event::Progress { call, .. }
            | Event::Answered { call, .. }
            | Event::Reinvited { call, .. } => (*call, false),
            other => panic!("not part of such a call: {other:?}"),
        };
        let course = self
            .courses
            .get_mut(&(side, call))
            .expect("an event names a known call");
        assert!(!course.over, "{event:?} after the end of the call");
        course.over = ends;
        match event {
            Event::Incoming { .. } => self.greet(side, call),
            Event::Answered { .. } => {
                assert!(!course.answered, "answered once");
                course.answered = true;
                self.converse(side, call);
            }
            Event::Acked { .. } if !course.acked => {
                course.acked = true;
                self.converse(side, call);
            }
            Event::Reinvite { .. } => {
                let deed = if self.rng.below(3) == 0 {
                    Deed::RefuseReinvite
                } else {
                    Deed::AnswerReinvite
                };
                let delay = self.rng.below(300);
                self.schedule(delay, Next::Deed(side, call, deed));
            }
            _ => {}
        }
    }

    /// What the called side does.
    fn greet(&mut self, side: usize, call: CallHandle) {
        let ring = self.rng.below(100);
        self.schedule(ring, Next::Deed(side, call, Deed::Ring));
        let deed = if self.rng.below(5) == 0 {
            Deed::Reject
        } else {
            Deed::Answer
        };
        let delay = ring + self.rng.below(6_000);
        self.schedule(delay, Next::Deed(side, call, deed));
    }

    /// What either side does once it talks: perhaps holds, and certainly hangs up at some time.
    fn converse(&mut self, side: usize, call: CallHandle) {
        if self.rng.below(3) == 0 {
            let delay = self.rng.below(5_000);
            self.schedule(delay, Next::Deed(side, call, Deed::Reinvite));
        }
        let delay = self.rng.below(20_000);
        self.schedule(delay, Next::Deed(side, call, Deed::HangUp));
    }

    fn perform(&mut self, side: usize, call: CallHandle, deed: Deed) {
        let now = self.now;
        let endpoint = &mut self.sides[side];
        let course = self.courses.get_mut(&(side, call)).expect("a known call");
        match deed {
            Deed::Ring => endpoint.ring(now, call, 180, None),
            Deed::Answer => endpoint.answer(now, call, &contact(), b"session".to_vec()),
            Deed::Reject => {
                endpoint.reject(now, call, 486, &[]);
                course.over = true;
            }
            Deed::HangUp => {
                endpoint.bye(now, call, Some("Q.850;cause=16"));
                course.over = true;
            }
            Deed::Cancel => endpoint.cancel(now, call),
            Deed::Reinvite => {
                endpoint.reinvite(now, call, b"offer".to_vec());
            }
            Deed::AnswerReinvite => endpoint.answer_reinvite(now, call, b"session".to_vec()),
            Deed::RefuseReinvite => endpoint.refuse_reinvite(now, call, 488),
        }
        self.drain(side);
    }

    /// Lets everything happen, earliest first, until nothing will.
    fn drive(&mut self) {
        let end = Instant::from_secs(600);
        loop {
            let happening = self.next.peek().map(|Reverse((at, ..))| *at);
            let wakings = [0, 1].map(|side| self.sides[side].poll_timeout());
            let Some(at) = wakings.into_iter().chain([happening]).flatten().min() else {
                return;
            };
            assert!(at >= self.now && at < end, "still busy at {at:?}");
            self.now = at;
            for (side, waking) in wakings.into_iter().enumerate() {
                if waking == Some(at) {
                    self.sides[side].handle_timeout(at);
                    self.drain(side);
                }
            }
            if happening == Some(at) {
                match self.next.pop() {
                    Some(Reverse((_, _, Next::Arrival(side, bytes)))) => {
                        self.sides[side].receive(at, way(side), &bytes);
                        self.drain(side);
                    }
                    Some(Reverse((_, _, Next::Deed(side, call, deed)))) => self.perform(side, call, deed),
                    None => {}
                }
            }
        }
    }

    /// Every call has ended at both sides, and nothing is left of it.
    #[track_caller]
    fn expect_clean(&self, seed: u64) {
        for side in &self.sides {
            assert_eq!(side.counts(), Counts::default(), "seed {seed}");
            assert!(side.tags.is_empty() && side.streams.is_empty(), "seed {seed}");
        }
        for ((side, call), course) in &self.courses {
            assert!(
                course.over,
                "seed {seed}: {call:?} of side {side} never ended: {course:?}"
            );
        }
    }
}

#[test]
fn calls_over_a_good_link_end_well() {
    let link = Link {
        loss: 0,
        duplication: 0,
        delay_ms: 20,
    };
    for seed in 0..100 {
        let mut pair = Pair::new(seed, link);
        pair.call();
        pair.drive();
        pair.expect_clean(seed);
    }
}

#[test]
fn calls_over_a_bad_link_end_in_a_defined_state() {
    let link = Link {
        loss: 20,
        duplication: 20,
        delay_ms: 400,
    };
    for seed in 0..400 {
        let mut pair = Pair::new(seed, link);
        pair.call();
        pair.drive();
        pair.expect_clean(seed);
    }
}

#[test]
fn many_calls_at_once_over_a_bad_link_leave_nothing() {
    let link = Link {
        loss: 20,
        duplication: 10,
        delay_ms: 900,
    };
    let mut pair = Pair::new(4, link);
    for _ in 0..200 {
        pair.call();
    }
    pair.drive();
    pair.expect_clean(4);
    assert!(pair.courses.values().filter(|course| course.answered).count() > 50);
}

#[test]
fn over_a_dead_link_both_sides_come_to_an_end() {
    let link = Link {
        loss: 100,
        duplication: 0,
        delay_ms: 1,
    };
    let mut pair = Pair::new(1, link);
    pair.call();
    pair.drive();
    pair.expect_clean(1);
    assert_eq!(
        pair.now,
        Instant::from_secs(70),
        "the caller's own patience is the last to end"
    );
}
