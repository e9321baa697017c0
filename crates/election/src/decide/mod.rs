//! From commands to events. The only place where the rules of an election are asked; it runs in the results role's
//! sequencer, one per election, on the speculative head. What it decides is recorded and never asked again.

mod above;
mod official;
mod register;
mod report;
mod result;
mod tally;
mod turnout;

use crate::command::Command;
use crate::event::Event;
use crate::ids::Timestamp;
use crate::report::{ATTRIBUTION_BYTES_MAX, Attribution, Outcome, Refusal, RefusalCode};
use crate::state::State;
use crate::submission::Submission;

/// What becomes of a submission: the event to record, if any, and the answer. The answer's revision is the state's
/// next one where an event is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What to record.
    pub event: Option<Event>,
    /// What to answer, once the event is durable.
    pub outcome: Outcome,
}

impl Decision {
    fn answer(outcome: Outcome) -> Self {
        Self {
            event: None,
            outcome,
        }
    }
}

/// Decides over a submission.
pub fn decide_submission(state: &State, submission: &Submission) -> Decision {
    let decided = match submission {
        Submission::Report(report) => report::decide(state, report),
        Submission::Turnout(turnout) => turnout::decide(state, turnout),
    };
    decided.unwrap_or_else(|refusal| Decision::answer(Outcome::Refused(refusal)))
}

/// Decides over a command. No events: the command asks for what is so already.
///
/// # Errors
///
/// A [`Refusal`] that names the field, its value, the rule and the code.
pub fn decide(
    state: Option<&State>,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if let Command::Define { definition, log_id } = command {
        return register::define(state, definition, *log_id);
    }
    let state = state.ok_or_else(|| {
        Refusal::new(
            RefusalCode::NotDefined,
            "election_id",
            "",
            "the election must be defined before this",
        )
    })?;
    match command {
        Command::Define { .. } => unreachable!("answered above"),
        Command::Report(report) => submission(state, &Submission::Report(report.clone())),
        Command::Turnout(turnout) => submission(state, &Submission::Turnout(turnout.clone())),
        _ => official::decide(state, command, now),
    }
}

fn submission(state: &State, submission: &Submission) -> Result<Vec<Event>, Refusal> {
    match decide_submission(state, submission) {
        Decision {
            outcome: Outcome::Refused(refusal),
            ..
        } => Err(refusal),
        Decision { event, .. } => Ok(event.into_iter().collect()),
    }
}

fn check_reason(field: &str, reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::new(
            RefusalCode::Shape,
            field,
            reason,
            "a reason must be given",
        ));
    }
    if reason.len() > ATTRIBUTION_BYTES_MAX {
        let rule = format!("at most {ATTRIBUTION_BYTES_MAX} bytes");
        return Err(Refusal::new(
            RefusalCode::Limit,
            field,
            format!("{} bytes", reason.len()),
            rule,
        ));
    }
    // They are printed in terminals and on pages, beside other people's words.
    if let Some(hidden) = reason.chars().find(|it| is_hidden(*it)) {
        let rule = format!("text without control characters (found {hidden:?})");
        return Err(Refusal::new(
            RefusalCode::Shape,
            field,
            reason.escape_debug(),
            rule,
        ));
    }
    Ok(())
}

/// Whether a character steers what shows it, or the order in which others are shown. Marks of direction in a text of two
/// scripts (U+200E, U+200F) do neither.
fn is_hidden(character: char) -> bool {
    let steers_order = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || steers_order
}

fn check_attribution(attribution: &Attribution) -> Result<(), Refusal> {
    check_reason("attribution.by", &attribution.by)?;
    check_reason("attribution.reason", &attribution.reason)
}
