//! The feed over HTTP, for scripts and browsers: the same frames as `WatchFrames`, as documents, events and pages.
//!
//! Everything here is read from what the public may see; there is no way to anything else. A document of a frame is made
//! and encoded once, at the first who asks for it, and all others get the same bytes.

mod at_once;
mod csv;
mod document;
mod encoded;
mod events;
mod extract;
mod forms;
mod history;
mod lent;
mod problem;
mod routes;
mod security;
mod units;

pub(crate) use document::{election_id, token_text};
pub(crate) use encoded::{Encoded, Freshness, HTML};
pub(crate) use events::{event, resume};
pub(crate) use extract::{Path, Query};
pub(crate) use forms::Forms;
pub(crate) use history::read as read_history;
pub(crate) use problem::Problem;
pub(crate) use routes::{Resume, router, stream, whole, with_lag};
pub(crate) use units::{UnitsTables, list as read_units};

pub use at_once::Routes;
