//! What the page says of what changes under it, and of what is not as usual: houses that grow, elections that are very large,
//! contests without seats, seats of nobody's list.

use super::page::{PAGE, dots, event, follow, get, has, page, sent};
use super::*;
use ::http::StatusCode;
use axum::body::BodyDataStream;
use serde_json::Value;

// What is shown is kept live by parts, whatever changes: a page that loads itself anew asks for everything, with all others,
// at the worst moment (F21).
#[tokio::test(start_paused = true)]
async fn the_script_never_loads_the_page_anew() {
    let (status, script) = get(&stage(), "/assets/page.js", "en").await;
    assert_eq!(status, StatusCode::OK);
    for forbidden in ["reload", "location"] {
        assert!(!script.contains(forbidden), "{forbidden}");
    }
}

/// Opens the events of the page and reads the first, which are its sections and the whole of it.
async fn opened(stage: &Stage) -> (BodyDataStream, Vec<(String, Value)>) {
    let mut body = follow(stage, "").await;
    let (_, first) = sent(&mut body).await;
    (body, first)
}

/// The next event of which something holds.
async fn until(body: &mut BodyDataStream, is_meant: impl Fn(&Value) -> bool) -> Value {
    let mut skipped = Vec::new();
    let found = async {
        loop {
            let (_, sent) = event(body).await;
            if is_meant(&sent) {
                return sent;
            }
            let slots = sent["slots"].as_object().unwrap();
            skipped.push(slots.keys().cloned().collect::<Vec<_>>());
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(120), found).await;
    found.unwrap_or_else(|_| panic!("it never came: {skipped:?}"))
}

/// Shows standings that were made up from the night's, as its next publication.
async fn show_changed(stage: &Stage, shown: &mut Standings) {
    let token = shown.token.as_mut().unwrap();
    token.publication_seq += 1;
    let order = (token.revision, token.publication_seq);
    stage.roles.show(shown.clone());
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    while super::order(&viewer.frame().await) < order {}
}

#[tokio::test(start_paused = true)]
async fn a_house_is_sent_only_when_its_seats_are_others() {
    let stage = stage();
    let mut night = lively(&small(3, 4));
    stage.show(&night, head(&night));
    page(&stage).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut body, first) = opened(&stage).await;
    let house = first[0].1["html"].as_str().unwrap();
    assert_eq!(house.matches("<use ").count(), 10);
    // Votes move a seat: only who holds which is sent.
    night.submit(night.ordered(ReportKind::Recount, "u0", 2, &[10, 200, 30]));
    stage.show(&night, head(&night));
    let moved = until(&mut body, |sent| !sent["seats"].is_null()).await;
    assert!(!moved.to_string().contains("<use "), "{moved}");
    assert!(moved["slots"]["house-text"].is_string());
    assert!(moved["slots"]["house-looks"].is_null(), "{moved}");
    let runs = moved["seats"].as_array().unwrap();
    let seats: u64 = runs.iter().map(|run| run[1].as_u64().unwrap()).sum();
    assert_eq!(seats, 10);
    // Who skips a frame, or comes back with this page, gets all parts of the next and no house.
    let back = has(&page(&stage).await);
    let mut skipping = follow(&stage, &back).await;
    for votes in [[20, 190, 30], [30, 180, 30]] {
        let version = if votes[0] == 20 { 3 } else { 4 };
        night.submit(night.ordered(ReportKind::Recount, "u0", version, &votes));
        stage.show(&night, head(&night));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (text, whole) = event(&mut skipping).await;
    assert!(whole["slots"]["table-0"].is_string());
    assert!(!text.contains("<use ") && !text.contains("event: sections"));
    until(&mut body, |sent| sent["slots"]["table-0"].is_string()).await;
    // An amendment gives other colours, letters and a title; another makes the house larger.
    let definition = small(3, 4);
    let mut presentation = definition.presentation;
    let options = &definition.ballot.contests[0].districts[0].options;
    let look = presentation
        .options
        .entry(options[0].id.clone())
        .or_default();
    look.colour = Some(String::from("#123456"));
    look.short_name = Some(String::from("Q&"));
    presentation.title = [(String::from("en"), String::from("The <new> title"))].into();
    presentation.notice = [(String::from("en"), String::from("A notice & more"))].into();
    let reason = String::from("colours");
    night
        .run(Command::AmendPresentation {
            presentation: Box::new(presentation),
            reason,
        })
        .unwrap();
    stage.show(&night, head(&night));
    let amended = until(&mut body, |sent| sent["slots"]["title"].is_string()).await;
    let slot = |name: &str| {
        amended["slots"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(slot("title"), "The &lt;new&gt; title");
    assert!(slot("notice").contains("A notice &amp; more"));
    assert!(slot("house-looks").contains("#123456") && slot("house-looks").contains("Q&amp;"));
    assert!(slot("table-0").contains("#123456"));
    let mut grown = standings(&night.records, head(&night), night.state.tally());
    grown.contests[0].seats = 13;
    grown.house_size = 13;
    show_changed(&stage, &mut grown).await;
    let larger = loop {
        let (_, events) = sent(&mut body).await;
        if events[0].0 == "sections" {
            break events;
        }
    };
    let house = larger[0].1["html"].as_str().unwrap();
    assert_eq!(house.matches("<use ").count(), 13);
    // What stands in them is sent with them.
    assert!(larger[1].1["slots"]["table-0"].is_string());
}

// Of very many contests the frame has room for sixteen: those that were shown, and are not any more, go from the page too.
#[tokio::test(start_paused = true)]
async fn contests_that_are_left_out_go_from_the_page() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, head(&night));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    let one = shown.contests[0].clone();
    let contests = |count: usize, options: usize| {
        let contests = (0..count).map(|number| {
            let mut contest = one.clone();
            contest.contest_id = format!("contest-{number}");
            let option = contest.options[0].clone();
            contest.options.resize(options, option);
            contest
        });
        contests.collect::<Vec<_>>()
    };
    shown.contests = contests(20, 3);
    show_changed(&stage, &mut shown).await;
    let text = page(&stage).await;
    assert_eq!(text.matches("class=\"result").count(), 20);
    let mut body = follow(&stage, &has(&text)).await;
    // More contests, of more options, than there is room for.
    shown.contests = contests(150, 200);
    show_changed(&stage, &mut shown).await;
    let (_, events) = sent(&mut body).await;
    let [(name, sections), (_, frame)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(name, "sections");
    let html = sections["html"].as_str().unwrap();
    assert_eq!(html.matches("class=\"result").count(), 16);
    let slots = frame["slots"].as_object().unwrap();
    let tables = slots.keys().filter(|name| name.starts_with("table-"));
    assert_eq!(tables.count(), 16);
    assert_eq!(
        frame["slots"]["more"],
        "Only 16 of 150 contests are shown; 134 are left out."
    );
}

// A district of the ballot that is a part of a larger one of the law gives no seats itself. Shares there are of the same votes
// as in the whole contest.
#[tokio::test(start_paused = true)]
async fn shares_of_a_part_of_a_district_are_of_what_those_of_the_contest_are() {
    let stage = stage();
    let night = lively(&two_districts());
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    let contest = &mut shown.contests[0];
    contest.districts[0].allocation = None;
    contest.options[2].role = wire::common::v1::OptionRole::Independent.into();
    let districts: Vec<String> = (contest.districts.iter())
        .map(|district| district.district_id.clone())
        .collect();
    stage.show(&night, 1);
    show_changed(&stage, &mut shown).await;
    let base = async |path: &str| {
        let path = format!("/v1/elections/{ELECTION}{path}/results.json");
        let (_, text) = get(&stage, &path, "en").await;
        let json: Value = serde_json::from_str(&text).unwrap();
        let contest = &json["contests"][0];
        (contest["share_base"].clone(), contest["seats"].clone())
    };
    assert_eq!(base("").await.0, "list_votes");
    for district in districts {
        let (base, seats) = base(&format!("/districts/{district}")).await;
        assert_eq!(base, "list_votes", "{district}, with {seats} seats");
        let frame = stage.frame(super::district(&district)).await.unwrap();
        let contest = &frame.body.unwrap().contests[0];
        let lists: u64 = contest.rows[..2].iter().map(|row| row.votes).sum();
        let base = live_feed::shares::base(contest);
        assert_eq!(base.votes(contest), lists, "{district}");
        assert!(!base.has(&contest.rows[2]));
    }
}

// What is no list among lists is called what it is.
#[tokio::test(start_paused = true)]
async fn who_stands_among_lists_and_is_none_is_called_so() {
    use wire::common::v1::OptionRole;
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    stage.show(&night, head(&night));
    assert!(page(&stage).await.contains("<th scope=\"col\">List</th>"));
    shown.contests[0].options[1].role = OptionRole::Independent.into();
    shown.contests[0].options[2].role = OptionRole::AgainstAll.into();
    show_changed(&stage, &mut shown).await;
    let text = page(&stage).await;
    assert!(text.contains("<th scope=\"col\">Option</th>"), "{text}");
    assert!(
        text.contains("<small>Independent</small>") && text.contains("<small>Against all</small>"),
        "{text}"
    );
    let (_, russian) = get(&stage, PAGE, "ru").await;
    assert!(russian.contains("<small>Независимый кандидат</small>"));
}

#[tokio::test(start_paused = true)]
async fn a_reduced_frame_says_what_is_missing_and_options_keep_their_symbols() {
    let mut definition = small(900, 4);
    let options = &mut definition.ballot.contests[0].districts[0].options;
    for (place, option) in options.iter_mut().enumerate() {
        let id = format!("a-list-with-a-long-name-number-{place}");
        option.id = election::ids::OptionId::new(&id).unwrap();
    }
    definition.register.units[0].roll = Some(1_000_000);
    let mut night = Night::begin(&definition);
    open_all(&mut night);
    // Two far down the ballot are the largest; the others have too few for a seat.
    let mut votes = vec![1; 900];
    (votes[700], votes[850]) = (60_000, 40_000);
    night.submit(night.full("u0", 1, &votes));
    let stage = stage();
    stage.show(&night, head(&night));
    let text = page(&stage).await;
    assert_eq!((dots(&text, "d700"), dots(&text, "d850")), (6, 4));
    assert!(
        text.contains("Only 256 of 900 lists are shown; 644 are left out."),
        "{text}"
    );
    // The share is of all list votes, not of those that are shown.
    assert!(text.contains("59.46%"), "{text}");
    let frame = stage.frame(whole()).await.unwrap();
    let contest = &frame.body.unwrap().contests[0];
    assert_eq!((contest.rows_left_out, contest.list_votes), (644, 100_898));
}

#[tokio::test(start_paused = true)]
async fn turnout_that_nobody_has_reported_is_a_dash_and_never_zero() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 4));
    open_all(&mut night);
    night.submit(night.full("u0", 1, &[10, 20, 30]));
    let document = async |stage: &Stage, name: &str| {
        let (_, text) = get(stage, &format!("/v1/elections/{ELECTION}/{name}"), "en").await;
        text
    };
    let columns = |csv: &str| {
        let cells = |line: usize| csv.lines().nth(line).unwrap().split(',');
        let wanted = ["ballots_issued", "turnout_units_reported", "turnout_units"];
        let row = cells(0).zip(cells(1));
        let row = row.filter(|(column, _)| wanted.contains(column));
        row.map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    stage.show(&night, head(&night));
    let text = page(&stage).await;
    assert!(
        text.contains("Ballots issued: –. No station has said so yet."),
        "{text}"
    );
    let json: Value = serde_json::from_str(&document(&stage, "results.json").await).unwrap();
    assert!(json["turnout"]["ballots_issued"].is_null());
    assert_eq!(columns(&document(&stage, "totals.csv").await), ",0,4");
    night.submit(night::turnout("u0", 1, 1_234));
    stage.show(&night, head(&night));
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    viewer.until(head(&night)).await;
    let text = page(&stage).await;
    assert!(
        text.contains("Ballots issued: 1,234. 1 of 4 stations has said so."),
        "{text}"
    );
    assert!(text.contains("<p class=\"big\">1,234</p>"), "{text}");
    let (_, russian) = get(&stage, PAGE, "ru").await;
    assert!(russian.contains("Сообщил 1 из 4 участков."), "{russian}");
    let json: Value = serde_json::from_str(&document(&stage, "results.json").await).unwrap();
    assert_eq!(json["turnout"]["ballots_issued"], 1_234);
    assert_eq!(columns(&document(&stage, "totals.csv").await), "1234,1,4");
}

