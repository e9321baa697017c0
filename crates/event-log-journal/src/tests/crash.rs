//! Power lost at any moment: what was acknowledged is there, what was not is there whole or not at all.

use super::{SMALL, prepared};
use crate::index::Shared;
use crate::layout::SECTOR_BYTES;
use crate::simulated::{Disk, Fault, SimulatedFile};
use crate::verify::verify_in;
use crate::writer::Writer;
use crate::{reader, start};
use election::ids::Revision;
use event_log::conformance::group;
use event_log::{Group, Record};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ELECTIONS: [&str; 3] = ["one", "two", "three"];

/// What the journal must hold.
#[derive(Default, Clone)]
struct Model {
    records: BTreeMap<&'static str, Vec<Record>>,
    groups: usize,
}

impl Model {
    /// A group that goes behind what the model and the groups before it hold.
    fn next_group(&mut self, name: &'static str, before: &[Group], records: usize) -> Group {
        self.groups += 1;
        let waiting: usize = before
            .iter()
            .filter(|group| group.election.as_str() == name)
            .map(|group| group.records.len())
            .sum();
        let held = self.records.get(name).map_or(0, Vec::len);
        group(name, self.groups, held + waiting + 1, records)
    }

    fn add(&mut self, groups: &[Group]) {
        for group in groups {
            let name = ELECTIONS
                .into_iter()
                .find(|name| *name == group.election.as_str())
                .unwrap();
            self.records
                .entry(name)
                .or_default()
                .extend(group.records.clone());
        }
    }

    fn is_held_by(&self, shared: &Shared<SimulatedFile>) -> bool {
        let heads = shared.read().heads();
        assert!(
            heads.iter().all(|head| head.damage.is_none()),
            "a crash is not damage: {heads:?}"
        );
        heads.len() == self.records.len()
            && heads.iter().all(|head| {
                let held =
                    reader::read(shared, &head.election, Revision(1), usize::MAX, usize::MAX)
                        .unwrap();
                let held: Vec<Record> = held.into_iter().map(|stored| stored.record).collect();
                self.records.get(head.election.as_str()) == Some(&held)
            })
    }
}

/// Numbers that look random and come from the seed alone (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % sides
    }

    fn size(&mut self, sides: u64) -> usize {
        usize::try_from(self.roll(sides)).unwrap()
    }
}

fn batch(model: &mut Model, dice: &mut Dice) -> Vec<Group> {
    let mut groups = Vec::new();
    for _ in 0..=dice.roll(4) {
        let name = ELECTIONS[dice.size(3)];
        let sides = if dice.roll(4) == 0 { 300 } else { 20 };
        let records = 1 + dice.size(sides);
        groups.push(model.next_group(name, &groups, records));
    }
    groups
}

/// Opens, losing power up to three times in the middle of mending.
fn open(disk: &Disk, dice: &mut Dice) -> Writer<Disk> {
    for _ in 0..dice.roll(4) {
        disk.fail(Fault::PowerAtSync);
        drop(start(disk.clone(), SMALL));
        disk.power_off();
        disk.power_on(|| dice.roll(2) == 0);
    }
    start(disk.clone(), SMALL).unwrap()
}

fn power_is_lost_again_and_again(seed: u64) {
    let mut dice = Dice(seed);
    let disk = Disk::default();
    let mut model = Model::default();
    let mut doubtful: Vec<Group> = Vec::new();
    for _ in 0..8 {
        let mut writer = open(&disk, &mut dice);
        let shared = writer.shared();
        if !model.is_held_by(&shared) {
            model.add(&doubtful);
            assert!(
                model.is_held_by(&shared),
                "seed {seed}: neither without nor with the batch in doubt"
            );
        }
        for _ in 0..dice.roll(4) {
            let groups = batch(&mut model, &mut dice);
            let answers = writer.commit(prepared(&groups));
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
            model.add(&groups);
            if dice.roll(3) == 0 {
                writer.seal();
            }
        }
        assert!(model.is_held_by(&shared));
        let report = verify_in(&disk).unwrap();
        assert!(report.is_sound(), "seed {seed}: {report:?}");
        doubtful = batch(&mut model, &mut dice);
        match dice.roll(5) {
            0 => disk.fail(Fault::PowerAtSync),
            1 => disk.fail(Fault::Sync),
            2 => disk.fail(Fault::Write {
                kept: dice.size(160) * SECTOR_BYTES,
            }),
            3 => {
                disk.fail(Fault::PowerAtSync);
                writer.seal();
                disk.power_off();
            }
            _ => disk.power_off(),
        }
        assert!(
            writer
                .commit(prepared(&doubtful))
                .iter()
                .all(Result::is_err)
        );
        assert!(model.is_held_by_or_off(&shared, &disk));
        disk.power_off();
        drop(writer);
        let odds = 1 + dice.roll(8);
        disk.power_on(|| dice.roll(odds + 1) != 0);
    }
}

impl Model {
    /// Readers never see what is in doubt, as long as they see anything.
    fn is_held_by_or_off(&self, shared: &Shared<SimulatedFile>, disk: &Disk) -> bool {
        use crate::folder::Folder;
        disk.names().is_err() || self.is_held_by(shared)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn acknowledged_groups_survive_any_crash(seed: u64) {
        power_is_lost_again_and_again(seed);
    }
}

/// Not by chance: every subset of the sectors of a batch of two groups.
#[test]
fn every_subset_of_sectors_of_the_last_write() {
    let mut model = Model::default();
    let disk = Disk::default();
    let mut writer = start(disk.clone(), SMALL).unwrap();
    let first = vec![model.next_group("one", &[], 3)];
    writer.commit(prepared(&first));
    model.add(&first);
    let before = disk.copy();
    let mut last = vec![model.next_group("one", &[], 4)];
    last.push(model.next_group("two", &last, 4));
    assert!(writer.commit(prepared(&last)).iter().all(Result::is_ok));
    let mut with_last = model.clone();
    with_last.add(&last);

    let name = &disk.file_names()[0];
    let image = disk.with(name, |bytes| bytes.clone());
    let old = before.with(name, |bytes| bytes.clone());
    let sectors: Vec<usize> = (0..image.len() / SECTOR_BYTES)
        .map(|sector| sector * SECTOR_BYTES)
        .filter(|start| image[*start..start + SECTOR_BYTES] != old[*start..start + SECTOR_BYTES])
        .collect();
    assert!(
        (8..=12).contains(&sectors.len()),
        "{} sectors",
        sectors.len()
    );
    let mut kept = 0;
    for subset in 0..1_u32 << sectors.len() {
        let torn = before.copy();
        torn.with(name, |bytes| {
            for (bit, start) in sectors
                .iter()
                .enumerate()
                .filter(|(bit, _)| subset >> bit & 1 == 1)
            {
                assert!(bit < 32);
                bytes[*start..start + SECTOR_BYTES]
                    .copy_from_slice(&image[*start..start + SECTOR_BYTES]);
            }
        });
        let mut writer = start(torn, SMALL).unwrap();
        let shared = writer.shared();
        let whole = with_last.is_held_by(&shared);
        assert!(whole || model.is_held_by(&shared), "subset {subset:b}");
        kept += u32::from(whole);
        let answers = writer.commit(prepared(&last));
        assert!(
            answers
                .iter()
                .all(|answer| answer.as_ref().unwrap().repeated == whole),
            "{answers:?}"
        );
        assert!(with_last.is_held_by(&shared));
    }
    // All sectors, and all but one or both copies of the headers.
    assert_eq!(kept, 4);
}
