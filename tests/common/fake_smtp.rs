//! A mail server of the tests' own that speaks as much SMTP as it takes. Tests of the library include it too.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::PrivateKeyDer;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// How connections are secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    Tls,
    StartTls,
    None,
}

/// A letter as it arrived, whatever was answered.
#[derive(Clone, Debug, Default)]
pub struct Arrived {
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
pub struct Server {
    /// Its port of this machine.
    pub port: u16,
    /// The authority that vouches for it.
    pub root: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    came: Arc<Condvar>,
}

impl Server {
    /// Answers the end of each letter with the next of these, then always with 250.
    pub async fn start(security: Security, answers: &[&str]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        Server::start_on(listener, security, answers)
    }

    /// The same where somebody listens already.
    pub fn start_on(listener: TcpListener, security: Security, answers: &[&str]) -> Server {
        let (acceptor, root) = authority();
        let port = listener.local_addr().expect("it is bound").port();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let answers: VecDeque<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let (kept, answers) = (arrived.clone(), Arc::new(Mutex::new(answers)));
        let came = Arc::new(Condvar::new());
        let tells = came.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = Session {
                    acceptor: acceptor.clone(),
                    arrived: kept.clone(),
                    came: tells.clone(),
                    answers: answers.clone(),
                    letter: Arrived::default(),
                    offers_starttls: security == Security::StartTls,
                };
                tokio::spawn(session.serve(Box::new(stream), security == Security::Tls));
            }
        });
        Server {
            port,
            root,
            arrived,
            came,
        }
    }

    /// Waits until what arrived is what is wanted. For tests that are no tasks.
    pub fn wait_for<T>(&self, wanted: impl Fn(&[Arrived]) -> Option<T>) -> T {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let mut arrived = self.arrived.lock().expect("no test panics with it");
        loop {
            if let Some(found) = wanted(&arrived) {
                return found;
            }
            let left = end.saturating_duration_since(std::time::Instant::now());
            assert!(!left.is_zero(), "no such letter comes: {arrived:?}");
            let (again, _) = self
                .came
                .wait_timeout(arrived, left)
                .expect("no test panics with it");
            arrived = again;
        }
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
    came: Arc<Condvar>,
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
        self.came.notify_all();
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

/// The JSON that is attached to a letter: the file's name, and what is in it.
pub fn attachment(data: &str) -> (String, Vec<u8>) {
    use base64::Engine as _;
    // A line of what is attached may begin with two hyphens as well.
    let boundary = data.split("boundary=\"").nth(1).expect("it has parts");
    let boundary = boundary.split('"').next().unwrap_or_default();
    let part = data
        .split(&format!("\r\n--{boundary}"))
        .find(|part| part.contains("application/json"))
        .expect("there is an attachment");
    let (head, body) = part.split_once("\r\n\r\n").expect("it has a body");
    let name = head.split("filename=\"").nth(1).expect("it has a name");
    let body = match head.contains("base64") {
        true => base64::engine::general_purpose::STANDARD
            .decode(body.replace("\r\n", ""))
            .expect("it is base64"),
        false => body.replace("=\r\n", "").replace("=3D", "=").into_bytes(),
    };
    (name.split('"').next().unwrap_or_default().to_owned(), body)
}
