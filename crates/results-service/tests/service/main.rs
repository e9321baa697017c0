//! The role over an in-memory pipe: on the journal and sled in a folder, and on the memory engine with its faults.

mod append;
mod public;
mod reads;
mod recovery;
mod support;
mod watching;
