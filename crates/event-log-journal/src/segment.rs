//! Making, naming and finding segments.

use crate::folder::{Folder, SegmentFile};
use crate::layout;
use std::io;

const SUFFIX: &str = ".segment";
const PREPARING: &str = ".preparing";

pub(crate) fn name(segment: u32) -> String {
    format!("{segment:016}{SUFFIX}")
}

/// Makes a segment ready for use: zero-filled, with its header, synced, and only then under its name.
pub(crate) fn prepare<D: Folder>(folder: &D, segment: u32, bytes: u64) -> io::Result<D::File> {
    let preparing = name(segment) + PREPARING;
    let prepared = (|| {
        let file = folder.create(&preparing)?;
        file.allocate(bytes)?;
        file.write_at(&layout::segment_header(u64::from(segment), bytes), 0)?;
        file.sync()?;
        folder.rename(&preparing, &name(segment))?;
        folder.sync()?;
        Ok(file)
    })();
    if prepared.is_err() {
        // The half-made file would hold the room that others need; the next opening removes it if this fails too.
        folder.remove(&preparing).ok();
    }
    prepared
}

/// The numbers of the segments that are there, in order. Segments that were not ready for use are removed.
pub(crate) fn list<D: Folder>(folder: &D) -> io::Result<Vec<u32>> {
    let mut segments = Vec::new();
    for name in folder.names()? {
        if name.ends_with(PREPARING) {
            folder.remove(&name)?;
        } else if let Some(number) = name
            .strip_suffix(SUFFIX)
            .and_then(|number| number.parse().ok())
        {
            segments.push(number);
        }
    }
    segments.sort_unstable();
    Ok(segments)
}
