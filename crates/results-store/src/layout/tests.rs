use super::*;
use election::report::HoldCode;
use proptest::prelude::*;

fn slot_change(revision: u64, outcome: SlotOutcome) -> SlotChange {
    SlotChange {
        revision: Revision(revision),
        slot: Slot {
            unit: u32::MAX,
            district: 513,
            contest: 2,
            counting_group: 3,
        },
        outcome,
        version: Some(u32::MAX),
        kind: Some(ReportKind::Recount),
        after: SlotState {
            status: UnitStatus::Merged,
            counted: true,
            pending: false,
        },
        reference: Some(Revision(u64::MAX)),
    }
}

#[test]
fn every_reason_has_a_number() {
    let reasons = HoldCode::ALL.map(HoldCode::name).to_vec();
    assert_eq!(reasons, REASON_CODES);
    let change = slot_change(7, SlotOutcome::Conflict);
    let held = HeldReport {
        time: Timestamp(-5),
        reasons,
    };
    let body = encode_pending(&change, &held);
    let report = decode_pending(7, &body);
    assert_eq!(report, Some(PendingReport::new(&change, &held)));
}

#[test]
fn every_kind_of_pointer_is_read_as_it_was_written() {
    let slots = SlotOutcome::ALL.map(|outcome| Change::Slot {
        change: slot_change(9, outcome),
        held: None,
    });
    let milestones = MilestoneKind::ALL.map(|kind| Change::Milestone {
        milestone: Milestone {
            revision: Revision(9),
            kind,
        },
        log_id: None,
    });
    let turnout = Change::Turnout(TurnoutChange {
        revision: Revision(9),
        unit: 1,
        district: 2,
        version: 3,
        turnout: Turnout {
            ballots_issued: u32::MAX,
            is_final: true,
        },
    });
    for change in slots.into_iter().chain(milestones).chain([turnout]) {
        let bytes = Pointer::encode(4, &change);
        let pointer = Pointer {
            previous: 4,
            change,
        };
        assert_eq!(Pointer::decode(9, &bytes), Some(pointer));
    }
}

#[test]
fn a_row_under_another_key_or_with_another_bit_is_damaged() {
    let row = seal(b"b1", vec![1, 2, 3]);
    assert_eq!(unseal(b"b1", &row).unwrap(), [1, 2, 3]);
    assert!(matches!(unseal(b"b2", &row), Err(StoreError::Damaged(_))));
    for bit in 0..row.len() * 8 {
        let mut changed = row.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(unseal(b"b1", &changed).is_err(), "bit {bit}");
        assert!(
            unseal(b"b1", &row[..bit / 8]).is_err(),
            "cut at {}",
            bit / 8
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        // What is read is written as the same bytes again, but for spare ones: nothing is guessed.
        if let Some(head) = Head::decode(&bytes) {
            prop_assert_eq!(Head::decode(&head.encode()), Some(head));
        }
        if let Some(block) = Block::decode(&bytes) {
            prop_assert_eq!(Block::decode(&block.encode()), Some(block));
        }
        if let Some(pointer) = bytes.get(..POINTER_BYTES).and_then(|bytes| Pointer::decode(9, bytes)) {
            let again = Pointer::encode(pointer.previous, &pointer.change);
            prop_assert_eq!(Pointer::decode(9, &again), Some(pointer));
        }
    }
}
