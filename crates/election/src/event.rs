//! What the log holds. An event records a decision with its codes and its time: thresholds and clocks are never asked
//! again in a fold.

mod above;

use crate::counts::Counts;
use crate::definition::{Ballot, Hash, Presentation, Unit};
use crate::ids::{LogId, Revision, Timestamp};
use crate::publication::{PublicationClass, PublicationMode};
use crate::report::{Attribution, HoldCode, HoldReason, ReportKind, UnitStatus, Warning};
use crate::rules::Rules;
use crate::stage::{Mark, Stage};

pub use above::{DeclarationAbove, PlacesLot, PlacesStage, TiedPlace};

/// A tally's place: positions in the definition. `unit` is the index in the register, `contest` and `counting_group`
/// those in the ballot; `district` is the unit's, so that a follower needs no register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// Index of the unit in the register.
    pub unit: u32,
    /// Index of the district in the ballot.
    pub district: u16,
    /// Index of the contest in the ballot.
    pub contest: u8,
    /// Index of the counting group in the ballot.
    pub counting_group: u8,
}

/// The state of a slot in short, as followers count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct SlotState {
    /// Its status.
    pub status: UnitStatus,
    /// A version of it is in the totals.
    pub counted: bool,
    /// A version of it waits for a reviewer.
    pub pending: bool,
}

/// How an event moved a slot: followers count slots by state without knowing any slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlotMove {
    /// Before the event.
    pub before: SlotState,
    /// After it.
    pub after: SlotState,
}

/// What came into the count, and what went out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Whose tally.
    pub slot: Slot,
    /// The version that is counted from now on.
    pub version: u32,
    /// What the report is.
    pub kind: ReportKind,
    /// Its counts.
    pub counts: Counts,
    /// The counts that it replaces, so that followers fold totals in O(options).
    pub replaced: Option<Counts>,
    /// How the slot moved.
    pub slot_move: SlotMove,
    /// Who and why, for corrections, recounts and repeated votes.
    pub attribution: Option<Attribution>,
}

