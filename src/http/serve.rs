//! Connections: how many, how long, and how they end.

use super::limiter::network;
use super::patience::Patient;
use super::tls::Tls;
use super::{router, State};
use crate::config::Cidr;
use crate::limits;
use axum::body::Body;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{watch, Semaphore};
use tower_service::Service as _;

/// The other end of a connection; [`serve`] puts it among each request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is HTTPS.
    pub tls: bool,
}

/// After a failed `accept` (out of descriptors, most likely), the time until the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is done, then lets requests that have begun finish within [`limits::HTTP_STOP_TIME`].
///
/// # Errors
/// Where the listener cannot be used at all.
pub async fn serve(
    listener: std::net::TcpListener,
    state: State,
    tls: Option<Tls>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let trusted = state.inner.trusted_proxies.clone();
    let waiting = state.clone();
    let stop = async move {
        stop.await;
        waiting.stopping();
    };
    serve_router(listener, router(state), trusted, tls, stop).await
}

/// The same with a router of one's own: ours, surrounded by something. Connections of `trusted` addresses are proxies.
///
/// # Errors
/// Where the listener cannot be used at all.
pub async fn serve_router(
    listener: std::net::TcpListener,
    router: Router,
    trusted: Vec<Cidr>,
    tls: Option<Tls>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let room = Arc::new(Semaphore::new(limits::HTTP_CONNECTIONS));
    let neighbours = Neighbours::default();
    let (stopping, stopped) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let permit = tokio::select! {
            () = &mut stop => break,
            permit = Arc::clone(&room).acquire_owned() => permit.map_err(io::Error::other)?,
        };
        let (stream, address) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let is_proxy = trusted.iter().any(|range| range.contains(address.ip()));
        let Some(place) = neighbours.enter(address.ip(), is_proxy) else {
            tracing::debug!(client = %address.ip(), "too many connections of one address");
            continue;
        };
        let (router, tls, stopped) = (router.clone(), tls.clone(), stopped.clone());
        tokio::spawn(async move {
            connection(stream, address, router, tls, stopped).await;
            drop((permit, place));
        });
    }
    drop(listener);
    let _ = stopping.send(());
    drop(stopped);
    // Every connection holds a receiver; when the last is gone, all have ended.
    let _ = tokio::time::timeout(limits::HTTP_STOP_TIME, stopping.closed()).await;
    Ok(())
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    tls: Option<Tls>,
    stopped: watch::Receiver<()>,
) {
    let _ = stream.set_nodelay(true);
    take_little(&stream);
    let peer = Peer {
        address,
        tls: tls.is_some(),
    };
    match tls {
        None => requests(stream, peer, router, stopped).await,
        Some(tls) => match tokio::time::timeout(limits::HTTP_HEAD_TIME, tls.0.accept(stream)).await {
            Ok(Ok(stream)) => requests(stream, peer, router, stopped).await,
            Ok(Err(error)) => tracing::debug!(client = %address.ip(), %error, "no TLS"),
            Err(_) => tracing::debug!(client = %address.ip(), "no TLS in time"),
        },
    }
}

/// Has the operating system take no more of an answer than it is about to send: what it takes lies in memory as well, up
/// to some megabytes for a reader who has stopped reading.
fn take_little(stream: &TcpStream) {
    // A system that does not know this takes more.
    let _ = SockRef::from(stream).set_tcp_notsent_lowat(limits::HTTP_UNSENT_BYTES);
}

/// Serves the requests of one connection, until either side has enough.
pub(super) async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: Peer,
    router: Router,
    mut stopped: watch::Receiver<()>,
) {
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        router.clone().call(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HTTP_HEAD_TIME)
        .max_buf_size(limits::HTTP_HEAD_BYTES)
        .serve_connection(
            TokioIo::new(Patient::new(
                stream,
                limits::HTTP_WRITE_PAUSE,
                limits::HTTP_WRITE_LEAST,
            )),
            service,
        );
    let mut connection = pin!(connection);
    let mut life = pin!(tokio::time::sleep(limits::HTTP_CONNECTION_TIME));
    let mut ending = false;
    loop {
        tokio::select! {
            result = &mut connection => {
                if let Err(error) = result {
                    tracing::debug!(client = %peer.address.ip(), %error, "connection ended");
                }
                return;
            }
            _ = stopped.changed(), if !ending => {
                ending = true;
                connection.as_mut().graceful_shutdown();
            }
            // A peer that reads a little now and then does not keep its place for ever.
            () = &mut life => return,
        }
    }
}

/// Connections by address, or by the /64 that one subscriber has of IPv6, so that one host cannot take them all.
#[derive(Clone, Default)]
struct Neighbours(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection's place among those of its address, given back when dropped.
struct Place {
    neighbours: Neighbours,
    address: Option<IpAddr>,
}

impl Neighbours {
    /// None where the address has as many as it may. A trusted proxy speaks for many, and is not counted.
    fn enter(&self, address: IpAddr, is_proxy: bool) -> Option<Place> {
        let address = (!is_proxy).then(|| network(address));
        if let Some(address) = address {
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(address).or_default();
            if *count >= limits::HTTP_CONNECTIONS_PER_ADDRESS {
                return None;
            }
            *count += 1;
        }
        Some(Place {
            neighbours: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.neighbours.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_nobody_reads_takes_little() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        take_little(&near);
        // What is not sent, what is taken at once for it, and what the other end takes without reading.
        let most = 16 * limits::HTTP_UNSENT_BYTES as usize;
        let (mut taken, piece) = (0, [7; 4096]);
        near.writable().await.unwrap();
        while let Ok(written) = near.try_write(&piece) {
            taken += written;
            assert!(taken <= most, "the system takes more and more");
        }
        assert!(taken > 0);
        drop(far);
    }

    #[test]
    fn one_address_has_so_many_connections_and_a_trusted_proxy_any_number() {
        let neighbours = Neighbours::default();
        let (host, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut places: Vec<Place> = (0..limits::HTTP_CONNECTIONS_PER_ADDRESS)
            .map(|_| neighbours.enter(host, false).expect("there is room"))
            .collect();
        assert!(neighbours.enter(host, false).is_none());
        assert!(neighbours.enter(other, false).is_some());
        assert!(neighbours.enter(host, true).is_some());
        let of_ipv6 = |last: usize| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last as u16]);
        let subscriber: Vec<Option<Place>> = (0..=limits::HTTP_CONNECTIONS_PER_ADDRESS)
            .map(|last| neighbours.enter(of_ipv6(last), false))
            .collect();
        assert_eq!(
            subscriber.iter().flatten().count(),
            limits::HTTP_CONNECTIONS_PER_ADDRESS,
            "whichever of its addresses a subscriber comes from"
        );
        drop(subscriber);
        places.pop();
        places.push(neighbours.enter(host, false).expect("a place was given back"));
        assert!(neighbours.enter(host, false).is_none());
        drop(places);
        assert!(
            neighbours.0.lock().unwrap().is_empty(),
            "nothing is left of connections that ended"
        );
    }
}
