//! Seats over the night: samples of past revisions, the same at every replica.
//!
//! Samples are the multiples of a step, a power of two that doubles as the log grows, so that there are at most 64 and each
//! is asked for once. What has not been read yet is missing from the chart until it is.

use crate::past::Past;
use crate::upstream::Place;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use wire::allocation::v1::Standings;
use wire::common::v1::SeatsState;
use wire::feed::v1::Frame;

/// Samples at most.
const SAMPLES_MAX: u64 = 64;

/// Seats at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    /// When it was decided, in microseconds since 1970.
    pub time: i64,
    /// By contest, seats held by option id; none: none are known.
    pub seats: Vec<Option<BTreeMap<String, u32>>>,
}

/// Samples by revision.
pub(crate) type Samples = BTreeMap<u64, Sample>;

/// The samples of one election.
#[derive(Debug)]
pub(crate) struct Timeline {
    read: Mutex<(Option<Place>, Arc<Samples>)>,
    /// Counts the samples that were read.
    version: watch::Sender<u64>,
    filling: Arc<tokio::sync::Semaphore>,
}

impl Timeline {
    pub fn new() -> Self {
        Self {
            read: Mutex::new((None, Arc::default())),
            version: watch::Sender::new(0),
            filling: Arc::new(tokio::sync::Semaphore::new(1)),
        }
    }

    /// The samples that are read; a number that grows with them.
    pub fn samples(&self) -> (u64, Arc<Samples>) {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        (*self.version.borrow(), Arc::clone(&read.1))
    }

    /// Whether some up to a place are still to be read.
    pub fn lacks(&self, shown: Place) -> bool {
        wanted(shown.position.revision.0).any(|revision| !self.has(shown, revision))
    }

    /// Reads what is missing, one for all: who comes while another reads leaves it to that one.
    pub async fn fill(&self, past: &Past, shown: Place, tick: Duration) {
        let Ok(_filling) = self.filling.try_acquire() else {
            return;
        };
        for revision in wanted(shown.position.revision.0) {
            if self.has(shown, revision) {
                continue;
            }
            match past.at(shown, revision).await {
                Ok(standings) => self.add(shown, revision, sample(&standings)),
                Err(_) => {
                    // Nobody asks again at once for what cannot be had.
                    tokio::time::sleep(tick).await;
                    return;
                }
            }
        }
    }

    fn has(&self, shown: Place, revision: u64) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0.is_some_and(|place| !place.is_comparable(shown)) {
            // Another log, another night.
            read.1 = Arc::default();
        }
        read.0 = Some(shown);
        read.1.contains_key(&revision)
    }

    fn add(&self, shown: Place, revision: u64, sample: Sample) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0.is_none_or(|place| !place.is_comparable(shown)) {
            // It was asked for before the log became another one.
            return;
        }
        let step = step(shown.position.revision.0);
        let samples = Arc::make_mut(&mut read.1);
        samples.retain(|revision, _| revision.is_multiple_of(step));
        samples.insert(revision, sample);
        self.version.send_modify(|version| *version += 1);
    }
}

fn step(revision: u64) -> u64 {
    revision.div_ceil(SAMPLES_MAX).max(1).next_power_of_two()
}

fn wanted(revision: u64) -> impl Iterator<Item = u64> {
    let step = step(revision);
    (1..=revision / step).map(move |place| place * step)
}

/// What a sample keeps of standings.
pub(crate) fn sample(standings: &Standings) -> Sample {
    let time = standings
        .revision_time
        .and_then(|it| wire::time("time", it).ok());
    let contests = standings.contests.iter().map(|contest| {
        let held = contest.options.iter().filter_map(|option| {
            let seats = option.seats.as_ref()?.seats?;
            Some((option.option_id.clone(), seats))
        });
        is_known(contest.state()).then(|| held.collect())
    });
    Sample {
        time: time.map_or(0, |time| time.0),
        seats: contests.collect(),
    }
}

/// The same of a frame.
pub(crate) fn sample_of_frame(frame: &Frame) -> Sample {
    let body = frame.body.as_ref();
    let time = body.and_then(|body| body.revision_time);
    let time = time.and_then(|it| wire::time("time", it).ok());
    let contests = body.into_iter().flat_map(|body| &body.contests);
    let seats = contests.map(|contest| {
        let held = contest.rows.iter().filter_map(|row| {
            let seats = row.seats.as_ref()?.seats?;
            Some((row.option_id.clone(), seats))
        });
        is_known(contest.state()).then(|| held.collect())
    });
    Sample {
        time: time.map_or(0, |time| time.0),
        seats: seats.collect(),
    }
}

fn is_known(state: SeatsState) -> bool {
    match state {
        SeatsState::Provisional | SeatsState::Tied | SeatsState::Unassigned => true,
        SeatsState::Unspecified
        | SeatsState::NoneYet
        | SeatsState::Withheld
        | SeatsState::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use election::ids::{LogId, Revision};
    use wire::Position;

    fn place(incarnation: u64) -> Place {
        let position = Position {
            log_id: LogId([1; 16]),
            revision: Revision(8),
            publication_seq: 1,
        };
        Place {
            position,
            incarnation,
        }
    }

    #[test]
    fn a_sample_of_a_log_that_is_gone_is_not_put_among_those_of_another() {
        let timeline = Timeline::new();
        let sample = |time| Sample {
            time,
            seats: Vec::new(),
        };
        assert!(timeline.lacks(place(0)));
        timeline.add(place(0), 1, sample(7));
        assert_eq!(timeline.samples().1.len(), 1);
        // The log is restored; what was asked for before comes now.
        assert!(timeline.lacks(place(1)));
        timeline.add(place(0), 2, sample(8));
        assert!(timeline.samples().1.is_empty());
        timeline.add(place(1), 2, sample(9));
        assert_eq!(timeline.samples().1[&2], sample(9));
    }

    #[test]
    fn samples_are_few_and_stay_when_the_log_grows() {
        for revision in [1, 2, 63, 64, 65, 128, 1_183, 13_919, 1_000_000] {
            let wanted: Vec<u64> = wanted(revision).collect();
            assert!(wanted.len() <= 64 && !wanted.is_empty(), "{revision}");
            assert!(
                wanted.len() >= 32.min(usize::try_from(revision).unwrap()),
                "{revision}"
            );
            // The samples of twice as long a log are among them, or beyond.
            let later: Vec<u64> = super::wanted(revision * 2).collect();
            let known = |it: &&u64| wanted.contains(it) || **it > revision;
            assert_eq!(
                later.iter().filter(known).count(),
                later.len(),
                "{revision}"
            );
        }
    }
}
