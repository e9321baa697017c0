//! Who should compete, with what: worked out from the contest alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::allocation::{BonusAward, Eligibility, Pairing, Silence, ThresholdDecision, Tie};
use crate::contest::{Contest, Lot, StageAt};
use crate::error::ContestError;
use crate::limits::{check_contest, check_minimums, check_office, check_quota_of};
use crate::rules::{AboveMax, GroupMembers, Parameter, Rescue, RescueRest, Rules, Source};
use crate::threshold::{Threshold, ThresholdBase};
use crate::verify::border::Border;
use crate::verify::passing::{fewest, share_of, waived, widen};
use crate::verify::refusal::Refusal;
use crate::verify::tie::settled_by_the_rules;
use crate::verify::{cuts_keys, pairing_of};

/// A list or a group that should compete.
#[derive(Clone, Debug)]
pub(super) struct Competitor {
    /// The list, or the first list of the group.
    pub list: usize,
    /// All its lists, in their order.
    pub members: Vec<usize>,
    /// Its votes.
    pub votes: u128,
    /// Its votes times the scale of the field, or less for a list that a rescue admits.
    pub weight: u128,
    /// Its candidates.
    pub candidates: u32,
    /// Seats that it can hold at most.
    pub limit: u32,
    /// Seats that it holds beforehand.
    pub before: u32,
    /// Seats that are set aside for it, beside the chain.
    pub aside: u32,
    /// Whether its lists are joined inside a group.
    pub subgroup: bool,
}

impl Competitor {
    fn of(contest: &Contest, rules: &Rules, members: Vec<usize>) -> Option<Self> {
        let lists = || members.iter().map(|&list| &contest.lists[list]);
        let votes = lists().map(|list| u128::from(list.votes)).sum();
        let candidates: u64 = lists()
            .map(|list| u64::from(list.candidates.unwrap_or(u32::MAX)))
            .sum();
        let candidates = u32::try_from(candidates).unwrap_or(u32::MAX);
        let capped = rules.above_max == AboveMax::NextInLine;
        let most = rules.seats_max.filter(|_| capped).unwrap_or(u32::MAX);
        let room = lists().map(|list| {
            let candidates = list.candidates.filter(|_| cuts_keys(rules));
            u64::from(candidates.unwrap_or(u32::MAX).min(most).max(list.held))
        });
        let held = lists().map(|list| list.held).max().unwrap_or(0);
        let limit = u32::try_from(room.sum::<u64>()).unwrap_or(u32::MAX);
        let candidates = if members.len() > 1 { limit } else { candidates };
        Some(Self {
            list: *members.first()?,
            votes,
            weight: votes,
            candidates,
            limit,
            before: rules.seats_min.min(candidates).min(limit).max(held),
            aside: 0,
            members,
            subgroup: false,
        })
    }

    /// Those who compete inside a group: its subgroups and single lists, in the order of their first lists.
    pub fn split(&self, contest: &Contest, rules: &Rules) -> Vec<Self> {
        let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut firsts: BTreeMap<u32, usize> = BTreeMap::new();
        for &list in &self.members {
            let subgroup = contest.lists[list].subgroup;
            let first = subgroup.map_or(list, |subgroup| *firsts.entry(subgroup).or_insert(list));
            parts.entry(first).or_default().push(list);
        }
        let parts = parts.into_values();
        let inside = |one: Self| Self {
            subgroup: true,
            ..one
        };
        parts
            .filter_map(|lists| Self::of(contest, rules, lists).map(inside))
            .collect()
    }

    /// The lists of a subgroup as competitors of each other.
    pub fn single(&self, contest: &Contest, rules: &Rules) -> Vec<Self> {
        let lists = self.members.iter();
        lists
            .filter_map(|&list| Self::of(contest, rules, vec![list]))
            .collect()
    }
}

/// What the contest and the rules say before any seat is given.
pub(super) struct Expected {
    pub eligibility: Vec<Eligibility>,
    pub pairing: Vec<Pairing>,
    pub decisions: Vec<Option<ThresholdDecision>>,
    /// Fields of competitors: one, or one for each outcome of an open tie for the runner-up's place, or none.
    pub fields: Vec<Vec<Competitor>>,
    /// Weights are votes times this.
    pub scale: u32,
    /// Whether the fields are those of a rescue.
    pub rescued: bool,
    /// Where the law is silent, as far as it shows before any seat is given.
    pub silences: BTreeSet<Silence>,
}

