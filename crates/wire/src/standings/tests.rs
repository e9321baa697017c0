//! Standings of tallies, as they are sent.

mod certain;

use super::*;
use apportionment::ContestError;
use common::FindingCode;
use election::counts::{Counts, Form};
use election::definition::{Definition, Hash, Register};
use election::event::{Counted, Event, Recorded, Slot, SlotMove, SlotState};
use election::ids::{LogId, Timestamp};
use election::report::{Attribution, ReportKind, UnitStatus};
use election::standings::{SeatsResult, district_seats};

const DEFINITION: &str = r#"
[ballot]
election = "demo-almaty-2021"
is_test = true
contests = [{ id = "list", districts = [
    { id = "almaty", options = [
        { id = "nur-otan", candidates = 78 }, { id = "aq-jol", candidates = 15 }, { id = "auyl", candidates = 6 },
        { id = "qhp", candidates = 14 }, { id = "adal", candidates = 5 },
    ] },
    { id = "elsewhere", options = [{ id = "adal" }, { id = "against", role = "against-all" }, { id = "nur-otan" }] },
] }]

[register]
electorate = 1101818
units = [{ id = "demo-001", district = "almaty", roll = 900000 }, { id = "demo-002", district = "elsewhere" }]

[rules]
house_size = 44

[[rules.contests]]
id = "list"
districts = [{ id = "almaty", seats = 39 }, { id = "elsewhere", seats = 5 }]
threshold = { share = [7, 100], base = "list-votes" }
stages = [{ method = "largest-remainder", quota = "hare" }]
"#;

fn attribution() -> Attribution {
    Attribution {
        by: "commission".into(),
        reason: "protocol 7".into(),
    }
}

fn counted(unit: u32, votes: &[u32]) -> Event {
    let after = SlotState {
        status: UnitStatus::Complete,
        counted: true,
        pending: false,
    };
    Event::ReportCounted {
        counted: Counted {
            slot: Slot {
                unit,
                district: u16::try_from(unit).unwrap(),
                contest: 0,
                counting_group: 0,
            },
            version: 1,
            kind: ReportKind::Full,
            counts: Counts {
                votes: votes.to_vec(),
                form: Form::EMPTY,
            },
            replaced: None,
            slot_move: SlotMove {
                before: SlotState::default(),
                after,
            },
            attribution: None,
        },
        warnings: Vec::new(),
    }
}

fn tally(events: Vec<Event>) -> Tally {
    let Definition {
        ballot,
        register,
        rules,
        presentation,
    } = toml::from_str(DEFINITION).unwrap();
    let Register {
        electorate,
        areas,
        units,
    } = register;
    let first = [
        Event::Defined {
            log_id: LogId([1; 16]),
            ballot: Box::new(ballot),
            rules: Box::new(rules),
            presentation: Box::new(presentation),
            areas: Box::new(Register {
                electorate,
                areas,
                units: Vec::new(),
            }),
            unit_count: 2,
            register_hash: Hash::default(),
        },
        Event::UnitsRegistered {
            first_index: 0,
            units,
            reason: None,
        },
    ];
    let mut recorded = (1..)
        .zip(first.into_iter().chain(events))
        .map(|(revision, event)| Recorded {
            revision: Revision(revision),
            time: Timestamp(i64::try_from(revision).unwrap() * 1_000_000),
            principal: String::new(),
            event,
        });
    let mut tally = Tally::begin(&recorded.next().unwrap()).unwrap();
    recorded.for_each(|recorded| tally.apply(&recorded).unwrap());
    tally
}

fn of(tally: &Tally, change: impl FnOnce(&mut Vec<DistrictSeats>)) -> proto::Standings {
    let mut seats: Vec<_> = (0..2)
        .map(|district| district_seats(tally, 0, district).unwrap())
        .collect();
    change(&mut seats);
    standings(
        tally,
        |_, district| seats.get(district),
        |_| None,
        |_, _| None,
    )
}

fn almaty() -> Event {
    counted(0, &[218_003, 32_367, 24_591, 23_388, 21_733])
}

