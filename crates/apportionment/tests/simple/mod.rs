//! The second, simple method: list all keys of all lists, sort them, cut after the last seat. For every method and chain,
//! in numbers of any length, without a jump, a heap or an interval. Tests and the fuzz targets hold the allocator against it.

use std::cmp::Ordering;

use apportionment::*;
use num_bigint::BigInt;

/// Above this many keys of a stage the simple method is not asked.
const KEYS_MAX: u64 = 200_000;

/// A key, to the power that makes it a fraction of whole numbers.
pub type SimpleKey = (BigInt, BigInt);

/// What the simple method finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simple {
    pub seats: Vec<u32>,
    pub tied: Vec<bool>,
    pub pending: u32,
    pub unassigned: u32,
    pub stages: Vec<SimpleStage>,
}

/// The border of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleStage {
    pub at: StageAt,
    /// The smallest key granted for certain, and the largest that is not.
    pub border: [Option<SimpleKey>; 2],
    /// The lists with equal keys there, and the seats for them.
    pub tie: Option<(Vec<usize>, u32)>,
}

/// A list of a chain.
struct Entry {
    list: usize,
    votes: BigInt,
    candidates: u32,
    room: u32,
    held: u32,
    limit: u32,
}

/// The seats by the simple method among the lists that take part; who wins a settled tie is taken from the allocation.
/// `None` where other rules than those of a chain decide (rescue, joined lists, majority, bonus, rounds of a cap, quotas of
/// other votes), where a tie cannot matter, or where there are too many keys to list them.
pub fn simple(contest: &Contest, rules: &Rules, allocation: &Allocation) -> Option<Simple> {
    let joined = |list: &ListResult| list.pairing == Pairing::Stands;
    let rescued = rules.rescue.is_some()
        && allocation
            .lists
            .iter()
            .any(|list| list.eligibility == Eligibility::RescueAdmitted);
    if allocation.lists.iter().any(joined)
        || rescued
        || allocation.rescue_tie.is_some()
        || rules.majority.is_some()
        || rules.bonus.is_some()
        || rules.above_max == AboveMax::SharedAnew
        || contest.quota_of.is_some()
    {
        return None;
    }
    let entry = |(index, list): (usize, &List)| {
        let candidates = list.candidates.unwrap_or(u32::MAX);
        let most = rules.seats_max.unwrap_or(u32::MAX);
        let room = match rules.exhausted {
            ExhaustedList::NextInLine => most.min(candidates),
            ExhaustedList::StaysEmpty => most,
        };
        Entry {
            list: index,
            votes: list.votes.into(),
            candidates,
            room: room.max(list.held),
            held: rules.seats_min.min(candidates).min(room).max(list.held),
            limit: 0,
        }
    };
    let lists = contest.lists.iter().enumerate();
    let takes_part = |(list, _): &(usize, &List)| allocation.lists[*list].eligibility.takes_part();
    let mut entries: Vec<Entry> = lists.filter(takes_part).map(entry).collect();
    let mut result = Simple {
        seats: vec![0; contest.lists.len()],
        tied: vec![false; contest.lists.len()],
        pending: 0,
        unassigned: 0,
        stages: Vec::new(),
    };
    let (mut open, mut left_empty) = (None, 0);
    if entries.is_empty() {
        result.unassigned = contest.seats;
        return Some(result);
    }
    let total: BigInt = entries.iter().map(|entry| &entry.votes).sum();
    for (index, stage) in rules.stages.iter().enumerate() {
        let given: u32 = entries.iter().map(|entry| entry.held).sum();
        let remaining = contest.seats.saturating_sub(given);
        if remaining == 0 || open.is_some() {
            break;
        }
        let offered = offer(stage, &mut entries, contest.seats, &total, remaining);
        if offered == 0 {
            continue;
        }
        let at = StageAt::Chain(index);
        let recorded = allocation.stages.iter().find(|stage| stage.at == at)?;
        let tie = cut(
            stage.method,
            &mut entries,
            offered,
            (contest.seats, &total),
            recorded,
            &mut result,
        )?;
        if let Some(tied) = tie {
            open = Some((tied, remaining > offered));
        }
    }
    for entry in &entries {
        let certain = entry.held.min(entry.candidates);
        left_empty += entry.held - certain;
        result.seats[entry.list] = certain;
        result.tied[entry.list] = open.as_ref().is_some_and(|(tied, waiting)| {
            (*waiting || tied.contains(&entry.list)) && certain < entry.candidates
        });
    }
    let given: u32 = entries.iter().map(|entry| entry.held).sum();
    let rest = contest.seats.saturating_sub(given);
    (result.pending, result.unassigned) = match open {
        Some(_) => (rest, left_empty),
        None => (0, rest + left_empty),
    };
    Some(result)
}

