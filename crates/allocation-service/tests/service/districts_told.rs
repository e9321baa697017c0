//! Contests whose districts hang together, in words: with the names of the presentation in each language, of official results
//! with every sum done again, and of a stateless request with the names that it gives.

use super::calculator::{check, claims};
use super::districts::{begin, count, definitions, lot, over, place, standings};
use super::*;
use tonic::Code;
use wire::allocation::v1 as proto;
use wire::allocation::v1::{ExplanationFormat, ExplanationStyle};

/// Names of lists and districts, those of the law included.
const NAMES: &str = r#"
[presentation]
title = { en = "A house", ru = "Палата" }
notice = { en = "Invented." }
[presentation.options.ash]
name = { en = "Ash party", ru = "Ясень" }
[presentation.districts.north]
en = "The North"
kk = "Солтүстік"
[presentation.districts.upper]
en = "Upper land"
"#;

pub async fn told(stage: &Stage, language: &str, format: ExplanationFormat) -> proto::Standings {
    let request = GetStandingsRequest {
        election_id: ELECTION.into(),
        view: View::Head.into(),
        include_margins: true,
        explanation: Some(ExplanationStyle {
            language: language.into(),
            format: format.into(),
        }),
        ..Default::default()
    };
    let answer = stage.client.clone().get_standings(request).await.unwrap();
    answer.into_inner().standings.unwrap()
}

/// Does every sum again; returns how many there are.
pub fn recompute(text: &str, decimal: char) -> usize {
    let mut number = 0;
    for line in text.lines() {
        for claim in claims(line, decimal) {
            check(&claim, decimal).unwrap_or_else(|error| panic!("{error}\nin: {line}"));
            number += 1;
        }
    }
    number
}

fn has(text: &str, words: &[&str]) {
    for words in words {
        assert!(text.contains(words), "{words}\nnot in:\n{text}");
    }
}

/// The words stand once, above the districts, in the language and format that were asked for.
#[tokio::test(start_paused = true)]
async fn standings_over_districts_are_told_with_the_names_of_the_presentation() {
    let stage = stage();
    let law = format!("{}{NAMES}", definitions::levelling())
        .replace("[presentation.districts.upper]\nen = \"Upper land\"\n", "");
    let mut night = begin(&["list"], 15, &law);
    count(
        &mut night,
        "list",
        [[60, 40, 10], [50, 50, 10], [30, 70, 0]],
    );
    standings(&stage, &night).await;
    let sent = told(&stage, "en", ExplanationFormat::Text).await;
    let text = &over(&sent).explanation;
    has(
        text,
        &[
            "A house",
            "Invented.",
            "Ash party",
            "The North",
            "Seats placed in districts",
            "Taking part",
            "320 × 4 / 100 = 12.8",
            "What would change the seats of a district",
        ],
    );
    // Of each of the three districts something would change a seat.
    let own = text
        .split("What would change the seats of a district")
        .nth(1)
        .unwrap();
    assert!(
        own.lines().filter(|line| line.contains(" → ")).count() >= 6,
        "{own}"
    );
    assert!(recompute(text, '.') > 20);
    for district in &sent.contests[0].districts {
        assert_eq!(district.allocation.as_ref().unwrap().explanation, "");
    }
    let russian = told(&stage, "ru", ExplanationFormat::Markdown).await;
    has(
        &over(&russian).explanation,
        &[
            "# Палата",
            "| Ясень |",
            "The North",
            "Размещение мандатов по округам",
        ],
    );
    let kazakh = told(&stage, "kk", ExplanationFormat::Text).await;
    let text = &over(&kazakh).explanation;
    has(
        text,
        &["A house", "Солтүстік", "Мандаттарды округтерге орналастыру"],
    );
    assert!(recompute(text, ',') > 20);
}

