//! What `AllocateDistricts` is asked.

use crate::allocation::v1 as proto;
use crate::allocation_request::{
    MARGIN_LISTS_MAX, MARGIN_PLACES_MAX, REQUEST_ID_BYTES_MAX, hold_votes, name_or_id, read_base,
};
use crate::common::v1 as common;
use crate::districted_rules::districted_rules;
use crate::field::{id, shape, within};
use apportionment::tiers::{Constituency, PersonVotes, Region, TierContest};
use apportionment::{District, DistrictedContest, DistrictedList, DistrictsError, ThresholdBase};
use election::districted::{DistrictedQuestion, DistrictedRules, Names};
use election::event::{PlacesLot, TiedPlace};
use election::ids::{ContestId, DistrictId, OptionId};
use election::report::{Attribution, Refusal, RefusalCode};
use election::rules::{ContestRules, DistrictSeats, TierStageRule};
use election::validate::parameters;
use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

/// A question over districts, with what the answer repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct DistrictsRequest {
    /// Passed through.
    pub id: String,
    /// Votes, rules and lots.
    pub question: DistrictedQuestion,
    /// Steps and certificates are asked for.
    pub include_steps: bool,
    /// Margins of the districts' own seats are asked for.
    pub include_margins: bool,
    /// What things are called in the explanation.
    pub called: DistrictsCalled,
    /// How the explanation is written that is asked for.
    pub explanation: Option<proto::ExplanationStyle>,
}

/// What the lists, districts, constituencies and regions of a question are called, in their orders: by ids, where nothing else
/// is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DistrictsCalled {
    /// The lists.
    pub lists: Vec<String>,
    /// The districts.
    pub districts: Vec<String>,
    /// The constituencies.
    pub constituencies: Vec<String>,
    /// The regions.
    pub regions: Vec<String>,
}

impl DistrictsCalled {
    fn read(request: &proto::AllocateDistrictsRequest) -> Result<Self, Refusal> {
        let proto::AllocateDistrictsRequest {
            lists,
            districts,
            constituencies,
            rules,
            ..
        } = request;
        let law = rules.as_ref().and_then(|rules| rules.law.as_ref());
        let regions = match law {
            Some(proto::districted_rules::Law::Tiers(tiers)) => tiers.regions.as_slice(),
            Some(proto::districted_rules::Law::DoubleProportional(_)) | None => &[],
        };
        Ok(Self {
            lists: each("lists", lists, |list| {
                name_or_id(&list.name, &list.option_id)
            })?,
            districts: each("districts", districts, |district| {
                name_or_id(&district.name, &district.district_id)
            })?,
            constituencies: each("constituencies", constituencies, |entry| {
                name_or_id(&entry.name, &entry.constituency_id)
            })?,
            regions: each("rules.tiers.regions", regions, |region| {
                name_or_id(&region.name, &region.region_id)
            })?,
        })
    }
}

impl TryFrom<proto::AllocateDistrictsRequest> for DistrictsRequest {
    type Error = Refusal;

