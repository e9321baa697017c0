//! The law as data: thresholds, the chain of stages, apparentment, rescue, ties. No rule is a function of a country.

use std::fmt;

use crate::contest::{Contest, LISTS_MAX, SEATS_MAX};
use crate::error::ContestError;

/// Largest number in a first divisor, a factor or the size of a coalition: keeps every product of keys inside 128 bits.
pub const PARAMETER_MAX: u32 = 1_000;
/// Largest denominator of a threshold.
pub const THRESHOLD_DENOMINATOR_MAX: u32 = 1_000_000_000;
/// Most stages in a chain.
pub const STAGES_MAX: usize = 16;

/// Everything that turns votes into seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Who takes part; `None` lets every list with a vote in.
    pub threshold: Option<Threshold>,
    /// What happens when a single list passes the threshold.
    pub rescue: Option<Rescue>,
    /// Whether lists may be joined; `None` ignores the groups of the contest.
    pub apparentment: Option<Apparentment>,
    /// Stages in their order; each hands out seats on top of what the earlier ones gave.
    pub stages: Vec<Stage>,
    /// Where a seat goes that a list without further candidates has won.
    pub exhausted: ExhaustedList,
    /// How equal keys are settled, in this order; what is left over is a tie in the result.
    pub ties: Vec<TieBreak>,
}

impl Rules {
    /// One stage for all seats, without threshold or anything else.
    #[must_use]
    pub fn of(method: Method) -> Self {
        Self {
            threshold: None,
            rescue: None,
            apparentment: None,
            stages: vec![Stage::all(method)],
            exhausted: ExhaustedList::NextInLine,
            ties: Vec::new(),
        }
    }

    /// The same rules with a threshold.
    #[must_use]
    pub fn with_threshold(self, threshold: Threshold) -> Self {
        Self {
            threshold: Some(threshold),
            ..self
        }
    }

    /// Refuses rules that mean nothing, whatever the votes.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn check(&self) -> Result<(), ContestError> {
        check_chain("rules.stages", &self.stages)?;
        if let Some(Apparentment {
            inside: Some(stages),
        }) = &self.apparentment
        {
            check_chain("rules.apparentment.inside", stages)?;
        }
        if let Some(threshold) = &self.threshold {
            threshold.check()?;
        }
        if let Some(rescue) = &self.rescue {
            let one_quota = matches!(
                self.stages.as_slice(),
                [Stage {
                    method: Method::Quota(_),
                    ..
                }]
            );
            if !one_quota || self.apparentment.is_some() {
                return Err(ContestError::RescueNeedsQuota);
            }
            let Fraction {
                numerator,
                denominator,
            } = rescue.factor.value;
            if denominator == 0 || denominator > PARAMETER_MAX || numerator > denominator {
                let range = "between 0 and 1 with at most 1000 below the line";
                return Err(ContestError::FractionOutOfRange {
                    field: "rules.rescue.factor",
                    numerator,
                    denominator,
                    range,
                });
            }
        }
        Ok(())
    }
}

fn check_chain(field: &'static str, stages: &[Stage]) -> Result<(), ContestError> {
    let Some((last, before)) = stages.split_last() else {
        return Err(ContestError::BelowLimit {
            field,
            value: 0,
            limit: 1,
        });
    };
    if stages.len() > STAGES_MAX {
        return Err(ContestError::AboveLimit {
            field,
            value: wide(stages.len()),
            limit: wide(STAGES_MAX),
        });
    }
    if last.seats != StageSeats::Remaining
        || before
            .iter()
            .any(|stage| stage.seats == StageSeats::Remaining)
    {
        return Err(ContestError::ChainOpen { field });
    }
    for stage in stages {
        if let Method::Divisors(Divisors::ModifiedSainteLague { first }) = stage.method {
            let Fraction {
                numerator,
                denominator,
            } = first;
            let within = (1..=PARAMETER_MAX).contains(&denominator)
                && numerator >= 1
                && numerator < 3 * denominator;
            if !within {
                // From 3 on, a first seat would be no dearer than a second one, and keys must fall strictly.
                let range = "above 0 and below 3, with at most 1000 below the line";
                let field = "rules.stages.method.first";
                return Err(ContestError::FractionOutOfRange {
                    field,
                    numerator,
                    denominator,
                    range,
                });
            }
        }
    }
    Ok(())
}

