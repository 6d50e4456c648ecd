//! The configuration, `obelus.toml`: read once into a validated value, every mistake with line and column.
//!
//! Defaults stand here and nowhere else. Modules receive their own part by value.

use crate::codec::Codec;
use crate::secret::Secret;
use crate::sip::Transport;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

mod files;
mod keys;
mod load;
mod mailbox;
mod reader;
mod secrets;
mod sections;
mod services;
#[cfg(test)]
mod tests;
mod trunk;
mod values;

pub use keys::KEYS;
pub use load::{find, load, load_without_secrets, parse, read, Kind, Process, Surroundings, DEFAULT_FILE};

/// The whole configuration, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `[sip]`
    pub sip: Sip,
    /// `[media]`
    pub media: Media,
    /// `[http]`
    pub http: Http,
    /// `[federation]`
    pub federation: Federation,
    /// `[store]`
    pub store: Store,
    /// `[dialplan]`
    pub dialplan: Dialplan,
    /// `[sounds]`
    pub sounds: Sounds,
    /// `[smtp]`; none where there is no such section.
    pub smtp: Option<Smtp>,
    /// `[transcription]`; none where there is no such section.
    pub transcription: Option<Transcription>,
    /// `[log]`
    pub log: Log,
    /// `[[trunk]]`, in file order.
    pub trunks: Vec<Trunk>,
    /// `[[mailbox]]`, in file order; one named `main`, with every default, where there is none.
    pub mailboxes: Vec<Mailbox>,
}

/// `[sip]`
#[derive(Clone, Debug, PartialEq)]
pub struct Sip {
    /// `listen`: default `["udp:0.0.0.0:5060", "tcp:0.0.0.0:5060"]`.
    pub listen: Vec<(Transport, SocketAddr)>,
    /// `external_address`: what peers outside are told instead of our own address, in Contact and SDP.
    pub external_address: Option<IpAddr>,
    /// `max_calls`: default 2000; beyond it an INVITE is answered 503 with Retry-After.
    pub max_calls: usize,
}

/// `[media]`
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    /// `address`: where RTP sockets are bound; without it, the address that the SIP peer reached.
    pub address: Option<IpAddr>,
    /// `ports`: default 10000 to 19999, inclusive; RTP takes the even ones, RTCP the odd ones above. The first is even
    /// and the last odd, whatever the file said.
    pub ports: (u16, u16),
    /// `threads`: default 1.
    pub threads: usize,
}

/// `[http]`
#[derive(Clone, Debug, PartialEq)]
pub struct Http {
    /// `listen`: default 127.0.0.1:5001.
    pub listen: SocketAddr,
    /// `domain`: what stands in links and in discovery; default `localhost` with the port of `listen`.
    pub domain: String,
    /// `public_url`: where a proxy with TLS makes the pages reachable (`https://memo.example.org`).
    pub public_url: Option<String>,
    /// `admin_token`: for `/voicemails`; without it that page answers 403.
    pub admin_token: Option<Secret>,
    /// `tls_cert`: PEM chain; with `tls_key`, the server speaks HTTPS itself.
    pub tls_cert: Option<PathBuf>,
    /// `tls_key`: PEM key.
    pub tls_key: Option<PathBuf>,
    /// `trusted_proxies`: whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<Cidr>,
    /// `record`: whether strangers may leave memos in a browser; default no.
    pub record: bool,
    /// `record_days`: for how long a memo without a mailbox is kept; default 30.
    pub record_days: u64,
}

/// `[federation]`
#[derive(Clone, Debug, PartialEq)]
pub struct Federation {
    /// `serve_unsigned`: default true: 1.0 peers, which sign nothing, are served.
    pub serve_unsigned: bool,
    /// `trusted_domains`: told in discovery; where there are any, only these are served; default none.
    pub trusted_domains: Vec<String>,
    /// `allow_private`: hosts, `host` or `host:port`, that our own client may reach though their addresses are private or
    /// loopback ones, and by plain HTTP where those are loopback; default none.
    pub allow_private: Vec<String>,
    /// `numbers`: by which a caller of `MemoOpen` names another domain: digits and domain; default none.
    pub numbers: Vec<(String, String)>,
}

/// How a connection to a mail server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, without which nothing is sent.
    StartTls,
    /// In clear: to this machine alone.
    None,
}

/// `[smtp]`
#[derive(Clone, Debug, PartialEq)]
pub struct Smtp {
    /// `host`
    pub host: String,
    /// `port`: default 465 for `tls`, 587 for `starttls`, 25 for `none`.
    pub port: u16,
    /// `security`: default `tls`.
    pub security: SmtpSecurity,
    /// `username`
    pub username: Option<String>,
    /// `password`
    pub password: Option<Secret>,
    /// `from`: the sender's address.
    pub from: String,
}

