//! The seats of a night's one contest, computed anew after every report as an engine would that shows each of them.

use std::hint::black_box;

use apportionment::Workspace;
use election::allocation::Question;
use election::tally::Tally;

use crate::Outcome;

/// What does not change between reports.
#[derive(Debug)]
pub struct Seats {
    question: Question,
    workspace: Workspace,
}

impl Seats {
    /// Of the only contest in the only district.
    pub fn new(tally: &Tally) -> Outcome<Self> {
        Ok(Self {
            question: Question::of(tally, 0, 0).ok_or("the night has seats")?,
            workspace: Workspace::default(),
        })
    }

    /// Computes the seats of what is counted now.
    pub fn recompute(&mut self, tally: &Tally) -> Outcome<()> {
        self.question.refresh(tally, 0, 0);
        let Question {
            options: _,
            contest,
            rules,
            lots,
        } = &self.question;
        black_box(self.workspace.seats(contest, rules, lots)?);
        Ok(())
    }
}
