//! Standings at any revision for either view.

use super::night::attribution;
use super::*;
use election::command::Command;
use election::ids::{ContestId, DistrictId, OptionId};
use election::publication::PublicationMode;
use election::rules::{BaseRule, ComparisonRule, ExhaustedRule, ThresholdRule};
use tonic::Code;
use wire::allocation::v1::{CheckDeclarationRequest, ExplanationStyle};
use wire::common::v1::{CorrectionKind, FindingCode, SeatRow, SeatsState};

fn seats(standings: &Standings) -> Vec<Option<u32>> {
    let options = standings.contests[0].options.iter();
    options
        .map(|option| option.seats.and_then(|it| it.seats))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn standings_of_every_revision_are_a_naive_fold_of_the_log() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    for revision in 1..=head(&night) {
        let expected = naive(&night.records, revision, night.state.tally());
        assert_eq!(stage.at(View::Head, revision).await.unwrap(), expected);
        assert_eq!(stage.at(View::Public, revision).await.unwrap(), expected);
    }
    let beyond = stage.at(View::Head, head(&night) + 1).await.unwrap_err();
    assert_eq!(beyond.code(), Code::OutOfRange);
}

#[tokio::test(start_paused = true)]
async fn an_embargoed_election_and_one_that_is_not_there_get_the_same_answer() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 4));
    night.submit(night.full("u0", 1, &[1, 2, 3]));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    let listings = stage
        .results
        .listings
        .load(std::sync::atomic::Ordering::Relaxed);
    let embargoed = stage.at(View::Public, 0).await.unwrap_err();
    let request = GetStandingsRequest {
        election_id: "other-2026".into(),
        view: View::Public.into(),
        ..Default::default()
    };
    let absent = stage
        .client
        .clone()
        .get_standings(request)
        .await
        .unwrap_err();
    assert_eq!(embargoed.code(), Code::NotFound);
    assert_eq!(absent.code(), embargoed.code());
    assert_eq!(
        absent.message().replace("other-2026", ELECTION),
        embargoed.message()
    );
    assert_eq!(absent.details().len(), embargoed.details().len());
    let asked = stage
        .results
        .listings
        .load(std::sync::atomic::Ordering::Relaxed)
        - listings;
    assert_eq!(
        asked, 0,
        "a stranger's question costs nothing behind this role"
    );
}

#[tokio::test(start_paused = true)]
async fn nor_do_they_differ_while_the_role_begins() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 4));
    night.submit(night.full("u0", 1, &[1, 2, 3]));
    stage.results.set_silent(true);
    stage.serve(&night);
    // Whatever is asked for, at whatever moment of the beginning: the same answer after the same time.
    let asked = async |election: &str| {
        let request = GetStandingsRequest {
            election_id: election.into(),
            view: View::Public.into(),
            ..Default::default()
        };
        let began = tokio::time::Instant::now();
        let refused = stage.client.clone().get_standings(request).await;
        (
            refused.unwrap_err().code(),
            began.elapsed().as_millis() / 100,
        )
    };
    let both = async || tokio::join!(asked(ELECTION), asked("other-2026"));
    let (embargoed, absent) = both().await;
    assert_eq!(embargoed, absent);
    assert_eq!(embargoed.0, Code::Unavailable);
    let ((embargoed, absent), ()) = tokio::join!(both(), async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        stage.results.set_silent(false);
        stage.results.cut();
    });
    assert_eq!(embargoed, absent);
    assert_eq!(embargoed.0, Code::NotFound);
    // A log that is lost afterwards, before anything of it was public, is not there either.
    stage.reached(View::Head, head(&night)).await;
    stage
        .results
        .serve(ELECTION, election::ids::LogId([8; 16]), &[]);
    stage.results.cut();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (embargoed, absent) = both().await;
    assert_eq!(embargoed, absent);
}