pub(crate) fn check_contest(contest: &Contest) -> Result<(), ContestError> {
    let seats = u128::from(contest.seats);
    let lists = contest.lists.len();
    if contest.seats == 0 {
        return Err(ContestError::BelowLimit {
            field: "contest.seats",
            value: 0,
            limit: 1,
        });
    }
    if contest.seats > SEATS_MAX {
        return Err(ContestError::AboveLimit {
            field: "contest.seats",
            value: seats,
            limit: u128::from(SEATS_MAX),
        });
    }
    if lists == 0 {
        return Err(ContestError::BelowLimit {
            field: "contest.lists",
            value: 0,
            limit: 1,
        });
    }
    if lists > LISTS_MAX {
        return Err(ContestError::AboveLimit {
            field: "contest.lists",
            value: wide(lists),
            limit: wide(LISTS_MAX),
        });
    }
    for list in &contest.lists {
        if let Some(group) = list.group
            && wide(lists) <= u128::from(group)
        {
            let (value, limit) = (u128::from(group), wide(lists - 1));
            return Err(ContestError::AboveLimit {
                field: "contest.lists.group",
                value,
                limit,
            });
        }
    }
    Ok(())
}

/// A count of things in memory as a wide number.
fn wide(count: usize) -> u128 {
    u128::try_from(count).expect("a count of things in memory fits in 128 bits")
}

/// A fraction of the law, such as 7/100. Kept as written: 7/100 and 70/1000 are the same rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// Above the line.
    pub numerator: u32,
    /// Below the line.
    pub denominator: u32,
}

impl Fraction {
    /// `numerator / denominator`.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        Self {
            numerator,
            denominator,
        }
    }
}

/// The share of votes that a list needs to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The share, at most 1, with at most [`THRESHOLD_DENOMINATOR_MAX`] below the line.
    pub share: Fraction,
    /// Whether exactly the share passes.
    pub comparison: Comparison,
    /// What the share is taken of.
    pub base: ThresholdBase,
    /// Other shares for coalitions: the entry with the largest size not above the list's own counts (Slovakia 5/7/10).
    pub by_coalition_size: Vec<CoalitionShare>,
}

impl Threshold {
    /// "At least this share of all list votes."
    #[must_use]
    pub fn of_list_votes(numerator: u32, denominator: u32) -> Self {
        Self {
            share: Fraction::new(numerator, denominator),
            comparison: Comparison::AtLeast,
            base: ThresholdBase::ListVotes,
            by_coalition_size: Vec::new(),
        }
    }

    /// The share that a list of this many parties needs.
    #[must_use]
    pub fn share_for(&self, coalition_size: u32) -> Fraction {
        let entries = self
            .by_coalition_size
            .iter()
            .filter(|entry| entry.size_min <= coalition_size);
        entries
            .max_by_key(|entry| entry.size_min)
            .map_or(self.share, |entry| entry.share)
    }

    fn check(&self) -> Result<(), ContestError> {
        if self.by_coalition_size.len() > STAGES_MAX {
            let (value, limit) = (wide(self.by_coalition_size.len()), wide(STAGES_MAX));
            return Err(ContestError::AboveLimit {
                field: "rules.threshold.by_coalition_size",
                value,
                limit,
            });
        }
        for Fraction {
            numerator,
            denominator,
        } in self
            .by_coalition_size
            .iter()
            .map(|entry| entry.share)
            .chain([self.share])
        {
            if denominator == 0
                || denominator > THRESHOLD_DENOMINATOR_MAX
                || numerator > denominator
            {
                let range = "between 0 and 1 with at most 1000000000 below the line";
                return Err(ContestError::FractionOutOfRange {
                    field: "rules.threshold.share",
                    numerator,
                    denominator,
                    range,
                });
            }
        }
        Ok(())
    }

    /// The count that the share is taken of.
    pub(crate) fn base_of(&self, contest: &Contest) -> Result<u128, ContestError> {
        let count = match self.base {
            ThresholdBase::ListVotes => return Ok(contest.list_votes()),
            ThresholdBase::ValidVotes => contest.base.valid_votes,
            ThresholdBase::ValidAndAgainstAll => contest.base.valid_and_against_all,
            ThresholdBase::BallotsInBox => contest.base.ballots_in_box,
            ThresholdBase::BallotsIssued => contest.base.ballots_issued,
        };
        count
            .map(u128::from)
            .ok_or(ContestError::BaseMissing { base: self.base })
    }

    /// Both sides of the comparison: `votes * denominator` and `numerator * base`. Below 2^94 and 2^108.
    pub(crate) fn sides(&self, votes: u64, coalition_size: u32, base: u128) -> (u128, u128) {
        let share = self.share_for(coalition_size);
        (
            u128::from(votes) * u128::from(share.denominator),
            u128::from(share.numerator) * base,
        )
    }

    /// Whether a list passes, compared as integers: exactly 7% is exactly 7%.
    pub(crate) fn passes(&self, votes: u64, coalition_size: u32, base: u128) -> bool {
        let (left, right) = self.sides(votes, coalition_size, base);
        match self.comparison {
            Comparison::AtLeast => left >= right,
            Comparison::MoreThan => left > right,
        }
    }
}

/// A share for lists of several parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoalitionShare {
    /// From this many parties on.
    pub size_min: u32,
    /// The share they need.
    pub share: Fraction,
}

