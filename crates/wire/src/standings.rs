//! The state of an election at a revision, with its seats.
// tidy: long because every field of one message is said once, in its order.

use crate::allocation::v1 as proto;
use crate::allocation_result::Lists;
use crate::certain::{self, coalitions};
use crate::common::v1::{self as common, ListSeats, SeatsState};
use crate::districted_result::{district_allocation, over_districts};
use crate::field::timestamp;
use crate::publication::Position;
use crate::tally::{correction, totals, turnout};
use apportionment::ContestError;
use election::allocation::{base_counters, lacking_counters, lots_left_out};
use election::certain::CertainSeats;
use election::declaration::Finding;
use election::definition::{BallotOption, ContestBallot, DistrictBallot, Hash, OptionRole, Part};
use election::districted::Names;
use election::event::{Declaration, Lot};
use election::ids::Revision;
use election::stage::Mark;
use election::standings::{ContestSeats, DistrictSeats, SeatsResult};
use election::tally::Tally;
use std::collections::HashMap;

/// The standings of a tally. `seats` gives what is known of the seats of (contest, district), by position on the ballot;
/// `None`: the rules give none there; `above`, of the contests whose districts hang together; `certain`, what is certain of
/// (contest, district). Steps, certificates, margins and ranges that had to widen are not in it.
pub fn standings<'a>(
    tally: &Tally,
    seats: impl Fn(usize, usize) -> Option<&'a DistrictSeats>,
    above: impl Fn(usize) -> Option<&'a ContestSeats>,
    certain: impl Fn(usize, usize) -> Option<&'a CertainSeats>,
) -> proto::Standings {
    let parts = [
        Part::Ballot,
        Part::Register,
        Part::Rules,
        Part::Presentation,
    ];
    let marks = Mark::ALL
        .into_iter()
        .filter(|mark| tally.marks[*mark as usize]);
    let contests = tally.outline.ballot.contests.iter().enumerate();
    let position = Position {
        log_id: tally.log_id,
        revision: tally.revision,
        publication_seq: tally.publication.seq(),
    };
    proto::Standings {
        election_id: tally.election.as_str().into(),
        is_test: tally.outline.ballot.is_test,
        token: Some(position.into()),
        revision_time: Some(timestamp(tally.time)),
        last_counted_time: tally.counted_time.map(timestamp),
        stage: common::Stage::from(tally.stage).into(),
        marks: marks.map(|mark| common::Mark::from(mark).into()).collect(),
        publication: Some((&tally.publication).into()),
        parts: parts
            .into_iter()
            .zip(tally.outline.versions)
            .map(Into::into)
            .collect(),
        house_size: tally.outline.rules.house_size,
        contests: contests
            .map(|(contest, ballot)| {
                contest_standings(
                    tally,
                    (contest, ballot),
                    |district| seats(contest, district),
                    above(contest),
                    |district| certain(contest, district),
                )
            })
            .collect(),
        turnout: Some(turnout(tally)),
        corrections: tally
            .corrections
            .iter()
            .rev()
            .map(|entry| correction(tally, entry))
            .collect(),
        corrections_count: tally.corrections_total,
        notice_hash: notice_hash(tally),
        bounds_revision: match tally.outline.rules.outstanding {
            Some(_) => tally.revision.0,
            None => 0,
        },
        widened_ranges: Vec::new(),
        widened_ranges_count: 0,
        checkpoint: Default::default(),
        certification: tally.certification.as_ref().map(|(revision, attribution)| {
            proto::Certification {
                attribution: Some(attribution.into()),
                revision: revision.0,
            }
        }),
    }
}

/// The hash of the notice in all its languages, in the order of their codes.
fn notice_hash(tally: &Tally) -> bytes::Bytes {
    let notice = &tally.outline.presentation.notice;
    if notice.is_empty() {
        return bytes::Bytes::new();
    }
    let text: String = notice
        .iter()
        .map(|(language, text)| format!("{language}\n{text}\n"))
        .collect();
    Hash::of(text.as_bytes()).0.to_vec().into()
}