/// Sets the limits of a stage, and counts what it hands out.
fn offer(stage: &Stage, entries: &mut [Entry], house: u32, total: &BigInt, remaining: u32) -> u32 {
    let mut whole = 0_u64;
    for entry in entries {
        entry.limit = entry.room;
        if let Some(most) = stage.each_max {
            entry.limit = entry.limit.min(entry.held.saturating_add(most));
        }
        let Method::Quota(quota) = stage.method else {
            continue;
        };
        let (above, below) = quota_of(quota, house, total);
        if let Some(bar) = stage.bar
            && &entry.votes * &below * bar.denominator < &above * bar.numerator
        {
            entry.limit = entry.held;
        }
        if let Some(least) = stage.key_min {
            let beyond = &entry.votes * &below * least.denominator - &above * least.numerator;
            let keys = if beyond < BigInt::ZERO {
                0
            } else {
                u32::try_from(beyond / (&above * least.denominator) + 1).unwrap_or(u32::MAX)
            };
            entry.limit = entry.limit.min(keys.max(entry.held));
        }
        let quotas = u32::try_from(&entry.votes * &below / &above).unwrap_or(u32::MAX);
        whole += u64::from(quotas.min(entry.limit).saturating_sub(entry.held));
    }
    match stage.seats {
        StageSeats::Remaining => remaining,
        StageSeats::AtMost(most) => remaining.min(most),
        StageSeats::WholeQuotas => u32::try_from(whole).unwrap_or(u32::MAX).min(remaining),
    }
}

/// All keys of a stage, sorted and cut; the lists of an open tie.
fn cut(
    method: Method,
    entries: &mut [Entry],
    offered: u32,
    (house, total): (u32, &BigInt),
    recorded: &StageResult,
    result: &mut Simple,
) -> Option<Option<Vec<usize>>> {
    // One key more than a list can win, for the one that comes next.
    let most = |entry: &Entry| entry.limit.min(entry.held.saturating_add(offered + 1));
    let number: u64 = entries
        .iter()
        .map(|entry| u64::from(most(entry).saturating_sub(entry.held)))
        .sum();
    if number > KEYS_MAX {
        return None;
    }
    let mut keys: Vec<(usize, u32, SimpleKey)> = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        for seat in entry.held..most(entry) {
            let key = simple_key(method, &entry.votes, seat, house, total);
            keys.push((place, seat, key));
        }
    }
    keys.sort_by(|left, right| order(&right.2, &left.2));
    let cut = usize::try_from(offered).ok()?;
    let at = recorded.at;
    if keys.len() <= cut {
        // Every list has all that it can hold.
        let last = keys.last().map(|key| key.2.clone());
        for (place, seat, _) in &keys {
            entries[*place].held = seat + 1;
        }
        let border = [last, None];
        result.stages.push(SimpleStage {
            at,
            border,
            tie: None,
        });
        return Some(None);
    }
    let border = keys[cut].2.clone();
    let on_border = |key: &SimpleKey| order(key, &border).is_eq();
    let is_tied = on_border(&keys[cut - 1].2);
    let mut stage = SimpleStage {
        at,
        border: [None, Some(border.clone())],
        tie: None,
    };
    if !is_tied {
        for (place, seat, _) in &keys[..cut] {
            entries[*place].held = seat + 1;
        }
        stage.border[0] = Some(keys[cut - 1].2.clone());
        result.stages.push(stage);
        return Some(None);
    }
    let lists: Vec<&(usize, u32, SimpleKey)> =
        keys.iter().filter(|key| on_border(&key.2)).collect();
    let at_stake = keys[..cut].iter().filter(|key| on_border(&key.2)).count();
    let mut names: Vec<usize> = lists
        .iter()
        .map(|(place, ..)| entries[*place].list)
        .collect();
    names.sort_unstable();
    stage.tie = Some((names, u32::try_from(at_stake).ok()?));
    let tie = recorded.tie.as_ref().filter(|tie| !tie.stays_empty)?;
    let wins = |list: usize| {
        tie.settled
            .iter()
            .any(|settlement| settlement.winners.contains(&list))
    };
    for (place, seat, key) in &keys {
        let won = if on_border(key) {
            wins(entries[*place].list)
        } else {
            order(key, &border).is_gt()
        };
        if won {
            entries[*place].held = seat + 1;
            stage.border[0] = Some(key.clone());
        }
    }
    let settled = tie.open_seats == 0;
    result.stages.push(stage);
    Some((!settled).then(|| tie.open.clone()))
}

/// Which of two keys is larger. Nothing below the line comes before everything; two of that kind stand by what is above.
pub fn order(left: &SimpleKey, right: &SimpleKey) -> Ordering {
    match (left.1 == BigInt::ZERO, right.1 == BigInt::ZERO) {
        (true, true) => left.0.cmp(&right.0),
        _ => (&left.0 * &right.1).cmp(&(&right.0 * &left.1)),
    }
}

