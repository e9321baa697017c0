//! Tests on a simulated disk.

#![allow(clippy::unwrap_used)] // the helpers of a test may stop it at once

mod corruption;
mod crash;
mod engine;
mod full_disk;
mod golden;
mod snapshots;

use crate::simulated::Disk;
use crate::writer::Prepared;
use crate::{Journal, Options, SEGMENT_BYTES_MIN};
use event_log::Group;
use std::sync::Arc;
use std::time::Duration;

/// Small segments, and no seal but at the end.
pub(super) const SMALL: Options = Options {
    segment_bytes: SEGMENT_BYTES_MIN,
    seal_after: Duration::from_secs(3_600),
};

pub(super) fn open(disk: &Disk) -> Journal<Disk> {
    Journal::open_in(disk.clone(), SMALL, ()).unwrap()
}

pub(super) fn prepared(groups: &[Group]) -> Vec<Prepared> {
    let spares = Arc::default();
    let groups = groups.iter().cloned();
    groups.map(|group| Prepared::new(group, &spares)).collect()
}
