//! The same lists in several districts, and what is asked of a list before it takes part in them.

use crate::contest::{BaseCounts, Contest, List, SEATS_MAX};
use crate::districts_error::DistrictsError;
use crate::error::ContestError;
use crate::limits::wide;
use crate::margins::{ThresholdDistance, threshold_distance};
use crate::method::Method;
use crate::rules::Rules;
use crate::threshold::{Threshold, ThresholdBase};

/// Most districts in one contest.
pub const DISTRICTS_MAX: usize = 1_000;
/// Most lists in a contest in districts.
pub const DISTRICTED_LISTS_MAX: usize = 1_000;
/// Most districts times lists: keeps exact double proportional seats a matter of seconds in the worst case.
pub const CELLS_MAX: usize = 20_000;

/// A contest in districts: the same lists everywhere, each district with its own seats and votes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DistrictedContest {
    /// The lists, at most [`DISTRICTED_LISTS_MAX`]. Their order means nothing.
    pub lists: Vec<DistrictedList>,
    /// The districts, at most [`DISTRICTS_MAX`], and [`CELLS_MAX`] times lists.
    pub districts: Vec<District>,
}

/// What is known of a list in all districts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistrictedList {
    /// Order of registration, smaller is earlier; equal values or `None` mean that the order is not known.
    pub registration: Option<u64>,
    /// Parties that stand together on this list, 1 for a party alone; chooses the threshold where it depends on it.
    pub coalition_size: u32,
    /// Freed from every threshold (a national minority, for example).
    pub exempt: bool,
}

impl Default for DistrictedList {
    fn default() -> Self {
        Self {
            registration: None,
            coalition_size: 1,
            exempt: false,
        }
    }
}

impl DistrictedList {
    /// The list with its votes in one contest.
    pub(crate) fn in_contest(&self, votes: u64) -> List {
        let Self {
            registration,
            coalition_size,
            exempt,
        } = *self;
        List {
            registration,
            coalition_size,
            exempt,
            ..List::with_votes(votes)
        }
    }
}

/// One district.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct District {
    /// Seats to fill in the district itself, [`SEATS_MAX`] in all districts together; 0 only where all seats come from
    /// another tier (the states of Germany).
    pub seats: u32,
    /// Votes by list, one entry for each; zero also where a list does not stand.
    pub votes: Vec<u64>,
    /// Counts other than list votes, as far as they are known.
    pub base: BaseCounts,
    /// Candidates by list who can still take a seat here, where that is known; empty where it is not. A result that would
    /// give a list more is refused: laws differ in where such a seat goes, and none of their ways is built.
    pub candidates: Vec<Option<u32>>,
}

impl District {
    /// The count that a share, or a key, is taken of.
    pub(crate) fn count(&self, base: ThresholdBase) -> Result<u128, ContestError> {
        let given = match base {
            ThresholdBase::ListVotes => {
                return Ok(self.votes.iter().map(|&votes| u128::from(votes)).sum());
            }
            ThresholdBase::ValidVotes => self.base.valid_votes,
            ThresholdBase::ValidAndAgainstAll => self.base.valid_and_against_all,
            ThresholdBase::BallotsInBox => self.base.ballots_in_box,
            ThresholdBase::BallotsIssued => self.base.ballots_issued,
        };
        given
            .map(u128::from)
            .ok_or(ContestError::BaseMissing { base })
    }
}

impl DistrictedContest {
    /// Lists with nothing known but their votes: seats and votes by list for each district.
    #[must_use]
    pub fn with_votes(districts: &[(u32, &[u64])]) -> Self {
        let lists = districts.first().map_or(0, |(_, votes)| votes.len());
        let district = |&(seats, votes): &(u32, &[u64])| District {
            seats,
            votes: votes.to_vec(),
            ..District::default()
        };
        Self {
            lists: vec![DistrictedList::default(); lists],
            districts: districts.iter().map(district).collect(),
        }
    }

    /// Seats of all districts together.
    #[must_use]
    pub fn seats(&self) -> u64 {
        self.districts
            .iter()
            .map(|district| u64::from(district.seats))
            .sum()
    }

