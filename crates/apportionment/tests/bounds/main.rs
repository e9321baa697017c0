//! Bounds of seats against every way in which outstanding ballots can fall.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod brute;
mod cases;
mod claims;
mod corners;
mod laws;
mod named;
#[path = "../page/mod.rs"]
mod page;
#[path = "../skipped/mod.rs"]
mod skipped;
