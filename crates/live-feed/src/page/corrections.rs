//! The newest corrections: what was, what is, who and why.

use crate::page::language::Language;
use crate::page::view::Shown;
use crate::page::words::{self, Words};
use askama::Template;
use wire::common::v1::Correction;

/// Changed options of one correction.
const CHANGES_MAX: usize = 4;

#[derive(Template)]
#[template(path = "corrections.html")]
struct CorrectionsPart<'a> {
    w: &'a Words,
    language: Language,
    election_id: &'a str,
    rows: Vec<CorrectionRow>,
    more: String,
}

struct CorrectionRow {
    kind: &'static str,
    unit: String,
    time: String,
    changes: Vec<ChangeRow>,
    /// What is said of the changes that are not shown.
    more: String,
    /// It is of something else: a state, or a counter of the form.
    is_unchanged: bool,
    before: String,
    after: String,
    reason: String,
    by: String,
}

struct ChangeRow {
    name: String,
    before: String,
    after: String,
}

/// The part.
pub(super) fn part(shown: &Shown<'_>) -> String {
    let (words, language) = (Words::of(shown.language), shown.language);
    let rows = shown.envelope.corrections.iter();
    let rows: Vec<CorrectionRow> = rows.map(|it| row(shown, it)).collect();
    let told = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let count = shown.envelope.corrections_count;
    let part = CorrectionsPart {
        w: words,
        language,
        election_id: shown.election_id,
        more: if count > told {
            format!("{} {}", words.newest_of, language.number(count))
        } else {
            String::new()
        },
        rows,
    };
    part.render().unwrap_or_default()
}

fn row(shown: &Shown<'_>, it: &Correction) -> CorrectionRow {
    let language = shown.language;
    let by = it.attribution.clone().unwrap_or_default();
    let changes = it.changes.iter().take(CHANGES_MAX).map(|change| ChangeRow {
        name: shown.name(&change.option_id),
        before: language.number(change.votes_before),
        after: language.number(change.votes_after),
    });
    let changes: Vec<ChangeRow> = changes.collect();
    let told = u64::try_from(changes.len()).unwrap_or(u64::MAX);
    let more = u64::from(it.changes_count).saturating_sub(told);
    CorrectionRow {
        kind: words::correction(language, it.kind()),
        unit: it
            .key
            .as_ref()
            .map(|key| key.unit_id.clone())
            .unwrap_or_default(),
        time: language.clock(it.revision_time, shown.zone()),
        // Where the frame had no room for them, the sums stand alone.
        more: match more {
            _ if changes.is_empty() => String::new(),
            0 => String::new(),
            more => words::and_more(language, &language.number(more)),
        },
        changes,
        is_unchanged: it.changes_count == 0 && it.votes_before == it.votes_after,
        before: language.number(it.votes_before),
        after: language.number(it.votes_after),
        reason: by.reason,
        by: by.by,
    }
}
