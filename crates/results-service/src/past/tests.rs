use std::sync::Arc;

use election::definition::Definition;
use election::ids::{LogId, Revision};
use event_log::memory::Place;
use futures::poll;
use service_runtime::clock::SystemClock;
use service_runtime::shutdown::Stopper;
use tokio::sync::oneshot;
use wire::DefinitionOutline;
use wire::results::v1::define_election_request::DefinitionHead;

use crate::config::{Config, Storage};
use crate::entropy::SystemEntropy;
use crate::role::Role;
use crate::work::{Order, Work};

fn definition() -> Definition {
    let head = DefinitionHead {
        election_id: "past-2026".into(),
        definition_toml: "[ballot]\nelection = \"past-2026\"\nis_test = true\n\
             [[ballot.contests]]\nid = \"list\"\n[[ballot.contests.districts]]\nid = \"city\"\n\
             [[ballot.contests.districts.options]]\nid = \"o0\"\n\
             [rules]\nhouse_size = 10\n[[rules.contests]]\nid = \"list\"\n\
             districts = [{ id = \"city\", seats = 10 }]\n\
             stages = [{ method = \"largest-remainder\", quota = \"hare\" }]\n"
            .into(),
        unit_count: 1,
    };
    let mut definition = DefinitionOutline::try_from(head).unwrap().definition;
    let unit = wire::common::v1::Unit {
        unit_id: "u0".into(),
        kind: wire::common::v1::UnitKind::Station.into(),
        district_id: "city".into(),
        ..Default::default()
    };
    definition.register.units.push(unit.try_into().unwrap());
    definition
}

#[tokio::test]
async fn only_so_many_folds_of_the_past_run_at_once() {
    let stopper = Stopper::new("test");
    let config = Config {
        folds_max: 1,
        ..Config::new(Storage::Memory(Place::default()))
    };
    let role = Role::open(
        config,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        &stopper,
    );
    let role = role.await.unwrap();
    let definition = definition();
    let opened = role.shared.opened().unwrap();
    let hosted = opened.host_new(&role.shared, &definition.ballot.election);
    let (answer, answered) = oneshot::channel();
    let order = Order {
        principal: "official".into(),
        command: election::command::Command::Define {
            definition: Box::new(definition),
            log_id: LogId([1; 16]),
        },
        answer,
    };
    hosted.send(Work::Order(order)).await;
    let written = answered.await.unwrap().unwrap();
    assert!(written.last_revision > Revision(1));

    let busy = hosted.folds.clone().try_acquire_owned().unwrap();
    assert!(hosted.folds.try_acquire().is_err());
    // What is kept is answered, what must be folded waits.
    hosted.tally_at(written.last_revision).await.unwrap();
    let mut past = Box::pin(hosted.tally_at(Revision(1)));
    for _ in 0..100 {
        assert!(poll!(&mut past).is_pending());
        tokio::task::yield_now().await;
    }
    assert!(hosted.checkpoints().before(Revision(1)).is_none());
    drop(busy);
    assert_eq!(past.await.unwrap().revision, Revision(1));
}
