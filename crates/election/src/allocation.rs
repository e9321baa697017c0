//! From a tally and the rules to what the allocation engine takes: positions of lists, whole numbers, rules as its terms.

use crate::counts::Counter;
use crate::definition::{BallotOption, OptionRole};
use crate::event::Lot as RecordedLot;
use crate::rules::Procedure;
use crate::tally::{DistrictTally, Drawn, Tally};
use apportionment::{
    Allocation, BaseCounts, Contest, List, Lot, Rules, StageAt, ThresholdBase, seats_most,
};
use std::collections::BTreeMap;

mod law;

pub(crate) use law::{base, bonus, fraction, series, stage, threshold, ties};
pub use law::{bases, engine_rules};

/// What the engine is asked about one contest in one district.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The options that take part, by index on the ballot: list n of the contest is option `options[n]`.
    pub options: Vec<u32>,
    /// Votes, seats, base counts.
    pub contest: Contest,
    /// The law.
    pub rules: Rules,
    /// Lots that were drawn.
    pub lots: Vec<Lot>,
}

impl Question {
    /// The most seats of each list in any outcome of the open ties of the answer to this question.
    #[must_use]
    pub fn seats_most(&self, allocation: &Allocation) -> Vec<u32> {
        seats_most(&self.contest, &self.rules, &self.lots, allocation)
    }

    /// The question that a tally asks; `None`: the rules give no seats to this contest, or its districts hang together.
    pub fn of(tally: &Tally, contest: usize, district: usize) -> Option<Self> {
        let ballot = tally.outline.ballot.contests.get(contest)?;
        let law = tally
            .outline
            .rules
            .contests
            .iter()
            .find(|rules| rules.id == ballot.id)?;
        if law.procedure() != Procedure::EachDistrict {
            return None;
        }
        let district_ballot = ballot.districts.get(district)?;
        let seats = law
            .districts
            .iter()
            .find(|seats| seats.id == district_ballot.id)?
            .seats;
        let place = (u8::try_from(contest).ok()?, u16::try_from(district).ok()?);
        let indexes = 0_u32..;
        let lists = || {
            indexes
                .clone()
                .zip(&district_ballot.options)
                .filter(|(_, option)| option.role == OptionRole::List)
        };
        let exempt = law
            .threshold
            .as_ref()
            .is_some_and(|threshold| threshold.minorities_exempt);
        let groups = apparentment_groups(lists().map(|(_, option)| option));
        let entries = lists().map(|(index, option)| List {
            votes: 0,
            candidates: tally.candidates_of(place.0, place.1, index),
            registration: option.registration_number.map(u64::from),
            coalition_size: option.coalition_size,
            exempt: exempt && option.minority,
            direct_seats: 0,
            best_district: None,
            held: 0,
            won_office: false,
            group: option
                .apparentment
                .as_ref()
                .and_then(|name| groups.get(name.as_str()).copied()),
            subgroup: None,
        });
        let options: Vec<u32> = lists().map(|(index, _)| index).collect();
        let mut question = Self {
            contest: Contest {
                seats,
                lists: entries.collect(),
                ..Contest::default()
            },
            rules: engine_rules(law, !groups.is_empty()),
            lots: lots(tally, place, &options),
            options,
        };
        question.refresh(tally, contest, district);
        Some(question)
    }

    /// Takes the newest votes and base counts from the tally; the rest stays. Allocates nothing.
    pub fn refresh(&mut self, tally: &Tally, contest: usize, district: usize) {
        let totals = &tally.contests[contest][district];
        for (list, option) in self.contest.lists.iter_mut().zip(&self.options) {
            let option = usize::try_from(*option).unwrap_or(usize::MAX);
            list.votes = totals.votes.get(option).copied().unwrap_or(0);
        }
        let needs_base = self
            .rules
            .threshold
            .as_ref()
            .is_some_and(|threshold| threshold.base != ThresholdBase::ListVotes);
        if needs_base {
            self.contest.base = base_counts(tally, contest, district, totals);
        }
    }
}

fn apparentment_groups<'a>(
    lists: impl Iterator<Item = &'a BallotOption>,
) -> BTreeMap<&'a str, u32> {
    let mut groups = BTreeMap::new();
    for name in lists.filter_map(|option| option.apparentment.as_deref()) {
        let next = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        groups.entry(name).or_insert(next);
    }
    groups
}

