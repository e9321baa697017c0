//! A lot with what it was drawn on: it settles the tie of that moment and no later one that happens to look the same.
//!
//! A tie is of lists, a stage and seats at stake, and so is a lot. But when votes are put right after a draw, or the rules
//! are amended, the same lists can come to tie again, with other votes or for another seat. Nobody has drawn a lot for that.

use crate::definition::{ContestBallot, Hash};
use crate::event::{Lot, PlacesLot};
use crate::ids::{ContestId, OptionId};
use crate::tally::Tally;

/// A recorded lot with the votes and the rules that it was drawn on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn<L> {
    /// The lot.
    pub lot: L,
    /// The votes of the lists that tied, and of those joined with them.
    pub votes: Vec<u64>,
    /// The hash of the contest's rules.
    pub rules: Hash,
}

impl Drawn<Lot> {
    /// The lot as it is drawn now.
    pub(super) fn now(tally: &Tally, lot: &Lot) -> Self {
        let votes = votes_of(tally, lot);
        let contest = tally.outline.ballot.contests.get(usize::from(lot.contest));
        Self {
            lot: lot.clone(),
            votes,
            rules: rules_hash(tally, contest),
        }
    }

    /// Whether votes and rules are those that it was drawn on. Otherwise it is void.
    #[must_use]
    pub fn stands(&self, tally: &Tally) -> bool {
        *self == Self::now(tally, &self.lot)
    }
}

impl Drawn<PlacesLot> {
    /// The lot as it is drawn now.
    pub(super) fn now(tally: &Tally, lot: &PlacesLot) -> Self {
        let contest = tally.outline.ballot.contests.get(usize::from(lot.contest));
        let tied: Vec<&OptionId> = lot.tied.iter().map(|place| &place.option).collect();
        // First votes are of a contest of their own.
        let first = contest.and_then(|contest| first_votes(tally, &contest.id));
        let numbers = [Some(usize::from(lot.contest)), first];
        let votes = numbers.into_iter().flatten().flat_map(|number| {
            let tied = &tied;
            tied.iter()
                .flat_map(move |option| votes_everywhere(tally, number, option))
        });
        Self {
            lot: lot.clone(),
            votes: votes.collect(),
            rules: rules_hash(tally, contest),
        }
    }

    /// Whether votes and rules are those that it was drawn on. Otherwise it is void.
    #[must_use]
    pub fn stands(&self, tally: &Tally) -> bool {
        *self == Self::now(tally, &self.lot)
    }
}

fn rules_hash(tally: &Tally, contest: Option<&ContestBallot>) -> Hash {
    let rules = tally.outline.rules.contests.iter();
    let rules = contest.and_then(|contest| rules.into_iter().find(|rules| rules.id == contest.id));
    rules.map_or_else(Hash::default, |rules| {
        Hash::of(crate::bytes::part_text(rules).as_bytes())
    })
}

/// Votes of the tied lists, and of all that are joined with any list where one of them is: a group ties by its sum.
fn votes_of(tally: &Tally, lot: &Lot) -> Vec<u64> {
    let (contest, district) = (usize::from(lot.contest), usize::from(lot.district));
    let ballot = tally.outline.ballot.contests.get(contest);
    let options = ballot.and_then(|ballot| ballot.districts.get(district));
    let options = options.map_or(&[][..], |district| &district.options);
    let is_tied = |place: usize| {
        let place = u32::try_from(place).ok();
        place.is_some_and(|place| lot.tied.contains(&place))
    };
    let is_joined = |place: usize| {
        options
            .get(place)
            .is_some_and(|it| it.apparentment.is_some())
    };
    let with_joined = (0..options.len()).any(|place| is_tied(place) && is_joined(place));
    let votes = tally.contests.get(contest).and_then(|it| it.get(district));
    let votes = votes.map_or(&[][..], |totals| &totals.votes);
    let votes = votes.iter().enumerate();
    let votes = votes.filter(|(place, _)| is_tied(*place) || (with_joined && is_joined(*place)));
    votes.map(|(_, votes)| *votes).collect()
}

fn votes_everywhere<'a>(
    tally: &'a Tally,
    contest: usize,
    option: &'a OptionId,
) -> impl Iterator<Item = u64> + 'a {
    let ballot = tally.outline.ballot.contests.get(contest);
    let districts = ballot.into_iter().flat_map(|ballot| &ballot.districts);
    let totals = tally.contests.get(contest).into_iter().flatten();
    districts.zip(totals).map(move |(district, totals)| {
        let mut options = district.options.iter().zip(&totals.votes);
        let votes = options.find(|(entry, _)| entry.id == *option);
        votes.map_or(0, |(_, votes)| *votes)
    })
}

fn first_votes(tally: &Tally, contest: &ContestId) -> Option<usize> {
    let mut rules = tally.outline.rules.contests.iter();
    let rules = rules.find(|rules| rules.id == *contest)?;
    let first = rules.tiers.as_ref()?.first_votes.as_ref()?;
    let mut contests = tally.outline.ballot.contests.iter();
    contests.position(|entry| entry.id == *first)
}
