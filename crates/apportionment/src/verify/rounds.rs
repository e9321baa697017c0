//! Follows the recorded rounds of a cap that is shared anew: whoever holds more than it leaves with it. Behind a tie that
//! says who leaves, the rounds of each of its outcomes are recorded one after the other, and what they share is certain.

use crate::contest::StageAt;
use crate::limits::{OUTCOME_ENTRIES_MAX, OUTCOMES_MAX};
use crate::rules::TieBreak;
use crate::verify::expected::Competitor;
use crate::verify::refusal::Refusal;
use crate::verify::replay::Replayed;
use crate::verify::stage::Walk;

/// A tie that waits for a lot: where its stage is recorded first, and what a lot for it would name.
#[derive(Clone)]
struct Waiting {
    position: usize,
    named: (StageAt, Vec<usize>, u32),
}

/// Where in the rounds the record stands.
#[derive(Clone)]
struct Standing {
    round: usize,
    house: u32,
    /// The next stage of the round, and what competitors hold before it.
    stage: usize,
    held: Vec<u32>,
    /// Among how many outcomes of earlier ties this is one.
    outcomes: u64,
}

/// Follows all rounds, and checks which ties are said to wait for a lot.
pub(super) fn replay_rounds(
    walk: &mut Walk<'_>,
    competitors: Vec<Competitor>,
    most: u32,
    asked: Option<&[usize]>,
    replayed: &mut Replayed,
) {
    let standing = Standing {
        round: 0,
        house: walk.contest.seats,
        stage: 0,
        held: competitors.iter().map(|one| one.before).collect(),
        outcomes: 1,
    };
    let empty = Replayed {
        seats: replayed.seats.clone(),
        tied: replayed.tied.clone(),
        unassigned: 0,
    };
    let (end, waiting) = follow(walk, competitors, most, standing, empty);
    *replayed = end;
    let positions: Vec<usize> = waiting.iter().map(|one| one.position).collect();
    if asked != Some(&positions[..]) {
        walk.refusals.push(Refusal::TiesAsked);
    }
}

fn follow(
    walk: &mut Walk<'_>,
    mut competitors: Vec<Competitor>,
    most: u32,
    mut standing: Standing,
    mut end: Replayed,
) -> (Replayed, Vec<Waiting>) {
    loop {
        let Standing {
            round,
            house,
            stage,
            ref held,
            ..
        } = standing;
        if competitors.is_empty() || house == 0 {
            end.unassigned = end.unassigned.saturating_add(house);
            return (end, Vec::new());
        }
        let place = |stage| match round {
            0 => StageAt::Chain(stage),
            _ => StageAt::Round { round, stage },
        };
        let held = held.clone();
        let rules = walk.rules;
        let position = walk.position;
        let chain = walk.chain_from(
            (&rules.stages, stage),
            &competitors,
            held,
            (house, 1),
            place,
        );
        let waiting = chain.stopped.and_then(|number| {
            let position = walk.position.checked_sub(1)?;
            let tie = walk.results.get(position)?.tie.as_ref()?;
            let named = (place(number), tie.open.clone(), tie.open_seats);
            Some((number, Waiting { position, named }))
        });
        let over = |place: usize| chain.seats[place] > most;
        let hangs = (0..competitors.len()).any(|place| {
            chain.open[place] && !over(place) && (chain.waiting || chain.seats[place] == most)
        });
        if let Some((number, waiting)) = waiting.clone().filter(|_| hangs) {
            standing.stage = number + 1;
            standing.held = chain.seats;
            return each_outcome(walk, &competitors, most, standing, end, waiting);
        }
        if !(0..competitors.len()).any(over) {
            end.unassigned = end.unassigned.saturating_add(chain.left_over);
            for (place, one) in competitors.iter().enumerate() {
                let certain = chain.seats[place].min(one.candidates);
                end.unassigned = end.unassigned.saturating_add(chain.seats[place] - certain);
                end.seats[one.list] = certain;
                end.tied[one.list] = chain.open[place] && certain < one.candidates;
            }
            let asked = waiting.map(|(_, waiting)| waiting).into_iter().collect();
            return (end, asked);
        }
        if walk.position > position {
            walk.abandon(&competitors, &chain.seats, most);
        }
        let mut left = Vec::new();
        for (place, one) in competitors.into_iter().enumerate() {
            if over(place) {
                let certain = most.min(one.candidates);
                end.seats[one.list] = certain;
                end.unassigned = end.unassigned.saturating_add(most - certain);
                standing.house = standing.house.saturating_sub(most);
            } else {
                left.push(one);
            }
        }
        competitors = left;
        standing.round += 1;
        standing.stage = 0;
        standing.held = competitors.iter().map(|one| one.before).collect();
    }
}

