//! PostgreSQL on the same disk: the same durable insert in a transaction of its own, and the sum of all votes after it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Client;
use election::bytes::decode_record;

use crate::line::{Line, Target, median, micros, rate};
use crate::load::{burst, connections, one_by_one};
use crate::night::{Night, counted, scattered};
use crate::seats::Seats;
use crate::server::{self, Server};
use crate::{Options, Outcome};

/// Where Debian puts the server's programs, by version.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// The user whom Debian's package makes; PostgreSQL does not run as root.
const USER: &str = "postgres";
const CLIENTS: u32 = 16;
const OPTIONS: u32 = 24;
const LISTS: u32 = 12;

/// Runs it, or says why it cannot.
pub async fn run(options: &Options) -> Outcome<Vec<Line>> {
    let Some(programs) = programs() else {
        eprintln!(
            "postgres is SKIPPED: no server below {PROGRAMS}; install the Debian package postgresql"
        );
        return Ok(Vec::new());
    };
    let folder = options.data_folder()?;
    let peer = Peer::start(programs, folder.path())?;
    let mut lines = inserts(options, &peer).await?;
    lines.push(recompute(options, &peer)?);
    Ok(lines)
}

async fn inserts(options: &Options, peer: &Peer) -> Outcome<Vec<Line>> {
    let rounds = options.size(3, 1);
    let span = Duration::from_secs(options.size(8, 1));
    let units = options.size(400_000, 50_000);
    server::metrics()?;
    peer.sql(
        "CREATE TABLE report (unit text, contest text, counting_group text, version int, kind smallint, \
         ballot_hash bytea, votes bigint[], form bigint[], revision bigserial, time timestamptz DEFAULT now(), \
         PRIMARY KEY (unit, contest, counting_group, version))",
    )?;
    let night = Arc::new(Night::new("inserts", OPTIONS, units)?);
    let mut measured = Vec::new();
    for _ in 0..rounds {
        let inserted = peer.inserts_per_second(span)?;
        let folder = options.data_folder()?;
        let roles = Server::all_roles(folder.path()).await?;
        let client = Client::connect(&roles.address)?.with_deadline(Duration::from_secs(60));
        client.define(&night.definition).await?;
        let waiting = one_by_one(&roles.address, &night, CLIENTS, units, span).await?;
        // The same units with their next version: nothing of it is a repetition.
        let took = burst(&connections(&roles.address, CLIENTS)?, &night, units, 2).await?;
        roles.stop().await?;
        measured.push([inserted, waiting, f64::from(units) / took.as_secs_f64()]);
    }
    let rates = |place: usize| median(&measured.iter().map(|all| all[place]).collect::<Vec<_>>());
    let ratio = |place: usize| {
        let ratios: Vec<_> = measured.iter().map(|all| all[place] / all[0]).collect();
        median(&ratios)
    };
    let beside = format!("{}, PostgreSQL INSERT, {CLIENTS} clients", rate(rates(0)));
    Ok(vec![
        Line {
            what: format!("durable reports, {CLIENTS} streams, answered each as it is durable"),
            figure: format!("{} acknowledged", rate(rates(2))),
            beside: beside.clone(),
            value: ratio(2),
            unit: "times",
            target: Target::AtLeast(30.0),
        },
        Line {
            what: format!("durable reports, {CLIENTS} clients that wait for each answer"),
            figure: format!("{} acknowledged", rate(rates(1))),
            beside,
            value: ratio(1),
            unit: "times",
            target: Target::Stated,
        },
    ])
}

/// What the seats after a report cost: a fold of the report here, the sum of all there.
fn recompute(options: &Options, peer: &Peer) -> Outcome<Line> {
    let units = options.size(1_000_000, 10_000);
    let reports = options.size(200_000, 5_000);
    peer.sql(&format!(
        "CREATE UNLOGGED TABLE tally AS SELECT unit, option::smallint, (400 / (option + 1) + (unit * 7 + option * 13) % 50) \
         AS votes FROM generate_series(0, {units} - 1) unit, generate_series(0, {LISTS} - 1) option"
    ))?;
    peer.sql("VACUUM ANALYZE tally")?;
    let query = "SELECT option, SUM(votes) FROM tally GROUP BY option";
    let mut sums = Vec::new();
    for _ in 0..5 {
        sums.push(peer.timed_ms(query)? * 1e3);
    }
    let night = Night::new("recompute", LISTS, units)?;
    let mut state = night.begin()?.0;
    let mut follower = state.tally().clone();
    let (mut seats, mut spans) = (Seats::new(&follower)?, Vec::new());
    for place in 0..reports {
        let recorded = counted(&state, &night.report(scattered(place, units), 1))?;
        state.apply(&recorded)?;
        let public = election::bytes::encode_record(&recorded, [9; 16]).public;
        let started = Instant::now();
        follower.apply(&decode_record(&public, None)?)?;
        seats.recompute(&follower)?;
        spans.push(micros(started.elapsed()));
    }
    let (ours, theirs) = (median(&spans), median(&sums));
    Ok(Line {
        what: format!("recompute after a report, {units} reports, {LISTS} options"),
        figure: format!("{ours:.2} us, decode + fold + seats"),
        beside: format!("{:.0} ms, SUM ... GROUP BY, no seats", theirs / 1e3),
        value: theirs / ours,
        unit: "times",
        target: Target::AtLeast(10_000.0),
    })
}

