//! What officials ask: each request as the command that it stands for, with the election that it is addressed to.

// tidy: long because one conversion for each request of officials.

use crate::common::v1 as common;
use crate::districted_request::tied_places_of;
use crate::field::{enumeration, id, optional_id, required, shape, time, within};
use crate::results::v1 as proto;
use election::command::Command;
use election::definition::{Definition, UNITS_MAX, Unit};
use election::ids::{
    ContestId, CountingGroupId, DistrictId, ElectionId, IdError, OptionId, Revision, UnitId,
};
use election::report::{Attribution, Refusal, RefusalCode};
use proto::define_election_request::{DefinitionHead, UnitChunk};
use serde::de::DeserializeOwned;

/// Most units in one message.
pub const UNITS_PER_MESSAGE_MAX: usize = 2_000;

/// A command and the election that it is addressed to.
pub type Addressed = (ElectionId, Command);

/// The first message of a definition: everything but the units.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinitionOutline {
    /// The election; the same as that of the ballot.
    pub election: ElectionId,
    /// The definition with an empty list of units, parsed but not checked: that needs its units.
    pub definition: Definition,
    /// How many units are to follow, 1 to [`UNITS_MAX`].
    pub unit_count: u32,
}

impl TryFrom<DefinitionHead> for DefinitionOutline {
    type Error = Refusal;

    fn try_from(head: DefinitionHead) -> Result<Self, Refusal> {
        let DefinitionHead {
            election_id,
            definition_toml,
            unit_count,
        } = head;
        let election = id("election_id", &election_id, ElectionId::new)?;
        let definition = definition_without_units(&definition_toml)?;
        if definition.ballot.election != election {
            let rule = format!(
                "must be the election of the ballot, {}",
                definition.ballot.election
            );
            return Err(shape("election_id", election, rule));
        }
        if !(1..=UNITS_MAX).contains(&usize::try_from(unit_count).unwrap_or(usize::MAX)) {
            let rule = format!("1 to {UNITS_MAX}");
            return Err(Refusal::new(
                RefusalCode::Limit,
                "unit_count",
                unit_count,
                rule,
            ));
        }
        Ok(Self {
            election,
            definition,
            unit_count,
        })
    }
}

/// The definition's own type wants units, and here they follow in messages of their own.
fn definition_without_units(text: &str) -> Result<Definition, Refusal> {
    const FIELD: &str = "definition_toml";
    let mut tables: toml::Table = parse(FIELD, text)?;
    let register = tables
        .entry("register")
        .or_insert_with(|| toml::Table::new().into());
    let Some(register) = register.as_table_mut() else {
        return Err(shape(FIELD, "register", "must be a table"));
    };
    if register
        .insert("units".into(), toml::Value::Array(Vec::new()))
        .is_some()
    {
        return Err(shape(
            FIELD,
            "register.units",
            "units come in messages of their own",
        ));
    }
    // What is found in the text is told with line and column; only what is found here is told without.
    tables.try_into().map_err(|error: toml::de::Error| {
        let found = parse::<Definition>(FIELD, text)
            .err()
            .filter(|refusal| !refusal.rule.contains("`units`"));
        found.unwrap_or_else(|| shape(FIELD, "", error.to_string().trim_end()))
    })
}

fn parse<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, Refusal> {
    election::toml_text::read_toml(field, &format!("{field}."), text)
}

/// Some of the units of a definition.
impl TryFrom<UnitChunk> for Vec<Unit> {
    type Error = Refusal;

    fn try_from(chunk: UnitChunk) -> Result<Self, Refusal> {
        let UnitChunk { units } = chunk;
        read_units(units)
    }
}

fn read_units(units: Vec<common::Unit>) -> Result<Vec<Unit>, Refusal> {
    if units.len() > UNITS_PER_MESSAGE_MAX {
        let rule = format!("at most {UNITS_PER_MESSAGE_MAX} a message");
        return Err(Refusal::new(
            RefusalCode::Limit,
            "units",
            format!("{} units", units.len()),
            rule,
        ));
    }
    let units = units.into_iter().enumerate();
    units
        .map(|(place, unit)| {
            unit.try_into()
                .map_err(within(format_args!("units[{place}]")))
        })
        .collect()
}

impl TryFrom<proto::AmendRegisterRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::AmendRegisterRequest) -> Result<Self, Refusal> {
        let proto::AmendRegisterRequest {
            election_id,
            units,
            reason,
        } = request;
        let units = read_units(units)?;
        addressed(&election_id, Command::AmendRegister { units, reason })
    }
}

impl TryFrom<proto::AmendRulesRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::AmendRulesRequest) -> Result<Self, Refusal> {
        let proto::AmendRulesRequest {
            election_id,
            rules_toml,
            reason,
        } = request;
        let rules = Box::new(parse("rules_toml", &rules_toml)?);
        addressed(&election_id, Command::AmendRules { rules, reason })
    }
}

