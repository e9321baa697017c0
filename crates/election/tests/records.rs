//! The bytes of every kind of event, submission and outcome, against files that never change; and bytes that are no
//! record at all.
//!
//! `GOLDEN_WRITE=1 cargo test -p election --test records` writes the files anew. A file that is in the project is
//! only ever added to: logs with such bytes exist. The format's version goes up instead.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use election::bytes::codec::{Reader, Writer};
use election::bytes::{
    RecordBytes, decode_outcome, decode_record, decode_submission, decode_units, encode_outcome,
    encode_record, encode_submission, encode_units, skip_unit, verify_annex,
};
use election::definition::{Unit, UnitKind};
use election::event::{Event, Recorded};
use election::ids::{AreaId, CountingGroupId, DistrictId, Revision, Timestamp, UnitId};
use election::report::{HoldCode, HoldReason};
use proptest::prelude::*;
use std::path::PathBuf;
use support::samples;

const SALT: [u8; 16] = [0xa5; 16];

fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.hex"));
    if std::env::var_os("GOLDEN_WRITE").is_some() {
        let lines = bytes.chunks(32).map(|line| {
            let digits: String = line.iter().map(|byte| format!("{byte:02x}")).collect();
            digits + "\n"
        });
        std::fs::write(&path, lines.collect::<String>()).unwrap();
    }
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; see the head of this file", path.display()));
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn recorded() -> Vec<(&'static str, Recorded)> {
    let events = samples::events().into_iter();
    events
        .zip(1..)
        .map(|((name, event), number)| {
            let recorded = Recorded {
                revision: Revision(0x0102_0304_0506_0700 + number),
                time: Timestamp(1_610_280_000_000_000),
                principal: "returning-officer".into(),
                event,
            };
            (name, recorded)
        })
        .collect()
}

#[test]
fn records_have_the_bytes_that_they_always_had() {
    let mut kinds = std::collections::BTreeSet::new();
    for (name, recorded) in recorded() {
        let bytes = encode_record(&recorded, SALT);
        let public = golden(&format!("{name}.public"), &bytes.public);
        let annex = golden(&format!("{name}.annex"), &bytes.annex);
        assert_eq!(bytes.public, public, "{name}");
        assert_eq!(bytes.annex, annex, "{name}");
        assert!(verify_annex(&public, &annex), "{name}");
        assert_eq!(decode_record(&public, Some(&annex)), Ok(recorded), "{name}");
        kinds.insert(public[1]);
    }
    assert_eq!(kinds.len(), 22, "an event of every kind is here");
}

#[test]
fn the_public_body_holds_nothing_private() {
    for (name, recorded) in recorded() {
        let bytes = encode_record(&recorded, SALT);
        let contains = |needle: &[u8]| bytes.public.windows(needle.len()).any(|at| at == needle);
        assert!(!contains(b"returning-officer"), "{name}");
        assert!(!contains(&SALT), "{name}");
        if name == "report_held" {
            assert!(!contains(b"rows swapped"), "the words of a held report");
            let votes: Vec<u8> = [1_u32, 2, 3].iter().flat_map(|n| n.to_le_bytes()).collect();
            assert!(!contains(&votes), "the votes of a held report");
            let fall: Vec<u8> = [10_u32, 11, 12]
                .iter()
                .flat_map(|n| n.to_le_bytes())
                .collect();
            assert!(!contains(&fall), "an option's votes in a reason to hold");
            let Event::ReportHeld { codes, reasons, .. } =
                decode_record(&bytes.public, None).unwrap().event
            else {
                panic!("it is held");
            };
            assert_eq!(
                (codes.as_slice(), reasons.as_slice()),
                (&HoldCode::ALL[..], &[][..])
            );
        }
    }
}

#[test]
fn two_held_reports_with_the_same_codes_have_the_same_public_fields() {
    let fields = |before, after, votes: &[u32]| {
        let mut recorded = recorded();
        let held = recorded.iter_mut().find(|(name, _)| *name == "report_held");
        let (_, recorded) = held.unwrap();
        let Event::ReportHeld {
            codes,
            counts,
            reasons,
            ..
        } = &mut recorded.event
        else {
            panic!("it is held");
        };
        *codes = vec![HoldCode::FallWithoutCorrection];
        *counts = Some(samples::counts(votes));
        *reasons = vec![HoldReason::FallWithoutCorrection {
            option: 1,
            before,
            after,
        }];
        // But for the salted hash of the annex.
        encode_record(recorded, SALT).public.split_off(52)
    };
    assert_eq!(fields(70, 60, &[1, 60, 3]), fields(90, 2, &[80, 2, 7]));
}

