//! Invented nights: events as `decide` would make them, and beside them the plainest possible record of what every slot
//! looked like after each of them. The record is the oracle: it shares nothing with the store but the row's type.

use election::counts::{Counts, Form};
use election::event::{Counted, Event, Recorded, Slot, SlotMove, SlotState, Turnout};
use election::ids::{ElectionId, LogId, Revision, Timestamp};
use election::report::{Attribution, HoldReason, ReportKind, UnitStatus};
use election::stage::Mark;
use results_store::{
    CountedVersion, LATEST, Milestone, MilestoneKind, PendingVersion, ResultsStore, SlotKey,
    SlotOutcome, SlotRow, TurnoutChange,
};
use std::collections::BTreeMap;

pub const LOG_ID: LogId = LogId([9; 16]);

pub fn election() -> ElectionId {
    ElectionId::new("night-2026").unwrap()
}

/// The head of a log that holds `revision` events of [`election`].
pub fn log_head(revision: u64) -> event_log::Head {
    event_log::Head {
        election: election(),
        log_id: LOG_ID,
        revision: Revision(revision),
        damage: None,
    }
}

#[derive(Default)]
struct SlotMemory {
    status: UnitStatus,
    tombstone: u32,
    counted: Option<CountedVersion>,
    pending: Vec<PendingVersion>,
}

impl SlotMemory {
    fn state(&self) -> SlotState {
        SlotState {
            status: self.status,
            counted: self.counted.is_some(),
            pending: !self.pending.is_empty(),
        }
    }

    fn next_version(&self) -> u32 {
        let counted = self.counted.map_or(0, |counted| counted.version);
        counted.max(self.tombstone) + 1
    }
}

/// A night in the making.
pub struct Night {
    units: u32,
    slots: BTreeMap<SlotKey, SlotMemory>,
    turnouts: BTreeMap<u32, TurnoutChange>,
    pub events: Vec<Recorded>,
    /// The row of the slot that an event touched, after it.
    pub rows: Vec<(Revision, SlotRow)>,
    pub turnout_rows: Vec<TurnoutChange>,
    pub milestones: Vec<Milestone>,
}

impl Night {
    pub fn new(units: u32) -> Self {
        Self {
            units,
            slots: BTreeMap::new(),
            turnouts: BTreeMap::new(),
            events: Vec::new(),
            rows: Vec::new(),
            turnout_rows: Vec::new(),
            milestones: Vec::new(),
        }
    }

    /// A night of that many events, the same for the same seed.
    pub fn random(units: u32, events: usize, seed: u64) -> Self {
        let mut night = Self::new(units);
        let mut state = seed;
        for _ in 0..events {
            // A linear congruential generator (Knuth's constants); the high bits are good enough here.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let [a, b, c, d, e, ..] = state.to_be_bytes();
            night.happen(a, u32::from_be_bytes([0, c, d, e]), b);
        }
        night
    }

    pub fn head(&self) -> Revision {
        Revision(self.events.len() as u64)
    }

    /// One more event: `what` chooses its kind, `unit` the unit, `choice` everything else.
    pub fn happen(&mut self, what: u8, unit: u32, choice: u8) {
        let unit = unit % self.units;
        match what % 32 {
            0 | 1 => self.turnout(unit, choice),
            2 => self.milestone(choice),
            what => {
                let slot = Slot {
                    unit,
                    district: u16::try_from(unit % 7).unwrap(),
                    contest: u8::from(choice % 16 == 1),
                    counting_group: u8::from(choice % 8 == 3),
                };
                self.slot(slot, what, choice);
            }
        }
    }

