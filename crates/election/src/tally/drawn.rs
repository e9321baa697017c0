//! A lot with what it was drawn on: it settles the tie of that moment and no later one that happens to look the same.
//!
//! A tie is of lists, a stage and seats at stake, and so is a lot. But when votes are put right after a draw, or the rules
//! are amended, the same lists can come to tie again, with other votes or for another seat. Nobody has drawn a lot for that.

use crate::definition::{ContestBallot, Hash};
use crate::event::{Lot, PlacesLot};
use crate::tally::Tally;
use sha2::{Digest as _, Sha256};

/// A recorded lot with what it was drawn on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn<L> {
    /// The lot.
    pub lot: L,
    /// The votes of all lists, their candidates and the rules, as [`Tally::count_hash`] has them.
    pub count: Hash,
}

impl Tally {
    /// What a lot is drawn on: the rules of a contest, and the votes, form counters, turnout and candidates in one district, or in all of
    /// them, with those of the contest of its first votes. It is the same as long as nothing of it has changed.
    #[must_use]
    pub fn count_hash(&self, contest: u8, district: Option<u16>) -> Hash {
        let number = usize::from(contest);
        let ballot = self.outline.ballot.contests.get(number);
        let mut digest = Sha256::new();
        if let Some(rules) = ballot.and_then(|ballot| self.rules_of(ballot)) {
            digest.update(crate::bytes::part_text(rules));
        }
        let first = ballot.filter(|_| district.is_none());
        let first = first.and_then(|ballot| self.first_votes_of(ballot));
        for number in [Some(number), first].into_iter().flatten() {
            let districts = self.contests.get(number).into_iter().flatten();
            for (place, totals) in (0_u16..).zip(districts) {
                if district.is_some_and(|only| only != place) {
                    continue;
                }
                let counters = totals.counters.iter().chain(&totals.votes);
                for number in counters {
                    digest.update(number.to_le_bytes());
                }
                // What bases of thresholds are made of besides.
                for number in &totals.counters_present {
                    digest.update(number.to_le_bytes());
                }
                if let Some(turnout) = self.turnout.get(usize::from(place)) {
                    digest.update(turnout.ballots_issued.to_le_bytes());
                    digest.update(turnout.units_reporting.to_le_bytes());
                }
            }
        }
        let candidates = self.candidates.iter();
        for ((of, place, option), number) in candidates {
            if *of == contest && district.is_none_or(|only| only == *place) {
                digest.update(place.to_le_bytes());
                digest.update(option.to_le_bytes());
                digest.update(number.to_le_bytes());
            }
        }
        Hash(digest.finalize().into())
    }

    fn rules_of(&self, ballot: &ContestBallot) -> Option<&crate::rules::ContestRules> {
        let mut rules = self.outline.rules.contests.iter();
        rules.find(|rules| rules.id == ballot.id)
    }

    fn first_votes_of(&self, ballot: &ContestBallot) -> Option<usize> {
        let tiers = self.rules_of(ballot)?.tiers.as_ref()?;
        let first = tiers.first_votes.as_ref()?;
        let mut contests = self.outline.ballot.contests.iter();
        contests.position(|entry| entry.id == *first)
    }
}

impl Drawn<Lot> {
    /// The lot as it is drawn now.
    pub(super) fn now(tally: &Tally, lot: &Lot) -> Self {
        Self {
            lot: lot.clone(),
            count: tally.count_hash(lot.contest, Some(lot.district)),
        }
    }
}

impl Drawn<PlacesLot> {
    /// The lot as it is drawn now.
    pub(super) fn now(tally: &Tally, lot: &PlacesLot) -> Self {
        Self {
            lot: lot.clone(),
            count: tally.count_hash(lot.contest, None),
        }
    }
}
