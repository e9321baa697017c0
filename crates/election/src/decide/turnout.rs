//! Decides over a turnout report. It counts ballots issued, no votes; so nothing of it is held: what is odd is a
//! warning, and a fall must say who ordered it and why. What went wrong all the same an official puts right.

use super::{Decision, check_attribution};
use crate::event::{Event, Turnout};
use crate::report::{
    DuplicateStanding, Outcome, Refusal, RefusalCode, TURNOUT_VERSION_MAX, TurnoutReport, Warning,
};
use crate::state::{State, UnitFacts};

pub(super) fn decide(state: &State, report: &TurnoutReport) -> Result<Decision, Refusal> {
    let (index, unit, turnout) = check_shape(state, report)?;
    if report.version < unit.turnout_version {
        return Ok(Decision::answer(Outcome::Superseded {
            revision: unit.turnout_revision,
            counted_version: unit.turnout_version,
        }));
    }
    if report.version == unit.turnout_version {
        if turnout == unit.turnout {
            return Ok(Decision::answer(Outcome::Duplicate {
                revision: unit.turnout_revision,
                standing: DuplicateStanding::Counted,
            }));
        }
        return Err(Refusal::new(
            RefusalCode::StaleVersion,
            "version",
            report.version,
            format!(
                "version {} says {} ballots issued; a change needs a higher version",
                report.version, unit.turnout.ballots_issued
            ),
        ));
    }
    let ballots_issued = turnout.ballots_issued;
    let falls =
        ballots_issued < unit.turnout.ballots_issued || (unit.turnout.is_final && !report.is_final);
    if falls && report.attribution.is_none() {
        return Err(Refusal::new(
            RefusalCode::AttributionMissing,
            "attribution",
            "",
            format!(
                "the number falls from {}: it must be said who ordered it and why",
                unit.turnout.ballots_issued
            ),
        ));
    }
    let over = unit.roll.filter(|roll| ballots_issued > *roll);
    let warnings = over
        .map(|roll| Warning::IssuedOverRoll {
            issued: ballots_issued,
            roll,
        })
        .into_iter()
        .collect();
    Ok(Decision {
        event: Some(counted(index, unit, report, turnout)),
        outcome: Outcome::Accepted {
            revision: state.revision().next(),
            warnings,
        },
    })
}

/// Decides over an official's correction. It may set any version, also a lower one than the unit has.
pub(super) fn correct(
    state: &State,
    report: &TurnoutReport,
    replaced_version: u32,
) -> Result<Vec<Event>, Refusal> {
    let (index, unit, turnout) = check_shape(state, report)?;
    if report.attribution.is_none() {
        let rule = "a correction must say who ordered it and why";
        return Err(Refusal::new(
            RefusalCode::AttributionMissing,
            "attribution",
            "",
            rule,
        ));
    }
    if unit.turnout_version == 0 {
        return Err(Refusal::new(
            RefusalCode::State,
            "unit_id",
            &report.unit,
            "no turnout of it is reported",
        ));
    }
    if report.version == unit.turnout_version && turnout == unit.turnout {
        return Ok(Vec::new());
    }
    if replaced_version != unit.turnout_version {
        return Err(Refusal::new(
            RefusalCode::StaleVersion,
            "replaced_version",
            replaced_version,
            format!(
                "must be the version that the unit has, {}",
                unit.turnout_version
            ),
        ));
    }
    Ok(vec![counted(index, unit, report, turnout)])
}

// What can be said of a report without what came before it: the unit, and what it says.
fn check_shape<'state>(
    state: &'state State,
    report: &TurnoutReport,
) -> Result<(u32, &'state UnitFacts, Turnout), Refusal> {
    super::official::check_complete(state)?;
    let index = state.unit_index(report.unit.as_str()).ok_or_else(|| {
        Refusal::new(
            RefusalCode::UnknownUnit,
            "unit_id",
            &report.unit,
            "must be a unit of the election's register",
        )
    })?;
    let unit = usize::try_from(index)
        .ok()
        .and_then(|index| state.units.get(index));
    let unit = unit.expect("the index of units points at units");
    if report.version == 0 {
        return Err(Refusal::new(
            RefusalCode::Shape,
            "version",
            0,
            "versions begin with 1",
        ));
    }
    if report.version > TURNOUT_VERSION_MAX {
        return Err(Refusal::new(
            RefusalCode::Limit,
            "version",
            report.version,
            format!("at most {TURNOUT_VERSION_MAX}"),
        ));
    }
    if let Some(attribution) = &report.attribution {
        check_attribution(attribution)?;
    }
    let ballots_issued =
        super::report::small(report.ballots_issued, || String::from("ballots_issued"))?;
    let turnout = Turnout {
        ballots_issued,
        is_final: report.is_final,
    };
    Ok((index, unit, turnout))
}

fn counted(index: u32, unit: &UnitFacts, report: &TurnoutReport, turnout: Turnout) -> Event {
    Event::TurnoutCounted {
        unit: index,
        district: unit.district,
        version: report.version,
        ballots_issued: turnout.ballots_issued,
        is_final: turnout.is_final,
        replaced: (unit.turnout_version > 0).then_some(unit.turnout),
        attribution: report.attribution.clone(),
    }
}
