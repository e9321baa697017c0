//! Seats that are certain while ballots are outstanding: what is still to come of a contest in a district by the rules of
//! the definition, and what the engine proves of seats with that many ballots.
//!
//! A claim holds as long as no counted tally is corrected, annulled or recounted, and the definition's ceilings hold. One
//! unit that nothing bounds leaves the district without any claim; so does everything that the engine has no proof for.

use crate::counts::Counter;
use crate::rules::Coalition;
use crate::standings::{DistrictSeats, SeatsResult};
use crate::tally::{CeilingBasis, StillToCome, Tally};
use apportionment::ThresholdBase;
use apportionment::bounds::{
    CoalitionBounds, NextCertain, SeatBounds, bound_coalitions_within, bound_seats_within,
    next_certain_within,
};
use std::collections::HashMap;

/// The ballots that are still to come of a contest in a district.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outstanding {
    /// At most so many; `None`: nothing bounds them.
    pub ballots: Option<u64>,
    /// Unit by unit, by what bounds each.
    pub units: StillToCome,
    /// The electorate less all ballots counted in the election, where that is the bound: it is below the sum over units.
    pub electorate_rest: Option<u64>,
}

impl Outstanding {
    /// What the bound rests on: of several the weakest; `None`: there is no bound, or no ballot is outstanding.
    #[must_use]
    pub fn basis(&self) -> Option<OutstandingBasis> {
        self.ballots.filter(|ballots| *ballots > 0)?;
        if self.electorate_rest.is_some() {
            return Some(OutstandingBasis::Electorate);
        }
        let mut bases = CeilingBasis::ALL.into_iter().rev();
        let basis = bases.find(|basis| self.units.bounded[*basis as usize].ballots > 0);
        basis.map(OutstandingBasis::Units)
    }
}

/// What a bound on outstanding ballots rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutstandingBasis {
    /// Ceilings of units.
    Units(CeilingBasis),
    /// The electorate as a whole.
    Electorate,
}

/// Why nothing is claimed of seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoClaim {
    /// Units are left that nothing bounds.
    Unbounded,
    /// The seats of this moment are not known, or are withheld.
    SeatsUnknown,
    /// A ballot has several votes, and the threshold is a share of something else than list votes.
    SeveralVotes,
    /// The threshold is a share of a count that may have some of what is to come already: parts of units are counted, or some units
    /// have not said their last number of ballots issued.
    BaseMoves,
    /// The districts hang together.
    OverDistricts,
    /// More lists than are computed with every frame.
    TooMany,
    /// The engine refuses the question, which it did not refuse of what is counted.
    Refused,
}

impl NoClaim {
    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unbounded => "UNBOUNDED",
            Self::SeatsUnknown => "SEATS_UNKNOWN",
            Self::SeveralVotes => "SEVERAL_VOTES",
            Self::BaseMoves => "BASE_MOVES",
            Self::OverDistricts => "OVER_DISTRICTS",
            Self::TooMany => "TOO_MANY",
            Self::Refused => "REFUSED",
        }
    }
}

/// The most lists of a district whose bounds are computed with every frame. Who has more asks `BoundSeats`.
pub const CERTAIN_LISTS_MAX: usize = 256;

/// What the districts of a contest may take together with every frame, in the engine's steps, and what each may in any case: about
/// half a second at the very most for up to forty districts, and usually a hundredth of that. What would take longer is marked
/// as safe or as no claim.
pub const CERTAIN_STEPS: u64 = 10_000_000;
/// What each district may take, however many there are.
pub const CERTAIN_STEPS_MIN: u64 = 250_000;

/// What the districts of a contest may take together for the seat that can be certain next, beside [`CERTAIN_STEPS`].
pub const NEXT_STEPS: u64 = 2_000_000;
/// What each district may take for it, however many there are.
pub const NEXT_STEPS_MIN: u64 = 20_000;

/// What the coalitions of a contest may take together in its districts, beside the others. A house of 120 seats with 40 lists takes a
/// thirtieth of it for a coalition.
pub const COALITION_STEPS: u64 = 4_000_000;
/// What each coalition may take in each district, however many there are.
pub const COALITION_STEPS_MIN: u64 = 5_000;

