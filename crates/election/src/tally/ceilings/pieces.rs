//! Rows by number, in pieces that tallies share after [`Pieces::share`] and own before.
//!
//! An owned piece is written without a look at who shares it: that look is an atomic operation, which on the path of a
//! report cost as much as all of its other arithmetic.

use std::sync::Arc;

/// Rows in a piece: small enough that a scattered write to a shared one copies little, large enough that there are few.
const PIECE: usize = 256;

/// Rows by number.
#[derive(Debug, Clone)]
pub(super) struct Pieces<T> {
    pieces: Vec<Piece<T>>,
    len: usize,
}

#[derive(Debug, Clone)]
enum Piece<T> {
    Own(Vec<T>),
    Shared(Arc<[T]>),
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self {
            pieces: Vec::new(),
            len: 0,
        }
    }
}

// Who owns a row says nothing of it.
impl<T: PartialEq> PartialEq for Pieces<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<T> Pieces<T> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn get(&self, row: usize) -> Option<&T> {
        self.pieces.get(row / PIECE)?.rows().get(row % PIECE)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flat_map(|piece| piece.rows())
    }
}

impl<T: Clone> Pieces<T> {
    pub fn get_mut(&mut self, row: usize) -> Option<&mut T> {
        self.pieces.get_mut(row / PIECE)?.own().get_mut(row % PIECE)
    }

    pub fn push(&mut self, row: T) {
        if self.len.is_multiple_of(PIECE) {
            self.pieces.push(Piece::Own(Vec::with_capacity(PIECE)));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.own().push(row);
            self.len += 1;
        }
    }

    /// From here on clones share the rows, until either writes to a piece.
    pub fn share(&mut self) {
        for piece in &mut self.pieces {
            if let Piece::Own(rows) = piece {
                *piece = Piece::Shared(std::mem::take(rows).into());
            }
        }
    }
}

impl<T> Piece<T> {
    fn rows(&self) -> &[T] {
        match self {
            Self::Own(rows) => rows,
            Self::Shared(rows) => rows,
        }
    }
}

impl<T: Clone> Piece<T> {
    fn own(&mut self) -> &mut Vec<T> {
        if let Self::Shared(rows) = self {
            // The last piece may still grow.
            let mut own = Vec::with_capacity(PIECE);
            own.extend_from_slice(rows);
            *self = Self::Own(own);
        }
        match self {
            Self::Own(rows) => rows,
            Self::Shared(_) => unreachable!("a shared piece has just become an own one"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Pieces};

    #[test]
    fn a_clone_after_sharing_keeps_what_it_had() {
        let mut rows = Pieces::default();
        (0..PIECE + 3).for_each(|row| rows.push(row));
        rows.share();
        let kept = rows.clone();
        assert_eq!(kept, rows);
        *rows.get_mut(1).unwrap() = 70;
        rows.push(71);
        assert_eq!((kept.len(), rows.len()), (PIECE + 3, PIECE + 4));
        assert_eq!((kept.get(1), rows.get(1)), (Some(&1), Some(&70)));
        assert_eq!(
            (kept.get(PIECE + 3), rows.get(PIECE + 3)),
            (None, Some(&71))
        );
        assert_ne!(kept, rows);
        assert!(kept.iter().copied().eq(0..PIECE + 3));
    }

    #[test]
    fn a_clone_without_sharing_is_another_one() {
        let mut rows = Pieces::default();
        (0..PIECE * 2).for_each(|row| rows.push(row));
        let kept = rows.clone();
        *rows.get_mut(PIECE).unwrap() = 0;
        assert_eq!(kept.get(PIECE), Some(&PIECE));
        assert_eq!(rows.get(PIECE * 2), None);
    }
}
