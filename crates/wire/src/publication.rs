//! Stages, marks, what is public, and places in a log.

use crate::common::v1 as proto;
use crate::field::{counterparts, log_id, required, timestamp};
use election::ids::{LogId, Revision};
use election::publication::{Publication, PublicationClass, PublicationMode};
use election::report::Refusal;
use election::stage::{Mark, Stage};
use proto::publication_mode::{FollowHead, HoldAt, Mode, Paused};

counterparts!(proto::Stage, Stage, {
    PreElection = PreElection,
    PartialUnofficial = PartialUnofficial,
    CompleteUnofficial = CompleteUnofficial,
    Declared = Declared,
    Certified = Certified,
});

counterparts!(proto::Mark, Mark, {
    Recount = Recount,
    Amended = Amended,
    Annulled = Annulled,
});

counterparts!(proto::PublicationClass, PublicationClass, {
    Definition = Definition,
    Turnout = Turnout,
    Results = Results,
});

/// A place in a log, as a reader has seen it: the content of a resume token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The incarnation of the log.
    pub log_id: LogId,
    /// The revision.
    pub revision: Revision,
    /// How many publication events there were.
    pub publication_seq: u64,
}

impl From<Position> for proto::ResumeToken {
    fn from(position: Position) -> Self {
        let Position {
            log_id,
            revision,
            publication_seq,
        } = position;
        Self {
            log_id: log_id.0.to_vec().into(),
            revision: revision.0,
            publication_seq,
        }
    }
}

impl TryFrom<proto::ResumeToken> for Position {
    type Error = Refusal;

    fn try_from(token: proto::ResumeToken) -> Result<Self, Refusal> {
        let proto::ResumeToken {
            log_id: bytes,
            revision,
            publication_seq,
        } = token;
        Ok(Self {
            log_id: log_id("log_id", &bytes)?,
            revision: Revision(revision),
            publication_seq,
        })
    }
}

impl From<PublicationMode> for proto::PublicationMode {
    fn from(mode: PublicationMode) -> Self {
        let mode = match mode {
            PublicationMode::FollowHead => Mode::FollowHead(FollowHead {}),
            PublicationMode::HoldAt(revision) => Mode::HoldAt(HoldAt {
                revision: revision.0,
            }),
            PublicationMode::Paused => Mode::Paused(Paused {}),
        };
        Self { mode: Some(mode) }
    }
}

impl TryFrom<proto::PublicationMode> for PublicationMode {
    type Error = Refusal;

    fn try_from(mode: proto::PublicationMode) -> Result<Self, Refusal> {
        let proto::PublicationMode { mode } = mode;
        Ok(match required("mode", mode)? {
            Mode::FollowHead(FollowHead {}) => Self::FollowHead,
            Mode::HoldAt(HoldAt { revision }) => Self::HoldAt(Revision(revision)),
            Mode::Paused(Paused {}) => Self::Paused,
        })
    }
}

impl From<&Publication> for proto::Publication {
    fn from(publication: &Publication) -> Self {
        let openings = PublicationClass::ALL.into_iter().filter_map(|class| {
            let open_time = timestamp(publication.opens_at(class)?);
            let publication_class = proto::PublicationClass::from(class).into();
            Some(proto::ClassOpening {
                publication_class,
                open_time: Some(open_time),
            })
        });
        Self {
            publication_seq: publication.seq(),
            mode: Some(publication.mode().into()),
            reason: publication.reason().into(),
            openings: openings.collect(),
        }
    }
}

/// What the public sees of a publication when it has seen the log up to a revision: without the revision of a hold that
/// lies beyond, which would tell how much there is.
pub fn publication_seen(publication: &Publication, seen: Revision) -> proto::Publication {
    let mut message = proto::Publication::from(publication);
    if let PublicationMode::HoldAt(at) = publication.mode() {
        message.mode = Some(PublicationMode::HoldAt(at.min(seen)).into());
    }
    message
}

#[cfg(test)]
mod tests;
