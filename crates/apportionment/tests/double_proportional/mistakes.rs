//! Each kind of mistake is refused by its name.

use super::laws::{agree, contest};
use super::*;

#[test]
fn each_kind_of_mistake_has_its_name() {
    let contest = contest(vec![
        (15, vec![11_471, 11_908, 9_213, 7_756]),
        (7, vec![2_822, 1_606, 1_567, 2_945]),
        (6, vec![2_309, 1_705, 946, 1_573]),
        (9, vec![4_794, 2_600, 2_961, 3_498]),
    ]);
    let rules = DoubleProportional {
        quorum: Quorum {
            one_district: Some(Threshold::of_list_votes(5, 100)),
            overall: None,
        },
        ..DoubleProportional::default()
    };
    let right = agree(&contest, &rules, &[]).unwrap();
    let refusals = |spoil: &dyn Fn(&mut DoubleAllocation)| -> Vec<&'static str> {
        let mut wrong = right.clone();
        spoil(&mut wrong);
        let refusals = verify(&contest, &rules, &[], &[], &wrong).unwrap_err();
        assert!(
            refusals
                .iter()
                .all(|refusal| !refusal.to_string().is_empty())
        );
        let mut codes: Vec<_> = refusals.iter().map(DoubleRefusal::code).collect();
        codes.dedup();
        codes
    };
    let lower = |wrong: &mut DoubleAllocation| wrong.lower.take().unwrap();
    assert_eq!(refusals(&|wrong| drop(lower(wrong))), ["LOWER_PRESENCE"]);
    assert_eq!(
        refusals(&|wrong| {
            wrong.quorum.pop();
        }),
        ["SHAPE"]
    );
    assert_eq!(
        refusals(&|wrong| wrong.quorum[1] = false),
        ["QUORUM", "VOTERS_NUMBER"]
    );
    assert_eq!(
        refusals(&|wrong| wrong.voters_numbers[0] += 1)[0],
        "VOTERS_NUMBER"
    );
    assert_eq!(
        refusals(&|wrong| wrong.void_lots.push(VoidLot {
            lot: 0,
            reason: VoidReason::NoSuchTie
        })),
        ["VOID_LOTS"]
    );
    assert_eq!(
        refusals(&|wrong| {
            let lower = wrong.lower.as_mut().unwrap();
            lower.seats[0][0] += 1;
        }),
        ["DISTRICT_SUM", "LIST_SUM", "CELL"]
    );
    assert_eq!(
        refusals(&|wrong| {
            wrong.upper.lists[0].seats += 1;
            wrong.upper.lists[1].seats -= 1;
        })[0],
        "UPPER"
    );
    assert_eq!(
        refusals(&|wrong| wrong.lower.as_mut().unwrap().list_divisors[2] = None),
        ["CELL", "LIST_DIVISOR"]
    );
    assert_eq!(
        refusals(&|wrong| {
            let lower = wrong.lower.as_mut().unwrap();
            let cells = vec![
                Cell {
                    district: 0,
                    list: 0,
                },
                Cell {
                    district: 0,
                    list: 1,
                },
            ];
            lower.ties.push(CellTie {
                cells,
                district_seats: vec![(0, 1)],
                list_seats: vec![(0, 1)],
                winners: None,
            });
        }),
        ["DISTRICT_SUM", "LIST_SUM", "CELL", "NO_TIE"]
    );
}