#[test]
fn an_annex_with_other_reasons_than_the_public_codes_is_refused() {
    let recorded = recorded();
    let (_, held) = recorded
        .into_iter()
        .find(|(name, _)| *name == "report_held")
        .unwrap();
    let RecordBytes { public, annex } = encode_record(&held, SALT);
    let mut fewer = held.clone();
    let Event::ReportHeld { codes, reasons, .. } = &mut fewer.event else {
        panic!("it is held");
    };
    codes.pop();
    reasons.pop();
    let other = encode_record(&fewer, SALT);
    for (public, annex) in [(&public, &other.annex), (&other.public, &annex)] {
        let error = decode_record(public, Some(annex)).unwrap_err();
        assert!(error.to_string().contains("reasons"), "{error}");
    }
    assert_eq!(decode_record(&other.public, Some(&other.annex)), Ok(fewer));
}

#[test]
fn codes_of_reasons_to_hold_have_numbers_and_names_of_their_own() {
    let mut names = std::collections::BTreeSet::new();
    for (code, number) in HoldCode::ALL.into_iter().zip(1..) {
        assert_eq!(code.number(), number);
        assert_eq!(HoldCode::from_number(number), Some(code));
        assert!(names.insert(code.name()));
        assert!(!code.to_string().contains(|c: char| c.is_ascii_digit()));
    }
    assert_eq!(HoldCode::from_number(0), None);
    assert_eq!(HoldCode::from_number(9), None);
}

#[test]
fn an_annex_that_was_changed_is_found() {
    for (name, recorded) in recorded() {
        let RecordBytes { public, annex } = encode_record(&recorded, SALT);
        for place in 0..annex.len() {
            let mut changed = annex.clone();
            changed[place] ^= 1;
            assert!(!verify_annex(&public, &changed), "{name} at {place}");
        }
    }
    assert!(
        !verify_annex(&[0; 51], &[]),
        "a body that is cut off has no hash"
    );
}

#[test]
fn submissions_have_the_bytes_that_they_always_had() {
    for (name, submission) in samples::submissions() {
        let mut writer = Writer::default();
        encode_submission(&mut writer, &submission);
        let bytes = writer.into_bytes();
        assert_eq!(bytes, golden(name, &bytes), "{name}");
        let mut reader = Reader::new(&bytes);
        assert_eq!(decode_submission(&mut reader), Ok(submission));
        assert_eq!(reader.end(), Ok(()));
        check_all_damage(&bytes, submission_again);
    }
}

#[test]
fn outcomes_have_the_bytes_that_they_always_had() {
    for (name, outcome) in samples::outcomes() {
        let mut writer = Writer::default();
        encode_outcome(&mut writer, &outcome);
        let bytes = writer.into_bytes();
        assert_eq!(bytes, golden(name, &bytes), "{name}");
        let mut reader = Reader::new(&bytes);
        assert_eq!(decode_outcome(&mut reader), Ok(outcome));
        assert_eq!(reader.end(), Ok(()));
        check_all_damage(&bytes, outcome_again);
    }
}

/// Decodes and encodes again what can be decoded: the bytes that were read, and those written of them.
fn submission_again(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = Reader::new(bytes);
    let value = decode_submission(&mut reader).ok()?;
    let mut writer = Writer::default();
    encode_submission(&mut writer, &value);
    Some((bytes[..reader.offset()].to_vec(), writer.into_bytes()))
}

fn outcome_again(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = Reader::new(bytes);
    let value = decode_outcome(&mut reader).ok()?;
    let mut writer = Writer::default();
    encode_outcome(&mut writer, &value);
    Some((bytes[..reader.offset()].to_vec(), writer.into_bytes()))
}

// A record's bytes hold the hash of an annex; whatever decodes encodes to the same bytes but for that.
fn record_again(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let value = decode_record(bytes, None).ok()?;
    let mut again = encode_record(&value, SALT).public;
    again[20..52].copy_from_slice(&bytes[20..52]);
    Some((bytes.to_vec(), again))
}

fn annex_again(public: &[u8], annex: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let value = decode_record(public, Some(annex)).ok()?;
    let mut salt = [0; 16];
    salt.copy_from_slice(&annex[..16]);
    Some((annex.to_vec(), encode_record(&value, salt).annex))
}