/// Everything that can happen in an election.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The election begins: the parts of its definition, but for the units, which follow in [`Event::UnitsRegistered`].
    Defined {
        /// This log's incarnation.
        log_id: LogId,
        /// The ballot.
        ballot: Box<Ballot>,
        /// The rules.
        rules: Box<Rules>,
        /// The presentation.
        presentation: Box<Presentation>,
        /// Areas, and the electorate: the register without units, as TOML.
        areas: Box<crate::definition::Register>,
        /// How many units will follow.
        unit_count: u32,
        /// The content hash of the whole register.
        register_hash: Hash,
    },
    /// Units are added at the end of the register, from `first_index` on.
    UnitsRegistered {
        /// The index of the first of them.
        first_index: u32,
        /// The units.
        units: Vec<Unit>,
        /// Why, if this is an amendment.
        reason: Option<String>,
    },
    /// A unit on the register was changed in place. Its id, district and counting groups stay.
    UnitAmended {
        /// Its index in the register.
        index: u32,
        /// What holds now.
        unit: Unit,
        /// The roll before.
        former_roll: Option<u32>,
        /// Why.
        reason: String,
    },
    /// The rules are other ones from now on.
    RulesAmended {
        /// The new ones.
        rules: Box<Rules>,
        /// Why.
        reason: String,
    },
    /// The presentation is another one from now on.
    PresentationAmended {
        /// The new one.
        presentation: Box<Presentation>,
        /// Why.
        reason: String,
    },
    /// A report was counted.
    ReportCounted {
        /// What changed.
        counted: Counted,
        /// What is odd about it.
        warnings: Vec<Warning>,
    },
    /// A report was stored but not counted.
    ReportHeld {
        /// Whose tally.
        slot: Slot,
        /// Its version.
        version: u32,
        /// What it is.
        kind: ReportKind,
        /// Why it is held, without a number of the report.
        codes: Vec<HoldCode>,
        /// Set if it conflicts with another report of the same version: that one's revision.
        conflicts_with: Option<Revision>,
        /// How the slot moved.
        slot_move: SlotMove,
        /// Who and why, if it says so. Private.
        attribution: Option<Attribution>,
        /// What it says. Private: `None` for a reader of public bytes.
        counts: Option<Counts>,
        /// The reasons of `codes`, with their numbers. Private: empty for a reader of public bytes.
        reasons: Vec<HoldReason>,
    },
    /// A reviewer let a held or conflicting report into the count.
    Released {
        /// What changed.
        counted: Counted,
        /// Where the held report stands in the log.
        held_revision: Revision,
        /// Why.
        reason: String,
    },
    /// A reviewer rejected a held or conflicting report.
    Rejected {
        /// Whose tally.
        slot: Slot,
        /// Where the held report stands in the log.
        held_revision: Revision,
        /// How the slot moved.
        slot_move: SlotMove,
        /// Why.
        reason: String,
    },
    /// A tally was withdrawn: a versioned tombstone.
    Withdrawn {
        /// Whose tally.
        slot: Slot,
        /// The tombstone's version: later reports must be above it.
        version: u32,
        /// What went out of the count.
        replaced: Option<Counts>,
        /// How the slot moved.
        slot_move: SlotMove,
        /// Who and why.
        attribution: Attribution,
    },
    /// The commission set a unit's status.
    StatusSet {
        /// Whose tally.
        slot: Slot,
        /// What went out of the count, if the status voids the result.
        replaced: Option<Counts>,
        /// How the slot moved.
        slot_move: SlotMove,
        /// The unit that it is merged into.
        merged_into: Option<u32>,
        /// Who and why.
        attribution: Attribution,
    },
    /// Ballots issued at a unit.
    TurnoutCounted {
        /// Index of the unit in the register.
        unit: u32,
        /// Index of its district in the ballot.
        district: u16,
        /// Version of the turnout report: above the one before, but for what an official has put right.
        version: u32,
        /// Ballots issued so far.
        ballots_issued: u32,
        /// No more will be issued.
        is_final: bool,
        /// What was counted before.
        replaced: Option<Turnout>,
        /// Who and why, if the number falls or an official has put it right.
        attribution: Option<Attribution>,
    },
    /// A lot was drawn.
    LotDrawn(Lot),
    /// A lot was drawn among places of districts that hang together.
    PlacesDrawn(PlacesLot),
    /// Candidates of a list died, withdrew or were struck off.
    CandidatesChanged {
        /// Index of the contest in the ballot.
        contest: u8,
        /// Index of the district in the ballot.
        district: u16,
        /// Index of the option on the district's ballot.
        option: u32,
        /// Candidates that are available now.
        candidates: u32,
        /// Since when, `YYYY-MM-DD`.
        effective: String,
        /// Why.
        reason: String,
    },
    /// A class of data is opened to the public at an absolute instant.
    ClassOpened {
        /// Which.
        class: PublicationClass,
        /// From when on.
        opens_at: Timestamp,
    },
    /// What the public sees follows the head, is held or paused.
    PublicationMoved {
        /// What holds from now on.
        mode: PublicationMode,
        /// Why.
        reason: String,
    },
    /// The stage of the election was set.
    StageSet {
        /// The new one.
        stage: Stage,
        /// Why.
        reason: String,
    },
    /// A mark was set or taken off.
    MarkSet {
        /// Which.
        mark: Mark,
        /// Set, or taken off.
        is_set: bool,
        /// Why.
        reason: String,
    },
    /// The official result of a district was declared. It is the official one even when ours differs.
    Declared(Declaration),
    /// The official result of a whole contest was declared, or of a district of the law that is none of the ballot.
    DeclaredAbove(DeclarationAbove),
    /// The result was certified.
    Certified {
        /// Who and why.
        attribution: Attribution,
    },
}

/// The ballots issued at a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turnout {
    /// Ballots issued so far.
    pub ballots_issued: u32,
    /// No more will be issued.
    pub is_final: bool,
}

/// A recorded draw, bound to the tie that it settles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// Index of the contest in the ballot.
    pub contest: u8,
    /// Index of the district in the ballot.
    pub district: u16,
    /// The stage of the allocation.
    pub stage: u32,
    /// The options that tied, by index on the ballot, ascending.
    pub tied: Vec<u32>,
    /// Seats at stake.
    pub seats: u32,
    /// The options that the lot fell on, ascending; as many as seats.
    pub winners: Vec<u32>,
    /// Where, when and before whom.
    pub attribution: Attribution,
}

/// An official result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Index of the contest in the ballot.
    pub contest: u8,
    /// Index of the district in the ballot.
    pub district: u16,
    /// (option index, seats), ascending; an option that is missing has none.
    pub seats: Vec<(u32, u32)>,
    /// Who declared it and in which document.
    pub attribution: Attribution,
}

/// An event with what surrounds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its place in the log.
    pub revision: Revision,
    /// When it was decided.
    pub time: Timestamp,
    /// Who sent the command. Private: empty for a reader of public bytes.
    pub principal: String,
    /// What happened.
    pub event: Event,
}
