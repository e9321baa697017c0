//! Alternating scaling: a start for tie-and-transfer that is nearly always the end already.
//!
//! Districts are apportioned with the lists' multipliers fixed, then lists with the districts' divisors fixed, and so on
//! (Pukelsheim, Proportional Representation, 2nd ed. 2017, ch. 15). It may go round in circles, so it has a limit; and what
//! is carried from one round to the next is rounded, so it only chooses multipliers. Whatever they are, the seats that
//! come out are exact for them: every key is compared in 128 bits.

use super::divisor::Divisor;
use super::table::{Signposts, Solution, Table};
use crate::curve::wide_times;
use crate::whole_number::WholeNumber;

/// Rounds of scaling; elections need about ten.
const ROUNDS_MAX: u32 = 60;
/// Rounds without a better result after which scaling is going round in circles.
const ROUNDS_WITHOUT_GAIN_MAX: u32 = 12;
/// With so many votes that multipliers are worlds apart, seats come to their places more slowly.
const ROUNDS_MAX_WIDE: u32 = 400;
/// Multipliers of 32 bits, which elections need: with 64 of votes and 18 of a signpost every product of keys stays below
/// 2^115.
const MULTIPLIER_MAX: u128 = u32::MAX as u128;
/// Multipliers of 62 bits, for lists that have nearly all their votes in small districts and are due seats in large ones.
const MULTIPLIER_MAX_WIDE: u128 = 1 << 62;

/// Seats with the right sums in every district, right or nearly right sums for lists, and exact divisors for both.
pub(super) fn scale(table: &Table) -> Solution {
    let (mut flaw, mut multipliers) = scale_up_to(table, MULTIPLIER_MAX, ROUNDS_MAX);
    let lines = table.district_seats.len() + table.list_seats.len();
    if usize::try_from(flaw).is_ok_and(|flaw| flaw > lines) {
        // Each seat that is left costs a search in exact fractions.
        let wide = scale_up_to(table, MULTIPLIER_MAX_WIDE, ROUNDS_MAX_WIDE);
        if wide.0 < flaw {
            (flaw, multipliers) = wide;
        }
    }
    let solution = Round::of(table, &multipliers).solution(table, &multipliers);
    debug_assert!(flaw <= table.list_seats.iter().map(|&seats| u64::from(seats)).sum());
    solution
}

/// The best multipliers up to a largest one, and the seats that lists have too many with them.
fn scale_up_to(table: &Table, largest: u128, rounds_max: u32) -> (u64, Vec<u128>) {
    let mut multipliers = vec![largest / 2; table.list_seats.len()];
    let mut round = Round::of(table, &multipliers);
    let mut best = (round.flaw(table), multipliers.clone());
    let mut without_gain = 0;
    for _ in 0..rounds_max {
        if best.0 == 0 || without_gain == ROUNDS_WITHOUT_GAIN_MAX {
            break;
        }
        multipliers = if largest == MULTIPLIER_MAX {
            round.next_multipliers(table)
        } else {
            round.next_wide_multipliers(table, largest)
        };
        round = Round::of(table, &multipliers);
        let flaw = round.flaw(table);
        without_gain += 1;
        if flaw < best.0 {
            best = (flaw, multipliers.clone());
            without_gain = 0;
        }
    }
    best
}

/// A start without any scaling: districts by themselves.
#[cfg(test)]
pub(super) fn unscaled(table: &Table) -> Solution {
    let multipliers = vec![1; table.list_seats.len()];
    Round::of(table, &multipliers).solution(table, &multipliers)
}

/// The districts apportioned with fixed multipliers of lists.
struct Round {
    seats: Vec<Vec<u32>>,
    borders: Vec<Border>,
}

impl Round {
    fn of(table: &Table, multipliers: &[u128]) -> Self {
        let mut borders = Vec::with_capacity(table.votes.len());
        let mut weights = Vec::with_capacity(multipliers.len());
        let seats = table
            .votes
            .iter()
            .zip(&table.district_seats)
            .map(|(votes, &seats)| {
                weights.clear();
                weights.extend(
                    votes
                        .iter()
                        .zip(multipliers)
                        .map(|(&votes, multiplier)| u128::from(votes) * multiplier),
                );
                let (line, border) = apportion_line(&weights, seats, table.signposts);
                borders.push(border);
                line
            });
        let seats = seats.collect();
        Self { seats, borders }
    }

