//! `obelus demo`: a switch with the built-in configuration, called over real SIP and RTP on loopback, and the memo that
//! comes of it: opened, compared with what was said, and shown as a link and a QR code, and in its owner's inbox.

mod snr;

use crate::codec::wav;
use crate::config::{Config, LogFormat, Mailbox};
use crate::dialplan;
use crate::federation::open_link::open_link;
use crate::io::hardening;
use crate::io::notify::Notice;
use crate::io::server::{Server, Start};
use crate::media::builtin_sounds::{DEMO_SPEECH, SOUNDS};
use crate::media::library::Library;
use crate::memo::link::{InboxLink, LinkBase, ParsedLink};
use crate::memo::owner::{Kem, OwnerSeed};
use crate::memo::store::mailboxes::OwnerKey;
use crate::memo::store::Store;
use crate::phone::{self, PhoneConfig, Progress};
use crate::sip::Transport;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// A memo that sounds less like what was said than this is a failure. G.711 alone costs a voice at an ordinary level
/// down to about 36 dB.
const LEAST_SNR_DB: f64 = 30.0;
/// How much later than the recording's start the first word may come.
const REACH_SAMPLES: usize = 8_000 * 12;
/// How long the memo may take from the hang-up to its link.
const PATIENCE: Duration = Duration::from_secs(15);
/// The mailbox that takes the memo.
const MAILBOX: &str = "main";
/// The number that is called: any will do, this one cannot belong to anybody.
const DID: &str = "5550100";

/// Arguments of `obelus demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Speak this recording instead of the built-in sample
    #[arg(long, value_name = "FILE")]
    pub wav: Option<PathBuf>,
    /// Check the memo and leave, instead of staying up so that its link plays
    #[arg(long)]
    pub exit: bool,
    /// Print the outcome as one line of JSON
    #[arg(long)]
    pub json: bool,
}

/// What was shown.
struct Outcome {
    memo_id: String,
    link: zeroize::Zeroizing<String>,
    inbox: InboxLink,
    http: String,
    seconds: f64,
    snr_db: f64,
}

/// Runs the demonstration.
pub fn main(args: Args) -> ExitCode {
    let config = Config::default();
    let log = crate::config::Log {
        level: tracing::Level::WARN,
        format: LogFormat::Text,
        ..config.log
    };
    crate::ops::logging::init(&log);
    hardening::lock_memory_and_say();
    hardening::raise_open_files();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("cannot start: {error}")),
    };
    match runtime.block_on(run(&args)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("obelus: {why}");
    ExitCode::FAILURE
}

