//! The public feed: one encoded frame a tick for all viewers.
