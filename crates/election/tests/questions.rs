//! What is asked about a district, the lots that can answer it, and declared seats against it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use apportionment::{
    Bonus, BonusCounting, BonusSeats, BonusTo, Contest, Method, Outcome, Rescue, Rules, Silence,
    Threshold, allocate,
};
use election::allocation::{Question, engine_rules, lots_left_out};
use election::command::Command;
use election::counts::Counter;
use election::declaration::{Finding, check_declaration};
use election::definition::OptionRole;
use election::event::{Event, Lot};
use election::ids::{ContestId, DistrictId, OptionId};
use election::profile::Profile;
use election::report::{RefusalCode, Report};
use election::rules::{BaseRule, ComparisonRule, ThresholdRule, TierStageRule, TiersRule};
use election::standings::SeatsResult;
use support::{Night, attribution, small};

fn question(contest: Contest, rules: Rules) -> (Question, SeatsResult) {
    let question = Question {
        options: (0..).take(contest.lists.len()).collect(),
        contest,
        rules,
        lots: Vec::new(),
    };
    let allocation = allocate(&question.contest, &question.rules, &[]).unwrap();
    (question, SeatsResult::Allocated(allocation))
}

/// The findings on a declared row, with the whole quotas that the text names.
fn quotas_named(question: &(Question, SeatsResult), rows: &[(u32, u32)]) -> Option<Option<u32>> {
    let findings = check_declaration(&question.0, &question.1, rows);
    findings.iter().find_map(|finding| match finding {
        Finding::RowDiffers { whole_quotas, .. } => Some(*whole_quotas),
        _ => None,
    })
}

#[test]
fn a_quotient_is_named_only_where_it_decides() {
    let votes = [12_500, 750, 750, 750, 750, 750, 750, 750, 750, 750, 750];
    let council = engine_rules(
        &Profile::named("nl-council-large").unwrap().law.rules,
        false,
    );
    let large = question(Contest::with_votes(20, &votes), council);
    assert_eq!(quotas_named(&large, &[(0, 17)]), Some(None));
    let plain = question(Contest::with_votes(20, &votes), Rules::of(Method::HARE));
    assert_eq!(quotas_named(&plain, &[(0, 17)]), Some(Some(12)));
    let bonus = Rules {
        bonus: Some(Bonus {
            to: BonusTo::MostVotes,
            seats: BonusSeats::Fixed(4),
            counting: BonusCounting::Beside,
            votes_min: None,
            others_max: None,
        }),
        ..Rules::of(Method::HARE)
    };
    let bonus = question(Contest::with_votes(20, &votes), bonus);
    assert_eq!(quotas_named(&bonus, &[(0, 1)]), Some(None));
}

/// 90, 5 and 5 votes: whichever runner-up the lot falls on has two seats.
#[test]
fn a_runner_up_of_an_open_tie_is_no_list_without_a_right_to_seats() {
    let rules = Rules {
        threshold: Some(Threshold::of_list_votes(7, 100)),
        rescue: Some(Rescue::KAZAKHSTAN_2021),
        ..Rules::of(Method::HARE)
    };
    let (question, result) = question(Contest::with_votes(39, &[90, 5, 5]), rules);
    let findings = check_declaration(&question, &result, &[(0, 37), (1, 2)]);
    assert_eq!(findings, []);
    let findings = check_declaration(&question, &result, &[(0, 35), (1, 4)]);
    assert!(
        matches!(findings.last(), Some(Finding::RowDiffers { option: 1, .. })),
        "{findings:?}"
    );
}

/// Whoever says that an article was read says it in the rule: a profile of another election has not.
#[test]
fn a_rescue_is_unverified_unless_its_rule_says_that_it_was_read() {
    let silences = |name: &str| {
        let rules = engine_rules(&Profile::named(name).unwrap().law.rules, false);
        let mut contest = Contest::with_votes(39, &[90, 4, 3]);
        contest.base.valid_and_against_all = Some(97);
        let allocation = allocate(&contest, &rules, &[]).unwrap();
        assert_eq!(allocation.outcome, Outcome::Settled);
        [Silence::RunnerUpAdmission, Silence::RunnerUpFactor]
            .map(|one| allocation.silences.contains(&one))
    };
    assert_eq!(silences("kz-mazhilis-2021"), [false, false]);
    assert_eq!(silences("kz-maslihat-2021"), [true, true]);
    assert_eq!(silences("kz-2023"), [true, true]);
}

