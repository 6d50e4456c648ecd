//! The telephone's sockets, media thread and clock.

use super::machine::{Output, Phone};
use super::target::Target;
use super::{CallReport, PhoneConfig, PhoneError, Progress};
use crate::limits;
use crate::media::io::portable::Portable;
use crate::media::thread::{MediaThread, Parts};
use crate::media::{AudioChunk, Command, Event};
use crate::rng::Rng;
use crate::sip::message::frame::{Frame, Framer};
use crate::sip::{Flow, Transport};
use crate::time::{Duration, Instant};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{pin, Pin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;

/// How long a TCP connection may take to come about, or to take a message.
const TCP_PATIENCE: Duration = Duration::from_secs(10);
/// What the media thread may have told and the telephone not yet heard: several seconds of it.
const MEDIA_QUEUE: usize = 256;

/// Calls, until the far end or the configuration ends the call.
///
/// # Errors
/// Where the call could not be tried. A call that is refused is not an error, see [`CallReport::failure`].
pub async fn call(config: PhoneConfig, progress: impl FnMut(Progress)) -> Result<CallReport, PhoneError> {
    call_until(config, std::future::pending(), progress).await
}

/// Calls, until `stop` is done too: the call is then hung up as one does, with BYE or CANCEL.
///
/// # Errors
/// As [`call`].
pub async fn call_until(
    config: PhoneConfig,
    stop: impl Future<Output = ()>,
    mut progress: impl FnMut(Progress),
) -> Result<CallReport, PhoneError> {
    if let Some(key) = config.dtmf.chars().find(|&key| !is_key(key)) {
        return Err(PhoneError::Key(key));
    }
    let target = Target::parse(&config.target)?;
    let mut stop = pin!(stop);
    let mut outcome = Err(PhoneError::Resolve(
        target.uri.host.clone(),
        "it has no address".into(),
    ));
    for address in target.addresses().await? {
        outcome = try_address(&config, &target, address, stop.as_mut(), &mut progress).await;
        // A name may stand for several addresses; the next is for when nobody listens at this one.
        if !matches!(outcome, Err(PhoneError::Network(_))) {
            break;
        }
    }
    outcome
}

fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D')
}

async fn try_address(
    config: &PhoneConfig,
    target: &Target,
    address: SocketAddr,
    mut stop: Pin<&mut impl Future<Output = ()>>,
    progress: &mut impl FnMut(Progress),
) -> Result<CallReport, PhoneError> {
    let origin = std::time::Instant::now();
    let clock = move || Instant::from_micros(u64::try_from(origin.elapsed().as_micros()).unwrap_or(u64::MAX));
    let (mut link, flow) = Link::open(target.transport, address)
        .await
        .map_err(|error| PhoneError::Network(format!("{address}: {}", PhoneError::why(&error))))?;
    let mut rng = Rng::from_os();
    let (media, mut from_media) = start_media(&mut rng, clock)?;
    let mut phone = Phone::new(clock(), config.clone(), target.clone(), flow, rng);
    let mut buffer = vec![0; limits::SIP_MESSAGE_BYTES];
    let mut stopped = false;
    let outcome = loop {
        while let Some(output) = phone.poll_output() {
            match output {
                Output::Transmit { bytes, .. } => {
                    if let Err(error) = link.send(&bytes).await {
                        link.broke(&mut phone, clock(), &error);
                    }
                }
                Output::Media(command) => media.send(command),
                Output::Progress(what) => progress(what),
            }
        }
        if let Some(outcome) = phone.finished() {
            break outcome;
        }
        let wait = phone.poll_timeout().map(|due| due.since(clock()));
        tokio::select! {
            read = link.read(&mut buffer) => match read {
                Ok(len) => {
                    for message in link.messages(&buffer[..len]).await {
                        phone.receive(clock(), flow, &message);
                    }
                }
                Err(error) => link.broke(&mut phone, clock(), &error),
            },
            Some(told) = from_media.recv() => match told {
                Told::Event(event) => phone.media(clock(), event),
                Told::Audio(chunk) => phone.hear(clock(), &chunk.samples),
            },
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {
                phone.handle_timeout(clock());
            }
            () = stop.as_mut(), if !stopped => {
                stopped = true;
                phone.hang_up(clock());
            }
        }
    };
    media.end().await;
    outcome
}

