//! Decides over a report: refused for shape, identity, ballot or rights; else one of the five other outcomes.

// tidy: long because one decision from its first check to its outcome.

use super::{Decision, check_attribution};
use crate::counts::{COUNT_MAX, Counter, Counts, Form};
use crate::definition::{Identity, Relation, Term};
use crate::event::{Counted, Event, Slot, SlotMove, SlotState};
use crate::ids::Revision;
use crate::report::{
    DuplicateStanding, HoldReason, Outcome, Refusal, RefusalCode, Report, ReportKind, UnitStatus,
    Warning,
};
use crate::state::{PENDING_MAX, SlotFacts, State, content_digest, report_kind};

pub(super) fn decide(state: &State, report: &Report) -> Result<Decision, Refusal> {
    let slot = find_slot(state, report)?;
    let facts = state.facts(slot).ok_or_else(|| unknown_unit(report))?;
    let counts = check_shape(state, slot, report)?;
    if let Some(outcome) = known(state, slot, facts, report, &counts) {
        return Ok(Decision::answer(outcome));
    }
    if report.version < facts.version || (report.version == facts.version && !facts.is_counted()) {
        return Ok(Decision::answer(Outcome::Superseded {
            revision: facts.revision,
            counted_version: facts.version,
        }));
    }
    // Of a conflict too: who decides over it must know what else is wrong with what they would let in.
    let reasons = hold_reasons(state, slot, facts, report, &counts);
    if let Some(other_revision) = conflicting(state, slot, facts, report) {
        let (event, revision) = hold(
            state,
            slot,
            facts,
            report,
            counts,
            reasons,
            Some(other_revision),
        )?;
        return Ok(Decision {
            event: Some(event),
            outcome: Outcome::Conflict {
                revision,
                other_revision,
            },
        });
    }
    if !reasons.is_empty() {
        let (event, revision) = hold(state, slot, facts, report, counts, reasons.clone(), None)?;
        return Ok(Decision {
            event: Some(event),
            outcome: Outcome::Held { revision, reasons },
        });
    }
    let warnings = warnings(state, &counts);
    let outcome = Outcome::Accepted {
        revision: state.revision().next(),
        warnings: warnings.clone(),
    };
    let counted = enter_count(
        state,
        slot,
        facts,
        report.version,
        report.kind,
        counts,
        report.attribution.clone(),
        None,
    );
    Ok(Decision {
        event: Some(Event::ReportCounted { counted, warnings }),
        outcome,
    })
}

/// The change that brings counts into the totals. `released` is the revision of the pending report that a reviewer
/// lets in.
#[expect(
    clippy::too_many_arguments,
    reason = "it puts together one event from its fields"
)]
pub(super) fn enter_count(
    state: &State,
    slot: Slot,
    facts: SlotFacts,
    version: u32,
    kind: ReportKind,
    counts: Counts,
    attribution: Option<crate::report::Attribution>,
    released: Option<Revision>,
) -> Counted {
    let status = match (facts.status, kind) {
        // What the commission has closed stays closed when a reviewer lets a late report in.
        (UnitStatus::Closed, _) => UnitStatus::Closed,
        // A recount goes on until its result comes, whatever a reviewer lets in meanwhile.
        (UnitStatus::UnderRecount, kind) if kind != ReportKind::Recount => UnitStatus::UnderRecount,
        // From here on by the report alone, so that the order in which versions come says nothing.
        (_, ReportKind::Partial) => UnitStatus::Partial,
        _ => UnitStatus::Complete,
    };
    let pending = state
        .pending(slot)
        .iter()
        .any(|pending| pending.version >= version && Some(pending.revision) != released);
    Counted {
        slot,
        version,
        kind,
        counts,
        replaced: facts.is_counted().then(|| state.counts(slot, facts)),
        slot_move: SlotMove {
            before: facts.state(),
            after: SlotState {
                status,
                counted: true,
                pending,
            },
        },
        attribution,
    }
}

fn unknown_unit(report: &Report) -> Refusal {
    Refusal::new(
        RefusalCode::UnknownUnit,
        "unit_id",
        &report.key.unit,
        "must be a unit of the election's register",
    )
}

fn find_slot(state: &State, report: &Report) -> Result<Slot, Refusal> {
    super::official::check_complete(state)?;
    let (contest, group) = super::official::contest_and_group(state, &report.key, "")?;
    let unit = state
        .unit_index(report.key.unit.as_str())
        .ok_or_else(|| unknown_unit(report))?;
    state.slot(unit, contest, group).ok_or_else(|| {
        Refusal::new(
            RefusalCode::UnknownCountingGroup,
            "counting_group_id",
            &report.key.counting_group,
            format!(
                "unit {} does not report this counting group",
                report.key.unit
            ),
        )
    })
}

