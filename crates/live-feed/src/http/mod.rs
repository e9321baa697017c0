//! The feed over HTTP, for scripts and browsers: the same frames as `WatchFrames`, as documents, events and pages.
//!
//! Everything here is read from what the public may see; there is no way to anything else. A document of a frame is made
//! and encoded once, at the first who asks for it, and all others get the same bytes.

mod csv;
mod document;
mod encoded;
mod events;
mod forms;
mod history;
mod problem;
mod routes;
mod security;
mod units;

pub(crate) use forms::Forms;
pub(crate) use routes::router;
pub(crate) use units::UnitsTable;
