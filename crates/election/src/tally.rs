//! The follower's fold: totals, units by state, turnout, publication, stage. O(options) an event, and nothing kept per
//! unit but its name and what bounds the ballots that can still come of it.
//!
//! A correction's event carries what it replaces, so nobody but the results role needs to know any unit's counts.

use crate::counts::Form;
use crate::definition::{Ballot, Hash, OptionRole};
use crate::event::{
    Counted, Declaration, DeclarationAbove, Event, Lot, PlacesLot, Recorded, Slot, SlotMove,
    SlotState, TiedPlace, Turnout,
};
use crate::ids::{DistrictId, ElectionId, LogId, OptionId, Revision, Timestamp};
use crate::publication::{Publication, PublicationMode};
use crate::report::Attribution;
use crate::rules::Procedure;
use crate::stage::{Mark, Stage};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

mod apply;
mod ceilings;
mod correction;
mod drawn;
mod names;
mod outline;
mod totals;
mod unforeseen;

pub(crate) use ceilings::{Accounted, Ceilings, can_change};
pub use ceilings::{BasisSum, CeilingBasis, StillToCome};
pub use correction::{Correction, CorrectionCause};
pub use drawn::Drawn;
pub use names::UnitNames;
pub use outline::{Outline, PartVersion};
pub use totals::{DistrictTally, DistrictTurnout, StateCounts};
pub use unforeseen::{UNFORESEEN_KEPT, Unforeseen, UnforeseenCause};

/// How many recent corrections a tally remembers; their number is kept beyond that.
pub const CORRECTIONS_KEPT: usize = 20;

/// Why an event does not fit: it was not decided on this state. The fold is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The event is not the next one.
    #[error("the next revision is {expected}, the event has {found}")]
    Gap {
        /// The fold's revision + 1.
        expected: Revision,
        /// The event's.
        found: Revision,
    },
    /// The election is not defined yet, or is already.
    #[error("revision {0}: the log must begin with the definition, once")]
    Definition(Revision),
    /// A position or a number does not fit the definition or the totals.
    #[error("revision {revision}: {what}")]
    Misfit {
        /// The event's revision.
        revision: Revision,
        /// What does not fit.
        what: &'static str,
    },
}

/// The state of an election as followers know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// The election.
    pub election: ElectionId,
    /// The incarnation of the log.
    pub log_id: LogId,
    /// The last event that is in.
    pub revision: Revision,
    /// Its time.
    pub time: Timestamp,
    /// When something was last counted.
    pub counted_time: Option<Timestamp>,
    /// The definition, but for the units.
    pub outline: Outline,
    /// How many units the definition announces.
    pub units_announced: u32,
    /// The ids of the units that are registered.
    pub unit_names: Arc<UnitNames>,
    /// Totals by contest, then district.
    pub contests: Vec<Vec<DistrictTally>>,
    /// Ballots issued by district.
    pub turnout: Vec<DistrictTurnout>,
    /// What the public may see.
    pub publication: Publication,
    /// The stage.
    pub stage: Stage,
    /// The marks that are set, by number.
    pub marks: [bool; Mark::ALL.len()],
    /// Candidates that lists have now, where an event changed them: (contest, district, option) -> candidates.
    pub candidates: BTreeMap<(u8, u16, u32), u32>,
    /// Lots that were drawn.
    pub lots: Vec<Drawn<Lot>>,
    /// Lots that were drawn among places of districts that hang together.
    pub places_lots: Vec<Drawn<PlacesLot>>,
    /// The declared result of each (contest, district), with its revision.
    pub declarations: BTreeMap<(u8, u16), (Revision, Declaration)>,
    /// The declared result of each contest as a whole, and of districts of the law that are none of the ballot.
    pub declarations_above: BTreeMap<(u8, Option<DistrictId>), (Revision, DeclarationAbove)>,
    /// Who certified the result, and when.
    pub certification: Option<(Revision, Attribution)>,
    /// The last [`CORRECTIONS_KEPT`] corrections, newest last.
    pub corrections: VecDeque<Correction>,
    /// How many corrections there were in all.
    pub corrections_total: u64,
    /// What bounds the ballots that are still to come.
    pub(crate) ceilings: Ceilings,
    /// The last [`UNFORESEEN_KEPT`] events that no such bound foresaw, newest last.
    pub unforeseen: VecDeque<Unforeseen>,
    /// How many there were in all.
    pub unforeseen_total: u64,
}

