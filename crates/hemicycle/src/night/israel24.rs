//! The night of the 24th Knesset, 23 March 2021: 36 timed snapshots of the official file as 13,919 events.
//!
//! Seats by Bader-Ofer (D'Hondt with surplus agreements) among lists with 3.25% of the valid votes. The source gives no
//! reasons for its corrections, and no versions: versions are counted here, and an update that lets a list fall becomes a
//! correction whose reason says that it is synthetic.

use super::{Checkpoint, Night, NightError, ReportForm, Step, TimedStep};
use election::counts::Counter;
use election::definition::Definition;
use election::ids::UnitId;
use election::report::{Attribution, ReportKind};
use election::submission::Submission;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The file of events in the folder.
pub const EVENTS: &str = "events.csv.gz";
/// The seats at each snapshot.
pub const SEATS: &str = "seats_by_snapshot.computed.json";
/// Columns before the lists.
const HEAD_COLUMNS: usize = 12;
/// Lists that stood in pairs, by the letters on their ballots.
const PAIRS: [(&str, &str); 6] = [
    ("שס", "ג"),
    ("מחל", "ט"),
    ("מרצ", "אמת"),
    ("ת", "ב"),
    ("יז", "כן"),
    ("ל", "פה"),
];

/// Whether a folder holds this night.
pub fn is_here(folder: &Path) -> bool {
    folder.join(EVENTS).is_file() && folder.join(SEATS).is_file()
}

/// Reads the night.
///
/// # Errors
///
/// What is missing in the folder or malformed in its files.
pub fn read(folder: &Path) -> Result<Night, NightError> {
    let path = folder.join(EVENTS);
    let rows = read_rows(&path)?;
    let definition = definition(&rows)?;
    let checkpoints = read_checkpoints(&folder.join(SEATS))?;
    let form = ReportForm::of(&definition.ballot)
        .ok_or_else(|| NightError::line(&path, 1, "no lists in the header"))?;
    let steps = Mapper {
        path,
        form,
        versions: HashMap::new(),
        former: HashMap::new(),
    }
    .map(&rows.rows, &checkpoints)?;
    let step_count = u64::try_from(steps.len()).ok();
    Ok(Night {
        definition,
        step_count,
        steps: Box::new(steps.into_iter().map(Ok)),
    })
}

struct Rows {
    letters: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    line: u64,
    snapshot_unix_s: i64,
    event: String,
    unit: UnitId,
    // eligible, voted, invalid, valid; none of a withdrawal.
    counters: Option<[u64; 4]>,
    votes: Vec<u64>,
}

fn read_rows(path: &Path) -> Result<Rows, NightError> {
    let mut reader = csv::Reader::from_reader(super::open(path)?);
    let fault = |line: u64, what: String| NightError::line(path, line, what);
    let header = reader
        .headers()
        .map_err(|error| fault(1, error.to_string()))?;
    let letters: Vec<String> = header
        .iter()
        .skip(HEAD_COLUMNS)
        .map(str::to_owned)
        .collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| fault(0, error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let column = |index: usize| record.get(index).unwrap_or("");
        let number = |index: usize| {
            column(index).parse::<u64>().map_err(|error| {
                fault(
                    line,
                    format!(
                        "column {}: {:?} is not a whole number: {error}",
                        index + 1,
                        column(index)
                    ),
                )
            })
        };
        let snapshot_unix_s = column(1)
            .parse()
            .map_err(|_| fault(line, format!("snapshot_unix: {:?}", column(1))))?;
        let id = format!("{}-{}-{}-{}", column(3), column(4), column(5), column(6));
        let unit = UnitId::new(&id).map_err(|error| fault(line, format!("{id:?}: {error}")))?;
        let event = column(2).to_owned();
        let is_withdrawal = event == "withdraw";
        let counters = if is_withdrawal {
            None
        } else {
            Some([number(8)?, number(9)?, number(10)?, number(11)?])
        };
        let lists = HEAD_COLUMNS..HEAD_COLUMNS + letters.len();
        let votes = if is_withdrawal {
            Vec::new()
        } else {
            lists.map(number).collect::<Result<_, _>>()?
        };
        rows.push(Row {
            line,
            snapshot_unix_s,
            event,
            unit,
            counters,
            votes,
        });
    }
    Ok(Rows { letters, rows })
}

