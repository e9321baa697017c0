//! The view at the durable head while the store lags, catches up, or stands still.

use crate::night::{Night, election};
use election::ids::Revision;
use results_store::{
    APPLY_CHANGES, LATEST, MemoryStore, OverlayError, ResultsStore, SlotKey, StoreView,
};
use std::sync::atomic::{AtomicBool, Ordering};

/// Everything the view says at `at`, compared with the night.
fn check(night: &Night, view: &StoreView<MemoryStore>, at: Revision) {
    let expected = night.slots_at(at);
    let first = SlotKey::first_of(0);
    let rows = view.slots(first, usize::MAX, at).unwrap();
    assert_eq!(rows, expected.values().cloned().collect::<Vec<_>>());
    for size in [1, 5, 40] {
        let page = view.slots(SlotKey::first_of(7), size, at).unwrap();
        let rows = expected.range(SlotKey::first_of(7)..).map(|(_, row)| row);
        assert_eq!(page, rows.take(size).cloned().collect::<Vec<_>>());
    }
    for (key, row) in &expected {
        assert_eq!(view.slot(*key, at).unwrap().as_ref(), Some(row));
        let history = view.history(*key, at, usize::MAX).unwrap();
        let told: Vec<_> = history.iter().map(|change| change.revision).collect();
        let touched = night.rows.iter().rev();
        let touched: Vec<_> = touched
            .filter(|(revision, row)| *revision <= at && SlotKey::from(row.slot) == *key)
            .map(|(revision, _)| *revision)
            .collect();
        assert_eq!(told, touched);
        assert_eq!(
            view.history(*key, at, 2).unwrap(),
            history[..history.len().min(2)]
        );
    }
    for unit in 0..50 {
        assert_eq!(view.turnout(unit, at).unwrap(), night.turnout_at(unit, at));
    }
}

#[test]
fn a_lagging_store_is_right_at_the_head_and_before_it() {
    let night = Night::random(50, 1_500, 51);
    for (applied, added) in [
        (0, 1_500),
        (700, 1_500),
        (700, 701),
        (1_500, 1_500),
        (1, 900),
    ] {
        let store = MemoryStore::new();
        store.apply(&election(), &night.events[..applied]).unwrap();
        let view = StoreView::new(store, election(), 10_000).unwrap();
        view.add(&night.events[applied..added]).unwrap();
        let head = Revision(added as u64);
        assert_eq!(view.head(), head);
        for at in [1, 350, 699, 700, 701, 850].map(Revision) {
            check(&night, &view, at.min(head));
        }
        check(&night, &view, head);
        let pending = view.pending(Revision::ZERO, usize::MAX).unwrap();
        let told: Vec<_> = pending.iter().map(|report| report.revision).collect();
        assert_eq!(told, night.pending_at(head));
        let page = view.pending(Revision(300), 4).unwrap();
        let waiting = night.pending_at(head).into_iter();
        let waiting: Vec<_> = waiting.filter(|it| it.0 >= 300).take(4).collect();
        let told: Vec<_> = page.iter().map(|report| report.revision).collect();
        assert_eq!(told, waiting);
        let milestones = view.milestones(Revision::ZERO, usize::MAX).unwrap();
        let happened = night.milestones.iter().copied();
        let happened: Vec<_> = happened.filter(|it| it.revision <= head).collect();
        assert_eq!(milestones, happened);
    }
}

#[test]
fn catching_up_changes_no_answer() {
    let night = Night::random(50, 1_200, 52);
    let view = StoreView::new(MemoryStore::new(), election(), 2_000).unwrap();
    view.add(&night.events).unwrap();
    let mut lag = 1_200;
    while lag > 0 {
        let left = view.catch_up(250).unwrap();
        assert_eq!(left, lag - 250.min(lag));
        lag = left;
        check(&night, &view, night.head());
        check(&night, &view, Revision(600));
    }
    night.check_all(view.store(), night.head());
    assert_eq!(view.room(), 2_000);
}

#[test]
fn f9_at_its_bound_the_writer_is_told_to_wait() {
    let night = Night::random(50, 300, 53);
    let view = StoreView::new(MemoryStore::new(), election(), 100).unwrap();
    view.add(&night.events[..80]).unwrap();
    let full = view.add(&night.events[80..101]);
    assert_eq!(
        full,
        Err(OverlayError::Full {
            given: 21,
            room: 20
        })
    );
    // All or nothing.
    assert_eq!((view.head(), view.room()), (Revision(80), 20));
    assert_eq!(view.catch_up(30).unwrap(), 50);
    view.add(&night.events[80..101]).unwrap();
    // Known ones are skipped, as after an append of unknown outcome; a gap is not.
    view.add(&night.events[90..101]).unwrap();
    let gap = view.add(&night.events[102..103]);
    let (expected, found) = (Revision(102), Revision(103));
    assert_eq!(gap, Err(OverlayError::Gap { expected, found }));
    check(&night, &view, Revision(101));
}

#[test]
fn readers_see_one_revision_while_events_come_and_are_applied() {
    let night = Night::random(30, 6_000, 54);
    let view = StoreView::new(MemoryStore::new(), election(), 1_000).unwrap();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for group in night.events.chunks(50) {
                while view.room() < group.len() {
                    std::thread::yield_now();
                }
                view.add(group).unwrap();
            }
            while view.lag() > 0 {
                std::thread::yield_now();
            }
            ended.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !ended.load(Ordering::Acquire) {
                view.catch_up(APPLY_CHANGES.min(170)).unwrap();
            }
        });
        while !ended.load(Ordering::Acquire) {
            let at = view.head();
            let rows = view.slots(SlotKey::first_of(0), usize::MAX, at).unwrap();
            assert_eq!(rows, night.slots_at(at).into_values().collect::<Vec<_>>());
            let key = SlotKey::first_of(3);
            assert_eq!(view.slot(key, at).unwrap().as_ref(), night.slot_at(key, at));
            // The head moves on meanwhile: the queue is that of some revision between the two heads.
            let before = view.head();
            let told = view.pending(Revision::ZERO, usize::MAX).unwrap();
            let after = view.head();
            let told: Vec<_> = told.iter().map(|report| report.revision).collect();
            assert!(
                (before.0..=after.0).any(|at| night.pending_at(Revision(at)) == told),
                "the queue is that of no revision from {before} to {after}"
            );
        }
    });
    check(&night, &view, night.head());
    assert_eq!(
        view.slot(SlotKey::first_of(0), LATEST).unwrap().as_ref(),
        night.slot_at(SlotKey::first_of(0), LATEST)
    );
}
