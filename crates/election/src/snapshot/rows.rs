//! The rows of a snapshot's tables: units and slots, each of a fixed width.

use crate::bytes::stream::Stream;
use crate::bytes::{DecodeError, slot_state, slot_state_byte};
use crate::counts::COUNTERS;
use crate::event::Turnout;
use crate::ids::Revision;
use crate::state::{SlotFacts, UnitFacts};
use crate::tally::Tally;
use std::io::Read;

/// The bytes of a unit: district, whether its roll is known, whether its turnout is final, roll, turnout.
pub(super) const UNIT_ROW: usize = 24;

pub(super) fn unit_row(unit: &UnitFacts) -> [u8; UNIT_ROW] {
    let UnitFacts {
        district,
        roll,
        turnout_version,
        turnout,
        turnout_revision,
    } = unit;
    let mut row = [0; UNIT_ROW];
    row[..2].copy_from_slice(&district.to_le_bytes());
    row[2] = u8::from(roll.is_some());
    row[3] = u8::from(turnout.is_final);
    row[4..8].copy_from_slice(&roll.unwrap_or(0).to_le_bytes());
    row[8..12].copy_from_slice(&turnout_version.to_le_bytes());
    row[12..16].copy_from_slice(&turnout.ballots_issued.to_le_bytes());
    row[16..].copy_from_slice(&turnout_revision.0.to_le_bytes());
    row
}

pub(super) fn read_unit_row(row: &[u8; UNIT_ROW], districts: usize) -> Option<UnitFacts> {
    let facts = UnitFacts {
        district: u16::from_le_bytes([row[0], row[1]]),
        roll: (row[2] == 1).then(|| u32_at(row, 4)),
        turnout_version: u32_at(row, 8),
        turnout: Turnout {
            ballots_issued: u32_at(row, 12),
            is_final: row[3] == 1,
        },
        turnout_revision: Revision(u64_at(row, 16)),
    };
    let is_sound = usize::from(facts.district) < districts && row[2] < 2 && row[3] < 2;
    is_sound.then_some(facts)
}

/// The bytes of a slot: revision, version, counters of the form that are there, kind, state, whether it is expected. Its
/// district is its unit's, and its place in the arena follows from those before it.
pub(super) const SLOT_ROW: usize = 17;

pub(super) fn slot_row(slot: SlotFacts) -> [u8; SLOT_ROW] {
    let mut row = [0; SLOT_ROW];
    row[..8].copy_from_slice(&slot.revision.0.to_le_bytes());
    row[8..12].copy_from_slice(&slot.version.to_le_bytes());
    row[12..14].copy_from_slice(&slot.present.to_le_bytes());
    row[14] = slot.kind;
    row[15] = slot_state_byte(slot.state());
    row[16] = u8::from(slot.is_expected());
    row
}

/// The slots of all units, and how many words of the arena they take.
pub(super) fn read_slots(
    stream: &mut Stream<impl Read>,
    tally: &Tally,
    units: &[UnitFacts],
) -> Result<(Vec<SlotFacts>, usize), DecodeError> {
    let groups = tally.outline.ballot.counting_groups.len();
    let per_unit = tally.contests.len() * groups;
    // The words of a slot by its district, then its place among the unit's slots.
    let words: Vec<Vec<u32>> = (0..tally.turnout.len())
        .map(|district| {
            let contests = tally.contests.iter();
            let words = contests.map(|districts| districts[district].votes.len() + COUNTERS);
            let words = words.map(|words| u32::try_from(words).unwrap_or(u32::MAX));
            words
                .flat_map(|words| std::iter::repeat_n(words, groups))
                .collect()
        })
        .collect();
    let count = units.len().checked_mul(per_unit);
    let count = count.ok_or_else(|| stream.fault("too many slots"))?;
    let mut end = 0_u32;
    let districts = units.iter().map(|unit| unit.district);
    let mut places = districts.flat_map(|district| {
        words[usize::from(district)]
            .iter()
            .map(move |it| (district, *it))
    });
    let slots = stream.rows(count, |row| {
        let (district, words) = places.next()?;
        let slot = read_slot_row(row, district, end)?;
        if slot.is_expected() {
            end = end.checked_add(words)?;
        }
        Some(slot)
    })?;
    let words = usize::try_from(end).map_err(|_| stream.fault("length"))?;
    Ok((slots, words))
}

fn read_slot_row(row: &[u8; SLOT_ROW], district: u16, words: u32) -> Option<SlotFacts> {
    let state = slot_state(row[15])?;
    let mut slot = SlotFacts::new(district, words, row[16] == 1);
    slot.revision = Revision(u64_at(row, 0));
    slot.version = u32_at(row, 8);
    slot.present = u16::from_le_bytes([row[12], row[13]]);
    slot.kind = row[14];
    slot.enter(state);
    (row[16] < 2 && (slot.is_expected() || !slot.is_counted())).then_some(slot)
}

fn u32_at<const N: usize>(row: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]])
}

fn u64_at<const N: usize>(row: &[u8; N], at: usize) -> u64 {
    u64::from(u32_at(row, at)) | u64::from(u32_at(row, at + 4)) << 32
}
