//! Seats over the night: samples of past revisions, the same at every replica.
//!
//! Samples are the multiples of a step, a power of two that doubles as the log grows, so that there are at most 64 and each
//! is asked for once. The coarse ones are read first: whoever opens the page after the night sees all of it at once, if only
//! in outline, and the rest a moment later.

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
/// Of so many neighbours one is read first.
const COARSE: u64 = 8;

/// Seats at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    /// When it was decided, in microseconds since 1970.
    pub time: i64,
    /// By contest, seats by option id of those that hold any; none: none are known.
    pub seats: Vec<Option<BTreeMap<String, u32>>>,
}

/// Samples by revision.
pub(crate) type Samples = BTreeMap<u64, Sample>;

/// The samples of one election.
#[derive(Debug)]
pub(crate) struct Timeline {
    read: Mutex<Read>,
    /// Counts what pages are to be made of anew: a pass that has been read, or another log.
    version: watch::Sender<u64>,
    filling: Arc<tokio::sync::Semaphore>,
}

#[derive(Debug, Default)]
struct Read {
    /// The log that all of it is of.
    place: Option<Place>,
    all: Samples,
    /// What pages are made of: `all` as it was when a pass was read.
    shown: Arc<Samples>,
}

impl Timeline {
    pub fn new() -> Self {
        Self {
            read: Mutex::default(),
            version: watch::Sender::new(0),
            filling: Arc::new(tokio::sync::Semaphore::new(1)),
        }
    }

    /// The samples that pages show of the log of a place; a number that is another when they are.
    pub fn samples(&self, shown: Place) -> (u64, Arc<Samples>) {
        let read = self.lock();
        let is_of = read.place.is_some_and(|place| place.is_comparable(shown));
        let samples = is_of.then(|| Arc::clone(&read.shown));
        (*self.version.borrow(), samples.unwrap_or_default())
    }

    /// Told whenever pages are to be made of others.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Whether some up to a place are still to be read.
    pub fn lacks(&self, shown: Place) -> bool {
        !self.missing(shown).is_empty()
    }

    /// Waits until none are.
    pub async fn until_read(&self, shown: Place) {
        let mut news = self.news();
        while self.lacks(shown) && news.changed().await.is_ok() {}
    }

    /// Reads what is missing, one for all: who comes while another reads leaves it to that one.
    pub async fn fill(&self, past: &Past, shown: Place, tick: Duration) {
        let Ok(_filling) = self.filling.try_acquire() else {
            return;
        };
        let coarse = step(shown.position.revision.0) * COARSE;
        let missing = self.missing(shown);
        let (first, rest): (Vec<u64>, Vec<u64>) = missing
            .into_iter()
            .partition(|revision| revision.is_multiple_of(coarse));
        for pass in [first, rest] {
            for revision in pass {
                match past.at(shown, revision).await {
                    Ok(standings) => self.add(shown, revision, sample(&standings)),
                    Err(_) => {
                        self.publish();
                        // Nobody asks again at once for what cannot be had.
                        tokio::time::sleep(tick).await;
                        return;
                    }
                }
            }
            self.publish();
        }
    }

    // What is not read of the log of a place. Another log is another night: what was read is forgotten.
    fn missing(&self, shown: Place) -> Vec<u64> {
        let mut read = self.lock();
        if read.place.is_some_and(|place| !place.is_comparable(shown)) {
            *read = Read::default();
        }
        read.place = Some(shown);
        let wanted = wanted(shown.position.revision.0);
        wanted
            .filter(|revision| !read.all.contains_key(revision))
            .collect()
    }

    fn add(&self, shown: Place, revision: u64, sample: Sample) {
        let mut read = self.lock();
        if read.place.is_none_or(|place| !place.is_comparable(shown)) {
            // It was asked for before the log became another one.
            return;
        }
        let step = step(shown.position.revision.0);
        read.all.retain(|revision, _| revision.is_multiple_of(step));
        read.all.insert(revision, sample);
    }

    fn publish(&self) {
        let mut read = self.lock();
        if *read.shown != read.all {
            read.shown = Arc::new(read.all.clone());
            self.version.send_modify(|version| *version += 1);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
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
            let seats = option.seats.as_ref()?.seats.filter(|seats| *seats > 0)?;
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
            let seats = row.seats.as_ref()?.seats.filter(|seats| *seats > 0)?;
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
        timeline.publish();
        assert_eq!(timeline.samples(place(0)).1.len(), 1);
        // A page of the log that is there now shows nothing of the one that was.
        assert!(timeline.samples(place(1)).1.is_empty());
        // The log is restored; what was asked for before comes now.
        assert!(timeline.lacks(place(1)));
        timeline.add(place(0), 2, sample(8));
        timeline.publish();
        assert!(timeline.samples(place(1)).1.is_empty());
        timeline.add(place(1), 2, sample(9));
        timeline.publish();
        assert_eq!(timeline.samples(place(1)).1[&2], sample(9));
    }

    #[test]
    fn pages_are_made_anew_for_what_was_read_and_not_for_each_sample() {
        let timeline = Timeline::new();
        let place = place(0);
        assert!(timeline.lacks(place));
        for revision in 1..=8 {
            let seats = Vec::new();
            timeline.add(place, revision, Sample { time: 1, seats });
            assert_eq!(timeline.samples(place).0, 0);
        }
        timeline.publish();
        timeline.publish();
        let (version, samples) = timeline.samples(place);
        assert_eq!((version, samples.len()), (1, 8));
        assert!(!timeline.lacks(place));
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