/// `[transcription]`
#[derive(Clone, Debug, PartialEq)]
pub struct Transcription {
    /// `endpoint`: the URL of `/v1/audio/transcriptions`.
    pub endpoint: String,
    /// `model`: default `whisper-1`.
    pub model: String,
    /// `language`: which one is spoken; without it, the endpoint finds out.
    pub language: Option<String>,
    /// `summary_endpoint`: the URL of `/v1/chat/completions`; without it there are no summaries.
    pub summary_endpoint: Option<String>,
    /// `summary_model`
    pub summary_model: String,
    /// `api_token`: sent as a bearer token to both.
    pub api_token: Option<Secret>,
    /// `allow_remote`: whether audio may leave this machine; default no.
    pub allow_remote: bool,
}

/// A fact of a call that a mailbox may leave in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearFact {
    /// The caller's number.
    From,
    /// The caller's name.
    CallerName,
    /// The number called.
    To,
    /// The number that the call was diverted from.
    Diversion,
    /// The length.
    Duration,
    /// The transcript and its summary.
    Transcript,
}

/// `[store]`
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// `path`: default `data`.
    pub path: PathBuf,
}

/// `[dialplan]`
#[derive(Clone, Debug, PartialEq)]
pub struct Dialplan {
    /// `file`: default `dialplans/main.conf`; where that default does not exist, the built-in copy of it.
    pub file: PathBuf,
    /// `language`: the language that calls begin with, a folder of sounds; default `en`.
    pub language: String,
    /// `allow`: applications and functions that are refused unless named here (`Record`: plain files).
    pub allow: Vec<String>,
    /// `watch`: whether a file that changes is loaded anew by itself; default no.
    pub watch: bool,
    /// `curl`: the beginnings of the URLs that CURL may ask; default none.
    pub curl: Vec<String>,
    /// `agi_folder`: where the programs of AGI are; without it there are none.
    pub agi_folder: Option<PathBuf>,
    /// `agi_hosts`: `host` or `host:port` of the servers that `agi://` may reach; default none.
    pub agi_hosts: Vec<String>,
    /// `files`: the folder that FILE and STAT see; without it, no file.
    pub files: Option<PathBuf>,
    /// `environment`: the variables that ENV sees, with what they held at the start.
    pub environment: Vec<(String, Secret)>,
}

/// `[sounds]`
#[derive(Clone, Debug, PartialEq)]
pub struct Sounds {
    /// `path`: folders searched in order; default `["sounds"]`; the built-in sounds come last.
    pub path: Vec<PathBuf>,
}

/// A line of the log as text, or as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// `level`: default info.
    pub level: tracing::Level,
    /// `format`: default text.
    pub format: LogFormat,
    /// `full_numbers`: default false: numbers are shown as their last four digits.
    pub full_numbers: bool,
}

/// What is sent to a caller while only recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// One frame a second (RFC 6263): enough for NATs and most trunks.
    Keepalive,
    /// A frame each 20 ms, for trunks that drop a call without steady audio.
    Continuous,
}

/// How a trunk's numbers are brought to one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// As sent.
    AsIs,
    /// Digits only: `+`, spaces, dots, dashes and brackets dropped.
    Digits,
    /// `+` and country code: NANP numbers of 10 or 11 digits get `+1`, a leading `00` or `011` becomes `+`.
    E164,
    /// North American ten digits: `+1` or `1` dropped.
    Nanp10,
}

/// `[[trunk]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Trunk {
    /// `name`: in logs, in `${TRUNK}`.
    pub name: String,
    /// `context`: where its calls enter the dialplan; default `from-trunk`.
    pub context: String,
    /// `match`: addresses that its calls come from.
    pub matches: Vec<Cidr>,
    /// `registrar`: `host`, `host:port`, or a sip URI; registers where present.
    pub registrar: Option<String>,
    /// `username`
    pub username: Option<String>,
    /// `password`
    pub password: Option<Secret>,
    /// `codecs`: in order of preference; default pcmu, pcma.
    pub codecs: Vec<Codec>,
    /// `number_format`: default as sent.
    pub number_format: NumberFormat,
    /// `expires_secs`: what is asked of the registrar; default 600.
    pub expires_secs: u32,
    /// `silence`: default keepalive.
    pub silence: Silence,
}

