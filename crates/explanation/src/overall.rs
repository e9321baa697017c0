//! What would change seats over districts: how far lists are from a share of the votes of all of them, and how many votes of a
//! district change the seats that it hands out itself.

use crate::document::Document;
use crate::language::Messages;
use crate::subject::{Explainer, Subject};
use crate::tiers::Writer;
use apportionment::tiers::{DistrictMargins, TierStage, TierStageResult};
use apportionment::{DistrictedContest, Threshold, ThresholdDistance, overall_distances};

impl Writer<'_> {
    /// What is said of margins of seats in tiers.
    pub fn distances(&mut self) {
        let shares = self.subject.rules.overall_thresholds();
        let contest = &self.subject.contest.districted;
        let document = distances(self.messages, self.subject.lists, contest, &shares);
        self.document.append(document);
    }

    /// What would change the seats that districts hand out themselves, by the lists that take part in each.
    pub fn own_margins(&mut self) {
        let subject = self.subject;
        let is_told = |found: &&DistrictMargins| found.lists.iter().any(Option::is_some);
        let told: Vec<&DistrictMargins> = subject.margins.iter().filter(is_told).collect();
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

/// What is said of margins over districts: the way to each share of all votes, and that no others are computed. A share whose
/// count is not known says nothing.
pub(crate) fn distances(
    messages: &Messages,
    lists: &[String],
    contest: &DistrictedContest,
    thresholds: &[(usize, &Threshold)],
) -> Document {
    let mut document = Document::default();
    document.heading(2, messages.say("margins.heading", &[]));
    let note = match thresholds {
        [] => "districts.margins_absent",
        _ => "districts.margins_note",
    };
    document.paragraph(messages.say(note, &[]));
    for (stage, threshold) in thresholds {
        let Ok(distances) = overall_distances(contest, threshold) else {
            continue;
        };
        if thresholds.len() > 1 {
            let number = stage.saturating_add(1);
            let values = [("stage", number.to_string().into())];
            document.paragraph(messages.say("districts.margins_stage", &values));
        }
        let points = lists.iter().zip(distances).filter_map(|(list, distance)| {
            let (key, votes) = match distance? {
                ThresholdDistance::ToPass(votes) => ("margins.below", votes),
                ThresholdDistance::ToFail(votes) => ("margins.above", votes),
            };
            let values = [("list", list.as_str().into()), ("votes", votes.into())];
            Some(messages.say(key, &values))
        });
        document.points(points.collect());
    }
    document
}
