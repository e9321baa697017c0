//! What is certain, of districts and in sum.

use super::*;
use apportionment::bounds::{
    CoalitionBounds, ListBounds, NextCertain, Proof, SeatBounds, ThresholdClaim,
};
use election::certain::{NoClaim, Outstanding};
use election::ids::OptionId;
use election::rules::{Coalition, OutstandingRules};
use election::tally::StillToCome;

fn range(fewest: u32, most: u32) -> ListBounds {
    ListBounds {
        fewest,
        most,
        fewest_proof: Proof::Exact,
        most_proof: Proof::Exact,
        threshold: ThresholdClaim::Open,
    }
}

fn certain_of(bounds: Result<SeatBounds, NoClaim>, next: &[(usize, u64)]) -> CertainSeats {
    let next = next.iter().map(|(list, ballots)| NextCertain {
        list: *list,
        seats: 1,
        ballots: *ballots,
        exact: true,
    });
    CertainSeats {
        outstanding: Outstanding {
            ballots: bounds.is_ok().then_some(100),
            units: StillToCome::default(),
            electorate_rest: None,
        },
        bounds,
        next: next.collect(),
        coalitions: Vec::new(),
    }
}

fn with_certain(certain: &[CertainSeats]) -> proto::ContestStandings {
    of_tally(&tally(vec![almaty(), counted(1, &[70, 5, 30])]), certain)
}

fn of_tally(tally: &Tally, certain: &[CertainSeats]) -> proto::ContestStandings {
    let seats: Vec<_> = (0..2)
        .map(|district| district_seats(tally, 0, district).unwrap())
        .collect();
    let mut standings = standings(
        tally,
        |_, district| seats.get(district),
        |_| None,
        |_, district| certain.get(district),
    );
    standings.contests.remove(0)
}

fn almaty_ranges() -> Result<SeatBounds, NoClaim> {
    Ok(SeatBounds {
        seats: 39,
        lists: [(25, 30), (3, 5), (2, 4), (2, 4), (0, 2)]
            .map(|(fewest, most)| range(fewest, most))
            .to_vec(),
    })
}

/// A district of which nothing is claimed has none to all of its seats for everybody: the sums of the others hold with it.
#[test]
fn sums_over_districts_outlive_one_without_a_claim() {
    let almaty = certain_of(almaty_ranges(), &[(1, 40), (2, 40)]);
    let contest = with_certain(&[almaty, certain_of(Err(NoClaim::Unbounded), &[])]);
    let bounds = |id: &str| {
        let mut options = contest.options.iter();
        let row = options.find(|row| row.option_id == id).unwrap();
        row.seats.as_ref().unwrap().bounds.unwrap()
    };
    let range = |id: &str| {
        let bounds = bounds(id);
        (bounds.seats_fewest.unwrap(), bounds.seats_most.unwrap())
    };
    assert_eq!(range("nur-otan"), (25, 35));
    assert_eq!(range("adal"), (0, 7));
    // It stands in Almaty only, and loses nothing.
    assert_eq!(range("aq-jol"), (3, 5));
    assert!(bounds("aq-jol").is_fewest_exact && bounds("aq-jol").is_most_exact);
    assert!(!bounds("nur-otan").is_fewest_exact && !bounds("nur-otan").is_most_exact);
    // More than half of 44.
    assert_eq!(
        bounds("nur-otan").has_majority(),
        common::Certainty::Certain
    );
    assert_eq!(bounds("adal").has_majority(), common::Certainty::Excluded);
    // The district itself claims nothing still.
    let here = contest.districts[1].allocation.as_ref().unwrap();
    assert!(
        here.lists
            .iter()
            .all(|list| list.seats.unwrap().bounds.is_none())
    );
    let certain = contest.certain.as_ref().unwrap();
    assert_eq!(
        (certain.no_claim.as_str(), certain.districts_without_claim),
        ("", 1)
    );
    assert_eq!((certain.seats_secured, certain.is_all_secured), (32, false));
    assert_eq!(certain.outstanding.as_ref().unwrap().ballots_most, None);
    // Both that need as few ballots; sooner it may be where nothing is known.
    let next: Vec<_> = certain
        .next
        .iter()
        .map(|it| {
            (
                it.option_id.as_str(),
                it.district_id.as_str(),
                it.ballots,
                it.is_soonest,
            )
        })
        .collect();
    assert_eq!(
        next,
        [
            ("aq-jol", "almaty", 40, false),
            ("auyl", "almaty", 40, false)
        ]
    );
}