fn contest_standings<'a>(
    tally: &Tally,
    (contest, ballot): (usize, &ContestBallot),
    seats: impl Fn(usize) -> Option<&'a DistrictSeats>,
    above: Option<&ContestSeats>,
    certain: impl Fn(usize) -> Option<&'a CertainSeats>,
) -> proto::ContestStandings {
    let districts: Vec<_> = (ballot.districts.iter().enumerate())
        .map(|(district, entry)| {
            let (seats, certain) = (seats(district), certain(district));
            let mut standings = district_standings(tally, (contest, district), entry, seats, above);
            if let Some(certain) = certain {
                let house = tally.outline.rules.house_size;
                let seats = standings.allocation.as_ref().map_or(0, |it| it.seats);
                let is_whole = ballot.districts.len() == 1 && seats == house;
                let house = Some(house).filter(|_| is_whole);
                let coalitions = coalitions::of_district(tally, contest, certain, house);
                set_certain(&mut standings, certain, is_whole, coalitions);
            }
            standings
        })
        .collect();
    let mut certain = certain::together(districts.iter().filter_map(|it| it.certain.as_ref()));
    if let Some(certain) = &mut certain {
        certain.coalitions = coalitions::of_contest(tally, contest, certain, &districts);
    }
    let over_districts = above.map(|above| over_districts(tally, contest, above));
    if let Some(over) = over_districts {
        let mut options = options(ballot, &districts);
        for list in &over.lists {
            let option = options
                .iter_mut()
                .find(|entry| entry.option_id == list.option_id);
            if let Some(option) = option {
                option.seats = list.seats;
            }
        }
        return proto::ContestStandings {
            contest_id: ballot.id.as_str().into(),
            options,
            totals: Some(totals(
                &tally.contests[contest],
                &tally.outline.ballot.counting_groups,
            )),
            state: over.state,
            seats: over.seats,
            seats_unassigned: over.seats_unassigned,
            districts,
            declaration: over.declaration.clone(),
            over_districts: Some(over),
            certain,
        };
    }
    let allocations = || {
        districts
            .iter()
            .filter_map(|district| district.allocation.as_ref())
    };
    let state = allocations()
        .map(proto::Allocation::state)
        .reduce(together)
        .unwrap_or_default();
    // Where one district has votes, the seats of those that have none are still to come: nobody's they are only by a count.
    let has_a_part =
        |it: &&proto::Allocation| it.state() != SeatsState::NoneYet || state == SeatsState::NoneYet;
    proto::ContestStandings {
        contest_id: ballot.id.as_str().into(),
        options: options_of_house(tally, ballot, &districts),
        totals: Some(totals(
            &tally.contests[contest],
            &tally.outline.ballot.counting_groups,
        )),
        state: state.into(),
        seats: allocations().map(|allocation| allocation.seats).sum(),
        seats_unassigned: allocations()
            .filter(has_a_part)
            .map(|allocation| allocation.seats_unassigned)
            .sum(),
        districts,
        over_districts: None,
        declaration: None,
        certain,
    }
}

/// The options of a contest, and whether a list's bounds over its districts are more than half of the house, where they give
/// all of it.
fn options_of_house(
    tally: &Tally,
    ballot: &ContestBallot,
    districts: &[proto::DistrictStandings],
) -> Vec<proto::OptionStanding> {
    let house = tally.outline.rules.house_size;
    let mut options = options(ballot, districts);
    let rules = tally.outline.rules.outstanding.as_ref();
    let electorate = tally.outline.areas.electorate;
    if districts.len() > 1 && electorate.is_some() && rules.is_some_and(|it| it.electorate) {
        // One electorate for all: not each district can have all that is outstanding in it.
        let bounds = options.iter_mut().filter_map(|it| it.seats.as_mut());
        for bounds in bounds.filter_map(|seats| seats.bounds.as_mut()) {
            (bounds.is_fewest_exact, bounds.is_most_exact) = (false, false);
        }
    }
    let seats = districts.iter().filter_map(|it| it.allocation.as_ref());
    let seats: u64 = seats.map(|it| u64::from(it.seats)).sum();
    if districts.len() > 1 && seats == u64::from(house) {
        let bounds = options.iter_mut().filter_map(|it| it.seats.as_mut());
        for bounds in bounds.filter_map(|seats| seats.bounds.as_mut()) {
            bounds.has_majority = certain::majority(bounds, house).into();
        }
    }
    options
}

