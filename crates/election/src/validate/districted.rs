//! Checks rules over all districts against the ballot.

use super::{
    Checked, SEATS_MAX, distinct, has_joined_lists, inside, parameters, shape, share, threshold,
};
use crate::definition::{Ballot, BallotOption, ContestBallot, OptionRole};
use crate::districted::{DistrictedRules, check_chain};
use crate::ids::DistrictId;
use crate::report::{Refusal, RefusalCode};
use crate::rules::{
    AboveMaxRule, AdmissionRule, BaseRule, ContestRules, DistrictSeats, DoubleProportionalRule,
    ExhaustedRule, Procedure, QuotaOfRule, RegionRule, StageRule, ThresholdRule, TierStageRule,
    TiersRule, UnitsRule,
};
use apportionment::tiers::CONSTITUENCIES_MAX;
use apportionment::{CELLS_MAX, DISTRICTED_LISTS_MAX, DISTRICTS_MAX};
use std::collections::{HashMap, HashSet};

pub(super) fn contest_rules(
    field: &str,
    rules: &ContestRules,
    contest: &ContestBallot,
    ballot: &Ballot,
) -> Checked {
    only_one_procedure(field, rules)?;
    parameters(rules).map_err(inside(field))?;
    districts(field, &rules.districts, contest)?;
    lists(field, contest, rules.districts.len())?;
    match rules.procedure() {
        Procedure::EachDistrict => {}
        Procedure::Tiers(rule) => tiers(&format!("{field}.tiers"), rules, rule, contest, ballot)?,
        Procedure::DoubleProportional(rule) => {
            own_seats(field, &rules.districts, 1)?;
            double_proportional(&format!("{field}.double_proportional"), rule)?;
        }
    }
    let engine = DistrictedRules::of(rules).map_or(Ok(()), |rules| rules.check());
    engine.map_err(|error| shape(field, error.code(), error.to_string()))
}

// What belongs to the chain of single districts has no meaning above them, and must not look as if it had.
fn only_one_procedure(field: &str, rules: &ContestRules) -> Checked {
    let ContestRules {
        id: _,
        districts: _,
        threshold,
        stages,
        widening,
        rescue,
        apparentment,
        majority,
        seats_min,
        bonus,
        seats_max,
        above_max,
        exhausted,
        ties: _,
        tiers,
        double_proportional,
    } = rules;
    let given = [
        ("threshold", threshold.is_some()),
        ("stages", !stages.is_empty()),
        ("widening", widening.is_some()),
        ("rescue", rescue.is_some()),
        ("apparentment", apparentment.is_some()),
        ("majority", majority.is_some()),
        ("seats_min", *seats_min > 0),
        ("bonus", bonus.is_some()),
        ("seats_max", seats_max.is_some()),
        ("above_max", *above_max != AboveMaxRule::default()),
        ("exhausted", *exhausted != ExhaustedRule::default()),
        (
            "double_proportional",
            tiers.is_some() && double_proportional.is_some(),
        ),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some(("double_proportional", _)) => {
            let rule = "one of tiers and double_proportional, not both";
            Err(shape(format!("{field}.double_proportional"), "", rule))
        }
        Some((name, _)) => {
            let rule = "belongs to districts that each hand out their own seats; in tiers and double_proportional who takes \
                        part, and how, stands inside";
            Err(shape(format!("{field}.{name}"), "", rule))
        }
    }
}

// Each district of the ballot lies in exactly one of the law.
fn districts(field: &str, districts: &[DistrictSeats], contest: &ContestBallot) -> Checked {
    let field = format!("{field}.districts");
    distinct(&field, districts.iter().map(|district| &district.id))?;
    let on_ballot: HashSet<&DistrictId> = contest.districts.iter().map(|entry| &entry.id).collect();
    let mut taken: HashMap<&DistrictId, &DistrictId> = HashMap::new();
    for (place, district) in districts.iter().enumerate() {
        let DistrictSeats { id, seats, parts } = district;
        if *seats > SEATS_MAX {
            let rule = format!("at most {SEATS_MAX} seats");
            return Err(shape(format!("{field}[{place}].seats"), seats, rule));
        }
        let own = std::slice::from_ref(id);
        if !parts.is_empty() && parts.as_slice() != own && on_ballot.contains(id) {
            let rule = "an id that no district of the ballot has, because it has parts";
            return Err(shape(format!("{field}[{place}].id"), id, rule));
        }
        let (name, parts) = if parts.is_empty() {
            ("id", own)
        } else {
            ("parts", parts.as_slice())
        };
        for part in parts {
            let at = format!("{field}[{place}].{name}");
            if !on_ballot.contains(part) {
                let rule = "must be a district of the ballot";
                return Err(Refusal::new(RefusalCode::UnknownDistrict, at, part, rule));
            }
            if let Some(former) = taken.insert(part, id) {
                return Err(shape(
                    at,
                    part,
                    format!("lies in district {former} already"),
                ));
            }
        }
    }
    let left = contest
        .districts
        .iter()
        .find(|entry| !taken.contains_key(&entry.id));
    left.map_or(Ok(()), |entry| {
        let rule = "every district of the ballot, by its id or among the parts of one";
        Err(shape(field, format!("{} is missing", entry.id), rule))
    })
}

