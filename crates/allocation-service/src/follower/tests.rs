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
    let (_lag, lag) = watch::channel(Lag::Followed(Instant::now()));
    let (_head, heads) = watch::channel(Some(head.clone()));
    let (publics, public) = watch::channel(None);
    let publisher = Publisher {
        past: Past::new(source, lag, Checkpoints::new(1, 2)),
        head: heads,
        public: publics,
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
    let (_lag, lag) = watch::channel(Lag::Followed(Instant::now()));
    let results = service_runtime::channel::connect("http://127.0.0.1:1").expect("an address");
    let source = EventSource::new(results, PATIENCE);
    let followed = Followed {
        election: sound.tally.election.clone(),
        head: receiver.clone(),
        public: receiver,
        head_seats: seats.clone(),
        public_seats: seats.clone(),
        lag: lag.clone(),
        past: Past::new(source, lag, Checkpoints::new(1, 2)),
        folds: Arc::new(Semaphore::new(1)),
    };
    let config = Config {
        heartbeat_interval: PATIENCE,
        ..Config::default()
    };
    let mut watched = Watched::new(&followed, seats.clone(), None, config, stopper.clone());
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
