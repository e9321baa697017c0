//! What officials ask: defining an election, and every command on it.

use std::sync::Arc;

use election::bytes::part_text;
use election::command::Command;
use election::definition::{Definition, Hash, Part, Unit};
use election::ids::{ElectionId, LogId, OptionId, Revision};
use election::report::Attribution;
use election::tally::PartVersion;
use futures::stream;
use tonic::transport::Channel;
use wire::UNITS_PER_MESSAGE_MAX;
use wire::common::v1 as common;
use wire::results::v1 as proto;
use wire::results::v1::admin_service_client::AdminServiceClient;
use wire::results::v1::define_election_request::{self, DefinitionHead, UnitChunk};

use crate::Client;
use crate::error::ClientError;
use crate::read::call;
use crate::service::{Calls, Service};

/// The most bytes of units in a message of a definition, by estimate; the contract allows 1 MiB.
const CHUNK_BYTES_MAX: usize = 768 << 10;

/// What a command wrote to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The revision of its first event; where nothing was written, the head.
    pub first_revision: Revision,
    /// The revision of its last event; where nothing was written, the head.
    pub last_revision: Revision,
    /// How many events; 0: what was asked for holds already.
    pub event_count: u64,
}

/// An election that is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defined {
    /// What was written.
    pub written: Written,
    /// The incarnation of its log.
    pub log_id: LogId,
    /// The four parts with their versions and hashes.
    pub parts: Vec<(Part, PartVersion)>,
}

impl Defined {
    /// The hash that reports must name.
    pub fn ballot_hash(&self) -> Option<Hash> {
        let ballot = self.parts.iter().find(|(part, _)| *part == Part::Ballot);
        ballot.map(|(_, version)| version.hash)
    }
}

impl From<proto::Written> for Written {
    fn from(written: proto::Written) -> Self {
        let proto::Written {
            first_revision,
            last_revision,
            event_count,
        } = written;
        Self {
            first_revision: Revision(first_revision),
            last_revision: Revision(last_revision),
            event_count,
        }
    }
}

impl Client {
    /// Defines an election. Units go in chunks, made as they are sent. Asking again with the same content changes
    /// nothing.
    ///
    /// # Errors
    /// As AdminService says, with the path of the field that is wrong. The client's deadline holds: give it about a
    /// second for each 100,000 units.
    pub async fn define(&self, definition: &Arc<Definition>) -> Result<Defined, ClientError> {
        let response = self.call(Service::Admin, Arc::clone(definition), |request| {
            let mut admin = AdminServiceClient::new(self.channel(Service::Admin));
            // The call's deadline and caller move to the stream of its messages.
            let (metadata, extensions, definition) = request.into_parts();
            let messages = stream::iter(Messages::of(definition));
            let request = tonic::Request::from_parts(metadata, extensions, messages);
            async move { admin.define_election(request).await }
        });
        let proto::DefineElectionResponse {
            written,
            log_id,
            parts,
        } = response.await?;
        let parts = parts.into_iter().map(<(Part, PartVersion)>::try_from);
        Ok(Defined {
            written: required(written)?,
            log_id: wire::log_id("log_id", &log_id)?,
            parts: parts.collect::<Result<_, _>>()?,
        })
    }

