//! Bytes to contests and rules. Everything is inside the documented limits or one step outside, and small numbers are common,
//! because ties are.

pub mod districts;

use apportionment::*;
use arbitrary::{Arbitrary, Result, Unstructured};

/// A contest and rules, with what else is asked of them.
#[derive(Debug)]
pub struct Question {
    pub contest: Contest,
    pub rules: Rules,
    /// Which of the tied lists the lots favour.
    pub turn: usize,
    /// The list that is asked for its margin, or whose seats are forged.
    pub list: usize,
    pub other: usize,
    pub change: Change,
    pub effect: Effect,
}

impl<'a> Arbitrary<'a> for Question {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let rules = rules(u)?;
        let contest = contest(u)?;
        let list = u.int_in_range(0..=11)?;
        let other = u.int_in_range(0..=11)?;
        let change = *u.choose(&[
            Change::Added,
            Change::Taken,
            Change::MovedFrom(other),
            Change::MovedTo(other),
        ])?;
        Ok(Self {
            turn: u.int_in_range(0..=7)?,
            effect: *u.choose(&[Effect::Gain, Effect::Loss])?,
            list,
            other,
            change,
            rules,
            contest,
        })
    }
}

/// Votes of very different sizes; `kind` keeps those of one contest alike.
pub fn votes(u: &mut Unstructured<'_>, kind: u8) -> Result<u64> {
    match kind {
        0 => u.int_in_range(0..=12),
        1 => u.int_in_range(0..=1_000_000),
        2 => Ok(u64::MAX - u.int_in_range(0..=3)?),
        3 => Ok(u64::from(u.int_in_range(0..=7_u8)?) << u.int_in_range(0..=61)?),
        _ => u.arbitrary(),
    }
}

pub fn maybe<'a, T>(
    u: &mut Unstructured<'a>,
    one_in: u8,
    value: impl FnOnce(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Option<T>> {
    if u.ratio(1, one_in)? {
        value(u).map(Some)
    } else {
        Ok(None)
    }
}

fn contest(u: &mut Unstructured<'_>) -> Result<Contest> {
    let kind = u.int_in_range(0..=4)?;
    let seats = match u.int_in_range(0..=9_u8)? {
        0 => u.int_in_range(0..=SEATS_MAX + 1)?,
        1 => u.int_in_range(90..=400)?,
        _ => u.int_in_range(1..=40)?,
    };
    let count = u.int_in_range(1..=12_usize)?;
    let mut lists = Vec::new();
    for _ in 0..count {
        lists.push(list(u, kind, count)?);
    }
    if u.ratio(1, 40)? {
        let more = u.int_in_range(1..=300)?;
        lists.extend(
            (0..more)
                .map(|_| List::with_votes(lists[0].votes))
                .collect::<Vec<_>>(),
        );
    }
    let list_votes = lists
        .iter()
        .fold(0_u64, |sum, list| sum.saturating_add(list.votes));
    let whole = lists
        .iter()
        .map(|list| u128::from(list.votes))
        .sum::<u128>();
    if u.ratio(1, 3)? {
        let office = u.int_in_range(0..=lists.len() - 1)?;
        lists[office].won_office = true;
    }
    if u.ratio(1, 8)? {
        for list in &mut lists {
            let most = list.candidates.unwrap_or(3).min(3);
            list.held = u.int_in_range(0..=most)?;
        }
    }
    let quota_of = match u64::try_from(whole) {
        Ok(whole) => maybe(u, 10, |u| {
            Ok(QuotaOf {
                votes: whole.saturating_add(u.int_in_range(0..=300)?),
                seats: u.int_in_range(1..=60)?,
            })
        })?,
        Err(_) => None,
    };
    let mut count = |one_in| {
        maybe(u, one_in, |u| {
            Ok(list_votes.saturating_add(u.int_in_range(0..=50)?))
        })
    };
    let base = BaseCounts {
        valid_votes: count(2)?,
        valid_and_against_all: count(2)?,
        ballots_in_box: count(1)?,
        ballots_issued: count(2)?,
    };
    Ok(Contest {
        seats,
        lists,
        base,
        quota_of,
    })
}

fn list(u: &mut Unstructured<'_>, kind: u8, count: usize) -> Result<List> {
    let groups = u32::try_from(count.min(3)).unwrap_or(1);
    let district = |u: &mut Unstructured<'_>| {
        Ok(DistrictShare {
            votes: votes(u, 0)?,
            of: votes(u, kind)?,
        })
    };
    let votes_won = votes(u, kind)?;
    Ok(List {
        candidates: maybe(u, 4, |u| u.int_in_range(0..=8))?,
        registration: maybe(u, 2, |u| u.int_in_range(0..=4))?,
        coalition_size: u.int_in_range(1..=3)?,
        exempt: u.ratio(1, 12)?,
        direct_seats: u.int_in_range(0..=4)?,
        best_district: maybe(u, 3, district)?,
        group: maybe(u, 2, |u| u.int_in_range(0..=groups - 1))?,
        subgroup: maybe(u, 3, |u| u.int_in_range(0..=groups - 1))?,
        ..List::with_votes(votes_won)
    })
}

