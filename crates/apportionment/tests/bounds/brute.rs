//! The oracle: every completion is allocated, and every lot may fall either way.

use apportionment::bounds::{Outstanding, SeatBounds};
use apportionment::*;

/// The fewest and the most seats over all completions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    pub fewest: Vec<u32>,
    pub most: Vec<u32>,
}

/// Every completion: a number of ballots for each list, and how many more are in the base without being for a list.
pub fn completions(contest: &Contest, outstanding: Outstanding, visit: &mut impl FnMut(&Contest)) {
    let mut contest = contest.clone();
    let left = (outstanding.ballots, 0);
    give(&mut contest, outstanding.in_base, 0, left, visit);
}

fn give(
    contest: &mut Contest,
    in_base: bool,
    list: usize,
    (left, given): (u64, u64),
    visit: &mut impl FnMut(&Contest),
) {
    if list < contest.lists.len() {
        for votes in 0..=left {
            contest.lists[list].votes += votes;
            give(
                contest,
                in_base,
                list + 1,
                (left - votes, given + votes),
                visit,
            );
            contest.lists[list].votes -= votes;
        }
        return;
    }
    let base = contest.base;
    let counted = base.ballots_in_box;
    match counted.filter(|_| !in_base) {
        Some(counted) => {
            for beside in 0..=left {
                contest.base.ballots_in_box = Some(counted + given + beside);
                visit(contest);
            }
        }
        None => visit(contest),
    }
    contest.base = base;
}

/// What really can happen.
pub fn truth(contest: &Contest, rules: &Rules, outstanding: Outstanding) -> Truth {
    let lists = contest.lists.len();
    let mut truth = Truth {
        fewest: vec![u32::MAX; lists],
        most: vec![0; lists],
    };
    let mut workspace = Workspace::default();
    completions(contest, outstanding, &mut |contest| {
        let found = workspace.seats(contest, rules, &[]).unwrap();
        let (fewest, most) = if found.outcome == Outcome::Tied && !is_one_stage(rules) {
            let mut ends = (vec![u32::MAX; lists], vec![0; lists]);
            let drawn = Rules {
                ties: [&rules.ties[..], &[TieBreak::Lot]].concat(),
                ..rules.clone()
            };
            outcomes(contest, &drawn, &[], &mut |seats| {
                for (place, &seats) in seats.iter().enumerate() {
                    ends.0[place] = seats.min(ends.0[place]);
                    ends.1[place] = seats.max(ends.1[place]);
                }
            });
            ends
        } else {
            let tied = found.seats.iter().zip(found.tied);
            let most = tied.map(|(seats, tied)| seats + u32::from(*tied)).collect();
            (found.seats.to_vec(), most)
        };
        for list in 0..lists {
            truth.fewest[list] = truth.fewest[list].min(fewest[list]);
            truth.most[list] = truth.most[list].max(most[list]);
        }
    });
    truth
}

/// Seats in every outcome of every open tie, each drawn by lot.
fn outcomes(contest: &Contest, rules: &Rules, lots: &[Lot], visit: &mut impl FnMut(&[u32])) {
    let allocation = allocate(contest, rules, lots).unwrap();
    let Some(tie) = allocation.open_ties().next() else {
        visit(&allocation.seats());
        return;
    };
    let seats = usize::try_from(tie.open_seats).unwrap();
    for set in 0..1_u32 << tie.open.len() {
        let winners = tie.open.iter().enumerate();
        let winners = winners.filter(|(place, _)| set & (1 << place) != 0);
        let winners: Vec<usize> = winners.map(|(_, list)| *list).collect();
        if winners.len() == seats {
            let lot = Lot {
                stage: tie.at,
                lists: tie.open.clone(),
                seats_at_stake: tie.open_seats,
                winners,
            };
            outcomes(contest, rules, &[lots, &[lot]].concat(), visit);
        }
    }
}

fn is_one_stage(rules: &Rules) -> bool {
    rules.rescue.is_none() && rules.apparentment.is_none() && rules.majority.is_none()
}

/// How many bounds are exact, and by how many seats the others are loose; an error where one is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Score {
    pub exact: u32,
    pub safe: u32,
    pub loose: u32,
}

impl Score {
    pub fn add(&mut self, other: Self) {
        self.exact += other.exact;
        self.safe += other.safe;
        self.loose += other.loose;
    }
}

/// Holds an answer against the truth.
pub fn score(answer: &SeatBounds, truth: &Truth) -> Result<Score, String> {
    let mut score = Score::default();
    for (place, list) in answer.lists.iter().enumerate() {
        let (fewest, most) = (truth.fewest[place], truth.most[place]);
        if list.fewest > fewest || list.most < most {
            return Err(format!(
                "list {place} ends with {fewest} to {most}, and {} to {} was said",
                list.fewest, list.most
            ));
        }
        for (said, truth, proof) in [
            (list.fewest, fewest, list.fewest_proof),
            (list.most, most, list.most_proof),
        ] {
            if !proof.is_exact() {
                score.safe += 1;
                score.loose += said.abs_diff(truth);
            } else if said == truth {
                score.exact += 1;
            } else {
                return Err(format!(
                    "list {place}: {said} was called exact, and {truth} is"
                ));
            }
        }
    }
    Ok(score)
}

#[test]
fn the_oracle_sees_a_bound_that_is_wrong() {
    let contest = Contest::with_votes(4, &[6, 91, 8, 7, 4]);
    let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
    let outstanding = Outstanding::ballots(4);
    let truth = truth(&contest, &rules, outstanding);
    assert_eq!(
        (truth.fewest.clone(), truth.most.clone()),
        (vec![0, 3, 0, 0, 0], vec![0, 4, 1, 1, 0])
    );
    let answer = bounds::bound_seats(&contest, &rules, outstanding).unwrap();
    assert!(score(&answer, &truth).is_ok());
    for list in 0..5 {
        let mut wrong = answer.clone();
        wrong.lists[list].fewest += 1;
        assert!(
            score(&wrong, &truth).is_err(),
            "one seat too many for {list}"
        );
        let mut loose = answer.clone();
        loose.lists[list].most += 1;
        assert!(score(&loose, &truth).is_err(), "called exact for {list}");
        loose.lists[list].most_proof = bounds::Proof::Safe(bounds::Reason::TooLong);
        assert_eq!(score(&loose, &truth).unwrap().loose, 1);
    }
}
