//! The nearest changes for every list: votes added, taken or moved, and the way to the threshold.

use crate::contest::{Contest, Lot};
use crate::error::ContestError;
use crate::margin::{Change, Effect, Margin, Search, first_where, margin};
use crate::rules::Rules;
use crate::threshold::Base;
use crate::workspace::Workspace;

/// Most lists among which the one is looked for with which votes change hands.
const MOVED_LISTS_MAX: usize = 12;
/// Most lists besides the nearest with which votes change hands.
const BESIDES_MAX: usize = 2;

/// The nearest changes for one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListMargins {
    /// Fewest votes added for another seat.
    pub gain_by_added: Option<Margin>,
    /// Fewest votes moved to it for another seat: from the list from which the fewest do it, then from those that lose a
    /// seat where votes are added.
    pub gain_by_moved: Vec<(usize, Margin)>,
    /// Fewest votes taken away for a seat less.
    pub loss_by_taken: Option<Margin>,
    /// Fewest votes moved from it for a seat less: to the list to which the fewest do it, then to those that gain a seat
    /// where votes are taken away.
    pub loss_by_moved: Vec<(usize, Margin)>,
    /// The way to the threshold.
    pub threshold: Option<ThresholdDistance>,
}

/// The nearest changes for every list.
///
/// # Errors
/// As [`allocate`](crate::allocate).
pub fn margins(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
) -> Result<Vec<ListMargins>, ContestError> {
    let margins = margins_while(contest, rules, lots, || true)?;
    Ok(margins.unwrap_or_default())
}

/// As [`margins`], as long as somebody waits for them: `goes_on` is asked before each search, some thirty times a list. `None`:
/// nobody does any more.
///
/// # Errors
/// As [`allocate`](crate::allocate).
pub fn margins_while(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    goes_on: impl Fn() -> bool,
) -> Result<Option<Vec<ListMargins>>, ContestError> {
    margins_among(contest, rules, lots, &|_| true, goes_on)
}

/// As [`margins_while`], of the lists that take part and between them; the others have no votes here, and none are given to
/// them.
pub(crate) fn margins_among(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    takes_part: &dyn Fn(usize) -> bool,
    goes_on: impl Fn() -> bool,
) -> Result<Option<Vec<ListMargins>>, ContestError> {
    let seats = Workspace::default()
        .seats(contest, rules, lots)?
        .seats
        .to_vec();
    let goes_on: &dyn Fn() -> bool = &goes_on;
    let of = |list: usize| -> Result<ListMargins, Ended> {
        if !takes_part(list) {
            return Ok(ListMargins::default());
        }
        let own = |change, effect| {
            awaited(goes_on)?;
            Ok::<_, Ended>(margin(contest, rules, lots, list, change, effect)?)
        };
        let gain = own(Change::Added, Effect::Gain)?;
        let loss = own(Change::Taken, Effect::Loss)?;
        let losers = others_of(list, gain.as_ref(), |other, after| after < seats[other]);
        let winners = others_of(list, loss.as_ref(), |other, after| after > seats[other]);
        let moved = |change, effect, besides: &[usize]| {
            let among = (takes_part, besides);
            moves(
                (contest, rules, lots),
                (list, change, effect),
                among,
                goes_on,
            )
        };
        Ok(ListMargins {
            gain_by_moved: moved(Change::MovedFrom, Effect::Gain, &losers)?,
            loss_by_moved: moved(Change::MovedTo, Effect::Loss, &winners)?,
            gain_by_added: gain,
            loss_by_taken: loss,
            threshold: threshold_distance(contest, rules, list)?,
        })
    };
    match (0..contest.lists.len()).map(of).collect() {
        Ok(margins) => Ok(Some(margins)),
        Err(Ended::NobodyWaits) => Ok(None),
        Err(Ended::Refused(error)) => Err(error),
    }
}

/// Why the search of all margins ended before its end.
enum Ended {
    Refused(ContestError),
    NobodyWaits,
}

impl From<ContestError> for Ended {
    fn from(error: ContestError) -> Self {
        Self::Refused(error)
    }
}

fn awaited(goes_on: &dyn Fn() -> bool) -> Result<(), Ended> {
    goes_on().then_some(()).ok_or(Ended::NobodyWaits)
}

