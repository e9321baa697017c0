//! The independent check of a result, in O(n) (and a sort inside a tie). It shares with the allocator the types of input and
//! output, the check that an input is one, and the comparison of fractions (`Ratio`), and else no code: thresholds are counted
//! in whole votes needed, keys are compared by continued fractions (or, where they are roots, in schoolbook digits), and nothing
//! is handed out: each stage's border is looked at directly. A wrong result needs the same mistake twice.

mod bonus;
mod border;
mod expected;
mod key;
mod majority;
mod passed_over;
mod passing;
mod refusal;
mod replay;
mod rounds;
mod seats;
mod stage;
mod tie;

use crate::allocation::{Allocation, Eligibility, Outcome, Pairing, Tie};
use crate::contest::{Contest, Lot};
use crate::rules::{ExhaustedList, Rules};
use expected::Expected;
use passed_over::verify_passed_over;
use replay::replay;
use stage::Walk;

pub(crate) use passing::share_of_size;
pub use refusal::Refusal;
pub use seats::verify_seats;

/// Checks a whole allocation: threshold, house size, list lengths, pairs, rescue, every stage's border, every tie, where the law
/// is silent, and which lots are void.
///
/// # Errors
/// Everything that was found wrong, each by name.
pub fn verify(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    allocation: &Allocation,
) -> Result<(), Vec<Refusal>> {
    let mut refusals = Vec::new();
    if allocation.lists.len() != contest.lists.len() {
        let (expected, found) = (contest.lists.len(), allocation.lists.len());
        return Err(vec![Refusal::ListCount { expected, found }]);
    }
    if !allocation.passed_over.is_empty() {
        return verify_passed_over(contest, rules, lots, allocation);
    }
    let expected = Expected::of(
        contest,
        rules,
        lots,
        (allocation.rescue_tie.as_ref(), allocation.bonus.as_ref()),
        &mut refusals,
    )
    .map_err(|error| vec![Refusal::Contest(error)])?;
    check_lists((contest, rules), allocation, &expected, &mut refusals);
    check_sums(contest, allocation, &mut refusals);
    let mut walk = Walk {
        contest,
        rules,
        lots,
        results: &allocation.stages,
        majority: allocation.majority.as_ref(),
        asked_in_rounds: allocation.asked_in_rounds.as_deref(),
        position: 0,
        abandoned: Vec::new(),
        silences: expected.silences.clone(),
        refusals,
    };
    let outcome = replay(&mut walk, &expected);
    if walk.majority.is_some() {
        walk.refusals.push(Refusal::Majority);
    }
    if walk.asked_in_rounds.is_some() {
        walk.refusals.push(Refusal::TiesAsked);
    }
    if let Some(extra) = allocation.stages.get(walk.position) {
        walk.refusals
            .push(Refusal::UnexpectedStage { at: extra.at });
    }
    if !walk.silences.iter().eq(&allocation.silences) {
        walk.refusals.push(Refusal::Silences);
    }
    let mut refusals = walk.refusals;
    let ties = drawn_for(allocation, &walk.abandoned);
    if tie::void_lots(lots, &ties) != allocation.void_lots {
        refusals.push(Refusal::VoidLots);
    }
    for (list, (result, (seats, tied))) in allocation
        .lists
        .iter()
        .zip(outcome.seats.iter().zip(&outcome.tied))
        .enumerate()
    {
        if result.seats != *seats {
            refusals.push(Refusal::SeatsDiffer {
                list,
                found: result.seats,
                stages: *seats,
            });
        }
        if result.tied != *tied {
            refusals.push(Refusal::TiedDiffers {
                list,
                found: result.tied,
            });
        }
    }
    if allocation.unassigned != outcome.unassigned {
        let (found, expected) = (allocation.unassigned, outcome.unassigned);
        refusals.push(Refusal::Unassigned { found, expected });
    }
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(refusals)
    }
}