fn draw(stage: u32, tied: [usize; 2]) -> Command {
    let options = tied.map(|number| OptionId::new(&format!("o{number}")).unwrap());
    Command::DrawLot {
        contest: ContestId::new("list").unwrap(),
        district: DistrictId::new("city").unwrap(),
        stage,
        winners: vec![options[0].clone()],
        tied: options.to_vec(),
        seats: 1,
        attribution: attribution(),
    }
}

#[test]
fn a_lot_that_can_name_no_tie_is_refused() {
    let mut definition = small(3, 1);
    definition.ballot.contests[0].districts[0].options[2].role = OptionRole::AgainstAll;
    let mut night = Night::begin(&definition);
    let refusal = night.run(draw(99, [0, 1])).unwrap_err();
    assert_eq!(
        (refusal.code, &*refusal.field),
        (RefusalCode::Shape, "stage")
    );
    let refusal = night.run(draw(0, [0, 2])).unwrap_err();
    assert_eq!(refusal.field, "tied_option_ids[1]");
    assert_eq!(night.run(draw(0, [0, 1])), Ok(1));

    let mut definition = small(3, 1);
    let law = &mut definition.rules.contests[0];
    law.tiers = Some(TiersRule {
        stages: vec![TierStageRule::Districts {
            admission: Default::default(),
            chain: std::mem::take(&mut law.stages),
        }],
        ..TiersRule::default()
    });
    let mut night = Night::begin(&definition);
    let refusal = night.run(draw(0, [0, 1])).unwrap_err();
    assert_eq!(refusal.field, "contest_id");
}

/// A log that was written before such lots were refused.
#[test]
fn a_recorded_lot_that_can_name_no_tie_is_kept_as_void() {
    let mut night = Night::begin(&small(3, 1));
    let lot = |stage| Lot {
        contest: 0,
        district: 0,
        stage,
        tied: vec![0, 1],
        seats: 1,
        winners: vec![0],
        attribution: attribution(),
    };
    night.record(Event::LotDrawn(lot(99)));
    night.record(Event::LotDrawn(lot(0)));
    let tally = night.state.tally();
    let question = Question::of(tally, 0, 0).unwrap();
    assert_eq!(question.lots.len(), 1);
    let void: Vec<u32> = lots_left_out(tally, (0, 0), &question.options)
        .into_iter()
        .map(|(lot, has_changed)| {
            assert!(!has_changed);
            lot.stage
        })
        .collect();
    assert_eq!(void, [99]);
}

/// Ten votes for lists and five against all: fifteen, whether or not the form counts those against all once more.
#[test]
fn votes_against_all_are_in_a_base_once() {
    for form in [vec![], vec![(Counter::AgainstAll, 5)]] {
        let mut definition = small(3, 1);
        definition.ballot.contests[0].districts[0].options[2].role = OptionRole::AgainstAll;
        definition.rules.contests[0].threshold = Some(ThresholdRule {
            share: [5, 100],
            comparison: ComparisonRule::AtLeast,
            per_seat: false,
            direct_seats_min: None,
            in_one_district: None,
            base: BaseRule::ValidAndAgainstAll,
            minorities_exempt: false,
            coalitions: Vec::new(),
        });
        let mut night = Night::begin(&definition);
        let report = Report {
            form,
            ..night.full("u0", 1, &[7, 3, 5])
        };
        night.submit(report);
        let question = Question::of(night.state.tally(), 0, 0).unwrap();
        assert_eq!(question.contest.base.valid_and_against_all, Some(15));
        assert_eq!(question.contest.base.valid_votes, Some(10));
    }
}
