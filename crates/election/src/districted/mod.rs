//! Contests whose districts hang together: from a tally and the rules to what the allocation engine takes, and from its
//! answer, if the verifier agrees, to the seats of each list in each district.

mod answer;
mod bounds;
mod declared;
mod lots;
mod names;
mod outcomes;
mod question;
#[cfg(test)]
mod ranges_tests;
mod rules;
mod ties;

pub use answer::{
    DistrictedAllocation, DistrictedResult, DistrictedSeats, answer, judge, seats_of, void_lots,
};
pub use declared::{check_district, check_whole};
pub use lots::{CellLots, TierLotsOf};
pub use names::Names;
pub use question::{Asked, DistrictedQuestion};
pub use rules::DistrictedRules;
pub(crate) use rules::check_chain;
pub use ties::{PlacesTie, open_ties};
