//! What the engine is asked about a contest whose districts hang together.

use super::DistrictedRules;
use super::lots::{CellLots, TierLotsOf};
use super::names::Names;
use crate::allocation::base_counts;
use crate::definition::{ContestBallot, OptionRole};
use crate::event::PlacesLot;
use crate::ids::{DistrictId, OptionId};
use crate::rules::{ContestRules, DistrictSeats, TierStageRule};
use crate::tally::{Tally, district_indexes};
use apportionment::double_proportional::DoubleProportional;
use apportionment::tiers::{Constituency, PersonVotes, Region, TierContest, TierRules};
use apportionment::{BaseCounts, District, DistrictedContest, DistrictedList, ThresholdBase};
use std::collections::HashMap;

/// What the engine is asked about all districts of a contest.
#[derive(Debug, Clone, PartialEq)]
pub struct DistrictedQuestion {
    /// What positions in it mean.
    pub names: Names,
    /// Votes, rules and lots.
    pub asked: Asked,
    /// The lots that were recorded for this contest, by which [`super::void_lots`] names those that were not used.
    pub recorded: Vec<PlacesLot>,
    /// Those of them that were drawn on other votes or rules than there are now, and are void.
    pub changed: Vec<usize>,
}

/// Votes, rules and lots as the engine takes them.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// A house above its districts.
    Tiers {
        /// Votes and seats.
        contest: TierContest,
        /// The law.
        rules: TierRules,
        /// Lots that were drawn.
        lots: TierLotsOf,
    },
    /// Sums that are fixed for lists and districts at once.
    DoubleProportional {
        /// Votes and seats.
        contest: DistrictedContest,
        /// The law.
        rules: DoubleProportional,
        /// Lots that were drawn.
        lots: CellLots,
    },
}

impl Asked {
    /// Lists and districts.
    #[must_use]
    pub fn districted(&self) -> &DistrictedContest {
        match self {
            Self::Tiers { contest, .. } => &contest.districted,
            Self::DoubleProportional { contest, .. } => contest,
        }
    }

    /// Seats of the house.
    #[must_use]
    pub fn house(&self) -> u64 {
        match self {
            Self::Tiers { contest, .. } => contest.house(),
            Self::DoubleProportional { contest, .. } => contest.seats(),
        }
    }
}

impl DistrictedQuestion {
    /// The question that a tally asks; `None`: each district of this contest hands out its own seats, or none are given.
    #[must_use]
    pub fn of(tally: &Tally, contest: usize) -> Option<Self> {
        let ballot = tally.outline.ballot.contests.get(contest)?;
        let mut contests = tally.outline.rules.contests.iter();
        let law = contests.find(|rules| rules.id == ballot.id)?;
        let rules = DistrictedRules::of(law)?;
        let indexes = district_indexes(&tally.outline.ballot);
        let lists = Lists::of(ballot, law.exempts_minorities());
        let parts: Vec<Vec<usize>> = law
            .districts
            .iter()
            .map(|district| parts(district, &indexes))
            .collect();
        let names = Names {
            stands: parts
                .iter()
                .map(|parts| lists.standing(ballot, parts))
                .collect(),
            lists: lists.ids.iter().map(|id| (*id).clone()).collect(),
            districts: law.districts.iter().map(|entry| entry.id.clone()).collect(),
            parts,
            ..Names::default()
        };
        let bases = needs_counts(&rules);
        let places = law.districts.iter().zip(&names.parts);
        let districts = places.map(|(district, parts)| {
            lists.district(tally, (contest, ballot), district.seats, parts, bases)
        });
        let districted = DistrictedContest {
            districts: districts.collect(),
            lists: lists.entries.clone(),
        };
        let drawn = tally.places_lots.iter();
        let drawn = drawn.filter(|drawn| usize::from(drawn.lot.contest) == contest);
        let drawn: Vec<_> = drawn.collect();
        let number = u8::try_from(contest).ok().filter(|_| !drawn.is_empty());
        let count = number.map(|number| tally.count_hash(number, None));
        let (recorded, stands): (Vec<_>, Vec<bool>) = drawn
            .into_iter()
            .map(|drawn| (drawn.lot.clone(), Some(drawn.count) == count))
            .unzip();
        let changed = stands.iter().enumerate().filter(|(_, stands)| !**stands);
        let changed: Vec<usize> = changed.map(|(place, _)| place).collect();
        let (contest, names) = tier_contest(tally, (contest, law), &lists, districted, names);
        Some(Self::of_lots(names, rules, contest, recorded, changed))
    }

