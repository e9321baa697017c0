//! The house of a frame: who holds its seats, what a majority is, and where seats stand on a half circle.
//!
//! The page and the terminal draw the same house of the same frame: both take it from here.

mod half_circle;

pub use half_circle::{INNER_PARTS, Seat, seats};

use crate::official::is_declared;
use wire::common::v1::{ListSeats, SeatsState};
use wire::feed::v1::FrameContest;

/// Who holds a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The option of this row of the frame.
    Row(usize),
    /// The same by what is counted, where it is not certain yet: said only where any seat is called certain.
    Open(usize),
    /// Options that the frame has no room for.
    Others,
    /// Persons without a list.
    Person,
    /// One of several lists that tie.
    Tied,
    /// Nobody, by the rules.
    Unassigned,
    /// Not shown, by our own check.
    Withheld,
    /// Nobody yet: nothing is counted, or it hangs on what is still to come.
    NotYet,
}

/// A holder and its seats, from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Who.
    pub holder: Holder,
    /// How many; never 0.
    pub seats: u32,
}

/// Who holds the seats of a contest, by the declaration where all of it is declared, else by our count: options in the order
/// of the ballot, then persons, what ties, what nobody gets, and what is not known. Together they are always the seats of the
/// contest.
pub fn runs(contest: &FrameContest) -> Vec<Run> {
    let state = contest.state();
    let is_known = match state {
        SeatsState::Provisional | SeatsState::Tied | SeatsState::Unassigned => true,
        SeatsState::Unspecified
        | SeatsState::NoneYet
        | SeatsState::Withheld
        | SeatsState::Unknown => false,
    };
    let mut runs = Vec::new();
    let mut left = contest.seats;
    let mut put = |holder: Holder, seats: u32| {
        let seats = seats.min(left);
        left -= seats;
        if seats > 0 {
            runs.push(Run { holder, seats });
        }
    };
    if is_declared(contest) {
        // The official seats. Those of no list here are of options without room, of persons, or of nobody.
        for (place, row) in contest.rows.iter().enumerate() {
            let declared = row.seats.as_ref().and_then(|seats| seats.seats_declared);
            put(Holder::Row(place), declared.unwrap_or(0));
        }
        if contest.rows_left_out > 0 {
            put(Holder::Others, u32::MAX);
        }
        put(Holder::Person, contest.seats_outside);
        put(Holder::Unassigned, u32::MAX);
        return runs;
    }
    for (place, row) in contest.rows.iter().enumerate() {
        let held = held(row.seats.as_ref());
        let open = held - certain(row.seats.as_ref()).unwrap_or(held).min(held);
        put(Holder::Row(place), held - open);
        put(Holder::Open(place), open);
    }
    // Of seats that are not shown, neither is who may get them.
    if is_known {
        put(Holder::Others, contest.row_seats_left_out);
        put(Holder::Person, contest.seats_outside);
        // Those too that the frame had no room for.
        let at_stake: u32 = contest.ties.iter().map(|tie| tie.seats_at_stake).sum();
        put(Holder::Tied, at_stake + contest.tie_seats_left_out);
        put(Holder::Unassigned, contest.seats_unassigned);
    }
    put(
        match state {
            SeatsState::Withheld => Holder::Withheld,
            SeatsState::Unassigned => Holder::Unassigned,
            SeatsState::Unspecified
            | SeatsState::NoneYet
            | SeatsState::Provisional
            | SeatsState::Tied
            | SeatsState::Unknown => Holder::NotYet,
        },
        u32::MAX,
    );
    runs
}

fn held(seats: Option<&ListSeats>) -> u32 {
    seats.and_then(|seats| seats.seats).unwrap_or(0)
}

/// Seats that are certain; `None`: nothing is claimed.
fn certain(seats: Option<&ListSeats>) -> Option<u32> {
    seats?.bounds.as_ref()?.seats_fewest
}

/// What is needed to have more than half of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Majority {
    /// Seats of the whole house.
    pub house: u32,
    /// Seats that are more than half of it.
    pub seats: u32,
    /// The contest gives all of them; otherwise no line through its seats is that of the house.
    pub is_whole: bool,
}

