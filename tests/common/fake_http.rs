//! An HTTP server of the tests' own that answers by a list. Tests of the library include it too.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// Answers each connection with the next of `answers`; each request, head and body, is noted before its answer goes out.
pub async fn serve(listener: TcpListener, answers: Vec<String>, mut note: impl FnMut(String)) {
    for answer in answers {
        let (stream, _) = listener.accept().await.expect("a connection comes");
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).await.expect("the head comes"), 0);
        }
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await.expect("the body comes");
        note(head + &String::from_utf8_lossy(&body));
        // Who has read enough of it may be gone before the end.
        let _ = stream.get_mut().write_all(answer.as_bytes()).await;
    }
}

/// One answer, with further lines in its head.
pub fn answer(status: &str, extra: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{extra}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
