//! A listener and its channels in memory, for roles that share a process.
//!
//! The bytes are those of a TCP connection, HTTP/2 included: only the socket is missing. So a role cannot tell whether
//! its neighbour is in the same process, and what is tested over a pipe holds over TCP.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::channel;
use crate::limits::Limits;
use crate::server::serve_pipe;
use crate::services::Services;
use crate::shutdown::Stopper;

/// How many bytes a connection holds in each direction before the writer waits.
const CONNECTION_BYTES: usize = 256 * 1024;

/// How many connections may wait to be accepted.
const CONNECTIONS_WAITING_MAX: usize = 16;

/// An address in memory. Clones are the same address.
///
/// As with a port, channels may be made before anybody listens, calls fail with UNAVAILABLE while nobody does, and a
/// channel finds its way again when the next server listens.
#[derive(Debug, Clone, Default)]
pub struct Pipe {
    listener: Arc<Mutex<Option<mpsc::Sender<DuplexStream>>>>,
}

/// The listening end of a [`Pipe`].
#[derive(Debug)]
pub struct PipeListener {
    pub(crate) incoming: mpsc::Receiver<DuplexStream>,
}

impl Pipe {
    /// A new address that nobody listens on yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens. A listener from before gets no more connections.
    pub fn listen(&self) -> PipeListener {
        let (sender, incoming) = mpsc::channel(CONNECTIONS_WAITING_MAX);
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        PipeListener { incoming }
    }

    /// A channel to whoever listens, opened with the first call and again after a loss.
    pub fn channel(&self) -> Channel {
        let pipe = self.clone();
        channel::tuned(Endpoint::from_static("http://in-process")).connect_with_connector_lazy(
            tower::service_fn(move |_: Uri| {
                let pipe = pipe.clone();
                async move { pipe.connect().await.map(TokioIo::new) }
            }),
        )
    }

    async fn connect(&self) -> io::Result<DuplexStream> {
        let nobody = || {
            io::Error::new(
                io::ErrorKind::ConnectionRefused,
                "nobody listens on the pipe",
            )
        };
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (ours, theirs) = tokio::io::duplex(CONNECTION_BYTES);
        let listener = listener.ok_or_else(nobody)?;
        listener.send(theirs).await.map_err(|_| nobody())?;
        Ok(ours)
    }
}

/// Serves in a task of the stopper and gives a channel to it: for two roles of a process that start and end together.
pub fn local_channel(services: Services, limits: Limits, stopper: &Stopper) -> Channel {
    let pipe = Pipe::new();
    stopper.spawn(serve_pipe(pipe.listen(), services, limits, stopper.clone()));
    pipe.channel()
}
