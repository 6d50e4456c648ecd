//! Memos on their way out: answers that are read from the disk as fast as the other end takes them.
//!
//! Between two pieces an answer holds an open file and nothing of it; the connection holds the piece that is being sent,
//! and asks for the next when little of it is left (`serve`). So who reads slowly keeps a file open, and a piece and what
//! is left of the one before in memory, however long the memo is.

use super::headers;
use crate::limits;
use crate::memo::key::MemoId;
use crate::memo::store::Ciphertext;
use axum::body::{Body, Bytes};
use axum::http::{header, HeaderValue};
use axum::response::Response;
use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use futures_util::stream::{self, Stream, StreamExt as _};
use serde_json::Value;
use std::io;

// Else a piece in base64 would end in padding.
const _: () = assert!(limits::MEMO_PIECE_BYTES.is_multiple_of(3));
// The connection asks for the next piece when less than this is left of the one before.
const _: () = assert!(limits::MEMO_PIECE_BYTES > limits::HTTP_HEAD_BYTES);

/// A memo's ciphertext, and the place that it keeps until the last of it was handed to the connection.
pub(super) struct Outgoing<P> {
    pub(super) id: MemoId,
    pub(super) ciphertext: Ciphertext,
    pub(super) place: P,
}

impl<P: Send + 'static> Outgoing<P> {
    /// The ciphertext as the answer.
    pub(super) fn respond(self) -> Response {
        let length = self.ciphertext.bytes();
        answer(length, self.pieces(Bytes::from))
    }

    /// A JSON object with the ciphertext in it as `encrypted_audio_b64`, beside the fields given.
    pub(super) fn respond_within(self, fields: &Value) -> Response {
        let fields = fields.to_string();
        let head = "{\"encrypted_audio_b64\":\"";
        let tail = ["\",", fields.strip_prefix('{').unwrap_or_default()].concat();
        let length = head.len() as u64 + self.ciphertext.bytes().div_ceil(3) * 4 + tail.len() as u64;
        let text = |text: Bytes| stream::iter([Ok(text)]);
        let audio = self.pieces(|piece| STANDARD.encode(piece).into());
        let whole = text(head.into()).chain(audio).chain(text(tail.into()));
        let mut response = answer(length, whole);
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    /// Piece after piece, read off the async threads when it is asked for. The place goes along: whoever goes away makes
    /// no room before the disk has answered.
    fn pieces(self, written: fn(Vec<u8>) -> Bytes) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let (memo, kept) = (self.id, (self.ciphertext, self.place));
        stream::unfold(Some(kept), move |kept| async move {
            let (mut ciphertext, place) = kept?;
            let reading = tokio::task::spawn_blocking(move || {
                let piece = ciphertext.piece();
                (piece.map(|piece| piece.map(written)), (ciphertext, place))
            });
            match reading.await {
                Ok((Ok(piece), kept)) => Some((Ok(piece?), Some(kept))),
                Ok((Err(error), _)) => {
                    tracing::error!(%memo, %error, "a memo could not be read to its end: its answer breaks off");
                    Some((Err(error), None))
                }
                Err(error) => Some((Err(io::Error::other(error)), None)),
            }
        })
    }
}

/// An answer of that length. Where the disk fails on the way, the connection ends before it was reached.
fn answer(length: u64, pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(pieces));
    let length = HeaderValue::from(length);
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    headers::no_store(&mut response);
    response
}

#[cfg(test)]
mod tests {
    use super::super::serve::{requests, Peer};
    use super::super::{router, State};
    use super::*;
    use crate::config::Config;
    use crate::memo::record::{Facts, Record};
    use crate::memo::seal;
    use crate::memo::store::receipts::Reason;
    use crate::memo::store::{NewMemo, Store};
    use crate::memo::token::AccessToken;
    use axum::Router;
    use serde_json::json;
    use std::net::{IpAddr, SocketAddr};
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
    use tokio::time::Instant;
    use zeroize::Zeroizing;

    /// What lies between server and client.
    const LINE_BYTES: usize = 1024;
    /// More than a piece and a line take.
    const MEMO_BYTES: usize = 10 * limits::MEMO_PIECE_BYTES + 100;

    /// A server, its store, and a memo in it. The clock stands still, and goes on only where everybody waits for it.
    struct House {
        folder: tempfile::TempDir,
        state: State,
        router: Router,
        memo: Record,
        token: String,
        /// What stands before the ciphertext in the memo's file.
        head_bytes: u64,
    }

