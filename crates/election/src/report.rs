//! What polling stations send, and what they are answered.

use crate::counts::Counter;
use crate::definition::Hash;
use crate::ids::{ContestId, CountingGroupId, Revision, UnitId};
use std::fmt;

mod hold;
mod refusal;

pub use hold::{HoldCode, HoldReason};
pub use refusal::{REFUSED_VALUE_BYTES_MAX, Refusal, RefusalCode};

/// The longest text in an attribution, in bytes.
pub const ATTRIBUTION_BYTES_MAX: usize = 1_024;

/// What a report is, in the words of its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ReportKind {
    /// Some of the unit's ballots; more will follow.
    Partial = 1,
    /// All of the unit's ballots.
    Full = 2,
    /// Puts an earlier report right, and is of all ballots: it makes the unit complete. Carries who and why. A part is put
    /// right by a [`Self::Partial`] that carries them.
    Correction = 3,
    /// The result of a recount. Carries who and why.
    Recount = 4,
    /// The result of a repeated vote. Carries who and why.
    RepeatVote = 5,
}

impl ReportKind {
    /// A report of this kind may let a count fall, and must say who ordered it and why.
    pub const fn needs_attribution(self) -> bool {
        matches!(self, Self::Correction | Self::Recount | Self::RepeatVote)
    }

    /// The name used in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::Full => "full",
            Self::Correction => "correction",
            Self::Recount => "recount",
            Self::RepeatVote => "repeat-vote",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Partial,
        Self::Full,
        Self::Correction,
        Self::Recount,
        Self::RepeatVote,
    ];
}

/// The highest version of a turnout report. Nothing of turnout is held, so the limit keeps the wildest numbers from
/// shutting out all later ones; what it lets through an official takes back with
/// [`CorrectTurnout`](crate::command::Command::CorrectTurnout). It asks nothing of what came before, so it refuses the
/// same reports in any order. Times of day fit, seconds since 1970 do not.
pub const TURNOUT_VERSION_MAX: u32 = 1_000_000;

/// Who ordered a change and why: public, it travels with the change into the feed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attribution {
    /// The authority, such as "Territorial election commission No 3".
    pub by: String,
    /// The reason, such as "two lists' rows swapped in the protocol".
    pub reason: String,
}

/// The key of a tally: which unit, which contest, which counting group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TallyKey {
    /// What reports.
    pub unit: UnitId,
    /// Which question.
    pub contest: ContestId,
    /// Which part of the ballots.
    pub counting_group: CountingGroupId,
}

impl fmt::Display for TallyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.unit, self.contest, self.counting_group)
    }
}

/// The absolute, cumulative tally of one key. Never an increment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whose tally.
    pub key: TallyKey,
    /// Higher replaces lower; 1 is the first.
    pub version: u32,
    /// What it is.
    pub kind: ReportKind,
    /// The content hash of the ballot that it was counted against.
    pub ballot_hash: Hash,
    /// (option index, votes): every option of the district's ballot exactly once, in any order.
    pub votes: Vec<(u32, u64)>,
    /// The form's counters, each at most once.
    pub form: Vec<(Counter, u64)>,
    /// Needed for corrections, recounts and repeated votes.
    pub attribution: Option<Attribution>,
}

/// Ballots issued at a unit so far. Cumulative and versioned as a report is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnoutReport {
    /// What reports.
    pub unit: UnitId,
    /// Higher replaces lower; 1 is the first, [`TURNOUT_VERSION_MAX`] the last.
    pub version: u32,
    /// Ballots issued since voting began.
    pub ballots_issued: u64,
    /// Voting has closed at this unit: no more will be issued.
    pub is_final: bool,
    /// Needed if the number falls.
    pub attribution: Option<Attribution>,
}

/// What is odd about a report that is counted all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Many options have no votes although the unit has many (F12).
    ManyZeros {
        /// Options without a vote.
        zeros: u32,
        /// Options on the ballot.
        options: u32,
    },
    /// More ballots were issued than there are voters on the roll.
    IssuedOverRoll {
        /// Ballots issued.
        issued: u32,
        /// Voters on the roll.
        roll: u32,
    },
}

