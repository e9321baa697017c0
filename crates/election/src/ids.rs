//! Names of things: short, printable, checked once at the border and never again.
//!
//! Every id is a non-empty ASCII string of at most [`ID_LENGTH_MAX`] bytes made of letters, digits and
//! `- _ . :`. They are chosen by the commission (in the definition) and never by Hemicycle.

use std::fmt;
use std::sync::Arc;

/// The longest id that is taken, in bytes.
pub const ID_LENGTH_MAX: usize = 64;

/// Why a string is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The string is empty.
    #[error("an id must not be empty")]
    Empty,
    /// The string is longer than [`ID_LENGTH_MAX`] bytes.
    #[error("an id has at most {ID_LENGTH_MAX} bytes; this one has {0}")]
    TooLong(usize),
    /// A character is not a letter, a digit or one of `- _ . :`.
    #[error("an id is made of ASCII letters, digits and - _ . : (found {0:?})")]
    Character(char),
}

pub(crate) fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_LENGTH_MAX {
        return Err(IdError::TooLong(text.len()));
    }
    if text.bytes().all(is_id_byte) {
        return Ok(());
    }
    let is_other = |c: &char| !u8::try_from(*c).is_ok_and(is_id_byte);
    match text.chars().find(is_other) {
        Some(c) => Err(IdError::Character(c)),
        None => Ok(()),
    }
}

/// Whether bytes are the letters of an id.
pub fn is_id(bytes: &[u8]) -> bool {
    const LETTERS: [bool; 256] = {
        let mut letters = [false; 256];
        let mut byte = 0_u8;
        while byte < u8::MAX {
            letters[byte as usize] = is_id_byte(byte);
            byte += 1;
        }
        letters
    };
    (1..=ID_LENGTH_MAX).contains(&bytes.len())
        && bytes.iter().all(|byte| LETTERS[usize::from(*byte)])
}

pub(crate) const fn is_id_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b':')
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text against the rules of an id.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// One election: one log.
    ElectionId
}
id! {
    /// One question put to the voters in an election: usually the list vote.
    ContestId
}
id! {
    /// What has seats.
    DistrictId
}
id! {
    /// What a vote can go to: a list, an independent, against all.
    OptionId
}
id! {
    /// What reports: a station, a hospital, a postal batch.
    UnitId
}
id! {
    /// A node of the tree for showing, such as a city district.
    AreaId
}
id! {
    /// A part of a unit's ballots that is counted and reported on its own, such as postal votes.
    CountingGroupId
}

/// The position of an event in its election's log: 1, 2, 3, ... without gaps. 0 stands for "before the first".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

impl Revision {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// The next one. The log would have to hold 2^64 events before this could not be answered.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which incarnation of an election's log this is: 16 random bytes, new after a lossy restore.
/// A token of another incarnation is never continued, it is reset.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId(pub [u8; 16]);

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Microseconds since 1970-01-01T00:00:00Z. Signed, as times before that are legal if odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);
