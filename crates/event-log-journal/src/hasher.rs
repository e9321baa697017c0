//! Content hashes, computed on a thread of their own while the batch is being written and synced.

use crate::layout;
use crate::writer::Prepared;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

struct Job {
    groups: Arc<Vec<Prepared>>,
    /// Which of them are in the batch.
    taken: Vec<usize>,
    answer: SyncSender<[u8; 32]>,
}

/// Computes one batch's hash at a time.
pub(crate) struct Hasher {
    /// None where no thread could be started: then hashes are computed where they are wanted.
    jobs: Option<SyncSender<Job>>,
    pending: Result<Receiver<[u8; 32]>, [u8; 32]>,
}

impl Hasher {
    /// `previous` is the hash of the last batch.
    pub(crate) fn new(previous: [u8; 32]) -> Self {
        let (jobs, receiver) = sync_channel::<Job>(1);
        let thread = std::thread::Builder::new()
            .name("journal-hash".to_owned())
            .spawn(move || {
                for job in receiver {
                    // Nobody waits where the writer has gone.
                    job.answer.send(hash(&job.groups, &job.taken)).ok();
                }
            });
        Self {
            jobs: thread.is_ok().then_some(jobs),
            pending: Err(previous),
        }
    }

    /// The hash of the last batch; waits for it if it is not ready.
    pub(crate) fn previous(&mut self) -> [u8; 32] {
        let hash = match &self.pending {
            Ok(receiver) => receiver.recv().expect("hashing does not panic"),
            Err(hash) => *hash,
        };
        self.pending = Err(hash);
        hash
    }

    /// Starts on the hash of the next batch.
    pub(crate) fn start(&mut self, groups: &Arc<Vec<Prepared>>, taken: Vec<usize>) {
        let Some(jobs) = &self.jobs else {
            self.pending = Err(hash(groups, &taken));
            return;
        };
        let (answer, receiver) = sync_channel(1);
        jobs.send(Job {
            groups: groups.clone(),
            taken,
            answer,
        })
        .expect("hashing does not panic");
        self.pending = Ok(receiver);
    }

    /// Takes the hash of the next batch as given.
    pub(crate) fn set(&mut self, hash: [u8; 32]) {
        self.pending = Err(hash);
    }
}

fn hash(groups: &[Prepared], taken: &[usize]) -> [u8; 32] {
    layout::batch_hash(taken.iter().map(|group| groups[*group].body().hash()))
}
