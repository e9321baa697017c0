//! Measures the store: events applied a second, bytes on disk, time to open, time of an answer.
//! `cargo bench -p results-store`, or with `-- <units> <events> <batch>` for one case.

use election::counts::Counts;
use election::event::{Counted, Event, Recorded, Slot, SlotMove, SlotState};
use election::ids::{ElectionId, LogId, Revision, Timestamp};
use election::report::{ReportKind, UnitStatus};
use results_store::{LATEST, ResultsStore, SledStore, SlotKey};
use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() {
    // Cargo passes `--bench`, which is no number.
    let given: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    println!(
        "units     events    batch   applied/s   bytes    bytes/event  open_ms  slot_us  past_us  page_us"
    );
    match given[..] {
        [units, events, batch] => case(units, events, batch),
        _ => {
            for (units, events, batch) in [
                (10_000, 1_000_000, 32_768),
                (100_000, 1_000_000, 32_768),
                (100_000, 1_000_000, 4_096),
                (10_000, 100_000, 256),
                (10_000, 2_000_000, 4_096),
            ] {
                case(units, events, batch);
            }
        }
    }
}

fn case(units: usize, events: usize, batch: usize) {
    let election = ElectionId::new("measured").expect("a good id");
    let folder = tempfile::tempdir().expect("a folder");
    let heads = [event_log::Head {
        election: election.clone(),
        log_id: LogId([1; 16]),
        revision: Revision(events as u64),
        damage: None,
    }];
    let store = SledStore::open(folder.path(), &heads)
        .expect("an empty store opens")
        .store;
    let mut source = Source::new(units);
    let mut applying = Duration::ZERO;
    let mut sizes = Vec::new();
    let mut left = events;
    while left > 0 {
        let night = source.take(batch.min(left));
        left -= night.len();
        let started = Instant::now();
        store
            .apply(&election, &night)
            .expect("a batch without a gap");
        applying += started.elapsed();
        if source.revision % (events as u64 / 8).max(1) < batch as u64 {
            sizes.push(store.bytes_on_disk().expect("a size") >> 20);
        }
    }
    let started = Instant::now();
    store.checkpoint().expect("a checkpoint");
    applying += started.elapsed();
    let bytes = store.bytes_on_disk().expect("a size");
    store.close().expect("a clean end");

    let started = Instant::now();
    let opened = SledStore::open(folder.path(), &heads).expect("it opens again");
    let open_ms = started.elapsed().as_millis();
    assert!(opened.set_aside.is_none(), "{:?}", opened.set_aside);
    let store = opened.store;
    let mut ask = |at: Revision| {
        let started = Instant::now();
        for _ in 0..1_000 {
            let key = SlotKey::first_of(source.unit());
            black_box(store.slot(&election, key, at).expect("an answer"));
        }
        started.elapsed().as_micros() / 1_000
    };
    let (slot_us, past_us) = (ask(LATEST), ask(Revision(events as u64 / 2)));
    let started = Instant::now();
    for _ in 0..100 {
        let from = SlotKey::first_of(source.unit());
        black_box(
            store
                .slots(&election, from, 100, LATEST)
                .expect("an answer"),
        );
    }
    let page_us = started.elapsed().as_micros() / 100;
    let speed = events as u128 * 1_000_000 / applying.as_micros();
    println!(
        "{units:<9} {events:<9} {batch:<7} {speed:<11} {:<8} {:<12} {open_ms:<8} {slot_us:<8} {past_us:<8} {page_us:<8} \
         MiB by eighths {sizes:?}",
        format!("{}M", bytes >> 20),
        bytes / events as u64,
    );
}

/// Reports of units at random, versions rising.
struct Source {
    units: u64,
    state: u64,
    revision: u64,
    versions: Vec<u32>,
}

impl Source {
    fn new(units: usize) -> Self {
        Self {
            units: units as u64,
            state: 1,
            revision: 0,
            versions: vec![0; units],
        }
    }

    fn unit(&mut self) -> u32 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.state >> 33) % self.units).expect("few units")
    }

    fn take(&mut self, events: usize) -> Vec<Recorded> {
        (0..events).map(|_| self.event()).collect()
    }

    fn event(&mut self) -> Recorded {
        let unit = self.unit();
        let version = &mut self.versions[usize::try_from(unit).expect("few units")];
        *version += 1;
        self.revision += 1;
        let after = SlotState {
            status: UnitStatus::Partial,
            counted: true,
            pending: false,
        };
        let counted = Counted {
            slot: Slot {
                unit,
                district: 0,
                contest: 0,
                counting_group: 0,
            },
            version: *version,
            kind: ReportKind::Partial,
            counts: Counts::default(),
            replaced: None,
            slot_move: SlotMove {
                before: after,
                after,
            },
            attribution: None,
        };
        Recorded {
            revision: Revision(self.revision),
            time: Timestamp(0),
            principal: String::new(),
            event: Event::ReportCounted {
                counted,
                warnings: Vec::new(),
            },
        }
    }
}
