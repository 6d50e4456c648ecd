//! A notifier that is a mailbox of mail: one letter a memo, by SMTP.
//!
//! The connection is TLS from the start or by STARTTLS, which is demanded and not merely taken where it is offered, and
//! the server's certificate is verified as the machine verifies others; mail in clear goes to this machine alone. Each
//! letter has a Message-ID made from the memo's id, so that one that was sent twice is recognised.

use crate::config::{Smtp, SmtpSecurity};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox as Address, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::time::Duration;

/// One letter.
pub(super) struct Letter<'a> {
    /// To whom.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// The text.
    pub text: &'a str,
    /// A file beside it: its name, of letters, digits, `.`, `-` and `_`, and JSON.
    pub json: Option<(String, Vec<u8>)>,
    /// What its Message-ID begins with: the same for the same letter.
    pub id: &'a str,
}

/// Sends letters; cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl Mailer {
    /// Of that server.
    ///
    /// # Errors
    /// A sender that is no address, a name that no certificate can have, a server elsewhere without TLS.
    pub fn new(smtp: &Smtp) -> Result<Self, String> {
        Mailer::with_root(smtp, None)
    }

    /// The same, believing one more certificate authority (PEM): tests make their own.
    ///
    /// # Errors
    /// As [`Mailer::new`].
    pub fn with_root(smtp: &Smtp, root: Option<&str>) -> Result<Self, String> {
        let host = smtp.host.as_str();
        let parameters = || {
            let mut builder = TlsParameters::builder(host.to_owned());
            if let Some(pem) = root {
                let certificate = Certificate::from_pem(pem.as_bytes());
                builder = builder.add_root_certificate(certificate.map_err(|error| error.to_string())?);
            }
            builder.build().map_err(|error| error.to_string())
        };
        let tls = match smtp.security {
            SmtpSecurity::Tls => Tls::Wrapper(parameters()?),
            SmtpSecurity::StartTls => Tls::Required(parameters()?),
            SmtpSecurity::None if is_loopback(host) => Tls::None,
            SmtpSecurity::None => {
                return Err(format!("{host} is not this machine: mail would go out in clear"))
            }
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(smtp.port)
            .tls(tls)
            .timeout(Some(COMMAND_TIME));
        if let (Some(username), Some(password)) = (&smtp.username, &smtp.password) {
            let credentials = Credentials::new(username.clone(), password.expose().to_owned());
            transport = transport.credentials(credentials);
        }
        Ok(Mailer {
            transport: transport.build(),
            from: address(&smtp.from)?,
        })
    }

    /// Sends a letter; `Err` says why it was not accepted.
    pub(super) async fn send(&self, letter: Letter<'_>) -> Result<(), String> {
        let message = self.message(letter)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(crate::web::reason(&error)),
        }
    }

    fn message(&self, letter: Letter<'_>) -> Result<Message, String> {
        let domain = self.from.email.domain();
        let builder = Message::builder()
            .from(self.from.clone())
            .to(address(letter.to)?)
            .subject(letter.subject)
            .message_id(Some(format!("<{}@{domain}>", letter.id)))
            .date_now()
            // So that nobody's absence is answered to us (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        let text = SinglePart::plain(letter.text.to_owned());
        let message = match letter.json {
            None => builder.singlepart(text),
            Some((name, json)) => {
                let content_type =
                    ContentType::parse("application/json").map_err(|error| error.to_string())?;
                let attachment = SinglePart::builder()
                    .header(FileName(name))
                    .header(content_type)
                    .body(json);
                builder.multipart(MultiPart::mixed().singlepart(text).singlepart(attachment))
            }
        };
        message.map_err(|error| error.to_string())
    }
}

/// Content-Disposition of a file whose name is plain and short. The library's own would cut a name as long as ours in
/// parts (RFC 2231), which not every mail program puts together again.
#[derive(Clone)]
struct FileName(String);

impl Header for FileName {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Disposition")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Err("only written".into())
    }

    fn display(&self) -> HeaderValue {
        let value = format!("attachment;\r\n filename=\"{}\"", self.0);
        HeaderValue::dangerous_new_pre_encoded(FileName::name(), value.clone(), value)
    }
}

/// How long each command of SMTP may take; a whole letter is bounded by the policy.
const COMMAND_TIME: Duration = Duration::from_secs(30);

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