    fn slot(&mut self, slot: Slot, what: u8, choice: u8) {
        let revision = self.head().next();
        let memory = self.slots.entry(slot.into()).or_default();
        let before = memory.state();
        let chosen = usize::from(choice) % memory.pending.len().max(1);
        let version = memory.next_version() + u32::from(choice % 2);
        let kind = ReportKind::ALL[usize::from(choice) % ReportKind::ALL.len()];
        let reason = || "as ordered".to_owned();
        // The event is made first with an empty move, which is known only after the slot has moved.
        let slot_move = SlotMove::default();
        let counted = |version| Counted {
            slot,
            version,
            kind,
            counts: Counts {
                votes: vec![version, 2],
                form: Form::EMPTY,
            },
            replaced: None,
            slot_move,
            attribution: None,
        };
        let (outcome, mut event) = match what {
            3..=6 => {
                let reasons = vec![HoldReason::BallotsOverRoll {
                    ballots: 9,
                    roll: 8,
                }];
                let held = ReportKind::Full;
                memory.pending.push(PendingVersion { version, revision });
                (
                    SlotOutcome::Held,
                    held_event(slot, version, held, reasons, None),
                )
            }
            7..=8 if memory.counted.is_some() => {
                let other = memory.counted.unwrap();
                let version = other.version;
                memory.pending.push(PendingVersion { version, revision });
                let conflict = held_event(slot, version, kind, Vec::new(), Some(other.revision));
                (SlotOutcome::Conflict, conflict)
            }
            9..=10 if !memory.pending.is_empty() => {
                let held = memory.pending.remove(chosen);
                memory.pending.retain(|it| it.version >= held.version);
                let version = held.version;
                memory.counted = Some(CountedVersion { version, revision });
                memory.status = UnitStatus::Complete;
                let event = Event::Released {
                    counted: counted(version),
                    held_revision: held.revision,
                    reason: reason(),
                };
                (SlotOutcome::Released, event)
            }
            11..=12 if !memory.pending.is_empty() => {
                let held = memory.pending.remove(chosen);
                let event = Event::Rejected {
                    slot,
                    held_revision: held.revision,
                    slot_move,
                    reason: reason(),
                };
                (SlotOutcome::Rejected, event)
            }
            13 => {
                memory.counted = None;
                memory.tombstone = version;
                memory.pending.retain(|it| it.version > version);
                memory.status = UnitStatus::Expected;
                let event = Event::Withdrawn {
                    slot,
                    version,
                    replaced: None,
                    slot_move,
                    attribution: attribution(),
                };
                (SlotOutcome::Withdrawn, event)
            }
            14..=15 => {
                memory.status = UnitStatus::ALL[usize::from(choice) % UnitStatus::ALL.len()];
                if memory.status == UnitStatus::Annulled {
                    memory.tombstone = memory.next_version() - 1;
                    memory.counted = None;
                }
                let event = Event::StatusSet {
                    slot,
                    replaced: None,
                    slot_move,
                    merged_into: None,
                    attribution: attribution(),
                };
                (SlotOutcome::StatusSet, event)
            }
            _ => {
                memory.pending.retain(|it| it.version >= version);
                memory.counted = Some(CountedVersion { version, revision });
                memory.status = UnitStatus::Partial;
                let event = Event::ReportCounted {
                    counted: counted(version),
                    warnings: Vec::new(),
                };
                (SlotOutcome::Counted, event)
            }
        };
        let state = memory.state();
        *slot_move_of(&mut event) = SlotMove {
            before,
            after: state,
        };
        let row = SlotRow {
            slot,
            state,
            counted: memory.counted,
            pending: memory.pending.clone(),
            last_revision: revision,
            last_outcome: outcome,
        };
        self.rows.push((revision, row));
        self.record(event);
    }

    fn turnout(&mut self, unit: u32, choice: u8) {
        let before = self.turnouts.get(&unit);
        let change = TurnoutChange {
            revision: self.head().next(),
            unit,
            district: u16::try_from(unit % 7).unwrap(),
            version: before.map_or(1, |before| before.version + 1),
            turnout: Turnout {
                ballots_issued: before.map_or(0, |before| before.turnout.ballots_issued)
                    + u32::from(choice),
                is_final: choice > 200,
            },
        };
        let replaced = before.map(|before| before.turnout);
        self.turnouts.insert(unit, change);
        self.turnout_rows.push(change);
        self.record(Event::TurnoutCounted {
            unit,
            district: change.district,
            version: change.version,
            ballots_issued: change.turnout.ballots_issued,
            is_final: change.turnout.is_final,
            replaced,
            attribution: None,
        });
    }

    fn milestone(&mut self, choice: u8) {
        let (kind, event) = if choice.is_multiple_of(2) {
            let event = Event::MarkSet {
                mark: Mark::Recount,
                is_set: choice.is_multiple_of(4),
                reason: "ordered".into(),
            };
            (MilestoneKind::MarkSet, event)
        } else {
            let attribution = attribution();
            (MilestoneKind::Certified, Event::Certified { attribution })
        };
        let revision = self.head().next();
        self.milestones.push(Milestone { revision, kind });
        self.record(event);
    }

    fn record(&mut self, event: Event) {
        let revision = self.head().next();
        self.events.push(Recorded {
            revision,
            time: Timestamp(1_000_000 + i64::try_from(revision.0).unwrap()),
            principal: "tester".into(),
            event,
        });
    }