/// What is certain of a contest in a district.
#[derive(Debug, Clone, PartialEq)]
pub struct CertainSeats {
    /// The ballots that are still to come.
    pub outstanding: Outstanding,
    /// The fewest and the most seats by list, in the order of the question; or why nothing is claimed.
    pub bounds: Result<SeatBounds, NoClaim>,
    /// The seat that can be certain with the fewest ballots, of each list that needs no more than another; empty: there is none,
    /// it was not found within [`NEXT_STEPS`], or a ballot has several votes.
    pub next: Vec<NextCertain>,
    /// The bounds of each coalition of the contest, in the order of the rules, of those of its lists that stand in the district;
    /// empty where nothing is claimed.
    pub coalitions: Vec<CoalitionBounds>,
}

/// The ballots that are still to come of a contest in a district; `None`: the rules say nothing of them.
#[must_use]
pub fn outstanding(tally: &Tally, contest: usize, district: usize) -> Option<Outstanding> {
    let units = tally.still_to_come(contest, district)?;
    let rules = tally.outline.rules.outstanding.as_ref()?;
    let electorate = tally.outline.areas.electorate.filter(|_| rules.electorate);
    let districts = tally.contests.get(contest)?;
    // A form may say more ballots than it has votes for yet.
    let per_ballot = u64::from(tally.outline.ballot.votes_per_ballot.max(1));
    let counted = districts.iter().map(|district| {
        let votes: u64 = district.votes.iter().sum();
        district.ballots_counted.min(votes / per_ballot)
    });
    let counted: u64 = counted.sum();
    // An electorate below what is counted already was no bound.
    let rest = electorate.and_then(|electorate| electorate.checked_sub(counted));
    let of_units = units.ballots();
    let electorate_rest = rest.filter(|rest| of_units.is_none_or(|ballots| *rest < ballots));
    Some(Outstanding {
        ballots: electorate_rest.or(of_units),
        units,
        electorate_rest,
    })
}

/// The same of a district that hangs together with others: of these nothing is proved yet.
#[must_use]
pub fn over_districts(tally: &Tally, contest: usize, district: usize) -> Option<CertainSeats> {
    Some(CertainSeats {
        outstanding: outstanding(tally, contest, district)?,
        bounds: Err(NoClaim::OverDistricts),
        next: Vec::new(),
        coalitions: Vec::new(),
    })
}

/// What is certain of the seats of a contest in a district, whose seats of the moment are these; `None`: the rules say
/// nothing of what is outstanding.
#[must_use]
pub fn certain_seats(
    tally: &Tally,
    (contest, district): (usize, usize),
    seats: &DistrictSeats,
) -> Option<CertainSeats> {
    let outstanding = outstanding(tally, contest, district)?;
    let asked = asked(tally, (contest, district), seats, outstanding);
    let bounds = asked.and_then(|asked| bounds(tally, seats, asked));
    let next = match (asked, &bounds) {
        // Of ballots with several votes it would be votes.
        (Ok(asked), Ok(bounds))
            if asked.ballots > 0
                && !bounds.all_secured()
                && tally.outline.ballot.votes_per_ballot <= 1 =>
        {
            next(tally, seats, asked, bounds)
        }
        _ => Vec::new(),
    };
    let coalitions = match (asked, &bounds) {
        (Ok(asked), Ok(bounds)) => coalitions(tally, (contest, district), seats, asked, bounds),
        _ => Vec::new(),
    };
    Some(CertainSeats {
        outstanding,
        bounds,
        next,
        coalitions,
    })
}

