//! A threshold in votes, and how its base grows with ballots that are still to come.

use crate::rules::Fraction;
use crate::threshold::{Comparison, Threshold};

/// The share `above / below` in lowest terms as a number of votes; a list takes part with at least [`Bar::needed`] votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Above the line, at most what is below it.
    pub above: u64,
    /// Below the line: at most 10^9 times the seats of the house, which is below 2^47.
    pub below: u64,
    /// Whether exactly the share fails.
    pub strict: bool,
}

impl Bar {
    /// For lists that need not pass: one vote, because a list without votes gets nothing.
    pub const ONE_VOTE: Self = Self {
        above: 0,
        below: 1,
        strict: false,
    };

    /// The bar of a threshold for lists of this many parties, in a house of this many seats.
    pub fn of(threshold: &Threshold, coalition_size: u32, seats: u32) -> Self {
        let Fraction {
            numerator,
            denominator,
        } = threshold.share_for(coalition_size);
        if numerator == 0 {
            return Self::ONE_VOTE;
        }
        let parts = if threshold.per_seat { seats } else { 1 };
        let (above, below) = (
            u64::from(numerator),
            u64::from(denominator) * u64::from(parts),
        );
        let common = greatest_common_divisor(above, below);
        Self {
            above: above / common,
            below: below / common,
            strict: threshold.comparison == Comparison::MoreThan,
        }
    }

    /// Whether it does not depend on the base.
    pub fn is_fixed(self) -> bool {
        self.above == 0
    }

    /// The fewest votes with which a list takes part when the base is `base`; at least one.
    pub fn needed(self, base: u64) -> u64 {
        let share = u128::from(self.above) * u128::from(base);
        let below = u128::from(self.below);
        let votes = if self.strict {
            share / below + 1
        } else {
            share.div_ceil(below)
        };
        u64::try_from(votes.max(1)).unwrap_or(u64::MAX)
    }

    /// The largest base at which `votes`, at least one, are enough; `None` where every base is small enough.
    pub fn base_most(self, votes: u64) -> Option<u64> {
        if self.is_fixed() {
            return None;
        }
        let room = u128::from(votes) * u128::from(self.below) - u128::from(self.strict);
        u64::try_from(room / u128::from(self.above)).ok()
    }

    /// The share itself times `unit`, rounded down: what real votes need at least, in units of one part of a vote.
    pub fn share_floor(self, base: u64, unit: u128) -> u128 {
        // unit is at most 100,002 and above at most 10^9: below 2^17 * 2^30 * 2^64.
        u128::from(self.above) * u128::from(base) * unit / u128::from(self.below)
    }
}

/// How the base of the threshold grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// By the votes that lists get: it is the sum of list votes.
    WithVotes,
    /// By any number between the votes that lists get and the ballots that come in: invalid ones and those against all count.
    WithBallots,
    /// Not at all: it counts the outstanding ballots already, or there is no threshold.
    Fixed,
}

pub(crate) fn greatest_common_divisor(mut left: u64, mut right: u64) -> u64 {
    while right > 0 {
        (left, right) = (right, left % right);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threshold::Base;
    use proptest::prelude::*;

    proptest! {
        /// A list passes with what is needed and not with less, as the allocator's own comparison says.
        #[test]
        fn needed_is_where_the_threshold_begins(
            (above, below) in (1u32..400, 400u32..2_000),
            strict in any::<bool>(),
            base in prop_oneof![0u64..5_000, any::<u64>().prop_map(|base| base >> 1)],
        ) {
            let threshold = Threshold {
                comparison: if strict { Comparison::MoreThan } else { Comparison::AtLeast },
                ..Threshold::of_list_votes(above, below)
            };
            let bar = Bar::of(&threshold, 1, 1);
            let passes = |votes: u64| votes > 0 && threshold.passes(votes, 1, Base { count: base.into(), parts: 1 });
            let needed = bar.needed(base);
            prop_assert!(passes(needed));
            prop_assert!(!passes(needed - 1));
            if let Some(most) = bar.base_most(needed) {
                prop_assert!(bar.needed(most) <= needed);
                prop_assert!(most == u64::MAX || bar.needed(most + 1) > needed);
                prop_assert!(most >= base);
            }
        }
    }
}
