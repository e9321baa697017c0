//! What an event changes in the store: a pointer of a few bytes, all that is kept of it here.

use election::event::{Counted, Event, Recorded, Slot, SlotState, Turnout};
use election::ids::{LogId, Revision, Timestamp};
use election::report::ReportKind;

/// What one event changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A tally moved.
    Slot {
        /// How.
        change: SlotChange,
        /// Set if a report was held or conflicts: what a reviewer is shown.
        held: Option<Box<HeldReport>>,
    },
    /// A unit's turnout.
    Turnout(TurnoutChange),
    /// Something that concerns no single unit.
    Milestone {
        /// What.
        milestone: Milestone,
        /// The log's incarnation, where the event names it.
        log_id: Option<LogId>,
    },
}

/// One step in the history of a tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotChange {
    /// The event's revision: there the log has the counts and everything else.
    pub revision: Revision,
    /// Whose tally.
    pub slot: Slot,
    /// What happened.
    pub outcome: SlotOutcome,
    /// The version that it happened to, where the event names one.
    pub version: Option<u32>,
    /// What the report was, where it is one.
    pub kind: Option<ReportKind>,
    /// The state afterwards.
    pub after: SlotState,
    /// The held report that was released or rejected, or the report that a conflicting one conflicts with.
    pub reference: Option<Revision>,
}

/// What happened to a tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum SlotOutcome {
    /// A report was counted.
    Counted = 1,
    /// A report is held.
    Held = 2,
    /// A report conflicts with another one of the same version.
    Conflict = 3,
    /// A held report was let into the count.
    Released = 4,
    /// A held report was rejected.
    Rejected = 5,
    /// The tally was withdrawn.
    Withdrawn = 6,
    /// The commission set the status.
    StatusSet = 7,
}

impl SlotOutcome {
    /// All of them, by number from 1 on.
    pub const ALL: [Self; 7] = [
        Self::Counted,
        Self::Held,
        Self::Conflict,
        Self::Released,
        Self::Rejected,
        Self::Withdrawn,
        Self::StatusSet,
    ];

    /// From this change on another version is in the count.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Counted | Self::Released)
    }
}

/// What a reviewer is shown of a held report before the log is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReport {
    /// When it was held.
    pub time: Timestamp,
    /// The codes of the reasons ([`election::report::HoldCode::name`]); empty for a mere conflict.
    pub reasons: Vec<&'static str>,
}

/// The turnout of a unit as of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnoutChange {
    /// The event's revision.
    pub revision: Revision,
    /// Index of the unit in the register.
    pub unit: u32,
    /// Index of its district in the ballot.
    pub district: u16,
    /// Version of the turnout report.
    pub version: u32,
    /// What it says.
    pub turnout: Turnout,
}

/// An event that concerns no single unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    /// The event's revision.
    pub revision: Revision,
    /// What it was.
    pub kind: MilestoneKind,
}

/// What a milestone was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum MilestoneKind {
    /// The election was defined: version 1 of all four parts.
    Defined = 32,
    /// Units of the first register.
    UnitsRegistered = 33,
    /// A unit was changed, or units were added later: a new version of the register.
    RegisterAmended = 34,
    /// A new version of the rules.
    RulesAmended = 35,
    /// A new version of the presentation.
    PresentationAmended = 36,
    /// A lot was drawn.
    LotDrawn = 37,
    /// A list's candidates changed.
    CandidatesChanged = 38,
    /// A class of data was opened.
    ClassOpened = 39,
    /// What the public sees was moved.
    PublicationMoved = 40,
    /// The stage was set.
    StageSet = 41,
    /// A mark was set or taken off.
    MarkSet = 42,
    /// The result of a district, or of a whole contest, was declared.
    Declared = 43,
    /// The result was certified.
    Certified = 44,
}

impl MilestoneKind {
    /// All of them, by number from 32 on.
    pub const ALL: [Self; 13] = [
        Self::Defined,
        Self::UnitsRegistered,
        Self::RegisterAmended,
        Self::RulesAmended,
        Self::PresentationAmended,
        Self::LotDrawn,
        Self::CandidatesChanged,
        Self::ClassOpened,
        Self::PublicationMoved,
        Self::StageSet,
        Self::MarkSet,
        Self::Declared,
        Self::Certified,
    ];
}