#[test]
fn before_the_first_report_the_shape_is_whole_and_the_counts_are_empty() {
    let empty = of(&tally(Vec::new()), |_| ());
    assert_eq!(
        (empty.election_id.as_str(), empty.is_test, empty.house_size),
        ("demo-almaty-2021", true, 44)
    );
    assert_eq!(empty.token.as_ref().unwrap().revision, 2);
    assert_eq!(
        (empty.stage(), empty.last_counted_time.is_none()),
        (common::Stage::PreElection, true)
    );
    assert_eq!(empty.parts.len(), 4);
    let contest = &empty.contests[0];
    assert_eq!((contest.state(), contest.seats), (SeatsState::NoneYet, 44));
    let seats = contest.options[0].seats.as_ref().unwrap();
    assert_eq!(
        (seats.state(), seats.seats),
        (SeatsState::NoneYet, None),
        "not reported is never zero"
    );
    assert_eq!(
        contest
            .totals
            .as_ref()
            .unwrap()
            .states
            .as_ref()
            .unwrap()
            .tallies,
        2
    );
    assert_eq!(empty.turnout.unwrap().electorate, Some(1_101_818));
}

#[test]
fn f28_seats_of_districts_without_votes_are_nobodys_only_while_there_are_no_votes_at_all() {
    let unassigned = |events: Vec<Event>| {
        let contest = of(&tally(events), |_| ()).contests.remove(0);
        (contest.state(), contest.seats, contest.seats_unassigned)
    };
    assert_eq!(unassigned(Vec::new()), (SeatsState::NoneYet, 44, 44));
    // The district with 39 seats has votes, the other has none: its five are still to come.
    assert_eq!(unassigned(vec![almaty()]), (SeatsState::Provisional, 44, 0));
    // That no list takes part in one district, while another waits for its votes, says nothing of all seats.
    let (none, nobody) = (SeatsState::NoneYet, SeatsState::Unassigned);
    for (one, other) in [(none, nobody), (nobody, none)] {
        assert_eq!(together(one, other), SeatsState::Provisional);
    }
}

#[test]
fn an_option_is_summed_over_districts_by_its_id() {
    let standings = of(&tally(vec![almaty(), counted(1, &[70, 5, 30])]), |_| ());
    assert_eq!(
        standings.last_counted_time,
        Some(timestamp(Timestamp(4_000_000)))
    );
    let contest = &standings.contests[0];
    let row = |id: &str| {
        contest
            .options
            .iter()
            .find(|option| option.option_id == id)
            .unwrap()
    };
    assert_eq!(
        (
            row("nur-otan").votes,
            row("adal").votes,
            row("against").votes
        ),
        (218_033, 21_803, 5)
    );
    let seats = |id: &str| row(id).seats.as_ref().unwrap().seats;
    // 70 and 30 votes of 100 at five seats: quota 20, remainders 10 and 10.
    assert_eq!(
        (seats("nur-otan"), seats("adal"), seats("qhp")),
        (Some(30), Some(3), Some(3))
    );
    assert_eq!(
        (row("against").seats.is_none(), row("against").role()),
        (true, common::OptionRole::AgainstAll)
    );
    let tied = row("adal").seats.as_ref().unwrap();
    assert_eq!(
        (contest.state(), tied.state(), tied.seats_most),
        (SeatsState::Tied, SeatsState::Tied, Some(4))
    );
    assert_eq!(
        row("qhp").seats.as_ref().unwrap().state(),
        SeatsState::Provisional,
        "a tie elsewhere leaves it alone"
    );
    assert_eq!(contest.districts[1].votes, [70, 5, 30]);
    assert_eq!(contest.totals.as_ref().unwrap().votes, 320_187);
}

#[test]
fn a_district_without_votes_yet_adds_nothing_and_hides_nothing() {
    let standings = of(&tally(vec![almaty()]), |_| ());
    let contest = &standings.contests[0];
    let seats: Vec<_> = contest.options[..5]
        .iter()
        .map(|row| row.seats.as_ref().unwrap().seats)
        .collect();
    assert_eq!(seats, [29, 4, 3, 3, 0].map(Some));
    assert_eq!(contest.state(), SeatsState::Provisional);
    assert_eq!(
        contest.districts[1].allocation.as_ref().unwrap().state(),
        SeatsState::NoneYet
    );
}

