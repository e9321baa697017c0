//! The keys of a stage and the border between those granted and those refused.

use crate::contest::{QuotaOf, StageAt};
use crate::method::{Divisors, Method, QuotaKind, Rounding};
use crate::rules::Fraction;
use crate::verify::expected::Competitor;
use crate::verify::key::{Key, compare};
use crate::verify::refusal::Refusal;

/// How the keys of a stage are computed.
pub(super) struct Border {
    method: Method,
    /// Votes per seat, above and below the line.
    pub quota: (i128, i128),
    /// Whether a rounded quota came to nothing, so that one vote stands for it.
    pub is_below_one: bool,
    scale: i128,
}

impl Border {
    pub fn of(
        method: Method,
        competitors: &[Competitor],
        house: u32,
        scale: u32,
        quota_of: Option<QuotaOf>,
    ) -> Self {
        let votes = match quota_of {
            Some(around) => u128::from(around.votes),
            None => competitors.iter().map(|one| one.votes).sum(),
        };
        let house = quota_of.map_or(house, |around| around.seats);
        let mut is_below_one = false;
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
                    Rounding::Up => Some(whole + u128::from(rest > 0)),
                    Rounding::Nearest => Some(whole + u128::from(2 * rest >= seats)),
                };
                match rounded {
                    None => (signed(votes), signed(seats)),
                    Some(whole) => {
                        is_below_one = whole == 0;
                        (signed(whole.max(1)), 1)
                    }
                }
            }
        };
        Self {
            method,
            quota,
            is_below_one,
            scale: i128::from(scale),
        }
    }

    /// The key of a list's seat, counted from 0.
    pub fn key(&self, weight: u128, seat: u32) -> Key {
        let held = u128::from(seat);
        let divisors = match self.method {
            Method::Divisors(divisors) => divisors,
            Method::Quota(_) => {
                let (above, below) = self.quota;
                return Key::Fraction(
                    signed(weight) * below - i128::from(seat) * above * self.scale,
                    below * self.scale,
                );
            }
        };
        let (times, divisor) = match divisors {
            Divisors::DHondt => (1, held + 1),
            Divisors::SainteLague => (1, 2 * held + 1),
            Divisors::ModifiedSainteLague { first } if seat == 0 => {
                (u128::from(first.denominator), u128::from(first.numerator))
            }
            Divisors::ModifiedSainteLague { .. } => (1, 2 * held + 1),
            Divisors::Danish => (1, 3 * held + 1),
            Divisors::Imperiali => (2, held + 2),
            Divisors::Adams => (1, held),
            Divisors::Dean => (2 * held + 1, 2 * held * (held + 1)),
            Divisors::HuntingtonHill if seat == 0 => (1, 0),
            Divisors::HuntingtonHill => {
                return Key::Root {
                    weight,
                    base: held * (held + 1),
                    exponent: (1, 2),
                };
            }
            Divisors::Power { exponent } => {
                return Key::Root {
                    weight,
                    base: held + 1,
                    exponent: (exponent.numerator, exponent.denominator),
                };
            }
        };
        if divisor == 0 {
            Key::First(weight)
        } else {
            Key::Fraction(signed(weight * times), signed(divisor))
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

    /// How many keys of a weight are at least this share of the quota: the keys stand a quota apart.
    pub fn keys_from(&self, weight: u128, share: Fraction) -> u32 {
        let (above, below) = self.quota;
        let quota = above * self.scale;
        let has = signed(weight) * below * i128::from(share.denominator);
        let first = quota * i128::from(share.numerator);
        if !matches!(self.method, Method::Quota(_)) || has < first {
            return 0;
        }
        let further = (has - first) / (quota * i128::from(share.denominator));
        u32::try_from(further).map_or(u32::MAX, |further| further.saturating_add(1))
    }

    /// Whether a weight is at least this share of the quota.
    pub fn reaches(&self, weight: u128, share: Fraction) -> bool {
        let (above, below) = self.quota;
        let needed = i128::from(share.numerator) * above * self.scale;
        let has = i128::from(share.denominator) * below * signed(weight);
        matches!(self.method, Method::Quota(_)) && has >= needed
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

pub(super) fn signed(value: u128) -> i128 {
    i128::try_from(value).unwrap_or(i128::MAX)
}
