//! What is asked is what a naive fold of the log says, at any revision.

use crate::support::*;
use election::ids::Revision;
use election::report::Outcome;
use event_log::memory::Place;
use results_service::{Config, Storage};
use tonic::{Code, Response, Status};
use wire::common::v1 as common;
use wire::results::v1 as proto;
use wire::results::v1::unit_history_entry::Change;

/// A night with every sort of event: versions, corrections, holds, releases, withdrawals, turnout.
async fn night(service: &Service) {
    let ballot = service.define(ELECTION, 12, 3).await;
    let mut random = 1_u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for _ in 0..120 {
        let unit = usize::try_from(next(12)).unwrap();
        let version = 1 + u32::try_from(next(6)).unwrap();
        let votes = [next(100), next(100), next(400) * next(8)];
        let submission = correction(ballot, unit, version, &votes);
        let outcome = service
            .append(ELECTION, &[submission])
            .await
            .unwrap()
            .remove(0);
        let key = Some(common::TallyKey {
            unit_id: format!("u{unit}"),
            contest_id: "list".into(),
            counting_group_id: "all".into(),
        });
        let mut admin = service.admin.clone();
        match outcome {
            Outcome::Held { revision, .. } | Outcome::Conflict { revision, .. } if next(3) > 0 => {
                let decision = if next(2) == 0 {
                    proto::ReviewDecision::Release
                } else {
                    proto::ReviewDecision::Reject
                };
                let review = proto::ReviewReportRequest {
                    election_id: ELECTION.into(),
                    held_revision: revision.0,
                    key,
                    decision: decision.into(),
                    reason: "reviewed".into(),
                };
                admin.review_report(review).await.unwrap();
            }
            Outcome::Accepted { .. } if next(10) == 0 => {
                let withdraw = proto::WithdrawReportRequest {
                    election_id: ELECTION.into(),
                    key,
                    version: version + 1,
                    attribution: Some(common::Attribution {
                        by: "Commission".into(),
                        reason: "sent by mistake".into(),
                    }),
                };
                admin.withdraw_report(withdraw).await.unwrap();
            }
            _ => {}
        }
    }
}

