//! What is explained, and in which order.

use crate::document::Document;
use crate::language::{Language, Messages, Value};
use apportionment::{
    Allocation, Contest, Eligibility, Lot, Outcome, Pairing, Rules, Silence, StageAt, VoidReason,
    seats_most,
};

/// Most lists whose votes or seats are added up in one line.
pub(crate) const SUMMANDS_MAX: usize = 40;

/// A result with the question that it answers.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What stands above it; empty: nothing does.
    pub title: &'a str,
    /// What must be shown with everything, such as that votes are invented; empty: nothing must.
    pub notice: &'a str,
    /// What the lists are called, in their order: as many as the contest has lists.
    pub names: &'a [String],
    /// The votes.
    pub contest: &'a Contest,
    /// The law.
    pub rules: &'a Rules,
    /// The lots that were drawn.
    pub lots: &'a [Lot],
    /// The answer of [`apportionment::allocate`] to just this question.
    pub allocation: &'a Allocation,
}

/// Explains the seats of a contest, stage by stage.
///
/// # Panics
/// If there are fewer names than lists, or the allocation is that of another contest.
#[must_use]
pub fn contest(subject: Subject<'_>, language: Language) -> Document {
    let mut explainer = Explainer::new(subject, language);
    explainer.document.head(subject.title, subject.notice);
    explainer.result();
    explainer.threshold();
    explainer.let_in();
    explainer.joined_lists();
    explainer.rescue();
    explainer.bonus();
    let outcomes = explainer.open_place();
    if outcomes.is_none() {
        explainer.stages();
        explainer.majority();
    }
    explainer.void_lots();
    explainer.silences();
    match outcomes {
        None => explainer.check(),
        Some((at, lists)) => explainer.each_outcome(at, &lists),
    }
    explainer.document
}

/// Writes a document about a subject.
pub(crate) struct Explainer<'a> {
    pub subject: Subject<'a>,
    pub messages: &'static Messages,
    pub document: Document,
    /// Of the headings of its sections.
    pub level: u8,
}

impl<'a> Explainer<'a> {
    pub fn new(subject: Subject<'a>, language: Language) -> Self {
        Self {
            subject,
            messages: language.messages(),
            document: Document::default(),
            level: 2,
        }
    }

    pub fn say(&self, key: &str, values: &[(&str, Value)]) -> String {
        self.messages.say(key, values)
    }

    pub fn heading(&mut self, key: &str) {
        let heading = self.say(key, &[]);
        self.document.heading(self.level, heading);
    }

    pub fn paragraph(&mut self, key: &str, values: &[(&str, Value)]) {
        let text = self.say(key, values);
        self.document.paragraph(text);
    }

