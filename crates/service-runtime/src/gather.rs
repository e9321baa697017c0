//! A connection that sends what many streams have to say in few pieces.
//!
//! A frame goes to a hundred streams of a connection in the same moment. HTTP/2 hands each of them to the kernel by itself,
//! which costs more than everything else that is done for it. So what is flushed is sent when the connection's task has its
//! next turn, for which it asks at once: behind the tasks that are ready as well, which is a matter of microseconds, and with
//! what they have added.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// What may wait to be sent, in bytes. More than that is sent at once.
const WAITING_BYTES_MAX: usize = 32 * 1024;
/// What is kept of the room for it while nothing waits, in bytes.
const KEPT_BYTES_MAX: usize = 512;
/// Flushes that are put off at most, whether or not the next turn was recognised.
const PUT_OFF_MAX: u32 = 256;

/// A stream whose writes are gathered, and sent in the turn of its task after the one that flushed them. It is written to, read
/// and flushed by one task, which reads in each of its turns and flushes again whenever it is woken, as HTTP/2 does.
#[derive(Debug)]
pub(crate) struct Gather<S, H = ()> {
    stream: S,
    /// What is held for as long as there is the stream.
    _held: H,
    waiting: Vec<u8>,
    /// How many of the bytes that wait have been sent.
    sent: usize,
    /// A flush that was put off, and how many after it.
    put_off: Option<u32>,
    /// The task has read since: this is its next turn.
    is_next_turn: bool,
}

impl<S, H> Gather<S, H> {
    /// Gathers what is written to a stream, and holds something else until it is dropped.
    pub(crate) fn new(stream: S, held: H) -> Self {
        Self {
            stream,
            _held: held,
            waiting: Vec::new(),
            sent: 0,
            // What a connection begins with goes at once: it may only read until the other side has answered.
            put_off: Some(0),
            is_next_turn: true,
        }
    }
}

impl<S: AsyncWrite + Unpin, H> Gather<S, H> {
    fn send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.waiting.len() {
            let rest = &self.waiting[self.sent..];
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
        }
        self.all_sent();
        Poll::Ready(Ok(()))
    }

    /// Sends what waits together with what is too large to wait, and says how much of that was taken.
    fn send_with(&mut self, context: &mut Context<'_>, large: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let rest = &self.waiting[self.sent..];
            let rest_bytes = rest.len();
            let parts = [io::IoSlice::new(rest), io::IoSlice::new(large)];
            let stream = Pin::new(&mut self.stream);
            let sent = ready!(stream.poll_write_vectored(context, &parts))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            if sent > rest_bytes {
                self.all_sent();
                return Poll::Ready(Ok(sent - rest_bytes));
            }
            self.sent += sent;
        }
    }

    fn all_sent(&mut self) {
        self.sent = 0;
        self.waiting.clear();
        self.waiting.shrink_to(KEPT_BYTES_MAX);
        self.put_off = None;
    }
}

