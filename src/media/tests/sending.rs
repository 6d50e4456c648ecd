//! What a leg sends: sounds, tones, silence, digits.

use super::*;

#[test]
fn a_leg_opens_and_closes_and_leaves_nothing() {
    let mut rig = Rig::new();
    rig.open(LEG, 10_000);
    rig.open(LegId(2), 10_000);
    rig.open(LEG, 10_002);
    let results: Vec<bool> = rig
        .events
        .iter()
        .map(|event| matches!(event, Event::Opened { result: Ok(()), .. }))
        .collect();
    assert_eq!(results, [true, false, false]);
    rig.play(1, vec![prompt(1_000)]);
    rig.record(options());
    let expected = Counts {
        legs: 1,
        recordings: 1,
        plays: 1,
    };
    assert_eq!(rig.worker.counts(), expected);
    rig.events.clear();
    rig.close();
    assert_eq!(rig.worker.counts(), Counts::default());
    assert_eq!(rig.network.0.lock().unwrap().open.len(), 0);
    assert!(matches!(rig.events[0], Event::Played { finished: false, .. }));
    assert_eq!(rig.recorded(), Some((RecordEnd::Closed, 0)));
    // A leg that is not there is nobody's trouble.
    rig.events.clear();
    rig.command(Command::StopPlay { leg: LEG });
    rig.command(Command::Close { leg: LEG });
    assert_eq!(rig.events, []);
}

#[test]
fn a_prompt_goes_out_in_packets_of_20_ms() {
    let mut rig = Rig::agreed(session());
    rig.play(7, vec![prompt(90), Sound::Silence(Duration::from_millis(20))]);
    rig.run(120);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 6);
    let first = sent[0].rtp();
    for (n, sent) in sent.iter().enumerate() {
        let packet = sent.rtp();
        assert_eq!(sent.to, peer_address());
        assert_eq!(packet.marker, n == 0);
        assert_eq!(packet.sequence, first.sequence.wrapping_add(n as u16));
        assert_eq!(packet.timestamp, first.timestamp.wrapping_add(n as u32 * 160));
        assert_eq!(packet.payload.len(), 160);
        assert_eq!(packet.payload[0], if n < 5 { 0x80 } else { 0xff });
    }
    assert_eq!(sent[4].rtp().payload[80..], [0xff; 80]);
    assert_eq!(rig.events, []);
    // The end is told when the last frame has been heard.
    rig.run(20);
    let played = Event::Played {
        leg: LEG,
        play: PlayId(7),
        finished: true,
        samples: 880,
    };
    assert_eq!(rig.events, [played]);
}

#[test]
fn a_play_is_replaced_or_stopped_and_each_end_told_once() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(1_000)]);
    rig.run(100);
    rig.play(2, vec![prompt(1_000)]);
    rig.run(100);
    rig.command(Command::StopPlay { leg: LEG });
    rig.command(Command::StopPlay { leg: LEG });
    rig.play(3, Vec::new());
    rig.run(40);
    let ends: Vec<_> = rig
        .events
        .iter()
        .map(|event| match event {
            Event::Played {
                play,
                finished,
                samples,
                ..
            } => (play.0, *finished, *samples),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ends, [(1, false, 800), (2, false, 800), (3, true, 0)]);
}

#[test]
fn while_nothing_plays_a_frame_a_second_goes_out() {
    let mut rig = Rig::agreed(session());
    rig.run(5_000);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 5);
    for pair in sent.windows(2) {
        assert_eq!(pair[1].at.since(pair[0].at), Duration::from_secs(1));
        // Time went on between them, and each begins anew.
        let step = pair[1].rtp().timestamp.wrapping_sub(pair[0].rtp().timestamp);
        assert_eq!(step, 8_000);
        assert!(pair[1].rtp().marker);
        assert_eq!(pair[1].rtp().payload, [0xff; 160]);
    }
}

#[test]
fn continuous_silence_is_continuous() {
    let mut rig = Rig::agreed(Session {
        continuous_silence: true,
        codec: Codec::Pcma,
        payload_type: 8,
        ..session()
    });
    rig.run(1_000);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 50);
    assert_eq!(sent.iter().filter(|sent| sent.rtp().marker).count(), 1);
    assert_eq!(sent[9].rtp().payload, [0xd5; 160]);
}

#[test]
fn nothing_is_sent_on_hold_and_a_play_ends_in_its_time() {
    for direction in [Direction::RecvOnly, Direction::Inactive] {
        let mut rig = Rig::agreed(Session {
            direction,
            continuous_silence: true,
            ..session()
        });
        rig.play(1, vec![prompt(200)]);
        rig.send_digits("1", 100, 100);
        rig.run(240);
        assert_eq!(rig.sent(Stream::Rtp).len(), 0);
        assert!(matches!(
            rig.events[..],
            [Event::DigitsSent { .. }, Event::Played { finished: true, .. }]
        ));
    }
}

