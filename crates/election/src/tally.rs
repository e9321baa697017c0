//! The follower's fold: totals, units by state, turnout, publication, stage. O(options) an event, and nothing kept per
//! unit but its name.
//!
//! A correction's event carries what it replaces, so nobody but the results role needs to know any unit's counts.

use crate::counts::{COUNTERS, Counter, Counts};
use crate::definition::{Ballot, Hash, OptionRole, Presentation, Register};
use crate::event::{
    Counted, Declaration, Event, Lot, Recorded, Slot, SlotMove, SlotState, Turnout,
};
use crate::ids::{ElectionId, LogId, Revision, Timestamp};
use crate::publication::{Publication, PublicationMode};
use crate::report::{Attribution, ReportKind, UnitStatus};
use crate::rules::Rules;
use crate::stage::{Mark, Stage};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

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

/// The version and content hash of a part of the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartVersion {
    /// 1 at first, one more with each amendment.
    pub version: u32,
    /// The hash of its canonical bytes.
    pub hash: Hash,
}

/// The parts of the definition that a follower keeps: all but the units.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The ballot.
    pub ballot: Arc<Ballot>,
    /// The rules as amended.
    pub rules: Arc<Rules>,
    /// The presentation as amended.
    pub presentation: Arc<Presentation>,
    /// Areas and electorate; its list of units is empty.
    pub areas: Arc<Register>,
    /// Versions of ballot, register, rules, presentation, in this order.
    pub versions: [PartVersion; 4],
}

/// The names of the units, packed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitNames {
    text: String,
    ends: Vec<u32>,
}

impl UnitNames {
    /// The id of the unit at this index, if it is registered.
    pub fn get(&self, unit: u32) -> Option<&str> {
        let index = usize::try_from(unit).ok()?;
        let end = usize::try_from(*self.ends.get(index)?).ok()?;
        let start = match index.checked_sub(1) {
            Some(before) => usize::try_from(*self.ends.get(before)?).ok()?,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// How many units are registered.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// None is registered.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn push(&mut self, id: &str) {
        self.text.push_str(id);
        // 4 million units of 64 bytes are 256 MB, far below 2^32.
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }
}

/// Slots (tallies expected) by state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCounts([u32; 64]);

impl Default for StateCounts {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl StateCounts {
    fn index(state: SlotState) -> usize {
        usize::from(crate::bytes::slot_state_byte(state))
    }

    fn shift(&mut self, slot_move: SlotMove) -> Option<()> {
        let before = &mut self.0[Self::index(slot_move.before)];
        *before = before.checked_sub(1)?;
        self.0[Self::index(slot_move.after)] += 1;
        Some(())
    }

    /// How many there are whose state satisfies this.
    pub fn count(&self, filter: impl Fn(SlotState) -> bool) -> u32 {
        let mut total = 0;
        for status in UnitStatus::ALL {
            for (counted, pending) in [(false, false), (true, false), (false, true), (true, true)] {
                let state = SlotState {
                    status,
                    counted,
                    pending,
                };
                if filter(state) {
                    total += self.0[Self::index(state)];
                }
            }
        }
        total
    }

    /// All of them.
    pub fn total(&self) -> u32 {
        self.count(|_| true)
    }

    /// Those of this status.
    pub fn with_status(&self, status: UnitStatus) -> u32 {
        self.count(|state| state.status == status)
    }

    /// Those that are in the totals.
    pub fn counted(&self) -> u32 {
        self.count(|state| state.counted)
    }

    /// Those with a report that waits for a reviewer.
    pub fn pending(&self) -> u32 {
        self.count(|state| state.pending)
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }
}

/// The totals of one contest in one district.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistrictTally {
    /// Votes by option.
    pub votes: Vec<u64>,
    /// Counters of the form, by number.
    pub counters: [u64; COUNTERS],
    /// In how many counted tallies each counter stands.
    pub counters_present: [u32; COUNTERS],
    /// Tallies that are counted.
    pub tallies_counted: u32,
    /// Ballots that the counted tallies account for, as far as they say.
    pub ballots_counted: u64,
    /// Slots by state, by counting group.
    pub states: Vec<StateCounts>,
}

impl DistrictTally {
    fn new(options: usize, counting_groups: usize) -> Self {
        Self {
            votes: vec![0; options],
            counters: [0; COUNTERS],
            counters_present: [0; COUNTERS],
            tallies_counted: 0,
            ballots_counted: 0,
            states: vec![StateCounts::default(); counting_groups],
        }
    }

