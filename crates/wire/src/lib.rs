//! The generated protobuf contract and its conversions to and from the domain.
//!
//! The only crate that depends on prost. Services touch its types in their `rpc.rs` only.

mod generated;

pub use generated::hemicycle::{allocation, common, feed, ingestion, results};
pub use generated::{DESCRIPTOR as FILE_DESCRIPTOR_SET, STREAMING_METHODS, UNARY_METHODS};
