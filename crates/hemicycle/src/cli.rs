//! The command line.

// tidy: long because every command has its arguments here, each with the help that it prints.

pub mod official;

use crate::serve::config::RoleName;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Election-night results: reports in, seats out, and nothing shown that is not in the log.
///
/// Exit codes: 0 done, 1 failed or a check failed, 2 wrong usage, 3 nothing new, 4 some reports were not counted,
/// 130 stopped by a signal.
#[derive(Debug, Parser)]
#[command(name = "hemicycle", version, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plays the night of the Almaty city maslihat of 2021 (station results are invented) with all roles on loopback.
    Demo(Demo),
    /// Runs roles: all of them in one process, or some of them apart.
    Serve(Serve),
    /// Defines an election from a TOML file.
    Define(Define),
    /// Submits a file of reports (JSON lines or CSV, also .gz) of a defined election.
    Submit(Submit),
    /// Plays a recorded night through the real ingestion, and compares seats where they are known.
    Replay(Replay),
    /// Follows the public feed as a live table.
    Watch(Watch),
    /// Shows what happened to a unit: every version, counted or not.
    History(History),
    /// Lists the reports that wait for a reviewer, and accepts or rejects them.
    Review(Review),
    /// Names the counters that the rules need and that counted tallies lack, and the units: why seats are unknown.
    Missing(official::Missing),
    /// Takes a unit's tally out of the count.
    Withdraw(Withdraw),
    /// Puts a unit's turnout right, also to a lower version than it has.
    CorrectTurnout(CorrectTurnout),
    /// Shows what is public; opens classes of data, holds, pauses or resumes what is shown.
    Publish(Publish),
    /// Amends the register, the rules or the presentation of a definition.
    Amend(official::Amend),
    /// Sets the status of a unit: open, not opened, closed, under recount, annulled, merged, ...
    SetStatus(official::SetStatus),
    /// Shows stage and marks of an election; sets the stage, sets or takes off a mark.
    Stage(official::ShowStage),
    /// Changes the number of candidates that a list has: deaths and withdrawals.
    ChangeCandidates(official::ChangeCandidates),
    /// Lists the ties that are open, or records the lot that settles one.
    DrawLot(official::DrawLot),
    /// Checks a declared result against votes, house and lists, and records it.
    Declare(Declare),
    /// Certifies the declared result.
    Certify(official::Certify),
    /// Allots seats: a request as JSON in, seats with their proof out. Needs no server.
    Allocate(Allocate),
    /// Allots the same votes under several laws, side by side. Needs no server.
    Compare(Compare),
    /// Lists the laws that are known as data, or shows one with its sources and what in it is unverified.
    Profiles(Profiles),
    /// Proves which seats are certain while ballots are outstanding: the fewest and the most of each list, without a server.
    Bounds(Bounds),
    /// Runs files of cases (JSON lines of votes and seats) through this very program: what to do before the night.
    Selftest(Selftest),
    /// Writes results as JSON or CSV.
    Export(Export),
}

/// Which server.
#[derive(Debug, Clone, Args)]
pub struct Server {
    /// The server's gRPC address.
    #[arg(
        long,
        env = "HEMICYCLE_SERVER",
        default_value = "http://127.0.0.1:7400",
        value_name = "URL"
    )]
    pub server: String,
    /// The address of the results role, where it is apart from what the server's address serves.
    #[arg(long, value_name = "URL")]
    pub results: Option<String>,
    /// The address of the allocation role, where it is apart.
    #[arg(long, value_name = "URL")]
    pub allocation: Option<String>,
    /// Who calls; recorded with every command.
    #[arg(long, env = "HEMICYCLE_PRINCIPAL", value_name = "NAME")]
    pub principal: Option<String>,
}

