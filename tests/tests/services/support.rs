//! Nights of the project's own, and real ones where they are at hand.

use std::path::{Path, PathBuf};

use end_to_end::cluster::{Cluster, Mode};
use end_to_end::invented::Invented;
use end_to_end::play::{Kills, Player};
use hemicycle::night::{Night, TimedStep, file, israel24, russia2007};

/// D'Hondt with pairs of lists; a list falls below the threshold and comes back.
pub const PAIRS: &str = "pairs-2026";
/// Hare with largest remainders and 7% of the ballots in the boxes; a list falls below the threshold and comes back.
pub const QUOTA: &str = "quota-2026";

/// A recorded night of the project's own.
pub fn golden(name: &str) -> Night {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let definition = folder.join(format!("{name}.toml"));
    file::read(&definition, &folder.join(format!("{name}.jsonl"))).unwrap()
}

/// The night of the 24th Knesset, or none where it is not at hand.
pub fn israel() -> Option<Night> {
    let folder = data("israel24", israel24::is_here)?;
    Some(israel24::read(&folder).unwrap())
}

/// The State Duma of 2007, or none where it is not at hand.
pub fn russia() -> Option<Night> {
    let folder = data("russia2007", russia2007::is_here)?;
    Some(russia2007::read(&folder).unwrap())
}

fn data(name: &str, is_here: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")).join(name);
    if is_here(&folder) {
        return Some(folder);
    }
    end_to_end::skipped::skipped(format_args!("{} is not here", folder.display()));
    None
}

/// The steps of a night, all in memory.
pub fn steps(night: Night) -> Vec<TimedStep> {
    night.steps.collect::<Result<_, _>>().unwrap()
}

/// A system with an invented election.
pub async fn begin(mode: Mode, invented: &Invented) -> (Cluster, Player) {
    let cluster = Cluster::start(mode);
    let player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
    (cluster, player)
}