    fn try_from(request: proto::AllocateDistrictsRequest) -> Result<Self, Refusal> {
        let called = DistrictsCalled::read(&request)?;
        let proto::AllocateDistrictsRequest {
            id: request_id,
            lists,
            districts,
            rules,
            constituencies,
            lots,
            include_steps,
            explanation,
            persons,
            include_margins,
        } = request;
        if request_id.len() > REQUEST_ID_BYTES_MAX {
            let rule = format!("at most {REQUEST_ID_BYTES_MAX} bytes");
            let value = format!("{} bytes", request_id.len());
            return Err(Refusal::new(RefusalCode::Limit, "id", value, rule));
        }
        if include_margins && !margins_cost_little(lists.len(), districts.len()) {
            let rule = format!(
                "false where there are more than {MARGIN_LISTS_MAX} lists, or more than {MARGIN_PLACES_MAX} lists times districts"
            );
            let value = format!(
                "true with {} lists in {} districts",
                lists.len(),
                districts.len()
            );
            return Err(Refusal::new(
                RefusalCode::Limit,
                "include_margins",
                value,
                rule,
            ));
        }
        let mut names = Names {
            lists: each("lists", &lists, |list| {
                id("option_id", &list.option_id, OptionId::new)
            })?,
            districts: each("districts", &districts, |district| {
                id("district_id", &district.district_id, DistrictId::new)
            })?,
            constituencies: each("constituencies", &constituencies, |entry| {
                id("constituency_id", &entry.constituency_id, DistrictId::new)
            })?,
            ..Names::default()
        };
        distinct("lists", "option_id", &names.lists)?;
        distinct("districts", "district_id", &names.districts)?;
        distinct("constituencies", "constituency_id", &names.constituencies)?;
        let own = names.districts.iter().zip(&districts);
        let own = own.map(|(id, district)| DistrictSeats {
            id: id.clone(),
            seats: district.seats,
            parts: Vec::new(),
        });
        let rules = crate::required("rules", rules)?;
        let contest_id = ContestId::new("contest").expect("an id of letters");
        let law = districted_rules(rules, contest_id, own.collect()).map_err(within("rules"))?;
        parameters(&law).map_err(within("rules"))?;
        answerable(&law, !constituencies.is_empty())?;
        names.persons = each("persons", &persons, |person| {
            id("option_id", &person.option_id, OptionId::new)
        })?;
        let all: Vec<OptionId> = names.lists.iter().chain(&names.persons).cloned().collect();
        distinct("lists and persons", "option_id", &all)?;
        names.outsiders = each("constituencies", &constituencies, |entry| {
            each(
                "other_leading_option_ids",
                &entry.other_leading_option_ids,
                |text| id("id", text, OptionId::new),
            )
        })?;
        let persons = each("persons", &persons, |person| read_person(person, &names))?;
        let exempts = law.exempts_minorities();
        let districted = DistrictedContest {
            lists: lists.iter().map(|list| read_list(list, exempts)).collect(),
            districts: each("districts", &districts, |district| {
                read_district(district, lists.len())
            })?,
        };
        let constituencies = each("constituencies", &constituencies, |entry| {
            read_constituency(entry, &names, lists.len())
        })?;
        let contest = TierContest {
            districted,
            constituencies,
            persons,
            ..with_regions(&law, &mut names)?
        };
        // As the contract has it: 0 where a list does not stand.
        names.stands = contest
            .districted
            .districts
            .iter()
            .map(|district| district.votes.iter().map(|votes| *votes > 0).collect())
            .collect();
        names.parts = vec![Vec::new(); names.districts.len()];
        let lots = each("lots", &lots, read_lot)?;
        let engine = DistrictedRules::of(&law).expect("the message has rules over all districts");
        engine
            .check()
            .map_err(|error| districts_refusal(&error, None))?;
        if let DistrictedRules::Tiers(rules) = &engine {
            let bases = rules.overall_thresholds().into_iter();
            let bases: Vec<ThresholdBase> = bases.map(|(_, share)| share.base).collect();
            for (place, district) in contest.districted.districts.iter().enumerate() {
                let votes = district.votes.iter().map(|votes| u128::from(*votes));
                hold_votes(&district.base, votes.sum(), &bases)
                    .map_err(within(format_args!("districts[{place}]")))?;
            }
        }
        Ok(Self {
            id: request_id,
            question: DistrictedQuestion::new(names, engine, contest, lots),
            include_steps,
            include_margins,
            called,
            explanation,
        })
    }
}

/// Whether margins of so many lists in so many districts can be looked for while somebody waits.
pub fn margins_cost_little(lists: usize, districts: usize) -> bool {
    lists <= MARGIN_LISTS_MAX && lists.saturating_mul(districts) <= MARGIN_PLACES_MAX
}

/// Refuses stages that ask for votes which the request does not have: they would do nothing, and nobody
/// would see it. A request without persons is one of an election in which nobody stood alone.
fn answerable(law: &ContestRules, has_constituencies: bool) -> Result<(), Refusal> {
    let stages = law.tiers.iter().flat_map(|tiers| &tiers.stages);
    for (place, stage) in stages.enumerate() {
        let field = format!("rules.tiers.stages[{place}].{}", stage.name());
        let first_places = matches!(
            stage,
            TierStageRule::Cover {} | TierStageRule::Constituencies {}
        );
        let won = stage
            .admission()
            .and_then(|admission| admission.constituencies_won);
        let field = match won {
            Some(_) => format!("{field}.admission.constituencies_won"),
            None => field,
        };
        if (first_places || won.is_some()) && !has_constituencies {
            let rule = "constituencies with the votes in each, because the stage asks who came first there";
            return Err(shape(field, "no constituencies", rule));
        }
    }
    Ok(())
}

/// Converts each entry of a repeated field, and names the one that is refused.
fn each<T, U>(
    field: &str,
    entries: &[T],
    convert: impl Fn(&T) -> Result<U, Refusal>,
) -> Result<Vec<U>, Refusal> {
    let entries = entries.iter().enumerate();
    entries
        .map(|(place, entry)| convert(entry).map_err(within(format_args!("{field}[{place}]"))))
        .collect()
}

fn distinct<T: Eq + Hash + fmt::Display>(
    field: &str,
    name: &str,
    ids: &[T],
) -> Result<(), Refusal> {
    let mut known = HashSet::new();
    let twice = ids.iter().position(|id| !known.insert(id));
    twice.map_or(Ok(()), |place| {
        let field = format!("{field}[{place}].{name}");
        Err(shape(field, &ids[place], "each stands once"))
    })
}

fn read_list(list: &proto::DistrictedList, exempts: bool) -> DistrictedList {
    let proto::DistrictedList {
        option_id: _,
        registration_number,
        minority,
        coalition_size,
        name: _,
    } = list;
    DistrictedList {
        registration: *registration_number,
        coalition_size: (*coalition_size).max(1),
        exempt: exempts && *minority,
    }
}

fn read_district(district: &proto::DistrictVotes, lists: usize) -> Result<District, Refusal> {
    let proto::DistrictVotes {
        district_id: _,
        seats,
        votes,
        base,
        name: _,
    } = district;
    as_many_as_lists(votes, lists)?;
    Ok(District {
        seats: *seats,
        votes: votes.clone(),
        base: read_base(base.unwrap_or_default()),
        candidates: Vec::new(),
    })
}

