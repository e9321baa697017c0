//! The law of a contest in tiers as data: its stages and their parameters.

// tidy: long because all stages stand next to one another, each with its parameters and what is asked of them.

use crate::districts::check_share;
use crate::districts_error::DistrictsError;
use crate::error::ContestError;
use crate::limits::{check_chain, wide};
use crate::method::{Method, Quota, QuotaKind, Rounding, Stage};
use crate::ratio::Ratio;
use crate::rules::{
    Bonus, BonusTo, Fraction, PARAMETER_MAX, Rules, STAGES_MAX, TieBreak, check_ties,
};
use crate::threshold::{Threshold, ThresholdBase};

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
    /// Checks what can be told without votes: parameters of stages, their chains and their order. A stage behind an open tie
    /// does not run, so nothing is left to be found where it is used.
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
        let uncounted = self.stages.windows(2).any(|pair| match pair {
            [TierStage::Quotas(quotas), TierStage::Remainders { .. }] => {
                !quotas.counts_in_whole_votes()
            }
            _ => false,
        });
        if uncounted {
            return Err(DistrictsError::QuotaNotWhole);
        }
        check_ties(&self.ties)?;
        for chain in self.stages.iter().filter_map(TierStage::chain) {
            check_chain("rules.stages.chain", chain)?;
        }
        self.stages.iter().try_for_each(|stage| match stage {
            TierStage::Districts { admission, .. } | TierStage::Whole { admission, .. } => {
                let thresholds = [&admission.overall, &admission.here];
                thresholds.into_iter().flatten().try_for_each(check_share)
            }
            TierStage::Place(placement) => Ok(placement.series.check()?),
            TierStage::Return(returning) => Ok(returning.series.check()?),
            TierStage::Regions(series) | TierStage::Inside(series) => Ok(series.check()?),
            TierStage::Quotas(quotas) => quotas.check(),
            TierStage::Bonus(bonus) if bonus.to == BonusTo::Office => {
                Err(ContestError::NeedsPlainRules {
                    field: "rules.stages.bonus.to: an office",
                    beside: "districts: no list is marked with one",
                }
                .into())
            }
            TierStage::Bonus(bonus) => {
                let rules = Rules {
                    bonus: Some(*bonus),
                    ..Rules::of(Method::D_HONDT)
                };
                Ok(rules.check()?)
            }
            TierStage::SeatsOfDistricts { .. }
            | TierStage::Persons { .. }
            | TierStage::Remainders { .. }
            | TierStage::Above
            | TierStage::Majority
            | TierStage::Constituencies
            | TierStage::Shares { .. }
            | TierStage::Cover => Ok(()),
        })
    }
}

impl TierRules {
    /// The rules of an allocation inside a stage.
    #[must_use]
    pub fn of_chain(&self, chain: &[Stage]) -> Rules {
        Rules {
            stages: chain.to_vec(),
            ties: self.ties.clone(),
            ..Rules::of(Method::D_HONDT)
        }
    }

    /// Each share of the votes of all districts that lets lists take part, with the first of the stages that have it.
    #[must_use]
    pub fn overall_thresholds(&self) -> Vec<(usize, &Threshold)> {
        let mut found: Vec<(usize, &Threshold)> = Vec::new();
        for (number, admission) in self.admissions() {
            let overall = admission.overall.iter();
            let new = overall.filter(|share| found.iter().all(|(_, known)| known != share));
            let new: Vec<&Threshold> = new.collect();
            found.extend(new.into_iter().map(|share| (number, share)));
        }
        found
    }

    /// Whether some stage lets a list take part that is below its share of all votes: for its votes in one district or in regions,
    /// or for constituencies or seats that it won.
    #[must_use]
    pub fn has_other_way(&self) -> bool {
        self.admissions().any(|(_, admission)| {
            let shares = (&admission.overall, &admission.here);
            let won = admission.constituencies_won.or(admission.seats_won);
            let others = won.is_some() || admission.regions_average.is_some();
            shares.0.is_some() && (shares.1.is_some() || others)
        })
    }