// A base that some of the counted tallies lack is missing: a rule that needs it is answered with an error, never a guess.
pub(crate) fn base_counts(
    tally: &Tally,
    contest: usize,
    district: usize,
    totals: &DistrictTally,
) -> BaseCounts {
    let lacks = |counter: Counter| totals.counters_present[counter as usize] == 0;
    let all_votes: u64 = totals.votes.iter().sum();
    let against_all = tally.role_votes(contest, district, OptionRole::AgainstAll);
    // Without a counter on any form, one vote a ballot makes each vote a valid ballot.
    let derived = tally.outline.ballot.votes_per_ballot == 1 && lacks(Counter::Valid);
    let valid = totals.counter(Counter::Valid);
    let valid_votes = if derived {
        Some(all_votes - against_all)
    } else {
        valid
    };
    let valid_and_against_all = if derived {
        // Where the ballot has the option, its votes are among all votes, and a counter says the same again.
        let is_option = tally.outline.ballot.contests[contest].districts[district]
            .options
            .iter()
            .any(|option| option.role == OptionRole::AgainstAll);
        let counted_apart = if is_option || lacks(Counter::AgainstAll) {
            Some(0)
        } else {
            totals.counter(Counter::AgainstAll)
        };
        counted_apart.map(|apart| all_votes + apart)
    } else if lacks(Counter::AgainstAll) {
        valid
    } else {
        valid
            .zip(totals.counter(Counter::AgainstAll))
            .map(|(valid, against_all)| valid + against_all)
    };
    BaseCounts {
        valid_votes,
        valid_and_against_all,
        ballots_in_box: ballots_in_box(totals),
        ballots_issued: totals.counter(Counter::BallotsIssued).or_else(|| {
            let turnout = &tally.turnout[district];
            (turnout.units_reporting == turnout.units && turnout.units > 0)
                .then_some(turnout.ballots_issued)
        }),
    }
}

/// The counters of the form that a base is a sum of, whichever of them a form has.
pub const fn base_counters(base: ThresholdBase) -> &'static [Counter] {
    match base {
        ThresholdBase::ListVotes => &[],
        ThresholdBase::ValidVotes => &[Counter::Valid],
        ThresholdBase::ValidAndAgainstAll => &[Counter::Valid, Counter::AgainstAll],
        ThresholdBase::BallotsInBox => &[
            Counter::BoxFixed,
            Counter::BoxPortable,
            Counter::Papers,
            Counter::Valid,
            Counter::Invalid,
            Counter::Blank,
        ],
        ThresholdBase::BallotsIssued => &[Counter::BallotsIssued],
    }
}

/// Which counters of a base some counted tallies have and others lack, with how many lack it: what stands between the
/// count and the base. Empty: no form has any of them.
pub fn lacking_counters(totals: &DistrictTally, base: ThresholdBase) -> Vec<(Counter, u32)> {
    let counters = base_counters(base).iter().copied();
    let lacking = counters.filter_map(|counter| {
        let present = totals.counters_present[counter as usize];
        let lacking = totals.tallies_counted.saturating_sub(present);
        (present > 0 && lacking > 0).then_some((counter, lacking))
    });
    lacking.collect()
}

fn ballots_in_box(totals: &DistrictTally) -> Option<u64> {
    let or_zero = |counter: Counter| {
        if totals.counters_present[counter as usize] == 0 {
            Some(0)
        } else {
            totals.counter(counter)
        }
    };
    let boxes = totals
        .counter(Counter::BoxFixed)
        .filter(|_| totals.counters_present[Counter::BoxFixed as usize] > 0);
    let portable = or_zero(Counter::BoxPortable);
    if let Some((fixed, portable)) = boxes.zip(portable) {
        return Some(fixed + portable);
    }
    let papers = totals
        .counter(Counter::Papers)
        .filter(|_| totals.counters_present[Counter::Papers as usize] > 0);
    papers.or_else(|| {
        let valid = totals.counter(Counter::Valid)?;
        let invalid = totals.counter(Counter::Invalid)?;
        Some(valid + invalid + or_zero(Counter::Blank)?)
    })
}

fn lots(tally: &Tally, place: (u8, u16), options: &[u32]) -> Vec<Lot> {
    let mut here = lots_of(tally, place).peekable();
    if here.peek().is_none() {
        return Vec::new();
    }
    let count = tally.count_hash(place.0, Some(place.1));
    let standing = here.filter(|drawn| drawn.count == count);
    let lots = standing.filter_map(|drawn| engine_lot(&drawn.lot, options));
    lots.collect()
}

