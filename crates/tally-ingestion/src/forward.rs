//! The links to the results role, shared by all streams of clients.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use election::ids::ElectionId;
use service_runtime::shutdown::Stopper;
use tokio::sync::mpsc;
use tonic::transport::Channel;

use crate::batch::Chunk;
use crate::link::Link;

/// Chunks that may wait for a link before streams wait.
const CHUNKS_WAITING_MAX: usize = 64;

/// Finds the link of an election. Clones share their links.
///
/// A link lives as long as a stream of a client holds its sender: here is only a weak one. So a drain needs no order:
/// when the last stream has ended, its links have nothing left and end too.
#[derive(Debug, Clone)]
pub(crate) struct Forwarder {
    links: Arc<[Mutex<Option<mpsc::WeakSender<Chunk>>>]>,
    results: Channel,
    silence_max: Duration,
    stopper: Stopper,
}

impl Forwarder {
    pub(crate) fn new(
        results: Channel,
        links: NonZeroUsize,
        silence_max: Duration,
        stopper: Stopper,
    ) -> Self {
        Self {
            links: (0..links.get()).map(|_| Mutex::new(None)).collect(),
            results,
            silence_max,
            stopper,
        }
    }

    /// What the tasks of this role run under.
    pub(crate) fn stopper(&self) -> &Stopper {
        &self.stopper
    }

    /// The way to the link of an election. It is opened if nobody uses it now.
    pub(crate) fn link(&self, election: &ElectionId) -> mpsc::Sender<Chunk> {
        let mut hasher = DefaultHasher::new();
        election.hash(&mut hasher);
        let count = u64::try_from(self.links.len()).expect("a usize fits in 64 bits");
        let place = usize::try_from(hasher.finish() % count).expect("below the number of links");
        let mut link = self.links[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let used = link.as_ref().and_then(mpsc::WeakSender::upgrade);
        if let Some(sender) = used.filter(|sender| !sender.is_closed()) {
            return sender;
        }
        let (sender, chunks) = mpsc::channel(CHUNKS_WAITING_MAX);
        *link = Some(sender.downgrade());
        let opened = Link::new(chunks, self.results.clone(), self.silence_max);
        self.stopper.spawn(opened.run());
        sender
    }
}
