//! The stages one by one, each in the words of its method.

use crate::quota::ShownQuota;
use crate::subject::{Explainer, SUMMANDS_MAX};
use apportionment::{
    AboveMax, Award, BonusCounting, Contender, Divisors, ExhaustedList, Fraction, Key, Method,
    Outcome, Quota, QuotaKind, Stage, StageAt, StageResult, StageSeats, StageSteps, explain,
};
use std::collections::{BTreeMap, BTreeSet};

/// A stage with what its lines are made of.
pub(crate) struct StageView<'a> {
    pub result: &'a StageResult,
    pub steps: &'a StageSteps,
    /// Seats of the house, or of the group.
    pub house: u32,
    /// The quota as it is computed, for quota methods.
    pub quota: Option<ShownQuota>,
    /// How the votes of the list that a rescue admits are multiplied.
    pub factor: Option<(usize, Fraction)>,
    contenders: BTreeMap<usize, &'a Contender>,
}

impl StageView<'_> {
    /// Votes of a competitor; none of one that is not here.
    pub fn votes(&self, list: usize) -> u128 {
        self.contenders
            .get(&list)
            .map_or(0, |contender| contender.votes)
    }

    /// What a competitor's votes are multiplied by.
    pub fn factor_of(&self, list: usize) -> Fraction {
        let factor = self.factor.filter(|(admitted, _)| *admitted == list);
        factor.map_or(Fraction::new(1, 1), |(_, factor)| factor)
    }
}