/// `[[mailbox]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Mailbox {
    /// `name`: what `Memo(name)` says.
    pub name: String,
    /// `notify_command`: a program and its arguments (a string is run by `/bin/sh -c`); receives one line of JSON on
    /// standard input.
    pub notify_command: Option<Vec<String>>,
    /// `notify_webhook`: an http or https URL that receives the same JSON.
    pub notify_webhook: Option<String>,
    /// `min_secs`: shorter recordings leave no memo; default 2.
    pub min_secs: u64,
    /// `max_secs`: default 300.
    pub max_secs: u64,
    /// `silence_secs`: so much silence ends a recording; 0 never does; default 10.
    pub silence_secs: u64,
    /// `beep`: default true.
    pub beep: bool,
    /// `review`: whether `VoiceMail` asks the caller before it keeps a recording; default false.
    pub review: bool,
    /// `full_name`: whose it is, first name first, for `Directory`; default none.
    pub full_name: String,
    /// `clear`: facts of its calls that the server keeps in clear; default none.
    pub clear: Vec<ClearFact>,
    /// `record`: whether memos may be left in it from a browser, where `[http] record` allows that at all; default yes.
    pub record: bool,
    /// `telephone`: whether its memos may be heard by telephone code; default no.
    pub telephone: bool,
    /// `keep_days`: memos are deleted so long after they were recorded; none for never.
    pub keep_days: Option<u64>,
    /// `keep_memos`: the oldest are deleted beyond so many; none for any number.
    pub keep_memos: Option<u64>,
    /// `keep_mb`: the oldest are deleted beyond so many megabytes (10^6 bytes); none for any.
    pub keep_mb: Option<u64>,
    /// `notify_webhook_secret`: what requests to the webhook are signed with.
    pub notify_webhook_secret: Option<Secret>,
    /// `notify_email`: an address that is told of each memo.
    pub notify_email: Option<String>,
    /// `email_envelope`: whether the mail carries the sealed envelope; default no.
    pub email_envelope: bool,
    /// `notify_sip`: a SIP URI that is sent a MESSAGE.
    pub notify_sip: Option<String>,
    /// `mwi`: a SIP URI whose phone is told of waiting messages (RFC 3842).
    pub mwi: Option<String>,
    /// `transcribe`: whether `[transcription]` hears its memos; default no.
    pub transcribe: bool,
    /// `summarize`: whether transcripts are summed up; default no.
    pub summarize: bool,
}

/// An address range, `192.0.2.0/24` or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The first address.
    pub address: IpAddr,
    /// Leading bits that count.
    pub prefix: u8,
}

impl Cidr {
    /// Whether `address` lies in the range; an IPv4-mapped IPv6 address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32u32.saturating_sub(u32::from(self.prefix));
                shift >= 32 || u32::from(net) >> shift == u32::from(ip) >> shift
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128u32.saturating_sub(u32::from(self.prefix));
                shift >= 128 || u128::from(net) >> shift == u128::from(ip) >> shift
            }
            _ => false,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            sip: Sip {
                listen: vec![
                    (Transport::Udp, SocketAddr::from(([0, 0, 0, 0], 5060))),
                    (Transport::Tcp, SocketAddr::from(([0, 0, 0, 0], 5060))),
                ],
                external_address: None,
                max_calls: 2000,
            },
            media: Media {
                address: None,
                ports: (10_000, 19_999),
                threads: 1,
            },
            http: Http {
                listen: SocketAddr::from(([127, 0, 0, 1], 5001)),
                domain: "localhost:5001".into(),
                public_url: None,
                admin_token: None,
                tls_cert: None,
                tls_key: None,
                trusted_proxies: Vec::new(),
                record: false,
                record_days: 30,
            },
            federation: Federation {
                serve_unsigned: true,
                trusted_domains: Vec::new(),
                allow_private: Vec::new(),
                numbers: Vec::new(),
            },
            store: Store {
                path: PathBuf::from("data"),
            },
            dialplan: Dialplan {
                file: PathBuf::from("dialplans/main.conf"),
                language: "en".to_owned(),
                allow: Vec::new(),
                watch: false,
                curl: Vec::new(),
                agi_folder: None,
                agi_hosts: Vec::new(),
                files: None,
                environment: Vec::new(),
            },
            sounds: Sounds {
                path: vec![PathBuf::from("sounds")],
            },
            smtp: None,
            transcription: None,
            log: Log {
                level: tracing::Level::INFO,
                format: LogFormat::Text,
                full_numbers: false,
            },
            trunks: Vec::new(),
            mailboxes: vec![Mailbox::named("main")],
        }
    }
}

impl Trunk {
    /// A trunk of that name with every default.
    pub fn named(name: impl Into<String>) -> Self {
        Trunk {
            name: name.into(),
            context: "from-trunk".into(),
            matches: Vec::new(),
            registrar: None,
            username: None,
            password: None,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            number_format: NumberFormat::AsIs,
            expires_secs: 600,
            silence: Silence::Keepalive,
        }
    }
}

impl Mailbox {
    /// A mailbox of that name with every default. `main` exists so even where the configuration has none.
    pub fn named(name: impl Into<String>) -> Self {
        Mailbox {
            name: name.into(),
            notify_command: None,
            notify_webhook: None,
            min_secs: 2,
            max_secs: 300,
            silence_secs: 10,
            beep: true,
            review: false,
            full_name: String::new(),
            clear: Vec::new(),
            record: true,
            telephone: false,
            keep_days: None,
            keep_memos: None,
            keep_mb: None,
            notify_webhook_secret: None,
            notify_email: None,
            email_envelope: false,
            notify_sip: None,
            mwi: None,
            transcribe: false,
            summarize: false,
        }
    }
}