impl TryFrom<proto::AmendPresentationRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::AmendPresentationRequest) -> Result<Self, Refusal> {
        let proto::AmendPresentationRequest {
            election_id,
            presentation_toml,
            reason,
        } = request;
        let presentation = Box::new(parse("presentation_toml", &presentation_toml)?);
        addressed(
            &election_id,
            Command::AmendPresentation {
                presentation,
                reason,
            },
        )
    }
}

impl TryFrom<proto::ReviewReportRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::ReviewReportRequest) -> Result<Self, Refusal> {
        let proto::ReviewReportRequest {
            election_id,
            held_revision,
            key,
            decision,
            reason,
        } = request;
        let release = match proto::ReviewDecision::try_from(decision) {
            Ok(proto::ReviewDecision::Release) => true,
            Ok(proto::ReviewDecision::Reject) => false,
            Ok(proto::ReviewDecision::Unspecified) | Err(_) => {
                let rule = "must be REVIEW_DECISION_RELEASE or REVIEW_DECISION_REJECT";
                return Err(shape("decision", decision, rule));
            }
        };
        let key = required("key", key)?.try_into().map_err(within("key"))?;
        let held_revision = Revision(held_revision);
        addressed(
            &election_id,
            Command::Review {
                held_revision,
                key,
                release,
                reason,
            },
        )
    }
}

impl TryFrom<proto::WithdrawReportRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::WithdrawReportRequest) -> Result<Self, Refusal> {
        let proto::WithdrawReportRequest {
            election_id,
            key,
            version,
            attribution,
        } = request;
        let key = required("key", key)?.try_into().map_err(within("key"))?;
        let attribution = who_and_why(attribution)?;
        addressed(
            &election_id,
            Command::Withdraw {
                key,
                version,
                attribution,
            },
        )
    }
}

impl TryFrom<proto::CorrectTurnoutRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::CorrectTurnoutRequest) -> Result<Self, Refusal> {
        let proto::CorrectTurnoutRequest {
            election_id,
            turnout_report,
            replaced_version,
        } = request;
        let turnout = required("turnout_report", turnout_report)?;
        let turnout = turnout.try_into().map_err(within("turnout_report"))?;
        addressed(
            &election_id,
            Command::CorrectTurnout {
                turnout,
                replaced_version,
            },
        )
    }
}

impl TryFrom<proto::SetUnitStatusRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::SetUnitStatusRequest) -> Result<Self, Refusal> {
        let proto::SetUnitStatusRequest {
            election_id,
            unit_id,
            contest_id,
            counting_group_id,
            status,
            merged_into_unit_id,
            attribution,
        } = request;
        let command = Command::SetUnitStatus {
            unit: id("unit_id", &unit_id, UnitId::new)?,
            contest: optional_id("contest_id", &contest_id, ContestId::new)?,
            counting_group: optional_id(
                "counting_group_id",
                &counting_group_id,
                CountingGroupId::new,
            )?,
            status: enumeration("status", status)?,
            merged_into: optional_id("merged_into_unit_id", &merged_into_unit_id, UnitId::new)?,
            attribution: who_and_why(attribution)?,
        };
        addressed(&election_id, command)
    }
}

impl TryFrom<proto::DrawLotRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::DrawLotRequest) -> Result<Self, Refusal> {
        let proto::DrawLotRequest {
            election_id,
            contest_id,
            district_id,
            stage,
            tied_option_ids,
            seats,
            winner_option_ids,
            attribution,
            at,
            tied_places,
            winner_places,
        } = request;
        if let Some(at) = at {
            let one = [
                ("district_id", !district_id.is_empty()),
                ("stage", stage > 0),
                ("tied_option_ids", !tied_option_ids.is_empty()),
                ("winner_option_ids", !winner_option_ids.is_empty()),
            ];
            if let Some((field, _)) = one.into_iter().find(|(_, is_given)| *is_given) {
                let rule = "belongs to a lot in one district: among places, `at` and places say it";
                return Err(shape(field, "", rule));
            }
            let command = Command::DrawPlaces {
                contest: id("contest_id", &contest_id, ContestId::new)?,
                at: at.into(),
                tied: tied_places_of("tied_places", &tied_places)?,
                seats,
                winners: tied_places_of("winner_places", &winner_places)?,
                attribution: who_and_why(attribution)?,
            };
            return addressed(&election_id, command);
        }
        let places = [
            ("tied_places", &tied_places),
            ("winner_places", &winner_places),
        ];
        if let Some((field, places)) = places.into_iter().find(|(_, places)| !places.is_empty()) {
            let rule = "only with `at`, which says where the tie stands";
            return Err(shape(field, places.len(), rule));
        }
        let command = Command::DrawLot {
            contest: id("contest_id", &contest_id, ContestId::new)?,
            district: id("district_id", &district_id, DistrictId::new)?,
            stage,
            tied: ids("tied_option_ids", &tied_option_ids, OptionId::new)?,
            seats,
            winners: ids("winner_option_ids", &winner_option_ids, OptionId::new)?,
            attribution: who_and_why(attribution)?,
        };
        addressed(&election_id, command)
    }
}

