//! Seats are computed once, and not where they would hold up others.

#[path = "../../../election/tests/support/mod.rs"]
mod night;

use super::*;
use crate::publisher::Publisher;
use crate::watched::Watched;
use election::publication::PublicationClass;
use night::{Night, START, small};
use service_runtime::clock::TestClock;
use std::sync::mpsc;
use wire::allocation::v1::watch_standings_response::Event;

const PATIENCE: Duration = Duration::from_secs(20);

fn followed_well() -> Lag {
    Lag::Followed {
        since: Instant::now(),
        behind: None,
    }
}

fn moment() -> Moment {
    let mut night = Night::begin(&small(3, 4));
    for class in PublicationClass::ALL {
        let opens_at = Some(election::ids::Timestamp(START));
        let open = election::command::Command::OpenClass { class, opens_at };
        night.run(open).expect("a class can be opened");
    }
    night.submit(night.full("u0", 1, &[100, 60, 30]));
    let tally = night.state.tally().clone();
    let publication = tally.publication.clone();
    Moment::new(Arc::new(tally), publication, 0)
}

fn watched(
    moments: &watch::Receiver<Option<Moment>>,
    seats: &watch::Receiver<crate::seats::Shown>,
    stopper: &Stopper,
) -> (Watched, watch::Sender<Lag>) {
    let (follower, lag) = watch::channel(followed_well());
    let results = service_runtime::channel::connect("http://127.0.0.1:1").expect("an address");
    let source = EventSource::new(results, PATIENCE);
    let followed = Followed {
        election: moment().tally.election.clone(),
        head: moments.clone(),
        public: moments.clone(),
        head_seats: seats.clone(),
        public_seats: seats.clone(),
        lag: lag.clone(),
        was_public: Arc::default(),
        past: Past::new(source, lag, Checkpoints::new(1, 2)),
        folds: Arc::new(Semaphore::new(1)),
    };
    let config = Config {
        heartbeat_interval: PATIENCE,
        ..Config::default()
    };
    let watched = Watched::new(&followed, seats.clone(), None, config, stopper.clone());
    (watched, follower)
}

#[tokio::test]
async fn while_seats_are_computed_the_runtime_does_other_things() {
    let moment = moment();
    let (begun, begins) = mpsc::sync_channel(1);
    let (release, released) = mpsc::sync_channel::<()>(1);
    // Seats that take as long as this test wants, on a runtime of a single thread.
    let slow = moment.clone();
    let computing = std::thread::spawn(move || {
        let mut was_released = false;
        slow.seats.get_or_init(|| {
            begun.send(()).expect("the test waits");
            was_released = released.recv_timeout(PATIENCE).is_ok();
            all_seats(&slow.tally)
        });
        was_released
    });
    begins.recv().expect("it has begun");
    let stopper = Stopper::new("test");
    let (_moments, receiver) = watch::channel(Some(moment));
    let mut seats = publish(receiver, Duration::ZERO, &stopper);
    // The publisher has its turn, and this task has another one after it.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(seats.borrow().seats.is_none());
    release.send(()).expect("the seats wait to be released");
    let shown = seats.wait_for(|shown| shown.seats.is_some()).await;
    assert!(shown.is_ok_and(|shown| shown.failing_since.is_none()));
    assert!(
        computing.join().expect("the seats are computed"),
        "the runtime stood still until the seats were there"
    );
}

#[tokio::test]
async fn head_and_public_of_one_revision_share_their_seats() {
    let head = moment();
    let results = service_runtime::channel::connect("http://127.0.0.1:1").expect("an address");
    let source = EventSource::new(results, PATIENCE);
    let (_lag, lag) = watch::channel(followed_well());
    let (_head, heads) = watch::channel(Some(head.clone()));
    let (publics, public) = watch::channel(None);
    let publisher = Publisher {
        past: Past::new(source, lag, Checkpoints::new(1, 2)),
        head: heads,
        public: publics,
        was_public: Arc::default(),
        clock: Arc::new(TestClock::at_micros(START + 1)),
        poll_interval: PATIENCE,
    };
    let stopper = Stopper::new("test");
    stopper.spawn(publisher.run(stopper.clone()));
    let mut public = public;
    let shown = public.wait_for(Option::is_some).await;
    let shown = shown.ok().and_then(|shown| shown.clone());
    let shown = shown.expect("the public sees it");
    assert_eq!(shown.order(), head.order());
    assert!(std::ptr::eq(shown.seats(), head.seats()), "computed twice");
}

