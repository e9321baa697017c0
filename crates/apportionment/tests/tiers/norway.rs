//! Norway 2021: the state's own seats at every snapshot of the count.

use super::*;

/// Norway, Election Act of 2002, chapter 11: 1.4, 3, 5, ... in counties and in the house, 4% for levelling seats.
fn norway() -> TierRules {
    let chain = vec![Stage::all(Method::MODIFIED_SAINTE_LAGUE)];
    let four_percent = Threshold {
        base: ThresholdBase::ValidVotes,
        ..Threshold::of_list_votes(4, 100)
    };
    TierRules {
        stages: vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: chain.clone(),
            },
            TierStage::Whole {
                admission: Admission {
                    overall: Some(four_percent),
                    ..Admission::default()
                },
                chain,
                surplus: Surplus::Kept,
            },
            TierStage::Place(Placement::NORWAY),
        ],
        ties: vec![TieBreak::MoreVotes, TieBreak::Lot],
    }
}

/// A county at a snapshot: votes, seats and levelling seats by party, and votes that are no list's.
#[derive(Default)]
struct County {
    parties: BTreeMap<String, (u64, u32, u32)>,
    blank: u64,
}

/// Counties by snapshot and name.
fn norwegian_counties() -> Option<BTreeMap<String, BTreeMap<String, County>>> {
    let text = read("norway2021/fylke.csv.gz")?;
    let mut snapshots: BTreeMap<String, BTreeMap<String, County>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (county, snapshot, party) = (fields[1], fields[2], fields[12]);
        // The rows of the small parties together say their seats once more.
        if party.starts_with("Andre") {
            continue;
        }
        let county = snapshots
            .entry(snapshot.to_owned())
            .or_default()
            .entry(county.to_owned())
            .or_default();
        let number = |field: usize| fields[field].parse::<u32>().unwrap_or(0);
        let votes = fields[13].parse().unwrap();
        if party == "BLANKE" {
            county.blank = votes;
        } else {
            county
                .parties
                .insert(party.to_owned(), (votes, number(16), number(17)));
        }
    }
    Some(snapshots)
}

fn norwegian_contest(
    counties: &BTreeMap<String, County>,
    seats: &BTreeMap<&str, u32>,
) -> (Vec<String>, TierContest) {
    let parties: BTreeSet<String> = counties
        .values()
        .flat_map(|county| county.parties.keys().cloned())
        .collect();
    let parties: Vec<String> = parties.into_iter().collect();
    let district = |(name, county): (&String, &County)| {
        let votes: Vec<u64> = parties
            .iter()
            .map(|party| county.parties.get(party).map_or(0, |row| row.0))
            .collect();
        let valid = votes.iter().sum::<u64>() + county.blank;
        District {
            seats: seats[name.as_str()],
            votes,
            base: BaseCounts {
                valid_votes: Some(valid),
                ..BaseCounts::default()
            },
            candidates: Vec::new(),
        }
    };
    let districts = counties.iter().map(district).collect();
    let contest = TierContest {
        districted: DistrictedContest {
            lists: vec![DistrictedList::default(); parties.len()],
            districts,
        },
        further_seats: 19,
        ..TierContest::default()
    };
    (parties, contest)
}

/// The seats of the counties themselves, without those that level.
fn own_seats(counties: &BTreeMap<String, County>) -> BTreeMap<&str, u32> {
    let own = counties.iter().map(|(name, county)| {
        let seats = county.parties.values().map(|row| row.1 - row.2);
        (name.as_str(), seats.sum())
    });
    own.collect()
}

#[test]
fn norway_2021_counties_at_every_snapshot_and_levelling_seats_at_the_end() {
    let Some(snapshots) = norwegian_counties() else {
        return;
    };
    let (_, last) = snapshots.last_key_value().unwrap();
    let own_seats = own_seats(last);
    assert_eq!(own_seats.values().sum::<u32>(), 150);
    let (mut counties_checked, mut levelled) = (0, 0);
    for (snapshot, counties) in &snapshots {
        let (parties, contest) = norwegian_contest(counties, &own_seats);
        let allocation = agree(&contest, &norway(), &TierLots::default());
        let TierStageResult::Districts(districts) = &allocation.stages[0] else {
            panic!("the counties come first");
        };
        for (result, (name, county)) in districts.iter().zip(counties) {
            let expected: Vec<u32> = parties
                .iter()
                .map(|party| county.parties.get(party).map_or(0, |row| row.1 - row.2))
                .collect();
            if result.allocation.outcome == Outcome::NoneYet {
                assert_eq!(expected.iter().sum::<u32>(), 0, "{name} at {snapshot}");
                continue;
            }
            assert_eq!(result.allocation.seats(), expected, "{name} at {snapshot}");
            counties_checked += 1;
        }
        let all: Vec<Vec<u32>> = counties
            .values()
            .map(|county| {
                parties
                    .iter()
                    .map(|party| county.parties.get(party).map_or(0, |row| row.1))
                    .collect()
            })
            .collect();
        if allocation.seats == all && allocation.outcome == Outcome::Settled {
            levelled += 1;
        }
    }
    assert_eq!(counties_checked, 84 * 19);
    assert_eq!(
        levelled, 84,
        "snapshots with the state's own levelling seats"
    );
}

