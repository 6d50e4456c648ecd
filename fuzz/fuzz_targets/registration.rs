//! Whatever a registrar sends, a registration neither panics nor gets stuck: something is always awaited.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::rng::Rng;
use obelus::secret::Secret;
use obelus::sip::message::{Message, Request};
use obelus::sip::resolve::Target;
use obelus::sip::Transport;
use obelus::time::Instant;
use obelus::trunk::registration::{Input, Output, Registration, RegistrationConfig, Route};

fuzz_target!(|data: &[u8]| {
    let config = RegistrationConfig {
        trunk: "fuzz".into(),
        registrar: "sip:registrar.example.org".parse().expect("a URI"),
        username: "100000".into(),
        password: Some(Secret::new("secret".into())),
        expires_secs: 600,
    };
    let mut registration = Registration::new(config, Rng::from_seed(1));
    let mut now = Instant::ZERO;
    let mut last: Option<Request> = None;
    registration.handle(now, Input::Start);
    // Each part between NULs is what the registrar puts into its next response.
    for part in data.split(|byte| *byte == 0).take(64) {
        let mut awaits = false;
        while let Some(output) = registration.poll_output() {
            match output {
                Output::Resolve(_) => {
                    let address = ([192, 0, 2, 10], 5060).into();
                    let target = Target { transport: Transport::Udp, address };
                    let route = Route { target, contact: ([198, 51, 100, 1], 5060).into() };
                    registration.handle(now, Input::Resolved(Ok(vec![route])));
                }
                Output::Send { request, .. } => {
                    last = Some(*request);
                    awaits = true;
                }
                Output::KeepAlive { .. } | Output::Changed(_) => {}
            }
        }
        match (&last, part) {
            (Some(request), [high, low, text @ ..]) if awaits => {
                let status = 200 + (u16::from(*high) << 8 | u16::from(*low)) % 500;
                let mut bytes = request.response(status).to_bytes();
                let end = bytes.len() - b"Content-Length: 0\r\n\r\n".len();
                bytes.truncate(end);
                bytes.extend_from_slice(text);
                bytes.extend_from_slice(b"\r\nContent-Length: 0\r\n\r\n");
                match Message::parse(&bytes) {
                    Ok(Message::Response(response)) => registration.handle(now, Input::Response(Box::new(response))),
                    _ => registration.handle(now, Input::RequestTimeout),
                }
            }
            _ if awaits => registration.handle(now, Input::RequestTimeout),
            _ => {
                now = registration.poll_timeout().expect("something is awaited");
                registration.handle(now, Input::Timeout);
            }
        }
    }
});
