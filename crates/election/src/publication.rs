//! What the public may see. Public is not head: it is a fold of publication events.
//!
//! The public revision is the end of the longest prefix that holds only events of opened classes, moved back by a hold
//! or a pause. So what is shown is always a prefix of the log, and nothing about an unopened class leaks: not its
//! numbers, not how many events it has. A turnout event that stands behind an embargoed report waits with it.

use crate::event::{Event, Recorded};
use crate::ids::{Revision, Timestamp};
use crate::report::UnitStatus;

/// What is opened to the public apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum PublicationClass {
    /// The definition and an empty feed.
    Definition = 0,
    /// Turnout.
    Turnout = 1,
    /// Results.
    Results = 2,
}

impl PublicationClass {
    /// All of them, by number.
    pub const ALL: [Self; 3] = [Self::Definition, Self::Turnout, Self::Results];

    /// The name used in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Turnout => "turnout",
            Self::Results => "results",
        }
    }

    /// The class that an event belongs to.
    pub fn of(event: &Event) -> Self {
        match event {
            Event::Defined { .. }
            | Event::UnitsRegistered { .. }
            | Event::UnitAmended { .. }
            | Event::RulesAmended { .. }
            | Event::PresentationAmended { .. }
            | Event::CandidatesChanged { .. }
            | Event::ClassOpened { .. }
            | Event::PublicationMoved { .. } => Self::Definition,
            Event::TurnoutCounted { .. } => Self::Turnout,
            // That a station opened, or did not, is no result.
            Event::StatusSet {
                slot_move,
                replaced: None,
                ..
            } if matches!(
                slot_move.after.status,
                UnitStatus::Open | UnitStatus::NotOpened
            ) =>
            {
                Self::Turnout
            }
            Event::ReportCounted { .. }
            | Event::ReportHeld { .. }
            | Event::Released { .. }
            | Event::Rejected { .. }
            | Event::Withdrawn { .. }
            | Event::StatusSet { .. }
            | Event::LotDrawn(_)
            | Event::PlacesDrawn(_)
            | Event::StageSet { .. }
            | Event::MarkSet { .. }
            | Event::Declared(_)
            | Event::DeclaredAbove(_)
            | Event::Certified { .. } => Self::Results,
        }
    }
}

/// How far the public state goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublicationMode {
    /// Up to the head.
    #[default]
    FollowHead,
    /// Up to this revision, until moved on.
    HoldAt(Revision),
    /// Where it was when this event came, until moved on: what would open by the clock meanwhile stays closed. Shown as
    /// paused, with the reason.
    Paused,
}

/// The fold of the publication events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publication(PublicationParts);

/// What a [`Publication`] is made of, for its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PublicationParts {
    pub seq: u64,
    pub mode: PublicationMode,
    pub reason: String,
    pub held_at: Revision,
    /// When the pause began that holds now.
    pub paused_at: Option<Timestamp>,
    pub opens_at: [Option<Timestamp>; 3],
    pub first_of_class: [Option<Revision>; 3],
}

impl Publication {
    pub(crate) fn parts(&self) -> PublicationParts {
        self.0.clone()
    }

    pub(crate) fn from_parts(parts: PublicationParts) -> Self {
        Self(parts)
    }

    /// Counts the publication events: a frame is ordered by (revision, publication_seq).
    pub fn seq(&self) -> u64 {
        self.0.seq
    }

    /// Takes in an event of the log.
    pub fn apply(&mut self, recorded: &Recorded) {
        let Recorded {
            revision,
            time,
            event,
            ..
        } = recorded;
        let class = PublicationClass::of(event);
        self.0.first_of_class[class as usize].get_or_insert(*revision);
        match event {
            Event::ClassOpened { class, opens_at } => {
                self.0.seq += 1;
                self.0.opens_at[*class as usize] = Some(*opens_at);
            }
            Event::PublicationMoved { mode, reason } => {
                self.0.seq += 1;
                self.0.held_at = match mode {
                    PublicationMode::FollowHead => Revision::ZERO,
                    PublicationMode::HoldAt(at) => *at,
                    // A pause of a hold does not show more than the hold did.
                    PublicationMode::Paused => match self.0.mode {
                        PublicationMode::FollowHead => *revision,
                        PublicationMode::HoldAt(_) | PublicationMode::Paused => self.0.held_at,
                    },
                };
                self.0.paused_at = match mode {
                    PublicationMode::Paused => self.0.paused_at.or(Some(*time)),
                    PublicationMode::FollowHead | PublicationMode::HoldAt(_) => None,
                };
                self.0.mode = *mode;
                self.0.reason.clone_from(reason);
            }
            _ => {}
        }
    }

    /// What holds now.
    pub fn mode(&self) -> PublicationMode {
        self.0.mode
    }

    /// Why it holds; empty at first.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// From when on a class is open, if an event has said so.
    pub fn opens_at(&self, class: PublicationClass) -> Option<Timestamp> {
        self.0.opens_at[class as usize]
    }

    /// Whether a class is open at this time.
    pub fn is_open(&self, class: PublicationClass, now: Timestamp) -> bool {
        self.opens_at(class).is_some_and(|at| at <= now)
    }

    /// The last revision that the public may see, when the log ends at `head`; `None`: nothing, not even that there is
    /// such an election.
    pub fn public_revision(&self, head: Revision, now: Timestamp) -> Option<Revision> {
        // In a pause no class opens by the clock.
        let now = self.0.paused_at.map_or(now, |at| now.min(at));
        if !self.is_open(PublicationClass::Definition, now) {
            return None;
        }
        let limit = match self.0.mode {
            PublicationMode::FollowHead => head,
            PublicationMode::HoldAt(_) | PublicationMode::Paused => self.0.held_at.min(head),
        };
        let closed = PublicationClass::ALL
            .into_iter()
            .filter(|class| !self.is_open(*class, now));
        let first_closed = closed
            .filter_map(|class| self.0.first_of_class[class as usize])
            .min();
        Some(first_closed.map_or(limit, |first| {
            limit.min(Revision(first.0.saturating_sub(1)))
        }))
    }
}