/// The other lists whose seats a change moves in a way, at most [`BESIDES_MAX`].
fn others_of(
    list: usize,
    margin: Option<&Margin>,
    moves: impl Fn(usize, u32) -> bool,
) -> Vec<usize> {
    let after = margin.map_or(&[][..], |margin| &margin.seats_after);
    let others = after.iter().enumerate();
    let others = others.filter(|(other, seats)| *other != list && moves(*other, **seats));
    others.map(|(other, _)| other).take(BESIDES_MAX).collect()
}

/// The nearest move, and those with the lists named besides.
fn moves(
    (contest, rules, lots): (&Contest, &Rules, &[Lot]),
    (list, change, effect): (usize, fn(usize) -> Change, Effect),
    (takes_part, besides): (&dyn Fn(usize) -> bool, &[usize]),
    goes_on: &dyn Fn() -> bool,
) -> Result<Vec<(usize, Margin)>, Ended> {
    let others = (0..contest.lists.len()).filter(|&other| other != list && takes_part(other));
    let others = others.collect();
    let asked = (list, change, effect);
    let nearest = nearest_move((contest, rules, lots), asked, others, goes_on)?;
    let mut moves: Vec<(usize, Margin)> = nearest.into_iter().collect();
    for &other in besides {
        if moves.iter().all(|(known, _)| *known != other) {
            awaited(goes_on)?;
            let found = margin(contest, rules, lots, list, change(other), effect)?;
            moves.extend(found.map(|found| (other, found)));
        }
    }
    Ok(moves)
}

/// The one of the others with which the fewest votes have to change hands. Beyond [`MOVED_LISTS_MAX`] lists only those with the most
/// votes are asked, and then fewer votes of another list might do.
fn nearest_move(
    (contest, rules, lots): (&Contest, &Rules, &[Lot]),
    (list, change, effect): (usize, fn(usize) -> Change, Effect),
    mut others: Vec<usize>,
    goes_on: &dyn Fn() -> bool,
) -> Result<Option<(usize, Margin)>, Ended> {
    others.sort_by_key(|&other| std::cmp::Reverse(contest.lists[other].votes));
    let mut is_certain = others.len() <= MOVED_LISTS_MAX;
    others.truncate(MOVED_LISTS_MAX);
    let mut nearest: Option<(usize, Margin)> = None;
    for other in others {
        awaited(goes_on)?;
        let below = nearest
            .as_ref()
            .map_or(u64::MAX, |(_, found)| found.votes - 1);
        let change = change(other);
        let mut search = Search::new(contest, rules, lots, (list, change, effect), below)?;
        let found = search.run()?;
        // Fewer votes of this list might do where its own number is only a bound.
        is_certain &= found
            .as_ref()
            .map_or(search.is_complete, |found| found.exact);
        nearest = found.map(|found| (other, found)).or(nearest);
    }
    if let Some((_, found)) = &mut nearest {
        found.exact &= is_certain;
    }
    Ok(nearest)
}

/// How far a list is from the other side of the threshold, the base moving along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThresholdDistance {
    /// It fails, and passes with this many votes more.
    ToPass(u64),
    /// It passes, and fails with this many votes fewer.
    ToFail(u64),
}

/// The way to the threshold; `None` where there is none, the list is exempt, or nothing can take it across.
///
/// # Errors
/// As [`allocate`](crate::allocate), or a list that is not in the contest.
pub fn threshold_distance(
    contest: &Contest,
    rules: &Rules,
    list: usize,
) -> Result<Option<ThresholdDistance>, ContestError> {
    let Some(entry) = contest.lists.get(list) else {
        return Err(ContestError::UnknownList {
            list,
            lists: contest.lists.len(),
        });
    };
    rules.check()?;
    let Some(threshold) = rules.threshold.as_ref().filter(|_| !entry.exempt) else {
        return Ok(None);
    };
    let base = threshold.base_of(contest)?;
    let passes = |votes: u64, count: u128| {
        let base = Base { count, ..base };
        votes > 0 && threshold.passes(votes, entry.coalition_size, base)
    };
    let base = base.count;
    Ok(if passes(entry.votes, base) {
        let most = entry.votes.min(u64::try_from(base).unwrap_or(u64::MAX));
        let fails = |taken: u64| !passes(entry.votes - taken, base - u128::from(taken));
        first_where(1, most, fails).map(ThresholdDistance::ToFail)
    } else {
        let across = |added: u64| passes(entry.votes + added, base + u128::from(added));
        first_where(1, u64::MAX - entry.votes, across).map(ThresholdDistance::ToPass)
    })
}
