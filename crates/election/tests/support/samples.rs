//! One event of every kind, with every field in use, and one submission and outcome of every kind.

use super::{LOG, attribution, key, small, unit};
use election::counts::{Counter, Counts, Form};
use election::definition::{Hash, Register};
use election::event::{
    Counted, Declaration, DeclarationAbove, Event, Lot, PlacesLot, PlacesStage, Slot, SlotMove,
    SlotState, TiedPlace, Turnout,
};
use election::ids::{AreaId, CountingGroupId, DistrictId, OptionId, Revision, Timestamp, UnitId};
use election::publication::{PublicationClass, PublicationMode};
use election::report::{
    DuplicateStanding, HoldCode, HoldReason, Outcome, Refusal, RefusalCode, Report, ReportKind,
    TurnoutReport, UnitStatus, Warning,
};
use election::stage::{Mark, Stage};
use election::submission::Submission;

const SLOT: Slot = Slot {
    unit: 0x0102_0304,
    district: 0x0506,
    contest: 7,
    counting_group: 8,
};

pub fn counts(votes: &[u32]) -> Counts {
    let mut form = Form::EMPTY;
    form.set(Counter::RollAtClose, 1_000);
    form.set(Counter::Invalid, 3);
    Counts {
        votes: votes.to_vec(),
        form,
    }
}

fn slot_move() -> SlotMove {
    SlotMove {
        before: SlotState {
            status: UnitStatus::Expected,
            counted: false,
            pending: true,
        },
        after: SlotState {
            status: UnitStatus::Complete,
            counted: true,
            pending: false,
        },
    }
}

fn counted() -> Counted {
    Counted {
        slot: SLOT,
        version: 2,
        kind: ReportKind::Correction,
        counts: counts(&[10, 20, 4_000_000_000]),
        replaced: Some(counts(&[9, 21, 0])),
        slot_move: slot_move(),
        attribution: Some(attribution()),
    }
}

fn hold_reasons() -> Vec<HoldReason> {
    vec![
        HoldReason::IdentityBroken {
            identity: 1,
            left: 2,
            right: 3,
        },
        HoldReason::BallotsOverRoll {
            ballots: 4,
            roll: 5,
        },
        HoldReason::VotesOverValid { votes: 6, limit: 7 },
        HoldReason::VersionJump {
            counted: 8,
            version: 9,
        },
        HoldReason::FallWithoutCorrection {
            option: 10,
            before: 11,
            after: 12,
        },
        HoldReason::LeadMoved {
            moved: 13,
            electorate: 14,
        },
        HoldReason::UnitStatus(UnitStatus::Merged),
        HoldReason::CounterFalls {
            counter: Counter::Papers,
            before: 16,
            after: Some(15),
        },
    ]
}

