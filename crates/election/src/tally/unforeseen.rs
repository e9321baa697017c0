//! Events that no bound on outstanding ballots foresaw: after one of them a range of seats may be wider than it was.

use crate::event::{Counted, Event, Recorded, Slot};
use crate::ids::{Revision, Timestamp};
use crate::report::{Attribution, ReportKind, UnitStatus};
use crate::tally::Tally;

/// How many of them a tally remembers; their number is kept beyond that.
pub const UNFORESEEN_KEPT: usize = 20;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnforeseenCause {
    /// A report took back what was counted, or brought more ballots than the unit was bounded by.
    Report(ReportKind),
    /// A reviewer let such a report in, or one waits that doubts the bound.
    Review,
    /// A tally was withdrawn.
    Withdrawal,
    /// The commission set a unit's status: annulled, to be repeated, open again.
    Status(UnitStatus),
    /// A turnout report was taken back or put right.
    Turnout,
    /// Units were added, or a roll is another one.
    Register,
    /// The rules are other ones.
    Rules,
    /// A list has other candidates.
    Candidates,
}

/// An event after which what was called certain may not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unforeseen {
    /// Where it stands in the log.
    pub revision: Revision,
    /// When it was decided.
    pub time: Timestamp,
    /// The contest; `None`: all.
    pub contest: Option<u8>,
    /// The district; `None`: all.
    pub district: Option<u16>,
    /// The unit, if it was one.
    pub unit: Option<u32>,
    /// What happened.
    pub cause: UnforeseenCause,
    /// Who and why, if it was said. An amendment says only why.
    pub attribution: Option<Attribution>,
}

/// What an event touches, and the most ballots that it can end with before it.
pub(super) struct Watched {
    contest: Option<u8>,
    district: u16,
    unit: u32,
    before: Vec<Option<u64>>,
}

impl Tally {
    /// The most ballots of a contest in a district, counted and to come; `None`: nothing bounds them.
    fn ballots_most(&self, contest: usize, district: usize) -> Option<u64> {
        let coming = self.still_to_come(contest, district)?.ballots()?;
        let counted = self.contests.get(contest)?.get(district)?.ballots_counted;
        counted.checked_add(coming)
    }

    fn all_ballots_most(&self, contest: Option<u8>, district: u16) -> Vec<Option<u64>> {
        let contests = 0..self.contests.len();
        let contests = contests.filter(|it| contest.is_none_or(|only| usize::from(only) == *it));
        contests
            .map(|contest| self.ballots_most(contest, usize::from(district)))
            .collect()
    }

    /// Looks at what an event is about to touch; `None`: nothing that bounds ballots, or the rules bound none.
    pub(super) fn watch(&self, event: &Event) -> Option<Watched> {
        self.outline.rules.outstanding.as_ref()?;
        let of_slot = |slot: &Slot| (Some(slot.contest), slot.district, slot.unit);
        let (contest, district, unit) = match event {
            Event::ReportCounted { counted, .. } | Event::Released { counted, .. } => {
                of_slot(&counted.slot)
            }
            Event::ReportHeld { slot, .. }
            | Event::Rejected { slot, .. }
            | Event::Withdrawn { slot, .. }
            | Event::StatusSet { slot, .. } => of_slot(slot),
            Event::TurnoutCounted { unit, district, .. } => (None, *district, *unit),
            Event::UnitAmended { index, unit, .. } => {
                let district = super::district_index(&self.outline.ballot, unit.district.as_str())?;
                (None, u16::try_from(district).ok()?, *index)
            }
            _ => return None,
        };
        Some(Watched {
            before: self.all_ballots_most(contest, district),
            contest,
            district,
            unit,
        })
    }

    /// Remembers an event that is in if what was said of certain seats did not foresee it.
    pub(super) fn note_unforeseen(&mut self, recorded: &Recorded, watched: Option<Watched>) {
        let Some((cause, attribution)) = cause_of(&recorded.event) else {
            return;
        };
        if self.outline.rules.outstanding.is_none() {
            return;
        }
        let place = match watched {
            Some(watched) => {
                let after = self.all_ballots_most(watched.contest, watched.district);
                let is_more = |(before, after): (&Option<u64>, &Option<u64>)| match (before, after)
                {
                    (Some(before), Some(after)) => after > before,
                    (Some(_), None) => true,
                    (None, _) => false,
                };
                let grows = watched.before.iter().zip(&after).any(is_more);
                if !grows && !takes_back(&recorded.event) {
                    return;
                }
                (watched.contest, Some(watched.district), Some(watched.unit))
            }
            None => match &recorded.event {
                Event::CandidatesChanged {
                    contest, district, ..
                } => (Some(*contest), Some(*district), None),
                _ => (None, None, None),
            },
        };
        let (contest, district, unit) = place;
        self.unforeseen_total += 1;
        if self.unforeseen.len() == UNFORESEEN_KEPT {
            self.unforeseen.pop_front();
        }
        self.unforeseen.push_back(Unforeseen {
            revision: recorded.revision,
            time: recorded.time,
            contest,
            district,
            unit,
            cause,
            attribution,
        });
    }
}

/// Whether a vote or a counter of the form falls.
fn takes_back(event: &Event) -> bool {
    let falls = |counted: &Counted| {
        let Some(replaced) = &counted.replaced else {
            return false;
        };
        let mut votes = replaced.votes.iter().zip(&counted.counts.votes);
        let mut form = replaced.form.iter();
        votes.any(|(before, after)| after < before)
            || form.any(|(counter, before)| {
                let after = counted.counts.form.get(counter);
                after.is_none_or(|after| after < before)
            })
    };
    match event {
        Event::ReportCounted { counted, .. } | Event::Released { counted, .. } => falls(counted),
        Event::Withdrawn { replaced, .. } | Event::StatusSet { replaced, .. } => replaced.is_some(),
        _ => false,
    }
}

/// What an event would be the cause of; `None`: it can widen nothing.
fn cause_of(event: &Event) -> Option<(UnforeseenCause, Option<Attribution>)> {
    let because = |reason: &String| {
        Some(Attribution {
            by: String::new(),
            reason: reason.clone(),
        })
    };
    Some(match event {
        Event::ReportCounted { counted, .. } => (
            UnforeseenCause::Report(counted.kind),
            counted.attribution.clone(),
        ),
        Event::Released {
            counted, reason, ..
        } => (
            UnforeseenCause::Review,
            counted.attribution.clone().or_else(|| because(reason)),
        ),
        // Who and why is private while it waits.
        Event::ReportHeld { .. } => (UnforeseenCause::Review, None),
        Event::Rejected { reason, .. } => (UnforeseenCause::Review, because(reason)),
        Event::Withdrawn { attribution, .. } => {
            (UnforeseenCause::Withdrawal, Some(attribution.clone()))
        }
        Event::StatusSet {
            slot_move,
            attribution,
            ..
        } => (
            UnforeseenCause::Status(slot_move.after.status),
            Some(attribution.clone()),
        ),
        Event::TurnoutCounted { attribution, .. } => {
            (UnforeseenCause::Turnout, attribution.clone())
        }
        Event::UnitsRegistered {
            reason: Some(reason),
            ..
        }
        | Event::UnitAmended { reason, .. } => (UnforeseenCause::Register, because(reason)),
        Event::RulesAmended { reason, .. } => (UnforeseenCause::Rules, because(reason)),
        Event::CandidatesChanged { reason, .. } => (UnforeseenCause::Candidates, because(reason)),
        _ => return None,
    })
}
