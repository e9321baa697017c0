//! The layer around every call: its deadline, its span, its metrics, and its end when the listener must close.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, debug, info_span};

use crate::deadline::{self, MethodKind};
use crate::limits::Limits;
use crate::services::Contract;
use crate::shutdown::Stopper;
use crate::status::{self, code_name};

/// What health and reflection call their methods.
const OWN_METHODS: [(&str, MethodKind); 4] = [
    ("/grpc.health.v1.Health/Check", MethodKind::Unary),
    ("/grpc.health.v1.Health/Watch", MethodKind::Streaming),
    (
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        MethodKind::Streaming,
    ),
    (
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        MethodKind::Streaming,
    ),
];

/// The label of a path that no method has. Paths come from outside: as labels they would be without bound.
const UNKNOWN_METHOD: &str = "unknown";

/// How long a client that was cut off should wait before it tries again.
const RETRY_AFTER_CUT: std::time::Duration = std::time::Duration::from_secs(1);

/// Wraps a set of services.
#[derive(Debug, Clone)]
pub(crate) struct CallLayer(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    methods: HashMap<&'static str, MethodKind>,
    limits: Limits,
    stopper: Stopper,
}

impl CallLayer {
    pub(crate) fn new(contract: Contract, limits: Limits, stopper: Stopper) -> Self {
        let of_kind =
            |paths: &'static [&'static str], kind| paths.iter().map(move |path| (*path, kind));
        let methods = of_kind(contract.unary_methods, MethodKind::Unary)
            .chain(of_kind(contract.streaming_methods, MethodKind::Streaming))
            .chain(OWN_METHODS)
            .collect();
        Self(Arc::new(Rules {
            methods,
            limits,
            stopper,
        }))
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = Calls<S>;

    fn layer(&self, inner: S) -> Calls<S> {
        Calls {
            inner,
            rules: self.0.clone(),
        }
    }
}

/// The services with the layer around them.
#[derive(Debug, Clone)]
pub(crate) struct Calls<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> Service<Request<Body>> for Calls<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // An unknown method is answered at once by the router; it needs a name for its label, and any deadline will do.
        let (method, kind) = self
            .rules
            .methods
            .get_key_value(request.uri().path())
            .map_or((UNKNOWN_METHOD, MethodKind::Streaming), |(path, kind)| {
                (*path, *kind)
            });
        let mut record = CallRecord::start(method, kind);
        let mut end = match deadline::allowed(kind, request.headers(), &self.rules.limits) {
            Ok(time) => ForcedEnd::new(time, &self.rules.stopper),
            Err(refused) => {
                record.ended(refused.code());
                return Box::pin(async move { Ok(refused.into_http()) });
            }
        };
        let span = record.span.clone();
        let answer = self.inner.call(request);
        let watched = async move {
            let response = tokio::select! {
                biased;
                response = answer => response?,
                status = &mut end => {
                    record.ended(status.code());
                    return Ok(status.into_http());
                }
            };
            // An error without a message has its code in the headers and no body.
            if let Some(refused) = Status::from_header_map(response.headers()) {
                let unfit = status::of_unfit_message(&refused);
                record.ended(unfit.as_ref().unwrap_or(&refused).code());
                if let Some(unfit) = unfit {
                    return Ok(unfit.into_http());
                }
            }
            Ok(response.map(|inner| {
                Body::new(WatchedBody {
                    inner,
                    unwatched: UNWATCHED_MAX,
                    end: Some(end),
                    record,
                })
            }))
        };
        Box::pin(watched.instrument(span))
    }
}

/// Ends a call from outside: at its deadline, or when the listener's grace period is over.
struct ForcedEnd(Pin<Box<dyn Future<Output = Status> + Send>>);

