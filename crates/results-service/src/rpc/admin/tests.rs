use std::sync::Arc;

use election::definition::Definition;
use event_log::memory::Place;
use futures::poll;
use service_runtime::clock::SystemClock;
use service_runtime::shutdown::Stopper;
use wire::DefinitionOutline;
use wire::results::v1::define_election_request::DefinitionHead;

use super::Rpc;
use crate::config::{Config, Storage};
use crate::entropy::SystemEntropy;
use crate::role::Role;

/// A definition that is well-formed and refused: none of its units came.
fn refused() -> Definition {
    let head = DefinitionHead {
        election_id: "refused-2026".into(),
        definition_toml: "[ballot]\nelection = \"refused-2026\"\nis_test = true\n\
             [[ballot.contests]]\nid = \"list\"\n[[ballot.contests.districts]]\nid = \"city\"\n\
             [[ballot.contests.districts.options]]\nid = \"o0\"\n\
             [rules]\nhouse_size = 10\n[[rules.contests]]\nid = \"list\"\n\
             districts = [{ id = \"city\", seats = 10 }]\n\
             stages = [{ method = \"largest-remainder\", quota = \"hare\" }]\n"
            .into(),
        unit_count: 1,
    };
    DefinitionOutline::try_from(head).unwrap().definition
}

#[tokio::test]
async fn a_definition_that_is_refused_leaves_nothing_even_if_its_caller_goes_away() {
    let stopper = Stopper::new("test");
    let config = Config::new(Storage::Memory(Place::default()));
    let role = Role::open(
        config,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        &stopper,
    );
    let rpc = Rpc(role.await.unwrap());
    let shared = &rpc.0.shared;
    let turn = shared.definition_turn().await.unwrap();
    let defining = rpc.define(turn, "official".into(), refused());
    assert!(defining.await.is_err());
    assert!(shared.opened().unwrap().elections().is_empty());

    let turn = shared.definition_turn().await.unwrap();
    let mut defining = Box::pin(rpc.define(turn, "official".into(), refused()));
    assert!(poll!(&mut defining).is_pending());
    drop(defining);
    // Whose turn is next finds it decided.
    let _turn = shared.definition_turn().await.unwrap();
    assert!(shared.opened().unwrap().elections().is_empty());
}
