//! Seats are computed once, and not where they would hold up others.

#[path = "../../../election/tests/support/mod.rs"]
mod night;

use super::*;
use crate::publisher::Publisher;
use election::publication::PublicationClass;
use night::{Night, START, small};
use service_runtime::clock::TestClock;
use std::sync::mpsc;

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
    assert!(seats.borrow().is_none());
    release.send(()).expect("the seats wait to be released");
    let shown = seats.wait_for(Option::is_some).await;
    assert!(shown.is_ok_and(|shown| shown.is_some()));
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