impl Expected {
    pub fn of(
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        (rescue_tie, bonus): (Option<&Tie>, Option<&BonusAward>),
        refusals: &mut Vec<Refusal>,
    ) -> Result<Self, ContestError> {
        check_contest(contest)?;
        rules.check()?;
        check_quota_of(contest, rules)?;
        check_office(contest, rules)?;
        let mut expected = Self::by_threshold(contest, rules)?;
        if let (Some(widening), Some(threshold)) = (rules.widening, &rules.threshold) {
            let base = base_count(contest, threshold)?;
            let eligibility = &mut expected.eligibility;
            if widen(contest, threshold, widening, base, eligibility) {
                expected.silences.insert(Silence::RunnerUpTie);
            }
        }
        let members: Vec<usize> = (0..contest.lists.len())
            .filter(|&list| expected.eligibility[list].takes_part())
            .collect();
        let counted = contest.lists.iter().any(|list| list.votes > 0);
        if members.is_empty() && counted {
            expected.silences.insert(Silence::NobodyPassed);
        }
        let outside = expected.eligibility.contains(&Eligibility::BelowThreshold);
        if let (Some(rescue), [_], true) = (&rules.rescue, members.as_slice(), outside) {
            let silence = unverified(&rescue.admit_runner_up, Silence::RunnerUpAdmission);
            expected.silences.extend(silence);
        }
        if let (Some(rescue), [leader]) = (&rules.rescue, members.as_slice())
            && rescue.admit_runner_up.value
        {
            let below = |list: &usize| expected.eligibility[*list] == Eligibility::BelowThreshold;
            let most = (0..contest.lists.len())
                .filter(below)
                .map(|list| contest.lists[list].votes)
                .max();
            let second: Vec<usize> = (0..contest.lists.len())
                .filter(|list| below(list) && Some(contest.lists[*list].votes) == most)
                .collect();
            if second.len() > 1 {
                expected.silences.insert(Silence::RunnerUpTie);
            }
            let admitted = expected.admitted(contest, rules, lots, rescue_tie, second, refusals);
            if let [list] = admitted.as_slice() {
                expected.eligibility[*list] = Eligibility::RescueAdmitted;
            }
            if !admitted.is_empty() {
                expected.scale = rescue.factor.value.denominator;
                expected.rescued = true;
                for second in admitted {
                    let (field, silences) = rescued(contest, rules, rescue, *leader, second);
                    expected.fields.push(field);
                    expected.silences.extend(silences);
                }
                return Ok(expected);
            }
        } else if rescue_tie.is_some() {
            refusals.push(Refusal::Tie {
                at: StageAt::Rescue,
            });
        }
        expected.join(contest, rules);
        let bonus = expected.favour(contest, rules, lots, bonus)?;
        refusals.extend(bonus);
        for field in &expected.fields {
            let least = field
                .iter()
                .map(|one| u64::from(one.before) + u64::from(one.aside));
            check_minimums(least.sum(), contest.seats)?;
        }
        Ok(expected)
    }

    /// The lists that may be admitted: one, or all that are still tied for it.
    fn admitted(
        &self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        tie: Option<&Tie>,
        second: Vec<usize>,
        refusals: &mut Vec<Refusal>,
    ) -> Vec<usize> {
        if second.len() < 2 {
            if tie.is_some() {
                refusals.push(Refusal::Tie {
                    at: StageAt::Rescue,
                });
            }
            return second;
        }
        let facts = |list: usize| {
            (
                u128::from(contest.lists[list].votes),
                contest.lists[list].registration,
            )
        };
        let fits = |tie: &&Tie| {
            tie.at == StageAt::Rescue
                && tie.lists == second
                && tie.seats_at_stake == 1
                && settled_by_the_rules(tie, rules, lots, &facts)
        };
        match tie.filter(fits) {
            Some(tie) => tie
                .settled
                .iter()
                .flat_map(|one| one.winners.clone())
                .chain(tie.open.clone())
                .collect(),
            None => {
                refusals.push(Refusal::Tie {
                    at: StageAt::Rescue,
                });
                second
            }
        }
    }

    fn by_threshold(contest: &Contest, rules: &Rules) -> Result<Self, ContestError> {
        let base = rules
            .threshold
            .as_ref()
            .map(|threshold| base_count(contest, threshold))
            .transpose()?;
        let mut eligibility = Vec::new();
        let mut decisions = Vec::new();
        for list in &contest.lists {
            let decision = rules.threshold.as_ref().zip(base).map(|(threshold, base)| {
                let share = share_of(threshold, list);
                let (numerator, denominator) =
                    (u128::from(share.numerator), u128::from(share.denominator));
                let base_parts = if threshold.per_seat { contest.seats } else { 1 };
                let below = denominator * u128::from(base_parts);
                let passed = u128::from(list.votes) >= fewest(threshold, numerator * base, below);
                let (comparison, base_kind) = (threshold.comparison, threshold.base);
                ThresholdDecision {
                    share,
                    comparison,
                    base_kind,
                    base,
                    base_parts,
                    passed,
                }
            });
            eligibility.push(match decision {
                _ if list.votes == 0 => Eligibility::NoVotes,
                _ if list.exempt => Eligibility::Exempt,
                Some(ThresholdDecision { passed: false, .. }) => {
                    let waived = rules
                        .threshold
                        .as_ref()
                        .is_some_and(|rule| waived(rule, list));
                    if waived {
                        Eligibility::Waived
                    } else {
                        Eligibility::BelowThreshold
                    }
                }
                _ => Eligibility::Passed,
            });
            decisions.push(decision);
        }
        let pairing = vec![Pairing::None; contest.lists.len()];
        Ok(Self {
            eligibility,
            pairing,
            decisions,
            fields: Vec::new(),
            scale: 1,
            rescued: false,
            silences: BTreeSet::new(),
        })
    }