impl Explainer<'_> {
    /// Every stage that ran.
    pub fn stages(&mut self) {
        let allocation = self.subject.allocation;
        let steps = explain(allocation);
        if let Some(most) = self.subject.rules.seats_max {
            self.paragraph("stage.cap", &[("seats", most.into())]);
        }
        for (place, (result, steps)) in allocation.stages.iter().zip(&steps).enumerate() {
            let house = self.house_of(place);
            let view = self.view(result, steps, house);
            self.stage(&view);
            self.cap_leaves(place);
        }
        self.empty_seats();
    }

    /// A stage with what its lines are made of.
    pub fn view<'a>(
        &self,
        result: &'a StageResult,
        steps: &'a StageSteps,
        house: u32,
    ) -> StageView<'a> {
        let contenders = result.contenders.iter();
        let contenders = contenders
            .map(|contender| (contender.list, contender))
            .collect();
        let quota = match (result.method, result.quota) {
            (Method::Quota(quota), Some(value)) => {
                let votes = result.contenders.iter().map(|contender| contender.votes);
                let of = self.subject.contest.quota_of;
                let (votes, seats) = of.map_or_else(
                    || (votes.sum(), house),
                    |of| (u128::from(of.votes), of.seats),
                );
                Some(ShownQuota::of(quota, votes, seats, value))
            }
            (Method::Quota(_) | Method::Divisors(_), _) => None,
        };
        let admitted = result
            .contenders
            .iter()
            .find(|contender| {
                let same = u128::try_from(contender.weight.numerator()) == Ok(contender.votes);
                !(same && contender.weight.denominator() == 1)
            })
            .map(|contender| contender.list);
        StageView {
            result,
            steps,
            house,
            quota,
            factor: admitted.zip(self.subject.rules.rescue.map(|rescue| rescue.factor.value)),
            contenders,
        }
    }

    /// The seats that the chain of a stage has to give: those of the house, or of a group, which are those that its last
    /// stage ends with.
    pub fn house_of(&self, place: usize) -> u32 {
        let stages = &self.subject.allocation.stages;
        let (chain, mut number) = chain_of(stages[place].at);
        let bonus = self.subject.rules.bonus;
        let beside = bonus.is_some_and(|bonus| bonus.counting == BonusCounting::Beside);
        if chain == Chain::House && !beside {
            return self.subject.allocation.house;
        }
        let mut seats = stages[place].seats_after;
        for later in &stages[place + 1..] {
            let (other, next) = chain_of(later.at);
            if other != chain || next <= number {
                break;
            }
            (seats, number) = (later.seats_after, next);
        }
        seats
    }

    fn stage(&mut self, view: &StageView<'_>) {
        let heading = self.stage_heading(view.result.at, view.result.method);
        self.document.heading(self.level, heading);
        let in_group = !matches!(view.result.at, StageAt::Chain(_) | StageAt::Round { .. });
        if in_group && self.subject.allocation.outcome == Outcome::Tied {
            self.paragraph("stage.if_seats", &[("seats", view.house.into())]);
        }
        self.frame(view);
        match view.result.method {
            Method::Quota(quota) => self.quota_stage(view, quota),
            Method::Divisors(divisors) => self.averages_stage(view, divisors),
        }
        if let Some(tie) = &view.result.tie {
            self.tie(tie);
        }
        if view.result.left_over > 0 {
            let values = [
                ("seats", view.result.left_over.into()),
                ("reasons", self.left_over(view).into()),
            ];
            self.paragraph("stage.left_over", &values);
        }
    }

    /// What keeps the lists of a stage from the seats that it leaves.
    fn left_over(&self, view: &StageView<'_>) -> String {
        let rule = self.rule_of(view.result.at);
        let most = self.subject.rules.seats_max;
        let reason = |one: &Contender| {
            let won = one.seats - one.seats_before;
            let candidates = self.subject.contest.lists[one.list].candidates;
            if candidates.is_some_and(|candidates| one.seats >= candidates) {
                "stage.left_candidates"
            } else if most.is_some_and(|most| one.seats >= most) {
                "stage.left_cap"
            } else if rule.is_some_and(|rule| rule.each_max.is_some_and(|most| won >= most)) {
                "stage.left_each"
            } else if won == 0 && rule.is_some_and(|rule| rule.bar.is_some()) {
                "stage.left_bar"
            } else if rule.is_some_and(|rule| rule.key_min.is_some()) {
                "stage.left_key"
            } else {
                // Joined lists have the candidates of all their members.
                "stage.left_candidates"
            }
        };
        let reasons: BTreeSet<&str> = view.result.contenders.iter().map(reason).collect();
        let reasons: Vec<String> = reasons.iter().map(|key| self.say(key, &[])).collect();
        reasons.join("; ")
    }

    /// After the last stage of a round: the lists that hold more than a cap allows, and what they leave to the others.
    fn cap_leaves(&mut self, place: usize) {
        let allocation = self.subject.allocation;
        let rules = self.subject.rules;
        let (Some(most), AboveMax::SharedAnew) = (rules.seats_max, rules.above_max) else {
            return;
        };
        let result = &allocation.stages[place];
        let next = allocation.stages.get(place + 1);
        if let (Some(tie), Some(next)) = (&result.tie, next)
            && tie.open_seats > 0
        {
            let (round, later) = (result.at.round(), chain_of(next.at));
            let waits = next.at.round() == round && later.1 > chain_of(result.at).1;
            let at_most = |one: &Contender| one.seats == most && tie.open.contains(&one.list);
            let decides = next.at.round() == round + 1 && result.contenders.iter().any(at_most);
            if waits || decides {
                self.paragraph("stage.cap_hangs", &[]);
                return;
            }
        }
        if next.is_some_and(|next| next.at.round() == result.at.round())
            || (next.is_none() && allocation.pending > 0)
        {
            return;
        }
        let leaving = |stage: &StageResult| -> Vec<usize> {
            let above = stage.contenders.iter().filter(|one| one.seats > most);
            above.map(|one| one.list).collect()
        };
        let lists = leaving(result);
        if lists.is_empty() {
            return;
        }
        // Whoever left before is no competitor any more.
        let first = &allocation.stages[0].contenders;
        let gone = first.len() - result.contenders.len();
        let wide = |number: usize| u128::try_from(number).unwrap_or(u128::MAX);
        let before = u128::from(allocation.house) - wide(gone) * u128::from(most);
        let left = before.saturating_sub(wide(lists.len()) * u128::from(most));
        let numbers = &self.messages.numbers;
        let claim = format!(
            "{} − {} × {} = {}",
            numbers.whole(before),
            numbers.whole(wide(lists.len())),
            numbers.whole(most.into()),
            numbers.whole(left)
        );
        let values = [
            ("seats", most.into()),
            ("lists", self.names(result.at, &lists).into()),
            ("claim", claim.into()),
        ];
        self.paragraph("stage.cap_leaves", &values);
    }

    /// How many seats the stage has, and who may win how many.
    fn frame(&mut self, view: &StageView<'_>) {
        let mut points = Vec::new();
        let contenders = &view.result.contenders;
        let before: Vec<u128> = contenders
            .iter()
            .map(|contender| u128::from(contender.seats_before))
            .collect();
        if before.iter().any(|seats| *seats > 0) && before.len() <= SUMMANDS_MAX {
            let claim = self.messages.numbers.sum(before);
            points.push(self.say("stage.before", &[("claim", claim.into())]));
        }
        if let Some(rule) = self.rule_of(view.result.at) {
            if let StageSeats::AtMost(most) = rule.seats {
                points.push(self.say("stage.at_most", &[("seats", most.into())]));
            }
            if let Some(most) = rule.each_max {
                points.push(self.say("stage.each_at_most", &[("seats", most.into())]));
            }
        }
        let full = view.steps.rows.iter().filter(|row| row.next_key.is_none());
        let full: Vec<usize> = full.map(|row| row.list).collect();
        if !full.is_empty() && !self.hands_out_whole_quotas(view.result.at) {
            let lists = self.names(view.result.at, &full);
            points.push(self.say("stage.cannot", &[("lists", lists.into())]));
        }
        self.document.points(points);
    }

    /// The rule of a stage of the house or inside groups.
    pub fn rule_of(&self, at: StageAt) -> Option<&Stage> {
        let rules = self.subject.rules;
        let inside = rules
            .apparentment
            .as_ref()
            .and_then(|joined| joined.inside.as_ref());
        match chain_of(at) {
            (Chain::House | Chain::Round(_), stage) => rules.stages.get(stage),
            (Chain::Group(_) | Chain::Subgroup(_), stage) => {
                inside.unwrap_or(&rules.stages).get(stage)
            }
        }
    }

    /// Whether a stage gives whole quotas alone.
    pub fn hands_out_whole_quotas(&self, at: StageAt) -> bool {
        self.rule_of(at)
            .is_some_and(|rule| rule.seats == StageSeats::WholeQuotas)
    }

    /// What a stage is called.
    pub fn stage_heading(&self, at: StageAt, method: Method) -> String {
        let method = self.method(method, self.hands_out_whole_quotas(at));
        let (chain, number) = chain_of(at);
        let is_one = self.chain_length(chain) == 1;
        let list = match chain {
            Chain::House | Chain::Round(_) => String::new(),
            Chain::Group(first) => self.contender(StageAt::Chain(0), first),
            Chain::Subgroup(first) => self.contender(StageAt::Group { first, stage: 0 }, first),
        };
        let key = match (chain, is_one) {
            (Chain::House, true) => return capitalised(&method),
            (Chain::House, false) => "stage.numbered",
            (Chain::Round(_), _) => "stage.round",
            (Chain::Group(_), true) => "stage.group",
            (Chain::Group(_), false) => "stage.group_numbered",
            (Chain::Subgroup(_), true) => "stage.subgroup",
            (Chain::Subgroup(_), false) => "stage.subgroup_numbered",
        };
        let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
        let round = u32::try_from(at.round() + 1).unwrap_or(u32::MAX);
        let values = [
            ("number", number.into()),
            ("round", round.into()),
            ("method", method.into()),
            ("list", list.into()),
        ];
        self.say(key, &values)
    }

    fn chain_length(&self, chain: Chain) -> usize {
        let rules = self.subject.rules;
        let inside = rules
            .apparentment
            .as_ref()
            .and_then(|joined| joined.inside.as_ref());
        match chain {
            Chain::House | Chain::Round(_) => rules.stages.len(),
            Chain::Group(_) | Chain::Subgroup(_) => inside.unwrap_or(&rules.stages).len(),
        }
    }

    fn method(&self, method: Method, whole_quotas: bool) -> String {
        match method {
            Method::Quota(Quota { kind, .. }) => {
                let quota = match kind {
                    QuotaKind::Hare => "method.hare",
                    QuotaKind::Droop => "method.droop",
                    QuotaKind::HagenbachBischoff => "method.hagenbach_bischoff",
                    QuotaKind::Imperiali => "method.imperiali",
                };
                let key = if whole_quotas {
                    "method.whole_quotas"
                } else {
                    "method.remainders"
                };
                self.say(key, &[("quota", self.say(quota, &[]).into())])
            }
            Method::Divisors(divisors) => self.series(divisors),
        }
    }

    fn series(&self, divisors: Divisors) -> String {
        let numbers = &self.messages.numbers;
        let short = |fraction: Fraction| {
            numbers.short(fraction.numerator.into(), fraction.denominator.into())
        };
        match divisors {
            Divisors::DHondt => self.say("method.d_hondt", &[]),
            Divisors::SainteLague => self.say("method.sainte_lague", &[]),
            Divisors::ModifiedSainteLague { first } => {
                let first = [("first", short(first).into())];
                self.say("method.modified_sainte_lague", &first)
            }
            Divisors::Danish => self.say("method.danish", &[]),
            Divisors::Imperiali => {
                let second = [("second", numbers.parts(3, 2).into())];
                self.say("method.imperiali_divisors", &second)
            }
            Divisors::Adams => self.say("method.adams", &[]),
            Divisors::Dean => self.say("method.dean", &[]),
            Divisors::HuntingtonHill => self.say("method.huntington_hill", &[]),
            Divisors::Power { exponent } => {
                self.say("method.power", &[("exponent", short(exponent).into())])
            }
        }
    }

    /// A key as the arithmetic that gives it: 218 003 / 29 = 7 517.344…
    pub fn key_claim(&self, view: &StageView<'_>, award: Award) -> String {
        let seats = award.seat.saturating_sub(1);
        match (&view.quota, view.result.method) {
            (Some(quota), _) => self.remainder_claim(view, quota, award.list, seats, award.key),
            (None, Method::Divisors(divisors)) => {
                self.quotient_claim(divisors, view.votes(award.list), seats, award.key)
            }
            (None, Method::Quota(_)) => self.messages.numbers.key(award.key),
        }
    }

    /// "smaller" and "larger" of two keys as exact numbers; `None` where a first seat comes before numbers.
    pub fn comparison(&self, granted: Key, refused: Key) -> Option<String> {
        let relation = match granted.partial_cmp(&refused)? {
            std::cmp::Ordering::Less => "<",
            std::cmp::Ordering::Equal => "=",
            std::cmp::Ordering::Greater => ">",
        };
        let is_first = |key| matches!(key, Key::First { .. });
        if is_first(granted) != is_first(refused) {
            return None;
        }
        let numbers = &self.messages.numbers;
        let (granted, refused) = (numbers.exact_key(granted), numbers.exact_key(refused));
        Some(format!("{granted} {relation} {refused}"))
    }

    /// Seats that stay empty because a list has no candidates for them.
    fn empty_seats(&mut self) {
        if self.subject.rules.exhausted != ExhaustedList::StaysEmpty {
            return;
        }
        let mut points = Vec::new();
        for stage in &self.subject.allocation.stages {
            for contender in &stage.contenders {
                let entry = &self.subject.contest.lists[contender.list];
                let held = self.subject.allocation.lists[contender.list].seats;
                let Some(candidates) = entry.candidates.filter(|&most| contender.seats > most)
                else {
                    continue;
                };
                if held == candidates {
                    let values = [
                        ("list", self.name(contender.list).into()),
                        ("candidates", candidates.into()),
                        ("seats", contender.seats.into()),
                    ];
                    points.push(self.say("stage.empty", &values));
                }
            }
        }
        points.dedup();
        self.document.points(points);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chain {
    House,
    Round(usize),
    Group(usize),
    Subgroup(usize),
}

/// Among whom a stage runs, and its number there, from 0.
fn chain_of(at: StageAt) -> (Chain, usize) {
    match at {
        StageAt::Chain(stage) => (Chain::House, stage),
        StageAt::Round { round, stage } => (Chain::Round(round), stage),
        StageAt::Group { first, stage } => (Chain::Group(first), stage),
        StageAt::Subgroup { first, stage } => (Chain::Subgroup(first), stage),
        // No stage stands at the choice of a list.
        StageAt::Rescue | StageAt::Majority | StageAt::Bonus => (Chain::House, 0),
    }
}

/// A heading begins with a capital letter.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}
