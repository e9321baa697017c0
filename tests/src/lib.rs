//! Support for the end-to-end tests: the system under test, nights to play on it, and what must come out.
#![allow(
    clippy::missing_panics_doc,
    reason = "in support of tests a panic is the report, and almost everything may panic"
)]

pub mod cluster;
pub mod invented;
pub mod log;
pub mod over_districts;
pub mod play;
pub mod ranges;
pub mod raw;
pub mod reads;
#[path = "../../crates/apportionment/tests/skipped/mod.rs"]
pub mod skipped;
pub mod viewer;

use std::time::Duration;

/// How long a condition may take to hold. Far more than it ever takes: no test depends on timing.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// Asks until there is an answer.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            tokio::time::Instant::now() < end,
            "not within {PATIENCE:?}: {what}"
        );
        tokio::time::sleep(GLANCE).await;
    }
}