pub fn fraction(u: &mut Unstructured<'_>, above: u32, below: u32) -> Result<Fraction> {
    Ok(Fraction::new(
        u.int_in_range(0..=above)?,
        u.int_in_range(1..=below)?,
    ))
}

/// A share of at most one, as a rule, in per cent or as fine as is allowed.
pub fn share(u: &mut Unstructured<'_>) -> Result<Fraction> {
    if u.ratio(1, 10)? {
        let below = u.int_in_range(1..=THRESHOLD_DENOMINATOR_MAX)?;
        return Ok(Fraction::new(u.int_in_range(0..=below)?, below));
    }
    Ok(Fraction::new(u.int_in_range(0..=40)?, 100))
}

pub fn divisors(u: &mut Unstructured<'_>) -> Result<Divisors> {
    Ok(match u.int_in_range(0..=9_u8)? {
        0 | 1 => Divisors::DHondt,
        2 => Divisors::SainteLague,
        3 => Divisors::ModifiedSainteLague {
            first: fraction(u, 3 * PARAMETER_MAX, PARAMETER_MAX)?,
        },
        4 => Divisors::Danish,
        5 => Divisors::Imperiali,
        6 => Divisors::Adams,
        7 => Divisors::Dean,
        8 => Divisors::HuntingtonHill,
        _ => {
            let below = u.int_in_range(1..=EXPONENT_DENOMINATOR_MAX)?;
            Divisors::Power {
                exponent: Fraction::new(u.int_in_range(1..=below)?, below),
            }
        }
    })
}

pub fn method(u: &mut Unstructured<'_>) -> Result<Method> {
    if u.arbitrary()? {
        return Ok(Method::Divisors(divisors(u)?));
    }
    let kinds = [
        QuotaKind::Hare,
        QuotaKind::Droop,
        QuotaKind::HagenbachBischoff,
        QuotaKind::Imperiali,
    ];
    let roundings = [
        Rounding::Exact,
        Rounding::Exact,
        Rounding::Down,
        Rounding::DownPlusOne,
        Rounding::Up,
        Rounding::Nearest,
    ];
    Ok(Method::Quota(Quota {
        kind: *u.choose(&kinds)?,
        rounding: *u.choose(&roundings)?,
    }))
}

/// A stage that may leave seats to the next.
fn first_stage(u: &mut Unstructured<'_>) -> Result<Stage> {
    let method = method(u)?;
    let is_quota = matches!(method, Method::Quota(_));
    let seats = match u.int_in_range(0..=3_u8)? {
        0 if is_quota => StageSeats::WholeQuotas,
        1 => StageSeats::Remaining,
        _ => StageSeats::AtMost(u.int_in_range(0..=9)?),
    };
    let bar = match is_quota {
        true => maybe(u, 3, |u| fraction(u, 6, 5))?,
        false => None,
    };
    let key_min = match is_quota {
        true => maybe(u, 4, |u| fraction(u, 6, 5))?,
        false => None,
    };
    let mut stage = Stage {
        seats,
        each_max: maybe(u, 3, |u| u.int_in_range(1..=3))?,
        bar,
        key_min,
        ..Stage::all(method)
    };
    if seats == StageSeats::Remaining && stage.bar.is_none() && key_min.is_none() {
        stage.each_max = stage.each_max.or(Some(1));
    }
    Ok(stage)
}

pub fn chain(u: &mut Unstructured<'_>) -> Result<Vec<Stage>> {
    let mut stages = Vec::new();
    for _ in 0..u.int_in_range(0..=6_usize)?.saturating_sub(3) {
        stages.push(first_stage(u)?);
    }
    stages.push(Stage {
        each_max: maybe(u, 12, |u| u.int_in_range(1..=4))?,
        ..Stage::all(method(u)?)
    });
    Ok(stages)
}

pub fn ties(u: &mut Unstructured<'_>) -> Result<Vec<TieBreak>> {
    let all = [
        TieBreak::EarlierRegistration,
        TieBreak::MoreVotes,
        TieBreak::Lot,
    ];
    let mut ties = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        ties.push(*u.choose(&all)?);
    }
    Ok(ties)
}

pub fn threshold(u: &mut Unstructured<'_>, plain: bool) -> Result<Threshold> {
    let bases = [
        ThresholdBase::ListVotes,
        ThresholdBase::ListVotes,
        ThresholdBase::BallotsInBox,
        ThresholdBase::ValidVotes,
        ThresholdBase::ValidAndAgainstAll,
        ThresholdBase::BallotsIssued,
    ];
    let coalition = |u: &mut Unstructured<'_>| {
        Ok(CoalitionShare {
            size_min: u.int_in_range(1..=3)?,
            share: share(u)?,
        })
    };
    Ok(Threshold {
        share: share(u)?,
        comparison: *u.choose(&[Comparison::AtLeast, Comparison::MoreThan])?,
        base: *u.choose(&bases[..if plain { 2 } else { 6 }])?,
        per_seat: !plain && u.ratio(1, 6)?,
        direct_seats_min: maybe(u, 4, |u| u.int_in_range(0..=4))?.filter(|_| !plain),
        in_one_district: maybe(u, 4, share)?.filter(|_| !plain),
        by_coalition_size: maybe(u, 3, coalition)?.into_iter().collect(),
    })
}