// Limits of the engine, and that a list is the same everywhere.
fn lists(field: &str, contest: &ContestBallot, districts: usize) -> Checked {
    let mut known: HashMap<_, &BallotOption> = HashMap::new();
    for district in &contest.districts {
        for option in &district.options {
            if option.role != OptionRole::List {
                continue;
            }
            let former = *known.entry(&option.id).or_insert(option);
            let same = (former.coalition_size, former.minority)
                == (option.coalition_size, option.minority);
            if !same {
                let rule = format!(
                    "list {} differs from its entry in another district: a list has the same coalition_size and minority in \
                     all districts that hang together",
                    option.id
                );
                return Err(shape(format!("{field}.districts"), &district.id, rule));
            }
        }
    }
    if has_joined_lists(contest) {
        let rule = "lists with an apparentment are joined inside one district; districts that hang together have no rule for it";
        return Err(shape(format!("{field}.id"), &contest.id, rule));
    }
    let field = format!("{field}.districts");
    super::most(
        &field,
        districts,
        DISTRICTS_MAX,
        "districts that hang together",
    )?;
    super::most(
        &field,
        known.len(),
        DISTRICTED_LISTS_MAX,
        "lists of districts that hang together",
    )?;
    super::most(
        &field,
        districts * known.len(),
        CELLS_MAX,
        "districts times lists",
    )
}

fn own_seats(field: &str, districts: &[DistrictSeats], least: u32) -> Checked {
    let short = districts.iter().position(|district| district.seats < least);
    short.map_or(Ok(()), |place| {
        let rule = format!("between {least} and {SEATS_MAX} seats: it hands out its own");
        Err(shape(
            format!("{field}.districts[{place}].seats"),
            districts[place].seats,
            rule,
        ))
    })
}

fn double_proportional(field: &str, rule: &DoubleProportionalRule) -> Checked {
    let quorum_field = format!("{field}.quorum");
    thresholds(&quorum_field, rule.quorum.thresholds())
}

fn tiers(
    field: &str,
    rules: &ContestRules,
    tiers: &TiersRule,
    contest: &ContestBallot,
    ballot: &Ballot,
) -> Checked {
    let TiersRule {
        further_seats,
        first_votes: _,
        stages,
        regions,
    } = tiers;
    if stages.is_empty() {
        let rule = "at least one stage that hands out seats";
        return Err(shape(format!("{field}.stages"), "", rule));
    }
    if *further_seats > SEATS_MAX {
        let rule = format!("at most {SEATS_MAX} seats");
        return Err(shape(format!("{field}.further_seats"), further_seats, rule));
    }
    let hands_out = stages.iter().any(|stage| {
        let own_quotas = matches!(
            stage,
            TierStageRule::Quotas {
                units: UnitsRule::Districts,
                ..
            }
        );
        own_quotas || matches!(stage, TierStageRule::Districts { .. })
    });
    let computed = stages
        .iter()
        .any(|stage| matches!(stage, TierStageRule::SeatsOfDistricts { .. }));
    let (contest_field, _) = field.rsplit_once('.').unwrap_or((field, ""));
    own_seats(
        contest_field,
        &rules.districts,
        u32::from(hands_out && !computed),
    )?;
    if let Some(place) = rules
        .districts
        .iter()
        .position(|district| computed && district.seats > 0)
    {
        let rule = "0 seats: a stage computes them from votes";
        let field = format!("{contest_field}.districts[{place}].seats");
        return Err(shape(field, rules.districts[place].seats, rule));
    }
    let mut exempting = Vec::new();
    for (place, rule) in stages.iter().enumerate() {
        stage(&format!("{field}.stages[{place}]"), rule)?;
        let named = rule
            .admission()
            .into_iter()
            .flat_map(AdmissionRule::thresholds);
        exempting.extend(named.map(|(_, threshold)| threshold.minorities_exempt));
    }
    if exempting.iter().any(|exempts| *exempts != exempting[0]) {
        let rule = "minorities_exempt is the same in all thresholds: a minority's list is exempt from all or from none";
        return Err(shape(format!("{field}.stages"), "", rule));
    }
    self::regions(field, &rules.districts, *further_seats, regions, stages)?;
    first_votes(field, tiers, contest, ballot)
}

fn thresholds<'a>(
    field: &str,
    mut named: impl Iterator<Item = (&'static str, &'a ThresholdRule)>,
) -> Checked {
    named.try_for_each(|(name, given)| {
        let field = format!("{field}.{name}");
        threshold(&field, given)?;
        if given.per_seat {
            let rule = "a plain share: not per seat";
            return Err(shape(format!("{field}.per_seat"), true, rule));
        }
        share(&format!("{field}.share"), given.share)
    })
}