fn quota_of(quota: Quota, house: u32, total: &BigInt) -> (BigInt, BigInt) {
    let divisor = BigInt::from(match quota.kind {
        QuotaKind::Hare => house,
        QuotaKind::Droop | QuotaKind::HagenbachBischoff => house + 1,
        QuotaKind::Imperiali => house + 2,
    });
    let whole = |quota: BigInt| (quota.max(BigInt::from(1)), BigInt::from(1));
    match quota.rounding {
        Rounding::Exact => (total.clone(), divisor),
        Rounding::Down => whole(total / divisor),
        Rounding::DownPlusOne => whole(total / divisor + 1),
        Rounding::Up => whole((total + &divisor - 1) / divisor),
        Rounding::Nearest => whole((2 * total + &divisor) / (2 * divisor)),
    }
}

/// The key of a list's seat, counted from 0.
pub fn simple_key(
    method: Method,
    votes: &BigInt,
    seat: u32,
    house: u32,
    total: &BigInt,
) -> SimpleKey {
    let (votes, m) = (votes.clone(), BigInt::from(seat));
    let divisors = match method {
        Method::Divisors(divisors) => divisors,
        Method::Quota(quota) => {
            let (above, below) = quota_of(quota, house, total);
            return (votes * &below - m * above, below);
        }
    };
    match divisors {
        Divisors::DHondt => (votes, m + 1),
        Divisors::SainteLague => (votes, 2 * m + 1),
        Divisors::ModifiedSainteLague { first } if seat == 0 => {
            (votes * first.denominator, BigInt::from(first.numerator))
        }
        Divisors::ModifiedSainteLague { .. } => (votes, 2 * m + 1),
        Divisors::Danish => (votes, 3 * m + 1),
        Divisors::Imperiali => (2 * votes, m + 2),
        Divisors::Adams => (votes, m),
        Divisors::Dean => (votes * (2 * &m + 1), 2 * &m * (&m + 1)),
        Divisors::HuntingtonHill => (if seat == 0 { votes } else { votes.pow(2) }, &m * (&m + 1)),
        Divisors::Power { exponent } => (
            votes.pow(exponent.denominator),
            BigInt::from(seat + 1).pow(exponent.numerator),
        ),
    }
}

/// The first difference between an allocation and the simple method, element by element.
pub fn difference(allocation: &Allocation, simple: &Simple) -> Option<String> {
    if allocation.lists.len() != simple.seats.len() {
        return Some(format!("{} lists", allocation.lists.len()));
    }
    for (list, result) in allocation.lists.iter().enumerate() {
        let (seats, tied) = (simple.seats[list], simple.tied[list]);
        if (result.seats, result.tied) != (seats, tied) {
            let (found, open) = (result.seats, result.tied);
            return Some(format!(
                "list {list}: {found} seats, tied {open}; by the simple method {seats}, {tied}"
            ));
        }
    }
    let counts = (allocation.pending, allocation.unassigned);
    if counts != (simple.pending, simple.unassigned) {
        return Some(format!("pending and unassigned {counts:?}: {simple:?}"));
    }
    if allocation.stages.len() != simple.stages.len() {
        return Some(format!("{} stages: {simple:?}", allocation.stages.len()));
    }
    let stages = allocation.stages.iter().zip(&simple.stages);
    stages
        .filter_map(|(stage, simple)| stage_difference(stage, simple))
        .next()
}

fn stage_difference(stage: &StageResult, simple: &SimpleStage) -> Option<String> {
    let tie = stage
        .tie
        .as_ref()
        .map(|tie| (tie.lists.clone(), tie.seats_at_stake));
    if (stage.at, &tie) != (simple.at, &simple.tie) {
        return Some(format!("{:?}: tie {tie:?}, simple {simple:?}", stage.at));
    }
    for (award, key) in [stage.last_seat, stage.next_in_line]
        .iter()
        .zip(&simple.border)
    {
        let same = match (award, key) {
            (None, None) => true,
            (Some(award), Some(key)) => same_key(award.key, key),
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !same {
            return Some(format!("{:?}: border {award:?}, simple {key:?}", stage.at));
        }
    }
    None
}

/// Whether a reported key is the one that the simple method has.
pub fn same_key(key: Key, simple: &SimpleKey) -> bool {
    match key {
        Key::Fraction(ratio) => {
            let (above, below) = (ratio.numerator(), ratio.denominator());
            BigInt::from(above) * &simple.1 == BigInt::from(below) * &simple.0
        }
        Key::First { weight } => simple.1 == BigInt::ZERO && simple.0 == BigInt::from(weight),
        Key::Root {
            weight,
            base,
            power,
            degree,
        } => {
            // By their values: of several that tie either may name its own.
            BigInt::from(weight).pow(degree) * &simple.1
                == BigInt::from(base).pow(power) * &simple.0
        }
    }
}
