//! Mail, to a server of the tests' own that speaks as much SMTP as it takes.

use super::super::mail::Letter;
use super::super::*;
use super::{log, policy};
use crate::config::{Smtp, SmtpSecurity};
use crate::secret::Secret;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::PrivateKeyDer;
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

/// A letter as it arrived.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrived {
    pub tls: bool,
    pub account: String,
    pub from: String,
    pub to: String,
    pub data: String,
}

impl Arrived {
    /// The text with the transfer encodings that letters of ours use taken off.
    pub fn text(&self) -> String {
        let plain = self.data.replace("=\r\n", "");
        plain.replace("=3D", "=").replace("\r\n", "\n")
    }
}

/// A mail server for one test.
pub(super) struct Server {
    pub smtp: Smtp,
    /// The authority that vouches for it.
    pub root: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Server {
    /// Answers the end of each letter with the next of these, then always with 250.
    pub async fn start(security: SmtpSecurity, answers: &[&str]) -> Server {
        let (acceptor, root) = authority();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let answers: VecDeque<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let (kept, answers) = (arrived.clone(), Arc::new(Mutex::new(answers)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = Session {
                    acceptor: acceptor.clone(),
                    arrived: kept.clone(),
                    answers: answers.clone(),
                    letter: Arrived::default(),
                    offers_starttls: security == SmtpSecurity::StartTls,
                };
                tokio::spawn(session.serve(Box::new(stream), security == SmtpSecurity::Tls));
            }
        });
        Server {
            smtp: Smtp {
                host: "localhost".into(),
                port,
                security,
                username: Some("ada".into()),
                password: Some(Secret::new("correct horse".into())),
                from: "obelus@example.org".into(),
            },
            root,
            arrived,
        }
    }

    pub fn mailer(&self) -> Mailer {
        Mailer::with_root(&self.smtp, Some(&self.root)).expect("the settings are sound")
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().expect("no test panics with it").clone()
    }
}

/// A certificate for `localhost`, and the authority that made it.
fn authority() -> (TlsAcceptor, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("no name is wrong");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("keys can be made");
    let root = params.self_signed(&key).expect("it is signed").pem();
    let issuer = Issuer::new(params, key);
    let own_key = KeyPair::generate().expect("keys can be made");
    let own = CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|params| params.signed_by(&own_key, &issuer))
        .expect("it is signed");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::from_pem_slice(own_key.serialize_pem().as_bytes()).expect("it is a key");
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the versions fit")
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], private)
        .expect("they belong together");
    (TlsAcceptor::from(Arc::new(config)), root)
}

/// One connection.
struct Session {
    acceptor: TlsAcceptor,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    answers: Arc<Mutex<VecDeque<String>>>,
    letter: Arrived,
    offers_starttls: bool,
}

/// A way to the client, in clear or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Session {
    /// Speaks until the client is done.
    async fn serve(mut self, mut stream: Box<dyn Stream>, secured: bool) -> Option<()> {
        if secured {
            stream = self.secure(stream).await?;
        }
        let mut stream = BufReader::new(stream);
        say(&mut stream, "220 localhost").await?;
        while self.speak(&mut stream).await? {
            stream = BufReader::new(self.secure(stream.into_inner()).await?);
        }
        Some(())
    }

    async fn secure(&mut self, stream: Box<dyn Stream>) -> Option<Box<dyn Stream>> {
        let stream = self.acceptor.accept(stream).await.ok()?;
        self.letter.tls = true;
        self.offers_starttls = false;
        Some(Box::new(stream))
    }

    fn keep(&self) {
        let mut arrived = self.arrived.lock().expect("no test panics with it");
        arrived.push(self.letter.clone());
    }

    /// Answers commands. Whether TLS is to begin now.
    async fn speak(&mut self, stream: &mut BufReader<Box<dyn Stream>>) -> Option<bool> {
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    let extra = if self.offers_starttls {
                        "STARTTLS"
                    } else {
                        "AUTH PLAIN"
                    };
                    say(stream, &format!("250-localhost\r\n250 {extra}")).await?;
                }
                "STARTTLS" if self.offers_starttls => {
                    say(stream, "220 go on").await?;
                    return Some(true);
                }
                "AUTH" => {
                    self.letter.account = rest.to_owned();
                    say(stream, "235 welcome").await?;
                }
                "MAIL" => {
                    self.letter.from = rest.to_owned();
                    say(stream, "250 ok").await?;
                }
                "RCPT" => {
                    self.letter.to = rest.to_owned();
                    say(stream, "250 ok").await?;
                }
                "DATA" => {
                    say(stream, "354 go on").await?;
                    self.letter.data = data(stream).await?;
                    let answer = self.answers.lock().expect("no test panics with it").pop_front();
                    let answer = answer.unwrap_or_else(|| "250 taken".to_owned());
                    self.keep();
                    say(stream, &answer).await?;
                }
                "QUIT" => {
                    say(stream, "221 bye").await?;
                    return Some(false);
                }
                _ => say(stream, "250 ok").await?,
            }
        }
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, text: &str) -> Option<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn data<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
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
        let mailer = Mailer::with_root(&elsewhere, Some(&server.root)).expect("the settings are sound");
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
    let mailer = Mailer::with_root(&smtp, Some(&server.root)).expect("the settings are sound");
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
    let (lines, guard) = log();
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
