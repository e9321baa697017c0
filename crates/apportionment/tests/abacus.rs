//! Dutch councils, as the cases of the Dutch electoral council's own program have them, with their steps.
//!
//! Kieswet P 5 to P 10: whole quotas; under 19 seats the largest remainders among lists with 75% of a quota, one each, then
//! highest averages, first one each; from 19 seats on highest averages at once; a list with the majority of votes gets the
//! last of these seats; a list without candidates passes its seats on.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod page;
mod skipped;

use std::path::Path;

use apportionment::*;
use page::Page;
use serde::Deserialize;
use skipped::skipped;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/cases/abacus.json"
);

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Clone, Debug, Deserialize)]
struct Case {
    id: String,
    method: String,
    seats: u32,
    list_numbers: Vec<u32>,
    votes: Vec<u64>,
    candidates_per_list: Vec<u32>,
    /// The candidates of a list who died.
    deceased: Option<std::collections::BTreeMap<String, Vec<u32>>>,
    /// The lists that the lots fell on.
    drawn: Option<Vec<u32>>,
    expected_seats: Vec<u32>,
    steps: Vec<Vec<serde_json::Value>>,
}

fn small_council() -> Rules {
    let remainders = Stage {
        bar: Some(Fraction::new(3, 4)),
        ..Stage::all(Method::HARE).one_each()
    };
    council(vec![
        Stage::whole_quotas(Quota::HARE),
        remainders,
        Stage::all(Method::D_HONDT).one_each(),
        Stage::all(Method::D_HONDT),
    ])
}

fn large_council() -> Rules {
    council(vec![
        Stage::whole_quotas(Quota::HARE),
        Stage::all(Method::D_HONDT),
    ])
}

fn council(stages: Vec<Stage>) -> Rules {
    Rules {
        stages,
        majority: Some(Majority::TakesLastSeat),
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::HARE)
    }
}

impl Case {
    fn rules(&self) -> Rules {
        match self.method.as_str() {
            "nl_kieswet_lt19" => small_council(),
            "nl_kieswet_gte19" => large_council(),
            other => panic!("unknown method {other}"),
        }
    }

    fn contest(&self) -> Contest {
        let mut contest = Contest::with_votes(self.seats, &self.votes);
        for (place, list) in contest.lists.iter_mut().enumerate() {
            let number = self.list_numbers[place].to_string();
            let dead = self.deceased.as_ref().and_then(|dead| dead.get(&number));
            let dead = u32::try_from(dead.map_or(0, Vec::len)).unwrap();
            list.candidates = Some(self.candidates_per_list[place] - dead);
        }
        contest
    }

    fn position(&self, number: u64) -> usize {
        let number = u32::try_from(number).unwrap();
        self.list_numbers
            .iter()
            .position(|one| *one == number)
            .unwrap()
    }

    /// The lots for the open ties, as they were drawn. Under the majority clause the list drawn is the one that loses.
    fn lots(&self, allocation: &Allocation) -> Vec<Lot> {
        let drawn = self.drawn.iter().flatten();
        let drawn: Vec<usize> = drawn.map(|list| self.position(u64::from(*list))).collect();
        let lot = |tie: &Tie| {
            let wins = |list: &usize| drawn.contains(list) != (tie.at == StageAt::Majority);
            Lot {
                stage: tie.at,
                lists: tie.open.clone(),
                seats_at_stake: tie.open_seats,
                winners: tie.open.iter().copied().filter(wins).collect(),
            }
        };
        allocation.open_ties().map(lot).collect()
    }

    /// The result with all lots drawn.
    fn allocate(&self) -> Allocation {
        let (contest, rules) = (self.contest(), self.rules());
        let mut lots = Vec::new();
        loop {
            let allocation = allocate(&contest, &rules, &lots).unwrap();
            assert_eq!(
                verify(&contest, &rules, &lots, &allocation),
                Ok(()),
                "{}",
                self.id
            );
            assert_eq!(allocation.void_lots, [], "{}", self.id);
            let more = self.lots(&allocation);
            if more.is_empty() {
                return allocation;
            }
            lots.extend(more);
        }
    }

    /// Seats of remainders and averages by the case's own steps: (name of the round, list), sorted. There seats are given
    /// first, and where a list has no candidate taken away after (P 10); here its keys end at its last candidate. So a
    /// seat of a round that was taken away again is none.
    fn expected_steps(&self) -> Vec<(String, usize)> {
        let mut steps: Vec<(String, usize)> = Vec::new();
        for step in &self.steps {
            let name = step[0].as_str().unwrap().to_owned();
            let list = self.position(step[1].as_u64().unwrap());
            match name.as_str() {
                "P9" => {}
                // A whole quota is of no round.
                "P10" if step[2] == true => {}
                "P10" => {
                    let last = steps.iter().rposition(|(_, winner)| *winner == list);
                    last.map(|last| steps.remove(last));
                }
                _ => steps.push((name, list)),
            }
        }
        steps.sort_unstable();
        steps
    }
}

/// The same of an allocation.
fn steps(case: &Case, allocation: &Allocation) -> Vec<(String, usize)> {
    let small = case.rules() == small_council();
    let mut steps = Vec::new();
    for stage in &allocation.stages {
        let name = match (stage.at, small) {
            (StageAt::Chain(0), _) => continue,
            (StageAt::Chain(1), true) => "LR",
            (StageAt::Chain(2), true) => "UHA",
            _ => "HA",
        };
        for one in &stage.contenders {
            let won = usize::try_from(one.seats - one.seats_before).unwrap();
            steps.extend(vec![(name.to_owned(), one.list); won]);
        }
    }
    steps.sort_unstable();
    steps
}

