//! A connection that gives the kernel no more while it has enough.
//!
//! The buffer of a socket bounds what the kernel takes in pieces. But a piece that has begun takes all that comes after it, up
//! to 64 KiB, whatever the buffer's size is: who writes a little at a time, as streams of events do, never meets the limit in
//! between. So after some bytes for which the other side has said nothing, the kernel is asked before it is given more.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// What is given without asking, in bytes: the answer to a request, whoever asks again has taken.
const UNASKED_BYTES_MAX: usize = 8 * 1024;

/// A connection to somebody who may take nothing.
#[derive(Debug)]
pub(crate) struct KernelRoom {
    stream: TcpStream,
    /// Bytes that were given since the other side said something, or the kernel had room.
    unasked: usize,
}

impl KernelRoom {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, unasked: 0 }
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unasked < UNASKED_BYTES_MAX {
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            if self.has_room()? {
                self.unasked = 0;
                return Poll::Ready(Ok(()));
            }
            // Asking has told the kernel to say when there is room; until then nothing is known of any.
            let full = || Err::<(), io::Error>(io::ErrorKind::WouldBlock.into());
            let _ = self.stream.try_io(Interest::WRITABLE, full);
        }
    }

    fn has_room(&self) -> io::Result<bool> {
        let mut asked = [PollFd::new(&self.stream, PollFlags::OUT)];
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // What is broken is ready as well: the write says so.
        Ok(poll(&mut asked, Some(&at_once))? > 0)
    }

    fn given(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.unasked = self.unasked.saturating_add(bytes);
        }
        written
    }
}

impl AsyncRead for KernelRoom {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.unasked = 0;
        }
        read
    }
}

impl AsyncWrite for KernelRoom {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(context))?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.given(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(context))?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.given(written)
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
    use socket2::SockRef;
    use std::future::poll_fn;
    use std::net::Ipv4Addr;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (theirs, ours) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (theirs, ours) = (theirs.unwrap(), ours.unwrap().0);
        SockRef::from(&ours)
            .set_send_buffer_size(12 * 1024)
            .unwrap();
        ours.set_nodelay(true).unwrap();
        (theirs, ours)
    }

    /// Writes small pieces for as long as they are taken, and says how many bytes were.
    async fn taken(mut stream: impl AsyncWrite + Unpin) -> (usize, impl AsyncWrite + Unpin) {
        let mut taken = 0;
        let mut pending = 0;
        while pending < 50 && taken < 4 << 20 {
            let piece = [7_u8; 512];
            let written =
                poll_fn(|context| Poll::Ready(Pin::new(&mut stream).poll_write(context, &piece)));
            match written.await {
                Poll::Ready(written) => taken += written.unwrap(),
                Poll::Pending => {
                    pending += 1;
                    tokio::task::yield_now().await;
                }
            }
        }
        (taken, stream)
    }

    #[tokio::test]
    async fn who_takes_nothing_holds_less_and_gets_all_of_it_later() {
        let (_silent, plain) = connected().await;
        let (without, _plain) = taken(plain).await;
        let (mut theirs, ours) = connected().await;
        let (with, mut ours) = taken(KernelRoom::new(ours)).await;
        assert!(
            with < without,
            "{with} bytes held, {without} without asking"
        );
        // Whoever takes it after all gets every byte, and what comes afterwards.
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).await.unwrap();
            all.len()
        });
        let rest = vec![7_u8; 1 << 20];
        tokio::io::AsyncWriteExt::write_all(&mut ours, &rest)
            .await
            .unwrap();
        drop(ours);
        assert_eq!(reading.await.unwrap(), with + rest.len());
    }
}