// The reader of numbers says of a negative one that its sign is no digit, and of a large one that it does not fit.
fn whole(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|it| (least..=most).contains(it));
        number.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
    }
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// How fast: 1 is about a minute.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1, value_parser = whole(1, 100_000))]
    pub speed: u64,
    /// End after the night instead of serving on.
    #[arg(long)]
    pub once: bool,
    /// The port on loopback; a free one where it is not given and 7400 is in use.
    #[arg(long)]
    pub port: Option<u16>,
    /// The port of the page on loopback; 7480, or a free one where that is in use.
    #[arg(long)]
    pub http_port: Option<u16>,
    /// A data folder to keep, which must be empty; otherwise one that is removed at the end.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// The language in which the seats are explained at the end.
    #[arg(long, value_name = "CODE", default_value = "en", value_parser = ["en", "ru", "kk"])]
    pub language: String,
}

/// `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// A role to run; may be given several times. All of them, if none is given.
    #[arg(long = "role", value_name = "ROLE", value_parser = ["all", "results", "tally-ingestion", "allocation", "live-feed"])]
    pub roles: Vec<String>,
    /// A configuration file (TOML); see deploy/config.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where gRPC is listened on [default: 127.0.0.1:7400]. With a role before it, such as live-feed=0.0.0.0:7430: where
    /// that role is, by itself; may be given for several.
    #[arg(long, value_name = "[ROLE=]ADDRESS")]
    pub listen: Vec<Listened>,
    /// Where the page and the documents of the live feed are [default: 127.0.0.1:7480, or any free port].
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    /// Where metrics are listened on [default: nowhere].
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,
    /// The data folder of the results role [default: data].
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Where the results role is, if it does not run here.
    #[arg(long, value_name = "URL")]
    pub results: Option<String>,
    /// Where the allocation role is, if it does not run here.
    #[arg(long, value_name = "URL")]
    pub allocation: Option<String>,
    /// Show the configuration that comes out of flags, environment and file, and end.
    #[arg(long)]
    pub print_config: bool,
}

/// An address, of one role or of all that have none of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listened {
    /// The role; `None`: all others.
    pub role: Option<RoleName>,
    /// Where.
    pub address: SocketAddr,
}

impl FromStr for Listened {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (role, address) = match text.split_once('=') {
            None => (None, text),
            Some((name, address)) => {
                let mut roles = RoleName::ALL.into_iter();
                let role = roles.find(|role| role.name() == name);
                let known = RoleName::ALL.map(RoleName::name).join(", ");
                let role =
                    role.ok_or_else(|| format!("{name:?} is no role; roles are: {known}"))?;
                (Some(role), address)
            }
        };
        let address = address.parse().map_err(|_| {
            format!(
                "{address:?} is no address; right would be: 127.0.0.1:7400 (port 0: any free one)"
            )
        })?;
        Ok(Self { role, address })
    }
}

/// What is opened to the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Class {
    /// The definition and an empty feed.
    Definition,
    /// Turnout.
    Turnout,
    /// Results.
    Results,
    /// All of them.
    All,
}

