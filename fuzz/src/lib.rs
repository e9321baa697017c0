//! What the fuzz targets check: for any rules and votes, allocator, workspace, verifier, steps, margins and the simple method
//! say the same; nothing panics or wraps; and a result that was changed is refused.
//!
//! The tests of `crates/apportionment` include this file and run the same checks over seeded bytes, so that they cannot rot.

pub mod contest;
pub mod districts;
pub mod draw;
pub mod input;
#[path = "../../crates/apportionment/tests/simple/mod.rs"]
pub mod simple;

use arbitrary::{Arbitrary, Unstructured};

/// One contest under any rules.
pub fn contest(bytes: &[u8]) {
    if let Some(question) = read::<input::Question>(bytes) {
        contest::check(&question);
    }
}

/// Seats in tiers.
pub fn tiers(bytes: &[u8]) {
    if let Some(question) = read::<input::districts::TierQuestion>(bytes) {
        districts::check_tiers(question);
    }
}

/// Double proportional seats.
pub fn double_proportional(bytes: &[u8]) {
    if let Ok(question) = input::districts::DoubleQuestion::arbitrary(&mut Unstructured::new(bytes))
    {
        districts::check_double(&question);
    }
}

/// A question, shown where `SHOW` is set: how an input that failed is read.
fn read<'a, T: Arbitrary<'a> + std::fmt::Debug>(bytes: &'a [u8]) -> Option<T> {
    let question = T::arbitrary(&mut Unstructured::new(bytes)).ok()?;
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{question:#?}");
    }
    Some(question)
}
