//! Units as they stood at a revision: rows from the store, their counts from the log.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use election::definition::{Ballot, Unit};
use election::event::Recorded;
use election::ids::Revision;
use election::report::UnitStatus;
use election::tally::{UnitNames, expects_group};
use results_store::{
    PendingReport, SlotChange, SlotKey, SlotOutcome, SlotRow, StoreError, TurnoutChange,
};
use tokio::task::spawn_blocking;

use crate::directory::Directory;
use crate::error::Error;
use crate::hosted::{Hosted, View};
use crate::watch::Eyes;

/// The most changes of one tally, or of one unit's turnout, that a history shows.
const CHANGES_MAX: usize = 10_000;

/// Waiting reports that are read at once to count them.
const PENDING_READ: usize = 256;

/// An election's units at a revision.
#[derive(Clone)]
pub(crate) struct Units {
    hosted: Arc<Hosted>,
    view: Arc<View>,
    pub eyes: Eyes,
    pub at: Revision,
    pub directory: Arc<Directory>,
    names: Arc<UnitNames>,
    pub ballot: Arc<Ballot>,
}

/// Where the log tells what happened to a unit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// Oldest first.
    pub revisions: Vec<Revision>,
    /// The last revision of what came before, which is left out: nothing of it is among the others. 0: nothing came before.
    pub earlier: Revision,
}

impl History {
    /// Adds the changes of one tally, newest first, of which one more than are shown was asked for.
    fn add(&mut self, mut changes: Vec<Revision>) {
        if changes.len() > CHANGES_MAX {
            let left_out = changes.split_off(CHANGES_MAX);
            // What came before is asked for at one revision, for all tallies of the unit together.
            let last = left_out.first().copied().unwrap_or_default();
            self.earlier = self.earlier.max(last);
        }
        self.revisions.extend(changes);
    }
}

/// A unit with its tallies.
pub(crate) struct UnitRow {
    pub index: u32,
    pub unit: Unit,
    /// Its tallies by contest and counting group, in the order of the ballot; `None` where nothing happened yet.
    pub tallies: Vec<(SlotKey, Option<SlotRow>)>,
    pub turnout: Option<TurnoutChange>,
    /// For tallies that are merged into another unit: the event that said so.
    pub merged: HashMap<SlotKey, Revision>,
}

impl UnitRow {
    /// The last revision that changed anything about its tallies or turnout.
    pub fn changed(&self) -> Revision {
        let tallies = self.tallies.iter().filter_map(|(_, row)| row.as_ref());
        let turnout = self.turnout.map(|turnout| turnout.revision);
        let changed = tallies.map(|row| row.last_revision).chain(turnout);
        changed.max().unwrap_or_default()
    }
}

impl Units {
    /// The units as they stood at a revision. UNAVAILABLE while the store catches up.
    pub fn new(hosted: &Arc<Hosted>, eyes: Eyes, at: Revision) -> Result<Self, Error> {
        let known = hosted.with(|durable| {
            let tally = &durable.tally;
            let (ballot, names) = (tally.outline.ballot.clone(), tally.unit_names.clone());
            (durable.directory.clone(), names, ballot)
        });
        let (directory, names, ballot) = known.ok_or_else(|| Error::no_election(&hosted.id))?;
        Ok(Self {
            view: hosted.view()?,
            hosted: hosted.clone(),
            eyes,
            at,
            directory,
            names,
            ballot,
        })
    }

    /// The index of a unit.
    pub fn index(&self, id: &str) -> Result<u32, Error> {
        let index = self.names.find(id);
        let is_there = |index: &u32| *index < self.directory.len_at(self.at);
        index.filter(is_there).ok_or_else(|| Error::Nothing {
            what: "unit",
            id: id.to_owned(),
        })
    }

