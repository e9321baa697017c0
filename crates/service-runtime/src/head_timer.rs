//! The timer of a connection that has a time limit for each head of a request.
//!
//! hyper takes a new timer for each head and drops it when the head is there, which takes memory and twice the lock of all
//! timers of the runtime for each request. Here a connection has one alarm, that is not touched when a head is there: when it
//! goes off, whoever waits by then sets it anew.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

type Alarm = Option<Pin<Box<tokio::time::Sleep>>>;

/// The timer of one connection. One wait at a time: another that begins takes its alarm.
#[derive(Debug, Default)]
pub(crate) struct HeadTimer {
    alarm: Arc<Mutex<Alarm>>,
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait {
            alarm: Arc::clone(&self.alarm),
            deadline: deadline.into(),
        })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

#[derive(Debug)]
struct Wait {
    alarm: Arc<Mutex<Alarm>>,
    deadline: tokio::time::Instant,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(self.deadline)));
        if alarm.deadline() > self.deadline {
            alarm.as_mut().reset(self.deadline);
        }
        loop {
            ready!(alarm.as_mut().poll(context));
            if alarm.deadline() >= self.deadline {
                return Poll::Ready(());
            }
            // It was set for an earlier head.
            alarm.as_mut().reset(self.deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_deadline_whatever_the_alarm_was_set_for() {
        let timer = HeadTimer::default();
        let begin = tokio::time::Instant::now();
        for (from_s, until_s) in [(0, 30), (10, 40), (11, 12), (11, 70), (80, 90)] {
            let until = begin + Duration::from_secs(until_s);
            tokio::time::sleep_until(begin + Duration::from_secs(from_s)).await;
            // Most heads come in time.
            let given_up = timer.sleep_until(until.into());
            let soon = Duration::from_millis(1);
            assert!(tokio::time::timeout(soon, given_up).await.is_err());
        }
        for seconds in [10, 30, 5] {
            let begin = tokio::time::Instant::now();
            timer.sleep(Duration::from_secs(seconds)).await;
            assert_eq!(begin.elapsed().as_secs(), seconds);
        }
    }
}