#[tokio::test(start_paused = true)]
async fn stage_wording_does_not_contradict_the_count() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    stage.show(&night, head(&night));
    let text = page(&stage).await;
    // Nobody has said that the count has begun.
    assert!(
        text.contains("Count under way") && !text.contains("Before the count"),
        "{text}"
    );
    assert!(text.contains("Provisional"));
    shown.stage = wire::common::v1::Stage::Certified.into();
    shown.contests[0].options[0]
        .seats
        .as_mut()
        .unwrap()
        .seats_declared = Some(9);
    show_changed(&stage, &mut shown).await;
    // Nothing of the contest is declared as a whole: its seats are as provisional as before.
    let text = page(&stage).await;
    assert!(!text.contains("Certified: the seats"), "{text}");
    assert!(text.contains("Provisional"), "{text}");
    for district in &mut shown.contests[0].districts {
        district.declaration = Some(wire::common::v1::Declaration::default());
    }
    show_changed(&stage, &mut shown).await;
    let text = page(&stage).await;
    assert!(
        text.contains("Certified: the seats of the certified count."),
        "{text}"
    );
    assert!(!text.contains("Provisional"), "{text}");
    // What is declared stands beside ours, in a column of its own, and is marked where it differs.
    assert!(
        text.contains("Declared</th>")
            && text.contains("≠</span> <span class=\"unseen\">differs from ours:</span> 9<"),
        "{text}"
    );
    let (_, csv) = get(
        &stage,
        &format!("/v1/elections/{ELECTION}/totals.csv"),
        "en",
    )
    .await;
    assert!(
        csv.contains(",certified,") && !csv.contains("provisional"),
        "{csv}"
    );
    let (_, json) = get(
        &stage,
        &format!("/v1/elections/{ELECTION}/results.json"),
        "en",
    )
    .await;
    assert!(!json.contains("provisional"), "{json}");
}