async fn run(args: &Args) -> Result<ExitCode, String> {
    let speech = speech(args.wav.as_deref())?;
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let (links, mut handed_over) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(Start {
        config: Arc::new(configuration(folder.path(), &speech)),
        dialplan: Arc::new(dialplan::built_in()),
        library: Arc::new(Library::new(Vec::new(), SOUNDS)),
        observer: Some(Box::new(move |notice| drop(links.send(notice)))),
    })
    .await
    .map_err(|error| error.to_string())?;
    let owner = make_owner(&server.store)?;
    let say = |line: &str| {
        if !args.json {
            println!("{line}");
        }
    };
    let sip = server
        .sip
        .iter()
        .find_map(|(transport, address)| (*transport == Transport::Udp).then_some(*address))
        .ok_or("the demo's own switch does not listen")?;
    say(&format!(
        "A switch of its own: SIP on {sip}, pages on {}",
        server.base
    ));

    let began = Instant::now();
    let report = phone::call(
        PhoneConfig {
            user: "5550199".into(),
            wav: Some(speech.clone()),
            dtmf: "#".into(),
            ..PhoneConfig::new(format!("sip:{DID}@{sip}"))
        },
        |progress| {
            if let Some(what) = describe(&progress) {
                say(&format!("{:6.1} s  {what}", began.elapsed().as_secs_f64()));
            }
        },
    )
    .await
    .map_err(|error| format!("the call could not be made: {error}"))?;
    if let Some(failure) = report.failure() {
        return Err(format!("the call failed: {failure}"));
    }
    let notice = tokio::time::timeout(PATIENCE, handed_over.recv())
        .await
        .ok()
        .flatten()
        .ok_or("the call left no memo")?;
    let outcome = check(notice, &server.base, &owner, &speech).await?;
    tell(args, &outcome);
    let good = outcome.snr_db >= LEAST_SNR_DB;
    if !good {
        eprintln!("obelus: the memo sounds too little like what was said: below {LEAST_SNR_DB} dB");
    }
    if !args.exit {
        say("The links work as long as this runs. Ctrl-C ends it and forgets everything.");
        let _ = tokio::signal::ctrl_c().await;
    }
    server.stop().await;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is said: 8 kHz mono.
fn speech(file: Option<&Path>) -> Result<Vec<i16>, String> {
    let samples = match file {
        None => wav::read_8k(DEMO_SPEECH).map_err(|error| format!("the built-in sample: {error}"))?,
        Some(path) => {
            let bytes =
                std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            wav::read_8k(&bytes).map_err(|error| format!("{}: {error}", path.display()))?
        }
    };
    if samples.iter().all(|sample| *sample == 0) {
        return Err("the recording is silent: there is nothing to compare".into());
    }
    Ok(samples)
}

/// Free ports and a store that goes with the demo, so that it never meets a switch that runs.
fn configuration(store: &Path, speech: &[i16]) -> Config {
    let mut config = Config::default();
    let loopback = std::net::Ipv4Addr::LOCALHOST;
    config.sip.listen = vec![
        (Transport::Udp, (loopback, 0).into()),
        (Transport::Tcp, (loopback, 0).into()),
    ];
    config.media.ports = (20_000, 59_999);
    config.http.listen = (loopback, 0).into();
    config.store.path = store.to_owned();
    let secs = speech.len() as u64 / 8_000;
    config.mailboxes = vec![Mailbox {
        // Whatever is said is kept, pauses and all.
        min_secs: 0,
        max_secs: (secs + 60).min(crate::limits::RECORDING_SECS),
        silence_secs: 0,
        ..Mailbox::named(MAILBOX)
    }];
    config
}

/// Gives the mailbox an owner, as `obelus mailbox key` does.
fn make_owner(store: &Store) -> Result<OwnerSeed, String> {
    let seed = OwnerSeed::generate();
    let key = OwnerKey::new(
        &seed.public_key(Kem::XWing),
        seed.listing_token().verifier(),
        SystemTime::now(),
    );
    store
        .mailboxes()
        .set_owner(MAILBOX, key)
        .map_err(|error| format!("the mailbox takes no key: {error}"))?;
    Ok(seed)
}

fn describe(progress: &Progress) -> Option<String> {
    Some(match progress {
        Progress::Calling(address) => format!("INVITE sip:{DID}@{address}"),
        Progress::Ringing => "it rings".into(),
        Progress::Answered(codec) => format!("answered, {}", codec.name()),
        Progress::Listening => "the greeting plays".into(),
        Progress::Speaking => "the beep: speaking".into(),
        Progress::Dialling => "all is said: pressing #".into(),
        Progress::Staying => "listening to the end".into(),
        Progress::HungUp => "hung up".into(),
        Progress::NoKeys => "the switch takes no keys".into(),
        Progress::Changed { .. } | Progress::Figures { .. } => return None,
    })
}

/// Opens the memo as anybody with the link would, and compares it with what was said.
async fn check(notice: Notice, base: &str, owner: &OwnerSeed, speech: &[i16]) -> Result<Outcome, String> {
    let link = ParsedLink::parse(&notice.link).map_err(|error| format!("the link is of no use: {error}"))?;
    let opened = open_link(&link, false)
        .await
        .map_err(|error| format!("the memo does not open: {error}"))?;
    let heard = wav::read_8k(&opened.audio).map_err(|error| format!("the memo is no sound: {error}"))?;
    let delay = snr::delay(speech, &heard, REACH_SAMPLES).ok_or("the memo holds nothing of what was said")?;
    Ok(Outcome {
        memo_id: notice.memo_id.clone(),
        link: notice.link.clone(),
        inbox: InboxLink::new(&LinkBase::new("", Some(base), false), MAILBOX, owner),
        http: base.to_owned(),
        seconds: notice.seconds,
        snr_db: snr::snr_db(speech, &heard, delay),
    })
}

fn tell(args: &Args, outcome: &Outcome) {
    let Outcome {
        memo_id,
        link,
        inbox,
        http,
        seconds,
        snr_db,
    } = outcome;
    if args.json {
        let snr_db = (snr_db * 10.0).round() / 10.0;
        let line = json!({
            "memo_id": memo_id,
            "link": link.as_str(),
            "inbox_link": inbox.expose(),
            "http": http,
            "seconds": seconds,
            "snr_db": snr_db,
        });
        println!("{line}");
        return;
    }
    println!("\nThe memo was encrypted, stored, fetched and decrypted again: {seconds:.1} s, {snr_db:.1} dB like what was said.");
    println!(
        "Its link opens it; the switch keeps no copy of the key:\n\n  {}\n",
        link.as_str()
    );
    if let Ok(code) = qrcode::QrCode::new(link.as_bytes()) {
        let picture = code
            .render::<qrcode::render::unicode::Dense1x2>()
            .quiet_zone(true)
            .build();
        println!("{picture}");
    }
    println!(
        "So does the mailbox's inbox, with the key that was made for its owner just now:\n\n  {}\n",
        inbox.expose()
    );
}
