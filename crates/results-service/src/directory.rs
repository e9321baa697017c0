//! The units of an election by index and id, as they were registered at any revision.

use std::collections::{BTreeMap, HashMap, HashSet};

use election::bytes::codec::{Reader, Writer};
use election::bytes::{DecodeError, decode_units, encode_unit};
use election::definition::Unit;
use election::event::{Event, Recorded};
use election::ids::{AreaId, DistrictId, Revision, UnitId};

/// The register's units with their past. What is counted for them is the store's; their rolls in sums are the tally's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Directory {
    units: Vec<Unit>,
    indexes: HashMap<UnitId, u32>,
    /// After which revision how many units were registered.
    registered: Vec<(Revision, u32)>,
    /// What a unit was before the amendment at a revision, oldest first. Few units are ever amended.
    former: BTreeMap<u32, Vec<(Revision, Unit)>>,
    /// One allocation for each name that many units share.
    districts: HashSet<DistrictId>,
    areas: HashSet<AreaId>,
}

impl Directory {
    /// Takes in the next event.
    pub fn apply(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::UnitsRegistered { units, .. } => {
                units.iter().cloned().for_each(|unit| self.push(unit));
                self.registered.push((recorded.revision, self.len()));
            }
            Event::UnitAmended { index, unit, .. } => {
                let unit = self.shared(unit.clone());
                let place = usize::try_from(*index).ok();
                if let Some(now) = place.and_then(|place| self.units.get_mut(place)) {
                    let before = std::mem::replace(now, unit);
                    let former = self.former.entry(*index).or_default();
                    former.push((recorded.revision, before));
                }
            }
            _ => {}
        }
    }

    /// Whether an event changes it.
    pub fn concerns(event: &Event) -> bool {
        matches!(
            event,
            Event::UnitsRegistered { .. } | Event::UnitAmended { .. }
        )
    }

    /// How many units there are.
    pub fn len(&self) -> u32 {
        u32::try_from(self.units.len()).expect("an election has at most 4 million units")
    }

    /// How many units there were at a revision.
    pub fn len_at(&self, revision: Revision) -> u32 {
        let after = self.registered.partition_point(|(at, _)| *at <= revision);
        after
            .checked_sub(1)
            .map_or(0, |place| self.registered[place].1)
    }

    /// A unit as it was at a revision.
    pub fn at(&self, index: u32, revision: Revision) -> Option<&Unit> {
        if index >= self.len_at(revision) {
            return None;
        }
        let later = self.former.get(&index).and_then(|former| {
            let place = former.partition_point(|(at, _)| *at <= revision);
            former.get(place)
        });
        match later {
            Some((_, unit)) => Some(unit),
            None => self.units.get(usize::try_from(index).ok()?),
        }
    }

    /// The index of a unit that was registered at a revision.
    pub fn index(&self, id: &str, revision: Revision) -> Option<u32> {
        let index = *self.indexes.get(id)?;
        (index < self.len_at(revision)).then_some(index)
    }

    /// As bytes, for a snapshot.
    pub fn encode(&self, writer: &mut Writer) {
        let Self {
            units,
            indexes: _,
            registered,
            former,
            districts: _,
            areas: _,
        } = self;
        writer.list(units.iter(), encode_unit);
        writer.list(registered.iter(), |writer, (revision, units)| {
            writer.revision(*revision);
            writer.u32(*units);
        });
        writer.list(former.iter(), |writer, (index, former)| {
            writer.u32(*index);
            writer.list(former.iter(), |writer, (revision, unit)| {
                writer.revision(*revision);
                encode_unit(writer, unit);
            });
        });
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        /// A unit has three texts, two flags, a kind and a list.
        const UNIT_BYTES_MIN: usize = 19;
        let mut directory = Self::default();
        let units = reader.length(UNIT_BYTES_MIN)?;
        for _ in 0..units {
            let unit = read_unit(reader)?;
            directory.push(unit);
        }
        directory.registered = reader.list(12, |reader| Ok((reader.revision()?, reader.u32()?)))?;
        let former = reader.list(8, |reader| {
            let index = reader.u32()?;
            let former = reader.list(8 + UNIT_BYTES_MIN, |reader| {
                Ok((reader.revision()?, read_unit(reader)?))
            })?;
            Ok((index, former))
        })?;
        directory.former = former.into_iter().collect();
        Ok(directory)
    }

    fn push(&mut self, unit: Unit) {
        let unit = self.shared(unit);
        self.indexes.insert(unit.id.clone(), self.len());
        self.units.push(unit);
    }

    fn shared(&mut self, mut unit: Unit) -> Unit {
        unit.district = share(&mut self.districts, unit.district);
        unit.area = unit.area.map(|area| share(&mut self.areas, area));
        unit
    }
}

fn share<T: Clone + Eq + std::hash::Hash>(known: &mut HashSet<T>, value: T) -> T {
    if let Some(same) = known.get(&value) {
        return same.clone();
    }
    known.insert(value.clone());
    value
}

fn read_unit(reader: &mut Reader<'_>) -> Result<Unit, DecodeError> {
    let mut units = decode_units(reader, 1)?;
    units.pop().ok_or_else(|| reader.fault("a unit is missing"))
}
