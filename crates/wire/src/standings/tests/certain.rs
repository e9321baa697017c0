//! What is certain, of districts and in sum.

use super::*;
use apportionment::bounds::{ListBounds, NextCertain, Proof, SeatBounds, ThresholdClaim};
use election::certain::{NoClaim, Outstanding};
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
    let tally = tally(vec![almaty(), counted(1, &[70, 5, 30])]);
    let seats: Vec<_> = (0..2)
        .map(|district| district_seats(&tally, 0, district).unwrap())
        .collect();
    let mut standings = standings(
        &tally,
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
