//! One stage at a time: its competitors, its sums, its border, its tie.

use std::collections::{BTreeMap, BTreeSet};

use crate::allocation::{Award, MajorityTransfer, Silence, StageResult, Tie};
use crate::contest::{Contest, Lot, StageAt};
use crate::method::{Method, Stage, StageSeats};
use crate::ratio::Ratio;
use crate::rules::{AboveMax, Rules};
use crate::verify::border::{Border, Extreme, signed};
use crate::verify::cuts_keys;
use crate::verify::expected::Competitor;
use crate::verify::key::{Key, compare};
use crate::verify::refusal::Refusal;
use crate::verify::tie::settled_by_the_rules;

/// Follows the recorded stages in their order and holds each against the rules.
pub(super) struct Walk<'a> {
    pub contest: &'a Contest,
    pub rules: &'a Rules,
    pub lots: &'a [Lot],
    pub results: &'a [StageResult],
    pub majority: Option<&'a MajorityTransfer>,
    /// What the result says of the ties that wait for a lot in the rounds of a cap.
    pub asked_in_rounds: Option<&'a [usize]>,
    pub position: usize,
    /// Positions of stages whose ties nothing hangs on, because the round of a cap began anew whatever they came to.
    pub abandoned: Vec<usize>,
    /// Where the law is silent.
    pub silences: BTreeSet<Silence>,
    pub refusals: Vec<Refusal>,
}

/// Where a chain ends.
pub(super) struct ChainEnd {
    pub seats: Vec<u32>,
    pub open: Vec<bool>,
    /// Whether later stages wait for an open tie.
    pub waiting: bool,
    pub left_over: u32,
    /// The stage whose open tie stopped the chain.
    pub stopped: Option<usize>,
    /// That tie.
    pub tie: Option<Tie>,
    /// For each competitor the last stage that gave it a seat, whole quotas aside, and the key of that seat.
    pub won: Vec<Option<(usize, Key)>>,
}

