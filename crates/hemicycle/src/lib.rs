//! The one binary, as a library: what it does, so that tests and benchmarks can do the same.

pub mod ballot_words;
pub mod cli;
pub mod command;
mod csv_file;
mod districts_file;
pub mod failure;
mod lists_file;
pub mod names;
pub mod night;
pub mod rehearsal;
pub mod serve;
#[cfg(test)]
#[path = "../../apportionment/tests/skipped/mod.rs"]
mod skipped;
pub mod table;
mod terminal;
pub mod text;
pub mod told;