    /// The question of these districts. Of the contest, double proportional seats take lists and districts alone. Lots name
    /// places by the ids of `names`.
    #[must_use]
    pub fn new(
        names: Names,
        rules: DistrictedRules,
        contest: TierContest,
        recorded: Vec<PlacesLot>,
    ) -> Self {
        Self::of_lots(names, rules, contest, recorded, Vec::new())
    }

    /// The same, where some lots were drawn on other votes or rules than there are now: those are void.
    fn of_lots(
        names: Names,
        rules: DistrictedRules,
        contest: TierContest,
        recorded: Vec<PlacesLot>,
        changed: Vec<usize>,
    ) -> Self {
        let drawn = recorded.iter().enumerate();
        let drawn = drawn
            .filter(|(place, _)| !changed.contains(place))
            .collect();
        let asked = match rules {
            DistrictedRules::Tiers(rules) => {
                let (mut lots, contest) = TierLotsOf::of(&names, &rules, contest, drawn);
                lots.void.extend_from_slice(&changed);
                Asked::Tiers {
                    contest,
                    rules,
                    lots,
                }
            }
            DistrictedRules::DoubleProportional(rules) => {
                let mut lots = CellLots::of(&names, drawn);
                lots.void.extend_from_slice(&changed);
                Asked::DoubleProportional {
                    contest: contest.districted,
                    rules,
                    lots,
                }
            }
        };
        Self {
            names,
            asked,
            recorded,
            changed,
        }
    }

    /// The districts of the law in which a count is not known.
    #[must_use]
    pub fn lacking(&self, base: ThresholdBase) -> Vec<&DistrictId> {
        let districts = &self.asked.districted().districts;
        let has = |counts: &BaseCounts| match base {
            ThresholdBase::ListVotes => true,
            ThresholdBase::ValidVotes => counts.valid_votes.is_some(),
            ThresholdBase::ValidAndAgainstAll => counts.valid_and_against_all.is_some(),
            ThresholdBase::BallotsInBox => counts.ballots_in_box.is_some(),
            ThresholdBase::BallotsIssued => counts.ballots_issued.is_some(),
        };
        let named = self.names.districts.iter().zip(districts);
        named
            .filter(|(_, district)| !has(&district.base))
            .map(|(id, _)| id)
            .collect()
    }
}

/// Whether any share is of something else than the votes of lists; of tiers it is taken for granted.
fn needs_counts(rules: &DistrictedRules) -> bool {
    match rules {
        DistrictedRules::Tiers(_) => true,
        DistrictedRules::DoubleProportional(rules) => {
            let quorum = &rules.quorum;
            let mut thresholds = [&quorum.one_district, &quorum.overall]
                .into_iter()
                .flatten();
            thresholds.any(|threshold| threshold.base != ThresholdBase::ListVotes)
        }
    }
}

fn parts(district: &DistrictSeats, indexes: &HashMap<&str, usize>) -> Vec<usize> {
    let own = std::slice::from_ref(&district.id);
    let parts = if district.parts.is_empty() {
        own
    } else {
        district.parts.as_slice()
    };
    let index = |part: &DistrictId| indexes.get(part.as_str()).copied();
    parts.iter().filter_map(index).collect()
}

/// The lists of a contest over all its ballots.
struct Lists<'a> {
    ids: Vec<&'a OptionId>,
    entries: Vec<DistrictedList>,
    places: HashMap<&'a OptionId, usize>,
}