impl Tally {
    /// The state after the first event, which must be the definition.
    pub fn begin(recorded: &Recorded) -> Result<Self, FoldError> {
        let Event::Defined {
            log_id,
            ballot,
            rules,
            presentation,
            areas,
            unit_count,
            register_hash,
        } = &recorded.event
        else {
            return Err(FoldError::Definition(recorded.revision));
        };
        if recorded.revision != Revision(1) {
            return Err(FoldError::Gap {
                expected: Revision(1),
                found: recorded.revision,
            });
        }
        let part = |hash| PartVersion { version: 1, hash };
        let text_hash = |text: String| Hash::of(text.as_bytes());
        let groups = ballot.counting_groups.len();
        let contests = ballot.contests.iter().map(|contest| {
            contest
                .districts
                .iter()
                .map(|district| DistrictTally::new(district.options.len(), groups))
                .collect()
        });
        let districts = ballot
            .contests
            .first()
            .map_or(0, |contest| contest.districts.len());
        let mut publication = Publication::default();
        publication.apply(recorded);
        Ok(Self {
            election: ballot.election.clone(),
            log_id: *log_id,
            revision: recorded.revision,
            time: recorded.time,
            counted_time: None,
            contests: contests.collect(),
            turnout: vec![DistrictTurnout::default(); districts],
            outline: Outline {
                versions: [
                    part(text_hash(crate::bytes::part_text(ballot))),
                    part(*register_hash),
                    part(text_hash(crate::bytes::part_text(rules))),
                    part(text_hash(crate::bytes::part_text(presentation))),
                ],
                ballot: Arc::new((**ballot).clone()),
                rules: Arc::new((**rules).clone()),
                presentation: Arc::new((**presentation).clone()),
                areas: Arc::new((**areas).clone()),
            },
            units_announced: *unit_count,
            unit_names: Arc::default(),
            publication,
            stage: Stage::default(),
            marks: [false; Mark::ALL.len()],
            candidates: BTreeMap::new(),
            lots: Vec::new(),
            places_lots: Vec::new(),
            declarations: BTreeMap::new(),
            declarations_above: BTreeMap::new(),
            certification: None,
            corrections: VecDeque::new(),
            corrections_total: 0,
            ceilings: Ceilings::new(
                rules.outstanding.as_ref(),
                ballot.votes_per_ballot,
                (ballot.contests.len(), districts),
            ),
            unforeseen: VecDeque::new(),
            unforeseen_total: 0,
        })
    }

    /// The tally as it stands, to be looked at: without what is kept for each unit, so that its copy costs the same
    /// however many units there are. It cannot be folded on.
    #[must_use]
    pub fn moment(&self) -> Self {
        Self {
            election: self.election.clone(),
            log_id: self.log_id,
            revision: self.revision,
            time: self.time,
            counted_time: self.counted_time,
            outline: self.outline.clone(),
            units_announced: self.units_announced,
            unit_names: Arc::clone(&self.unit_names),
            contests: self.contests.clone(),
            turnout: self.turnout.clone(),
            publication: self.publication.clone(),
            stage: self.stage,
            marks: self.marks,
            candidates: self.candidates.clone(),
            lots: self.lots.clone(),
            places_lots: self.places_lots.clone(),
            declarations: self.declarations.clone(),
            declarations_above: self.declarations_above.clone(),
            certification: self.certification.clone(),
            corrections: self.corrections.clone(),
            corrections_total: self.corrections_total,
            ceilings: self.ceilings.of_moment(),
            unforeseen: self.unforeseen.clone(),
            unforeseen_total: self.unforeseen_total,
        }
    }

