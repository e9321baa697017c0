//! The majority clause: a list with more than half of the votes does not stay at half of the seats (Netherlands, Kieswet
//! P 9, after the remainders).
//!
//! A tie for the last seats, k of n lists, can come before it. Whoever wins there holds the smallest key, so one of the
//! winners gives its seat up: where the list with the majority is owed one however the tie ends, k - 1 of the others keep
//! one, and the tie itself needs no lot.

use crate::allocation::{MajorityTransfer, Tie};
use crate::border::{leave_empty, settle_by_lot};
use crate::contest::StageAt;
use crate::fill::Runner;
use crate::key::Key;
use crate::method::{Stage, StageSeats};
use crate::tie::{OpenTie, Tied, settle};
use crate::workspace::{Chain, Workspace};

impl Chain<'_> {
    /// Whether the clause can take a tie's place: one of the stage that fills the house by keys.
    pub(crate) fn may_make_void(&self, stage: &Stage, seats: u32) -> bool {
        self.majority_of.is_some() && seats == self.house && stage.seats != StageSeats::WholeQuotas
    }

    /// Whether the clause takes the place of an open tie for the last seats, whose lot could only move a seat that is given up.
    pub(crate) fn makes_void(&self, runners: &[Runner], tie: &Tie) -> bool {
        tie.open_seats > 0
            && self.owed(runners).is_some_and(|owed| {
                let runner = &runners[owed];
                !tie.open.contains(&runner.list) || !self.is_owed_beyond(runner)
            })
    }

    /// Whether the clause moves a seat, or may as long as a tie is open.
    pub(crate) fn may_move_a_seat(&self, runners: &[Runner]) -> bool {
        self.owed(runners).is_some()
    }

    /// The list with more than half of the votes, where it has at most half of the seats and a candidate for one more.
    fn owed(&self, runners: &[Runner]) -> Option<usize> {
        let votes = self.majority_of?;
        let owed = runners.iter().position(|runner| 2 * runner.votes > votes)?;
        self.is_owed(&runners[owed], runners[owed].seats)
            .then_some(owed)
    }

    fn is_owed(&self, runner: &Runner, seats: u32) -> bool {
        u64::from(seats) * 2 <= u64::from(self.house) && seats < runner.room
    }

    /// Whether it is owed a seat even with one more.
    fn is_owed_beyond(&self, runner: &Runner) -> bool {
        self.is_owed(runner, runner.seats.saturating_add(1))
    }
}

impl Workspace {
    /// Gives a seat to the list with the majority, from the list whose last seat has the smallest key.
    pub(crate) fn give_majority(&mut self, chain: &Chain<'_>, runners: &mut [Runner]) {
        let Some(owed) = chain.owed(runners) else {
            return;
        };
        let Some(open) = self.open.take() else {
            if let Some((from, key)) = smallest_last_seats(chain, runners, owed) {
                let keep = from.len() - 1;
                self.transfer(chain, runners, (owed, key), from, keep);
            }
            return;
        };
        if runners[owed].waiting || chain.stages[open.stage].seats == StageSeats::WholeQuotas {
            leave_open(chain, runners, owed, &open);
            return;
        }
        let in_tie = open.lists.contains(&runners[owed].list);
        let is_of_it = |runner: &Runner| {
            open.lists.contains(&runner.list) || open.winners.contains(&runner.list)
        };
        let from: Vec<usize> = (0..runners.len())
            .filter(|&index| index != owed && is_of_it(&runners[index]))
            .collect();
        let won = from
            .iter()
            .filter(|&&index| open.winners.contains(&runners[index].list));
        let held = won.count() + usize::try_from(open.seats).unwrap_or(usize::MAX);
        // What the others keep: they win one seat fewer where the list with the majority is among the winners, and else give
        // one up.
        let keep = held - 1;
        for &index in &from {
            let runner = &mut runners[index];
            runner.seats -= u32::from(open.winners.contains(&runner.list));
            runner.tied = false;
        }
        if !(in_tie && chain.is_owed_beyond(&runners[owed])) {
            if let Some(key) = open.key {
                runners[owed].tied = false;
                self.transfer_of_tie(chain, runners, (owed, key), &from, keep);
            }
            return;
        }
        // With a seat of the tie it is owed one more: the others have one fewer then, of which somebody loses a seat that
        // nothing has called into question where the tie has only one.
        runners[owed].seats += 1;
        runners[owed].tied = true;
        let losers = match keep {
            0 => smallest_last_seats(chain, runners, owed).map_or(Vec::new(), |it| it.0),
            _ => Vec::new(),
        };
        for &index in &losers {
            runners[index].seats -= 1;
        }
        for &index in if keep > 0 { &from } else { &losers } {
            runners[index].tied = true;
        }
    }

