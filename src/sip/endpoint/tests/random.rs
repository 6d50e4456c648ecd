//! Any sequence of messages, deeds and waits: no panic, no more state than was asked for, and in the end none.

use super::calls_in::answer_with;
use super::*;
use proptest::prelude::*;

const METHODS: [&str; 12] = [
    "INVITE", "ACK", "BYE", "CANCEL", "INFO", "UPDATE", "OPTIONS", "INVITE", "ACK", "MESSAGE", "PRACK",
    "SHOUT",
];

/// One step, its meaning chosen by small numbers so that a failure shrinks.
type Step = (u8, u8, u8, u16);

fn step(bench: &mut Bench, calls: &mut Vec<CallHandle>, requests: &mut Vec<ServerTx>, step: Step) {
    let (kind, a, b, c) = step;
    let method = METHODS[usize::from(a) % METHODS.len()];
    let tag = match b % 4 {
        0 => String::new(),
        1 => "other".into(),
        _ => bench.tag.clone(),
    };
    let body = if b & 8 == 0 { "" } else { "offer" };
    let now = bench.now();
    let call = calls
        .get(usize::from(b) % calls.len().max(1))
        .copied()
        .unwrap_or(CallHandle(99));
    let flow = if c & 1 == 0 { flow() } else { stream() };
    match kind % 12 {
        0..=3 => {
            let bytes = request(method, &(c % 5).to_string(), &(c % 7).to_string(), &tag, "", body);
            bench.endpoint.receive(now, flow, &bytes);
        }
        4 => {
            // A message with one octet changed.
            let mut bytes = request(method, "1", &(c % 7).to_string(), &tag, "Require: x", body);
            let at = usize::from(c) % bytes.len();
            bytes[at] = a;
            bench.endpoint.receive(now, flow, &bytes);
        }
        5 => {
            // A response to the last request of ours, or to nothing.
            let ours = bench
                .all_sent
                .iter()
                .rev()
                .find(|text| !text.starts_with("SIP/2.0"))
                .cloned();
            if let Some(ours) = ours.filter(|text| !text.starts_with("ACK")) {
                let status = [
                    100, 180, 183, 200, 200, 202, 302, 401, 407, 486, 487, 491, 481, 408, 503,
                ];
                let status = status[usize::from(c) % status.len()];
                let extra =
                    "Contact: <sip:callee@198.51.100.7>\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"";
                let bytes = answer_with(&ours, status, ["x", "y"][usize::from(a) % 2], extra, body);
                bench.endpoint.receive(now, flow, &bytes);
            }
        }
        6 => match a % 4 {
            0 => bench.endpoint.ring(now, call, u16::from(b), None),
            1 => bench.endpoint.answer(now, call, &contact(), body.into()),
            2 => bench.endpoint.reject(now, call, c, &[]),
            _ => bench.endpoint.bye(now, call, Some("x\r\ny")),
        },
        7 => match a % 6 {
            0 => bench.endpoint.answer_reinvite(now, call, body.into()),
            1 => bench.endpoint.refuse_reinvite(now, call, c),
            2 => {
                bench.endpoint.reinvite(now, call, body.into());
            }
            3 => {
                bench.endpoint.message(now, call, 1, "text/plain", body.into());
            }
            4 => {
                let secret = crate::secret::Secret::new("secret".into());
                let credentials =
                    crate::sip::digest::Authenticator::new("me", secret, crate::rng::Rng::from_seed(2));
                bench.endpoint.set_credentials(call, credentials);
            }
            _ => bench.endpoint.cancel(now, call),
        },
        8 => {
            let mut invite = Request::new(Method::Invite, contact());
            invite.headers.push("From", "<sip:me@192.0.2.1>");
            invite.headers.push("To", "<sip:you@198.51.100.7>");
            calls.push(bench.endpoint.invite(now, flow, invite));
        }
        9 => {
            if let Some(tx) = requests.pop() {
                bench.endpoint.respond(now, tx, Response::new(100 + c % 600));
            }
            let credentials = AuthHeader {
                name: "Authorization",
                value: "Digest".into(),
            };
            bench.endpoint.authenticate(now, call, credentials);
        }
        10 => bench.endpoint.flow_failed(now, u64::from(c % 10)),
        _ => {
            let later = bench.now_ms + u64::from(c);
            bench.now_ms = later;
            bench.endpoint.handle_timeout(Instant::from_millis(later));
        }
    }
    while let Some(output) = bench.endpoint.poll_output() {
        match output {
            Output::Transmit { bytes, .. } => match Message::parse(&bytes) {
                Ok(Message::Request(request)) => bench.all_sent.extend(String::from_utf8(request.to_bytes())),
                Ok(Message::Response(response)) => {
                    let to = response.headers.to().ok();
                    bench.tag = to.and_then(|to| to.tag().map(str::to_owned)).unwrap_or_default();
                }
                // An answer of the application's that has no headers, as some steps make them.
                Err(_) => {}
            },
            Output::Event(Event::Incoming { call, .. }) => calls.push(call),
            Output::Event(Event::Request { tx, .. } | Event::Message { tx, .. }) => requests.push(tx),
            Output::Event(_) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_sequence_leaves_nothing(steps in prop::collection::vec(any::<Step>(), 0..80)) {
        let config = EndpointConfig {
            methods: vec![Method::Message],
            max_transactions: 20,
            max_calls: 10,
            ..EndpointConfig::default()
        };
        let mut bench = Bench::with(flow(), config);
        let (mut calls, mut requests) = (Vec::new(), Vec::new());
        for one in steps {
            step(&mut bench, &mut calls, &mut requests, one);
            // Our own requests are the application's to bound; here each step begins two at most.
            prop_assert!(bench.endpoint.counts().transactions <= 25 + 3 * calls.len() + 160);
            prop_assert!(bench.endpoint.tags.len() <= bench.endpoint.counts().calls);
        }
        for call in calls {
            let now = bench.now();
            bench.endpoint.bye(now, call, None);
        }
        // Each of our calls may have to wait for its BYE after its CANCEL.
        bench.until(bench.now_ms + 300_000);
        bench.expect_empty();
    }
}