/// Districts of the law and constituencies have their names, and a lot that was not used is told.
#[tokio::test(start_paused = true)]
async fn constituencies_and_void_lots_are_told() {
    let stage = stage();
    let law = format!("{}{NAMES}", definitions::COVER);
    let mut night = begin(&["list", "person"], 7, &law);
    count(&mut night, "list", [[60, 40, 0], [50, 50, 0], [30, 70, 0]]);
    count(
        &mut night,
        "person",
        [[60, 40, 0], [60, 50, 0], [30, 70, 0]],
    );
    let tied = [place("upper", "ash"), place("upper", "birch")];
    night.run(lot(0, &tied, &tied[..1])).unwrap();
    standings(&stage, &night).await;
    let sent = told(&stage, "en", ExplanationFormat::Text).await;
    let text = &over(&sent).explanation;
    has(
        text,
        &[
            "Upper land",
            "60 / 100 = 0.6",
            "One of these is enough to take part:",
            "The lot between Ash party, Upper land; birch, Upper land for 1\u{a0}seat is void",
        ],
    );
    recompute(text, '.');
    // A name for what is no district of the ballot and none of the rules is refused by its field.
    let other = law.replace(
        "[presentation.districts.upper]",
        "[presentation.districts.middle]",
    );
    let refused = definitions::define(&["list", "person"], 7, &other).unwrap_err();
    assert_eq!(
        (&*refused.field, &*refused.value),
        ("presentation.districts", "middle")
    );
}

/// Double proportional seats, while they wait for a district and when all have votes.
#[tokio::test(start_paused = true)]
async fn double_proportional_seats_are_told_when_there_are_some() {
    let stage = stage();
    let mut night = begin(&["list"], 12, &definitions::double());
    count(&mut night, "list", [[60, 40, 10], [50, 50, 10], [0, 0, 0]]);
    standings(&stage, &night).await;
    let sent = told(&stage, "en", ExplanationFormat::Text).await;
    assert_eq!(over(&sent).explanation, "");
    assert!(over(&sent).problem.contains("west"));
    let stage = self::stage();
    let mut night = begin(&["list"], 12, &definitions::double());
    count(
        &mut night,
        "list",
        [[60, 40, 10], [50, 50, 10], [30, 70, 0]],
    );
    standings(&stage, &night).await;
    let sent = told(&stage, "en", ExplanationFormat::Text).await;
    let text = &over(&sent).explanation;
    has(
        text,
        &["Voters' numbers", "5% of this count", "320 × 3 / 100 = 9.6"],
    );
    assert!(recompute(text, '.') > 20);
}

/// The stateless call takes names from the request, and refuses a style by its field.
#[tokio::test(start_paused = true)]
async fn a_request_over_districts_is_told_with_its_own_names() {
    let stage = stage();
    let rules = definitions::define(&["list"], 15, &definitions::levelling()).unwrap();
    let list = |id: &str, name: &str| proto::DistrictedList {
        option_id: id.into(),
        name: name.into(),
        ..Default::default()
    };
    let district = |id: &str, name: &str, votes: [u64; 2]| proto::DistrictVotes {
        district_id: id.into(),
        seats: 2,
        votes: votes.to_vec(),
        name: name.into(),
        ..Default::default()
    };
    let mut request = proto::AllocateDistrictsRequest {
        lists: vec![list("a", "Ясень"), list("b", "")],
        districts: vec![
            district("n", "Север", [50, 30]),
            district("s", "", [40, 45]),
        ],
        rules: Some(wire::districted_message(&rules.rules.contests[0]).unwrap()),
        explanation: Some(ExplanationStyle {
            language: "ru".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let ask = async |request: &proto::AllocateDistrictsRequest| {
        let answer = stage
            .client
            .clone()
            .allocate_districts(request.clone())
            .await;
        let answer = answer.map(tonic::Response::into_inner);
        answer.map(|answer| answer.allocation.unwrap().explanation)
    };
    let text = ask(&request).await.unwrap();
    has(&text, &["Ясень", "Север", "  s ", "165 × 4 / 100 = 6,6"]);
    assert!(recompute(&text, ',') > 10);
    request.explanation = None;
    assert_eq!(ask(&request).await.unwrap(), "");
    request.explanation = Some(ExplanationStyle {
        language: "de".into(),
        ..Default::default()
    });
    let status = ask(&request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("explanation.language"),
        "{status}"
    );
    request.explanation = None;
    request.lists[1].name = "x".repeat(257);
    let status = ask(&request).await.unwrap_err();
    assert!(status.message().contains("lists[1].name"), "{status}");
}
