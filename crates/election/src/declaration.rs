//! Checks a declared result against the votes, the house and the lists. The declared seats stay the official ones; what
//! is found is shown beside them.
//!
//! A table that circulated for Almaty 2021 said 29/15/3/3, which is 50 seats of 39: such things are found here.

use crate::allocation::Question;
use crate::standings::SeatsResult;
use apportionment::{Allocation, Eligibility, Method, Outcome, Ratio, Rules, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One thing that is wrong with a declared result, or a hint at how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The rows do not sum to the seats of the district.
    HouseSize {
        /// What the rows sum to.
        declared: u64,
        /// Seats that the votes give to lists.
        assigned: u32,
        /// Seats of the district.
        seats: u32,
    },
    /// A row differs from what the votes give.
    RowDiffers {
        /// The option.
        option: u32,
        /// What was declared.
        declared: u32,
        /// The fewest that would be right.
        fewest: u32,
        /// The most that would be right: more than the fewest only where a tie is open.
        most: u32,
        /// Whole quotas of the list, under a quota method: it can have this number, or one more.
        whole_quotas: Option<u32>,
    },
    /// A list has more seats than candidates.
    ListLength {
        /// The option.
        option: u32,
        /// What was declared.
        declared: u32,
        /// Its candidates.
        candidates: u32,
    },
    /// A list that does not take part has seats.
    NotEligible {
        /// The option.
        option: u32,
        /// What was declared.
        declared: u32,
        /// Why it does not take part.
        eligibility: Eligibility,
    },
    /// The option is no list: it cannot have seats.
    NoList {
        /// The option.
        option: u32,
        /// What was declared.
        declared: u32,
    },
    /// A hint: the declared number is the list's number of candidates.
    EqualsCandidates {
        /// The option.
        option: u32,
        /// What was declared.
        declared: u32,
    },
    /// Our own seats are not known, so rows cannot be compared.
    NothingToCompare,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HouseSize {
                declared,
                assigned,
                seats,
            } if assigned == seats => {
                write!(
                    f,
                    "the declared seats are {declared} together, but the district has {seats}"
                )
            }
            Self::HouseSize {
                declared,
                assigned,
                seats,
            } => write!(
                f,
                "the declared seats are {declared} together; of the district's {seats}, the votes assign {assigned}"
            ),
            Self::RowDiffers {
                declared,
                fewest,
                most,
                whole_quotas,
                ..
            } => {
                write!(f, "declared are {declared} seats; the votes give {fewest}")?;
                if most > fewest {
                    write!(f, " to {most}")?;
                }
                match whole_quotas {
                    Some(whole) => write!(
                        f,
                        " (its quotient allows {whole} or {})",
                        whole.saturating_add(1)
                    ),
                    None => Ok(()),
                }
            }
            Self::ListLength {
                declared,
                candidates,
                ..
            } => {
                write!(
                    f,
                    "declared are {declared} seats, but the list has {candidates} candidates"
                )
            }
            Self::NotEligible {
                declared,
                eligibility,
                ..
            } => {
                let why = match eligibility {
                    Eligibility::NoVotes => "has no votes",
                    _ => "did not pass the threshold",
                };
                write!(f, "declared are {declared} seats, but the list {why}")
            }
            Self::NoList { declared, .. } => {
                write!(f, "declared are {declared} seats, but this is no list")
            }
            Self::EqualsCandidates { declared, .. } => {
                write!(
                    f,
                    "hint: {declared} is the number of candidates on the list"
                )
            }
            Self::NothingToCompare => {
                f.write_str("no seats are known from the votes, so the rows cannot be compared")
            }
        }
    }
}

