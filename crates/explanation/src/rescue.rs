//! A single list passed, and the next one is let in at a price; and the seat that a majority of votes is owed.

use crate::subject::Explainer;
use apportionment::{BonusCounting, Eligibility, StageAt};

impl Explainer<'_> {
    /// Who is admitted beside a single list, and on which terms.
    pub fn rescue(&mut self) {
        let tie = self.subject.allocation.rescue_tie.as_ref();
        if self.subject.rules.rescue.is_none() || (self.rescued().is_none() && tie.is_none()) {
            return;
        }
        self.heading("rescue.heading");
        if let Some(tie) = tie {
            self.paragraph("rescue.tie", &[]);
            self.tie(tie);
        }
        self.admitted();
    }

    /// The list that passed and the one that is admitted beside it.
    fn rescued(&self) -> Option<(usize, usize)> {
        let lists = || self.subject.allocation.lists.iter();
        let admitted = lists().position(|list| list.eligibility == Eligibility::RescueAdmitted);
        let leader = lists().position(|list| {
            matches!(
                list.eligibility,
                Eligibility::Passed | Eligibility::Exempt | Eligibility::Waived
            )
        });
        leader
            .zip(admitted)
            .filter(|_| self.subject.rules.widening.is_none())
    }

    /// On which terms a list is admitted beside a single one, if one is.
    pub fn admitted(&mut self) {
        let (Some(rescue), Some((leader, list))) = (self.subject.rules.rescue, self.rescued())
        else {
            return;
        };
        let name = self.name(list);
        let leader = self.name(leader);
        let mut points = vec![self.say(
            "rescue.admitted",
            &[("leader", leader.into()), ("list", name.into())],
        )];
        let factor = rescue.factor.value;
        let (above, below) = (u64::from(factor.numerator), u64::from(factor.denominator));
        let votes = u128::from(self.subject.contest.lists[list].votes);
        let numbers = &self.messages.numbers;
        let claim = format!(
            "{} = {}",
            numbers.times(votes, factor),
            numbers.parts(votes * u128::from(above), below.into()),
        );
        let values = [
            ("list", name.into()),
            ("factor", numbers.short(above, below).into()),
            ("claim", claim.into()),
        ];
        points.push(self.say("rescue.factor", &values));
        let floor = rescue.floor.value;
        if floor > 0 {
            let key = if rescue.floor_first.value {
                "rescue.floor_first"
            } else {
                "rescue.floor_after"
            };
            points.push(self.say(key, &[("list", name.into()), ("seats", floor.into())]));
        }
        self.document.points(points);
    }

    /// The seats that one list gets beyond its votes.
    pub fn bonus(&mut self) {
        let allocation = self.subject.allocation;
        let (Some(bonus), Some(award)) = (self.subject.rules.bonus, &allocation.bonus) else {
            return;
        };
        self.heading("bonus.heading");
        let counting = match (bonus.counting, award.to.len()) {
            (BonusCounting::Beside, ..2) => "bonus.beside",
            (BonusCounting::Beside, _) => "bonus.beside_one",
            (BonusCounting::Least, ..2) => "bonus.least",
            (BonusCounting::Least, _) => "bonus.least_one",
        };
        let lists = self.names(StageAt::Bonus, &award.to);
        let values = [("lists", lists.into()), ("seats", award.seats.into())];
        self.paragraph(counting, &values);
        if let Some(tie) = &award.tie {
            self.paragraph("tie.bonus", &[]);
            self.tie(tie);
        }
    }

    /// The seat that the list with more than half of the votes takes from another.
    pub fn majority(&mut self) {
        let Some(transfer) = &self.subject.allocation.majority else {
            self.majority_behind_a_tie();
            return;
        };
        self.heading("majority.heading");
        let numbers = &self.messages.numbers;
        let entry = &self.subject.contest.lists[transfer.to];
        let allocation = self.subject.allocation;
        let votes = format!(
            "2 × {} > {}",
            numbers.whole(entry.votes.into()),
            numbers.whole(self.subject.contest.list_votes()),
        );
        let before = u128::from(allocation.lists[transfer.to].seats.saturating_sub(1));
        let seats = format!(
            "2 × {} ≤ {}",
            numbers.whole(before),
            numbers.whole(allocation.house.into()),
        );
        let owed = [
            ("list", self.name(transfer.to).into()),
            ("votes", votes.into()),
            ("seats", seats.into()),
        ];
        let lists = self.names(StageAt::Majority, &transfer.from);
        let kept = transfer.tie.as_ref().map_or(0, |tie| tie.seats_at_stake);
        let from = [
            ("lists", lists.into()),
            ("key", numbers.key(transfer.key).into()),
            ("kept", numbers.whole(kept.into()).into()),
        ];
        let mut ties = allocation
            .stages
            .iter()
            .filter_map(|stage| stage.tie.as_ref());
        let points = vec![
            self.say("majority.owed", &owed),
            if ties.any(|tie| tie.open_seats > 0) {
                self.say("majority.from_tie", &from)
            } else {
                self.say("majority.from", &from[..2])
            },
        ];
        self.document.points(points);
        if let Some(tie) = &transfer.tie {
            self.paragraph("tie.majority", &[]);
            self.tie(tie);
        }
    }

    /// The seat that such a list gets whoever wins an open tie, when the tie says whose it is.
    fn majority_behind_a_tie(&mut self) {
        let allocation = self.subject.allocation;
        let Some(stage) = allocation.stages.last() else {
            return;
        };
        let votes = self.subject.contest.list_votes();
        let owed = stage.contenders.iter().find(|contender| {
            2 * contender.votes > votes && allocation.lists[contender.list].seats > contender.seats
        });
        let (Some(owed), Some(_)) = (owed, self.subject.rules.majority) else {
            return;
        };
        self.heading("majority.heading");
        let values = [("list", self.name(owed.list).into())];
        self.paragraph("majority.hangs", &values);
    }
}
