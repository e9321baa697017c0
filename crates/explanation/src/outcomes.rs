//! A place for which lists tie, with a bonus or beside a single list: the stages run once for each way that it can end.

use crate::subject::{Explainer, Subject};
use apportionment::{Allocation, Lot, StageAt, Tie, TieBreak, allocate};

/// Most outcomes that are told from stage to stage; of more, the first ones.
const TOLD_MAX: usize = 12;

impl Explainer<'_> {
    /// The place that is open and the lists that it can still fall on, where the stages depend on it.
    pub fn open_place(&self) -> Option<(StageAt, Vec<usize>)> {
        let allocation = self.subject.allocation;
        let bonus = allocation
            .bonus
            .as_ref()
            .and_then(|award| award.tie.as_ref());
        let ties = [&allocation.rescue_tie.as_ref(), &bonus];
        let open = ties.into_iter().flatten().find(|tie| tie.open_seats > 0);
        open.map(|tie| (tie.at, tie.open.clone()))
    }

    /// Every outcome with its stages, under its name.
    pub fn each_outcome(&mut self, at: StageAt, lists: &[usize]) {
        for &list in lists.iter().take(TOLD_MAX) {
            let values = [("list", self.name(list).into())];
            let heading = self.say("tie.outcome", &values);
            self.document.heading(self.level, heading);
            let lot = Lot {
                stage: at,
                lists: lists.to_vec(),
                seats_at_stake: 1,
                winners: vec![list],
            };
            if let Some((ended, lots)) = self.ended(lot) {
                let subject = Subject {
                    allocation: &ended,
                    lots: &lots,
                    ..self.subject
                };
                let mut outcome = Explainer {
                    subject,
                    messages: self.messages,
                    document: std::mem::take(&mut self.document),
                    level: self.level + 1,
                };
                let seats = outcome.seats(&ended.seats());
                outcome.paragraph("tie.outcome_seats", &[("seats", seats.into())]);
                if at == StageAt::Rescue {
                    outcome.admitted();
                }
                outcome.stages();
                outcome.majority();
                outcome.check();
                self.document = outcome.document;
            }
        }
    }

    /// The allocation after a lot, and all lots with it.
    pub fn ended(&self, lot: Lot) -> Option<(Allocation, Vec<Lot>)> {
        let mut rules = self.subject.rules.clone();
        let mut lots = self.subject.lots.to_vec();
        if !rules.ties.contains(&TieBreak::Lot) {
            // Lots that settle nothing under the rules as they are must not settle anything here.
            rules.ties.push(TieBreak::Lot);
            lots.clear();
        }
        lots.push(lot);
        let ended = allocate(self.subject.contest, &rules, &lots).ok()?;
        Some((ended, lots))
    }
}

/// The lot that ends a tie so.
pub(crate) fn lot_of(tie: &Tie, winners: Vec<usize>) -> Lot {
    Lot {
        stage: tie.at,
        lists: tie.open.clone(),
        seats_at_stake: tie.open_seats,
        winners,
    }
}
