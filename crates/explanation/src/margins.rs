//! What would change the seats, in words.

use crate::document::Document;
use crate::language::Language;
use crate::subject::{Explainer, Subject};
use apportionment::{ListMargins, Margin, ThresholdDistance};

/// Says of each list how many votes would change its seats, and how far it is from the threshold. `margins` are those that
/// [`apportionment::margins`] gives for the subject's question, in the order of the lists.
///
/// # Panics
/// If there are fewer names than lists.
#[must_use]
pub fn margins(subject: Subject<'_>, margins: &[ListMargins], language: Language) -> Document {
    let mut explainer = Explainer::new(subject, language);
    explainer.heading("margins.heading");
    explainer.paragraph("margins.note", &[]);
    let lines = margins.iter().enumerate();
    let lines = lines.flat_map(|(list, margins)| explainer.margin_lines(list, margins));
    let lines = lines.collect();
    explainer.document.points(lines);
    explainer.document
}

impl Explainer<'_> {
    pub(crate) fn margin_lines(&self, list: usize, margins: &ListMargins) -> Vec<String> {
        let ListMargins {
            gain_by_added,
            gain_by_moved,
            loss_by_taken,
            loss_by_moved,
            threshold,
        } = margins;
        let seats = self.subject.allocation.lists[list].seats;
        let own = |key: &str, margin: &Margin| self.margin(key, list, seats, None, margin);
        let moved = |key: &str, moved: &(usize, Margin)| {
            self.margin(key, list, seats, Some(moved.0), &moved.1)
        };
        let gain = gain_by_added
            .iter()
            .map(|margin| own("margins.gain", margin));
        let gain_moved = gain_by_moved
            .iter()
            .map(|one| moved("margins.gain_moved", one));
        let loss = loss_by_taken
            .iter()
            .map(|margin| own("margins.loss", margin));
        let loss_moved = loss_by_moved
            .iter()
            .map(|one| moved("margins.loss_moved", one));
        let distance = threshold.map(|distance| self.distance(list, distance));
        let lines = gain
            .chain(gain_moved)
            .chain(loss)
            .chain(loss_moved)
            .chain(distance);
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            return vec![self.say("margins.nothing", &[("list", self.name(list).into())])];
        }
        lines
    }

    fn margin(
        &self,
        key: &str,
        list: usize,
        seats: u32,
        other: Option<usize>,
        margin: &Margin,
    ) -> String {
        let ordinal = self.say("language.ordinal", &[("number", (seats + 1).into())]);
        let values = [
            ("list", self.name(list).into()),
            ("votes", margin.votes.into()),
            ("ordinal", ordinal.into()),
            ("other", other.map_or("", |other| self.name(other)).into()),
            ("before", seats.into()),
            ("after", margin.seats_after[list].into()),
            ("seats", self.seats_of_all(&margin.seats_after).into()),
        ];
        let line = self.say(key, &values);
        if margin.exact {
            line
        } else {
            format!("{line} {}", self.say("margins.perhaps_fewer", &[]))
        }
    }

    /// The seats of all lists, and how many of the house are in none of them.
    fn seats_of_all(&self, seats: &[u32]) -> String {
        let shown = self.seats(seats);
        let given = seats.iter().sum::<u32>();
        match self.subject.allocation.house.saturating_sub(given) {
            0 => shown,
            rest => {
                let rest = self.say("margins.rest", &[("seats", rest.into())]);
                format!("{shown} {rest}")
            }
        }
    }

    fn distance(&self, list: usize, distance: ThresholdDistance) -> String {
        let (key, votes) = match distance {
            ThresholdDistance::ToPass(votes) => ("margins.below", votes),
            ThresholdDistance::ToFail(votes) => ("margins.above", votes),
        };
        let values = [("list", self.name(list).into()), ("votes", votes.into())];
        self.say(key, &values)
    }
}