fn definition(rows: &Rows) -> Result<Definition, NightError> {
    let mut text = String::from(HEADER);
    for letters in &rows.letters {
        let pair = PAIRS
            .iter()
            .find(|(first, second)| letters == first || letters == second);
        let apparentment = pair.map_or(String::new(), |(first, second)| {
            format!(", apparentment = \"{}-{}\"", latin(first), latin(second))
        });
        let _ = writeln!(text, "    {{ id = \"{}\"{apparentment} }},", latin(letters));
    }
    text.push_str("]\n");
    text.push_str(RULES);
    for letters in &rows.letters {
        let _ = writeln!(
            text,
            "[presentation.options.\"{}\"]\nshort_name = \"{letters}\"",
            latin(letters)
        );
    }
    // Boxes in the order of their first report; the manifest is known by hindsight. A roll of 0 is unknown, and where the
    // rows of a box differ the largest roll is taken.
    let mut order = Vec::new();
    let mut rolls: HashMap<&UnitId, u64> = HashMap::new();
    for row in &rows.rows {
        let roll = rolls.entry(&row.unit).or_insert_with(|| {
            order.push(&row.unit);
            0
        });
        *roll = (*roll).max(row.counters.map_or(0, |[eligible, ..]| eligible));
    }
    for unit in order {
        let roll = rolls[unit];
        let _ = write!(
            text,
            "[[register.units]]\nid = \"{unit}\"\ndistrict = \"israel\"\n"
        );
        if roll == 0 {
            text.push_str("kind = \"envelope-centre\"\n");
        } else {
            let _ = writeln!(text, "roll = {roll}");
        }
    }
    Ok(Definition::from_toml(&text)?)
}

const HEADER: &str = r#"
[ballot]
election = "knesset-24"
voting_day = "2021-03-23"

