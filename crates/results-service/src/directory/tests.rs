use election::definition::UnitKind;
use election::ids::{DistrictId, Timestamp, UnitId};

use super::*;

fn unit(id: &str, roll: u32) -> Unit {
    Unit {
        id: UnitId::new(id).unwrap(),
        kind: UnitKind::Station,
        district: DistrictId::new("city").unwrap(),
        area: None,
        roll: Some(roll),
        name: format!("School {id}"),
        counting_groups: Vec::new(),
    }
}

fn at(revision: u64, event: Event) -> Recorded {
    Recorded {
        revision: Revision(revision),
        time: Timestamp(0),
        principal: String::new(),
        event,
    }
}

/// Three units at revision 2, one more at 5, and the second one amended at 4 and 7.
fn directory() -> Directory {
    let registered = |first_index, units| Event::UnitsRegistered {
        first_index,
        units,
        reason: None,
    };
    let amended = |roll| Event::UnitAmended {
        index: 1,
        unit: unit("b", roll),
        former_roll: None,
        reason: String::from("x"),
    };
    let units = vec![unit("a", 1), unit("b", 2), unit("c", 3)];
    let mut directory = Directory::default();
    directory.apply(&at(2, registered(0, units)));
    directory.apply(&at(4, amended(40)));
    directory.apply(&at(5, registered(3, vec![unit("d", 4)])));
    directory.apply(&at(7, amended(70)));
    directory
}

#[test]
fn units_are_as_they_were_at_each_revision() {
    let directory = directory();
    let roll = |index, revision| directory.at(index, Revision(revision)).map(|it| it.roll);
    assert_eq!(directory.at(2, Revision(2)), Some(unit("c", 3)));
    let second: Vec<_> = (1..9).map(|revision| roll(1, revision)).collect();
    let rolls = [2, 2, 40, 40, 40, 70, 70].map(|roll| Some(Some(roll)));
    assert_eq!(second[0], None);
    assert_eq!(second[1..], rolls);
    assert_eq!((roll(3, 4), roll(3, 5)), (None, Some(Some(4))));
    assert_eq!(roll(4, 9), None);
    let lengths: Vec<_> = (1..6).map(|at| directory.len_at(Revision(at))).collect();
    assert_eq!(lengths, [0, 3, 3, 3, 4]);
    assert_eq!(directory.len(), 4);
}

#[test]
fn its_bytes_are_read_again_and_damaged_ones_never_panic() {
    let directory = directory();
    let mut writer = Writer::default();
    directory.encode(&mut writer);
    let bytes = writer.into_bytes();
    let read = |bytes: &[u8]| Directory::decode(bytes, bytes.len() as u64);
    assert_eq!(read(&bytes), Ok(directory));
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length} bytes");
    }
    assert!(read(&[&bytes[..], &[0]].concat()).is_err());
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << bit;
            if let Ok(damaged) = read(&damaged) {
                let is_there = |unit| damaged.at(unit, Revision(u64::MAX)).is_some();
                assert!((0..damaged.len()).all(is_there));
            }
        }
    }
}
