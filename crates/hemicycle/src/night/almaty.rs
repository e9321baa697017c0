//! The demonstration: the Almaty city maslihat of 10 January 2021, with station results that are **invented**.
//!
//! Real are the totals of four lists, the seats, the turnout and the number of stations. Invented are Adal's votes (its
//! published share allows 21,717 to 21,749), the invalid ballots, the ballots and the roll, and how all of it divides
//! over the stations "Demo 001" to "Demo 581". Everything carries the test mark.

use super::shuffle::Repeatable;
use super::{Checkpoint, Night, NightError, ReportForm, Step, TimedStep};
use election::counts::Counter;
use election::definition::{Definition, Unit, UnitKind};
use election::ids::{AreaId, DistrictId, UnitId};
use election::report::{Attribution, ReportKind, TurnoutReport};
use election::submission::Submission;
use std::path::Path;

/// Stations.
pub const STATIONS: usize = 581;
/// The definition, but for the stations.
pub const DEFINITION: &str = include_str!("../../demo/almaty-2021.toml");
/// Votes of the lists in the order of the ballot: Nur Otan, Aq Jol, Auyl, QHP, Adal.
pub const VOTES: [u64; 5] = [218_003, 32_367, 24_591, 23_388, 21_733];
const INVALID: u64 = 13_218;
const ROLL: u64 = 1_101_818;
/// Polls closed at 20:00 in Almaty (UTC+6).
const CLOSE_UNIX_S: i64 = 1_610_287_200;
/// The night's length before any change of speed.
const NIGHT_S: i64 = 3 * 3_600;

/// The demonstration's night. The same at every run.
///
/// # Errors
///
/// Never, if the definition in the program is sound.
pub fn night() -> Result<Night, NightError> {
    let mut numbers = Repeatable::new(20_210_110);
    let sizes: Vec<u64> = (0..STATIONS)
        .map(|_| 400 + numbers.number() % 1_200)
        .collect();
    let rolls = divide(ROLL, &sizes);
    let definition = definition(&rolls)?;
    let form = ReportForm::of(&definition.ballot)
        .ok_or_else(|| NightError::line(Path::new("almaty-2021.toml"), 0, "no contest"))?;
    let mut by_list: Vec<Vec<u64>> = Vec::new();
    for votes in VOTES {
        let weights: Vec<u64> = sizes
            .iter()
            .map(|size| size * (80 + numbers.number() % 40))
            .collect();
        by_list.push(divide(votes, &weights));
    }
    let invalid = divide(INVALID, &sizes);
    let stations = (0..STATIONS).map(|station| Station {
        votes: by_list.iter().map(|votes| votes[station]).collect(),
        invalid: invalid[station],
        roll: rolls[station],
    });
    let stations: Vec<Station> = stations.collect();
    let steps = steps(&definition, &form, &stations, &mut numbers);
    let step_count = u64::try_from(steps.len()).ok();
    Ok(Night {
        definition,
        step_count,
        steps: Box::new(steps.into_iter().map(Ok)),
    })
}

struct Station {
    votes: Vec<u64>,
    invalid: u64,
    roll: u64,
}

impl Station {
    fn ballots(&self) -> u64 {
        self.votes.iter().sum::<u64>() + self.invalid
    }
}

// Whole numbers that add up to the total, in proportion to the weights: by largest remainders, earlier stations first.
fn divide(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let product = |weight: &u64| u128::from(total) * u128::from(*weight);
    let mut shares: Vec<u64> = weights
        .iter()
        .map(|weight| u64::try_from(product(weight) / sum).unwrap_or(u64::MAX))
        .collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(product(&weights[*place]) % sum));
    let rest = usize::try_from(total - shares.iter().sum::<u64>()).unwrap_or(0);
    order
        .into_iter()
        .take(rest)
        .for_each(|place| shares[place] += 1);
    shares
}

const AREAS: [&str; 8] = [
    "alatau",
    "almaly",
    "auezov",
    "bostandyq",
    "jetisu",
    "medeu",
    "nauryzbai",
    "turksib",
];

fn definition(rolls: &[u64]) -> Result<Definition, NightError> {
    let fault = |what: String| NightError::line(Path::new("almaty-2021.toml"), 0, what);
    let mut definition: Definition =
        toml::from_str(DEFINITION).map_err(|error| fault(error.to_string()))?;
    let district = DistrictId::new("almaty").map_err(|error| fault(error.to_string()))?;
    for (place, roll) in rolls.iter().enumerate() {
        let number = place + 1;
        let area = AREAS[place * AREAS.len() / rolls.len()];
        definition.register.units.push(Unit {
            id: UnitId::new(&format!("demo-{number:03}"))
                .map_err(|error| fault(error.to_string()))?,
            kind: UnitKind::Station,
            district: district.clone(),
            area: AreaId::new(area).ok(),
            roll: u32::try_from(*roll).ok(),
            name: format!("Demo {number:03}"),
            counting_groups: Vec::new(),
        });
    }
    election::validate::definition(&definition)?;
    Ok(definition)
}

