//! Events, reports and outcomes as bytes: our own, fixed in width, versioned, canonical.
//!
//! Not protobuf, which has no canonical form. All numbers are little-endian. A text is a length (u32) and UTF-8; an
//! option is a flag (u8, 0 or 1) and the value; a list is a length (u32) and its items.
//!
//! A record has a public body and a private annex:
//!
//! ```text
//! public:  0  u8   format, 1
//!          1  u8   kind of event (see `event::kind`)
//!          2  u16  0
//!          4  u64  revision
//!         12  i64  time, microseconds since 1970
//!         20  32   SHA-256 of the annex
//!         52  ...  the event's fields
//! annex:   0  16   salt
//!         16  text principal
//!          .  ...  the event's private fields
//! ```
//!
//! The salt makes the annex's hash say nothing about a short or guessable annex. Golden files in
//! `crates/election/tests/golden` hold the bytes of every kind.

mod above;
pub mod codec;
mod event;
mod parts;
pub mod stream;
pub mod submission;

pub use event::{RecordBytes, decode_record, encode_record, encode_record_over, verify_annex};
pub use parts::{decode_units, encode_unit, encode_units, part_text, skip_unit};
pub use submission::{
    decode_outcome, decode_submission, decode_submissions, encode_outcome, encode_submission,
};

pub(crate) use above::{
    read_declaration_above, read_places_lot, write_declaration_above, write_places_lot,
};
pub(crate) use event::{
    read_attribution, read_declaration, read_hold_reason, read_lot, read_mode, read_numbered,
    read_report_kind, read_slot, slot_state, slot_state_byte, write_attribution, write_declaration,
    write_hold_reason, write_lot, write_mode, write_slot,
};
pub(crate) use parts::{parse_part, read_counts, write_counts};

/// The version of the format.
pub const FORMAT: u8 = 1;

/// Where bytes are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {what}")]
pub struct DecodeError {
    /// The offset in the buffer.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
}
