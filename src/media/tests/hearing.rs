//! What a leg hears, and from whom: echo, silence, digits, peers that move.

use super::*;

#[test]
fn what_is_echoed_is_what_came_at_most_two_frames_later() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 100);
    rig.command(Command::Echo {
        leg: LEG,
        until: "#".into(),
    });
    rig.forget_sent();
    let mut said = Vec::new();
    for n in 0..200 {
        // Now and then a packet is late and comes with the next.
        for _ in 0..[1, 1, 0, 2, 1][n % 5] {
            let payload = peer.payload(160);
            said.push((rig.now, payload.clone()));
            peer.say(&mut rig, &payload);
        }
        rig.run(20);
    }
    // Since the first that was late, one is always on its way.
    rig.run(20);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 200);
    for (sent, (came, payload)) in sent.iter().zip(&said) {
        assert_eq!(sent.rtp().payload, payload);
        assert!(sent.at.since(*came) <= Duration::from_millis(40));
    }
    // Digits go back as events, but not the one that ends it.
    rig.forget_sent();
    peer.press(&mut rig, '5');
    rig.run(400);
    peer.press(&mut rig, '#');
    rig.run(400);
    peer.speak_for(&mut rig, 200);
    let sent = rig.sent(Stream::Rtp);
    let events: Vec<(u8, u16)> = sent
        .iter()
        .map(Sent::rtp)
        .filter(|packet| packet.payload_type == 101)
        .filter_map(|packet| TelephoneEvent::parse(packet.payload))
        .filter(|event| event.end)
        .map(|event| (event.event, event.duration))
        .collect();
    assert_eq!(events, [(5, 800); 3]);
    assert_eq!(rig.digits(), "5#");
    // What was said after the end does not go back.
    let audio = sent
        .iter()
        .map(Sent::rtp)
        .filter(|packet| packet.payload_type == 0);
    assert!(audio.into_iter().all(|packet| packet.payload == [0xff; 160]));
}

#[test]
fn an_echo_takes_the_place_of_what_plays_and_ends_when_told() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(10_000)]);
    rig.run(100);
    let until = String::new();
    rig.command(Command::Echo { leg: LEG, until });
    assert!(matches!(rig.events[..], [Event::Played { samples: 800, .. }]));
    rig.forget_sent();
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 100);
    assert_eq!(rig.sent(Stream::Rtp).len(), 5);
    rig.command(Command::StopEcho { leg: LEG });
    rig.forget_sent();
    peer.speak_for(&mut rig, 100);
    assert_eq!(rig.sent(Stream::Rtp).len(), 0);
}

#[test]
fn silence_and_noise_are_listened_for() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 200);
    let listen = |id, silence| Command::Listen {
        leg: LEG,
        listening: ListeningId(id),
        silence,
        lasting: Duration::from_millis(500),
    };
    rig.command(listen(1, true));
    peer.speak_for(&mut rig, 2_000);
    assert_eq!(rig.told(), []);
    let quiet_from = rig.now;
    for _ in 0..25 {
        peer.say(&mut rig, &[0xff; 160]);
        rig.run(20);
    }
    let heard = |id| Event::Heard {
        leg: LEG,
        listening: ListeningId(id),
    };
    assert_eq!(rig.told(), [heard(1)]);
    assert_eq!(rig.now.since(quiet_from), Duration::from_millis(500));
    rig.events.clear();
    // Noise, though nothing at all comes at first.
    rig.command(listen(2, false));
    rig.run(3_000);
    peer.speak_for(&mut rig, 480);
    assert_eq!(rig.told(), []);
    peer.speak_for(&mut rig, 20);
    assert_eq!(rig.told(), [heard(2)]);
    // One that was given up tells nothing.
    rig.events.clear();
    rig.command(listen(3, false));
    rig.command(Command::StopListen { leg: LEG });
    peer.speak_for(&mut rig, 2_000);
    assert_eq!(rig.told(), []);
}