fn stage(field: &str, rule: &TierStageRule) -> Checked {
    if let Some(admission) = rule.admission() {
        let is_whole = matches!(rule, TierStageRule::Whole { .. });
        if is_whole && admission.here.is_some() {
            let rule = "a share of one district lets in to the seats of that district: only in the stage districts";
            return Err(shape(format!("{field}.admission.here"), "", rule));
        }
        thresholds(&format!("{field}.admission"), admission.thresholds())?;
    }
    match rule {
        TierStageRule::Persons {
            base: BaseRule::ListVotes,
        } => {
            let rule = "a base that has the votes of single persons in it: they are no list votes";
            return Err(shape(format!("{field}.base"), "list-votes", rule));
        }
        TierStageRule::Quotas { of, base, .. }
            if (*of == QuotaOfRule::TakingPart) != base.is_none() =>
        {
            let rule = "how all votes are counted, where the quota is own or of the region, and nothing where it is of those \
                        taking part";
            return Err(shape(format!("{field}.base"), "", rule));
        }
        _ => {}
    }
    rule.chain()
        .map_or(Ok(()), |stages| stage_chain(field, stages))
}

fn stage_chain(field: &str, stages: &[StageRule]) -> Checked {
    let field = format!("{field}.chain");
    check_chain(stages).map_err(|error| shape(field, error.code(), error.to_string()))
}

fn regions(
    field: &str,
    districts: &[DistrictSeats],
    further_seats: u32,
    regions: &[RegionRule],
    stages: &[TierStageRule],
) -> Checked {
    let field = format!("{field}.regions");
    let places = |stage: &TierStageRule| matches!(stage, TierStageRule::Regions { .. });
    let by_quotas = |stage: &TierStageRule| {
        matches!(
            stage,
            TierStageRule::Quotas {
                units: UnitsRule::Regions,
                ..
            } | TierStageRule::Quotas {
                of: QuotaOfRule::Region,
                ..
            }
        )
    };
    let averages = |stage: &TierStageRule| {
        let admission = stage.admission();
        admission.is_some_and(|admission| admission.regions_average.is_some())
    };
    if regions.is_empty() {
        let needed = stages
            .iter()
            .any(|stage| places(stage) || by_quotas(stage) || averages(stage));
        let rule = "regions with their districts, because a stage needs them";
        return if needed {
            Err(shape(field, "", rule))
        } else {
            Ok(())
        };
    }
    distinct(&field, regions.iter().map(|region| &region.id))?;
    let known: HashSet<&DistrictId> = districts.iter().map(|district| &district.id).collect();
    let mut taken = HashSet::new();
    for (place, region) in regions.iter().enumerate() {
        let at = format!("{field}[{place}].districts");
        for district in &region.districts {
            if !known.contains(district) {
                let rule = "must be a district of these rules";
                return Err(Refusal::new(
                    RefusalCode::UnknownDistrict,
                    at,
                    district,
                    rule,
                ));
            }
            if !taken.insert(district) {
                return Err(shape(at, district, "each district lies in one region"));
            }
        }
    }
    if let Some(left) = known.iter().find(|district| !taken.contains(**district)) {
        let rule = "each district lies in one region";
        return Err(shape(field, format!("{left} is missing"), rule));
    }
    let together: u64 = regions
        .iter()
        .map(|region| u64::from(region.further_seats))
        .sum();
    if stages.iter().any(places) && together != u64::from(further_seats) {
        let rule = format!(
            "the further seats of regions are those of the house together: {further_seats}"
        );
        return Err(shape(format!("{field}.further_seats"), together, rule));
    }
    if stages.iter().any(by_quotas) && together > u64::from(further_seats) {
        let rule = format!(
            "the further seats of regions are some of those of the house: at most {further_seats} together"
        );
        return Err(shape(format!("{field}.further_seats"), together, rule));
    }
    Ok(())
}

fn first_votes(
    field: &str,
    tiers: &TiersRule,
    contest: &ContestBallot,
    ballot: &Ballot,
) -> Checked {
    let field = format!("{field}.first_votes");
    let needs = |stage: &TierStageRule| {
        let won = stage
            .admission()
            .and_then(|admission| admission.constituencies_won);
        let first_places = matches!(
            stage,
            TierStageRule::Cover {} | TierStageRule::Constituencies {}
        );
        won.is_some() || first_places
    };
    let Some(first_votes) = &tiers.first_votes else {
        let needed = tiers.stages.iter().any(needs);
        let rule = "the contest that holds the first votes, because a stage asks who came first";
        return if needed {
            Err(shape(field, "", rule))
        } else {
            Ok(())
        };
    };
    let known = ballot.contests.iter().any(|entry| entry.id == *first_votes);
    if !known || *first_votes == contest.id {
        let rule = "must be another contest of the ballot";
        return Err(Refusal::new(
            RefusalCode::UnknownContest,
            field,
            first_votes,
            rule,
        ));
    }
    super::most(
        &field,
        contest.districts.len(),
        CONSTITUENCIES_MAX,
        "constituencies",
    )
}