impl Walk<'_> {
    /// Checks a chain of stages among competitors and returns what the recorded stages gave.
    pub fn chain(
        &mut self,
        stages: &[Stage],
        competitors: &[Competitor],
        house: u32,
        scale: u32,
        place: impl Fn(usize) -> StageAt,
    ) -> ChainEnd {
        let held = competitors.iter().map(|one| one.before).collect();
        self.chain_from((stages, 0), competitors, held, (house, scale), place)
    }

    /// The same from a stage on, with what competitors hold before it.
    pub fn chain_from(
        &mut self,
        (stages, first): (&[Stage], usize),
        competitors: &[Competitor],
        mut held: Vec<u32>,
        (house, scale): (u32, u32),
        place: impl Fn(usize) -> StageAt,
    ) -> ChainEnd {
        let mut open = vec![false; competitors.len()];
        let mut won = vec![None; competitors.len()];
        for (index, stage) in stages.iter().enumerate().skip(first) {
            let given = sum(&held);
            let left = house.saturating_sub(given);
            if left == 0 {
                break;
            }
            let border = Border::of(
                stage.method,
                competitors,
                house,
                scale,
                self.contest.quota_of,
            );
            let field = narrowed(stage, &border, competitors, &held);
            let offered = match stage.seats {
                StageSeats::Remaining => left,
                StageSeats::WholeQuotas => whole_quotas(&border, &field, &held).min(left),
                StageSeats::AtMost(most) => most.min(left),
            };
            if offered == 0 {
                continue;
            }
            if border.is_below_one {
                self.silences.insert(Silence::QuotaBelowOne);
            }
            let at = place(index);
            let results: &[StageResult] = self.results;
            let Some(result) = results.get(self.position).filter(|result| result.at == at) else {
                self.refusals.push(Refusal::MissingStage { at });
                break;
            };
            self.position += 1;
            if !same_competitors(result, &field, &held, scale) {
                self.refusals.push(Refusal::Contenders { at });
                break;
            }
            let after = given.saturating_add(offered);
            let seats: Vec<u32> = result.contenders.iter().map(|one| one.seats).collect();
            let tie = result.tie.as_ref();
            // A limit of this stage alone does not say that a list with the majority is owed no seat.
            let is_idle = after == house
                && tie.is_some_and(|tie| self.stays_empty(tie, competitors, &seats, house));
            let is_void = after == house
                && stage.seats != StageSeats::WholeQuotas
                && tie.is_some_and(|tie| self.takes_a_seat_of(tie, competitors, &seats, house));
            let lots = match is_void || is_idle {
                true => &[][..],
                false => self.lots,
            };
            if tie.is_some_and(|tie| tie.stays_empty != is_idle) {
                self.refusals.push(Refusal::Tie { at });
            }
            self.stage(result, stage, &border, &field, (after, lots));
            if stage.seats != StageSeats::WholeQuotas {
                for (place, contender) in result.contenders.iter().enumerate() {
                    if contender.seats > held[place] {
                        let weight = competitors[place].weight;
                        won[place] = Some((index, border.key(weight, contender.seats - 1)));
                    }
                }
            }
            held = result
                .contenders
                .iter()
                .map(|contender| contender.seats)
                .collect();
            if is_idle {
                // What nobody has a candidate for goes on to no later stage.
                break;
            }
            if let Some(tie) = tie.filter(|tie| tie.open_seats > 0) {
                for (open, one) in open.iter_mut().zip(competitors) {
                    *open = left > offered || tie.open.binary_search(&one.list).is_ok();
                }
                return ChainEnd {
                    seats: held,
                    open,
                    waiting: left > offered,
                    left_over: 0,
                    stopped: Some(index),
                    tie: Some(tie.clone()),
                    won,
                };
            }
        }
        let given = sum(&held);
        ChainEnd {
            seats: held,
            open,
            waiting: false,
            left_over: house.saturating_sub(given),
            stopped: None,
            tie: None,
            won,
        }
    }

    fn stage(
        &mut self,
        result: &StageResult,
        stage: &Stage,
        border: &Border,
        competitors: &[Competitor],
        (after, lots): (u32, &[Lot]),
    ) {
        let at = result.at;
        let quota = match stage.method {
            Method::Quota(_) => Ratio::new(border.quota.0, border.quota.1.unsigned_abs()),
            Method::Divisors(_) => None,
        };
        if result.method != stage.method || result.quota != quota {
            self.refusals.push(Refusal::Quota { at });
        }
        let before: Vec<u32> = result
            .contenders
            .iter()
            .map(|contender| contender.seats_before)
            .collect();
        let held: Vec<u32> = result
            .contenders
            .iter()
            .map(|contender| contender.seats)
            .collect();
        let open = result.tie.as_ref().map_or(0, |tie| tie.open_seats);
        let found = held.iter().map(|&seats| u64::from(seats)).sum::<u64>()
            + u64::from(open)
            + u64::from(result.left_over);
        if found != u64::from(after) || result.seats_after != after {
            self.refusals.push(Refusal::StageSum {
                at,
                expected: u64::from(after),
                found,
            });
        }
        for (index, one) in competitors.iter().enumerate() {
            if held[index] > one.limit || held[index] < before[index] {
                self.refusals.push(Refusal::Contenders { at });
            }
            if result.left_over > 0 && held[index] < one.limit {
                self.refusals.push(Refusal::StageSum {
                    at,
                    expected: u64::from(after),
                    found,
                });
            }
        }
        let (granted, refused) = border.extremes(competitors, &before, &held);
        if let (Some((last, smallest)), Some((next, largest))) = (granted, refused) {
            let crossing = compare(smallest, largest);
            let (granted, refused) = (competitors[last].list, competitors[next].list);
            if crossing.is_lt() {
                self.refusals.push(Refusal::Border {
                    at: Some(at),
                    granted,
                    refused,
                });
            }
            if crossing.is_eq() && result.tie.is_none() {
                self.refusals.push(Refusal::Tie { at });
            }
        }
        let own = |index: usize, seat: u32| (seat, border.key(competitors[index].weight, seat - 1));
        let last = same_award(result.last_seat, competitors, granted, |index| {
            (held[index] > before[index]).then(|| own(index, held[index]))
        });
        let next = same_award(result.next_in_line, competitors, refused, |index| {
            (held[index] < competitors[index].limit).then(|| own(index, held[index] + 1))
        });
        if !last || !next {
            self.refusals.push(Refusal::Certificate { at });
        }
        if let Some(tie) = &result.tie
            && !(tie.at == at && self.tie_stands(tie, border, competitors, (&before, &held), lots))
        {
            self.refusals.push(Refusal::Tie { at });
        }
    }

    /// Whether nobody in what is open of a tie for the last seats has a candidate for one, and no later rule asks whose such a
    /// seat is: not the clause of a majority, nor a cap with which a list leaves. `seats` are those without the open ones.
    fn stays_empty(
        &self,
        tie: &Tie,
        competitors: &[Competitor],
        seats: &[u32],
        house: u32,
    ) -> bool {
        let leaves_with = match self.rules.above_max {
            AboveMax::SharedAnew => self.rules.seats_max,
            AboveMax::NextInLine => None,
        };
        let is_open = |list: usize| tie.open.binary_search(&list).is_ok();
        let mut standing = competitors.iter().zip(seats);
        tie.open_seats > 0
            && !cuts_keys(self.rules)
            && !self.may_be_owed(competitors, seats, house)
            && standing.all(|(one, &seats)| {
                let empty = seats >= one.candidates && leaves_with != Some(seats);
                empty || !is_open(one.list)
            })
    }

    /// A tie stands when exactly its lists have the border's key, fewer of them got a seat than want one, and the chain of
    /// rules settles as much of it as recorded.
    fn tie_stands(
        &self,
        tie: &Tie,
        border: &Border,
        competitors: &[Competitor],
        (before, held): (&[u32], &[u32]),
        lots: &[Lot],
    ) -> bool {
        let won = |list: &usize| {
            tie.settled
                .iter()
                .any(|one| one.winners.binary_search(list).is_ok())
        };
        let Some(key) = tie.key.and_then(Key::recorded) else {
            return false;
        };
        let mut winners: u64 = 0;
        for (index, one) in competitors.iter().enumerate() {
            let wins = won(&one.list);
            winners += u64::from(wins);
            let last = (held[index] > before[index])
                .then(|| border.key(one.weight, held[index].saturating_sub(1)));
            let next = (held[index] < one.limit).then(|| border.key(one.weight, held[index]));
            let fits = match (tie.lists.binary_search(&one.list).is_ok(), wins) {
                (true, true) => last.is_some_and(|last| compare(last, key).is_eq()),
                (true, false) => next.is_some_and(|next| compare(next, key).is_eq()),
                (false, _) => {
                    last.is_none_or(|last| compare(last, key).is_gt())
                        && next.is_none_or(|next| compare(next, key).is_lt())
                }
            };
            if !fits {
                return false;
            }
        }
        let by_list: BTreeMap<usize, &Competitor> =
            competitors.iter().map(|one| (one.list, one)).collect();
        let facts = |list: usize| {
            let one = by_list.get(&list);
            let alone = one.is_some_and(|one| one.members.len() == 1);
            let registration = self
                .contest
                .lists
                .get(list)
                .and_then(|list| list.registration);
            (
                one.map_or(0, |one| one.weight),
                registration.filter(|_| alone),
            )
        };
        winners + u64::from(tie.open_seats) == u64::from(tie.seats_at_stake)
            && settled_by_the_rules(tie, self.rules, lots, &facts)
    }
}

