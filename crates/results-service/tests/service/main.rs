//! The role over an in-memory pipe: on the journal and sled in a folder, and on the memory engine with its faults.
#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test that fails is a test that fails"
)]

mod apart;
mod append;
mod damaged;
mod figures;
mod officials;
mod public;
mod reads;
mod recovery;
mod support;
mod watching;
mod wide;
