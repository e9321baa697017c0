//! Takes long tables from a stream, so that none of their bytes is in memory twice. Reading checks every length and never
//! panics.

#[cfg(test)]
mod tests;

use super::DecodeError;
use std::io::{self, Read};

/// What is taken of a table at once: small enough for the processor's cache.
const PIECE_BYTES: usize = 64 << 10;

/// A stream of a known length.
#[derive(Debug)]
pub struct Stream<R> {
    source: R,
    offset: u64,
    length: u64,
}

impl<R: Read> Stream<R> {
    /// Starts at the beginning of a source that has so many bytes.
    pub fn new(source: R, length: u64) -> Self {
        Self {
            source,
            offset: 0,
            length,
        }
    }

    /// An error at this place.
    pub fn fault(&self, what: impl Into<String>) -> DecodeError {
        DecodeError {
            offset: usize::try_from(self.offset).unwrap_or(usize::MAX),
            what: what.into(),
        }
    }

    /// A length, checked against what is left: each item takes at least `item_bytes_min` bytes. So a wrong length never
    /// makes a huge allocation.
    pub fn length(&mut self, item_bytes_min: usize) -> Result<usize, DecodeError> {
        let mut four = [0; 4];
        self.fill(&mut four)?;
        let length = u32::from_le_bytes(four);
        self.room(u64::from(length), item_bytes_min)?;
        usize::try_from(length).map_err(|_| self.fault("length"))
    }

    /// The next eight bytes as a number.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        let mut eight = [0; 8];
        self.fill(&mut eight)?;
        Ok(u64::from_le_bytes(eight))
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<Vec<u8>, DecodeError> {
        self.room(count as u64, 1)?;
        let mut bytes = vec![0; count];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// `count` numbers of four bytes.
    pub fn u32s(&mut self, count: usize) -> Result<Vec<u32>, DecodeError> {
        let mut numbers = Vec::new();
        self.pieces::<4, u32>(count, &mut numbers, |numbers, rows| {
            numbers.extend(rows.iter().map(|row| u32::from_le_bytes(*row)));
            Some(())
        })?;
        Ok(numbers)
    }

    /// `count` rows of `N` bytes, each made an item of; `None` says that a row is not one.
    pub fn rows<const N: usize, T>(
        &mut self,
        count: usize,
        mut item: impl FnMut(&[u8; N]) -> Option<T>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut items = Vec::new();
        self.pieces(count, &mut items, |items, rows| {
            rows.iter().try_for_each(|row| {
                items.push(item(row)?);
                Some(())
            })
        })?;
        Ok(items)
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), DecodeError> {
        match self.length - self.offset {
            0 => Ok(()),
            left => Err(self.fault(format!("{left} bytes too many"))),
        }
    }

    fn pieces<const N: usize, T>(
        &mut self,
        count: usize,
        items: &mut Vec<T>,
        mut take: impl FnMut(&mut Vec<T>, &[[u8; N]]) -> Option<()>,
    ) -> Result<(), DecodeError> {
        const { assert!(0 < N && N <= PIECE_BYTES, "a piece has room for a row") };
        self.room(count as u64, N)?;
        items.reserve_exact(count);
        let mut piece = vec![0; (count * N).min(PIECE_BYTES)];
        let mut left = count;
        while left > 0 {
            let rows = left.min(PIECE_BYTES / N);
            self.fill(&mut piece[..rows * N])?;
            take(items, piece[..rows * N].as_chunks().0)
                .ok_or_else(|| self.fault("a row of a table is none"))?;
            left -= rows;
        }
        Ok(())
    }

    fn room(&self, count: u64, item_bytes: usize) -> Result<(), DecodeError> {
        let left = self.length - self.offset;
        match count.checked_mul(item_bytes as u64) {
            Some(bytes) if bytes <= left => Ok(()),
            _ => Err(self.fault(format!("{count} items do not fit in {left} bytes"))),
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        self.room(bytes.len() as u64, 1)?;
        let filled = self.source.read_exact(bytes);
        filled.map_err(|error: io::Error| self.fault(error.to_string()))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}