    /// One district as a contest of its own.
    #[must_use]
    pub fn district(&self, district: usize) -> Option<Contest> {
        let District {
            seats, votes, base, ..
        } = self.districts.get(district)?;
        Some(self.contest(*seats, votes.iter().copied(), *base))
    }

    /// All districts as one contest: votes and counts added up, a count only where every district has it.
    ///
    /// # Errors
    /// A sum beyond 64 bits.
    pub fn whole(&self) -> Result<Contest, DistrictsError> {
        let sum = |field: &'static str, counts: &mut dyn Iterator<Item = u64>| {
            let total: u128 = counts.map(u128::from).sum();
            u64::try_from(total).map_err(|_| ContestError::AboveLimit {
                field,
                value: total,
                limit: u128::from(u64::MAX),
            })
        };
        let count = |field: &'static str, of: fn(&BaseCounts) -> Option<u64>| {
            let counts: Option<Vec<u64>> = self
                .districts
                .iter()
                .map(|district| of(&district.base))
                .collect();
            counts
                .map(|counts| sum(field, &mut counts.into_iter()))
                .transpose()
        };
        let votes: Vec<u64> = (0..self.lists.len())
            .map(|list| {
                let votes = self.districts.iter().map(|district| district.votes[list]);
                sum("contest.districts.votes", &mut { votes })
            })
            .collect::<Result<_, _>>()?;
        let base = BaseCounts {
            valid_votes: count("contest.districts.base.valid_votes", |base| {
                base.valid_votes
            })?,
            valid_and_against_all: count("contest.districts.base.valid_and_against_all", |base| {
                base.valid_and_against_all
            })?,
            ballots_in_box: count("contest.districts.base.ballots_in_box", |base| {
                base.ballots_in_box
            })?,
            ballots_issued: count("contest.districts.base.ballots_issued", |base| {
                base.ballots_issued
            })?,
        };
        let seats = u32::try_from(self.seats()).unwrap_or(u32::MAX);
        Ok(self.contest(seats, votes.into_iter(), base))
    }

    fn contest(&self, seats: u32, votes: impl Iterator<Item = u64>, base: BaseCounts) -> Contest {
        let list = |(list, votes): (&DistrictedList, u64)| list.in_contest(votes);
        Contest {
            seats,
            lists: self.lists.iter().zip(votes).map(list).collect(),
            base,
            ..Contest::default()
        }
    }

    pub(crate) fn check(&self) -> Result<(), DistrictsError> {
        let (lists, districts) = (self.lists.len(), self.districts.len());
        let above = |field, value, limit| {
            Err(ContestError::AboveLimit {
                field,
                value,
                limit,
            }
            .into())
        };
        for (field, count, most) in [
            ("contest.lists", lists, DISTRICTED_LISTS_MAX),
            ("contest.districts", districts, DISTRICTS_MAX),
        ] {
            if count == 0 {
                return Err(ContestError::BelowLimit {
                    field,
                    value: 0,
                    limit: 1,
                }
                .into());
            }
            if count > most {
                return above(field, wide(count), wide(most));
            }
        }
        let cells = wide(lists) * wide(districts);
        if cells > wide(CELLS_MAX) {
            return above(
                "contest.districts times contest.lists",
                cells,
                wide(CELLS_MAX),
            );
        }
        if self.seats() > u64::from(SEATS_MAX) {
            return above(
                "contest.districts.seats",
                u128::from(self.seats()),
                u128::from(SEATS_MAX),
            );
        }
        for (
            district,
            District {
                votes, candidates, ..
            },
        ) in self.districts.iter().enumerate()
        {
            let found = match candidates.len() {
                0 => votes.len(),
                known if known != lists => known,
                _ => votes.len(),
            };
            if found != lists {
                return Err(DistrictsError::VotesOfDistrict {
                    district,
                    found,
                    lists,
                });
            }
        }
        Ok(())
    }

    /// Refuses seats by district and list that a list has no candidates for.
    pub(crate) fn check_candidates(&self, seats: &[Vec<u32>]) -> Result<(), DistrictsError> {
        for (district, (known, seats)) in self.districts.iter().zip(seats).enumerate() {
            for (list, (candidates, &seats)) in known.candidates.iter().zip(seats).enumerate() {
                if let Some(candidates) = candidates.filter(|&candidates| candidates < seats) {
                    return Err(DistrictsError::ListExhausted {
                        district,
                        list,
                        seats,
                        candidates,
                    });
                }
            }
        }
        Ok(())
    }

    /// Refuses districts without seats of their own.
    pub(crate) fn check_district_seats(&self) -> Result<(), ContestError> {
        if self.districts.iter().all(|district| district.seats > 0) {
            return Ok(());
        }
        Err(ContestError::BelowLimit {
            field: "contest.districts.seats",
            value: 0,
            limit: 1,
        })
    }
}

