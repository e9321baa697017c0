//! Damage in every region of a journal: told exactly, never spread, never overwritten.

use super::{SMALL, open, prepared};
use crate::layout::{self, BLOCK_BYTES, Header, SECTOR_BYTES, TABLE_START};
use crate::scan::{self, Depth, Found, What};
use crate::simulated::Disk;
use crate::{folder::Folder, start, verify};
use election::ids::{ElectionId, Revision};
use event_log::conformance::{group, read_all};
use event_log::{AppendError, Damage, EventLog, Group, Head, ReadError};

const SEGMENT: &str = "0000000000000001.segment";

/// Three rounds of a group of three records for "a", "b" and "c", each its own batch; then perhaps a seal.
fn journal(sealed: bool) -> Disk {
    let disk = Disk::default();
    let mut writer = start(disk.clone(), SMALL).unwrap();
    for round in 0..3 {
        for name in ["a", "b", "c"] {
            let answers = writer.commit(prepared(&[group(name, round, 3 * round + 1, 3)]));
            assert!(answers[0].is_ok(), "{answers:?}");
        }
    }
    if sealed {
        writer.seal();
    }
    disk
}

fn scan(disk: &Disk) -> Vec<Found> {
    let mut all = Vec::new();
    let file = disk.open(SEGMENT).unwrap();
    scan::segment(&file, 1, Depth::Checksums, |found| all.push(found), |_| {})
        .unwrap()
        .unwrap();
    all
}

/// Where the group of this election and round starts, and how long it is.
fn place_of(disk: &Disk, name: &str, round: u64) -> (usize, usize) {
    let groups = scan(disk);
    let found = groups.iter().find(|found| {
        let header = found.header().unwrap();
        header.first_revision == Revision(3 * round + 1) && header.election == Some(id(name))
    });
    let found = found.unwrap();
    (
        usize::try_from(found.offset).unwrap(),
        usize::try_from(found.bytes).unwrap(),
    )
}

fn flip(disk: &Disk, at: usize) {
    disk.with(SEGMENT, |bytes| bytes[at] ^= 0x10);
}

fn zero(disk: &Disk, at: usize, length: usize) {
    disk.with(SEGMENT, |bytes| bytes[at..at + length].fill(0));
}

fn id(name: &str) -> ElectionId {
    ElectionId::new(name).unwrap()
}

fn damage_of(heads: &[Head], name: &str) -> Option<Damage> {
    heads
        .iter()
        .find(|head| head.election.as_str() == name)
        .and_then(|head| head.damage.clone())
}

/// Opens twice, and sees both times: `names` are damaged at the revision given, read-only, and readable before it; the
/// others take groups; what was there is there byte for byte.
async fn check(disk: &Disk, damaged: &[(&str, u64)]) {
    for _ in 0..2 {
        let before = disk.with(SEGMENT, |bytes| bytes.clone());
        let log = open(disk);
        for name in ["a", "b", "c"] {
            let head = log
                .heads()
                .into_iter()
                .find(|head| head.election == id(name))
                .unwrap();
            let next = Group {
                first_revision: head.revision.next(),
                ..group(name, 99, 1, 1)
            };
            let next = Group {
                group_id: event_log::GroupId(
                    head.revision.0.to_le_bytes().repeat(2).try_into().unwrap(),
                ),
                ..next
            };
            if let Some((_, revision)) = damaged.iter().find(|(damaged, _)| *damaged == name) {
                let damage = head.damage.unwrap_or_else(|| panic!("{name} is damaged"));
                assert_eq!(
                    (&damage.election, damage.revision),
                    (&id(name), Revision(*revision)),
                    "{damage}"
                );
                assert!(damage.place.starts_with("0000"), "{damage}");
                assert_eq!(head.revision.next(), damage.revision);
                assert_eq!(
                    log.append(next).await,
                    Err(AppendError::ReadOnly(damage.clone()))
                );
                let beyond = log.read(&id(name), damage.revision, 1, 1).await;
                assert_eq!(beyond, Err(ReadError::Corrupt(damage.clone())));
                if *revision > 1 {
                    let read = log
                        .read(&id(name), Revision(1), 99, usize::MAX)
                        .await
                        .unwrap();
                    assert_eq!(read.len() as u64, revision - 1);
                }
                let bulk: Vec<_> = log.groups(&id(name), Revision(1)).collect();
                assert_eq!(bulk.last(), Some(&Err(ReadError::Corrupt(damage))));
            } else {
                assert_eq!(head.damage, None);
                let length = read_all(&log, name).await.len() as u64;
                assert_eq!(Revision(length), head.revision);
                log.append(next).await.unwrap();
            }
        }
        log.close().await;
        let after = disk.with(SEGMENT, |bytes| bytes.clone());
        let kept = before.chunks(BLOCK_BYTES).zip(after.chunks(BLOCK_BYTES));
        assert!(
            kept.filter(|(before, _)| !scan::is_zero(before))
                .all(|(before, after)| before == after)
        );
    }
    let report = verify::verify_in(disk).unwrap();
    assert!(damaged.is_empty() || !report.is_sound());
    assert!(
        damaged
            .iter()
            .all(|(name, _)| damage_of(&report.heads, name).is_some())
    );
}

