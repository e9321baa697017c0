//! Units and their histories as messages.

// tidy: long because listing and history share the reading of counts.

use std::collections::HashMap;
use std::sync::Arc;

use election::counts::Counts;
use election::definition::{Unit, UnitKind};
use election::event::{Counted, Event, Recorded, Slot};
use election::ids::{AreaId, DistrictId, Revision, UnitId};
use election::report::{Refusal, RefusalCode, UnitStatus};
use results_store::SlotRow;
use wire::common::v1 as common;
use wire::results::v1 as proto;
use wire::results::v1::unit_history_entry::Change;
use wire::{enumeration, timestamp};

use super::pages::{Listing, Page, page_size};
use super::results::{At, named};
use crate::error::Error;
use crate::role::Shared;
use crate::units::{History, UnitRow, Units};
use crate::watch::Eyes;

/// The most units of a page, and of a batch.
const PAGE_MAX: u32 = 2_000;
const BATCH_MAX: usize = 1_000;
/// The most entries of a page of a history, and of what waits.
const ENTRIES_PAGE_MAX: u32 = 1_000;
/// About how many bytes the units of an answer may take, below the 4 MiB of a message.
const ANSWER_BYTES_MAX: usize = 3 << 20;
/// Units that are asked for at once, and at most for one page: a filter may match few.
const BLOCK_UNITS: u32 = 1_024;
const SCAN_UNITS_MAX: u32 = 65_536;
/// The longest text that is searched for, in bytes.
const SEARCH_BYTES_MAX: usize = 256;

pub(super) async fn list(
    shared: &Arc<Shared>,
    request: proto::ListUnitsRequest,
) -> Result<proto::ListUnitsResponse, Error> {
    let proto::ListUnitsRequest {
        election_id,
        view,
        revision,
        filter,
        states_only,
        page_size: size,
        page_token,
    } = request;
    let size = page_size(size, PAGE_MAX)?;
    let listing = Listing::of(&("units", &election_id, view, &filter, states_only));
    let page = listing.page(&page_token)?;
    let revision = page.map_or(revision, |page| page.revision.0);
    let at = At::find(shared, &election_id, view, revision)?;
    let filter = Filter::read(filter.unwrap_or_default(), &at).await?;
    let units = Units::new(&at.hosted, at.eyes, at.revision)?;
    let first = page.map_or(0, |page| u32::try_from(page.next).unwrap_or(u32::MAX));
    let (rows, next) = scan(&units, filter, first, size, states_only).await?;
    let sources = units.sources(&rows, !states_only).await?;
    let next_page_token = next.map(|next| {
        let page = Page {
            revision: at.revision,
            next: next.into(),
        };
        listing.token(page)
    });
    Ok(proto::ListUnitsResponse {
        token: at.token(),
        units: rows
            .iter()
            .map(|row| state(&units, row, &sources))
            .collect(),
        next_page_token: next_page_token.unwrap_or_default(),
    })
}

pub(super) async fn get(
    shared: &Arc<Shared>,
    request: proto::GetUnitRequest,
) -> Result<proto::GetUnitResponse, Error> {
    let proto::GetUnitRequest {
        election_id,
        view,
        revision,
        unit_id,
    } = request;
    let at = At::find(shared, &election_id, view, revision)?;
    let units = some(&at, vec![unit_id], "unit_id").await?;
    Ok(proto::GetUnitResponse {
        token: at.token(),
        unit: units.into_iter().next(),
    })
}

pub(super) async fn batch_get(
    shared: &Arc<Shared>,
    request: proto::BatchGetUnitsRequest,
) -> Result<proto::BatchGetUnitsResponse, Error> {
    let proto::BatchGetUnitsRequest {
        election_id,
        view,
        revision,
        unit_ids,
    } = request;
    if !(1..=BATCH_MAX).contains(&unit_ids.len()) {
        let value = format!("{} units", unit_ids.len());
        let rule = format!("1 to {BATCH_MAX}");
        return Err(Refusal::new(RefusalCode::Limit, "unit_ids", value, rule).into());
    }
    let at = At::find(shared, &election_id, view, revision)?;
    Ok(proto::BatchGetUnitsResponse {
        units: some(&at, unit_ids, "unit_ids").await?,
        token: at.token(),
    })
}