/// What the media thread tells.
enum Told {
    Event(Event),
    Audio(AudioChunk),
}

struct Media(MediaThread);

fn start_media(
    rng: &mut Rng,
    clock: impl Fn() -> Instant + Send + 'static,
) -> Result<(Media, mpsc::Receiver<Told>), PhoneError> {
    let (events, receiver) = mpsc::channel(MEDIA_QUEUE);
    let audio = events.clone();
    let parts = Parts {
        name: "phone".into(),
        io: Box::<Portable>::default(),
        rng: rng.fork(),
        clock: Box::new(clock),
        on_event: Box::new(move |event| {
            // A full queue means that this process hangs; the figures that are lost then are missed by nobody.
            let _ = events.try_send(Told::Event(event));
        }),
        on_audio: Box::new(move |chunk| audio.try_send(Told::Audio(chunk)).is_ok()),
    };
    let thread = MediaThread::spawn(parts).map_err(|error| PhoneError::Media(error.to_string()))?;
    Ok((Media(thread), receiver))
}

impl Media {
    fn send(&self, command: Command) {
        if !self.0.send(command) {
            tracing::error!("the telephone's media thread takes no commands");
        }
    }

    /// Dropping the thread's handle waits for it, so not here.
    async fn end(self) {
        let _ = tokio::task::spawn_blocking(move || drop(self.0)).await;
    }
}

/// The way to the far end.
enum Link {
    /// Connected, so that the system tells when nobody listens there.
    Udp(UdpSocket),
    Tcp {
        stream: TcpStream,
        framer: Framer,
        open: bool,
    },
}

impl Link {
    async fn open(transport: Transport, remote: SocketAddr) -> io::Result<(Link, Flow)> {
        let (link, local) = match transport {
            Transport::Udp => {
                let any: IpAddr = if remote.is_ipv4() {
                    [0; 4].into()
                } else {
                    [0; 16].into()
                };
                let socket = UdpSocket::bind((any, 0)).await?;
                // Connecting also makes the system choose the address that the far end reaches us by.
                socket.connect(remote).await?;
                let local = socket.local_addr()?;
                (Link::Udp(socket), local)
            }
            Transport::Tcp => {
                let connecting = TcpStream::connect(remote);
                let stream = tokio::time::timeout(TCP_PATIENCE, connecting)
                    .await
                    .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                let local = stream.local_addr()?;
                let framer = Framer::new();
                (
                    Link::Tcp {
                        stream,
                        framer,
                        open: true,
                    },
                    local,
                )
            }
        };
        let flow = Flow {
            id: 1,
            transport,
            local,
            remote,
        };
        Ok((link, flow))
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Link::Udp(socket) => socket.send(bytes).await.map(drop),
            Link::Tcp { stream, .. } => tokio::time::timeout(TCP_PATIENCE, stream.write_all(bytes))
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?,
        }
    }

    /// Waits for bytes. Can be given up at any time without losing any.
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Link::Udp(socket) => socket.recv(buffer).await,
            Link::Tcp { open: false, .. } => std::future::pending().await,
            Link::Tcp { stream, .. } => match stream.read(buffer).await? {
                0 => Err(io::ErrorKind::ConnectionReset.into()),
                len => Ok(len),
            },
        }
    }

    /// The messages that are whole with these bytes.
    async fn messages(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let Link::Tcp { stream, framer, open } = self else {
            return vec![bytes.to_vec()];
        };
        let mut messages = Vec::new();
        framer.push(bytes);
        loop {
            match framer.next() {
                Ok(Some(Frame::Message(message))) => messages.push(message),
                Ok(Some(Frame::Ping)) => {
                    // One that is lost is asked for again (RFC 5626 4.4.1).
                    let _ = stream.write_all(b"\r\n").await;
                }
                Ok(Some(Frame::Pong)) => {}
                Ok(None) => return messages,
                Err(error) => {
                    tracing::warn!(%error, "the far end's stream cannot be read");
                    *open = false;
                    return messages;
                }
            }
        }
    }

    /// Tells the telephone of an error: a datagram that nobody took, or the end of the connection.
    fn broke(&mut self, phone: &mut Phone, now: Instant, error: &io::Error) {
        match self {
            Link::Udp(_) => phone.unreachable(now, error),
            Link::Tcp { open, .. } => {
                *open = false;
                phone.flow_failed(now);
            }
        }
    }
}