/// What a report of a part of a unit takes away until the unit is whole is no reason to open the sums, and to close them again.
#[test]
fn sums_wait_with_a_district_whose_base_moves() {
    let almaty = || certain_of(almaty_ranges(), &[(1, 40)]);
    let contest = with_certain(&[almaty(), certain_of(Err(NoClaim::BaseMoves), &[])]);
    let certain = contest.certain.unwrap();
    assert_eq!(
        (certain.no_claim.as_str(), certain.districts_without_claim),
        ("BASE_MOVES", 0)
    );
    assert!(certain.next.is_empty());
    let bounds = contest
        .options
        .iter()
        .filter_map(|row| row.seats.as_ref()?.bounds);
    // Lists of Almaty alone lose nothing.
    let claimed: Vec<_> = bounds.map(|it| (it.seats_fewest, it.seats_most)).collect();
    assert_eq!(claimed.len(), 3);
    assert!(!claimed.contains(&(Some(25), Some(35))));
}

#[test]
fn where_no_district_has_a_claim_there_is_none() {
    let nothing = || certain_of(Err(NoClaim::Unbounded), &[]);
    let contest = with_certain(&[nothing(), nothing()]);
    let certain = contest.certain.unwrap();
    assert_eq!(
        (certain.no_claim.as_str(), certain.districts_without_claim),
        ("UNBOUNDED", 0)
    );
    let rows = contest.options.iter().filter_map(|row| row.seats.as_ref());
    assert!(rows.into_iter().all(|seats| seats.bounds.is_none()));
}

/// Over districts that all have their claims a majority can be open, and the next seat is that with the fewest ballots.
#[test]
fn a_majority_over_districts_is_claimed_of_the_sums() {
    let elsewhere = |fewest: u32, most: u32| {
        let lists = vec![range(fewest, most), range(fewest, most)];
        certain_of(Ok(SeatBounds { seats: 5, lists }), &[(0, 7)])
    };
    let of = |ranges: Result<SeatBounds, NoClaim>, other: CertainSeats| {
        let contest = with_certain(&[certain_of(ranges, &[(1, 40)]), other]);
        let first = contest.options[0].seats.as_ref().unwrap().bounds.unwrap();
        (first.has_majority(), contest.certain.unwrap().next)
    };
    let narrow = || {
        let mut bounds = almaty_ranges().unwrap();
        bounds.lists[0] = range(20, 22);
        Ok(bounds)
    };
    // nur-otan is the second list elsewhere: 20 + 3 and more of 44; 20 + 0 to 22 + 5; 22 at most.
    let (majority, next) = of(narrow(), elsewhere(3, 5));
    assert_eq!(majority, common::Certainty::Certain);
    assert_eq!(next.len(), 1);
    assert_eq!(
        (next[0].option_id.as_str(), next[0].district_id.as_str()),
        ("adal", "elsewhere")
    );
    assert_eq!((next[0].ballots, next[0].is_soonest), (7, true));
    assert_eq!(of(narrow(), elsewhere(0, 5)).0, common::Certainty::Open);
    assert_eq!(of(narrow(), elsewhere(0, 0)).0, common::Certainty::Excluded);
}

fn coalition(lists: &[&str]) -> Coalition {
    let options = lists.iter().map(|id| OptionId::new(id).unwrap());
    Coalition {
        contest: None,
        options: options.collect(),
    }
}

fn joint(fewest: u32, most: u32) -> CoalitionBounds {
    CoalitionBounds {
        fewest,
        most,
        fewest_proof: Proof::Exact,
        most_proof: Proof::Exact,
    }
}

