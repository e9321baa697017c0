//! What goes into a contest in tiers: districts, constituencies, regions, persons, and lots.

use super::result::Place;
use crate::contest::{Lot, SEATS_MAX};
use crate::districts::DistrictedContest;
use crate::districts_error::DistrictsError;
use crate::error::ContestError;
use crate::limits::wide;

/// Most constituencies in one contest.
pub const CONSTITUENCIES_MAX: usize = 10_000;

/// A contest in tiers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TierContest {
    /// The lists and the districts with their own seats.
    pub districted: DistrictedContest,
    /// Seats of the house that no district has as its own: Norway 19, Germany all 630.
    pub further_seats: u32,
    /// Constituencies with a vote for persons, at most [`CONSTITUENCIES_MAX`].
    pub constituencies: Vec<Constituency>,
    /// Regions with further seats of their own, where the law has them (Denmark), or with quotas and seats of their own (the
    /// states of Austria); each district is in one of them.
    pub regions: Vec<Region>,
    /// Votes for single persons, where the law gives them seats by their own votes (Estonia).
    pub persons: Vec<PersonVotes>,
}

/// Votes for one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonVotes {
    /// The district.
    pub district: usize,
    /// The person's list; `None`: a person without one.
    pub list: Option<usize>,
    /// Votes: among those of the list there, and beside those of all lists for a person without one.
    pub votes: u64,
}

/// Districts that have further seats together.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Region {
    /// The districts.
    pub districts: Vec<usize>,
    /// Seats of the house that are placed here beyond those of the districts.
    pub further_seats: u32,
}

impl TierContest {
    /// Seats of the house.
    #[must_use]
    pub fn house(&self) -> u64 {
        self.districted.seats() + u64::from(self.further_seats)
    }
}

/// A constituency where a person is voted for, inside a district.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Constituency {
    /// Its district.
    pub district: usize,
    /// First votes for the persons that the lists put up, one entry for each list; zero where it has none.
    pub votes: Vec<u64>,
    /// Valid first votes for persons without a list, all together.
    pub other_votes: u64,
    /// The most that one of these persons has. More than any list's: this person comes first, and the seat is none of the
    /// house that lists share. As many: open, and so is that seat of the house, until a lot says whose it is.
    pub other_most: u64,
    /// Whom a lot favoured where the most votes are equal; without meaning otherwise.
    pub drawn: Option<FirstPlace>,
}

/// Who came first in a constituency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstPlace {
    /// The person of this list.
    List(usize),
    /// A person without a list.
    WithoutList,
}

impl Constituency {
    /// The lists whose persons have the most votes: none without votes or where a person without a list has more, several
    /// where they are equal.
    #[must_use]
    pub fn leading(&self) -> Vec<usize> {
        if self.is_first_without_list() {
            return Vec::new();
        }
        let most = self.most();
        let leading = (0..self.votes.len()).filter(|&list| most > 0 && self.votes[list] == most);
        leading.collect()
    }

    /// Whether a person without a list has as many votes as the first list, and no lot favours a list.
    #[must_use]
    pub fn is_open_without_list(&self) -> bool {
        let level = |&list: &usize| self.votes[list] == self.other_most;
        self.first().is_none() && self.leading().first().is_some_and(level)
    }

    /// Whether a person without a list came first, by votes or by a lot among equals.
    #[must_use]
    pub fn is_first_without_list(&self) -> bool {
        let most = self.most();
        let drawn = self.drawn == Some(FirstPlace::WithoutList);
        self.other_most > most || (drawn && most > 0 && self.other_most == most)
    }

    /// The most votes of the person of any list.
    fn most(&self) -> u64 {
        self.votes.iter().copied().max().unwrap_or(0)
    }

    /// The list whose person came first; `None` without votes, where a person without a list came first, or with equal
    /// votes and no lot among them.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        if self.is_first_without_list() {
            return None;
        }
        match self.leading().as_slice() {
            [first] if self.votes[*first] > self.other_most => Some(*first),
            tied => match self.drawn {
                Some(FirstPlace::List(drawn)) => Some(drawn).filter(|drawn| tied.contains(drawn)),
                Some(FirstPlace::WithoutList) | None => None,
            },
        }
    }
}

