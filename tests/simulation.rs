//! Whole calls over a simulated network: whatever the network does to them, every call ends, and nothing of it is left.

mod sim;

use obelus::rng::Rng;
use obelus::time::{Duration, Instant};
use sim::caller::{Caller, Plan, State};
use sim::net::Quality;
use sim::{Leftovers, World};

/// The memo line, without a long greeting.
const MEMO_LINE: &str = "\
[from-trunk]
exten => 5550100,1,Answer()
 same => n,Wait(1)
 same => n,Memo(main)
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
