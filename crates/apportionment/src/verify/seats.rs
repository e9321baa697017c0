//! The check of bare seats, such as declared ones.

use crate::allocation::Eligibility;
use crate::contest::Contest;
use crate::method::Stage;
use crate::rules::{AboveMax, Rules};
use crate::verify::border::Border;
use crate::verify::expected::{Competitor, Expected};
use crate::verify::refusal::Refusal;
use crate::verify::{check_list, cuts_keys};

/// Checks bare seats as far as they can be checked without stages: house size, right to seats, list lengths, floor, and
/// the border of the keys where the chain has one stage and no majority clause, bonus or cap shared anew gives others. A tie
/// may have been settled either way, by whatever lot. Declared seats of the service are compared with an allocation instead:
/// this is for a caller who has seats alone, and for tests.
///
/// # Errors
/// Everything that was found wrong, each by name.
pub fn verify_seats(contest: &Contest, rules: &Rules, seats: &[u32]) -> Result<(), Vec<Refusal>> {
    if seats.len() != contest.lists.len() {
        let (expected, found) = (contest.lists.len(), seats.len());
        return Err(vec![Refusal::ListCount { expected, found }]);
    }
    let mut refusals = Vec::new();
    let expected = Expected::of(contest, rules, &[], (None, None), &mut refusals)
        .map_err(|error| vec![Refusal::Contest(error)])?;
    // Ties are not recorded in bare seats: whichever runner-up holds some is taken for the one that was admitted.
    refusals.clear();
    let fits = |field: &&Vec<Competitor>| {
        let has_right = |list: usize| field.iter().any(|one| one.list == list);
        let floors = field
            .iter()
            .all(|one| one.before == 0 || seats[one.list] > 0);
        floors && (0..seats.len()).all(|list| seats[list] == 0 || has_right(list))
    };
    let field = expected
        .fields
        .iter()
        .find(fits)
        .or(expected.fields.first());
    let competitors = field.map_or(&[][..], Vec::as_slice);
    for (list, &held) in seats.iter().enumerate() {
        let admitted = expected.fields.len() > 1 && competitors.iter().any(|one| one.list == list);
        let eligibility = if admitted {
            Eligibility::RescueAdmitted
        } else {
            expected.eligibility[list]
        };
        check_list((contest, rules), list, held, eligibility, &mut refusals);
    }
    let house = u64::from(contest.seats);
    let found: u64 = seats.iter().map(|&seats| u64::from(seats)).sum();
    if found > house || found < fewest(competitors, contest, rules) {
        refusals.push(Refusal::HouseSize {
            house: contest.seats,
            found,
        });
    }
    if let [stage] = rules.stages.as_slice()
        && stage.is_plain()
        && rules.majority.is_none()
        && rules.bonus.is_none()
        && rules.above_max == AboveMax::NextInLine
    {
        let scale = expected.scale;
        refusals.extend(crossing(
            contest,
            rules,
            seats,
            competitors.to_vec(),
            (*stage, contest.seats, scale),
            None,
        ));
        let inside = rules
            .apparentment
            .as_ref()
            .and_then(|joined| joined.inside.as_ref())
            .unwrap_or(&rules.stages);
        if let [stage] = inside.as_slice()
            && stage.is_plain()
        {
            let mut joined: Vec<Competitor> = competitors.to_vec();
            while let Some(group) = joined.pop() {
                if group.members.len() < 2 {
                    continue;
                }
                let members = match group.subgroup {
                    true => group.single(contest, rules),
                    false => group.split(contest, rules),
                };
                if !group.subgroup {
                    joined.extend(members.clone());
                }
                // What stayed empty inside is not known, so neither is what the group had won.
                let complete =
                    cuts_keys(rules) || !members.iter().any(|one| at_its_end(one, contest, seats));
                let won = held_by(&group, seats);
                if complete && won > 0 {
                    refusals.extend(crossing(
                        contest,
                        rules,
                        seats,
                        members,
                        (*stage, won, 1),
                        Some(group.list),
                    ));
                }
            }
        }
    }
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(refusals)
    }
}

/// Seats that must at least have been given. Where a seat can stay empty, only stages could tell how many did.
fn fewest(competitors: &[Competitor], contest: &Contest, rules: &Rules) -> u64 {
    if !cuts_keys(rules) || !inside_gives_all(rules) || !gives_all(&rules.stages) {
        return 0;
    }
    let room = competitors
        .iter()
        .map(|one| one.limit.saturating_add(one.aside))
        .map(|room| match (rules.above_max, rules.seats_max) {
            (AboveMax::SharedAnew, Some(most)) => room.min(most),
            _ => room,
        })
        .map(|room| u64::from(room.min(contest.seats)));
    room.sum::<u64>().min(u64::from(contest.seats))
}

/// Whether a chain leaves no seat while a list has candidates for it.
fn gives_all(stages: &[Stage]) -> bool {
    stages.last().is_some_and(Stage::is_plain)
}

fn inside_gives_all(rules: &Rules) -> bool {
    let inside = rules.apparentment.as_ref();
    inside.is_none_or(|joined| gives_all(joined.inside.as_ref().unwrap_or(&rules.stages)))
}

fn held_by(competitor: &Competitor, seats: &[u32]) -> u32 {
    let held: u64 = competitor
        .members
        .iter()
        .map(|&list| u64::from(seats[list]))
        .sum();
    u32::try_from(held).unwrap_or(u32::MAX)
}

/// Whether a list of the competitor holds as many seats as it has candidates.
fn at_its_end(competitor: &Competitor, contest: &Contest, seats: &[u32]) -> bool {
    let full = |&list: &usize| {
        contest.lists[list]
            .candidates
            .is_some_and(|candidates| seats[list] >= candidates)
    };
    competitor.members.iter().any(full)
}

/// A seat below the floor of a rescue, or a refused key above a granted one.
fn crossing(
    contest: &Contest,
    rules: &Rules,
    seats: &[u32],
    mut competitors: Vec<Competitor>,
    (stage, house, scale): (Stage, u32, u32),
    group: Option<usize>,
) -> Option<Refusal> {
    let border = Border::of(stage.method, &competitors, house, scale, contest.quota_of);
    let held: Vec<u32> = competitors.iter().map(|one| held_by(one, seats)).collect();
    for (one, &seats_held) in competitors.iter_mut().zip(&held) {
        if seats_held < one.before {
            return Some(Refusal::BelowFloor {
                list: one.list,
                seats: seats_held,
                floor: one.before,
            });
        }
        let may_leave_some = one.members.len() > 1 && !inside_gives_all(rules);
        if may_leave_some || !cuts_keys(rules) && at_its_end(one, contest, seats) {
            // It may have won more, which stayed empty.
            one.limit = seats_held;
        }
    }
    border.crossing(&competitors, &held, group)
}
