//! What happened to a unit, as a document.

use crate::error::FeedError;
use crate::http::document::{lower, timestamp};
use crate::scope::Scope;
use crate::service::Service;
use serde::Serialize;
use wire::common::v1 as proto;
use wire::common::v1::View;
use wire::results::v1::unit_history_entry::Change as Changed;
use wire::results::v1::{
    GetUnitHistoryRequest, GetUnitHistoryResponse, ReportCounted, ReportHeld, ReportRejected,
    ReportReleased, StatusSet, TallyWithdrawn, TurnoutCounted, UnitHistoryEntry,
};

/// Entries on a page.
const PAGE: u32 = 500;

/// A page of a unit's history at a revision that is shown.
pub(crate) async fn read(
    service: &Service,
    scope: &Scope,
    revision: u64,
    unit: &str,
    page_token: &str,
) -> Result<GetUnitHistoryResponse, FeedError> {
    let request = GetUnitHistoryRequest {
        election_id: scope.election().to_string(),
        view: View::Public.into(),
        revision,
        unit_id: unit.to_owned(),
        page_size: PAGE,
        page_token: page_token.to_owned(),
    };
    let answer = service.results().get_unit_history(request).await;
    let of_unit = Scope::Unit(scope.election().clone(), unit.to_owned());
    let answer = answer.map_err(|status| FeedError::of_upstream(status, &of_unit, revision))?;
    Ok(answer.into_inner())
}

/// A page of a unit's history.
#[derive(Debug, Serialize)]
pub(crate) struct History<'a> {
    election_id: &'a str,
    is_test: bool,
    unit_id: &'a str,
    revision: u64,
    entries: Vec<Entry>,
    next_page_token: Option<String>,
    /// More happened before: up to this revision.
    earlier_revision: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Entry {
    revision: u64,
    revision_time: Option<String>,
    contest_id: Option<String>,
    counting_group_id: Option<String>,
    status: Option<String>,
    #[serde(flatten)]
    change: Change,
}

/// Counts by option index on the ballot of the unit's district.
#[derive(Debug, Serialize)]
struct Counts {
    option_indexes: Vec<u32>,
    votes: Vec<u64>,
    form: Vec<(String, u64)>,
}

