//! What frames show of contests whose districts hang together.

use std::collections::{BTreeSet, HashMap};
use wire::allocation::v1::{ContestStandings, DistrictStandings, LawDistrict, PlacesTie};
use wire::common::v1::OptionRole;
use wire::feed::v1::{FrameDistrict, FrameTie};

/// The open ties of a contest, or those that one district has a part in.
pub(super) fn ties(contest: &ContestStandings, district: Option<&str>) -> Vec<FrameTie> {
    let over = contest.over_districts.iter();
    let ties = over.flat_map(|over| &over.ties);
    let has_part = |tie: &&PlacesTie| {
        let mut places = tie.places.iter();
        district.is_none_or(|district| places.any(|place| place.district_id == district))
    };
    ties.filter(has_part)
        .map(frame_tie(district.is_some()))
        .collect()
}

fn frame_tie(is_single: bool) -> impl Fn(&PlacesTie) -> FrameTie {
    move |tie| {
        let lists: BTreeSet<&String> = tie.places.iter().map(|place| &place.option_id).collect();
        let districts: BTreeSet<&String> =
            tie.places.iter().map(|place| &place.district_id).collect();
        let district = match districts.first() {
            Some(district) if districts.len() == 1 && !is_single => (*district).clone(),
            _ => String::new(),
        };
        FrameTie {
            option_ids: lists.into_iter().cloned().collect(),
            seats_at_stake: tie.seats_at_stake,
            district_id: district,
        }
    }
}

/// The districts of the law, where one of them is several of the ballot; `None`: those of the ballot are shown.
pub(super) fn districts(
    contest: &ContestStandings,
    indexes: &HashMap<&str, u32>,
) -> Option<Vec<FrameDistrict>> {
    let over = contest.over_districts.as_ref()?;
    shown(contest)?;
    let by_id: HashMap<&str, &DistrictStandings> = contest
        .districts
        .iter()
        .map(|district| (district.district_id.as_str(), district))
        .collect();
    let rows: Vec<Option<u32>> = over
        .lists
        .iter()
        .map(|list| indexes.get(list.option_id.as_str()).copied())
        .collect();
    let districts = over.districts.iter();
    Some(
        districts
            .map(|entry| district(entry, &rows, indexes, &by_id))
            .collect(),
    )
}

fn district(
    entry: &LawDistrict,
    rows: &[Option<u32>],
    indexes: &HashMap<&str, u32>,
    by_id: &HashMap<&str, &DistrictStandings>,
) -> FrameDistrict {
    let row = |list: u32| {
        let list = usize::try_from(list).ok()?;
        rows.get(list).copied().flatten()
    };
    let seats = entry.list_indexes.iter().zip(&entry.list_seats);
    let seats: Vec<(u32, u32)> = seats
        .filter(|(_, seats)| **seats > 0)
        .filter_map(|(list, seats)| Some((row(*list)?, *seats)))
        .collect();
    let (row_indexes, row_seats): (Vec<u32>, Vec<u32>) = seats.into_iter().unzip();
    let own = std::slice::from_ref(&entry.district_id);
    let parts = if entry.part_district_ids.is_empty() {
        own
    } else {
        entry.part_district_ids.as_slice()
    };
    let states = parts
        .iter()
        .filter_map(|part| by_id.get(part.as_str())?.totals.as_ref()?.states.as_ref());
    let (tallies, tallies_counted) = states.fold((0, 0), |(tallies, counted), states| {
        (tallies + states.tallies, counted + states.counted)
    });
    // The district of the law that is one of the ballot is declared as that.
    let here = by_id.get(entry.district_id.as_str());
    let declaration = here.and_then(|district| district.declaration.as_ref());
    let declaration = entry.declaration.as_ref().or(declaration);
    let (declared_row_indexes, declared_row_seats) = super::declared(declaration, indexes);
    FrameDistrict {
        district_id: entry.district_id.clone(),
        state: entry.state,
        seats: entry.seats_own.max(row_seats.iter().sum()),
        row_indexes,
        row_seats,
        tallies,
        tallies_counted,
        is_declared: declaration.is_some(),
        declared_row_indexes,
        declared_row_seats,
    }
}

/// Seats of persons without a list who are in no row: a row of their own has its seat itself.
pub(super) fn seats_outside(contest: &ContestStandings) -> u32 {
    let Some(over) = contest.over_districts.as_ref() else {
        return 0;
    };
    let persons = contest.options.iter();
    let persons = persons.filter(|option| option.role() == OptionRole::Independent);
    let in_rows: u32 = persons
        .filter_map(|option| option.seats.as_ref()?.seats)
        .sum();
    over.seats_outside.saturating_sub(in_rows)
}

