//! How seats are handed out: stages, quotas, divisors.

use crate::rules::Fraction;

/// Largest number below the line of a divisor's exponent: keys are compared by powers of that degree.
pub const EXPONENT_DENOMINATOR_MAX: u32 = 10;

/// One link of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Which keys compete.
    pub method: Method,
    /// How many seats the stage hands out.
    pub seats: StageSeats,
    /// Most seats that a list wins in this stage: 1 in the first round of remainders of Dutch councils.
    pub each_max: Option<u32>,
    /// The share of the stage's quota that a list needs as votes to compete in it: 3/4 for remainders of Dutch councils.
    /// Quota stages only; at most 1000 above and below the line.
    pub bar: Option<Fraction>,
    /// The smallest key that wins a seat, as a share of the stage's quota: 1/1 for whole quotas alone, 3/4 for a quota or
    /// three quarters of one left over (Estonia). Seats for which no such key is left stay for later stages, or empty.
    /// Quota stages only; at most 1000 above and below the line.
    pub key_min: Option<Fraction>,
}

impl Stage {
    /// A stage for all seats that are left.
    #[must_use]
    pub const fn all(method: Method) -> Self {
        Self {
            method,
            seats: StageSeats::Remaining,
            each_max: None,
            bar: None,
            key_min: None,
        }
    }

    /// A stage for whole quotas alone; what they leave is for the next.
    #[must_use]
    pub const fn whole_quotas(quota: Quota) -> Self {
        Self {
            seats: StageSeats::WholeQuotas,
            ..Self::all(Method::Quota(quota))
        }
    }

    /// The same stage, in which a list wins at most one seat.
    #[must_use]
    pub const fn one_each(self) -> Self {
        Self {
            each_max: Some(1),
            ..self
        }
    }

    /// Whether every list may win any number of the seats that are left.
    pub(crate) fn is_plain(&self) -> bool {
        let Self {
            method: _,
            seats,
            each_max,
            bar,
            key_min,
        } = self;
        *seats == StageSeats::Remaining && each_max.is_none() && bar.is_none() && key_min.is_none()
    }
}

/// How many seats a stage hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageSeats {
    /// All that are left. The last stage, or one that leaves seats because not every list may win any number.
    Remaining,
    /// As many as there are whole quotas, but no more than are left. Quota stages only.
    WholeQuotas,
    /// At most this many.
    AtMost(u32),
}

/// Which keys compete for seat number m = 0, 1, 2, ... of a list with w votes; a stage hands its seats to the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `w - m * q`: whole quotas first, then the largest remainders (or the smallest lose a seat, where too many were won).
    Quota(Quota),
    /// `w / d(m)`: highest averages.
    Divisors(Divisors),
}

impl Method {
    /// Largest remainders with the exact Hare quota.
    pub const HARE: Self = Self::Quota(Quota::HARE);
    /// Largest remainders with `floor(V / (s + 1)) + 1`.
    pub const DROOP: Self = Self::Quota(Quota::DROOP);
    /// Largest remainders with the exact `V / (s + 1)`.
    pub const HAGENBACH_BISCHOFF: Self = Self::Quota(Quota {
        kind: QuotaKind::HagenbachBischoff,
        rounding: Rounding::Exact,
    });
    /// Largest remainders with the exact `V / (s + 2)`.
    pub const IMPERIALI: Self = Self::Quota(Quota {
        kind: QuotaKind::Imperiali,
        rounding: Rounding::Exact,
    });
    /// Highest averages by 1, 2, 3, ...
    pub const D_HONDT: Self = Self::Divisors(Divisors::DHondt);
    /// Highest averages by 1, 3, 5, ...
    pub const SAINTE_LAGUE: Self = Self::Divisors(Divisors::SainteLague);
    /// Highest averages by 0, 1, 2, ... (Adams).
    pub const ADAMS: Self = Self::Divisors(Divisors::Adams);
    /// Highest averages by the harmonic means of neighbouring numbers (Dean).
    pub const DEAN: Self = Self::Divisors(Divisors::Dean);
    /// Highest averages by the geometric means of neighbouring numbers (United States House of Representatives).
    pub const HUNTINGTON_HILL: Self = Self::Divisors(Divisors::HuntingtonHill);
    /// Highest averages by 1, 4, 7, ...
    pub const DANISH: Self = Self::Divisors(Divisors::Danish);
    /// Highest averages by 2, 3, 4, ..., halved (Belgian communes).
    pub const IMPERIALI_DIVISORS: Self = Self::Divisors(Divisors::Imperiali);
    /// Highest averages by 1.4, 3, 5, ... (Norway).
    pub const MODIFIED_SAINTE_LAGUE: Self = Self::Divisors(Divisors::ModifiedSainteLague {
        first: Fraction::new(14, 10),
    });
}

/// Votes per seat: V votes of the lists that take part, over the seats s of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What V is divided by.
    pub kind: QuotaKind,
    /// How the result is rounded. A quota that rounds to zero counts as one, and the result says that the law is silent.
    pub rounding: Rounding,
}

impl Quota {
    /// The exact V / s.
    pub const HARE: Self = Self {
        kind: QuotaKind::Hare,
        rounding: Rounding::Exact,
    };
    /// `floor(V / (s + 1)) + 1`; in Switzerland Hagenbach-Bischoff.
    pub const DROOP: Self = Self {
        kind: QuotaKind::Droop,
        rounding: Rounding::DownPlusOne,
    };
}

/// What the votes are divided by. Droop and Hagenbach-Bischoff divide alike; laws tell them apart by the rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaKind {
    /// s
    Hare,
    /// s + 1
    Droop,
    /// s + 1
    HagenbachBischoff,
    /// s + 2
    Imperiali,
}

impl QuotaKind {
    /// The divisor for a house of this many seats.
    #[must_use]
    pub fn divisor(self, seats: u32) -> u32 {
        seats
            + match self {
                Self::Hare => 0,
                Self::Droop | Self::HagenbachBischoff => 1,
                Self::Imperiali => 2,
            }
    }
}

/// How a quota becomes a whole number, where the law wants one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// It stays a fraction.
    Exact,
    /// Fractions are dropped.
    Down,
    /// Fractions are dropped and one is added, to a whole number too.
    DownPlusOne,
    /// Fractions become the next whole number.
    Up,
    /// To the nearest whole number, a half upwards (Slovakia).
    Nearest,
}

/// The row of divisors d(0), d(1), ...
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divisors {
    /// 1, 2, 3, ...
    DHondt,
    /// 1, 3, 5, ...
    SainteLague,
    /// `first`, 3, 5, ...: 14/10 in Norway, 12/10 in Sweden.
    ModifiedSainteLague {
        /// The first divisor, above 0 and below 3.
        first: Fraction,
    },
    /// 1, 4, 7, ...
    Danish,
    /// 2, 3, 4, ..., halved: 1, 1.5, 2, ...
    Imperiali,
    /// 0, 1, 2, ...: the first seat of every list comes before all others, the largest lists first.
    Adams,
    /// Harmonic means of m and m + 1, beginning at 0 as Adams does.
    Dean,
    /// Geometric means of m and m + 1, beginning at 0 as Adams does.
    HuntingtonHill,
    /// (m + 1) to a power of at most 1: 9/10 in Estonia.
    Power {
        /// The exponent, above 0 and at most 1, with at most [`EXPONENT_DENOMINATOR_MAX`] below the line.
        exponent: Fraction,
    },
}