    /// Takes a seat from one of several, of whom so many keep theirs.
    fn transfer(
        &mut self,
        chain: &Chain<'_>,
        runners: &mut [Runner],
        to: (usize, Key),
        from: Vec<usize>,
        keep: usize,
    ) {
        for &index in &from {
            runners[index].seats -= 1;
        }
        self.transfer_of_tie(chain, runners, to, &from, keep);
    }

    /// The same where none of them has the seat yet that so many keep.
    fn transfer_of_tie(
        &mut self,
        chain: &Chain<'_>,
        runners: &mut [Runner],
        (owed, key): (usize, Key),
        from: &[usize],
        keep: usize,
    ) {
        runners[owed].seats += 1;
        let tied = from.iter().map(|&index| Tied::of(&runners[index]));
        let tied: Vec<Tied> = tied.collect();
        let lists = tied.iter().map(|tied| tied.list).collect();
        let keep = u32::try_from(keep).expect("at most 10,000 lists");
        let mut tie = (keep > 0).then(|| {
            let (rules, at) = (chain.rules, StageAt::Majority);
            settle(at, Some(key), tied, keep, &rules.ties, &[])
        });
        if let Some(tie) = &mut tie {
            for runner in runners.iter_mut() {
                let wins = |winners: &[usize]| winners.contains(&runner.list);
                runner.seats += u32::from(tie.settled.iter().any(|one| wins(&one.winners)));
                runner.tied = tie.open_seats > 0 && tie.open.contains(&runner.list);
            }
            leave_empty(tie, runners, chain.rules);
            if tie.stays_empty {
                self.unassigned += tie.open_seats;
            } else {
                settle_by_lot(tie, runners, (chain.rules, chain.lots));
            }
        }
        if let Some(record) = &mut self.record {
            let to = runners[owed].list;
            let from = lists;
            record.majority = Some(MajorityTransfer { to, from, key, tie });
        }
    }
}

/// Where stages wait for the tie, how the clause will end is open; a seat of whole quotas alone nobody gives up.
fn leave_open(chain: &Chain<'_>, runners: &mut [Runner], owed: usize, open: &OpenTie) {
    // The list with the majority can win all of the tie and be owed a seat even then: somebody else loses one that no key of
    // the tie has called into question.
    if open.seats == 1 && open.lists.contains(&runners[owed].list) {
        let losers = smallest_last_seats(chain, runners, owed);
        for index in losers.map_or(Vec::new(), |found| found.0) {
            runners[index].seats -= 1;
            runners[index].tied = true;
        }
    }
}

/// The runners but for one whose last seat came in the last stage that gave any of them one, with the smallest key there.
fn smallest_last_seats(
    chain: &Chain<'_>,
    runners: &[Runner],
    except: usize,
) -> Option<(Vec<usize>, Key)> {
    let others = || (0..runners.len()).filter(|&index| index != except);
    let last = others().filter_map(|index| runners[index].last_won).max()?;
    let keys = chain.keys(chain.stages[last].method, runners);
    let key = |index: usize| {
        let level = keys.level(runners[index].weight, u128::from(chain.scale));
        (level, runners[index].seats - 1)
    };
    let winners = || others().filter(|&index| runners[index].last_won == Some(last));
    let least = winners()
        .map(key)
        .min_by(|left, right| keys.compare(*left, *right))?;
    let from = winners().filter(|&index| keys.compare(key(index), least).is_eq());
    Some((from.collect(), keys.key(least.0, least.1)))
}