fn as_many_as_lists(votes: &[u64], lists: usize) -> Result<(), Refusal> {
    if votes.len() == lists {
        return Ok(());
    }
    let value = format!("{} numbers", votes.len());
    let rule = format!("one for each of the {lists} lists, 0 where one does not stand");
    Err(shape("votes", value, rule))
}

fn read_constituency(
    entry: &proto::ConstituencyVotes,
    names: &Names,
    lists: usize,
) -> Result<Constituency, Refusal> {
    let proto::ConstituencyVotes {
        constituency_id: _,
        district_id,
        votes,
        other_votes,
        other_votes_most,
        name: _,
        other_leading_option_ids: _,
    } = entry;
    as_many_as_lists(votes, lists)?;
    let mut districts = names.districts.iter();
    let district = districts.position(|known| known.as_str() == district_id);
    let district = district.ok_or_else(|| {
        let rule = "must be one of the districts";
        Refusal::new(
            RefusalCode::UnknownDistrict,
            "district_id",
            district_id,
            rule,
        )
    })?;
    Ok(Constituency {
        district,
        votes: votes.clone(),
        other_votes: *other_votes,
        other_most: *other_votes_most,
        drawn: None,
    })
}

fn read_person(person: &proto::PersonVotes, names: &Names) -> Result<PersonVotes, Refusal> {
    let proto::PersonVotes {
        option_id: _,
        district_id,
        votes,
    } = person;
    let mut districts = names.districts.iter();
    let district = districts.position(|known| known.as_str() == district_id);
    let district = district.ok_or_else(|| {
        let (field, rule) = ("district_id", "must be one of the districts");
        Refusal::new(RefusalCode::UnknownDistrict, field, district_id, rule)
    })?;
    Ok(PersonVotes {
        district,
        list: None,
        votes: *votes,
    })
}

/// The further seats and the regions of the rules.
fn with_regions(law: &ContestRules, names: &mut Names) -> Result<TierContest, Refusal> {
    let Some(tiers) = &law.tiers else {
        return Ok(TierContest::default());
    };
    let regions = each("rules.tiers.regions", &tiers.regions, |region| {
        let districts = each("district_ids", &region.districts, |id| {
            names.district(id).ok_or_else(|| {
                let rule = "must be one of the districts";
                Refusal::new(RefusalCode::UnknownDistrict, "id", id, rule)
            })
        })?;
        Ok(Region {
            districts,
            further_seats: region.further_seats,
        })
    })?;
    let ids = tiers.regions.iter();
    names.regions = ids.map(|region| region.id.clone()).collect();
    Ok(TierContest {
        further_seats: tiers.further_seats,
        regions,
        ..TierContest::default()
    })
}

fn read_lot(lot: &proto::PlacesLot) -> Result<PlacesLot, Refusal> {
    let proto::PlacesLot {
        at,
        tied_places,
        seats_at_stake,
        winner_places,
    } = lot;
    Ok(PlacesLot {
        contest: 0,
        at: crate::required("at", *at)?.into(),
        tied: tied_places_of("tied_places", tied_places)?,
        seats: *seats_at_stake,
        winners: tied_places_of("winner_places", winner_places)?,
        attribution: Attribution {
            by: String::new(),
            reason: String::new(),
        },
    })
}

/// The places of a lot.
///
/// # Errors
/// What is no id.
pub(crate) fn tied_places_of(
    field: &str,
    places: &[common::TiedPlace],
) -> Result<Vec<TiedPlace>, Refusal> {
    each(field, places, |place| {
        let common::TiedPlace {
            district_id,
            option_id,
            constituency_id,
        } = place;
        Ok(TiedPlace {
            district: crate::field::optional_id("district_id", district_id, DistrictId::new)?,
            option: id("option_id", option_id, OptionId::new)?,
            constituency: crate::field::optional_id(
                "constituency_id",
                constituency_id,
                DistrictId::new,
            )?,
        })
    })
}

/// What the engine refuses, by the path of the field in the request. A count that is missing is named with the first
/// district that lacks it.
pub fn districts_refusal(error: &DistrictsError, question: Option<&DistrictedQuestion>) -> Refusal {
    let DistrictsError::Contest(contest) = error else {
        return shape("districts", error.code(), error.to_string());
    };
    if let apportionment::ContestError::BaseMissing { base } = contest {
        let lacking = question.and_then(|question| question.lacking(*base).into_iter().next());
        let name = match base {
            ThresholdBase::ListVotes => "votes",
            ThresholdBase::ValidVotes => "base.valid_votes",
            ThresholdBase::ValidAndAgainstAll => "base.valid_and_against_all",
            ThresholdBase::BallotsInBox => "base.ballots_in_box",
            ThresholdBase::BallotsIssued => "base.ballots_issued",
        };
        let value = lacking.map(ToString::to_string).unwrap_or_default();
        return shape(format!("districts.{name}"), value, error.to_string());
    }
    crate::contest_refusal(contest)
}