#[tokio::test]
async fn sound_journal_is_sound() {
    for sealed in [false, true] {
        let disk = journal(sealed);
        let report = verify::verify_in(&disk).unwrap();
        assert!(report.is_sound(), "{report:?}");
        assert_eq!(
            (report.groups, report.records, report.sealed),
            (9, 27, sealed)
        );
        check(&disk, &[]).await;
    }
}

#[tokio::test]
async fn flipped_bit_in_a_header_is_told_with_its_owner() {
    for byte in [0, 8, 12, 17, 25, 41, 57, 70, 100, 130, 136, 300, 511] {
        let disk = journal(false);
        flip(&disk, place_of(&disk, "b", 1).0 + byte);
        check(&disk, &[("b", 4)]).await;
    }
}

#[tokio::test]
async fn flipped_bit_in_a_header_copy_or_padding_is_noted() {
    for at in [SECTOR_BYTES + 60, BLOCK_BYTES - 1] {
        let disk = journal(true);
        flip(&disk, place_of(&disk, "b", 1).0 + at);
        let report = verify::verify_in(&disk).unwrap();
        assert_eq!(report.notes.len(), 1, "{report:?}");
        check(&disk, &[]).await;
    }
}

#[tokio::test]
async fn flipped_bit_in_a_table_is_damage() {
    for byte in [0, 4, 8, 13, 35] {
        let disk = journal(false);
        flip(&disk, place_of(&disk, "a", 2).0 + TABLE_START + byte);
        check(&disk, &[("a", 7)]).await;
    }
}

#[tokio::test]
async fn flipped_bit_in_a_record_leaves_those_before_it() {
    let disk = journal(false);
    let at = place_of(&disk, "c", 0).0 + TABLE_START + 3 * 12;
    let group = group("c", 0, 1, 3);
    let bytes: Vec<usize> = group.records.iter().map(|record| record.bytes()).collect();
    for (number, start) in [0, bytes[0], bytes[0] + bytes[1]].into_iter().enumerate() {
        for byte in [0, bytes[number] - 1] {
            let disk = disk.copy();
            flip(&disk, at + start + byte);
            check(&disk, &[("c", number as u64 + 1)]).await;
        }
    }
}

#[tokio::test]
async fn flipped_bit_in_the_last_group_is_not_a_torn_write() {
    for byte in [20, TABLE_START + 5, TABLE_START + 40] {
        let disk = journal(false);
        flip(&disk, place_of(&disk, "c", 2).0 + byte);
        check(&disk, &[("c", 7)]).await;
    }
}

#[tokio::test]
async fn flipped_bit_in_a_seal_or_segment_header_touches_no_election() {
    let disk = journal(true);
    let seal = scan(&disk).pop().unwrap();
    assert!(matches!(seal.what, What::Seal(..)));
    flip(
        &disk,
        usize::try_from(seal.offset).unwrap() + TABLE_START + 20,
    );
    let report = verify::verify_in(&disk).unwrap();
    assert!(
        report.notes.iter().any(|note| note.contains("seal")),
        "{report:?}"
    );
    check(&disk, &[]).await;
    let disk = journal(true);
    flip(&disk, 20);
    check(&disk, &[]).await;
}

#[tokio::test]
async fn lost_header_is_found_by_the_gap_behind_it() {
    let disk = journal(true);
    let (start, _) = place_of(&disk, "b", 1);
    flip(&disk, start + 30);
    flip(&disk, start + SECTOR_BYTES + 30);
    check(&disk, &[("b", 4)]).await;
}

#[tokio::test]
async fn lost_header_is_found_by_the_seal_behind_it() {
    let disk = journal(true);
    let (start, _) = place_of(&disk, "b", 2);
    flip(&disk, start + 30);
    flip(&disk, start + SECTOR_BYTES + 30);
    check(&disk, &[("b", 7)]).await;
}

#[tokio::test]
async fn lost_header_without_a_seal_stops_all_that_may_own_it() {
    let disk = journal(false);
    let (start, _) = place_of(&disk, "b", 2);
    flip(&disk, start + 30);
    flip(&disk, start + SECTOR_BYTES + 30);
    // "c" has a later group, so it is whole; "a" has none and may have lost one.
    let log = open(&disk);
    let created = log.append(group("new", 0, 1, 1)).await;
    assert!(
        matches!(created, Err(AppendError::ReadOnly(_))),
        "it may be the lost one: {created:?}"
    );
    log.close().await;
    check(&disk, &[("a", 10), ("b", 7)]).await;
}

