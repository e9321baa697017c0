//! The one binary: serve, demo, define, submit, replay, watch, history, declare, allocate, export.
fn main() {}