impl<'a> Lists<'a> {
    fn of(ballot: &'a ContestBallot, exempts: bool) -> Self {
        let mut lists = Self {
            ids: Vec::new(),
            entries: Vec::new(),
            places: HashMap::new(),
        };
        let options = ballot.districts.iter().flat_map(|entry| &entry.options);
        for option in options.filter(|option| option.role == OptionRole::List) {
            let registration = option.registration_number.map(u64::from);
            let next = lists.ids.len();
            let place = *lists.places.entry(&option.id).or_insert(next);
            match lists.entries.get_mut(place) {
                None => {
                    lists.ids.push(&option.id);
                    lists.entries.push(DistrictedList {
                        registration,
                        coalition_size: option.coalition_size,
                        exempt: exempts && option.minority,
                    });
                }
                // Numbers that differ between districts say nothing of an order among lists of all districts.
                Some(entry) if entry.registration != registration => entry.registration = None,
                Some(_) => {}
            }
        }
        lists
    }

    fn standing(&self, ballot: &ContestBallot, parts: &[usize]) -> Vec<bool> {
        let mut stands = vec![false; self.ids.len()];
        for &part in parts {
            for option in &ballot.districts[part].options {
                if option.role == OptionRole::List {
                    stands[self.places[&option.id]] = true;
                }
            }
        }
        stands
    }

    fn district(
        &self,
        tally: &Tally,
        (contest, ballot): (usize, &ContestBallot),
        seats: u32,
        parts: &[usize],
        with_counts: bool,
    ) -> District {
        let mut votes = vec![0; self.ids.len()];
        let mut base = if with_counts {
            ZERO
        } else {
            BaseCounts::default()
        };
        for &part in parts {
            let totals = &tally.contests[contest][part];
            let options = ballot.districts[part].options.iter().zip(&totals.votes);
            for (option, counted) in options {
                if option.role == OptionRole::List {
                    votes[self.places[&option.id]] += counted;
                }
            }
            if with_counts {
                base = together(base, base_counts(tally, contest, part, totals));
            }
        }
        District {
            seats,
            votes,
            base,
            candidates: self.candidates(tally, (contest, ballot), parts),
        }
    }

    /// Candidates of each list where the district is one of the ballot; empty where none are known.
    fn candidates(
        &self,
        tally: &Tally,
        (contest, ballot): (usize, &ContestBallot),
        parts: &[usize],
    ) -> Vec<Option<u32>> {
        let (&[part], Ok(contest)) = (parts, u8::try_from(contest)) else {
            return Vec::new();
        };
        let Ok(district) = u16::try_from(part) else {
            return Vec::new();
        };
        let mut candidates = vec![None; self.ids.len()];
        for (index, option) in (0_u32..).zip(&ballot.districts[part].options) {
            if option.role == OptionRole::List {
                let known = tally.candidates_of(contest, district, index);
                candidates[self.places[&option.id]] = known;
            }
        }
        if candidates.iter().all(Option::is_none) {
            candidates.clear();
        }
        candidates
    }

    /// Persons without a list in all districts of the law, with their ids.
    fn persons(
        tally: &Tally,
        contest: usize,
        parts: &[Vec<usize>],
    ) -> (Vec<PersonVotes>, Vec<OptionId>) {
        let ballot = &tally.outline.ballot.contests[contest];
        let (mut persons, mut ids) = (Vec::new(), Vec::new());
        for (district, parts) in parts.iter().enumerate() {
            for &part in parts {
                let options = ballot.districts[part].options.iter();
                let counted = options.zip(&tally.contests[contest][part].votes);
                for (option, &votes) in
                    counted.filter(|(one, _)| one.role == OptionRole::Independent)
                {
                    let list = None;
                    persons.push(PersonVotes {
                        district,
                        list,
                        votes,
                    });
                    ids.push(option.id.clone());
                }
            }
        }
        (persons, ids)
    }