#[tokio::test(start_paused = true)]
async fn each_class_opens_at_its_instant_by_the_clock_without_an_event() {
    let stage = stage();
    let now = START + HOUR;
    let mut night = Night::begin(&small(3, 4));
    open(&mut night, PublicationClass::Definition, now + 10_000_000);
    open(&mut night, PublicationClass::Turnout, now + 20_000_000);
    open(&mut night, PublicationClass::Results, now + 30_000_000);
    let opened = head(&night);
    night.submit(super::night::turnout("u0", 1, 300));
    let turnout = head(&night);
    night.submit(night.full("u0", 1, &[100, 50, 25]));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;

    assert_eq!(
        stage.at(View::Public, 0).await.unwrap_err().code(),
        Code::NotFound
    );
    stage.clock.advance(Duration::from_secs(10));
    let empty = stage.reached(View::Public, opened).await;
    assert_eq!(empty.contests[0].totals.as_ref().unwrap().votes, 0);
    assert_eq!(empty.turnout.unwrap().units_reported, 0);
    stage.clock.advance(Duration::from_secs(10));
    let with_turnout = stage.reached(View::Public, turnout).await;
    assert_eq!(with_turnout.turnout.unwrap().ballots_issued, 300);
    assert_eq!(with_turnout.contests[0].totals.as_ref().unwrap().votes, 0);
    // An embargoed revision and one that is not there are refused in the same words.
    let embargoed = stage.at(View::Public, head(&night)).await.unwrap_err();
    let absent = stage.at(View::Public, head(&night) + 7).await.unwrap_err();
    assert_eq!(embargoed.code(), Code::OutOfRange);
    let number = |revision: u64| revision.to_string();
    assert_eq!(
        absent
            .message()
            .replace(&number(head(&night) + 7), &number(head(&night))),
        embargoed.message()
    );
    stage.clock.advance(Duration::from_secs(10));
    let all = stage.reached(View::Public, head(&night)).await;
    assert_eq!(all.contests[0].totals.as_ref().unwrap().votes, 175);
}

#[tokio::test(start_paused = true)]
async fn a_hold_at_nothing_before_the_opening_shows_nothing() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 4));
    let mode = PublicationMode::HoldAt(Revision::ZERO);
    let reason = "nothing until the polls close everywhere".into();
    night
        .run(Command::MovePublication { mode, reason })
        .unwrap();
    open(&mut night, PublicationClass::Definition, START);
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    assert_eq!(
        stage.at(View::Public, 0).await.unwrap_err().code(),
        Code::NotFound
    );
    let mode = PublicationMode::FollowHead;
    let reason = "all polls are closed".into();
    night
        .run(Command::MovePublication { mode, reason })
        .unwrap();
    stage.serve(&night);
    stage.reached(View::Public, head(&night)).await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_stands_still_with_its_reason_and_a_resume_goes_on() {
    let stage = stage();
    let mut night = lively(&small(3, 4));
    let (mode, reason) = (PublicationMode::Paused, "a count is checked".to_owned());
    night
        .run(Command::MovePublication { mode, reason })
        .unwrap();
    let paused = head(&night);
    night.submit(night.ordered(ReportKind::Correction, "u0", 2, &[1, 2, 3]));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    let held = stage.reached(View::Public, paused).await;
    assert_eq!(held, naive(&night.records, paused, night.state.tally()));
    assert_eq!(held.publication.unwrap().reason, "a count is checked");
    let (mode, reason) = (PublicationMode::FollowHead, "it was right".to_owned());
    night
        .run(Command::MovePublication { mode, reason })
        .unwrap();
    stage.serve(&night);
    stage.reached(View::Public, head(&night)).await;
}

