//! Frames go out as the bytes that were made once for all viewers: `WatchFrames` has a codec that copies no field.
//!
//! Every other method is served by the generated server.

use crate::prompt::Prompt;
use crate::rpc::Rpc;
use crate::service::Service as Feed;
use bytes::{Buf, BufMut as _, Bytes};
use prost::Message as _;
use service_runtime::limits::{MESSAGE_BYTES_MAX, SMALL_REQUEST_BYTES_MAX};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
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
        let watch = WatchFrames(self.rpc.clone());
        Box::pin(async move {
            let (request_max, answer_max) = (SMALL_REQUEST_BYTES_MAX, MESSAGE_BYTES_MAX);
            let mut grpc = Grpc::new(PassThrough)
                .apply_max_message_size_config(Some(request_max), Some(answer_max));
            Ok(grpc.server_streaming(watch, request).await)
        })
    }
}

struct WatchFrames(Rpc);

impl ServerStreamingService<WatchFramesRequest> for WatchFrames {
    type Response = Bytes;
    type ResponseStream = Pin<Box<dyn futures::Stream<Item = Result<Bytes, Status>> + Send>>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<WatchFramesRequest>) -> Self::Future {
        let stream = self.0.watch_encoded(request.into_inner());
        std::future::ready(stream.map(Response::new).map_err(Status::from))
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct PassThrough;

impl Codec for PassThrough {
    type Encode = Bytes;
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

/// What a viewer holds while it waits. A frame makes its own room, and is handed on by itself: a slow viewer must not
/// gather several.
const IDLE_BUFFER_BYTES: usize = 64;

impl Encoder for PassThrough {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, bytes: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(bytes.len());
        buffer.put(bytes);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(IDLE_BUFFER_BYTES, IDLE_BUFFER_BYTES)
    }
}

impl Decoder for PassThrough {
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
