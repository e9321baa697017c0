//! What would change seats over districts: how far lists are from a share of the votes of all of them, and how many votes of a
//! district change the seats that it hands out itself.

use crate::document::Document;
use crate::language::Messages;
use crate::subject::{Explainer, Subject};
use crate::tiers::Writer;
use apportionment::tiers::{DistrictMargins, TierStage, TierStageResult};
use apportionment::{
    DistrictedContest, Effect, HouseMargin, Threshold, ThresholdDistance, overall_distances,
};

impl Writer<'_> {
    /// What is said of margins of seats in tiers.
    pub fn distances(&mut self) {
        let shares = self.subject.rules.overall_thresholds();
        let contest = &self.subject.contest.districted;
        let subject = self.subject;
        let house = House {
            lists: subject.lists,
            districts: subject.districts,
            before: &subject.allocation.list_seats(),
            margins: &subject.margins.house,
        };
        let has_other_way = subject.rules.has_other_way();
        let document = distances(self.messages, house, contest, (&shares, has_other_way));
        self.document.append(document);
    }

    /// What would change the seats that districts hand out themselves, by the lists that take part in each.
    pub fn own_margins(&mut self) {
        let subject = self.subject;
        let is_told = |found: &&DistrictMargins| found.lists.iter().any(Option::is_some);
        let told: Vec<&DistrictMargins> =
            subject.margins.districts.iter().filter(is_told).collect();
        if told.is_empty() {
            return;
        }
        self.heading("districts.own_margins");
        self.paragraph("districts.own_margins_note", &[]);
        for found in told {
            let rule = subject.rules.stages.get(found.stage);
            let result = subject.allocation.stages.get(found.stage);
            let votes = subject.contest.districted.districts.get(found.district);
            let (
                Some(TierStage::Districts { chain, .. }),
                Some(TierStageResult::Districts(results)),
                Some(votes),
            ) = (rule, result, votes)
            else {
                continue;
            };
            let result = &results[found.district];
            self.document
                .heading(3, subject.districts[found.district].clone());
            let admitted = Some(&result.admitted[..]);
            let contest = self.among_lists(&votes.votes, admitted, result.allocation.house);
            let rules = subject.rules.of_chain(chain);
            let alone = Subject {
                title: "",
                notice: "",
                names: subject.lists,
                contest: &contest,
                rules: &rules,
                lots: &[],
                allocation: &result.allocation,
            };
            let explainer = Explainer::new(alone, self.language);
            let lists = found.lists.iter().enumerate();
            let lists = lists.filter_map(|(list, margins)| Some((list, margins.as_ref()?)));
            let lines = lists.flat_map(|(list, margins)| explainer.margin_lines(list, margins));
            self.document.points(lines.collect());
        }
    }
}

/// What lists have in the house, and what would change it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct House<'a> {
    /// What the lists are called.
    pub lists: &'a [String],
    /// What the districts are called.
    pub districts: &'a [String],
    /// Their seats.
    pub before: &'a [u32],
    /// What would change them; empty: nothing was looked for, or found.
    pub margins: &'a [HouseMargin],
}

/// What is said of margins over districts: the way to each share of all votes, and the votes of a district that change what a
/// list has in the house. A share whose count is not known says nothing.
pub(crate) fn distances(
    messages: &Messages,
    house: House<'_>,
    contest: &DistrictedContest,
    (thresholds, has_other_way): (&[(usize, &Threshold)], bool),
) -> Document {
    let mut document = Document::default();
    document.heading(2, messages.say("margins.heading", &[]));
    if !thresholds.is_empty() {
        document.paragraph(messages.say("districts.margins_note", &[]));
        if has_other_way {
            document.paragraph(messages.say("districts.other_way", &[]));
        }
    }
    for (stage, threshold) in thresholds {
        let Ok(distances) = overall_distances(contest, threshold) else {
            continue;
        };
        if thresholds.len() > 1 {
            let number = stage.saturating_add(1);
            let values = [("stage", number.to_string().into())];
            document.paragraph(messages.say("districts.margins_stage", &values));
        }
        let points = house
            .lists
            .iter()
            .zip(distances)
            .filter_map(|(list, distance)| {
                let (key, votes) = match distance? {
                    ThresholdDistance::ToPass(votes) => ("districts.share_below", votes),
                    ThresholdDistance::ToFail(votes) => ("districts.share_above", votes),
                };
                let values = [("list", list.as_str().into()), ("votes", votes.into())];
                Some(messages.say(key, &values))
            });
        document.points(points.collect());
    }
    if house.margins.is_empty() {
        document.paragraph(messages.say("districts.margins_absent", &[]));
        return document;
    }
    document.heading(3, messages.say("districts.house_margins", &[]));
    document.paragraph(messages.say("districts.house_margins_note", &[]));
    let lines = house.margins.iter();
    document.points(lines.map(|found| house.line(messages, found)).collect());
    document
}

impl House<'_> {
    /// A number of votes, and whose seats it changes.
    fn line(self, messages: &Messages, found: &HouseMargin) -> String {
        let key = match found.effect {
            Effect::Gain => "districts.house_gain",
            Effect::Loss => "districts.house_loss",
        };
        let seats = self.before.iter().zip(&found.margin.seats_after);
        let changes = self.lists.iter().zip(seats);
        let changes = changes.filter(|(_, (before, after))| before != after);
        let changes = changes.map(|(list, (before, after))| {
            let values = [
                ("list", list.as_str().into()),
                ("before", (*before).into()),
                ("after", (*after).into()),
            ];
            messages.say("districts.house_change", &values)
        });
        let mut changes = changes.collect::<Vec<String>>().join(", ");
        if found.pending > 0 {
            let rest = [("seats", found.pending.into())];
            changes = format!("{changes} {}", messages.say("margins.rest", &rest));
        }
        let values = [
            ("list", self.lists[found.list].as_str().into()),
            ("district", self.districts[found.district].as_str().into()),
            ("votes", found.margin.votes.into()),
            ("changes", changes.into()),
        ];
        messages.say(key, &values)
    }
}
