//! What `Allocate` is asked.

use crate::allocation::v1 as proto;
use crate::field::{id, shape, within};
use crate::rules::contest_rules;
use apportionment::{
    BaseCounts, Contest, ContestError, DistrictShare, LISTS_MAX, List, Lot, Rules, ThresholdBase,
};
use election::allocation::{Question, engine_rules, stage_at};
use election::ids::{ContestId, DistrictId, OptionId};
use election::report::{Refusal, RefusalCode};
use election::validate::parameters;
use std::collections::HashMap;
use std::hash::Hash;

/// The longest id of a request, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 256;

/// The longest name of a list, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// Most lists of which margins are computed: each takes thousands of allocations.
pub const MARGIN_LISTS_MAX: usize = 64;
/// Most lists times districts of which margins are looked for.
pub const MARGIN_PLACES_MAX: usize = 1_000;

/// A question to the engine, with what the answer repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocationRequest {
    /// Passed through.
    pub id: String,
    /// The list at each position of the question.
    pub option_ids: Vec<OptionId>,
    /// Votes and rules; its options are the positions of the lists.
    pub question: Question,
    /// Steps and certificate are asked for.
    pub include_steps: bool,
    /// Margins are asked for.
    pub include_margins: bool,
    /// What the lists are called, in their order.
    pub names: Vec<String>,
    /// How the explanation is written that is asked for.
    pub explanation: Option<proto::ExplanationStyle>,
}

impl TryFrom<proto::AllocateRequest> for AllocationRequest {
    type Error = Refusal;

    fn try_from(request: proto::AllocateRequest) -> Result<Self, Refusal> {
        let proto::AllocateRequest {
            id,
            seats,
            lists,
            rules,
            base,
            lots,
            include_steps,
            include_margins,
            explanation,
        } = request;
        if id.len() > REQUEST_ID_BYTES_MAX {
            let rule = format!("at most {REQUEST_ID_BYTES_MAX} bytes");
            return Err(Refusal::new(
                RefusalCode::Limit,
                "id",
                format!("{} bytes", id.len()),
                rule,
            ));
        }
        if lists.len() > LISTS_MAX {
            let rule = format!("at most {LISTS_MAX}");
            return Err(Refusal::new(
                RefusalCode::Limit,
                "lists",
                format!("{} lists", lists.len()),
                rule,
            ));
        }
        if include_margins && lists.len() > MARGIN_LISTS_MAX {
            let rule = format!("false where there are more than {MARGIN_LISTS_MAX} lists");
            let value = format!("true with {} lists", lists.len());
            return Err(Refusal::new(
                RefusalCode::Limit,
                "include_margins",
                value,
                rule,
            ));
        }
        let rules = crate::required("rules", rules)?;
        let exempts = rules
            .threshold
            .as_ref()
            .is_some_and(|threshold| threshold.minorities_exempt);
        let mut groups = Groups::default();
        let mut positions = HashMap::new();
        let mut option_ids = Vec::with_capacity(lists.len());
        let mut entries = Vec::with_capacity(lists.len());
        let mut names = Vec::with_capacity(lists.len());
        for (place, list) in lists.into_iter().enumerate() {
            let path = format_args!("lists[{place}]");
            names.push(name_or_id(&list.name, &list.option_id).map_err(within(path))?);
            let (option, entry) = read_list(list, exempts, &mut groups).map_err(within(path))?;
            if positions.insert(option.clone(), place).is_some() {
                let field = format!("{path}.option_id");
                return Err(Refusal::new(
                    RefusalCode::RepeatedOption,
                    field,
                    option,
                    "each list stands once",
                ));
            }
            option_ids.push(option);
            entries.push(entry);
        }
        let lots = lots.iter().enumerate();
        let lots = lots.map(|(place, lot)| {
            read_lot(lot, &positions).map_err(within(format_args!("lots[{place}]")))
        });
        let options = (0_u32..).take(option_ids.len()).collect();
        let contest = Contest {
            seats,
            lists: entries,
            base: read_base(base.unwrap_or_default()),
            quota_of: None,
        };
        let rules = read_rules(rules, seats, !groups.joined.is_empty()).map_err(within("rules"))?;
        let bases: Vec<ThresholdBase> = rules.threshold.iter().map(|it| it.base).collect();
        let votes = contest.lists.iter().map(|list| u128::from(list.votes));
        hold_votes(&contest.base, votes.sum(), &bases)?;
        let question = Question {
            options,
            contest,
            rules,
            lots: lots.collect::<Result<_, _>>()?,
        };
        Ok(Self {
            id,
            option_ids,
            question,
            include_steps,
            include_margins,
            names,
            explanation,
        })
    }
}

