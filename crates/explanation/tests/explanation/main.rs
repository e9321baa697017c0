//! Explanations as people get them: goldens, and a pocket calculator that does every printed sum again.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod calculator;
mod districts;
mod golden;
mod outcomes;
mod random;
mod sums;
mod tier_stages;