/// What a list needs before it takes part: one of the given shares is enough; with none given, a vote is enough.
/// Zurich: 5% of the votes of one district; Zug: that, or 3% of the votes of all districts.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Quorum {
    /// The share in one district, whichever it is.
    pub one_district: Option<Threshold>,
    /// The share in all districts together.
    pub overall: Option<Threshold>,
}

impl Quorum {
    pub(crate) fn check(&self) -> Result<(), DistrictsError> {
        let thresholds = [&self.one_district, &self.overall];
        thresholds.into_iter().flatten().try_for_each(check_share)
    }

    /// By list: whether it takes part.
    pub(crate) fn decide(&self, contest: &DistrictedContest) -> Result<Vec<bool>, DistrictsError> {
        let whole = contest.whole()?;
        let mut reached: Vec<bool> = whole
            .lists
            .iter()
            .map(|list| list.exempt || (self.one_district.is_none() && self.overall.is_none()))
            .collect();
        let mut admit = |threshold: &Threshold, contest: &Contest| {
            let base = threshold.base_of(contest)?;
            for (reached, list) in reached.iter_mut().zip(&contest.lists) {
                *reached |=
                    list.votes > 0 && threshold.passes(list.votes, list.coalition_size, base);
            }
            Ok::<(), ContestError>(())
        };
        if let Some(overall) = &self.overall {
            admit(overall, &whole)?;
        }
        if let Some(one_district) = &self.one_district {
            for district in (0..).map_while(|district| contest.district(district)) {
                admit(one_district, &district)?;
            }
        }
        for (reached, list) in reached.iter_mut().zip(&whole.lists) {
            *reached &= list.votes > 0;
        }
        Ok(reached)
    }
}

/// Refuses a threshold that is no plain share of a count: what is waived, or enough in one district, has rules of its own here.
pub(crate) fn check_share(threshold: &Threshold) -> Result<(), DistrictsError> {
    let Threshold {
        share: _,
        comparison: _,
        base: _,
        per_seat,
        direct_seats_min,
        in_one_district,
        by_coalition_size: _,
    } = threshold;
    if *per_seat || direct_seats_min.is_some() || in_one_district.is_some() {
        return Err(DistrictsError::NoPlainShare);
    }
    Ok(threshold.check()?)
}

/// How far each list is from a share of the votes of all districts, with votes of any districts, the base moving along; `None`
/// for a list that is exempt, or that no number of votes takes across. Who takes part by other ways, such as a share of one
/// district or seats won there, is not looked at: this is the way to this share alone.
///
/// # Errors
/// A sum beyond 64 bits, a threshold that is no plain share, or a count that it needs and that a district lacks.
pub fn overall_distances(
    contest: &DistrictedContest,
    threshold: &Threshold,
) -> Result<Vec<Option<ThresholdDistance>>, DistrictsError> {
    check_share(threshold)?;
    let whole = contest.whole()?;
    // The share is all that is asked of these rules: no seat is given by them.
    let rules = Rules::of(Method::HARE).with_threshold(threshold.clone());
    let lists = 0..whole.lists.len();
    let distances = lists.map(|list| threshold_distance(&whole, &rules, list));
    Ok(distances.collect::<Result<_, _>>()?)
}
