//! Refusals: what is wrong, where, and what would be right.

use std::fmt::{self, Write as _};

/// How many bytes of a refused value a [`Refusal`] tells.
pub const REFUSED_VALUE_BYTES_MAX: usize = 256;

/// Why a report is refused: its shape, its identity, its ballot or its sender's rights. Nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: RefusalCode,
    /// The path of the field, such as `votes[3].count`.
    pub field: String,
    /// What it held, at most some [`REFUSED_VALUE_BYTES_MAX`] bytes of it.
    pub value: String,
    /// What would be right.
    pub rule: String,
}

impl Refusal {
    /// A refusal of one field. A longer value is cut, and its length said: a refusal goes into answers, headers and logs, and
    /// waits in memory until it is read.
    pub fn new(
        code: RefusalCode,
        field: impl Into<String>,
        value: impl fmt::Display,
        rule: impl Into<String>,
    ) -> Self {
        Self {
            code,
            field: field.into(),
            value: shortened(value),
            rule: rule.into(),
        }
    }
}

fn shortened(value: impl fmt::Display) -> String {
    let mut short = Short::default();
    // It takes in whatever is written to it.
    let _ = write!(short, "{value}");
    if short.length > short.text.len() {
        short.text.push_str("... (");
        short.text.push_str(&short.length.to_string());
        short.text.push_str(" bytes)");
    }
    short.text
}

/// The beginning of a text, and how long all of it is.
#[derive(Default)]
struct Short {
    text: String,
    length: usize,
}

impl fmt::Write for Short {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.length == self.text.len() {
            let room = REFUSED_VALUE_BYTES_MAX - self.text.len();
            self.text.push_str(&part[..part.floor_char_boundary(room)]);
        }
        self.length = self.length.saturating_add(part.len());
        Ok(())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} is {:?}: {}",
            self.code.name(),
            self.field,
            self.value,
            self.rule
        )
    }
}

impl std::error::Error for Refusal {}

/// The codes of refusals. They never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RefusalCode {
    /// A field is malformed or missing.
    Shape,
    /// A number is over a limit.
    Limit,
    /// The election is not known, or is another one.
    UnknownElection,
    /// The election is not (wholly) defined yet.
    NotDefined,
    /// The election is defined already.
    AlreadyDefined,
    /// No unit of that id.
    UnknownUnit,
    /// No contest of that id.
    UnknownContest,
    /// No district of that id.
    UnknownDistrict,
    /// No counting group of that id, or not at this unit.
    UnknownCountingGroup,
    /// No option of that index or id.
    UnknownOption,
    /// An option of the ballot is missing: missing is not zero (F12).
    MissingOption,
    /// An option stands twice.
    RepeatedOption,
    /// The ballot's hash is not the one that is defined (F24).
    BallotHash,
    /// A correction without who and why.
    AttributionMissing,
    /// The sender may not do that.
    Rights,
    /// Too many reports of this key wait for a reviewer.
    PendingFull,
    /// There is nothing pending of that version.
    NothingPending,
    /// The version is not above the one that is counted.
    StaleVersion,
    /// The election's state does not allow it.
    State,
    /// The ballot is frozen since the first report.
    BallotFrozen,
}

impl RefusalCode {
    /// All codes. Their positions are their numbers in bytes, so new ones come at the end.
    pub const ALL: [Self; 20] = [
        Self::Shape,
        Self::Limit,
        Self::UnknownElection,
        Self::NotDefined,
        Self::AlreadyDefined,
        Self::UnknownUnit,
        Self::UnknownContest,
        Self::UnknownDistrict,
        Self::UnknownCountingGroup,
        Self::UnknownOption,
        Self::MissingOption,
        Self::RepeatedOption,
        Self::BallotHash,
        Self::AttributionMissing,
        Self::Rights,
        Self::PendingFull,
        Self::NothingPending,
        Self::StaleVersion,
        Self::State,
        Self::BallotFrozen,
    ];

    /// Its number in bytes.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code of that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The code as it is sent.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shape => "SHAPE",
            Self::Limit => "LIMIT",
            Self::UnknownElection => "UNKNOWN_ELECTION",
            Self::NotDefined => "NOT_DEFINED",
            Self::AlreadyDefined => "ALREADY_DEFINED",
            Self::UnknownUnit => "UNKNOWN_UNIT",
            Self::UnknownContest => "UNKNOWN_CONTEST",
            Self::UnknownDistrict => "UNKNOWN_DISTRICT",
            Self::UnknownCountingGroup => "UNKNOWN_COUNTING_GROUP",
            Self::UnknownOption => "UNKNOWN_OPTION",
            Self::MissingOption => "MISSING_OPTION",
            Self::RepeatedOption => "REPEATED_OPTION",
            Self::BallotHash => "BALLOT_HASH",
            Self::AttributionMissing => "ATTRIBUTION_MISSING",
            Self::Rights => "RIGHTS",
            Self::PendingFull => "PENDING_FULL",
            Self::NothingPending => "NOTHING_PENDING",
            Self::StaleVersion => "STALE_VERSION",
            Self::State => "STATE",
            Self::BallotFrozen => "BALLOT_FROZEN",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(of: impl fmt::Display) -> String {
        Refusal::new(RefusalCode::Shape, "unit_id", of, "is an id").value
    }

    #[test]
    fn a_long_value_is_cut_at_a_character_and_its_length_said() {
        assert_eq!(value("x".repeat(256)), "x".repeat(256));
        let long = value("x".repeat(4 << 20));
        assert_eq!(long, format!("{}... (4194304 bytes)", "x".repeat(256)));
        // 255 bytes of two each, and a half.
        let cyrillic = value(format_args!("{}{}", "-", "ж".repeat(200)));
        assert_eq!(cyrillic, format!("-{}... (401 bytes)", "ж".repeat(127)));
        assert_eq!(value(""), "");
    }
}