#[test]
fn a_digit_is_told_while_a_prompt_plays_and_when_its_end_is_lost() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(10_000)]);
    let mut peer = Peer::new(peer_address(), 1);
    peer.press(&mut rig, '9');
    assert_eq!(rig.digits(), "9");
    peer.press(&mut rig, '8');
    let duration = rig.events.iter().find_map(|event| match event {
        Event::Digit { duration, .. } => Some(*duration),
        _ => None,
    });
    assert_eq!(duration, Some(Duration::from_millis(100)));
    let event = TelephoneEvent {
        event: 7,
        end: false,
        volume: 10,
        duration: 160,
    };
    peer.header.payload_type = 101;
    let bytes = peer.datagram(&event.to_bytes(), 0);
    rig.arrive(Stream::Rtp, peer.source, bytes);
    rig.run(300);
    assert_eq!(rig.digits(), "987");
    assert_eq!(rig.worker.counts().plays, 1);
}

#[test]
fn a_peer_behind_a_nat_is_heard_from_its_first_packet_and_answered_there() {
    let public = address("198.51.100.20:31337");
    let mut rig = Rig::agreed(Session {
        remote: address("10.1.2.3:4000"),
        remote_rtcp: address("10.1.2.3:4001"),
        ..session()
    });
    let mut peer = Peer::new(public, 1);
    rig.record(options());
    peer.speak_for(&mut rig, 400);
    rig.forget_sent();
    rig.run(8_000);
    assert!(rig.sent(Stream::Rtp).iter().all(|sent| sent.to == public));
    let reports = rig.sent(Stream::Rtcp);
    assert!(!reports.is_empty());
    assert!(reports
        .iter()
        .all(|sent| sent.to == address("198.51.100.20:31338")));
    let stats = rig.close();
    assert!(rig.audio == peer.said);
    assert_eq!((stats.ignored, stats.received), (0, 20));
}

#[test]
fn a_reinvite_moves_the_leg_and_the_recording_goes_on() {
    let mut rig = Rig::agreed(session());
    let mut old = Peer::new(peer_address(), 1);
    rig.record(options());
    old.speak_for(&mut rig, 200);
    let remote = address("192.0.2.77:5000");
    rig.command(Command::Negotiated {
        leg: LEG,
        session: Session {
            remote,
            remote_rtcp: address("192.0.2.77:5001"),
            codec: Codec::Pcma,
            payload_type: 8,
            ..session()
        },
    });
    let mut new = Peer::new(remote, 2);
    new.header.payload_type = 8;
    for _ in 0..10 {
        let payload = new.payload(160);
        new.said
            .extend(payload.iter().map(|&code| g711::alaw_decode(code)));
        let bytes = new.datagram(&payload, 160);
        rig.arrive(Stream::Rtp, remote, bytes);
        rig.run(20);
    }
    rig.forget_sent();
    rig.run(2_000);
    let sent = rig.sent(Stream::Rtp);
    assert!(sent
        .iter()
        .all(|sent| sent.to == remote && sent.rtp().payload_type == 8));
    rig.close();
    let said: Vec<i16> = old.said.iter().chain(&new.said).copied().collect();
    assert!(rig.audio == said);
}

#[test]
fn a_source_that_starts_anew_is_followed() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 200);
    peer.header.ssrc ^= 0xffff;
    peer.header.sequence = 5;
    peer.header.timestamp = 77;
    peer.speak_for(&mut rig, 200);
    peer.header.sequence = 40_000;
    peer.speak_for(&mut rig, 200);
    let stats = rig.close();
    assert!(rig.audio == peer.said);
    assert_eq!((stats.received, stats.lost), (30, 0));
}

#[test]
fn nothing_is_heard_before_the_session_is_agreed() {
    let mut rig = Rig::new();
    rig.open(LEG, 10_000);
    rig.record(options());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 200);
    assert_eq!(rig.sent(Stream::Rtp).len() + rig.sent(Stream::Rtcp).len(), 0);
    rig.command(Command::Negotiated {
        leg: LEG,
        session: session(),
    });
    peer.said.clear();
    peer.speak_for(&mut rig, 200);
    rig.close();
    assert!(rig.audio == peer.said);
}
