//! Contests whose districts hang together: from a tally and the rules to what the allocation engine takes.

mod rules;

pub use rules::DistrictedRules;
pub(crate) use rules::check_chain;
