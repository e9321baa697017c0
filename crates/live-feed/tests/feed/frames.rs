//! What frames say.

use super::*;
use election::publication::PublicationMode;
use election::rules::ExhaustedRule;
use tonic::Code;
use wire::common::v1::SeatsState;
use wire::feed::v1::FrameContest;

/// The frame's contest against a fold that shares no code with the feed.
fn assert_is(contest: &FrameContest, tally: &Tally, districts: std::ops::Range<usize>) {
    let mut votes = vec![0; contest.rows.len()];
    let mut seats = vec![None; contest.rows.len()];
    for district in districts {
        let counted = &tally.contests[0][district];
        let allocated = district_seats(tally, 0, district).unwrap();
        for (row, count) in counted.votes.iter().enumerate() {
            votes[row] += count;
            if let Some(more) = allocated.result.seats(row) {
                *seats[row].get_or_insert(0) += more;
            }
        }
    }
    let rows = contest.rows.iter();
    assert_eq!(rows.clone().map(|row| row.votes).collect::<Vec<_>>(), votes);
    let shown: Vec<_> = rows.map(|row| row.seats.unwrap().seats).collect();
    assert_eq!(shown, seats);
    let total = contest.totals.as_ref().unwrap();
    assert_eq!(total.votes, votes.iter().sum::<u64>());
}

#[tokio::test(start_paused = true)]
async fn frames_of_every_revision_and_scope_are_a_naive_fold() {
    let stage = stage();
    let night = lively(&two_districts());
    for revision in 1..=head(&night) {
        stage.show(&night, revision);
        let tally = fold(&night.records, revision);
        let body = stage.frame(whole()).await.unwrap().body.unwrap();
        assert_eq!((body.revision, body.is_reduced), (revision, false));
        assert_is(&body.contests[0], &tally, 0..2);
        assert_eq!(body.contests[0].seats, 14);
        let issued: u64 = tally.turnout.iter().map(|it| it.ballots_issued).sum();
        assert_eq!(body.turnout.unwrap().ballots_issued, issued);
        for (place, id) in ["city", "coast"].into_iter().enumerate() {
            let inside = &body.contests[0].districts[place];
            let scoped = stage.frame(district(id)).await.unwrap().body.unwrap();
            assert_is(&scoped.contests[0], &tally, place..place + 1);
            assert_eq!(inside.district_id, id);
            // F20: one snapshot, one revision on all levels.
            assert_eq!(scoped.revision, revision);
            let mut seats = vec![0; 3];
            for (row, count) in inside.row_indexes.iter().zip(&inside.row_seats) {
                seats[usize::try_from(*row).unwrap()] = *count;
            }
            let rows = scoped.contests[0].rows.iter();
            let expected: Vec<_> = rows
                .map(|row| row.seats.unwrap().seats.unwrap_or(0))
                .collect();
            assert_eq!(seats, expected);
        }
        if revision == 1 {
            continue; // Units are registered by the second event.
        }
        let mine = stage.frame(unit("u1")).await.unwrap().body.unwrap();
        let counts = mine
            .unit_tallies
            .first()
            .and_then(|tally| tally.counts.clone());
        let counts = counts.map(|counts| counts.votes);
        let expected = match revision {
            ..9 => None,
            9..14 => Some(vec![101, 60, 40]),
            14.. => Some(vec![90, 71, 40]),
        };
        assert_eq!((mine.revision, counts), (revision, expected));
    }
}

#[tokio::test(start_paused = true)]
async fn the_pure_part_depends_on_the_revision_alone() {
    let stage = stage();
    let mut night = lively(&two_districts());
    let revision = head(&night);
    stage.show(&night, revision);
    let before = stage.frame(whole()).await.unwrap();
    let mode = PublicationMode::HoldAt(night.state.revision());
    let reason = "a review".to_owned();
    night
        .run(Command::MovePublication { mode, reason })
        .unwrap();
    stage.show(&night, revision);
    let after = stage.frame(whole()).await.unwrap();
    assert!(order(&after) > order(&before));
    assert_eq!(after.body, before.body);
    assert_eq!(
        after.envelope.unwrap().publication.unwrap().reason,
        "a review"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_shown_before_its_opening_by_the_feeds_own_clock() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 4));
    let now = START + HOUR;
    open(&mut night, PublicationClass::Definition, now + 10_000_000);
    open(&mut night, PublicationClass::Results, now + 20_000_000);
    let empty = head(&night);
    night.submit(night.full("u0", 1, &[100, 50, 25]));
    // The role behind has a clock that runs ahead: it shows all of it.
    stage.show(&night, empty);
    assert_eq!(
        stage.frame(whole()).await.unwrap_err().code(),
        Code::NotFound
    );
    let refused = stage.watch(whole(), None).await.unwrap().event().await;
    let absent = stage.frame(Scope {
        scope: Some(Kind::Election(ElectionScope {
            election_id: "other-2026".into(),
        })),
    });
    let absent = absent.await.unwrap_err();
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), absent.code());
    assert_eq!(
        refused.message(),
        absent.message().replace("other-2026", ELECTION)
    );

    stage.clock.advance(Duration::from_secs(10));
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    let first = viewer.until(empty).await.body.unwrap();
    // In full shape, with nothing counted.
    assert_eq!(first.contests[0].rows.len(), 3);
    assert_eq!(
        first.contests[0]
            .totals
            .as_ref()
            .unwrap()
            .states
            .as_ref()
            .unwrap()
            .tallies,
        4
    );
    stage.show(&night, head(&night));
    assert!(
        !viewer.heartbeat().await.is_stale,
        "the results are not shown yet"
    );
    stage.clock.advance(Duration::from_secs(10));
    viewer.until(head(&night)).await;
}

