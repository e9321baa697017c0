//! What surrounds the pure part of a frame.

use super::Distance;
use crate::scope::Scope;
use wire::allocation::v1::Standings;
use wire::feed::v1::FrameEnvelope;

/// The envelope of the frame of a scope.
pub(super) fn of(standings: &Standings, scope: &Scope, distance: Distance) -> FrameEnvelope {
    let in_scope = |correction: &&wire::common::v1::Correction| match scope {
        Scope::Election(_) => true,
        Scope::District(_, district) => correction.district_id == *district,
        Scope::Unit(_, unit) => correction
            .key
            .as_ref()
            .is_some_and(|key| key.unit_id == *unit),
    };
    let corrections: Vec<_> = standings
        .corrections
        .iter()
        .filter(in_scope)
        .cloned()
        .collect();
    let corrections_count = match scope {
        Scope::Election(_) => standings.corrections_count,
        // Older ones than those remembered are known of the whole election only.
        Scope::District(..) | Scope::Unit(..) => {
            u64::try_from(corrections.len()).unwrap_or(u64::MAX)
        }
    };
    FrameEnvelope {
        token: standings.token.clone(),
        is_stale: distance.is_stale,
        lag_ms: distance.lag_ms,
        publication: standings.publication.clone(),
        corrections,
        corrections_count,
        bounds_revision: standings.bounds_revision,
        widened_ranges: (standings.widened_ranges.iter())
            .filter(|range| match scope {
                Scope::Election(_) => true,
                Scope::District(_, district) => range.district_id == *district,
                Scope::Unit(..) => false,
            })
            .cloned()
            .collect(),
        widened_ranges_count: standings.widened_ranges_count,
        checkpoint: standings.checkpoint.clone(),
    }
}
