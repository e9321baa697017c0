//! Checks declared results of contests whose districts hang together.

use crate::declaration::Finding;
use crate::ids::{DistrictId, OptionId};
use crate::standings::ContestSeats;
use crate::tally::Tally;
use apportionment::{Eligibility, Outcome};

/// What the votes give in the house or in a district of the law.
struct Ours<'a> {
    seats: &'a [u32],
    most: &'a [u32],
    admitted: &'a [bool],
    /// Seats that lists have together, where it is known.
    assigned: Option<u32>,
    /// Seats of the house or the district.
    house: u32,
}

/// Checks declared seats of lists in the whole contest, or in a district of the law. A finding's option is the position of
/// the list in the question; of an option that is none, the number of lists.
#[must_use]
pub fn check_whole(
    judged: &ContestSeats,
    district: Option<&DistrictId>,
    rows: &[(OptionId, u32)],
) -> Vec<Finding> {
    let names = &judged.question.names;
    let lists = names.lists.len();
    let rows: Vec<(usize, u32)> = rows
        .iter()
        .map(|(option, seats)| (names.list(option).unwrap_or(lists), *seats))
        .collect();
    let ours = match district {
        None => whole(judged),
        Some(district) => names
            .district(district)
            .and_then(|district| law_district(judged, district)),
    };
    let (mut findings, others) = compare(ours.as_ref(), &rows, lists);
    findings.extend(others.into_iter().map(|declared| Finding::NoList {
        option: u32::try_from(lists).unwrap_or(u32::MAX),
        declared,
    }));
    findings
}

/// Checks declared seats of options in a district of the ballot. A finding's option is the index on the district's ballot.
#[must_use]
pub fn check_district(
    tally: &Tally,
    judged: &ContestSeats,
    contest: usize,
    district: usize,
    rows: &[(u32, u32)],
) -> Vec<Finding> {
    let names = &judged.question.names;
    let ballot = &tally.outline.ballot.contests[contest].districts[district];
    let list_of = |option: u32| {
        let option = ballot.options.get(usize::try_from(option).ok()?)?;
        names.list(&option.id)
    };
    let lists = names.lists.len();
    let by_list: Vec<(usize, u32)> = rows
        .iter()
        .map(|(option, seats)| (list_of(*option).unwrap_or(lists), *seats))
        .collect();
    let place = names.district_of_one(district);
    let ours = place.and_then(|place| law_district(judged, place));
    let (mut findings, _) = compare(ours.as_ref(), &by_list, lists);
    let option_of = |list: usize| {
        let id = names.lists.get(list)?;
        let place = ballot.options.iter().position(|option| option.id == *id)?;
        u32::try_from(place).ok()
    };
    for finding in &mut findings {
        rename(finding, |list| {
            usize::try_from(list)
                .ok()
                .and_then(option_of)
                .unwrap_or(u32::MAX)
        });
    }
    for (option, declared) in rows.iter().copied().filter(|(_, declared)| *declared > 0) {
        if list_of(option).is_none() {
            findings.push(Finding::NoList { option, declared });
        }
        let place = u8::try_from(contest).ok().zip(u16::try_from(district).ok());
        let candidates =
            place.and_then(|(contest, district)| tally.candidates_of(contest, district, option));
        if let Some(candidates) = candidates.filter(|candidates| declared > *candidates) {
            findings.push(Finding::ListLength {
                option,
                declared,
                candidates,
            });
        }
    }
    findings
}

fn whole(judged: &ContestSeats) -> Option<Ours<'_>> {
    let seats = judged.seats.as_ref()?;
    let house = seats.total();
    let known = seats.outcome != Outcome::NoneYet;
    known.then_some(Ours {
        seats: &seats.list_seats,
        most: &seats.list_most,
        admitted: &seats.admitted,
        assigned: Some(house - seats.unassigned - seats.outside),
        house,
    })
}

fn law_district(judged: &ContestSeats, district: usize) -> Option<Ours<'_>> {
    let seats = judged.seats.as_ref()?;
    let outcome = seats.district_outcome(district);
    let held = seats.seats[district].iter().sum();
    (outcome != Outcome::NoneYet).then_some(Ours {
        seats: &seats.seats[district],
        most: &seats.most[district],
        admitted: &seats.admitted,
        assigned: (outcome == Outcome::Settled && seats.pending == 0).then_some(held),
        house: held,
    })
}

/// What is found, by the position of lists, and what was declared for options that are no lists.
fn compare(
    ours: Option<&Ours<'_>>,
    rows: &[(usize, u32)],
    lists: usize,
) -> (Vec<Finding>, Vec<u32>) {
    let mut findings = Vec::new();
    let declared: u64 = rows.iter().map(|(_, seats)| u64::from(*seats)).sum();
    let others = rows
        .iter()
        .filter(|(list, seats)| *list >= lists && *seats > 0);
    let others = others.map(|(_, seats)| *seats).collect();
    let Some(ours) = ours else {
        return (vec![Finding::NothingToCompare], others);
    };
    if let Some(assigned) = ours
        .assigned
        .filter(|assigned| u64::from(*assigned) != declared)
    {
        findings.push(Finding::HouseSize {
            declared,
            assigned,
            seats: ours.house,
        });
    }
    for list in 0..lists {
        let row = rows.iter().find(|(row, _)| *row == list);
        let declared = row.map_or(0, |(_, seats)| *seats);
        let (fewest, most) = (ours.seats[list], ours.most[list]);
        let option = u32::try_from(list).unwrap_or(u32::MAX);
        if !ours.admitted[list] && most == 0 && declared > 0 {
            findings.push(Finding::NotEligible {
                option,
                declared,
                eligibility: Eligibility::BelowThreshold,
            });
        } else if !(fewest..=most).contains(&declared) {
            findings.push(Finding::RowDiffers {
                option,
                declared,
                fewest,
                most,
                whole_quotas: None,
            });
        }
    }
    (findings, others)
}

fn rename(finding: &mut Finding, to: impl Fn(u32) -> u32) {
    match finding {
        Finding::RowDiffers { option, .. }
        | Finding::ListLength { option, .. }
        | Finding::NotEligible { option, .. }
        | Finding::NoList { option, .. }
        | Finding::EqualsCandidates { option, .. } => *option = to(*option),
        Finding::HouseSize { .. } | Finding::NothingToCompare => {}
    }
}
