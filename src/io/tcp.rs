//! SIP over TCP: connections in and out, framed by Content-Length, each bounded in size, time and number.

use super::{Event, Received};
use crate::limits;
use crate::sip::message::frame::{Frame, Framer};
use crate::sip::{Flow, Transport};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, Notify};
use tokio::time::{timeout_at, Instant};

/// How long a peer may take to accept bytes that we write, or a connection of ours to come about.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// The way to one connection, held by the control task.
#[derive(Clone, Debug)]
pub struct Connection {
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    queued: Arc<AtomicUsize>,
    closing: Arc<Notify>,
}

impl Connection {
    /// Queues a message; `false` where the connection is gone or its peer does not read.
    pub fn send(&self, bytes: Vec<u8>) -> bool {
        let queued = self.queued.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
        queued <= limits::TCP_SEND_QUEUE_BYTES && self.outgoing.send(bytes).is_ok()
    }

    /// Closes it.
    pub fn close(&self) {
        self.closing.notify_one();
    }
}

/// What every connection shares: numbers, the way in, and how many there are.
#[derive(Clone)]
pub struct Tcp {
    ids: Arc<AtomicU64>,
    received: mpsc::Sender<Received>,
    events: mpsc::UnboundedSender<Event>,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Counts one connection for as long as it lives.
struct Place {
    open: Arc<Mutex<Open>>,
    address: IpAddr,
}

impl Place {
    fn take(open: &Arc<Mutex<Open>>, address: IpAddr) -> Option<Place> {
        let mut counts = open.lock().expect("no holder of this lock panics");
        let of_address = counts.by_address.get(&address).copied().unwrap_or(0);
        if counts.all >= limits::TCP_CONNECTIONS || of_address >= limits::TCP_CONNECTIONS_PER_ADDRESS {
            return None;
        }
        counts.all += 1;
        counts.by_address.insert(address, of_address + 1);
        Some(Place {
            open: open.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.open.lock().expect("no holder of this lock panics");
        counts.all -= 1;
        if let Some(count) = counts.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

impl Tcp {
    /// The shared part; `ids` gives each connection its number.
    pub fn new(
        ids: Arc<AtomicU64>,
        received: mpsc::Sender<Received>,
        events: mpsc::UnboundedSender<Event>,
    ) -> Self {
        Tcp {
            ids,
            received,
            events,
            open: Arc::default(),
        }
    }

    /// Accepts until the control task is gone.
    pub async fn accept(self, listener: TcpListener) {
        loop {
            let (stream, remote) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: the connection waits in the kernel meanwhile.
                    tracing::warn!("accepting a SIP connection: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            if self.events.is_closed() {
                return;
            }
            match Place::take(&self.open, remote.ip().to_canonical()) {
                Some(place) => {
                    let port = listener.local_addr().map_or(0, |address| address.port());
                    self.carry(stream, remote, Some(port), place);
                }
                None => tracing::warn!("too many SIP connections: one of {remote} was closed"),
            }
        }
    }

    /// Connects to a peer.
    pub async fn connect(&self, remote: SocketAddr) -> io::Result<Flow> {
        let stream = tokio::time::timeout(PATIENCE, TcpStream::connect(remote))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let place = Place::take(&self.open, remote.ip().to_canonical())
            .ok_or_else(|| io::Error::other("too many connections"))?;
        self.carry(stream, remote, None, place)
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn carry(&self, stream: TcpStream, remote: SocketAddr, port: Option<u16>, place: Place) -> Option<Flow> {
        let local = stream.local_addr().ok()?;
        let _ = stream.set_nodelay(true);
        let flow = Flow {
            id: self.ids.fetch_add(1, Ordering::Relaxed),
            transport: Transport::Tcp,
            local: SocketAddr::new(local.ip(), port.unwrap_or(local.port())),
            remote,
        };
        let (read, write) = stream.into_split();
        let (outgoing, queue) = mpsc::unbounded_channel();
        let connection = Connection {
            outgoing,
            queued: Arc::new(AtomicUsize::new(0)),
            closing: Arc::new(Notify::new()),
        };
        self.events
            .send(Event::Connected {
                flow,
                connection: connection.clone(),
            })
            .ok()?;
        tokio::spawn(write_messages(
            write,
            queue,
            connection.queued.clone(),
            connection.closing.clone(),
        ));
        let tcp = self.clone();
        tokio::spawn(async move {
            let _place = place;
            let reason = tokio::select! {
                reason = read_messages(read, flow, &tcp, &connection) => reason,
                () = connection.closing.notified() => "closed by us".to_owned(),
            };
            connection.closing.notify_one();
            tracing::debug!("SIP connection with {remote}: {reason}");
            let _ = tcp.events.send(Event::Disconnected { flow_id: flow.id });
        });
        Some(flow)
    }
}

/// Reads until the connection has to go; says why.
async fn read_messages(mut read: OwnedReadHalf, flow: Flow, tcp: &Tcp, connection: &Connection) -> String {
    let mut framer = Framer::new();
    let mut buffer = vec![0; 16 * 1024];
    // A message that has begun has until then; a peer that trickles bytes gets no more time by it.
    let mut whole_by: Option<Instant> = None;
    loop {
        let deadline = whole_by.unwrap_or_else(|| Instant::now() + limits::TCP_IDLE_TIME);
        let length = match timeout_at(deadline, read.read(&mut buffer)).await {
            Ok(Ok(0)) => return "the peer closed it".to_owned(),
            Ok(Ok(length)) => length,
            Ok(Err(error)) => return error.to_string(),
            Err(_) if whole_by.is_some() => return "a message did not come whole in time".to_owned(),
            Err(_) => {
                // The control task knows whether a call depends on it.
                let _ = tcp.events.send(Event::Idle { flow_id: flow.id });
                continue;
            }
        };
        framer.push(&buffer[..length]);
        loop {
            match framer.next() {
                Ok(Some(Frame::Message(bytes))) => {
                    // What follows it is another message, with time of its own: a busy peer is not a slow one.
                    whole_by = None;
                    // Waiting here when the queue is full is back-pressure: TCP makes the peer wait.
                    if tcp.received.send(Received { flow, bytes }).await.is_err() {
                        return "the switch stopped".to_owned();
                    }
                }
                Ok(Some(Frame::Ping)) => {
                    if !connection.send(b"\r\n".to_vec()) {
                        return "the peer does not read".to_owned();
                    }
                }
                Ok(Some(Frame::Pong)) => {}
                Ok(None) => break,
                Err(error) => {
                    // A stream cannot be picked up again after this; the peer is told why where that is possible.
                    if let Some(response) = error.response() {
                        connection.send(response.to_bytes());
                    }
                    return format!("not SIP: {error}");
                }
            }
        }
        whole_by = match (framer.is_partial(), whole_by) {
            (false, _) => None,
            (true, Some(at)) => Some(at),
            (true, None) => Some(Instant::now() + limits::TCP_MESSAGE_TIME),
        };
    }
}

async fn write_messages(
    mut write: OwnedWriteHalf,
    mut queue: mpsc::UnboundedReceiver<Vec<u8>>,
    queued: Arc<AtomicUsize>,
    closing: Arc<Notify>,
) {
    while let Some(bytes) = queue.recv().await {
        let written = tokio::time::timeout(PATIENCE, write.write_all(&bytes)).await;
        queued.fetch_sub(bytes.len(), Ordering::Relaxed);
        if !matches!(written, Ok(Ok(()))) {
            break;
        }
    }
    let _ = write.shutdown().await;
    closing.notify_one();
}
