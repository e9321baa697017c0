//! Equal keys: the chain of rules that settles them, and the lots that are bound to them.

use crate::allocation::{Settlement, Tie, VoidLot, VoidReason};
use crate::contest::{Lot, StageAt};
use crate::fill::Runner;
use crate::key::Key;
use crate::rules::TieBreak;

/// A list in a tie, with what the rules may ask about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tied {
    /// The list, or the first list of a group.
    pub list: usize,
    /// Votes in the unit of the stage.
    pub weight: u128,
    /// Order of registration, where it is known; a group has none.
    pub registration: Option<u64>,
}

impl Tied {
    pub(crate) fn of(runner: &Runner) -> Self {
        Self {
            list: runner.list,
            weight: runner.weight,
            registration: runner.registration,
        }
    }
}

/// A tie that stopped a chain: who may still win how many seats.
#[derive(Clone, Debug)]
pub(crate) struct OpenTie {
    pub at: StageAt,
    /// The number of its stage in the chain.
    pub stage: usize,
    pub lists: Vec<usize>,
    pub seats: u32,
    /// The key that they have in common.
    pub key: Option<Key>,
    /// The lists with the same key to which a rule has given their seat.
    pub winners: Vec<usize>,
}

impl OpenTie {
    /// `None` where the tie is settled, or nothing hangs on it.
    pub(crate) fn of(tie: &Tie, stage: usize) -> Option<Self> {
        let winners = tie.settled.iter().flat_map(|one| &one.winners);
        tie.is_open().then(|| Self {
            at: tie.at,
            stage,
            lists: tie.open.clone(),
            seats: tie.open_seats,
            key: tie.key,
            winners: winners.copied().collect(),
        })
    }
}

/// Goes through the chain. Each rule takes out the lists whose fate it settles; what is left is open.
pub(crate) fn settle(
    at: StageAt,
    key: Option<Key>,
    mut tied: Vec<Tied>,
    seats: u32,
    chain: &[TieBreak],
    lots: &[Lot],
) -> Tie {
    tied.sort_unstable_by_key(|tied| tied.list);
    let lists = tied.iter().map(|tied| tied.list).collect();
    let mut tie = Tie {
        at,
        lists,
        seats_at_stake: seats,
        key,
        settled: Vec::new(),
        open: Vec::new(),
        open_seats: seats,
        stays_empty: false,
    };
    for &by in chain {
        if tie.open_seats == 0 {
            break;
        }
        let verdicts = match by {
            TieBreak::EarlierRegistration => by_rank(&tied, tie.open_seats, |tied| {
                tied.registration.map(u128::from)
            }),
            TieBreak::MoreVotes => {
                by_rank(&tied, tie.open_seats, |tied| Some(u128::MAX - tied.weight))
            }
            TieBreak::Lot => by_lot(&tied, tie.open_seats, at, lots),
        };
        let mut settlement = Settlement {
            by,
            winners: Vec::new(),
            losers: Vec::new(),
        };
        let mut verdict = verdicts.into_iter();
        tied.retain(|tied| match verdict.next().flatten() {
            Some(true) => {
                settlement.winners.push(tied.list);
                false
            }
            Some(false) => {
                settlement.losers.push(tied.list);
                false
            }
            None => true,
        });
        let won = u32::try_from(settlement.winners.len())
            .expect("at most as many winners as seats at stake");
        tie.open_seats -= won;
        if !(settlement.winners.is_empty() && settlement.losers.is_empty()) {
            tie.settled.push(settlement);
        }
    }
    tie.open = tied.iter().map(|tied| tied.list).collect();
    tie
}

