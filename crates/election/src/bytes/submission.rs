//! Reports on their way from ingestion to the results role, and the answers on their way back: batches of bytes,
//! decoded once.

use super::DecodeError;
use super::codec::{Reader, Writer};
use super::event::{
    read_attribution, read_hold_reason, read_report_kind, read_warning, write_attribution,
    write_hold_reason, write_warning,
};
use super::parts::read_id;
use crate::counts::{COUNT_MAX, Counter};
use crate::ids::{ContestId, CountingGroupId, UnitId};
use crate::report::{
    DuplicateStanding, Outcome, Refusal, RefusalCode, Report, TallyKey, TurnoutReport,
};
use crate::submission::Submission;

/// The numbers of the kinds of submissions.
pub mod kind {
    /// A report whose options and counters stand in any order, with values of any size.
    pub const REPORT: u8 = 1;
    /// A turnout report.
    pub const TURNOUT: u8 = 2;
    /// A report that is in order, as nearly all are (see [`super::is_in_order`]): a third of the bytes.
    pub const REPORT_IN_ORDER: u8 = 3;
}

/// Appends a submission.
pub fn encode_submission(writer: &mut Writer, submission: &Submission) {
    match submission {
        Submission::Report(report) => write_report(writer, report),
        Submission::Turnout(turnout) => {
            writer.u8(kind::TURNOUT);
            write_turnout(writer, turnout);
        }
    }
}

/// Reads the next submission.
pub fn decode_submission(reader: &mut Reader<'_>) -> Result<Submission, DecodeError> {
    read_submission(reader, None)
}

/// Reads so many submissions. A contest or counting group that is the same as in the report before it shares its
/// allocation: most elections have one of each.
pub fn decode_submissions(
    reader: &mut Reader<'_>,
    count: usize,
) -> Result<Vec<Submission>, DecodeError> {
    let mut submissions: Vec<Submission> = Vec::with_capacity(count.min(reader.remaining()));
    for _ in 0..count {
        let key = match submissions.last() {
            Some(Submission::Report(report)) => Some(&report.key),
            Some(Submission::Turnout(_)) | None => None,
        };
        let submission = read_submission(reader, key)?;
        submissions.push(submission);
    }
    Ok(submissions)
}

fn read_submission(
    reader: &mut Reader<'_>,
    before: Option<&TallyKey>,
) -> Result<Submission, DecodeError> {
    match reader.u8()? {
        kind @ (kind::REPORT | kind::REPORT_IN_ORDER) => {
            let in_order = kind == kind::REPORT_IN_ORDER;
            read_report(reader, before, in_order).map(Submission::Report)
        }
        kind::TURNOUT => read_turnout(reader).map(Submission::Turnout),
        other => Err(reader.fault(format!("{other} is no kind of submission"))),
    }
}

/// Whether a report lists the options 0, 1, 2, ... of the ballot and its counters in the order of their numbers, and
/// each count is at most [`COUNT_MAX`].
pub fn is_in_order(
    votes: impl Iterator<Item = (u32, u64)>,
    form: impl Iterator<Item = (Counter, u64)>,
) -> bool {
    let mut votes = (0_u32..).zip(votes);
    let mut numbers_from = 0;
    votes.all(|(place, (option, votes))| place == option && votes <= COUNT_MAX) && { form }.all(
        |(counter, value)| {
            let follows = counter as u8 >= numbers_from;
            numbers_from = counter as u8 + 1;
            follows && value <= COUNT_MAX
        },
    )
}

fn write_report(writer: &mut Writer, report: &Report) {
    let Report {
        key,
        version,
        kind,
        ballot_hash,
        votes,
        form,
        attribution,
    } = report;
    let in_order = is_in_order(votes.iter().copied(), form.iter().copied());
    writer.u8(if in_order {
        kind::REPORT_IN_ORDER
    } else {
        kind::REPORT
    });
    writer.text(key.unit.as_str());
    writer.text(key.contest.as_str());
    writer.text(key.counting_group.as_str());
    writer.u32(*version);
    writer.u8(*kind as u8);
    writer.raw(&ballot_hash.0);
    if in_order {
        let (votes, form) = (votes.iter().map(|(_, votes)| *votes), form.iter().copied());
        write_in_order(writer, votes, form);
    } else {
        writer.list(votes.iter(), |writer, (option, votes)| {
            writer.u32(*option);
            writer.u64(*votes);
        });
        writer.list(form.iter(), |writer, (counter, value)| {
            writer.u8(*counter as u8);
            writer.u64(*value);
        });
    }
    writer.option(attribution.as_ref(), write_attribution);
}

/// The counts of a report that [`is_in_order`].
pub fn write_in_order(
    writer: &mut Writer,
    votes: impl ExactSizeIterator<Item = u64>,
    form: impl ExactSizeIterator<Item = (Counter, u64)>,
) {
    let small = |count| u32::try_from(count).expect("a report in order has counts of four bytes");
    writer.list(votes, |writer, votes| writer.u32(small(votes)));
    writer.list(form, |writer, (counter, value)| {
        writer.u8(counter as u8);
        writer.u32(small(value));
    });
}

