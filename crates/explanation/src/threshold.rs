//! Who takes part: the threshold in numbers, and who is let in besides.

use crate::language::Messages;
use crate::number::MINUS;
use crate::subject::Explainer;
use apportionment::{
    Comparison, Eligibility, Fraction, Threshold, ThresholdBase, ThresholdDecision, Widening,
};

impl Explainer<'_> {
    /// The threshold, each list above or below it and by how much, and who need not pass.
    pub fn threshold(&mut self) {
        self.heading("threshold.heading");
        let lists = &self.subject.allocation.lists;
        let decision = lists.iter().find_map(|list| list.threshold);
        if let (Some(threshold), Some(decision)) = (&self.subject.rules.threshold, decision) {
            let base = self.say(base_key(decision.base_kind), &[]);
            let count = decision.base.into();
            self.paragraph("threshold.base", &[("base", base.into()), ("count", count)]);
            self.shares(threshold, decision);
            self.threshold_table(threshold);
        } else if self.subject.rules.threshold.is_none() {
            self.paragraph("threshold.none", &[]);
        }
        self.who_need_not_pass();
    }

    /// What each kind of list needs.
    fn shares(&mut self, threshold: &Threshold, decision: ThresholdDecision) {
        let key = match (threshold.comparison, threshold.per_seat) {
            (Comparison::AtLeast, false) => "threshold.at_least",
            (Comparison::MoreThan, false) => "threshold.more_than",
            (Comparison::AtLeast, true) => "threshold.at_least_of_seat",
            (Comparison::MoreThan, true) => "threshold.more_than_of_seat",
        };
        let values = |share: Fraction| {
            let votes = self.votes_needed(share, decision).unwrap_or_default();
            let share_text = self.share(share).into();
            let claim = self.share_of_base(share, decision).into();
            [
                ("share", share_text),
                ("claim", claim),
                ("votes", votes.into()),
            ]
        };
        let mut points = vec![self.say(key, &values(threshold.share))];
        for entry in &threshold.by_coalition_size {
            let mut values = values(entry.share).to_vec();
            values.push(("parties", entry.size_min.into()));
            points.push(self.say("threshold.coalition", &values));
        }
        self.document.points(points);
    }

    /// A share of the law: 7%, or a fraction that has no short decimals.
    pub fn share(&self, share: Fraction) -> String {
        share_text(self.messages, share)
    }

    /// 320 082 × 7 / 100 = 22 405.74, with the seats below the line where the share is of one seat's votes.
    fn share_of_base(&self, share: Fraction, decision: ThresholdDecision) -> String {
        let numbers = &self.messages.numbers;
        let (above, below) = (u128::from(share.numerator), u128::from(share.denominator));
        let base = numbers.whole(decision.base);
        let seats = if decision.base_parts == 1 {
            String::new()
        } else {
            format!(" / {}", numbers.whole(decision.base_parts.into()))
        };
        let factor = if above == below {
            String::new()
        } else {
            format!(" × {} / {}", numbers.whole(above), numbers.whole(below))
        };
        let divisor = below * u128::from(decision.base_parts);
        match decision.base.checked_mul(above) {
            Some(product) => format!(
                "{base}{seats}{factor} = {}",
                numbers.parts(product, divisor)
            ),
            None => format!("{base}{seats}{factor}"),
        }
    }

    /// The fewest votes that pass.
    fn votes_needed(&self, share: Fraction, decision: ThresholdDecision) -> Option<u128> {
        let product = decision.base.checked_mul(share.numerator.into())?;
        let divisor = u128::from(share.denominator) * u128::from(decision.base_parts);
        Some(match decision.comparison {
            // A list without votes passes nothing.
            Comparison::AtLeast => product.div_ceil(divisor).max(1),
            Comparison::MoreThan => product / divisor + 1,
        })
    }

    fn threshold_table(&mut self, threshold: &Threshold) {
        let results = self.subject.allocation.lists.iter();
        let entries = self.subject.contest.lists.iter();
        let mut rows = Vec::new();
        let mut parties = Vec::new();
        for (list, (result, entry)) in results.zip(entries).enumerate() {
            let Some(decision) = result.threshold else {
                continue;
            };
            let votes = u128::from(entry.votes);
            let needed = self.votes_needed(decision.share, decision);
            let numbers = &self.messages.numbers;
            let difference = needed.map_or_else(
                || MINUS.to_string(),
                |needed| numbers.difference(votes, needed),
            );
            rows.push(vec![
                self.name(list).to_owned(),
                self.share(decision.share),
                difference,
            ]);
            if !threshold.by_coalition_size.is_empty() && entry.coalition_size > 1 {
                let list = self.name(list).into();
                let values = [("list", list), ("parties", entry.coalition_size.into())];
                parties.push(self.say("threshold.parties", &values));
            }
        }
        self.document.points(parties);
        let header = self.columns(&["columns.list", "columns.needed_share", "columns.difference"]);
        self.document.table(header, 1..3, rows);
    }

    fn who_need_not_pass(&mut self) {
        let results = self.subject.allocation.lists.iter();
        let entries = self.subject.contest.lists.iter();
        let mut points = Vec::new();
        for (list, (result, entry)) in results.zip(entries).enumerate() {
            let name = self.name(list);
            match result.eligibility {
                Eligibility::Exempt => {
                    points.push(self.say("threshold.exempt", &[("list", name.into())]));
                }
                Eligibility::Waived => points.push(self.waived(name, entry)),
                Eligibility::NoVotes => {
                    points.push(self.say("threshold.no_votes", &[("list", name.into())]));
                }
                Eligibility::Passed | Eligibility::RescueAdmitted | Eligibility::BelowThreshold => {
                }
            }
        }
        self.document.points(points);
    }

    fn waived(&self, name: &str, entry: &apportionment::List) -> String {
        let numbers = &self.messages.numbers;
        let threshold = self.subject.rules.threshold.as_ref();
        let enough = threshold
            .and_then(|threshold| threshold.direct_seats_min)
            .filter(|least| entry.direct_seats >= *least);
        if let Some(least) = enough {
            let (won, least) = (u128::from(entry.direct_seats), u128::from(least));
            let claim = format!("{} ≥ {}", numbers.whole(won), numbers.whole(least));
            let values = [("list", name.into()), ("claim", claim.into())];
            return self.say("threshold.waived_direct", &values);
        }
        let share = threshold.and_then(|threshold| threshold.in_one_district);
        let (Some(share), Some(district)) = (share, entry.best_district) else {
            return name.to_owned();
        };
        let claim = format!(
            "{} / {} = {}",
            numbers.whole(district.votes.into()),
            numbers.whole(district.of.into()),
            numbers.parts(district.votes.into(), u128::from(district.of).max(1)),
        );
        let values = [
            ("list", name.into()),
            ("claim", claim.into()),
            ("share", self.share(share).into()),
        ];
        self.say("threshold.waived_district", &values)
    }

    /// Lists below the threshold that come in on equal terms.
    pub fn let_in(&mut self) {
        let Some(widening) = self.subject.rules.widening else {
            return;
        };
        let results = self.subject.allocation.lists.iter().enumerate();
        let admitted = results.filter(|(_, list)| list.eligibility == Eligibility::RescueAdmitted);
        let admitted: Vec<usize> = admitted.map(|(list, _)| list).collect();
        if admitted.is_empty() {
            return;
        }
        self.heading("widening.heading");
        let (key, share, lists) = match widening {
            Widening::AdmitUntil {
                more_than,
                lists_min,
            } => ("widening.until", self.share(more_than), lists_min),
            Widening::LowerBy { step, lists_min } => {
                let step = share_in(self.messages, "language.points", step);
                ("widening.lowered", step, lists_min)
            }
        };
        let values = [("share", share.into()), ("lists", lists.into())];
        self.paragraph(key, &values);
        let mut points: Vec<String> = admitted
            .iter()
            .map(|&list| self.say("widening.admitted", &[("list", self.name(list).into())]))
            .collect();
        let lists = self.subject.allocation.lists.iter();
        let inside = lists.zip(&self.subject.contest.lists);
        let votes = inside
            .filter(|(result, _)| result.eligibility.takes_part())
            .map(|(_, entry)| u128::from(entry.votes));
        let claim = self.messages.numbers.sum(votes);
        points.push(self.say("widening.reached", &[("claim", claim.into())]));
        self.document.points(points);
    }
}

/// A share of the law: 7%, or a fraction that has no short decimals.
pub(crate) fn share_text(messages: &Messages, share: Fraction) -> String {
    share_in(messages, "language.percent", share)
}

/// A share, or in percentage points what it changes by.
fn share_in(messages: &Messages, percent_key: &str, share: Fraction) -> String {
    let Fraction {
        numerator,
        denominator,
    } = share;
    let (numerator, denominator) = (u64::from(numerator), u64::from(denominator));
    let percent = messages.numbers.short(numerator * 100, denominator);
    if percent.contains('/') {
        return messages.numbers.short(numerator, denominator);
    }
    messages.say(percent_key, &[("number", percent.into())])
}

/// What a count is called.
pub(crate) fn base_key(base: ThresholdBase) -> &'static str {
    match base {
        ThresholdBase::ListVotes => "base.list_votes",
        ThresholdBase::ValidVotes => "base.valid_votes",
        ThresholdBase::ValidAndAgainstAll => "base.valid_and_against_all",
        ThresholdBase::BallotsInBox => "base.ballots_in_box",
        ThresholdBase::BallotsIssued => "base.ballots_issued",
    }
}
