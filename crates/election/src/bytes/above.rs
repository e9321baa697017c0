//! Bytes of what is drawn and declared above single districts.

use super::codec::{Reader, Writer};
use super::{DecodeError, read_attribution, write_attribution};
use crate::event::{DeclarationAbove, PlacesLot, PlacesStage, TiedPlace};
use crate::ids::{DistrictId, OptionId};

pub(crate) fn write_places_lot(writer: &mut Writer, lot: &PlacesLot) {
    let PlacesLot {
        contest,
        at: PlacesStage {
            stage,
            round,
            inner,
        },
        tied,
        seats,
        winners,
        attribution,
    } = lot;
    writer.u8(*contest);
    writer.u32(*stage);
    writer.u32(*round);
    writer.u32(*inner);
    writer.list(tied.iter(), write_place);
    writer.u32(*seats);
    writer.list(winners.iter(), write_place);
    write_attribution(writer, attribution);
}

pub(crate) fn read_places_lot(reader: &mut Reader<'_>) -> Result<PlacesLot, DecodeError> {
    Ok(PlacesLot {
        contest: reader.u8()?,
        at: PlacesStage {
            stage: reader.u32()?,
            round: reader.u32()?,
            inner: reader.u32()?,
        },
        tied: reader.list(6, read_place)?,
        seats: reader.u32()?,
        winners: reader.list(6, read_place)?,
        attribution: read_attribution(reader)?,
    })
}

fn write_place(writer: &mut Writer, place: &TiedPlace) {
    let TiedPlace {
        district,
        option,
        constituency,
    } = place;
    writer.option(district.as_ref(), write_district);
    writer.text(option.as_str());
    writer.option(constituency.as_ref(), write_district);
}

fn read_place(reader: &mut Reader<'_>) -> Result<TiedPlace, DecodeError> {
    Ok(TiedPlace {
        district: reader.option(read_district)?,
        option: read_option(reader)?,
        constituency: reader.option(read_district)?,
    })
}

pub(crate) fn write_declaration_above(writer: &mut Writer, declaration: &DeclarationAbove) {
    let DeclarationAbove {
        contest,
        district,
        seats,
        attribution,
    } = declaration;
    writer.u8(*contest);
    writer.option(district.as_ref(), write_district);
    writer.list(seats.iter(), |writer, (option, seats)| {
        writer.text(option.as_str());
        writer.u32(*seats);
    });
    write_attribution(writer, attribution);
}

pub(crate) fn read_declaration_above(
    reader: &mut Reader<'_>,
) -> Result<DeclarationAbove, DecodeError> {
    Ok(DeclarationAbove {
        contest: reader.u8()?,
        district: reader.option(read_district)?,
        seats: reader.list(8, |reader| Ok((read_option(reader)?, reader.u32()?)))?,
        attribution: read_attribution(reader)?,
    })
}

fn write_district(writer: &mut Writer, district: &DistrictId) {
    writer.text(district.as_str());
}

fn read_district(reader: &mut Reader<'_>) -> Result<DistrictId, DecodeError> {
    let text = reader.string()?;
    DistrictId::new(&text).map_err(|error| reader.fault(error.to_string()))
}

fn read_option(reader: &mut Reader<'_>) -> Result<OptionId, DecodeError> {
    let text = reader.string()?;
    OptionId::new(&text).map_err(|error| reader.fault(error.to_string()))
}