#[tokio::test(start_paused = true)]
async fn f18_a_fall_is_a_correction_in_the_frame_that_shows_it() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut votes_before = 0;
    let mut falls = 0;
    for revision in 1..=head(&night) {
        stage.show(&night, revision);
        let frame = stage.frame(whole()).await.unwrap();
        let votes = frame.body.unwrap().contests[0]
            .totals
            .as_ref()
            .unwrap()
            .votes;
        if votes < votes_before {
            falls += 1;
            let correction = &frame.envelope.unwrap().corrections[0];
            assert_eq!(correction.revision, revision);
            assert_eq!(
                correction.votes_before - correction.votes_after,
                votes_before - votes
            );
            let attribution = correction.attribution.as_ref().unwrap();
            assert!(!attribution.by.is_empty() && !attribution.reason.is_empty());
        }
        votes_before = votes;
    }
    assert_eq!(falls, 2, "the withdrawal and the recount");
}

#[tokio::test(start_paused = true)]
async fn f30_an_open_tie_leaves_every_untied_seat() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 1));
    open_all(&mut night);
    night.submit(night.full("u0", 1, &[60, 25, 15]));
    stage.show(&night, head(&night));
    let body = stage.frame(whole()).await.unwrap().body.unwrap();
    let contest = &body.contests[0];
    assert_eq!(contest.state(), SeatsState::Tied);
    let seats: Vec<_> = contest
        .rows
        .iter()
        .map(|row| row.seats.unwrap().seats)
        .collect();
    assert_eq!(seats, [Some(6), Some(2), Some(1)]);
    assert_eq!(contest.ties[0].option_ids, ["o1", "o2"]);
    assert_eq!(contest.ties[0].seats_at_stake, 1);
}

#[tokio::test(start_paused = true)]
async fn f28_seats_that_nobody_gets_are_unassigned() {
    let stage = stage();
    let mut definition = small(2, 1);
    definition.rules.contests[0].exhausted = ExhaustedRule::StaysEmpty;
    definition.ballot.contests[0].districts[0].options[0].candidates = Some(3);
    let mut night = Night::begin(&definition);
    open_all(&mut night);
    night.submit(night.full("u0", 1, &[80, 20]));
    stage.show(&night, head(&night));
    let contest = stage
        .frame(whole())
        .await
        .unwrap()
        .body
        .unwrap()
        .contests
        .remove(0);
    let rows = contest.rows.iter();
    let assigned: u32 = rows.map(|row| row.seats.unwrap().seats.unwrap()).sum();
    assert_eq!(
        (contest.seats, assigned, contest.seats_unassigned),
        (10, 5, 5)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_has_no_shape_is_refused() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, head(&night));
    for scope in [district("village"), unit("u9")] {
        assert_eq!(
            stage.frame(scope.clone()).await.unwrap_err().code(),
            Code::NotFound
        );
        let mut viewer = stage.watch(scope, None).await.unwrap();
        assert_eq!(viewer.event().await.unwrap_err().code(), Code::NotFound);
    }
    let shapeless = stage.watch(Scope { scope: None }, None).await;
    assert_eq!(shapeless.err().unwrap().code(), Code::InvalidArgument);
    let nameless = stage.frame(district("")).await.unwrap_err();
    assert_eq!(nameless.code(), Code::InvalidArgument);
    assert!(nameless.message().contains("scope.district.district_id"));
}

/// The process that faces the internet never holds embargoed data.
#[test]
fn no_line_of_the_feed_names_the_head() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("View::Head"), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 10);
}
