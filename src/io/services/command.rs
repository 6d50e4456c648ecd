//! SHELL and System: a command line, run by the shell with a time limit.

use crate::dialplan::services::Ran;
use crate::io::process::Group;
use crate::limits;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout, Command};

/// Where programs are looked for: the environment of a command holds nothing else.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long the output may stay open after the shell ended, by what it left running.
const OUTPUT_TIME: Duration = Duration::from_millis(200);

/// Runs a command line to its end, or for so long.
pub(super) async fn run(command: &str, time: Duration) -> Result<Ran, String> {
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("/bin/sh: {error}"))?;
    let mut group = Group::of(&child);
    let mut output = child.stdout.take().ok_or("the shell has no output")?;
    let mut kept = Vec::new();
    let ended = tokio::time::timeout(time, watch(&mut child, &mut output, &mut kept)).await;
    match ended {
        Ok(status) => {
            // What the command left in the background goes on, as with any shell.
            group.let_go();
            Ok(Ran {
                status: number(status.map_err(|error| error.to_string())?),
                output: String::from_utf8_lossy(&kept).into_owned(),
            })
        }
        Err(_) => {
            group.kill();
            // Reaps it; it cannot refuse to die.
            let _ = child.wait().await;
            group.let_go();
            Err(format!(
                "the command was not done after {} s and was ended",
                time.as_secs_f64()
            ))
        }
    }
}

/// Reads the output until the shell has ended, and what is left of it then.
async fn watch(child: &mut Child, output: &mut ChildStdout, kept: &mut Vec<u8>) -> io::Result<ExitStatus> {
    let status = tokio::select! {
        status = child.wait() => status?,
        () = read(output, kept) => child.wait().await?,
    };
    let _ = tokio::time::timeout(OUTPUT_TIME, read(output, kept)).await;
    Ok(status)
}

/// Keeps as much as a variable holds. The rest is read and dropped, so that the command does not wait for a reader. It
/// may be stopped at any time: what was read is kept.
async fn read(output: &mut ChildStdout, kept: &mut Vec<u8>) {
    let mut piece = [0; 4_096];
    while let Ok(length @ 1..) = output.read(&mut piece).await {
        let room = limits::VARIABLE_BYTES.saturating_sub(kept.len());
        kept.extend_from_slice(&piece[..length.min(room)]);
    }
}

/// The exit status; the signal as a negative number where one ended it.
pub(super) fn number(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap_or(1))
}