/// The same option has the same id in all districts: its votes and seats are summed.
fn options(
    ballot: &ContestBallot,
    districts: &[proto::DistrictStandings],
) -> Vec<proto::OptionStanding> {
    let mut standings: Vec<proto::OptionStanding> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let certain = districts.iter().filter_map(|it| it.certain.as_ref());
    let is_claimed =
        certain.clone().any(|it| it.no_claim.is_empty()) && !certain.clone().any(certain::pauses);
    for (entry, district) in ballot.districts.iter().zip(districts) {
        for (option, votes) in entry.options.iter().zip(&district.votes) {
            let place = *places.entry(option.id.as_str()).or_insert_with(|| {
                standings.push(proto::OptionStanding {
                    option_id: option.id.as_str().into(),
                    role: common::OptionRole::from(option.role).into(),
                    votes: 0,
                    seats: None,
                });
                standings.len() - 1
            });
            standings[place].votes += votes;
        }
        let Some(allocation) = &district.allocation else {
            continue;
        };
        let is_without = |it: &common::CertainSeats| !it.no_claim.is_empty();
        let is_without = is_claimed && district.certain.as_ref().is_some_and(is_without);
        for list in &allocation.lists {
            let sum = &mut standings[places[list.option_id.as_str()]].seats;
            let mut here = list.seats;
            if let Some(seats) = here.as_mut().filter(|_| is_without) {
                seats.bounds = Some(certain::any_of(allocation.seats));
            }
            *sum = match (sum.take(), here) {
                (Some(sum), Some(more)) => Some(add_seats(&sum, &more)),
                (one, other) => one.or(other),
            };
        }
    }
    standings
}

fn add_seats(one: &ListSeats, other: &ListSeats) -> ListSeats {
    let state = together(one.state(), other.state());
    let is_known = !matches!(
        state,
        SeatsState::NoneYet | SeatsState::Withheld | SeatsState::Unknown
    );
    let most = |seats: &ListSeats| seats.seats_most.or(seats.seats).unwrap_or(0);
    let declared = match (one.seats_declared, other.seats_declared) {
        (Some(one), Some(other)) => Some(one + other),
        // The sum of some districts' declarations is no declaration of all.
        _ => None,
    };
    ListSeats {
        state: state.into(),
        seats: is_known.then(|| one.seats.unwrap_or(0) + other.seats.unwrap_or(0)),
        seats_most: (state == SeatsState::Tied).then(|| most(one) + most(other)),
        seats_declared: declared,
        bounds: (one.bounds.as_ref().zip(other.bounds.as_ref()))
            .and_then(|(one, other)| certain::add_bounds(one, other)),
    }
}

/// The state of two sets of seats together. What is not known in one of them is not known of both; where one has no votes
/// yet, there are those of the other. That all seats stay unassigned is said of all or of none.
fn together(one: SeatsState, other: SeatsState) -> SeatsState {
    if let (SeatsState::NoneYet, SeatsState::Unassigned)
    | (SeatsState::Unassigned, SeatsState::NoneYet) = (one, other)
    {
        return SeatsState::Provisional;
    }
    let rank = |state: SeatsState| match state {
        SeatsState::Unspecified => 0,
        SeatsState::NoneYet => 1,
        SeatsState::Unassigned => 2,
        SeatsState::Provisional => 3,
        SeatsState::Tied => 4,
        SeatsState::Unknown => 5,
        SeatsState::Withheld => 6,
    };
    if rank(one) >= rank(other) { one } else { other }
}

/// A recorded lot that the engine was not given: it was drawn on other votes or rules, or can name no tie of the district.
fn recorded_void(lot: &Lot, has_changed: bool, ballot: &DistrictBallot) -> proto::VoidLot {
    let id = |option: &u32| {
        let option = ballot.options.get(usize::try_from(*option).ok()?)?;
        Some(option.id.as_str().to_owned())
    };
    let ids = |options: &[u32]| options.iter().filter_map(id).collect();
    proto::VoidLot {
        lot: Some(proto::Lot {
            stage: lot.stage,
            tied_option_ids: ids(&lot.tied),
            seats_at_stake: lot.seats,
            winner_option_ids: ids(&lot.winners),
        }),
        reason: if has_changed {
            proto::VoidLotReason::TieChanged
        } else {
            proto::VoidLotReason::NoSuchTie
        }
        .into(),
    }
}

