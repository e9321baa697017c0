//! What must hold of seats in tiers, whatever the votes: allocator and verifier agree, order means nothing, lots settle the
//! ties they were drawn for, and a forged result is refused.

use proptest::prelude::*;

use super::any::{any_contest, any_rules, fit};
use super::*;

fn inside(stage: usize, part: usize, allocation: &Allocation) -> Vec<TierLot> {
    let lot = |tie: &Tie| TierLot {
        stage,
        part,
        lot: Lot {
            stage: tie.at,
            lists: tie.open.clone(),
            seats_at_stake: tie.open_seats,
            winners: tie
                .open
                .iter()
                .copied()
                .take(usize::try_from(tie.open_seats).unwrap())
                .collect(),
        },
    };
    // Which ties are behind an open bonus hangs on who gets it.
    let bonus = allocation
        .open_ties()
        .filter(|tie| tie.at == StageAt::Bonus);
    let bonus: Vec<TierLot> = bonus.map(lot).collect();
    if bonus.is_empty() {
        allocation.open_ties().map(lot).collect()
    } else {
        bonus
    }
}

/// A lot for each open tie, and for first places.
fn draw(contest: &mut TierContest, lots: &mut TierLots, allocation: &TierAllocation) {
    // First places come first: what they decide can make other ties vanish.
    let mut undecided = contest
        .constituencies
        .iter_mut()
        .filter(|constituency| constituency.drawn.is_none() && constituency.leading().len() > 1);
    if let Some(constituency) = undecided.next() {
        constituency.drawn = constituency
            .leading()
            .first()
            .copied()
            .map(FirstPlace::List);
        return;
    }
    let place = |stage: usize, tie: &Option<PlaceTie>| {
        tie.as_ref().map(|tie| PlaceLot {
            stage,
            tied: tie.tied.clone(),
            winner: *tie.tied.last().unwrap(),
        })
    };
    for (stage, result) in allocation.stages.iter().enumerate() {
        match result {
            TierStageResult::Districts(results) => {
                let drawn = results
                    .iter()
                    .enumerate()
                    .flat_map(|(part, result)| inside(stage, part, &result.allocation));
                lots.inside.extend(drawn);
            }
            TierStageResult::Whole(result) => {
                let drawn = result
                    .rounds
                    .iter()
                    .enumerate()
                    .flat_map(|(part, round)| inside(stage, part, &round.allocation));
                lots.inside.extend(drawn);
            }
            TierStageResult::SeatsOfDistricts(allocation) => {
                lots.inside.extend(inside(stage, 0, allocation));
            }
            TierStageResult::Quotas(results) => {
                let drawn = results.iter().enumerate();
                let drawn =
                    drawn.filter_map(|(part, result)| Some((part, result.allocation.as_ref()?)));
                lots.inside
                    .extend(drawn.flat_map(|(part, result)| inside(stage, part, result)));
            }
            TierStageResult::Remainders(result) => {
                let drawn = result.allocation.iter();
                lots.inside
                    .extend(drawn.flat_map(|result| inside(stage, 0, result)));
            }
            TierStageResult::Constituencies(_)
            | TierStageResult::Persons(_)
            | TierStageResult::Above(_)
            | TierStageResult::Bonus
            | TierStageResult::Majority(_) => {}
            TierStageResult::Shares(results) => {
                let drawn = results.iter().enumerate();
                let drawn = drawn.filter_map(|(part, result)| Some((part, result.as_ref()?)));
                lots.inside
                    .extend(drawn.flat_map(|(part, result)| inside(stage, part, result)));
            }
            TierStageResult::Return(result) => lots.places.extend(place(stage, &result.tie)),
            TierStageResult::Place(result) | TierStageResult::Regions(result) => {
                lots.places.extend(place(stage, &result.tie));
            }
            TierStageResult::Inside(results) => {
                lots.places.extend(
                    results
                        .iter()
                        .filter_map(|result| place(stage, &result.tie)),
                );
            }
            TierStageResult::Cover(result) => {
                lots.places.extend(
                    result
                        .lines
                        .iter()
                        .filter_map(|line| place(stage, &line.tie)),
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn allocator_and_verifier_agree_until_every_lot_is_drawn(contest in any_contest(), rules in any_rules()) {
        let mut contest = fit(contest, &rules);
        let mut lots = TierLots::default();
        let mut allocation = agree(&contest, &rules, &lots);
        for _ in 0..60 {
            if allocation.outcome != Outcome::Tied {
                break;
            }
            draw(&mut contest, &mut lots, &allocation);
            allocation = agree(&contest, &rules, &lots);
        }
        prop_assert_ne!(allocation.outcome, Outcome::Tied);
        prop_assert!(allocation.void_lots.is_empty() && allocation.void_place_lots.is_empty());
        // Lots that no tie asks for are void, and a result that says otherwise is refused.
        let mut more = lots.clone();
        more.inside.extend(lots.inside.first().cloned());
        more.places.extend(lots.places.first().cloned());
        let stage = rules.stages.len();
        let lot = Lot { stage: StageAt::Chain(0), lists: vec![0, 1], seats_at_stake: 1, winners: vec![0] };
        more.inside.push(TierLot { stage, part: 0, lot });
        let place = |list| Place { district: 0, list, constituency: None };
        more.places.push(PlaceLot { stage, tied: vec![place(0), place(1)], winner: place(0) });
        let right = agree(&contest, &rules, &more);
        prop_assert_eq!(&right.seats, &allocation.seats);
        let all = |number: usize, more: usize| (number..more).collect::<Vec<usize>>();
        prop_assert_eq!(&right.void_lots, &all(lots.inside.len(), more.inside.len()));
        prop_assert_eq!(&right.void_place_lots, &all(lots.places.len(), more.places.len()));
        let forged: [fn(&mut TierAllocation); 6] = [
            |wrong| wrong.void_lots.clear(),
            |wrong| wrong.void_place_lots.clear(),
            |wrong| wrong.void_lots.reverse(),
            |wrong| wrong.void_place_lots.insert(0, 0),
            |wrong| wrong.void_lots.insert(0, 0),
            |wrong| drop(std::mem::take(&mut wrong.void_place_lots).split_off(1)),
        ];
        for forge in forged {
            let mut wrong = right.clone();
            forge(&mut wrong);
            prop_assert!(wrong == right || verify(&contest, &rules, &more, &wrong).is_err());
        }
    }

    /// Votes times a number give the same seats, where no quota is rounded to whole votes.
    #[test]
    fn scale_means_nothing(contest in any_contest(), rules in any_rules(), factor in 2u64..1_000) {
        let rounds = |stage: &TierStage| matches!(
            stage,
            TierStage::Quotas(_) | TierStage::Remainders { .. } | TierStage::SeatsOfDistricts { .. }
        );
        prop_assume!(!rules.stages.iter().any(rounds));
        let contest = fit(contest, &rules);
        let plain = agree(&contest, &rules, &TierLots::default());
        let mut scaled = contest;
        for district in &mut scaled.districted.districts {
            district.votes.iter_mut().for_each(|votes| *votes *= factor);
        }
        for constituency in &mut scaled.constituencies {
            constituency.votes.iter_mut().for_each(|votes| *votes *= factor);
            constituency.other_votes *= factor;
            constituency.other_most *= factor;
        }
        for person in &mut scaled.persons {
            person.votes *= factor;
        }
        let scaled = agree(&scaled, &rules, &TierLots::default());
        prop_assert_eq!(&scaled.seats, &plain.seats);
        prop_assert_eq!((&scaled.region_seats, &scaled.house_seats), (&plain.region_seats, &plain.house_seats));
        prop_assert_eq!((scaled.outcome, scaled.pending, scaled.unassigned), (plain.outcome, plain.pending, plain.unassigned));
    }

    #[test]
    fn order_means_nothing(contest in any_contest(), rules in any_rules(), by in 0usize..5) {
        let contest = fit(contest, &rules);
        let plain = agree(&contest, &rules, &TierLots::default());
        let mut turned = contest.clone();
        let (districts, lists) = (contest.districted.districts.len(), contest.districted.lists.len());
        turned.districted.districts.rotate_left(by % districts);
        turned.districted.lists.reverse();
        turned.districted.districts.iter_mut().for_each(|district| district.votes.reverse());
        turned.constituencies.reverse();
        turned.regions.reverse();
        for district in turned.regions.iter_mut().flat_map(|region| &mut region.districts) {
            *district = (*district + districts - by % districts) % districts;
        }
        for constituency in &mut turned.constituencies {
            constituency.district = (constituency.district + districts - by % districts) % districts;
            constituency.votes.reverse();
        }
        for person in &mut turned.persons {
            person.district = (person.district + districts - by % districts) % districts;
            person.list = person.list.map(|list| lists - 1 - list);
        }
        let mut other = agree(&turned, &rules, &TierLots::default());
        other.seats.iter_mut().for_each(|line| line.reverse());
        other.seats.rotate_right(by % districts);
        other.region_seats.iter_mut().for_each(|line| line.reverse());
        other.region_seats.reverse();
        other.house_seats.reverse();
        prop_assert_eq!(&other.seats, &plain.seats);
        prop_assert_eq!((&other.region_seats, &other.house_seats), (&plain.region_seats, &plain.house_seats));
        prop_assert_eq!((other.outcome, other.pending, other.unassigned), (plain.outcome, plain.pending, plain.unassigned));
        prop_assert_eq!(lists, other.list_seats().len());
    }

    /// Whatever is changed in a result is seen: seats, what is due, who takes part, keys, order, ties, sums.
    #[test]
    fn a_forged_result_is_refused(
        contest in any_contest(),
        rules in any_rules(),
        cells in any::<[prop::sample::Index; 3]>(),
        what in 0usize..8,
    ) {
        let contest = fit(contest, &rules);
        let right = agree(&contest, &rules, &TierLots::default());
        let district = cells[0].index(contest.districted.districts.len());
        let lists = [cells[1], cells[2]].map(|index| index.index(contest.districted.lists.len()));
        let mut wrong = right.clone();
        match what {
            0 => wrong.seats[district][lists[0]] += 1,
            1 => if wrong.seats[district][lists[0]] > 0 {
                wrong.seats[district][lists[0]] -= 1;
                wrong.seats[district][lists[1]] += 1;
            },
            2 => wrong.unassigned += 1,
            3 => wrong.outcome = if right.outcome == Outcome::Settled { Outcome::Tied } else { Outcome::Settled },
            4 => { wrong.stages.pop(); }
            _ => for stage in &mut wrong.stages {
                forge(stage, (district, lists), what);
            },
        }
        prop_assert!(wrong == right || verify(&contest, &rules, &TierLots::default(), &wrong).is_err());
    }
}

fn forge(stage: &mut TierStageResult, (district, lists): (usize, [usize; 2]), what: usize) {
    match (stage, what) {
        (TierStageResult::SeatsOfDistricts(allocation), _) => {
            allocation.lists[district].seats += 1;
        }
        (TierStageResult::Constituencies(result), 5) => {
            result.first.iter_mut().for_each(|first| *first = None);
        }
        (TierStageResult::Constituencies(result), _) => result.undecided.push(0),
        (bonus @ TierStageResult::Bonus, _) => *bonus = TierStageResult::Above(Vec::new()),
        (TierStageResult::Majority(result), 5) => result.to = Some(district),
        (TierStageResult::Majority(result), _) => result.seats += 2,
        (TierStageResult::Persons(elected), 5) => {
            elected.pop();
        }
        (TierStageResult::Persons(elected), _) => {
            if let Some(first) = elected.first_mut() {
                first.quota = Ratio::new(1, 7).unwrap();
            }
        }
        (TierStageResult::Quotas(results), 5) => {
            results[0].admitted[lists[0]] = !results[0].admitted[lists[0]];
        }
        (TierStageResult::Quotas(results), 6) => results[0].allocation = None,
        (TierStageResult::Quotas(results), _) => {
            let allocations = results
                .iter_mut()
                .filter_map(|result| result.allocation.as_mut());
            for allocation in allocations {
                allocation.lists[lists[0]].seats += 1;
            }
        }
        (TierStageResult::Remainders(result), 5) => result.votes[lists[0]] += 1,
        (TierStageResult::Remainders(result), 6) => result.allocation = None,
        (TierStageResult::Remainders(result), _) => {
            if let Some(due) = &mut result.due {
                due.swap(lists[0], lists[1]);
            }
        }
        (TierStageResult::Above(seats), _) => seats[lists[0]] += 1,
        (TierStageResult::Districts(results), 5) => {
            let admitted = &mut results[district].admitted[lists[0]];
            *admitted = !*admitted;
        }
        (TierStageResult::Districts(results), _) => {
            results[district].allocation.lists[lists[0]].seats += 1
        }
        (TierStageResult::Whole(result), 5) => {
            result.admitted[lists[0]] = !result.admitted[lists[0]]
        }
        (TierStageResult::Whole(result), _) => {
            if let Some(due) = &mut result.due {
                due.swap(lists[0], lists[1]);
            }
        }
        (TierStageResult::Return(result), 5) => {
            result.returned.pop();
        }
        (TierStageResult::Return(result), 6) => {
            if let Some(first) = result.returned.first_mut() {
                first.from.place.district = district;
            }
        }
        (TierStageResult::Return(result), _) => {
            if let Some(first) = result.returned.first_mut() {
                first.to = None;
            }
        }
        (TierStageResult::Place(result) | TierStageResult::Regions(result), 5) => {
            result.placed.pop();
        }
        (TierStageResult::Place(result), 6) => {
            if let Some(first) = result.placed.first_mut() {
                (first.place.district, first.place.list) = (district, lists[0]);
            }
        }
        (TierStageResult::Place(result) | TierStageResult::Regions(result), _) => {
            result.left_over += 1;
        }
        (TierStageResult::Inside(results), 5) => {
            for result in results {
                result.placed.pop();
            }
        }
        (TierStageResult::Inside(results), 6) => results.swap(0, 1),
        (TierStageResult::Inside(results), _) => results[0].left_over += 1,
        (TierStageResult::Shares(results), _) => {
            results.swap(lists[0], lists[1]);
        }
        (TierStageResult::Cover(result), 5) => {
            if let Some(line) = result.lines.first_mut() {
                line.covered.append(&mut line.uncovered);
            }
        }
        (TierStageResult::Cover(result), 6) => {
            result.lines.pop();
        }
        (TierStageResult::Cover(result), _) => {
            for line in &mut result.lines {
                if let (Some(last), Some(next)) =
                    (line.covered.last_mut(), line.uncovered.first_mut())
                {
                    std::mem::swap(last, next);
                }
            }
        }
    }
}
