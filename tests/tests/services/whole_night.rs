//! One small election through everything: from its definition to the certificate, seen by officials and by viewers.

use std::collections::BTreeMap;

use client::SubmitOptions;
use election::command::Command;
use election::ids::{ContestId, DistrictId, OptionId};
use election::stage::Stage;
use election::submission::Submission;
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::invented::{Invented, attribution};
use end_to_end::play::{Kills, Player, revision, submit};
use end_to_end::reads::{self, place, whole};
use end_to_end::viewer::{Viewer, never_backwards};
use futures::{StreamExt as _, stream};
use hemicycle::night::{Step, TimedStep};
use wire::allocation::v1::CheckDeclarationRequest;
use wire::common::v1::{FindingCode, SeatRow, SeatsState, Stage as ShownStage, View};
use wire::feed::v1::Frame;
use wire::results::v1::GetUnitHistoryRequest;
use wire::results::v1::unit_history_entry::Change;

use crate::support::{PAIRS, begin, golden, steps};

crate::in_both_modes!(
    from_the_definition_to_the_certificate,
    a_tie_is_settled_by_a_recorded_lot,
    who_sent_it_is_in_the_log_and_not_public,
);

async fn from_the_definition_to_the_certificate(mode: Mode) {
    let mut cluster = Cluster::start(mode);
    let night = golden(PAIRS);
    let definition = night.definition.clone();
    let steps = steps(night);
    let mut player = Player::define(&cluster, definition, Kills::none()).await;
    defined_again_changes_nothing(&cluster, &player).await;
    rehearsed_before_the_night(&cluster, &player, &steps).await;
    player.open_to_public(&cluster).await;
    let stage = Command::SetStage {
        stage: Stage::PartialUnofficial,
        reason: "the first boxes are open".into(),
    };
    player.command(&cluster, &stage).await;
    let viewer = Viewer::follow(&cluster, whole(&player.election)).await;
    player.play(&mut cluster, steps.clone()).await;
    player.check_totals(&cluster).await;
    assert_eq!(player.checkpoints, 8);

    corrected_box_has_its_history(&cluster, &player, &steps).await;
    declared_and_certified(&cluster, &mut player).await;
    let head = player.head;
    let frames = viewer.until(|frame| place(frame).0 == head).await;
    frames_agree_with_the_count(&cluster, &player, &frames, &steps).await;
}

async fn defined_again_changes_nothing(cluster: &Cluster, player: &Player) {
    let again = cluster
        .client(Role::Results)
        .define(&player.definition)
        .await
        .unwrap();
    assert_eq!(again.written.event_count, 0);
    assert_eq!(again.written.last_revision.0, player.head);
    let ballot_hash = hemicycle::night::ballot_hash(&player.definition.ballot);
    assert_eq!(again.ballot_hash(), Some(ballot_hash));
}

/// A dry run for every report of the night (F10): it says what would become of it, and nothing is written.
async fn rehearsed_before_the_night(cluster: &Cluster, player: &Player, steps: &[TimedStep]) {
    let first_versions: Vec<Submission> = submissions(steps)
        .filter(|submission| version(submission) == 1)
        .collect();
    let expected = first_versions.len();
    assert_eq!(expected, player.definition.register.units.len());
    let options = SubmitOptions {
        validate_only: true,
        ..SubmitOptions::default()
    };
    let ingestion = cluster.client(Role::TallyIngestion);
    let answers = ingestion.submit(&player.election, stream::iter(first_versions), options);
    let answers: Vec<_> = answers.map(|answer| answer.unwrap().1).collect().await;
    assert_eq!(answers.len(), expected);
    assert!(
        answers
            .iter()
            .all(|outcome| outcome.name() == "ACCEPTED" && revision(outcome) == 0),
        "{answers:?}"
    );
    let standings = reads::standings(cluster, &player.election, View::Head, 0).await;
    assert_eq!(standings.token.unwrap().revision, player.head);
    assert_eq!(standings.contests[0].state(), SeatsState::NoneYet);
}

