//! A connection that fails when the other side takes nothing of what waits for it.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A stream whose writes fail with [`io::ErrorKind::TimedOut`] after a time in which not a byte was taken. With nothing to
/// write, it may be silent for ever.
#[derive(Debug)]
pub(crate) struct Impatient<S> {
    stream: S,
    patience: Duration,
    // Made at the first wait and used again: most connections never wait.
    timer: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
}

impl<S> Impatient<S> {
    /// A stream that waits for so long.
    pub(crate) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            timer: None,
            is_waiting: false,
        }
    }

    fn or_late<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.is_waiting = false;
            return written;
        }
        let end = Instant::now() + self.patience;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if !self.is_waiting {
            self.is_waiting = true;
            timer.as_mut().reset(end);
        }
        ready!(timer.as_mut().poll(context));
        let message = "nothing was taken of what waits";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.or_late(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.or_late(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_given_up_after_just_that_time() {
        let (ours, theirs) = tokio::io::duplex(64);
        let mut ours = Impatient::new(ours, PATIENCE);
        ours.write_all(&[0; 64]).await.unwrap();
        // Nothing waits: silence is no fault.
        tokio::time::sleep(PATIENCE * 10).await;
        let began = Instant::now();
        let late = ours.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
        drop(theirs);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_a_little_now_and_then_gets_all() {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let reader = tokio::spawn(async move {
            let mut taken = Vec::new();
            let mut some = [0; 8];
            loop {
                tokio::time::sleep(PATIENCE - Duration::from_secs(1)).await;
                match theirs.read(&mut some).await.unwrap() {
                    0 => return taken,
                    read => taken.extend_from_slice(&some[..read]),
                }
            }
        });
        let mut ours = Impatient::new(ours, PATIENCE);
        ours.write_all(&[7; 80]).await.unwrap();
        drop(ours);
        assert_eq!(reader.await.unwrap(), [7; 80]);
    }
}