fn check_shape(state: &State, slot: Slot, report: &Report) -> Result<Counts, Refusal> {
    if report.version == 0 {
        return Err(Refusal::new(
            RefusalCode::Shape,
            "version",
            0,
            "versions begin with 1",
        ));
    }
    let ballot_hash = state.tally().outline.versions[0].hash;
    if report.ballot_hash != ballot_hash {
        return Err(Refusal::new(
            RefusalCode::BallotHash,
            "ballot_hash",
            report.ballot_hash,
            format!(
                "must be the hash of the ballot of election {}: {ballot_hash}",
                state.tally().election
            ),
        ));
    }
    match &report.attribution {
        Some(attribution) => check_attribution(attribution)?,
        None if report.kind.needs_attribution() => {
            return Err(Refusal::new(
                RefusalCode::AttributionMissing,
                "attribution",
                "",
                format!("a {} must say who ordered it and why", report.kind.name()),
            ));
        }
        None => {}
    }
    Ok(Counts {
        votes: check_votes(state, slot, report)?,
        form: check_form(report)?,
    })
}

// Missing is not zero (F12): every option of the district's ballot stands in a report, exactly once.
fn check_votes(state: &State, slot: Slot, report: &Report) -> Result<Vec<u32>, Refusal> {
    let options = &state.ballot().contests[usize::from(slot.contest)].districts
        [usize::from(slot.district)]
    .options;
    // Nearly every report lists its options in their order.
    let mut in_order = Vec::with_capacity(options.len());
    let places = (0_u32..).zip(&report.votes).take(options.len());
    in_order.extend(places.map_while(|(place, (option, votes))| {
        u32::try_from(*votes).ok().filter(|_| place == *option)
    }));
    if in_order.len() == options.len() && report.votes.len() == options.len() {
        return Ok(in_order);
    }
    let mut votes: Vec<Option<u32>> = vec![None; options.len()];
    for (place, (option, count)) in report.votes.iter().enumerate() {
        let known = usize::try_from(*option).ok();
        let Some(index) = known.filter(|&index| index < options.len()) else {
            return Err(Refusal::new(
                RefusalCode::UnknownOption,
                format!("option_indexes[{place}]"),
                option,
                format!(
                    "the ballot of this unit's district has the options 0 to {}",
                    options.len() - 1
                ),
            ));
        };
        let name = &options[index].id;
        let count = u32::try_from(*count).map_err(|_| {
            let rule =
                format!("a count of one unit is at most {COUNT_MAX}; this is that of {name}");
            Refusal::new(RefusalCode::Limit, format!("votes[{place}]"), count, rule)
        })?;
        if votes[index].replace(count).is_some() {
            return Err(Refusal::new(
                RefusalCode::RepeatedOption,
                format!("option_indexes[{place}]"),
                option,
                format!("each option stands once; {name} stands again"),
            ));
        }
    }
    let missing = votes.iter().position(Option::is_none);
    if let Some(missing) = missing {
        return Err(Refusal::new(
            RefusalCode::MissingOption,
            "option_indexes",
            format!("{} options", report.votes.len()),
            format!(
                "option {missing} ({}) is missing; missing is not zero",
                options[missing].id
            ),
        ));
    }
    Ok(votes.into_iter().flatten().collect())
}

fn check_form(report: &Report) -> Result<Form, Refusal> {
    let mut form = Form::EMPTY;
    for (place, (counter, value)) in report.form.iter().enumerate() {
        if form.get(*counter).is_some() {
            return Err(Refusal::new(
                RefusalCode::Shape,
                format!("form[{place}].counter"),
                counter,
                "each counter stands at most once",
            ));
        }
        form.set(*counter, small(*value, || format!("form[{place}].value"))?);
    }
    Ok(form)
}

pub(super) fn small(count: u64, field: impl FnOnce() -> String) -> Result<u32, Refusal> {
    u32::try_from(count).map_err(|_| {
        Refusal::new(
            RefusalCode::Limit,
            field(),
            count,
            format!("a count of one unit is at most {COUNT_MAX}"),
        )
    })
}

