//! Time as a parameter, so that a test or a simulation can be the one who decides what time it is.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time of day. For measuring spans use `tokio::time::Instant`, which tests can pause.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Now, in microseconds since 1970-01-01T00:00:00Z, without leap seconds. Negative before that day.
    fn now_micros(&self) -> i64;
}

/// A clock that is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The clock of the machine. It may jump when the machine's time is set.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the machine"
    )]
    fn now_micros(&self) -> i64 {
        let saturated = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => saturated(after),
            Err(before) => -saturated(before.duration()),
        }
    }
}

/// A clock that stands still until it is told otherwise. Clones share their time.
#[derive(Debug, Clone, Default)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// A clock that stands at this many microseconds since 1970.
    pub fn at_micros(now_micros: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now_micros)))
    }

    /// Sets the time, back as well as forward.
    pub fn set_micros(&self, now_micros: i64) {
        self.0.store(now_micros, Ordering::SeqCst);
    }

    /// Moves the time forward. Saturates at the end of the range.
    pub fn advance(&self, span: Duration) {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        self.set_micros(self.now_micros().saturating_add(span));
    }
}

impl Clock for TestClock {
    fn now_micros(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_clock_moves_only_when_told_and_for_all_its_clones() {
        let clock = TestClock::at_micros(-5);
        let shared: SharedClock = Arc::new(clock.clone());
        assert_eq!(shared.now_micros(), -5);
        clock.advance(Duration::from_millis(2));
        assert_eq!(shared.now_micros(), 1_995);
        clock.set_micros(i64::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(shared.now_micros(), i64::MAX);
    }

    #[test]
    fn the_system_clock_is_past_the_year_2020() {
        assert!(SystemClock.now_micros() > 1_577_836_800_000_000);
    }
}
