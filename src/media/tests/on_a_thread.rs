//! A media thread: what it hands over, in which order, and what it does where that is refused.

use super::*;

/// A thread over that network, with a clock that jumps, and what it tells, in its order.
fn thread(network: &Network, room: bool) -> (MediaThread, mpsc::Receiver<Told>) {
    let (events, told) = mpsc::channel();
    let audio = events.clone();
    let clock = AtomicU64::new(0);
    let thread = MediaThread::spawn(Parts {
        name: "media-test".into(),
        io: Box::new(network.clone()),
        rng: Rng::from_seed(3),
        clock: Box::new(move || Instant::from_millis(clock.fetch_add(7, Ordering::Relaxed))),
        on_event: Box::new(move |event| events.send(Told::Event(event)).unwrap()),
        on_audio: Box::new(move |chunk| {
            audio.send(Told::Audio(chunk.samples.len())).unwrap();
            room
        }),
    });
    (thread.unwrap(), told)
}

#[derive(Debug, PartialEq)]
enum Told {
    Event(Event),
    Audio(usize),
}

/// A leg that records, and is told to stop once its packets have been taken in.
fn record_on_a_thread(room: bool) -> Vec<Told> {
    let network = Network::default();
    let (thread, told) = thread(&network, room);
    let address = IpAddr::from([127, 0, 0, 1]);
    let send = |command| assert!(thread.send(command));
    send(Command::Open {
        leg: LEG,
        address,
        port: 10_000,
    });
    let opened = Event::Opened {
        leg: LEG,
        result: Ok(()),
    };
    assert_eq!(told.recv(), Ok(Told::Event(opened)));
    send(Command::Negotiated {
        leg: LEG,
        session: session(),
    });
    send(Command::Record {
        leg: LEG,
        recording: RECORDING,
        options: RecordOptions {
            limit: Duration::from_millis(100),
            ..options()
        },
    });
    // A report comes after the record command was obeyed; what is sent from then on is recorded.
    send(Command::Report { leg: LEG });
    assert!(matches!(told.recv(), Ok(Told::Event(Event::Report { .. }))));
    let mut rig = Rig::new();
    rig.network = network;
    let mut peer = Peer::new(peer_address(), 1);
    for _ in 0..5 {
        peer.speak(&mut rig, 160);
    }
    let mut heard: Vec<Told> = told.iter().take(2).collect();
    drop(thread);
    heard.extend(told.iter());
    assert_eq!(rig.network.0.lock().unwrap().open.len(), 0);
    heard
}

#[test]
fn a_thread_hands_over_audio_before_the_end_and_closes_when_dropped() {
    let heard = record_on_a_thread(true);
    assert_eq!(heard[0], Told::Audio(800));
    let Told::Event(Event::Recorded { end, samples, .. }) = &heard[1] else {
        panic!("{heard:?}");
    };
    assert_eq!((*end, *samples), (RecordEnd::Limit, 800));
    assert!(matches!(heard.last(), Some(Told::Event(Event::Closed { .. }))));
}

#[test]
fn a_thread_whose_audio_is_refused_tells_of_the_overrun() {
    let heard = record_on_a_thread(false);
    let overrun = |told: &Told| {
        matches!(
            told,
            Told::Event(Event::Recorded {
                end: RecordEnd::Overrun,
                ..
            })
        )
    };
    assert!(heard.iter().any(overrun), "{heard:?}");
}