    pub fn columns(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| self.say(key, &[])).collect()
    }

    pub fn name(&self, list: usize) -> &'a str {
        &self.subject.names[list]
    }

    /// "A, B and C", each as it competes at a place of the procedure.
    pub fn names(&self, at: StageAt, lists: &[usize]) -> String {
        let names: Vec<String> = lists.iter().map(|list| self.contender(at, *list)).collect();
        self.messages.all_of(&names)
    }

    /// What a competitor is called: a list by its name, joined lists by all their names.
    pub fn contender(&self, at: StageAt, list: usize) -> String {
        // Ten thousand lists that stand alone are not looked through for each of them.
        if self.subject.allocation.lists[list].pairing != Pairing::Stands {
            return self.name(list).to_owned();
        }
        let members = match at {
            StageAt::Chain(_) => self.group_of(list),
            StageAt::Group { .. } => {
                let subgroup = self.subject.contest.lists[list].subgroup;
                let mut members = self.group_of(list);
                members.retain(|&member| {
                    subgroup.is_some() && self.subject.contest.lists[member].subgroup == subgroup
                });
                members
            }
            StageAt::Rescue
            | StageAt::Majority
            | StageAt::Bonus
            | StageAt::Round { .. }
            | StageAt::Subgroup { .. } => Vec::new(),
        };
        if members.len() < 2 {
            return self.name(list).to_owned();
        }
        let names: Vec<&str> = members
            .into_iter()
            .map(|member| self.name(member))
            .collect();
        names.join(" + ")
    }

    /// The result as a table, and how far it is settled.
    fn result(&mut self) {
        let allocation = self.subject.allocation;
        self.heading("result.heading");
        self.paragraph("result.house", &[("seats", allocation.house.into())]);
        let pending = [("seats", allocation.pending.into())];
        match allocation.outcome {
            Outcome::NoneYet => self.paragraph("result.none_yet", &[]),
            Outcome::NobodyPassed => self.paragraph("result.nobody", &[]),
            Outcome::Settled => self.paragraph("result.settled", &[]),
            Outcome::Tied => self.paragraph("result.tied", &pending),
        }
        self.paragraph("language.decimals_note", &[]);
        self.result_table();
        let total = self.subject.contest.list_votes();
        let mut points = vec![self.say("result.list_votes", &[("votes", total.into())])];
        if allocation.unassigned > 0 {
            let seats = [("seats", allocation.unassigned.into())];
            points.push(self.say("result.unassigned", &seats));
        }
        let given: Vec<u128> = allocation.seats().into_iter().map(u128::from).collect();
        let open = [allocation.pending, allocation.unassigned];
        let open = open.into_iter().filter(|seats| *seats > 0).map(u128::from);
        if given.len() <= SUMMANDS_MAX {
            let claim = self.messages.numbers.sum(given.into_iter().chain(open));
            points.push(self.say("result.sum", &[("claim", claim.into())]));
        }
        self.document.points(points);
    }

    fn result_table(&mut self) {
        let Subject {
            contest,
            rules,
            lots,
            allocation,
            ..
        } = self.subject;
        let most = seats_most(contest, rules, lots, allocation);
        let total = contest.list_votes();
        let numbers = &self.messages.numbers;
        let rows = contest.lists.iter().zip(&allocation.lists).enumerate();
        let rows = rows.map(|(list, (entry, result))| {
            let share = if total == 0 {
                String::from("–")
            } else {
                // Sums of votes are far below the 128 bits that a share of 100 needs.
                numbers.parts(u128::from(entry.votes) * 100, total)
            };
            let seats = numbers.whole(result.seats.into());
            let most = most[list];
            let seats = if most > result.seats {
                format!("{seats}–{}", numbers.whole(most.into()))
            } else {
                seats
            };
            let eligibility = match result.eligibility {
                Eligibility::Passed => "eligibility.passed",
                Eligibility::Exempt => "eligibility.exempt",
                Eligibility::Waived => "eligibility.waived",
                Eligibility::RescueAdmitted => "eligibility.admitted",
                Eligibility::BelowThreshold => "eligibility.below",
                Eligibility::NoVotes => "eligibility.no_votes",
            };
            vec![
                self.name(list).to_owned(),
                numbers.whole(entry.votes.into()),
                self.say("language.percent", &[("number", share.into())]),
                seats,
                self.say(eligibility, &[]),
            ]
        });
        let rows = rows.collect();
        let header = self.columns(&[
            "columns.list",
            "columns.votes",
            "columns.share",
            "columns.seats",
            "columns.takes_part",
        ]);
        self.document.table(header, 1..4, rows);
    }

    /// Groups that stand with the sum of their votes, and those that are void.
    fn joined_lists(&mut self) {
        let lists = &self.subject.allocation.lists;
        if lists.iter().all(|list| list.pairing == Pairing::None) {
            return;
        }
        self.heading("joined.heading");
        let mut points = Vec::new();
        for (list, result) in lists.iter().enumerate() {
            match result.pairing {
                Pairing::None => {}
                Pairing::Void => {
                    points.push(self.say("joined.void", &[("list", self.name(list).into())]));
                }
                Pairing::Stands => {
                    let members = self.group_of(list);
                    if members.first() == Some(&list) {
                        points.push(self.joined_group(&members));
                    }
                }
            }
        }
        self.document.points(points);
    }

    fn joined_group(&self, members: &[usize]) -> String {
        let names: Vec<String> = members
            .iter()
            .map(|&list| self.name(list).to_owned())
            .collect();
        let votes = members
            .iter()
            .map(|&list| u128::from(self.subject.contest.lists[list].votes));
        let claim = self.messages.numbers.sum(votes);
        let lists = self.messages.all_of(&names);
        self.say(
            "joined.stand",
            &[("lists", lists.into()), ("claim", claim.into())],
        )
    }

    /// The lists that are joined with a list, itself included, where its group stands.
    pub fn group_of(&self, list: usize) -> Vec<usize> {
        let group = self.subject.contest.lists[list].group;
        let results = self
            .subject
            .contest
            .lists
            .iter()
            .zip(&self.subject.allocation.lists);
        let members = results.enumerate().filter(|(_, (entry, result))| {
            result.pairing == Pairing::Stands && entry.group == group
        });
        members.map(|(member, _)| member).collect()
    }

    fn void_lots(&mut self) {
        let void = &self.subject.allocation.void_lots;
        if void.is_empty() {
            return;
        }
        self.heading("lots.heading");
        let points = void.iter().map(|void| {
            let lot = &self.subject.lots[void.lot];
            let reason = match void.reason {
                VoidReason::NoSuchTie => "lots.no_such_tie",
                VoidReason::WrongWinners => "lots.wrong_winners",
                VoidReason::AlreadyDrawn => "lots.already_drawn",
            };
            let lists = self.names(lot.stage, &lot.lists);
            self.say(
                reason,
                &[
                    ("lists", lists.into()),
                    ("seats", lot.seats_at_stake.into()),
                ],
            )
        });
        let points = points.collect();
        self.document.points(points);
    }

    fn silences(&mut self) {
        let silences = &self.subject.allocation.silences;
        if silences.is_empty() {
            return;
        }
        self.heading("silence.heading");
        let points = silences.iter().map(|silence| self.silence(*silence));
        let points = points.collect();
        self.document.points(points);
    }

    fn silence(&self, silence: Silence) -> String {
        let key = match silence {
            Silence::NobodyPassed => "silence.nobody_passed",
            Silence::QuotaBelowOne => "silence.quota_below_one",
            Silence::RunnerUpAdmission => "silence.runner_up_admission",
            Silence::RunnerUpTie => "silence.runner_up_tie",
            Silence::RunnerUpFactor => "silence.runner_up_factor",
            Silence::RunnerUpFloor => "silence.runner_up_floor",
            Silence::FloorBeforeQuotas => "silence.floor_before_quotas",
            Silence::ShortList => "silence.short_list",
            Silence::SeatsAfterQuotas => "silence.seats_after_quotas",
            Silence::FurtherRounds => "silence.further_rounds",
            // The engine may learn of more; its own words stand for one that has no translation yet.
            other => return other.text().to_owned(),
        };
        self.say(key, &[])
    }
}