fn district_standings(
    tally: &Tally,
    (contest, district): (usize, usize),
    ballot: &DistrictBallot,
    seats: Option<&DistrictSeats>,
    above: Option<&ContestSeats>,
) -> proto::DistrictStandings {
    let counted = &tally.contests[contest][district];
    let place = u8::try_from(contest).ok().zip(u16::try_from(district).ok());
    let declared = place.and_then(|place| tally.declarations.get(&place));
    let allocation = seats.map(|seats| {
        let DistrictSeats {
            question,
            result,
            findings: _,
        } = seats;
        let ids = district_list_ids(ballot);
        let mut allocation = Lists::new(&ids).allocation(question, result);
        let left_out = place.map(|place| lots_left_out(tally, place, &question.options));
        let left_out = left_out.into_iter().flatten();
        allocation
            .void_lots
            .extend(left_out.map(|(lot, has_changed)| recorded_void(lot, has_changed, ballot)));
        if !allocation.problem.is_empty() {
            allocation.problem = located(tally, (contest, district), result, &allocation.problem);
        }
        if let Some((_, declaration)) = declared {
            let lists = allocation.lists.iter_mut().zip(&question.options);
            lists.for_each(|(list, option)| set_declared(list, *option, declaration));
        }
        allocation
    });
    let allocation = allocation.or_else(|| {
        let above = above?;
        let place = above.question.names.district_of_one(district)?;
        // Persons without a list are shown where they can have seats by their own votes.
        let with_persons = !above.question.names.persons.is_empty();
        let is_shown = |option: &BallotOption| match option.role {
            OptionRole::List => true,
            OptionRole::Independent => with_persons,
            OptionRole::AgainstAll | OptionRole::WriteIn | OptionRole::Other => false,
        };
        let shown = ballot.options.iter().filter(|option| is_shown(option));
        let ids: Vec<String> = shown.map(|option| option.id.as_str().into()).collect();
        let mut allocation = district_allocation(
            &above.question,
            &above.result,
            above.seats.as_ref(),
            place,
            &ids,
        );
        if let Some((_, declaration)) = declared {
            let options = (0_u32..)
                .zip(&ballot.options)
                .filter(|(_, option)| is_shown(option));
            let lists = allocation.lists.iter_mut().zip(options);
            lists.for_each(|(list, (option, _))| set_declared(list, option, declaration));
        }
        Some(allocation)
    });
    let above_findings = above.and_then(|above| above.district_findings.get(&district));
    let findings = seats
        .and_then(|seats| seats.findings.as_deref())
        .or(above_findings.map(Vec::as_slice))
        .unwrap_or_default();
    proto::DistrictStandings {
        district_id: ballot.id.as_str().into(),
        option_ids: ballot
            .options
            .iter()
            .map(|option| option.id.as_str().into())
            .collect(),
        certain: None,
        votes: counted.votes.clone(),
        totals: Some(totals([counted], &tally.outline.ballot.counting_groups)),
        turnout: tally.turnout.get(district).map(Into::into),
        allocation,
        declaration: declared
            .map(|(revision, entry)| declaration(ballot, *revision, entry, findings)),
    }
}

/// What keeps seats from being known, with the place where it does and the counters that are missing there: what somebody
/// has to look for.
fn located(
    tally: &Tally,
    (contest, district): (usize, usize),
    result: &SeatsResult,
    problem: &str,
) -> String {
    let ballot = &tally.outline.ballot.contests[contest];
    let (contest_id, district_id) = (&ballot.id, &ballot.districts[district].id);
    let place = format!("contest {contest_id}, district {district_id}: {problem}");
    let SeatsResult::Unknown(ContestError::BaseMissing { base }) = result else {
        return place;
    };
    let totals = &tally.contests[contest][district];
    let counted = totals.tallies_counted;
    let lacking = lacking_counters(totals, *base);
    if lacking.is_empty() {
        let counters = base_counters(*base).iter().map(|counter| counter.name());
        let counters: Vec<&str> = counters.collect();
        return format!(
            "{place}; none of the {counted} counted tallies has any of the counters {}",
            counters.join(", ")
        );
    }
    let lacking = lacking.iter().map(|(counter, lacking)| {
        format!(
            "the counter {} is missing on {lacking} of {counted} counted tallies",
            counter.name()
        )
    });
    let lacking: Vec<String> = lacking.collect();
    format!("{place}; {}", lacking.join(", "))
}

/// Ids of the options that take part in an allocation: those of the question's lists, in its order.
pub fn district_list_ids(ballot: &DistrictBallot) -> Vec<String> {
    let lists = ballot
        .options
        .iter()
        .filter(|option| option.role == OptionRole::List);
    lists.map(|option| option.id.as_str().into()).collect()
}

