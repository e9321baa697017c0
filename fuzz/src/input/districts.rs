//! Bytes to contests in districts.

use apportionment::double_proportional::{CellRounding, DoubleProportional, VotersNumbers};
use apportionment::tiers::{
    Admission, Constituency, PersonVotes, Placement, QuotaVotes, Quotas, Region, RegionsAverage,
    Series, Surplus, TierContest, TierRules, TierStage, Units,
};
use apportionment::*;
use arbitrary::{Arbitrary, Result, Unstructured};

use super::{chain, divisors, fraction, maybe, threshold, ties, votes};

/// Double proportional seats.
#[derive(Debug)]
pub struct DoubleQuestion {
    pub contest: DistrictedContest,
    pub rules: DoubleProportional,
    /// Where a seat is forged: two districts and two lists.
    pub cells: [usize; 4],
}

impl<'a> Arbitrary<'a> for DoubleQuestion {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let quorum = Quorum {
            one_district: maybe(u, 3, |u| threshold(u, true))?,
            overall: maybe(u, 3, |u| threshold(u, true))?,
        };
        let numbers = [VotersNumbers::Exact, VotersNumbers::NearestInDistrict];
        let rules = DoubleProportional {
            quorum,
            voters_numbers: *u.choose(&numbers)?,
            upper: divisors(u)?,
            ties: ties(u)?,
            lower: *u.choose(&[CellRounding::Standard, CellRounding::Down])?,
        };
        Ok(Self {
            contest: districted(u)?,
            rules,
            cells: u.arbitrary()?,
        })
    }
}

/// Seats in tiers.
#[derive(Debug)]
pub struct TierQuestion {
    pub contest: TierContest,
    pub rules: TierRules,
    pub cells: [usize; 3],
}

impl<'a> Arbitrary<'a> for TierQuestion {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let rules = tier_rules(u)?;
        let districted = districted(u)?;
        let (districts, lists) = (districted.districts.len(), districted.lists.len());
        let mut constituencies = Vec::new();
        for _ in 0..u.int_in_range(0..=6)? {
            let kind = u.int_in_range(0..=1)?;
            constituencies.push(Constituency {
                district: u.int_in_range(0..=districts - 1)?,
                votes: (0..lists).map(|_| votes(u, kind)).collect::<Result<_>>()?,
                other_votes: u.int_in_range(0..=5)?,
                ..Constituency::default()
            });
            if u.ratio(1, 8)? {
                // A person without a list came first, or is level.
                let last = constituencies.last_mut().expect("it was pushed");
                let most = last.votes.iter().copied().max().unwrap_or(0);
                last.other_most = most.saturating_add(u.int_in_range(0..=1)?);
                last.other_votes = last.other_votes.max(last.other_most);
            }
        }
        let mut regions = vec![Region::default(); 3];
        for region in &mut regions {
            region.further_seats = u.int_in_range(0..=6)?;
        }
        for district in 0..districts {
            regions[u.int_in_range(0..=2_usize)?]
                .districts
                .push(district);
        }
        let mut persons = Vec::new();
        let mut left: Vec<Vec<u64>> = districted
            .districts
            .iter()
            .map(|one| one.votes.clone())
            .collect();
        for _ in 0..u.int_in_range(0..=4)? {
            let (district, list) = (
                u.int_in_range(0..=districts - 1)?,
                u.int_in_range(0..=lists - 1)?,
            );
            // The votes of a person are among those of the list.
            let votes = u.int_in_range(0..=left[district][list])?;
            left[district][list] -= votes;
            persons.push(PersonVotes {
                district,
                list: u.ratio(3, 4)?.then_some(list),
                votes,
            });
        }
        // Seats of districts are computed only where they have none, and first places need room in the house.
        let mut further_seats = u.int_in_range(0..=20)?;
        let mut districted = districted;
        match rules.stages.first() {
            Some(TierStage::SeatsOfDistricts { .. }) => {
                for district in &mut districted.districts {
                    further_seats += district.seats;
                    district.seats = 0;
                }
            }
            Some(TierStage::Constituencies) => further_seats += 6,
            _ => {}
        }
        Ok(Self {
            contest: TierContest {
                persons,
                districted,
                further_seats,
                constituencies,
                regions,
            },
            rules,
            cells: u.arbitrary()?,
        })
    }
}

fn districted(u: &mut Unstructured<'_>) -> Result<DistrictedContest> {
    let kind = u.int_in_range(0..=4)?;
    let (lists, districts) = (u.int_in_range(1..=6_usize)?, u.int_in_range(1..=6_usize)?);
    let mut contest = DistrictedContest::default();
    for _ in 0..lists {
        contest.lists.push(DistrictedList {
            registration: maybe(u, 2, |u| u.int_in_range(0..=5))?,
            coalition_size: u.int_in_range(1..=3)?,
            exempt: u.ratio(1, 10)?,
        });
    }
    for _ in 0..districts {
        let kind = if u.ratio(1, 8)? { 0 } else { kind };
        let seats = if u.ratio(1, 30)? {
            u.int_in_range(0..=300)?
        } else {
            u.int_in_range(1..=9)?
        };
        let mut all = Vec::new();
        for _ in 0..lists {
            // Sums of a list over all districts are asked in 64 bits: mostly they fit.
            all.push(if u.ratio(1, 6)? {
                0
            } else {
                votes(u, kind)? >> if kind > 1 { 3 } else { 0 }
            });
        }
        contest.districts.push(District {
            seats,
            votes: all,
            ..District::default()
        });
    }
    Ok(contest)
}