/// `define`.
#[derive(Debug, Args)]
pub struct Define {
    /// The definition; see docs/definition.md.
    pub file: PathBuf,
    /// Only check it.
    #[arg(long)]
    pub check: bool,
    /// Open classes of data to the public now. Without it nobody outside sees that there is such an election.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CLASS")]
    pub open: Vec<Class>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `submit`.
#[derive(Debug, Args)]
pub struct Submit {
    /// The election.
    pub election: String,
    /// The reports; see docs/replay.md.
    pub file: PathBuf,
    /// Only ask what the outcomes would be.
    #[arg(long)]
    pub validate_only: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// A file of reports (.jsonl, .csv, also .gz), or a folder that holds a known night (israel24, russia2007).
    pub night: PathBuf,
    /// The definition, for a file of reports.
    #[arg(long, value_name = "FILE")]
    pub definition: Option<PathBuf>,
    /// A running server; without it one is started for the replay, in this process.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The address of that server's results role, where it is apart.
    #[arg(long, value_name = "URL", requires = "server")]
    pub results: Option<String>,
    /// The address of that server's allocation role, where it is apart.
    #[arg(long, value_name = "URL", requires = "server")]
    pub allocation: Option<String>,
    /// A data folder for the server in this process, to keep.
    #[arg(long, value_name = "FOLDER", conflicts_with = "server")]
    pub data: Option<PathBuf>,
    /// This many times as fast as it was; without it as fast as it goes.
    #[arg(long, allow_negative_numbers = true, value_parser = whole(1, u64::MAX))]
    pub speed: Option<u64>,
    /// Send every report this many times.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub copies: u16,
    /// Mix the reports, within what versions allow, by this seed.
    #[arg(long, value_name = "SEED")]
    pub shuffle: Option<u64>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// The election.
    pub election: String,
    /// One district of it, alone.
    #[arg(long)]
    pub district: Option<String>,
    /// Show the newest frame and end.
    #[arg(long)]
    pub once: bool,
    /// Print each frame as a table, not a page that fills the terminal. So it is too where the output is no terminal.
    #[arg(long, conflicts_with = "json")]
    pub plain: bool,
    /// Print each frame as a line of JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `history`.
#[derive(Debug, Args)]
pub struct History {
    /// The election.
    pub election: String,
    /// The unit.
    pub unit: String,
    /// Only what is public.
    #[arg(long)]
    pub public: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `review`.
#[derive(Debug, Args)]
pub struct Review {
    /// The election.
    pub election: String,
    /// Let the report that was held at this revision into the count; may be given several times.
    #[arg(
        long,
        value_name = "REVISION",
        allow_negative_numbers = true,
        value_parser = whole(1, u64::MAX),
        requires = "reason"
    )]
    pub accept: Vec<u64>,
    /// Keep the report that was held at this revision out of the count; may be given several times.
    #[arg(
        long,
        value_name = "REVISION",
        allow_negative_numbers = true,
        value_parser = whole(1, u64::MAX),
        requires = "reason"
    )]
    pub reject: Vec<u64>,
    /// Why. Public.
    #[arg(long)]
    pub reason: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `withdraw`.
#[derive(Debug, Args)]
pub struct Withdraw {
    /// The election.
    pub election: String,
    /// The unit.
    pub unit: String,
    /// The contest, where there are several.
    #[arg(long, default_value = "")]
    pub contest: String,
    /// The counting group, where there are several.
    #[arg(long, default_value = "")]
    pub group: String,
    /// The version of the withdrawal; one above the counted version, if it is not given. What waits for a reviewer at or
    /// below it is reviewed first.
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub version: Option<u32>,
    /// Who orders it. Public.
    #[arg(long)]
    pub by: String,
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

/// `correct-turnout`.
#[derive(Debug, Args)]
pub struct CorrectTurnout {
    /// The election.
    pub election: String,
    /// The unit.
    pub unit: String,
    /// Ballots issued since voting began.
    #[arg(long, allow_negative_numbers = true, value_name = "BALLOTS", value_parser = whole(0, u64::MAX))]
    pub issued: u64,
    /// Voting has closed at this unit: no more will be issued.
    #[arg(long = "final")]
    pub is_final: bool,
    /// The version that the unit has from then on; its next report needs a higher one.
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub version: u32,
    /// Who orders it. Public.
    #[arg(long)]
    pub by: String,
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

/// `publish`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("move").args(["follow", "hold", "pause"])))]
pub struct Publish {
    /// The election.
    pub election: String,
    /// Open classes of data to the public. It cannot be taken back.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "CLASS",
        conflicts_with = "move"
    )]
    pub open: Vec<Class>,
    /// From this instant on, such as 2026-11-22T20:00:00+05:00; at once, if it is not given.
    #[arg(long, value_name = "TIME", requires = "open")]
    pub at: Option<jiff::Timestamp>,
    /// Show everything up to the head again.
    #[arg(long, requires = "reason")]
    pub follow: bool,
    /// Show nothing beyond this revision until further notice.
    #[arg(
        long,
        value_name = "REVISION",
        allow_negative_numbers = true,
        value_parser = whole(1, u64::MAX),
        requires = "reason"
    )]
    pub hold: Option<u64>,
    /// Show nothing new until further notice, marked as paused.
    #[arg(long, requires = "reason")]
    pub pause: bool,
    /// Why it is moved (--follow, --hold, --pause). Public.
    #[arg(long)]
    pub reason: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `declare`.