#[tokio::test(start_paused = true)]
async fn f18_a_fall_is_a_correction_with_who_why_before_and_after() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    let mut former: Option<Standings> = None;
    stage.reached(View::Head, head(&night)).await;
    for revision in 1..=head(&night) {
        let standings = stage.at(View::Head, revision).await.unwrap();
        let votes = |standings: &Standings| standings.contests[0].totals.as_ref().unwrap().votes;
        if let Some(former) = former.filter(|former| votes(former) > votes(&standings)) {
            let correction = &standings.corrections[0];
            let fall = correction.votes_before - correction.votes_after;
            assert_eq!(correction.revision, revision);
            assert_eq!(fall, votes(&former) - votes(&standings));
            let attribution = correction.attribution.as_ref().unwrap();
            assert!(!attribution.by.is_empty() && !attribution.reason.is_empty());
        }
        former = Some(standings);
    }
    let last = former.unwrap();
    assert_eq!(last.corrections_count, 3);
    let kinds: Vec<_> = last.corrections.iter().map(|it| it.kind()).collect();
    assert_eq!(
        kinds,
        [
            CorrectionKind::Recount,
            CorrectionKind::Withdrawal,
            CorrectionKind::Correction
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn f30_an_open_tie_leaves_every_untied_seat() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 1));
    // Ten seats: the quota is 10; the remainders of the last two tie for one seat.
    night.submit(night.full("u0", 1, &[60, 25, 15]));
    stage.serve(&night);
    let standings = stage.reached(View::Head, head(&night)).await;
    assert_eq!(standings.contests[0].state(), SeatsState::Tied);
    assert_eq!(seats(&standings), [Some(6), Some(2), Some(1)]);
    let tie = &standings.contests[0].districts[0]
        .allocation
        .as_ref()
        .unwrap()
        .ties[0];
    assert_eq!((tie.open_option_ids.len(), tie.open_seats), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn f28_seats_that_nobody_gets_are_unassigned_and_sums_come_from_data() {
    let stage = stage();
    let mut definition = small(2, 1);
    definition.rules.contests[0].exhausted = ExhaustedRule::StaysEmpty;
    definition.ballot.contests[0].districts[0].options[0].candidates = Some(3);
    let mut night = Night::begin(&definition);
    night.submit(night.full("u0", 1, &[80, 20]));
    stage.serve(&night);
    let contest = stage
        .reached(View::Head, head(&night))
        .await
        .contests
        .remove(0);
    let assigned: u32 = contest
        .options
        .iter()
        .map(|option| option.seats.unwrap().seats.unwrap())
        .sum();
    assert_eq!(
        (contest.seats, assigned, contest.seats_unassigned),
        (10, 5, 5)
    );
}

#[tokio::test(start_paused = true)]
async fn seats_that_need_a_number_nobody_counted_are_unknown_and_votes_are_shown() {
    let stage = stage();
    let mut definition = small(2, 1);
    definition.rules.contests[0].threshold = Some(ThresholdRule {
        share: [5, 100],
        comparison: ComparisonRule::AtLeast,
        base: BaseRule::BallotsIssued,
        minorities_exempt: false,
        per_seat: false,
        direct_seats_min: None,
        in_one_district: None,
        coalitions: Vec::new(),
    });
    let mut night = Night::begin(&definition);
    night.submit(night.full("u0", 1, &[80, 20]));
    stage.serve(&night);
    let standings = stage.reached(View::Head, head(&night)).await;
    assert_eq!(standings.contests[0].state(), SeatsState::Unknown);
    assert_eq!(seats(&standings), [None, None]);
    assert_eq!(standings.contests[0].totals.as_ref().unwrap().votes, 100);
}

#[tokio::test(start_paused = true)]
async fn standings_narrow_to_a_district_and_name_what_is_not_there() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    let ask = |contest: &str, district: &str| {
        let request = GetStandingsRequest {
            election_id: ELECTION.into(),
            view: View::Head.into(),
            contest_id: contest.into(),
            district_id: district.into(),
            include_steps: true,
            include_margins: true,
            ..Default::default()
        };
        let mut client = stage.client.clone();
        async move { client.get_standings(request).await }
    };
    let answer = ask("list", "city")
        .await
        .unwrap()
        .into_inner()
        .standings
        .unwrap();
    let allocation = answer.contests[0].districts[0].allocation.as_ref().unwrap();
    assert!(allocation.certificate.is_some() && !allocation.steps.is_empty());
    assert!(!allocation.margins.is_empty());
    assert_eq!(ask("mayor", "").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(ask("", "village").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_declaration_is_checked_row_by_row_and_both_results_are_shown() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 1));
    night.submit(night.full("u0", 1, &[60, 30, 10]));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    let request = |rows: &[(&str, u32)]| CheckDeclarationRequest {
        election_id: ELECTION.into(),
        view: View::Head.into(),
        rows: rows
            .iter()
            .map(|(option, seats)| SeatRow {
                option_id: (*option).into(),
                seats: *seats,
            })
            .collect(),
        ..Default::default()
    };
    let mut client = stage.client.clone();
    let right = client
        .check_declaration(request(&[("o0", 6), ("o1", 3), ("o2", 1)]))
        .await;
    assert!(right.unwrap().into_inner().findings.is_empty());
    let wrong = client
        .check_declaration(request(&[("o0", 6), ("o1", 15), ("o2", 1)]))
        .await;
    let wrong = wrong.unwrap().into_inner();
    let codes: Vec<_> = wrong
        .findings
        .iter()
        .map(|finding| finding.code())
        .collect();
    assert_eq!(codes, [FindingCode::HouseSize, FindingCode::RowDiffers]);
    let unknown = client
        .check_declaration(request(&[("o9", 6)]))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::InvalidArgument);
    let repeated = client
        .check_declaration(request(&[("o0", 6), ("o1", 3), ("o0", 1)]))
        .await
        .unwrap_err();
    assert_eq!(repeated.code(), Code::InvalidArgument);
    assert!(
        repeated.message().contains("rows[2].option_id"),
        "{repeated}"
    );

    let declare = Command::Declare {
        contest: ContestId::new("list").unwrap(),
        district: Some(DistrictId::new("city").unwrap()),
        seats: [("o0", 5), ("o1", 4), ("o2", 1)]
            .map(|(option, seats)| (OptionId::new(option).unwrap(), seats))
            .to_vec(),
        attribution: attribution(),
    };
    night.run(declare).unwrap();
    stage.serve(&night);
    let standings = stage.reached(View::Head, head(&night)).await;
    assert_eq!(seats(&standings), [Some(6), Some(3), Some(1)]);
    let declared = standings.contests[0].options.iter();
    let declared: Vec<_> = declared
        .map(|option| option.seats.unwrap().seats_declared)
        .collect();
    assert_eq!(declared, [Some(5), Some(4), Some(1)]);
}

