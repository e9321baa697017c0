//! The certificate in words: the smallest key that got a seat is at least the largest that got none.

use crate::stage::StageView;
use crate::subject::Explainer;
use apportionment::explain;

impl Explainer<'_> {
    /// The inequality of each stage with both its numbers. Of the last stage of the house they are also the last seat and
    /// the first loser.
    pub fn check(&mut self) {
        let allocation = self.subject.allocation;
        if allocation.stages.is_empty() {
            return;
        }
        self.heading("check.heading");
        self.paragraph("check.rule", &[]);
        let steps = explain(allocation);
        let is_one = allocation.stages.len() == 1;
        for (place, (stage, steps)) in allocation.stages.iter().zip(&steps).enumerate() {
            if !is_one {
                let heading = self.stage_heading(stage.at, stage.method);
                self.document.heading(self.level + 1, heading);
            }
            let view = self.view(stage, steps, self.house_of(place));
            let points = self.inequality(&view);
            self.document.points(points);
        }
    }

    fn inequality(&self, view: &StageView<'_>) -> Vec<String> {
        let stage = view.result;
        let line = |key: &str, award: apportionment::Award| {
            let name = self.contender(stage.at, award.list);
            let ordinal = self.say("language.ordinal", &[("number", award.seat.into())]);
            let claim = self.key_claim(view, award);
            let values = [
                ("list", name.into()),
                ("ordinal", ordinal.into()),
                ("key", claim.into()),
            ];
            self.say(key, &values)
        };
        let mut points = vec![
            stage.last_seat.map_or_else(
                || self.say("check.no_seat", &[]),
                |award| line("check.last", award),
            ),
            stage.next_in_line.map_or_else(
                || self.say("check.no_loser", &[]),
                |award| line("check.first_loser", award),
            ),
        ];
        if let (Some(last), Some(next)) = (stage.last_seat, stage.next_in_line) {
            let is_open = stage.tie.as_ref().is_some_and(|tie| tie.open_seats > 0);
            let key = match (stage.certificate().strict, is_open) {
                (true, _) => "check.holds",
                (false, false) => "check.equal",
                (false, true) => "check.equal_open",
            };
            points.push(match self.comparison(last.key, next.key) {
                Some(claim) => self.say(key, &[("claim", claim.into())]),
                None => self.say("check.before_all", &[]),
            });
        }
        points
    }
}