// The same version with the same content: counted, waiting, or decided over by a reviewer.
fn known(
    state: &State,
    slot: Slot,
    facts: SlotFacts,
    report: &Report,
    counts: &Counts,
) -> Option<Outcome> {
    let is_counted = report.version == facts.version
        && facts.is_counted()
        && report_kind(facts.kind) == report.kind
        && state.holds(facts, counts);
    if is_counted {
        return Some(Outcome::Duplicate {
            revision: facts.revision,
            standing: DuplicateStanding::Counted,
        });
    }
    let waits = state.pending(slot).iter().find(|pending| {
        pending.version == report.version
            && pending.kind == report.kind
            && pending.counts == *counts
    });
    if let Some(pending) = waits {
        return Some(Outcome::Duplicate {
            revision: pending.revision,
            standing: DuplicateStanding::Waiting,
        });
    }
    let settled = state
        .number(slot)
        .and_then(|number| state.settled.get(&number))?;
    let same_version: Vec<_> = settled
        .iter()
        .filter(|settled| settled.version == report.version)
        .collect();
    if same_version.is_empty() {
        return None;
    }
    let digest = content_digest(report.kind, counts);
    same_version
        .into_iter()
        .find(|settled| settled.digest == digest)
        .map(|settled| Outcome::Duplicate {
            revision: settled.revision,
            standing: DuplicateStanding::Reviewed,
        })
}

// Another content of the same version: counted, or waiting.
fn conflicting(state: &State, slot: Slot, facts: SlotFacts, report: &Report) -> Option<Revision> {
    if facts.is_counted() && report.version == facts.version {
        return Some(facts.revision);
    }
    let waits = state
        .pending(slot)
        .iter()
        .find(|pending| pending.version == report.version);
    waits.map(|pending| pending.revision)
}

fn hold(
    state: &State,
    slot: Slot,
    facts: SlotFacts,
    report: &Report,
    counts: Counts,
    reasons: Vec<HoldReason>,
    conflicts_with: Option<Revision>,
) -> Result<(Event, Revision), Refusal> {
    if state.pending(slot).len() >= PENDING_MAX {
        return Err(Refusal::new(
            RefusalCode::PendingFull,
            "unit_id",
            &report.key.unit,
            format!(
                "{PENDING_MAX} reports of its contest and counting group wait for a reviewer already; they must be decided first"
            ),
        ));
    }
    let before = facts.state();
    let event = Event::ReportHeld {
        slot,
        version: report.version,
        kind: report.kind,
        codes: reasons.iter().map(HoldReason::code).collect(),
        conflicts_with,
        slot_move: SlotMove {
            before,
            after: SlotState {
                pending: true,
                ..before
            },
        },
        attribution: report.attribution.clone(),
        counts: Some(counts),
        reasons,
    };
    Ok((event, state.revision().next()))
}

fn hold_reasons(
    state: &State,
    slot: Slot,
    facts: SlotFacts,
    report: &Report,
    counts: &Counts,
) -> Vec<HoldReason> {
    let rules = &state.tally().outline.rules;
    let mut reasons = Vec::new();
    for (number, identity) in rules.form.identities.iter().enumerate() {
        if let Some((left, right)) = broken(identity, counts) {
            // Definitions have far fewer than 2^16 identities.
            let identity = u16::try_from(number).unwrap_or(u16::MAX);
            reasons.push(HoldReason::IdentityBroken {
                identity,
                left,
                right,
            });
        }
    }
    let votes_per_ballot = state.ballot().votes_per_ballot;
    if let Some(valid) = counts.form.get(Counter::Valid) {
        let limit = u64::from(valid) * u64::from(votes_per_ballot);
        let votes = counts.votes_total();
        if votes > limit {
            reasons.push(HoldReason::VotesOverValid { votes, limit });
        }
    }
    // The form may account for fewer ballots than the votes must have had.
    let ballots = counts.ballots_counted(votes_per_ballot).unwrap_or(0).max(
        counts
            .votes_total()
            .div_ceil(u64::from(votes_per_ballot.max(1))),
    );
    let roll = roll(state, slot, counts);
    if let Some(roll) = roll {
        let [numerator, denominator] = rules.holds.ballots_per_roll_max;
        if u128::from(ballots) * u128::from(denominator) > u128::from(roll) * u128::from(numerator)
        {
            reasons.push(HoldReason::BallotsOverRoll { ballots, roll });
        }
    }
    if report.version - facts.version > rules.holds.version_jump_max {
        reasons.push(HoldReason::VersionJump {
            counted: facts.version,
            version: report.version,
        });
    }
    if facts.is_counted() {
        let before = state.counts(slot, facts);
        // Whatever its kind: a part is put right by a part that says who and why.
        if report.attribution.is_some() {
            let electorate = roll.unwrap_or_else(|| {
                ballots.max(before.ballots_counted(votes_per_ballot).unwrap_or(0))
            });
            let moved = lead_moved(&before, counts);
            if moved > electorate {
                reasons.push(HoldReason::LeadMoved { moved, electorate });
            }
        } else {
            reasons.extend(fall(&before, counts));
            reasons.extend(counter_fall(&before, counts));
        }
    }
    let is_awaited = match facts.status {
        UnitStatus::Expected | UnitStatus::Open | UnitStatus::Partial | UnitStatus::Complete => {
            true
        }
        UnitStatus::UnderRecount => report.kind == ReportKind::Recount,
        UnitStatus::RepeatOrdered => report.kind == ReportKind::RepeatVote,
        UnitStatus::NotOpened | UnitStatus::Closed | UnitStatus::Annulled | UnitStatus::Merged => {
            false
        }
    };
    if !is_awaited {
        reasons.push(HoldReason::UnitStatus(facts.status));
    }
    reasons
}

