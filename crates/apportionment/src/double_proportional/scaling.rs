//! Alternating scaling: a start for tie-and-transfer that is nearly always the end already.
//!
//! Districts are apportioned with the lists' multipliers fixed, then lists with the districts' divisors fixed, and so on
//! (Pukelsheim, Proportional Representation, 2nd ed. 2017, ch. 15). It may go round in circles, so it has a limit; and what
//! is carried from one round to the next is rounded, so it only chooses multipliers. Whatever they are, the seats that
//! come out are exact for them: every key is compared in 128 bits.

use super::divisor::Divisor;
use super::table::{Signposts, Solution, Table};
use crate::whole_number::WholeNumber;

/// Rounds of scaling; elections need about ten.
const ROUNDS_MAX: u32 = 60;
/// Rounds without a better result after which scaling is going round in circles.
const ROUNDS_WITHOUT_GAIN_MAX: u32 = 12;
/// Multipliers have this many bits: with 64 of votes and 18 of a signpost every product of keys stays below 2^115.
const MULTIPLIER_MAX: u128 = u32::MAX as u128;

/// Seats with the right sums in every district, right or nearly right sums for lists, and exact divisors for both.
pub(super) fn scale(table: &Table) -> Solution {
    let mut multipliers = vec![MULTIPLIER_MAX / 2; table.list_seats.len()];
    let mut round = Round::of(table, &multipliers);
    let mut best = (round.flaw(table), multipliers.clone());
    let mut without_gain = 0;
    for _ in 0..ROUNDS_MAX {
        if best.0 == 0 || without_gain == ROUNDS_WITHOUT_GAIN_MAX {
            break;
        }
        multipliers = round.next_multipliers(table);
        round = Round::of(table, &multipliers);
        let flaw = round.flaw(table);
        without_gain += 1;
        if flaw < best.0 {
            best = (flaw, multipliers.clone());
            without_gain = 0;
        }
    }
    let (_, multipliers) = best;
    Round::of(table, &multipliers).solution(table, &multipliers)
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

/// One district's, or one list's, seats in highest averages. Weights below 2^97, and at least one above zero where seats
/// are to be given; a weight of zero gets none. Among equal keys the choice is arbitrary: transfers and ties see to it.
fn apportion_line(weights: &[u128], seats: u32, signposts: Signposts) -> (Vec<u32>, Border) {
    let total: u128 = weights.iter().sum::<u128>().max(1);
    // With 18 bits of seats this stays below 2^126: a line has at most 1,000 weights.
    let estimate = |&weight: &u128| {
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
    left.0 * u128::from(right.1) < right.0 * u128::from(left.1)
}