    /// Asks the store, on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Error> {
        let units = self.clone();
        let asking = spawn_blocking(move || question(&units)).await;
        let stopped = |_| Error::Unavailable("the service stops");
        asking.map_err(stopped)?.map_err(|error| {
            tracing::error!(%error, "the store did not answer");
            Error::Unavailable("the store of units did not answer")
        })
    }

    /// A range of units, those that are chosen by what the register says of them.
    pub async fn range(
        &self,
        range: Range<u32>,
        choose: impl Fn(&Unit) -> bool + Send + 'static,
    ) -> Result<Vec<UnitRow>, Error> {
        self.ask(move |units| units.rows(range, choose)).await
    }

    /// Units by index, in the order given.
    pub async fn some(&self, indexes: Vec<u32>) -> Result<Vec<UnitRow>, Error> {
        self.ask(move |units| {
            let mut rows = Vec::with_capacity(indexes.len());
            for index in indexes {
                rows.extend(units.rows(index..index + 1, |_| true)?);
            }
            Ok(rows)
        })
        .await
    }

    fn rows(
        &self,
        range: Range<u32>,
        choose: impl Fn(&Unit) -> bool,
    ) -> Result<Vec<UnitRow>, StoreError> {
        let slots = self.ballot.contests.len() * self.ballot.counting_groups.len();
        let units = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let first = SlotKey::first_of(range.start);
        let found = self.view.slots(first, slots * units, self.at)?;
        let mut found: HashMap<SlotKey, SlotRow> = found
            .into_iter()
            .map(|row| (SlotKey::from(row.slot), row))
            .collect();
        let mut rows = Vec::new();
        for index in range {
            let Some(unit) = self
                .directory
                .at(index, self.at)
                .filter(|unit| choose(unit))
            else {
                continue;
            };
            let keys = self.keys(index, &unit);
            let tallies: Vec<_> = keys.map(|key| (key, found.remove(&key))).collect();
            let mut merged = HashMap::new();
            for (key, row) in &tallies {
                let is_merged = |row: &SlotRow| row.state.status == UnitStatus::Merged;
                if row.as_ref().is_some_and(is_merged) {
                    merged.extend(self.merge_of(*key)?.map(|revision| (*key, revision)));
                }
            }
            rows.push(UnitRow {
                index,
                unit,
                tallies,
                turnout: self.view.turnout(index, self.at)?,
                merged,
            });
        }
        Ok(rows)
    }

    /// The keys of a unit's tallies, in the order of the ballot.
    fn keys(&self, index: u32, unit: &Unit) -> impl Iterator<Item = SlotKey> {
        let groups = (0_u8..).zip(0..self.ballot.counting_groups.len());
        let groups: Vec<u8> = groups
            .filter(|(_, place)| expects_group(&self.ballot, unit, *place))
            .map(|(group, _)| group)
            .collect();
        let contests = (0_u8..).zip(&self.ballot.contests);
        contests.flat_map(move |(contest, _)| {
            let groups = groups.clone().into_iter();
            groups.map(move |counting_group| SlotKey {
                unit: index,
                contest,
                counting_group,
            })
        })
    }

    fn merge_of(&self, key: SlotKey) -> Result<Option<Revision>, StoreError> {
        let changes = self.view.history(key, self.at, CHANGES_MAX)?;
        let is_merge = |change: &&SlotChange| {
            change.outcome == SlotOutcome::StatusSet && change.after.status == UnitStatus::Merged
        };
        Ok(changes.iter().find(is_merge).map(|change| change.revision))
    }

    /// The events that units rest on: what is counted, what set their turnout, what merged them.
    pub async fn sources(
        &self,
        rows: &[UnitRow],
        with_counts: bool,
    ) -> Result<HashMap<Revision, Recorded>, Error> {
        let mut revisions = HashSet::new();
        for row in rows {
            let tallies = row.tallies.iter().filter_map(|(_, row)| row.as_ref());
            if with_counts {
                revisions.extend(tallies.filter_map(|row| row.counted).map(|it| it.revision));
            }
            revisions.extend(row.turnout.map(|turnout| turnout.revision));
            revisions.extend(row.merged.values());
        }
        self.events(revisions).await
    }

    /// The events at these revisions.
    pub async fn events(
        &self,
        revisions: impl IntoIterator<Item = Revision>,
    ) -> Result<HashMap<Revision, Recorded>, Error> {
        let revisions = revisions.into_iter().collect();
        self.hosted.events(revisions, self.eyes).await
    }

    /// Where the log tells what happened to a unit, oldest first.
    pub async fn history(&self, index: u32) -> Result<History, Error> {
        self.ask(move |units| {
            let mut history = History::default();
            let Some(unit) = units.directory.at(index, units.at) else {
                return Ok(history);
            };
            for key in units.keys(index, &unit) {
                let changes = units.view.history(key, units.at, CHANGES_MAX + 1)?;
                history.add(changes.iter().map(|change| change.revision).collect());
            }
            let mut turnouts = Vec::new();
            let mut at = units.at;
            while turnouts.len() <= CHANGES_MAX
                && let Some(turnout) = units.view.turnout(index, at)?
            {
                turnouts.push(turnout.revision);
                at = Revision(turnout.revision.0 - 1);
            }
            history.add(turnouts);
            let earlier = history.earlier;
            history.revisions.retain(|revision| *revision > earlier);
            history.revisions.sort_unstable();
            history.revisions.dedup();
            Ok(history)
        })
        .await
    }

    /// How many reports wait. They are large, so only some are in memory at a time.
    fn pending_count(&self) -> Result<usize, StoreError> {
        let (mut count, mut from) = (0, Revision(1));
        loop {
            let some = self.view.pending(from, PENDING_READ)?;
            count += some.len();
            match some.last() {
                Some(last) if some.len() == PENDING_READ => from = last.revision.next(),
                _ => return Ok(count),
            }
        }
    }

    /// What waits for a reviewer now, from a revision on, with how many wait in all.
    pub async fn pending(
        &self,
        from: Revision,
        limit: usize,
    ) -> Result<(Vec<(PendingReport, UnitRow)>, usize), Error> {
        self.ask(move |units| {
            let mut reports = Vec::new();
            for report in units.view.pending(from, limit)? {
                let unit = report.slot.unit;
                let rows = units.rows(unit..unit + 1, |_| true)?;
                reports.extend(rows.into_iter().map(|row| (report.clone(), row)));
            }
            Ok((reports, units.pending_count()?))
        })
        .await
    }
}
