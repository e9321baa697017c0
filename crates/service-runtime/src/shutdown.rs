//! Stopping in order: first tell everybody, then wait for a grace period, then cut what is left.

use std::fmt::Display;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::when_woken::WhenWoken;

/// Stops a named part of the program and waits for its tasks. Clones stop the same part.
///
/// A part goes through two moments. At *stopping* it takes no new work and ends its streams; at *expired*, when the
/// grace period is over, every task and call that is left is dropped at its next await. A [child](Self::child) stops
/// with its parent but also alone.
#[derive(Debug, Clone)]
pub struct Stopper {
    name: Arc<str>,
    stopping: CancellationToken,
    expired: CancellationToken,
    failure: Arc<OnceLock<VitalFailure>>,
    /// Its own tasks, then those of each ancestor, which must wait for them too.
    tasks: Vec<TaskTracker>,
}

/// A task that a part could not do without, and that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{task}: {error}")]
pub struct VitalFailure {
    /// The task.
    pub task: &'static str,
    /// Why.
    pub error: String,
}

/// What was left when the grace period was over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {tasks} tasks were still running after {grace:?} and were cut")]
pub struct Overdue {
    /// The part that was stopped.
    pub name: String,
    /// How many of its tasks were cut.
    pub tasks: usize,
    /// How long they had.
    pub grace: Duration,
}

