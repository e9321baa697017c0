//! Real nights and worked edges, small enough to stand here: the same ground as the case files, always at hand.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

fn seats(contest: &Contest, rules: &Rules) -> Vec<u32> {
    let allocation = allocate(contest, rules, &[]).unwrap();
    assert_eq!(verify(contest, rules, &[], &allocation), Ok(()));
    assert_eq!(
        allocation.pending,
        0,
        "{:?}",
        allocation.open_ties().collect::<Vec<_>>()
    );
    let mut workspace = Workspace::default();
    assert_eq!(
        workspace.seats(contest, rules, &[]).unwrap().seats,
        allocation.seats()
    );
    allocation.seats()
}

fn percent(numerator: u32, base: ThresholdBase) -> Threshold {
    Threshold {
        base,
        ..Threshold::of_list_votes(numerator, 100)
    }
}

const ALMATY_2021: [u64; 5] = [218_003, 32_367, 24_591, 23_388, 21_733];

#[test]
fn almaty_2021() {
    let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
    let contest = Contest::with_votes(39, &ALMATY_2021);
    assert_eq!(seats(&contest, &rules), [29, 4, 3, 3, 0]);
    let allocation = allocate(&contest, &rules, &[]).unwrap();
    let stage = &allocation.stages[0];
    assert_eq!(stage.quota, Ratio::new(298_349, 39));
    // The border: Nur Otan's 29th seat is the last, Aq Jol's fifth would be next, 2,036.6 votes behind.
    let (last, next) = (stage.last_seat.unwrap(), stage.next_in_line.unwrap());
    assert_eq!((last.list, last.seat), (0, 29));
    assert_eq!((next.list, next.seat), (1, 5));
    assert!(stage.certificate().strict);
    assert_eq!(allocation.silences, []);
}

#[test]
fn almaty_2021_among_ballots_as_the_letter_of_the_law_says() {
    let mut contest = Contest::with_votes(39, &ALMATY_2021);
    let rules = Rules::of(Method::HARE).with_threshold(percent(7, ThresholdBase::BallotsInBox));
    assert_eq!(
        allocate(&contest, &rules, &[]),
        Err(ContestError::BaseMissing {
            base: ThresholdBase::BallotsInBox
        })
    );
    // The fourth list passes while the base is at most 334,114; above it the seats are 31/5/3.
    contest.base.ballots_in_box = Some(334_114);
    assert_eq!(seats(&contest, &rules), [29, 4, 3, 3, 0]);
    contest.base.ballots_in_box = Some(334_115);
    assert_eq!(seats(&contest, &rules), [31, 5, 3, 0, 0]);
}
