//! What several kinds of bytes are made of: counts, units, and the definition's parts as canonical text.

use super::DecodeError;
use super::codec::{Reader, Writer};
use crate::counts::{COUNTERS, Counter, Counts, Form};
use crate::definition::{Unit, UnitKind};
use crate::ids::{AreaId, CountingGroupId, DistrictId, IdError, UnitId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The canonical text of a part of the definition: TOML in the order of the fields. Its SHA-256 is the part's content
/// hash.
pub fn part_text<T: Serialize>(part: &T) -> String {
    toml::to_string(part)
        .expect("the definition's types have string keys and no values that TOML lacks")
}

pub(crate) fn parse_part<T: Serialize + DeserializeOwned>(
    reader: &mut Reader<'_>,
) -> Result<T, DecodeError> {
    let text = reader.text()?;
    let part = toml::from_str(text).map_err(|error| reader.fault(error.to_string()))?;
    // A whole number that TOML reads is one that it writes, so this does not fail.
    if part_text(&part) == text {
        Ok(part)
    } else {
        Err(reader.fault("a part of the definition is not in its canonical form"))
    }
}

pub(crate) fn write_counts(writer: &mut Writer, counts: &Counts) {
    writer.length(counts.votes.len());
    writer.u32s(&counts.votes);
    writer.u16(counts.form.present());
    for (_, value) in counts.form.iter() {
        writer.u32(value);
    }
}

pub(crate) fn read_counts(reader: &mut Reader<'_>) -> Result<Counts, DecodeError> {
    let options = reader.length(4)?;
    let votes = reader.u32s(options)?;
    let present = reader.u16()?;
    if present >> COUNTERS != 0 {
        return Err(reader.fault("unknown counters of the form"));
    }
    let mut form = Form::EMPTY;
    for counter in Counter::ALL {
        if present & (1 << counter as u8) != 0 {
            form.set(counter, reader.u32()?);
        }
    }
    Ok(Counts { votes, form })
}

/// The canonical bytes of a unit.
pub fn encode_unit(writer: &mut Writer, unit: &Unit) {
    let Unit {
        id,
        kind,
        district,
        area,
        roll,
        name,
        counting_groups,
    } = unit;
    writer.text(id.as_str());
    writer.u8(*kind as u8);
    writer.text(district.as_str());
    writer.option(area.as_ref(), |writer, area| writer.text(area.as_str()));
    writer.option(*roll, Writer::u32);
    writer.text(name);
    writer.list(counting_groups.iter(), |writer, group| {
        writer.text(group.as_str())
    });
}

/// The canonical bytes of units, one after the other, without a length.
pub fn encode_units(units: &[Unit]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(units.len() * 64);
    units.iter().for_each(|unit| encode_unit(&mut writer, unit));
    writer.into_bytes()
}

/// Reads `count` units. Units of one district, area or counting group share its id.
pub fn decode_units(reader: &mut Reader<'_>, count: usize) -> Result<Vec<Unit>, DecodeError> {
    let mut units = Vec::with_capacity(count);
    for _ in 0..count {
        let unit = UnitText::read(reader)?.unit(units.last(), reader)?;
        units.push(unit);
    }
    Ok(units)
}

pub(super) fn decode_unit(reader: &mut Reader<'_>) -> Result<Unit, DecodeError> {
    UnitText::read(reader)?.unit(None, reader)
}

/// Checks that the next bytes are a unit's, without making it: a tenth of the work.
pub fn skip_unit(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    skip_id(reader)?;
    read_unit_kind(reader)?;
    skip_id(reader)?;
    reader.option(skip_id)?;
    reader.option(Reader::u32)?;
    reader.text()?;
    for _ in 0..reader.length(4)? {
        skip_id(reader)?;
    }
    Ok(())
}

/// Its letters are ASCII: whether they are UTF-8 need not be asked too.
fn skip_id(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let length = reader.length(1)?;
    let bytes = reader.raw(length)?;
    match crate::ids::is_id(bytes) {
        true => Ok(()),
        false => Err(reader.fault("an id that is none")),
    }
}

fn read_unit_kind(reader: &mut Reader<'_>) -> Result<UnitKind, DecodeError> {
    let kind = usize::from(reader.u8()?);
    let known = UnitKind::ALL.get(kind).copied();
    known.ok_or_else(|| reader.fault(format!("{kind} is no kind of unit")))
}

/// A unit whose ids are checked, where it lies.
struct UnitText<'a> {
    id: &'a str,
    kind: UnitKind,
    district: &'a str,
    area: Option<&'a str>,
    roll: Option<u32>,
    name: &'a str,
    counting_groups: Vec<&'a str>,
}

impl<'a> UnitText<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let id = read_id_text(reader)?;
        Ok(Self {
            id,
            kind: read_unit_kind(reader)?,
            district: read_id_text(reader)?,
            area: reader.option(read_id_text)?,
            roll: reader.option(Reader::u32)?,
            name: reader.text()?,
            counting_groups: reader.list(4, read_id_text)?,
        })
    }

    /// The unit, with ids that it has in common with `like` shared.
    fn unit(self, like: Option<&Unit>, reader: &Reader<'_>) -> Result<Unit, DecodeError> {
        let wrong = |error: IdError| reader.fault(error.to_string());
        let district = match like {
            Some(like) if like.district.as_str() == self.district => like.district.clone(),
            _ => DistrictId::new(self.district).map_err(wrong)?,
        };
        let area = match (self.area, like.and_then(|like| like.area.as_ref())) {
            (Some(area), Some(like)) if like.as_str() == area => Some(like.clone()),
            (Some(area), _) => Some(AreaId::new(area).map_err(wrong)?),
            (None, _) => None,
        };
        let known = like.map_or(&[][..], |like| &like.counting_groups);
        let counting_groups = self.counting_groups.into_iter().map(|group| {
            let same = known.iter().find(|known| known.as_str() == group);
            same.map_or_else(|| CountingGroupId::new(group), |same| Ok(same.clone()))
        });
        Ok(Unit {
            id: UnitId::new(self.id).map_err(wrong)?,
            kind: self.kind,
            district,
            area,
            roll: self.roll,
            name: self.name.to_owned(),
            counting_groups: counting_groups.collect::<Result<_, _>>().map_err(wrong)?,
        })
    }
}

fn read_id_text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
    let text = reader.text()?;
    crate::ids::check(text).map_err(|error| reader.fault(error.to_string()))?;
    Ok(text)
}

pub(super) fn read_id<T>(
    reader: &mut Reader<'_>,
    new: impl FnOnce(&str) -> Result<T, IdError>,
) -> Result<T, DecodeError> {
    let text = reader.text()?;
    new(text).map_err(|error| reader.fault(error.to_string()))
}