    /// Clones made after this share what is kept for each unit with it and with each other, as far as nothing changes it.
    /// O(units / 256), and copies what has changed since the last time.
    pub fn share(&mut self) {
        self.ceilings.share();
    }

    /// Whether it can be folded on: it is no [`Self::moment`].
    pub fn is_whole(&self) -> bool {
        self.ceilings.is_whole()
    }

    // The next ones put the sums together again from units and slots.

    pub(crate) fn without_sums(self) -> Self {
        let empty = |district: &DistrictTally| {
            DistrictTally::new(district.votes.len(), district.states.len())
        };
        let contests = self.contests.iter();
        Self {
            contests: contests
                .map(|districts| districts.iter().map(empty).collect())
                .collect(),
            turnout: vec![DistrictTurnout::default(); self.turnout.len()],
            ceilings: self.ceilings.without_counts(),
            ..self
        }
    }

    pub(crate) fn restore_roll(&mut self, unit: usize, district: u16, roll: Option<u32>) {
        self.ceilings.restore_unit(unit, district, roll);
        let turnout = &mut self.turnout[usize::from(district)];
        turnout.units += 1;
        match roll {
            Some(roll) => turnout.roll += u64::from(roll),
            None => turnout.units_without_roll += 1,
        }
    }

    pub(crate) fn restore_turnout(&mut self, unit: usize, district: u16, turnout: Turnout) {
        self.ceilings.restore_turnout(unit, turnout);
        let total = &mut self.turnout[usize::from(district)];
        total.ballots_issued += u64::from(turnout.ballots_issued);
        total.units_final += u32::from(turnout.is_final);
        total.units_reporting += 1;
    }

    /// Marks and merges of units, as [`Ceilings::with_marks`] takes them. `None` if they do not fit the units' names.
    pub(crate) fn restore_marks(&mut self, marks: &[u8], merges: &[(u32, u32)]) -> Option<()> {
        let ceilings = self.ceilings.clone();
        let names = Arc::clone(&self.unit_names);
        let ceilings = ceilings.with_marks(marks, merges, names.iter())?;
        if ceilings.len() != names.len() {
            return None;
        }
        self.ceilings = ceilings;
        Some(())
    }

    pub(crate) fn restore_slot(
        &mut self,
        slot: Slot,
        state: SlotState,
        counted: Option<(&[u32], Form)>,
    ) {
        let votes_per_ballot = self.outline.ballot.votes_per_ballot;
        let district = &mut self.contests[usize::from(slot.contest)][usize::from(slot.district)];
        district.states[usize::from(slot.counting_group)].0[StateCounts::index(state)] += 1;
        if let Some((votes, form)) = counted {
            district.add(votes, &form, votes_per_ballot);
        }
        let accounted = counted.map_or_else(Accounted::default, |(votes, form)| {
            Accounted::of(votes, &form, votes_per_ballot)
        });
        self.ceilings.restore_slot(slot, state, accounted);
    }

    /// What is still to come of a contest in a district; `None`: the rules say nothing of it, so nothing is claimed.
    /// Units that are announced and not registered yet are bounded by nothing.
    pub fn still_to_come(&self, contest: usize, district: usize) -> Option<StillToCome> {
        let mut coming = self.ceilings.still_to_come(contest, district)?;
        let registered = u32::try_from(self.unit_names.len()).unwrap_or(u32::MAX);
        coming.unbounded += self.units_announced.saturating_sub(registered);
        Some(coming)
    }

