//! What a frame has that the one before had not: corrections, stages, marks, and what officials keep from the public.

use crate::names::Names;
use crate::table;
use crate::told::{stage, withheld, words};
use wire::common::v1::{Correction, Mark};
use wire::feed::v1::Frame;

/// Changed options of one correction.
const CHANGES_MAX: usize = 3;
/// Corrections of before the first frame.
const OLDER_MAX: usize = 3;

/// A line of the ticker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// When it was decided.
    pub time: String,
    /// What it is.
    pub text: String,
    /// To be seen at once.
    pub is_alarm: bool,
}

/// What is new in a frame, oldest first.
pub(super) fn lines(before: Option<&Frame>, frame: &Frame, names: &Names) -> Vec<Line> {
    let mut lines = corrections(before, frame, names);
    let Some(body) = &frame.body else {
        return lines;
    };
    let time = body
        .revision_time
        .and_then(|time| wire::time("revision_time", time).ok())
        .map_or_else(|| String::from("-"), table::time);
    let mut say = |text: String, is_alarm| {
        lines.push(Line {
            time: time.clone(),
            text,
            is_alarm,
        });
    };
    let old = before.and_then(|frame| frame.body.as_ref());
    if old.is_none_or(|old| stage(old) != stage(body)) {
        say(format!("stage: {}", stage(body)), false);
    }
    let had = |mark: &Mark| old.is_some_and(|old| old.marks().any(|it| it == *mark));
    for mark in body.marks().filter(|mark| !had(mark)) {
        say(
            format!("marked: {}", words(mark.as_str_name(), "MARK_")),
            true,
        );
    }
    let publication = |frame: &Frame| {
        let publication = frame.envelope.as_ref()?.publication.as_ref()?;
        withheld(publication)
    };
    let (then, now) = (before.and_then(publication), publication(frame));
    if then != now {
        match now {
            Some(now) => say(now, true),
            None => say(String::from("publication goes on"), false),
        }
    }
    lines
}

fn corrections(before: Option<&Frame>, frame: &Frame, names: &Names) -> Vec<Line> {
    let Some(envelope) = &frame.envelope else {
        return Vec::new();
    };
    let seen = before.and_then(|frame| frame.body.as_ref());
    let seen = seen.map_or(0, |body| body.revision);
    let is_new = |it: &&Correction| it.revision > seen;
    let mut new: Vec<&Correction> = envelope.corrections.iter().filter(is_new).collect();
    if before.is_none() {
        new.truncate(OLDER_MAX);
    }
    let had = before.and_then(|frame| frame.envelope.as_ref());
    let told = u64::try_from(new.len()).unwrap_or(u64::MAX);
    let more = envelope
        .corrections_count
        .saturating_sub(had.map_or(0, |it| it.corrections_count))
        .saturating_sub(told);
    let mut lines: Vec<Line> = new.iter().rev().map(|it| correction(it, names)).collect();
    if more > 0 {
        let word = if more == 1 {
            "correction"
        } else {
            "corrections"
        };
        let line = Line {
            time: String::new(),
            text: format!("{more} more {word} before"),
            is_alarm: true,
        };
        lines.insert(0, line);
    }
    lines
}

fn correction(it: &Correction, names: &Names) -> Line {
    let time = it.revision_time;
    let time = time.and_then(|time| wire::time("revision_time", time).ok());
    let unit = it.key.as_ref().map_or("", |key| key.unit_id.as_str());
    let changes = it.changes.iter().take(CHANGES_MAX).map(|change| {
        format!(
            "{} {} → {}",
            names.option(&change.option_id),
            table::thousands(change.votes_before),
            table::thousands(change.votes_after)
        )
    });
    let mut changes: Vec<String> = changes.collect();
    if changes.is_empty() {
        let (before, after) = (it.votes_before, it.votes_after);
        let (before, after) = (table::thousands(before), table::thousands(after));
        changes.push(format!("votes {before} → {after}"));
    } else if usize::try_from(it.changes_count).is_ok_and(|count| count > changes.len()) {
        changes.push(String::from("…"));
    }
    let by = it.attribution.clone().unwrap_or_default();
    let kind = words(it.kind().as_str_name(), "CORRECTION_KIND_");
    Line {
        time: time.map_or_else(|| String::from("-"), table::time),
        text: format!(
            "{kind}, {unit}: {} ({}; {})",
            changes.join(", "),
            by.reason,
            by.by
        ),
        is_alarm: true,
    }
}