/// The newest version that is installed.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(PROGRAMS).ok()?.flatten();
    let mut found: Vec<_> = versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists() && bin.join("pgbench").exists())
        .collect();
    found.sort();
    found.pop()
}

/// A PostgreSQL of its own, with fsync on and memory enough, behind a socket in its folder. Stopped when dropped.
struct Peer {
    programs: PathBuf,
    folder: PathBuf,
    sockets: tempfile::TempDir,
    as_user: bool,
}

impl Peer {
    fn start(programs: PathBuf, folder: &Path) -> Outcome<Self> {
        let as_user = fs::metadata("/proc/self")?.uid() == 0;
        // The path of a socket is short by law of the system; that of the data may be long.
        let sockets = tempfile::tempdir()?;
        let peer = Self {
            programs,
            folder: folder.join("postgres"),
            sockets,
            as_user,
        };
        for folder in [folder, peer.sockets.path()] {
            fs::set_permissions(folder, Permissions::from_mode(0o777))?;
        }
        let data = peer.folder.display().to_string();
        let initdb = [
            "--auth=trust",
            "--username=bench",
            "--encoding=UTF8",
            "-D",
            &data,
        ];
        peer.program("initdb", &initdb)?;
        let settings = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=on -c synchronous_commit=on \
             -c shared_buffers=1GB -c work_mem=64MB -c max_wal_size=8GB",
            peer.sockets.path().display()
        );
        let log = peer.folder.join("server.log").display().to_string();
        peer.program(
            "pg_ctl",
            &["start", "-w", "-D", &data, "-l", &log, "-o", &settings],
        )?;
        Ok(peer)
    }

    /// Runs one of its programs, as a user that is not root.
    fn program(&self, name: &str, arguments: &[&str]) -> Outcome<Output> {
        let program = self.programs.join(name);
        let mut command = if self.as_user {
            let mut command = Command::new("runuser");
            command.args(["-u", USER, "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let command = command.args(arguments).current_dir(self.sockets.path());
        // A server that is started would keep a pipe open.
        let errors = tempfile::tempfile()?;
        let command = command.stdin(Stdio::null()).stderr(errors.try_clone()?);
        let output = match name {
            "pg_ctl" => command.stdout(Stdio::null()).spawn()?.wait_with_output()?,
            _ => command.stdout(Stdio::piped()).spawn()?.wait_with_output()?,
        };
        if output.status.success() {
            return Ok(output);
        }
        let mut text = String::new();
        let mut errors = errors;
        std::io::Seek::rewind(&mut errors)?;
        std::io::Read::read_to_string(&mut errors, &mut text)?;
        Err(format!("{name}: {}\n{text}", output.status).into())
    }

    fn client(&self, name: &str, arguments: &[&str]) -> Outcome<String> {
        let sockets = self.sockets.path().display().to_string();
        let mut all = vec!["-h", &sockets, "-U", "bench"];
        all.extend(arguments);
        all.push("postgres");
        let output = self.program(name, &all)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn sql(&self, text: &str) -> Outcome<String> {
        self.client(
            "psql",
            &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", text, "-d"],
        )
    }

    /// A query's time as the client sees it, in milliseconds.
    fn timed_ms(&self, query: &str) -> Outcome<f64> {
        let answer = self.client("psql", &["-X", "-c", "\\timing on", "-c", query, "-d"])?;
        let time = answer.lines().find_map(|line| line.strip_prefix("Time: "));
        let number = time.and_then(|time| time.split(' ').next());
        Ok(number.ok_or("psql says how long it took")?.parse()?)
    }

    /// Transactions a second: one report each, of which most are new, durable before the answer.
    fn inserts_per_second(&self, span: Duration) -> Outcome<f64> {
        let votes: Vec<_> = (0..OPTIONS)
            .map(|option| (400 / (option + 1)).to_string())
            .collect();
        let script = self.sockets.path().join("insert.sql");
        let hash = "07".repeat(32);
        let text = format!(
            "\\set unit random(1, 1000000)\n\\set version random(1, 1000000)\n\
             INSERT INTO report (unit, contest, counting_group, version, kind, ballot_hash, votes, form) VALUES \
             ('unit-' || :unit, 'list', 'all', :version, 2, '\\x{hash}', '{{{}}}', '{{1,2}}') ON CONFLICT DO NOTHING;\n",
            votes.join(",")
        );
        fs::write(&script, text)?;
        let (clients, seconds) = (CLIENTS.to_string(), span.as_secs().to_string());
        let script = script.display().to_string();
        let arguments = [
            "-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-f", &script,
        ];
        let report = self.client("pgbench", &arguments)?;
        let rate = report.lines().find_map(|line| line.strip_prefix("tps = "));
        let number = rate.and_then(|rate| rate.split(' ').next());
        Ok(number
            .ok_or("pgbench says how many transactions a second it made")?
            .parse()?)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let data = self.folder.display().to_string();
        if let Err(error) = self.program("pg_ctl", &["stop", "-w", "-m", "immediate", "-D", &data])
        {
            eprintln!("PostgreSQL is left running: {error}");
        }
    }
}
