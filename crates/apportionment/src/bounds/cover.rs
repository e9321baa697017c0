//! The covering problem behind every "fewest": can rivals win so many claims with so many votes?
//!
//! Each rival wins c claims by having a price of c votes and what it needs to take part. Entering is a charge that is paid at
//! once, so taking the cheapest claim each time can be wrong. The answer comes from the first of these that settles it: one
//! rival alone; a price per claim below which nothing is to be had (weak duality: for every price p the cost of N claims is at
//! least `p * N + sum over rivals of min over c of (cost(c) - p * c)`); rivals taken by their best ratio; and the table of the
//! cheapest way to each number of claims, which is exact.

use crate::bounds::relaxed::between;

/// What is left of the work that one call may do, in steps of a few nanoseconds.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
}

impl Budget {
    pub fn of(steps: u64) -> Self {
        Self { left: steps }
    }

    /// Takes so many steps; `false` where they are too many.
    pub fn take(&mut self, steps: u64) -> bool {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    pub fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Ends all that follows.
    pub fn spend(&mut self) {
        self.left = 0;
    }
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is a way.
    Can,
    /// There is none.
    Cannot,
    /// It would take too long to know.
    Unknown,
}

impl Verdict {
    /// Whether one of two ways is there.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Can, _) | (_, Self::Can) => Self::Can,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Cannot, Self::Cannot) => Self::Cannot,
        }
    }
}

/// A rival: the claims it has, and the votes that each further number of them costs, in ascending order and as far as there
/// are votes for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rival {
    pub free: u32,
    pub costs: Vec<u64>,
}

impl Rival {
    /// A rival with `votes` that needs `entry` votes to take part and can win `room` claims at `price`. Costs above `money`
    /// and of more than `wanted` claims are left out.
    pub fn of(
        votes: u64,
        entry: u64,
        room: u32,
        price: impl Fn(u32) -> u64,
        (wanted, money): (u32, u64),
    ) -> Self {
        let room = room.min(wanted);
        let is_free = |claim: u32| votes >= entry && price(claim) <= votes;
        let (mut free, mut high) = (0, room);
        while free < high {
            let middle = free + (high - free).div_ceil(2);
            if is_free(middle) {
                free = middle;
            } else {
                high = middle - 1;
            }
        }
        let costs = (free + 1..=room).map(|claim| {
            let price = price(claim);
            // No number of votes is enough.
            (price < u64::MAX).then(|| price.max(entry).saturating_sub(votes))
        });
        let costs = costs.map_while(|cost| cost.filter(|&cost| cost <= money));
        Self {
            free,
            costs: costs.collect(),
        }
    }

    /// Rivals made one after the other, for as long as their costs are paid for in steps.
    pub fn all(rivals: impl Iterator<Item = Self>, budget: &mut Budget) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        for rival in rivals {
            if !budget.take(u64::from(rival.reach()) + 1) {
                budget.spend();
                return None;
            }
            all.push(rival);
        }
        Some(all)
    }

    fn reach(&self) -> u32 {
        u32::try_from(self.costs.len()).unwrap_or(u32::MAX)
    }
}

/// Whether the rivals can have `wanted` claims together for `money` votes; no cost of theirs is above that.
pub(crate) fn cover(rivals: &[Rival], wanted: u32, money: u64, budget: &mut Budget) -> Verdict {
    let sum = |of: fn(&Rival) -> u32| rivals.iter().map(|rival| u64::from(of(rival))).sum::<u64>();
    let missing = u64::from(wanted).saturating_sub(sum(|rival| rival.free));
    let Some(missing) = u32::try_from(missing).ok().filter(|&missing| missing > 0) else {
        return Verdict::Can;
    };
    if rivals.iter().any(|rival| rival.reach() >= missing) {
        return Verdict::Can;
    }
    let reach = sum(Rival::reach);
    if reach < u64::from(missing) {
        return Verdict::Cannot;
    }
    if !budget.take(reach) {
        budget.spend();
        return Verdict::Unknown;
    }
    let (order, cost) = by_ratio(rivals, missing);
    if cost.is_some_and(|cost| cost <= u128::from(money)) {
        return Verdict::Can;
    }
    let prices = order.iter().map(|&(claims, cost, _)| (cost, claims));
    let slopes = rivals.iter().filter_map(slope);
    for (above, below) in last_price(prices, missing)
        .into_iter()
        .chain(slopes.max_by_key(|slope| slope.1))
    {
        if is_too_dear(rivals, missing, money, (above, below)) {
            return Verdict::Cannot;
        }
    }
    almost(rivals, missing, money, budget)
}

/// The table with costs that are a little too low, where that is enough; otherwise the table itself.
fn almost(rivals: &[Rival], missing: u32, money: u64, budget: &mut Budget) -> Verdict {
    // Costs that two of them could overflow are for the table.
    if money < 1 << 40 {
        let row = u64::from(missing) * u64::from(missing.ilog2() + 2);
        if !budget.take(row.saturating_mul(u64::try_from(rivals.len()).unwrap_or(u64::MAX))) {
            budget.spend();
            return Verdict::Unknown;
        }
        let (lower, upper) = between(rivals, usize::try_from(missing).unwrap_or(usize::MAX));
        if lower > money {
            return Verdict::Cannot;
        }
        if upper.is_some_and(|cost| cost <= money) {
            return Verdict::Can;
        }
    }
    cheapest(rivals, missing, money, budget)
}

