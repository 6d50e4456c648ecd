//! How fast a dialplan loads, matches and runs.

// Criterion makes public functions that nobody calls.
#![allow(missing_docs)]

use criterion::{criterion_group, criterion_main, Criterion};
use obelus::dialplan::testing::{block_on, Script, Scripted};
use obelus::dialplan::{load, reader::Memory, run, services, Dialplan, Globals, Match, Options};
use obelus::rng::Rng;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// Half plain numbers, half patterns, each with two steps.
fn ten_thousand() -> String {
    let mut text = String::from("[default]\n");
    for number in 0..5_000 {
        let _ = write!(
            text,
            "exten => {},1,Answer()\n same => n,Hangup()\n",
            15_550_000 + number
        );
        let _ = write!(
            text,
            "exten => _2{number:04}XX!,1,Answer()\n same => n,Hangup()\n"
        );
    }
    text
}

fn loaded(text: &str) -> Dialplan {
    let (plan, findings) = load(
        Path::new("b.conf"),
        &Memory::new([("b.conf", text)]),
        &Options::default(),
    );
    assert_eq!(findings, []);
    plan.expect("there are no errors")
}

fn bench(c: &mut Criterion) {
    let text = ten_thousand();
    c.bench_function("dialplan: load 10,000 extensions", |b| {
        b.iter(|| loaded(black_box(&text)))
    });

    let plan = loaded(&text);
    let now = SystemTime::UNIX_EPOCH;
    for (name, number, expected) in [
        ("a literal among 10,000", "15552500", Match::Yes),
        ("a pattern among 10,000", "2250099", Match::Yes),
        ("nothing among 10,000", "9999999", Match::No),
    ] {
        assert_eq!(plan.accepts("default", number, "", now), expected);
        c.bench_function(&format!("dialplan: match {name}"), |b| {
            b.iter(|| plan.accepts("default", black_box(number), "", now));
        });
    }

    let plan = Arc::new(loaded(
        "[default]\n\
         exten => s,1,Set(i=0)\n\
         same => n(again),Set(i=$[${i} + 1])\n\
         same => n,GotoIf($[${i} < 500]?again)\n",
    ));
    c.bench_function("dialplan: a loop of 1,000 steps", |b| {
        b.iter(|| {
            let mut call = Scripted::new(Script::parse("").expect("an empty script is one"));
            block_on(run(
                plan.clone(),
                &mut call,
                Globals::new(),
                Arc::new(services::Memory::new()),
                Rng::from_seed(1),
            ))
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
