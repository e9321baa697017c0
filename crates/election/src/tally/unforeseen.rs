//! Events that no bound on outstanding ballots foresaw: after one of them a range of seats may be wider than it was.

use crate::event::{Counted, Event, Recorded, Slot};
use crate::ids::{Revision, Timestamp};
use crate::report::{Attribution, ReportKind, UnitStatus};
use crate::rules::Rules;
use crate::tally::Tally;
use apportionment::ThresholdBase;

/// How many of them a tally remembers; their number is kept beyond that.
pub const UNFORESEEN_KEPT: usize = 20;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnforeseenCause {
    /// A report brought more than its unit was bounded by.
    Report(ReportKind),
    /// A report took back what was counted.
    Correction(ReportKind),
    /// A report waits for a reviewer that may bring more.
    Held,
    /// A reviewer let a report in that does one of these, or rejected one.
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
    before: Vec<Most>,
}

/// The most that a contest in a district can end with; `None`: nothing bounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Most {
    /// Ballots, by the units' ceilings.
    ballots: Option<u64>,
    /// Votes, by the same.
    votes: Option<u64>,
    /// The count that a threshold is a share of, with all that may come.
    base: Option<u64>,
    /// Ballots of the whole contest, by the electorate.
    electorate: Option<u64>,
    /// A count of ballots that is a base: what is in it for good.
    issued: u64,
}

impl Most {
    /// Whether another one is more than this, or was not bounded by it.
    fn is_passed_by(&self, after: &Self) -> bool {
        let grows = |before: Option<u64>, after: Option<u64>| match (before, after) {
            (Some(before), Some(after)) => after > before,
            (Some(_), None) => true,
            (None, _) => false,
        };
        grows(self.ballots, after.ballots)
            || grows(self.votes, after.votes)
            || grows(self.electorate, after.electorate)
            || matches!((self.base, after.base), (Some(before), Some(after)) if after > before)
    }
}

impl Tally {
    /// The most of a contest in a district.
    fn most(&self, contest: usize, district: usize) -> Most {
        let totals = self.contests.get(contest);
        let here = totals.and_then(|districts| districts.get(district));
        let coming = self.still_to_come(contest, district);
        let coming = coming.filter(|coming| coming.unbounded == 0);
        let bounded = |counted: Option<u64>, coming: Option<u64>| counted?.checked_add(coming?);
        let votes = here.map(|totals| totals.votes.iter().sum::<u64>());
        let rules = self.outline.rules.outstanding.as_ref();
        let electorate = self.outline.areas.electorate;
        let electorate = electorate.filter(|_| rules.is_some_and(|rules| rules.electorate));
        let counted = || -> u64 {
            let districts = totals.into_iter().flatten();
            districts.map(|totals| totals.ballots_counted).sum()
        };
        let turnout = self.turnout.get(district);
        Most {
            ballots: bounded(
                here.map(|totals| totals.ballots_counted),
                coming.map(|coming| coming.by_ballots),
            ),
            votes: bounded(votes, coming.map(|coming| coming.by_votes)),
            base: bounded(
                self.threshold_base(contest, district),
                coming.and_then(|coming| coming.ballots()),
            ),
            electorate: electorate.filter(|electorate| *electorate >= counted()),
            issued: turnout.map_or(0, |turnout| turnout.ballots_issued),
        }
    }

    /// The count that the threshold of a contest is a share of, where that is no sum of list votes.
    fn threshold_base(&self, contest: usize, district: usize) -> Option<u64> {
        let id = &self.outline.ballot.contests.get(contest)?.id;
        let mut rules = self.outline.rules.contests.iter();
        let rules = rules.find(|rules| rules.id == *id)?;
        let base = crate::allocation::base(rules.threshold.as_ref()?.base);
        if base == ThresholdBase::ListVotes {
            return None;
        }
        let totals = self.contests.get(contest)?.get(district)?;
        let counts = crate::allocation::base_counts(self, contest, district, totals);
        match base {
            ThresholdBase::ListVotes => None,
            ThresholdBase::ValidVotes => counts.valid_votes,
            ThresholdBase::ValidAndAgainstAll => counts.valid_and_against_all,
            ThresholdBase::BallotsInBox => counts.ballots_in_box,
            ThresholdBase::BallotsIssued => counts.ballots_issued,
        }
    }

    fn all_most(&self, contest: Option<u8>, district: u16) -> Vec<Most> {
        let contests = 0..self.contests.len();
        let contests = contests.filter(|it| contest.is_none_or(|only| usize::from(only) == *it));
        contests
            .map(|contest| self.most(contest, usize::from(district)))
            .collect()
    }

    /// Whether an event that is about to come is an amendment that changes nothing but which lists are bounded together: no
    /// range of any list can be another one after it.
    pub(super) fn only_regroups(&self, event: &Event) -> bool {
        let Event::RulesAmended { rules, .. } = event else {
            return false;
        };
        let without = |rules: &Rules| {
            let mut rules = rules.clone();
            let outstanding = rules.outstanding.iter_mut();
            outstanding.for_each(|outstanding| outstanding.coalitions.clear());
            rules
        };
        without(rules) == without(&self.outline.rules)
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
            before: self.all_most(contest, district),
            contest,
            district,
            unit,
        })
    }

    /// Remembers an event that is in if what was said of certain seats did not foresee it.
    pub(super) fn note_unforeseen(&mut self, recorded: &Recorded, watched: Option<Watched>) {
        // An amendment may be what ended every claim.
        let is_amendment = matches!(recorded.event, Event::RulesAmended { .. });
        let rules = self.outline.rules.outstanding.as_ref();
        if rules.is_none() && !is_amendment {
            return;
        }
        let everywhere = rules.is_some_and(|rules| rules.electorate);
        let place = match watched {
            Some(watched) => {
                let after = self.all_most(watched.contest, watched.district);
                let mut pairs = watched.before.iter().zip(&after);
                let grows = pairs.any(|(before, after)| before.is_passed_by(after));
                // Of a number that was said to be the last, and counts in bases.
                let is_last = matches!(&recorded.event, Event::TurnoutCounted { replaced: Some(replaced), .. } if replaced.is_final);
                let mut pairs = watched.before.iter().zip(&after);
                let moves = is_last && pairs.any(|(before, after)| before.issued != after.issued);
                if !grows && !moves && !takes_back(&recorded.event) {
                    return;
                }
                // What the electorate bounds is one sum for all districts.
                let district = Some(watched.district).filter(|_| !everywhere);
                (watched.contest, district, Some(watched.unit))
            }
            None => match &recorded.event {
                Event::CandidatesChanged {
                    contest, district, ..
                } => (Some(*contest), Some(*district), None),
                _ => (None, None, None),
            },
        };
        // Only now: most events are foreseen, and to say what one was copies its texts.
        let Some((cause, attribution)) = cause_of(&recorded.event) else {
            return;
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
            if takes_back(event) {
                UnforeseenCause::Correction(counted.kind)
            } else {
                UnforeseenCause::Report(counted.kind)
            },
            counted.attribution.clone(),
        ),
        Event::Released {
            counted, reason, ..
        } => (
            UnforeseenCause::Review,
            counted.attribution.clone().or_else(|| because(reason)),
        ),
        // Who and why is private while it waits.
        Event::ReportHeld { .. } => (UnforeseenCause::Held, None),
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
