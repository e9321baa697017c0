//! The checkpoint: what sled must still have, written beside its folder where sled cannot change it.
//!
//! A text file: a first line with its layout, a line for each election (id, log id, revision, history checksum, rows,
//! sum of rows), and a last line with a CRC32C over all before it. It is a lower bound: sled is flushed and synced before
//! the file is written, so that after a crash sled has at least this much, and the history up to here must still have this
//! checksum. Rows and their sum can only be compared while sled is exactly here.

use crate::StoreError;
use crate::layout::Head;
use election::ids::{ElectionId, LogId};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

const FIRST_LINE: &str = "hemicycle results store checkpoint 1";
const NO_LOG: &str = "-";

pub(crate) type Checkpoint = BTreeMap<ElectionId, Head>;

/// Reads the file; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Checkpoint>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => std::str::from_utf8(&bytes)
            .ok()
            .and_then(parse)
            .map(Some)
            .ok_or_else(|| StoreError::Damaged("the checkpoint cannot be read".into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io(format!("reading {}", path.display()))(error)),
    }
}

/// Writes the file so that after a crash either the old one or the new one is there, whole.
pub(crate) fn write(path: &Path, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let fresh = path.with_extension("checkpoint.new");
    let mut file =
        File::create(&fresh).map_err(StoreError::io(format!("creating {}", fresh.display())))?;
    file.write_all(print(checkpoint).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(StoreError::io(format!("writing {}", path.display())))?;
    sync_folder_of(path)
}

/// Makes a rename in the folder of `path` last.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(StoreError::io(format!("syncing {}", folder.display())))
}

fn print(checkpoint: &Checkpoint) -> String {
    let mut text = format!("{FIRST_LINE}\n");
    for (election, head) in checkpoint {
        let log_id = head
            .log_id
            .map_or_else(|| NO_LOG.into(), |log_id| log_id.to_string());
        let Head {
            log_id: _,
            applied,
            history_crc,
            rows,
            sum,
        } = head;
        writeln!(
            text,
            "{election} {log_id} {applied} {history_crc:08x} {rows} {sum:016x}"
        )
        .expect("writing to a string never fails");
    }
    let crc = crc32c::crc32c(text.as_bytes());
    text + &format!("crc {crc:08x}\n")
}

fn parse(text: &str) -> Option<Checkpoint> {
    let (_, last_line) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let covered = &text[..text.len() - last_line.len() - 1];
    let crc = u32::from_str_radix(last_line.strip_prefix("crc ")?, 16).ok()?;
    if crc32c::crc32c(covered.as_bytes()) != crc {
        return None;
    }
    let mut lines = covered.lines();
    if lines.next()? != FIRST_LINE {
        return None;
    }
    lines.map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<(ElectionId, Head)> {
    let mut words = line.split(' ');
    let election = ElectionId::new(words.next()?).ok()?;
    let log_id = match words.next()? {
        NO_LOG => None,
        hex => Some(LogId(u128::from_str_radix(hex, 16).ok()?.to_be_bytes())),
    };
    let head = Head {
        log_id,
        applied: words.next()?.parse().ok()?,
        history_crc: u32::from_str_radix(words.next()?, 16).ok()?,
        rows: words.next()?.parse().ok()?,
        sum: u64::from_str_radix(words.next()?, 16).ok()?,
    };
    words.next().is_none().then_some((election, head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_survives_its_file_and_a_changed_byte_does_not() {
        let election = ElectionId::new("city-2026").unwrap();
        let head = Head {
            log_id: Some(LogId([7; 16])),
            applied: 12,
            history_crc: 0xABCD,
            rows: 3,
            sum: u64::MAX,
        };
        let other = ElectionId::new("other").unwrap();
        let checkpoint = Checkpoint::from([(election, head), (other, Head::default())]);
        let text = print(&checkpoint);
        assert_eq!(parse(&text), Some(checkpoint));
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(parse(&changed), None, "byte {place}");
            assert_eq!(parse(&text[..place]), None, "cut at {place}");
        }
    }
}
