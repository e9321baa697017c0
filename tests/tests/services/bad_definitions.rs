//! Definitions and commands of officials that cannot be: refused with code, field, value and rule, and nothing is written.

use std::sync::Arc;

use client::{ClientError, Refused};
use election::command::Command;
use election::definition::BallotOption;
use election::ids::OptionId;
use election::report::RefusalCode;
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::invented::{Invented, attribution};
use end_to_end::{log, reads};
use futures::stream;
use tonic::Code;
use wire::common::v1 as common;
use wire::results::v1::DefineElectionRequest;
use wire::results::v1::admin_service_client::AdminServiceClient;
use wire::results::v1::define_election_request::{DefinitionHead, Part, UnitChunk};

use crate::support::begin;

crate::in_both_modes!(
    definitions_that_are_none,
    ten_thousand_lists_and_not_one_more,
    officials_commands_that_cannot_be,
);

async fn definitions_that_are_none(mode: Mode) {
    let cluster = Cluster::start(mode);
    let sound = "[ballot]\nelection = \"none-2026\"\n[[ballot.contests]]\nid = \"list\"\n\
                 [[ballot.contests.districts]]\nid = \"city\"\noptions = [{ id = \"a\" }, { id = \"b\" }]\n\
                 [rules]\nhouse_size = 5\n[[rules.contests]]\nid = \"list\"\n\
                 districts = [{ id = \"city\", seats = 5 }]\n\
                 stages = [{ method = \"largest-remainder\", quota = \"hare\" }]\n";
    let cases = [
        (
            sound.replace("seats = 5", "seats = 0"),
            1,
            RefusalCode::Shape,
            "seats",
        ),
        (
            sound.replace(
                "districts = [{ id = \"city\", seats = 5 }]",
                "districts = []",
            ),
            1,
            RefusalCode::Shape,
            "districts",
        ),
        (
            sound.replace("{ id = \"b\" }", "{ id = \"a\" }"),
            1,
            RefusalCode::Shape,
            "options",
        ),
        (
            sound.replace("hare", "hair"),
            1,
            RefusalCode::Shape,
            "definition_toml",
        ),
        (
            sound.replace("none-2026", "other-2026"),
            1,
            RefusalCode::Shape,
            "election",
        ),
        (
            sound.replace("[ballot]", "[ballot"),
            1,
            RefusalCode::Shape,
            "definition_toml",
        ),
        (sound.into(), 0, RefusalCode::Limit, "unit_count"),
        (sound.into(), 4_000_001, RefusalCode::Limit, "unit_count"),
    ];
    for (definition_toml, unit_count, code, field) in cases {
        let head = DefinitionHead {
            election_id: "none-2026".into(),
            definition_toml,
            unit_count,
        };
        let station = common::Unit {
            unit_id: "s1".into(),
            district_id: "city".into(),
            ..common::Unit::default()
        };
        let units = vec![station];
        let chunk = (head.unit_count == 1).then_some(Part::Units(UnitChunk { units }));
        let messages = std::iter::once(Part::Head(head))
            .chain(chunk)
            .map(|part| DefineElectionRequest { part: Some(part) });
        let mut admin = AdminServiceClient::new(cluster.channel(Role::Results));
        let defined = admin.define_election(stream::iter(messages.collect::<Vec<_>>()));
        let refused = Refused::from(&defined.await.unwrap_err());
        let known = (refused.code, refused.reason.as_str());
        assert_eq!(
            known,
            (Code::InvalidArgument, code.name()),
            "{field}: {refused}"
        );
        let [violation] = refused.fields.as_slice() else {
            panic!("one field: {refused:?}");
        };
        assert!(violation.field.contains(field), "{refused}, not {field}");
    }
    // Nothing was written, and the sound one is taken.
    let sound = Invented::new("none-2026", 1, 2);
    let defined = cluster
        .client(Role::Results)
        .define(&Arc::new(sound.definition))
        .await
        .unwrap();
    assert_eq!(defined.written.first_revision.0, 1);
}

async fn ten_thousand_lists_and_not_one_more(mode: Mode) {
    let invented = Invented::new("lists-2026", 1, 10_000);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let mut votes = vec![0; 10_000];
    votes[9_999] = 10;
    let outcomes = player
        .submit(&mut cluster, vec![invented.full(0, 1, &votes)])
        .await;
    assert_eq!(outcomes[0].name(), "ACCEPTED");
    let standings = reads::standings_at(&cluster, &player.election, player.head).await;
    assert_eq!(
        reads::seats(&standings).into_iter().collect::<Vec<_>>(),
        [("o9999".to_owned(), 10)]
    );

    let mut longer = Invented::new("longer-2026", 1, 10_000).definition;
    let options = &mut longer.ballot.contests[0].districts[0].options;
    let one_more = BallotOption {
        id: OptionId::new("one-more").unwrap(),
        ..options[0].clone()
    };
    options.push(one_more);
    let refused = refused(
        cluster
            .client(Role::Results)
            .define(&Arc::new(longer))
            .await,
    );
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::InvalidArgument, "LIMIT"),
        "{refused}"
    );
    assert!(
        refused.to_string().contains("10000") || refused.to_string().contains("10,000"),
        "{refused}"
    );
}

fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Refused {
    match answer.unwrap_err() {
        ClientError::Refused(refused) => *refused,
        error => panic!("{error}"),
    }
}

async fn officials_commands_that_cannot_be(mode: Mode) {
    let invented = Invented::new("commands-2026", 2, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    player
        .submit(&mut cluster, vec![invented.full(0, 3, &[1, 2])])
        .await;
    let officials = cluster.client(Role::Results);
    let withdraw = |station, version| Command::Withdraw {
        key: invented.key(station),
        version,
        attribution: attribution(),
    };
    let stale = refused(officials.command(&player.election, &withdraw(0, 3)).await);
    assert_eq!(
        (stale.code, stale.reason.as_str()),
        (Code::FailedPrecondition, "STALE_VERSION"),
        "{stale}"
    );
    let unknown = refused(officials.command(&player.election, &withdraw(99, 1)).await);
    assert_eq!(
        (unknown.code, unknown.reason.as_str()),
        (Code::InvalidArgument, "UNKNOWN_UNIT"),
        "{unknown}"
    );
    assert!(
        unknown
            .fields
            .iter()
            .any(|violation| violation.description.contains("u99")),
        "{unknown:?}"
    );
    let mut frozen = invented.definition.clone();
    frozen.ballot.contests[0].districts[0].options.swap(0, 1);
    let frozen = refused(officials.define(&Arc::new(frozen)).await);
    assert_eq!(
        (frozen.code, frozen.reason.as_str()),
        (Code::AlreadyExists, "ALREADY_DEFINED"),
        "{frozen}"
    );
    let records = log::read(&officials, &player.election).await;
    assert_eq!(
        u64::try_from(records.len()).unwrap(),
        player.head,
        "nothing was written"
    );
}
