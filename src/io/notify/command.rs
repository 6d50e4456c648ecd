//! A notifier that is a program: the notice on its standard input, success by its exit status.

use crate::io::process::Group;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};
use zeroize::Zeroizing;

/// How much of the end of standard error is looked at for its last line.
const STDERR_BYTES: usize = 4_096;
/// How long standard error may stay open after the program ended, by a child of its own.
const STDERR_TIME: Duration = Duration::from_millis(200);

/// Runs the program; `Err` says why it counts as failed.
pub(super) async fn run(words: &[String], body: &[u8], limit: Duration) -> Result<(), String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // A group of its own, so that what it started can be ended with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let mut group = Group::of(&child);
    let mut said = Said::new(child.stderr.take().ok_or("the command has no standard error")?);
    let ended = tokio::time::timeout(limit, feed_and_wait(&mut child, body, &mut said)).await;
    let status = match ended {
        Ok(Ok(status)) => {
            // What it left behind goes on, and may go on to write.
            group.let_go();
            status
        }
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => {
            group.kill();
            // Reaps it; it cannot refuse to die.
            let _ = child.wait().await;
            group.let_go();
            return Err(format!("not done after {} s, ended", limit.as_secs_f64()));
        }
    };
    if !status.success() {
        // What the program itself wrote is there by now, and is read first.
        let _ = tokio::time::timeout(STDERR_TIME, said.read()).await;
    }
    let line = said.last_line();
    tokio::spawn(async move { said.read().await });
    if status.success() {
        return Ok(());
    }
    Err(if line.is_empty() {
        status.to_string()
    } else {
        format!("{status}: {line}")
    })
}

/// Writes the line and waits for the end, and reads meanwhile what the program says.
async fn feed_and_wait(
    child: &mut Child,
    body: &[u8],
    said: &mut Said,
) -> std::io::Result<std::process::ExitStatus> {
    let ends = feed_and_end(child, body);
    tokio::pin!(ends);
    tokio::select! {
        status = &mut ends => status,
        () = said.read() => ends.await,
    }
}

/// A program that does not read its input may still succeed.
async fn feed_and_end(child: &mut Child, body: &[u8]) -> std::io::Result<std::process::ExitStatus> {
    if let Some(mut stdin) = child.stdin.take() {
        let mut line = Zeroizing::new(Vec::with_capacity(body.len() + 1));
        line.extend_from_slice(body);
        line.push(b'\n');
        match stdin.write_all(&line).await {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(error),
            // Dropping the pipe ends the program's input.
            _ => {}
        }
    }
    child.wait().await
}

/// What a program says on standard error, of which the end is kept.
struct Said {
    stderr: ChildStderr,
    kept: Vec<u8>,
    cut: bool,
}

impl Said {
    fn new(stderr: ChildStderr) -> Self {
        Said {
            stderr,
            kept: Vec::new(),
            cut: false,
        }
    }

    /// Reads to the end. It may be stopped at any time: what was read is kept.
    async fn read(&mut self) {
        let mut piece = [0; 1_024];
        while let Ok(length @ 1..) = self.stderr.read(&mut piece).await {
            self.kept.extend_from_slice(&piece[..length]);
            let surplus = self.kept.len().saturating_sub(STDERR_BYTES);
            self.cut |= surplus > 0;
            self.kept.drain(..surplus);
        }
    }

    /// The last line that is not empty.
    fn last_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.kept);
        // A line whose beginning is gone may begin within the key, which nobody would recognise then.
        let whole = match text.split_once('\n') {
            Some((_, rest)) if self.cut => rest,
            None if self.cut => "",
            _ => &text,
        };
        let line = whole.lines().rev().map(str::trim).find(|line| !line.is_empty());
        line.unwrap_or_default().to_owned()
    }
}
