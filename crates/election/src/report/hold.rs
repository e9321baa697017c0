//! Why a report is held: a code for everyone, and the numbers for who may see a report that is not counted.

use super::UnitStatus;
use crate::counts::Counter;
use std::fmt;

/// Why a report is held: it is stored, out of the count, and waits for a reviewer. Private: its numbers are taken from
/// votes that are not counted. The public is told its [`HoldCode`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldReason {
    /// An identity that the definition declares between the form's numbers is broken.
    IdentityBroken {
        /// Which one, by its position in the rules.
        identity: u16,
        /// What its left side sums to.
        left: u64,
        /// What its right side sums to.
        right: u64,
    },
    /// More ballots than voters on the roll.
    BallotsOverRoll {
        /// Ballots that the report accounts for.
        ballots: u64,
        /// The roll.
        roll: u64,
    },
    /// The votes do not fit the valid ballots (votes > valid x votes per ballot).
    VotesOverValid {
        /// All votes.
        votes: u64,
        /// The most that the valid ballots allow.
        limit: u64,
    },
    /// The version is further ahead than the rules allow.
    VersionJump {
        /// The version that is counted (0: none).
        counted: u32,
        /// The version of the report.
        version: u32,
    },
    /// A count falls, and the report does not say who ordered that and why.
    FallWithoutCorrection {
        /// The first option that falls.
        option: u32,
        /// Its votes before.
        before: u32,
        /// Its votes in the report.
        after: u32,
    },
    /// A counter of the form falls or is missing that published totals are made of, and the report does not say who
    /// ordered that and why.
    CounterFalls {
        /// The first counter that falls.
        counter: Counter,
        /// What it was before.
        before: u32,
        /// What it is in the report; `None`: it is missing.
        after: Option<u32>,
    },
    /// The correction moves the lead between two options by more than the unit's electorate (F5).
    LeadMoved {
        /// By how many votes.
        moved: u64,
        /// The roll, or the ballots counted where the roll is unknown.
        electorate: u64,
    },
    /// The unit is annulled, merged, closed by the commission or was not opened: an official decides.
    UnitStatus(UnitStatus),
}

impl HoldReason {
    /// The stable code: what of a reason is public.
    pub const fn code(&self) -> HoldCode {
        match self {
            Self::IdentityBroken { .. } => HoldCode::IdentityBroken,
            Self::BallotsOverRoll { .. } => HoldCode::BallotsOverRoll,
            Self::VotesOverValid { .. } => HoldCode::VotesOverValid,
            Self::VersionJump { .. } => HoldCode::VersionJump,
            Self::FallWithoutCorrection { .. } => HoldCode::FallWithoutCorrection,
            Self::CounterFalls { .. } => HoldCode::CounterFalls,
            Self::LeadMoved { .. } => HoldCode::LeadMoved,
            Self::UnitStatus(_) => HoldCode::UnitStatus,
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdentityBroken {
                identity,
                left,
                right,
            } => {
                write!(
                    f,
                    "identity {identity} of the form is broken: {left} on the left, {right} on the right"
                )
            }
            Self::BallotsOverRoll { ballots, roll } => {
                write!(f, "{ballots} ballots, but {roll} voters on the roll")
            }
            Self::VotesOverValid { votes, limit } => {
                write!(f, "{votes} votes, but the valid ballots allow {limit}")
            }
            Self::VersionJump { counted, version } => {
                write!(f, "version {version} is too far ahead of version {counted}")
            }
            Self::FallWithoutCorrection {
                option,
                before,
                after,
            } => write!(
                f,
                "option {option} falls from {before} to {after}, but the report is not a correction"
            ),
            Self::CounterFalls {
                counter,
                before,
                after,
            } => {
                let name = counter.name();
                match after {
                    Some(after) => write!(f, "{name} falls from {before} to {after}")?,
                    None => write!(f, "{name} was {before} and is missing")?,
                }
                f.write_str(", but the report is not a correction")
            }
            Self::LeadMoved { moved, electorate } => {
                write!(
                    f,
                    "the lead moves by {moved} votes in a unit of {electorate}"
                )
            }
            Self::UnitStatus(status) => write!(f, "the unit is {}", status.name()),
        }
    }
}

/// The codes of reasons to hold a report. They are public, say nothing of its votes, and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum HoldCode {
    /// An identity that the definition declares between the form's numbers is broken.
    IdentityBroken = 1,
    /// More ballots than voters on the roll.
    BallotsOverRoll = 2,
    /// The votes do not fit the valid ballots.
    VotesOverValid = 3,
    /// The version is further ahead than the rules allow.
    VersionJump = 4,
    /// A count falls, and the report does not say who ordered that and why.
    FallWithoutCorrection = 5,
    /// The correction moves the lead between two options by more than the unit's electorate.
    LeadMoved = 6,
    /// The unit is annulled, merged, closed by the commission or was not opened.
    UnitStatus = 7,
    /// A counter of the form falls, and the report does not say who ordered that and why.
    CounterFalls = 8,
}

impl HoldCode {
    /// All codes.
    pub const ALL: [Self; 8] = [
        Self::IdentityBroken,
        Self::BallotsOverRoll,
        Self::VotesOverValid,
        Self::VersionJump,
        Self::FallWithoutCorrection,
        Self::LeadMoved,
        Self::UnitStatus,
        Self::CounterFalls,
    ];

    /// Its number in bytes.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code of that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The code as it is sent.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdentityBroken => "IDENTITY_BROKEN",
            Self::BallotsOverRoll => "BALLOTS_OVER_ROLL",
            Self::VotesOverValid => "VOTES_OVER_VALID",
            Self::VersionJump => "VERSION_JUMP",
            Self::FallWithoutCorrection => "FALL_WITHOUT_CORRECTION",
            Self::LeadMoved => "LEAD_MOVED",
            Self::UnitStatus => "UNIT_STATUS",
            Self::CounterFalls => "COUNTER_FALLS",
        }
    }
}

/// In words, without a number.
impl fmt::Display for HoldCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdentityBroken => "the numbers of the form contradict each other",
            Self::BallotsOverRoll => "more ballots than voters on the roll",
            Self::VotesOverValid => "more votes than the valid ballots allow",
            Self::VersionJump => "the version is too far ahead",
            Self::FallWithoutCorrection => {
                "the votes of an option fall, but the report is not a correction"
            }
            Self::LeadMoved => "the lead moves by more votes than the unit has voters",
            Self::UnitStatus => "the unit's status lets only an official decide",
            Self::CounterFalls => {
                "a number of the form falls or is missing, but the report is not a correction"
            }
        })
    }
}