/// Checks declared rows (option, seats) against the result.
pub fn check_declaration(
    question: &Question,
    result: &SeatsResult,
    rows: &[(u32, u32)],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let declared: u64 = rows.iter().map(|(_, seats)| u64::from(*seats)).sum();
    let seats = question.contest.seats;
    let allocation = match result {
        SeatsResult::Allocated(allocation) if allocation.outcome != Outcome::NoneYet => {
            Some(allocation)
        }
        _ => None,
    };
    let assigned = allocation.map_or(seats, |allocation| seats - allocation.unassigned);
    if declared != u64::from(assigned) {
        findings.push(Finding::HouseSize {
            declared,
            assigned,
            seats,
        });
    }
    if allocation.is_none() {
        findings.push(Finding::NothingToCompare);
    }
    let most = allocation.map_or_else(Vec::new, |allocation| question.seats_most(allocation));
    let quotients = allocation.and_then(|allocation| quotients(question, allocation));
    let quotients = quotients.unwrap_or_default();
    // Ten thousand lists are compared with every frame: not each with each.
    let rows_by_option: BTreeMap<u32, u32> = rows.iter().copied().collect();
    let lists: BTreeSet<u32> = question.options.iter().copied().collect();
    for (list, option) in question.options.iter().enumerate() {
        let declared = rows_by_option.get(option).copied().unwrap_or(0);
        let ours = (allocation, most.as_slice(), &quotients);
        check_row(question, ours, (list, *option), declared, &mut findings);
    }
    let no_lists = rows
        .iter()
        .filter(|(option, seats)| *seats > 0 && !lists.contains(option));
    findings.extend(no_lists.map(|(option, declared)| Finding::NoList {
        option: *option,
        declared: *declared,
    }));
    findings
}

fn check_row(
    question: &Question,
    (allocation, most, quotients): (Option<&Allocation>, &[u32], &BTreeMap<usize, u32>),
    (list, option): (usize, u32),
    declared: u32,
    findings: &mut Vec<Finding>,
) {
    let candidates = question.contest.lists[list].candidates;
    if let Some(candidates) = candidates.filter(|candidates| declared > *candidates) {
        findings.push(Finding::ListLength {
            option,
            declared,
            candidates,
        });
    }
    let Some(allocation) = allocation else { return };
    let ours = &allocation.lists[list];
    let most = most.get(list).copied().unwrap_or(ours.seats);
    // Who else is let in when few lists pass can hang on an open tie.
    if !ours.eligibility.takes_part() && most == 0 && declared > 0 {
        findings.push(Finding::NotEligible {
            option,
            declared,
            eligibility: ours.eligibility,
        });
        return;
    }
    if (ours.seats..=most).contains(&declared) {
        return;
    }
    let whole_quotas = quotients.get(&list).copied();
    findings.push(Finding::RowDiffers {
        option,
        declared,
        fewest: ours.seats,
        most,
        whole_quotas,
    });
    if candidates == Some(declared) {
        findings.push(Finding::EqualsCandidates { option, declared });
    }
}

/// The whole quotas by list, where each has so many seats or one more: by one stage of quotas and nothing beside it.
fn quotients(question: &Question, allocation: &Allocation) -> Option<BTreeMap<usize, u32>> {
    let Rules {
        threshold: _,
        widening: _,
        rescue: _,
        apparentment: None,
        stages,
        majority: None,
        seats_min: 0,
        bonus: None,
        seats_max: None,
        above_max: _,
        exhausted: _,
        ties: _,
    } = &question.rules
    else {
        return None;
    };
    let [stage] = stages.as_slice() else {
        return None;
    };
    if *stage != Stage::all(stage.method) || !matches!(stage.method, Method::Quota(_)) {
        return None;
    }
    let stage = allocation.stages.first()?;
    let quota = stage.quota?;
    let contenders = stage.contenders.iter();
    contenders
        .map(|contender| {
            let whole = whole_quotas(contender.weight, quota)?;
            let seats = allocation.lists[contender.list].seats;
            let is_near = (whole..=whole.saturating_add(1)).contains(&seats);
            is_near.then_some((contender.list, whole))
        })
        .collect()
}

/// How often a quota is whole in a weight, both as exact fractions.
fn whole_quotas(weight: Ratio, quota: Ratio) -> Option<u32> {
    let numerator = u128::try_from(weight.numerator()).ok()?;
    let numerator = numerator.checked_mul(quota.denominator())?;
    let denominator = u128::try_from(quota.numerator()).ok()?;
    let denominator = weight.denominator().checked_mul(denominator)?;
    u32::try_from(numerator.checked_div(denominator)?).ok()
}
