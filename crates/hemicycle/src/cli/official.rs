//! The arguments of what only officials do: amendments, statuses, stages, lots, candidates, certification.

use super::Server;
use clap::{ArgGroup, Args, ValueEnum};
use election::report::UnitStatus;
use election::stage::{Mark, Stage};
use std::path::PathBuf;

/// Who orders something, and why.
#[derive(Debug, Args)]
pub struct Order {
    /// Who orders it. Public.
    #[arg(long)]
    pub by: String,
    /// Why. Public.
    #[arg(long)]
    pub reason: String,
}

/// A part of a definition that can be amended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AmendedPart {
    /// Units that are new or that have changed.
    Register,
    /// All rules.
    Rules,
    /// All names and colours.
    Presentation,
}

/// `amend`.
#[derive(Debug, Args)]
pub struct Amend {
    /// The election.
    pub election: String,
    /// What is amended. The ballot never is: that is another election.
    #[arg(value_enum)]
    pub part: AmendedPart,
    /// A whole definition, of which the part is taken, or the part alone (what stands in its table); see
    /// docs/definition.md. Of a register only new and changed units are taken: none is ever removed.
    pub file: PathBuf,
    /// Why. Public.
    #[arg(long, required_unless_present = "check")]
    pub reason: Option<String>,
    /// Only show what would be amended.
    #[arg(long)]
    pub check: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `missing`.
#[derive(Debug, Args)]
pub struct Missing {
    /// The election.
    pub election: String,
    /// The most units that are named.
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// A status that officials set; partial and complete come from reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Status {
    /// On the register; nothing heard yet.
    Expected,
    /// Voting is open.
    Open,
    /// It did not open.
    NotOpened,
    /// Nothing more is expected.
    Closed,
    /// A recount is ordered; the counted version stands until it comes.
    UnderRecount,
    /// The result is void and out of the count.
    Annulled,
    /// The result is void and voting will be repeated.
    RepeatOrdered,
    /// It reports through another unit: name it with --into.
    Merged,
}

impl From<Status> for UnitStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Expected => Self::Expected,
            Status::Open => Self::Open,
            Status::NotOpened => Self::NotOpened,
            Status::Closed => Self::Closed,
            Status::UnderRecount => Self::UnderRecount,
            Status::Annulled => Self::Annulled,
            Status::RepeatOrdered => Self::RepeatOrdered,
            Status::Merged => Self::Merged,
        }
    }
}

/// `set-status`.
#[derive(Debug, Args)]
pub struct SetStatus {
    /// The election.
    pub election: String,
    /// The unit.
    pub unit: String,
    /// The status.
    #[arg(value_enum)]
    pub status: Status,
    /// Only of this contest; of all, if it is not given.
    #[arg(long)]
    pub contest: Option<String>,
    /// Only of this counting group; of all, if it is not given.
    #[arg(long)]
    pub group: Option<String>,
    /// The unit that reports for it: with merged, and only then.
    #[arg(long, value_name = "UNIT", required_if_eq("status", "merged"))]
    pub into: Option<String>,
    /// Who and why.
    #[command(flatten)]
    pub order: Order,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// A stage that officials set; declared and certified come with commands of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SetStage {
    /// Nothing is counted yet.
    PreElection,
    /// Some units have reported; nothing is official.
    PartialUnofficial,
    /// All that is expected has reported; nothing is official.
    CompleteUnofficial,
}

impl From<SetStage> for Stage {
    fn from(stage: SetStage) -> Self {
        match stage {
            SetStage::PreElection => Self::PreElection,
            SetStage::PartialUnofficial => Self::PartialUnofficial,
            SetStage::CompleteUnofficial => Self::CompleteUnofficial,
        }
    }
}

/// What is remarkable about an election at any stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SetMark {
    /// A recount is under way.
    Recount,
    /// A result that stood was amended.
    Amended,
    /// The election, or part of it, is annulled.
    Annulled,
}

impl From<SetMark> for Mark {
    fn from(mark: SetMark) -> Self {
        match mark {
            SetMark::Recount => Self::Recount,
            SetMark::Amended => Self::Amended,
            SetMark::Annulled => Self::Annulled,
        }
    }
}

/// `stage`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("change").args(["set", "mark", "unmark"])))]
pub struct ShowStage {
    /// The election.
    pub election: String,
    /// Set the stage; `declare` and `certify` set the last two.
    #[arg(long, value_enum, value_name = "STAGE", requires = "reason")]
    pub set: Option<SetStage>,
    /// Set a mark, which stands beside any stage.
    #[arg(long, value_enum, value_name = "MARK", requires = "reason")]
    pub mark: Option<SetMark>,
    /// Take a mark off.
    #[arg(long, value_enum, value_name = "MARK", requires = "reason")]
    pub unmark: Option<SetMark>,
    /// Why. Public.
    #[arg(long, requires = "change")]
    pub reason: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `certify`.
#[derive(Debug, Args)]
pub struct Certify {
    /// The election.
    pub election: String,
    /// Who and why.
    #[command(flatten)]
    pub order: Order,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `change-candidates`.
#[derive(Debug, Args)]
pub struct ChangeCandidates {
    /// The election.
    pub election: String,
    /// The list.
    pub list: String,
    /// Candidates of it who can still take a seat.
    #[arg(long, value_name = "NUMBER")]
    pub candidates: u32,
    /// Since when, such as 2026-03-20.
    #[arg(long, value_name = "DATE")]
    pub since: jiff::civil::Date,
    /// The contest, where there are several.
    #[arg(long, default_value = "")]
    pub contest: String,
    /// The district, where there are several.
    #[arg(long, default_value = "")]
    pub district: String,
    /// Why. Public.
    #[arg(long)]
    pub reason: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `draw-lot`.
#[derive(Debug, Args)]
pub struct DrawLot {
    /// The election.
    pub election: String,
    /// The lists that the lot fell on, each by itself or with commas between; without it the open ties are listed. Among
    /// places of districts that hang together, the places as they are listed: DISTRICT/LIST.
    #[arg(
        long = "winner",
        value_name = "LIST",
        value_delimiter = ',',
        requires_all = ["by", "reason"]
    )]
    pub winners: Vec<String>,
    /// The stage in which the tie stands, where several ties are open; the listing names it.
    #[arg(long, requires = "winners")]
    pub stage: Option<u32>,
    /// The lists that tie, with commas between: to be sure that the tie is still the one that the lot was drawn for.
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "winners")]
    pub tied: Vec<String>,
    /// Only ties of this contest.
    #[arg(long, default_value = "")]
    pub contest: String,
    /// Only ties of this district.
    #[arg(long, default_value = "")]
    pub district: String,
    /// Who drew it, and before whom. Public.
    #[arg(long, requires = "winners")]
    pub by: Option<String>,
    /// Where, when and in which document. Public.
    #[arg(long, requires = "winners")]
    pub reason: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_officials_set_is_named_as_in_files_and_messages() {
        for status in Status::value_variants() {
            let shown = status.to_possible_value().unwrap();
            assert_eq!(shown.get_name(), UnitStatus::from(*status).name());
        }
        for stage in SetStage::value_variants() {
            let shown = stage.to_possible_value().unwrap();
            assert_eq!(shown.get_name(), Stage::from(*stage).name());
        }
        // What only reports make of a unit is not to be set by hand.
        assert_eq!(Status::value_variants().len() + 2, UnitStatus::ALL.len());
    }
}
