//! The store's tests: one suite for both engines, random nights against a model, and everything that sled may do to us.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which the lint's exception for tests does not reach"
)]

mod conformance;
mod crash;
mod damage;
mod growth;
mod night;
mod random;
mod view;