fn steps(
    definition: &Definition,
    form: &ReportForm,
    stations: &[Station],
    numbers: &mut Repeatable,
) -> Vec<TimedStep> {
    let units: Vec<&UnitId> = definition
        .register
        .units
        .iter()
        .map(|unit| &unit.id)
        .collect();
    let mut steps = Vec::new();
    // At close every station says how many ballots it has issued.
    for (unit, station) in units.iter().zip(stations) {
        let turnout = TurnoutReport {
            unit: (*unit).clone(),
            version: 1,
            ballots_issued: station.ballots(),
            is_final: true,
            attribution: None,
        };
        steps.push(TimedStep {
            time_unix_s: Some(CLOSE_UNIX_S),
            line: None,
            step: Step::Submit(Submission::Turnout(turnout)),
        });
    }
    for (place, (unit, station)) in units.iter().zip(stations).enumerate() {
        let report = |version, kind, votes: &[u64], invalid, attribution| {
            let valid: u64 = votes.iter().sum();
            let counters = vec![
                (Counter::RollAtClose, station.roll),
                (Counter::BallotsIssued, station.ballots()),
                (Counter::Papers, valid + invalid),
                (Counter::Invalid, invalid),
                (Counter::Valid, valid),
            ];
            Step::Submit(Submission::Report(form.report(
                (*unit).clone(),
                version,
                kind,
                votes,
                counters,
                attribution,
            )))
        };
        // Most reports come in the middle of the night: the mean of two even numbers.
        let night = usize::try_from(NIGHT_S).unwrap_or(1);
        let after = i64::try_from((numbers.below(night) + numbers.below(night)) / 2).unwrap_or(0);
        let mut at = |after_s: i64, step| {
            steps.push(TimedStep {
                time_unix_s: Some(CLOSE_UNIX_S + after_s.clamp(60, NIGHT_S)),
                line: None,
                step,
            });
        };
        if place % 97 == 13 {
            // Two lists' rows are swapped in the first protocol and put right later.
            let mut swapped = station.votes.clone();
            swapped.swap(1, 2);
            at(
                after,
                report(1, ReportKind::Full, &swapped, station.invalid, None),
            );
            let attribution = Attribution {
                by: String::from("Territorial commission (demonstration)"),
                reason: String::from("the rows of Aq Jol and Auyl were swapped in the protocol"),
            };
            let correction = report(
                2,
                ReportKind::Correction,
                &station.votes,
                station.invalid,
                Some(attribution),
            );
            at((after + 1_800).min(NIGHT_S), correction);
        } else if place % 41 == 7 {
            // A part first, all of it later.
            let part: Vec<u64> = station.votes.iter().map(|votes| votes / 2).collect();
            at(
                after,
                report(1, ReportKind::Partial, &part, station.invalid / 2, None),
            );
            at(
                after + 900,
                report(2, ReportKind::Full, &station.votes, station.invalid, None),
            );
        } else {
            at(
                after,
                report(1, ReportKind::Full, &station.votes, station.invalid, None),
            );
        }
    }
    // The sort is stable: a station's versions keep their order also where their times are equal.
    steps.sort_by_key(|step| step.time_unix_s);
    let seats = [("nur-otan", 29), ("aq-jol", 4), ("auyl", 3), ("qhp", 3)];
    let seats = seats
        .into_iter()
        .map(|(list, seats)| (list.to_owned(), seats))
        .collect();
    let official = Checkpoint {
        label: String::from("the commission's seats"),
        seats,
    };
    steps.push(TimedStep {
        time_unix_s: Some(CLOSE_UNIX_S + NIGHT_S),
        line: None,
        step: Step::Checkpoint(official),
    });
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stations_add_up_to_the_published_totals() {
        let night = night().unwrap();
        assert_eq!(night.definition.register.units.len(), STATIONS);
        let rolls: u64 = night
            .definition
            .register
            .units
            .iter()
            .filter_map(|unit| unit.roll)
            .map(u64::from)
            .sum();
        assert_eq!(rolls, ROLL);
        let mut last = std::collections::HashMap::new();
        let mut issued = 0;
        for step in night.steps {
            match step.unwrap().step {
                Step::Submit(Submission::Report(report)) => {
                    last.insert(report.key.unit.clone(), report);
                }
                Step::Submit(Submission::Turnout(turnout)) => issued += turnout.ballots_issued,
                Step::Withdraw { .. } | Step::Checkpoint(_) => {}
            }
        }
        let mut totals = [0; 5];
        for report in last.values() {
            for (option, votes) in &report.votes {
                totals[usize::try_from(*option).unwrap()] += votes;
            }
        }
        assert_eq!(totals, VOTES);
        assert_eq!(issued, 333_300);
    }

    #[test]
    fn a_division_adds_up_and_follows_the_weights() {
        assert_eq!(divide(10, &[1, 1, 2]), [3, 2, 5]);
        assert_eq!(divide(0, &[5, 1]), [0, 0]);
    }
}
