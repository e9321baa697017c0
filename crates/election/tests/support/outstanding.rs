//! What is still to come of an election, computed anew from its whole log: slow, plain, and of no code of the fold.

use election::definition::{Unit, UnitKind};
use election::event::{Event, Recorded, Slot};
use election::report::{HoldCode, UnitStatus};
use election::rules::{OutstandingRules, StatedBasis};
use election::state::State;
use election::tally::{CeilingBasis, StillToCome};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
struct Log {
    rules: Option<OutstandingRules>,
    units: Vec<Unit>,
    /// Ballots issued by the last turnout report, if it is the last one.
    issued: BTreeMap<u32, u64>,
    repeated: BTreeSet<(u32, u8)>,
    doubted: BTreeSet<Slot>,
    merged: BTreeSet<(u32, u32)>,
}

/// Still to come of (contest, district); `None`: the rules say nothing of it.
pub fn still_to_come(
    records: &[Recorded],
    state: &State,
    contest: u8,
    district: u16,
) -> Option<StillToCome> {
    let log = read(records, state);
    let rules = log.rules.as_ref()?;
    let mut total = StillToCome::default();
    for unit in 0..u32::try_from(log.units.len()).unwrap() {
        let groups = state.tally().outline.ballot.counting_groups.len();
        let slots = (0..groups).filter_map(|group| state.slot(unit, contest.into(), group));
        let slots: Vec<Slot> = slots.filter(|slot| slot.district == district).collect();
        let is_open = |slot: &Slot| {
            let is = state.slot_state(*slot).unwrap();
            let ended = [
                UnitStatus::NotOpened,
                UnitStatus::Complete,
                UnitStatus::Closed,
                UnitStatus::Annulled,
                UnitStatus::Merged,
            ];
            is.pending || !ended.contains(&is.status)
        };
        if !slots.iter().any(is_open) {
            continue;
        }
        let counted = slots.iter().filter_map(|slot| state.counted(*slot));
        let (mut counted_ballots, mut counted_votes) = (0, 0);
        for (_, counts, _) in counted {
            counted_ballots += counts.ballots_counted(1).unwrap_or(0);
            counted_votes += counts.votes_total();
        }
        // All units whose voters may come to this one.
        let mut voters = BTreeSet::from([unit]);
        loop {
            let more = log.merged.iter();
            let more: BTreeSet<u32> = more
                .filter(|(_, into)| voters.contains(into))
                .map(|(from, _)| *from)
                .collect();
            let known = voters.len();
            voters.extend(more);
            if voters.len() == known {
                break;
            }
        }
        let is_repeated = |unit: &u32| log.repeated.contains(&(*unit, contest));
        total.repeated += u32::from(voters.iter().any(is_repeated));
        let ceilings = voters
            .iter()
            .map(|unit| ceiling(&log, rules, *unit, is_repeated(unit)));
        let ceilings: Option<Vec<(u64, CeilingBasis)>> = ceilings.collect();
        let is_doubted = slots.iter().any(|slot| log.doubted.contains(slot));
        let sum = ceilings.map(|all| {
            let ballots: u64 = all.iter().map(|(ballots, _)| ballots).sum();
            (ballots, all.iter().map(|(_, basis)| *basis).max().unwrap())
        });
        match sum {
            Some((ballots, basis))
                if ballots >= counted_ballots && ballots >= counted_votes && !is_doubted =>
            {
                let entry = &mut total.bounded[basis as usize];
                entry.units += 1;
                entry.ballots += ballots - counted_ballots.min(counted_votes);
            }
            _ => total.unbounded += 1,
        }
    }
    let Event::Defined { unit_count, .. } = &records[0].event else {
        panic!("a log begins with its definition");
    };
    let registered = u32::try_from(log.units.len()).unwrap();
    total.unbounded += unit_count.saturating_sub(registered);
    Some(total)
}

fn read(records: &[Recorded], state: &State) -> Log {
    let mut log = Log::default();
    for recorded in records {
        match &recorded.event {
            Event::Defined { rules, .. } | Event::RulesAmended { rules, .. } => {
                log.rules = rules.outstanding.clone();
            }
            Event::UnitsRegistered { units, .. } => log.units.extend(units.iter().cloned()),
            Event::UnitAmended { index, unit, .. } => {
                log.units[usize::try_from(*index).unwrap()] = unit.clone();
            }
            Event::TurnoutCounted {
                unit,
                ballots_issued,
                is_final,
                ..
            } => {
                log.issued.remove(unit);
                if *is_final {
                    log.issued.insert(*unit, u64::from(*ballots_issued));
                }
            }
            Event::ReportHeld { slot, codes, .. } if codes.contains(&HoldCode::BallotsOverRoll) => {
                log.doubted.insert(*slot);
            }
            Event::StatusSet {
                slot,
                slot_move,
                merged_into,
                ..
            } => {
                if slot_move.after.status == UnitStatus::RepeatOrdered {
                    log.repeated.insert((slot.unit, slot.contest));
                }
                log.merged.extend(merged_into.map(|into| (slot.unit, into)));
            }
            _ => {}
        }
        // Nothing of it waits any more at some moment: the doubt is settled.
        let moved = match &recorded.event {
            Event::ReportCounted { counted, .. } | Event::Released { counted, .. } => {
                Some((counted.slot, counted.slot_move))
            }
            Event::Rejected {
                slot, slot_move, ..
            }
            | Event::Withdrawn {
                slot, slot_move, ..
            }
            | Event::StatusSet {
                slot, slot_move, ..
            } => Some((*slot, *slot_move)),
            _ => None,
        };
        if let Some((slot, _)) = moved.filter(|(_, slot_move)| !slot_move.after.pending) {
            log.doubted.remove(&slot);
        }
    }
    assert_eq!(u64::try_from(log.units.len()).unwrap(), state.unit_count());
    log
}

fn ceiling(
    log: &Log,
    rules: &OutstandingRules,
    unit: u32,
    repeated: bool,
) -> Option<(u64, CeilingBasis)> {
    let facts = &log.units[usize::try_from(unit).unwrap()];
    let stated = |basis| match basis {
        StatedBasis::Envelopes => CeilingBasis::Envelopes,
        StatedBasis::PapersDelivered => CeilingBasis::PapersDelivered,
        StatedBasis::Stated => CeilingBasis::Stated,
    };
    let mut known = Vec::new();
    if let Some(issued) = log.issued.get(&unit)
        && rules.issued_at_close
        && !repeated
    {
        return Some((*issued, CeilingBasis::BallotsIssued));
    }
    if let (Some(roll), Some(rule)) = (facts.roll, &rules.roll) {
        let [above, below] = rule.share;
        let mut share = u64::from(roll) * above / below;
        if share * below < u64::from(roll) * above {
            share += 1;
        }
        known.push((share + u64::from(rule.ballots), CeilingBasis::Roll));
    }
    for entry in rules.units.iter().filter(|entry| entry.id == facts.id) {
        known.push((u64::from(entry.ballots), stated(entry.basis)));
    }
    if known.is_empty() {
        let is_it = |kind: UnitKind| kind == facts.kind;
        for entry in rules.kinds.iter().filter(|entry| is_it(entry.kind)) {
            known.push((u64::from(entry.ballots), stated(entry.basis)));
        }
    }
    known.into_iter().min()
}