    /// Whether the seats of a contest are handed out over all of its districts at once.
    pub fn contest_hangs_together(&self, contest: usize) -> bool {
        let id = self.outline.ballot.contests.get(contest);
        let id = id.map(|contest| &contest.id);
        let rules = self.outline.rules.contests.iter();
        let mut rules = rules.filter(|rules| Some(&rules.id) == id);
        rules.any(|rules| rules.procedure() != Procedure::EachDistrict)
    }

    /// All units that the definition announces are registered: reports can be taken.
    pub fn is_complete(&self) -> bool {
        u32::try_from(self.unit_names.len()).is_ok_and(|units| units >= self.units_announced)
    }

    /// Candidates that a list has now; `None`: no limit is known.
    pub fn candidates_of(&self, contest: u8, district: u16, option: u32) -> Option<u32> {
        self.candidates
            .get(&(contest, district, option))
            .copied()
            .or_else(|| {
                let district = self
                    .outline
                    .ballot
                    .contests
                    .get(usize::from(contest))?
                    .districts
                    .get(usize::from(district))?;
                district
                    .options
                    .get(usize::try_from(option).ok()?)?
                    .candidates
            })
    }

    /// Whether an option of this id stands in the contest, in any district.
    pub fn has_option(&self, contest: u8, option: &OptionId) -> bool {
        let contest = self.outline.ballot.contests.get(usize::from(contest));
        let mut options = contest
            .into_iter()
            .flat_map(|contest| &contest.districts)
            .flat_map(|district| &district.options);
        options.any(|entry| entry.id == *option)
    }

    /// Whether a place above districts can have this option: it stands in the contest, or, in a constituency, among the
    /// first votes of its rules.
    pub fn has_place_option(&self, contest: u8, place: &TiedPlace) -> bool {
        if place.constituency.is_none() || self.has_option(contest, &place.option) {
            return self.has_option(contest, &place.option);
        }
        let contests = &self.outline.ballot.contests;
        let id = contests.get(usize::from(contest)).map(|entry| &entry.id);
        let rules = self.outline.rules.contests.iter();
        let mut rules = rules.filter(|rules| Some(&rules.id) == id);
        let tiers = rules.find_map(|rules| rules.tiers.as_ref());
        let first_votes = tiers.and_then(|tiers| tiers.first_votes.as_ref());
        let first_votes = contests
            .iter()
            .position(|entry| Some(&entry.id) == first_votes);
        let first_votes = first_votes.and_then(|number| u8::try_from(number).ok());
        first_votes.is_some_and(|number| self.has_option(number, &place.option))
    }

    /// Votes of all options of a role in a district.
    pub fn role_votes(&self, contest: usize, district: usize, role: OptionRole) -> u64 {
        let options = &self.outline.ballot.contests[contest].districts[district].options;
        let votes = &self.contests[contest][district].votes;
        options
            .iter()
            .zip(votes)
            .filter(|(option, _)| option.role == role)
            .map(|(_, votes)| *votes)
            .sum()
    }
}

/// Whether a unit reports the counting group at this index.
pub fn expects_group(ballot: &Ballot, unit: &crate::definition::Unit, group: usize) -> bool {
    unit.counting_groups.is_empty()
        || ballot
            .counting_groups
            .get(group)
            .is_some_and(|group| unit.counting_groups.contains(group))
}

/// The districts of the ballot by id, for many look-ups. Every contest has the same districts.
pub(crate) fn district_indexes(ballot: &Ballot) -> HashMap<&str, usize> {
    let districts = ballot
        .contests
        .first()
        .map_or(&[][..], |contest| &contest.districts);
    districts
        .iter()
        .enumerate()
        .map(|(place, district)| (district.id.as_str(), place))
        .collect()
}

/// The index of a district on the ballot. Every contest has the same districts.
pub fn district_index(ballot: &Ballot, district: &str) -> Option<usize> {
    ballot
        .contests
        .first()?
        .districts
        .iter()
        .position(|candidate| candidate.id.as_str() == district)
}