impl Change {
    /// What an event changes.
    pub fn of(recorded: &Recorded) -> Self {
        let revision = recorded.revision;
        let slot_change = |slot, outcome, version, kind, after, reference| SlotChange {
            revision,
            slot,
            outcome,
            version,
            kind,
            after,
            reference,
        };
        let counted = |counted: &Counted, outcome, reference| {
            slot_change(
                counted.slot,
                outcome,
                Some(counted.version),
                Some(counted.kind),
                counted.slot_move.after,
                reference,
            )
        };
        let milestone = |kind| Self::Milestone {
            milestone: Milestone { revision, kind },
            log_id: None,
        };
        let change = match &recorded.event {
            Event::ReportCounted {
                counted: what,
                warnings: _,
            } => counted(what, SlotOutcome::Counted, None),
            Event::Released {
                counted: what,
                held_revision,
                reason: _,
            } => counted(what, SlotOutcome::Released, Some(*held_revision)),
            Event::ReportHeld {
                slot,
                version,
                kind,
                codes,
                conflicts_with,
                slot_move,
                attribution: _,
                counts: _,
                reasons: _,
            } => {
                let outcome = match conflicts_with {
                    Some(_) => SlotOutcome::Conflict,
                    None => SlotOutcome::Held,
                };
                return Self::Slot {
                    change: slot_change(
                        *slot,
                        outcome,
                        Some(*version),
                        Some(*kind),
                        slot_move.after,
                        *conflicts_with,
                    ),
                    held: Some(Box::new(HeldReport {
                        time: recorded.time,
                        reasons: codes.iter().map(|code| code.name()).collect(),
                    })),
                };
            }
            Event::Rejected {
                slot,
                held_revision,
                slot_move,
                reason: _,
            } => slot_change(
                *slot,
                SlotOutcome::Rejected,
                None,
                None,
                slot_move.after,
                Some(*held_revision),
            ),
            Event::Withdrawn {
                slot,
                version,
                slot_move,
                ..
            } => slot_change(
                *slot,
                SlotOutcome::Withdrawn,
                Some(*version),
                None,
                slot_move.after,
                None,
            ),
            Event::StatusSet {
                slot, slot_move, ..
            } => slot_change(
                *slot,
                SlotOutcome::StatusSet,
                None,
                None,
                slot_move.after,
                None,
            ),
            Event::TurnoutCounted {
                unit,
                district,
                version,
                ballots_issued,
                is_final,
                ..
            } => {
                return Self::Turnout(TurnoutChange {
                    revision,
                    unit: *unit,
                    district: *district,
                    version: *version,
                    turnout: Turnout {
                        ballots_issued: *ballots_issued,
                        is_final: *is_final,
                    },
                });
            }
            Event::Defined { log_id, .. } => {
                let kind = MilestoneKind::Defined;
                return Self::Milestone {
                    milestone: Milestone { revision, kind },
                    log_id: Some(*log_id),
                };
            }
            Event::UnitsRegistered { reason: None, .. } => {
                return milestone(MilestoneKind::UnitsRegistered);
            }
            Event::UnitsRegistered {
                reason: Some(_), ..
            }
            | Event::UnitAmended { .. } => return milestone(MilestoneKind::RegisterAmended),
            Event::RulesAmended { .. } => return milestone(MilestoneKind::RulesAmended),
            Event::PresentationAmended { .. } => {
                return milestone(MilestoneKind::PresentationAmended);
            }
            Event::LotDrawn(_) | Event::PlacesDrawn(_) => {
                return milestone(MilestoneKind::LotDrawn);
            }
            Event::CandidatesChanged { .. } => return milestone(MilestoneKind::CandidatesChanged),
            Event::ClassOpened { .. } => return milestone(MilestoneKind::ClassOpened),
            Event::PublicationMoved { .. } => return milestone(MilestoneKind::PublicationMoved),
            Event::StageSet { .. } => return milestone(MilestoneKind::StageSet),
            Event::MarkSet { .. } => return milestone(MilestoneKind::MarkSet),
            Event::Declared(_) | Event::DeclaredAbove(_) => {
                return milestone(MilestoneKind::Declared);
            }
            Event::Certified { .. } => return milestone(MilestoneKind::Certified),
        };
        Self::Slot { change, held: None }
    }

    /// The event's revision.
    pub fn revision(&self) -> Revision {
        match self {
            Self::Slot { change, .. } => change.revision,
            Self::Turnout(change) => change.revision,
            Self::Milestone { milestone, .. } => milestone.revision,
        }
    }
}
