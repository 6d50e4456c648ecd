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
    let stderr = child.stderr.take().map(|stderr| tokio::spawn(last_line(stderr)));
    let ended = tokio::time::timeout(limit, feed_and_wait(&mut child, body)).await;
    let status = match ended {
        Ok(Ok(status)) => {
            // What it left behind goes on.
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
    if status.success() {
        return Ok(());
    }
    let line = match stderr {
        Some(task) => tokio::time::timeout(STDERR_TIME, task)
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default(),
        None => String::new(),
    };
    Err(if line.is_empty() {
        status.to_string()
    } else {
        format!("{status}: {line}")
    })
}

/// Writes the line and waits for the end. A program that does not read its input may still succeed.
async fn feed_and_wait(child: &mut Child, body: &[u8]) -> std::io::Result<std::process::ExitStatus> {
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

/// The last line that is not empty.
async fn last_line(mut stderr: ChildStderr) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut piece = [0; 1_024];
    let mut cut = false;
    while let Ok(length @ 1..) = stderr.read(&mut piece).await {
        kept.extend_from_slice(&piece[..length]);
        let surplus = kept.len().saturating_sub(STDERR_BYTES);
        cut |= surplus > 0;
        kept.drain(..surplus);
    }
    let text = String::from_utf8_lossy(&kept);
    // A line whose beginning is gone may begin within the key, which nobody would recognise then.
    let whole = match text.split_once('\n') {
        Some((_, rest)) if cut => rest,
        None if cut => "",
        _ => &text,
    };
    let line = whole.lines().rev().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or_default().to_owned()
}