#[test]
fn the_packets_of_an_event_are_these_bytes() {
    let mut rig = Rig::agreed(Session {
        continuous_silence: true,
        ..session()
    });
    rig.run(40);
    let before = rig.sent(Stream::Rtp);
    rig.forget_sent();
    // 50 ms: two slots and a half. The pause of 60 ms begins after the third.
    rig.send_digits("#", 50, 60);
    rig.run(140);
    let sent = rig.sent(Stream::Rtp);
    let last = before[before.len() - 1].rtp();
    let header = |marker: bool, payload_type: u8, n: u16, timestamp: u32| {
        let mut bytes = vec![0x80, payload_type | if marker { 0x80 } else { 0 }];
        bytes.extend(last.sequence.wrapping_add(n).to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(last.ssrc.to_be_bytes());
        bytes
    };
    let began = last.timestamp.wrapping_add(160);
    let payloads = [
        [11, 0x0a, 0x00, 0xa0],
        [11, 0x0a, 0x01, 0x40],
        [11, 0x8a, 0x01, 0x90],
        [11, 0x8a, 0x01, 0x90],
        [11, 0x8a, 0x01, 0x90],
    ];
    for (n, payload) in payloads.iter().enumerate() {
        let mut expected = header(n == 0, 101, n as u16 + 1, began);
        expected.extend(payload);
        assert_eq!(sent[n].bytes, expected, "packet {n}");
    }
    // One slot of the pause is left; then the audio goes on at its time, with a marker.
    assert_eq!(sent.len(), 6);
    let mut expected = header(true, 0, 6, began.wrapping_add(6 * 160));
    expected.extend([0xff; 160]);
    assert_eq!(sent[5].bytes, expected);
    assert!(matches!(
        rig.events[..],
        [Event::DigitsSent {
            sending: SendingId(9),
            ..
        }]
    ));
}

#[test]
fn where_no_events_were_agreed_a_digit_is_heard_as_its_two_tones() {
    let mut rig = Rig::agreed(Session {
        event_payload_type: None,
        ..session()
    });
    rig.run(20);
    rig.forget_sent();
    rig.send_digits("7F", 100, 100);
    rig.run(420);
    let audio: Vec<u8> = rig
        .sent(Stream::Rtp)
        .iter()
        .flat_map(|sent| sent.rtp().payload.to_vec())
        .collect();
    assert_eq!(audio.len(), 400 * 8);
    let digit = &audio[..800];
    for hz in [852.0, 1_209.0] {
        assert!(peak_at(digit, hz) > 4_000.0, "{hz}: {}", peak_at(digit, hz));
    }
    for hz in [697.0, 770.0, 941.0, 1_336.0, 1_477.0, 1_633.0] {
        assert!(peak_at(digit, hz) < 400.0, "{hz}: {}", peak_at(digit, hz));
    }
    // A flash is nothing to hear.
    assert!(audio[800..].iter().all(|&code| code == 0xff));
    assert!(matches!(rig.events[..], [Event::DigitsSent { .. }]));
}

#[test]
fn a_prompt_pauses_for_digits_and_goes_on_where_it_was() {
    let mut rig = Rig::agreed(session());
    let samples: Vec<i16> = (0..1_600).map(|n| n * 20).collect();
    let mut expected = Vec::new();
    Codec::Pcmu.encode(&samples, &mut expected);
    rig.play(1, vec![Sound::Prompt(Arc::new(Prompt::new(samples)))]);
    rig.run(100);
    rig.send_digits("1", 40, 40);
    rig.run(240);
    let audio: Vec<u8> = rig
        .sent(Stream::Rtp)
        .iter()
        .map(Sent::rtp)
        .filter(|packet| packet.payload_type == 0)
        .flat_map(|packet| packet.payload.to_vec())
        .collect();
    assert!(audio[..1_600] == expected);
    let played = |event: &Event| {
        matches!(
            event,
            Event::Played {
                finished: true,
                samples: 1_600,
                ..
            }
        )
    };
    assert!(rig.events.iter().any(played), "{:?}", rig.events);
}

#[test]
fn tones_that_repeat_go_on_until_they_are_stopped() {
    let mut rig = Rig::agreed(session());
    rig.command(Command::Play {
        leg: LEG,
        play: PlayId(1),
        sounds: tone::BUSY.iter().copied().map(Sound::Tone).collect(),
        repeat: true,
    });
    rig.run(5_000);
    let audio: Vec<u8> = rig
        .sent(Stream::Rtp)
        .iter()
        .flat_map(|sent| sent.rtp().payload.to_vec())
        .collect();
    assert_eq!(audio.len(), 40_000);
    for second in audio.chunks(8_000) {
        assert!(second == &audio[..8_000]);
        // Between the edges, a whole number of periods of both.
        for hz in [480.0, 620.0] {
            let peak = peak_at(&second[400..3_600], hz);
            assert!((peak - 4_993.0).abs() < 50.0, "{hz}: {peak}");
        }
        assert!(second[4_000..].iter().all(|&code| code == 0xff));
    }
    assert_eq!(rig.told(), []);
    rig.command(Command::StopPlay { leg: LEG });
    assert!(matches!(
        rig.told()[..],
        [Event::Played {
            finished: false,
            samples: 40_000,
            ..
        }]
    ));
}

#[test]
fn the_packet_time_asked_for_is_honoured() {
    let mut rig = Rig::agreed(Session {
        ptime_ms: 40,
        ..session()
    });
    rig.play(1, vec![prompt(100)]);
    rig.run(200);
    let sent = rig.sent(Stream::Rtp);
    let lens: Vec<usize> = sent.iter().map(|sent| sent.rtp().payload.len()).collect();
    assert_eq!(lens, [320, 320, 160]);
    let step = sent[1].rtp().timestamp.wrapping_sub(sent[0].rtp().timestamp);
    assert_eq!(step, 320);
}

#[test]
fn a_late_tick_is_caught_up_with_and_never_by_a_burst() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(60_000)]);
    rig.run(100);
    rig.forget_sent();
    rig.now += Duration::from_millis(40);
    rig.run(20);
    assert_eq!(rig.sent(Stream::Rtp).len(), 3);
    rig.forget_sent();
    let before = rig.now;
    rig.now += Duration::from_secs(3);
    rig.run(20);
    let burst = rig.sent(Stream::Rtp);
    assert!(burst.len() <= 4, "{}", burst.len());
    let last = burst[burst.len() - 1].rtp().timestamp;
    rig.forget_sent();
    rig.run(100);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 5);
    // The prompt goes on where it was, without a hole.
    assert!(sent.iter().all(|sent| !sent.rtp().marker));
    assert_eq!(sent[0].rtp().timestamp, last.wrapping_add(160));
    assert!(rig.now.since(before) > Duration::from_secs(3));
}