    /// A counter's total, if every counted tally has it.
    pub fn counter(&self, counter: Counter) -> Option<u64> {
        (self.counters_present[counter as usize] == self.tallies_counted)
            .then(|| self.counters[counter as usize])
    }

    /// Slots by state, all counting groups together.
    pub fn states_total(&self) -> StateCounts {
        let mut total = StateCounts::default();
        self.states.iter().for_each(|states| total.add(states));
        total
    }

    // No sum can overflow: each count is below 2^32 and there are fewer than 2^26 slots.
    fn add(&mut self, counts: &Counts, votes_per_ballot: u32) {
        for (total, votes) in self.votes.iter_mut().zip(&counts.votes) {
            *total += u64::from(*votes);
        }
        for (counter, value) in counts.form.iter() {
            self.counters[counter as usize] += u64::from(value);
            self.counters_present[counter as usize] += 1;
        }
        self.tallies_counted += 1;
        self.ballots_counted += counts.ballots_counted(votes_per_ballot).unwrap_or(0);
    }

    fn covers(&self, counts: &Counts, votes_per_ballot: u32) -> bool {
        self.tallies_counted > 0
            && self.ballots_counted >= counts.ballots_counted(votes_per_ballot).unwrap_or(0)
            && self
                .votes
                .iter()
                .zip(&counts.votes)
                .all(|(total, votes)| *total >= u64::from(*votes))
            && counts.form.iter().all(|(counter, value)| {
                self.counters[counter as usize] >= u64::from(value)
                    && self.counters_present[counter as usize] > 0
            })
    }

    fn subtract(&mut self, counts: &Counts, votes_per_ballot: u32) {
        for (total, votes) in self.votes.iter_mut().zip(&counts.votes) {
            *total -= u64::from(*votes);
        }
        for (counter, value) in counts.form.iter() {
            self.counters[counter as usize] -= u64::from(value);
            self.counters_present[counter as usize] -= 1;
        }
        self.tallies_counted -= 1;
        self.ballots_counted -= counts.ballots_counted(votes_per_ballot).unwrap_or(0);
    }
}

/// Ballots issued in one district.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DistrictTurnout {
    /// Units registered.
    pub units: u32,
    /// Voters on the rolls that are known.
    pub roll: u64,
    /// Units whose roll is unknown.
    pub units_without_roll: u32,
    /// Ballots issued, as far as reported.
    pub ballots_issued: u64,
    /// Units that have sent a turnout report.
    pub units_reporting: u32,
    /// Units that have sent their last one.
    pub units_final: u32,
}

/// A change of counted numbers that somebody ordered: who, why, before and after (F18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Where it stands in the log.
    pub revision: Revision,
    /// When.
    pub time: Timestamp,
    /// Whose tally.
    pub slot: Slot,
    /// What sort of change.
    pub cause: CorrectionCause,
    /// Who and why.
    pub attribution: Attribution,
    /// (option, before, after) of the options whose votes change.
    pub changes: Vec<(u32, u32, u32)>,
    /// Ballots accounted for, before and after.
    pub ballots: (u64, u64),
}