async fn some(at: &At, ids: Vec<String>, field: &str) -> Result<Vec<proto::UnitState>, Error> {
    let units = Units::new(&at.hosted, at.eyes, at.revision)?;
    let mut indexes = Vec::with_capacity(ids.len());
    for id in ids {
        let id = wire::id(field, &id, UnitId::new)?;
        indexes.push(units.index(id.as_str())?);
    }
    let rows = units.some(indexes).await?;
    let mut bytes = 0_usize;
    for (number, row) in rows.iter().enumerate() {
        bytes = bytes.saturating_add(bytes_about(&units, row, false));
        if bytes > ANSWER_BYTES_MAX && number > 0 {
            let rule = format!("no more than the first {number} fit into an answer: ask in parts");
            return Err(Refusal::new(RefusalCode::Limit, field, rows.len(), rule).into());
        }
    }
    let sources = units.sources(&rows, true).await?;
    Ok(rows
        .iter()
        .map(|row| state(&units, row, &sources))
        .collect())
}

pub(super) async fn history(
    shared: &Arc<Shared>,
    request: proto::GetUnitHistoryRequest,
) -> Result<proto::GetUnitHistoryResponse, Error> {
    let proto::GetUnitHistoryRequest {
        election_id,
        view,
        revision,
        unit_id,
        page_size: size,
        page_token,
    } = request;
    let size = page_size(size, ENTRIES_PAGE_MAX)?;
    let listing = Listing::of(&("history", &election_id, view, &unit_id));
    let page = listing.page(&page_token)?;
    let revision = page.map_or(revision, |page| page.revision.0);
    let at = At::find(shared, &election_id, view, revision)?;
    let units = Units::new(&at.hosted, at.eyes, at.revision)?;
    let size = size.min(entries_max(&units));
    let unit = wire::id("unit_id", &unit_id, UnitId::new)?;
    let History {
        mut revisions,
        earlier,
    } = units.history(units.index(unit.as_str())?).await?;
    let from = Revision(page.map_or(0, |page| page.next));
    revisions.retain(|revision| *revision >= from);
    let next = revisions.get(size).map(|next| Page {
        revision: at.revision,
        next: next.0,
    });
    revisions.truncate(size);
    let events = units.events(revisions.iter().copied()).await?;
    let entries = revisions.iter().filter_map(|revision| events.get(revision));
    Ok(proto::GetUnitHistoryResponse {
        token: at.token(),
        entries: entries
            .filter_map(|recorded| entry(&units, recorded))
            .collect(),
        next_page_token: next.map(|page| listing.token(page)).unwrap_or_default(),
        earlier_revision: earlier.0,
    })
}

pub(super) async fn pending(
    shared: &Arc<Shared>,
    request: proto::ListPendingRequest,
) -> Result<proto::ListPendingResponse, Error> {
    let proto::ListPendingRequest {
        election_id,
        page_size: size,
        page_token,
    } = request;
    let size = page_size(size, ENTRIES_PAGE_MAX)?;
    let listing = Listing::of(&("pending", &election_id));
    let from = listing.page(&page_token)?.map_or(1, |page| page.next);
    let at = At::find(shared, &election_id, common::View::Head.into(), 0)?;
    let units = Units::new(&at.hosted, at.eyes, at.revision)?;
    let size = size.min(entries_max(&units));
    let (mut waiting, count) = units.pending(Revision(from), size + 1).await?;
    let next = waiting.get(size).map(|(report, _)| Page {
        revision: at.revision,
        next: report.revision.0,
    });
    waiting.truncate(size);
    let held = waiting.iter().map(|(report, _)| report.revision);
    let held = units.events(held).await?;
    let (reports, rows): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
    let sources = units.sources(&rows, true).await?;
    let reports = reports.iter().zip(&rows).filter_map(|(report, row)| {
        let recorded = held.get(&report.revision)?;
        let tallies = row.tallies.iter();
        let standing = tallies.filter(|(key, _)| *key == report.slot.into());
        Some(proto::PendingReport {
            held_revision: report.revision.0,
            held_time: Some(timestamp(recorded.time)),
            principal: recorded.principal.clone(),
            key: Some(key(&units, report.slot)),
            report: report_held(&recorded.event),
            standing: standing
                .map(|(key, slot)| tally(&units, row, *key, slot.as_ref(), &sources))
                .next(),
        })
    });
    Ok(proto::ListPendingResponse {
        token: at.token(),
        reports: reports.collect(),
        next_page_token: next.map(|page| listing.token(page)).unwrap_or_default(),
        pending_count: u32::try_from(count).unwrap_or(u32::MAX),
    })
}

