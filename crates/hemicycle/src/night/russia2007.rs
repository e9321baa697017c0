//! The State Duma election of 2 December 2007 by station: 96,193 stations, 11 lists, 7% of the ballots in the boxes, 450
//! seats by Hare quota and largest remainders.

use super::{Checkpoint, Night, NightError, ReportForm, Step, TimedStep};
use election::counts::Counter;
use election::definition::{Area, Definition, Unit, UnitKind};
use election::ids::{AreaId, DistrictId, UnitId};
use election::report::ReportKind;
use election::submission::Submission;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// The file of stations in the folder.
pub const STATIONS: &str = "stations.csv.gz";
/// The lists with their official seats.
pub const PARTIES: &str = "parties.csv";
const HEAD_COLUMNS: usize = 9;
const LISTS: usize = 11;

/// Whether a folder holds this night.
pub fn is_here(folder: &Path) -> bool {
    folder.join(STATIONS).is_file() && folder.join(PARTIES).is_file()
}

/// Reads the night: one full report of each station, in the order of the file, then the official seats.
///
/// # Errors
///
/// What is missing in the folder or malformed in its files.
pub fn read(folder: &Path) -> Result<Night, NightError> {
    let path = folder.join(STATIONS);
    let stations = read_stations(&path)?;
    let definition = definition(&stations)?;
    let form = ReportForm::of(&definition.ballot)
        .ok_or_else(|| NightError::line(&path, 1, "no lists in the definition"))?;
    let seats = read_seats(&folder.join(PARTIES))?;
    let step_count = u64::try_from(stations.len() + 1).ok();
    let reports = stations.into_iter().map(move |station| {
        let [registered, portable, fixed, invalid, valid] = station.counters;
        let counters = vec![
            (Counter::RollAtClose, registered),
            (Counter::BoxFixed, fixed),
            (Counter::BoxPortable, portable),
            (Counter::Invalid, invalid),
            (Counter::Valid, valid),
        ];
        Step::Submit(Submission::Report(form.report(
            station.id,
            1,
            ReportKind::Full,
            &station.votes,
            counters,
            None,
        )))
    });
    let end = Step::Checkpoint(Checkpoint {
        label: String::from("official result"),
        seats,
    });
    let steps = reports.chain(std::iter::once(end)).map(|step| {
        Ok(TimedStep {
            time_unix_s: None,
            line: None,
            step,
        })
    });
    Ok(Night {
        definition,
        step_count,
        steps: Box::new(steps),
    })
}

struct Station {
    id: UnitId,
    name: String,
    region: String,
    // registered, portable, fixed, invalid, valid
    counters: [u64; 5],
    votes: Vec<u64>,
}

fn read_stations(path: &Path) -> Result<Vec<Station>, NightError> {
    let mut reader = csv::Reader::from_reader(super::open(path)?);
    let mut stations = Vec::with_capacity(100_000);
    for record in reader.records() {
        let record = record.map_err(|error| NightError::line(path, 0, error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let column = |index: usize| record.get(index).unwrap_or("");
        let number = |index: usize| {
            column(index).parse::<u64>().map_err(|error| {
                let what = format!(
                    "column {}: {:?} is not a whole number: {error}",
                    index + 1,
                    column(index)
                );
                NightError::line(path, line, what)
            })
        };
        // The numbers of stations repeat between regions: the place in the file is the id.
        let id = UnitId::new(&format!("s{:06}", stations.len() + 1))
            .map_err(|error| NightError::line(path, line, error.to_string()))?;
        stations.push(Station {
            id,
            name: format!("{}, {}", column(2), column(3)),
            region: column(0).to_owned(),
            counters: [number(4)?, number(5)?, number(6)?, number(7)?, number(8)?],
            votes: (HEAD_COLUMNS..HEAD_COLUMNS + LISTS)
                .map(number)
                .collect::<Result<_, _>>()?,
        });
    }
    Ok(stations)
}

fn definition(stations: &[Station]) -> Result<Definition, NightError> {
    let mut definition: Definition = toml::from_str(DEFINITION).map_err(|error| {
        NightError::line(Path::new("definition of russia2007"), 0, error.to_string())
    })?;
    let mut areas: HashMap<&str, AreaId> = HashMap::new();
    let district = district()?;
    definition.register.units.clear();
    for station in stations {
        let area = match areas.get(station.region.as_str()) {
            Some(area) => area.clone(),
            None => {
                let id = format!("region-{:02}", areas.len() + 1);
                let id = AreaId::new(&id)
                    .map_err(|error| NightError::line(Path::new(STATIONS), 0, error.to_string()))?;
                let name = station.region.clone();
                let area = Area {
                    id: id.clone(),
                    parent: None,
                    name,
                    external_ids: BTreeMap::new(),
                };
                definition.register.areas.push(area);
                areas.insert(&station.region, id.clone());
                id
            }
        };
        definition.register.units.push(Unit {
            id: station.id.clone(),
            kind: UnitKind::Station,
            district: district.clone(),
            area: Some(area),
            roll: u32::try_from(station.counters[0]).ok(),
            name: station.name.clone(),
            counting_groups: Vec::new(),
        });
    }
    election::validate::definition(&definition)?;
    Ok(definition)
}

fn district() -> Result<DistrictId, NightError> {
    DistrictId::new("russia")
        .map_err(|error| NightError::line(Path::new(STATIONS), 0, error.to_string()))
}

const DEFINITION: &str = r##"
[ballot]
election = "duma-2007"
voting_day = "2007-12-02"

[[ballot.contests]]
id = "list"
[[ballot.contests.districts]]
id = "russia"
options = [
    { id = "p1" }, { id = "p2" }, { id = "p3" }, { id = "p4" }, { id = "p5" }, { id = "p6" },
    { id = "p7" }, { id = "p8" }, { id = "p9" }, { id = "p10" }, { id = "p11" },
]

[register]
units = []

[rules]
house_size = 450
sources = ["Federal Law 51-FZ of 18 May 2005, articles 82 and 83"]

[[rules.contests]]
id = "list"
districts = [{ id = "russia", seats = 450 }]
threshold = { share = [7, 100], base = "ballots-in-box" }
stages = [{ method = "largest-remainder", quota = "hare" }]

[rules.form]
identities = [
    { left = ["valid", "invalid"], right = ["box-fixed", "box-portable"] },
    { left = ["votes"], right = ["valid"] },
]

# The rolls are those at close, with all who were added on the day.
[rules.outstanding]
roll = { share = [1, 1] }

[presentation]
title = { en = "State Duma 2007", ru = "Государственная дума 2007" }

[presentation.options]
p4 = { short_name = "КПРФ", colour = "#cc1111" }
p7 = { short_name = "ЛДПР", colour = "#2862b3" }
p8 = { short_name = "СР", colour = "#e8a92c" }
p10 = { short_name = "ЕР", colour = "#0c4da2" }
"##;

fn read_seats(path: &Path) -> Result<BTreeMap<String, u32>, NightError> {
    let mut reader = csv::Reader::from_reader(super::open(path)?);
    let mut seats = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| NightError::line(path, 0, error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let number = record.get(2).unwrap_or("");
        let number: u32 = number.parse().map_err(|_| {
            NightError::line(path, line, format!("official_list_seats: {number:?}"))
        })?;
        if number > 0 {
            seats.insert(record.get(0).unwrap_or("").to_owned(), number);
        }
    }
    Ok(seats)
}