#[tokio::test]
async fn zeros_before_the_last_group_are_damage() {
    let disk = journal(false);
    let (start, length) = place_of(&disk, "b", 1);
    zero(&disk, start, length);
    check(&disk, &[("b", 4)]).await;
    let disk = journal(false);
    let (start, _) = place_of(&disk, "b", 1);
    zero(&disk, start + TABLE_START, SECTOR_BYTES);
    check(&disk, &[("b", 4)]).await;
}

#[tokio::test]
async fn zeroed_last_group_before_a_seal_is_damage() {
    let disk = journal(true);
    let (start, length) = place_of(&disk, "c", 2);
    zero(&disk, start, length);
    check(&disk, &[("c", 7)]).await;
}

#[tokio::test]
async fn zeroed_tail_without_a_seal_is_a_torn_write() {
    for sectors in [1, 2, 3, 8] {
        let disk = journal(false);
        let (start, _) = place_of(&disk, "c", 2);
        zero(
            &disk,
            start + if sectors == 1 { TABLE_START } else { 0 },
            sectors * SECTOR_BYTES,
        );
        let report = verify::verify_in(&disk).unwrap();
        assert!(
            report.is_sound() && (sectors > 2 || report.torn.is_some()),
            "{report:?}"
        );
        let log = open(&disk);
        assert_eq!(read_all(&log, "c").await.len(), 6);
        log.append(group("c", 2, 7, 3)).await.unwrap();
        log.close().await;
        check(&disk, &[]).await;
    }
}

#[tokio::test]
async fn cut_file_is_told_for_all_that_may_have_lost() {
    let disk = journal(true);
    let (start, _) = place_of(&disk, "c", 2);
    disk.with(SEGMENT, |bytes| bytes.truncate(start + 600));
    check(&disk, &[("a", 10), ("b", 10), ("c", 7)]).await;
}

#[tokio::test]
async fn missing_segment_is_told() {
    let disk = journal(true);
    disk.rename(SEGMENT, "0000000000000002.segment").unwrap();
    let log = open(&disk);
    assert!(
        log.heads().is_empty(),
        "headers name their place, so a renamed segment holds nothing"
    );
    let answer = log.append(group("a", 9, 1, 1)).await;
    assert!(
        matches!(answer, Err(AppendError::ReadOnly(_))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn rot_under_an_open_journal_is_told_when_it_is_read() {
    let disk = journal(false);
    let log = open(&disk);
    flip(&disk, place_of(&disk, "b", 1).0 + TABLE_START + 3 * 12);
    assert_eq!(
        log.read(&id("b"), Revision(1), 3, usize::MAX)
            .await
            .unwrap()
            .len(),
        3
    );
    let answer = log.read(&id("b"), Revision(4), 3, usize::MAX).await;
    let Err(ReadError::Corrupt(damage)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!((damage.election, damage.revision), (id("b"), Revision(4)));
    assert_eq!(read_all(&log, "a").await.len(), 9);
}

/// An edit that repairs every checksum is found by the hash that the next batch carries.
#[tokio::test]
async fn edit_with_repaired_checksums_is_found_by_verify() {
    let disk = journal(true);
    let (start, length) = place_of(&disk, "c", 2);
    disk.with(SEGMENT, |bytes| {
        let group = &mut bytes[start..start + length];
        group[TABLE_START + 3 * 12] ^= 1;
        let header = Header::parse(&group[..SECTOR_BYTES], 1, start as u64).unwrap();
        let first = layout::entries(&group[TABLE_START..header.table_end()])
            .next()
            .unwrap();
        let crc = crc32c::crc32c(
            &group[header.table_end()..header.table_end() + first.public + first.annex],
        );
        group[TABLE_START + 8..TABLE_START + 12].copy_from_slice(&crc.to_le_bytes());
        let crc = crc32c::crc32c(&group[TABLE_START..header.table_end()]);
        group[128..132].copy_from_slice(&crc.to_le_bytes());
        let crc = crc32c::crc32c(&group[..508]);
        group[508..512].copy_from_slice(&crc.to_le_bytes());
        group.copy_within(..SECTOR_BYTES, SECTOR_BYTES);
    });
    let report = verify::verify_in(&disk).unwrap();
    assert_eq!(report.notes.len(), 1, "{report:?}");
    assert!(
        report.notes[0].contains("not the one that was written"),
        "{report:?}"
    );
    assert!(!report.is_sound());
}