#[test]
fn digits_are_sent_as_events_and_the_timestamp_goes_on() {
    let mut rig = Rig::agreed(Session {
        continuous_silence: true,
        ..session()
    });
    rig.run(100);
    rig.send_digits("5x#", 100, 100);
    rig.run(500);
    let sent = rig.sent(Stream::Rtp);
    let start = sent[0].rtp().timestamp;
    let events: Vec<_> = sent
        .iter()
        .map(Sent::rtp)
        .filter(|packet| packet.payload_type == 101)
        .map(|packet| (packet, TelephoneEvent::parse(packet.payload).unwrap()))
        .collect();
    assert_eq!(events.len(), 14);
    for (digit, packets) in [(5, &events[..7]), (11, &events[7..])] {
        let durations: Vec<u16> = packets.iter().map(|(_, event)| event.duration).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        assert!(packets.iter().all(|(_, event)| event.event == digit));
        assert_eq!(packets.iter().filter(|(_, event)| event.end).count(), 3);
        assert!(packets
            .iter()
            .all(|(packet, _)| packet.timestamp == packets[0].0.timestamp));
        assert_eq!(packets.iter().filter(|(packet, _)| packet.marker).count(), 1);
    }
    // Every slot's timestamp is where it would be without the digits, and the numbers have no gap.
    let (first, last) = (&sent[0], sent.last().unwrap());
    let slots = last.at.since(first.at).as_millis() as u32 / 20;
    assert_eq!(last.rtp().timestamp.wrapping_sub(start), slots * 160);
    assert_eq!(
        last.rtp().sequence.wrapping_sub(first.rtp().sequence),
        sent.len() as u16 - 1
    );
    assert_eq!(events[7].0.timestamp.wrapping_sub(events[0].0.timestamp), 1_600);
}

#[test]
fn a_panic_in_one_leg_ends_that_leg_alone() {
    let mut rig = Rig::agreed(session());
    rig.record(options());
    rig.open(LegId(2), 10_002);
    rig.command(Command::Negotiated {
        leg: LegId(2),
        session: session(),
    });
    rig.network.0.lock().unwrap().panics_on = Some(Pair(0));
    rig.run(2_000);
    let closed = |event: &Event| matches!(event, Event::Closed { leg: LEG, .. });
    assert!(rig.events.iter().any(closed));
    assert_eq!(rig.recorded().map(|(end, _)| end), Some(RecordEnd::Overrun));
    assert_eq!(rig.worker.counts().legs, 1);
    assert_eq!(rig.sent(Stream::Rtp).len(), 2);
    rig.worker.close_all(rig.now);
    assert_eq!(rig.worker.counts(), Counts::default());
}
