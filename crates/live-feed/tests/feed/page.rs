//! The page, as the server renders it.

use super::*;
use ::http::{Request, StatusCode};
use axum::body::{Body, BodyDataStream, to_bytes};
use election::publication::PublicationMode;
use futures::StreamExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use wire::allocation::v1::Eligibility;
use wire::common::v1::{ListSeats, SeatsState};

pub(super) const PAGE: &str = "/e/small-2026";

pub(super) async fn get(stage: &Stage, path: &str, language: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .uri(path)
        .header("accept-language", language);
    let request = request.body(Body::empty()).unwrap();
    let response = stage.http.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

pub(super) async fn page(stage: &Stage) -> String {
    let (status, text) = get(stage, PAGE, "en").await;
    assert_eq!(status, StatusCode::OK);
    text
}

pub(super) fn dots(page: &str, symbol: &str) -> usize {
    page.matches(&format!("<use href=#{symbol} ")).count()
}

#[tokio::test(start_paused = true)]
async fn every_seat_is_shown_as_what_it_is() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 4));
    open_all(&mut night);
    stage.show(&night, head(&night));
    let empty = page(&stage).await;
    // F28: nothing counted is not the same as nobody's.
    assert_eq!((dots(&empty, "dn"), dots(&empty, "du")), (10, 0));
    // F30: a tie leaves every untied seat standing.
    night.submit(night.full("u0", 1, &[100, 100, 100]));
    stage.show(&night, head(&night));
    stage
        .watch(whole(), None)
        .await
        .unwrap()
        .until(head(&night))
        .await;
    let tied = page(&stage).await;
    let lists = ["d0", "d1", "d2"].map(|list| dots(&tied, list));
    assert_eq!((lists, dots(&tied, "dt")), ([3, 3, 3], 1));
    assert!(tied.contains("3–4") && tied.contains("Tied: "), "{tied}");
    night.submit(night.full("u1", 1, &[300, 0, 0]));
    stage.show(&night, head(&night));
    stage
        .watch(whole(), None)
        .await
        .unwrap()
        .until(head(&night))
        .await;
    let counted = page(&stage).await;
    let lists = ["d0", "d1", "d2"].map(|list| dots(&counted, list));
    assert_eq!(lists.iter().sum::<usize>() + dots(&counted, "dt"), 10);
    assert!(counted.contains("66.66%") && counted.contains("of list votes"));
    // F1: what our own check refuses is not shown, and votes are.
    night.submit(night.full("u2", 1, &[50, 0, 0]));
    let mut withheld = standings(&night.records, head(&night), night.state.tally());
    let contest = &mut withheld.contests[0];
    contest.state = SeatsState::Withheld.into();
    for option in &mut contest.options {
        option.seats = Some(ListSeats {
            state: SeatsState::Withheld.into(),
            ..Default::default()
        });
    }
    stage.roles.show(withheld);
    stage
        .watch(whole(), None)
        .await
        .unwrap()
        .until(head(&night))
        .await;
    let withheld = page(&stage).await;
    assert_eq!(dots(&withheld, "dw"), 10);
    assert!(withheld.contains("Withheld by our own check") && withheld.contains(">450<"));
}

#[tokio::test(start_paused = true)]
async fn f28_seats_of_a_district_without_votes_are_still_to_come_and_not_nobodys() {
    let stage = stage();
    let mut night = Night::begin(&two_districts());
    open_all(&mut night);
    night.submit(night.full("u0", 1, &[100, 60, 30]));
    stage.show(&night, head(&night));
    let page = page(&stage).await;
    let lists = ["d0", "d1", "d2"].map(|list| dots(&page, list));
    assert_eq!(lists.iter().sum::<usize>(), 10);
    // The four of the coast, where nothing is counted.
    assert_eq!((dots(&page, "dn"), dots(&page, "du")), (4, 0));
    assert!(!page.contains("Unassigned: "), "{page}");
}

