//! The keys of a stage and the border between those granted and those refused.

use std::cmp::Ordering;

use crate::contest::StageAt;
use crate::method::{Divisors, Method, QuotaKind, Rounding};
use crate::verify::expected::Competitor;
use crate::verify::refusal::Refusal;

/// A key as a plain fraction; the denominator is above zero.
pub(super) type Key = (i128, i128);

/// How the keys of a stage are computed.
pub(super) struct Border {
    method: Method,
    /// Votes per seat, above and below the line.
    pub quota: (i128, i128),
    scale: i128,
}

impl Border {
    pub fn of(method: Method, competitors: &[Competitor], house: u32, scale: u32) -> Self {
        let votes: u128 = competitors.iter().map(|one| one.votes).sum();
        let quota = match method {
            Method::Divisors(_) => (0, 1),
            Method::Quota(quota) => {
                let seats = u128::from(house)
                    + match quota.kind {
                        QuotaKind::Hare => 0,
                        QuotaKind::Droop | QuotaKind::HagenbachBischoff => 1,
                        QuotaKind::Imperiali => 2,
                    };
                let (whole, rest) = (votes / seats, votes % seats);
                let rounded = match quota.rounding {
                    Rounding::Exact => None,
                    Rounding::Down => Some(whole),
                    Rounding::DownPlusOne => Some(whole + 1),
                    Rounding::Nearest => Some(whole + u128::from(2 * rest >= seats)),
                };
                match rounded {
                    None => (signed(votes), signed(seats)),
                    Some(whole) => (signed(whole.max(1)), 1),
                }
            }
        };
        Self {
            method,
            quota,
            scale: i128::from(scale),
        }
    }

    /// The key of a list's seat, counted from 0.
    pub fn key(&self, weight: u128, seat: u32) -> Key {
        let (weight, seat) = (signed(weight), i128::from(seat));
        match self.method {
            Method::Quota(_) => {
                let (above, below) = self.quota;
                (
                    weight * below - seat * above * self.scale,
                    below * self.scale,
                )
            }
            Method::Divisors(Divisors::DHondt) => (weight, seat + 1),
            Method::Divisors(Divisors::SainteLague) => (weight, 2 * seat + 1),
            Method::Divisors(Divisors::ModifiedSainteLague { first }) if seat == 0 => (
                weight * i128::from(first.denominator),
                i128::from(first.numerator),
            ),
            Method::Divisors(Divisors::ModifiedSainteLague { .. }) => (weight, 2 * seat + 1),
        }
    }

    pub fn whole_quotas(&self, weight: u128) -> u32 {
        match self.method {
            Method::Divisors(_) => 0,
            Method::Quota(_) => {
                let (above, below) = self.quota;
                u32::try_from(signed(weight) * below / (above * self.scale)).unwrap_or(u32::MAX)
            }
        }
    }

    /// The competitor with the smallest key granted, and the one with the largest refused.
    pub fn extremes(
        &self,
        competitors: &[Competitor],
        before: &[u32],
        held: &[u32],
    ) -> (Extreme, Extreme) {
        let (mut granted, mut refused): (Extreme, Extreme) = (None, None);
        for (index, one) in competitors.iter().enumerate() {
            if let Some(seat) = held[index].checked_sub(1)
                && held[index] > before[index]
            {
                let key = self.key(one.weight, seat);
                if granted.is_none_or(|(_, smallest)| compare(key, smallest).is_lt()) {
                    granted = Some((index, key));
                }
            }
            if held[index] < one.limit {
                let key = self.key(one.weight, held[index]);
                if refused.is_none_or(|(_, largest)| compare(key, largest).is_gt()) {
                    refused = Some((index, key));
                }
            }
        }
        (granted, refused)
    }

    /// A refused key above a granted one, in bare seats.
    pub fn crossing(
        &self,
        competitors: &[Competitor],
        held: &[u32],
        group: Option<usize>,
    ) -> Option<Refusal> {
        let before: Vec<u32> = competitors.iter().map(|one| one.before).collect();
        let (granted, refused) = self.extremes(competitors, &before, held);
        let ((granted, smallest), (refused, largest)) = (granted?, refused?);
        let at = group.map(|first| StageAt::Group { first, stage: 0 });
        let (granted, refused) = (competitors[granted].list, competitors[refused].list);
        compare(smallest, largest)
            .is_lt()
            .then_some(Refusal::Border {
                at,
                granted,
                refused,
            })
    }
}

/// A competitor and one of its keys.
pub(super) type Extreme = Option<(usize, Key)>;
/// Which of two fractions is larger, by their continued fractions: no product, so no overflow.
pub(super) fn compare(left: Key, right: Key) -> Ordering {
    let ((mut a, mut b), (mut c, mut d)) = (left, right);
    loop {
        let (whole, other) = (a.div_euclid(b), c.div_euclid(d));
        if whole != other {
            return whole.cmp(&other);
        }
        let (rest, other_rest) = (a.rem_euclid(b), c.rem_euclid(d));
        if rest == 0 || other_rest == 0 {
            return rest.cmp(&other_rest);
        }
        // rest / b against other_rest / d is d / other_rest against b / rest.
        (a, b, c, d) = (d, other_rest, b, rest);
    }
}

pub(super) fn signed(value: u128) -> i128 {
    i128::try_from(value).unwrap_or(i128::MAX)
}