#[tokio::test(start_paused = true)]
async fn a_majority_is_of_the_house_and_has_a_line_where_all_of_it_is_shown() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    stage.show(&night, head(&night));
    let text = page(&stage).await;
    assert!(
        text.contains(">majority 6<") && text.contains("class=\"majority\""),
        "{text}"
    );
    // Ten of a hundred and fifty are allotted here.
    shown.house_size = 150;
    show_changed(&stage, &mut shown).await;
    let text = page(&stage).await;
    assert!(
        text.contains(">majority 76<") && text.contains(">of a house of 150<"),
        "{text}"
    );
    assert!(!text.contains("class=\"majority\""), "{text}");
}

#[tokio::test(start_paused = true)]
async fn who_votes_for_a_mayor_is_told_shares_of_all_votes() {
    use wire::common::v1::OptionRole;
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    let contest = &mut shown.contests[0];
    contest.seats = 0;
    for option in &mut contest.options {
        option.seats = None;
        option.role = OptionRole::Independent.into();
    }
    contest.options[2].role = OptionRole::AgainstAll.into();
    contest.districts[0].allocation = None;
    stage.show(&night, 1);
    let all: u64 = contest.options.iter().map(|option| option.votes).sum();
    let share = contest.options[2].votes * 10_000 / all;
    show_changed(&stage, &mut shown).await;
    let text = page(&stage).await;
    let wanted = format!("{}.{:02}%", share / 100, share % 100);
    assert!(
        text.contains("of all votes") && text.contains(&wanted),
        "{wanted}: {text}"
    );
    assert!(
        !text.contains("of list votes") && !text.contains(">Seats</th>"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn persons_and_pending_seats_have_a_look_and_a_number_of_their_own() {
    use wire::allocation::v1::DistrictedAllocation;
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    let contest = &mut shown.contests[0];
    for (option, seats) in contest.options.iter_mut().zip([3, 2, 1]) {
        option.seats.as_mut().unwrap().seats = Some(seats);
    }
    contest.over_districts = Some(DistrictedAllocation {
        state: contest.state,
        seats: 10,
        seats_outside: 2,
        seats_pending: 2,
        ..DistrictedAllocation::default()
    });
    stage.show(&night, 1);
    show_changed(&stage, &mut shown).await;
    let text = page(&stage).await;
    assert_eq!((dots(&text, "dp"), dots(&text, "dn")), (2, 2));
    assert!(
        text.contains("Persons without a list <strong>2</strong>"),
        "{text}"
    );
    assert!(
        text.contains("Not decided yet <strong>2</strong>"),
        "{text}"
    );
    let (_, json) = get(
        &stage,
        &format!("/v1/elections/{ELECTION}/results.json"),
        "en",
    )
    .await;
    let json: Value = serde_json::from_str(&json).unwrap();
    let contest = &json["contests"][0];
    assert_eq!(
        (
            contest["seats_outside"].as_u64(),
            contest["seats_pending"].as_u64()
        ),
        (Some(2), Some(2))
    );
    let (_, csv) = get(
        &stage,
        &format!("/v1/elections/{ELECTION}/totals.csv"),
        "en",
    )
    .await;
    assert!(csv.lines().nth(1).unwrap().contains(",0,2,2,0,"), "{csv}");
}
