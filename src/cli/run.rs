//! `obelus run`: the switch itself.

use super::check::load_watching;
use crate::config::{self, Config, Mailbox};
use crate::diagnostic::{render, to_json, Diagnostic};
use crate::dialplan::reader::Watched;
use crate::dialplan::Dialplan;
use crate::io::control;
use crate::io::hardening;
use crate::io::reload::Reloader;
use crate::io::server::{Server, Start, StatusHandle};
use crate::media::library::Library;
use crate::memo::link::LinkBase;
use crate::memo::store::mailboxes::Mailboxes;
use futures_util::future::BoxFuture;
use futures_util::FutureExt;
use serde_json::{json, Value};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{signal, Signal, SignalKind};

/// Arguments of `obelus run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, ./obelus.toml where there is one, else the defaults
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Runs the switch until it is told to stop by SIGINT or SIGTERM.
pub fn main(args: Args) -> ExitCode {
    let (config, findings) = match config::load(args.config.as_deref()) {
        Ok(loaded) => loaded,
        Err(findings) => {
            print(&findings);
            return ExitCode::FAILURE;
        }
    };
    print(&findings);
    let library = library(&config);
    let loaded = load_watching(&config);
    print(&loaded.findings);
    let Some(dialplan) = loaded.dialplan else {
        return ExitCode::FAILURE;
    };
    crate::ops::logging::init(&config.log);
    hardening::lock_memory_and_say();
    hardening::raise_open_files();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("obelus: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(serve(config, Arc::new(dialplan), loaded.watched, library))
}

/// Loads the dialplan and the sounds that a configuration names; prints what is wrong with them.
pub fn load_parts(config: &Config) -> Option<(Arc<Dialplan>, Arc<Library>)> {
    let loaded = load_watching(config);
    print(&loaded.findings);
    loaded
        .dialplan
        .map(|dialplan| (Arc::new(dialplan), library(config)))
}

fn library(config: &Config) -> Arc<Library> {
    let folders = config.sounds.path.clone();
    let library = Library::new(folders, crate::media::builtin_sounds::SOUNDS);
    Arc::new(library.with_language(&config.dialplan.language))
}

fn uses_built_in_dialplan(file: &Path) -> bool {
    // A file that the configuration names exists, or the configuration was refused.
    !file.exists()
}

fn print(findings: &[Diagnostic]) {
    use std::io::IsTerminal;
    let color = std::io::stderr().is_terminal();
    for finding in findings {
        eprint!("{}", render(finding, color));
    }
}

/// What the control socket asks of the switch.
struct Controlled {
    status: StatusHandle,
    reloader: Arc<Reloader>,
}

impl control::Switch for Controlled {
    fn status(&self) -> BoxFuture<'static, Value> {
        let status = self.status.clone();
        Box::pin(async move { serde_json::to_value(status.get().await).unwrap_or_default() })
    }

    fn reload(&self) -> BoxFuture<'static, Value> {
        let reloader = self.reloader.clone();
        Box::pin(async move {
            let report = reloader.reload("obelus reload").await;
            let shown: String = report
                .findings
                .iter()
                .map(|finding| render(finding, false))
                .collect();
            let findings: Vec<Value> = report.findings.iter().map(to_json).collect();
            json!({"calls": report.calls, "findings": findings, "shown": shown})
        })
    }
}

