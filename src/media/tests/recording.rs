//! What is recorded: every sample that came, and nothing of strangers.

use super::*;

#[test]
fn a_recording_is_exact_for_every_packet_time() {
    for packet_ms in [10, 20, 30, 40, 60] {
        let mut rig = Rig::agreed(session());
        let mut peer = Peer::new(peer_address(), packet_ms);
        peer.speak_for(&mut rig, 100);
        peer.said.clear();
        rig.record(options());
        for n in 0..100 {
            peer.speak(&mut rig, packet_ms as u32 * 8);
            // Bunched: every seventh packet's tick is late.
            if n % 7 != 0 {
                rig.run(packet_ms.next_multiple_of(20));
            }
        }
        rig.run(20);
        rig.command(Command::StopRecord { leg: LEG });
        assert_eq!(rig.audio.len(), peer.said.len(), "{packet_ms} ms");
        assert!(rig.audio == peer.said, "{packet_ms} ms: not the same samples");
        let samples = peer.said.len();
        assert_eq!(rig.recorded(), Some((RecordEnd::Stopped, samples as u64)));
        let (last, whole) = rig.chunks.split_last().unwrap();
        assert!(whole.iter().all(|&len| len == 4_000) && *last <= 4_000);
        let stats = rig.close();
        assert_eq!((stats.lost, stats.concealed, stats.ignored), (0, 0, 0));
        assert_eq!(stats.received, 105);
        assert!(stats.level_in > 0.5);
    }
}

#[test]
fn what_came_before_the_end_is_in_the_recording_and_what_came_before_the_start_is_not() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak(&mut rig, 160);
    rig.record(options());
    peer.said.clear();
    peer.speak(&mut rig, 160);
    rig.command(Command::StopRecord { leg: LEG });
    assert!(rig.audio == peer.said);
    assert_eq!(rig.recorded(), Some((RecordEnd::Stopped, 160)));
}

#[test]
fn what_is_held_at_the_end_is_in_the_recording() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    // Fewer packets than the buffer's start lets through, the second after the third.
    peer.speak(&mut rig, 160);
    peer.speak(&mut rig, 160);
    peer.speak(&mut rig, 160);
    rig.network.0.lock().unwrap().inbox.swap(1, 2);
    rig.run(20);
    rig.close();
    assert!(rig.audio == peer.said);
    assert_eq!(rig.recorded(), Some((RecordEnd::Closed, 480)));
}

#[test]
fn a_lost_packet_is_concealed() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    let tone: Vec<u8> = (0..160)
        .map(|n| g711::mulaw_encode((8_000.0 * (n as f64 * std::f64::consts::TAU / 80.0).sin()) as i16))
        .collect();
    for n in 0..50 {
        peer.say(&mut rig, &tone);
        if n == 30 {
            rig.network.0.lock().unwrap().inbox.clear();
        }
        rig.run(20);
    }
    rig.run(200);
    let stats = rig.close();
    assert_eq!((stats.lost, stats.concealed), (1, 1));
    assert_eq!(rig.audio.len(), peer.said.len());
    let hole = 30 * 160..31 * 160;
    for (n, (made, real)) in rig.audio.iter().zip(&peer.said).enumerate() {
        if hole.contains(&n) {
            // A tone is continued nearly as it was; the second half has begun to fade.
            assert!(
                (i32::from(*made) - i32::from(*real)).abs() < 2_500,
                "{n}: {made} {real}"
            );
        } else {
            assert_eq!(made, real, "{n}");
        }
    }
}

#[test]
fn a_recording_ends_exactly_at_its_limit() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(RecordOptions {
        limit: Duration::from_millis(1_010),
        ..options()
    });
    peer.speak_for(&mut rig, 2_000);
    assert_eq!(rig.recorded(), Some((RecordEnd::Limit, 8_080)));
    assert!(rig.audio == peer.said[..8_080]);
    assert_eq!(rig.worker.counts().recordings, 0);
}

#[test]
fn a_recording_ends_after_silence_heard_or_not() {
    let silent = RecordOptions {
        silence: Some(Duration::from_secs(3)),
        ..options()
    };
    // Spoken, then packets of silence.
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(silent.clone());
    peer.speak_for(&mut rig, 1_000);
    for _ in 0..140 {
        peer.say(&mut rig, &[0xff; 160]);
        rig.run(20);
        assert!(rig.recorded().is_none());
    }
    for _ in 0..15 {
        peer.say(&mut rig, &[0xff; 160]);
        rig.run(20);
    }
    assert_eq!(rig.recorded(), Some((RecordEnd::Silence, 32_000)));

    // Spoken, then nothing at all, as silence suppression has it.
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(silent.clone());
    peer.speak_for(&mut rig, 1_000);
    rig.run(2_900);
    assert!(rig.recorded().is_none());
    rig.run(200);
    assert_eq!(rig.recorded(), Some((RecordEnd::Silence, 8_000)));

    // Nothing from the beginning.
    let mut rig = Rig::agreed(session());
    rig.record(silent);
    rig.run(2_980);
    assert!(rig.recorded().is_none());
    rig.run(20);
    assert_eq!(rig.recorded(), Some((RecordEnd::Silence, 0)));
}