/// How a share is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Exactly the threshold passes.
    AtLeast,
    /// Exactly the threshold fails.
    MoreThan,
}

/// What the threshold is a share of. Laws and published percentages of one country differ in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThresholdBase {
    /// The sum of all list votes.
    ListVotes,
    /// Valid votes.
    ValidVotes,
    /// Valid votes and votes against all.
    ValidAndAgainstAll,
    /// Ballots found in the boxes.
    BallotsInBox,
    /// Ballots issued.
    BallotsIssued,
}

impl fmt::Display for ThresholdBase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ListVotes => "list votes",
            Self::ValidVotes => "valid votes",
            Self::ValidAndAgainstAll => "valid votes and votes against all",
            Self::BallotsInBox => "ballots in the box",
            Self::BallotsIssued => "ballots issued",
        })
    }
}

/// One link of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Which keys compete.
    pub method: Method,
    /// How many seats the stage hands out.
    pub seats: StageSeats,
}

impl Stage {
    /// A stage for all seats that are left.
    #[must_use]
    pub const fn all(method: Method) -> Self {
        Self {
            method,
            seats: StageSeats::Remaining,
        }
    }
}

/// How many seats a stage hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageSeats {
    /// All that are left: the last stage, and only the last.
    Remaining,
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
    pub const HARE: Self = Self::Quota(Quota {
        kind: QuotaKind::Hare,
        rounding: Rounding::Exact,
    });
    /// Largest remainders with `floor(V / (s + 1)) + 1`.
    pub const DROOP: Self = Self::Quota(Quota {
        kind: QuotaKind::Droop,
        rounding: Rounding::DownPlusOne,
    });
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
}

/// Lists that pool their votes: seats go first to groups and single lists, then inside each group.
/// A group is void unless each of its lists takes part by itself (Israel's surplus agreements).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Apparentment {
    /// The chain inside a group; `None` repeats the chain of the house.
    pub inside: Option<Vec<Stage>>,
}

/// What becomes of a seat won by a list that has no candidate for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExhaustedList {
    /// It goes on in the same method: the list's keys end at its last candidate (Netherlands).
    NextInLine,
    /// It stays empty.
    StaysEmpty,
}

/// A way to settle equal keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TieBreak {
    /// The list that was registered earlier; settles nothing about a list whose registration is not known.
    EarlierRegistration,
    /// The list with more votes.
    MoreVotes,
    /// A drawn lot.
    Lot,
}

/// A parameter with what is known of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<T> {
    /// Its value.
    pub value: T,
    /// Whether the text of the law was read.
    pub source: Source,
}

impl<T> Parameter<T> {
    /// Read in the text of the law.
    pub const fn verified(value: T) -> Self {
        Self {
            value,
            source: Source::Verified,
        }
    }

    /// Not found in the text of the law: a result that uses it says so.
    pub const fn unverified(value: T) -> Self {
        Self {
            value,
            source: Source::Unverified,
        }
    }
}

/// What a parameter rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The text of the law was read.
    Verified,
    /// Secondary sources, or no source at all.
    Unverified,
}

/// When a single list passes, the runner-up is admitted, at a price (Kazakhstan, constitutional law on elections).
/// The quota uses the votes of both; the runner-up's quotient is multiplied by `factor` before its integer part is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rescue {
    /// Whether the runner-up is admitted at all.
    pub admit_runner_up: Parameter<bool>,
    /// What the runner-up's quotient is multiplied by, at most 1.
    pub factor: Parameter<Fraction>,
    /// The fewest seats of the admitted list, as far as it has candidates.
    pub floor: Parameter<u32>,
    /// Whether the floor comes before all quotas; otherwise it is met from what the whole quotas of the first list leave.
    pub floor_first: Parameter<bool>,
    /// Who gets the seats that whole quotas leave.
    pub rest: Parameter<RescueRest>,
    /// Whether a list may get more than one seat beyond its whole quotas.
    pub further_rounds: Parameter<bool>,
}

impl Rescue {
    /// Kazakhstan, January 2021, as far as it is known: admission and factor were read in a statute on the lower chamber;
    /// the rest is known from observers' reports or not at all.
    pub const KAZAKHSTAN_2021: Self = Self {
        admit_runner_up: Parameter::verified(true),
        factor: Parameter::verified(Fraction::new(7, 10)),
        floor: Parameter::unverified(2),
        floor_first: Parameter::unverified(true),
        rest: Parameter::unverified(RescueRest::MultipliedRemainders),
        further_rounds: Parameter::unverified(true),
    };
}

/// Who gets the seats that the whole quotas of a rescued contest leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RescueRest {
    /// The largest remainders of the multiplied quotients.
    MultipliedRemainders,
    /// Nobody.
    StaysEmpty,
}
