//! The embedded event log: one journal per data folder, synced before it acknowledges.
