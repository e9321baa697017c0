//! The limits on input. They are what makes overflow impossible, so everything checks them first.

use crate::contest::{Contest, LISTS_MAX, QuotaOf, SEATS_MAX};
use crate::error::ContestError;
use crate::method::{Divisors, EXPONENT_DENOMINATOR_MAX, Method, Stage, StageSeats};
use crate::rules::{AboveMax, BonusTo, Fraction, PARAMETER_MAX, Rules, STAGES_MAX};

pub(crate) fn check_chain(field: &'static str, stages: &[Stage]) -> Result<(), ContestError> {
    let Some((last, before)) = stages.split_last() else {
        return Err(ContestError::BelowLimit {
            field,
            value: 0,
            limit: 1,
        });
    };
    if stages.len() > STAGES_MAX {
        return Err(ContestError::AboveLimit {
            field,
            value: wide(stages.len()),
            limit: wide(STAGES_MAX),
        });
    }
    if last.seats != StageSeats::Remaining || before.iter().any(Stage::is_plain) {
        return Err(ContestError::ChainOpen { field });
    }
    stages.iter().try_for_each(check_stage)
}

fn check_stage(stage: &Stage) -> Result<(), ContestError> {
    let by_quota =
        stage.bar.is_some() || stage.key_min.is_some() || stage.seats == StageSeats::WholeQuotas;
    if by_quota && !matches!(stage.method, Method::Quota(_)) {
        return Err(ContestError::StageNeedsQuota);
    }
    if stage.each_max == Some(0) {
        let (value, limit) = (0, 1);
        return Err(ContestError::BelowLimit {
            field: "rules.stages.each_max",
            value,
            limit,
        });
    }
    for (field, share) in [
        ("rules.stages.bar", stage.bar),
        ("rules.stages.key_min", stage.key_min),
    ] {
        if let Some(Fraction {
            numerator,
            denominator,
        }) = share
            && (numerator > PARAMETER_MAX || !(1..=PARAMETER_MAX).contains(&denominator))
        {
            return Err(ContestError::FractionOutOfRange {
                field,
                numerator,
                denominator,
                range: "a share of a quota with at most 1000 above and below the line",
            });
        }
    }
    check_method(stage.method)
}

fn check_method(method: Method) -> Result<(), ContestError> {
    let (field, fraction, within, range) = match method {
        Method::Divisors(Divisors::ModifiedSainteLague { first }) => (
            "rules.stages.method.first",
            first,
            // From 3 on, a first seat would be no dearer than a second one, and keys must fall strictly.
            (1..=PARAMETER_MAX).contains(&first.denominator)
                && first.numerator >= 1
                && first.numerator < 3 * first.denominator,
            "above 0 and below 3, with at most 1000 below the line",
        ),
        Method::Divisors(Divisors::Power { exponent }) => (
            "rules.stages.method.exponent",
            exponent,
            (1..=EXPONENT_DENOMINATOR_MAX).contains(&exponent.denominator)
                && (1..=exponent.denominator).contains(&exponent.numerator),
            "above 0 and at most 1, with at most 10 below the line",
        ),
        Method::Divisors(_) | Method::Quota(_) => return Ok(()),
    };
    let Fraction {
        numerator,
        denominator,
    } = fraction;
    if within {
        Ok(())
    } else {
        Err(ContestError::FractionOutOfRange {
            field,
            numerator,
            denominator,
            range,
        })
    }
}

pub(crate) fn check_contest(contest: &Contest) -> Result<(), ContestError> {
    let seats = u128::from(contest.seats);
    let lists = contest.lists.len();
    if contest.seats == 0 {
        return Err(ContestError::BelowLimit {
            field: "contest.seats",
            value: 0,
            limit: 1,
        });
    }
    if contest.seats > SEATS_MAX {
        return Err(ContestError::AboveLimit {
            field: "contest.seats",
            value: seats,
            limit: u128::from(SEATS_MAX),
        });
    }
    if lists == 0 {
        return Err(ContestError::BelowLimit {
            field: "contest.lists",
            value: 0,
            limit: 1,
        });
    }
    if lists > LISTS_MAX {
        return Err(ContestError::AboveLimit {
            field: "contest.lists",
            value: wide(lists),
            limit: wide(LISTS_MAX),
        });
    }
    for list in &contest.lists {
        let joined = [
            ("contest.lists.group", list.group),
            ("contest.lists.subgroup", list.subgroup),
        ];
        for (field, number) in joined {
            if let Some(number) = number
                && wide(lists) <= u128::from(number)
            {
                let (value, limit) = (u128::from(number), wide(lists - 1));
                return Err(ContestError::AboveLimit {
                    field,
                    value,
                    limit,
                });
            }
        }
    }
    Ok(())
}

