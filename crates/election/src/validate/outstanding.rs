//! Checks what the rules say of ballots that are still to come.

use super::{Checked, distinct, shape, small_ratio};
use crate::definition::Ballot;
use crate::report::{Refusal, RefusalCode};
use crate::rules::{OutstandingRules, RollCeiling, Rules};

/// Checks `[rules.outstanding]` against the ballot and the other rules, but for the units that it names.
pub(super) fn rules(rules: &Rules, ballot: &Ballot) -> Checked {
    let Some(bounds) = &rules.outstanding else {
        return Ok(());
    };
    ceilings(bounds)?;
    if bounds.issued_at_close && ballot.counting_groups.len() > 1 {
        let rule =
            "false where there are several counting groups: turnout reports do not say of which";
        return Err(shape("rules.outstanding.issued_at_close", "true", rule));
    }
    // What no reviewer looks at must be within what is called certain.
    if let Some(RollCeiling { share, .. }) = &bounds.roll {
        let [[above, below], [most, of]] = [rules.holds.ballots_per_roll_max, *share];
        if u128::from(above) * u128::from(of) > u128::from(most) * u128::from(below) {
            let rule = "at least rules.holds.ballots_per_roll_max: more than that is counted without a reviewer";
            let field = "rules.outstanding.roll.share";
            return Err(shape(field, format!("[{most}, {of}]"), rule));
        }
    }
    Ok(())
}

fn ceilings(rules: &OutstandingRules) -> Checked {
    let OutstandingRules {
        issued_at_close: _,
        electorate: _,
        roll,
        units,
        kinds,
    } = rules;
    if let Some(RollCeiling { share, ballots: _ }) = roll {
        let field = "rules.outstanding.roll.share";
        small_ratio(field, *share, 1_000_000_000)?;
        let [numerator, denominator] = *share;
        if numerator < denominator || numerator > denominator.saturating_mul(100) {
            let rule = "from [1, 1], the whole roll, to [100, 1]: less would foretell a turnout";
            return Err(shape(field, format!("[{numerator}, {denominator}]"), rule));
        }
    }
    distinct(
        "rules.outstanding.units",
        units.iter().map(|entry| &entry.id),
    )?;
    let kinds: Vec<&str> = kinds.iter().map(|entry| entry.kind.name()).collect();
    distinct("rules.outstanding.kinds", kinds.iter())
}

/// Checks that the units and the electorate that bound outstanding ballots are there.
pub fn outstanding_register(
    rules: &Rules,
    electorate: Option<u64>,
    is_unit: impl Fn(&str) -> bool,
) -> Checked {
    let Some(rules) = &rules.outstanding else {
        return Ok(());
    };
    if rules.electorate && electorate.is_none() {
        let rule = "false, as the register has no electorate";
        return Err(shape("rules.outstanding.electorate", "true", rule));
    }
    let mut units = rules.units.iter().enumerate();
    let unknown = units.find(|(_, entry)| !is_unit(entry.id.as_str()));
    unknown.map_or(Ok(()), |(place, entry)| {
        let field = format!("rules.outstanding.units[{place}].id");
        let rule = "must be a unit of the election's register";
        Err(Refusal::new(
            RefusalCode::UnknownUnit,
            field,
            &entry.id,
            rule,
        ))
    })
}
