//! Reports as a table: CSV, a report a line, its columns by their names.

use super::{Line, Names, timed};
use crate::csv_file::{separated, what_is_torn};
use crate::night::{NightError, Steps};
use election::counts::COUNT_MAX;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The lines of a table.
///
/// # Errors
///
/// A header that cannot be read; the lines fail one by one.
pub(super) fn lines(
    path: PathBuf,
    source: Box<dyn std::io::Read + Send>,
    names: Arc<Names>,
) -> Result<Steps, NightError> {
    let (mark, starts, source) = separated(source).map_err(NightError::io(&path))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(mark)
        .trim(csv::Trim::All)
        .from_reader(source);
    let header = reader
        .headers()
        .map_err(|error| torn(&path, &error, 1))?
        .clone();
    starts.take();
    let columns: Vec<Column> = header
        .iter()
        .map(|name| {
            Column::named(name).ok_or_else(|| NightError::line(&path, 1, unknown_column(name)))
        })
        .collect::<Result<_, _>>()?;
    if let Some(twice) = (1..header.len()).find(|place| {
        header
            .iter()
            .take(*place)
            .any(|name| Some(name) == header.get(*place))
    }) {
        let name = header.get(twice).unwrap_or("");
        return Err(NightError::line(
            &path,
            1,
            format!("column {name:?} stands twice"),
        ));
    }
    Ok(Box::new(reader.into_records().map(move |record| {
        let number = starts.take();
        let record = record.map_err(|error| torn(&path, &error, number))?;
        let line = csv_line(&columns, &record);
        let step = line.and_then(|line| timed(&names, number, line));
        step.map_err(|what| NightError::line(&path, number, what))
    })))
}

fn torn(path: &Path, error: &csv::Error, line: u64) -> NightError {
    let (line, what) = what_is_torn(error, line);
    NightError::line(path, line, what)
}

enum Column {
    Time,
    Election,
    Unit,
    Contest,
    CountingGroup,
    Version,
    Kind,
    By,
    Reason,
    BallotsIssued,
    IsFinal,
    Votes(String),
    Form(String),
}

impl Column {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "time" => Self::Time,
            "election" => Self::Election,
            "unit" => Self::Unit,
            "contest" => Self::Contest,
            "counting_group" => Self::CountingGroup,
            "version" => Self::Version,
            "kind" => Self::Kind,
            "by" => Self::By,
            "reason" => Self::Reason,
            "ballots_issued" => Self::BallotsIssued,
            "is_final" => Self::IsFinal,
            _ => match name.split_once(':')? {
                ("votes", option) => Self::Votes(option.to_owned()),
                ("form", counter) => Self::Form(counter.to_owned()),
                _ => return None,
            },
        })
    }
}

fn unknown_column(name: &str) -> String {
    format!(
        "{name:?} is no column; known are time, election, unit, contest, counting_group, version, kind, by, reason, \
         ballots_issued, is_final, votes:<option id>, form:<counter>"
    )
}

// An empty cell is a missing value.
fn csv_line(columns: &[Column], record: &csv::StringRecord) -> Result<Line, String> {
    let mut line = Line::default();
    for (column, cell) in columns
        .iter()
        .zip(record)
        .filter(|(_, cell)| !cell.is_empty())
    {
        let number = |name: &str| {
            let digits = cell.bytes().all(|byte| byte.is_ascii_digit());
            let number = cell.parse::<u64>().ok().filter(|_| digits);
            number.ok_or_else(|| {
                format!(
                    "{name}: {cell:?}: must be a whole number from 0 to {COUNT_MAX}, digits alone"
                )
            })
        };
        match column {
            Column::Time => {
                let time = cell
                    .parse()
                    .map_err(|error| format!("time: {cell:?}: {error}"))?;
                line.time = Some(time);
            }
            Column::Election => line.election = Some(cell.to_owned()),
            Column::Unit => line.unit = Some(cell.to_owned()),
            Column::Contest => line.contest = Some(cell.to_owned()),
            Column::CountingGroup => line.counting_group = Some(cell.to_owned()),
            Column::Version => {
                let version = u32::try_from(number("version")?);
                line.version = Some(version.map_err(|_| {
                    format!(
                        "version: {cell}: must be a whole number from 1 to {}",
                        u32::MAX
                    )
                })?);
            }
            Column::Kind => line.kind = Some(cell.to_owned()),
            Column::By => line.by = Some(cell.to_owned()),
            Column::Reason => line.reason = Some(cell.to_owned()),
            Column::BallotsIssued => line.ballots_issued = Some(number("ballots_issued")?),
            Column::IsFinal => {
                line.is_final = cell
                    .parse()
                    .map_err(|_| format!("is_final: {cell:?} is neither true nor false"))?;
            }
            Column::Votes(option) => {
                line.votes
                    .insert(option.clone(), number(&format!("votes:{option}"))?);
            }
            Column::Form(counter) => {
                line.form
                    .insert(counter.clone(), number(&format!("form:{counter}"))?);
            }
        }
    }
    Ok(line)
}
