//! The law as data: thresholds, the chain of stages, apparentment, rescue, ties. No rule is a function of a country.

use crate::error::ContestError;
use crate::limits::check_chain;
use crate::method::{Method, Rounding, Stage, StageSeats};
use crate::threshold::Threshold;

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
    /// What happens when few lists pass the threshold: who else is let in, on equal terms.
    pub widening: Option<Widening>,
    /// What happens when a single list passes the threshold: who is let in, at a price.
    pub rescue: Option<Rescue>,
    /// Whether lists may be joined; `None` ignores the groups of the contest.
    pub apparentment: Option<Apparentment>,
    /// Stages in their order; each hands out seats on top of what the earlier ones gave.
    pub stages: Vec<Stage>,
    /// What a list with more than half of the votes is owed.
    pub majority: Option<Majority>,
    /// Fewest seats of every list that takes part, as far as it has candidates; 0 where the law has none.
    pub seats_min: u32,
    /// Seats beyond its votes for one list.
    pub bonus: Option<Bonus>,
    /// Most seats of any list.
    pub seats_max: Option<u32>,
    /// What becomes of seats beyond that.
    pub above_max: AboveMax,
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
            widening: None,
            rescue: None,
            apparentment: None,
            stages: vec![Stage::all(method)],
            majority: None,
            seats_min: 0,
            bonus: None,
            seats_max: None,
            above_max: AboveMax::NextInLine,
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
            ..
        }) = &self.apparentment
        {
            check_chain("rules.apparentment.inside", stages)?;
        }
        if let Some(threshold) = &self.threshold {
            threshold.check()?;
        }
        if let Some(widening) = &self.widening {
            widening.check(self.threshold.is_some())?;
            if self.rescue.is_some() {
                return Err(ContestError::RescueBesideWidening);
            }
        }
        check_ties(&self.ties)?;
        let joined = self.apparentment.is_some() || self.rescue.is_some();
        if joined && self.majority.is_some() {
            let field = "rules.majority";
            return Err(ContestError::NeedsSingleLists { field });
        }
        if joined && self.seats_min > 0 {
            let field = "rules.seats_min";
            return Err(ContestError::NeedsSingleLists { field });
        }
        // The clause takes the last seat that a key has won; one of whole quotas is nobody's to give up.
        let mut behind_first = self.stages.iter().skip(1);
        if self.majority.is_some()
            && behind_first.any(|stage| stage.seats == StageSeats::WholeQuotas)
        {
            return Err(ContestError::NeedsPlainRules {
                field: "rules.majority",
                beside: "whole quotas behind another stage",
            });
        }
        self.check_bonus_and_cap(joined)?;
        if let Some(rescue) = &self.rescue {
            let one_quota = matches!(
                self.stages.as_slice(),
                [stage] if stage.is_plain() && matches!(stage.method, Method::Quota(_))
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

/// Refuses rules behind the lot: a tie that they leave open would be another one than the lot is drawn for.
pub(crate) fn check_ties(ties: &[TieBreak]) -> Result<(), ContestError> {
    let before_last = ties.split_last().map_or(&[][..], |(_, before)| before);
    if before_last.contains(&TieBreak::Lot) {
        let field = "rules.ties";
        return Err(ContestError::RuleBehindLot { field });
    }
    Ok(())
}

impl Rules {
    /// Both are about single lists, and a list cannot be given seats by one and refused them by the other.
    fn check_bonus_and_cap(&self, joined: bool) -> Result<(), ContestError> {
        let anew = self.above_max == AboveMax::SharedAnew;
        if anew && (joined || self.bonus.is_some() || self.majority.is_some()) {
            return Err(ContestError::NeedsPlainRules {
                field: "rules.above_max",
                beside: "apparentment, rescue, bonus or majority",
            });
        }
        if anew && self.seats_max.is_none() {
            return Err(ContestError::BelowLimit {
                field: "rules.seats_max",
                value: 0,
                limit: 1,
            });
        }
        let Some(bonus) = &self.bonus else {
            return Ok(());
        };
        if self.majority.is_some() {
            return Err(ContestError::NeedsPlainRules {
                field: "rules.bonus",
                beside: "a majority clause",
            });
        }
        if joined {
            let field = "rules.bonus";
            return Err(ContestError::NeedsSingleLists { field });
        }
        let share = match bonus.seats {
            BonusSeats::Share { share, .. } => Some(share),
            BonusSeats::Fixed(_) | BonusSeats::MoreThanHalf => None,
        };
        for Fraction {
            numerator,
            denominator,
        } in [share, bonus.votes_min, bonus.others_max]
            .into_iter()
            .flatten()
        {
            if !(1..=PARAMETER_MAX).contains(&denominator) || numerator > denominator {
                return Err(ContestError::FractionOutOfRange {
                    field: "rules.bonus",
                    numerator,
                    denominator,
                    range: "between 0 and 1 with at most 1000 below the line",
                });
            }
        }
        Ok(())
    }
}

/// Seats for one list beyond what its votes give it: 50 of Greece's 300 for the first list, 60% of an Italian commune's
/// council for the mayor's, more than half for a list with more than half of the votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bonus {
    /// Who gets them, of the lists that take part.
    pub to: BonusTo,
    /// How many.
    pub seats: BonusSeats,
    /// Whether seats by votes count towards them.
    pub counting: BonusCounting,
    /// The share of the votes of all lists that it needs, at least (Italy 40%); at most 1.
    pub votes_min: Option<Fraction>,
    /// No bonus where another list has more than this share of the votes of all lists (Italy 50%); at most 1.
    pub others_max: Option<Fraction>,
}

/// Who gets a bonus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BonusTo {
    /// The list with the most votes. Equal ones tie for it.
    MostVotes,
    /// The list with more than half of the votes of all that take part.
    MoreThanHalf,
    /// The list marked as having won the office that goes with it. Several are an error.
    Office,
}

