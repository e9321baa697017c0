//! What the engine answers about districts that hang together: seats, ties and steps with the ids of lists and districts.

use crate::allocation::v1 as proto;
use crate::common::v1::{self as common, ListSeats, SeatsState};
use crate::standings::list_finding;
use apportionment::tiers::PersonVotes;
use apportionment::{DistrictedContest, Outcome};
use election::declaration::Finding;
use election::districted::{
    Asked, DistrictedQuestion, DistrictedResult, DistrictedSeats, Names, PlacesTie, open_ties,
    void_lots,
};
use election::event::{DeclarationAbove, PlacesLot, PlacesStage, TiedPlace};
use election::ids::{DistrictId, OptionId, Revision};
use election::standings::ContestSeats;
use election::tally::Tally;

/// The result of a question over all districts, without steps and declared results. `seats` are those of the result.
pub fn districted_allocation(
    question: &DistrictedQuestion,
    result: &DistrictedResult,
    seats: Option<&DistrictedSeats>,
) -> proto::DistrictedAllocation {
    let contest = question.asked.districted();
    let (open, void) = match result {
        DistrictedResult::Allocated(allocation) => (
            open_ties(question, allocation),
            void_lots(question, allocation),
        ),
        DistrictedResult::Withheld { .. }
        | DistrictedResult::Waiting { .. }
        | DistrictedResult::Unknown { .. } => (Vec::new(), Vec::new()),
    };
    let state = whole_state(result, seats);
    let names = &question.names;
    let lists = (0..names.lists.len()).map(|list| list_seats(names, contest, list, state, seats));
    let districts = 0..names.districts.len();
    proto::DistrictedAllocation {
        seats: seats.map_or_else(
            || u32::try_from(question.asked.house()).unwrap_or(u32::MAX),
            DistrictedSeats::total,
        ),
        seats_outside: seats.map_or(0, |seats| seats.outside),
        seats_added: seats.map_or(0, |seats| seats.added),
        state: state.into(),
        lists: lists.collect(),
        districts: districts
            .map(|district| law_district(names, contest, district, state, seats))
            .collect(),
        seats_pending: seats.map_or(0, |seats| seats.pending),
        seats_unassigned: seats.map_or(0, |seats| seats.unassigned),
        ties: open.iter().map(places_tie).collect(),
        void_lots: void
            .into_iter()
            .map(|lot| (&question.recorded[lot]).into())
            .collect(),
        problem: result.problem(),
        silences: Vec::new(),
        declaration: None,
        steps: None,
        explanation: String::new(),
    }
}

/// The seats of a contest whose districts hang together, with what is declared of it and of districts of the law.
pub(crate) fn over_districts(
    tally: &Tally,
    contest: usize,
    above: &ContestSeats,
) -> proto::DistrictedAllocation {
    let ContestSeats {
        question,
        result,
        seats,
        findings,
        // Those of the ballot's districts stand with these.
        district_findings: _,
        law_district_findings,
    } = above;
    let names = &question.names;
    let ballot = &tally.outline.ballot.contests[contest].districts;
    let mut over = districted_allocation(question, result, seats.as_ref());
    let declared = |district: Option<&DistrictId>, findings: &[Finding]| {
        let key = (u8::try_from(contest).ok()?, district.cloned());
        let (revision, declaration) = tally.declarations_above.get(&key)?;
        Some(declaration_above(names, *revision, declaration, findings))
    };
    over.declaration = declared(None, findings.as_deref().unwrap_or_default());
    if let Some(declaration) = &over.declaration {
        for list in &mut over.lists {
            let row = declaration
                .rows
                .iter()
                .find(|row| row.option_id == list.option_id);
            if let Some(seats) = &mut list.seats {
                seats.seats_declared = Some(row.map_or(0, |row| row.seats));
            }
        }
    }
    let districts = over.districts.iter_mut().zip(&names.districts);
    for ((sent, id), parts) in districts.zip(&names.parts) {
        let ids = parts.iter().map(|part| &ballot[*part].id);
        if !ids.clone().eq([id]) {
            sent.part_district_ids = ids.map(ToString::to_string).collect();
        }
        let found = law_district_findings.get(id);
        sent.declaration = declared(Some(id), found.map(Vec::as_slice).unwrap_or_default());
    }
    over
}

fn declaration_above(
    names: &Names,
    revision: Revision,
    declaration: &DeclarationAbove,
    findings: &[Finding],
) -> common::Declaration {
    let DeclarationAbove {
        contest: _,
        district: _,
        seats,
        attribution,
    } = declaration;
    let rows = seats.iter().map(|(option, seats)| common::SeatRow {
        option_id: option.to_string(),
        seats: *seats,
    });
    common::Declaration {
        rows: rows.collect(),
        attribution: Some(attribution.into()),
        revision: revision.0,
        findings: findings
            .iter()
            .map(|entry| list_finding(names, entry))
            .collect(),
    }
}

