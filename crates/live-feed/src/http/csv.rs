//! Tables of totals and of units. Every row says of what election, revision and time it is.

use crate::http::document::{basis, certainty, election_id, lower, seats_state, stage, timestamp};
use crate::official::stage_of_seats;
use crate::presented::{Presented, Texts};
use wire::common::v1::{OptionRole, UnitStatus, UnitTally};
use wire::feed::v1::{Frame, FrameBody, FrameContest, FrameRow};
use wire::results::v1::UnitState;

const TOTALS: [&str; 36] = [
    "election_id",
    "is_test",
    "revision",
    "publication_seq",
    "revision_time",
    "last_counted_time",
    "stage",
    "contest_id",
    "district_id",
    "option_id",
    "name",
    "role",
    "votes",
    "seats_state",
    "seats",
    "seats_most",
    "seats_declared",
    "contest_seats",
    "tallies",
    "tallies_counted",
    "ballots_counted",
    "is_reduced",
    "options_left_out",
    "contest_seats_outside",
    "contest_seats_pending",
    "contest_seats_unassigned",
    "ballots_issued",
    "turnout_units_reported",
    "turnout_units",
    "seats_fewest",
    "seats_most_certain",
    "bounds_basis",
    "ballots_outstanding_most",
    "threshold_certainty",
    "majority_certainty",
    "no_claim",
];

/// One row for each option of each contest.
pub(super) fn totals(frame: &Frame, presented: &Presented) -> Vec<u8> {
    let body = frame.body.clone().unwrap_or_default();
    let token = frame.envelope.as_ref().and_then(|it| it.token.as_ref());
    let seq = token.map_or(0, |token| token.publication_seq);
    let mut table = Table::new(&TOTALS);
    for contest in &body.contests {
        for row in &contest.rows {
            table.row(total(&body, seq, contest, row, presented));
        }
    }
    table.bytes()
}

fn total(
    body: &FrameBody,
    publication_seq: u64,
    contest: &FrameContest,
    row: &FrameRow,
    presented: &Presented,
) -> [String; TOTALS.len()] {
    use wire::feed::v1::scope::Scope;
    let district = match body.scope.as_ref().and_then(|scope| scope.scope.as_ref()) {
        Some(Scope::District(scope)) => scope.district_id.clone(),
        Some(Scope::Election(_) | Scope::Unit(_)) | None => String::new(),
    };
    let states = contest.totals.as_ref().and_then(|it| it.states.as_ref());
    let seats = row.seats.as_ref();
    let bounds = seats.and_then(|seats| seats.bounds.as_ref());
    let certain = contest.certain.as_ref();
    let official = stage_of_seats(contest, body.stage());
    let role = Some(row.role()).filter(|role| *role != OptionRole::Unspecified);
    // Missing is not zero: as long as no unit has said how many ballots it has issued, there is no number.
    let turnout = body.turnout.unwrap_or_default();
    let issued = (turnout.units_reported > 0).then_some(turnout.ballots_issued);
    [
        election_id(body.scope.as_ref()).to_owned(),
        body.is_test.to_string(),
        body.revision.to_string(),
        publication_seq.to_string(),
        timestamp(body.revision_time).unwrap_or_default(),
        timestamp(body.last_counted_time).unwrap_or_default(),
        stage(body.stage()),
        contest.contest_id.clone(),
        district,
        row.option_id.clone(),
        name(presented.option_names(&row.option_id)),
        role.map_or_else(String::new, |role| {
            lower(role.as_str_name(), "OPTION_ROLE_")
        }),
        row.votes.to_string(),
        seats.map_or_else(String::new, |it| seats_state(it.state(), official)),
        optional(seats.and_then(|it| it.seats)),
        optional(seats.and_then(|it| it.seats_most)),
        optional(seats.and_then(|it| it.seats_declared)),
        contest.seats.to_string(),
        states.map_or(0, |it| it.tallies).to_string(),
        states.map_or(0, |it| it.counted).to_string(),
        contest
            .totals
            .as_ref()
            .map_or(0, |it| it.ballots_counted)
            .to_string(),
        body.is_reduced.to_string(),
        contest.rows_left_out.to_string(),
        contest.seats_outside.to_string(),
        contest.seats_pending.to_string(),
        contest.seats_unassigned.to_string(),
        optional(issued),
        turnout.units_reported.to_string(),
        turnout.units.to_string(),
        optional(bounds.and_then(|it| it.seats_fewest)),
        optional(bounds.and_then(|it| it.seats_most)),
        bounds.map_or_else(String::new, |it| basis(it.basis())),
        optional(bounds.map(|it| it.ballots_outstanding_most)),
        bounds.map_or_else(String::new, |it| certainty(it.passes_threshold())),
        bounds.map_or_else(String::new, |it| certainty(it.has_majority())),
        certain.map_or_else(String::new, |it| it.no_claim.clone()),
    ]
}