async fn serve(config: Config, dialplan: Arc<Dialplan>, watched: Watched, library: Arc<Library>) -> ExitCode {
    // From here on the signals are taken: by themselves they would end the process, and what it holds with it.
    let hangup = signal(SignalKind::hangup());
    let ends = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    say_what_is_in_force(&config);
    let config = Arc::new(config);
    let server = match Server::start(Start {
        config: config.clone(),
        dialplan,
        library,
        observer: None,
    })
    .await
    {
        Ok(server) => server,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    say_who_gets_no_memos(&config, &server.store.mailboxes());
    let files = config.clone();
    let reloader = Reloader::new(
        Arc::new(move || load_watching(&files)),
        server.dialplan_handle(),
        watched,
    );
    let controlled = Arc::new(Controlled {
        status: server.status_handle(),
        reloader: reloader.clone(),
    });
    let control = match control::serve(&config.store.path, server.store.clone(), controlled) {
        Ok(control) => control,
        Err(error) => {
            tracing::error!("cannot open the control socket: {error}");
            server.stop().await;
            return ExitCode::FAILURE;
        }
    };
    for (transport, address) in &server.sip {
        tracing::info!(
            "listening for SIP on {}:{address}",
            transport.via_name().to_ascii_lowercase()
        );
    }
    let watching = match config.dialplan.watch {
        true => reloader.watch().boxed(),
        false => std::future::pending().boxed(),
    };
    tracing::info!(http = %server.http, "ready");
    let signal = tokio::select! {
        signal = wait_for_signal(ends) => signal,
        () = reload_on_hangup(&reloader, hangup) => "nothing to wait for",
        () = watching => "nothing to wait for",
    };
    tracing::info!("{signal}: hanging up, storing what was recorded, taking registrations back");
    control.stop();
    server.stop().await;
    tracing::info!("stopped");
    ExitCode::SUCCESS
}

/// At the start, says what runs and which of it the operator did not choose.
fn say_what_is_in_force(config: &Config) {
    tracing::info!(
        store = %config.store.path.display(),
        domain = %config.http.domain,
        trunks = config.trunks.len(),
        mailboxes = config.mailboxes.len(),
        "obelus {}",
        env!("CARGO_PKG_VERSION")
    );
    if uses_built_in_dialplan(&config.dialplan.file) {
        tracing::info!(
            "{} does not exist: the built-in dialplan answers every number",
            config.dialplan.file.display()
        );
    }
    if announces_plain_http(&config.http) {
        tracing::warn!(
            domain = %config.http.domain,
            "neither tls_cert, public_url nor trusted_proxies: other domains are told to ask by http://; where a proxy \
             speaks TLS for this server, set public_url"
        );
    }
    if config.trunks.is_empty() {
        tracing::info!("no [[trunk]] is configured: only calls from this machine (loopback) are accepted");
    }
}

/// Whether discovery names `http://` addresses on a domain that others reach. A trusted proxy says itself what it speaks.
fn announces_plain_http(http: &config::Http) -> bool {
    let base = LinkBase::new(&http.domain, http.public_url.as_deref(), http.tls_cert.is_some());
    base.is_bare() && http.trusted_proxies.is_empty()
}

/// Says which memos nobody will be able to open.
fn say_who_gets_no_memos(config: &Config, mailboxes: &Mailboxes) {
    // A damaged entry is told of where it is used.
    let has_owner = |name: &str| mailboxes.owner(name).is_ok_and(|owner| owner.is_some());
    for mailbox in &config.mailboxes {
        if nobody_opens(mailbox, has_owner) {
            tracing::warn!(
                mailbox = %mailbox.name,
                "neither an owner's key nor notify_command, notify_webhook or notify_email: nobody receives the links of \
                 its memos, and nobody can open them"
            );
        }
    }
}

/// Whether a mailbox's memos are sealed to nobody and their links go to nobody.
fn nobody_opens(mailbox: &Mailbox, has_owner: impl Fn(&str) -> bool) -> bool {
    let hands_links_over = mailbox.notify_command.is_some()
        || mailbox.notify_webhook.is_some()
        || mailbox.notify_email.is_some();
    !hands_links_over && !has_owner(&mailbox.name)
}

/// SIGHUP loads the dialplan anew. Never ends.
async fn reload_on_hangup(reloader: &Reloader, hangup: std::io::Result<Signal>) {
    if let Ok(mut hangup) = hangup {
        while hangup.recv().await.is_some() {
            reloader.reload("SIGHUP").await;
        }
    }
    std::future::pending().await
}

async fn wait_for_signal(ends: (std::io::Result<Signal>, std::io::Result<Signal>)) -> &'static str {
    let (Ok(mut interrupt), Ok(mut terminate)) = ends else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => "interrupted",
        _ = terminate.recv() => "terminated",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_nobodys_only_without_an_owner_and_without_a_notifier_that_gets_links() {
        type Change = fn(&mut Mailbox);
        let cases: [(Change, bool); 6] = [
            (|_| {}, true),
            (
                |mailbox| mailbox.notify_command = Some(vec!["true".to_owned()]),
                false,
            ),
            (
                |mailbox| mailbox.notify_webhook = Some("https://x.example".to_owned()),
                false,
            ),
            (
                |mailbox| mailbox.notify_email = Some("a@x.example".to_owned()),
                false,
            ),
            // Told that there is something, but given no link.
            (
                |mailbox| mailbox.notify_sip = Some("sip:a@x.example".to_owned()),
                true,
            ),
            (|mailbox| mailbox.mwi = Some("sip:a@x.example".to_owned()), true),
        ];
        for (change, without_owner) in cases {
            let mut mailbox = Mailbox::named("main".to_owned());
            change(&mut mailbox);
            assert_eq!(nobody_opens(&mailbox, |_| false), without_owner, "{mailbox:?}");
            assert!(!nobody_opens(&mailbox, |name| name == "main"), "{mailbox:?}");
        }
    }

    #[test]
    fn plain_http_is_warned_of_where_others_are_told_to_use_it() {
        let warns = |change: fn(&mut config::Http)| {
            let mut http = Config::default().http;
            change(&mut http);
            announces_plain_http(&http)
        };
        assert!(!warns(|_| {}), "this machine alone");
        assert!(warns(|http| http.domain = "memo.example.org".to_owned()));
        assert!(!warns(|http| {
            http.domain = "memo.example.org".to_owned();
            http.public_url = Some("https://memo.example.org".to_owned());
        }));
        assert!(!warns(|http| {
            http.domain = "memo.example.org".to_owned();
            http.tls_cert = Some("cert.pem".into());
        }));
    }
}