/// Which units a listing is of.
#[derive(Clone)]
struct Filter {
    statuses: Vec<UnitStatus>,
    district: Option<DistrictId>,
    /// The area and all below it.
    areas: Option<Vec<AreaId>>,
    search: String,
    has_pending: Option<bool>,
    has_counted: Option<bool>,
    kind: Option<UnitKind>,
}

impl Filter {
    async fn read(filter: proto::UnitFilter, at: &At) -> Result<Self, Error> {
        let proto::UnitFilter {
            statuses,
            district_id,
            area_id,
            search,
            has_pending,
            has_counted,
            kind,
        } = filter;
        if search.len() > SEARCH_BYTES_MAX {
            let value = format!("{} bytes", search.len());
            let rule = format!("at most {SEARCH_BYTES_MAX} bytes");
            return Err(Refusal::new(RefusalCode::Limit, "filter.search", value, rule).into());
        }
        let statuses = statuses.into_iter().enumerate();
        let statuses = statuses
            .map(|(place, status)| enumeration(&format!("filter.statuses[{place}]"), status));
        let area = named("filter.area_id", &area_id, AreaId::new)?;
        let areas = match area {
            Some(area) => Some(below(&at.tally().await?.outline.areas.areas, area)?),
            None => None,
        };
        Ok(Self {
            statuses: statuses.collect::<Result<_, _>>()?,
            district: named("filter.district_id", &district_id, DistrictId::new)?,
            areas,
            search: search.to_lowercase(),
            has_pending,
            has_counted,
            kind: match kind {
                0 => None,
                kind => Some(enumeration("filter.kind", kind)?),
            },
        })
    }

    fn takes_unit(&self, unit: &Unit) -> bool {
        let in_areas =
            |areas: &Vec<AreaId>| unit.area.as_ref().is_some_and(|area| areas.contains(area));
        let named = |text: &str| text.to_lowercase().contains(&self.search);
        self.district.as_ref().is_none_or(|it| *it == unit.district)
            && self.kind.is_none_or(|kind| kind == unit.kind)
            && self.areas.as_ref().is_none_or(in_areas)
            && (self.search.is_empty() || named(unit.id.as_str()) || named(&unit.name))
    }

    fn takes_row(&self, row: &UnitRow) -> bool {
        let states: Vec<_> = row
            .tallies
            .iter()
            .map(|(_, row)| row.as_ref().map(|row| row.state).unwrap_or_default())
            .collect();
        let has_status = || states.iter().any(|it| self.statuses.contains(&it.status));
        let is_pending = states.iter().any(|state| state.pending);
        let is_counted = states.iter().any(|state| state.counted);
        (self.statuses.is_empty() || has_status())
            && self.has_pending.is_none_or(|wanted| wanted == is_pending)
            && self.has_counted.is_none_or(|wanted| wanted == is_counted)
    }
}

/// An area and all that lie in it. A parent stands before its children.
fn below(areas: &[election::definition::Area], area: AreaId) -> Result<Vec<AreaId>, Error> {
    if !areas.iter().any(|candidate| candidate.id == area) {
        return Err(super::results::nothing("area", area.as_str()));
    }
    let mut found = vec![area];
    for candidate in areas {
        let inside = |parent: &AreaId| found.contains(parent);
        if candidate.parent.as_ref().is_some_and(inside) {
            found.push(candidate.id.clone());
        }
    }
    Ok(found)
}

/// The next units of a listing, and the index from which to go on. A page may be short where few units match.
async fn scan(
    units: &Units,
    filter: Filter,
    first: u32,
    size: usize,
    states_only: bool,
) -> Result<(Vec<UnitRow>, Option<u32>), Error> {
    let end = units.directory.len_at(units.at);
    let (mut next, mut bytes) = (first, 0);
    let mut page = Vec::new();
    while next < end && next - first < SCAN_UNITS_MAX {
        let range = next..end.min(next.saturating_add(BLOCK_UNITS));
        next = range.end;
        let by_unit = filter.clone();
        let rows = units
            .range(range, move |unit| by_unit.takes_unit(unit))
            .await?;
        for row in rows.into_iter().filter(|row| filter.takes_row(row)) {
            bytes += bytes_about(units, &row, states_only);
            if page.len() == size || (bytes > ANSWER_BYTES_MAX && !page.is_empty()) {
                return Ok((page, Some(row.index)));
            }
            page.push(row);
        }
    }
    Ok((page, (next < end).then_some(next)))
}

/// How many entries, each with the counts of one tally before and after, fit into an answer for certain.
fn entries_max(units: &Units) -> usize {
    let districts = units.ballot.contests.iter().flat_map(|it| &it.districts);
    let widest = districts.map(|it| it.options.len()).max().unwrap_or(0);
    (ANSWER_BYTES_MAX / (1_024 + 24 * widest)).max(1)
}

