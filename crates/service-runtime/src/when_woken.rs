//! Waiting for something rare beside work that has many turns.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;

/// A future that is asked again only after it has woken its task: a stop takes locks that all who wait for it share, and a
/// connection would ask for it with each request.
#[derive(Debug)]
pub(crate) struct WhenWoken<F> {
    future: Pin<Box<F>>,
    alert: Arc<Alert>,
    waker: Waker,
}

#[derive(Debug)]
struct Alert {
    is_woken: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Alert {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl<F: Future> WhenWoken<F> {
    pub(crate) fn new(future: F) -> Self {
        let alert = Arc::new(Alert {
            // Nobody has asked it yet.
            is_woken: AtomicBool::new(true),
            task: AtomicWaker::new(),
        });
        Self {
            future: Box::pin(future),
            waker: Arc::clone(&alert).into(),
            alert,
        }
    }
}

impl<F: Future> Future for WhenWoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // First, so that a wake from now on is not lost.
        self.alert.task.register(context.waker());
        if !self.alert.is_woken.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.alert.is_woken.store(false, Ordering::Release);
        let Self { future, waker, .. } = &mut *self;
        future.as_mut().poll(&mut Context::from_waker(waker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::ready;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn it_is_asked_once_and_then_only_when_it_has_woken() {
        let (sender, mut receiver) = oneshot::channel::<u8>();
        let mut asked = 0;
        let rare = std::future::poll_fn(|context| {
            asked += 1;
            let told = ready!(Pin::new(&mut receiver).poll(context));
            Poll::Ready(told.unwrap())
        });
        let mut rare = WhenWoken::new(rare);
        for _ in 0..100 {
            assert!(futures::poll!(&mut rare).is_pending());
        }
        let (told, ()) = tokio::join!(&mut rare, async {
            tokio::task::yield_now().await;
            sender.send(7).unwrap();
        });
        assert_eq!(told, 7);
        drop(rare);
        assert_eq!(asked, 2);
    }
}