fn widening(u: &mut Unstructured<'_>) -> Result<Widening> {
    let share = Fraction::new(u.int_in_range(1..=100)?, 100);
    let lists_min = u.int_in_range(0..=4)?;
    Ok(if u.arbitrary()? {
        Widening::LowerBy {
            step: share,
            lists_min,
        }
    } else {
        Widening::AdmitUntil {
            more_than: share,
            lists_min,
        }
    })
}

fn rescue(u: &mut Unstructured<'_>) -> Result<Rescue> {
    let rest = [RescueRest::MultipliedRemainders, RescueRest::StaysEmpty];
    let below = *u.choose(&[10, 10, PARAMETER_MAX])?;
    Ok(Rescue {
        admit_runner_up: Parameter::verified(u.ratio(9, 10)?),
        factor: Parameter::verified(Fraction::new(u.int_in_range(0..=below)?, below)),
        floor: Parameter::unverified(u.int_in_range(0..=5)?),
        floor_first: Parameter::unverified(u.arbitrary()?),
        rest: Parameter::unverified(*u.choose(&rest)?),
        further_rounds: Parameter::unverified(u.arbitrary()?),
    })
}

fn bonus(u: &mut Unstructured<'_>) -> Result<Bonus> {
    let roundings = [
        Rounding::Exact,
        Rounding::Down,
        Rounding::DownPlusOne,
        Rounding::Up,
        Rounding::Nearest,
    ];
    let tenths = |u: &mut Unstructured<'_>| Ok(Fraction::new(u.int_in_range(0..=10)?, 10));
    Ok(Bonus {
        to: *u.choose(&[BonusTo::MostVotes, BonusTo::MoreThanHalf, BonusTo::Office])?,
        seats: match u.int_in_range(0..=2_u8)? {
            0 => BonusSeats::Fixed(u.int_in_range(0..=30)?),
            1 => BonusSeats::MoreThanHalf,
            _ => BonusSeats::Share {
                share: tenths(u)?,
                rounding: *u.choose(&roundings)?,
            },
        },
        counting: *u.choose(&[BonusCounting::Beside, BonusCounting::Least])?,
        votes_min: maybe(u, 3, tenths)?,
        others_max: maybe(u, 3, tenths)?,
    })
}

fn rules(u: &mut Unstructured<'_>) -> Result<Rules> {
    let stages = chain(u)?;
    let threshold = maybe(u, 2, |u| threshold(u, false))?;
    let one_quota =
        matches!(stages.as_slice(), [stage] if matches!(stage.method, Method::Quota(_)));
    let rescue = if one_quota && threshold.is_some() {
        maybe(u, 2, rescue)?
    } else {
        None
    };
    let apparentment = |u: &mut Unstructured<'_>| {
        Ok(Apparentment {
            inside: maybe(u, 2, chain)?,
            members: *u.choose(&[GroupMembers::AllOrVoid, GroupMembers::ThoseThatPass])?,
        })
    };
    let apparentment = maybe(u, 4, apparentment)?.filter(|_| rescue.is_none());
    let single = rescue.is_none() && apparentment.is_none();
    let (majority, seats_min) = (u.ratio(1, 4)?, u.ratio(1, 8)?);
    let seats_max = maybe(u, 6, |u| u.int_in_range(1..=12))?;
    let mut kind = u.int_in_range(0..=9_u8)?;
    if !single {
        kind = 0;
    }
    // A majority clause, a bonus and a cap that is shared anew stand beside none of the others.
    let majority = (majority && single && kind < 7).then_some(Majority::TakesLastSeat);
    let bonus = match kind {
        7 | 8 => Some(bonus(u)?),
        _ => None,
    };
    let anew = kind == 9;
    Ok(Rules {
        bonus,
        above_max: if anew {
            AboveMax::SharedAnew
        } else {
            AboveMax::NextInLine
        },
        widening: match threshold {
            Some(_) if rescue.is_none() => maybe(u, 4, widening)?,
            _ => None,
        },
        threshold,
        rescue,
        apparentment,
        stages,
        majority,
        seats_min: if seats_min && single {
            u.int_in_range(1..=5)?
        } else {
            0
        },
        seats_max: if anew {
            seats_max.or(Some(4))
        } else {
            seats_max
        },
        exhausted: *u.choose(&[ExhaustedList::NextInLine, ExhaustedList::StaysEmpty])?,
        ties: ties(u)?,
    })
}