    /// Asks a command of an election.
    ///
    /// # Errors
    /// As AdminService says, with the path of the field that is wrong. [`ClientError::NotACommand`] for definitions and
    /// reports, which have calls of their own.
    pub async fn command(
        &self,
        election: &ElectionId,
        command: &Command,
    ) -> Result<Written, ClientError> {
        let election_id = election.as_str().to_owned();
        macro_rules! ask {
            ($method:ident, $request:ident { $($fields:tt)* }) => {{
                let request = proto::$request { election_id, $($fields)* };
                call!(self, AdminServiceClient::$method, request).await?.written
            }};
        }
        let written = match command {
            Command::Define { .. } => {
                return Err(ClientError::NotACommand(
                    "an election is defined with `define`",
                ));
            }
            Command::Report(_) | Command::Turnout(_) => {
                return Err(ClientError::NotACommand("reports go in with `submit`"));
            }
            Command::AmendRegister { units, reason } => ask!(
                amend_register,
                AmendRegisterRequest {
                    units: units.iter().map(Into::into).collect(),
                    reason: reason.clone(),
                }
            ),
            Command::AmendRules { rules, reason } => ask!(
                amend_rules,
                AmendRulesRequest {
                    rules_toml: part_text(rules.as_ref()),
                    reason: reason.clone(),
                }
            ),
            Command::AmendPresentation {
                presentation,
                reason,
            } => {
                ask!(
                    amend_presentation,
                    AmendPresentationRequest {
                        presentation_toml: part_text(presentation.as_ref()),
                        reason: reason.clone(),
                    }
                )
            }
            Command::Review {
                held_revision,
                key,
                release,
                reason,
            } => {
                ask!(
                    review_report,
                    ReviewReportRequest {
                        held_revision: held_revision.0,
                        key: Some(key.into()),
                        decision: decision(*release).into(),
                        reason: reason.clone(),
                    }
                )
            }
            Command::Withdraw {
                key,
                version,
                attribution,
            } => {
                ask!(
                    withdraw_report,
                    WithdrawReportRequest {
                        key: Some(key.into()),
                        version: *version,
                        attribution: attributed(attribution),
                    }
                )
            }
            Command::CorrectTurnout {
                turnout,
                replaced_version,
            } => ask!(
                correct_turnout,
                CorrectTurnoutRequest {
                    turnout_report: Some(turnout.into()),
                    replaced_version: *replaced_version,
                }
            ),
            Command::SetUnitStatus {
                unit,
                contest,
                counting_group,
                status,
                merged_into,
                attribution,
            } => ask!(
                set_unit_status,
                SetUnitStatusRequest {
                    unit_id: unit.as_str().into(),
                    contest_id: text(contest.as_ref().map(|id| id.as_str())),
                    counting_group_id: text(counting_group.as_ref().map(|id| id.as_str())),
                    status: common::UnitStatus::from(*status).into(),
                    merged_into_unit_id: text(merged_into.as_ref().map(|id| id.as_str())),
                    attribution: attributed(attribution),
                }
            ),
            Command::DrawLot {
                contest,
                district,
                stage,
                tied,
                seats,
                winners,
                attribution,
            } => ask!(
                draw_lot,
                DrawLotRequest {
                    contest_id: contest.as_str().into(),
                    district_id: district.as_str().into(),
                    stage: *stage,
                    tied_option_ids: texts(tied),
                    seats: *seats,
                    winner_option_ids: texts(winners),
                    attribution: attributed(attribution),
                    at: None,
                    tied_places: Vec::new(),
                    winner_places: Vec::new(),
                }
            ),
            Command::DrawPlaces {
                contest,
                at,
                tied,
                seats,
                winners,
                attribution,
            } => ask!(
                draw_lot,
                DrawLotRequest {
                    contest_id: contest.as_str().into(),
                    district_id: String::new(),
                    stage: 0,
                    tied_option_ids: Vec::new(),
                    seats: *seats,
                    winner_option_ids: Vec::new(),
                    attribution: attributed(attribution),
                    at: Some((*at).into()),
                    tied_places: tied.iter().map(Into::into).collect(),
                    winner_places: winners.iter().map(Into::into).collect(),
                }
            ),
            Command::ChangeCandidates {
                contest,
                district,
                option,
                candidates,
                effective,
                reason,
            } => ask!(
                change_candidates,
                ChangeCandidatesRequest {
                    contest_id: contest.as_str().into(),
                    district_id: district.as_str().into(),
                    option_id: option.as_str().into(),
                    candidates: *candidates,
                    effective_date: effective.clone(),
                    reason: reason.clone(),
                }
            ),
            Command::OpenClass { class, opens_at } => ask!(
                open_class,
                OpenClassRequest {
                    publication_class: common::PublicationClass::from(*class).into(),
                    open_time: opens_at.map(wire::timestamp),
                }
            ),
            Command::MovePublication { mode, reason } => {
                ask!(
                    move_publication,
                    MovePublicationRequest {
                        mode: Some((*mode).into()),
                        reason: reason.clone(),
                    }
                )
            }
            Command::SetStage { stage, reason } => ask!(
                set_stage,
                SetStageRequest {
                    stage: common::Stage::from(*stage).into(),
                    reason: reason.clone(),
                }
            ),
            Command::SetMark {
                mark,
                is_set,
                reason,
            } => ask!(
                set_mark,
                SetMarkRequest {
                    mark: common::Mark::from(*mark).into(),
                    is_set: *is_set,
                    reason: reason.clone(),
                }
            ),
            Command::Declare {
                contest,
                district,
                seats,
                attribution,
            } => {
                ask!(
                    declare_result,
                    DeclareResultRequest {
                        contest_id: contest.as_str().into(),
                        district_id: text(district.as_ref().map(|id| id.as_str())),
                        rows: seats.iter().map(seat_row).collect(),
                        attribution: attributed(attribution),
                    }
                )
            }
            Command::Certify { attribution } => ask!(
                certify_result,
                CertifyResultRequest {
                    attribution: attributed(attribution),
                }
            ),
        };
        required(written)
    }
}