/// The majority of a house of so many seats by the rules, in which a contest gives some. A house that has grown beyond its
/// rules is as large as what was given.
pub fn majority(house_size: u32, contest: &FrameContest) -> Majority {
    let house = house_size.max(contest.seats);
    Majority {
        house,
        seats: house / 2 + 1,
        is_whole: house == contest.seats,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::common::v1::SeatBounds;
    use wire::feed::v1::{FrameRow, FrameTie};

    fn contest(state: SeatsState, seats: &[u32]) -> FrameContest {
        let row = |seats: &u32| FrameRow {
            seats: Some(ListSeats {
                seats: Some(*seats),
                ..ListSeats::default()
            }),
            ..FrameRow::default()
        };
        FrameContest {
            state: state.into(),
            seats: 20,
            rows: seats.iter().map(row).collect(),
            ..FrameContest::default()
        }
    }

    fn told(contest: &FrameContest) -> Vec<(Holder, u32)> {
        let runs: Vec<_> = runs(contest)
            .iter()
            .map(|run| (run.holder, run.seats))
            .collect();
        let all: u32 = runs.iter().map(|run| run.1).sum();
        assert_eq!(all, contest.seats, "{runs:?}");
        runs
    }

    #[test]
    fn every_seat_is_somebody_s_or_said_to_be_nobody_s() {
        let mut contest = contest(SeatsState::Tied, &[7, 0, 4]);
        contest.ties = vec![FrameTie {
            seats_at_stake: 2,
            ..FrameTie::default()
        }];
        (contest.seats_outside, contest.seats_pending) = (1, 3);
        (contest.seats_unassigned, contest.row_seats_left_out) = (1, 3);
        let wanted = [
            (Holder::Row(0), 7),
            (Holder::Row(2), 4),
            (Holder::Others, 3),
            (Holder::Person, 1),
            (Holder::Tied, 2),
            (Holder::Unassigned, 1),
            (Holder::NotYet, 2),
        ];
        // One is pending beyond the tie, and one more is in no number: both are still to come.
        assert_eq!(told(&contest), wanted);
        // Seats of ties that had no room are tied as well.
        contest.tie_seats_left_out = 2;
        assert_eq!(
            told(&contest)[4..],
            [(Holder::Tied, 4), (Holder::Unassigned, 1)]
        );
    }

    #[test]
    fn seats_that_are_not_certain_are_told_apart() {
        let mut contest = contest(SeatsState::Provisional, &[7, 4, 9]);
        let mut claim = |row: usize, fewest| {
            let seats = contest.rows[row].seats.as_mut();
            seats.unwrap().bounds = Some(SeatBounds {
                seats_fewest: Some(fewest),
                seats_most: Some(12),
                ..SeatBounds::default()
            });
        };
        // Of a list with fewer seats than are certain (a tie may give it one more) none is open.
        [5, 6, 0]
            .into_iter()
            .enumerate()
            .for_each(|(row, fewest)| claim(row, fewest));
        let wanted = [
            (Holder::Row(0), 5),
            (Holder::Open(0), 2),
            (Holder::Row(1), 4),
            (Holder::Open(2), 9),
        ];
        assert_eq!(told(&contest), wanted);
    }

    #[test]
    fn what_is_declared_is_the_house_and_ours_is_not() {
        let mut contest = contest(SeatsState::Withheld, &[12, 8]);
        let declare = |contest: &mut FrameContest, row: usize, seats| {
            let list = contest.rows[row].seats.as_mut().unwrap();
            list.seats_declared = Some(seats);
        };
        declare(&mut contest, 0, 11);
        // A part of it is no declaration of the house.
        assert!(told(&contest).contains(&(Holder::Row(0), 12)));
        declare(&mut contest, 1, 8);
        let wanted = [
            (Holder::Row(0), 11),
            (Holder::Row(1), 8),
            (Holder::Unassigned, 1),
        ];
        assert_eq!(told(&contest), wanted);
        contest.rows_left_out = 3;
        assert_eq!(told(&contest)[2], (Holder::Others, 1));
    }

    #[test]
    fn what_is_not_known_is_no_seat_of_anybody() {
        for (state, holder) in [
            (SeatsState::NoneYet, Holder::NotYet),
            (SeatsState::Unknown, Holder::NotYet),
            (SeatsState::Withheld, Holder::Withheld),
        ] {
            let mut contest = contest(state, &[]);
            (contest.seats_unassigned, contest.seats_outside) = (20, 3);
            assert_eq!(told(&contest), [(holder, 20)]);
        }
        let nobody = contest(SeatsState::Unassigned, &[0]);
        assert_eq!(told(&nobody), [(Holder::Unassigned, 20)]);
        // Numbers that do not fit are cut, not drawn beyond the house.
        assert_eq!(
            told(&contest(SeatsState::Provisional, &[15, 9])),
            [(Holder::Row(0), 15), (Holder::Row(1), 5)]
        );
    }

    #[test]
    fn a_majority_is_one_of_the_house() {
        let contest = contest(SeatsState::Provisional, &[]);
        let of = |house_size| {
            let majority = majority(house_size, &contest);
            (majority.house, majority.seats, majority.is_whole)
        };
        assert_eq!(of(20), (20, 11, true));
        assert_eq!(of(41), (41, 21, false), "a part of the house has no line");
        assert_eq!(of(19), (20, 11, true), "it has grown by one");
    }
}
