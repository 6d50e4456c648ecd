//! `obelus run`: the switch itself.

use super::check::load_dialplan;
use crate::config::{self, Config};
use crate::diagnostic::{render, Diagnostic};
use crate::dialplan::Dialplan;
use crate::io::control;
use crate::io::server::{Server, Start};
use crate::media::library::Library;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

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
    let Some((dialplan, library)) = load_parts(&config) else {
        return ExitCode::FAILURE;
    };
    crate::ops::logging::init(&config.log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("obelus: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(serve(config, dialplan, library))
}

/// Loads the dialplan and the sounds that a configuration names; prints what is wrong with them.
pub fn load_parts(config: &Config) -> Option<(Arc<Dialplan>, Arc<Library>)> {
    let library = Arc::new(Library::new(
        config.sounds.path.clone(),
        crate::media::builtin_sounds::SOUNDS,
    ));
    let (dialplan, findings) = load_dialplan(config);
    print(&findings);
    dialplan.map(|dialplan| (Arc::new(dialplan), library))
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

async fn serve(config: Config, dialplan: Arc<Dialplan>, library: Arc<Library>) -> ExitCode {
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
    let status = server.status_handle();
    let status: control::Status = Arc::new(move || {
        let status = status.clone();
        Box::pin(async move { serde_json::to_value(status.get().await).unwrap_or_default() })
    });
    let control = match control::serve(&config.store.path, server.store.clone(), status) {
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
    tracing::info!(http = %server.http, "ready");
    let signal = wait_for_signal().await;
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
    if config.trunks.is_empty() {
        tracing::info!("no [[trunk]] is configured: only calls from this machine (loopback) are accepted");
    }
    for mailbox in &config.mailboxes {
        if mailbox.notify_command.is_none() && mailbox.notify_webhook.is_none() {
            tracing::warn!(
                mailbox = %mailbox.name,
                "no notify_command or notify_webhook: nobody receives the links of its memos, and nobody can open them"
            );
        }
    }
}

async fn wait_for_signal() -> &'static str {
    use tokio::signal::unix::{signal, SignalKind};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => "interrupted",
        _ = terminate.recv() => "terminated",
    }
}
