//! Subscriptions by scripts: a phone asks, is told, refreshes and leaves.

use super::*;
use crate::config::Mailbox;
use crate::sip::Transport;

struct Script {
    subscriptions: Subscriptions,
    waiting: Waiting,
    now: Instant,
    transactions: u64,
    response: Option<Response>,
    cseq: u32,
}

const FLOW: &str = "192.0.2.9:5060";

fn flow(remote: &str, transport: Transport) -> Flow {
    Flow {
        id: 1,
        transport,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: remote.parse().unwrap(),
    }
}

impl Script {
    fn new() -> Self {
        let mut waiting = Waiting::new(&[Mailbox::named("main")]);
        waiting.counted("main", Summary { new: 2, old: 3 });
        Script {
            subscriptions: Subscriptions::new(Rng::from_seed(1)),
            waiting,
            now: Instant::from_secs(100),
            transactions: 0,
            response: None,
            cseq: 0,
        }
    }

    fn request(&mut self, extra: &[(&str, &str)]) -> Request {
        self.cseq += 1;
        let mut request = Request::new(Method::Subscribe, Uri::sip("main", "192.0.2.1", None));
        let headers = &mut request.headers;
        headers.push("From", "<sip:100@192.0.2.9>;tag=phone");
        headers.push("To", "<sip:main@192.0.2.1>");
        headers.push("Call-ID", "one");
        headers.push("CSeq", format_args!("{} SUBSCRIBE", self.cseq));
        headers.push("Contact", "<sip:100@192.0.2.9:5062>");
        headers.push("Event", "message-summary");
        for (name, value) in extra {
            headers.set(name, value);
        }
        request
    }

    fn subscribe(&mut self, request: &Request, is_allowed: bool, remote: &str) -> u16 {
        let mailbox = (request.uri.user == "main").then(|| "main".to_owned());
        let asked = Asked {
            is_allowed,
            mailbox,
            contact: Uri::sip("", "192.0.2.1", Some(5060)),
        };
        let flow = flow(remote, Transport::Udp);
        let response = self.subscriptions.receive(self.now, request, flow, asked);
        let status = response.status;
        self.response = Some(response);
        status
    }

    fn ask(&mut self, extra: &[(&str, &str)]) -> u16 {
        let request = self.request(extra);
        self.subscribe(&request, true, FLOW)
    }

    /// Within the dialog that the last answer made.
    fn ask_again(&mut self, to: &str, extra: &[(&str, &str)]) -> u16 {
        let mut all = vec![("To", to)];
        all.extend(extra);
        self.ask(&all)
    }

    fn header(&self, name: &str) -> String {
        let response = self.response.as_ref().expect("there was an answer");
        response.headers.get(name).unwrap_or_default().to_owned()
    }

    /// The NOTIFYs that are due, each as its state and counts.
    fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(notify) = self.subscriptions.poll_send(self.now, &self.waiting) {
            self.transactions += 1;
            self.subscriptions
                .sent(notify.number, ClientTx(self.transactions));
            let request = notify.request;
            let body = String::from_utf8(request.body.clone()).unwrap();
            let counts = body.lines().last().unwrap_or_default();
            let state = request.headers.get("Subscription-State").unwrap_or_default();
            told.push(format!("{} {state} {counts}", request.uri));
        }
        told
    }

    fn answer(&mut self, status: u16) {
        let request = Request::new(Method::Notify, Uri::sip("a", "b", None));
        let tx = ClientTx(self.transactions);
        assert!(self.subscriptions.awaits(tx));
        self.subscriptions.response(tx, &request.response(status));
    }
}

const ACTIVE: &str = "sip:100@192.0.2.9:5062 active;expires=3600 Voice-Message: ";

#[test]
fn a_phone_that_subscribes_is_told_at_once_and_at_each_change() {
    let mut script = Script::new();
    assert_eq!(script.ask(&[("Event", "message-summary;id=7")]), 200);
    assert_eq!(script.header("Expires"), "3600");
    assert_eq!(script.header("Contact"), "<sip:192.0.2.1:5060>");
    assert!(script.header("To").contains(";tag="));
    let notify = script
        .subscriptions
        .poll_send(script.now, &script.waiting)
        .expect("the state is told at once");
    script.subscriptions.sent(notify.number, ClientTx(1));
    script.transactions = 1;
    let header = |name| notify.request.headers.get(name).unwrap_or_default().to_owned();
    assert_eq!(header("To"), "<sip:100@192.0.2.9>;tag=phone");
    assert_eq!(header("From"), script.header("To"));
    assert_eq!(header("Event"), "message-summary;id=7");
    assert_eq!(header("Content-Type"), "application/simple-message-summary");
    assert_eq!(
        String::from_utf8_lossy(&notify.request.body),
        "Messages-Waiting: yes\r\nMessage-Account: sip:main@192.0.2.1\r\nVoice-Message: 2/3\r\n"
    );
    script.waiting.counted("main", Summary { new: 3, old: 3 });
    assert!(script.told().is_empty(), "one is under way");
    script.answer(100);
    assert!(script.told().is_empty(), "one is still under way");
    script.answer(200);
    assert_eq!(script.told(), [format!("{ACTIVE}3/3")]);
    script.answer(200);
    assert!(script.told().is_empty(), "nothing changed");
}

