//! Checks what the rules say of ballots that are still to come.

use super::{Checked, distinct, most, shape, small_ratio};
use crate::definition::{Ballot, ContestBallot, OptionRole};
use crate::ids::OptionId;
use crate::report::{Refusal, RefusalCode};
use crate::rules::{
    COALITION_LISTS_MAX, COALITIONS_MAX, Coalition, OutstandingRules, RollCeiling, Rules,
};
use std::collections::HashSet;

/// Checks `[rules.outstanding]` against the ballot and the other rules, but for the units that it names.
pub(super) fn rules(rules: &Rules, ballot: &Ballot) -> Checked {
    let Some(bounds) = &rules.outstanding else {
        return Ok(());
    };
    ceilings(bounds)?;
    coalitions(&bounds.coalitions, ballot)?;
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
        coalitions: _,
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

fn coalitions(coalitions: &[Coalition], ballot: &Ballot) -> Checked {
    let field = "rules.outstanding.coalitions";
    most(field, coalitions.len(), COALITIONS_MAX, "coalitions")?;
    let mut seen: Vec<(usize, HashSet<&OptionId>)> = Vec::with_capacity(coalitions.len());
    for (place, coalition) in coalitions.iter().enumerate() {
        let field = format!("{field}[{place}]");
        let contest = contest_of(&field, coalition, ballot)?;
        members(
            &format!("{field}.options"),
            coalition,
            &ballot.contests[contest],
        )?;
        // In whatever order they stand.
        let members: HashSet<&OptionId> = coalition.options.iter().collect();
        if let Some(first) = seen.iter().position(|it| *it == (contest, members.clone())) {
            let rule = format!(
                "other lists than rules.outstanding.coalitions[{first}]: each coalition stands once"
            );
            return Err(shape(
                format!("{field}.options"),
                names(coalition.options.iter()),
                rule,
            ));
        }
        seen.push((contest, members));
    }
    Ok(())
}

fn contest_of(field: &str, coalition: &Coalition, ballot: &Ballot) -> Result<usize, Refusal> {
    coalition.contest_on(ballot).ok_or_else(|| {
        let contests = names(ballot.contests.iter().map(|contest| &contest.id));
        let field = format!("{field}.contest");
        match &coalition.contest {
            Some(id) => {
                let rule = format!("must be a contest of the ballot: {contests}");
                Refusal::new(RefusalCode::UnknownContest, field, id, rule)
            }
            None => {
                let rule = format!("one of several contests of the ballot: {contests}");
                shape(field, "", rule)
            }
        }
    })
}

fn members(field: &str, coalition: &Coalition, contest: &ContestBallot) -> Checked {
    let options = &coalition.options;
    if options.len() < 2 {
        let rule = "at least two lists; a single one has its own bounds";
        return Err(shape(field, names(options.iter()), rule));
    }
    most(field, options.len(), COALITION_LISTS_MAX, "lists")?;
    let districts = contest.districts.iter();
    let lists = districts.flat_map(|district| &district.options);
    let lists = lists.filter(|option| option.role == OptionRole::List);
    let lists: HashSet<&OptionId> = lists.map(|option| &option.id).collect();
    let mut seen = HashSet::with_capacity(options.len());
    for (place, id) in options.iter().enumerate() {
        let refused = |code, rule| Refusal::new(code, format!("{field}[{place}]"), id, rule);
        if !lists.contains(id) {
            let rule = format!("must be a list of the contest {}", contest.id);
            return Err(refused(RefusalCode::UnknownOption, rule));
        }
        if !seen.insert(id) {
            let rule = String::from("stands twice; once is enough");
            return Err(refused(RefusalCode::RepeatedOption, rule));
        }
    }
    Ok(())
}

fn names<T: ToString>(ids: impl Iterator<Item = T>) -> String {
    ids.map(|id| id.to_string()).collect::<Vec<_>>().join(", ")
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
