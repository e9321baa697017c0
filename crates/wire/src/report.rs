//! Reports and their parts. `Report` is on the path that every tally takes: its message is taken by value, and nothing
//! of it is copied but what the domain keeps.

use crate::common::v1 as proto;
use crate::field::{counterparts, enumeration, hash, id, required, shape, within};
use crate::ingestion::v1::submit_reports_request;
use election::counts::{COUNT_MAX, Counter, Counts, Form};
use election::definition::OPTIONS_MAX;
use election::ids::{ContestId, CountingGroupId, UnitId};
use election::report::{
    Attribution, Refusal, RefusalCode, Report, ReportKind, TallyKey, TurnoutReport, UnitStatus,
};
use election::submission::Submission;

counterparts!(proto::Counter, Counter, {
    RollAtClose = RollAtClose,
    BallotsReceived = BallotsReceived,
    BallotsIssued = BallotsIssued,
    BallotsUnused = BallotsUnused,
    BallotsSpoiled = BallotsSpoiled,
    BoxFixed = BoxFixed,
    BoxPortable = BoxPortable,
    Certificates = Certificates,
    Papers = Papers,
    Invalid = Invalid,
    Blank = Blank,
    Valid = Valid,
    AgainstAll = AgainstAll,
});

counterparts!(proto::ReportKind, ReportKind, {
    Partial = Partial,
    Full = Full,
    Correction = Correction,
    Recount = Recount,
    RepeatVote = RepeatVote,
});

counterparts!(proto::UnitStatus, UnitStatus, {
    Expected = Expected,
    Open = Open,
    NotOpened = NotOpened,
    Partial = Partial,
    Complete = Complete,
    Closed = Closed,
    UnderRecount = UnderRecount,
    Annulled = Annulled,
    RepeatOrdered = RepeatOrdered,
    Merged = Merged,
});

/// What a source submits. Its field paths are those of the report, such as `votes[3]`, as an outcome gives them.
///
/// # Errors
/// What the domain cannot hold. Limits of numbers, the definition and the sender's rights are asked later.
pub fn submission(
    submission: Option<submit_reports_request::Submission>,
) -> Result<Submission, Refusal> {
    match required("submission", submission)? {
        submit_reports_request::Submission::Report(report) => {
            report.try_into().map(Submission::Report)
        }
        submit_reports_request::Submission::TurnoutReport(report) => {
            report.try_into().map(Submission::Turnout)
        }
    }
}

impl From<&Submission> for submit_reports_request::Submission {
    fn from(submission: &Submission) -> Self {
        match submission {
            Submission::Report(report) => Self::Report(report.into()),
            Submission::Turnout(report) => Self::TurnoutReport(report.into()),
        }
    }
}

impl TryFrom<proto::Report> for Report {
    type Error = Refusal;

    fn try_from(report: proto::Report) -> Result<Self, Refusal> {
        let proto::Report {
            unit_id,
            contest_id,
            counting_group_id,
            version,
            kind,
            ballot_hash,
            option_indexes,
            votes,
            form,
            attribution,
        } = report;
        Ok(Self {
            key: TallyKey {
                unit: id("unit_id", &unit_id, UnitId::new)?,
                contest: id("contest_id", &contest_id, ContestId::new)?,
                counting_group: id(
                    "counting_group_id",
                    &counting_group_id,
                    CountingGroupId::new,
                )?,
            },
            version,
            kind: enumeration("kind", kind)?,
            ballot_hash: hash("ballot_hash", &ballot_hash)?,
            votes: pairs(&option_indexes, &votes)?,
            form: form_counters(&form)?,
            attribution: optional_attribution(attribution),
        })
    }
}