    /// Groups and single lists, in the order of their first lists.
    fn join(&mut self, contest: &Contest, rules: &Rules) {
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        if let Some(joined) = &rules.apparentment {
            let all_or_void = joined.members == GroupMembers::AllOrVoid;
            for (index, list) in contest.lists.iter().enumerate() {
                if let Some(group) = list.group
                    && (all_or_void || self.eligibility[index].takes_part())
                {
                    groups.entry(group).or_default().push(index);
                }
            }
        }
        let mut field = BTreeMap::new();
        for members in groups.values() {
            let pairing = pairing_of(members, &self.eligibility);
            for &list in members {
                self.pairing[list] = pairing;
            }
            if pairing == Pairing::Stands {
                field.insert(members[0], members.clone());
            }
        }
        for list in 0..contest.lists.len() {
            if self.eligibility[list].takes_part() && self.pairing[list] != Pairing::Stands {
                field.insert(list, vec![list]);
            }
        }
        let competitors: Vec<Competitor> = field
            .into_values()
            .filter_map(|members| Competitor::of(contest, rules, members))
            .collect();
        if !competitors.is_empty() {
            self.fields = vec![competitors];
        }
    }
}

fn base_count(contest: &Contest, threshold: &Threshold) -> Result<u128, ContestError> {
    let missing = ContestError::BaseMissing {
        base: threshold.base,
    };
    let count = match threshold.base {
        ThresholdBase::ListVotes => {
            return Ok(contest
                .lists
                .iter()
                .fold(0, |sum, list| sum + u128::from(list.votes)));
        }
        ThresholdBase::ValidVotes => contest.base.valid_votes,
        ThresholdBase::ValidAndAgainstAll => contest.base.valid_and_against_all,
        ThresholdBase::BallotsInBox => contest.base.ballots_in_box,
        ThresholdBase::BallotsIssued => contest.base.ballots_issued,
    };
    count.map(u128::from).ok_or(missing)
}

/// What a result that uses a parameter has to say of it.
fn unverified<T>(parameter: &Parameter<T>, silence: Silence) -> Option<Silence> {
    (parameter.source == Source::Unverified).then_some(silence)
}

/// The two lists of a rescued contest, with the floor, the factor and the rounds as the parameters say, and where the law
/// is silent on them.
fn rescued(
    contest: &Contest,
    rules: &Rules,
    rescue: &Rescue,
    leader: usize,
    second: usize,
) -> (Vec<Competitor>, BTreeSet<Silence>) {
    let mut pair: Vec<Competitor> = [leader, second]
        .iter()
        .filter_map(|&list| Competitor::of(contest, rules, vec![list]))
        .collect();
    let factor = rescue.factor.value;
    for one in &mut pair {
        let multiplier = if one.list == second {
            factor.numerator
        } else {
            factor.denominator
        };
        one.weight = one.votes * u128::from(multiplier);
    }
    let border = Border::of(
        rules.stages[0].method,
        &pair,
        contest.seats,
        factor.denominator,
        None,
    );
    let whole = |one: &Competitor| border.whole_quotas(one.weight);
    let leader_whole = pair.first().map_or(0, whole);
    let floor = rescue.floor.value.min(contest.seats);
    let mut taken = u64::from(leader_whole);
    let mut silences: BTreeSet<Silence> = BTreeSet::new();
    silences.extend(unverified(&rescue.factor, Silence::RunnerUpFactor));
    if u64::from(leader_whole) + u64::from(floor) > u64::from(contest.seats) {
        silences.extend(unverified(&rescue.floor_first, Silence::FloorBeforeQuotas));
    }
    for one in &mut pair {
        let mut base = whole(one);
        if one.list == second {
            let left = contest.seats.saturating_sub(leader_whole);
            let held = if rescue.floor_first.value {
                floor
            } else {
                floor.min(left)
            };
            one.before = held.min(one.candidates).min(one.limit);
            if base < floor {
                silences.extend(unverified(&rescue.floor, Silence::RunnerUpFloor));
            }
            if one.candidates < rescue.floor.value {
                silences.insert(Silence::ShortList);
            }
            base = base.max(one.before);
            taken += u64::from(base);
        }
        one.limit = match rescue.rest.value {
            RescueRest::StaysEmpty => one.limit.min(base),
            RescueRest::MultipliedRemainders if rescue.further_rounds.value => one.limit,
            RescueRest::MultipliedRemainders => one.limit.min(base.saturating_add(1)),
        };
    }
    if u64::from(contest.seats) > taken {
        silences.extend(unverified(&rescue.rest, Silence::SeatsAfterQuotas));
    }
    let by_remainders = rescue.rest.value == RescueRest::MultipliedRemainders;
    if by_remainders && u64::from(contest.seats) > taken + 2 {
        silences.extend(unverified(&rescue.further_rounds, Silence::FurtherRounds));
    }
    (pair, silences)
}