/// What sort of change a correction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionCause {
    /// A report of this kind.
    Report(ReportKind),
    /// A reviewer let a report in that replaces another.
    Review,
    /// The tally was withdrawn.
    Withdrawal,
    /// The commission set a status that voids the result.
    Status(UnitStatus),
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
    pub lots: Vec<Lot>,
    /// The declared result of each (contest, district), with its revision.
    pub declarations: BTreeMap<(u8, u16), (Revision, Declaration)>,
    /// Who certified the result, and when.
    pub certification: Option<(Revision, Attribution)>,
    /// The last [`CORRECTIONS_KEPT`] corrections, newest last.
    pub corrections: VecDeque<Correction>,
    /// How many corrections there were in all.
    pub corrections_total: u64,
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
        publication.apply(recorded.revision, &recorded.event);
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
            declarations: BTreeMap::new(),
            certification: None,
            corrections: VecDeque::new(),
            corrections_total: 0,
        })
    }

    // The next ones put the sums together again from units and slots.

    pub(crate) fn without_sums(&self) -> Self {
        let empty = |district: &DistrictTally| {
            DistrictTally::new(district.votes.len(), district.states.len())
        };
        let contests = self.contests.iter();
        Self {
            contests: contests
                .map(|districts| districts.iter().map(empty).collect())
                .collect(),
            turnout: vec![DistrictTurnout::default(); self.turnout.len()],
            ..self.clone()
        }
    }

    pub(crate) fn restore_unit(&mut self, id: &str, district: u16, roll: Option<u32>) {
        Arc::make_mut(&mut self.unit_names).push(id);
        self.restore_roll(district, roll);
    }

    pub(crate) fn restore_roll(&mut self, district: u16, roll: Option<u32>) {
        let turnout = &mut self.turnout[usize::from(district)];
        turnout.units += 1;
        match roll {
            Some(roll) => turnout.roll += u64::from(roll),
            None => turnout.units_without_roll += 1,
        }
    }

    pub(crate) fn restore_turnout(&mut self, district: u16, turnout: Turnout) {
        let total = &mut self.turnout[usize::from(district)];
        total.ballots_issued += u64::from(turnout.ballots_issued);
        total.units_final += u32::from(turnout.is_final);
        total.units_reporting += 1;
    }

    pub(crate) fn restore_slot(&mut self, slot: Slot, state: SlotState, counts: Option<&Counts>) {
        let votes_per_ballot = self.outline.ballot.votes_per_ballot;
        let district = &mut self.contests[usize::from(slot.contest)][usize::from(slot.district)];
        district.states[usize::from(slot.counting_group)].0[StateCounts::index(state)] += 1;
        if let Some(counts) = counts {
            district.add(counts, votes_per_ballot);
        }
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

    /// Takes in the next event. It changes nothing if the event does not fit.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let expected = self.revision.next();
        if recorded.revision != expected {
            return Err(FoldError::Gap {
                expected,
                found: recorded.revision,
            });
        }
        self.apply_event(recorded)?;
        self.publication.apply(recorded.revision, &recorded.event);
        self.revision = recorded.revision;
        self.time = recorded.time;
        Ok(())
    }

    fn apply_event(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let misfit = |what| FoldError::Misfit {
            revision: recorded.revision,
            what,
        };
        match &recorded.event {
            Event::Defined { .. } => return Err(FoldError::Definition(recorded.revision)),
            Event::UnitsRegistered {
                first_index,
                units,
                reason,
            } => {
                self.register(*first_index, units, reason.is_some())
                    .map_err(misfit)?;
            }
            Event::UnitAmended {
                index,
                unit,
                former_roll,
                reason: _,
            } => {
                self.amend_unit(*index, unit, *former_roll)
                    .map_err(misfit)?;
            }
            Event::RulesAmended { rules, reason: _ } => {
                amend(
                    &mut self.outline.versions[2],
                    &crate::bytes::part_text(rules),
                );
                self.outline.rules = Arc::new((**rules).clone());
            }
            Event::PresentationAmended {
                presentation,
                reason: _,
            } => {
                amend(
                    &mut self.outline.versions[3],
                    &crate::bytes::part_text(presentation),
                );
                self.outline.presentation = Arc::new((**presentation).clone());
            }
            Event::ReportCounted {
                counted,
                warnings: _,
            } => {
                self.count(counted).map_err(misfit)?;
                self.counted_time = Some(recorded.time);
                if let (Some(attribution), Some(_)) = (&counted.attribution, &counted.replaced) {
                    let cause = CorrectionCause::Report(counted.kind);
                    self.correct(recorded, counted, cause, attribution.clone());
                }
            }
            Event::Released {
                counted,
                held_revision: _,
                reason,
            } => {
                self.count(counted).map_err(misfit)?;
                self.counted_time = Some(recorded.time);
                if counted.replaced.is_some() {
                    let attribution = counted.attribution.clone().unwrap_or_else(|| Attribution {
                        by: String::from("review"),
                        reason: reason.clone(),
                    });
                    self.correct(recorded, counted, CorrectionCause::Review, attribution);
                }
            }
            Event::ReportHeld {
                slot, slot_move, ..
            }
            | Event::Rejected {
                slot, slot_move, ..
            } => {
                if slot_move.before.counted != slot_move.after.counted {
                    return Err(misfit("what waits does not change what is counted"));
                }
                self.shift(*slot, *slot_move).map_err(misfit)?;
            }
            Event::Withdrawn {
                slot,
                replaced,
                slot_move,
                attribution,
                version: _,
            } => {
                self.void(
                    recorded,
                    *slot,
                    replaced.as_ref(),
                    *slot_move,
                    CorrectionCause::Withdrawal,
                    attribution,
                )
                .map_err(misfit)?;
            }
            Event::StatusSet {
                slot,
                replaced,
                slot_move,
                attribution,
                merged_into: _,
            } => {
                let cause = CorrectionCause::Status(slot_move.after.status);
                self.void(
                    recorded,
                    *slot,
                    replaced.as_ref(),
                    *slot_move,
                    cause,
                    attribution,
                )
                .map_err(misfit)?;
            }
            Event::TurnoutCounted {
                district,
                ballots_issued,
                is_final,
                replaced,
                ..
            } => {
                let turnout = Turnout {
                    ballots_issued: *ballots_issued,
                    is_final: *is_final,
                };
                self.turn_out(*district, turnout, *replaced)
                    .map_err(misfit)?;
            }
            Event::LotDrawn(lot) => {
                let options = lot.tied.iter().chain(&lot.winners).copied();
                self.check_options(lot.contest, lot.district, options)
                    .map_err(misfit)?;
                self.lots.push(lot.clone());
            }
            Event::CandidatesChanged {
                contest,
                district,
                option,
                candidates,
                ..
            } => {
                self.check_options(*contest, *district, std::iter::once(*option))
                    .map_err(misfit)?;
                self.candidates
                    .insert((*contest, *district, *option), *candidates);
            }
            Event::PublicationMoved {
                mode: PublicationMode::HoldAt(at),
                ..
            } if *at >= recorded.revision => {
                return Err(misfit(
                    "publication is held at a revision that is yet to come",
                ));
            }
            Event::ClassOpened { .. } | Event::PublicationMoved { .. } => {}
            Event::StageSet { stage, reason: _ } => self.stage = *stage,
            Event::MarkSet {
                mark,
                is_set,
                reason: _,
            } => self.marks[*mark as usize] = *is_set,
            Event::Declared(declaration) => {
                let options = declaration.seats.iter().map(|(option, _)| *option);
                let key = (declaration.contest, declaration.district);
                self.check_options(key.0, key.1, options).map_err(misfit)?;
                self.declarations
                    .insert(key, (recorded.revision, declaration.clone()));
                self.stage = self.stage.max(Stage::Declared);
            }
            Event::Certified { attribution } => {
                self.certification = Some((recorded.revision, attribution.clone()));
                self.stage = Stage::Certified;
            }
        }
        Ok(())
    }

    fn register(
        &mut self,
        first_index: u32,
        units: &[crate::definition::Unit],
        is_amendment: bool,
    ) -> Result<(), &'static str> {
        let first = usize::try_from(first_index).map_err(|_| "units stand beyond the register")?;
        if first != self.unit_names.len() {
            return Err("units are not added at the end of the register");
        }
        let announced = usize::try_from(self.units_announced).unwrap_or(usize::MAX);
        if !is_amendment && units.len() > announced - first.min(announced) {
            return Err("more units than the definition announces");
        }
        let ballot = Arc::clone(&self.outline.ballot);
        let indexes = district_indexes(&ballot);
        let places: Option<Vec<usize>> = units
            .iter()
            .map(|unit| indexes.get(unit.district.as_str()).copied())
            .collect();
        let places = places.ok_or("a unit's district is not on the ballot")?;
        for (unit, district) in units.iter().zip(places) {
            Arc::make_mut(&mut self.unit_names).push(unit.id.as_str());
            let turnout = &mut self.turnout[district];
            turnout.units += 1;
            match unit.roll {
                Some(roll) => turnout.roll += u64::from(roll),
                None => turnout.units_without_roll += 1,
            }
            for contest in &mut self.contests {
                for (group, states) in contest[district].states.iter_mut().enumerate() {
                    if expects_group(&ballot, unit, group) {
                        states.0[StateCounts::index(SlotState::default())] += 1;
                    }
                }
            }
        }
        if is_amendment {
            self.units_announced = u32::try_from(self.unit_names.len()).unwrap_or(u32::MAX);
            self.chain_register(units);
        }
        Ok(())
    }

    fn amend_unit(
        &mut self,
        index: u32,
        unit: &crate::definition::Unit,
        former_roll: Option<u32>,
    ) -> Result<(), &'static str> {
        if self.unit_names.get(index) != Some(unit.id.as_str()) {
            return Err("the unit does not stand at that place of the register");
        }
        let district = district_index(&self.outline.ballot, unit.district.as_str());
        let turnout =
            &mut self.turnout[district.ok_or("the unit's district is not on the ballot")?];
        let mut amended = *turnout;
        match former_roll {
            Some(roll) => {
                amended.roll = amended
                    .roll
                    .checked_sub(u64::from(roll))
                    .ok_or("the roll was not that")?
            }
            None => {
                amended.units_without_roll = amended
                    .units_without_roll
                    .checked_sub(1)
                    .ok_or("the roll was known")?
            }
        }
        match unit.roll {
            Some(roll) => amended.roll += u64::from(roll),
            None => amended.units_without_roll += 1,
        }
        *turnout = amended;
        self.chain_register(std::slice::from_ref(unit));
        Ok(())
    }

    // The amended register's hash chains the former hash and the units that were added or changed.
    fn chain_register(&mut self, units: &[crate::definition::Unit]) {
        let version = &mut self.outline.versions[1];
        let bytes = crate::bytes::encode_units(units);
        *version = PartVersion {
            version: version.version + 1,
            hash: Hash::of(&[version.hash.0.as_slice(), &bytes].concat()),
        };
    }

    fn check_options(
        &self,
        contest: u8,
        district: u16,
        mut options: impl Iterator<Item = u32>,
    ) -> Result<(), &'static str> {
        let district = self
            .contests
            .get(usize::from(contest))
            .and_then(|districts| districts.get(usize::from(district)));
        let known = district.ok_or("no such contest or district")?.votes.len();
        if options.all(|option| usize::try_from(option).is_ok_and(|option| option < known)) {
            Ok(())
        } else {
            Err("no such option on the district's ballot")
        }
    }

    fn district_mut(&mut self, slot: Slot) -> Result<&mut DistrictTally, &'static str> {
        let contest = self
            .contests
            .get_mut(usize::from(slot.contest))
            .ok_or("no such contest")?;
        contest
            .get_mut(usize::from(slot.district))
            .ok_or("no such district")
    }

    fn shift(&mut self, slot: Slot, slot_move: SlotMove) -> Result<(), &'static str> {
        let states = &mut self.district_mut(slot)?.states;
        let states = states
            .get_mut(usize::from(slot.counting_group))
            .ok_or("no such counting group")?;
        states
            .shift(slot_move)
            .ok_or("no slot is in the state that the event moves one from")
    }

    fn count(&mut self, counted: &Counted) -> Result<(), &'static str> {
        let votes_per_ballot = self.outline.ballot.votes_per_ballot;
        let district = self.district_mut(counted.slot)?;
        let options = district.votes.len();
        let SlotMove { before, after } = counted.slot_move;
        if !after.counted || before.counted != counted.replaced.is_some() {
            return Err("what is counted and what is replaced do not fit the slot's move");
        }
        if counted.counts.votes.len() != options {
            return Err("the counts have not as many options as the ballot");
        }
        if let Some(replaced) = &counted.replaced
            && (replaced.votes.len() != options || !district.covers(replaced, votes_per_ballot))
        {
            return Err("the counts that are replaced are not in the totals");
        }
        self.shift(counted.slot, counted.slot_move)?;
        let district = self.district_mut(counted.slot)?;
        if let Some(replaced) = &counted.replaced {
            district.subtract(replaced, votes_per_ballot);
        }
        district.add(&counted.counts, votes_per_ballot);
        Ok(())
    }

    fn void(
        &mut self,
        recorded: &Recorded,
        slot: Slot,
        replaced: Option<&Counts>,
        slot_move: SlotMove,
        cause: CorrectionCause,
        attribution: &Attribution,
    ) -> Result<(), &'static str> {
        let votes_per_ballot = self.outline.ballot.votes_per_ballot;
        let district = self.district_mut(slot)?;
        let SlotMove { before, after } = slot_move;
        let goes_out = before.counted && !after.counted;
        if goes_out != replaced.is_some() || (after.counted && !before.counted) {
            return Err("what goes out of the count does not fit the slot's move");
        }
        if replaced.is_some_and(|counts| {
            counts.votes.len() != district.votes.len() || !district.covers(counts, votes_per_ballot)
        }) {
            return Err("the counts that go out are not in the totals");
        }
        self.shift(slot, slot_move)?;
        let Some(replaced) = replaced else {
            return Ok(());
        };
        self.district_mut(slot)?
            .subtract(replaced, votes_per_ballot);
        let options = 0_u32..;
        let changes = options
            .zip(&replaced.votes)
            .filter(|(_, before)| **before > 0);
        self.remember(Correction {
            revision: recorded.revision,
            time: recorded.time,
            slot,
            cause,
            attribution: attribution.clone(),
            changes: changes
                .map(|(option, before)| (option, *before, 0))
                .collect(),
            ballots: (replaced.ballots_counted(votes_per_ballot).unwrap_or(0), 0),
        });
        Ok(())
    }

    fn correct(
        &mut self,
        recorded: &Recorded,
        counted: &Counted,
        cause: CorrectionCause,
        attribution: Attribution,
    ) {
        let Some(replaced) = &counted.replaced else {
            return;
        };
        let votes_per_ballot = self.outline.ballot.votes_per_ballot;
        let pairs = replaced.votes.iter().zip(&counted.counts.votes);
        let changes = (0_u32..)
            .zip(pairs)
            .filter(|(_, (before, after))| before != after);
        self.remember(Correction {
            revision: recorded.revision,
            time: recorded.time,
            slot: counted.slot,
            cause,
            attribution,
            changes: changes
                .map(|(option, (before, after))| (option, *before, *after))
                .collect(),
            ballots: (
                replaced.ballots_counted(votes_per_ballot).unwrap_or(0),
                counted
                    .counts
                    .ballots_counted(votes_per_ballot)
                    .unwrap_or(0),
            ),
        });
    }

    fn remember(&mut self, correction: Correction) {
        self.corrections_total += 1;
        if self.corrections.len() == CORRECTIONS_KEPT {
            self.corrections.pop_front();
        }
        self.corrections.push_back(correction);
    }

    fn turn_out(
        &mut self,
        district: u16,
        turnout: Turnout,
        replaced: Option<Turnout>,
    ) -> Result<(), &'static str> {
        let total = self
            .turnout
            .get_mut(usize::from(district))
            .ok_or("no such district")?;
        if let Some(replaced) = replaced {
            let issued = total
                .ballots_issued
                .checked_sub(u64::from(replaced.ballots_issued));
            let finals = total.units_final.checked_sub(u32::from(replaced.is_final));
            let (Some(issued), Some(finals)) = (issued, finals) else {
                return Err("the turnout that is replaced is not in the totals");
            };
            total.ballots_issued = issued;
            total.units_final = finals;
        } else {
            total.units_reporting += 1;
        }
        total.ballots_issued += u64::from(turnout.ballots_issued);
        total.units_final += u32::from(turnout.is_final);
        Ok(())
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

fn amend(version: &mut PartVersion, text: &str) {
    *version = PartVersion {
        version: version.version + 1,
        hash: Hash::of(text.as_bytes()),
    };
}