fn read_report(
    reader: &mut Reader<'_>,
    before: Option<&TallyKey>,
    in_order: bool,
) -> Result<Report, DecodeError> {
    let unit = read_id(reader, UnitId::new)?;
    let text = reader.text()?;
    let contest = match before {
        Some(before) if before.contest.as_str() == text => before.contest.clone(),
        _ => ContestId::new(text).map_err(|error| reader.fault(error.to_string()))?,
    };
    let text = reader.text()?;
    let counting_group = match before {
        Some(before) if before.counting_group.as_str() == text => before.counting_group.clone(),
        _ => CountingGroupId::new(text).map_err(|error| reader.fault(error.to_string()))?,
    };
    let version = reader.u32()?;
    let kind = read_report_kind(reader)?;
    let ballot_hash = reader.hash()?;
    let (votes, form) = if in_order {
        read_in_order(reader)?
    } else {
        read_in_any_order(reader)?
    };
    if in_order != is_in_order(votes.iter().copied(), form.iter().copied()) {
        return Err(reader.fault("a report has the short form if, and only if, it is in order"));
    }
    Ok(Report {
        key: TallyKey {
            unit,
            contest,
            counting_group,
        },
        version,
        kind,
        ballot_hash,
        votes,
        form,
        attribution: reader.option(read_attribution)?,
    })
}

type Values = (Vec<(u32, u64)>, Vec<(Counter, u64)>);

fn read_in_order(reader: &mut Reader<'_>) -> Result<Values, DecodeError> {
    let options = reader.length(4)?;
    let votes = reader.raw(options * 4)?.chunks_exact(4);
    let votes =
        votes.map(|four| u64::from(u32::from_le_bytes([four[0], four[1], four[2], four[3]])));
    let votes = (0..).zip(votes).collect();
    let form = reader.list(5, |reader| {
        Ok((read_counter(reader)?, u64::from(reader.u32()?)))
    })?;
    Ok((votes, form))
}

fn read_in_any_order(reader: &mut Reader<'_>) -> Result<Values, DecodeError> {
    let votes = reader.list(12, |reader| Ok((reader.u32()?, reader.u64()?)))?;
    let form = reader.list(9, |reader| Ok((read_counter(reader)?, reader.u64()?)))?;
    Ok((votes, form))
}

fn read_counter(reader: &mut Reader<'_>) -> Result<Counter, DecodeError> {
    let number = usize::from(reader.u8()?);
    let counter = Counter::ALL.get(number).copied();
    counter.ok_or_else(|| reader.fault(format!("{number} is no counter of the form")))
}

fn write_turnout(writer: &mut Writer, turnout: &TurnoutReport) {
    let TurnoutReport {
        unit,
        version,
        ballots_issued,
        is_final,
        attribution,
    } = turnout;
    writer.text(unit.as_str());
    writer.u32(*version);
    writer.u64(*ballots_issued);
    writer.flag(*is_final);
    writer.option(attribution.as_ref(), write_attribution);
}

fn read_turnout(reader: &mut Reader<'_>) -> Result<TurnoutReport, DecodeError> {
    Ok(TurnoutReport {
        unit: read_id(reader, UnitId::new)?,
        version: reader.u32()?,
        ballots_issued: reader.u64()?,
        is_final: reader.flag()?,
        attribution: reader.option(read_attribution)?,
    })
}

/// Appends an outcome.
pub fn encode_outcome(writer: &mut Writer, outcome: &Outcome) {
    match outcome {
        Outcome::Accepted { revision, warnings } => {
            writer.u8(1);
            writer.revision(*revision);
            writer.list(warnings.iter(), write_warning);
        }
        Outcome::Duplicate { revision, standing } => {
            writer.u8(2);
            writer.revision(*revision);
            writer.u8(*standing as u8);
        }
        Outcome::Superseded {
            revision,
            counted_version,
        } => {
            writer.u8(3);
            writer.revision(*revision);
            writer.u32(*counted_version);
        }
        Outcome::Held { revision, reasons } => {
            writer.u8(4);
            writer.revision(*revision);
            writer.list(reasons.iter(), write_hold_reason);
        }
        Outcome::Conflict {
            revision,
            other_revision,
        } => {
            writer.u8(5);
            writer.revision(*revision);
            writer.revision(*other_revision);
        }
        Outcome::Refused(Refusal {
            code,
            field,
            value,
            rule,
        }) => {
            writer.u8(6);
            writer.u8(code.number());
            writer.text(field);
            writer.text(value);
            writer.text(rule);
        }
    }
}

/// Reads the next outcome.
pub fn decode_outcome(reader: &mut Reader<'_>) -> Result<Outcome, DecodeError> {
    Ok(match reader.u8()? {
        1 => Outcome::Accepted {
            revision: reader.revision()?,
            warnings: reader.list(9, read_warning)?,
        },
        2 => Outcome::Duplicate {
            revision: reader.revision()?,
            standing: {
                let number = reader.u8()?;
                let mut all = DuplicateStanding::ALL.into_iter();
                all.find(|standing| *standing as u8 == number)
                    .ok_or_else(|| reader.fault(format!("{number} is no standing")))?
            },
        },
        3 => Outcome::Superseded {
            revision: reader.revision()?,
            counted_version: reader.u32()?,
        },
        4 => Outcome::Held {
            revision: reader.revision()?,
            reasons: reader.list(1, read_hold_reason)?,
        },
        5 => Outcome::Conflict {
            revision: reader.revision()?,
            other_revision: reader.revision()?,
        },
        6 => {
            let number = reader.u8()?;
            let code = RefusalCode::from_number(number)
                .ok_or_else(|| reader.fault(format!("{number} is no code of a refusal")))?;
            Outcome::Refused(Refusal {
                code,
                field: reader.string()?,
                value: reader.string()?,
                rule: reader.string()?,
            })
        }
        other => return Err(reader.fault(format!("{other} is no outcome"))),
    })
}
