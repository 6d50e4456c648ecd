//! Clients that send or take a byte now and then: they hold neither connections nor memory for long, and nobody up.

#[path = "common/served.rs"]
mod served;

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use base64::Engine as _;
use obelus::limits;
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::token::AccessToken;
use obelus::memo::vault::StoredMemo;
use serde_json::json;
use served::{key_of, Served};
use sha2::{Digest as _, Sha256};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

/// No test waits so long while all is well.
const PATIENCE: Duration = Duration::from_secs(60);

fn connect(served: &Served) -> TcpStream {
    let stream = TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The head of an upload of so many bytes.
fn upload_head(bytes: usize) -> String {
    format!("POST /api/memos HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\n\r\n")
}

/// Sends the head of an upload of so many bytes.
fn begin_upload(served: &Served, bytes: usize) -> TcpStream {
    let mut stream = connect(served);
    stream.write_all(upload_head(bytes).as_bytes()).unwrap();
    stream
}

fn status(answer: &[u8]) -> String {
    let line = answer.split(|byte| *byte == b'\r').next().unwrap();
    String::from_utf8_lossy(line).into_owned()
}

#[test]
fn an_upload_that_trickles_is_cut_off_and_gives_its_room_back() {
    let served = Served::start_as(
        "127.0.0.1",
        "localhost",
        |config| config.http.record = true,
        |state| state.with_upload_grace(Duration::from_millis(200)),
    );
    // As many as an address may have, and then as many again: the first have given their places back.
    for _ in 0..2 {
        let trickling: Vec<TcpStream> = (0..limits::HTTP_UPLOADS_PER_ADDRESS)
            .map(|_| {
                begin_upload(
                    &served,
                    limits::HTTP_UPLOAD_BYTES / limits::HTTP_UPLOADS_PER_ADDRESS,
                )
            })
            .collect();
        for mut stream in trickling {
            // A byte every few milliseconds, which is how long each look for an answer takes.
            stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
            let (mut answer, began) = ([0; 4096], Instant::now());
            let length = loop {
                assert!(began.elapsed() < PATIENCE, "the upload goes on for ever");
                let _ = stream.write_all(b" ");
                match stream.read(&mut answer) {
                    Ok(length) => break length,
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                    Err(error) => panic!("{error}"),
                }
            };
            assert_eq!(status(&answer[..length]), "HTTP/1.1 408 Request Timeout");
        }
    }
    let key = MemoKey::generate();
    let body = json!({
        "id": MemoId::generate(),
        "encryption_iv": URL_SAFE.encode([7; 12]),
        "access_key_hash": hex::encode(Sha256::digest(URL_SAFE.decode(&*key.to_text()).unwrap())),
        "access_token_hash": AccessToken::derive(&key).verifier(),
        "audio_format": "audio/wav",
        "encrypted_audio_b64": STANDARD.encode([7; 100]),
    })
    .to_string();
    // At once: this server waits for nothing longer than a moment.
    let mut stream = connect(&served);
    let upload = upload_head(body.len()) + &body;
    stream.write_all(upload.as_bytes()).unwrap();
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).unwrap();
    assert_eq!(status(&answer[..length]), "HTTP/1.1 201 Created");
}

/// Asks for a memo from that address, and reads no more than the status; the operating system little more.
async fn ask(served: &Served, memo: &StoredMemo, from: &str) -> (String, tokio::net::TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    ask_by(socket, served, memo, from).await
}

async fn ask_by(
    socket: TcpSocket,
    served: &Served,
    memo: &StoredMemo,
    from: &str,
) -> (String, tokio::net::TcpStream) {
    socket
        .bind(format!("{from}:0").parse::<SocketAddr>().unwrap())
        .unwrap();
    let mut stream = socket.connect(served.address).await.unwrap();
    let token = AccessToken::derive(&MemoKey::from_text(&key_of(memo)).unwrap());
    let request = format!(
        "GET /voice/{}/audio HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        memo.id,
        *token.to_text()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut line = vec![0; "HTTP/1.1 200 ".len()];
    stream.read_exact(&mut line).await.unwrap();
    (String::from_utf8(line).unwrap(), stream)
}

#[tokio::test]
async fn who_does_not_read_keeps_memos_from_nobody_else() {
    let served = Served::start_as(
        "127.0.0.1",
        "localhost",
        |_| {},
        |state| state.with_memo_wait(Duration::from_millis(20)),
    );
    // More than an operating system takes of a connection that nobody reads.
    let memo = served.leave(vec![0; 8 * 1024 * 1024]);
    let mut unread = Vec::new();
    for _ in 0..limits::HTTP_MEMOS_PER_ADDRESS {
        let (status, stream) = ask(&served, &memo, "127.0.0.1").await;
        assert_eq!(status, "HTTP/1.1 200 ");
        unread.push(stream);
    }
    assert_eq!(ask(&served, &memo, "127.0.0.1").await.0, "HTTP/1.1 503 ");
    assert_eq!(ask(&served, &memo, "127.0.0.5").await.0, "HTTP/1.1 200 ");
    // Whoever goes away makes room; the server finds that out when it writes.
    unread.pop();
    let began = Instant::now();
    while ask(&served, &memo, "127.0.0.1").await.0 != "HTTP/1.1 200 " {
        assert!(began.elapsed() < PATIENCE, "the place was not given back");
    }
}

#[tokio::test]
async fn many_addresses_that_do_not_read_leave_a_listener_his_memo() {
    let served = Served::start(|_| {});
    let memo = served.leave(vec![0; 8 * 1024 * 1024]);
    let mut unread = Vec::new();
    for address in 1..=20 {
        for _ in 0..limits::HTTP_MEMOS_PER_ADDRESS {
            let (status, stream) = ask(&served, &memo, &format!("127.0.1.{address}")).await;
            assert_eq!(status, "HTTP/1.1 200 ");
            unread.push(stream);
        }
    }
    let socket = TcpSocket::new_v4().unwrap();
    let (status, mut stream) = ask_by(socket, &served, &memo, "127.0.0.1").await;
    assert_eq!(status, "HTTP/1.1 200 ");
    let (mut read, mut buffer) = (0, vec![0; 1024 * 1024]);
    while read < memo.size_bytes {
        let length = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer)
            .await
            .unwrap();
        assert!(length > 0, "the answer broke off");
        read += length as u64;
    }
    assert_eq!(unread.len(), 20 * limits::HTTP_MEMOS_PER_ADDRESS);
}
