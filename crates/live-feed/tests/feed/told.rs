//! What the page says of declared seats, of several contests, of corrections without votes, and in which language.

use super::page::{PAGE, dots, get, page};
use super::*;
use election::definition::Presentation;
use wire::common::v1::{Correction, Declaration, Finding};

/// Shows standings that were made up from the night's, as its next publication.
async fn show(stage: &Stage, shown: &mut Standings) -> String {
    let token = shown.token.as_mut().unwrap();
    token.publication_seq += 1;
    let order = (token.revision, token.publication_seq);
    stage.roles.show(shown.clone());
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    while super::order(&viewer.frame().await) < order {}
    page(stage).await
}

// Declared seats are the official ones, even where ours differ: they are the house, and ours stand beside them.
#[tokio::test(start_paused = true)]
async fn declared_seats_are_the_house_and_ours_stand_beside_them() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    stage.show(&night, 1);
    let contest = &mut shown.contests[0];
    let ours: Vec<u32> = (contest.options.iter())
        .map(|option| option.seats.as_ref().unwrap().seats.unwrap())
        .collect();
    let declared = [ours[0] - 1, ours[1] + 1, ours[2]];
    for (option, seats) in contest.options.iter_mut().zip(declared) {
        option.seats.as_mut().unwrap().seats_declared = Some(seats);
    }
    contest.districts[0].declaration = Some(Declaration {
        findings: vec![Finding::default()],
        ..Declaration::default()
    });
    let text = show(&stage, &mut shown).await;
    let held = ["d0", "d1", "d2"].map(|list| dots(&text, list));
    assert_eq!(held, declared.map(|it| usize::try_from(it).unwrap()));
    assert!(text.contains(">as declared<"), "{text}");
    assert!(text.contains("Official: the seats as declared. By our count they would be others."));
    assert!(!text.contains("Provisional") && !text.contains("The last seat:"));
    assert!(text.contains("<small>official</small>") && text.contains("By our count</th>"));
    let beside = format!("differs from the declared:</span> {}<", ours[0]);
    assert!(text.contains(&beside), "{beside}: {text}");
    // The same as ours: nothing stands beside.
    let contest = &mut shown.contests[0];
    for (option, seats) in contest.options.iter_mut().zip(&ours) {
        option.seats.as_mut().unwrap().seats_declared = Some(*seats);
    }
    contest.districts[0].declaration = Some(Declaration::default());
    let text = show(&stage, &mut shown).await;
    assert!(text.contains("Declared, not certified yet") && !text.contains("By our count"));
    assert!(text.contains("The last seat:"));
}

// Four stations of two contests have eight tallies: they are not called stations, and no contest is left out.
#[tokio::test(start_paused = true)]
async fn tallies_of_several_contests_are_not_called_stations() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    stage.show(&night, 1);
    let text = show(&stage, &mut shown).await;
    assert!(text.contains("Stations by state") && text.contains("/ 4 counted"));
    let mut other = shown.contests[0].clone();
    other.contest_id = "mayor".into();
    shown.contests.push(other);
    let text = show(&stage, &mut shown).await;
    assert!(
        text.contains("Tallies by state") && text.contains("/ 8 counted"),
        "{text}"
    );
    assert!(!text.contains("Stations by state"));
    // A wall has room for one of them.
    assert_eq!(text.matches("class=\"result beside\"").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_correction_that_changes_no_vote_says_so() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut shown = standings(&night.records, head(&night), night.state.tally());
    stage.show(&night, 1);
    shown.corrections = vec![Correction::default()];
    let text = show(&stage, &mut shown).await;
    assert!(
        text.contains("No vote changed.") && !text.contains("Votes 0 →"),
        "{text}"
    );
}

// Where a language is missing, the others stand in in one order.
#[tokio::test(start_paused = true)]
async fn a_missing_language_is_that_of_english_russian_kazakh_then_any() {
    let stage = stage();
    let mut night = lively(&small(3, 4));
    let mut title = async |texts: &[(&str, &str)], language: &str| {
        let title = texts
            .iter()
            .map(|(code, text)| ((*code).to_owned(), (*text).to_owned()));
        let presentation = Presentation {
            title: title.collect(),
            ..Presentation::default()
        };
        let reason = String::from("a title");
        let presentation = Box::new(presentation);
        night
            .run(Command::AmendPresentation {
                presentation,
                reason,
            })
            .unwrap();
        stage.show(&night, head(&night));
        let mut viewer = stage.watch(whole(), None).await.unwrap();
        viewer.until(head(&night)).await;
        let (_, text) = get(&stage, PAGE, language).await;
        let title = text.split("data-slot=\"title\">").nth(1).unwrap();
        title.split('<').next().unwrap().to_owned()
    };
    let two = [("kk", "Сайлау"), ("ru", "Выборы")];
    assert_eq!(title(&two, "kk").await, "Сайлау");
    assert_eq!(title(&two, "en").await, "Выборы");
    let english = [("en", "Elections"), ("ru", "Выборы")];
    assert_eq!(title(&english, "kk").await, "Elections");
    assert_eq!(title(&[("de", "Wahl")], "en").await, "Wahl");
}
