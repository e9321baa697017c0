use super::*;
use election::ids::UnitId;
use election::report::UnitStatus;
use proptest::prelude::*;

#[test]
fn an_instant_keeps_its_microseconds() {
    let sent = timestamp(Timestamp(1_610_236_800_123_456));
    assert_eq!((sent.seconds, sent.nanos), (1_610_236_800, 123_456_000));
    let before_1970 = timestamp(Timestamp(-1));
    assert_eq!((before_1970.seconds, before_1970.nanos), (-1, 999_999_000));
}

proptest! {
    #[test]
    fn an_instant_comes_back(instant: i64) {
        let instant = Timestamp(instant);
        // The very first second of the range begins before it.
        prop_assume!(instant.0 >= i64::MIN + MICROSECONDS);
        prop_assert_eq!(time("open_time", timestamp(instant)), Ok(instant));
    }
}

#[test]
fn an_instant_that_is_none_is_refused() {
    for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0)] {
        let refusal = time("open_time", pbjson_types::Timestamp { seconds, nanos }).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field.as_str()),
            (RefusalCode::Shape, "open_time")
        );
        assert_eq!(refusal.value, format!("{seconds} s {nanos} ns"));
    }
}

#[test]
fn a_value_that_is_unspecified_or_unknown_is_refused_with_the_names() {
    for number in [0, 11, -1] {
        let refusal = enumeration::<UnitStatus>("status", number).unwrap_err();
        assert_eq!(
            (refusal.field.as_str(), refusal.value),
            ("status", number.to_string())
        );
        assert!(
            refusal
                .rule
                .contains("UNIT_STATUS_EXPECTED, UNIT_STATUS_OPEN"),
            "{}",
            refusal.rule
        );
    }
    assert_eq!(enumeration("status", 10), Ok(UnitStatus::Merged));
}

#[test]
fn ids_hashes_and_log_ids_are_checked() {
    assert_eq!(
        id("unit_id", "demo-001", UnitId::new).map(String::from),
        Ok("demo-001".into())
    );
    for text in ["", "a b", &"x".repeat(65)] {
        let refusal = id("unit_id", text, UnitId::new).unwrap_err();
        assert_eq!(
            (refusal.field.as_str(), refusal.value.as_str()),
            ("unit_id", text)
        );
    }
    assert_eq!(
        hash("ballot_hash", &Bytes::from(vec![7; 32])),
        Ok(Hash([7; 32]))
    );
    assert_eq!(
        hash("ballot_hash", &Bytes::from(vec![7; 31]))
            .unwrap_err()
            .value,
        "31 bytes"
    );
    assert_eq!(
        log_id("log_id", &Bytes::from(vec![7; 16])),
        Ok(LogId([7; 16]))
    );
    assert_eq!(
        log_id("log_id", &Bytes::new()).unwrap_err().value,
        "0 bytes"
    );
}

#[test]
fn a_refusal_names_the_whole_path() {
    let refusal = required::<u8>("share", None)
        .map_err(within("coalitions[2]"))
        .map_err(within("threshold"));
    assert_eq!(refusal.unwrap_err().field, "threshold.coalitions[2].share");
}
