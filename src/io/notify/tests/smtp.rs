//! Mail, to a server of the tests' own.

use super::super::mail::Letter;
use super::super::*;
use super::{capture, policy};
use crate::config::{Smtp, SmtpSecurity};
use crate::io::fake_smtp::{self, Arrived, Security};
use crate::secret::Secret;
use zeroize::Zeroizing;

/// A mail server for one test, and how mail gets there.
pub(super) struct Server {
    pub smtp: Smtp,
    fake: fake_smtp::Server,
}

impl Server {
    /// Answers the end of each letter with the next of these, then always with 250.
    pub async fn start(security: SmtpSecurity, answers: &[&str]) -> Server {
        let secured = match security {
            SmtpSecurity::Tls => Security::Tls,
            SmtpSecurity::StartTls => Security::StartTls,
            SmtpSecurity::None => Security::None,
        };
        let fake = fake_smtp::Server::start(secured, answers).await;
        let smtp = Smtp {
            host: "localhost".into(),
            port: fake.port,
            security,
            username: Some("ada".into()),
            password: Some(Secret::new("correct horse".into())),
            from: "obelus@example.org".into(),
        };
        Server { smtp, fake }
    }

    pub fn mailer(&self) -> Mailer {
        Mailer::with_root(&self.smtp, Some(&self.fake.root)).expect("the settings are sound")
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.fake.arrived()
    }
}

fn letter() -> Letter<'static> {
    Letter {
        to: "ada@example.net",
        subject: "New memo in main",
        text: "There is a memo.\n",
        json: None,
        id: "AAAAAAAAAAAAAAAAAAAAAA",
    }
}

#[tokio::test]
async fn a_letter_goes_out_by_tls_and_by_starttls_with_the_account() {
    for security in [SmtpSecurity::Tls, SmtpSecurity::StartTls] {
        let server = Server::start(security, &[]).await;
        server.mailer().send(letter()).await.expect("it is taken");
        let arrived = server.arrived();
        let [letter] = arrived.as_slice() else {
            panic!("one letter: {arrived:?}");
        };
        assert!(letter.tls, "{security:?}");
        // \0ada\0correct horse
        assert_eq!(letter.account, "PLAIN AGFkYQBjb3JyZWN0IGhvcnNl");
        assert_eq!(letter.from, "FROM:<obelus@example.org>");
        assert_eq!(letter.to, "TO:<ada@example.net>");
        for line in [
            "From: obelus@example.org",
            "To: ada@example.net",
            "Subject: New memo in main",
            "Message-ID: <AAAAAAAAAAAAAAAAAAAAAA@example.org>",
            "Auto-Submitted: auto-generated",
            "There is a memo.",
        ] {
            assert!(
                letter.data.contains(&format!("{line}\r\n")),
                "{line}: {}",
                letter.data
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_no_letter_and_no_password() {
    for security in [SmtpSecurity::Tls, SmtpSecurity::StartTls] {
        let server = Server::start(security, &[]).await;
        let stranger = Mailer::new(&server.smtp).expect("the settings are sound");
        let reason = stranger.send(letter()).await.expect_err("it is not believed");
        assert!(reason.contains("certificate"), "{reason}");
        // Its certificate is for another name.
        let elsewhere = Smtp {
            host: "127.0.0.1".into(),
            ..server.smtp.clone()
        };
        let mailer = Mailer::with_root(&elsewhere, Some(&server.fake.root)).expect("the settings are sound");
        mailer.send(letter()).await.expect_err("it is not believed");
        assert!(server.arrived().is_empty());
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_no_letter() {
    let server = Server::start(SmtpSecurity::None, &[]).await;
    let smtp = Smtp {
        security: SmtpSecurity::StartTls,
        ..server.smtp.clone()
    };
    let mailer = Mailer::with_root(&smtp, Some(&server.fake.root)).expect("the settings are sound");
    mailer.send(letter()).await.expect_err("it is in clear");
    assert!(server.arrived().is_empty());
}

#[tokio::test]
async fn mail_in_clear_goes_to_this_machine_alone() {
    let server = Server::start(SmtpSecurity::None, &[]).await;
    Mailer::new(&server.smtp)
        .expect("it is this machine")
        .send(letter())
        .await
        .expect("it is taken");
    assert!(!server.arrived()[0].tls);
    for host in ["mail.example.org", "192.0.2.1", "localhost.example.org"] {
        let smtp = Smtp {
            host: host.into(),
            ..server.smtp.clone()
        };
        let refused = Mailer::new(&smtp).err().expect("it is elsewhere");
        assert!(refused.contains("not this machine"), "{refused}");
    }
    let smtp = Smtp {
        from: "nobody".into(),
        ..server.smtp
    };
    assert!(Mailer::new(&smtp).is_err());
}

#[tokio::test]
async fn a_link_without_an_owner_key_goes_out_by_mail_and_is_tried_again_from_memory() {
    let server = Server::start(SmtpSecurity::Tls, &["451 later"]).await;
    let ways = Ways {
        policy: policy(2),
        client: webhook::Client::default(),
        mailer: Some(server.mailer()),
        send_message: None,
        slots: Semaphore::new(1),
    };
    let channel = Channel::Mail {
        to: "ada@example.net".into(),
        envelope: true,
    };
    let (lines, guard) = capture();
    let (notifier, running) = start_with(HashMap::from([("main".into(), vec![channel])]), ways, None);
    notifier.hand_over(super::notice());
    drop(notifier);
    assert_eq!(running.links.await.expect("the work does not panic"), 0);
    drop(guard);
    let arrived = server.arrived();
    assert_eq!(arrived.len(), 2);
    let text = arrived[1].text();
    let link = Zeroizing::new(format!(
        "https://memo.example.org/voice/AAAAAAAAAAAAAAAAAAAAAA#{}",
        super::KEY
    ));
    assert!(text.contains(&format!("\n{}\n", *link)), "{text}");
    assert!(text.contains("recorded at 2026-01-31 12:00:00 UTC"), "{text}");
    assert!(
        !text.contains("5550100") && !text.contains("envelope.json"),
        "{text}"
    );
    let lines = lines.lock().expect("no test panics while it logs");
    assert!(lines.contains("451") && !lines.contains(super::KEY), "{lines}");
}