#[derive(Debug, Args)]
pub struct Declare {
    /// The election.
    pub election: String,
    /// Seats of a list, such as nur-otan=29; a list that is not named has none.
    #[arg(required = true, value_name = "LIST=SEATS")]
    pub seats: Vec<String>,
    /// The contest, where there are several.
    #[arg(long, default_value = "")]
    pub contest: String,
    /// The district, where there are several. Where districts hang together: one of the ballot or of the rules, and none for
    /// the whole contest.
    #[arg(long, default_value = "")]
    pub district: String,
    /// Only check, record nothing.
    #[arg(long)]
    pub check: bool,
    /// Record it although the check finds something: the declared seats are the official ones.
    #[arg(long)]
    pub force: bool,
    /// Who declares it.
    #[arg(long, required_unless_present = "check")]
    pub by: Option<String>,
    /// In which document.
    #[arg(long, required_unless_present = "check")]
    pub reason: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

/// `allocate`.
#[derive(Debug, Args)]
pub struct Allocate {
    /// The request (hemicycle.allocation.v1.AllocateRequest as JSON), or votes as CSV with --profile or --rules; standard
    /// input if it is not given or `-`.
    pub file: Option<PathBuf>,
    /// One request and one answer per line, as they come.
    #[arg(long)]
    pub jsonl: bool,
    /// Print the result as tables instead of JSON; of a single district in English words, as --explain without what would
    /// change it.
    #[arg(long, conflicts_with = "jsonl")]
    pub table: bool,
    /// The rules of a profile (see `hemicycle profiles`), and the file is CSV: list,votes and, where the law asks for
    /// them, candidates, registration, coalition, minority, apparentment, sub_apparentment, direct_seats,
    /// best_district_votes, best_district_base, won_office, and the name for --explain. Where the profile's rules are over
    /// all districts, the file is CSV of district,list,votes and, where the law asks for them, seats (of the district),
    /// registration, coalition, minority, alone (true: the row is a person without a list), valid_votes,
    /// valid_and_against_all, ballots_in_box, ballots_issued, and the name and district_name for --explain.
    #[arg(long, value_name = "NAME", conflicts_with = "jsonl")]
    pub profile: Option<String>,
    /// Rules from a file, with CSV as for --profile: what `hemicycle profiles NAME` prints, or a definition with one contest.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["jsonl", "profile"])]
    pub rules: Option<PathBuf>,
    /// First votes in constituencies, where rules over all districts ask for them (Germany, New Zealand): CSV of
    /// constituency,district,list,votes and constituency_name, each list's person a line; the list is empty for a person
    /// without one.
    #[arg(long, value_name = "FILE", conflicts_with = "jsonl")]
    pub first_votes: Option<PathBuf>,
    /// Seats to be allotted, with --profile or --rules of single districts; not where rules are over all districts, which
    /// have their own.
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100_000), conflicts_with = "jsonl")]
    pub seats: Option<u32>,
    /// Counts that the threshold may be a share of.
    #[command(flatten)]
    pub counts: Counts,
    /// Print the result in words, each sum as a sum that a pocket calculator can check, and what would change it: the seats
    /// of a single district, or those that districts hand out themselves. With --table, of all districts, behind the tables.
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text",
        conflicts_with = "jsonl"
    )]
    pub explain: Option<Explained>,
    /// The language of the words.
    #[arg(long, value_name = "CODE", default_value = "en", value_parser = ["en", "ru", "kk"])]
    pub language: String,
    /// Print JSON, as it does without this too.
    #[arg(long, conflicts_with_all = ["table", "explain"])]
    pub json: bool,
}