    /// Seats that lists have too many.
    fn flaw(&self, table: &Table) -> u64 {
        let too_many = |(column, &due): (usize, &u32)| {
            let held: u64 = self.seats.iter().map(|line| u64::from(line[column])).sum();
            held.saturating_sub(u64::from(due))
        };
        table.list_seats.iter().enumerate().map(too_many).sum()
    }

    /// Multipliers with which each list would have its seats if districts kept their divisors.
    fn next_multipliers(&self, table: &Table) -> Vec<u128> {
        // A district's divisor is between its border's keys; 2^64 * votes / divisor is about 2^33 times the seats of a cell.
        let divisors: Vec<u128> = self.borders.iter().map(Border::middle).collect();
        let mut weights = Vec::with_capacity(divisors.len());
        let wanted = table.list_seats.iter().enumerate().map(|(column, &seats)| {
            weights.clear();
            weights.extend(
                table
                    .votes
                    .iter()
                    .zip(&divisors)
                    .map(|(votes, divisor)| (u128::from(votes[column]) << 64) / divisor),
            );
            let (_, border) = apportion_line(&weights, seats, table.signposts);
            (1 << 95) / border.middle()
        });
        let wanted: Vec<u128> = wanted.collect();
        let largest = wanted.iter().copied().max().unwrap_or(1).max(1);
        wanted
            .into_iter()
            .map(|wanted| (wanted * MULTIPLIER_MAX / largest).max(1))
            .collect()
    }

    /// The same for multipliers that are worlds apart: each column has a scale of its own, because its votes over the
    /// districts' divisors are near each other or come to no seat.
    fn next_wide_multipliers(&self, table: &Table, largest: u128) -> Vec<u128> {
        let divisors: Vec<Scaled> = self
            .borders
            .iter()
            .map(|border| Scaled::of(border.middle()))
            .collect();
        let wanted = table.list_seats.iter().enumerate().map(|(column, &seats)| {
            let lines = table.votes.iter().zip(&divisors);
            let shares = lines.map(|(votes, divisor)| {
                let votes = votes[column];
                (votes > 0).then(|| Scaled::of(u128::from(votes)).over(*divisor))
            });
            let shares: Vec<Option<Scaled>> = shares.collect();
            let unit = shares.iter().flatten().map(|share| share.exponent).max();
            let unit = unit.unwrap_or(0) - 32;
            let weight = |share: &Option<Scaled>| share.map_or(0, |share| share.in_units_of(unit));
            let weights: Vec<u128> = shares.iter().map(weight).collect();
            let (_, border) = apportion_line(&weights, seats, table.signposts);
            let key = Scaled::of(border.middle());
            Scaled::of(1).over(Scaled {
                exponent: key.exponent + unit,
                ..key
            })
        });
        let wanted: Vec<Scaled> = wanted.collect();
        let top = wanted.iter().copied().max();
        let of_largest = |wanted: &Scaled| {
            let top = top.expect("there is one more than this");
            let share = wanted.digits * (largest / 2) / top.digits;
            let shift = u32::try_from(top.exponent - wanted.exponent).unwrap_or(u32::MAX);
            share.checked_shr(shift).unwrap_or(0).max(1)
        };
        wanted.iter().map(of_largest).collect()
    }

    /// Exact divisors: a district's is the key of its last seat, a list's the reciprocal of its multiplier, so that the
    /// largest list has one.
    fn solution(self, table: &Table, multipliers: &[u128]) -> Solution {
        let largest = (0..multipliers.len()).max_by_key(|&column| table.list_seats[column]);
        let unit = WholeNumber::from(largest.map_or(1, |column| multipliers[column]));
        let list_divisor =
            |&multiplier: &u128| Divisor::unreduced(unit.clone(), WholeNumber::from(multiplier));
        let district_divisor = |border: &Border| {
            let (weight, signpost) = border.last;
            let key = WholeNumber::from(weight).times(u64::from(table.signposts.step));
            Divisor::unreduced(key, unit.times(signpost))
        };
        Solution {
            list_divisors: multipliers.iter().map(list_divisor).collect(),
            district_divisors: self.borders.iter().map(district_divisor).collect(),
            seats: self.seats,
        }
    }
}

/// `digits * 2^exponent` with digits of exactly 64 bits: ordered by exponent, then digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Scaled {
    exponent: i32,
    digits: u128,
}

