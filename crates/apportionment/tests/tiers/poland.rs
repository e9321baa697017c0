//! Poland 2019: districts under a national threshold.

use super::*;

/// Poland, Electoral Code of 2011: D'Hondt in each district; 5% of the valid votes of the country, 8% for coalitions,
/// committees of national minorities freed.
fn poland() -> TierRules {
    let threshold = Threshold {
        base: ThresholdBase::ValidVotes,
        by_coalition_size: vec![CoalitionShare {
            size_min: 2,
            share: Fraction::new(8, 100),
        }],
        ..Threshold::of_list_votes(5, 100)
    };
    TierRules {
        stages: vec![TierStage::Districts {
            admission: Admission {
                overall: Some(threshold),
                ..Admission::default()
            },
            chain: vec![Stage::all(Method::D_HONDT)],
        }],
        ties: vec![TieBreak::MoreVotes, TieBreak::Lot],
    }
}

#[test]
fn poland_2019() {
    let Some(text) = read("poland2019/sejm2019_stations.csv.gz") else {
        return;
    };
    let mut districts: BTreeMap<usize, (u32, Vec<u64>)> = BTreeMap::new();
    let mut names = vec![String::new(); 10];
    for line in text.lines().skip(1) {
        // A name can hold a comma, in quotes: district and seats are the first two fields, the list's are the last three.
        let mut first = line.split(',');
        let mut last = line.rsplit(',');
        let (district, seats) = (
            first.next().unwrap().parse().unwrap(),
            first.next().unwrap(),
        );
        let votes: u64 = last.next().unwrap().parse().unwrap();
        let committee = last.next().unwrap();
        let list: usize = last.next().unwrap().parse().unwrap();
        let entry = districts
            .entry(district)
            .or_insert_with(|| (seats.parse().unwrap(), vec![0; 10]));
        entry.1[list - 1] += votes;
        names[list - 1] = committee.to_owned();
    }
    let list = |name: &String| DistrictedList {
        coalition_size: if name.starts_with("KOALICYJNY") { 2 } else { 1 },
        exempt: name.contains("MNIEJSZOŚĆ NIEMIECKA"),
        ..DistrictedList::default()
    };
    let district = |(seats, votes): (u32, Vec<u64>)| District {
        seats,
        base: BaseCounts {
            valid_votes: Some(votes.iter().sum()),
            ..BaseCounts::default()
        },
        candidates: Vec::new(),
        votes,
    };
    let contest = TierContest {
        districted: DistrictedContest {
            lists: names.iter().map(list).collect(),
            districts: districts.into_values().map(district).collect(),
        },
        ..TierContest::default()
    };
    assert_eq!(
        (contest.house(), contest.districted.districts.len()),
        (460, 41)
    );
    let allocation = agree(&contest, &poland(), &TierLots::default());
    // By number of the list: PSL, PiS, SLD, Konfederacja, KO, and the German minority as number 10.
    assert_eq!(
        allocation.list_seats(),
        [30, 235, 49, 11, 134, 0, 0, 0, 0, 1]
    );
    assert_eq!(allocation.outcome, Outcome::Settled);
}
