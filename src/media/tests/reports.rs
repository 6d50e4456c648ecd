//! RTCP: what is told to the peer, and what its reports say.

use super::*;

#[test]
fn the_figures_are_told_with_each_report_to_the_peer() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 20_000);
    let received: Vec<u64> = rig
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Report { stats, .. } => Some(stats.received),
            _ => None,
        })
        .collect();
    assert_eq!(received.len(), rig.sent(Stream::Rtcp).len());
    assert!((3..=8).contains(&received.len()), "{received:?}");
    assert!(
        received.is_sorted() && received.last() > Some(&600),
        "{received:?}"
    );
}

#[test]
fn reports_go_out_by_the_rules_and_bye_at_the_end() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(60_000)]);
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 30_000);
    let reports = rig.sent(Stream::Rtcp);
    // Every 2.05 to 6.16 s.
    assert!((5..=15).contains(&reports.len()), "{}", reports.len());
    let rtp = rig.sent(Stream::Rtp);
    for report in &reports {
        assert_eq!(report.to, address("192.0.2.1:4001"));
        let compound = Compound::parse(&report.bytes).unwrap();
        let sender = compound.sender.expect("we send, so this is a sender report");
        let before = rtp.iter().filter(|sent| sent.at <= report.at).count();
        assert_eq!(sender.packets as usize, before);
        assert_eq!(sender.octets as usize, before * 160);
        assert_eq!(compound.reports[0].ssrc, peer.header.ssrc);
        assert_eq!(compound.reports[0].fraction_lost, 0);
    }
    rig.forget_sent();
    rig.close();
    let last = rig.sent(Stream::Rtcp);
    let compound = Compound::parse(&last[0].bytes).unwrap();
    assert_eq!(compound.byes[..], [compound.ssrc]);
}

#[test]
fn the_peers_reports_give_loss_and_round_trip_and_a_strangers_do_not() {
    let mut rig = Rig::agreed(session());
    rig.run(4_000);
    let ours = rig.sent(Stream::Rtcp)[0].clone();
    let compound = Compound::parse(&ours.bytes).unwrap();
    let elapsed = rig.now.since(ours.at);
    let held = elapsed.saturating_sub(Duration::from_millis(60)) + Duration::from_millis(20);
    let report = |fraction_lost| {
        rtcp::Report {
            ssrc: 99,
            sender: Some(SenderInfo {
                ntp: 0x1234_5678_9abc_def0,
                rtp_timestamp: 0,
                packets: 1,
                octets: 1,
            }),
            block: Some(ReportBlock {
                ssrc: compound.ssrc,
                fraction_lost,
                cumulative_lost: 7,
                jitter: 20,
                last_sr: rtcp::middle(compound.sender.unwrap().ntp),
                delay_since_last_sr: rtcp::middle(rtcp::ntp(Instant::ZERO + held)),
                ..ReportBlock::default()
            }),
            cname: "peer",
            bye: false,
        }
        .to_bytes()
    };
    rig.arrive(Stream::Rtcp, attacker(), report(255));
    rig.arrive(Stream::Rtcp, address("192.0.2.1:4001"), report(64));
    rig.run(20);
    // Our next report echoes theirs.
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 100);
    rig.forget_sent();
    rig.run(7_000);
    let echo = Compound::parse(&rig.sent(Stream::Rtcp)[0].bytes).unwrap().reports[0];
    assert_eq!(echo.last_sr, 0x5678_9abc);
    assert!(echo.delay_since_last_sr > 0);
    rig.command(Command::Report { leg: LEG });
    let Some(Event::Report { stats, .. }) = rig.events.last() else {
        panic!("a report was asked for");
    };
    assert_eq!(stats.remote_loss, Some(0.25));
    assert_eq!((stats.remote_lost, stats.remote_jitter_ms), (Some(7), Some(2.5)));
    let round_trip = stats.round_trip_ms.unwrap();
    assert!((round_trip - 60.0).abs() < 1.0, "{round_trip}");
    assert_eq!(stats.ignored, 1);
}

#[test]
fn a_silent_peer_is_told_of_once_until_it_speaks_again() {
    let mut rig = Rig::agreed(session());
    let timeout = limits::MEDIA_TIMEOUT.as_millis() as u64;
    let silent = |rig: &Rig| {
        rig.events
            .iter()
            .filter(|e| matches!(e, Event::Silent { .. }))
            .count()
    };
    rig.run(timeout - 20);
    assert_eq!(silent(&rig), 0);
    rig.run(20 + timeout);
    assert_eq!(silent(&rig), 1);
    Peer::new(peer_address(), 1).speak_for(&mut rig, 20);
    rig.run(timeout);
    assert_eq!(silent(&rig), 2);
    // On hold nothing is expected.
    let mut rig = Rig::agreed(Session {
        direction: Direction::SendOnly,
        ..session()
    });
    rig.run(2 * timeout);
    assert_eq!(silent(&rig), 0);
}