/// The contest with two coalitions, of which each district says this.
fn with_coalitions(
    electorate: bool,
    certain: [(Result<SeatBounds, NoClaim>, Vec<CoalitionBounds>); 2],
) -> proto::ContestStandings {
    let mut tally = tally(vec![almaty(), counted(1, &[70, 5, 30])]);
    let mut rules = (*tally.outline.rules).clone();
    rules.outstanding = Some(OutstandingRules {
        electorate,
        coalitions: vec![
            coalition(&["nur-otan", "aq-jol"]),
            coalition(&["aq-jol", "auyl"]),
        ],
        ..OutstandingRules::default()
    });
    tally.outline.rules = rules.into();
    let certain = certain.map(|(bounds, coalitions)| CertainSeats {
        coalitions,
        ..certain_of(bounds, &[])
    });
    of_tally(&tally, &certain)
}

fn elsewhere() -> Result<SeatBounds, NoClaim> {
    let lists = vec![range(0, 2), range(3, 5)];
    Ok(SeatBounds { seats: 5, lists })
}

/// (fewest, most, exact at both ends, majority of 44) by coalition.
fn said(contest: &proto::ContestStandings) -> Vec<(u32, u32, bool, common::Certainty)> {
    let coalitions = contest.certain.iter().flat_map(|it| &it.coalitions);
    let said = coalitions.map(|it| {
        assert_eq!(it.is_fewest_exact, it.is_most_exact);
        (
            it.seats_fewest,
            it.seats_most,
            it.is_fewest_exact,
            it.has_majority(),
        )
    });
    said.collect()
}

/// More than the sum of its lists in a district, and summed over districts; where no list of it stands it has none, exactly.
#[test]
fn coalitions_are_summed_over_districts() {
    use common::Certainty::{Certain, Excluded, Open, Unspecified};
    let all = || {
        [
            (almaty_ranges(), vec![joint(30, 34), joint(5, 9)]),
            (elsewhere(), vec![joint(3, 5), joint(0, 0)]),
        ]
    };
    let contest = with_coalitions(false, all());
    assert_eq!(
        said(&contest),
        [(33, 39, true, Certain), (5, 9, true, Excluded)]
    );
    let certain = contest.certain.as_ref().unwrap();
    assert_eq!(certain.coalitions[0].option_ids, ["nur-otan", "aq-jol"]);
    // A district is no house: its own say nothing of a majority.
    let here = contest.districts[0].certain.as_ref().unwrap();
    assert_eq!(here.coalitions[0].seats_fewest, 30);
    assert_eq!(here.coalitions[0].has_majority(), Unspecified);
    // One electorate for both: not each of them can have all that is outstanding.
    let shared = with_coalitions(true, all());
    assert_eq!(
        said(&shared),
        [(33, 39, false, Certain), (5, 9, false, Excluded)]
    );
    // Elsewhere has five seats, and nothing is known of them but that Auyl and Aq Jol do not stand.
    let [almaty, _] = all();
    let contest = with_coalitions(false, [almaty, (Err(NoClaim::Unbounded), Vec::new())]);
    assert_eq!(
        said(&contest),
        [(30, 39, false, Certain), (5, 9, true, Excluded)]
    );
    let [(bounds, _), elsewhere] = all();
    let low = vec![joint(20, 34), joint(5, 9)];
    let contest = with_coalitions(false, [(bounds, low.clone()), elsewhere]);
    assert_eq!(said(&contest)[0], (23, 39, true, Certain));
    let [(bounds, _), (elsewhere, _)] = all();
    let contest = with_coalitions(false, [(bounds, low), (elsewhere, vec![joint(2, 5); 2])]);
    assert_eq!(said(&contest)[0], (22, 39, true, Open));
}

#[test]
fn of_coalitions_nothing_is_claimed_where_nothing_is_of_the_contest() {
    let almaty = || (almaty_ranges(), vec![joint(30, 34), joint(5, 9)]);
    for (one, other) in [
        (almaty(), (Err(NoClaim::BaseMoves), Vec::new())),
        (
            (Err(NoClaim::Unbounded), Vec::new()),
            (Err(NoClaim::Unbounded), Vec::new()),
        ),
    ] {
        let contest = with_coalitions(false, [one, other]);
        assert!(!contest.certain.as_ref().unwrap().no_claim.is_empty());
        assert_eq!(said(&contest), []);
    }
}
