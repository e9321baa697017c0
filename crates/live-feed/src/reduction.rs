//! Keeps a frame below its limit, whatever is in it.
//!
//! What goes first is what a viewer misses least; GetStandings has everything. Each step is taken only if the frame is
//! still too large after the one before, so that any frame of a usual election (39 lists, 41 districts) stays whole.

use prost::Message as _;
use wire::feed::v1::{Frame, FrameBody, FrameContest, FrameEnvelope, FrameRow};

/// The largest frame, in bytes.
pub const FRAME_BYTES_MAX: usize = 32 * 1024;

type Step = fn(&mut FrameBody, &mut FrameEnvelope);

const STEPS: [Step; 9] = [
    |_, envelope| {
        let corrections = envelope.corrections.iter_mut();
        corrections.for_each(|correction| correction.changes.clear());
    },
    |body, _| {
        let contests = body.contests.iter_mut();
        for district in contests.flat_map(|contest| &mut contest.districts) {
            district.row_indexes.clear();
            district.row_seats.clear();
        }
    },
    |body, _| {
        let contests = body.contests.iter_mut();
        contests.for_each(|contest| contest.districts.clear());
    },
    // That there is a tie, and over how many seats, stays.
    |body, _| {
        let contests = body.contests.iter_mut();
        let ties = contests.flat_map(|contest| &mut contest.ties);
        ties.for_each(|tie| tie.option_ids.clear());
    },
    |body, _| keep_rows_of_all(body, 256),
    |_, envelope| envelope.corrections.truncate(5),
    |body, _| {
        let tallies = body.unit_tallies.iter_mut();
        tallies.for_each(|tally| tally.counts = None);
    },
    |body, envelope| {
        envelope.corrections.clear();
        body.contests.iter_mut().for_each(|it| it.ties.truncate(16));
        keep_rows_of_all(body, 32);
    },
    |body, envelope| {
        if let Some(publication) = &mut envelope.publication {
            publication.reason.clear();
        }
        body.unit_tallies.truncate(64);
        body.contests.truncate(16);
        keep_rows_of_all(body, 8);
        let totals = body.contests.iter_mut().filter_map(|it| it.totals.as_mut());
        totals.for_each(|totals| totals.counting_groups.clear());
    },
];

/// Leaves out of a frame what it takes, and marks it.
pub(crate) fn reduce(frame: &mut Frame) {
    for step in STEPS {
        if frame.encoded_len() <= FRAME_BYTES_MAX {
            return;
        }
        let (Some(body), Some(envelope)) = (&mut frame.body, &mut frame.envelope) else {
            return;
        };
        body.is_reduced = true;
        step(body, envelope);
    }
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
    contest.rows.retain(|row| {
        let is_even = weight(row) == least && even_left > 0;
        even_left -= usize::from(is_even);
        is_even || weight(row) > least
    });
}

#[cfg(test)]
mod tests;
