//! The covering problem with costs a little too low, so that it is solved fast: what it cannot do nobody can, and what its
//! choice really costs is a way. Only where the money lies between the two is the whole table needed.
//!
//! Once a rival is in, each further claim costs about as much as the one before; rounding makes it a vote more or less.
//! With the least of all later steps in place of each step, costs are convex from the first claim on, and the cheapest way to
//! one more claim never takes fewer from the rivals before (the rows of the table are totally monotone, as of Aggarwal, Klawe,
//! Moran, Shor and Wilber, 1987): a row is found by halving in `n log n` instead of `n` times the rival's reach.

use crate::bounds::cover::Rival;

/// What no way costs: above all costs, and below what two of them overflow.
const NO_WAY: u64 = 1 << 62;

/// At least so many votes for `missing` further claims, and what one choice really costs; `None`: no way is known.
pub(crate) fn between(rivals: &[Rival], missing: usize) -> (u64, Option<u64>) {
    let mut table = vec![NO_WAY; missing + 1];
    table[0] = 0;
    let mut choices = Vec::with_capacity(rivals.len());
    for rival in rivals {
        let costs = convex(&rival.costs);
        let mut row = Row {
            before: &table,
            costs: &costs,
            least: table.clone(),
            taken: vec![0; missing + 1],
        };
        if !costs.is_empty() && missing > 0 {
            row.fill(1, missing, 0, missing - 1);
        }
        let Row { least, taken, .. } = row;
        table = least;
        choices.push(taken);
    }
    let lower = table[missing];
    if lower >= NO_WAY {
        return (u64::MAX, None);
    }
    let (mut left, mut cost) = (missing, Some(0_u64));
    for (rival, taken) in rivals.iter().zip(&choices).rev() {
        let claims = taken[left];
        if let Some(place) = claims.checked_sub(1) {
            let price = rival.costs.get(place);
            cost = cost
                .zip(price)
                .and_then(|(sum, price)| sum.checked_add(*price));
        }
        left -= claims;
    }
    (lower, cost.filter(|_| left == 0))
}

/// Costs that are convex from the first claim on and nowhere above these.
fn convex(costs: &[u64]) -> Vec<u64> {
    let mut steps: Vec<u64> = costs.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut least = u64::MAX;
    for step in steps.iter_mut().rev() {
        least = least.min(*step);
        *step = least;
    }
    let mut sum = costs.first().copied().unwrap_or(0);
    let first = costs.first().map(|_| sum).into_iter();
    let rest = steps.iter().map(|step| {
        sum += step;
        sum
    });
    first.chain(rest).collect()
}

/// The table after one more rival.
struct Row<'a> {
    before: &'a [u64],
    costs: &'a [u64],
    least: Vec<u64>,
    taken: Vec<usize>,
}

impl Row<'_> {
    /// Numbers of claims `from..=to`, where the rivals before have between `low` and `high` of them.
    fn fill(&mut self, from: usize, to: usize, low: usize, high: usize) {
        let middle = from + (to - from) / 2;
        // The rival itself takes at least one, and at most what it reaches.
        let first = low.max(middle.saturating_sub(self.costs.len()));
        let last = high.min(middle - 1);
        let mut best = (u64::MAX, first);
        for earlier in first..=last {
            let cost = self.before[earlier] + self.costs[middle - earlier - 1];
            if cost < best.0 {
                best = (cost, earlier);
            }
        }
        if best.0 < self.least[middle] {
            self.least[middle] = best.0;
            self.taken[middle] = middle - best.1;
        }
        if middle > from {
            self.fill(from, middle - 1, low, best.1);
        }
        if middle < to {
            self.fill(middle + 1, to, best.1, high);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn least(rivals: &[Rival], missing: usize) -> Option<u64> {
        let Some((first, rest)) = rivals.split_first() else {
            return (missing == 0).then_some(0);
        };
        let none = least(rest, missing);
        let some = (1..=missing.min(first.costs.len()))
            .filter_map(|claims| Some(least(rest, missing - claims)? + first.costs[claims - 1]));
        none.into_iter().chain(some).min()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_truth_lies_between(
            costs in prop::collection::vec(prop::collection::vec(1u64..30, 0..6), 0..5),
            missing in 0usize..14,
        ) {
            let rivals: Vec<Rival> = costs.into_iter().map(|mut costs| {
                costs.sort_unstable();
                Rival { free: 0, costs }
            }).collect();
            let (lower, upper) = between(&rivals, missing);
            match least(&rivals, missing) {
                Some(truth) => {
                    prop_assert!(lower <= truth);
                    prop_assert!(upper.is_none_or(|upper| truth <= upper));
                }
                None => prop_assert_eq!((lower, upper), (u64::MAX, None)),
            }
        }

        /// Where steps do not fall there is nothing to relax: it is the truth itself.
        #[test]
        fn convex_costs_are_solved(
            rivals in prop::collection::vec((1u64..50, prop::collection::vec(0u64..9, 0..6)), 1..5),
            missing in 0usize..16,
        ) {
            let rivals: Vec<Rival> = rivals.into_iter().map(|(first, mut steps)| {
                steps.sort_unstable();
                let mut sum = first;
                let rest = steps.into_iter().map(|step| { sum += step; sum });
                Rival { free: 0, costs: std::iter::once(first).chain(rest).collect() }
            }).collect();
            let (lower, upper) = between(&rivals, missing);
            match least(&rivals, missing) {
                Some(truth) => prop_assert_eq!((lower, upper), (truth, Some(truth))),
                None => prop_assert_eq!(upper, None),
            }
        }
    }
}
