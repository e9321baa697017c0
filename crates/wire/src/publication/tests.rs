use super::*;
use crate::field::Enumeration;
use election::event::{Event, Recorded};
use election::ids::Timestamp;

#[test]
fn a_place_comes_back_from_its_token() {
    let position = Position {
        log_id: LogId([3; 16]),
        revision: Revision(9),
        publication_seq: 2,
    };
    assert_eq!(
        Position::try_from(proto::ResumeToken::from(position)),
        Ok(position)
    );
    let token = proto::ResumeToken {
        log_id: vec![3; 15].into(),
        ..position.into()
    };
    assert_eq!(Position::try_from(token).unwrap_err().field, "log_id");
}

#[test]
fn modes_come_back() {
    for mode in [
        PublicationMode::FollowHead,
        PublicationMode::HoldAt(Revision(5)),
        PublicationMode::Paused,
    ] {
        assert_eq!(
            PublicationMode::try_from(proto::PublicationMode::from(mode)),
            Ok(mode)
        );
    }
    assert_eq!(
        PublicationMode::try_from(proto::PublicationMode::default())
            .unwrap_err()
            .field,
        "mode"
    );
}

fn recorded(revision: u64, event: Event) -> Recorded {
    Recorded {
        revision: Revision(revision),
        time: Timestamp(0),
        principal: String::new(),
        event,
    }
}

#[test]
fn what_the_public_may_see_is_sent_with_reason_and_openings() {
    let mut publication = Publication::default();
    let opens_at = Timestamp(1_610_280_000_000_000);
    publication.apply(&recorded(
        2,
        Event::ClassOpened {
            class: PublicationClass::Turnout,
            opens_at,
        },
    ));
    let mode = PublicationMode::Paused;
    publication.apply(&recorded(
        3,
        Event::PublicationMoved {
            mode,
            reason: "court order".into(),
        },
    ));
    let message = proto::Publication::from(&publication);
    assert_eq!(
        (message.publication_seq, message.reason.as_str()),
        (2, "court order")
    );
    assert_eq!(message.mode, Some(mode.into()));
    assert_eq!(message.openings.len(), 1);
    assert_eq!(
        message.openings[0].publication_class(),
        proto::PublicationClass::Turnout
    );
    assert_eq!(message.openings[0].open_time, Some(timestamp(opens_at)));
}

#[test]
fn stages_marks_and_classes_have_their_numbers() {
    for stage in Stage::ALL {
        assert_eq!(Stage::from_number(stage.number()), Some(stage));
    }
    for mark in Mark::ALL {
        assert_eq!(Mark::from_number(mark.number()), Some(mark));
    }
    for class in PublicationClass::ALL {
        assert_eq!(PublicationClass::from_number(class.number()), Some(class));
    }
}