impl TryFrom<proto::ChangeCandidatesRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::ChangeCandidatesRequest) -> Result<Self, Refusal> {
        let proto::ChangeCandidatesRequest {
            election_id,
            contest_id,
            district_id,
            option_id,
            candidates,
            effective_date,
            reason,
        } = request;
        let command = Command::ChangeCandidates {
            contest: id("contest_id", &contest_id, ContestId::new)?,
            district: id("district_id", &district_id, DistrictId::new)?,
            option: id("option_id", &option_id, OptionId::new)?,
            candidates,
            effective: effective_date,
            reason,
        };
        addressed(&election_id, command)
    }
}

impl TryFrom<proto::OpenClassRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::OpenClassRequest) -> Result<Self, Refusal> {
        let proto::OpenClassRequest {
            election_id,
            publication_class,
            open_time,
        } = request;
        let class = enumeration("publication_class", publication_class)?;
        let opens_at = open_time
            .map(|instant| time("open_time", instant))
            .transpose()?;
        addressed(&election_id, Command::OpenClass { class, opens_at })
    }
}

impl TryFrom<proto::MovePublicationRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::MovePublicationRequest) -> Result<Self, Refusal> {
        let proto::MovePublicationRequest {
            election_id,
            mode,
            reason,
        } = request;
        let mode = required("mode", mode)?.try_into().map_err(within("mode"))?;
        addressed(&election_id, Command::MovePublication { mode, reason })
    }
}

impl TryFrom<proto::SetStageRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::SetStageRequest) -> Result<Self, Refusal> {
        let proto::SetStageRequest {
            election_id,
            stage,
            reason,
        } = request;
        let stage = enumeration("stage", stage)?;
        addressed(&election_id, Command::SetStage { stage, reason })
    }
}

impl TryFrom<proto::SetMarkRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::SetMarkRequest) -> Result<Self, Refusal> {
        let proto::SetMarkRequest {
            election_id,
            mark,
            is_set,
            reason,
        } = request;
        let mark = enumeration("mark", mark)?;
        addressed(
            &election_id,
            Command::SetMark {
                mark,
                is_set,
                reason,
            },
        )
    }
}

impl TryFrom<proto::DeclareResultRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::DeclareResultRequest) -> Result<Self, Refusal> {
        let proto::DeclareResultRequest {
            election_id,
            contest_id,
            district_id,
            rows,
            attribution,
        } = request;
        let command = Command::Declare {
            contest: id("contest_id", &contest_id, ContestId::new)?,
            district: optional_id("district_id", &district_id, DistrictId::new)?,
            seats: seat_rows(rows)?,
            attribution: who_and_why(attribution)?,
        };
        addressed(&election_id, command)
    }
}

impl TryFrom<proto::CertifyResultRequest> for Addressed {
    type Error = Refusal;

    fn try_from(request: proto::CertifyResultRequest) -> Result<Self, Refusal> {
        let proto::CertifyResultRequest {
            election_id,
            attribution,
        } = request;
        let attribution = who_and_why(attribution)?;
        addressed(&election_id, Command::Certify { attribution })
    }
}

/// The rows of a declared result.
///
/// # Errors
/// A row whose option is no id.
pub fn seat_rows(rows: Vec<common::SeatRow>) -> Result<Vec<(OptionId, u32)>, Refusal> {
    let rows = rows.into_iter().enumerate().map(|(place, row)| {
        let common::SeatRow { option_id, seats } = row;
        Ok((
            id(
                &format!("rows[{place}].option_id"),
                &option_id,
                OptionId::new,
            )?,
            seats,
        ))
    });
    rows.collect()
}

fn addressed(election_id: &str, command: Command) -> Result<Addressed, Refusal> {
    Ok((id("election_id", election_id, ElectionId::new)?, command))
}

fn who_and_why(attribution: Option<common::Attribution>) -> Result<Attribution, Refusal> {
    attribution.map(Into::into).ok_or_else(|| {
        Refusal::new(
            RefusalCode::AttributionMissing,
            "attribution",
            "",
            "who ordered it and why must be said",
        )
    })
}

fn ids<T>(
    field: &str,
    texts: &[String],
    constructor: impl Fn(&str) -> Result<T, IdError>,
) -> Result<Vec<T>, Refusal> {
    let texts = texts.iter().enumerate();
    texts
        .map(|(place, text)| id(&format!("{field}[{place}]"), text, &constructor))
        .collect()
}

#[cfg(test)]
mod tests;