#[test]
fn without_any_audio_the_limit_ends_a_recording_too() {
    let mut rig = Rig::agreed(session());
    rig.record(options());
    rig.run(69_980);
    assert!(rig.recorded().is_none());
    rig.run(40);
    assert_eq!(rig.recorded(), Some((RecordEnd::Limit, 0)));
}

#[test]
fn a_terminator_ends_the_recording_and_is_neither_in_it_nor_told_again() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 500);
    peer.press(&mut rig, '#');
    assert_eq!(rig.recorded(), Some((RecordEnd::Digit('#'), 4_000)));
    assert!(rig.audio == peer.said);
    assert_eq!(rig.digits(), "");
    // The next one is a digit like any other.
    peer.press(&mut rig, '#');
    assert_eq!(rig.digits(), "#");
}

#[test]
fn other_digits_are_told_and_are_silence_in_the_recording() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 200);
    peer.press(&mut rig, '4');
    peer.speak_for(&mut rig, 200);
    rig.close();
    assert_eq!(rig.digits(), "4");
    assert_eq!(rig.audio.len(), (200 + 140 + 200) * 8);
    assert!(rig.audio[..1_600] == peer.said[..1_600]);
    assert!(rig.audio[1_600..2_720].iter().all(|&sample| sample == 0));
    assert!(rig.audio[2_720..] == peer.said[1_600..]);
}

#[test]
fn a_stranger_is_never_in_the_recording() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    let mut stranger = Peer::new(attacker(), 2);
    // The stranger knows the peer's numbers, too.
    stranger.header = peer.header;
    rig.record(options());
    peer.speak_for(&mut rig, 20);
    stranger.header.sequence = stranger.header.sequence.wrapping_add(1);
    for _ in 0..50 {
        for _ in 0..3 {
            stranger.speak(&mut rig, 160);
        }
        peer.speak(&mut rig, 160);
        rig.run(20);
    }
    stranger.press(&mut rig, '#');
    let malformed = [
        vec![],
        vec![0x80; 5],
        vec![0; 60],
        vec![0x80, 200, 0, 1, 0, 0, 0, 0],
    ];
    for bytes in malformed {
        rig.arrive(Stream::Rtp, peer_address(), bytes);
    }
    rig.run(20);
    let stats = rig.close();
    assert!(rig.audio == peer.said);
    assert_eq!(stats.ignored, 150 + 7 + 4);
    assert_eq!(stats.received, 51);
    assert_eq!(rig.digits(), "");
}

#[test]
fn audio_that_cannot_be_taken_ends_the_recording() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 600);
    rig.worker.overrun(rig.now, RECORDING);
    rig.drain();
    let (end, samples) = rig.recorded().unwrap();
    assert_eq!(end, RecordEnd::Overrun);
    assert!(samples >= 4_000);
    assert_eq!(rig.audio.len(), 4_000);
    assert_eq!(rig.worker.counts().recordings, 0);
}

#[test]
fn an_overrun_that_comes_after_the_end_alters_it() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 200);
    rig.worker.command(rig.now, Command::StopRecord { leg: LEG });
    rig.worker.overrun(rig.now, RECORDING);
    rig.drain();
    assert_eq!(rig.recorded().map(|(end, _)| end), Some(RecordEnd::Overrun));
    assert_eq!(rig.audio.len(), 0);
}

#[test]
fn a_second_recording_ends_the_first() {
    let mut rig = Rig::agreed(session());
    rig.record(options());
    rig.command(Command::Record {
        leg: LEG,
        recording: RecordingId(6),
        options: options(),
    });
    assert_eq!(rig.recorded(), Some((RecordEnd::Stopped, 0)));
    assert_eq!(rig.worker.counts().recordings, 1);
}

#[test]
fn a_recording_takes_little_memory() {
    // The piece of half a second and the jitter buffer at its fullest, beside the leg itself.
    let held = recorder::CHUNK_SAMPLES * 2 + limits::JITTER_BYTES;
    assert!(held <= 16_000, "{held}");
    assert!(
        std::mem::size_of::<leg::Leg>() <= 1_536,
        "{}",
        std::mem::size_of::<leg::Leg>()
    );
}