#[tokio::test]
async fn seats_that_cannot_be_computed_leave_those_before_marked_as_stale() {
    let sound = moment();
    // A later moment with seats of no contest, which no allocation gives: to put them into standings panics.
    let mut tally = (*sound.tally).clone();
    tally.revision = tally.revision.next();
    let broken = Moment::new(Arc::new(tally), sound.publication.clone(), 0);
    let was_empty = broken.seats.set(crate::seats::Seats::default()).is_ok();
    assert!(was_empty);
    let stopper = Stopper::new("test");
    let (moments, receiver) = watch::channel(Some(sound.clone()));
    let mut seats = publish(receiver.clone(), Duration::ZERO, &stopper);
    let (mut watched, _follower) = watched(&receiver, &seats, &stopper);
    let first = watched.next().await.expect("standings");
    assert!(matches!(first, Event::Standings(_)), "{first:?}");

    moments.send_replace(Some(broken));
    let told = watched.next().await.expect("a heartbeat");
    let Event::Heartbeat(heartbeat) = told else {
        panic!("{told:?} is not a heartbeat")
    };
    assert!(heartbeat.lag_ms > 0, "0 would say that it is not stale");
    let shown = seats.borrow_and_update().clone();
    let standing = shown.seats.expect("those before stand");
    assert_eq!(standing.moment.order(), sound.order());
    assert!(shown.failing_since.is_some());

    moments.send_replace(Some(sound));
    let mended = seats.wait_for(|shown| shown.failing_since.is_none()).await;
    assert!(mended.is_ok_and(|shown| shown.seats.is_some()));
    let told = watched.next().await.expect("a heartbeat");
    assert!(
        matches!(&told, Event::Heartbeat(heartbeat) if heartbeat.lag_ms == 0),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn f19_seats_that_take_long_are_told_as_a_lag() {
    let quick = moment();
    let mut tally = (*quick.tally).clone();
    tally.revision = tally.revision.next();
    let slow = Moment::new(Arc::new(tally), quick.publication.clone(), 0);
    let (begun, begins) = mpsc::sync_channel(1);
    let (release, released) = mpsc::sync_channel::<()>(1);
    let stopper = Stopper::new("test");
    let (moments, receiver) = watch::channel(Some(quick.clone()));
    let seats = publish(receiver.clone(), Duration::ZERO, &stopper);
    let (mut watched, _follower) = watched(&receiver, &seats, &stopper);
    let first = watched.next().await.expect("standings");
    assert!(matches!(first, Event::Standings(_)), "{first:?}");

    // Its seats are being computed by somebody else, for as long as this test wants.
    let held = slow.clone();
    let computing = std::thread::spawn(move || {
        held.seats.get_or_init(|| {
            begun.send(()).expect("the test waits");
            let _ = released.recv_timeout(PATIENCE);
            all_seats(&held.tally)
        });
    });
    begins.recv().expect("it has begun");
    moments.send_replace(Some(slow.clone()));
    let (told, ()) = tokio::join!(watched.next(), async {
        for _ in 0..8 {
            tokio::time::advance(Duration::from_millis(500)).await;
        }
    });
    let Event::Heartbeat(heartbeat) = told.expect("a heartbeat") else {
        panic!("nothing is shown yet")
    };
    assert!((1_000..=4_000).contains(&heartbeat.lag_ms), "{heartbeat:?}");
    assert!(seats.borrow().failing_since.is_none());
    release.send(()).expect("the seats wait to be released");
    computing.join().expect("the seats are computed");
    let next = watched.next().await.expect("standings");
    assert!(matches!(next, Event::Standings(_)), "{next:?}");
    let told = watched.next().await.expect("a heartbeat");
    assert!(
        matches!(&told, Event::Heartbeat(heartbeat) if heartbeat.lag_ms == 0),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lag_is_since_what_is_missing_was_heard_of_and_not_since_something_was() {
    let mut heard = Heard::default();
    let began = Instant::now();
    let second = Duration::from_secs(1);
    // A log that always has something more than was folded, which is folded a moment later.
    for revision in 1..100_u64 {
        heard.hear(Revision(revision * 10));
        tokio::time::advance(second / 2).await;
        heard.hear(Revision(revision * 10 + 5));
        heard.fold(Revision(revision * 10));
        assert!(heard.since().is_some_and(|since| since.elapsed() <= second));
        assert!(heard.0.len() <= 2);
        tokio::time::advance(second / 2).await;
    }
    assert!(began.elapsed() > second * 90);
    // Nothing is folded any more, however much is heard of.
    let stuck = heard.since().expect("something is missing");
    for revision in 100..10_000_u64 {
        heard.hear(Revision(revision * 10));
        tokio::time::advance(second).await;
    }
    assert_eq!(heard.since(), Some(stuck));
    assert_eq!(heard.0.len(), Heard::KEPT);
    heard.fold(Revision(99_990));
    assert_eq!(heard.since(), None);
}