fn required(written: Option<proto::Written>) -> Result<Written, ClientError> {
    written
        .map(Into::into)
        .ok_or(ClientError::Missing("written"))
}

fn decision(release: bool) -> proto::ReviewDecision {
    if release {
        proto::ReviewDecision::Release
    } else {
        proto::ReviewDecision::Reject
    }
}

fn attributed(attribution: &Attribution) -> Option<common::Attribution> {
    Some(attribution.into())
}

fn text(id: Option<&str>) -> String {
    id.unwrap_or_default().to_owned()
}

fn texts(ids: &[OptionId]) -> Vec<String> {
    ids.iter().map(|id| id.as_str().to_owned()).collect()
}

fn seat_row((option, seats): &(OptionId, u32)) -> common::SeatRow {
    common::SeatRow {
        option_id: option.as_str().into(),
        seats: *seats,
    }
}

/// The messages of a definition, made one after the other.
struct Messages {
    definition: Arc<Definition>,
    /// Not begun: no head yet.
    head: bool,
    /// Units that were put into messages.
    units: usize,
}

impl Messages {
    fn of(definition: Arc<Definition>) -> Self {
        Self {
            definition,
            head: true,
            units: 0,
        }
    }

    fn head(&self) -> DefinitionHead {
        let Definition {
            ballot,
            register,
            rules,
            presentation,
        } = self.definition.as_ref();
        let mut parts = toml::Table::new();
        let mut areas = table(&register.areas_only());
        areas.remove("units");
        parts.insert("ballot".into(), table(ballot).into());
        parts.insert("register".into(), areas.into());
        parts.insert("rules".into(), table(rules).into());
        parts.insert("presentation".into(), table(presentation).into());
        DefinitionHead {
            election_id: ballot.election.as_str().into(),
            definition_toml: part_text(&parts),
            // More than the contract's limit is refused by the service, with the number it was given.
            unit_count: u32::try_from(register.units.len()).unwrap_or(u32::MAX),
        }
    }
}

impl Iterator for Messages {
    type Item = proto::DefineElectionRequest;

    fn next(&mut self) -> Option<Self::Item> {
        use define_election_request::Part as Message;
        let message = if std::mem::take(&mut self.head) {
            Message::Head(self.head())
        } else {
            let units = &self.definition.register.units[self.units..];
            let mut bytes = 0;
            // One at least: a unit that is too large by itself is refused by the service, with its name.
            let fits = |unit: &&Unit| {
                let is_first = bytes == 0;
                bytes += bytes_about(unit);
                is_first || bytes <= CHUNK_BYTES_MAX
            };
            let units = units.iter().take(UNITS_PER_MESSAGE_MAX).take_while(fits);
            let units: Vec<_> = units.map(Into::into).collect();
            if units.is_empty() {
                return None;
            }
            self.units += units.len();
            Message::Units(UnitChunk { units })
        };
        Some(proto::DefineElectionRequest {
            part: Some(message),
        })
    }
}

fn table<T: serde::Serialize>(part: &T) -> toml::Table {
    toml::Table::try_from(part).expect("the definition's types are tables of what TOML has")
}

/// About how many bytes a unit takes in a message, rather more than less.
fn bytes_about(unit: &Unit) -> usize {
    let area = unit.area.as_ref().map_or(0, |area| area.as_str().len());
    let groups = unit
        .counting_groups
        .iter()
        .map(|group| group.as_str().len() + 2);
    unit.id.as_str().len()
        + unit.district.as_str().len()
        + area
        + unit.name.len()
        + groups.sum::<usize>()
        + 32
}
