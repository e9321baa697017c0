//! A connection that fails when the other side takes nothing of what waits for it.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tonic::transport::server::Connected;

/// How long the other side may let us wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// In one piece, or in all where it takes less than the rate.
    pub(crate) longest: Duration,
    /// What it has to take while something waits, in bytes a second; 0: any byte will do.
    pub(crate) rate_min: u32,
}

/// A stream whose writes fail with [`io::ErrorKind::TimedOut`] when too little of them is taken: the time that is waited is
/// counted, and each byte that is taken earns some of it back. With nothing to write, it may be silent for ever.
#[derive(Debug)]
pub(crate) struct Impatient<S> {
    stream: S,
    patience: Patience,
    /// How long may still be waited.
    left: Duration,
    // Made at the first wait and used again: most connections never wait.
    timer: Option<Pin<Box<Sleep>>>,
    waits_since: Option<Instant>,
}

impl<S> Impatient<S> {
    /// A stream that waits for so long.
    pub(crate) fn new(stream: S, patience: Patience) -> Self {
        Self {
            stream,
            patience,
            left: patience.longest,
            timer: None,
            waits_since: None,
        }
    }

    fn or_late(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            let waited = self.waits_since.take();
            let waited = waited.map_or(Duration::ZERO, |since| since.elapsed());
            self.left = self.left.saturating_sub(waited);
            let taken = written.as_ref().copied().unwrap_or(0);
            self.left = (self.left + self.earned(taken)).min(self.patience.longest);
            return Poll::Ready(written);
        }
        let end = Instant::now() + self.left;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if self.waits_since.is_none() {
            self.waits_since = Some(Instant::now());
            timer.as_mut().reset(end);
        }
        ready!(timer.as_mut().poll(context));
        let message = "too little was taken of what waits";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
    }

    fn earned(&self, bytes: usize) -> Duration {
        let nanoseconds = u64::try_from(bytes).unwrap_or(u64::MAX);
        let nanoseconds = nanoseconds.saturating_mul(1_000_000_000);
        let nanoseconds = nanoseconds.checked_div(u64::from(self.patience.rate_min));
        nanoseconds.map_or(self.patience.longest, Duration::from_nanos)
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

impl<S: Connected> Connected for Impatient<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> S::ConnectInfo {
        self.stream.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const PATIENCE: Patience = Patience {
        longest: Duration::from_secs(30),
        rate_min: 4,
    };

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_given_up_after_just_that_time() {
        let (ours, theirs) = tokio::io::duplex(64);
        let mut ours = Impatient::new(ours, PATIENCE);
        ours.write_all(&[0; 64]).await.unwrap();
        // Nothing waits: silence is no fault.
        tokio::time::sleep(PATIENCE.longest * 10).await;
        let began = Instant::now();
        let late = ours.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), PATIENCE.longest.as_secs());
        drop(theirs);
    }

    /// What a reader gets of 400 bytes that takes eight at a time.
    async fn taken(pause: Duration) -> (usize, io::Result<()>) {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let reader = tokio::spawn(async move {
            let (mut taken, mut some) = (0, [0; 8]);
            loop {
                tokio::time::sleep(pause).await;
                match theirs.read(&mut some).await.unwrap() {
                    0 => return taken,
                    read => taken += read,
                }
            }
        });
        let mut ours = Impatient::new(ours, PATIENCE);
        let written = ours.write_all(&[7; 400]).await;
        drop(ours);
        (reader.await.unwrap(), written)
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_as_much_as_has_to_be_taken_gets_all() {
        // Eight bytes in two seconds are just the rate.
        let (all, written) = taken(Duration::from_secs(2)).await;
        assert_eq!(all, 400);
        written.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_a_little_now_and_then_is_given_up() {
        let began = Instant::now();
        // Never thirty seconds without a byte, and yet too little.
        let (some, written) = taken(Duration::from_secs(8)).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(some < 100, "{some} bytes");
        assert!(began.elapsed() < PATIENCE.longest * 3);
    }
}
