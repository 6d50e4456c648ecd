//! Links handed over from memory: by command and by webhook.

mod queue;
mod smtp;

use super::*;
use crate::io::fake_http;
use crate::ops::captured::capture;
use std::path::Path;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

const KEY: &str = "c2VjcmV0IGtleSBvZiB0aGlzIG1lbW8gMzIgYnl0ZXM=";

fn notice() -> Notice {
    Notice {
        mailbox: Some("main".into()),
        memo_id: "AAAAAAAAAAAAAAAAAAAAAA".into(),
        link: Zeroizing::new(format!(
            "https://memo.example.org/voice/AAAAAAAAAAAAAAAAAAAAAA#{KEY}"
        )),
        from: "+15550100123".into(),
        seconds: 3.52,
        created_at: "2026-01-31T12:00:00.000Z".into(),
    }
}

const JSON: &str = "{\"event\":\"memo\",\"mailbox\":\"main\",\"memo_id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\
    \"link\":\"https://memo.example.org/voice/AAAAAAAAAAAAAAAAAAAAAA#c2VjcmV0IGtleSBvZiB0aGlzIG1lbW8gMzIgYnl0ZXM=\",\
    \"from\":\"+15550100123\",\"seconds\":3.52,\"created_at\":\"2026-01-31T12:00:00.000Z\"}";

/// Failures are tried again at once; what should succeed has all the time that a busy machine may need.
fn policy(tries: u32) -> Policy {
    Policy {
        tries,
        first_pause: Duration::ZERO,
        longest_pause: Duration::ZERO,
        command_time: Duration::from_secs(60),
        webhook_time: Duration::from_secs(60),
        mail_time: Duration::from_secs(60),
        notice_age: Duration::from_secs(60),
    }
}

/// Notifiers of these mailboxes' links, without mail and without a store.
fn start(mailboxes: &[Mailbox], policy: Policy) -> (Notifier, Running) {
    let parts = Parts {
        mailboxes,
        mailer: None,
        send_message: None,
        store: None,
    };
    super::start(parts, policy)
}

fn mailbox(command: Option<String>, webhook: Option<String>) -> [Mailbox; 1] {
    let notify_command = command.map(|line| vec!["/bin/sh".to_owned(), "-c".to_owned(), line]);
    [Mailbox {
        notify_command,
        notify_webhook: webhook,
        ..Mailbox::named("main")
    }]
}

/// Hands one notice over and waits until all is done. Returns how many links were lost, and the log.
async fn hand_over(mailboxes: &[Mailbox], policy: Policy) -> (usize, String) {
    let (lines, guard) = capture();
    let (notifier, running) = start(mailboxes, policy);
    notifier.hand_over(notice());
    drop(notifier);
    // Without a sender the work ends when all is handed over or given up.
    let lost = running.links.await.expect("the work does not panic");
    drop(guard);
    let lines = lines.lock().expect("no test panics while it logs").clone();
    assert!(!lines.contains(KEY) && !lines.contains("5550100"), "{lines}");
    (lost, lines)
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}

#[test]
fn the_notice_is_the_documented_line() {
    assert_eq!(String::from_utf8_lossy(&notice().to_json()), JSON);
    let strange = Notice {
        mailbox: None,
        from: "\"\n\u{1}".repeat(50),
        ..notice()
    };
    let json: serde_json::Value = serde_json::from_slice(&strange.to_json()).expect("it is JSON");
    assert_eq!(json["mailbox"], serde_json::Value::Null);
    assert_eq!(json["from"], strange.from);
}

#[test]
fn pauses_double_up_to_the_longest() {
    let policy = Policy::default();
    let pauses: Vec<u64> = (1..10).map(|failures| policy.pause(failures).as_secs()).collect();
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
    assert_eq!(policy.pause(u32::MAX), policy.longest_pause);
}

#[tokio::test]
async fn a_command_receives_one_line_and_the_log_has_no_key() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("out");
    let (lost, log) = hand_over(
        &mailbox(Some(format!("cat >> {}", quoted(&out))), None),
        policy(1),
    )
    .await;
    assert_eq!(lost, 0, "{log}");
    assert_eq!(
        std::fs::read_to_string(&out).expect("the command wrote"),
        format!("{JSON}\n")
    );
    assert!(
        log.contains("a memo to tell of mailbox=main memo=AAAAAAAAAAAAAAAAAAAAAA"),
        "{log}"
    );
    assert!(
        log.contains("link=https://memo.example.org/voice/AAAAAAAAAAAAAAAAAAAAAA from=…0123"),
        "{log}"
    );
}

#[tokio::test]
async fn a_command_that_fails_is_run_again() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (seen, out) = (folder.path().join("seen"), folder.path().join("out"));
    let line = format!(
        "if [ -e {seen} ]; then cat > {out}; else touch {seen}; echo first >&2; read l; echo \"cannot: $l\" >&2; exit 3; fi",
        seen = quoted(&seen),
        out = quoted(&out)
    );
    let (lost, log) = hand_over(&mailbox(Some(line), None), policy(2)).await;
    assert_eq!(lost, 0, "{log}");
    assert_eq!(
        std::fs::read_to_string(&out).expect("the command wrote"),
        format!("{JSON}\n")
    );
    assert!(log.contains("notifier failed mailbox=main"), "{log}");
    assert!(
        log.contains("exit status: 3: cannot: {"),
        "the last line of standard error is shown: {log}"
    );
    assert!(log.contains("#(key)") && log.contains("…0123"), "{log}");
}

// In these the clock stands still, and goes on only where everybody waits for it.

