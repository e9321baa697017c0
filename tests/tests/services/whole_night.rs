//! One small election through everything: from its definition to the certificate, seen by officials and by viewers.

// tidy: long because one night through everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use client::{FrameNews, SubmitOptions};
use election::command::Command;
use election::ids::{ContestId, DistrictId, ElectionId, OptionId, Revision, Timestamp};
use election::publication::{PublicationClass, PublicationMode};
use election::stage::Stage;
use election::submission::Submission;
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::eventually;
use end_to_end::invented::{Invented, attribution};
use end_to_end::play::{Kills, Player, revision};
use end_to_end::reads::{self, place, token, whole};
use futures::{StreamExt as _, stream};
use hemicycle::night::{Step, TimedStep};
use tokio::task::JoinHandle;
use tonic::Code;
use wire::allocation::v1::{CheckDeclarationRequest, GetStandingsRequest};
use wire::common::v1::{FindingCode, ResumeToken, SeatRow, SeatsState, Stage as ShownStage, View};
use wire::feed::v1::{Frame, Scope};
use wire::results::v1::unit_history_entry::Change;

use crate::support::{PAIRS, golden, steps};

crate::in_both_modes!(
    from_the_definition_to_the_certificate,
    nothing_is_public_before_its_opening,
    a_held_publication_stands_still_and_moves_on,
    a_viewer_resumes_and_is_reset,
    a_tie_is_settled_by_a_recorded_lot,
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
        district: DistrictId::new("country").unwrap(),
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

fn never_backwards(frames: &[Frame]) {
    assert!(frames.len() > 1);
    for pair in frames.windows(2) {
        assert!(
            place(&pair[0]) < place(&pair[1]),
            "{:?} after {:?}",
            place(&pair[1]),
            place(&pair[0])
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

/// Somebody who watches a scope and keeps what was shown.
struct Viewer {
    shown: Arc<Mutex<Vec<Frame>>>,
    watching: JoinHandle<()>,
}

impl Viewer {
    /// Follows a scope as soon as the feed knows that it is public.
    async fn follow(cluster: &Cluster, scope: Scope) -> Self {
        let feed = cluster.client(Role::LiveFeed);
        eventually("the feed opens", async || reads::frame(&feed, &scope).await).await;
        let shown = Arc::new(Mutex::new(Vec::new()));
        let frames = Arc::clone(&shown);
        let watching = tokio::spawn(async move {
            let mut news = std::pin::pin!(feed.watch_frames(scope, None));
            while let Some(item) = news.next().await {
                match item.unwrap() {
                    FrameNews::Frame(frame) => frames.lock().unwrap().push(*frame),
                    FrameNews::Reset(log) => panic!("the log {log} is another one"),
                    FrameNews::Heartbeat(_) => {}
                }
            }
        });
        Self { shown, watching }
    }

    /// Everything that was shown, as soon as the newest is as it should be.
    async fn until(&self, is_there: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        eventually("the viewer has seen it", async || {
            assert!(!self.watching.is_finished(), "the watch has ended");
            let shown = self.shown.lock().unwrap();
            shown.last().is_some_and(&is_there).then(|| shown.clone())
        })
        .await
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

async fn nothing_is_public_before_its_opening(mode: Mode) {
    let mut cluster = Cluster::start(mode);
    let invented = Invented::new("embargo-2026", 3, 2);
    let mut player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
    player
        .submit(
            &mut cluster,
            vec![invented.turnout(0, 1, 30), invented.full(0, 1, &[20, 10])],
        )
        .await;
    let scope = whole(&player.election);
    let feed = cluster.client(Role::LiveFeed);
    reads::standings_at(&cluster, &player.election, player.head).await;
    assert_eq!(
        public_codes(&cluster, &player.election).await,
        [Code::NotFound; 4]
    );

    // An opening in the far future opens nothing today.
    let year_3000 = Some(Timestamp(32_503_680_000_000_000));
    let definition = PublicationClass::Definition;
    player
        .command(
            &cluster,
            &Command::OpenClass {
                class: definition,
                opens_at: year_3000,
            },
        )
        .await;
    assert_eq!(
        public_codes(&cluster, &player.election).await,
        [Code::NotFound; 4]
    );

    // The definition alone is an empty feed: the full shape, nothing counted, nothing of what is embargoed.
    player
        .command(
            &cluster,
            &Command::OpenClass {
                class: definition,
                opens_at: None,
            },
        )
        .await;
    let frame = eventually("the feed opens", async || reads::frame(&feed, &scope).await).await;
    let body = frame.body.unwrap();
    let votes: Vec<_> = body.contests[0].rows.iter().map(|row| row.votes).collect();
    assert_eq!(votes, [0, 0]);
    assert_eq!(
        body.contests[0]
            .totals
            .clone()
            .unwrap()
            .states
            .unwrap()
            .counted,
        0
    );
    assert!(
        body.turnout
            .is_none_or(|turnout| turnout.ballots_issued == 0)
    );
    assert!(
        body.revision < player.head - 2,
        "the embargoed events count for nobody"
    );

    player.open_to_public(&cluster).await;
    let head = player.head;
    eventually("the feed follows", async || {
        let body = reads::frame(&feed, &scope).await?.body?;
        let votes: Vec<_> = body.contests[0].rows.iter().map(|row| row.votes).collect();
        (body.revision == head).then(|| assert_eq!(votes, [20, 10]))
    })
    .await;
}

async fn public_codes(cluster: &Cluster, election: &ElectionId) -> [Code; 4] {
    let id = election.as_str().to_owned();
    let standings = GetStandingsRequest {
        election_id: id.clone(),
        view: View::Public.into(),
        ..GetStandingsRequest::default()
    };
    let tally = wire::results::v1::GetTallyRequest {
        election_id: id,
        view: View::Public.into(),
        ..wire::results::v1::GetTallyRequest::default()
    };
    let results = cluster.client(Role::Results);
    [
        cluster
            .client(Role::LiveFeed)
            .get_frame(whole(election))
            .await
            .unwrap_err()
            .code(),
        cluster
            .client(Role::Allocation)
            .get_standings(standings)
            .await
            .unwrap_err()
            .code(),
        results.get_tally(tally).await.unwrap_err().code(),
        results
            .get_definition(election, View::Public, 0)
            .await
            .unwrap_err()
            .code(),
    ]
}

async fn a_held_publication_stands_still_and_moves_on(mode: Mode) {
    let mut cluster = Cluster::start(mode);
    let invented = Invented::new("hold-2026", 10, 2);
    let mut player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
    player.open_to_public(&cluster).await;
    player
        .submit(&mut cluster, vec![invented.full(0, 1, &[20, 10])])
        .await;
    let held = player.head;
    let hold = PublicationMode::HoldAt(Revision(held));
    player
        .command(
            &cluster,
            &Command::MovePublication {
                mode: hold,
                reason: "a box is in doubt".into(),
            },
        )
        .await;
    let viewer = Viewer::follow(&cluster, whole(&player.election)).await;
    let is_held = |frame: &Frame| {
        frame.envelope.clone().unwrap().publication.unwrap().reason == "a box is in doubt"
    };
    viewer.until(is_held).await;
    let reports = (1..10)
        .map(|station| invented.full(station, 1, &[1, 2]))
        .collect();
    player.submit(&mut cluster, reports).await;
    reads::standings_at(&cluster, &player.election, player.head).await;

    let allocation = cluster.client(Role::Allocation);
    let request = |revision| GetStandingsRequest {
        election_id: player.election.as_str().into(),
        view: View::Public.into(),
        revision,
        ..GetStandingsRequest::default()
    };
    let public = allocation.get_standings(request(0)).await.unwrap();
    assert_eq!(public.token.unwrap().revision, held);
    // The same answer for what is embargoed and for what does not exist.
    for revision in [held + 1, player.head, player.head + 1_000] {
        let error = allocation
            .get_standings(request(revision))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::OutOfRange, "{revision}: {error}");
    }
    let frames = viewer.until(is_held).await;
    assert!(frames.iter().all(|frame| place(frame).0 <= held));

    let follow = PublicationMode::FollowHead;
    player
        .command(
            &cluster,
            &Command::MovePublication {
                mode: follow,
                reason: "the box is in order".into(),
            },
        )
        .await;
    let head = player.head;
    let frames = viewer.until(|frame| place(frame).0 == head).await;
    never_backwards(&frames);
    let rows = frames.last().unwrap().body.clone().unwrap().contests[0]
        .rows
        .clone();
    assert_eq!(
        rows.iter().map(|row| row.votes).collect::<Vec<_>>(),
        [29, 28]
    );
}

async fn a_viewer_resumes_and_is_reset(mode: Mode) {
    let mut cluster = Cluster::start(mode);
    let invented = Invented::new("resume-2026", 10, 2);
    let mut player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
    player.open_to_public(&cluster).await;
    player
        .submit(&mut cluster, vec![invented.full(0, 1, &[20, 10])])
        .await;
    let scope = whole(&player.election);
    let feed = cluster.client(Role::LiveFeed);
    let head = player.head;
    let frame = eventually("the feed follows", async || {
        let frame = reads::frame(&feed, &scope).await?;
        (place(&frame).0 == head).then_some(frame)
    });
    let seen = token(&frame.await);
    player
        .submit(&mut cluster, vec![invented.full(1, 1, &[5, 6])])
        .await;
    let next = first_news(&cluster, &scope, seen.clone()).await;
    let FrameNews::Frame(next) = next else {
        panic!("not a frame: {next:?}");
    };
    assert!(place(&next) > (seen.revision, seen.publication_seq));
    let other_log = ResumeToken {
        log_id: vec![7; 16].into(),
        ..seen
    };
    let news = first_news(&cluster, &scope, other_log).await;
    assert!(matches!(news, FrameNews::Reset(_)), "{news:?}");
}

/// The first news that is no heartbeat.
async fn first_news(cluster: &Cluster, scope: &Scope, after: ResumeToken) -> FrameNews {
    let news = cluster
        .client(Role::LiveFeed)
        .watch_frames(scope.clone(), Some(after.try_into().unwrap()));
    let mut news = std::pin::pin!(news);
    loop {
        match news.next().await.unwrap().unwrap() {
            FrameNews::Heartbeat(_) => {}
            news => return news,
        }
    }
}

async fn a_tie_is_settled_by_a_recorded_lot(mode: Mode) {
    let mut cluster = Cluster::start(mode);
    let invented = Invented::new("lot-2026", 1, 3);
    let mut player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
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