#[tokio::test(start_paused = true)]
async fn it_speaks_the_language_that_is_asked_for_and_marks_a_test() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, head(&night));
    for (path, accept, wanted) in [
        (
            PAGE.to_owned(),
            "ru",
            [
                "lang=\"ru\"",
                "ТЕСТ",
                "Предварительно",
                "rows swapped in the protocol",
            ],
        ),
        (
            PAGE.to_owned(),
            "kk,ru;q=0.5",
            ["lang=\"kk\"", "СЫНАҚ", "Алдын ала", "Түзету"],
        ),
        (
            format!("{PAGE}?lang=en"),
            "ru",
            ["lang=\"en\"", "TEST", "Provisional", "Correction"],
        ),
    ] {
        let (_, text) = get(&stage, &path, accept).await;
        for wanted in wanted {
            assert!(text.contains(wanted), "{path} {accept}: {wanted}");
        }
        // The policy forbids them, and nothing of the page needs them.
        assert!(!text.contains("style=") && !text.contains("onclick") && !text.contains("<style"));
    }
    let (status, text) = get(&stage, "/e/other-2026", "ru").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.contains("Здесь нет ничего опубликованного"));
}

/// What came in one piece: the text, and its events but heartbeats, each by name.
pub(super) async fn sent(body: &mut BodyDataStream) -> (String, Vec<(String, Value)>) {
    let began = tokio::time::Instant::now();
    loop {
        assert!(began.elapsed() < Duration::from_secs(300), "nothing comes");
        let chunk = body.next().await.unwrap().unwrap();
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        let events = text.split("\n\n").filter_map(|block| {
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            let event = field("event: ").filter(|event| *event != "heartbeat")?;
            let data = serde_json::from_str(field("data: ")?).unwrap();
            Some((event.to_owned(), data))
        });
        let events: Vec<_> = events.collect();
        if !events.is_empty() {
            return (text, events);
        }
    }
}

/// The next frame.
pub(super) async fn event(body: &mut BodyDataStream) -> (String, Value) {
    loop {
        let (text, events) = sent(body).await;
        let frame = events.into_iter().find(|(event, _)| event == "frame");
        if let Some((_, data)) = frame {
            return (text, data);
        }
    }
}

/// What the page says that its reader has.
pub(super) fn has(page: &str) -> String {
    let data = |name: &str| {
        let after = page.split(&format!("data-{name}=\"")).nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    };
    format!(
        "&resume={}&page={}&sections={}",
        data("token"),
        data("page"),
        data("sections")
    )
}

/// The events of the page for who has something, or nothing.
pub(super) async fn follow(stage: &Stage, has: &str) -> BodyDataStream {
    let request = Request::builder().uri(format!("{PAGE}/events?lang=en{has}"));
    let request = request.body(Body::empty()).unwrap();
    let response = stage.http.clone().oneshot(request).await.unwrap();
    response.into_body().into_data_stream()
}

#[tokio::test(start_paused = true)]
async fn who_was_shown_the_last_page_gets_what_differs_and_the_same_bytes_as_all() {
    let stage = stage();
    let mut night = lively(&small(3, 4));
    let revision = head(&night);
    stage.show(&night, revision);
    // The chart's past is read by then.
    let loaded = page(&stage).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut first, mut second) = (follow(&stage, "").await, follow(&stage, "").await);
    // Of whom nothing is known, the sections come first, with the house and nothing else in them.
    let (text, events) = sent(&mut first).await;
    let [(_, sections), (_, whole)] = &events[..] else {
        panic!("{text}")
    };
    assert!(text.contains("event: sections"));
    let html = sections["html"].as_str().unwrap();
    assert_eq!(html.matches("<use ").count(), 10);
    assert!(html.contains("data-slot=\"table-0\"></div>"), "{html}");
    event(&mut second).await;
    for slot in [
        "status",
        "table-0",
        "progress",
        "chart",
        "corrections",
        "house-looks",
        "house-text",
        "legend",
        "title",
        "notice",
    ] {
        assert!(whole["slots"][slot].is_string(), "{slot}");
    }
    assert_eq!(whole["seats"].as_array().unwrap().len(), 3);
    // Who has the newest page gets nothing of it again.
    let mut third = follow(&stage, &has(&loaded)).await;
    let quiet = tokio::time::timeout(Duration::from_secs(1), sent(&mut third)).await;
    assert!(quiet.is_err(), "{quiet:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Nothing but the publication moves.
    let mode = PublicationMode::HoldAt(election::ids::Revision(revision));
    let reason = "a <review>".to_owned();
    night
        .run(Command::MovePublication { mode, reason })
        .unwrap();
    stage.show(&night, revision);
    let (text, delta) = event(&mut first).await;
    let slots: Vec<&String> = delta["slots"].as_object().unwrap().keys().collect();
    assert_eq!(slots, ["status"], "small: only what differs");
    assert!(
        delta["slots"]["status"]
            .as_str()
            .unwrap()
            .contains("a &lt;review&gt;")
    );
    assert!(delta["seats"].is_null());
    for reader in [&mut second, &mut third] {
        assert_eq!(event(reader).await.0, text);
    }
    // Who had the page before this one gets what differs when it comes back, and who had another house all of it.
    let mut back = follow(&stage, &has(&loaded)).await;
    assert_eq!(event(&mut back).await.0, text);
    let stranger = has(&loaded).replace("&sections=", "&sections=0");
    let (text, late) = event(&mut follow(&stage, &stranger).await).await;
    assert!(late["slots"]["progress"].is_string() && text.contains("event: sections"));
}

