//! Stages by highest averages, seat by seat.

use crate::stage::StageView;
use crate::subject::Explainer;
use apportionment::{Award, Divisors, Key};

impl Explainer<'_> {
    /// One line for each seat: who gets it, by which division, and who was next.
    pub fn averages_stage(&mut self, view: &StageView<'_>, divisors: Divisors) {
        self.paragraph("averages.explained", &[]);
        if matches!(
            divisors,
            Divisors::Adams | Divisors::Dean | Divisors::HuntingtonHill
        ) {
            self.paragraph("averages.first_seats", &[]);
        }
        self.start(view);
        let steps = view.steps.steps.iter().map(|step| {
            let award = Award {
                list: step.list,
                seat: step.seats_before + 1,
                key: step.key,
            };
            vec![
                self.messages.numbers.whole(step.seat.into()),
                self.contender(view.result.at, step.list),
                self.key_claim(view, award),
                self.next_in_line(view, step.next_in_line),
            ]
        });
        let rows = steps.collect();
        let header = self.columns(&[
            "columns.seat",
            "columns.list",
            "columns.division",
            "columns.next",
        ]);
        self.document.table(header, 2..4, rows);
    }

    /// The seats with which the lines begin, where they are not all zero.
    fn start(&mut self, view: &StageView<'_>) {
        let rows = &view.steps.rows;
        if rows.iter().all(|row| row.seats == 0) {
            return;
        }
        let before = view
            .result
            .contenders
            .iter()
            .map(|one| u64::from(one.seats_before));
        let at_start = rows.iter().map(|row| u64::from(row.seats));
        if before.sum::<u64>() == at_start.sum::<u64>() {
            self.paragraph("averages.start", &[]);
        } else {
            let seats = u128::try_from(view.steps.steps.len()).unwrap_or(0);
            self.paragraph("averages.summed_up", &[("seats", seats.into())]);
        }
        let points = rows.iter().map(|row| {
            let name = self.contender(view.result.at, row.list);
            format!("{name}: {}", self.messages.numbers.whole(row.seats.into()))
        });
        let points = points.collect();
        self.document.points(points);
    }

    /// 218 003 / 29 = 7 517.344…
    pub fn quotient_claim(&self, divisors: Divisors, votes: u128, seats: u32, key: Key) -> String {
        let numbers = &self.messages.numbers;
        let (next, before) = (u128::from(seats) + 1, u128::from(seats));
        if let Key::First { .. } = key {
            return self.say("averages.first_seat", &[("votes", votes.into())]);
        }
        let shown = numbers.whole(votes);
        let over = |divisor: u128| format!("{shown} / {}", numbers.whole(divisor));
        let division = match divisors {
            Divisors::DHondt => over(next),
            Divisors::SainteLague => over(2 * before + 1),
            Divisors::ModifiedSainteLague { first } if seats == 0 => {
                let divisor = numbers.short(first.numerator.into(), first.denominator.into());
                if divisor.contains('/') {
                    format!("{shown} / ({divisor})")
                } else {
                    format!("{shown} / {divisor}")
                }
            }
            Divisors::ModifiedSainteLague { .. } => over(2 * before + 1),
            Divisors::Danish => over(3 * before + 1),
            Divisors::Imperiali => format!("{shown} / {}", numbers.parts(before + 2, 2)),
            Divisors::Adams => over(before),
            // The harmonic mean of m and m + 1 is 2m(m + 1) / (2m + 1).
            Divisors::Dean => {
                let (odd, seats, next) = (
                    numbers.whole(2 * before + 1),
                    numbers.whole(before),
                    numbers.whole(next),
                );
                format!("{shown} × {odd} / (2 × {seats} × {next})")
            }
            Divisors::HuntingtonHill => {
                let (seats, next) = (numbers.whole(before), numbers.whole(next));
                format!("{shown} / √({seats} × {next})")
            }
            Divisors::Power { exponent } => {
                let (power, degree) = (exponent.numerator, exponent.denominator);
                numbers.root_expression(votes, next, power, degree)
            }
        };
        format!("{division} = {}", numbers.key(key))
    }
}