/// What is asked of the engine, or why nothing is.
fn asked(
    tally: &Tally,
    (contest, district): (usize, usize),
    seats: &DistrictSeats,
    outstanding: Outstanding,
) -> Result<apportionment::bounds::Outstanding, NoClaim> {
    let DistrictSeats {
        question, result, ..
    } = seats;
    if !matches!(result, SeatsResult::Allocated(_)) {
        return Err(NoClaim::SeatsUnknown);
    }
    let ballots = outstanding.ballots.ok_or(NoClaim::Unbounded)?;
    if question.contest.lists.len() > CERTAIN_LISTS_MAX {
        return Err(NoClaim::TooMany);
    }
    let base = question.rules.threshold.as_ref().map(|it| it.base);
    let per_ballot = u64::from(tally.outline.ballot.votes_per_ballot);
    if per_ballot > 1 && base.is_some_and(|base| base != ThresholdBase::ListVotes) {
        return Err(NoClaim::SeveralVotes);
    }
    let mut asked = apportionment::bounds::Outstanding {
        ballots: ballots.checked_mul(per_ballot).ok_or(NoClaim::Refused)?,
        in_base: false,
    };
    if base == Some(ThresholdBase::BallotsIssued) && issued_by_turnout(tally, contest, district) {
        // What was issued is known before it is counted, but only once no more is: nowhere, and not for a vote that is repeated.
        let turnout = tally.turnout.get(district).ok_or(NoClaim::BaseMoves)?;
        if turnout.units_final != turnout.units || outstanding.units.repeated > 0 {
            return Err(NoClaim::BaseMoves);
        }
        asked.in_base = true;
    } else if outstanding.units.begun > 0
        && base.is_some_and(|base| base != ThresholdBase::ListVotes)
    {
        // Of a part of a unit the base may have ballots already whose votes are to come: it grows with some of them and not
        // with others.
        return Err(NoClaim::BaseMoves);
    }
    Ok(asked)
}

fn bounds(
    tally: &Tally,
    seats: &DistrictSeats,
    asked: apportionment::bounds::Outstanding,
) -> Result<SeatBounds, NoClaim> {
    let question = &seats.question;
    let (contest, rules, lots) = (&question.contest, &question.rules, &question.lots);
    let steps = part_of(CERTAIN_STEPS, tally).max(CERTAIN_STEPS_MIN);
    bound_seats_within(contest, rules, lots, asked, steps).map_err(|_| NoClaim::Refused)
}

fn next(
    tally: &Tally,
    seats: &DistrictSeats,
    asked: apportionment::bounds::Outstanding,
    bounds: &SeatBounds,
) -> Vec<NextCertain> {
    let question = &seats.question;
    let steps = part_of(NEXT_STEPS, tally).max(NEXT_STEPS_MIN);
    // It is more than the bounds: where the engine has no answer, they stand without.
    next_certain_within(&question.contest, &question.rules, asked, bounds, steps)
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn coalitions(
    tally: &Tally,
    (contest, district): (usize, usize),
    seats: &DistrictSeats,
    asked: apportionment::bounds::Outstanding,
    bounds: &SeatBounds,
) -> Vec<CoalitionBounds> {
    let outline = &tally.outline;
    let rules = outline.rules.outstanding.iter();
    let coalitions = rules.flat_map(|rules| rules.coalitions_of(&outline.ballot, contest));
    let coalitions: Vec<&Coalition> = coalitions.collect();
    let number = u64::try_from(coalitions.len()).unwrap_or(u64::MAX);
    let steps = part_of(COALITION_STEPS, tally) / number.max(1);
    let steps = steps.max(COALITION_STEPS_MIN);
    let question = &seats.question;
    let options = &outline.ballot.contests[contest].districts[district].options;
    let lists = question.options.iter().enumerate();
    let places: HashMap<&str, usize> = lists
        .filter_map(|(place, list)| {
            let option = options.get(usize::try_from(*list).ok()?)?;
            Some((option.id.as_str(), place))
        })
        .collect();
    // Those of its lists that stand here.
    let standing = coalitions.into_iter().map(|coalition| {
        let members = coalition.options.iter();
        members
            .filter_map(|id| places.get(id.as_str()).copied())
            .collect()
    });
    let standing: Vec<Vec<usize>> = standing.collect();
    let (contest, rules) = (&question.contest, &question.rules);
    // What the engine takes for each list it takes for several: otherwise nothing is said of any.
    bound_coalitions_within(contest, rules, asked, bounds, &standing, steps).unwrap_or_default()
}

// What each district has of so many steps.
fn part_of(steps: u64, tally: &Tally) -> u64 {
    let districts = u64::try_from(tally.turnout.len()).unwrap_or(u64::MAX);
    steps / districts.max(1)
}

// Whether ballots issued are those of turnout reports: the forms of what is counted do not say.
fn issued_by_turnout(tally: &Tally, contest: usize, district: usize) -> bool {
    let totals = tally.contests.get(contest).and_then(|it| it.get(district));
    totals.is_none_or(|totals| totals.counter(Counter::BallotsIssued).is_none())
}