/// The table's rows in their order: class, name or line, votes.
fn table_rows(page: &str) -> Vec<(&str, String)> {
    let table = page.split("</table>").next().unwrap();
    let rows = table.split("<tr").skip(2);
    let rows = rows.filter(|row| row.contains("scope=\"row\""));
    rows.map(|row| {
        let class = match row {
            row if row.starts_with(" class=\"line\"") => "line",
            row if row.starts_with(" class=\"below\"") => "below",
            _ => "",
        };
        let votes = row.split("<td class=\"number\">").nth(1).unwrap();
        (class, votes.split('<').next().unwrap().to_owned())
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn only_who_takes_no_part_stands_below_the_line() {
    use election::rules::{BaseRule, CoalitionRule, ComparisonRule, ThresholdRule};
    let mut definition = small(6, 4);
    definition.rules.contests[0].threshold = Some(ThresholdRule {
        share: [5, 100],
        comparison: ComparisonRule::AtLeast,
        base: BaseRule::ListVotes,
        per_seat: false,
        minorities_exempt: true,
        direct_seats_min: None,
        in_one_district: None,
        coalitions: vec![CoalitionRule {
            parties: 2,
            share: [8, 100],
        }],
    });
    let options = &mut definition.ballot.contests[0].districts[0].options;
    options[2].coalition_size = 2;
    options[3].minority = true;
    let mut night = Night::begin(&definition);
    open_all(&mut night);
    night.submit(night.full("u0", 1, &[290, 130, 30, 15, 25, 10]));
    let stage = stage();
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    stage.show(&night, head(&night));
    let text = page(&stage).await;
    let of = |rows: &[(&str, &str)]| -> Vec<(&str, String)> {
        // The same rows, owned.
        rows.iter()
            .map(|(class, votes)| match *class {
                "line" => ("line", (*votes).to_owned()),
                "below" => ("below", (*votes).to_owned()),
                _ => ("", (*votes).to_owned()),
            })
            .collect()
    };
    // The minority's list with 3% takes part; the coalition with 6% needs 8%.
    let mut wanted = vec![
        ("", "290"),
        ("", "130"),
        ("", "25"),
        ("", "15"),
        ("line", "25"),
        ("below", "30"),
        ("below", "10"),
    ];
    assert_eq!(table_rows(&text), of(&wanted), "{text}");
    assert!(
        text.contains("<strong>8% (40)</strong>") || text.contains("<strong>8.00% (40)</strong>"),
        "{text}"
    );
    // Who was let in below the threshold stands above the line without a seat too, and it is said why.
    let again = async |shown: &mut Standings| {
        shown.token.as_mut().unwrap().publication_seq += 1;
        stage.roles.show(shown.clone());
        stage
            .watch(whole(), None)
            .await
            .unwrap()
            .until(head(&night))
            .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        page(&stage).await
    };
    let lists = |shown: &mut Standings, eligibility: Eligibility| {
        let allocation = shown.contests[0].districts[0].allocation.as_mut().unwrap();
        let list = &mut allocation.lists[5];
        list.eligibility = eligibility.into();
        list.seats.as_mut().unwrap().seats = Some(0);
    };
    lists(&mut shown, Eligibility::RescueAdmitted);
    let text = again(&mut shown).await;
    wanted.swap(4, 6);
    wanted[4] = ("", "10");
    wanted[5] = ("line", "25");
    wanted[6] = ("below", "30");
    assert_eq!(table_rows(&text), of(&wanted), "{text}");
    assert!(text.contains("admitted below the threshold"), "{text}");
    // Where nobody says who takes part, whoever holds a seat, or may get one, is not below.
    let allocation = shown.contests[0].districts[0].allocation.as_mut().unwrap();
    for list in &mut allocation.lists {
        list.eligibility = Eligibility::Unspecified.into();
    }
    let option = &mut shown.contests[0].options[5];
    option.seats.as_mut().unwrap().seats_most = Some(1);
    let text = again(&mut shown).await;
    assert_eq!(table_rows(&text), of(&wanted), "{text}");
    assert!(!text.contains("admitted below the threshold"), "{text}");
}

// The votes that would change a seat cost the role behind much: they come after their frame, and to who is there already
// too, and say of which revision they are.
#[tokio::test(start_paused = true)]
async fn the_last_seat_is_told_at_once_and_what_would_change_it_a_moment_later() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let last = head(&night);
    // What the role behind is asked takes it longer than a page waits.
    let slow = Duration::from_secs(1);
    stage
        .roles
        .state
        .send_modify(|known| known.past_time = slow);
    stage.show(&night, last);
    let text = page(&stage).await;
    assert!(
        text.contains("The last seat:") && text.contains("seat no."),
        "{text}"
    );
    let before = has(&text);
    let mut body = follow(&stage, "").await;
    let mut moves = String::new();
    while !moves.contains("votes more") {
        for (_, data) in sent(&mut body).await.1 {
            if let Some(html) = data["slots"]["last-seat"].as_str() {
                moves = html.to_owned();
            }
        }
    }
    let number = format!("1,{last:03} votes more");
    assert!(
        moves.contains(&number) && !moves.contains("at revision"),
        "{moves}"
    );
    let text = page(&stage).await;
    assert!(text.contains(&number));
    // Who loaded the page before they came, and connects after it, is told as well; and not how stale it is, of which this is
    // no news.
    let (_, events) = sent(&mut follow(&stage, &before).await).await;
    let [(name, data)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(name, "parts");
    let slots = data["slots"].as_object().unwrap();
    assert!(slots["last-seat"].as_str().unwrap().contains(&number));
    assert!(data["is_stale"].is_null());
}

#[tokio::test(start_paused = true)]
async fn the_house_is_that_of_the_first_contest_with_seats() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    let mut seatless = shown.contests[0].clone();
    seatless.contest_id = "mayor".into();
    seatless.seats = 0;
    for option in &mut seatless.options {
        option.seats = None;
    }
    for district in &mut seatless.districts {
        district.allocation = None;
    }
    shown.contests.insert(0, seatless);
    stage.show(&night, 5);
    stage.roles.show(shown);
    stage
        .watch(whole(), None)
        .await
        .unwrap()
        .until(head(&night))
        .await;
    let text = page(&stage).await;
    assert_eq!(text.matches("<g id=\"seats\">").count(), 1);
    assert_eq!(text.matches("<use href=#d").count(), 10);
    let (house, mayor) = (text.find("<g id=\"seats\">"), text.find("table-0"));
    assert!(house > mayor, "beside its own table");
}

#[tokio::test(start_paused = true)]
async fn a_correction_says_how_many_changes_it_does_not_show() {
    let stage = stage();
    let mut night = Night::begin(&small(7, 4));
    open_all(&mut night);
    night.submit(night.full("u0", 1, &[10, 20, 30, 40, 50, 60, 70]));
    night.submit(night.ordered(
        ReportKind::Correction,
        "u0",
        2,
        &[11, 21, 31, 41, 51, 61, 64],
    ));
    stage.show(&night, head(&night));
    let text = page(&stage).await;
    assert_eq!(text.matches(" → <strong>").count(), 4);
    assert!(text.contains("and 3 more"), "{text}");
    let (_, russian) = get(&stage, PAGE, "ru").await;
    assert!(russian.contains("и ещё 3"));
}