/// Who wins or loses whatever the unknown ranks are (smaller is better): a list wins when fewer than `seats` others can
/// come before it, and loses when at least `seats` others surely do. `None` is a list that the rule cannot settle.
fn by_rank(tied: &[Tied], seats: u32, rank: impl Fn(&Tied) -> Option<u128>) -> Vec<Option<bool>> {
    let seats = usize::try_from(seats).unwrap_or(usize::MAX);
    let mut known: Vec<u128> = tied.iter().filter_map(&rank).collect();
    known.sort_unstable();
    let unknown = tied.len() - known.len();
    let verdict = |tied: &Tied| {
        let rank = rank(tied)?;
        let surely_before = known.partition_point(|&other| other < rank);
        let perhaps_before = known.partition_point(|&other| other <= rank) - 1 + unknown;
        if perhaps_before < seats {
            Some(true)
        } else if surely_before >= seats {
            Some(false)
        } else {
            None
        }
    };
    tied.iter().map(verdict).collect()
}

fn by_lot(tied: &[Tied], seats: u32, at: StageAt, lots: &[Lot]) -> Vec<Option<bool>> {
    let lot = lots
        .iter()
        .find(|lot| binds(lot, at, seats, tied.iter().map(|tied| tied.list)) && winners_fit(lot));
    tied.iter()
        .map(|tied| lot.map(|lot| lot.winners.contains(&tied.list)))
        .collect()
}

/// The winners of the lot that was drawn for what is open of a tie.
pub(crate) fn drawn_for<'a>(tie: &Tie, lots: &'a [Lot]) -> Option<&'a [usize]> {
    let open = || tie.open.iter().copied();
    let mut lots = lots.iter();
    let lot = lots.find(|lot| binds(lot, tie.at, tie.open_seats, open()) && winners_fit(lot));
    lot.map(|lot| lot.winners.as_slice())
}

/// Whether a lot was drawn for this tie: same stage, same seats at stake, same set of lists.
fn binds(lot: &Lot, at: StageAt, seats: u32, lists: impl ExactSizeIterator<Item = usize>) -> bool {
    let same_number = lot.lists.len() == lists.len();
    // The tied lists are all different: if as many named lists contain them all, the sets are equal.
    lot.stage == at && lot.seats_at_stake == seats && same_number && { lists }
        .all(|list| lot.lists.contains(&list))
}

fn winners_fit(lot: &Lot) -> bool {
    let different = lot
        .winners
        .iter()
        .enumerate()
        .all(|(index, winner)| !lot.winners[..index].contains(winner));
    let among_tied = lot.winners.iter().all(|winner| lot.lists.contains(winner));
    let number = u32::try_from(lot.winners.len()) == Ok(lot.seats_at_stake);
    different && among_tied && number
}

/// The lots that settled nothing. `ties` are all ties that arose; a lot is used where a chain ended in its tie.
pub(crate) fn void_lots(lots: &[Lot], ties: &[&Tie]) -> Vec<VoidLot> {
    let mut void = Vec::new();
    for (index, lot) in lots.iter().enumerate() {
        let meets = |tie: &Tie| {
            if tie.at != lot.stage {
                return false;
            }
            let by_lot = tie
                .settled
                .iter()
                .find(|settlement| settlement.by == TieBreak::Lot);
            match by_lot {
                Some(drawn) => {
                    let seats = u32::try_from(drawn.winners.len()).unwrap_or(u32::MAX);
                    let lists: Vec<usize> =
                        drawn.winners.iter().chain(&drawn.losers).copied().collect();
                    binds(lot, tie.at, seats, lists.into_iter())
                }
                None => {
                    tie.is_open() && binds(lot, tie.at, tie.open_seats, tie.open.iter().copied())
                }
            }
        };
        let reason = if !ties.iter().any(|tie| meets(tie)) {
            VoidReason::NoSuchTie
        } else if !winners_fit(lot) {
            VoidReason::WrongWinners
        } else if lots[..index]
            .iter()
            .any(|earlier| winners_fit(earlier) && same_tie(earlier, lot))
        {
            VoidReason::AlreadyDrawn
        } else {
            continue;
        };
        void.push(VoidLot { lot: index, reason });
    }
    void
}

fn same_tie(one: &Lot, other: &Lot) -> bool {
    binds(
        one,
        other.stage,
        other.seats_at_stake,
        other.lists.iter().copied(),
    )
}