/// What something is called: its id, where it has no name.
pub(crate) fn name_or_id(name: &str, id: &str) -> Result<String, Refusal> {
    if name.len() > NAME_BYTES_MAX {
        let (value, rule) = (
            format!("{} bytes", name.len()),
            format!("at most {NAME_BYTES_MAX} bytes"),
        );
        return Err(Refusal::new(RefusalCode::Limit, "name", value, rule));
    }
    Ok(if name.is_empty() { id } else { name }.to_owned())
}

/// The numbers of joined lists by the names that the request gives them.
#[derive(Default)]
struct Groups {
    joined: HashMap<String, u32>,
    inside: HashMap<(String, String), u32>,
}

fn number<N: Eq + Hash>(numbers: &mut HashMap<N, u32>, name: N) -> u32 {
    let next = u32::try_from(numbers.len()).expect("there are fewer groups than lists");
    *numbers.entry(name).or_insert(next)
}

fn read_list(
    list: proto::AllocationList,
    exempts: bool,
    groups: &mut Groups,
) -> Result<(OptionId, List), Refusal> {
    let proto::AllocationList {
        option_id,
        votes,
        candidates,
        registration_number,
        minority,
        coalition_size,
        apparentment,
        sub_apparentment,
        direct_seats,
        best_district,
        // Taken out before.
        name: _,
        won_office,
    } = list;
    if apparentment.is_empty() && !sub_apparentment.is_empty() {
        let rule = "only inside an apparentment";
        return Err(shape("sub_apparentment", sub_apparentment, rule));
    }
    let subgroup = (!sub_apparentment.is_empty())
        .then(|| number(&mut groups.inside, (apparentment.clone(), sub_apparentment)));
    let group = (!apparentment.is_empty()).then(|| number(&mut groups.joined, apparentment));
    let best_district = best_district.map(|proto::DistrictShare { votes, base_count }| {
        let of = base_count;
        DistrictShare { votes, of }
    });
    let entry = List {
        votes,
        candidates,
        registration: registration_number,
        coalition_size: coalition_size.max(1),
        exempt: exempts && minority,
        group,
        subgroup,
        direct_seats,
        best_district,
        held: 0,
        won_office,
    };
    Ok((id("option_id", &option_id, OptionId::new)?, entry))
}

pub(crate) fn read_base(base: proto::BaseCounts) -> BaseCounts {
    let proto::BaseCounts {
        valid_votes,
        valid_and_against_all,
        ballots_in_box,
        ballots_issued,
    } = base;
    BaseCounts {
        valid_votes,
        valid_and_against_all,
        ballots_in_box,
        ballots_issued,
    }
}

/// Refuses a count that a share is taken of and that has not even the votes of the lists in it: a digit is missing, and lists would
/// pass that do not.
pub(crate) fn hold_votes(
    base: &BaseCounts,
    votes: u128,
    asked: &[ThresholdBase],
) -> Result<(), Refusal> {
    let counts = [
        ("valid_votes", base.valid_votes, ThresholdBase::ValidVotes),
        (
            "valid_and_against_all",
            base.valid_and_against_all,
            ThresholdBase::ValidAndAgainstAll,
        ),
        (
            "ballots_in_box",
            base.ballots_in_box,
            ThresholdBase::BallotsInBox,
        ),
        (
            "ballots_issued",
            base.ballots_issued,
            ThresholdBase::BallotsIssued,
        ),
    ];
    for (name, count, kind) in counts {
        if let Some(count) = count.filter(|count| u128::from(*count) < votes)
            && asked.contains(&kind)
        {
            let rule = format!("at least {votes}: the votes of the lists are among them");
            let field = format!("base.{name}");
            return Err(Refusal::new(RefusalCode::Shape, field, count, rule));
        }
    }
    Ok(())
}

