//! The generated protobuf contract and its conversions to and from the domain.
//!
//! The only crate that depends on prost. Services touch its types in their `rpc.rs` only.
//!
//! What comes in is converted with `TryFrom`, or with a function where something must be known besides the message; a
//! message that the domain cannot hold is an [`election::report::Refusal`], which names the path of the field, its value
//! and the rule. What goes out is converted with `From`. Every conversion destructures every field, so that a new field
//! of a message breaks the build until somebody has thought about it.

mod allocation_proof;
mod allocation_request;
mod allocation_result;
mod bounds;
mod certain;
mod command;
mod comparison;
mod definition;
mod districted_distances;
mod districted_request;
mod districted_result;
mod districted_rules;
mod districted_steps;
mod field;
mod generated;
mod outcome;
mod publication;
mod report;
mod rules;
mod standings;
mod submit;
mod tally;

pub use allocation_request::{
    AllocationRequest, MARGIN_LISTS_MAX, MARGIN_PLACES_MAX, REQUEST_ID_BYTES_MAX, contest_refusal,
};
pub use allocation_result::Lists;
pub use bounds::{BoundsRequest, COALITIONS_MAX, bounds_refusal, bounds_response};
pub use certain::unforeseen_event;
pub use command::{Addressed, DefinitionOutline, UNITS_PER_MESSAGE_MAX, seat_rows};
pub use comparison::{
    ALTERNATIVES_MAX, AllocationBatch, BATCH_LISTS_MAX, BATCH_REQUESTS_MAX, BATCH_SEATS_MAX,
    Comparison, is_of_rules, profile_rule,
};
pub use districted_request::{
    DistrictsCalled, DistrictsRequest, districts_refusal, margins_cost_little,
};
pub use districted_result::districted_allocation;
pub use districted_rules::{districted_message, districted_rules};
pub use districted_steps::districted_steps;
pub use field::{Enumeration, enumeration, hash, id, log_id, required, time, timestamp, within};
pub use generated::hemicycle::{allocation, common, feed, ingestion, results};
pub use generated::{DESCRIPTOR as FILE_DESCRIPTOR_SET, STREAMING_METHODS, UNARY_METHODS};
/// An instant of the contract: read it with [`time`].
pub use pbjson_types::Timestamp as Instant;
pub use publication::{Position, publication_seen};
pub use report::submission;
pub use rules::contest_rules;
pub use standings::{district_list_ids, finding, list_finding, standings};
pub use submit::{AsItCame, PlainReader, PlainReport, PlainRequest, SubmitCodec, submit_request};
pub use tally::{CORRECTION_CHANGES_MAX, correction, totals, turnout};
