//! Whole calls over a simulated network: whatever the network does to them, every call ends, and nothing of it is left.

mod sim;

use obelus::rng::Rng;
use obelus::time::{Duration, Instant};
use sim::caller::{Caller, Plan, State, FLOOD};
use sim::net::Quality;
use sim::{Leftovers, World};

/// The memo line, without a long greeting.
const MEMO_LINE: &str = "\
[from-trunk]
exten => 5550100,1,Answer()
 same => n,Wait(1)
 same => n,Memo(main)
 same => n,Hangup()
; Echoes until #, and then converses by keys and texts.
exten => 5550101,1,Answer()
 same => n,Echo()
 same => n,SendDTMF(12#)
 same => n,ReceiveText(20)
 same => n,SendText(you said ${RECEIVETEXTMESSAGE} in ${CHANNEL(audioreadformat)} to ${CHANNEL(rtp,src)})
 same => n,Hangup()
; Reads one text, late.
exten => 5550102,1,Answer()
 same => n,Wait(5)
 same => n,ReceiveText(1)
 same => n,SendText(${RECEIVETEXTMESSAGE:0:8})
 same => n,Hangup()
";

/// Runs `plans` as callers that start within the first seconds, until everything is over.
fn world_of(seed: u64, quality: Quality, plans: &[Plan]) -> World {
    let mut world = World::new(seed, quality, MEMO_LINE);
    let mut rng = Rng::from_seed(seed ^ 0xca11);
    for (number, plan) in plans.iter().enumerate() {
        let starts = Instant::from_millis(rng.below(3_000));
        world
            .callers
            .push(Caller::new(*plan, number as u16, world.sip(), starts, rng.fork()));
    }
    // Longer than any timer of SIP, RTP or the dialplan takes to end what is left.
    world.run(Instant::from_secs(1_200));
    world
}

fn assert_all_over(world: &World, seed: u64) {
    for caller in &world.callers {
        assert!(
            !matches!(caller.state, State::Calling | State::Talking),
            "seed {seed}: {:?} is still {:?}",
            caller.plan,
            caller.state
        );
    }
    let left: usize = world.callers.iter().map(Caller::leftovers).sum();
    assert_eq!(left, 0, "seed {seed}: the callers' own stacks");
    assert_eq!(world.leftovers(), Leftovers::NONE, "seed {seed}");
    let totals = world.status().totals;
    assert_eq!(totals.begun, totals.ended, "seed {seed}: calls begun and ended");
    assert_eq!(
        world.memos.len(),
        world.stored(),
        "seed {seed}: each memo was handed over once"
    );
}

#[test]
fn over_a_perfect_network_each_caller_gets_what_it_came_for() {
    let world = world_of(1, Quality::PERFECT, &Plan::ALL);
    assert_all_over(&world, 1);
    for caller in &world.callers {
        let expected = match caller.plan {
            Plan::Cancel => continue,
            Plan::Vanish => State::Vanished,
            Plan::WrongNumber => State::Failed(Some(404)),
            Plan::NoCommonCodec => State::Failed(Some(488)),
            _ => State::Ended,
        };
        assert_eq!(caller.state, expected, "{:?}", caller.plan);
    }
    // LeaveMemo, HangUpWhileRecorded and HoldAndResume; Vanish said too little.
    assert_eq!(world.memos.len(), 3);
}

#[test]
fn a_thousand_calls_over_a_bad_network_all_end_and_leave_nothing() {
    let mut states = std::collections::BTreeMap::new();
    for seed in 0..100 {
        let mut rng = Rng::from_seed(seed);
        let plans: Vec<Plan> = (0..10)
            .map(|_| Plan::ALL[rng.below(Plan::ALL.len() as u64) as usize])
            .collect();
        let world = world_of(seed, Quality::BAD, &plans);
        assert_all_over(&world, seed);
        for caller in &world.callers {
            *states
                .entry(format!("{:?} {:?}", caller.plan, caller.state))
                .or_insert(0) += 1;
        }
    }
    println!("{states:#?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let world = world_of(
            seed,
            Quality::BAD,
            &[Plan::LeaveMemo, Plan::HoldAndResume, Plan::Cancel],
        );
        (
            world.now,
            world
                .callers
                .iter()
                .map(|caller| caller.state)
                .collect::<Vec<_>>(),
            world.stored(),
        )
    };
    assert_eq!(run(7), run(7));
}

#[test]
fn a_shutdown_in_the_middle_keeps_what_was_said() {
    let mut world = World::new(3, Quality::PERFECT, MEMO_LINE);
    let mut rng = Rng::from_seed(3);
    for number in 0..3 {
        world.callers.push(Caller::new(
            Plan::LeaveMemo,
            number,
            world.sip(),
            Instant::ZERO,
            rng.fork(),
        ));
    }
    world.run(Instant::from_secs(6));
    world.shut_down();
    world.run(world.now + Duration::from_secs(120));
    assert_all_over(&world, 3);
    assert_eq!(world.stored(), 3);
}

#[test]
fn a_caller_is_echoed_presses_is_sent_digits_and_writes() {
    let world = world_of(5, Quality::PERFECT, &[Plan::Converse]);
    assert_all_over(&world, 5);
    let caller = &world.callers[0];
    assert_eq!(caller.state, State::Ended);
    // What was said comes back as it was, but for the first words, which came before the echo began.
    let first = caller.said.len() - caller.heard.len();
    assert!(
        first < 5 && caller.said.len() == 99,
        "{first} packets were not echoed"
    );
    assert!(caller.heard == caller.said[first..]);
    let digits: String = caller.digits.iter().map(|(_, digit)| digit).collect();
    assert_eq!(digits, "512#");
    assert_eq!(caller.answers, [Some(200)]);
    let [text] = &caller.texts[..] else {
        panic!("{:?}", caller.texts);
    };
    assert!(
        text.starts_with("you said good day in ulaw to 198.51.100.1:20"),
        "{text}"
    );
}

#[test]
fn over_a_bad_network_an_echo_alters_nothing_and_a_text_comes_once() {
    let (mut whole, mut heard) = (0, 0);
    for seed in 0..30 {
        let world = world_of(seed, Quality::BAD, &[Plan::Converse, Plan::Converse]);
        assert_all_over(&world, seed);
        for caller in &world.callers {
            assert!(
                caller.heard.iter().all(|packet| caller.said.contains(packet)),
                "seed {seed}: something was echoed that was not said"
            );
            assert!(caller.texts.len() <= 1, "seed {seed}: {:?}", caller.texts);
            heard += caller.heard.len();
            let digits: String = caller.digits.iter().map(|(_, digit)| digit).collect();
            let told = caller
                .texts
                .iter()
                .any(|text| text.starts_with("you said good day"));
            whole += usize::from(told && digits == "512#");
        }
    }
    println!("{whole} of 60 conversations whole, {heard} packets came back");
    assert!(
        whole >= 45 && heard >= 1_500,
        "{whole} conversations, {heard} packets"
    );
}

#[test]
fn a_flood_of_texts_within_a_call_is_bounded() {
    let world = world_of(6, Quality::PERFECT, &[Plan::FloodTexts]);
    assert_all_over(&world, 6);
    let caller = &world.callers[0];
    let answered = |status| {
        caller
            .answers
            .iter()
            .filter(|answer| **answer == Some(status))
            .count()
    };
    assert_eq!(answered(200), obelus::limits::TEXTS);
    assert_eq!(answered(480), FLOOD as usize - obelus::limits::TEXTS);
    // The call goes on all the while.
    assert_eq!(caller.texts, ["number 0"]);
    assert_eq!(caller.state, State::Ended);
}