/// Seats that hang on something, where districts hang together.
pub(super) fn seats_pending(contest: &ContestStandings) -> Option<u32> {
    let over = contest.over_districts.as_ref();
    over.map(|over| over.seats_pending)
}

/// Whether an option takes part in the house; `None`: nobody says so.
pub(super) fn takes_part(contest: &ContestStandings, option: &str) -> Option<bool> {
    let mut lists = contest.over_districts.as_ref()?.lists.iter();
    let list = lists.find(|list| list.option_id == option)?;
    let is_known = list.seats.as_ref().is_some_and(|it| it.seats.is_some());
    is_known.then_some(list.takes_part)
}

/// The districts of the law, where they are shown.
pub(super) fn districts_with_seats(contest: &ContestStandings) -> Option<u32> {
    Some(count(shown(contest)?.iter()))
}

/// Those of them that are declared: by themselves, or as the one district of the ballot that they are.
pub(super) fn districts_declared(contest: &ContestStandings) -> Option<u32> {
    let is_declared = |district: &&LawDistrict| {
        let mut ballot = contest.districts.iter();
        let here = ballot.find(|entry| entry.district_id == district.district_id);
        district.declaration.is_some() || here.is_some_and(|entry| entry.declaration.is_some())
    };
    Some(count(shown(contest)?.iter().filter(is_declared)))
}

/// The districts of the law, where one of them is several of the ballot.
fn shown(contest: &ContestStandings) -> Option<&[LawDistrict]> {
    let districts = contest.over_districts.as_ref()?.districts.as_slice();
    let mut parts = districts.iter().map(|district| &district.part_district_ids);
    parts.any(|parts| !parts.is_empty()).then_some(districts)
}

fn count<'a>(districts: impl Iterator<Item = &'a LawDistrict>) -> u32 {
    u32::try_from(districts.count()).unwrap_or(u32::MAX)
}

/// Whether the result has met a question on which the law is silent.
pub(super) fn is_silent(contest: &ContestStandings) -> bool {
    let over = contest.over_districts.as_ref();
    over.is_some_and(|over| !over.silences.is_empty())
}

