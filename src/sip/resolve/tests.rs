//! Scripts of questions and answers.

use super::*;

fn resolution(uri: &str) -> Resolution {
    let uri: Uri = uri.parse().expect("a URI");
    Resolution::new(Destination::of(&uri).expect("a destination of ours"))
}

fn services(name: &str) -> Question {
    Question::Services(name.into())
}

fn addresses(name: &str) -> Question {
    Question::Addresses(name.into())
}

fn service(priority: u16, weight: u16, port: u16, host: &str) -> Service {
    Service {
        priority,
        weight,
        port,
        host: host.into(),
    }
}

fn ips(list: &[&str]) -> Answer {
    Answer::Addresses(list.iter().map(|ip| ip.parse().expect("an address")).collect())
}

fn targets(resolution: &Resolution) -> Vec<String> {
    let outcome = resolution.outcome().expect("the outcome is known");
    outcome
        .as_ref()
        .expect("there are targets")
        .iter()
        .map(Target::to_string)
        .collect()
}

#[test]
fn addresses_need_no_dns() {
    for (uri, expected) in [
        ("sip:192.0.2.1", "udp:192.0.2.1:5060"),
        ("sip:user@192.0.2.1:5080", "udp:192.0.2.1:5080"),
        ("sip:192.0.2.1;transport=TCP", "tcp:192.0.2.1:5060"),
        ("sip:[2001:db8::1]:5070", "udp:[2001:db8::1]:5070"),
        ("sip:example.org;maddr=192.0.2.9", "udp:192.0.2.9:5060"),
    ] {
        assert_eq!(targets(&resolution(uri)), [expected], "{uri}");
    }
}

#[test]
fn what_is_not_ours_is_refused() {
    for uri in [
        "sips:example.org",
        "tel:+15550100",
        "sip:example.org;transport=tls",
        "sip:example.org;transport=ws",
    ] {
        let uri: Uri = uri.parse().expect("a URI");
        assert!(
            matches!(Destination::of(&uri), Err(ResolveError::Unsupported(_))),
            "{uri}"
        );
    }
}

#[test]
fn a_port_rules_out_srv() {
    let mut rng = Rng::from_seed(1);
    let mut r = resolution("sip:Registrar.Example.ORG:5061;transport=tcp");
    let question = addresses("registrar.example.org");
    assert_eq!(r.questions(), std::slice::from_ref(&question));
    r.answer(&question, ips(&["2001:db8::1", "192.0.2.1"]), &mut rng);
    assert_eq!(targets(&r), ["tcp:192.0.2.1:5061", "tcp:[2001:db8::1]:5061"]);
    assert!(r.questions().is_empty());
}

#[test]
fn srv_gives_hosts_by_priority() {
    let mut rng = Rng::from_seed(1);
    let mut r = resolution("sip:example.org");
    let (udp, tcp) = (
        services("_sip._udp.example.org"),
        services("_sip._tcp.example.org"),
    );
    assert_eq!(r.questions(), [udp.clone(), tcp.clone()]);
    r.answer(
        &tcp,
        Answer::Services(vec![service(1, 1, 5060, "c.example.org")]),
        &mut rng,
    );
    assert_eq!(r.questions(), std::slice::from_ref(&udp));
    let both = vec![
        service(20, 1, 5060, "b.example.org"),
        service(10, 0, 5080, "a.example.org"),
    ];
    r.answer(&udp, Answer::Services(both), &mut rng);
    let hosts = ["a.example.org", "b.example.org", "c.example.org"].map(addresses);
    assert_eq!(r.questions(), hosts);
    r.answer(&hosts[2], ips(&["192.0.2.3"]), &mut rng);
    r.answer(&hosts[0], ips(&["192.0.2.1"]), &mut rng);
    r.answer(&hosts[1], Answer::Failed("no answer".into()), &mut rng);
    assert_eq!(targets(&r), ["udp:192.0.2.1:5080", "tcp:192.0.2.3:5060"]);
}

#[test]
fn without_srv_the_host_itself() {
    let mut rng = Rng::from_seed(1);
    let mut r = resolution("sip:example.org");
    r.answer(
        &services("_sip._udp.example.org"),
        Answer::Services(vec![]),
        &mut rng,
    );
    r.answer(
        &services("_sip._tcp.example.org"),
        Answer::Failed("refused".into()),
        &mut rng,
    );
    assert_eq!(r.questions(), [addresses("example.org")]);
    r.answer(&addresses("other.example.org"), ips(&["192.0.2.66"]), &mut rng);
    assert_eq!(
        r.outcome(),
        None,
        "an answer to what was not asked changes nothing"
    );
    r.answer(&addresses("example.org"), ips(&["192.0.2.1"]), &mut rng);
    assert_eq!(targets(&r), ["udp:192.0.2.1:5060"]);
}

#[test]
fn failures_say_what_failed() {
    let mut rng = Rng::from_seed(1);
    let mut r = resolution("sip:example.org:5060");
    r.answer(&addresses("example.org"), ips(&[]), &mut rng);
    assert_eq!(
        r.outcome(),
        Some(&Err(ResolveError::NoAddress("example.org".into())))
    );

    let mut r = resolution("sip:example.org:5060");
    r.answer(
        &addresses("example.org"),
        Answer::Failed("timed out".into()),
        &mut rng,
    );
    let error = r.outcome().expect("known").as_ref().expect_err("a failure");
    assert_eq!(
        error.to_string(),
        "DNS does not answer for example.org: timed out"
    );

    let mut r = resolution("sip:example.org;transport=udp");
    r.answer(
        &services("_sip._udp.example.org"),
        Answer::Services(vec![service(0, 0, 0, "")]),
        &mut rng,
    );
    assert_eq!(
        r.outcome(),
        Some(&Err(ResolveError::NoService("example.org".into())))
    );
}

#[test]
fn weights_share_the_calls() {
    let mut rng = Rng::from_seed(5);
    let all = [
        service(1, 30, 1, "a"),
        service(1, 10, 2, "b"),
        service(1, 0, 3, "c"),
        service(2, 9, 4, "d"),
    ];
    let mut first = [0; 3];
    for _ in 0..4_000 {
        let ordered = in_order(all.to_vec(), &mut rng);
        assert_eq!(ordered.len(), 4);
        assert_eq!(ordered[3].host, "d");
        first[usize::from(ordered[0].port) - 1] += 1;
    }
    let [a, b, c] = first;
    assert!((2_800..3_100).contains(&a), "{first:?}");
    assert!((850..1_100).contains(&b), "{first:?}");
    assert!((40..200).contains(&c), "{first:?}");
}