/// Recorded lots of a district that the engine is not given, and whether that is because votes, candidates or rules are others
/// than they were drawn on. Otherwise they can name no tie of the allocation: logs written before such were refused have some.
pub fn lots_left_out<'a>(
    tally: &'a Tally,
    place: (u8, u16),
    options: &'a [u32],
) -> Vec<(&'a RecordedLot, bool)> {
    let here: Vec<_> = lots_of(tally, place).collect();
    if here.is_empty() {
        return Vec::new();
    }
    let count = tally.count_hash(place.0, Some(place.1));
    let left_out = here.into_iter().filter_map(|drawn| {
        let has_changed = drawn.count != count;
        let is_left_out = has_changed || engine_lot(&drawn.lot, options).is_none();
        is_left_out.then_some((&drawn.lot, has_changed))
    });
    left_out.collect()
}

fn lots_of(
    tally: &Tally,
    (contest, district): (u8, u16),
) -> impl Iterator<Item = &Drawn<RecordedLot>> {
    let lots = tally.lots.iter();
    lots.filter(move |drawn| drawn.lot.contest == contest && drawn.lot.district == district)
}

fn engine_lot(lot: &RecordedLot, options: &[u32]) -> Option<Lot> {
    let place_of = |option: &u32| options.iter().position(|candidate| candidate == option);
    Some(Lot {
        stage: stage_at(lot.stage)?,
        lists: lot.tied.iter().map(place_of).collect::<Option<_>>()?,
        seats_at_stake: lot.seats,
        winners: lot.winners.iter().map(place_of).collect::<Option<_>>()?,
    })
}

const STAGE_RESCUE: u32 = 1_000;
const STAGE_MAJORITY: u32 = 1_001;
const STAGE_BONUS: u32 = 1_002;
const STAGE_GROUPS: u32 = 65_536;
const STAGE_SUBGROUPS: u32 = 1_048_576;
const STAGE_ROUNDS: u32 = 2_097_152;
const STAGES_PER_GROUP: u32 = 16;

/// The number that names a stage in lots, ties and steps: n for stage n of the chain (from 0), 1,000 for the choice of
/// the list that a rescue admits, 1,001 for that of the list that gives up a seat to the one with the majority, 1,002
/// for that of the list that a bonus goes to, 65,536 + 16 x (first list) + n for stage n inside a joined group, 1,048,576 +
/// 16 x (first list) + n inside a subgroup, 2,097,152 + 16 x (round) + n in a later round of a cap, from round 1 on.
pub fn stage_number(at: StageAt) -> u32 {
    let small = |place: usize| u32::try_from(place).unwrap_or(0);
    match at {
        StageAt::Chain(stage) => small(stage),
        StageAt::Rescue => STAGE_RESCUE,
        StageAt::Majority => STAGE_MAJORITY,
        StageAt::Bonus => STAGE_BONUS,
        StageAt::Round { round, stage } => {
            STAGE_ROUNDS + small(round) * STAGES_PER_GROUP + small(stage)
        }
        StageAt::Subgroup { first, stage } => {
            STAGE_SUBGROUPS + small(first) * STAGES_PER_GROUP + small(stage)
        }
        StageAt::Group { first, stage } => {
            STAGE_GROUPS + small(first) * STAGES_PER_GROUP + small(stage)
        }
    }
}

/// The stage that a number names, if it names one.
pub fn stage_at(number: u32) -> Option<StageAt> {
    match number {
        0..STAGES_PER_GROUP => Some(StageAt::Chain(usize::try_from(number).ok()?)),
        STAGE_RESCUE => Some(StageAt::Rescue),
        STAGE_MAJORITY => Some(StageAt::Majority),
        STAGE_BONUS => Some(StageAt::Bonus),
        STAGE_GROUPS..STAGE_SUBGROUPS => {
            let (first, stage) = inside(number - STAGE_GROUPS)?;
            Some(StageAt::Group { first, stage })
        }
        STAGE_ROUNDS.. => {
            let (round, stage) = inside(number - STAGE_ROUNDS)?;
            (round > 0).then_some(StageAt::Round { round, stage })
        }
        STAGE_SUBGROUPS..STAGE_ROUNDS => {
            let (first, stage) = inside(number - STAGE_SUBGROUPS)?;
            Some(StageAt::Subgroup { first, stage })
        }
        _ => None,
    }
}

/// The first list and the stage that a number above those of the house names.
fn inside(number: u32) -> Option<(usize, usize)> {
    let first = usize::try_from(number / STAGES_PER_GROUP).ok()?;
    let stage = usize::try_from(number % STAGES_PER_GROUP).ok()?;
    Some((first, stage))
}