    /// What the slot looked like.
    pub fn slot_at(&self, key: SlotKey, at: Revision) -> Option<&SlotRow> {
        let rows = self.rows.iter().rev();
        rows.filter(|(revision, row)| *revision <= at && SlotKey::from(row.slot) == key)
            .map(|(_, row)| row)
            .next()
    }

    /// What all slots looked like.
    pub fn slots_at(&self, at: Revision) -> BTreeMap<SlotKey, SlotRow> {
        let rows = self.rows.iter().filter(|(revision, _)| *revision <= at);
        rows.map(|(_, row)| (SlotKey::from(row.slot), row.clone()))
            .collect()
    }

    /// Revisions of the held reports that waited at a revision, ascending.
    pub fn pending_at(&self, at: Revision) -> Vec<Revision> {
        let rows = self.slots_at(at);
        let pending = rows.values().flat_map(|row| &row.pending);
        let mut revisions: Vec<_> = pending.map(|version| version.revision).collect();
        revisions.sort_unstable();
        revisions
    }

    pub fn turnout_at(&self, unit: u32, at: Revision) -> Option<TurnoutChange> {
        let rows = self.turnout_rows.iter().rev();
        rows.filter(|row| row.unit == unit && row.revision <= at)
            .copied()
            .next()
    }

    /// Everything that can be asked of `store` at `at`, compared with what the night knows. The store has applied exactly
    /// `applied`.
    pub fn check(&self, store: &dyn ResultsStore, applied: Revision, at: Revision) {
        let election = election();
        assert_eq!(store.applied_revision(&election).unwrap(), applied);
        let at = at.min(applied);
        let expected = self.slots_at(at);
        let all = store
            .slots(&election, SlotKey::first_of(0), usize::MAX, at)
            .unwrap();
        assert_eq!(all, expected.values().cloned().collect::<Vec<_>>());
        let mut touched = BTreeMap::<SlotKey, Vec<_>>::new();
        for (revision, row) in self.rows.iter().rev().filter(|(it, _)| *it <= at) {
            let change = (*revision, row.last_outcome, row.state);
            touched.entry(row.slot.into()).or_default().push(change);
        }
        for (key, row) in &expected {
            assert_eq!(store.slot(&election, *key, at).unwrap().as_ref(), Some(row));
            let history = store.history(&election, *key, at, usize::MAX).unwrap();
            let told = history.iter();
            let told = told
                .map(|change| (change.revision, change.outcome, change.after))
                .collect::<Vec<_>>();
            assert_eq!(Some(&told), touched.get(key));
        }
        for unit in 0..self.units.min(200) {
            assert_eq!(
                store.turnout(&election, unit, at).unwrap(),
                self.turnout_at(unit, at)
            );
        }
        let pending = store
            .pending(&election, Revision::ZERO, usize::MAX)
            .unwrap();
        let pending: Vec<_> = pending.iter().map(|report| report.revision).collect();
        assert_eq!(pending, self.pending_at(applied));
        let milestones = store
            .milestones(&election, Revision::ZERO, usize::MAX)
            .unwrap();
        let happened = self.milestones.iter().copied();
        let happened: Vec<_> = happened.filter(|it| it.revision <= applied).collect();
        assert_eq!(milestones, happened);
    }

    /// [`Night::check`] at the head and at some revisions before it.
    pub fn check_all(&self, store: &dyn ResultsStore, applied: Revision) {
        self.check(store, applied, LATEST);
        for part in [0, 1, 3, 6] {
            self.check(store, applied, Revision(applied.0 * part / 7));
        }
    }
}

fn attribution() -> Attribution {
    Attribution {
        by: "commission 3".into(),
        reason: "rows swapped".into(),
    }
}

fn held_event(
    slot: Slot,
    version: u32,
    kind: ReportKind,
    reasons: Vec<HoldReason>,
    conflicts_with: Option<Revision>,
) -> Event {
    Event::ReportHeld {
        slot,
        version,
        kind,
        codes: reasons.iter().map(HoldReason::code).collect(),
        conflicts_with,
        slot_move: SlotMove::default(),
        attribution: None,
        counts: None,
        reasons,
    }
}

fn slot_move_of(event: &mut Event) -> &mut SlotMove {
    match event {
        Event::ReportCounted { counted, .. } | Event::Released { counted, .. } => {
            &mut counted.slot_move
        }
        Event::ReportHeld { slot_move, .. }
        | Event::Rejected { slot_move, .. }
        | Event::Withdrawn { slot_move, .. }
        | Event::StatusSet { slot_move, .. } => slot_move,
        other => panic!("{other:?} moves no slot"),
    }
}
