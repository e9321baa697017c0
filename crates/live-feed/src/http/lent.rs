//! A large document as the body of an answer, that the reader does not keep from being forgotten: a slow reader of an old
//! table holds a chunk of it and no more, and is cut off when the table is gone.

use crate::http::encoded::{Coding, Encoded};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

/// What is copied out of the document at once, in bytes: as much as a connection may have waiting.
const CHUNK_BYTES: usize = 8 * 1024;

/// The document has been replaced so long ago that it is forgotten.
#[derive(Debug, thiserror::Error)]
#[error("the document was replaced while it was read")]
pub(crate) struct Gone;

/// The bytes of a document that are still to be sent.
#[derive(Debug)]
pub(crate) struct Lent {
    document: Weak<Encoded>,
    coding: Coding,
    sent: usize,
    length: usize,
}

impl Lent {
    /// All bytes of a document in a coding.
    pub fn new(document: &Arc<Encoded>, coding: Coding) -> Self {
        Self {
            document: Arc::downgrade(document),
            coding,
            sent: 0,
            length: document.coded(coding).len(),
        }
    }

    fn left(&self) -> usize {
        self.length - self.sent
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = Gone;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Gone>>> {
        if self.left() == 0 {
            return Poll::Ready(None);
        }
        let Some(document) = self.document.upgrade() else {
            return Poll::Ready(Some(Err(Gone)));
        };
        let end = self.sent + self.left().min(CHUNK_BYTES);
        // A copy: a slice would hold all of it.
        let chunk = Bytes::copy_from_slice(&document.coded(self.coding)[self.sent..end]);
        self.sent = end;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.left()).unwrap_or(u64::MAX))
    }
}