/// Whether the declared result of the whole contest, or of a district of the law, differs from ours.
pub(super) fn declaration_differs(contest: &ContestStandings) -> bool {
    let districts = contest
        .over_districts
        .iter()
        .flat_map(|over| &over.districts);
    let districts = districts.filter_map(|district| district.declaration.as_ref());
    let mut all = contest.declaration.iter().chain(districts);
    all.any(|declaration| !declaration.findings.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::allocation::v1::{DistrictedAllocation, DistrictedListSeats, OptionStanding};
    use wire::common::v1::{
        Declaration, Finding, ListSeats, SeatRow, SeatsState, TallyStates, TiedPlace, Totals,
    };

    fn list(id: &str, seats: u32) -> DistrictedListSeats {
        DistrictedListSeats {
            option_id: id.into(),
            seats: Some(ListSeats {
                seats: Some(seats),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    fn ballot_district(id: &str, counted: u32) -> DistrictStandings {
        DistrictStandings {
            district_id: id.into(),
            totals: Some(Totals {
                states: Some(TallyStates {
                    tallies: 4,
                    counted,
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    fn law_district(id: &str, parts: &[&str], seats: &[(u32, u32)]) -> LawDistrict {
        LawDistrict {
            district_id: id.into(),
            part_district_ids: parts.iter().map(|part| (*part).into()).collect(),
            state: SeatsState::Provisional.into(),
            list_indexes: seats.iter().map(|(list, _)| *list).collect(),
            list_seats: seats.iter().map(|(_, seats)| *seats).collect(),
            ..Default::default()
        }
    }

    /// Two states: one of two constituencies, one of a single district. Options stand in another order than lists.
    fn contest() -> ContestStandings {
        let option = |id: &str| OptionStanding {
            option_id: id.into(),
            ..Default::default()
        };
        let place = |district: &str, option: &str| TiedPlace {
            district_id: district.into(),
            option_id: option.into(),
            constituency_id: String::new(),
        };
        let upper = law_district("upper", &["north", "south"], &[(0, 3), (1, 0), (2, 1)]);
        ContestStandings {
            options: vec![option("none"), option("b"), option("a"), option("c")],
            districts: vec![
                ballot_district("north", 1),
                ballot_district("south", 2),
                ballot_district("west", 4),
            ],
            over_districts: Some(DistrictedAllocation {
                lists: vec![list("a", 5), list("b", 1), list("c", 1)],
                districts: vec![upper, law_district("west", &[], &[(0, 2), (1, 1)])],
                ties: vec![PlacesTie {
                    places: vec![place("upper", "b"), place("upper", "a")],
                    seats_at_stake: 1,
                    at: None,
                }],
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn districts_of_the_law_take_the_places_of_the_ballot_s() {
        let contest = contest();
        let options = contest.options.iter().map(|option| &*option.option_id);
        let indexes: HashMap<&str, u32> = options.zip(0..).collect();
        let shown = districts(&contest, &indexes).unwrap();
        let upper = &shown[0];
        assert_eq!((&*upper.district_id, upper.seats), ("upper", 4));
        // Rows of the frame are options, not lists; a list without a seat has none.
        assert_eq!(
            (&upper.row_indexes[..], &upper.row_seats[..]),
            (&[2, 3][..], &[3, 1][..])
        );
        assert_eq!((upper.tallies, upper.tallies_counted), (8, 3));
        assert_eq!((shown[1].tallies, shown[1].tallies_counted), (4, 4));
        // Sums of districts are those of the lists (F28).
        let held: u32 = shown.iter().flat_map(|it| &it.row_seats).sum();
        let over = contest.over_districts.as_ref().unwrap();
        let lists = over
            .lists
            .iter()
            .map(|list| list.seats.unwrap().seats.unwrap());
        assert_eq!(held, lists.sum::<u32>());

        let mut single = contest;
        let over = single.over_districts.as_mut().unwrap();
        over.districts.remove(0);
        assert_eq!(districts(&single, &HashMap::new()), None);
    }

    #[test]
    fn persons_without_a_list_have_their_seats_in_a_row_or_outside() {
        let mut contest = contest();
        let over = contest.over_districts.as_mut().unwrap();
        (over.seats_outside, over.seats_pending) = (3, 2);
        assert_eq!(seats_outside(&contest), 3);
        assert_eq!(seats_pending(&contest), Some(2));
        let person = &mut contest.options[0];
        person.role = OptionRole::Independent.into();
        person.seats = Some(ListSeats {
            seats: Some(1),
            ..Default::default()
        });
        assert_eq!(seats_outside(&contest), 2);
        contest.over_districts = None;
        assert_eq!(
            (seats_outside(&contest), seats_pending(&contest)),
            (0, None)
        );
    }

    #[test]
    fn declared_seats_of_a_district_stand_beside_ours() {
        let mut contest = contest();
        let rows = [("a", 4), ("c", 0), ("none", 1)].map(|(list, seats)| SeatRow {
            option_id: list.into(),
            seats,
        });
        let declared = |rows: &[SeatRow]| Declaration {
            rows: rows.to_vec(),
            ..Default::default()
        };
        let over = contest.over_districts.as_mut().unwrap();
        over.districts[0].declaration = Some(declared(&rows));
        // The other one is a district of the ballot, and declared as that.
        contest.districts[2].declaration = Some(declared(&rows[..1]));
        let options = contest.options.iter().map(|option| &*option.option_id);
        let indexes: HashMap<&str, u32> = options.zip(0..).collect();
        let shown = districts(&contest, &indexes).unwrap();
        assert_eq!(shown[0].declared_row_indexes, [2, 0]);
        assert_eq!(shown[0].declared_row_seats, [4, 1]);
        assert_eq!(shown[1].declared_row_seats, [4]);
        assert!(shown.iter().all(|district| district.is_declared));
        assert_eq!(districts_declared(&contest), Some(2));
    }

    #[test]
    fn an_open_tie_is_shown_where_it_has_a_part() {
        let contest = contest();
        let whole = &ties(&contest, None)[0];
        assert_eq!(
            (&*whole.district_id, &whole.option_ids[..]),
            ("upper", &["a".into(), "b".into()][..])
        );
        assert_eq!(ties(&contest, Some("upper"))[0].district_id, "");
        assert!(ties(&contest, Some("west")).is_empty());
    }

    #[test]
    fn a_declared_result_that_differs_is_marked_on_every_level() {
        let mut contest = contest();
        assert!(!declaration_differs(&contest));
        let wrong = Declaration {
            findings: vec![Finding::default()],
            ..Default::default()
        };
        contest.declaration = Some(Declaration::default());
        assert!(!declaration_differs(&contest));
        contest.declaration = Some(wrong.clone());
        assert!(declaration_differs(&contest));
        contest.declaration = None;
        contest.over_districts.as_mut().unwrap().districts[1].declaration = Some(wrong);
        assert!(declaration_differs(&contest));
    }
}
