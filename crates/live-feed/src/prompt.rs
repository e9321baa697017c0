//! A request that has to come to its end: who begins one and stops in the middle is not waited for.

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

/// How long the body of a request may take. All requests are a few ids.
pub(crate) const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);

/// The body of a request that fails when it has not ended in time.
#[derive(Debug)]
pub(crate) struct Prompt {
    body: Body,
    end: Pin<Box<Sleep>>,
}

impl Prompt {
    /// A body that has to end in time from now.
    pub fn new(body: Body) -> Self {
        Self {
            body,
            end: Box::pin(tokio::time::sleep(REQUEST_TIME_MAX)),
        }
    }
}

impl http_body::Body for Prompt {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        // The time comes first: who sends a little again and again is late too.
        if self.end.as_mut().poll(context).is_ready() {
            let late = Status::deadline_exceeded("the request did not come to its end in 10 s");
            return Poll::Ready(Some(Err(late)));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
