//! What is official of a contest's seats, in the words of every form: page, documents and terminal.

use wire::common::v1::{ListSeats, SeatsState, Stage};
use wire::feed::v1::{FrameContest, FrameDistrict};

/// The stage by which a contest's seats are called. The stage is the election's: one district that is declared makes all of it
/// declared. So seats are called declared or certified where all of the contest is declared, with the seats that are counted
/// here; anything else is provisional as before.
#[must_use]
pub fn stage_of_seats(contest: &FrameContest, stage: Stage) -> Stage {
    let is_whole = contest.districts_with_seats > 0
        && contest.districts_declared >= contest.districts_with_seats;
    match stage {
        Stage::Declared | Stage::Certified if !is_whole || contest.declaration_differs => {
            Stage::CompleteUnofficial
        }
        stage => stage,
    }
}

/// Whether all seats of a contest are declared: then the declared ones are the official ones, and are shown as the house, even
/// where ours differ.
#[must_use]
pub fn is_declared(contest: &FrameContest) -> bool {
    let mut seats = contest.rows.iter().filter_map(|row| row.seats.as_ref());
    let first = seats.next();
    first.is_some_and(|first| {
        first.seats_declared.is_some() && seats.all(|it| it.seats_declared.is_some())
    })
}

/// Whether the declared seats of a list are others than ours: outside what an open tie leaves to it. `false` where one of them
/// is not known.
#[must_use]
pub fn list_differs(seats: &ListSeats) -> bool {
    let (Some(declared), Some(fewest)) = (seats.seats_declared, seats.seats) else {
        return false;
    };
    !(fewest..=seats.seats_most.unwrap_or(fewest)).contains(&declared)
}

/// Whether the declared seats of a district are others than ours. `false` where one of them is not known, or ours wait for a
/// lot.
#[must_use]
pub fn district_differs(contest: &FrameContest, district: &FrameDistrict) -> bool {
    let is_known = district.state() == SeatsState::Provisional && !contest.district_rows_left_out;
    let sorted = |rows: &[u32], seats: &[u32]| {
        let mut rows: Vec<_> = rows.iter().copied().zip(seats.iter().copied()).collect();
        rows.sort_unstable();
        rows
    };
    district.is_declared
        && is_known
        && sorted(&district.row_indexes, &district.row_seats)
            != sorted(&district.declared_row_indexes, &district.declared_row_seats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contest_is_official_when_all_of_it_is_declared_as_it_is_counted() {
        let part = FrameContest {
            districts_with_seats: 2,
            districts_declared: 1,
            ..FrameContest::default()
        };
        let whole = FrameContest {
            districts_declared: 2,
            ..part.clone()
        };
        let other = FrameContest {
            declaration_differs: true,
            ..whole.clone()
        };
        for stage in [Stage::Declared, Stage::Certified] {
            assert_eq!(stage_of_seats(&whole, stage), stage);
            for contest in [&part, &other, &FrameContest::default()] {
                assert_eq!(stage_of_seats(contest, stage), Stage::CompleteUnofficial);
            }
        }
        let before = Stage::PartialUnofficial;
        assert_eq!(stage_of_seats(&whole, before), before);
    }

    #[test]
    fn declared_seats_within_a_tie_are_no_others() {
        let seats = |declared| ListSeats {
            seats: Some(3),
            seats_most: Some(4),
            seats_declared: declared,
            ..ListSeats::default()
        };
        assert!(
            [None, Some(3), Some(4)]
                .into_iter()
                .all(|it| !list_differs(&seats(it)))
        );
        assert!([2, 5].into_iter().all(|it| list_differs(&seats(Some(it)))));
        let unknown = ListSeats {
            seats: None,
            ..seats(Some(3))
        };
        assert!(!list_differs(&unknown));
    }
}