fn series(u: &mut Unstructured<'_>) -> Result<Series> {
    let step = *u.choose(&[1, 2, 2, 3])?;
    let first = match u.int_in_range(0..=3_u8)? {
        0 => Fraction::new(u.int_in_range(1..=19)?, 10),
        _ => Fraction::new(1, 1),
    };
    Ok(Series { first, step })
}

fn admission(u: &mut Unstructured<'_>) -> Result<Admission> {
    let average = |u: &mut Unstructured<'_>| {
        Ok(RegionsAverage {
            regions: u.int_in_range(1..=2)?,
            base: ThresholdBase::ListVotes,
        })
    };
    Ok(Admission {
        overall: maybe(u, 2, |u| threshold(u, true))?,
        here: maybe(u, 4, |u| threshold(u, true))?,
        constituencies_won: maybe(u, 4, |u| u.int_in_range(1..=3))?,
        seats_won: maybe(u, 6, |u| u.int_in_range(1..=2))?,
        regions_average: maybe(u, 6, average)?,
    })
}

/// How a house above what is held is shared out where nothing goes back.
fn surplus(u: &mut Unstructured<'_>) -> Result<Surplus> {
    Ok(*u.choose(&[Surplus::Kept, Surplus::KeptWithLevel, Surplus::Added])?)
}

/// Quotas of districts or regions, in any votes, with or without a smallest key.
fn quotas(u: &mut Unstructured<'_>) -> Result<Quotas> {
    let kinds = [
        QuotaKind::Hare,
        QuotaKind::Droop,
        QuotaKind::HagenbachBischoff,
        QuotaKind::Imperiali,
    ];
    let roundings = [
        Rounding::Exact,
        Rounding::Down,
        Rounding::DownPlusOne,
        Rounding::Up,
        Rounding::Nearest,
    ];
    let method = Method::Quota(Quota {
        kind: *u.choose(&kinds)?,
        rounding: *u.choose(&roundings)?,
    });
    let base = ThresholdBase::ListVotes;
    Ok(Quotas {
        admission: Admission {
            here: None,
            ..admission(u)?
        },
        chain: vec![Stage {
            key_min: maybe(u, 2, |u| fraction(u, 5, 4))?,
            ..Stage::all(method)
        }],
        units: *u.choose(&[Units::Districts, Units::Regions])?,
        of: *u.choose(&[
            QuotaVotes::TakingPart,
            QuotaVotes::Own(base),
            QuotaVotes::Region(base),
        ])?,
    })
}

fn tier_rules(u: &mut Unstructured<'_>) -> Result<TierRules> {
    let whole = |u: &mut Unstructured<'_>, surplus| {
        Ok(TierStage::Whole {
            admission: Admission {
                here: None,
                ..admission(u)?
            },
            chain: chain(u)?,
            surplus,
        })
    };
    let districts = |u: &mut Unstructured<'_>| {
        Ok(TierStage::Districts {
            admission: admission(u)?,
            chain: chain(u)?,
        })
    };
    let mut stages = Vec::new();
    match u.int_in_range(0..=6_u8)? {
        0 => stages.push(districts(u)?),
        4 => {
            stages.push(TierStage::Constituencies);
            let surplus = surplus(u)?;
            stages.push(whole(u, surplus)?);
            stages.push(TierStage::Above);
        }
        5 => {
            if u.arbitrary()? {
                stages.push(TierStage::Persons {
                    base: ThresholdBase::ListVotes,
                });
            }
            stages.push(TierStage::Quotas(quotas(u)?));
            if u.arbitrary()? {
                stages.push(TierStage::Quotas(quotas(u)?));
            }
            let surplus = surplus(u)?;
            stages.push(whole(u, surplus)?);
            stages.push(TierStage::Above);
        }
        6 => {
            if u.arbitrary()? {
                stages.push(TierStage::SeatsOfDistricts {
                    base: ThresholdBase::ListVotes,
                    chain: chain(u)?,
                });
            }
            stages.push(TierStage::Quotas(quotas(u)?));
            stages.push(TierStage::Remainders { chain: chain(u)? });
            stages.push(TierStage::Above);
        }
        1 => {
            stages.push(whole(u, Surplus::Kept)?);
            stages.push(TierStage::Shares { chain: chain(u)? });
            stages.push(TierStage::Cover);
        }
        _ => {
            stages.push(districts(u)?);
            if u.arbitrary()? {
                stages.push(whole(u, Surplus::Returned)?);
                stages.push(TierStage::Return(series(u)?.into()));
            } else {
                stages.push(whole(u, Surplus::Kept)?);
            }
            if u.arbitrary()? {
                stages.push(TierStage::Regions(series(u)?));
                stages.push(TierStage::Inside(series(u)?));
            } else {
                stages.push(TierStage::Place(Placement {
                    series: series(u)?,
                    relative: maybe(u, 2, |_| Ok(ThresholdBase::ListVotes))?,
                    per_district: maybe(u, 2, |u| u.int_in_range(0..=3))?,
                }));
            }
        }
    }
    Ok(TierRules {
        stages,
        ties: ties(u)?,
    })
}
