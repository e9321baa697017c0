//! Frames go out as the bytes that were made once for all viewers: the body of an answer of `WatchFrames` hands them on as
//! they are. The request is read by tonic, as everywhere, and every other method is served by the generated server.

use crate::prompt::Prompt;
use crate::rpc::Rpc;
use crate::service::Service as Feed;
use bytes::{Buf, Bytes};
use futures::Stream;
use http::HeaderMap;
use http_body::Frame;
use prost::Message as _;
use service_runtime::limits::{MESSAGE_BYTES_MAX, SMALL_REQUEST_BYTES_MAX};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::oneshot;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Request, Response, Status};
use wire::feed::v1::WatchFramesRequest;
use wire::feed::v1::live_feed_service_server::LiveFeedServiceServer;

const WATCH_FRAMES: &str = "/hemicycle.feed.v1.LiveFeedService/WatchFrames";

type Generated = LiveFeedServiceServer<Rpc>;

/// `LiveFeedService`, with `WatchFrames` passed through.
#[derive(Debug, Clone)]
pub(crate) struct FeedServer {
    rpc: Rpc,
    generated: Generated,
}

impl FeedServer {
    pub fn new(service: Arc<Feed>) -> Self {
        let rpc = Rpc { service };
        let generated = LiveFeedServiceServer::new(rpc.clone())
            .max_decoding_message_size(SMALL_REQUEST_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Self { rpc, generated }
    }
}

impl NamedService for FeedServer {
    const NAME: &'static str = <Generated as NamedService>::NAME;
}

impl Service<http::Request<Body>> for FeedServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let request = request.map(|body| Body::new(Prompt::new(body)));
        if request.uri().path() != WATCH_FRAMES {
            return self.generated.call(request);
        }
        let rpc = self.rpc.clone();
        Box::pin(async move {
            let (sender, watched) = oneshot::channel();
            let watch = WatchFrames {
                rpc,
                watched: Some(sender),
            };
            let request_max = Some(SMALL_REQUEST_BYTES_MAX);
            let mut grpc = Grpc::new(RequestAlone).apply_max_message_size_config(request_max, None);
            let response = grpc.server_streaming(watch, request).await;
            // What is refused has its status in the headers.
            Ok(match watched.await {
                Ok(frames) => response.map(|_| Body::new(FramesBody(Some(frames)))),
                Err(_) => response,
            })
        })
    }
}

type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// Hands on what the viewer gets, in place of a stream whose messages tonic would copy.
struct WatchFrames {
    rpc: Rpc,
    watched: Option<oneshot::Sender<Messages>>,
}

impl ServerStreamingService<WatchFramesRequest> for WatchFrames {
    type Response = Infallible;
    type ResponseStream = futures::stream::Empty<Result<Infallible, Status>>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<WatchFramesRequest>) -> Self::Future {
        let frames = self.rpc.watch_encoded(request.into_inner());
        let answer = frames.map_err(Status::from).map(|frames| {
            // Whoever waits for it is gone with the call.
            self.watched.take().map(|watched| watched.send(frames).ok());
            Response::new(futures::stream::empty())
        });
        std::future::ready(answer)
    }
}

/// Messages as they are, then the status. `None`: that was said.
struct FramesBody(Option<Messages>);

impl http_body::Body for FramesBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(messages) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let status = match ready!(messages.as_mut().poll_next(context)) {
            Some(Ok(message)) => return Poll::Ready(Some(Ok(Frame::data(message)))),
            Some(Err(status)) => status,
            None => Status::ok(""),
        };
        self.0 = None;
        let mut trailers = HeaderMap::new();
        let added = status.add_header(&mut trailers);
        Poll::Ready(Some(added.map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

/// Reads requests. Answers do not come this way.
#[derive(Debug, Clone, Copy, Default)]
struct RequestAlone;

impl Codec for RequestAlone {
    type Encode = Infallible;
    type Decode = WatchFramesRequest;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RequestAlone {
    type Item = Infallible;
    type Error = Status;

    fn encode(&mut self, nothing: Infallible, _: &mut EncodeBuf<'_>) -> Result<(), Status> {
        match nothing {}
    }
}

impl Decoder for RequestAlone {
    type Item = WatchFramesRequest;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<WatchFramesRequest>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        let request = WatchFramesRequest::decode(bytes);
        request.map(Some).map_err(|error| {
            Status::invalid_argument(format!("the request cannot be decoded: {error}"))
        })
    }
}
