//! Seats in tiers: districts, and a house above them that fills up, levels or covers what the districts gave.
//!
//! A law is a list of [`TierStage`]s that run in their order over one state: the seats that each list holds in each
//! district, and the seats that are due to it in all. Each stage is one procedure that some law names; what differs
//! between laws inside a procedure is a parameter.
//!
//! | law | stages |
//! |---|---|
//! | Poland, Sejm | `Districts` with a national threshold |
//! | Norway, Storting | `Districts`, `Whole` (surplus kept), `Place` (one seat a district, relative quotients) |
//! | Sweden, Riksdag (unverified) | `Districts`, `Whole` (surplus returned), `Return`, `Place` (each list by itself) |
//! | Denmark, Folketing (unverified) | `Districts`, `Whole` (surplus kept), `Regions`, `Inside` |
//! | Germany, Bundestag 2025 | `Whole`, `Shares`, `Cover` |
//!
//! Sub-allocations are ordinary [`Allocation`](crate::Allocation)s with their own certificates; placed and covered seats
//! carry their keys.
//! [`verify`] checks every stage with code of its own.

mod allocate;
mod cover;
mod explain;
mod place;
mod regions;
mod result;
mod returned;
mod verify;

use crate::contest::{Lot, SEATS_MAX};
use crate::districts::{DistrictedContest, DistrictsError, check_share};
use crate::error::ContestError;
use crate::limits::wide;
use crate::method::Stage;
use crate::ratio::Ratio;
use crate::rules::{Fraction, PARAMETER_MAX, STAGES_MAX, TieBreak, check_ties};
use crate::threshold::{Threshold, ThresholdBase};

pub use allocate::allocate;
pub use explain::{CoverStep, PartSteps, PlaceStep, TierSteps, explain};
pub use result::*;
pub use verify::{PlaceRefusal, TierRefusal, verify};

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
    /// Regions with further seats of their own, where the law has them (Denmark); each district is in one of them.
    pub regions: Vec<Region>,
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
    /// Valid first votes for persons without a list, all together. That such a person came first, which takes a seat from
    /// the house, is not covered.
    pub other_votes: u64,
    /// The list that a lot favoured where the most votes are equal; without meaning otherwise.
    pub drawn: Option<usize>,
}

impl Constituency {
    /// The lists whose persons have the most votes: none without votes, several where they are equal.
    #[must_use]
    pub fn leading(&self) -> Vec<usize> {
        let most = self.votes.iter().copied().max().unwrap_or(0);
        let leading = (0..self.votes.len()).filter(|&list| most > 0 && self.votes[list] == most);
        leading.collect()
    }

    /// The list whose person came first; `None` without votes, or with equal votes and no lot among them.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        match self.leading().as_slice() {
            [first] => Some(*first),
            tied => self.drawn.filter(|drawn| tied.contains(drawn)),
        }
    }
}

/// The law as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierRules {
    /// The stages in their order.
    pub stages: Vec<TierStage>,
    /// How equal keys inside a district, or of the house, are settled, in this order. Seats that are placed or covered know
    /// lots only.
    pub ties: Vec<TieBreak>,
}

impl TierRules {
    /// Checks what can be told without votes: parameters of stages, and their order. Chains are checked where they are used.
    ///
    /// # Errors
    /// Rules that mean nothing.
    pub fn check(&self) -> Result<(), DistrictsError> {
        if self.stages.is_empty() || self.stages.len() > STAGES_MAX {
            return Err(ContestError::AboveLimit {
                field: "rules.stages",
                value: wide(self.stages.len()),
                limit: wide(STAGES_MAX),
            }
            .into());
        }
        self.check_order()?;
        check_ties(&self.ties)?;
        self.stages.iter().try_for_each(|stage| match stage {
            TierStage::Districts { admission, .. } | TierStage::Whole { admission, .. } => {
                let thresholds = [&admission.overall, &admission.here];
                thresholds.into_iter().flatten().try_for_each(check_share)
            }
            TierStage::Place(placement) => Ok(placement.series.check()?),
            TierStage::Return(series) | TierStage::Regions(series) | TierStage::Inside(series) => {
                Ok(series.check()?)
            }
            TierStage::Shares { .. } | TierStage::Cover => Ok(()),
        })
    }
}

