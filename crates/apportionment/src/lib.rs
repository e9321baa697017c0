//! Votes to seats: exact, pure, explained and certified.
//!
//! Positions in, seats out: a [`Contest`] holds votes by list position, [`Rules`] hold the law as data, and [`allocate`]
//! gives an [`Allocation`]: certain seats, ties as values, the border of every stage as a certificate, and the questions on
//! which the law is silent. [`verify`] checks it with code of its own. [`Workspace`] gives the seats alone, fast enough to do
//! so after every report. [`explain`] unrolls an allocation into steps, and [`margin`] says how many votes would change it.
//!
//! [`double_proportional`] gives seats to lists and districts at once, by divisors of any length ([`WholeNumber`]), and
//! [`tiers`] has a house above its districts; each has a verifier of its own.
//!
//! One mechanism does all of it. Each list has keys for its seat number m = 0, 1, 2, ...: `w - m * q` for quota methods and
//! `w / d(m)` for divisor methods. A stage hands its seats to the largest keys, starting from the seats already held.
//! "Whole quotas, then largest remainders" is the same thing: a list has `floor(w / q)` keys of at least q, and its next
//! one is its remainder.
//!
//! Everything is exact integer arithmetic, in 128 bits or, where divisors are roots, by logarithms with a proven error and
//! powers in 1,280 bits where these cannot tell; the limits that make overflow impossible are checked on entry.

pub mod bounds;
mod districts;
mod districts_error;
pub mod double_proportional;
pub mod tiers;

mod allocate;
mod allocation;
mod bonus;
mod border;
mod cap;
mod contest;
mod curve;
mod due;
mod eligibility;
mod error;
mod explain;
mod fill;
mod house_margins;
mod immaterial;
mod joined;
mod jump;
mod key;
mod keys;
mod limits;
mod log;
mod majority;
mod margin;
mod margins;
mod method;
mod natural;
mod order;
mod ratio;
mod reach;
mod rescue;
mod rules;
mod threshold;
mod tie;
mod verify;
mod whole_number;
mod workspace;

pub use allocate::allocate;
pub use allocation::*;
pub use contest::*;
pub use districts::*;
pub use districts_error::DistrictsError;
pub use error::ContestError;
pub use explain::*;
pub use house_margins::*;
pub use key::Key;
pub use margin::{Change, Effect, Margin, margin};
pub use margins::*;
pub use method::*;
pub use ratio::Ratio;
pub use reach::seats_most;
pub use rules::*;
pub use threshold::*;
pub use verify::*;
pub use whole_number::WholeNumber;
pub use workspace::{Seats, Workspace};