/// Rivals with the number of claims that is cheapest by the claim, from the cheapest; and what `missing` cost if they are
/// bought in that order, where that is enough.
fn by_ratio(rivals: &[Rival], missing: u32) -> (Vec<(u32, u64, usize)>, Option<u128>) {
    let best = rivals.iter().enumerate().filter_map(|(place, rival)| {
        let offers = (1..)
            .zip(&rival.costs)
            .map(|(claims, &cost)| (claims, cost, place));
        offers.min_by(|left, right| ratio_order(*left, *right))
    });
    let mut order: Vec<(u32, u64, usize)> = best.collect();
    order.sort_by(|left, right| ratio_order(*left, *right));
    let (mut left, mut cost) = (missing, 0_u128);
    for &(claims, price, place) in &order {
        if claims < left {
            left -= claims;
            cost += u128::from(price);
        } else {
            let price = usize::try_from(left - 1)
                .ok()
                .and_then(|place_of| rivals[place].costs.get(place_of));
            return (order, price.map(|&price| cost + u128::from(price)));
        }
    }
    // Everybody has the best number and more is needed: from the first who can go on.
    let more = order.iter().filter_map(|&(claims, price, place)| {
        let wanted = usize::try_from(claims + left).ok()?;
        let dearer = rivals[place].costs.get(wanted - 1)?;
        Some(cost - u128::from(price) + u128::from(*dearer))
    });
    let more = more.min();
    (order, more)
}

fn ratio_order(left: (u32, u64, usize), right: (u32, u64, usize)) -> std::cmp::Ordering {
    (u128::from(left.1) * u128::from(right.0)).cmp(&(u128::from(right.1) * u128::from(left.0)))
}

/// The price per claim of the last one bought.
fn last_price(prices: impl Iterator<Item = (u64, u32)>, missing: u32) -> Option<(u64, u32)> {
    let mut left = missing;
    let mut last = None;
    for (cost, claims) in prices {
        last = Some((cost, claims));
        if claims >= left {
            break;
        }
        left -= claims;
    }
    last
}

/// What a claim of a rival costs on average once it is in.
fn slope(rival: &Rival) -> Option<(u64, u32)> {
    let (first, last) = (rival.costs.first()?, rival.costs.last()?);
    let number = rival.reach().checked_sub(1).filter(|&number| number > 0)?;
    Some((last - first, number))
}

/// Whether a price of `above / below` for each claim proves that `missing` of them cost more than there is.
fn is_too_dear(rivals: &[Rival], missing: u32, money: u64, (above, below): (u64, u32)) -> bool {
    let (above, below) = (i128::from(above), i128::from(below));
    let gain = |rival: &Rival| {
        let offers = (1_i128..).zip(&rival.costs);
        let offers = offers.map(|(claims, &cost)| i128::from(cost) * below - above * claims);
        offers.min().map_or(0, |least| least.min(0))
    };
    // Costs are below 2^64, numbers of claims below 2^17, rivals below 2^14.
    let least = above * i128::from(missing) + rivals.iter().map(gain).sum::<i128>();
    least > i128::from(money) * below
}

/// The table: the fewest votes for each number of further claims.
fn cheapest(rivals: &[Rival], missing: u32, money: u64, budget: &mut Budget) -> Verdict {
    let steps = rivals
        .iter()
        .map(|rival| u64::from(rival.reach()))
        .sum::<u64>();
    if !budget.take(steps.saturating_mul(u64::from(missing))) {
        budget.spend();
        return Verdict::Unknown;
    }
    let missing = usize::try_from(missing).unwrap_or(usize::MAX);
    let mut table = vec![u64::MAX; missing + 1];
    table[0] = 0;
    for rival in rivals {
        for claims in (1..=missing).rev() {
            let mut best = table[claims];
            let before = table[..claims].iter().rev();
            for (&before, &cost) in before.zip(&rival.costs) {
                best = best.min(before.saturating_add(cost));
            }
            table[claims] = best;
        }
    }
    if table[missing] <= money {
        Verdict::Can
    } else {
        Verdict::Cannot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every way to buy, one rival after the other.
    fn least(rivals: &[Rival], missing: u32) -> Option<u64> {
        let Some((first, rest)) = rivals.split_first() else {
            return (missing == 0).then_some(0);
        };
        let none = least(rest, missing);
        let some = (1..)
            .zip(&first.costs)
            .filter_map(|(claims, cost)| Some(least(rest, missing.saturating_sub(claims))? + cost));
        none.into_iter().chain(some).min()
    }

    proptest! {
        #[test]
        fn a_verdict_is_what_trying_everything_says(
            costs in prop::collection::vec(prop::collection::vec(1u64..30, 0..5), 0..5),
            missing in 0u32..12,
            money in 0u64..60,
        ) {
            let rivals: Vec<Rival> = costs.into_iter().map(|mut costs| {
                costs.sort_unstable();
                // What nobody can pay is left out, as of every rival.
                costs.retain(|&cost| cost <= money);
                Rival { free: 0, costs }
            }).collect();
            let expected = least(&rivals, missing).is_some_and(|cost| cost <= money);
            let found = cover(&rivals, missing, money, &mut Budget::of(1_000_000));
            prop_assert_eq!(found == Verdict::Can, expected);
            prop_assert!(found != Verdict::Unknown);
        }
    }

    /// The oracle of the test above can fail: another price gives another answer.
    #[test]
    fn one_vote_too_few_is_too_few() {
        let rivals = [7, 9].map(|cost| Rival {
            free: 1,
            costs: vec![cost],
        });
        let cover = |money| cover(&rivals, 4, money, &mut Budget::of(1_000));
        assert_eq!((cover(16), cover(15)), (Verdict::Can, Verdict::Cannot));
        assert_eq!(
            super::cover(&rivals, 4, 16, &mut Budget::of(1)),
            Verdict::Unknown
        );
    }
}