#[derive(Debug, Serialize)]
struct Counted {
    version: u32,
    kind: String,
    counts: Option<Counts>,
    replaced: Option<Counts>,
    #[serde(flatten)]
    by: By,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct By {
    by: Option<String>,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum Change {
    ReportCounted(Counted),
    ReportHeld {
        version: u32,
        kind: String,
        reasons: Vec<String>,
        conflicts_with_revision: Option<u64>,
    },
    ReportReleased {
        held_revision: u64,
        review_reason: String,
        counted: Option<Counted>,
    },
    ReportRejected {
        held_revision: u64,
        review_reason: String,
    },
    TallyWithdrawn {
        version: u32,
        replaced: Option<Counts>,
        #[serde(flatten)]
        by: By,
    },
    StatusSet {
        status_before: String,
        replaced: Option<Counts>,
        merged_into_unit_id: Option<String>,
        #[serde(flatten)]
        by: By,
    },
    TurnoutCounted {
        version: u32,
        ballots_issued: u64,
        ballots_issued_before: Option<u64>,
        is_final: bool,
        #[serde(flatten)]
        by: By,
    },
    /// What this version has no word for.
    Other,
}

impl<'a> History<'a> {
    /// The document of an answer.
    pub fn of(
        election_id: &'a str,
        is_test: bool,
        unit_id: &'a str,
        answer: GetUnitHistoryResponse,
    ) -> Self {
        let GetUnitHistoryResponse {
            token,
            entries,
            next_page_token,
            earlier_revision,
        } = answer;
        Self {
            election_id,
            is_test,
            unit_id,
            revision: token.map_or(0, |token| token.revision),
            entries: entries.into_iter().map(Entry::from).collect(),
            next_page_token: some(next_page_token),
            earlier_revision: Some(earlier_revision).filter(|it| *it > 0),
        }
    }
}

impl From<UnitHistoryEntry> for Entry {
    fn from(it: UnitHistoryEntry) -> Self {
        let status = it.status();
        let UnitHistoryEntry {
            revision,
            revision_time,
            // Empty in what is public.
            principal: _,
            key,
            status: _,
            change,
        } = it;
        let proto::TallyKey {
            unit_id: _,
            contest_id,
            counting_group_id,
        } = key.unwrap_or_default();
        let status = Some(status).filter(|it| *it != proto::UnitStatus::Unspecified);
        Self {
            revision,
            revision_time: timestamp(revision_time),
            contest_id: some(contest_id),
            counting_group_id: some(counting_group_id),
            status: status.map(|it| lower(it.as_str_name(), "UNIT_STATUS_")),
            change: change.map_or(Change::Other, Change::from),
        }
    }
}

impl From<Changed> for Change {
    fn from(change: Changed) -> Self {
        match change {
            Changed::Counted(it) => Self::ReportCounted(it.into()),
            Changed::Held(it) => {
                let kind = lower(it.kind().as_str_name(), "REPORT_KIND_");
                let ReportHeld {
                    version,
                    kind: _,
                    reasons,
                    conflicts_with_revision,
                    // Missing in what is public.
                    counts: _,
                    attribution: _,
                } = it;
                let reasons = reasons.into_iter();
                Self::ReportHeld {
                    version,
                    kind,
                    reasons: reasons
                        .map(|it| lower(it.code().as_str_name(), "HOLD_REASON_CODE_"))
                        .collect(),
                    conflicts_with_revision: Some(conflicts_with_revision).filter(|it| *it > 0),
                }
            }
            Changed::Released(ReportReleased {
                held_revision,
                reason,
                counted,
            }) => Self::ReportReleased {
                held_revision,
                review_reason: reason,
                counted: counted.map(Counted::from),
            },
            Changed::Rejected(ReportRejected {
                held_revision,
                reason,
            }) => Self::ReportRejected {
                held_revision,
                review_reason: reason,
            },
            Changed::Withdrawn(TallyWithdrawn {
                version,
                replaced,
                attribution,
            }) => Self::TallyWithdrawn {
                version,
                replaced: replaced.map(Counts::from),
                by: attribution.into(),
            },
            Changed::StatusSet(it) => {
                let before = it.status_before();
                let StatusSet {
                    status_before: _,
                    replaced,
                    merged_into_unit_id,
                    attribution,
                } = it;
                Self::StatusSet {
                    status_before: lower(before.as_str_name(), "UNIT_STATUS_"),
                    replaced: replaced.map(Counts::from),
                    merged_into_unit_id: some(merged_into_unit_id),
                    by: attribution.into(),
                }
            }
            Changed::TurnoutCounted(TurnoutCounted {
                version,
                ballots_issued,
                is_final,
                ballots_issued_before,
                attribution,
            }) => Self::TurnoutCounted {
                version,
                ballots_issued,
                ballots_issued_before,
                is_final,
                by: attribution.into(),
            },
        }
    }
}

impl From<ReportCounted> for Counted {
    fn from(it: ReportCounted) -> Self {
        let kind = lower(it.kind().as_str_name(), "REPORT_KIND_");
        let ReportCounted {
            version,
            kind: _,
            counts,
            replaced,
            attribution,
            warnings,
        } = it;
        Self {
            version,
            kind,
            counts: counts.map(Counts::from),
            replaced: replaced.map(Counts::from),
            by: attribution.into(),
            warnings: warnings
                .into_iter()
                .map(|it| lower(it.code().as_str_name(), "WARNING_CODE_"))
                .collect(),
        }
    }
}

impl From<proto::Counts> for Counts {
    fn from(it: proto::Counts) -> Self {
        let proto::Counts {
            option_indexes,
            votes,
            form,
        } = it;
        let form = form.into_iter();
        Self {
            option_indexes,
            votes,
            form: form
                .map(|it| (lower(it.counter().as_str_name(), "COUNTER_"), it.value))
                .collect(),
        }
    }
}

impl From<Option<proto::Attribution>> for By {
    fn from(it: Option<proto::Attribution>) -> Self {
        let (by, reason) = it.map(|it| (it.by, it.reason)).unzip();
        Self { by, reason }
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