impl TierRules {
    /// Refuses stages in an order in which seats would be handed out twice, or that leaves a stage nothing to do.
    fn check_order(&self) -> Result<(), ContestError> {
        let is_whole = |stage: &TierStage| matches!(stage, TierStage::Whole { .. });
        let returns = |stage: &TierStage| {
            matches!(
                stage,
                TierStage::Whole {
                    surplus: Surplus::Returned,
                    ..
                }
            )
        };
        let wholes = self.stages.iter().filter(|stage| is_whole(stage)).count();
        for (position, stage) in self.stages.iter().enumerate() {
            let (before, after) = (&self.stages[..position], self.stages.get(position + 1));
            let in_order = match stage {
                TierStage::Districts { .. } => position == 0,
                TierStage::Whole { .. } => {
                    wholes == 1 && returns(stage) == matches!(after, Some(TierStage::Return(_)))
                }
                TierStage::Return(_) => before.last().is_some_and(returns),
                TierStage::Place(_) | TierStage::Shares { .. } => before.iter().any(is_whole),
                TierStage::Regions(_) => {
                    before.iter().any(is_whole) && matches!(after, Some(TierStage::Inside(_)))
                }
                TierStage::Inside(_) => matches!(before.last(), Some(TierStage::Regions(_))),
                TierStage::Cover => true,
            };
            if !in_order {
                return Err(ContestError::ChainOpen {
                    field: "rules.stages: districts come first, the house once, and what is due after it",
                });
            }
        }
        Ok(())
    }
}

/// One procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TierStage {
    /// Each district hands out its own seats.
    Districts {
        /// Who takes part in which district.
        admission: Admission,
        /// How, among those who take part.
        chain: Vec<Stage>,
    },
    /// The house as one contest says what is due to each list in all, seats of the districts included. Lists that take no
    /// part keep what they won in districts.
    Whole {
        /// Who takes part; a share `here` means nothing in it.
        admission: Admission,
        /// How, among those who take part.
        chain: Vec<Stage>,
        /// What becomes of seats beyond what is due.
        surplus: Surplus,
    },
    /// While lists hold more than is due to them, the seat with the smallest key of all that they hold goes back to its
    /// district, and there to the largest next key of a list that is due more than it holds; where there is none, the seat is
    /// placed elsewhere. The order among lists, and who may receive, are unverified for Sweden.
    Return(Series),
    /// What is due to a list beyond its seats is placed in districts.
    Place(Placement),
    /// What is due to a list beyond its seats is placed in regions, each of which takes its further seats. In keys the seats
    /// of a list's districts in the region count. [`TierStage::Inside`] must follow.
    Regions(Series),
    /// What a region got for a list is placed in its districts.
    Inside(Series),
    /// What is due to a list is shared out among the districts by its own votes there.
    Shares {
        /// How.
        chain: Vec<Stage>,
    },
    /// Persons who came first in their constituencies take the seats of their list in the district, those with the largest
    /// shares of the constituency's votes first; whoever is not covered by a seat has none (Germany from 2025).
    Cover,
}

impl TierStage {
    /// The chain that hands out seats inside the stage, where it has one.
    #[must_use]
    pub fn chain(&self) -> Option<&[Stage]> {
        match self {
            Self::Districts { chain, .. } | Self::Whole { chain, .. } | Self::Shares { chain } => {
                Some(chain)
            }
            Self::Return(_) | Self::Place(_) | Self::Regions(_) | Self::Inside(_) | Self::Cover => {
                None
            }
        }
    }
}