/// The competitors with the limits that they have in a stage.
fn narrowed(
    stage: &Stage,
    border: &Border,
    competitors: &[Competitor],
    held: &[u32],
) -> Vec<Competitor> {
    let limit = |one: &Competitor, held: u32| match stage.bar {
        Some(bar) if !border.reaches(one.weight, bar) => held,
        _ => one.limit.min(
            stage
                .each_max
                .map_or(u32::MAX, |most| held.saturating_add(most)),
        ),
    };
    let limit = |one: &Competitor, held: u32| {
        let least = stage.key_min;
        let keys = least.map_or(u32::MAX, |least| border.keys_from(one.weight, least));
        limit(one, held).min(keys.max(held))
    };
    let narrow = |(one, held): (&Competitor, &u32)| Competitor {
        limit: limit(one, *held),
        ..one.clone()
    };
    competitors.iter().zip(held).map(narrow).collect()
}

/// Seats that whole quotas give on top of those held.
fn whole_quotas(border: &Border, field: &[Competitor], held: &[u32]) -> u32 {
    let seats = field.iter().zip(held).map(|(one, held)| {
        let whole = border.whole_quotas(one.weight).min(one.limit);
        u64::from(whole.saturating_sub(*held))
    });
    u32::try_from(seats.sum::<u64>()).unwrap_or(u32::MAX)
}

fn same_competitors(
    result: &StageResult,
    competitors: &[Competitor],
    held: &[u32],
    scale: u32,
) -> bool {
    result.contenders.len() == competitors.len()
        && result
            .contenders
            .iter()
            .zip(competitors)
            .zip(held)
            .all(|((found, one), &before)| {
                found.list == one.list
                    && found.votes == one.votes
                    && Some(found.weight) == Ratio::new(signed(one.weight), u128::from(scale))
                    && found.limit.unwrap_or(u32::MAX) == one.limit
                    && found.seats_before == before
            })
}

/// A forged result may hold any numbers: their sum must not panic.
pub(super) fn sum(seats: &[u32]) -> u32 {
    seats
        .iter()
        .fold(0, |sum, seats| sum.saturating_add(*seats))
}

/// Whether a recorded seat is one at the border: several lists may share the border's key, and any of them stands for it
/// with its own. `own` is the number and the key of the seat that a competitor has on this side of the border, if any.
fn same_award(
    found: Option<Award>,
    competitors: &[Competitor],
    expected: Extreme,
    own: impl Fn(usize) -> Option<(u32, Key)>,
) -> bool {
    let (found, (_, border)) = match (found, expected) {
        (None, None) => return true,
        (Some(found), Some(expected)) => (found, expected),
        _ => return false,
    };
    let named = competitors.iter().position(|one| one.list == found.list);
    named.and_then(own).is_some_and(|(seat, key)| {
        seat == found.seat && key.reported() == Some(found.key) && compare(key, border).is_eq()
    })
}
