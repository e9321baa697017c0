//! Contests in districts: allocator, verifier and steps say the same, sums hold, lots settle, forged seats are refused.

use apportionment::double_proportional::{self, CellLot};
use apportionment::tiers::{self, TierAllocation, TierLots};
use apportionment::*;

use super::draw;
use super::input::districts::{DoubleQuestion, TierQuestion};

/// Rounds of drawing lots: ties can arise behind ties.
const ROUNDS_MAX: usize = 60;

/// Every check of seats in tiers. Panics where one fails.
pub fn check_tiers(question: TierQuestion) {
    if std::env::var("SHOW").is_ok() {
        println!("{question:#?}");
    }
    let TierQuestion {
        mut contest,
        rules,
        cells,
    } = question;
    let mut lots = TierLots::default();
    let agree = |contest: &tiers::TierContest, lots: &TierLots| -> Option<TierAllocation> {
        let allocation = match tiers::allocate(contest, &rules, lots) {
            Ok(allocation) => allocation,
            Err(error) => {
                assert!(!error.to_string().is_empty() && !error.code().is_empty());
                return None;
            }
        };
        assert_eq!(tiers::verify(contest, &rules, lots, &allocation), Ok(()));
        let given: u64 = allocation.list_seats().into_iter().map(u64::from).sum();
        let rest = [
            allocation.pending,
            allocation.unassigned,
            allocation.outside,
        ];
        let rest: u64 = rest.into_iter().map(u64::from).sum();
        assert_eq!(given + rest, contest.house() + u64::from(allocation.added));
        let steps = tiers::explain(contest, &rules, &allocation);
        assert_eq!(steps.len(), allocation.stages.len());
        Some(allocation)
    };
    let Some(mut allocation) = agree(&contest, &lots) else {
        return;
    };
    if rules.ties.contains(&TieBreak::Lot) {
        for _ in 0..ROUNDS_MAX {
            if allocation.outcome != Outcome::Tied {
                break;
            }
            draw::tiers(&mut contest, &mut lots, &allocation);
            let Some(next) = agree(&contest, &lots) else {
                // A stage behind the tie can lack what it needs of the votes: of the rules nothing is left to be refused.
                let refused = tiers::allocate(&contest, &rules, &lots).map(|_| ());
                let text = refused.expect_err("it was refused above").to_string();
                assert!(!text.contains("rules."), "refused behind a lot: {text}");
                return;
            };
            allocation = next;
        }
        if allocation.outcome == Outcome::Tied && std::env::var("SHOW").is_ok() {
            println!(
                "ALLOC {:?}\nLOTS {:?} {:?}",
                allocation,
                lots.places.len(),
                lots.places.last()
            );
        }
        assert_ne!(allocation.outcome, Outcome::Tied);
    }
    let lists = contest.districted.lists.len();
    let district = cells[0] % contest.districted.districts.len();
    let (from, to) = (cells[1] % lists, cells[2] % lists);
    if from != to && allocation.seats[district][from] > 0 {
        let mut wrong = allocation.clone();
        wrong.seats[district][from] -= 1;
        wrong.seats[district][to] += 1;
        assert!(tiers::verify(&contest, &rules, &lots, &wrong).is_err());
    }
    let mut wrong = allocation;
    wrong.seats[district][from] = u32::MAX;
    assert!(tiers::verify(&contest, &rules, &lots, &wrong).is_err());
}

/// Every check of double proportional seats. Panics where one fails.
pub fn check_double(question: &DoubleQuestion) {
    let DoubleQuestion {
        contest,
        rules,
        cells,
    } = question;
    let (mut lots, mut cell_lots) = (Vec::new(), Vec::new());
    let agree = |lots: &[Lot], cell_lots: &[CellLot]| {
        let result = double_proportional::allocate(contest, rules, lots, cell_lots);
        let allocation = match result {
            Ok(allocation) => allocation,
            Err(error) => {
                assert!(!error.to_string().is_empty() && !error.code().is_empty());
                return None;
            }
        };
        let verified = double_proportional::verify(contest, rules, lots, cell_lots, &allocation);
        assert_eq!(verified, Ok(()));
        if let Some(lower) = &allocation.lower {
            let steps = double_proportional::explain(contest, rules, &allocation);
            assert_eq!(steps.len(), lower.seats.len());
            for line in &steps {
                for cell in &line.cells {
                    assert_eq!(cell.seats, lower.seats[line.district][cell.list]);
                }
            }
        }
        Some(allocation)
    };
    let Some(mut allocation) = agree(&lots, &cell_lots) else {
        return;
    };
    if rules.ties.contains(&TieBreak::Lot) {
        for _ in 0..ROUNDS_MAX {
            let drawn = draw::lots(&allocation.upper, 0);
            if drawn.is_empty() {
                break;
            }
            lots.extend(drawn);
            // What the upper apportionment gives can be impossible below.
            let Some(next) = agree(&lots, &cell_lots) else {
                return;
            };
            allocation = next;
        }
    }
    let Some(lower) = &allocation.lower else {
        return;
    };
    for tie in &lower.ties {
        let Some(winners) = tie.outcomes(2).pop() else {
            panic!("a tie without an outcome");
        };
        cell_lots.push(CellLot {
            cells: tie.cells.clone(),
            seats_at_stake: tie.seats_at_stake(),
            winners,
        });
    }
    let settled = agree(&lots, &cell_lots).expect("lots make no contest an error");
    assert_eq!(settled.outcome(), Outcome::Settled);
    let lower = settled.lower.as_ref().expect("it was there before");
    for (district, line) in contest.districts.iter().zip(&lower.seats) {
        assert_eq!(line.iter().sum::<u32>(), district.seats);
    }
    for (list, due) in settled.upper.seats().into_iter().enumerate() {
        let sum: u32 = lower.seats.iter().map(|line| line[list]).sum();
        assert_eq!(sum, due);
    }
    let [one, other] = [cells[0], cells[1]].map(|cell| cell % contest.districts.len());
    let [from, to] = [cells[2], cells[3]].map(|cell| cell % contest.lists.len());
    if one != other && from != to && lower.seats[one][from] > 0 && lower.seats[other][to] > 0 {
        // Both sums stay.
        let mut wrong = settled.clone();
        let seats = &mut wrong.lower.as_mut().expect("it was there before").seats;
        seats[one][from] -= 1;
        seats[one][to] += 1;
        seats[other][to] -= 1;
        seats[other][from] += 1;
        let verified = double_proportional::verify(contest, rules, &lots, &cell_lots, &wrong);
        assert!(verified.is_err(), "exchanged seats were accepted");
    }
}
