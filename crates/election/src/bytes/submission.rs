//! Reports on their way from ingestion to the results role, and the answers on their way back: batches of bytes,
//! decoded once.

use super::DecodeError;
use super::codec::{Reader, Writer};
use super::event::{
    read_attribution, read_hold_reason, read_report_kind, read_warning, write_attribution,
    write_hold_reason, write_warning,
};
use super::parts::read_id;
use crate::counts::Counter;
use crate::ids::{ContestId, CountingGroupId, UnitId};
use crate::report::{Outcome, Refusal, RefusalCode, Report, TallyKey, TurnoutReport};
use crate::submission::Submission;

/// Appends a submission.
pub fn encode_submission(writer: &mut Writer, submission: &Submission) {
    match submission {
        Submission::Report(report) => {
            writer.u8(1);
            write_report(writer, report);
        }
        Submission::Turnout(turnout) => {
            writer.u8(2);
            write_turnout(writer, turnout);
        }
    }
}

/// Reads the next submission.
pub fn decode_submission(reader: &mut Reader<'_>) -> Result<Submission, DecodeError> {
    match reader.u8()? {
        1 => read_report(reader).map(Submission::Report),
        2 => read_turnout(reader).map(Submission::Turnout),
        other => Err(reader.fault(format!("{other} is no kind of submission"))),
    }
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
    writer.text(key.unit.as_str());
    writer.text(key.contest.as_str());
    writer.text(key.counting_group.as_str());
    writer.u32(*version);
    writer.u8(*kind as u8);
    writer.raw(&ballot_hash.0);
    writer.list(votes.iter(), |writer, (option, votes)| {
        writer.u32(*option);
        writer.u64(*votes);
    });
    writer.list(form.iter(), |writer, (counter, value)| {
        writer.u8(*counter as u8);
        writer.u64(*value);
    });
    writer.option(attribution.as_ref(), write_attribution);
}

fn read_report(reader: &mut Reader<'_>) -> Result<Report, DecodeError> {
    Ok(Report {
        key: TallyKey {
            unit: read_id(reader, UnitId::new)?,
            contest: read_id(reader, ContestId::new)?,
            counting_group: read_id(reader, CountingGroupId::new)?,
        },
        version: reader.u32()?,
        kind: read_report_kind(reader)?,
        ballot_hash: reader.hash()?,
        votes: reader.list(12, |reader| Ok((reader.u32()?, reader.u64()?)))?,
        form: reader.list(9, |reader| {
            let number = usize::from(reader.u8()?);
            let counter = Counter::ALL.get(number).copied();
            let counter = counter
                .ok_or_else(|| reader.fault(format!("{number} is no counter of the form")))?;
            Ok((counter, reader.u64()?))
        })?,
        attribution: reader.option(read_attribution)?,
    })
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
        Outcome::Duplicate { revision } => {
            writer.u8(2);
            writer.revision(*revision);
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