// The register's roll; only where it is unknown, the one that the unit itself states.
fn roll(state: &State, slot: Slot, counts: &Counts) -> Option<u64> {
    let unit = usize::try_from(slot.unit)
        .ok()
        .and_then(|unit| state.units.get(unit))?;
    unit.roll
        .or_else(|| counts.form.get(Counter::RollAtClose))
        .map(u64::from)
}

// An identity that names a counter which the form does not have says nothing.
fn broken(identity: &Identity, counts: &Counts) -> Option<(u64, u64)> {
    let sum = |terms: &[Term]| {
        terms.iter().try_fold(0_u64, |sum, term| {
            let value = match term {
                Term::Votes => counts.votes_total(),
                Term::Counter(counter) => u64::from(counts.form.get(*counter)?),
            };
            sum.checked_add(value)
        })
    };
    let (left, right) = (sum(&identity.left)?, sum(&identity.right)?);
    let agrees = match identity.relation {
        Relation::Equal => left == right,
        Relation::AtMost => left <= right,
    };
    (!agrees).then_some((left, right))
}

fn fall(before: &Counts, after: &Counts) -> Option<HoldReason> {
    let pairs = before.votes.iter().zip(&after.votes);
    (0_u32..)
        .zip(pairs)
        .find(|(_, (before, after))| after < before)
        .map(
            |(option, (before, after))| HoldReason::FallWithoutCorrection {
                option,
                before: *before,
                after: *after,
            },
        )
}

// What a ballot is counted as, or a share's base is made of: a published total would fall without a word. Left-over and
// spoiled ballots and the roll move both ways.
fn counter_fall(before: &Counts, after: &Counts) -> Option<HoldReason> {
    let totals = [
        Counter::BallotsIssued,
        Counter::BoxFixed,
        Counter::BoxPortable,
        Counter::Papers,
        Counter::Invalid,
        Counter::Blank,
        Counter::Valid,
        Counter::AgainstAll,
    ];
    totals.into_iter().find_map(|counter| {
        let before = before.form.get(counter).filter(|before| *before > 0)?;
        let after = after.form.get(counter);
        after
            .is_none_or(|after| after < before)
            .then_some(HoldReason::CounterFalls {
                counter,
                before,
                after,
            })
    })
}

// The most that the lead of any option over any other moves: the largest gain less the largest loss.
fn lead_moved(before: &Counts, after: &Counts) -> u64 {
    let changes = before
        .votes
        .iter()
        .zip(&after.votes)
        .map(|(before, after)| i64::from(*after) - i64::from(*before));
    let (least, most) = changes.fold((i64::MAX, i64::MIN), |(least, most), change| {
        (least.min(change), most.max(change))
    });
    if most < least {
        0
    } else {
        most.abs_diff(least)
    }
}

fn warnings(state: &State, counts: &Counts) -> Vec<Warning> {
    let options = counts.votes.len();
    let zeros = counts.votes.iter().filter(|votes| **votes == 0).count();
    let is_large =
        counts.votes_total() >= u64::from(state.tally().outline.rules.holds.large_unit_votes_min);
    // Four of five options without a vote in a large unit is rare enough to look at.
    if is_large && options >= 5 && zeros * 5 >= options * 4 {
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        return vec![Warning::ManyZeros {
            zeros: number(zeros),
            options: number(options),
        }];
    }
    Vec::new()
}