/// How words are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Explained {
    /// Lines with aligned columns.
    Text,
    /// Markdown with tables.
    Markdown,
}

/// Counts other than list votes.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Counts {
    /// Valid votes, as the law counts them.
    #[arg(long, value_name = "NUMBER")]
    pub valid_votes: Option<u64>,
    /// Valid votes and those against all.
    #[arg(long, value_name = "NUMBER")]
    pub valid_and_against_all: Option<u64>,
    /// Ballots in the boxes.
    #[arg(long, value_name = "NUMBER")]
    pub ballots_in_box: Option<u64>,
    /// Ballots issued.
    #[arg(long, value_name = "NUMBER")]
    pub ballots_issued: Option<u64>,
}

/// `compare`.
#[derive(Debug, Args)]
pub struct Compare {
    /// The votes as CSV, as `allocate --profile` has them; standard input if it is not given or `-`.
    pub file: Option<PathBuf>,
    /// A profile (see `hemicycle profiles`); may be given several times. All are of single districts, or all are over all
    /// districts.
    #[arg(long = "profile", value_name = "NAME")]
    pub profiles: Vec<String>,
    /// Rules of your own and what they are called: a profile's file, a definition in TOML with one contest, or
    /// AllocationRules as JSON; may be given several times. Of profiles and rules together at least two.
    #[arg(long, value_name = "NAME=FILE")]
    pub rules: Vec<String>,
    /// First votes in constituencies, as `allocate --first-votes` has them.
    #[arg(long, value_name = "FILE")]
    pub first_votes: Option<PathBuf>,
    /// Seats to be allotted; not where rules are over all districts, which have their own.
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub seats: Option<u32>,
    /// Counts that thresholds may be a share of.
    #[command(flatten)]
    pub counts: Counts,
    /// Ask the allocation role at this address in place of computing here.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Print JSON (hemicycle.allocation.v1.CompareResponse; over all districts, each DistrictedAllocation by its name).
    #[arg(long)]
    pub json: bool,
}

/// `profiles`.
#[derive(Debug, Args)]
pub struct Profiles {
    /// The profile to show as it is written; all are listed if it is not given.
    pub name: Option<String>,
    /// Ask the allocation role at this address which profiles it has, in place of this program.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Print JSON (a list of hemicycle.allocation.v1.Profile).
    #[arg(long)]
    pub json: bool,
}

/// `bounds`.
#[derive(Debug, Args)]
pub struct Bounds {
    /// The question (hemicycle.allocation.v1.BoundSeatsRequest as JSON), or counted votes as CSV with --profile or --rules, as
    /// for `allocate`; standard input if it is not given or `-`.
    pub file: Option<PathBuf>,
    /// Ballots that are outstanding at most: issued and not counted, for example.
    #[arg(long, value_name = "BALLOTS")]
    pub outstanding: Option<u64>,
    /// The count that the threshold is a share of has them already; otherwise it grows with them.
    #[arg(long, requires = "outstanding")]
    pub in_base: bool,
    /// The rules of a profile (see `hemicycle profiles`), of single districts.
    #[arg(long, value_name = "NAME", requires = "outstanding")]
    pub profile: Option<String>,
    /// Rules from a file, as for `allocate`, of single districts.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "profile",
        requires = "outstanding"
    )]
    pub rules: Option<PathBuf>,
    /// Seats to be allotted, with --profile or --rules.
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub seats: Option<u32>,
    /// Counts that the threshold may be a share of.
    #[command(flatten)]
    pub counts: Counts,
    /// Lists whose seats together are asked for, such as `--coalition a,b`; several times for several coalitions.
    #[arg(long, value_name = "LISTS")]
    pub coalition: Vec<String>,
    /// Say which seat can be certain next, and with how many ballots.
    #[arg(long)]
    pub next: bool,
    /// Print JSON (hemicycle.allocation.v1.BoundSeatsResponse) instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// `selftest`.