/// The ties for which a lot can have been drawn.
fn drawn_for<'a>(allocation: &'a Allocation, abandoned: &[usize]) -> Vec<&'a Tie> {
    let bonus = allocation
        .bonus
        .iter()
        .filter_map(|bonus| bonus.tie.as_ref());
    let mut ties: Vec<&Tie> = allocation.rescue_tie.iter().chain(bonus).collect();
    for (position, stage) in allocation.stages.iter().enumerate() {
        let is_taken = |tie: &&Tie| allocation.majority.is_some() && tie.open_seats > 0;
        if !abandoned.contains(&position) {
            ties.extend(stage.tie.as_ref().filter(|tie| !is_taken(tie)));
        }
    }
    let transfer = allocation.majority.iter();
    ties.extend(transfer.filter_map(|transfer| transfer.tie.as_ref()));
    ties
}

fn check_lists(
    law: (&Contest, &Rules),
    allocation: &Allocation,
    expected: &Expected,
    refusals: &mut Vec<Refusal>,
) {
    for (list, result) in allocation.lists.iter().enumerate() {
        if result.eligibility != expected.eligibility[list] {
            let (found, expected) = (result.eligibility, expected.eligibility[list]);
            refusals.push(Refusal::Eligibility {
                list,
                found,
                expected,
            });
        }
        if result.pairing != expected.pairing[list] {
            let (found, expected) = (result.pairing, expected.pairing[list]);
            refusals.push(Refusal::Pairing {
                list,
                found,
                expected,
            });
        }
        if result.threshold != expected.decisions[list] {
            refusals.push(Refusal::Threshold { list });
        }
        check_list(
            law,
            list,
            result.seats,
            expected.eligibility[list],
            refusals,
        );
    }
}

fn check_list(
    (contest, rules): (&Contest, &Rules),
    list: usize,
    seats: u32,
    eligibility: Eligibility,
    refusals: &mut Vec<Refusal>,
) {
    if seats > 0
        && matches!(
            eligibility,
            Eligibility::BelowThreshold | Eligibility::NoVotes
        )
    {
        refusals.push(Refusal::SeatsWithoutRight {
            list,
            seats,
            eligibility,
        });
    }
    // What a list held beforehand is not taken from it.
    if let Some(most) = rules.seats_max
        && seats > most.max(contest.lists[list].held)
    {
        refusals.push(Refusal::AboveMax { list, seats, most });
    }
    if let Some(candidates) = contest.lists[list].candidates
        && seats > candidates
    {
        refusals.push(Refusal::ListLength {
            list,
            seats,
            candidates,
        });
    }
}

fn check_sums(contest: &Contest, allocation: &Allocation, refusals: &mut Vec<Refusal>) {
    let given: u64 = allocation
        .lists
        .iter()
        .map(|list| u64::from(list.seats))
        .sum();
    let found = given + u64::from(allocation.pending) + u64::from(allocation.unassigned);
    if found != u64::from(contest.seats) || allocation.house != contest.seats {
        refusals.push(Refusal::HouseSize {
            house: contest.seats,
            found,
        });
    }
    let votes = contest.lists.iter().any(|list| list.votes > 0);
    let competed = allocation.lists.iter().any(|list| {
        matches!(
            list.eligibility,
            Eligibility::Passed
                | Eligibility::Exempt
                | Eligibility::Waived
                | Eligibility::RescueAdmitted
        )
    });
    let expected = match (votes, competed, allocation.pending) {
        (false, ..) => Outcome::NoneYet,
        (true, false, _) => Outcome::NobodyPassed,
        (true, true, 0) => Outcome::Settled,
        (true, true, _) => Outcome::Tied,
    };
    if allocation.outcome != expected {
        refusals.push(Refusal::Outcome {
            found: allocation.outcome,
            expected,
        });
    }
}

/// Whether lists of this contest can run out of candidates in the keys themselves.
fn cuts_keys(rules: &Rules) -> bool {
    rules.exhausted == ExhaustedList::NextInLine
}

/// A list's pairing, from the states of all lists of its group.
fn pairing_of(members: &[usize], eligibility: &[Eligibility]) -> Pairing {
    let fails = |list: &usize| {
        matches!(
            eligibility[*list],
            Eligibility::BelowThreshold | Eligibility::NoVotes
        )
    };
    match members {
        [] | [_] => Pairing::None,
        _ if members.iter().any(fails) => Pairing::Void,
        _ => Pairing::Stands,
    }
}