impl ForcedEnd {
    fn new(time: Option<std::time::Duration>, stopper: &Stopper) -> Self {
        let deadline = time.map(tokio::time::sleep);
        let expired = stopper.expired();
        Self(Box::pin(async move {
            let deadline = async {
                match deadline {
                    Some(sleep) => sleep.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = deadline => Status::deadline_exceeded("the deadline of the call has passed"),
                () = expired => status::unavailable("the server is stopping", RETRY_AFTER_CUT),
            }
        }))
    }
}

impl Future for ForcedEnd {
    type Output = Status;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Status> {
        self.0.poll_unpin(context)
    }
}

/// Messages that may follow each other without a look at the forced end. Otherwise it is looked at whenever there is none.
const UNWATCHED_MAX: u8 = 16;

/// The messages of an answer, until their own end or the forced one.
struct WatchedBody {
    inner: Body,
    /// Messages since the forced end was looked at.
    unwatched: u8,
    /// None after the last frame.
    end: Option<ForcedEnd>,
    record: CallRecord,
}

impl WatchedBody {
    /// The last frame, where the call must end now.
    fn forced_end(&mut self, context: &mut Context<'_>) -> Option<Result<Frame<Bytes>, Status>> {
        self.unwatched = 0;
        let Poll::Ready(status) = self.end.as_mut()?.poll_unpin(context) else {
            return None;
        };
        self.end = None;
        self.record.ended(status.code());
        let mut trailers = HeaderMap::new();
        let added = status.add_header(&mut trailers);
        Some(added.map(|()| Frame::trailers(trailers)))
    }
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.end.is_none() {
            return Poll::Ready(None);
        }
        // A stream that always has another message must end too.
        if self.unwatched >= UNWATCHED_MAX
            && let Some(end) = self.forced_end(context)
        {
            return Poll::Ready(Some(end));
        }
        let mut frame = Pin::new(&mut self.inner).poll_frame(context);
        if frame.is_pending() {
            let end = self.forced_end(context);
            return end.map_or(frame, |end| Poll::Ready(Some(end)));
        }
        self.unwatched = self.unwatched.saturating_add(1);
        if let Poll::Ready(Some(Ok(frame))) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
            && let Some(status) = Status::from_header_map(trailers)
        {
            let unfit = status::of_unfit_message(&status);
            if let Some(unfit) = &unfit {
                trailers.clear();
                unfit.add_header(trailers)?;
            }
            self.record.ended(unfit.unwrap_or(status).code());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none() || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Says to the recorder of the process what the metrics of calls mean.
pub(crate) fn describe_metrics() {
    describe_gauge!("rpc_calls_open", "Calls that are being served, by method.");
    describe_counter!(
        "rpc_calls_total",
        "Calls that ended, by method and gRPC code."
    );
    describe_histogram!(
        "rpc_duration_seconds",
        "Time from a unary call's headers to the end of its answer, by method."
    );
}

/// Counts a call when it ends, however it ends.
struct CallRecord {
    method: &'static str,
    kind: MethodKind,
    started: Instant,
    /// What the call ended with. One that is dropped before it was said was given up by its client.
    code: Code,
    span: Span,
}

impl CallRecord {
    fn start(method: &'static str, kind: MethodKind) -> Self {
        gauge!("rpc_calls_open", "method" => method).increment(1);
        Self {
            method,
            kind,
            started: Instant::now(),
            code: Code::Cancelled,
            span: info_span!("call", method),
        }
    }

    fn ended(&mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        let (method, code) = (self.method, code_name(self.code));
        let duration = self.started.elapsed();
        gauge!("rpc_calls_open", "method" => method).decrement(1);
        counter!("rpc_calls_total", "method" => method, "code" => code).increment(1);
        // How long a stream lived says nothing about how fast it was.
        if self.kind == MethodKind::Unary {
            histogram!("rpc_duration_seconds", "method" => method).record(duration);
        }
        let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.span
            .in_scope(|| debug!(code, duration_us, "call ended"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::future::poll_fn;
    use std::time::Duration;

    /// Always has another message.
    struct Endless;

    impl http_body::Body for Endless {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"more")))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_always_has_a_message_ends_soon_after_its_deadline() {
        let endless = tower::service_fn(|_: Request<Body>| async {
            Ok::<_, Infallible>(Response::new(Body::new(Endless)))
        });
        let stopper = Stopper::new("test");
        let layer = CallLayer::new(Contract::default(), Limits::default(), stopper);
        let request = Request::builder()
            .uri("/test.Endless/Stream")
            .header("grpc-timeout", "1S")
            .body(Body::empty());
        let mut answer = layer.layer(endless).call(request.unwrap()).await.unwrap();
        let mut next = async || {
            let body = answer.body_mut();
            poll_fn(|context| http_body::Body::poll_frame(Pin::new(&mut *body), context)).await
        };
        for _ in 0..100 {
            assert!(next().await.unwrap().unwrap().is_data());
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut messages = 0;
        let trailers = loop {
            match next().await.unwrap().unwrap().into_trailers() {
                Ok(trailers) => break trailers,
                Err(_) => messages += 1,
            }
            assert!(messages <= UNWATCHED_MAX);
        };
        assert_eq!(trailers["grpc-status"], "4");
        assert!(next().await.is_none());
    }
}