impl Warning {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ManyZeros { .. } => "MANY_ZEROS",
            Self::IssuedOverRoll { .. } => "ISSUED_OVER_ROLL",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ManyZeros { zeros, options } => {
                write!(
                    f,
                    "{zeros} of {options} options have no vote in a large unit"
                )
            }
            Self::IssuedOverRoll { issued, roll } => {
                write!(f, "{issued} ballots issued, but {roll} voters on the roll")
            }
        }
    }
}

/// The status of a unit's tally, set by the source (partial, complete) or by the commission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum UnitStatus {
    /// On the register; nothing heard yet. Not reported is a state, never zero.
    #[default]
    Expected = 0,
    /// Voting is open.
    Open = 1,
    /// The unit did not open.
    NotOpened = 2,
    /// The source has sent a part.
    Partial = 3,
    /// The source says that this is all.
    Complete = 4,
    /// The commission has closed the unit: nothing more is expected.
    Closed = 5,
    /// A recount was ordered; the counted version stands until it comes.
    UnderRecount = 6,
    /// The result is void and out of the count.
    Annulled = 7,
    /// The result is void and voting will be repeated.
    RepeatOrdered = 8,
    /// The unit reports through another one.
    Merged = 9,
}

impl UnitStatus {
    /// All of them, by number.
    pub const ALL: [Self; 10] = [
        Self::Expected,
        Self::Open,
        Self::NotOpened,
        Self::Partial,
        Self::Complete,
        Self::Closed,
        Self::UnderRecount,
        Self::Annulled,
        Self::RepeatOrdered,
        Self::Merged,
    ];

    /// The name used in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Open => "open",
            Self::NotOpened => "not-opened",
            Self::Partial => "partial",
            Self::Complete => "complete",
            Self::Closed => "closed",
            Self::UnderRecount => "under-recount",
            Self::Annulled => "annulled",
            Self::RepeatOrdered => "repeat-ordered",
            Self::Merged => "merged",
        }
    }
}

/// What became of a report that came before: a sender whose first answer was lost learns that its report is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DuplicateStanding {
    /// It is counted.
    Counted = 1,
    /// It was held or in conflict, is out of the count, and waits for a reviewer.
    Waiting = 2,
    /// It waited, and a reviewer has decided over it.
    Reviewed = 3,
}

impl DuplicateStanding {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Counted, Self::Waiting, Self::Reviewed];
}

/// The answer to a submitted report. All of them are answers; none is an error of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Counted from this revision on.
    Accepted {
        /// Where it stands in the log.
        revision: Revision,
        /// What is odd about it.
        warnings: Vec<Warning>,
    },
    /// The same version with the same content is there already, at this revision.
    Duplicate {
        /// Where the first one stands.
        revision: Revision,
        /// What became of it.
        standing: DuplicateStanding,
    },
    /// A higher version is counted, since this revision.
    Superseded {
        /// Where the higher one stands.
        revision: Revision,
        /// The version that is counted.
        counted_version: u32,
    },
    /// Stored, out of the count, waits for a reviewer.
    Held {
        /// Where it stands in the log.
        revision: Revision,
        /// Why.
        reasons: Vec<HoldReason>,
    },
    /// The same version with other content: both are kept, the counted one stays, a reviewer decides.
    Conflict {
        /// Where the conflicting one stands in the log.
        revision: Revision,
        /// Where the one stands that it conflicts with.
        other_revision: Revision,
    },
    /// Not stored: shape, identity, ballot hash or rights.
    Refused(Refusal),
}

impl Outcome {
    /// The name used in files and messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "ACCEPTED",
            Self::Duplicate { .. } => "DUPLICATE",
            Self::Superseded { .. } => "SUPERSEDED",
            Self::Held { .. } => "HELD",
            Self::Conflict { .. } => "CONFLICT",
            Self::Refused(_) => "REFUSED",
        }
    }
}