/// The last levelling seats of Norway 2021 with the numbers that a clerk needs: votes over divisor, relative to the votes
/// for a seat of the county.
#[test]
fn levelling_seats_of_norway_2021_step_by_step() {
    let Some(snapshots) = norwegian_counties() else {
        return;
    };
    let (_, last) = snapshots.last_key_value().unwrap();
    let own_seats = own_seats(last);
    let (parties, contest) = norwegian_contest(last, &own_seats);
    let rules = norway();
    let allocation = agree(&contest, &rules, &TierLots::default());
    let steps = explain(&contest, &rules, &allocation);
    let [
        TierSteps::Parts(counties),
        TierSteps::Parts(rounds),
        TierSteps::Placed(placed),
    ] = steps.as_slice()
    else {
        panic!("counties, the house, levelling seats: {steps:?}");
    };
    assert_eq!((counties.len(), placed.len()), (19, 19));
    // Parties hold more than is due to them: the house is shared out anew without them.
    assert!(rounds.len() > 1);
    assert!(
        placed
            .iter()
            .zip(&placed[1..])
            .all(|(seat, next)| seat.next_in_line == Some(next.placed))
    );
    for step in placed {
        let county = &contest.districted.districts[step.placed.place.district];
        assert_eq!(step.votes, county.votes[step.placed.place.list]);
        assert_eq!(
            step.divisor,
            Ratio::new(2 * i128::from(step.seats_before) + 1, 1).unwrap()
        );
        let per_seat = step.votes_per_seat.unwrap();
        let key = Ratio::new(
            i128::from(step.votes) * i128::try_from(per_seat.denominator()).unwrap(),
            step.divisor.numerator().unsigned_abs() * per_seat.numerator().unsigned_abs(),
        );
        assert_eq!(key, Some(step.placed.key));
    }
    let party = |step: &PlaceStep| parties[step.placed.place.list].as_str();
    let mut by_party: BTreeMap<&str, usize> = BTreeMap::new();
    for step in placed {
        *by_party.entry(party(step)).or_default() += 1;
    }
    let official = [("FRP", 4), ("H", 1), ("RØDT", 4), ("SV", 5), ("V", 5)];
    assert_eq!(by_party, official.into_iter().collect());
}

/// What would have changed the Storting of 2021, each number held against counting anew.
#[test]
fn what_would_have_changed_the_storting_of_2021() {
    let Some(snapshots) = norwegian_counties() else {
        return;
    };
    let (_, last) = snapshots.last_key_value().unwrap();
    let own = own_seats(last);
    let (parties, contest) = norwegian_contest(last, &own);
    let rules = norway();
    let lots = TierLots::default();
    let before = allocate(&contest, &rules, &lots).unwrap().list_seats();
    let stands =
        |district: usize, list: usize| contest.districted.districts[district].votes[list] > 0;
    let found = house_margins_of_tiers(&contest, &rules, &lots, stands, || true).unwrap();
    let after = |it: &HouseMargin, votes: u64| {
        let mut changed = contest.clone();
        let count = &mut changed.districted.districts[it.district];
        let votes = match it.effect {
            Effect::Gain => count.votes[it.list] + votes,
            Effect::Loss => count.votes[it.list] - votes,
        };
        // A share is of the valid votes, which move along.
        let valid = count.base.valid_votes.unwrap() + votes - count.votes[it.list];
        count.base.valid_votes = Some(valid);
        count.votes[it.list] = votes;
        agree(&changed, &rules, &lots)
    };
    for it in &found {
        let does = after(it, it.margin.votes);
        assert_eq!(
            (does.pending, &does.list_seats()),
            (it.pending, &it.margin.seats_after)
        );
        assert_ne!(does.list_seats()[it.list], before[it.list]);
        let not = after(it, it.margin.votes - 1);
        assert!(not.outcome == Outcome::Tied || not.list_seats()[it.list] == before[it.list]);
    }
    // Of the parties that have seats, and there is none that no votes of a county would have moved.
    let moved: BTreeSet<&str> = found.iter().map(|it| parties[it.list].as_str()).collect();
    for (list, party) in parties.iter().enumerate() {
        assert!(
            before[list] == 0 || moved.contains(party.as_str()),
            "{party}"
        );
    }
    // The last levelling seat of the Progress Party hung on 103 votes for the Socialist Left.
    let nearest = found.iter().min_by_key(|it| it.margin.votes).unwrap();
    assert_eq!(
        (
            parties[nearest.list].as_str(),
            nearest.effect,
            nearest.margin.votes
        ),
        ("SV", Effect::Gain, 103)
    );
}
