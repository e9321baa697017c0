//! Steps that a clerk can follow with a pocket calculator.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

fn steps(contest: &Contest, rules: &Rules) -> Vec<StageSteps> {
    explain(&allocate(contest, rules, &[]).unwrap())
}

#[test]
fn almaty_2021_whole_quotas_and_one_remainder() {
    let contest = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
    let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
    let [stage] = <[StageSteps; 1]>::try_from(steps(&contest, &rules)).unwrap();
    assert_eq!(stage.quota, Ratio::new(298_349, 39));
    let rows: Vec<(usize, u32)> = stage.rows.iter().map(|row| (row.list, row.seats)).collect();
    assert_eq!(rows, [(0, 28), (1, 4), (2, 3), (3, 3)]);
    assert_eq!(stage.rows[0].quotient, Ratio::new(218_003 * 39, 298_349));
    // Remainders in 39ths of a vote: 218,003 * 39 - 28 * 298,349 and 32,367 * 39 - 4 * 298,349.
    let (first, second) = (
        Ratio::new(148_345, 39).unwrap(),
        Ratio::new(68_917, 39).unwrap(),
    );
    assert_eq!(stage.rows[0].next_key, Some(Key::Fraction(first)));
    let step = Step {
        seat: 39,
        kind: StepKind::Granted,
        list: 0,
        seats_before: 28,
        key: Key::Fraction(first),
        next_in_line: Some(Award {
            list: 1,
            seat: 5,
            key: Key::Fraction(second),
        }),
    };
    assert!(stage.steps.iter().eq([step]));
    assert_eq!(stage.standing_before(0), [28, 4, 3, 3]);
    assert_eq!(stage.standing_before(1), [29, 4, 3, 3]);
}

#[test]
fn highest_averages_seat_by_seat() {
    let contest = Contest::with_votes(4, &[100, 60, 30]);
    let [stage] =
        <[StageSteps; 1]>::try_from(steps(&contest, &Rules::of(Method::D_HONDT))).unwrap();
    let order: Vec<(u32, usize, String)> = stage
        .steps
        .iter()
        .map(|step| (step.seat, step.list, step.key.to_string()))
        .collect();
    let expected = [(1, 0, "100"), (2, 1, "60"), (3, 0, "50"), (4, 0, "100/3")];
    assert_eq!(
        order,
        expected.map(|(seat, list, key)| (seat, list, key.to_string()))
    );
    assert_eq!(
        stage
            .steps
            .get(3)
            .unwrap()
            .next_in_line
            .map(|next| next.list),
        Some(1)
    );
    assert!(
        stage
            .rows
            .iter()
            .all(|row| row.seats == 0 && row.quotient.is_none())
    );
}

/// Imperiali's small quota can be won more often than there are seats: the smallest remainder gives one back.
#[test]
fn too_many_whole_quotas() {
    let contest = Contest::with_votes(3, &[60, 25, 15]);
    // Quota 20: the keys 60, 40, 25 and 20 reach it, one more than there are seats; the smallest gives its seat back.
    let [stage] =
        <[StageSteps; 1]>::try_from(steps(&contest, &Rules::of(Method::IMPERIALI))).unwrap();
    assert_eq!(stage.standing_before(0), [3, 1, 0]);
    let [step] = <[Step; 1]>::try_from(stage.steps.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(
        (step.kind, step.seat, step.list, step.seats_before),
        (StepKind::Withdrawn, 4, 0, 3)
    );
    assert_eq!(
        (
            step.key.to_string(),
            step.next_in_line.map(|next| next.list)
        ),
        ("20".to_owned(), Some(1))
    );
    assert_eq!(stage.standing_before(1), [2, 1, 0]);
}

#[test]
fn a_huge_house_is_summed_up_before_its_last_thousand_seats() {
    let contest = Contest::with_votes(100_000, &[5_000_017, 3_000_011, 1_999_993]);
    let allocation = allocate(&contest, &Rules::of(Method::SAINTE_LAGUE), &[]).unwrap();
    let stage = &explain(&allocation)[0];
    assert_eq!(stage.steps.len(), 1_000);
    assert_eq!(stage.standing_before(0).iter().sum::<u32>(), 99_000);
    assert_eq!(stage.standing_before(1_000), allocation.seats());
    assert_eq!(stage.steps.get(999).unwrap().seat, 100_000);
    let last = allocation.stages[0].last_seat.unwrap();
    assert_eq!(
        {
            let step = stage.steps.get(999).unwrap();
            (step.list, step.key)
        },
        (last.list, last.key)
    );
}