/// Who takes part. One of the given ways is enough; with none given, a vote is enough.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Admission {
    /// A share of the votes of all districts (Poland 5% or 8%, Norway 4%, Germany 5%).
    pub overall: Option<Threshold>,
    /// A share of the votes of a district, for the seats of this district only (Sweden 12%, unverified).
    pub here: Option<Threshold>,
    /// This many constituencies where the list's person came first (Germany 3).
    pub constituencies_won: Option<u32>,
    /// This many seats won in districts in an earlier stage (Denmark 1; unverified).
    pub seats_won: Option<u32>,
    /// Enough votes in so many regions (Denmark 2 of 3; unverified).
    pub regions_average: Option<RegionsAverage>,
}

/// At least as many votes as a seat of the region's districts stands for on average, in at least so many regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionsAverage {
    /// Regions, at least.
    pub regions: u32,
    /// How the votes of a region are counted for its average.
    pub base: ThresholdBase,
}

/// What becomes of seats that a list won in districts beyond what is due to it in the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surplus {
    /// The list keeps them and leaves with all its seats; the others share the rest anew, until nobody holds too much
    /// (Norway).
    Kept,
    /// They go back to the districts in the stage [`TierStage::Return`], which must follow (Sweden since 2018).
    Returned,
}

/// The divisors of keys in districts: `first`, then `step + 1`, `2 * step + 1`, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// What votes are divided by where the list has no seat in the district yet.
    pub first: Fraction,
    /// With m seats they are divided by `step * m + 1`: 2 for 3, 5, 7, ...
    pub step: u32,
}

impl Series {
    /// 1, 3, 5, ...
    pub const ODD: Self = Self {
        first: Fraction::new(1, 1),
        step: 2,
    };
    /// 1, 4, 7, ... (Denmark, inside a region; unverified).
    pub const DANISH: Self = Self {
        first: Fraction::new(1, 1),
        step: 3,
    };

    /// What votes are divided by for one more seat beside `seats`; `None` where the first divisor is no fraction.
    #[must_use]
    pub fn divisor(&self, seats: u32) -> Option<Ratio> {
        let Fraction {
            numerator,
            denominator,
        } = self.first;
        match seats {
            0 => Ratio::new(i128::from(numerator), u128::from(denominator)),
            seats => Ratio::new(i128::from(self.step) * i128::from(seats) + 1, 1),
        }
    }

    fn check(&self) -> Result<(), ContestError> {
        let Fraction {
            numerator,
            denominator,
        } = self.first;
        let range = 1..=PARAMETER_MAX;
        // Keys must fall with each seat.
        let falls = range.contains(&denominator)
            && range.contains(&self.step)
            && (1..(self.step + 1) * denominator).contains(&numerator);
        if falls {
            return Ok(());
        }
        Err(ContestError::FractionOutOfRange {
            field: "rules.stages.series.first",
            numerator,
            denominator,
            range: "above 0 and below the second divisor, with at most 1000 below the line and in the step",
        })
    }
}

/// How seats are placed: the largest keys first, where a key is a list's votes in a district over a divisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The divisors.
    pub series: Series,
    /// Keys are divided by the district's votes for each of its own seats besides, with its votes counted so (Norway).
    pub relative: Option<ThresholdBase>,
    /// Seats that each district gets at most in this stage (Norway: one).
    pub per_district: Option<u32>,
}

impl Placement {
    /// Norway, Election Act 2002 section 11-6, as it gives the official seats of 2021: one a district, votes over
    /// 1, 3, 5, ... relative to the votes for a seat of the district.
    pub const NORWAY: Self = Self {
        series: Series::ODD,
        relative: Some(ThresholdBase::ValidVotes),
        per_district: Some(1),
    };
    /// Sweden: what is due to each list goes to its largest keys over 1, 3, 5, ...; unverified.
    pub const SWEDEN: Self = Self {
        series: Series::ODD,
        relative: None,
        per_district: None,
    };
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

fn check_contest(contest: &TierContest) -> Result<(), DistrictsError> {
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
    }
    Ok(())
}
