//! Fields of messages: what is read the same way everywhere, and refusals that name where they stand.

use bytes::Bytes;
use election::definition::Hash;
use election::ids::{IdError, LogId, Timestamp};
use election::report::{Refusal, RefusalCode};
use std::fmt;

/// An enum of the contract as the domain has it. Implemented by exhaustive matches in both directions.
pub trait Enumeration: Sized + Copy {
    /// The number in a message.
    fn number(self) -> i32;
    /// The value of that number; `None` where the contract does not have it, or leaves it unspecified.
    fn from_number(number: i32) -> Option<Self>;
    /// The names of all values, for a refusal.
    fn names() -> String;
}

/// Ties an enum of the contract to one of the domain, value by value: a value that either side lacks breaks the build.
macro_rules! counterparts {
    ($proto:ty, $domain:ty, { $($variant:ident = $value:ident),+ $(,)? }) => {
        impl From<$domain> for $proto {
            fn from(value: $domain) -> Self {
                match value {
                    $(<$domain>::$value => Self::$variant,)+
                }
            }
        }

        impl $crate::field::Enumeration for $domain {
            fn number(self) -> i32 {
                <$proto>::from(self).into()
            }

            fn from_number(number: i32) -> Option<Self> {
                match <$proto>::try_from(number).ok()? {
                    <$proto>::Unspecified => None,
                    $(<$proto>::$variant => Some(Self::$value),)+
                }
            }

            fn names() -> String {
                [$(<$proto>::$variant.as_str_name()),+].join(", ")
            }
        }
    };
}
pub(crate) use counterparts;

/// A refusal of a field's shape.
pub(crate) fn shape(
    field: impl Into<String>,
    value: impl fmt::Display,
    rule: impl Into<String>,
) -> Refusal {
    Refusal::new(RefusalCode::Shape, field, value, rule)
}

/// Puts the path of the message around that of its field.
pub fn within(path: impl fmt::Display) -> impl FnOnce(Refusal) -> Refusal {
    move |refusal| {
        let field = format!("{path}.{}", refusal.field);
        Refusal { field, ..refusal }
    }
}

/// A message that must be there.
///
/// # Errors
/// A refusal of the field if it is missing.
pub fn required<T>(field: &str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| shape(field, "", "must be set"))
}

/// An id, checked by the constructor of its kind.
///
/// # Errors
/// A refusal of the field with the id's rule.
pub fn id<T>(
    field: &str,
    text: &str,
    constructor: impl FnOnce(&str) -> Result<T, IdError>,
) -> Result<T, Refusal> {
    constructor(text).map_err(|error| shape(field, text, error.to_string()))
}

/// An id that is empty where there is none.
pub(crate) fn optional_id<T>(
    field: &str,
    text: &str,
    constructor: impl FnOnce(&str) -> Result<T, IdError>,
) -> Result<Option<T>, Refusal> {
    (!text.is_empty())
        .then(|| id(field, text, constructor))
        .transpose()
}

/// A value of an enum.
///
/// # Errors
/// A refusal of the field if the number is unspecified or unknown.
pub fn enumeration<T: Enumeration>(field: &str, number: i32) -> Result<T, Refusal> {
    T::from_number(number)
        .ok_or_else(|| shape(field, number, format!("must be one of {}", T::names())))
}

/// A SHA-256.
///
/// # Errors
/// A refusal of the field if it has not 32 bytes.
pub fn hash(field: &str, bytes: &Bytes) -> Result<Hash, Refusal> {
    let hash = <[u8; 32]>::try_from(bytes.as_ref());
    hash.map(Hash).map_err(|_| {
        shape(
            field,
            format!("{} bytes", bytes.len()),
            "a SHA-256 has 32 bytes",
        )
    })
}

/// The incarnation of a log.
///
/// # Errors
/// A refusal of the field if it has not 16 bytes.
pub fn log_id(field: &str, bytes: &Bytes) -> Result<LogId, Refusal> {
    let id = <[u8; 16]>::try_from(bytes.as_ref());
    id.map(LogId).map_err(|_| {
        shape(
            field,
            format!("{} bytes", bytes.len()),
            "a log id has 16 bytes",
        )
    })
}

const MICROSECONDS: i64 = 1_000_000;

/// An instant as it is sent.
pub fn timestamp(time: Timestamp) -> pbjson_types::Timestamp {
    let microseconds = i32::try_from(time.0.rem_euclid(MICROSECONDS))
        .expect("a second has a million microseconds");
    pbjson_types::Timestamp {
        seconds: time.0.div_euclid(MICROSECONDS),
        nanos: microseconds * 1_000,
    }
}

/// An instant as it came. Parts of a microsecond are dropped.
///
/// # Errors
/// A refusal of the field if its nanoseconds are not within a second, or if it is some 292,000 years away.
pub fn time(field: &str, timestamp: pbjson_types::Timestamp) -> Result<Timestamp, Refusal> {
    let pbjson_types::Timestamp { seconds, nanos } = timestamp;
    let microseconds = seconds
        .checked_mul(MICROSECONDS)
        .filter(|_| (0..1_000_000_000).contains(&nanos));
    let time = microseconds.and_then(|start| start.checked_add(i64::from(nanos / 1_000)));
    time.map(Timestamp).ok_or_else(|| {
        let rule = "nanos must be 0 to 999999999, and the instant within 64 bits of microseconds";
        shape(field, format!("{seconds} s {nanos} ns"), rule)
    })
}

#[cfg(test)]
mod tests;