/// F1: where the verifier refuses one district, no sum that it is part of is shown.
#[test]
fn a_withheld_district_withholds_the_sums_that_it_is_part_of() {
    let standings = of(&tally(vec![almaty(), counted(1, &[70, 5, 30])]), |seats| {
        let SeatsResult::Allocated(allocation) = seats[1].result.clone() else {
            panic!("verified")
        };
        seats[1].result = SeatsResult::Withheld {
            allocation,
            objections: vec!["wrong".into()],
        };
    });
    let contest = &standings.contests[0];
    let row = |place: usize| contest.options[place].seats.as_ref().unwrap();
    assert_eq!((row(0).state(), row(0).seats), (SeatsState::Withheld, None));
    assert_eq!(
        (row(1).state(), row(1).seats),
        (SeatsState::Provisional, Some(4)),
        "aq-jol stands only in almaty"
    );
    assert_eq!(contest.state(), SeatsState::Withheld);
    let unknown = of(&tally(vec![almaty()]), |seats| {
        seats[1].result = SeatsResult::Unknown(ContestError::RescueNeedsQuota);
    });
    assert_eq!(
        unknown.contests[0].options[0].seats.as_ref().unwrap().seats,
        None
    );
}

/// A table that circulated for Almaty 2021 said 29/15/3/3.
#[test]
fn a_declared_result_is_shown_beside_ours_with_what_is_wrong_with_it() {
    let declaration = Declaration {
        contest: 0,
        district: 0,
        seats: vec![(0, 29), (1, 15), (2, 3), (3, 3)],
        attribution: attribution(),
    };
    let certified = Event::Certified {
        attribution: attribution(),
    };
    let standings = of(
        &tally(vec![almaty(), Event::Declared(declaration), certified]),
        |_| (),
    );
    assert_eq!(standings.stage(), common::Stage::Certified);
    assert_eq!(standings.certification.as_ref().unwrap().revision, 5);
    let district = &standings.contests[0].districts[0];
    let lists = &district.allocation.as_ref().unwrap().lists;
    let rows: Vec<_> = lists
        .iter()
        .map(|list| list.seats.as_ref().unwrap())
        .map(|seats| (seats.seats.unwrap(), seats.seats_declared.unwrap()))
        .collect();
    assert_eq!(rows, [(29, 29), (4, 15), (3, 3), (3, 3), (0, 0)]);
    let declared = district.declaration.as_ref().unwrap();
    assert_eq!(
        (
            declared.revision,
            declared.rows[1].option_id.as_str(),
            declared.rows[1].seats
        ),
        (4, "aq-jol", 15)
    );
    let codes: Vec<_> = declared
        .findings
        .iter()
        .map(|finding| (finding.code(), finding.option_id.as_str()))
        .collect();
    let expected = [
        (FindingCode::HouseSize, ""),
        (FindingCode::RowDiffers, "aq-jol"),
        (FindingCode::EqualsCandidates, "aq-jol"),
    ];
    assert_eq!(codes, expected);
    let [house, row, _] = &declared.findings[..] else {
        panic!("three findings")
    };
    assert_eq!((house.declared, house.limit), (50, Some(39)));
    assert_eq!(
        (row.declared, row.expected_fewest, row.whole_quotas),
        (15, Some(4), Some(4))
    );
    let nationwide = standings.contests[0].options[1]
        .seats
        .as_ref()
        .unwrap()
        .seats_declared;
    assert_eq!(nationwide, Some(15));
    let nur_otan = standings.contests[0].options[0]
        .seats
        .as_ref()
        .unwrap()
        .seats_declared;
    assert_eq!(nur_otan, None, "one district of two is declared");
}

#[test]
fn every_finding_has_its_code_and_words() {
    let ballot = tally(Vec::new()).outline.ballot.contests[0].districts[0].clone();
    let eligibility = apportionment::Eligibility::BelowThreshold;
    let cases = [
        (
            Finding::ListLength {
                option: 2,
                declared: 7,
                candidates: 6,
            },
            FindingCode::ListLength,
            Some(6),
        ),
        (
            Finding::NotEligible {
                option: 4,
                declared: 1,
                eligibility,
            },
            FindingCode::NotEligible,
            Some(0),
        ),
        (
            Finding::NoList {
                option: 1,
                declared: 1,
            },
            FindingCode::NoList,
            Some(0),
        ),
        (
            Finding::NothingToCompare,
            FindingCode::NothingToCompare,
            None,
        ),
    ];
    for (found, code, expected_most) in cases {
        let message = finding(&ballot, &found);
        assert_eq!(
            (message.code(), message.expected_most),
            (code, expected_most)
        );
        assert_eq!(message.text, found.to_string());
    }
}
