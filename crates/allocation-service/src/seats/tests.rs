//! Seats that the verifier refuses give nothing away.

use super::*;
use election::standings::answer;
use metrics::{Key, KeyName, Metadata, SharedString, Unit};
use wire::AllocationRequest;
use wire::allocation::v1::stage::Method;
use wire::allocation::v1::{
    AllocateRequest, AllocationList, AllocationRules, Exhausted, ExplanationStyle, HighestAverages,
    Stage, VoidLot, VoidLotReason,
};
use wire::common::v1::SeatsState;

fn question() -> AllocationRequest {
    let list = |id: &str, votes| AllocationList {
        option_id: id.into(),
        votes,
        ..Default::default()
    };
    let request = AllocateRequest {
        seats: 7,
        lists: vec![list("a", 530), list("b", 240), list("c", 230)],
        rules: Some(AllocationRules {
            stages: vec![Stage {
                method: Some(Method::HighestAverages(HighestAverages {
                    divisors: wire::allocation::v1::Divisors::DHondt.into(),
                    first: None,
                    exponent: None,
                })),
                ..Default::default()
            }],
            exhausted: Exhausted::NextList.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    AllocationRequest::try_from(request).expect("the question is sound")
}

fn explained(result: &SeatsResult) -> Allocation {
    explained_with(result, Vec::new())
}

fn explained_with(result: &SeatsResult, void_lots: Vec<VoidLot>) -> Allocation {
    let AllocationRequest {
        option_ids,
        question,
        ..
    } = question();
    let ids: Vec<String> = option_ids.iter().map(ToString::to_string).collect();
    let mut allocation = Lists::new(&ids).allocation(&question, result);
    allocation.void_lots = void_lots;
    let all = Explained {
        steps: true,
        margins: true,
        words: Style::try_from(&ExplanationStyle {
            language: "en".into(),
            ..ExplanationStyle::default()
        })
        .ok(),
    };
    let labels = Labels {
        names: ids.clone(),
        ..Labels::default()
    };
    let explained = (&question, result);
    explain(&mut allocation, &ids, explained, &labels, all, &|| false);
    allocation
}

/// A lot that is void because votes changed after the draw is told in words, by the names of its lists; another reason has words
/// of its own already.
#[test]
fn a_lot_drawn_on_other_votes_is_told() {
    let AllocationRequest { option_ids, .. } = question();
    let void = |reason: VoidLotReason| VoidLot {
        lot: Some(wire::allocation::v1::Lot {
            tied_option_ids: option_ids.iter().take(2).map(ToString::to_string).collect(),
            seats_at_stake: 1,
            ..Default::default()
        }),
        reason: reason.into(),
    };
    let result = answer(&question().question);
    let plain = explained(&result).explanation;
    let told = explained_with(&result, vec![void(VoidLotReason::TieChanged)]).explanation;
    let told = told
        .strip_prefix(plain.trim_end())
        .expect("it stands behind the rest");
    let told = told.replace('\u{a0}', " ");
    assert!(told.contains("Lots that were not used"), "{told}");
    let [one, other] = [&option_ids[0], &option_ids[1]];
    let said =
        format!("between {one}; {other} for 1 seat is void: the votes or the rules are others");
    assert!(told.contains(&said), "{told}");
    let other = explained_with(&result, vec![void(VoidLotReason::NoSuchTie)]).explanation;
    assert_eq!(other, plain);
}

#[test]
fn withheld_seats_are_not_in_steps_certificate_or_margins_either() {
    let result = answer(&question().question);
    let SeatsResult::Allocated(engine) = &result else {
        panic!("the allocators agree")
    };
    let shown = explained(&result);
    assert_eq!(shown.lists[0].seats.and_then(|it| it.seats), Some(4));
    assert!(!shown.steps.is_empty() && shown.certificate.is_some() && !shown.margins.is_empty());
    assert!(
        shown.explanation.contains("530 / 3 = 176.666…"),
        "{}",
        shown.explanation
    );

    // What the verifier says of a result that gives a seat to the wrong list (F1).
    let mut forged = engine.clone();
    forged.lists[0].seats += 1;
    forged.lists[1].seats -= 1;
    let AllocationRequest { question, .. } = question();
    let refusals =
        apportionment::verify(&question.contest, &question.rules, &question.lots, &forged)
            .expect_err("it is refused");
    let withheld = explained(&SeatsResult::Withheld {
        allocation: forged,
        objections: refusals.iter().map(ToString::to_string).collect(),
    });
    assert_eq!(withheld.state(), SeatsState::Withheld);
    assert!(!withheld.problem.is_empty());
    assert_eq!(withheld.lists[0].votes, 530);
    assert!(withheld.lists.iter().all(|list| {
        list.seats
            .is_some_and(|seats| seats.seats.is_none() && seats.seats_most.is_none())
    }));
    assert!(withheld.steps.is_empty() && withheld.certificate.is_none());
    assert!(withheld.margins.is_empty() && withheld.threshold_distances.is_empty());
    assert_eq!(withheld.explanation, "");
    assert!(withheld.ties.is_empty() && withheld.last_seat.is_none());
}

const LEVELLING: &str = r#"
[ballot]
election = "tiers-test"
[[ballot.contests]]
id = "list"
[[ballot.contests.districts]]
id = "north"
options = [{ id = "ash" }, { id = "birch" }]
[[ballot.contests.districts]]
id = "south"
options = [{ id = "ash" }, { id = "birch" }]
[register]
units = [{ id = "n", district = "north" }, { id = "s", district = "south" }]
[rules]
house_size = 5
[[rules.contests]]
id = "list"
districts = [{ id = "north", seats = 2 }, { id = "south", seats = 1 }]
[rules.contests.tiers]
further_seats = 2
stages = [
    { stage = "districts", chain = [{ method = "highest-averages", divisors = "sainte-lague" }] },
    { stage = "whole", chain = [{ method = "highest-averages", divisors = "sainte-lague" }], surplus = "kept" },
    { stage = "place", series = { step = 2 } },
]
"#;

/// The same election by double proportional seats.
fn double() -> String {
    let (before, _) = LEVELLING.split_once("[rules.contests.tiers]").unwrap();
    let before = before.replace("house_size = 5", "house_size = 3");
    format!("{before}[rules.contests.double_proportional]\n")
}

/// The tally of a definition with votes in both districts.
fn counted(definition: &str) -> Tally {
    let definition = election::definition::Definition::from_toml(definition).unwrap();
    let command = election::command::Command::Define {
        definition: Box::new(definition),
        log_id: election::ids::LogId([7; 16]),
    };
    let time = election::ids::Timestamp(1);
    let events = election::decide::decide(None, &command, time).unwrap();
    let mut events = (1..)
        .zip(events)
        .map(|(revision, event)| election::event::Recorded {
            revision: election::ids::Revision(revision),
            time,
            principal: String::new(),
            event,
        });
    let mut tally = Tally::begin(&events.next().unwrap()).unwrap();
    events.for_each(|event| tally.apply(&event).unwrap());
    tally.contests[0][0].votes = vec![61, 40];
    tally.contests[0][1].votes = vec![10, 20];
    tally
}

/// The standings with all that can be asked for, of this answer in place of the engine's.
fn told(tally: &Tally, result: election::districted::DistrictedResult) -> Standings {
    let tally = Arc::new(tally.clone());
    let moment = Moment::new(Arc::clone(&tally), tally.publication.clone(), 0);
    let question = contest_seats(&tally, 0).unwrap().question;
    let above = election::standings::judged(&tally, 0, question, result);
    let seats = Seats {
        districts: vec![vec![None, None]],
        above: vec![Some(above)],
        certain: vec![vec![None, None]],
    };
    alarm(&tally, &seats);
    let moment = moment.with_seats(seats);
    let mut sent = standings(&moment);
    let all = Explained {
        steps: true,
        margins: true,
        words: Style::try_from(&ExplanationStyle {
            language: "en".into(),
            ..ExplanationStyle::default()
        })
        .ok(),
    };
    explain_all(&mut sent, &moment, all, &|| false, |_, _| true);
    sent
}

/// What the verifier refuses is withheld, raises the alarm, and gives nothing away in any field: of tiers and of double
/// proportional seats alike. What it accepts has all of it.
#[test]
fn seats_over_districts_that_the_verifier_refuses_are_withheld() {
    use election::districted::{DistrictedAllocation, DistrictedResult, answer, judge};
    for definition in [LEVELLING.to_owned(), double()] {
        let tally = counted(&definition);
        let question = contest_seats(&tally, 0).unwrap().question;
        let DistrictedResult::Allocated(engine) = answer(&question) else {
            panic!("the allocators agree")
        };
        let sound = told(&tally, DistrictedResult::Allocated(engine.clone()));
        let over = sound.contests[0].over_districts.as_ref().unwrap();
        assert!(over.steps.as_ref().is_some_and(|steps| steps.verified));
        assert!(over.explanation.contains("Seats by district"));
        assert!(over.lists[0].seats.unwrap().seats.is_some());
        let mut forged = engine;
        let seats = match &mut forged {
            DistrictedAllocation::Tiers(tiers) => &mut tiers.seats,
            DistrictedAllocation::DoubleProportional(double) => {
                &mut double.lower.as_mut().unwrap().seats
            }
        };
        // One seat stands in the wrong district, so that all sums of lists are right (F1).
        let from = seats[0].iter().position(|held| *held > 0).unwrap();
        seats[0][from] -= 1;
        seats[1][from] += 1;
        let refused = judge(&question, forged);
        let DistrictedResult::Withheld { objections, .. } = &refused else {
            panic!("the verifier lets a seat in the wrong district pass")
        };
        assert!(!objections.is_empty());
        let alarms = Alarms::default();
        let sent = metrics::with_local_recorder(&alarms, || told(&tally, refused));
        assert_eq!(alarms.raised.load(std::sync::atomic::Ordering::Relaxed), 1);
        gives_nothing_away(&sent);
    }
}

/// Counts the alarm, and nothing else.
#[derive(Default)]
struct Alarms {
    raised: Arc<std::sync::atomic::AtomicU64>,
}

impl metrics::Recorder for Alarms {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        match key.name() {
            "allocation_seats_withheld_total" => metrics::Counter::from_arc(self.raised.clone()),
            _ => metrics::Counter::noop(),
        }
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

fn gives_nothing_away(sent: &Standings) {
    let contest = &sent.contests[0];
    assert_eq!(contest.state(), SeatsState::Withheld);
    let over = contest.over_districts.as_ref().unwrap();
    assert!(over.problem.contains("the verifier refused"));
    let mut lists = over.lists.iter().map(|list| list.seats.unwrap());
    assert!(lists.all(|seats| seats.seats.is_none() && seats.seats_most.is_none()));
    assert!(
        over.lists
            .iter()
            .all(|list| list.seats_due.is_none() && list.seats_above == 0)
    );
    let mut held = over
        .districts
        .iter()
        .flat_map(|district| district.list_seats.iter().chain(&district.list_seats_most));
    assert!(held.all(|seats| *seats == 0));
    assert_eq!(over.lists[0].votes, 71);
    assert_eq!((over.steps.as_ref(), over.explanation.as_str()), (None, ""));
    assert!(over.ties.is_empty() && over.void_lots.is_empty());
    for district in &contest.districts {
        let allocation = district.allocation.as_ref().unwrap();
        assert_eq!(allocation.state(), SeatsState::Withheld);
        assert!(
            allocation
                .lists
                .iter()
                .all(|list| list.seats.unwrap().seats.is_none())
        );
        assert_eq!(
            (allocation.seats_pending, &*allocation.explanation),
            (0, "")
        );
    }
}
