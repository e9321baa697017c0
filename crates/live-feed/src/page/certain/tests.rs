//! Sentences of what is certain, in each language.

use super::*;
use wire::common::v1::BoundedUnits;

fn certain(ballots: u64) -> CertainSeats {
    CertainSeats {
        outstanding: Some(OutstandingBallots {
            ballots_most: Some(ballots),
            units: vec![
                BoundedUnits {
                    basis: BoundsBasis::BallotsIssued.into(),
                    units: 3,
                    ballots_most: ballots,
                },
                BoundedUnits {
                    basis: BoundsBasis::Roll.into(),
                    units: 1,
                    ballots_most: 0,
                },
            ],
            units_unbounded: 0,
            electorate_rest: None,
        }),
        no_claim: String::new(),
        seats_secured: 22,
        is_all_secured: false,
        next: Vec::new(),
        districts_without_claim: 0,
        coalitions: Vec::new(),
    }
}

#[test]
fn the_next_seat_has_as_many_ballots_as_are_enough() {
    let names = [String::from("Aq Jol"), String::from("Auyl")];
    assert_eq!(
        next_said(Language::En, &names[..1], 1_234),
        "A seat more would be secured by the next 1,234 ballots, if all were for Aq Jol."
    );
    assert!(next_said(Language::En, &names, 1).contains("next 1 ballot, if"));
    assert!(next_said(Language::En, &names, 2).ends_with("for Aq Jol or Auyl."));
    assert!(next_said(Language::Ru, &names, 21).contains("хватит 21 бюллетеня,"));
    assert!(
        next_said(Language::Ru, &names, 11)
            .contains("11 бюллетеней, если все они — за Aq Jol или Auyl.")
    );
    assert!(next_said(Language::Kk, &names, 5).contains("келесі 5 бюллетень жетеді"));
}

#[test]
fn districts_without_a_claim_are_told_and_no_number_of_ballots() {
    let mut certain = certain(12_345);
    certain.districts_without_claim = 2;
    certain.outstanding.as_mut().unwrap().ballots_most = None;
    let english = said(Language::En, &certain, 39);
    assert_eq!(
        english,
        "Secured: 22 of 39 seats, unless a counted station is corrected, annulled or recounted; based on ballots issued. \
         Districts of which nothing is said, all of their seats open: 2."
    );
    for language in [Language::En, Language::Ru, Language::Kk] {
        let text = said(language, &certain, 39);
        assert!(text.ends_with(": 2.") && text.contains("22"), "{text}");
    }
}

#[test]
fn the_sentence_says_what_it_rests_on_and_never_final() {
    let english = said(Language::En, &certain(12_345), 39);
    assert_eq!(
        english,
        "Secured: 22 of 39 seats, unless a counted station is corrected, annulled or recounted; based on ballots issued. \
         Outstanding: at most 12,345 ballots."
    );
    assert!(said(Language::En, &certain(1), 39).ends_with("at most 1 ballot."));
    assert!(said(Language::Ru, &certain(21), 39).ends_with("не более 21 бюллетеня."));
    assert!(said(Language::Ru, &certain(12), 39).ends_with("не более 12 бюллетеней."));
    assert!(said(Language::Kk, &certain(21), 39).contains("негізі: берілген бюллетеньдер"));
    assert!(said(Language::En, &certain(0), 39).ends_with("No ballot is outstanding."));
    let unbounded = CertainSeats {
        no_claim: String::from("UNBOUNDED"),
        outstanding: Some(OutstandingBallots {
            units_unbounded: 7,
            ..OutstandingBallots::default()
        }),
        ..CertainSeats::default()
    };
    assert!(said(Language::En, &unbounded, 39).ends_with("nothing bounds: 7."));
}
