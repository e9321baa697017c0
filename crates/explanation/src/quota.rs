//! Stages by quota: whole quotas and remainders.

use crate::number::MINUS;
use crate::stage::StageView;
use crate::subject::{Explainer, SUMMANDS_MAX};
use apportionment::{Award, Key, Quota, QuotaKind, Ratio, Rounding, StepKind};

/// A quota as it is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownQuota {
    quota: Quota,
    /// Votes of those that take part.
    votes: u128,
    /// The seats of the house, or of the group.
    house: u32,
    /// What it is divided by and into, not in lowest terms: a clerk has these numbers before them.
    numerator: u128,
    denominator: u128,
    /// Whether votes and seats give the quota by its formula, as they do wherever the seats are known.
    by_formula: bool,
}

impl ShownQuota {
    pub fn of(quota: Quota, votes: u128, house: u32, value: Ratio) -> Self {
        let divisor = u128::from(quota.kind.divisor(house));
        let (numerator, denominator) = match quota.rounding {
            Rounding::Exact => (votes, divisor),
            Rounding::Down | Rounding::DownPlusOne | Rounding::Up | Rounding::Nearest => {
                (value.numerator().unsigned_abs(), value.denominator())
            }
        };
        let same = i128::try_from(numerator)
            .ok()
            .and_then(|numerator| Ratio::new(numerator, denominator));
        if same == Some(value) {
            return Self {
                quota,
                votes,
                house,
                numerator,
                denominator,
                by_formula: true,
            };
        }
        Self {
            quota,
            votes,
            house,
            numerator: value.numerator().unsigned_abs(),
            denominator: value.denominator(),
            by_formula: false,
        }
    }
}

