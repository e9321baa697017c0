//! The results role: holds each election's log, decides what comes in, and answers what is counted.
//!
//! A [`Role`] opens the log of a data folder and serves `ResultsService` and `AdminService` of the contract. For each
//! election one sequencer decides over reports and commands in the order in which they come; nothing leaves before it is
//! durable. What is asked is answered from folds of the durable log: totals from memory, units from the store, their
//! counts and everything older from the log itself.
//!
//! What needs the store, which follows behind: units, their history, and what waits for a reviewer. While it catches up,
//! after a crash or a burst, those are UNAVAILABLE. Totals, definitions, watching and writing never need it.

mod applier;
mod checkpoints;
mod config;
mod directory;
mod entropy;
mod error;
mod fold;
mod group;
mod hosted;
mod log;
mod measure;
mod past;
mod recent;
mod role;
mod rpc;
mod sequencer;
mod store;
mod units;
mod watch;
mod work;

pub use config::{Config, Storage};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use error::{Error, OpenError};
pub use role::Role;