/// About how many bytes a unit takes in an answer, rather too many.
fn bytes_about(units: &Units, row: &UnitRow, states_only: bool) -> usize {
    let tallies = row.tallies.iter().map(|(key, slot)| {
        let contest = units.ballot.contests.get(usize::from(key.contest));
        let district = slot.as_ref().map(|slot| usize::from(slot.slot.district));
        let options = contest
            .zip(district)
            .and_then(|(contest, district)| Some(contest.districts.get(district)?.options.len()));
        300 + if states_only {
            0
        } else {
            options.unwrap_or(0) * 8
        }
    });
    400 + row.unit.name.len() + tallies.sum::<usize>()
}

type Sources = HashMap<Revision, Recorded>;

fn state(units: &Units, row: &UnitRow, sources: &Sources) -> proto::UnitState {
    let tallies = row.tallies.iter();
    let turnout = row.turnout.map(|turnout| common::UnitTurnout {
        version: turnout.version,
        ballots_issued: turnout.turnout.ballots_issued.into(),
        is_final: turnout.turnout.is_final,
        revision: turnout.revision.0,
        revision_time: sources.get(&turnout.revision).map(|it| timestamp(it.time)),
    });
    proto::UnitState {
        unit: Some((&row.unit).into()),
        unit_index: row.index,
        tallies: tallies
            .map(|(key, slot)| tally(units, row, *key, slot.as_ref(), sources))
            .collect(),
        turnout,
        changed_revision: row.changed().0,
    }
}

fn tally(
    units: &Units,
    row: &UnitRow,
    key: results_store::SlotKey,
    slot: Option<&SlotRow>,
    sources: &Sources,
) -> common::UnitTally {
    let status = slot.map_or(UnitStatus::Expected, |slot| slot.state.status);
    let counted = slot.and_then(|slot| slot.counted);
    let pending = slot.and_then(|slot| slot.pending.last());
    let source = counted.and_then(|counted| sources.get(&counted.revision));
    let report = source.and_then(|recorded| match &recorded.event {
        Event::ReportCounted { counted, .. } | Event::Released { counted, .. } => Some(counted),
        _ => None,
    });
    let merge = row.merged.get(&key).and_then(|at| sources.get(at));
    let merged_into = merge.and_then(|recorded| match &recorded.event {
        Event::StatusSet { merged_into, .. } => *merged_into,
        _ => None,
    });
    common::UnitTally {
        contest_id: contest_name(units, key.contest),
        counting_group_id: group_name(units, key.counting_group),
        status: common::UnitStatus::from(status).into(),
        counted_version: counted.map(|counted| counted.version),
        counted_revision: counted.map_or(0, |counted| counted.revision.0),
        counted_time: source.map(|recorded| timestamp(recorded.time)),
        pending_version: pending.map(|pending| pending.version),
        pending_revision: pending.map_or(0, |pending| pending.revision.0),
        changed_revision: slot.map_or(0, |slot| slot.last_revision.0),
        counts: report.map(|report| (&report.counts).into()),
        kind: report.map_or(0, |report| common::ReportKind::from(report.kind).into()),
        merged_into_unit_id: merged_into
            .map(|index| unit_name(units, index))
            .unwrap_or_default(),
    }
}