const UNITS: [&str; 20] = [
    "election_id",
    "is_test",
    "revision",
    "unit_id",
    "name",
    "kind",
    "district_id",
    "area_id",
    "roll",
    "ballots_issued",
    "contest_id",
    "counting_group_id",
    "status",
    "counted_version",
    "counted_time",
    "pending_version",
    "changed_revision",
    "option_index",
    "option_id",
    "votes",
];

/// What a table of units is of.
#[derive(Debug, Clone)]
pub(super) struct UnitsOf {
    pub election: String,
    pub is_test: bool,
    pub revision: u64,
}

/// One row for each option of each tally; a tally without a count has one row, without option and votes: not reported is
/// a state, never zero. `option_id` names an option by contest, district and index.
pub(super) fn units_begin() -> Table {
    Table::new(&UNITS)
}

/// Adds a page of units.
pub(super) fn units_add(
    table: &mut Table,
    of: &UnitsOf,
    units: &[UnitState],
    option_id: impl Fn(&str, &str, u32) -> String,
) {
    for state in units {
        let unit = state.unit.clone().unwrap_or_default();
        for tally in &state.tallies {
            let mut row = unit_row(of, state, tally);
            let Some(counts) = &tally.counts else {
                table.row(row);
                continue;
            };
            for (index, votes) in counts.option_indexes.iter().zip(&counts.votes) {
                row[17] = index.to_string();
                row[18] = option_id(&tally.contest_id, &unit.district_id, *index);
                row[19] = votes.to_string();
                table.row(&row);
            }
        }
    }
}

fn unit_row(of: &UnitsOf, state: &UnitState, tally: &UnitTally) -> [String; UNITS.len()] {
    let unit = state.unit.clone().unwrap_or_default();
    let kind = lower(unit.kind().as_str_name(), "UNIT_KIND_");
    let issued = state.turnout.map(|it| it.ballots_issued);
    [
        of.election.clone(),
        of.is_test.to_string(),
        of.revision.to_string(),
        unit.unit_id,
        unit.display_name,
        kind,
        unit.district_id,
        unit.area_id,
        optional(unit.roll),
        optional(issued),
        tally.contest_id.clone(),
        tally.counting_group_id.clone(),
        status(tally.status()),
        optional(tally.counted_version),
        timestamp(tally.counted_time).unwrap_or_default(),
        optional(tally.pending_version),
        tally.changed_revision.to_string(),
        String::new(),
        String::new(),
        String::new(),
    ]
}

fn status(status: UnitStatus) -> String {
    lower(status.as_str_name(), "UNIT_STATUS_")
}

/// A name in English, or in the first language that there is.
fn name(names: Option<&Texts>) -> String {
    let name = names.and_then(|names| names.get("en").or_else(|| names.values().next()));
    name.cloned().unwrap_or_default()
}

fn optional(number: Option<impl ToString>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

/// A table as it grows.
pub(super) struct Table(csv::Writer<Vec<u8>>);

impl Table {
    fn new(header: &[&str]) -> Self {
        let mut table = Self(csv::Writer::from_writer(Vec::new()));
        table.row(header);
        table
    }

    fn row<T: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let written = self.0.write_record(cells);
        written
            .expect("memory takes whatever is written to it, and rows are as long as the header");
    }

    /// The table as text.
    pub fn bytes(self) -> Vec<u8> {
        let bytes = self.0.into_inner();
        bytes.expect("memory takes whatever is written to it")
    }
}