impl<S: AsyncRead + Unpin, H: Unpin> AsyncRead for Gather<S, H> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.is_next_turn = true;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin, H: Unpin> AsyncWrite for Gather<S, H> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.len() > WAITING_BYTES_MAX {
            return self.send_with(context, bytes);
        }
        if self.waiting.len() + bytes.len() > WAITING_BYTES_MAX {
            ready!(self.send(context))?;
        }
        self.waiting.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    // Several parts are one after the other in the same room: whoever writes need not join them before.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut written = 0;
        for part in parts.iter().filter(|part| !part.is_empty()) {
            match Pin::new(&mut *this).poll_write(context, part) {
                Poll::Ready(Ok(bytes)) => {
                    written += bytes;
                    // The next part comes behind all of this one, or not at all.
                    if bytes < part.len() {
                        break;
                    }
                }
                // What was taken before is said first; the rest comes again.
                Poll::Pending | Poll::Ready(Err(_)) if written > 0 => break,
                unwritten => return unwritten,
            }
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waiting.is_empty() {
            return Pin::new(&mut self.stream).poll_flush(context);
        }
        match self.put_off {
            Some(count) if self.is_next_turn || count >= PUT_OFF_MAX => {
                ready!(self.send(context))?;
                return Pin::new(&mut self.stream).poll_flush(context);
            }
            Some(count) => self.put_off = Some(count + 1),
            None => {
                self.put_off = Some(0);
                self.is_next_turn = false;
            }
        }
        // Whoever flushed may have nothing else to do: it must come again.
        context.waker().wake_by_ref();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.send(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: Connected, H> Connected for Gather<S, H> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> S::ConnectInfo {
        self.stream.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Wake, Waker};
    use tokio::io::AsyncWriteExt as _;

    /// Takes a few bytes at a time, and counts how often it was asked.
    #[derive(Debug, Default)]
    struct Slow {
        taken: Vec<u8>,
        calls: usize,
        is_full: bool,
    }

    impl AsyncRead for Slow {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Slow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.calls += 1;
            self.is_full = !self.is_full;
            if !self.is_full {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let some = bytes.len().min(7_000);
            self.taken.extend_from_slice(&bytes[..some]);
            Poll::Ready(Ok(some))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl Gather<Slow> {
        /// One whose first words were said.
        fn begun() -> Self {
            let mut gathered = Gather::new(Slow::default(), ());
            gathered.put_off = None;
            gathered
        }
    }

    #[tokio::test]
    async fn what_a_connection_begins_with_goes_at_once() {
        let mut gathered = Gather::new(Slow::default(), ());
        gathered.write_all(b"settings").await.unwrap();
        gathered.flush().await.unwrap();
        assert_eq!(gathered.stream.taken, b"settings");
    }

    #[tokio::test]
    async fn of_several_parts_no_later_one_goes_before_the_rest_of_an_earlier_one() {
        let large: Vec<u8> = (0..60_000)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect();
        let all = [b"head".as_slice(), &large, b"tail"].concat();
        let mut gathered = Gather::begun();
        let mut written = 0;
        while written < all.len() {
            let ends = [4, 4 + large.len(), all.len()];
            let mut begin = written;
            let parts: Vec<_> = ends
                .into_iter()
                .map(|end| {
                    let part = io::IoSlice::new(&all[begin.min(end)..end]);
                    begin = begin.max(end);
                    part
                })
                .collect();
            let taken =
                poll_fn(|context| Pin::new(&mut gathered).poll_write_vectored(context, &parts));
            written += taken.await.unwrap();
        }
        gathered.shutdown().await.unwrap();
        assert_eq!(gathered.stream.taken, all);
    }

    /// A turn of the task: it reads, and flushes.
    async fn turn(gathered: &mut Gather<Slow>) {
        let mut nothing = [0; 8];
        let mut nothing = ReadBuf::new(&mut nothing);
        poll_fn(|context| Pin::new(&mut *gathered).poll_read(context, &mut nothing))
            .await
            .unwrap();
        gathered.flush().await.unwrap();
    }

    #[tokio::test]
    async fn whatever_is_written_arrives_in_its_order_however_the_other_side_takes_it() {
        let mut gathered = Gather::begun();
        let mut wanted = Vec::new();
        for round in 0..200_usize {
            let part: Vec<u8> = (0..round * 97 % 50_000)
                .map(|at| u8::try_from((at + round) % 251).unwrap())
                .collect();
            gathered.write_all(&part).await.unwrap();
            wanted.extend_from_slice(&part);
            let two = [io::IoSlice::new(b"head"), io::IoSlice::new(&part)];
            let taken =
                poll_fn(|context| Pin::new(&mut gathered).poll_write_vectored(context, &two));
            let taken = taken.await.unwrap();
            let both = [b"head".as_slice(), &part].concat();
            wanted.extend_from_slice(&both[..taken]);
            gathered.flush().await.unwrap();
            assert!(gathered.waiting.len() <= WAITING_BYTES_MAX);
            if round % 3 == 0 {
                turn(&mut gathered).await;
                assert_eq!(gathered.stream.taken, wanted);
                assert!(gathered.waiting.capacity() <= KEPT_BYTES_MAX);
            }
        }
        gathered.shutdown().await.unwrap();
        assert_eq!(gathered.stream.taken, wanted);
    }

    #[tokio::test]
    async fn what_is_written_in_one_turn_and_the_next_goes_out_together() {
        let mut gathered = Gather::begun();
        for _ in 0..100 {
            gathered.write_all(b"frame").await.unwrap();
            gathered.flush().await.unwrap();
        }
        assert_eq!(gathered.stream.calls, 0);
        gathered.write_all(b"last").await.unwrap();
        turn(&mut gathered).await;
        assert_eq!(gathered.stream.taken.len(), 504);
        assert_eq!(gathered.stream.calls, 1);
    }

    #[tokio::test]
    async fn a_flush_is_put_off_and_never_forgotten() {
        let mut gathered = Gather::begun();
        gathered.write_all(b"alone").await.unwrap();
        // A task that is woken flushes again, even one that never reads.
        for _ in 0..PUT_OFF_MAX + 2 {
            let waker = futures::task::noop_waker();
            let mut context = Context::from_waker(&waker);
            let _ = Pin::new(&mut gathered).poll_flush(&mut context);
        }
        assert_eq!(gathered.stream.taken, b"alone");
    }

    #[tokio::test]
    async fn whoever_flushes_is_woken_to_flush_again() {
        let (waker, woken) = told();
        let mut context = Context::from_waker(&waker);
        let mut gathered = Gather::begun();
        gathered.write_all(b"alone").await.unwrap();
        assert!(Pin::new(&mut gathered).poll_flush(&mut context).is_ready());
        assert!(woken.load(Ordering::Acquire));
    }

    fn told() -> (Waker, Arc<AtomicBool>) {
        struct Told(Arc<AtomicBool>);
        impl Wake for Told {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Release);
            }
        }
        let woken = Arc::<AtomicBool>::default();
        (Arc::new(Told(woken.clone())).into(), woken)
    }
}