impl Scaled {
    /// A number above zero, cut off.
    fn of(number: u128) -> Self {
        let bits = number.checked_ilog2().unwrap_or(0);
        let exponent = i32::try_from(bits).expect("at most 127") - 63;
        let digits = match u32::try_from(exponent) {
            Ok(more) => number >> more,
            Err(_) => number << exponent.unsigned_abs(),
        };
        Self { exponent, digits }
    }

    fn over(self, divisor: Self) -> Self {
        // Of 127 bits over 64: between 2^62 and 2^64.
        let quotient = Self::of((self.digits << 63) / divisor.digits);
        Self {
            exponent: quotient.exponent + self.exponent - divisor.exponent - 63,
            ..quotient
        }
    }

    /// In units of a power of two that is at most 2^32 below its own; cut off.
    fn in_units_of(self, unit: i32) -> u128 {
        let shift = self.exponent - unit;
        match u32::try_from(shift) {
            Ok(more) => self.digits << more,
            Err(_) => self.digits.checked_shr(shift.unsigned_abs()).unwrap_or(0),
        }
    }
}

/// The last key granted and the first refused, as weight and signpost.
struct Border {
    last: (u128, u64),
    next: Option<(u128, u64)>,
}

impl Border {
    /// A whole number between the two, never zero.
    fn middle(&self) -> u128 {
        let key = |(weight, signpost): (u128, u64)| weight / u128::from(signpost);
        let last = key(self.last);
        let next = self.next.map_or(last, key);
        (last.midpoint(next)).max(1)
    }
}

/// One district's, or one list's, seats in highest averages. Weights below 2^127, and at least one above zero where seats
/// are to be given; a weight of zero gets none. Among equal keys the choice is arbitrary: transfers and ties see to it.
fn apportion_line(weights: &[u128], seats: u32, signposts: Signposts) -> (Vec<u32>, Border) {
    let largest = weights.iter().fold(0, |all, weight| all | weight);
    let shift = (largest.checked_ilog2().unwrap_or(0) + 1).saturating_sub(97);
    let total = weights.iter().map(|weight| weight >> shift);
    let total = total.sum::<u128>().max(1);
    // With 18 bits of seats this stays below 2^126: a line has at most 1,000 weights.
    let estimate = |&weight: &u128| {
        let weight = weight >> shift;
        let share =
            (2 * weight * u128::from(seats) + total * u128::from(signposts.step - 1)) / (2 * total);
        u32::try_from(share).unwrap_or(seats)
    };
    let mut line: Vec<u32> = weights.iter().map(estimate).collect();
    let mut given: u64 = line.iter().copied().map(u64::from).sum();
    let last = |line: &[u32]| {
        (0..line.len())
            .filter(|&index| line[index] > 0)
            .reduce(|least, index| {
                let keys =
                    [least, index].map(|index| (weights[index], signposts.after(line[index] - 1)));
                if is_less(keys[1], keys[0]) {
                    index
                } else {
                    least
                }
            })
    };
    let next = |line: &[u32]| {
        (0..line.len())
            .filter(|&index| weights[index] > 0)
            .reduce(|most, index| {
                let keys =
                    [most, index].map(|index| (weights[index], signposts.after(line[index])));
                if is_less(keys[0], keys[1]) {
                    index
                } else {
                    most
                }
            })
    };
    loop {
        let (lowest, highest) = (last(&line), next(&line));
        if given < u64::from(seats)
            && let Some(highest) = highest
        {
            line[highest] += 1;
            given += 1;
            continue;
        }
        let Some(lowest) = lowest else {
            // Nothing with a weight, which only rounded weights of a list can come to: any border will do.
            return (
                line,
                Border {
                    last: (1, 1),
                    next: None,
                },
            );
        };
        if given > u64::from(seats) {
            line[lowest] -= 1;
            given -= 1;
            continue;
        }
        let border = Border {
            last: (weights[lowest], signposts.after(line[lowest] - 1)),
            next: highest.map(|highest| (weights[highest], signposts.after(line[highest]))),
        };
        let exchange = border.next.is_some_and(|next| is_less(border.last, next));
        match highest {
            Some(highest) if exchange => {
                line[lowest] -= 1;
                line[highest] += 1;
            }
            _ => return (line, border),
        }
    }
}

/// Whether the first key, a weight over a signpost, is below the second.
fn is_less(left: (u128, u64), right: (u128, u64)) -> bool {
    const SHORT: u128 = 1 << 109;
    if left.0 < SHORT && right.0 < SHORT {
        return left.0 * u128::from(right.1) < right.0 * u128::from(left.1);
    }
    wide_times(left.0, right.1) < wide_times(right.0, left.1)
}