/// Every truncation and every flipped bit: an error, or a value with these very bytes.
fn check_all_damage(bytes: &[u8], again: impl Fn(&[u8]) -> Option<(Vec<u8>, Vec<u8>)>) {
    for length in 0..bytes.len() {
        assert!(again(&bytes[..length]).is_none(), "cut off at {length}");
    }
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.to_vec();
            flipped[place] ^= 1 << bit;
            if let Some((read, written)) = again(&flipped) {
                assert_eq!(read, written, "bit {bit} of byte {place}");
            }
        }
    }
}

#[test]
fn a_damaged_record_is_an_error_or_another_record_but_never_two() {
    for (_, recorded) in recorded() {
        let RecordBytes { public, annex } = encode_record(&recorded, SALT);
        check_all_damage(&public, record_again);
        check_all_damage(&annex, |annex| annex_again(&public, annex));
        let mut longer = public.clone();
        longer.push(0);
        assert!(decode_record(&longer, None).is_err(), "bytes too many");
    }
}

#[test]
fn a_record_of_another_format_or_kind_is_refused_with_its_place() {
    let (_, recorded) = recorded().remove(0);
    let public = encode_record(&recorded, SALT).public;
    for (place, value, words) in [
        (0, 2, "format 2"),
        (1, 99, "99 is no kind"),
        (2, 1, "are 0"),
    ] {
        let mut changed = public.clone();
        changed[place] = value;
        let error = decode_record(&changed, None).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_wrong_length_makes_no_huge_allocation() {
    let huge = u32::MAX.to_le_bytes();
    let mut reader = Reader::new(&huge);
    assert!(reader.list(1, Reader::u8).is_err());
    let mut reader = Reader::new(&huge);
    assert!(reader.text().is_err());
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0_u8..40) {
        for again in [submission_again, outcome_again, record_again] {
            if let Some((read, written)) = again(&bytes) {
                prop_assert_eq!(read, written);
            }
        }
        let mut record = vec![1, kind, 0, 0];
        record.extend(&bytes);
        if let Some((read, written)) = record_again(&record) {
            prop_assert_eq!(read, written);
        }
    }

    #[test]
    fn several_damages_never_panic(
        number in 0_usize..20,
        damages in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (_, recorded) = recorded().swap_remove(number);
        let mut public = encode_record(&recorded, SALT).public;
        for (place, value) in damages {
            let place = place.index(public.len());
            public[place] = value;
        }
        if let Some((read, written)) = record_again(&public) {
            prop_assert_eq!(read, written);
        }
    }
}

fn any_unit() -> impl Strategy<Value = Unit> {
    let id = || "[a-zA-Z0-9._:-]{1,64}";
    let kind = prop::sample::select(UnitKind::ALL.to_vec());
    let area = prop::option::of(id());
    let groups = prop::collection::vec(id(), 0..3);
    let parts = (
        id(),
        kind,
        id(),
        area,
        any::<Option<u32>>(),
        ".{0,9}",
        groups,
    );
    parts.prop_map(|(id, kind, district, area, roll, name, groups)| Unit {
        id: UnitId::new(&id).unwrap(),
        kind,
        district: DistrictId::new(&district).unwrap(),
        area: area.map(|area| AreaId::new(&area).unwrap()),
        roll,
        name,
        counting_groups: { groups.iter() }
            .map(|it| CountingGroupId::new(it).unwrap())
            .collect(),
    })
}

proptest! {
    /// A look at a unit's bytes that makes nothing says of any bytes what reading them says, and ends where that ends.
    #[test]
    fn a_look_at_a_unit_says_what_reading_it_says(
        units in prop::collection::vec(any_unit(), 1..3),
        change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = encode_units(&units);
        if let Some((place, byte)) = change {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (mut one, mut other) = (Reader::new(&bytes), Reader::new(&bytes));
        for _ in 0..units.len() {
            let (looked, read) = (skip_unit(&mut one), decode_units(&mut other, 1));
            prop_assert_eq!(looked.is_ok(), read.is_ok(), "{:?} {:?}", looked, read);
            if read.is_err() {
                return Ok(());
            }
            prop_assert_eq!(one.offset(), other.offset());
        }
        prop_assert!(change.is_some() || cut.is_some() || one.end().is_ok());
    }
}