[[ballot.contests]]
id = "list"
[[ballot.contests.districts]]
id = "israel"
options = [
"#;

const RULES: &str = r#"
[rules]
house_size = 120
sources = ["Basic Law: The Knesset; Knesset Elections Law 1969, sections 81 and 82 (Bader-Ofer)"]

[[rules.contests]]
id = "list"
districts = [{ id = "israel", seats = 120 }]
threshold = { share = [325, 10000], base = "valid-votes" }
stages = [{ method = "highest-averages", divisors = "d-hondt" }]

[rules.form]
identities = [
    { left = ["valid", "invalid"], right = ["papers"] },
    { left = ["votes"], right = ["valid"] },
]

# Who votes elsewhere than where they are registered does so in double envelopes, which are counted in boxes of their own, of
# unknown roll. No box of the register has more than 800 voters; these get the next round number.
[rules.outstanding]
roll = { share = [1, 1] }
kinds = [{ kind = "envelope-centre", ballots = 1000, basis = "stated" }]

[presentation]
title = { en = "24th Knesset", he = "הכנסת ה-24" }
"#;

// Letters of the Hebrew alphabet as they are spelled in ids; final forms are marked, so that ids stay distinct.
fn latin(letters: &str) -> String {
    let spelled = letters.chars().map(|letter| match letter {
        'א' => "a",
        'ב' => "b",
        'ג' => "g",
        'ד' => "d",
        'ה' => "h",
        'ו' => "w",
        'ז' => "z",
        'ח' => "kh",
        'ט' => "tt",
        'י' => "y",
        'כ' => "k",
        'ך' => "k.",
        'ל' => "l",
        'מ' => "m",
        'ם' => "m.",
        'נ' => "n",
        'ן' => "n.",
        'ס' => "s",
        'ע' => "e",
        'פ' => "p",
        'ף' => "p.",
        'צ' => "ts",
        'ץ' => "ts.",
        'ק' => "q",
        'ר' => "r",
        'ש' => "sh",
        'ת' => "t",
        _ => "_",
    });
    spelled.collect()
}

fn read_checkpoints(path: &Path) -> Result<BTreeMap<i64, BTreeMap<String, u32>>, NightError> {
    #[derive(serde::Deserialize)]
    struct Snapshot {
        snapshot_unix: i64,
        seats: BTreeMap<String, u32>,
    }
    let file = super::open(path)?;
    let snapshots: Vec<Snapshot> = serde_json::from_reader(file).map_err(|error| {
        NightError::line(
            path,
            u64::try_from(error.line()).unwrap_or(0),
            error.to_string(),
        )
    })?;
    let by_id = |seats: BTreeMap<String, u32>| {
        seats
            .into_iter()
            .map(|(letters, seats)| (latin(&letters), seats))
            .collect()
    };
    Ok(snapshots
        .into_iter()
        .map(|snapshot| (snapshot.snapshot_unix, by_id(snapshot.seats)))
        .collect())
}

struct Mapper {
    path: PathBuf,
    form: ReportForm,
    versions: HashMap<UnitId, u32>,
    former: HashMap<UnitId, Vec<u64>>,
}

impl Mapper {
    fn map(
        mut self,
        rows: &[Row],
        checkpoints: &BTreeMap<i64, BTreeMap<String, u32>>,
    ) -> Result<Vec<TimedStep>, NightError> {
        let mut steps = Vec::with_capacity(rows.len() + checkpoints.len());
        for (place, row) in rows.iter().enumerate() {
            let step = self.step(row)?;
            steps.push(TimedStep {
                time_unix_s: Some(row.snapshot_unix_s),
                line: None,
                step,
            });
            let is_last = rows
                .get(place + 1)
                .is_none_or(|next| next.snapshot_unix_s != row.snapshot_unix_s);
            if let Some(seats) = checkpoints.get(&row.snapshot_unix_s).filter(|_| is_last) {
                let label = format!("snapshot {}", row.snapshot_unix_s);
                let checkpoint = Step::Checkpoint(Checkpoint {
                    label,
                    seats: seats.clone(),
                });
                steps.push(TimedStep {
                    time_unix_s: Some(row.snapshot_unix_s),
                    line: None,
                    step: checkpoint,
                });
            }
        }
        Ok(steps)
    }

    fn step(&mut self, row: &Row) -> Result<Step, NightError> {
        let version = self.versions.entry(row.unit.clone()).or_insert(0);
        *version += 1;
        let version = *version;
        let synthetic = |what: &str| Attribution {
            by: String::from("Central Elections Committee"),
            reason: format!("{what}; the source gives no reason, this one is synthetic"),
        };
        let Some([eligible, voted, invalid, valid]) = row.counters else {
            self.former.remove(&row.unit);
            let attribution = synthetic("box taken out of the official file");
            return Ok(Step::Withdraw {
                key: self.form.key(row.unit.clone()),
                version,
                attribution,
            });
        };
        if row.event != "new" && row.event != "update" {
            let what = format!("event: {:?} is none of new, update, withdraw", row.event);
            return Err(NightError::line(&self.path, row.line, what));
        }
        let mut now = row.votes.clone();
        now.extend([voted, invalid, valid]);
        let former = self.former.insert(row.unit.clone(), now.clone());
        let falls = former.is_some_and(|former| {
            let pairs = former.iter().zip(&now);
            pairs.into_iter().any(|(before, after)| after < before)
        });
        let (kind, attribution) = if falls {
            (
                ReportKind::Correction,
                Some(synthetic("numbers changed in the official file")),
            )
        } else {
            (ReportKind::Full, None)
        };
        let mut counters = vec![
            (Counter::Papers, voted),
            (Counter::Invalid, invalid),
            (Counter::Valid, valid),
        ];
        if eligible > 0 {
            counters.push((Counter::RollAtClose, eligible));
        }
        let report = self.form.report(
            row.unit.clone(),
            version,
            kind,
            &row.votes,
            counters,
            attribution,
        );
        Ok(Step::Submit(Submission::Report(report)))
    }
}