    /// Who takes part in stages that ask for it, with their numbers.
    fn admissions(&self) -> impl Iterator<Item = (usize, &Admission)> {
        let stages = self.stages.iter().enumerate();
        stages.filter_map(|(number, stage)| match stage {
            TierStage::Districts { admission, .. } | TierStage::Whole { admission, .. } => {
                Some((number, admission))
            }
            TierStage::Quotas(quotas) => Some((number, &quotas.admission)),
            _ => None,
        })
    }

    /// Refuses stages in an order in which seats would be handed out twice, or that leaves a stage nothing to do.
    fn check_order(&self) -> Result<(), ContestError> {
        // What is due is settled by the house, or by what seats in districts left of the votes.
        let settles = |stage: &TierStage| {
            matches!(
                stage,
                TierStage::Whole { .. } | TierStage::Remainders { .. }
            )
        };
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
                TierStage::SeatsOfDistricts { .. } => position == 0,
                TierStage::Districts { .. } | TierStage::Persons { .. } => before
                    .iter()
                    .all(|stage| matches!(stage, TierStage::SeatsOfDistricts { .. })),
                TierStage::Constituencies => position == 0,
                // Nobody holds a seat yet: what a list would hold beyond its share has no meaning beside a bonus.
                TierStage::Bonus(_) => {
                    let computes = |stage| matches!(stage, &TierStage::SeatsOfDistricts { .. });
                    before.iter().all(computes) && after.is_some_and(is_whole)
                }
                TierStage::Majority => before.last().is_some_and(is_whole),
                TierStage::Quotas(_) => !before.iter().any(settles),
                TierStage::Remainders { .. } => {
                    matches!(before.last(), Some(TierStage::Quotas(_)))
                        && !before.iter().any(settles)
                }
                TierStage::Above => before.iter().any(settles),
                TierStage::Whole { .. } => {
                    let settled = before.iter().any(settles);
                    !settled
                        && wholes == 1
                        && returns(stage) == matches!(after, Some(TierStage::Return(_)))
                }
                TierStage::Return(_) => before.last().is_some_and(returns),
                TierStage::Place(_) | TierStage::Shares { .. } => before.iter().any(settles),
                TierStage::Regions(_) => {
                    before.iter().any(settles) && matches!(after, Some(TierStage::Inside(_)))
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
    /// The seats of the house are shared out among the districts by their votes, as the lists of a contest (Czechia). The
    /// districts come without seats of their own, and all are further seats.
    SeatsOfDistricts {
        /// How the votes of a district are counted.
        base: ThresholdBase,
        /// How.
        chain: Vec<Stage>,
    },
    /// Whoever came first in a constituency has a seat in its district. A person without a list takes one from the house.
    Constituencies,
    /// Persons with as many votes as a seat of their district stands for have a seat, whatever becomes of their list. The
    /// seat of a person without a list is none of the house that lists share, nor of those that the district hands out.
    Persons {
        /// How the votes of a district are counted for what a seat stands for.
        base: ThresholdBase,
    },
    /// Districts, or regions, hand out seats by quotas and leave the rest to later stages. Seats held count.
    Quotas(Quotas),
    /// What [`TierStage::Quotas`] left is shared among the lists that took part there, as one contest whose votes are those
    /// that their seats did not use up: votes less seats times the quota, which must be a whole number (Czechia).
    Remainders {
        /// How.
        chain: Vec<Stage>,
    },
    /// What is due to a list beyond its seats it holds in the house, in no district (Austria, Estonia, New Zealand).
    Above,
    /// Seats of the house that [`TierStage::Whole`], which must follow, gives one list beyond its votes (Greece). Shares are of
    /// the votes of the lists that take part there.
    Bonus(Bonus),
    /// A list with more than half of the votes of those that took part in [`TierStage::Whole`], right before it, and no more
    /// than half of the seats, is due as many more as it takes to have more than half of a house that grows by them
    /// (Germany, Federal Electoral Act until 2023, section 6 paragraph 7). Where it lacks one seat that is one more than half
    /// of the house before, as the law has it; where it lacks more, the law can be read in two ways.
    Majority,
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
    /// placed elsewhere.
    Return(Returning),
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
            Self::SeatsOfDistricts { chain, .. }
            | Self::Quotas(Quotas { chain, .. })
            | Self::Remainders { chain }
            | Self::Districts { chain, .. }
            | Self::Whole { chain, .. }
            | Self::Shares { chain } => Some(chain),
            Self::Constituencies
            | Self::Persons { .. }
            | Self::Above
            | Self::Bonus(_)
            | Self::Majority
            | Self::Return(_)
            | Self::Place(_)
            | Self::Regions(_)
            | Self::Inside(_)
            | Self::Cover => None,
        }
    }
}