    impl House {
        fn new(facts: impl FnOnce(&mut Facts)) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path()).unwrap();
            let plain = (0..MEMO_BYTES).map(|n| n as u8).collect();
            let (memo, token) = insert(&store, plain, facts);
            let path = folder.path().join("memos").join(memo.id.to_string());
            let head_bytes = std::fs::metadata(path).unwrap().len() - memo.file_size_bytes;
            let config = Config::default();
            let state = State::new(store, &config.http, &config.federation).unwrap();
            House {
                folder,
                router: router(state.clone()),
                state,
                memo,
                token,
                head_bytes,
            }
        }

        /// Asks for the memo, from the nth address of all.
        async fn ask(&self, address: u16) -> DuplexStream {
            let [high, low] = address.to_be_bytes();
            let peer = Peer {
                address: SocketAddr::new(IpAddr::from([198, 18, high, low]), 7),
                tls: false,
            };
            let (near, mut far) = tokio::io::duplex(LINE_BYTES);
            let router = self.router.clone();
            tokio::spawn(async move {
                let (_stop, stopped) = tokio::sync::watch::channel(());
                requests(near, peer, router, stopped).await;
            });
            let request = format!(
                "GET /voice/{}/audio HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
                self.memo.id, self.token
            );
            far.write_all(request.as_bytes()).await.unwrap();
            far
        }

        /// The same, and reads the status and no more.
        async fn ask_for_status(&self, address: u16) -> (DuplexStream, String) {
            let mut client = self.ask(address).await;
            let mut line = [0; "HTTP/1.1 200".len()];
            client.read_exact(&mut line).await.unwrap();
            let status = line[line.len() - 3..].to_vec();
            (client, String::from_utf8(status).unwrap())
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("memos").join(self.memo.id.to_string())
        }

        /// How far each open file of the memo was read, in bytes of ciphertext.
        fn read_so_far(&self) -> Vec<u64> {
            let path = self.path().display().to_string();
            let own = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
            let open = own.filter(|entry| {
                let target = std::fs::read_link(entry.path()).unwrap_or_default();
                target.display().to_string().trim_end_matches(" (deleted)") == path
            });
            let position = |entry: std::fs::DirEntry| {
                let info = format!("/proc/self/fdinfo/{}", entry.file_name().display());
                let info = std::fs::read_to_string(info).unwrap();
                let position = info.lines().find_map(|line| line.strip_prefix("pos:"));
                position.unwrap().trim().parse::<u64>().unwrap() - self.head_bytes
            };
            open.map(position).collect()
        }

        fn accesses(&self) -> u64 {
            let record = self.state.store().get(&self.memo.id).unwrap();
            record.map_or(0, |record| record.access_count)
        }
    }

    fn insert(store: &Store, plain: Vec<u8>, change: impl FnOnce(&mut Facts)) -> (Record, String) {
        let (sealed, key) = seal::seal(Zeroizing::new(plain));
        let mut facts = Facts::at("here.example", SystemTime::now());
        change(&mut facts);
        let memo = store.insert(vec![NewMemo { sealed, facts }]).remove(0).unwrap();
        (memo, AccessToken::derive(&key).to_text().to_string())
    }

    /// Until nobody does anything any more but wait for the clock.
    async fn rest() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Everything that comes, and what of it stands behind the head.
    async fn whole(mut client: DuplexStream) -> (String, Vec<u8>) {
        let mut all = Vec::new();
        let _ = client.read_to_end(&mut all).await;
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let body = all.split_off(end);
        (String::from_utf8(all).unwrap(), body)
    }

    #[tokio::test(start_paused = true)]
    async fn slow_readers_hold_a_piece_each_and_nobody_up() {
        const ADDRESSES: u16 = 75;
        let house = House::new(|_| ());
        let ciphertext = house.state.store().ciphertext(&house.memo.id).unwrap();
        let began = Instant::now();
        let (mut slow, mut taken) = (Vec::new(), 0);
        for number in 0..ADDRESSES * limits::HTTP_MEMOS_PER_ADDRESS as u16 {
            let (mut client, status) = house.ask_for_status(number % ADDRESSES).await;
            assert_eq!(status, "200");
            // Each stops reading at another place.
            let mut read = vec![0; usize::from(number) * 1_000];
            client.read_exact(&mut read).await.unwrap();
            taken += read.len();
            slow.push(client);
        }
        assert_eq!(slow.len(), 300);
        let (head, body) = whole(house.ask(ADDRESSES).await).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(body == ciphertext);
        assert_eq!(began.elapsed(), Duration::ZERO, "nobody waited for anybody");
        rest().await;
        let read = house.read_so_far();
        assert_eq!(read.len(), 300, "files are open");
        let held = read.iter().sum::<u64>() - taken as u64;
        let most = limits::MEMO_PIECE_BYTES + limits::HTTP_HEAD_BYTES;
        assert!(held <= (slow.len() * most) as u64, "{held} bytes are in memory");
        // An address that has its places waits, for so long.
        assert_eq!(house.ask_for_status(0).await.1, "503");
        assert_eq!(house.accesses(), 301);
        // Whoever is cut off gives everything back.
        tokio::time::sleep(limits::HTTP_WRITE_PAUSE).await;
        assert!(house.read_so_far().is_empty());
        assert_eq!(house.state.inner.memos.available_permits(), limits::HTTP_MEMOS);
        assert_eq!(house.ask_for_status(0).await.1, "200");
    }

    #[tokio::test(start_paused = true)]
    async fn all_together_have_so_many_memos_and_who_goes_away_makes_room() {
        let house = House::new(|_| ());
        let addresses = (limits::HTTP_MEMOS / limits::HTTP_MEMOS_PER_ADDRESS) as u16;
        let mut slow = Vec::new();
        for number in 0..limits::HTTP_MEMOS as u16 {
            let (client, status) = house.ask_for_status(number % addresses).await;
            assert_eq!(status, "200");
            slow.push(client);
        }
        let began = Instant::now();
        assert_eq!(house.ask_for_status(addresses).await.1, "503");
        let waited = began.elapsed();
        assert!(waited >= limits::HTTP_MEMO_WAIT && waited < 2 * limits::HTTP_MEMO_WAIT);
        let waiting = house.ask(addresses).await;
        rest().await;
        drop(slow.pop());
        let (head, _) = whole(waiting).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_memo_that_is_deleted_is_heard_to_its_end_by_who_hears_it() {
        let house = House::new(|_| ());
        let store = house.state.store();
        let ciphertext = store.ciphertext(&house.memo.id).unwrap();
        let hearing = house.ask(1).await;
        rest().await;
        let deleted = store.delete(&house.memo.id, Reason::Owner, SystemTime::now());
        assert!(deleted.unwrap().is_some());
        assert!(!house.path().exists());
        assert_eq!(house.ask_for_status(2).await.1, "404");
        assert_eq!(house.read_so_far(), [limits::MEMO_PIECE_BYTES as u64]);
        let (head, body) = whole(hearing).await;
        assert!(
            head.contains(&format!("content-length: {}\r\n", ciphertext.len())),
            "{head}"
        );
        assert!(body == ciphertext);
        assert!(house.read_so_far().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_as_long_as_it_was_is_refused_or_breaks_off() {
        let house = House::new(|facts| facts.max_accesses = Some(2));
        let length = std::fs::metadata(house.path()).unwrap().len();
        let set_length = |length: u64| {
            let file = std::fs::OpenOptions::new().write(true).open(house.path());
            file.unwrap().set_len(length).unwrap();
        };
        for damaged in [length - 1, length + 1, 100, 4, 0] {
            let content = std::fs::read(house.path()).unwrap();
            set_length(damaged);
            assert_eq!(house.ask_for_status(1).await.1, "500", "{damaged}");
            std::fs::write(house.path(), content).unwrap();
        }
        assert_eq!(house.accesses(), 0, "nothing was given out");
        let hearing = house.ask(1).await;
        rest().await;
        set_length(length - 1);
        let (head, body) = whole(hearing).await;
        assert!(
            head.contains(&format!("content-length: {}\r\n", house.memo.file_size_bytes)),
            "{head}"
        );
        // What was read before the disk failed, but for what the connection had not sent.
        assert!(body.len() > 9 * limits::MEMO_PIECE_BYTES && body.len() < MEMO_BYTES);
        assert!(house
            .state
            .store()
            .ciphertext(&house.memo.id)
            .unwrap()
            .starts_with(&body));
        assert_eq!(house.accesses(), 1);
        assert_eq!(house.state.inner.memos.available_permits(), limits::HTTP_MEMOS);
    }

    #[tokio::test]
    async fn ciphertext_stands_in_an_object_beside_its_fields() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let piece = limits::MEMO_PIECE_BYTES;
        for length in [16, 17, 18, piece - 1, piece, piece + 1, 2 * piece, 2 * piece + 2] {
            let (memo, _) = insert(&store, vec![7; length - 16], |_| ());
            let outgoing = Outgoing {
                id: memo.id,
                ciphertext: store.open_ciphertext(&memo).unwrap(),
                place: (),
            };
            let response = outgoing.respond_within(&json!({"success": true, "memo_id": "a\"b"}));
            let announced = response.headers()[header::CONTENT_LENGTH]
                .to_str()
                .unwrap()
                .parse();
            let body = axum::body::to_bytes(response.into_body(), usize::MAX)
                .await
                .unwrap();
            assert_eq!(announced, Ok(body.len()));
            let read: Value = serde_json::from_slice(&body).unwrap();
            let audio = STANDARD.encode(store.ciphertext(&memo.id).unwrap());
            let expected = json!({"success": true, "memo_id": "a\"b", "encrypted_audio_b64": audio});
            assert!(read == expected, "of {length} bytes");
        }
    }
}
