//! `obelus call`: a telephone for the terminal.

mod line;

use crate::codec::wav;
use crate::phone::{self, CallEnd, CallReport, PhoneConfig, Start};
use line::Line;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `obelus call`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom to call: sip:DID@HOST:PORT, with ;transport=tcp for TCP
    #[arg(value_name = "URI")]
    pub uri: String,
    /// Speak this recording, after the beep of whoever answers
    #[arg(long, value_name = "FILE")]
    pub wav: Option<PathBuf>,
    /// Speak as soon as the call is answered, without waiting for a beep
    #[arg(long)]
    pub at_once: bool,
    /// Press these keys after the recording: 0-9, *, #, A-D
    #[arg(long, value_name = "DIGITS")]
    pub dtmf: Option<String>,
    /// Write what is heard to this WAV file
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Hang up so many seconds after the last word or key [default: 1 after a recording, 10 after keys, else never]
    #[arg(long, value_name = "SECONDS")]
    pub stay: Option<u32>,
    /// The user or number to call as
    #[arg(long, value_name = "NAME", default_value = "obelus")]
    pub user: String,
}

/// Makes the call. Exit code 0: it was answered and ended in order; 1: it failed; 2: it could not be tried.
pub fn main(args: Args) -> ExitCode {
    match run(&args) {
        Ok(report) => finish(&args, &report),
        Err(why) => {
            eprintln!("obelus: {why}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<CallReport, String> {
    let config = config(args)?;
    // Found out before the call: what was heard cannot be heard again.
    if let Some(path) = &args.record {
        File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let mut out = io::stdout().lock();
    let mut line = Line::new(out.is_terminal());
    let stop = async {
        // Without that signal the call still ends by itself or by the far end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let call = phone::call_until(config, stop, |progress| {
        // A closed standard output is no reason to drop the call.
        let _ = line.show(&progress, &mut out);
    });
    runtime.block_on(call).map_err(|error| error.to_string())
}

fn config(args: &Args) -> Result<PhoneConfig, String> {
    let mut config = PhoneConfig::new(&args.uri);
    config.user.clone_from(&args.user);
    config.dtmf = args.dtmf.clone().unwrap_or_default();
    config.record = args.record.is_some();
    config.start = if args.at_once {
        Start::OnAnswer
    } else {
        Start::AfterBeep
    };
    config.wav = match &args.wav {
        None => None,
        Some(path) => Some(read(path).map_err(|why| format!("{}: {why}", path.display()))?),
    };
    config.hangup_after = match (args.stay, &config.wav, config.dtmf.is_empty()) {
        (Some(secs), _, _) => Some(Duration::from_secs(secs.into())),
        (None, Some(_), true) => Some(Duration::from_secs(1)),
        (None, Some(_), false) => Some(Duration::from_secs(10)),
        (None, None, _) => None,
    };
    Ok(config)
}

fn read(path: &Path) -> Result<Vec<i16>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    wav::read_8k(&bytes).map_err(|error| error.to_string())
}

fn finish(args: &Args, report: &CallReport) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    match report.failure() {
        Some(why) => {
            eprintln!("obelus: {why}");
            code = ExitCode::FAILURE;
        }
        None => print!("{}", summary(report)),
    }
    if let Some(path) = &args.record {
        let written = File::create(path).and_then(|mut file| file.write_all(&wav::encode(&report.heard)));
        match written {
            Ok(()) => println!(
                "heard {:.1} s, in {}",
                report.heard.len() as f64 / 8_000.0,
                path.display()
            ),
            Err(error) => {
                eprintln!("obelus: {}: {error}", path.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn summary(report: &CallReport) -> String {
    let who = match &report.end {
        CallEnd::Peer(Some(reason)) => format!("the far end hung up ({reason})"),
        CallEnd::Peer(None) => "the far end hung up".into(),
        _ => "hung up".into(),
    };
    let stats = &report.stats;
    format!(
        "{who} after {:.1} s; {} packets sent, {} received, {} lost\n",
        report.duration.as_secs_f64(),
        stats.sent,
        stats.received,
        stats.lost
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(uri: &str) -> Args {
        Args {
            uri: uri.into(),
            wav: None,
            at_once: false,
            dtmf: None,
            record: None,
            stay: None,
            user: "obelus".into(),
        }
    }

    #[test]
    fn how_long_it_stays_depends_on_what_it_has_to_say() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        std::fs::write(&path, &*wav::encode(&[5; 160])).expect("a file");
        let mut args = args("sip:5550100@192.0.2.1");
        assert_eq!(config(&args).expect("a call").hangup_after, None);
        args.wav = Some(path);
        let call = config(&args).expect("a call");
        assert_eq!(call.hangup_after, Some(Duration::from_secs(1)));
        assert_eq!((call.wav, call.start), (Some(vec![5; 160]), Start::AfterBeep));
        args.dtmf = Some("#".into());
        assert_eq!(
            config(&args).expect("a call").hangup_after,
            Some(Duration::from_secs(10))
        );
        args.stay = Some(3);
        args.at_once = true;
        let call = config(&args).expect("a call");
        assert_eq!(call.hangup_after, Some(Duration::from_secs(3)));
        assert_eq!(call.start, Start::OnAnswer);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let mut args = args("sip:5550100@192.0.2.1");
        args.wav = Some("no/such/file.wav".into());
        let why = config(&args).expect_err("no file");
        assert!(why.starts_with("no/such/file.wav: "), "{why}");
    }
}