/// Whether one list at most is marked for a bonus that goes with an office.
pub(crate) fn check_office(contest: &Contest, rules: &Rules) -> Result<(), ContestError> {
    let by_office = rules.bonus.is_some_and(|bonus| bonus.to == BonusTo::Office);
    let marked = contest.lists.iter().filter(|list| list.won_office);
    if by_office && marked.count() > 1 {
        let field = "contest.lists.won_office";
        return Err(ContestError::OneListOnly { field });
    }
    Ok(())
}

/// Whether the votes and seats that quotas are computed of can be those around this contest, and seats held already are
/// those of single lists.
pub(crate) fn check_quota_of(contest: &Contest, rules: &Rules) -> Result<(), ContestError> {
    let single = rules.apparentment.is_none() && rules.rescue.is_none();
    let plain = rules.bonus.is_none() && rules.above_max == AboveMax::NextInLine;
    if !(single && plain) && contest.lists.iter().any(|list| list.held > 0) {
        return Err(ContestError::NeedsPlainRules {
            field: "contest.lists.held",
            beside: "apparentment, a rescue, a bonus or rounds of a cap",
        });
    }
    for list in &contest.lists {
        if let Some(candidates) = list.candidates.filter(|&most| most < list.held) {
            return Err(ContestError::BelowLimit {
                field: "contest.lists.candidates",
                value: u128::from(candidates),
                limit: u128::from(list.held),
            });
        }
    }
    let Some(QuotaOf { votes, seats }) = contest.quota_of else {
        return Ok(());
    };
    if !(single && plain) {
        return Err(ContestError::NeedsPlainRules {
            field: "contest.quota_of",
            beside: "apparentment, a rescue, a bonus or rounds of a cap",
        });
    }
    if u128::from(votes) < contest.list_votes() {
        return Err(ContestError::BelowLimit {
            field: "contest.quota_of.votes",
            value: u128::from(votes),
            limit: contest.list_votes(),
        });
    }
    let field = "contest.quota_of.seats";
    let (value, least, most) = (u128::from(seats), 1, u128::from(SEATS_MAX));
    if value < least {
        let limit = least;
        return Err(ContestError::BelowLimit {
            field,
            value,
            limit,
        });
    }
    if value > most {
        let limit = most;
        return Err(ContestError::AboveLimit {
            field,
            value,
            limit,
        });
    }
    Ok(())
}

/// Most entries of lists in all outcomes of an open bonus, or in all rounds of a cap. Both repeat the whole contest, so that
/// lists times lists would be kept: more are refused before memory runs out.
pub(crate) const KEPT_MAX: u128 = 200_000;

/// Most outcomes of ties, one behind the other, of which each is followed to its end: where they say who leaves by a cap, and where
/// all may come to the same.
pub(crate) const OUTCOMES_MAX: usize = 256;
/// Most such outcomes, times the lists that each of them is computed of.
pub(crate) const OUTCOME_ENTRIES_MAX: usize = 20_000;

/// Whether so many entries of lists can be kept.
pub(crate) fn check_kept(field: &'static str, value: u128) -> Result<(), ContestError> {
    if value <= KEPT_MAX {
        return Ok(());
    }
    Err(ContestError::AboveLimit {
        field,
        value,
        limit: KEPT_MAX,
    })
}

/// A count of things in memory as a wide number.
pub(crate) fn wide(count: usize) -> u128 {
    u128::try_from(count).expect("a count of things in memory fits in 128 bits")
}

/// Whether the fewest seats of all competitors fit into the house; counted here because only votes say how many compete.
pub(crate) fn check_minimums(held: u64, house: u32) -> Result<(), ContestError> {
    if held > u64::from(house) {
        return Err(ContestError::MinimumsAboveHouse { seats: held, house });
    }
    Ok(())
}