fn check_seats(case: &Case) -> Result<(), String> {
    let seats = case.allocate().seats();
    if seats == case.expected_seats {
        return Ok(());
    }
    let expected = &case.expected_seats;
    Err(format!("{}: {seats:?}, expected {expected:?}", case.id))
}

fn check_steps(case: &Case) -> Result<(), String> {
    let allocation = case.allocate();
    let (found, expected) = (steps(case, &allocation), case.expected_steps());
    if found != expected {
        return Err(format!("{}: {found:?}, expected {expected:?}", case.id));
    }
    let transfer = case.steps.iter().find(|step| step[0] == "P9");
    let expected = transfer.map(|step| {
        let list = |value: &serde_json::Value| case.position(value.as_u64().unwrap());
        (list(&step[1]), list(&step[2]))
    });
    let found = allocation.majority.as_ref().map(|transfer| {
        let lots = transfer.tie.iter().flat_map(|tie| &tie.settled);
        let lost = lots.flat_map(|lot| &lot.losers).next();
        (transfer.to, *lost.unwrap_or(&transfer.from[0]))
    });
    if found == expected {
        Ok(())
    } else {
        Err(format!(
            "{}: majority {found:?}, expected {expected:?}",
            case.id
        ))
    }
}

#[test]
fn every_case_agrees_with_its_steps() {
    if !Path::new(CASES).exists() {
        skipped(format_args!(
            "the folder of case files is not here ({CASES})"
        ));
        return;
    }
    let cases: Cases = serde_json::from_str(&std::fs::read_to_string(CASES).unwrap()).unwrap();
    let cases = cases.cases;
    for (part, check) in [
        ("seats of Dutch councils", check_seats as fn(&Case) -> _),
        ("their steps, round by round", check_steps),
    ] {
        let failed = |case: &Case| Some((case.id.clone(), check(case).err()?));
        let failures: Vec<(String, String)> = cases.iter().filter_map(failed).collect();
        let unmet: Vec<&str> = failures.iter().map(|(id, _)| id.as_str()).collect();
        let differs = Page::read().differs(("abacus.json", part), cases.len(), &unmet);
        assert!(differs.is_empty(), "{differs:#?}: {failures:#?}");
    }
    let mut wrong = cases[1].clone();
    wrong.expected_seats.swap(0, 1);
    assert!(check_seats(&wrong).is_err());
    let mut wrong = cases[1].clone();
    wrong.steps[0][0] = "UHA".into();
    assert!(check_steps(&wrong).is_err());
}

/// A council of 15: three remainders, and then the majority clause takes the smallest of them. Made up in the shape of the
/// law's own examples, so that these rules are tested where the case files are not.
#[test]
fn a_majority_of_votes_takes_the_last_seat() {
    let contest = Contest::with_votes(15, &[2571, 977, 567, 536, 453]);
    let rules = small_council();
    let allocation = allocate(&contest, &rules, &[]).unwrap();
    assert_eq!(allocation.seats(), [8, 3, 2, 1, 1]);
    let transfer = allocation.majority.clone().unwrap();
    assert_eq!(
        (transfer.to, transfer.from, transfer.tie),
        (0, vec![3], None)
    );
    assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
    let mut wrong = allocation.clone();
    wrong.majority = None;
    assert!(
        verify(&contest, &rules, &[], &wrong)
            .unwrap_err()
            .contains(&Refusal::Majority)
    );
    let mut wrong = allocation.clone();
    wrong.majority.as_mut().unwrap().from = vec![2];
    assert!(
        verify(&contest, &rules, &[], &wrong)
            .unwrap_err()
            .contains(&Refusal::Majority)
    );
    // Without the clause nothing moves, and a transfer is refused.
    let plain = Rules {
        majority: None,
        ..rules
    };
    let unmoved = allocate(&contest, &plain, &[]).unwrap();
    assert_eq!(unmoved.seats(), [7, 3, 2, 2, 1]);
    let mut wrong = unmoved;
    wrong.majority = allocation.majority;
    assert!(
        verify(&contest, &plain, &[], &wrong)
            .unwrap_err()
            .contains(&Refusal::Majority)
    );
    // Exactly half of the votes is no majority.
    let contest = Contest::with_votes(15, &[2552, 987, 570, 539, 456]);
    let allocation = allocate(&contest, &small_council(), &[]).unwrap();
    assert_eq!(
        (allocation.seats(), allocation.majority),
        (vec![7, 3, 2, 2, 1], None)
    );
}

/// Equal smallest remainders: which of three lists gives up its seat is for a lot, and no other seat waits for it.
#[test]
fn a_lot_says_who_gives_up_a_seat() {
    let contest = Contest::with_votes(15, &[2552, 511, 511, 511, 509, 509]);
    let rules = small_council();
    let allocation = allocate(&contest, &rules, &[]).unwrap();
    assert_eq!(allocation.seats(), [8, 1, 1, 1, 1, 1]);
    let tied: Vec<bool> = allocation.lists.iter().map(|list| list.tied).collect();
    assert_eq!(tied, [false, true, true, true, false, false]);
    assert_eq!((allocation.pending, allocation.outcome), (2, Outcome::Tied));
    assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
    let lot = Lot {
        stage: StageAt::Majority,
        lists: vec![3, 1, 2],
        seats_at_stake: 2,
        winners: vec![1, 3],
    };
    let lots = [lot];
    let allocation = allocate(&contest, &rules, &lots).unwrap();
    assert_eq!(allocation.seats(), [8, 2, 1, 2, 1, 1]);
    assert_eq!(allocation.void_lots, []);
    assert_eq!(verify(&contest, &rules, &lots, &allocation), Ok(()));
    assert!(verify(&contest, &rules, &[], &allocation).is_err());
}