#[test]
fn a_subscription_is_refreshed_ends_by_itself_and_is_taken_back() {
    let mut script = Script::new();
    script.ask(&[]);
    let to = script.header("To");
    script.told();
    script.answer(200);
    script.now = Instant::from_secs(3_000);
    let moved = [("Contact", "<sip:100@192.0.2.9:6000>"), ("Expires", "120")];
    assert_eq!(script.ask_again(&to, &moved), 200);
    assert_eq!(
        script.told(),
        ["sip:100@192.0.2.9:6000 active;expires=120 Voice-Message: 2/3"]
    );
    script.answer(200);
    assert_eq!(
        script.subscriptions.poll_timeout(),
        Some(Instant::from_secs(3_120))
    );
    script.now = Instant::from_secs(3_120);
    script.subscriptions.timeout(script.now);
    assert_eq!(
        script.told(),
        ["sip:100@192.0.2.9:6000 terminated;reason=timeout Voice-Message: 2/3"]
    );
    assert_eq!(script.ask_again(&to, &[]), 481, "it is over");
    script.answer(200);
    assert_eq!(script.subscriptions.poll_timeout(), None);
    // And one that its phone takes back.
    script.ask(&[]);
    let to = script.header("To");
    script.told();
    script.answer(200);
    assert_eq!(script.ask_again(&to, &[("Expires", "0")]), 200);
    assert_eq!(
        script.told(),
        ["sip:100@192.0.2.9:5062 terminated;reason=timeout Voice-Message: 2/3"]
    );
    script.answer(200);
    assert!(script.subscriptions.entries.is_empty());
}

#[test]
fn a_phone_that_is_gone_is_forgotten() {
    let mut script = Script::new();
    for status in [481, 500, 407] {
        script.ask(&[]);
        script.told();
        script.answer(status);
        assert!(script.subscriptions.entries.is_empty(), "{status}");
    }
    script.ask(&[]);
    script.told();
    let tx = ClientTx(script.transactions);
    script.subscriptions.request_timeout(tx);
    assert!(script.subscriptions.entries.is_empty());
    script.ask(&[]);
    script.subscriptions.entries[0].dialog.flow = flow(FLOW, Transport::Tcp);
    assert!(script.subscriptions.use_flow(1));
    script.subscriptions.flow_failed(1);
    assert!(script.subscriptions.entries.is_empty());
}

#[test]
fn what_cannot_be_subscribed_to_is_refused() {
    let mut script = Script::new();
    let stranger = script.request(&[]);
    assert_eq!(script.subscribe(&stranger, false, FLOW), 403);
    let mut unknown = script.request(&[]);
    unknown.uri.user = "nobody".into();
    assert_eq!(script.subscribe(&unknown, true, FLOW), 404);
    assert_eq!(script.ask(&[("Event", "presence")]), 489);
    assert_eq!(script.header("Allow-Events"), "message-summary");
    assert_eq!(script.ask(&[("Expires", "5")]), 423);
    assert_eq!(script.header("Min-Expires"), "60");
    assert_eq!(script.ask(&[("Accept", "application/pidf+xml")]), 406);
    assert_eq!(script.ask(&[("Expires", "soon")]), 400);
    assert_eq!(script.ask_again("<sip:main@192.0.2.1>;tag=guess", &[]), 481);
    assert!(script.told().is_empty() && script.subscriptions.entries.is_empty());
    // A request that comes twice, or late.
    script.ask(&[("Accept", "text/plain, application/simple-message-summary")]);
    let to = script.header("To");
    script.cseq -= 1;
    assert_eq!(script.ask_again(&to, &[]), 500);
}

#[test]
fn subscriptions_are_bounded_together_and_for_each_address() {
    let mut script = Script::new();
    for _ in 0..limits::SUBSCRIPTIONS_PER_ADDRESS {
        assert_eq!(script.ask(&[]), 200);
    }
    assert_eq!(script.ask(&[]), 503);
    let others = limits::SUBSCRIPTIONS - limits::SUBSCRIPTIONS_PER_ADDRESS;
    for number in 0..=others {
        let request = script.request(&[]);
        let remote = format!("198.51.{}.{}:5060", number / 250, number % 250);
        let expected = if number < others { 200 } else { 503 };
        assert_eq!(script.subscribe(&request, true, &remote), expected);
    }
}