/// Rules do not depend on what contest and district are called; here they are called something.
fn read_rules(
    rules: proto::AllocationRules,
    seats: u32,
    has_apparentment: bool,
) -> Result<Rules, Refusal> {
    let contest = ContestId::new("contest").expect("an id of letters");
    let district = DistrictId::new("district").expect("an id of letters");
    let law = contest_rules(rules, contest, district, seats)?;
    parameters(&law)?;
    Ok(engine_rules(&law, has_apparentment))
}

fn read_lot(lot: &proto::Lot, positions: &HashMap<OptionId, usize>) -> Result<Lot, Refusal> {
    let proto::Lot {
        stage,
        tied_option_ids,
        seats_at_stake,
        winner_option_ids,
    } = lot;
    let lists = |field: &str, ids: &[String]| {
        let ids = ids.iter().enumerate().map(|(place, id)| {
            let rule = "must be one of the lists";
            let refusal = || {
                Refusal::new(
                    RefusalCode::UnknownOption,
                    format!("{field}[{place}]"),
                    id,
                    rule,
                )
            };
            positions.get(id.as_str()).copied().ok_or_else(refusal)
        });
        ids.collect::<Result<Vec<_>, _>>()
    };
    let at = stage_at(*stage)
        .ok_or_else(|| shape("stage", stage, "must be the stage that a tie names"))?;
    Ok(Lot {
        stage: at,
        lists: lists("tied_option_ids", tied_option_ids)?,
        seats_at_stake: *seats_at_stake,
        winners: lists("winner_option_ids", winner_option_ids)?,
    })
}

/// What the engine refuses, by the path of the field in the request.
pub fn contest_refusal(error: &ContestError) -> Refusal {
    // The engine calls the whole of lists, seats and counts the contest; the request has them at its top.
    let path = |field: &str| field.trim_start_matches("contest.").to_owned();
    match error {
        ContestError::AboveLimit {
            field,
            value,
            limit,
        } => Refusal::new(
            RefusalCode::Limit,
            path(field),
            value,
            format!("at most {limit}"),
        ),
        ContestError::BelowLimit {
            field,
            value,
            limit,
        } => Refusal::new(
            RefusalCode::Limit,
            path(field),
            value,
            format!("at least {limit}"),
        ),
        ContestError::BaseMissing { base } => {
            let field = match base {
                ThresholdBase::ListVotes => "lists",
                ThresholdBase::ValidVotes => "base.valid_votes",
                ThresholdBase::ValidAndAgainstAll => "base.valid_and_against_all",
                ThresholdBase::BallotsInBox => "base.ballots_in_box",
                ThresholdBase::BallotsIssued => "base.ballots_issued",
            };
            shape(field, "", error.to_string())
        }
        ContestError::FractionOutOfRange {
            field,
            numerator,
            denominator,
            range,
        } => shape(
            path(field),
            format!("{numerator}/{denominator}"),
            format!("must be {range}"),
        ),
        ContestError::ChainOpen { field } => shape(path(field), "", error.to_string()),
        ContestError::RescueNeedsQuota => shape("rules.rescue", "", error.to_string()),
        ContestError::UnknownList { list, .. } => {
            Refusal::new(RefusalCode::UnknownOption, "lists", list, error.to_string())
        }
        // The engine may learn to refuse more; its words and its code stand for it until it has a path here.
        _ => shape("rules", error.code(), error.to_string()),
    }
}

#[cfg(test)]
mod tests;
