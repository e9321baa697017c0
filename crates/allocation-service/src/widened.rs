//! Ranges of seats that were shown and had to widen: something happened that no bound on outstanding ballots foresaw. Said
//! with the causes, so that nobody has to find out by comparing.

use crate::follower::Moment;
use crate::seats::SeatsAt;
use apportionment::bounds::{Proof, Reason};
use election::certain::{CertainSeats, NoClaim};
use election::definition::OptionRole;
use election::ids::Revision;
use election::tally::Tally;
use std::collections::VecDeque;
use wire::common::v1::WidenedRange;

/// How many are told; their number is kept beyond that.
const KEPT: usize = 20;
/// How many causes of one are told.
const CAUSES: usize = 3;

/// A range of seats, and the revision that it was shown with.
type Range = ((u32, u32), Revision);

/// What was claimed last of each list, by contest, then district. Where nothing is said for a while, what was said before stays.
type Ranges = Vec<Vec<Vec<Option<Range>>>>;

/// What a moment says of a list.
enum Said {
    /// Its fewest and most seats.
    Range(u32, u32),
    /// Nothing for now: a part of a unit is counted, or the search took too long.
    NotNow,
    /// Nothing: what was claimed is taken back.
    Nothing,
}

/// What was shown last, and what had to widen since this replica began to show the log.
#[derive(Debug, Default)]
pub(crate) struct Widened {
    shown: Option<(Moment, Ranges)>,
    recent: VecDeque<WidenedRange>,
    total: u64,
}

impl Widened {
    /// Compares what is about to be shown with what was shown, and adds to it what had to widen.
    pub fn note(&mut self, seats: &mut SeatsAt) {
        let moment = seats.moment.clone();
        let former = self.shown.take();
        let former = former.filter(|(shown, _)| moment.continues(shown));
        if former.is_none() {
            // Of another log, or the first: nothing is known of what was shown.
            (self.recent, self.total) = (VecDeque::new(), 0);
        }
        let former = former.map(|(_, ranges)| ranges).unwrap_or_default();
        let ranges = self.compare(&former, &moment);
        seats.standings.widened_ranges = self.recent.iter().cloned().collect();
        seats.standings.widened_ranges_count = self.total;
        self.shown = Some((moment, ranges));
    }

    fn compare(&mut self, former: &Ranges, moment: &Moment) -> Ranges {
        let tally = &moment.tally;
        let mut ranges = Ranges::new();
        for (contest, districts) in moment.seats().certain.iter().enumerate() {
            let mut of_contest = Vec::with_capacity(districts.len());
            for (district, certain) in districts.iter().enumerate() {
                let before = former.get(contest).and_then(|it| it.get(district));
                let before = before.map_or(&[][..], Vec::as_slice);
                let lists = tally.outline.ballot.contests[contest].districts[district]
                    .options
                    .iter();
                let lists = lists
                    .filter(|option| option.role == OptionRole::List)
                    .count();
                let of_district = (0..lists).map(|list| {
                    let before = before.get(list).copied().flatten();
                    match said(certain.as_ref(), list) {
                        Said::NotNow => before,
                        Said::Range(fewest, most) => {
                            let is_wider = |range: &Range| fewest < range.0.0 || most > range.0.1;
                            if let Some(before) = before.filter(is_wider) {
                                let place = (contest, district, list);
                                self.remember(tally, place, before, Some((fewest, most)));
                            }
                            Some(((fewest, most), tally.revision))
                        }
                        Said::Nothing => {
                            if let Some(before) = before {
                                self.remember(tally, (contest, district, list), before, None);
                            }
                            None
                        }
                    }
                });
                of_contest.push(of_district.collect());
            }
            ranges.push(of_contest);
        }
        ranges
    }

    fn remember(
        &mut self,
        tally: &Tally,
        (contest, district, list): (usize, usize, usize),
        (before, since): Range,
        after: Option<(u32, u32)>,
    ) {
        let ballot = &tally.outline.ballot.contests[contest];
        let entry = &ballot.districts[district];
        let mut lists = entry.options.iter();
        let mut lists = lists.by_ref().filter(|it| it.role == OptionRole::List);
        let option_id = lists.nth(list).map(|option| option.id.as_str().to_owned());
        let is_here = |number: Option<usize>, place| number.is_none_or(|number| number == place);
        let causes = tally.unforeseen.iter().rev().filter(|event| {
            event.revision > since
                && is_here(event.contest.map(usize::from), contest)
                && is_here(event.district.map(usize::from), district)
        });
        let causes: Vec<_> = causes.collect();
        self.recent.push_front(WidenedRange {
            revision: tally.revision.0,
            contest_id: ballot.id.as_str().into(),
            district_id: entry.id.as_str().into(),
            option_id: option_id.unwrap_or_default(),
            seats_fewest_before: before.0,
            seats_most_before: before.1,
            seats_fewest: after.map(|after| after.0),
            seats_most: after.map(|after| after.1),
            causes: causes
                .iter()
                .take(CAUSES)
                .map(|event| wire::unforeseen_event(tally, event))
                .collect(),
            causes_count: u64::try_from(causes.len()).unwrap_or(u64::MAX),
        });
        self.recent.truncate(KEPT);
        self.total += 1;
        metrics::counter!("allocation_ranges_widened_total").increment(1);
    }
}

fn said(certain: Option<&CertainSeats>, list: usize) -> Said {
    match certain.map(|certain| &certain.bounds) {
        Some(Err(NoClaim::BaseMoves)) => Said::NotNow,
        Some(Err(_)) | None => Said::Nothing,
        Some(Ok(bounds)) => {
            let Some(list) = bounds.lists.get(list) else {
                return Said::Nothing;
            };
            let took_too_long = |proof: Proof| {
                matches!(
                    proof,
                    Proof::Safe(Reason::TooLong) | Proof::NoClaim(Reason::TooLong)
                )
            };
            if took_too_long(list.fewest_proof) || took_too_long(list.most_proof) {
                Said::NotNow
            } else {
                Said::Range(list.fewest, list.most)
            }
        }
    }
}
