//! All routes of the feed, and before them what can be said at once: `results.json` of a frame that is ready, which is
//! asked for most.
//!
//! The answer is made by the function that the route behind makes it with. Only the way there is shorter: no path is
//! matched with all others, and no future is put on the heap.

use crate::http::routes::results_at_once;
use crate::http::security::with_headers;
use crate::service::Service;
use axum::body::HttpBody;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use axum::{BoxError, Router};
use bytes::Bytes;
use futures::TryFutureExt as _;
use futures::future::{Either, MapOk, Ready, ready};
use http::Request;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

/// All routes, with the headers that their answers have.
#[derive(Debug, Clone)]
pub struct Routes {
    service: Arc<Service>,
    others: Router,
}

impl Routes {
    /// The answers that are ready, and for everything else the router.
    pub(crate) const fn new(service: Arc<Service>, others: Router) -> Self {
        Self { service, others }
    }
}

type Later = MapOk<RouteFuture<Infallible>, fn(Response) -> Response>;

impl<B> tower::Service<Request<B>> for Routes
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, Later>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match results_at_once(&self.service, &request) {
            Some(response) => Either::Left(ready(Ok(with_headers(response)))),
            None => Either::Right(self.others.call(request).map_ok(with_headers)),
        }
    }
}
