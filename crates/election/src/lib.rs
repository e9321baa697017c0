//! The election itself: ids, definition, commands, events, decide, apply, standings, record bytes.
//!
//! Pure: no file, no socket, no clock, no randomness. Everything that happened is an [`event::Event`] in a log;
//! everything that is shown is a fold of a prefix of that log.
#![deny(clippy::float_arithmetic)]

pub mod allocation;
pub mod bytes;
pub mod certain;
pub mod command;
pub mod counts;
pub mod decide;
pub mod declaration;
pub mod definition;
pub mod districted;
pub mod event;
pub mod ids;
pub mod profile;
pub mod publication;
pub mod report;
pub mod rules;
mod snapshot;
pub mod stage;
pub mod standings;
pub mod state;
pub mod submission;
pub mod tally;
pub mod toml_text;
pub mod validate;