/// The words of an election have the names of its presentation, in the language asked for where there is one, and what must
/// be shown with everything.
#[tokio::test(start_paused = true)]
async fn standings_are_told_in_words_with_the_names_of_the_presentation() {
    let stage = stage();
    let mut definition = small(2, 2);
    let texts = |texts: &[(&str, &str)]| {
        let texts = texts.iter();
        texts
            .map(|(language, text)| ((*language).to_owned(), (*text).to_owned()))
            .collect()
    };
    let shown = &mut definition.presentation;
    shown.title = texts(&[("en", "The council"), ("kk", "Кеңес")]);
    shown.notice = texts(&[("en", "Invented votes")]);
    let option = shown
        .options
        .entry(OptionId::new("o0").unwrap())
        .or_default();
    option.name = texts(&[("en", "First"), ("kk", "Бірінші")]);
    let mut night = Night::begin(&definition);
    night.submit(night.full("u0", 1, &[70, 30]));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    let request = |language: &str| GetStandingsRequest {
        election_id: ELECTION.into(),
        view: View::Head.into(),
        include_margins: true,
        explanation: Some(ExplanationStyle {
            language: language.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let answer = stage.client.clone().get_standings(request("kk")).await;
    let standings = answer.unwrap().into_inner().standings.unwrap();
    let allocation = standings.contests[0].districts[0]
        .allocation
        .as_ref()
        .unwrap();
    let text = &allocation.explanation;
    let begins = "Кеңес\n═════\n\nInvented votes\n";
    assert!(text.starts_with(begins), "{text}");
    for said in ["Бірінші", "100 / 10 = 10", "o1", "жетіспейді"] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    let refused = stage
        .client
        .clone()
        .get_standings(request("xx"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