async fn get_tally(service: &Service, revision: u64) -> Result<proto::GetTallyResponse, Status> {
    let request = proto::GetTallyRequest {
        election_id: ELECTION.into(),
        view: HEAD,
        revision,
        ..Default::default()
    };
    service
        .results
        .clone()
        .get_tally(request)
        .await
        .map(Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn any_past_revision_is_what_a_fold_of_that_prefix_says() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    night(&service).await;
    let events = service.log(ELECTION).await;
    let head = events.len() as u64;
    assert!(head > 60, "{head}");
    for revision in (2..=head).rev().step_by(3).chain([0]) {
        let at = if revision == 0 { head } else { revision };
        let state = fold(&events[..usize::try_from(at).unwrap()]);
        let tally = get_tally(&service, revision).await.unwrap();
        assert_eq!(tally.token.unwrap().revision, at);
        assert_eq!(tally.tallies[0].votes, state.tally().contests[0][0].votes);
        let states = tally.tallies[0]
            .totals
            .as_ref()
            .unwrap()
            .states
            .as_ref()
            .unwrap();
        assert_eq!(
            states.pending,
            state.tally().contests[0][0].states_total().pending()
        );
        for unit in 0..12 {
            let slot = state.slot(unit, 0, 0).unwrap();
            let answer = service.unit(&format!("u{unit}"), revision).await.unwrap();
            let found = &answer.tallies[0];
            let counted = state.counted(slot);
            assert_eq!(found.counted_version, counted.as_ref().map(|it| it.0));
            let revision = counted.as_ref().map_or(Revision::ZERO, |it| it.2);
            assert_eq!(found.counted_revision, revision.0);
            let votes = counted.map(|it| it.1.votes.into_iter().map(u64::from).collect());
            assert_eq!(
                found.counts.as_ref().map(|counts| counts.votes.clone()),
                votes
            );
            let pending = state.pending(slot).last();
            assert_eq!(found.pending_version, pending.map(|it| it.version));
        }
    }
    assert_eq!(
        get_tally(&service, head + 1).await.unwrap_err().code(),
        Code::OutOfRange
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_has_every_version_with_who_and_why_in_pages() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    night(&service).await;
    service.unit("u3", 0).await.unwrap();
    let events = service.log(ELECTION).await;
    let expected: Vec<u64> = events
        .iter()
        .filter(|event| election_slot(&event.event) == Some(3))
        .map(|event| event.revision.0)
        .collect();
    let mut request = proto::GetUnitHistoryRequest {
        election_id: ELECTION.into(),
        view: HEAD,
        unit_id: "u3".into(),
        page_size: 2,
        ..Default::default()
    };
    let mut entries = Vec::new();
    loop {
        let page = service
            .results
            .clone()
            .get_unit_history(request.clone())
            .await
            .unwrap();
        let page = page.into_inner();
        assert!(page.entries.len() <= 2);
        entries.extend(page.entries);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let revisions: Vec<u64> = entries.iter().map(|entry| entry.revision).collect();
    assert_eq!(revisions, expected);
    for entry in &entries {
        let by_station = matches!(entry.change, Some(Change::Counted(_) | Change::Held(_)));
        assert_eq!(
            entry.principal,
            if by_station { "station" } else { "official" }
        );
        if let Some(Change::Counted(counted)) = &entry.change {
            assert_eq!(counted.attribution.as_ref().unwrap().reason, "rows swapped");
        }
    }
    // A token of another listing.
    request.unit_id = "u4".into();
    request.page_token = "0.0.0".into();
    let status = service
        .results
        .clone()
        .get_unit_history(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    service.stop().await;
}

fn election_slot(event: &election::event::Event) -> Option<u32> {
    use election::event::Event;
    match event {
        Event::ReportCounted { counted, .. } | Event::Released { counted, .. } => {
            Some(counted.slot.unit)
        }
        Event::ReportHeld { slot, .. }
        | Event::Rejected { slot, .. }
        | Event::Withdrawn { slot, .. } => Some(slot.unit),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_listed_by_filter_in_pages_of_one_revision() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 2_500, 2).await;
    let reports: Vec<_> = (0..2_500)
        .step_by(2)
        .map(|unit| report(ballot, unit, 1, &[1, 900 * u64::from(unit % 100 == 0)]))
        .collect();
    service.append(ELECTION, &reports).await.unwrap();
    service.unit("u0", 0).await.unwrap();
    let list = async |filter: proto::UnitFilter, size: u32| {
        let mut units = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = proto::ListUnitsRequest {
                election_id: ELECTION.into(),
                view: HEAD,
                filter: Some(filter.clone()),
                page_size: size,
                page_token,
                ..Default::default()
            };
            let page = service
                .results
                .clone()
                .list_units(request)
                .await
                .unwrap()
                .into_inner();
            units.extend(page.units);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return units;
            }
            // What is written meanwhile is on no later page.
            let unit = 1 + 2 * units.len() % 2_000;
            service
                .append(ELECTION, &[report(ballot, unit, 1, &[5, 5])])
                .await
                .unwrap();
        }
    };
    let counted = proto::UnitFilter {
        has_counted: Some(true),
        ..Default::default()
    };
    let units = list(counted, 700).await;
    assert_eq!(units.len(), 1_250);
    assert!(units.is_sorted_by_key(|unit| unit.unit_index));
    assert!(units.iter().all(|unit| unit.unit_index % 2 == 0));
    let searched = proto::UnitFilter {
        search: "station 249".into(),
        ..Default::default()
    };
    let units = list(searched, 100).await;
    assert_eq!(units.len(), 11);
    let expected = proto::UnitFilter {
        statuses: vec![common::UnitStatus::Expected.into()],
        has_pending: Some(true),
        ..Default::default()
    };
    assert!(list(expected, 2_000).await.is_empty());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_listed_with_what_stands_meanwhile() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    let reports = [
        report(ballot, 0, 1, &[1, 2]),
        report(ballot, 0, 2, &[900, 900]),
        report(ballot, 1, 1, &[800, 900]),
        report(ballot, 0, 1, &[2, 2]),
    ];
    let outcomes = service.append(ELECTION, &reports).await.unwrap();
    let names: Vec<_> = outcomes.iter().map(Outcome::name).collect();
    assert_eq!(names, ["ACCEPTED", "HELD", "HELD", "CONFLICT"]);
    service.unit("u0", 0).await.unwrap();
    let mut request = proto::ListPendingRequest {
        election_id: ELECTION.into(),
        page_size: 2,
        ..Default::default()
    };
    let first = service
        .results
        .clone()
        .list_pending(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.pending_count, 3);
    let held = &first.reports[0];
    assert_eq!(held.held_revision, 4);
    assert_eq!(held.key.as_ref().unwrap().unit_id, "u0");
    assert_eq!(held.principal, "station");
    let said = held.report.as_ref().unwrap();
    assert_eq!(said.counts.as_ref().unwrap().votes, [900, 900]);
    let code: i32 = common::HoldReasonCode::BallotsOverRoll.into();
    assert!(
        said.reasons.iter().any(|reason| reason.code == code),
        "{:?}",
        said.reasons
    );
    let standing = held.standing.as_ref().unwrap();
    assert_eq!(standing.counts.as_ref().unwrap().votes, [1, 2]);
    request.page_token = first.next_page_token;
    let rest = service
        .results
        .clone()
        .list_pending(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(rest.reports.len(), 1);
    assert_eq!(
        rest.reports[0]
            .report
            .as_ref()
            .unwrap()
            .conflicts_with_revision,
        3
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amended_register_is_as_it_was_at_each_revision() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    service.define(ELECTION, 3, 2).await;
    let renamed = common::Unit {
        display_name: "School".into(),
        roll: None,
        ..unit(1)
    };
    let request = proto::AmendRegisterRequest {
        election_id: ELECTION.into(),
        units: vec![renamed, unit(3)],
        reason: "moved to the school".into(),
    };
    let response = service
        .admin
        .clone()
        .amend_register(request)
        .await
        .unwrap()
        .into_inner();
    assert!(response.register.unwrap().version > 1);
    for restart in [false, true] {
        let service = if restart {
            Service::start(folder(place.path())).await
        } else {
            Service {
                ..clone_of(&service)
            }
        };
        let name = async |revision| {
            let found = service.unit("u1", revision).await.unwrap().unit.unwrap();
            (found.display_name, found.roll)
        };
        assert_eq!(name(2).await, ("Station 1".into(), Some(1_000)));
        assert_eq!(name(0).await, ("School".into(), None));
        assert_eq!(
            service.unit("u3", 2).await.unwrap_err().code(),
            Code::NotFound
        );
        assert_eq!(service.unit("u3", 0).await.unwrap().unit_index, 3);
        let request = proto::GetDefinitionRequest {
            election_id: ELECTION.into(),
            view: HEAD,
            revision: 2,
        };
        let before = service
            .results
            .clone()
            .get_definition(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!((before.unit_count, before.parts[1].version), (3, 1));
        service.stop().await;
    }
}

fn clone_of(service: &Service) -> Service {
    Service {
        results: service.results.clone(),
        admin: service.admin.clone(),
        clock: service.clock.clone(),
        stopper: service.stopper.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_wait_are_counted_however_short_the_page() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 600, 2).await;
    // More ballots than the roll.
    let reports: Vec<_> = (0..600)
        .map(|unit| report(ballot, unit, 1, &[2_000, 1]))
        .collect();
    let outcomes = service.append(ELECTION, &reports).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.name() == "HELD"));
    let mut request = proto::ListPendingRequest {
        election_id: ELECTION.into(),
        page_size: 250,
        ..Default::default()
    };
    let mut units = Vec::new();
    for _ in 0..3 {
        let asked = patiently(async || service.results.clone().list_pending(request.clone()).await);
        let page = asked.await.unwrap().into_inner();
        assert_eq!(page.pending_count, 600);
        let keys = page.reports.into_iter().map(|it| it.key.unwrap().unit_id);
        units.extend(keys);
        request.page_token = page.next_page_token;
    }
    assert!(request.page_token.is_empty());
    let expected: Vec<_> = (0..600).map(|unit| format!("u{unit}")).collect();
    assert_eq!(units, expected);
    service.stop().await;
}

#[tokio::test]
async fn a_history_of_more_changes_than_a_listing_shows_says_where_the_earlier_ones_end() {
    let service = Service::start(Config::new(Storage::Memory(Place::default()))).await;
    let ballot = service.define(ELECTION, 3, 2).await;
    let versions: Vec<u32> = (1..=10_003).collect();
    for some in versions.chunks(1_000) {
        let reports = some
            .iter()
            .map(|version| correction(ballot, 1, *version, &[1, 2]));
        let outcomes = service.append(ELECTION, &reports.collect::<Vec<_>>()).await;
        assert!(
            outcomes
                .unwrap()
                .iter()
                .all(|outcome| outcome.name() == "ACCEPTED")
        );
    }
    let listing = async |revision: u64| {
        let mut request = proto::GetUnitHistoryRequest {
            election_id: ELECTION.into(),
            view: HEAD,
            unit_id: "u1".into(),
            revision,
            page_size: 1_000,
            ..Default::default()
        };
        let (mut versions, mut earlier) = (Vec::new(), Vec::new());
        loop {
            let page = patiently(async || {
                let mut results = service.results.clone();
                results.get_unit_history(request.clone()).await
            });
            let page = page.await.unwrap().into_inner();
            earlier.push(page.earlier_revision);
            versions.extend(page.entries.iter().map(|entry| match &entry.change {
                Some(Change::Counted(counted)) => counted.version,
                other => panic!("{other:?}"),
            }));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert!(
            earlier.windows(2).all(|pair| pair[0] == pair[1]),
            "{earlier:?}"
        );
        (versions, earlier[0])
    };
    let (newest, earlier) = listing(0).await;
    assert_eq!(newest, versions[3..]);
    // Asked again there, the rest comes, and it is the beginning.
    let (oldest, beginning) = listing(earlier).await;
    assert_eq!(oldest, versions[..3]);
    assert_eq!(beginning, 0);
    service.stop().await;
}