#[tokio::test(start_paused = true)]
async fn a_command_that_never_ends_is_ended_and_the_loss_told() {
    let policy = Policy {
        command_time: Duration::from_millis(1_500),
        ..policy(2)
    };
    let (lost, log) = hand_over(&mailbox(Some("sleep 1000 & sleep 1000".into()), None), policy).await;
    assert_eq!(lost, 1);
    assert!(log.contains("not done after 1.5 s, ended"), "{log}");
    assert_eq!(log.matches("was not handed over and is lost").count(), 1, "{log}");
}

#[tokio::test]
async fn a_command_that_cannot_start_or_ignores_its_input_is_told_apart() {
    let absent = [Mailbox {
        notify_command: Some(vec!["/nonexistent/notify".into()]),
        ..Mailbox::named("main")
    }];
    let (lost, log) = hand_over(&absent, policy(1)).await;
    assert_eq!(lost, 1);
    assert!(
        log.contains("/nonexistent/notify: No such file or directory"),
        "{log}"
    );
    assert_eq!(
        hand_over(&mailbox(Some("exit 0".into()), None), policy(1))
            .await
            .0,
        0
    );
}

#[tokio::test]
async fn a_mailbox_without_notifiers_is_told_of() {
    let (lost, log) = hand_over(&mailbox(None, None), policy(1)).await;
    assert_eq!(lost, 0);
    assert!(log.contains("WARN  nobody was given this memo's link"), "{log}");
}

/// Answers each connection with the next of `answers`; returns the requests.
async fn http_server(listener: TcpListener, answers: Vec<String>) -> Vec<String> {
    let mut requests = Vec::new();
    fake_http::serve(listener, answers, |request| requests.push(request)).await;
    requests
}

fn answer(status: &str, extra: &str) -> String {
    fake_http::answer(status, extra, "")
}

#[tokio::test]
async fn a_webhook_receives_the_same_body_and_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!(
        "http://{}/hook?token=t0ken",
        listener.local_addr().expect("it is bound")
    );
    let answers = vec![
        answer("503 Service Unavailable", ""),
        answer("204 No Content", ""),
    ];
    let server = tokio::spawn(http_server(listener, answers));
    let (lost, log) = hand_over(&mailbox(None, Some(url)), policy(3)).await;
    assert_eq!(lost, 0, "{log}");
    let requests = server.await.expect("the server saw both requests");
    assert!(
        requests[1].starts_with("POST /hook?token=t0ken HTTP/1.1\r\n"),
        "{requests:?}"
    );
    assert!(
        requests[1]
            .to_ascii_lowercase()
            .contains("content-type: application/json"),
        "{requests:?}"
    );
    assert!(
        requests.iter().all(|request| request.ends_with(JSON)),
        "{requests:?}"
    );
    assert!(log.contains("answered 503 Service Unavailable"), "{log}");
    assert!(!log.contains("t0ken"), "{log}");
}

#[tokio::test]
async fn a_webhook_follows_a_redirect_within_its_host_only() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let other = elsewhere.local_addr().expect("it is bound");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}/a", listener.local_addr().expect("it is bound"));
    let answers = vec![
        answer("307 Temporary Redirect", "Location: /b\r\n"),
        answer(
            "307 Temporary Redirect",
            &format!("Location: http://{other}/\r\n"),
        ),
    ];
    let server = tokio::spawn(http_server(listener, answers));
    let (lost, log) = hand_over(&mailbox(None, Some(url)), policy(1)).await;
    assert_eq!(lost, 1);
    let requests = server.await.expect("the server saw both requests");
    assert!(
        requests[1].starts_with("POST /b ") && requests[1].ends_with(JSON),
        "{requests:?}"
    );
    assert!(
        log.contains("a redirect to another address is not followed"),
        "{log}"
    );
    // Nobody came there: the next connection is the test's own.
    let (own, accepted) = tokio::join!(tokio::net::TcpStream::connect(other), elsewhere.accept());
    let own = own
        .expect("the listener still listens")
        .local_addr()
        .expect("it is connected");
    assert_eq!(accepted.expect("a connection comes").1, own);
}

#[tokio::test]
async fn shutdown_tries_once_more_and_then_says_what_is_lost() {
    let (lines, _guard) = capture();
    let patient = Policy {
        first_pause: Duration::from_secs(3_600),
        longest_pause: Duration::from_secs(3_600),
        ..policy(10)
    };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let count = folder.path().join("count");
    let (notifier, running) = start(
        &mailbox(Some(format!("echo >> {}; exit 1", quoted(&count))), None),
        patient,
    );
    notifier.hand_over(notice());
    let lost = running.shutdown(Duration::from_secs(60)).await;
    assert_eq!(lost, 1);
    let tried = std::fs::read_to_string(&count)
        .expect("the command ran")
        .lines()
        .count();
    assert!((1..=2).contains(&tried), "once, or once more: {tried}");
    notifier.hand_over(notice());
    let lines = lines.lock().expect("no test panics while it logs");
    assert_eq!(
        lines.matches("was not handed over and is lost").count(),
        2,
        "{lines}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_when_time_is_up_is_told_as_lost() {
    let (lines, _guard) = capture();
    let (notifier, running) = start(&mailbox(Some("sleep 1000".into()), None), policy(1));
    notifier.hand_over(notice());
    running.shutdown(Duration::from_secs(5)).await;
    let lost = || {
        let lines = lines.lock().expect("no test panics while it logs");
        lines.matches("was not handed over and is lost").count()
    };
    // What was given up is dropped by the runtime, in its turn.
    while lost() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(lost(), 1);
}
