//! What can be asked of an election. Every command goes through [`crate::decide`].

use crate::definition::{Definition, Presentation, Unit};
use crate::event::{PlacesStage, TiedPlace};
use crate::ids::{
    ContestId, CountingGroupId, DistrictId, LogId, OptionId, Revision, Timestamp, UnitId,
};
use crate::publication::{PublicationClass, PublicationMode};
use crate::report::{Attribution, Report, TallyKey, TurnoutReport, UnitStatus};
use crate::rules::Rules;
use crate::stage::{Mark, Stage};

/// A command of a source or an official.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Define the election. Asked again with the same content, it changes nothing.
    Define {
        /// The whole definition.
        definition: Box<Definition>,
        /// The incarnation of the log, if it is to be created now.
        log_id: LogId,
    },
    /// Add units at the end of the register, or change units that are on it.
    AmendRegister {
        /// The units; one with an id that is on the register replaces it in place.
        units: Vec<Unit>,
        /// Why.
        reason: String,
    },
    /// Replace the rules.
    AmendRules {
        /// The new ones.
        rules: Box<Rules>,
        /// Why.
        reason: String,
    },
    /// Replace the presentation.
    AmendPresentation {
        /// The new one.
        presentation: Box<Presentation>,
        /// Why.
        reason: String,
    },
    /// Count a report, if it may be counted.
    Report(Report),
    /// Count a turnout report.
    Turnout(TurnoutReport),
    /// Decide over a report that is held or conflicts.
    Review {
        /// Where the pending report stands in the log.
        held_revision: Revision,
        /// Whose tally, to be sure.
        key: TallyKey,
        /// Let it into the count, or not.
        release: bool,
        /// Why.
        reason: String,
    },
    /// Take a tally out of the count.
    Withdraw {
        /// Whose tally.
        key: TallyKey,
        /// The tombstone's version, above the counted one and below what waits for a reviewer.
        version: u32,
        /// Who and why.
        attribution: Attribution,
    },
    /// Put a unit's turnout right, also to a lower version: what takes back a version that shuts out all later ones.
    CorrectTurnout {
        /// What is right, with who and why. Its version is the unit's from then on.
        turnout: TurnoutReport,
        /// The version that it takes back, which must be the unit's; so asking again never undoes what came since.
        replaced_version: u32,
    },
    /// Set a unit's status in all its contests and counting groups.
    SetUnitStatus {
        /// Whose.
        unit: UnitId,
        /// Only of this contest.
        contest: Option<ContestId>,
        /// Only of this counting group.
        counting_group: Option<CountingGroupId>,
        /// The status.
        status: UnitStatus,
        /// The unit that reports for it, when it is merged.
        merged_into: Option<UnitId>,
        /// Who and why.
        attribution: Attribution,
    },
    /// Record a lot.
    DrawLot {
        /// The contest.
        contest: ContestId,
        /// The district.
        district: DistrictId,
        /// The stage of the allocation in which the tie stands.
        stage: u32,
        /// The options that tie.
        tied: Vec<OptionId>,
        /// Seats at stake.
        seats: u32,
        /// The options that the lot fell on.
        winners: Vec<OptionId>,
        /// Where, when and before whom.
        attribution: Attribution,
    },
    /// Record a lot among places of districts that hang together.
    DrawPlaces {
        /// The contest whose seats are at stake.
        contest: ContestId,
        /// The stage in which the tie stands.
        at: PlacesStage,
        /// The places that tie.
        tied: Vec<TiedPlace>,
        /// Seats at stake.
        seats: u32,
        /// The places that the lot fell on.
        winners: Vec<TiedPlace>,
        /// Where, when and before whom.
        attribution: Attribution,
    },
    /// Change the number of candidates that a list has.
    ChangeCandidates {
        /// The contest.
        contest: ContestId,
        /// The district.
        district: DistrictId,
        /// The list.
        option: OptionId,
        /// Candidates that are available now.
        candidates: u32,
        /// Since when, `YYYY-MM-DD`.
        effective: String,
        /// Why.
        reason: String,
    },
    /// Open a class of data to the public at an absolute instant.
    OpenClass {
        /// Which.
        class: PublicationClass,
        /// From when on; `None`: from now on.
        opens_at: Option<Timestamp>,
    },
    /// Let the public follow the head, hold it at a revision, or pause.
    MovePublication {
        /// What shall hold.
        mode: PublicationMode,
        /// Why.
        reason: String,
    },
    /// Set the stage.
    SetStage {
        /// The new one; declared and certified have commands of their own.
        stage: Stage,
        /// Why.
        reason: String,
    },
    /// Set a mark or take it off.
    SetMark {
        /// Which.
        mark: Mark,
        /// Set, or take off.
        is_set: bool,
        /// Why.
        reason: String,
    },
    /// Declare the official result of a district, or of a whole contest.
    Declare {
        /// The contest.
        contest: ContestId,
        /// The district, of the ballot or of the law; `None`: the whole contest.
        district: Option<DistrictId>,
        /// Seats of each list; a list that is missing has none.
        seats: Vec<(OptionId, u32)>,
        /// Who declared it, and in which document.
        attribution: Attribution,
    },
    /// Certify the result.
    Certify {
        /// Who and why.
        attribution: Attribution,
    },
}
