//! Little-endian primitives. Writing never fails; reading checks every length and never panics.
//!
//! All of them are inlined: a report is some sixty of them, and they are called from other crates.

use super::DecodeError;
use crate::definition::Hash;
use crate::ids::{Revision, Timestamp};

/// Appends values to a buffer.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty buffer with room for `capacity` bytes.
    #[inline]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
        }
    }

    /// Writes over what a buffer held, into its memory.
    #[inline]
    pub fn over(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes }
    }

    /// What was written.
    #[inline]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How many bytes were written.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Nothing was written.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes as they are, without a length.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// A flag as one byte.
    #[inline]
    pub fn flag(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    /// Two bytes.
    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    /// Four bytes.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    /// Eight bytes.
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    /// Four bytes for a length that the definition's limits keep far below 2^32.
    #[inline]
    pub fn length(&mut self, length: usize) {
        self.u32(u32::try_from(length).expect("lengths of records are limited far below 2^32"));
    }

    /// A revision, eight bytes.
    #[inline]
    pub fn revision(&mut self, revision: Revision) {
        self.u64(revision.0);
    }

    /// A time, eight bytes.
    #[inline]
    pub fn time(&mut self, time: Timestamp) {
        self.raw(&time.0.to_le_bytes());
    }

    /// Many numbers of four bytes, without a length.
    #[inline]
    pub fn u32s(&mut self, values: &[u32]) {
        let start = self.bytes.len();
        self.bytes.resize(start + values.len() * 4, 0);
        for (four, value) in self.bytes[start..].chunks_exact_mut(4).zip(values) {
            four.copy_from_slice(&value.to_le_bytes());
        }
    }

    /// Many numbers of eight bytes, without a length.
    #[inline]
    pub fn u64s(&mut self, values: &[u64]) {
        values.iter().for_each(|value| self.u64(*value));
    }

    /// A text with its length in four bytes.
    #[inline]
    pub fn text(&mut self, text: &str) {
        self.length(text.len());
        self.raw(text.as_bytes());
    }

    /// A flag, then the value if there is one.
    #[inline]
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// A length in four bytes, then the items.
    #[inline]
    pub fn list<T>(
        &mut self,
        items: impl ExactSizeIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.length(items.len());
        items.for_each(|item| write(self, item));
    }
}

/// Takes values from a buffer.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// How far it has read.
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How much is left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// An error at this place.
    pub fn fault(&self, what: impl Into<String>) -> DecodeError {
        DecodeError {
            offset: self.offset,
            what: what.into(),
        }
    }

    /// The next `length` bytes.
    #[inline]
    pub fn raw(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let slice = self.bytes[self.offset..]
            .get(..length)
            .ok_or_else(|| self.missing(length))?;
        self.offset += length;
        Ok(slice)
    }

    #[cold]
    fn missing(&self, length: usize) -> DecodeError {
        self.fault(format!("{length} more bytes are needed"))
    }

    /// The next bytes, as many as the array has.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let first = self.bytes[self.offset..].first_chunk::<N>();
        let array = *first.ok_or_else(|| self.missing(N))?;
        self.offset += N;
        Ok(array)
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    /// A flag: 0 or 1 and nothing else, so that equal values have equal bytes.
    #[inline]
    pub fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.fault(format!("a flag is 0 or 1, not {other}"))),
        }
    }

    /// Two bytes.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length, checked against what is left: each item takes at least `item_bytes_min` bytes. So a wrong length
    /// never makes a huge allocation.
    #[inline]
    pub fn length(&mut self, item_bytes_min: usize) -> Result<usize, DecodeError> {
        let length = usize::try_from(self.u32()?).map_err(|_| self.fault("length"))?;
        match length.checked_mul(item_bytes_min) {
            Some(bytes) if bytes <= self.remaining() => Ok(length),
            _ => Err(self.fault(format!(
                "{length} items do not fit in {} bytes",
                self.remaining()
            ))),
        }
    }

    /// A revision.
    #[inline]
    pub fn revision(&mut self) -> Result<Revision, DecodeError> {
        self.u64().map(Revision)
    }

    /// A time.
    #[inline]
    pub fn time(&mut self) -> Result<Timestamp, DecodeError> {
        self.array()
            .map(|bytes| Timestamp(i64::from_le_bytes(bytes)))
    }

    /// A content hash.
    #[inline]
    pub fn hash(&mut self) -> Result<Hash, DecodeError> {
        self.array().map(Hash)
    }

    /// `count` numbers of four bytes.
    #[inline]
    pub fn u32s(&mut self, count: usize) -> Result<Vec<u32>, DecodeError> {
        let bytes = self.raw(count.checked_mul(4).ok_or_else(|| self.fault("count"))?)?;
        Ok(bytes
            .chunks_exact(4)
            .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            .collect())
    }

    /// `count` numbers of eight bytes.
    #[inline]
    pub fn u64s(&mut self, count: usize) -> Result<Vec<u64>, DecodeError> {
        (0..count).map(|_| self.u64()).collect()
    }

    /// A text.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.length(1)?;
        let bytes = self.raw(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.fault("a text is not UTF-8"))
    }

    /// A text of its own.
    #[inline]
    pub fn string(&mut self) -> Result<String, DecodeError> {
        self.text().map(str::to_owned)
    }

    /// A value if the flag says so.
    #[inline]
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.flag()? {
            read(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A list of items of at least `item_bytes_min` bytes each.
    #[inline]
    pub fn list<T>(
        &mut self,
        item_bytes_min: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let length = self.length(item_bytes_min)?;
        (0..length).map(|_| read(self)).collect()
    }

    /// Nothing may be left.
    #[inline]
    pub fn end(&self) -> Result<(), DecodeError> {
        if self.remaining() == 0 {
            Ok(())
        } else {
            Err(self.fault(format!("{} bytes too many", self.remaining())))
        }
    }
}
