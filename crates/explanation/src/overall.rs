//! How far lists are from a share of the votes of all districts.

use crate::document::Document;
use crate::language::Messages;
use crate::tiers::Writer;
use apportionment::{DistrictedContest, Threshold, ThresholdDistance, overall_distances};

impl Writer<'_> {
    /// What is said of margins of seats in tiers.
    pub fn distances(&mut self) {
        let shares = self.subject.rules.overall_thresholds();
        let contest = &self.subject.contest.districted;
        let document = distances(self.messages, self.subject.lists, contest, &shares);
        self.document.append(document);
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