    /// The options that have the most first votes of all persons without a list.
    fn outsiders(&self, tally: &Tally, first_votes: usize, part: usize) -> Vec<OptionId> {
        let options = &tally.outline.ballot.contests[first_votes].districts[part].options;
        let counted = options.iter().zip(&tally.contests[first_votes][part].votes);
        let alone = counted.filter(|(option, votes)| {
            let alone =
                option.role == OptionRole::Independent && !self.places.contains_key(&option.id);
            alone && **votes > 0
        });
        let alone: Vec<_> = alone.collect();
        let most = alone.iter().map(|(_, votes)| **votes).max();
        let most = alone.iter().filter(|(_, votes)| Some(**votes) == most);
        most.map(|(option, _)| option.id.clone()).collect()
    }

    fn constituency(
        &self,
        tally: &Tally,
        first_votes: usize,
        part: usize,
        district: usize,
    ) -> Constituency {
        let options = &tally.outline.ballot.contests[first_votes].districts[part].options;
        let counted = &tally.contests[first_votes][part].votes;
        let mut constituency = Constituency {
            district,
            votes: vec![0; self.ids.len()],
            ..Constituency::default()
        };
        for (option, &votes) in options.iter().zip(counted) {
            match self.places.get(&option.id) {
                Some(&list) => constituency.votes[list] += votes,
                None if option.role != OptionRole::AgainstAll => {
                    constituency.other_votes += votes;
                    // Options that stand for several persons say nothing of one of them.
                    if option.role == OptionRole::Independent {
                        constituency.other_most = constituency.other_most.max(votes);
                    }
                }
                None => {}
            }
        }
        constituency
    }
}

const ZERO: BaseCounts = BaseCounts {
    valid_votes: Some(0),
    valid_and_against_all: Some(0),
    ballots_in_box: Some(0),
    ballots_issued: Some(0),
};

/// A count is known only where both parts have it.
fn together(one: BaseCounts, other: BaseCounts) -> BaseCounts {
    let sum = |one: Option<u64>, other: Option<u64>| Some(one? + other?);
    BaseCounts {
        valid_votes: sum(one.valid_votes, other.valid_votes),
        valid_and_against_all: sum(one.valid_and_against_all, other.valid_and_against_all),
        ballots_in_box: sum(one.ballots_in_box, other.ballots_in_box),
        ballots_issued: sum(one.ballots_issued, other.ballots_issued),
    }
}

fn tier_contest(
    tally: &Tally,
    (number, law): (usize, &ContestRules),
    lists: &Lists<'_>,
    districted: DistrictedContest,
    mut names: Names,
) -> (TierContest, Names) {
    let Some(tiers) = &law.tiers else {
        let contest = TierContest {
            districted,
            ..TierContest::default()
        };
        return (contest, names);
    };
    let position = |id: &DistrictId| names.district(id);
    let regions = tiers.regions.iter().map(|region| Region {
        districts: region.districts.iter().filter_map(position).collect(),
        further_seats: region.further_seats,
    });
    let mut contest = TierContest {
        districted,
        further_seats: tiers.further_seats,
        regions: regions.collect(),
        ..TierContest::default()
    };
    let ballot = &tally.outline.ballot;
    let first_votes = tiers.first_votes.as_ref();
    let first_votes =
        first_votes.and_then(|id| ballot.contests.iter().position(|entry| entry.id == *id));
    if let Some(first_votes) = first_votes {
        let count = ballot.contests[first_votes].districts.len();
        let mut district_of = vec![0; count];
        for (district, parts) in names.parts.iter().enumerate() {
            parts.iter().for_each(|part| district_of[*part] = district);
        }
        names.outsiders = (0..count)
            .map(|part| lists.outsiders(tally, first_votes, part))
            .collect();
        let parts = district_of.into_iter().enumerate();
        contest.constituencies = parts
            .map(|(part, district)| lists.constituency(tally, first_votes, part, district))
            .collect();
        let entries = &ballot.contests[first_votes].districts;
        names.constituencies = entries.iter().map(|entry| entry.id.clone()).collect();
    }
    let of_persons = |stage: &TierStageRule| matches!(stage, TierStageRule::Persons { .. });
    if tiers.stages.iter().any(of_persons) {
        (contest.persons, names.persons) = Lists::persons(tally, number, &names.parts);
    }
    names.regions = tiers
        .regions
        .iter()
        .map(|region| region.id.clone())
        .collect();
    (contest, names)
}