#[derive(Debug, Args)]
pub struct Selftest {
    /// Files of cases: a JSON object on each line, with `id`, `method`, `quota`, `seats`, `votes`, `min_share_num` and
    /// `min_share_den`, and `expected` seats, or `sure` seats with the `tied` lists and the seats `left` for them. Methods
    /// are largest-remainder with the quota hare, droop, hagenbach-bischoff or imperiali, and d-hondt, sainte-lague,
    /// modified-sainte-lague, danish, imperiali, adams, dean and huntington-hill, also written dhondt, saintelague,
    /// huntington and with underscores. Or cases of certain seats, with `id`, `method`, `quota`, `seats`, `votes`, the
    /// `threshold` as two numbers, `outstanding` ballots, and `min` and `max` seats of each list.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Print the outcome as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON, as the contract has it.
    Json,
    /// CSV.
    Csv,
    /// How the seats came about, in words, each sum as a sum (standings only).
    Text,
    /// The same as Markdown.
    Markdown,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Votes and seats of each list, with totals.
    Standings,
    /// Each unit with its tallies.
    Units,
}

/// A picture of a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Chart {
    /// How the ranges of certain seats closed.
    Bounds,
}

/// `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The election.
    pub election: String,
    /// How it is written.
    #[arg(long, value_enum, default_value = "json")]
    pub format: Format,
    /// What is written.
    #[arg(long, value_enum, default_value = "standings")]
    pub what: What,
    /// Draw a picture (SVG) of the whole log up to the revision instead.
    #[arg(long, value_enum, conflicts_with_all = ["format", "what", "language"])]
    pub chart: Option<Chart>,
    /// How many moments of the log the picture has.
    #[arg(long, default_value_t = 60, requires = "chart", value_parser = whole(2, 1_000))]
    pub moments: u64,
    /// The language of text and Markdown.
    #[arg(long, value_name = "CODE", default_value = "en", value_parser = ["en", "ru", "kk"])]
    pub language: String,
    /// At this revision; 0: the newest.
    #[arg(long, allow_negative_numbers = true, default_value_t = 0, value_parser = whole(0, u64::MAX))]
    pub revision: u64,
    /// Only what is public.
    #[arg(long)]
    pub public: bool,
    /// Where to; standard output if it is not given.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub server: Server,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_told_their_range() {
        for (arguments, said) in [
            ("demo --speed -3", "from 1 to 100000"),
            (
                "replay night.jsonl --speed 0",
                "from 1 to 18446744073709551615",
            ),
            ("replay night.jsonl --copies -1", "1..=100"),
            ("review e --reason r --accept -1", "from 1 to"),
        ] {
            let words = ["hemicycle"].into_iter().chain(arguments.split(' '));
            let told = Cli::try_parse_from(words).unwrap_err().to_string();
            assert!(told.contains(said), "{arguments}: {told}");
        }
    }

    #[test]
    fn an_address_may_be_of_a_role() {
        let listened: Listened = "live-feed=0.0.0.0:7430".parse().unwrap();
        assert_eq!(listened.role, Some(RoleName::LiveFeed));
        assert_eq!(listened.address, "0.0.0.0:7430".parse().unwrap());
        let shared: Listened = "127.0.0.1:7400".parse().unwrap();
        assert_eq!(shared.role, None);
        let role = "feed=127.0.0.1:1".parse::<Listened>().unwrap_err();
        assert!(
            role.contains("\"feed\" is no role") && role.contains("live-feed"),
            "{role}"
        );
        let address = "live-feed=localhost".parse::<Listened>().unwrap_err();
        assert!(
            address.contains("\"localhost\"") && address.contains("127.0.0.1:7400"),
            "{address}"
        );
    }
}
