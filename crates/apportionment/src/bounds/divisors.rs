//! The fewest seats under a divisor method. The most are one allocation: all outstanding ballots go to the list.
//!
//! A list whose bar it may miss can end with nothing. Of another one x, no outstanding ballot goes to it: a vote more only
//! raises its keys, and the base. With k seats it ends exactly where its rivals can have `s - k` claims with keys at least
//! that of its seat number k, which is a covering problem ([`crate::bounds::cover`]).

use crate::bounds::cover::{Budget, Rival, Verdict, cover};
use crate::bounds::model::{Frame, Model};
use crate::bounds::price::Prices;
use crate::bounds::{Proof, Reason};
use crate::curve::Curve;
use crate::keys::Keys;

/// The fewest seats of a list.
pub(crate) fn fewest(model: &Model<'_>, list: usize, budget: &mut Budget) -> (u32, Proof) {
    if !model.is_safe(list) {
        return (0, Proof::Exact);
    }
    let frames = model.covering_frames();
    let can_fall =
        |seats: u32, budget: &mut Budget| can_fall_to(model, list, seats, &frames, budget);
    lowest(model.room(list), budget, can_fall)
}

/// The first number of seats, up to `room`, to which falling is not disproved.
pub(crate) fn lowest(
    room: u32,
    budget: &mut Budget,
    mut can_fall: impl FnMut(u32, &mut Budget) -> Verdict,
) -> (u32, Proof) {
    let (mut low, mut high, mut last) = (0, room, Verdict::Can);
    while low < high {
        let middle = low + (high - low) / 2;
        match can_fall(middle, budget) {
            // Then it cannot fall lower either.
            Verdict::Cannot => low = middle + 1,
            verdict => (high, last) = (middle, verdict),
        }
    }
    match last {
        Verdict::Unknown if low == 0 => (low, Proof::NoClaim(Reason::TooLong)),
        Verdict::Unknown => (low, Proof::Safe(Reason::TooLong)),
        Verdict::Can | Verdict::Cannot => (low, Proof::Exact),
    }
}

/// Whether a list that takes part for certain can end with at most so many seats.
pub(crate) fn can_fall_to(
    model: &Model<'_>,
    list: usize,
    seats: u32,
    (frames, complete): &(Vec<Frame>, bool),
    budget: &mut Budget,
) -> Verdict {
    if seats >= model.room(list) {
        return Verdict::Can;
    }
    let wanted = model.seats - seats;
    let keys = Keys::of(model.method, 0, model.seats, 1);
    if !budget.take(u64::from(wanted) * price_steps(&keys)) {
        budget.spend();
        return Verdict::Unknown;
    }
    let prices = Prices::against(&keys, model.lists[list].votes, seats, wanted);
    let mut verdict = Verdict::Cannot;
    for (place, frame) in frames.iter().enumerate() {
        let found = can_buy(model, (list, seats), &prices, frame, wanted, budget);
        let is_easier_than_any = !complete && place + 1 == frames.len();
        verdict = verdict.or(match found {
            Verdict::Can if is_easier_than_any => Verdict::Unknown,
            found => found,
        });
        if verdict == Verdict::Can {
            break;
        }
    }
    verdict
}

/// About how many steps the price of a claim takes. By proportion it is one division; otherwise it is searched for, by comparing
/// means or, what takes longest, powers next to the border.
pub(super) const fn price_steps(keys: &Keys) -> u64 {
    match keys {
        Keys::Divisors(_) | Keys::Quota { .. } => 1,
        Keys::Curved(Curve::Harmonic | Curve::Geometric) => 16,
        Keys::Curved(Curve::Power { .. }) => 400,
    }
}

/// Whether the rivals of a list can have so many claims when the base lies in a frame.
fn can_buy(
    model: &Model<'_>,
    (list, seat): (usize, u32),
    prices: &Prices,
    frame: &Frame,
    wanted: u32,
    budget: &mut Budget,
) -> Verdict {
    let money = frame.most;
    if !budget.take(u64::try_from(model.lists.len()).unwrap_or(u64::MAX)) {
        budget.spend();
        return Verdict::Unknown;
    }
    let rivals = model
        .lists
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != list);
    let rivals = rivals.map(|(other, entry)| {
        let needed = frame.needed[entry.bar];
        if entry.votes.saturating_add(money) < needed {
            return Rival::default();
        }
        let price =
            |claim: u32| prices.of(claim, model.may_precede((other, claim - 1), (list, seat)));
        Rival::of(entry.votes, needed, entry.room, price, (wanted, money))
    });
    let Some(rivals) = Rival::all(rivals, budget) else {
        return Verdict::Unknown;
    };
    cover(&rivals, wanted, money, budget)
}