/// How many seats a bonus has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BonusSeats {
    /// So many, but no more than the house has.
    Fixed(u32),
    /// A share of the house, at most 1.
    Share {
        /// The share.
        share: Fraction,
        /// How it becomes a whole number; [`Rounding::Exact`] drops fractions.
        rounding: Rounding,
    },
    /// One more than half of the house, rounded down.
    MoreThanHalf,
}

/// Whether seats by votes count towards a bonus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BonusCounting {
    /// No: the bonus is set aside, and the chain shares out the rest of the house among all (Greece).
    Beside,
    /// Yes: the list holds so many before the chain begins, which goes on from there (Italy).
    Least,
}

/// What becomes of seats beyond the most that a list may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AboveMax {
    /// They go on in the same method: the list's keys end there.
    #[default]
    NextInLine,
    /// The list leaves with the most it may have, and the others share the rest of the house anew, quotas included, until
    /// no list has more.
    SharedAnew,
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

/// Lists that pool their votes: seats go first to groups and single lists, then inside each group to subgroups and single
/// lists, then inside each subgroup.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Apparentment {
    /// The chain inside a group and a subgroup; `None` repeats the chain of the house.
    pub inside: Option<Vec<Stage>>,
    /// Which lists of a group it stands for.
    pub members: GroupMembers,
}

/// Which lists of a group pool their votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum GroupMembers {
    /// All; the group is void unless each of them takes part by itself (Israel's surplus agreements).
    #[default]
    AllOrVoid,
    /// Those that take part by themselves (Switzerland).
    ThoseThatPass,
}

/// Lists let in when too few pass the threshold. Lists with equal votes come in together, and the result says that the law
/// is silent on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Widening {
    /// The largest of the others, until those let in have more than a share of the threshold's base together, and are at
    /// least so many (Russia, law of 2005: 60%, two lists; unverified).
    AdmitUntil {
        /// The share that must be exceeded, at most 1.
        more_than: Fraction,
        /// The fewest lists.
        lists_min: u32,
    },
    /// The threshold falls step by step until so many lists pass or it has come to nothing (Czechia, Slovakia; unverified).
    LowerBy {
        /// What is taken off every share in each step, at most 1, with at most [`PARAMETER_MAX`] below the line.
        step: Fraction,
        /// The fewest lists.
        lists_min: u32,
    },
}

impl Widening {
    fn check(&self, has_threshold: bool) -> Result<(), ContestError> {
        let (field, share, least) = match *self {
            Self::AdmitUntil { more_than, .. } => ("rules.widening.more_than", more_than, 0),
            Self::LowerBy { step, .. } => ("rules.widening.step", step, 1),
        };
        let Fraction {
            numerator,
            denominator,
        } = share;
        let in_range = (1..=PARAMETER_MAX).contains(&denominator)
            && (least..=denominator).contains(&numerator);
        if !in_range {
            let range = "a share of at most 1 with at most 1000 below the line, and a step above 0";
            return Err(ContestError::FractionOutOfRange {
                field,
                numerator,
                denominator,
                range,
            });
        }
        if has_threshold {
            Ok(())
        } else {
            Err(ContestError::WideningNeedsThreshold)
        }
    }
}

/// What a list is owed that has more than half of all list votes and no more than half of the seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Majority {
    /// One more seat, from the list that won a seat with the smallest key of the last stage that was not one of whole
    /// quotas (Netherlands, Kieswet P 9). Lists with equal smallest keys tie for keeping theirs.
    TakesLastSeat,
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
    /// A drawn lot; the last rule where there is one.
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
    /// Kazakhstan, January 2021, as far as it is known: admission and factor were read in a statute on the lower chamber,
    /// and of nothing else; the rest is known from observers' reports or not at all.
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
