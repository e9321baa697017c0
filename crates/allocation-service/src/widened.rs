//! Ranges of seats that were shown and had to widen: something happened that no bound on outstanding ballots foresaw. Said
//! with the causes, so that nobody has to find out by comparing.

use crate::follower::Moment;
use crate::seats::SeatsAt;
use election::certain::CertainSeats;
use election::definition::OptionRole;
use election::ids::Revision;
use election::tally::Tally;
use std::collections::VecDeque;
use wire::common::v1::WidenedRange;

/// How many are told; their number is kept beyond that.
const KEPT: usize = 20;
/// How many causes of one are told.
const CAUSES: usize = 3;

/// The fewest and the most seats of each list, by contest, then district; empty where nothing is claimed.
type Ranges = Vec<Vec<Vec<(u32, u32)>>>;

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
        let moment = &seats.moment;
        let ranges = ranges(&moment.seats().certain);
        let former = self.shown.take();
        match former.filter(|(shown, _)| moment.continues(shown)) {
            Some((shown, former)) => self.compare(&shown.tally, &former, &moment.tally, &ranges),
            // Of another log, or the first: nothing is known of what was shown.
            None => (self.recent, self.total) = (VecDeque::new(), 0),
        }
        seats.standings.widened_ranges = self.recent.iter().cloned().collect();
        seats.standings.widened_ranges_count = self.total;
        self.shown = Some((seats.moment.clone(), ranges));
    }

    fn compare(&mut self, former: &Tally, before: &Ranges, tally: &Tally, after: &Ranges) {
        let none = Vec::new();
        for (contest, districts) in before.iter().enumerate() {
            for (district, before) in districts.iter().enumerate() {
                let after = after.get(contest).and_then(|it| it.get(district));
                let after = after.unwrap_or(&none);
                for (list, before) in before.iter().enumerate() {
                    let after = after.get(list).copied();
                    if after.is_none_or(|after| after.0 < before.0 || after.1 > before.1) {
                        let place = (contest, district, list);
                        self.remember(former.revision, tally, place, *before, after);
                    }
                }
            }
        }
    }

    fn remember(
        &mut self,
        former: Revision,
        tally: &Tally,
        (contest, district, list): (usize, usize, usize),
        before: (u32, u32),
        after: Option<(u32, u32)>,
    ) {
        let ballot = &tally.outline.ballot.contests[contest];
        let entry = &ballot.districts[district];
        let mut lists = entry.options.iter();
        let mut lists = lists.by_ref().filter(|it| it.role == OptionRole::List);
        let option_id = lists.nth(list).map(|option| option.id.as_str().to_owned());
        let is_here = |number: Option<usize>, place| number.is_none_or(|number| number == place);
        let causes = tally.unforeseen.iter().rev().filter(|event| {
            event.revision > former
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

fn ranges(certain: &[Vec<Option<CertainSeats>>]) -> Ranges {
    let of_district = |certain: &Option<CertainSeats>| {
        let bounds = certain.as_ref().and_then(|it| it.bounds.as_ref().ok());
        let lists = bounds.into_iter().flat_map(|bounds| &bounds.lists);
        lists.map(|list| (list.fewest, list.most)).collect()
    };
    let contests = certain.iter();
    contests
        .map(|districts| districts.iter().map(of_district).collect())
        .collect()
}