/// An event of every kind, by the name of its golden file.
pub fn events() -> Vec<(&'static str, Event)> {
    let definition = small(3, 1);
    let reason = || String::from("Decree No 7");
    let mut station = unit("u1", Some(1_200));
    station.area = Some(AreaId::new("medeu").unwrap());
    station.name = "School No 12, «Қазақстан»".into();
    station.counting_groups = vec![CountingGroupId::new("all").unwrap()];
    vec![
        (
            "defined",
            Event::Defined {
                log_id: LOG,
                ballot: Box::new(definition.ballot),
                rules: Box::new(definition.rules.clone()),
                presentation: Box::new(definition.presentation.clone()),
                areas: Box::new(Register {
                    electorate: Some(1_000),
                    ..Register::default()
                }),
                unit_count: 2,
                register_hash: Hash([5; 32]),
            },
        ),
        (
            "units_registered",
            Event::UnitsRegistered {
                first_index: 3,
                units: vec![unit("u0", None), station.clone()],
                reason: Some(reason()),
            },
        ),
        (
            "unit_amended",
            Event::UnitAmended {
                index: 4,
                unit: station,
                former_roll: Some(1_000),
                reason: reason(),
            },
        ),
        (
            "rules_amended",
            Event::RulesAmended {
                rules: Box::new(definition.rules),
                reason: reason(),
            },
        ),
        (
            "presentation_amended",
            Event::PresentationAmended {
                presentation: Box::new(definition.presentation),
                reason: reason(),
            },
        ),
        (
            "report_counted",
            Event::ReportCounted {
                counted: counted(),
                warnings: vec![
                    Warning::ManyZeros {
                        zeros: 4,
                        options: 5,
                    },
                    Warning::IssuedOverRoll {
                        issued: 12,
                        roll: 11,
                    },
                ],
            },
        ),
        (
            "report_held",
            Event::ReportHeld {
                slot: SLOT,
                version: 3,
                kind: ReportKind::Full,
                codes: HoldCode::ALL.to_vec(),
                conflicts_with: Some(Revision(17)),
                slot_move: slot_move(),
                attribution: Some(attribution()),
                counts: Some(counts(&[1, 2, 3])),
                reasons: hold_reasons(),
            },
        ),
        (
            "released",
            Event::Released {
                counted: counted(),
                held_revision: Revision(18),
                reason: reason(),
            },
        ),
        (
            "rejected",
            Event::Rejected {
                slot: SLOT,
                held_revision: Revision(18),
                slot_move: slot_move(),
                reason: reason(),
            },
        ),
        (
            "withdrawn",
            Event::Withdrawn {
                slot: SLOT,
                version: 4,
                replaced: Some(counts(&[1, 2, 3])),
                slot_move: slot_move(),
                attribution: attribution(),
            },
        ),
        (
            "status_set",
            Event::StatusSet {
                slot: SLOT,
                replaced: Some(counts(&[1, 2, 3])),
                slot_move: slot_move(),
                merged_into: Some(9),
                attribution: attribution(),
            },
        ),
        (
            "turnout_counted",
            Event::TurnoutCounted {
                unit: 5,
                district: 6,
                version: 7,
                ballots_issued: 800,
                is_final: true,
                replaced: Some(Turnout {
                    ballots_issued: 900,
                    is_final: false,
                }),
                attribution: Some(attribution()),
            },
        ),
        (
            "lot_drawn",
            Event::LotDrawn(Lot {
                contest: 1,
                district: 2,
                stage: 3,
                tied: vec![4, 5, 6],
                seats: 2,
                winners: vec![4, 6],
                attribution: attribution(),
            }),
        ),
        (
            "candidates_changed",
            Event::CandidatesChanged {
                contest: 1,
                district: 2,
                option: 3,
                candidates: 14,
                effective: "2021-01-09".into(),
                reason: reason(),
            },
        ),
        (
            "class_opened",
            Event::ClassOpened {
                class: PublicationClass::Results,
                opens_at: Timestamp(-1),
            },
        ),
        (
            "publication_moved",
            Event::PublicationMoved {
                mode: PublicationMode::HoldAt(Revision(40)),
                reason: reason(),
            },
        ),
        (
            "stage_set",
            Event::StageSet {
                stage: Stage::CompleteUnofficial,
                reason: reason(),
            },
        ),
        (
            "mark_set",
            Event::MarkSet {
                mark: Mark::Annulled,
                is_set: true,
                reason: reason(),
            },
        ),
        (
            "declared",
            Event::Declared(Declaration {
                contest: 1,
                district: 2,
                seats: vec![(0, 29), (1, 4), (3, 3)],
                attribution: attribution(),
            }),
        ),
        (
            "certified",
            Event::Certified {
                attribution: attribution(),
            },
        ),
        (
            "places_drawn",
            Event::PlacesDrawn(PlacesLot {
                contest: 1,
                at: PlacesStage {
                    stage: 2,
                    round: 1,
                    inner: 3,
                },
                tied: vec![
                    place(Some("north"), "a", None),
                    place(Some("south"), "b", Some("s-7")),
                    place(None, "c", None),
                ],
                seats: 1,
                winners: vec![place(None, "c", None)],
                attribution: attribution(),
            }),
        ),
        (
            "declared_above",
            Event::DeclaredAbove(DeclarationAbove {
                contest: 1,
                district: Some(DistrictId::new("upper").unwrap()),
                seats: vec![
                    (OptionId::new("a").unwrap(), 29),
                    (OptionId::new("b").unwrap(), 4),
                ],
                attribution: attribution(),
            }),
        ),
        (
            "declared_whole",
            Event::DeclaredAbove(DeclarationAbove {
                contest: 0,
                district: None,
                seats: vec![(OptionId::new("a").unwrap(), 3)],
                attribution: attribution(),
            }),
        ),
    ]
}

fn place(district: Option<&str>, option: &str, constituency: Option<&str>) -> TiedPlace {
    let district_id = |id: Option<&str>| id.map(|id| DistrictId::new(id).unwrap());
    TiedPlace {
        district: district_id(district),
        option: OptionId::new(option).unwrap(),
        constituency: district_id(constituency),
    }
}

/// A submission of each kind, by the name of its golden file.
pub fn submissions() -> Vec<(&'static str, Submission)> {
    let report = Report {
        key: key("u0"),
        version: 2,
        kind: ReportKind::Correction,
        ballot_hash: Hash([6; 32]),
        votes: vec![(0, 10), (2, u64::MAX), (1, 20)],
        form: vec![(Counter::Invalid, 3), (Counter::RollAtClose, 1_000)],
        attribution: Some(attribution()),
    };
    let turnout = TurnoutReport {
        unit: UnitId::new("u0").unwrap(),
        version: 3,
        ballots_issued: 800,
        is_final: true,
        attribution: Some(attribution()),
    };
    let in_order = Report {
        kind: ReportKind::Full,
        votes: vec![(0, 10), (1, 20), (2, u64::from(u32::MAX))],
        form: vec![(Counter::RollAtClose, 1_000), (Counter::Invalid, 3)],
        attribution: None,
        ..report.clone()
    };
    vec![
        ("submission_report", Submission::Report(report)),
        ("submission_report_in_order", Submission::Report(in_order)),
        ("submission_turnout", Submission::Turnout(turnout)),
    ]
}

/// An outcome of each kind, by the name of its golden file.
pub fn outcomes() -> Vec<(&'static str, Outcome)> {
    let revision = Revision(42);
    vec![
        (
            "outcome_accepted",
            Outcome::Accepted {
                revision,
                warnings: vec![Warning::ManyZeros {
                    zeros: 4,
                    options: 5,
                }],
            },
        ),
        (
            "outcome_duplicate",
            Outcome::Duplicate {
                revision,
                standing: DuplicateStanding::Waiting,
            },
        ),
        (
            "outcome_superseded",
            Outcome::Superseded {
                revision,
                counted_version: 6,
            },
        ),
        (
            "outcome_held",
            Outcome::Held {
                revision,
                reasons: hold_reasons(),
            },
        ),
        (
            "outcome_conflict",
            Outcome::Conflict {
                revision,
                other_revision: Revision(41),
            },
        ),
        (
            "outcome_refused",
            Outcome::Refused(Refusal::new(
                RefusalCode::BallotFrozen,
                "ballot_hash",
                "x",
                "must be y",
            )),
        ),
    ]
}
