//! The switch's side.

use super::{socket, End, Request};
use crate::limits;
use crate::memo::store::Store;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, Semaphore};
use tokio::task::JoinHandle;
use tracing::{debug, warn};

/// What the switch itself answers, beside its store: one JSON value each.
pub trait Switch: Send + Sync {
    /// What `obelus status` shows.
    fn status(&self) -> BoxFuture<'static, Value>;

    /// Loads the dialplan anew.
    fn reload(&self) -> BoxFuture<'static, Value>;
}

/// The switch as its control socket knows it.
pub type Control = Arc<dyn Switch>;

/// Lines of an answer that wait for a client to read them.
const LINES_WAITING: usize = 64;

/// The socket and the task that answers there. Dropped, both are gone.
#[derive(Debug)]
pub struct Server {
    task: JoinHandle<()>,
    path: PathBuf,
}

/// Answers requests at the socket in the store's folder until the server is dropped. Must be called within a tokio
/// runtime.
///
/// # Errors
/// Where another switch listens there, or the socket cannot be made.
pub fn serve(folder: &Path, store: Store, switch: Control) -> io::Result<Server> {
    let path = super::path(folder);
    let listener = socket::listen(&path)?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    Ok(Server {
        task: tokio::spawn(accept(listener, store, switch)),
        path,
    })
}

impl Server {
    /// Stops answering and removes the socket.
    pub fn stop(self) {
        // Dropping does it.
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        // Nobody else can have put a socket there meanwhile: the store's lock is held as long as a switch runs.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn accept(listener: UnixListener, store: Store, switch: Control) {
    let clients = Arc::new(Semaphore::new(limits::CONTROL_CLIENTS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "control socket: a connection could not be accepted");
                // Out of descriptors, most likely: the next attempt would fail at once.
                tokio::time::sleep(limits::CONTROL_PAUSE).await;
                continue;
            }
        };
        // Beyond the bound a connection is closed at once, which its client sees as an end without an answer.
        let Ok(slot) = clients.clone().try_acquire_owned() else {
            continue;
        };
        let (store, switch) = (store.clone(), switch.clone());
        tokio::spawn(async move {
            let _slot = slot;
            match tokio::time::timeout(limits::CONTROL_TIME, client(stream, store, switch)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!(%error, "control socket: a client went away"),
                Err(_) => debug!("control socket: a client was too slow"),
            }
        });
    }
}

async fn client(stream: UnixStream, store: Store, switch: Control) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    let bound = limits::CONTROL_REQUEST_BYTES as u64;
    BufReader::new(read)
        .take(bound)
        .read_until(b'\n', &mut line)
        .await?;
    let (lines, mut waiting) = mpsc::channel::<Vec<u8>>(LINES_WAITING);
    let request = match serde_json::from_slice(&line) {
        Ok(request) => request,
        Err(error) => {
            let error = format!("this switch does not know the request: {error}");
            write.write_all(&line_of(&End::failed(error))).await?;
            return write.shutdown().await;
        }
    };
    // The sender goes with the answer, so that the lines end where the answer does.
    let answer = match request {
        Request::Status => one_line(switch.status(), lines),
        Request::Reload => one_line(switch.reload(), lines),
        request => tokio::task::spawn_blocking(move || memos(&request, &store, &lines)),
    };
    while let Some(line) = waiting.recv().await {
        write.write_all(&line).await?;
    }
    let end = match answer.await {
        Ok(Some(Ok(()))) => End {
            done: true,
            error: None,
        },
        Ok(Some(Err(error))) => End::failed(error),
        Ok(None) | Err(_) => End::failed("the switch failed to answer".into()),
    };
    write.write_all(&line_of(&end)).await?;
    write.shutdown().await
}

/// How an answer ended; `None` where nobody reads it any more.
type Answered = Option<Result<(), String>>;

fn one_line(value: BoxFuture<'static, Value>, lines: mpsc::Sender<Vec<u8>>) -> JoinHandle<Answered> {
    tokio::spawn(async move { lines.send(line_of(&value.await)).await.ok().map(Ok) })
}

/// Works on the store, blocking. `None` where nobody reads the answer any more.
fn memos(request: &Request, store: &Store, lines: &mpsc::Sender<Vec<u8>>) -> Answered {
    let mut read = true;
    let done = super::perform(request, store, &mut |value| {
        read = lines.blocking_send(line_of(&value)).is_ok();
        read
    });
    read.then_some(done)
}

fn line_of(value: &impl Serialize) -> Vec<u8> {
    // Writing JSON values into memory has no way to fail.
    let mut line = serde_json::to_vec(value).expect("a JSON value becomes text");
    line.push(b'\n');
    line
}