fn whole_state(result: &DistrictedResult, seats: Option<&DistrictedSeats>) -> SeatsState {
    match result {
        DistrictedResult::Withheld { .. } => SeatsState::Withheld,
        DistrictedResult::Waiting { .. } => SeatsState::NoneYet,
        DistrictedResult::Unknown { .. } => SeatsState::Unknown,
        DistrictedResult::Allocated(_) => {
            seats.map_or(SeatsState::NoneYet, |seats| state_of(seats.outcome))
        }
    }
}

fn state_of(outcome: Outcome) -> SeatsState {
    match outcome {
        Outcome::NoneYet => SeatsState::NoneYet,
        Outcome::NobodyPassed => SeatsState::Unassigned,
        Outcome::Settled => SeatsState::Provisional,
        Outcome::Tied => SeatsState::Tied,
    }
}

/// Whether numbers of seats are said in this state.
fn is_known(state: SeatsState) -> bool {
    match state {
        SeatsState::Provisional | SeatsState::Tied | SeatsState::Unassigned => true,
        SeatsState::Unspecified
        | SeatsState::NoneYet
        | SeatsState::Withheld
        | SeatsState::Unknown => false,
    }
}

/// Seats held and the most of them, in the state that holds for this list.
fn seats_message(state: SeatsState, held: u32, most: u32) -> ListSeats {
    let state = match state {
        SeatsState::Provisional | SeatsState::Tied if most > held => SeatsState::Tied,
        SeatsState::Tied => SeatsState::Provisional,
        state => state,
    };
    ListSeats {
        state: state.into(),
        seats: is_known(state).then_some(held),
        seats_most: (state == SeatsState::Tied).then_some(most),
        seats_declared: None,
        bounds: None,
    }
}

fn list_seats(
    names: &Names,
    contest: &DistrictedContest,
    list: usize,
    state: SeatsState,
    seats: Option<&DistrictedSeats>,
) -> proto::DistrictedListSeats {
    // What waits for districts or stages is no tie: only an open tie gives a list a range.
    let range = |seats: &DistrictedSeats| {
        let held = seats.list_seats[list];
        let is_tied = seats.outcome == Outcome::Tied;
        (held, if is_tied { seats.list_most[list] } else { held })
    };
    let (held, most) = seats.map_or((0, 0), range);
    let districts = contest.districts.iter();
    proto::DistrictedListSeats {
        option_id: names.lists[list].to_string(),
        votes: districts.map(|district| district.votes[list]).sum(),
        takes_part: seats.is_some_and(|seats| seats.admitted[list]),
        seats: Some(seats_message(state, held, most)),
        seats_due: seats
            .and_then(|seats| seats.due.as_ref())
            .map(|due| due[list]),
        seats_above: seats.map_or(0, |seats| seats.above[list]),
    }
}

fn law_district(
    names: &Names,
    contest: &DistrictedContest,
    district: usize,
    state: SeatsState,
    seats: Option<&DistrictedSeats>,
) -> proto::LawDistrict {
    let entry = &contest.districts[district];
    let row = |list: usize| {
        let seats = seats.map_or((0, 0), |seats| {
            (seats.seats[district][list], seats.most[district][list])
        });
        let votes = entry.votes[list];
        (votes > 0 || seats.1 > 0).then_some((list, votes, seats))
    };
    let rows: Vec<_> = (0..names.lists.len()).filter_map(row).collect();
    proto::LawDistrict {
        district_id: names.districts[district].to_string(),
        part_district_ids: Vec::new(),
        seats_own: entry.seats,
        state: district_state(state, district, seats).into(),
        list_indexes: rows
            .iter()
            .map(|(list, ..)| u32::try_from(*list).unwrap_or(u32::MAX))
            .collect(),
        list_votes: rows.iter().map(|(_, votes, _)| *votes).collect(),
        list_seats: rows.iter().map(|(.., (held, _))| *held).collect(),
        list_seats_most: rows.iter().map(|(.., (_, most))| *most).collect(),
        declaration: None,
    }
}

/// The state of one district of the law in a result of this state.
pub(crate) fn district_state(
    state: SeatsState,
    district: usize,
    seats: Option<&DistrictedSeats>,
) -> SeatsState {
    match seats {
        Some(seats) if is_known(state) => state_of(seats.district_outcome(district)),
        _ => state,
    }
}

/// Persons without a list who have one of the district's seats.
fn persons_here(question: &DistrictedQuestion, seats: &DistrictedSeats, district: usize) -> u32 {
    let Asked::Tiers { contest, .. } = &question.asked else {
        return 0;
    };
    let persons = seats.persons.iter().map(|&person| &contest.persons[person]);
    let here = persons.filter(|person| person.district == district && person.list.is_none());
    u32::try_from(here.count()).unwrap_or(u32::MAX)
}

