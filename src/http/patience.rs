//! Connections whose other end takes what is written to it: one that reads nothing, or a byte now and then, is closed, so
//! that it does not keep its place, and a memo's file open.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream whose writing fails when too little of it was taken for so long.
pub(super) struct Patient<S> {
    stream: S,
    pause: Duration,
    least: usize,
    /// Since something waits to be written.
    waiting: Option<Waiting>,
}

struct Waiting {
    until: Pin<Box<Sleep>>,
    taken: usize,
}

impl<S> Patient<S> {
    /// A stream of which `least` bytes must be taken within `pause`, or all that waits where that is less.
    pub(super) fn new(stream: S, pause: Duration, least: usize) -> Self {
        Patient {
            stream,
            pause,
            least,
            waiting: None,
        }
    }

    /// What became of an attempt to write, or the end of patience.
    fn judge_write(
        &mut self,
        attempt: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match attempt {
            Poll::Ready(Ok(taken)) => {
                if let Some(waiting) = &mut self.waiting {
                    waiting.taken += taken;
                    if waiting.taken >= self.least {
                        self.waiting = None;
                    }
                }
                attempt
            }
            Poll::Ready(Err(_)) => attempt,
            Poll::Pending => self.wait(context).map(Err),
        }
    }

    /// What became of an attempt to have everything written: where it is, nobody is waited for.
    fn judge_flush(
        &mut self,
        attempt: Poll<io::Result<()>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if attempt.is_pending() {
            return self.wait(context).map(Err);
        }
        self.waiting = None;
        attempt
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let pause = self.pause;
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            until: Box::pin(tokio::time::sleep(pause)),
            taken: 0,
        });
        ready!(waiting.until.as_mut().poll(context));
        let what = "the other end reads nothing, or next to nothing";
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, what))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge_write(attempt, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.stream).poll_flush(context);
        self.judge_flush(attempt, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge_flush(attempt, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.judge_write(attempt, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const PAUSE: Duration = Duration::from_secs(30);

    // The clock stands still in these tests, and goes on only where everybody waits for it.

    #[tokio::test(start_paused = true)]
    async fn who_reads_is_written_to_and_who_does_not_is_left() {
        let (near, mut reader) = tokio::io::duplex(1024);
        let mut patient = Patient::new(near, PAUSE, 1);
        let sent = vec![7; 100_000];
        let reading = tokio::spawn(async move {
            let mut read = vec![0; 100_000];
            for piece in read.chunks_mut(10_000) {
                // Slow, and within what is waited for.
                tokio::time::sleep(PAUSE - Duration::from_secs(1)).await;
                reader.read_exact(piece).await.unwrap();
            }
            (reader, read)
        });
        patient.write_all(&sent).await.unwrap();
        let (mut reader, read) = reading.await.unwrap();
        assert!(read == sent);
        // Now it reads nothing.
        let began = tokio::time::Instant::now();
        let error = patient.write_all(&sent).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let waited = began.elapsed();
        assert!(
            waited >= PAUSE && waited < PAUSE + Duration::from_secs(1),
            "{waited:?}"
        );
        // Whoever sends meanwhile is still read.
        reader.write_all(b"x").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap(), b'x');
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_byte_now_and_then_is_left() {
        let (near, mut far) = tokio::io::duplex(16);
        let mut patient = Patient::new(near, PAUSE, 1_000_000);
        let trickle = tokio::spawn(async move {
            while far.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let error = patient.write_all(&[7; 1_000_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(patient);
        trickle.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_all_taken_does_not_count_against_the_next() {
        let (near, mut far) = tokio::io::duplex(16);
        let mut patient = Patient::new(near, PAUSE, 1_000_000);
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            far.read_to_end(&mut all).await.unwrap();
            all.len()
        });
        for _ in 0..3 {
            patient.write_all(&[7; 64]).await.unwrap();
            patient.flush().await.unwrap();
            assert!(patient.waiting.is_none());
        }
        drop(patient);
        assert_eq!(reading.await.unwrap(), 192);
    }
}
