//! What every store promises, as plain functions that run on each engine.

use crate::night::{Night, election, log_head};
use election::ids::{ElectionId, Revision};
use results_store::{
    LATEST, MemoryStore, ResultsStore, SledStore, SlotKey, SlotOutcome, StoreError,
};

type Case = fn(&dyn ResultsStore);

const CASES: &[(&str, Case)] = &[
    ("an election that nobody knows is empty", unknown_is_empty),
    ("a night is applied and told at any revision", a_night),
    ("a batch again changes nothing", again_is_nothing),
    ("a gap is refused and changes nothing", gap_is_refused),
    ("batches of any size give the same rows", any_batches),
    ("pages join without gap or overlap", pages_join),
    ("elections do not see each other", elections_apart),
    ("a held report waits with its reasons", held_waits),
];

#[test]
fn memory_store_conforms() {
    for (name, case) in CASES {
        println!("{name}");
        case(&MemoryStore::new());
    }
}

#[test]
fn sled_store_conforms() {
    for (name, case) in CASES {
        println!("{name}");
        let folder = tempfile::tempdir().unwrap();
        let opened = SledStore::open(folder.path(), &[log_head(0)]).unwrap();
        assert_eq!(opened.set_aside, None);
        case(&opened.store);
    }
}

fn unknown_is_empty(store: &dyn ResultsStore) {
    let other = ElectionId::new("nobody").unwrap();
    let key = SlotKey::first_of(3);
    assert_eq!(store.applied_revision(&other).unwrap(), Revision::ZERO);
    assert_eq!(store.slot(&other, key, LATEST).unwrap(), None);
    assert_eq!(store.slots(&other, key, 10, LATEST).unwrap(), []);
    assert_eq!(store.history(&other, key, LATEST, 10).unwrap(), []);
    assert_eq!(store.pending(&other, Revision::ZERO, 10).unwrap(), []);
    assert_eq!(store.turnout(&other, 3, LATEST).unwrap(), None);
    assert_eq!(store.milestones(&other, Revision::ZERO, 10).unwrap(), []);
}

fn a_night(store: &dyn ResultsStore) {
    let night = Night::random(60, 3_000, 1);
    let applied = store.apply(&election(), &night.events).unwrap();
    assert_eq!(applied, night.head());
    night.check_all(store, night.head());
    // A unit that never reported is no row, not a row of zeros.
    let silent = SlotKey::first_of(60);
    assert_eq!(store.slot(&election(), silent, LATEST).unwrap(), None);
}

fn again_is_nothing(store: &dyn ResultsStore) {
    let night = Night::random(20, 700, 2);
    store.apply(&election(), &night.events[..500]).unwrap();
    store.apply(&election(), &night.events[100..300]).unwrap();
    night.check_all(store, Revision(500));
    // An overlapping batch: only its new part counts.
    store.apply(&election(), &night.events[400..]).unwrap();
    night.check_all(store, night.head());
    store.apply(&election(), &[]).unwrap();
    night.check_all(store, night.head());
}

fn gap_is_refused(store: &dyn ResultsStore) {
    let night = Night::random(20, 300, 3);
    store.apply(&election(), &night.events[..100]).unwrap();
    let refused = store.apply(&election(), &night.events[101..]);
    assert!(matches!(
        refused,
        Err(StoreError::Gap {
            expected: Revision(101),
            found: Revision(102)
        })
    ));
    let mut torn = night.events[100..].to_vec();
    torn.remove(50);
    let refused = store.apply(&election(), &torn);
    assert!(matches!(
        refused,
        Err(StoreError::Gap {
            expected: Revision(151),
            found: Revision(152)
        })
    ));
    night.check_all(store, Revision(100));
    store.apply(&election(), &night.events[100..]).unwrap();
    night.check_all(store, night.head());
}

fn any_batches(store: &dyn ResultsStore) {
    let night = Night::random(40, 1_000, 4);
    let mut rest = night.events.as_slice();
    for size in (1..=70).cycle() {
        let (batch, later) = rest.split_at(size.min(rest.len()));
        store.apply(&election(), batch).unwrap();
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    night.check_all(store, night.head());
}

fn pages_join(store: &dyn ResultsStore) {
    let night = Night::random(100, 2_000, 5);
    store.apply(&election(), &night.events).unwrap();
    for at in [LATEST, Revision(77), Revision(600)] {
        let expected: Vec<_> = night.slots_at(at).into_values().collect();
        for size in [1, 7, 64] {
            let mut joined = Vec::new();
            let mut from = SlotKey::first_of(0);
            loop {
                let page = store.slots(&election(), from, size, at).unwrap();
                assert!(page.len() <= size);
                let Some(last) = page.last() else { break };
                from = SlotKey::from(last.slot);
                from.counting_group += 1;
                joined.extend(page);
            }
            assert_eq!(joined, expected, "pages of {size} at {at}");
        }
    }
    let from = Revision(500);
    let pending = store.pending(&election(), from, 3).unwrap();
    let expected = night.pending_at(LATEST).into_iter();
    let expected: Vec<_> = expected.filter(|it| *it >= from).take(3).collect();
    let told: Vec<_> = pending.iter().map(|report| report.revision).collect();
    assert_eq!(told, expected);
    let key = SlotKey::first_of(1);
    let newest = store.history(&election(), key, LATEST, 2).unwrap();
    let all = store.history(&election(), key, LATEST, 1_000).unwrap();
    assert_eq!(newest, all[..2]);
    assert_eq!(store.history(&election(), key, LATEST, 0).unwrap(), []);
}

fn elections_apart(store: &dyn ResultsStore) {
    let night = Night::random(20, 400, 6);
    let other = ElectionId::new("other").unwrap();
    store
        .apply(&other, &Night::random(20, 900, 7).events)
        .unwrap();
    store.apply(&election(), &night.events).unwrap();
    night.check_all(store, night.head());
    assert_eq!(store.applied_revision(&other).unwrap(), Revision(900));
}

fn held_waits(store: &dyn ResultsStore) {
    let mut night = Night::new(1);
    // Counted, held, conflicting; then the held one is released, which leaves the conflict below it out.
    for what in [20, 3, 7, 9] {
        night.happen(what, 0, 0);
    }
    store.apply(&election(), &night.events[..3]).unwrap();
    let pending = store.pending(&election(), Revision::ZERO, 10).unwrap();
    let told: Vec<_> = pending
        .iter()
        .map(|it| (it.revision.0, it.version, it.reasons.as_slice()))
        .collect();
    assert_eq!(
        told,
        [(2, 2, ["BALLOTS_OVER_ROLL"].as_slice()), (3, 1, &[])]
    );
    assert_eq!(pending[0].time, night.events[1].time);
    assert_eq!(pending[1].conflicts_with, Some(Revision(1)));
    let key = SlotKey::first_of(0);
    let row = store.slot(&election(), key, LATEST).unwrap().unwrap();
    // F18: what is held leaves the counted version standing.
    assert_eq!(row.counted.map(|counted| counted.version), Some(1));
    assert_eq!(row.last_outcome, SlotOutcome::Conflict);

    store.apply(&election(), &night.events[3..]).unwrap();
    assert_eq!(store.pending(&election(), Revision::ZERO, 10).unwrap(), []);
    let row = store.slot(&election(), key, LATEST).unwrap().unwrap();
    assert_eq!(
        row.counted.map(|it| (it.version, it.revision.0)),
        Some((2, 4))
    );
    night.check_all(store, Revision(4));
}