/// Seats by quotas in districts or regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Who takes part.
    pub admission: Admission,
    /// How. Stages with a smallest key leave seats.
    pub chain: Vec<Stage>,
    /// Who hands out seats.
    pub units: Units,
    /// What the quotas are of.
    pub of: QuotaVotes,
}

/// Who hands out seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// Every district its own.
    Districts,
    /// Every region those of its districts and its further seats; what its districts gave counts.
    Regions,
}

/// What the quotas of a district or region are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaVotes {
    /// The votes of the lists that take part, over its seats (Czechia).
    TakingPart,
    /// Its votes counted so, over its seats (Estonia).
    Own(ThresholdBase),
    /// The votes of the region that it is in, over the seats of the region (Austria). A district's own seats are no bound then,
    /// so the chain must be one of whole quotas that cannot give more than the region has.
    Region(ThresholdBase),
}

impl Quotas {
    /// Whether what seats did not use up is a whole number of votes: one stage, with a quota rounded to such.
    pub(super) fn counts_in_whole_votes(&self) -> bool {
        let [stage] = self.chain.as_slice() else {
            return false;
        };
        matches!(stage.method, Method::Quota(quota) if quota.rounding != Rounding::Exact)
    }

    fn check(&self) -> Result<(), DistrictsError> {
        let thresholds = [&self.admission.overall, &self.admission.here];
        thresholds.into_iter().flatten().try_for_each(check_share)?;
        let fits = match self.chain.as_slice() {
            [stage] => {
                let whole = stage
                    .key_min
                    .is_some_and(|least| least.numerator >= least.denominator);
                let not_smaller = matches!(
                    stage.method,
                    Method::Quota(Quota {
                        kind: QuotaKind::Hare,
                        rounding: Rounding::Exact | Rounding::Up | Rounding::DownPlusOne
                    })
                );
                whole && not_smaller
            }
            _ => false,
        };
        if matches!(self.of, QuotaVotes::Region(_)) && self.units == Units::Districts && !fits {
            return Err(DistrictsError::QuotasOfRegion);
        }
        Ok(())
    }
}

/// Who takes part. One of the given ways is enough; with none given, a vote is enough.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Admission {
    /// A share of the votes of all districts (Poland 5% or 8%, Norway 4%, Germany 5%).
    pub overall: Option<Threshold>,
    /// A share of the votes of a district, for the seats of this district only (Sweden 12%).
    pub here: Option<Threshold>,
    /// This many constituencies where the list's person came first (Germany 3).
    pub constituencies_won: Option<u32>,
    /// This many seats won in districts in an earlier stage (Denmark 1).
    pub seats_won: Option<u32>,
    /// Enough votes in so many regions (Denmark 2 of 3).
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
    /// The list keeps them, as with [`Surplus::Kept`]; but once any list holds too much, those that hold exactly what is due
    /// leave with it, and no list gets more anew than it was due at first (Denmark, section 77, paragraphs 4 and 5).
    KeptWithLevel,
    /// The list keeps them, and the house grows by them (New Zealand).
    Added,
    /// They go back to the districts in the stage [`TierStage::Return`], which must follow (Sweden since 2018).
    Returned,
}

/// Which seats go back, and by which keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returning {
    /// The divisors of the keys.
    pub series: Series,
    /// Seats go back only in districts with at least so many of their own (Sweden 3). A surplus that cannot go back is
    /// refused: [`DistrictsError::SeatsAboveHouse`] once others are given what is due to them.
    pub district_seats_min: u32,
}

impl From<Series> for Returning {
    fn from(series: Series) -> Self {
        Self {
            series,
            district_seats_min: 0,
        }
    }
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
    /// 1, 4, 7, ... (Denmark, inside a region: section 79).
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
    /// Sweden, Election Act 2005:837, chapter 14, section 5: what is due to each list goes to its largest keys; in a
    /// constituency where it has no seat the key is its votes.
    pub const SWEDEN: Self = Self {
        series: Series::ODD,
        relative: None,
        per_district: None,
    };
}
