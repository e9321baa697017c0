//! `hemicycle submit`.

use super::replay::{Checkpoints, bar, ending, print_summary};
use super::{connect, election_id};
use crate::ballot_words::BallotWords;
use crate::cli::Submit;
use crate::failure::{Ending, Failure};
use crate::names::ask_definition;
use crate::night::file::{self, Naming};
use crate::rehearsal::{Pace, Rehearsal};

/// Submits a file of reports.
///
/// # Errors
///
/// A line that cannot be read, or a server that refuses the call. Refused reports are answers.
pub async fn run(arguments: Submit) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let definition = ask_definition(&client, &election).await?;
    let words = BallotWords::of(&definition);
    let steps = file::steps(&definition, &arguments.file, Naming::Required)?;
    let bar = bar(None);
    let progress = |steps, _: Option<&str>| bar.set_position(steps);
    let validate_only = arguments.validate_only;
    let rehearsal = Rehearsal {
        client: &client,
        election: &election,
        pace: Pace::Unpaced,
        validate_only,
        words: &words,
        progress: &progress,
    };
    let summary = rehearsal.play(steps).await?;
    bar.finish_and_clear();
    let asked = summary.answered() + summary.withdrawals + summary.withdrawals_left_out;
    if asked == 0 && summary.checkpoints_passed == 0 && summary.checkpoints_failed.is_empty() {
        let what = format!("{}: holds no report", arguments.file.display());
        return Err(Failure::Input(what));
    }
    print_summary(&summary, arguments.json, Checkpoints::Untold)?;
    Ok(ending(&summary))
}
