//! Seats in tiers: districts, and a house above them that fills up, levels or covers what the districts gave.
//!
//! A law is a list of [`TierStage`]s that run in their order over one state: the seats that each list holds in each
//! district, and the seats that are due to it in all. Each stage is one procedure that some law names; what differs
//! between laws inside a procedure is a parameter.
//!
//! | law | stages |
//! |---|---|
//! | Poland, Sejm | `Districts` with a national threshold |
//! | Norway, Storting | `Districts`, `Whole` (surplus kept), `Place` (one seat a district, relative quotients) |
//! | Sweden, Riksdag | `Districts`, `Whole` (surplus returned), `Return`, `Place` (each list by itself) |
//! | Denmark, Folketing | `Districts`, `Whole` (surplus kept with level lists), `Regions`, `Inside` |
//! | Germany, Bundestag 2025 | `Whole`, `Majority`, `Shares`, `Cover` |
//! | Austria, National Council | `Quotas` of the state in districts, `Quotas` in states, `Whole` (surplus kept), `Above` |
//! | Estonia, Riigikogu | `Persons`, `Quotas` of the district, `Whole` (surplus kept), `Above` |
//! | Czechia, 2021 | `SeatsOfDistricts`, `Quotas`, `Remainders`, `Above` |
//! | New Zealand | `Constituencies`, `Whole` (surplus added), `Above` |
//! | Greece, 2015 | `Bonus`, `Whole`, `Above` |
//!
//! Sub-allocations are ordinary [`Allocation`](crate::Allocation)s with their own certificates; placed and covered seats
//! carry their keys.
//! [`verify`] checks every stage with code of its own.

mod ahead;
mod allocate;
mod contest;
mod cover;
mod explain;
mod margins;
mod place;
mod quotas;
mod regions;
mod result;
mod returned;
mod rules;
mod verify;
mod whole;

pub use allocate::allocate;
pub use contest::*;
pub use explain::{CoverStep, PartSteps, PlaceStep, TierSteps, explain};
pub use margins::{DistrictMargins, district_margins_while};
pub use result::*;
pub use rules::*;
pub use verify::{PlaceRefusal, TierRefusal, verify};