fn entry(units: &Units, recorded: &Recorded) -> Option<proto::UnitHistoryEntry> {
    let place = |slot: &Slot, status: UnitStatus| {
        let status: i32 = common::UnitStatus::from(status).into();
        (key(units, *slot), status)
    };
    let ((key, status), change) = match &recorded.event {
        Event::ReportCounted { counted, warnings } => {
            let report = report_counted(counted, warnings);
            let at = place(&counted.slot, counted.slot_move.after.status);
            (at, Change::Counted(report))
        }
        Event::ReportHeld {
            slot, slot_move, ..
        } => {
            let at = place(slot, slot_move.after.status);
            (at, Change::Held(report_held(&recorded.event)?))
        }
        Event::Released {
            counted,
            held_revision,
            reason,
        } => {
            let released = proto::ReportReleased {
                held_revision: held_revision.0,
                reason: reason.clone(),
                counted: Some(report_counted(counted, &[])),
            };
            let at = place(&counted.slot, counted.slot_move.after.status);
            (at, Change::Released(released))
        }
        Event::Rejected {
            slot,
            held_revision,
            slot_move,
            reason,
        } => {
            let rejected = proto::ReportRejected {
                held_revision: held_revision.0,
                reason: reason.clone(),
            };
            (
                place(slot, slot_move.after.status),
                Change::Rejected(rejected),
            )
        }
        Event::Withdrawn {
            slot,
            version,
            replaced,
            slot_move,
            attribution,
        } => {
            let withdrawn = proto::TallyWithdrawn {
                version: *version,
                replaced: counts(replaced),
                attribution: Some(attribution.into()),
            };
            (
                place(slot, slot_move.after.status),
                Change::Withdrawn(withdrawn),
            )
        }
        Event::StatusSet {
            slot,
            replaced,
            slot_move,
            merged_into,
            attribution,
        } => {
            let set = proto::StatusSet {
                status_before: common::UnitStatus::from(slot_move.before.status).into(),
                replaced: counts(replaced),
                merged_into_unit_id: merged_into
                    .map(|index| unit_name(units, index))
                    .unwrap_or_default(),
                attribution: Some(attribution.into()),
            };
            (place(slot, slot_move.after.status), Change::StatusSet(set))
        }
        Event::TurnoutCounted {
            unit,
            district: _,
            version,
            ballots_issued,
            is_final,
            replaced,
            attribution,
        } => {
            let turnout = proto::TurnoutCounted {
                version: *version,
                ballots_issued: (*ballots_issued).into(),
                is_final: *is_final,
                ballots_issued_before: replaced.map(|it| it.ballots_issued.into()),
                attribution: attribution.as_ref().map(Into::into),
            };
            let key = common::TallyKey {
                unit_id: unit_name(units, *unit),
                ..Default::default()
            };
            ((key, 0), Change::TurnoutCounted(turnout))
        }
        _ => return None,
    };
    Some(proto::UnitHistoryEntry {
        revision: recorded.revision.0,
        revision_time: Some(timestamp(recorded.time)),
        // Empty in the public view: events are read without their private part there.
        principal: match units.eyes {
            Eyes::Head => recorded.principal.clone(),
            Eyes::Public => String::new(),
        },
        key: Some(key),
        status,
        change: Some(change),
    })
}

fn report_counted(
    counted: &Counted,
    warnings: &[election::report::Warning],
) -> proto::ReportCounted {
    let Counted {
        slot: _,
        version,
        kind,
        counts: what,
        replaced,
        slot_move: _,
        attribution,
    } = counted;
    proto::ReportCounted {
        version: *version,
        kind: common::ReportKind::from(*kind).into(),
        counts: Some(what.into()),
        replaced: counts(replaced),
        attribution: attribution.as_ref().map(Into::into),
        warnings: warnings.iter().map(Into::into).collect(),
    }
}

/// What a held report says; its counts, the numbers of its reasons and who sent it are missing where the private part
/// was not read.
fn report_held(event: &Event) -> Option<proto::ReportHeld> {
    let Event::ReportHeld {
        slot: _,
        version,
        kind,
        codes,
        conflicts_with,
        slot_move: _,
        attribution,
        counts: what,
        reasons,
    } = event
    else {
        return None;
    };
    Some(proto::ReportHeld {
        version: *version,
        kind: common::ReportKind::from(*kind).into(),
        reasons: if reasons.is_empty() {
            codes.iter().copied().map(Into::into).collect()
        } else {
            reasons.iter().map(Into::into).collect()
        },
        conflicts_with_revision: conflicts_with.map_or(0, |revision| revision.0),
        counts: counts(what),
        attribution: attribution.as_ref().map(Into::into),
    })
}

fn counts(counts: &Option<Counts>) -> Option<common::Counts> {
    counts.as_ref().map(Into::into)
}

fn key(units: &Units, slot: Slot) -> common::TallyKey {
    common::TallyKey {
        unit_id: unit_name(units, slot.unit),
        contest_id: contest_name(units, slot.contest),
        counting_group_id: group_name(units, slot.counting_group),
    }
}

fn unit_name(units: &Units, index: u32) -> String {
    let unit = units.directory.at(index, units.at);
    unit.map(|unit| unit.id.as_str().to_owned())
        .unwrap_or_default()
}

fn contest_name(units: &Units, contest: u8) -> String {
    let contest = units.ballot.contests.get(usize::from(contest));
    contest
        .map(|it| it.id.as_str().to_owned())
        .unwrap_or_default()
}

fn group_name(units: &Units, group: u8) -> String {
    let group = units.ballot.counting_groups.get(usize::from(group));
    group.map(|it| it.as_str().to_owned()).unwrap_or_default()
}