async fn corrected_box_has_its_history(cluster: &Cluster, player: &Player, steps: &[TimedStep]) {
    let correction = submissions(steps).find_map(|submission| match submission {
        Submission::Report(report) if report.attribution.is_some() => Some(report),
        _ => None,
    });
    let correction = correction.unwrap();
    let history = reads::history(cluster, &player.election, correction.key.unit.as_str()).await;
    let [first, second] = history.as_slice() else {
        panic!("a report and its correction: {history:?}");
    };
    assert!(first.revision < second.revision);
    let (Some(Change::Counted(before)), Some(Change::Counted(after))) =
        (&first.change, &second.change)
    else {
        panic!("both are counted: {history:?}");
    };
    assert_eq!((before.version, after.version), (1, 2));
    assert_eq!(after.replaced, before.counts);
    let who = after.attribution.clone().unwrap();
    assert_eq!(who.reason, "the rows of two lists were swapped");
    let unit = reads::unit(cluster, &player.election, correction.key.unit.as_str()).await;
    assert_eq!(unit.tallies[0].counts, after.counts);
    assert_eq!(unit.changed_revision, second.revision);
}

async fn declared_and_certified(cluster: &Cluster, player: &mut Player) {
    let standings = reads::standings_at(cluster, &player.election, player.head).await;
    let seats = reads::seats(&standings);
    let mut wrong = seats.clone();
    *wrong.get_mut("aleph").unwrap() += 2;
    let allocation = cluster.client(Role::Allocation);
    let check = async |seats: &BTreeMap<String, u32>| {
        let request = CheckDeclarationRequest {
            election_id: player.election.as_str().into(),
            view: View::Head.into(),
            contest_id: "list".into(),
            district_id: "country".into(),
            rows: seats
                .iter()
                .map(|(list, seats)| SeatRow {
                    option_id: list.clone(),
                    seats: *seats,
                })
                .collect(),
            ..CheckDeclarationRequest::default()
        };
        let findings = allocation
            .check_declaration(request)
            .await
            .unwrap()
            .findings;
        findings
            .iter()
            .map(|finding| finding.code())
            .collect::<Vec<_>>()
    };
    let findings = check(&wrong).await;
    assert!(
        findings.contains(&FindingCode::HouseSize) && findings.contains(&FindingCode::RowDiffers),
        "{findings:?}"
    );
    assert_eq!(check(&seats).await, []);

    let declaration = Command::Declare {
        contest: ContestId::new("list").unwrap(),
        district: Some(DistrictId::new("country").unwrap()),
        seats: seats
            .iter()
            .map(|(list, seats)| (OptionId::new(list).unwrap(), *seats))
            .collect(),
        attribution: attribution(),
    };
    player.command(cluster, &declaration).await;
    player
        .command(
            cluster,
            &Command::Certify {
                attribution: attribution(),
            },
        )
        .await;
    let standings = reads::standings_at(cluster, &player.election, player.head).await;
    assert_eq!(standings.stage(), ShownStage::Certified);
    assert!(standings.certification.is_some());
    let declared = standings.contests[0].districts[0]
        .declaration
        .clone()
        .unwrap();
    assert!(declared.findings.is_empty(), "{declared:?}");
    assert_eq!(reads::seats(&standings), seats);
}

async fn frames_agree_with_the_count(
    cluster: &Cluster,
    player: &Player,
    frames: &[Frame],
    steps: &[TimedStep],
) {
    never_backwards(frames);
    let standings = reads::standings(cluster, &player.election, View::Public, player.head).await;
    let last = frames.last().unwrap();
    let body = last.body.clone().unwrap();
    assert!(body.is_test);
    assert_eq!(body.stage(), ShownStage::Certified);
    let shown: Vec<_> = body.contests[0]
        .rows
        .iter()
        .map(|row| (&row.option_id, row.votes, &row.seats))
        .collect();
    let counted = standings.contests[0]
        .options
        .iter()
        .map(|option| (&option.option_id, option.votes, &option.seats));
    assert_eq!(shown, counted.collect::<Vec<_>>());
    // Every withdrawal and correction of the night is told to the viewers, with who and why.
    let ordered = steps.iter().filter(|timed| match &timed.step {
        Step::Withdraw { .. } => true,
        Step::Submit(Submission::Report(report)) => report.kind.needs_attribution(),
        _ => false,
    });
    let envelope = last.envelope.clone().unwrap();
    assert_eq!(
        usize::try_from(envelope.corrections_count).unwrap(),
        ordered.count()
    );
    assert!(
        envelope
            .corrections
            .iter()
            .all(|correction| correction.attribution.is_some())
    );
    // Where a list falls between two frames, somebody has ordered it.
    for pair in frames.windows(2) {
        let votes = |frame: &Frame| {
            let body = frame.body.clone().unwrap();
            body.contests[0]
                .rows
                .iter()
                .map(|row| row.votes)
                .collect::<Vec<_>>()
        };
        let falls = votes(&pair[0])
            .iter()
            .zip(votes(&pair[1]))
            .any(|(before, after)| after < *before);
        let ordered = |frame: &Frame| frame.envelope.clone().unwrap().corrections_count;
        assert!(
            !falls || ordered(&pair[1]) > ordered(&pair[0]),
            "a fall without a word: {pair:?}"
        );
    }
}

