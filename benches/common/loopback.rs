//! A store served over HTTP on loopback, asked over one connection.

use obelus::config::Config;
use obelus::http::{self, Clock, State};
use obelus::memo::store::Store;
use obelus::time::Instant;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::SystemTime;

/// A clock on which an hour passes between any two looks, so that no allowance is ever used up: what is measured is an
/// answer, not its refusal for asking too often.
#[derive(Default)]
struct Hasty(AtomicU64);

impl Clock for Hasty {
    fn now(&self) -> Instant {
        Instant::from_secs(3_600 * self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Serves until the process ends.
pub fn serve(store: Store) -> SocketAddr {
    let config = Config::default();
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let state = State::new(store, &config.http, &config.federation)
        .expect("an identity")
        .with_clock(Arc::new(Hasty::default()));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(http::serve(listener, state, None, std::future::pending()))
    });
    address
}

/// A connection that stays open.
pub struct Connection(TcpStream);

impl Connection {
    /// To that address.
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        Connection(stream)
    }

    /// What is sent for `GET path` with that token.
    pub fn request(path: &str, token: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n")
            .into_bytes()
    }

    /// Asks; status and body of the answer.
    pub fn ask(&mut self, request: &[u8]) -> (u16, Vec<u8>) {
        self.0.write_all(request).expect("the server listens");
        let mut answer = Vec::with_capacity(64 * 1024);
        let mut piece = [0; 64 * 1024];
        loop {
            if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
                let field = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                let length: usize = field.expect("a length").trim().parse().expect("a number");
                let body = end + 4;
                while answer.len() < body + length {
                    let read = self.0.read(&mut piece).expect("an answer");
                    answer.extend_from_slice(&piece[..read]);
                }
                let status = head[9..12].parse().expect("a status");
                return (status, answer.split_off(body));
            }
            let read = self.0.read(&mut piece).expect("an answer");
            assert_ne!(read, 0, "the connection was closed");
            answer.extend_from_slice(&piece[..read]);
        }
    }
}