impl From<&Report> for proto::Report {
    fn from(report: &Report) -> Self {
        let Report {
            key,
            version,
            kind,
            ballot_hash,
            votes,
            form,
            attribution,
        } = report;
        let TallyKey {
            unit,
            contest,
            counting_group,
        } = key;
        let (option_indexes, votes) = votes.iter().copied().unzip();
        let form = form
            .iter()
            .map(|(counter, value)| form_counter(*counter, *value));
        Self {
            unit_id: unit.as_str().into(),
            contest_id: contest.as_str().into(),
            counting_group_id: counting_group.as_str().into(),
            version: *version,
            kind: proto::ReportKind::from(*kind).into(),
            ballot_hash: ballot_hash.0.to_vec().into(),
            option_indexes,
            votes,
            form: form.collect(),
            attribution: attribution.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<proto::TurnoutReport> for TurnoutReport {
    type Error = Refusal;

    fn try_from(report: proto::TurnoutReport) -> Result<Self, Refusal> {
        let proto::TurnoutReport {
            unit_id,
            version,
            ballots_issued,
            is_final,
            attribution,
        } = report;
        let unit = id("unit_id", &unit_id, UnitId::new)?;
        Ok(Self {
            unit,
            version,
            ballots_issued,
            is_final,
            attribution: optional_attribution(attribution),
        })
    }
}

impl From<&TurnoutReport> for proto::TurnoutReport {
    fn from(report: &TurnoutReport) -> Self {
        let TurnoutReport {
            unit,
            version,
            ballots_issued,
            is_final,
            attribution,
        } = report;
        Self {
            unit_id: unit.as_str().into(),
            version: *version,
            ballots_issued: *ballots_issued,
            is_final: *is_final,
            attribution: attribution.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<proto::TallyKey> for TallyKey {
    type Error = Refusal;

    fn try_from(key: proto::TallyKey) -> Result<Self, Refusal> {
        let proto::TallyKey {
            unit_id,
            contest_id,
            counting_group_id,
        } = key;
        Ok(Self {
            unit: id("unit_id", &unit_id, UnitId::new)?,
            contest: id("contest_id", &contest_id, ContestId::new)?,
            counting_group: id(
                "counting_group_id",
                &counting_group_id,
                CountingGroupId::new,
            )?,
        })
    }
}

impl From<&TallyKey> for proto::TallyKey {
    fn from(key: &TallyKey) -> Self {
        let TallyKey {
            unit,
            contest,
            counting_group,
        } = key;
        Self {
            unit_id: unit.as_str().into(),
            contest_id: contest.as_str().into(),
            counting_group_id: counting_group.as_str().into(),
        }
    }
}

impl From<proto::Attribution> for Attribution {
    fn from(attribution: proto::Attribution) -> Self {
        let proto::Attribution { by, reason } = attribution;
        Self { by, reason }
    }
}

impl From<&Attribution> for proto::Attribution {
    fn from(attribution: &Attribution) -> Self {
        let Attribution { by, reason } = attribution;
        Self {
            by: by.clone(),
            reason: reason.clone(),
        }
    }
}

impl From<&Counts> for proto::Counts {
    fn from(counts: &Counts) -> Self {
        let Counts { votes, form } = counts;
        let form = form
            .iter()
            .map(|(counter, value)| form_counter(counter, value.into()));
        Self {
            option_indexes: (0..).take(votes.len()).collect(),
            votes: votes.iter().map(|votes| u64::from(*votes)).collect(),
            form: form.collect(),
        }
    }
}

/// Every option from 0 on exactly once, in any order.
impl TryFrom<proto::Counts> for Counts {
    type Error = Refusal;

    fn try_from(counts: proto::Counts) -> Result<Self, Refusal> {
        let proto::Counts {
            option_indexes,
            votes,
            form,
        } = counts;
        let pairs = pairs(&option_indexes, &votes)?;
        let mut by_option = vec![None; pairs.len()];
        for (position, (option, votes)) in pairs.iter().enumerate() {
            let field = || format!("option_indexes[{position}]");
            let place = usize::try_from(*option)
                .ok()
                .and_then(|option| by_option.get_mut(option));
            let place = place.ok_or_else(|| {
                shape(
                    field(),
                    option,
                    "indexes are those from 0 on, each exactly once",
                )
            })?;
            if place
                .replace(count(format!("votes[{position}]"), *votes)?)
                .is_some()
            {
                return Err(Refusal::new(
                    RefusalCode::RepeatedOption,
                    field(),
                    option,
                    "each option stands once",
                ));
            }
        }
        let mut read = Form::EMPTY;
        for (position, (counter, value)) in form_counters(&form)?.into_iter().enumerate() {
            if read.get(counter).is_some() {
                return Err(shape(
                    format!("form[{position}].counter"),
                    counter,
                    "each counter stands at most once",
                ));
            }
            read.set(counter, count(format!("form[{position}].value"), value)?);
        }
        // As many places as pairs, and no place taken twice: none is empty.
        Ok(Self {
            votes: by_option.into_iter().flatten().collect(),
            form: read,
        })
    }
}

fn count(field: String, value: u64) -> Result<u32, Refusal> {
    u32::try_from(value).map_err(|_| {
        Refusal::new(
            RefusalCode::Limit,
            field,
            value,
            format!("at most {COUNT_MAX}"),
        )
    })
}

fn pairs(option_indexes: &[u32], votes: &[u64]) -> Result<Vec<(u32, u64)>, Refusal> {
    if option_indexes.len() != votes.len() {
        let rule = format!(
            "as many as option_indexes, which are {}",
            option_indexes.len()
        );
        return Err(shape("votes", format!("{} numbers", votes.len()), rule));
    }
    if votes.len() > OPTIONS_MAX {
        let rule = format!("at most {OPTIONS_MAX} options");
        return Err(Refusal::new(
            RefusalCode::Limit,
            "votes",
            format!("{} numbers", votes.len()),
            rule,
        ));
    }
    Ok(option_indexes
        .iter()
        .copied()
        .zip(votes.iter().copied())
        .collect())
}

fn form_counter(counter: Counter, value: u64) -> proto::FormCounter {
    proto::FormCounter {
        counter: proto::Counter::from(counter).into(),
        value,
    }
}

fn form_counters(form: &[proto::FormCounter]) -> Result<Vec<(Counter, u64)>, Refusal> {
    let counters =
        form.iter()
            .enumerate()
            .map(|(position, proto::FormCounter { counter, value })| {
                let counter = enumeration("counter", *counter)
                    .map_err(within(format_args!("form[{position}]")))?;
                Ok((counter, *value))
            });
    counters.collect()
}

/// What a message says of who and why. One with nothing in it is missing: JSON and some languages send it so.
fn optional_attribution(attribution: Option<proto::Attribution>) -> Option<Attribution> {
    attribution
        .filter(|given| !(given.by.is_empty() && given.reason.is_empty()))
        .map(Into::into)
}

#[cfg(test)]
mod tests;