impl Walk<'_> {
    /// The last stage's tie in a round that begins anew: if it is open, nobody leaves by it, and if a lot was drawn for it,
    /// somebody may have left by it who had just the most seats before.
    fn abandon(&mut self, competitors: &[Competitor], seats: &[u32], most: u32) {
        let results: &[_] = self.results;
        let Some(position) = self.position.checked_sub(1) else {
            return;
        };
        let Some(tie) = results.get(position).and_then(|stage| stage.tie.as_ref()) else {
            return;
        };
        let mut lots = tie.settled.iter().filter(|one| one.by == TieBreak::Lot);
        let says_who_leaves = match lots.next() {
            None => tie.open_seats == 0,
            Some(lot) => competitors.iter().zip(seats).any(|(one, seats)| {
                let won = lot.winners.contains(&one.list);
                let before = if won { seats.saturating_sub(1) } else { *seats };
                (won || lot.losers.contains(&one.list)) && before == most
            }),
        };
        if !says_who_leaves {
            self.abandoned.push(position);
        }
    }
}

/// What the outcomes of a tie share; where they share everything, it does not wait for a lot. Those beyond the limit are not
/// recorded, and nothing of their round is certain but the cap of the lists that leave in each.
fn each_outcome(
    walk: &mut Walk<'_>,
    competitors: &[Competitor],
    most: u32,
    mut standing: Standing,
    mut end: Replayed,
    tie: Waiting,
) -> (Replayed, Vec<Waiting>) {
    let (_, open, seats) = &tie.named;
    let outcomes = Outcomes::of(open, *seats);
    let number = standing.outcomes.saturating_mul(outcomes.number());
    if outcomes.number() < 2 {
        // No tie at all, which its stage has been refused for.
        return (end, vec![tie]);
    }
    let few =
        |number: usize| number <= OUTCOMES_MAX && number * competitors.len() <= OUTCOME_ENTRIES_MAX;
    if !usize::try_from(number).is_ok_and(few) {
        for (place, one) in competitors.iter().enumerate() {
            let leaves = standing.held[place] > most;
            let certain = if leaves { most.min(one.candidates) } else { 0 };
            end.seats[one.list] = certain;
            end.tied[one.list] = !leaves;
        }
        return (end, vec![tie]);
    }
    standing.outcomes = number;
    let mut ends = Vec::new();
    for winners in outcomes {
        let mut standing = standing.clone();
        for (held, one) in standing.held.iter_mut().zip(competitors) {
            *held = held.saturating_add(u32::from(winners.contains(&one.list)));
        }
        let outcome = follow(walk, competitors.to_vec(), most, standing, end.clone());
        ends.push(outcome);
    }
    let Some((first, first_asked)) = ends.first().cloned() else {
        return (end, vec![tie]);
    };
    let named = |asked: &[Waiting]| -> Vec<(StageAt, Vec<usize>, u32)> {
        asked.iter().map(|one| one.named.clone()).collect()
    };
    let same = ends
        .iter()
        .all(|(other, asked)| *other == first && named(asked) == named(&first_asked));
    if same {
        return (first, first_asked);
    }
    for list in 0..end.seats.len() {
        let seats = || ends.iter().map(|(outcome, _)| outcome.seats[list]);
        let least = seats().min().unwrap_or(0);
        end.seats[list] = least;
        end.tied[list] =
            seats().any(|some| some > least) || ends.iter().any(|(outcome, _)| outcome.tied[list]);
    }
    let unassigned = ends.iter().map(|(outcome, _)| outcome.unassigned).min();
    end.unassigned = unassigned.unwrap_or(0);
    (end, vec![tie])
}

/// The ways in which so many of some lists can win: positions that move up like the hands of a counter, the last one first.
struct Outcomes<'a> {
    lists: &'a [usize],
    hands: Option<Vec<usize>>,
}

impl<'a> Outcomes<'a> {
    fn of(lists: &'a [usize], seats: u32) -> Self {
        let seats = usize::try_from(seats)
            .ok()
            .filter(|&seats| seats <= lists.len());
        let hands = seats.map(|seats| (0..seats).collect());
        Self { lists, hands }
    }

    /// How many there are, by Pascal's triangle, up to a number beyond every limit.
    fn number(&self) -> u64 {
        let Some(hands) = &self.hands else { return 0 };
        // Taking or leaving are the same number of ways, and more lists than these make too many anyway.
        let few = hands.len().min(self.lists.len() - hands.len());
        if few == 0 {
            return 1;
        }
        if few > OUTCOMES_MAX || self.lists.len() > 2 * OUTCOMES_MAX {
            return u64::MAX;
        }
        let mut row = vec![1_u64];
        for _ in 0..self.lists.len() {
            let mut next = vec![1; row.len() + 1];
            for place in 1..row.len() {
                next[place] = row[place - 1].saturating_add(row[place]);
            }
            row = next;
        }
        row[few]
    }
}

impl Iterator for Outcomes<'_> {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let hands = self.hands.clone()?;
        let winners = hands.iter().map(|&hand| self.lists[hand]).collect();
        let last = |place: usize| self.lists.len() - (hands.len() - place);
        self.hands = (0..hands.len())
            .rev()
            .find(|&place| hands[place] < last(place))
            .map(|place| {
                let mut moved = hands[..place].to_vec();
                moved.extend((hands[place] + 1..).take(hands.len() - place));
                moved
            });
        Some(winners)
    }
}