/// Says what is certain of a district, and of each of its lists.
fn set_certain(
    district: &mut proto::DistrictStandings,
    certain: &CertainSeats,
    is_whole: bool,
    coalitions: Vec<common::CoalitionSeats>,
) {
    let lists = district.allocation.iter().flat_map(|it| &it.lists);
    let ids: Vec<&str> = lists.map(|list| list.option_id.as_str()).collect();
    district.certain = Some(certain::certain_seats(
        certain,
        (&district.district_id, &ids),
        coalitions,
    ));
    let lists = district.allocation.iter_mut().flat_map(|it| &mut it.lists);
    for (place, list) in lists.enumerate() {
        if let Some(seats) = &mut list.seats {
            seats.bounds = certain::seat_bounds(certain, place, is_whole);
        }
    }
}

fn set_declared(list: &mut proto::ListAllocation, option: u32, declaration: &Declaration) {
    let row = declaration.seats.iter().find(|(row, _)| *row == option);
    if let Some(seats) = &mut list.seats {
        seats.seats_declared = Some(row.map_or(0, |(_, seats)| *seats));
    }
}

fn declaration(
    ballot: &DistrictBallot,
    revision: Revision,
    declaration: &Declaration,
    findings: &[Finding],
) -> common::Declaration {
    let Declaration {
        contest: _,
        district: _,
        seats,
        attribution,
    } = declaration;
    let rows = seats.iter().map(|(option, seats)| common::SeatRow {
        option_id: option_id(ballot, *option),
        seats: *seats,
    });
    common::Declaration {
        rows: rows.collect(),
        attribution: Some(attribution.into()),
        revision: revision.0,
        findings: findings
            .iter()
            .map(|entry| finding(ballot, entry))
            .collect(),
    }
}

fn option_id(ballot: &DistrictBallot, option: u32) -> String {
    let option = usize::try_from(option)
        .ok()
        .and_then(|option| ballot.options.get(option));
    option
        .map(|option| option.id.as_str().into())
        .unwrap_or_default()
}

/// One thing that a check of a declared result found in a district of the ballot.
pub fn finding(ballot: &DistrictBallot, finding: &Finding) -> common::Finding {
    finding_of(finding, |option| option_id(ballot, option))
}

/// One thing that a check found in a whole contest, or in a district of the law that is none of the ballot.
pub fn list_finding(names: &Names, finding: &Finding) -> common::Finding {
    finding_of(finding, |list| {
        let list = usize::try_from(list).ok();
        let id = list.and_then(|list| names.lists.get(list));
        id.map(ToString::to_string).unwrap_or_default()
    })
}

fn finding_of(finding: &Finding, id_of: impl Fn(u32) -> String) -> common::Finding {
    use common::FindingCode as Code;
    let found = |code: Code, option: Option<u32>, declared: u64| common::Finding {
        code: code.into(),
        option_id: option.map(&id_of).unwrap_or_default(),
        declared,
        text: finding.to_string(),
        ..Default::default()
    };
    match *finding {
        Finding::HouseSize {
            declared,
            assigned,
            seats,
        } => common::Finding {
            expected_fewest: Some(assigned.into()),
            expected_most: Some(assigned.into()),
            limit: Some(seats.into()),
            ..found(Code::HouseSize, None, declared)
        },
        Finding::RowDiffers {
            option,
            declared,
            fewest,
            most,
            whole_quotas,
        } => common::Finding {
            expected_fewest: Some(fewest.into()),
            expected_most: Some(most.into()),
            whole_quotas,
            ..found(Code::RowDiffers, Some(option), declared.into())
        },
        Finding::ListLength {
            option,
            declared,
            candidates,
        } => common::Finding {
            expected_most: Some(candidates.into()),
            limit: Some(candidates.into()),
            ..found(Code::ListLength, Some(option), declared.into())
        },
        Finding::NotEligible {
            option,
            declared,
            eligibility: _,
        } => common::Finding {
            expected_most: Some(0),
            ..found(Code::NotEligible, Some(option), declared.into())
        },
        Finding::NoList { option, declared } => common::Finding {
            expected_most: Some(0),
            ..found(Code::NoList, Some(option), declared.into())
        },
        Finding::EqualsCandidates { option, declared } => {
            found(Code::EqualsCandidates, Some(option), declared.into())
        }
        Finding::NothingToCompare => found(Code::NothingToCompare, None, 0),
    }
}

#[cfg(test)]
mod tests;