impl Stopper {
    /// A stopper of its own. The name is for logs.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            stopping: CancellationToken::new(),
            expired: CancellationToken::new(),
            failure: Arc::default(),
            tasks: vec![TaskTracker::new()],
        }
    }

    /// A part of this part: stopped with it, waited for by it, and able to stop without it.
    pub fn child(&self, name: &str) -> Self {
        let tasks = [TaskTracker::new()].into_iter().chain(self.tasks.clone());
        Self {
            name: name.into(),
            stopping: self.stopping.child_token(),
            expired: self.expired.child_token(),
            failure: Arc::default(),
            tasks: tasks.collect(),
        }
    }

    /// The name given at the start.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks the part to stop. Returns at once; asking again changes nothing.
    pub fn stop(&self) {
        if !self.stopping.is_cancelled() {
            info!(part = %self.name, "stopping");
            self.stopping.cancel();
        }
    }

    /// Whether the part was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Completes when the part is asked to stop. A loop selects on this to end in good order.
    pub fn stopping(&self) -> WaitForCancellationFutureOwned {
        self.stopping.clone().cancelled_owned()
    }

    /// Completes when the grace period is over.
    pub fn expired(&self) -> WaitForCancellationFutureOwned {
        self.expired.clone().cancelled_owned()
    }

    /// Starts a task that [`drain`](Self::drain) waits for, and that is dropped when the grace period is over.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let counted: Vec<_> = self.tasks.iter().map(TaskTracker::token).collect();
        let mut expired = WhenWoken::new(self.expired());
        tokio::spawn(async move {
            let outcome = {
                let mut future = pin!(future);
                let outcome = poll_fn(|context| match future.as_mut().poll(context) {
                    Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                    Poll::Pending => Pin::new(&mut expired).poll(context).map(|()| None),
                });
                outcome.await
            };
            // Only after what a cut task held is gone.
            drop(counted);
            outcome
        })
    }

    /// Starts a task that the part cannot do without, such as a listener: if it fails or panics, the part stops, and
    /// [`failure`](Self::failure) says why.
    pub fn spawn_vital<F, E>(
        &self,
        task: &'static str,
        future: F,
    ) -> JoinHandle<Option<Result<(), E>>>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let stopper = self.clone();
        self.spawn(async move {
            // What the future has touched is not touched again: the part stops.
            match AssertUnwindSafe(future).catch_unwind().await {
                Ok(outcome) => {
                    if let Err(error) = &outcome {
                        stopper.fail(task, error.to_string());
                    }
                    outcome
                }
                Err(panic) => {
                    stopper.fail(task, "it panicked".to_owned());
                    resume_unwind(panic)
                }
            }
        })
    }

    /// The vital task that failed first, if one did.
    pub fn failure(&self) -> Option<&VitalFailure> {
        self.failure.get()
    }

    fn fail(&self, task: &'static str, error: String) {
        error!(part = %self.name, task, %error, "a vital task failed");
        self.failure.set(VitalFailure { task, error }).ok();
        self.stop();
    }

    /// Stops the part and waits for its tasks, at most for `grace`; then cuts what is left and waits for that.
    ///
    /// # Errors
    /// [`Overdue`] when something had to be cut.
    pub async fn drain(&self, grace: Duration) -> Result<(), Overdue> {
        self.stop();
        let tasks = &self.tasks[0];
        tasks.close();
        if tokio::time::timeout(grace, tasks.wait()).await.is_ok() {
            self.expired.cancel();
            return Ok(());
        }
        let overdue = Overdue {
            name: self.name.to_string(),
            tasks: tasks.len(),
            grace,
        };
        warn!(part = %self.name, tasks = overdue.tasks, ?grace, "cutting what is left");
        self.expired.cancel();
        tasks.wait().await;
        Err(overdue)
    }

    /// Stops the part at the first SIGINT or SIGTERM and ends the grace period at the second. Only a binary does this.
    ///
    /// # Errors
    /// When the system lets no handler be installed.
    pub fn stop_on_signals(&self) -> std::io::Result<JoinHandle<()>> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let stopper = self.clone();
        Ok(tokio::spawn(async move {
            for last in [false, true] {
                let name = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                };
                info!(signal = name, "signal received");
                if last {
                    stopper.expired.cancel();
                } else {
                    stopper.stop();
                }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    const GRACE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn drain_waits_for_tasks_that_end_in_time() {
        let stopper = Stopper::new("part");
        let inner = stopper.clone();
        let task = stopper.spawn(async move {
            inner.stopping().await;
            tokio::time::sleep(GRACE / 2).await;
            7
        });
        assert_eq!(stopper.drain(GRACE).await, Ok(()));
        assert_eq!(task.await.unwrap(), Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn drain_cuts_what_is_left_after_the_grace_period_and_says_so() {
        let stopper = Stopper::new("part");
        let task = stopper.spawn(std::future::pending::<()>());
        let overdue = stopper.drain(GRACE).await.unwrap_err();
        assert_eq!((overdue.tasks, overdue.grace), (1, GRACE));
        assert_eq!(task.await.unwrap(), None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_a_cut_task_held_is_gone_when_drain_says_that_it_is_over() {
        struct Slow(Arc<AtomicBool>);
        impl Drop for Slow {
            fn drop(&mut self) {
                std::thread::sleep(Duration::from_millis(20));
                self.0.store(true, Ordering::Release);
            }
        }
        let is_gone = Arc::new(AtomicBool::new(false));
        let held = Slow(Arc::clone(&is_gone));
        let stopper = Stopper::new("part");
        drop(stopper.spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        }));
        stopper.drain(Duration::ZERO).await.unwrap_err();
        assert!(is_gone.load(Ordering::Acquire));
    }

    #[tokio::test(start_paused = true)]
    async fn a_child_stops_alone_and_with_its_parent() {
        let parent = Stopper::new("parent");
        let first = parent.child("first");
        let second = parent.child("second");
        let waits = |part: &Stopper| {
            let stopping = part.stopping();
            part.spawn(stopping)
        };
        let (one, two) = (waits(&first), waits(&second));
        assert_eq!(first.drain(GRACE).await, Ok(()));
        assert!(one.is_finished() && !two.is_finished() && !parent.is_stopping());
        assert_eq!(parent.drain(GRACE).await, Ok(()));
        assert!(two.is_finished() && second.is_stopping());
    }

    #[tokio::test(start_paused = true)]
    async fn a_vital_task_stops_its_part_only_when_it_fails() {
        let stopper = Stopper::new("part");
        let well = stopper.spawn_vital("well", async { Ok::<(), String>(()) });
        assert_eq!(well.await.unwrap(), Some(Ok(())));
        assert!(!stopper.is_stopping() && stopper.failure().is_none());
        let ill = stopper.spawn_vital("ill", async { Err("no port".to_owned()) });
        assert_eq!(ill.await.unwrap(), Some(Err("no port".to_owned())));
        assert!(stopper.is_stopping());
        assert_eq!(stopper.failure().unwrap().to_string(), "ill: no port");
    }

    #[tokio::test(start_paused = true)]
    async fn a_vital_task_that_panics_has_failed() {
        let stopper = Stopper::new("part");
        let task = stopper.spawn_vital("ill", async {
            assert!(Stopper::new("other").is_stopping(), "it is not");
            Ok::<(), String>(())
        });
        assert!(task.await.unwrap_err().is_panic());
        assert!(stopper.is_stopping());
        assert_eq!(stopper.failure().unwrap().task, "ill");
        assert_eq!(stopper.drain(GRACE).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_parent_waits_for_the_tasks_of_its_children() {
        let parent = Stopper::new("parent");
        parent.child("child").spawn(std::future::pending::<()>());
        assert_eq!(parent.drain(GRACE).await.unwrap_err().tasks, 1);
    }
}