/// A person without a list, who can have a seat by votes of their own.
fn person_alone(
    question: &DistrictedQuestion,
    seats: Option<&DistrictedSeats>,
    (district, state): (usize, SeatsState),
    id: &String,
) -> Option<proto::ListAllocation> {
    let Asked::Tiers { contest, .. } = &question.asked else {
        return None;
    };
    let mut persons = question.names.persons.iter().zip(&contest.persons);
    let here = |(name, person): (&OptionId, &PersonVotes)| {
        person.district == district && name.as_str() == id
    };
    let number = persons.position(here)?;
    let is_elected = seats.is_some_and(|seats| seats.persons.contains(&number));
    let eligibility = match (contest.persons[number].votes, is_elected) {
        _ if !is_known(state) => proto::Eligibility::Unspecified,
        (0, _) => proto::Eligibility::NoVotes,
        (_, true) => proto::Eligibility::Passed,
        (_, false) => proto::Eligibility::BelowThreshold,
    };
    Some(proto::ListAllocation {
        option_id: id.clone(),
        votes: contest.persons[number].votes,
        eligibility: eligibility.into(),
        seats: Some(seats_message(state, is_elected.into(), is_elected.into())),
        pairing: proto::Pairing::Unspecified.into(),
    })
}

/// One district of the ballot that is one of the law, in the shape of a district by itself: its seats are those that it
/// holds, whichever stage gave them. Ties, steps and certificates are those of the whole contest.
pub(crate) fn district_allocation(
    question: &DistrictedQuestion,
    result: &DistrictedResult,
    seats: Option<&DistrictedSeats>,
    district: usize,
    ids: &[String],
) -> proto::Allocation {
    let names = &question.names;
    let state = district_state(whole_state(result, seats), district, seats);
    let entry = &question.asked.districted().districts[district];
    let position = |id: &String| names.lists.iter().position(|list| list.as_str() == id);
    let lists = ids.iter().filter_map(|id| {
        let Some(list) = position(id) else {
            return person_alone(question, seats, (district, state), id);
        };
        let (held, most) = seats.map_or((0, 0), |seats| {
            (seats.seats[district][list], seats.most[district][list])
        });
        let takes_part = seats.is_some_and(|seats| seats.admitted[list]);
        let eligibility = match (entry.votes[list], takes_part) {
            _ if !is_known(state) => proto::Eligibility::Unspecified,
            (0, _) => proto::Eligibility::NoVotes,
            (_, true) => proto::Eligibility::Passed,
            (_, false) => proto::Eligibility::BelowThreshold,
        };
        Some(proto::ListAllocation {
            option_id: id.clone(),
            votes: entry.votes[list],
            eligibility: eligibility.into(),
            seats: Some(seats_message(state, held, most)),
            pairing: proto::Pairing::Unspecified.into(),
        })
    });
    let held: u32 = seats.map_or(0, |seats| seats.seats[district].iter().sum());
    let held = held + seats.map_or(0, |seats| persons_here(question, seats, district));
    let total = if is_known(state) {
        held.max(entry.seats)
    } else {
        entry.seats
    };
    proto::Allocation {
        seats: total,
        state: state.into(),
        lists: lists.collect(),
        seats_pending: match state {
            SeatsState::Withheld | SeatsState::Unknown => 0,
            _ => total - held,
        },
        problem: result.problem(),
        ..Default::default()
    }
}

fn places_tie(tie: &PlacesTie) -> proto::PlacesTie {
    let PlacesTie { at, tied, seats } = tie;
    proto::PlacesTie {
        at: Some((*at).into()),
        places: tied.iter().map(Into::into).collect(),
        seats_at_stake: *seats,
    }
}

impl From<PlacesStage> for common::PlacesStage {
    fn from(at: PlacesStage) -> Self {
        let PlacesStage {
            stage,
            round,
            inner,
        } = at;
        Self {
            stage,
            round,
            inner,
        }
    }
}

impl From<common::PlacesStage> for PlacesStage {
    fn from(at: common::PlacesStage) -> Self {
        let common::PlacesStage {
            stage,
            round,
            inner,
        } = at;
        Self {
            stage,
            round,
            inner,
        }
    }
}

impl From<&TiedPlace> for common::TiedPlace {
    fn from(place: &TiedPlace) -> Self {
        let TiedPlace {
            district,
            option,
            constituency,
        } = place;
        let text =
            |id: &Option<DistrictId>| id.as_ref().map(ToString::to_string).unwrap_or_default();
        Self {
            district_id: text(district),
            option_id: option.to_string(),
            constituency_id: text(constituency),
        }
    }
}

impl From<&PlacesLot> for proto::PlacesLot {
    fn from(lot: &PlacesLot) -> Self {
        let PlacesLot {
            contest: _,
            at,
            tied,
            seats,
            winners,
            // Who drew it stands in the log.
            attribution: _,
        } = lot;
        Self {
            at: Some((*at).into()),
            tied_places: tied.iter().map(Into::into).collect(),
            seats_at_stake: *seats,
            winner_places: winners.iter().map(Into::into).collect(),
        }
    }
}

/// Ids of lists, or of districts where these compete, as the messages of one allocation name them.
pub(crate) fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
