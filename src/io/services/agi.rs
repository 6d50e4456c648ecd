//! AGI: a program of the allowed folder, by its standard input and output, or a server of the allowed hosts.

use super::command::{number, PATH};
use super::files::within;
use crate::dialplan::services::{AgiError, AgiPeer, AgiTarget};
use crate::io::process::Group;
use crate::limits;
use async_trait::async_trait;
use nix::sys::signal::Signal;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{timeout, timeout_at, Instant};

/// A connection must be there within this time.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// What AGI may reach.
pub(super) struct Programs {
    folder: Option<PathBuf>,
    hosts: Vec<String>,
}

impl Programs {
    /// Programs of a folder, and hosts: `host` or `host:port`.
    pub fn new(folder: Option<PathBuf>, hosts: Vec<String>) -> Self {
        Programs {
            folder: folder.and_then(|folder| std::fs::canonicalize(folder).ok()),
            hosts,
        }
    }

    /// Begins a session.
    pub async fn begin(&self, target: AgiTarget) -> Result<Box<dyn AgiPeer>, AgiError> {
        match target {
            AgiTarget::Program { name, arguments } => self.start(&name, &arguments),
            AgiTarget::Network { host, port } => self.connect(&host, port).await,
        }
    }

    fn start(&self, name: &str, arguments: &[String]) -> Result<Box<dyn AgiPeer>, AgiError> {
        let folder = self.folder.as_deref();
        let folder =
            folder.ok_or_else(|| AgiError::NotFound("[dialplan] agi_folder names no folder".to_string()))?;
        let program = program(folder, name).map_err(AgiError::NotFound)?;
        let mut child = Command::new(&program)
            .args(arguments)
            .env_clear()
            .env("PATH", PATH)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| AgiError::Failed(error.to_string()))?;
        let group = Group::of(&child);
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(AgiError::Failed("the program has no input or output".to_string()));
        };
        Ok(Box::new(Peer::new(output, input, Some((child, group)))))
    }

    async fn connect(&self, host: &str, port: u16) -> Result<Box<dyn AgiPeer>, AgiError> {
        let both = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let alone = both.rsplit_once(':').map_or(host, |(alone, _)| alone);
        let named = |wanted: &str| self.hosts.iter().any(|known| known.eq_ignore_ascii_case(wanted));
        if !named(&both) && !named(alone) {
            return Err(AgiError::NotFound(format!(
                "[dialplan] agi_hosts does not name {alone}"
            )));
        }
        let stream = match timeout(CONNECT_TIME, TcpStream::connect((host, port))).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(AgiError::Failed(format!("{both}: {error}"))),
            Err(_) => return Err(AgiError::Failed(format!("{both} does not answer"))),
        };
        // Commands are short, and each waits for its answer.
        let _ = stream.set_nodelay(true);
        let (output, input) = stream.into_split();
        Ok(Box::new(Peer::new(output, input, None)))
    }
}

/// The file of a program: within the folder, wherever links lead.
fn program(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let place = within(folder, name)?;
    let place = std::fs::canonicalize(place).map_err(|error| error.to_string())?;
    match place.starts_with(folder) && place.is_file() {
        true => Ok(place),
        false => Err("it is no program of the folder".to_string()),
    }
}

/// Both ends of a session's text.
struct Peer {
    output: Box<dyn AsyncRead + Send + Unpin>,
    /// Dropped where the session is over: the other end reads its end then.
    input: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// What came and is no whole line yet.
    buffer: Vec<u8>,
    /// Until when the other end may go on once the call is over.
    until: Option<Instant>,
    program: Option<(Child, Group)>,
}

impl Peer {
    fn new(
        output: impl AsyncRead + Send + Unpin + 'static,
        input: impl AsyncWrite + Send + Unpin + 'static,
        program: Option<(Child, Group)>,
    ) -> Self {
        Peer {
            output: Box::new(output),
            input: Some(Box::new(input)),
            buffer: Vec::new(),
            until: None,
            program,
        }
    }

    /// The first line of what came.
    fn whole_line(&mut self) -> Option<String> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    /// Reads on. What came is in the buffer when this returns, or nothing was taken: it can be dropped at any time.
    async fn read(&mut self) -> Option<()> {
        let mut piece = [0; 1_024];
        let length = self
            .output
            .read(&mut piece)
            .await
            .ok()
            .filter(|length| *length > 0)?;
        self.buffer.extend_from_slice(&piece[..length]);
        Some(())
    }
}

#[async_trait]
impl AgiPeer for Peer {
    async fn send(&mut self, text: &str) -> bool {
        let Some(input) = &mut self.input else {
            return false;
        };
        let sent = async {
            input.write_all(text.as_bytes()).await?;
            input.flush().await
        };
        matches!(timeout(limits::AGI_SEND_TIME, sent).await, Ok(Ok(())))
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.whole_line() {
                return (line.len() <= limits::AGI_LINE_BYTES).then_some(line);
            }
            if self.buffer.len() > limits::AGI_LINE_BYTES {
                return None;
            }
            match self.until {
                Some(until) => timeout_at(until, self.read()).await.ok()??,
                None => self.read().await?,
            }
        }
    }

    async fn hang_up(&mut self, signal: bool) {
        if let (Some((_, group)), true) = (&self.program, signal) {
            group.signal(Signal::SIGHUP);
        }
        self.until = Some(Instant::now() + limits::AGI_TIME_AFTER_CALL);
    }

    async fn finish(&mut self) -> i32 {
        if let Some(mut input) = self.input.take() {
            // The end of the text, where the other end reads still.
            let _ = timeout(limits::AGI_SEND_TIME, input.shutdown()).await;
        }
        let Some((mut child, mut group)) = self.program.take() else {
            return 0;
        };
        let status = match timeout(limits::AGI_EXIT_TIME, child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                group.kill();
                // Reaps it; it cannot refuse to die.
                child.wait().await
            }
        };
        group.let_go();
        status.map_or(-1, number)
    }
}