impl Explainer<'_> {
    /// Whole quotas as a table, then the remainders seat by seat.
    pub fn quota_stage(&mut self, view: &StageView<'_>, quota: Quota) {
        let Some(shown) = view.quota else { return };
        self.quota_lines(view, &shown, quota);
        self.quota_table(view, &shown);
        self.rest_lines(view);
        self.remainders(view);
    }

    fn quota_lines(&mut self, view: &StageView<'_>, shown: &ShownQuota, quota: Quota) {
        let numbers = &self.messages.numbers;
        let votes: Vec<u128> = view.result.contenders.iter().map(|one| one.votes).collect();
        let mut points = Vec::new();
        points.push(if votes.len() <= SUMMANDS_MAX {
            self.say("stage.votes", &[("claim", numbers.sum(votes).into())])
        } else {
            self.say("stage.votes_many", &[("votes", shown.votes.into())])
        });
        if shown.by_formula {
            let key = match quota.kind {
                QuotaKind::Hare => "quota.hare",
                QuotaKind::Droop | QuotaKind::HagenbachBischoff => "quota.one_more",
                QuotaKind::Imperiali => "quota.two_more",
            };
            let divisor = quota.kind.divisor(shown.house);
            let more = divisor - shown.house;
            let below = match more {
                0 => numbers.whole(divisor.into()),
                more => format!("({} + {more})", numbers.whole(shown.house.into())),
            };
            let claim = format!(
                "{} / {below} = {}",
                numbers.whole(shown.votes),
                numbers.parts(shown.votes, divisor.into()),
            );
            points.push(self.say(key, &[("claim", claim.into())]));
            points.extend(self.rounding(shown, divisor.into()));
        } else {
            let value = numbers.parts(shown.numerator, shown.denominator);
            points.push(self.say("quota.plain", &[("quota", value.into())]));
        }
        let rule = self.rule_of(view.result.at);
        let shares = [
            ("quota.bar", rule.and_then(|rule| rule.bar)),
            ("quota.key_min", rule.and_then(|rule| rule.key_min)),
        ];
        let shares = shares
            .into_iter()
            .filter_map(|(key, share)| Some((key, share?)));
        for (key, bar) in shares {
            let (above, below) = (u128::from(bar.numerator), u128::from(bar.denominator));
            let claim = format!(
                "{} × {} / {} = {}",
                quota_expression(numbers, shown),
                numbers.whole(above),
                numbers.whole(below),
                numbers.parts(shown.numerator * above, shown.denominator * below),
            );
            let share = numbers.exact_share(bar);
            points.push(self.say(key, &[("share", share.into()), ("claim", claim.into())]));
        }
        self.document.points(points);
    }

    /// What rounding makes of the quota.
    fn rounding(&self, shown: &ShownQuota, divisor: u128) -> Vec<String> {
        let numbers = &self.messages.numbers;
        let whole = shown.votes / divisor;
        let value = || [("quota", numbers.whole(shown.numerator).into())];
        let line = match shown.quota.rounding {
            Rounding::Exact => return Vec::new(),
            Rounding::Down => self.say("quota.down", &value()),
            Rounding::DownPlusOne => {
                let claim = numbers.sum([whole, 1]);
                self.say("quota.down_plus_one", &[("claim", claim.into())])
            }
            Rounding::Up => self.say("quota.up", &value()),
            Rounding::Nearest => self.say("quota.nearest", &value()),
        };
        let is_zero = match shown.quota.rounding {
            Rounding::Down => whole == 0,
            Rounding::Nearest => 2 * shown.votes < divisor,
            Rounding::Exact | Rounding::DownPlusOne | Rounding::Up => false,
        };
        if is_zero {
            vec![self.say("quota.below_one", &[])]
        } else {
            vec![line]
        }
    }

    fn quota_table(&mut self, view: &StageView<'_>, shown: &ShownQuota) {
        let numbers = &self.messages.numbers;
        let rows = view.steps.rows.iter().map(|row| {
            let quotient = row.quotient.unwrap_or(row.weight);
            let weight = numbers.times(view.votes(row.list), view.factor_of(row.list));
            let division = if shown.denominator == 1 {
                format!("{weight} / {}", numbers.whole(shown.numerator))
            } else {
                let (above, below) = (shown.denominator, shown.numerator);
                format!(
                    "{weight} × {} / {}",
                    numbers.whole(above),
                    numbers.whole(below)
                )
            };
            let whole = quotient.numerator().unsigned_abs() / quotient.denominator();
            let remainder = row.next_key.map_or_else(
                || String::from("–"),
                |key| self.remainder_claim(view, shown, row.list, row.seats, key),
            );
            vec![
                self.contender(view.result.at, row.list),
                format!("{division} = {}", numbers.fraction(quotient)),
                numbers.whole(whole),
                numbers.whole(row.seats.into()),
                remainder,
            ]
        });
        let rows = rows.collect();
        let header = self.columns(&[
            "columns.list",
            "columns.quotas",
            "columns.whole",
            "columns.held",
            "columns.remainder",
        ]);
        self.document.table(header, 1..5, rows);
    }

    /// What whole quotas leave, or that they are too many.
    fn rest_lines(&mut self, view: &StageView<'_>) {
        let numbers = &self.messages.numbers;
        let seats: Vec<u128> = view
            .steps
            .rows
            .iter()
            .map(|row| u128::from(row.seats))
            .collect();
        let total: u128 = seats.iter().sum();
        let after = u128::from(view.result.seats_after);
        let mut points = Vec::new();
        if seats.len() <= SUMMANDS_MAX {
            let claim = numbers.sum(seats);
            points.push(self.say("quota.whole_sum", &[("claim", claim.into())]));
        }
        if total > after {
            let claim = format!("{} > {}", numbers.whole(total), numbers.whole(after));
            points.push(self.say("quota.too_many", &[("claim", claim.into())]));
        } else if total < after {
            let claim = numbers.difference(after, total);
            points.push(self.say("quota.left", &[("claim", claim.into())]));
        }
        if self.hands_out_whole_quotas(view.result.at) && after < u128::from(view.house) {
            points.push(self.say("quota.stays", &[]));
        }
        self.document.points(points);
    }

    /// Seat by seat: who gets one for a remainder, or gives one back.
    fn remainders(&mut self, view: &StageView<'_>) {
        let steps = &view.steps.steps;
        let is_any = |kind| steps.iter().any(|step| step.kind == kind);
        if is_any(StepKind::Granted) {
            self.paragraph("quota.larger", &[]);
        }
        let rows = steps.iter().map(|step| {
            let (key, seat) = match step.kind {
                StepKind::Granted => ("quota.seat_given", step.seats_before + 1),
                StepKind::Withdrawn => ("quota.seat_taken", step.seats_before),
            };
            let award = Award {
                list: step.list,
                seat,
                key: step.key,
            };
            let what = [("seat", step.seat.into())];
            vec![
                self.say(key, &what),
                self.contender(view.result.at, step.list),
                self.key_claim(view, award),
                self.next_in_line(view, step.next_in_line),
            ]
        });
        let rows = rows.collect();
        let is_taking = is_any(StepKind::Withdrawn);
        let next = if is_taking {
            "columns.next_to_lose"
        } else {
            "columns.next"
        };
        let header = self.columns(&["columns.seat", "columns.list", "columns.remainder", next]);
        self.document.table(header, 2..4, rows);
    }

    /// Who would have been next, with its number.
    pub fn next_in_line(&self, view: &StageView<'_>, next: Option<Award>) -> String {
        next.map_or_else(
            || self.say("averages.none", &[]),
            |next| {
                let name = self.contender(view.result.at, next.list);
                format!("{name}: {}", self.key_claim(view, next))
            },
        )
    }

    /// 218 003 − 28 × 298 349 / 39 = 3 803.717…
    pub fn remainder_claim(
        &self,
        view: &StageView<'_>,
        quota: &ShownQuota,
        list: usize,
        seats: u32,
        key: Key,
    ) -> String {
        let numbers = &self.messages.numbers;
        let factor = view.factor_of(list);
        let weight = numbers.times(view.votes(list), factor);
        let value = numbers.key(key);
        if seats == 0 {
            return if weight == value {
                value
            } else {
                format!("{weight} = {value}")
            };
        }
        let (seats, quota) = (
            numbers.whole(seats.into()),
            quota_expression(numbers, quota),
        );
        format!("{weight} {MINUS} {seats} × {quota} = {value}")
    }
}

/// 298 349 / 39, or 7 459.
fn quota_expression(numbers: &crate::number::Numbers, quota: &ShownQuota) -> String {
    let numerator = numbers.whole(quota.numerator);
    if quota.denominator == 1 {
        numerator
    } else {
        format!("{numerator} / {}", numbers.whole(quota.denominator))
    }
}