fn submissions(steps: &[TimedStep]) -> impl Iterator<Item = Submission> + '_ {
    steps.iter().filter_map(|timed| match &timed.step {
        Step::Submit(submission) => Some(submission.clone()),
        Step::Withdraw { .. } | Step::Checkpoint(_) => None,
    })
}

fn version(submission: &Submission) -> u32 {
    match submission {
        Submission::Report(report) => report.version,
        Submission::Turnout(turnout) => turnout.version,
    }
}

async fn a_tie_is_settled_by_a_recorded_lot(mode: Mode) {
    let invented = Invented::new("lot-2026", 1, 3);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    // 10 seats over 300 votes: 3 each, and one more for one of three equal remainders.
    player
        .submit(&mut cluster, vec![invented.full(0, 1, &[100, 100, 100])])
        .await;
    let standings = reads::standings_at(&cluster, &player.election, player.head).await;
    assert_eq!(standings.contests[0].state(), SeatsState::Tied);
    let allocation = standings.contests[0].districts[0]
        .allocation
        .clone()
        .unwrap();
    let [tie] = allocation.ties.as_slice() else {
        panic!("one tie: {:?}", allocation.ties);
    };
    let list = |id: &str| OptionId::new(id).unwrap();
    let lot = Command::DrawLot {
        contest: ContestId::new("list").unwrap(),
        district: DistrictId::new("city").unwrap(),
        stage: tie.stage,
        tied: tie.open_option_ids.iter().map(|id| list(id)).collect(),
        seats: tie.open_seats,
        winners: vec![list("o1")],
        attribution: attribution(),
    };
    player.command(&cluster, &lot).await;
    cluster.kill_and_restart(Role::Allocation);
    let standings = reads::standings_at(&cluster, &player.election, player.head).await;
    assert_eq!(standings.contests[0].state(), SeatsState::Provisional);
    let seats = [("o0", 3), ("o1", 4), ("o2", 3)].map(|(list, seats)| (list.to_owned(), seats));
    assert_eq!(reads::seats(&standings), BTreeMap::from(seats));
}

async fn who_sent_it_is_in_the_log_and_not_public(mode: Mode) {
    let invented = Invented::new("who-2026", 1, 2);
    let (cluster, mut player) = begin(mode, &invented).await;
    player.open_to_public(&cluster).await;
    let station = cluster
        .client(Role::TallyIngestion)
        .with_principal("station-0")
        .unwrap();
    let official = cluster
        .client(Role::Results)
        .with_principal("commission-3")
        .unwrap();
    let report = invented.full(0, 1, &[1, 2]);
    let answers: Vec<_> = submit(&station, &player.election, vec![report])
        .collect()
        .await;
    assert_eq!(answers[0].name(), "ACCEPTED");
    let (key, attribution) = (invented.key(0), attribution());
    let withdrawal = Command::Withdraw {
        key,
        version: 2,
        attribution,
    };
    official
        .command(&player.election, &withdrawal)
        .await
        .unwrap();
    let history = reads::history(&cluster, &player.election, "u0").await;
    let senders: Vec<_> = history
        .iter()
        .map(|entry| entry.principal.as_str())
        .collect();
    assert_eq!(senders, ["station-0", "commission-3"]);
    let request = GetUnitHistoryRequest {
        election_id: player.election.as_str().into(),
        view: View::Public.into(),
        unit_id: "u0".into(),
        ..GetUnitHistoryRequest::default()
    };
    let pages: Vec<_> = official.history(request).collect().await;
    let public = pages.into_iter().flat_map(|page| page.unwrap().entries);
    assert_eq!(
        public.map(|entry| entry.principal).collect::<Vec<_>>(),
        ["", ""]
    );
}
