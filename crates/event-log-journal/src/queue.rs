//! The way from an `append` to the writer's thread and back.

use crate::folder::Folder;
use crate::layout::{self, BLOCK_BYTES};
use crate::writer::{Prepared, Spares, Writer};
use event_log::{AppendError, Appended, Group};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Groups that wait hold at most so many blocks of 4,096 bytes: 32 MiB. Appends beyond wait without being queued.
const WAITING_BLOCKS: u32 = 8_192;

/// A group on its way, with the one who waits for the answer. The permit is its share of the queue.
struct Request {
    group: Prepared,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
    _share: OwnedSemaphorePermit,
}

/// The caller's end.
#[derive(Debug)]
pub(crate) struct Queue {
    room: Arc<Semaphore>,
    spares: Arc<Spares>,
    sender: Mutex<Option<SyncSender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Queue {
    /// Starts the thread that drives the writer. `kept` is held until it ends.
    pub(crate) fn start<D: Folder>(
        writer: Writer<D>,
        seal_after: Duration,
        kept: impl Send + 'static,
    ) -> std::io::Result<Self> {
        // Each group takes at least one block's share, so sending never finds the channel full.
        let blocks = usize::try_from(WAITING_BLOCKS).expect("32 bits fit a size");
        let (sender, receiver) = sync_channel(blocks);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                drive(writer, &receiver, seal_after);
                drop(kept);
            })?;
        Ok(Self {
            room: Arc::new(Semaphore::new(blocks)),
            spares: Arc::default(),
            sender: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(crate) async fn append(&self, group: Group) -> Result<Appended, AppendError> {
        let span = layout::span(group.records.len(), group.bytes());
        let blocks = u32::try_from(span / BLOCK_BYTES).unwrap_or(WAITING_BLOCKS);
        let share = self
            .room
            .clone()
            .acquire_many_owned(blocks)
            .await
            .map_err(|_| AppendError::Closed)?;
        let (answer, answered) = oneshot::channel();
        // Here and not in the writer's thread, which has better things to do between two syncs. A full group takes a
        // quarter of a millisecond, one of a busy stream a tenth of that.
        let request = Request {
            group: Prepared::new(group, &self.spares),
            answer,
            _share: share,
        };
        let sent = match &*self.sender.lock().expect("no holder of the lock panics") {
            Some(sender) => sender.try_send(request).is_ok(),
            None => return Err(AppendError::Closed),
        };
        let stopped = || AppendError::Failed("the journal's thread has stopped".to_owned());
        if !sent {
            return Err(stopped());
        }
        answered.await.map_err(|_| stopped())?
    }

    /// Takes no more groups and gives the thread, which ends when it has answered those that wait and has sealed.
    pub(crate) fn stop(&self) -> Option<JoinHandle<()>> {
        self.room.close();
        self.sender
            .lock()
            .expect("no holder of the lock panics")
            .take();
        self.thread
            .lock()
            .expect("no holder of the lock panics")
            .take()
    }
}

/// Writes batch after batch: all that waits, up to the limits of a batch; seals when nothing comes for a while.
fn drive<D: Folder>(mut writer: Writer<D>, receiver: &Receiver<Request>, seal_after: Duration) {
    let mut left_over = None;
    loop {
        let first = match left_over.take() {
            Some(request) => request,
            None => match receiver.recv_timeout(seal_after) {
                Ok(request) => request,
                Err(RecvTimeoutError::Timeout) => {
                    writer.seal();
                    if writer.look_for_room() {
                        continue;
                    }
                    match receiver.recv() {
                        Ok(request) => request,
                        Err(_) => return writer.seal(),
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return writer.seal(),
            },
        };
        let (mut records, mut span) = (first.group.records(), first.group.span());
        let mut groups = vec![first.group];
        let mut waiting = vec![(first.answer, first._share)];
        while let Ok(request) = receiver.try_recv() {
            if !Writer::<D>::fits(records, span, &request.group) {
                left_over = Some(request);
                break;
            }
            records += request.group.records();
            span += request.group.span();
            groups.push(request.group);
            waiting.push((request.answer, request._share));
        }
        for (answer, (waiting, _share)) in writer.commit(groups).into_iter().zip(waiting) {
            // Who no longer waits does not need the answer: dropping the future does not undo the append.
            waiting.send(answer).ok();
        }
    }
}
