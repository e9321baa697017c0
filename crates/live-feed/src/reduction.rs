//! Keeps a frame below its limit, whatever is in it.
//!
//! What goes first is what a viewer misses least; GetStandings has everything. Each step is taken only if the frame is
//! still too large after the one before, so that any frame of a usual election (39 lists, 41 districts) stays whole.

use prost::Message as _;
use wire::feed::v1::{Frame, FrameBody, FrameContest, FrameEnvelope, FrameRow};

/// The largest frame, in bytes.
pub const FRAME_BYTES_MAX: usize = 32 * 1024;

/// The largest pure part of a frame, in bytes. It is reduced by its own size alone: it depends on the revision, and must not
/// on what surrounds it, which is another at another time.
const BODY_BYTES_MAX: usize = 24 * 1024;

/// What the last steps leave.
const TIES_MAX: usize = 16;
const TALLIES_MAX: usize = 64;
const CONTESTS_MAX: usize = 16;
const COALITIONS_MAX: usize = 4;

/// What the two parts need besides their bytes.
const HEADERS_BYTES: usize = 16;

const BODY_STEPS: [fn(&mut FrameBody); 7] = [
    |body| {
        for contest in &mut body.contests {
            for district in &mut contest.districts {
                district.row_indexes.clear();
                district.row_seats.clear();
                district.declared_row_indexes.clear();
                district.declared_row_seats.clear();
            }
            contest.district_rows_left_out = !contest.districts.is_empty();
        }
    },
    |body| {
        for contest in &mut body.contests {
            contest.districts_left_out = count(contest.districts.len());
            contest.districts.clear();
        }
    },
    // That there is a tie, and over how many seats, stays.
    |body| {
        let contests = body.contests.iter_mut();
        let ties = contests.flat_map(|contest| &mut contest.ties);
        ties.for_each(|tie| tie.option_ids.clear());
    },
    |body| keep_rows_of_all(body, 256),
    |body| {
        let tallies = body.unit_tallies.iter_mut();
        tallies.for_each(|tally| tally.counts = None);
    },
    |body| {
        for contest in &mut body.contests {
            let left_out = contest.ties.iter().skip(TIES_MAX);
            contest.tie_seats_left_out = left_out.map(|tie| tie.seats_at_stake).sum();
            contest.ties_left_out = count(contest.ties.len().saturating_sub(TIES_MAX));
            contest.ties.truncate(TIES_MAX);
        }
        keep_rows_of_all(body, 32);
        keep_claims(body, (1, COALITIONS_MAX));
    },
    |body| {
        body.unit_tallies_left_out = count(body.unit_tallies.len().saturating_sub(TALLIES_MAX));
        body.unit_tallies.truncate(TALLIES_MAX);
        body.contests_left_out = count(body.contests.len().saturating_sub(CONTESTS_MAX));
        body.contests.truncate(CONTESTS_MAX);
        keep_rows_of_all(body, 8);
        keep_claims(body, (0, 0));
        let totals = body.contests.iter_mut().filter_map(|it| it.totals.as_mut());
        totals.for_each(|totals| totals.counting_groups.clear());
    },
];

const ENVELOPE_STEPS: [fn(&mut FrameEnvelope); 6] = [
    |envelope| {
        let ranges = envelope.widened_ranges.iter_mut();
        ranges.for_each(|range| range.causes.truncate(1));
    },
    |envelope| envelope.widened_ranges.truncate(5),
    |envelope| {
        let corrections = envelope.corrections.iter_mut();
        corrections.for_each(|correction| correction.changes.clear());
    },
    |envelope| envelope.corrections.truncate(5),
    |envelope| envelope.corrections.clear(),
    |envelope| {
        if let Some(publication) = &mut envelope.publication {
            publication.reason.clear();
        }
    },
];

/// Leaves out of a frame what it takes. The pure part says so where something of it is missing.
pub(crate) fn reduce(frame: &mut Frame) {
    let (Some(body), Some(envelope)) = (&mut frame.body, &mut frame.envelope) else {
        return;
    };
    reduce_body(body);
    let left = FRAME_BYTES_MAX.saturating_sub(body.encoded_len() + HEADERS_BYTES);
    for step in ENVELOPE_STEPS {
        if envelope.encoded_len() <= left {
            return;
        }
        step(envelope);
    }
}

/// The same of the pure part alone.
pub(crate) fn reduce_body(body: &mut FrameBody) {
    for step in BODY_STEPS {
        if body.encoded_len() <= BODY_BYTES_MAX {
            return;
        }
        body.is_reduced = true;
        step(body);
    }
}

// Who else needs as few ballots for a seat more, and what lists have together.
fn keep_claims(body: &mut FrameBody, (next_max, coalitions_max): (usize, usize)) {
    let certain = body
        .contests
        .iter_mut()
        .filter_map(|it| it.certain.as_mut());
    certain.for_each(|certain| {
        certain.next.truncate(next_max);
        certain.coalitions.truncate(coalitions_max);
    });
}

fn keep_rows_of_all(body: &mut FrameBody, rows_max: usize) {
    let contests = body.contests.iter_mut();
    contests.for_each(|contest| keep_rows(contest, rows_max));
}

// Those with the most seats, then the most votes, in the order of the ballot.
fn keep_rows(contest: &mut FrameContest, rows_max: usize) {
    if contest.rows.len() <= rows_max {
        return;
    }
    let weight = |row: &FrameRow| {
        let seats = row.seats.as_ref().and_then(|seats| seats.seats);
        (seats.unwrap_or(0), row.votes)
    };
    let mut weights: Vec<_> = contest.rows.iter().map(weight).collect();
    weights.sort_unstable_by(|left, right| right.cmp(left));
    let Some(least) = weights.get(rows_max.saturating_sub(1)).copied() else {
        return;
    };
    // Of rows that weigh the same, the first on the ballot.
    let above = weights.partition_point(|weight| *weight > least);
    let mut even_left = rows_max - above;
    let (mut rows_left_out, mut seats_left_out) = (0, 0);
    contest.rows.retain(|row| {
        let is_even = weight(row) == least && even_left > 0;
        even_left -= usize::from(is_even);
        let is_kept = is_even || weight(row) > least;
        if !is_kept {
            rows_left_out += 1;
            seats_left_out += weight(row).0;
        }
        is_kept
    });
    contest.rows_left_out += rows_left_out;
    contest.row_seats_left_out += seats_left_out;
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