/// A lot for a tie inside one of the sub-allocations of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierLot {
    /// The stage, counted from 0.
    pub stage: usize,
    /// Which of its allocations: the district of `Districts`, the round of `Whole`, the list of `Shares`.
    pub part: usize,
    /// The lot. In `Shares` its lists are districts.
    pub lot: Lot,
}

/// A lot for equal keys of placed or covered seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceLot {
    /// The stage, counted from 0.
    pub stage: usize,
    /// The tied seats, in any order.
    pub tied: Vec<Place>,
    /// The one that comes first.
    pub winner: Place,
}

/// All lots of a contest in tiers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TierLots {
    /// Inside sub-allocations.
    pub inside: Vec<TierLot>,
    /// Of placed and covered seats.
    pub places: Vec<PlaceLot>,
}

pub(super) fn check_contest(contest: &TierContest) -> Result<(), DistrictsError> {
    contest.districted.check()?;
    let above = |field, value, limit| {
        Err(DistrictsError::Contest(ContestError::AboveLimit {
            field,
            value,
            limit,
        }))
    };
    if contest.house() > u64::from(SEATS_MAX) {
        return above(
            "contest.further_seats",
            u128::from(contest.house()),
            u128::from(SEATS_MAX),
        );
    }
    let further = contest.regions.iter();
    let further: u128 = further.map(|one| u128::from(one.further_seats)).sum();
    if further > u128::from(SEATS_MAX) {
        return above(
            "contest.regions.further_seats",
            further,
            u128::from(SEATS_MAX),
        );
    }
    let count = contest.constituencies.len();
    if count > CONSTITUENCIES_MAX {
        return above(
            "contest.constituencies",
            wide(count),
            wide(CONSTITUENCIES_MAX),
        );
    }
    let lists = contest.districted.lists.len();
    let districts = contest.districted.districts.len();
    let mut named: Vec<usize> = contest
        .regions
        .iter()
        .flat_map(|region| region.districts.clone())
        .collect();
    named.sort_unstable();
    if !named.is_empty() && !named.into_iter().eq(0..districts) {
        return Err(DistrictsError::DistrictsOfRegions);
    }
    for constituency in &contest.constituencies {
        if constituency.district >= districts {
            return above(
                "contest.constituencies.district",
                wide(constituency.district),
                wide(districts - 1),
            );
        }
        if constituency.votes.len() != lists {
            return Err(DistrictsError::VotesOfDistrict {
                district: constituency.district,
                found: constituency.votes.len(),
                lists,
            });
        }
        let total: u128 = constituency
            .votes
            .iter()
            .map(|&votes| u128::from(votes))
            .sum();
        let total = total + u128::from(constituency.other_votes);
        if total > u128::from(u64::MAX) {
            return above("contest.constituencies.votes", total, u128::from(u64::MAX));
        }
        if constituency.other_most > constituency.other_votes {
            return above(
                "contest.constituencies.other_most",
                u128::from(constituency.other_most),
                u128::from(constituency.other_votes),
            );
        }
    }
    check_persons(contest)
}

/// Persons' votes are among those of their lists, where they have one.
fn check_persons(contest: &TierContest) -> Result<(), DistrictsError> {
    let (lists, districts) = (
        contest.districted.lists.len(),
        contest.districted.districts.len(),
    );
    let mut left: Vec<Vec<u64>> = contest
        .districted
        .districts
        .iter()
        .map(|district| district.votes.clone())
        .collect();
    for person in &contest.persons {
        let PersonVotes {
            district,
            list,
            votes,
        } = *person;
        let place = list.unwrap_or(0);
        if district >= districts || place >= lists {
            return Err(DistrictsError::PersonWithoutPlace {
                district,
                list: place,
            });
        }
        let Some(list) = list else {
            continue;
        };
        let left = &mut left[district][list];
        *left = left
            .checked_sub(votes)
            .ok_or(DistrictsError::PersonsAboveList { district, list })?;
    }
    Ok(())
}
