//! A service of raw bytes, written by hand so that these tests need no contract: what is tested is the runtime.
#![allow(dead_code, reason = "each of the tests' binaries uses some of it")]

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use futures::{Stream, StreamExt as _};
use http::uri::PathAndQuery;
use service_runtime::limits::MESSAGE_BYTES_MAX;
use service_runtime::services::{Contract, Services};
use tokio::sync::mpsc;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

pub const UNARY: &str = "/test.Echo/Unary";
pub const STREAMING: &str = "/test.Echo/Streaming";

/// A unary call with this content is never answered.
pub const HANG: &[u8] = b"hang";

/// A unary call with this content is answered after [`SLOW`].
pub const WAIT: &[u8] = b"wait";
pub const SLOW: Duration = Duration::from_secs(5);

/// A unary call with this content is answered with a byte more than a message may have.
pub const GROW: &[u8] = b"grow";

/// A stream that begins with this content gets messages of this size without end, and without a pause.
pub const FLOOD: &[u8] = b"flood";
pub const FLOOD_BYTES: usize = 8 * 1024;

pub fn services(echo: Echo) -> Services {
    Services::new(Contract {
        descriptors: &[],
        unary_methods: &[UNARY],
        streaming_methods: &[STREAMING],
    })
    .with(echo)
}

/// Answers with what it was sent. A stream answers each message and never ends by itself.
#[derive(Clone, Default)]
pub struct Echo {
    /// Hears of every handler that was dropped without having answered.
    pub cancelled: Option<mpsc::Sender<()>>,
}

impl tonic::server::NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl tower::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let cancelled = self.cancelled.clone();
        let mut grpc = tonic::server::Grpc::new(Raw)
            .apply_max_message_size_config(Some(MESSAGE_BYTES_MAX), Some(MESSAGE_BYTES_MAX));
        Box::pin(async move {
            Ok(match request.uri().path() {
                UNARY => {
                    let unary =
                        tower::service_fn(move |request| answer(request, cancelled.clone()));
                    grpc.unary(unary, request).await
                }
                STREAMING => {
                    grpc.streaming(tower::service_fn(answer_each), request)
                        .await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

async fn answer(
    request: Request<Bytes>,
    cancelled: Option<mpsc::Sender<()>>,
) -> Result<Response<Bytes>, Status> {
    let mut guard = Unanswered(cancelled);
    let content = request.into_inner();
    if content == HANG {
        std::future::pending::<()>().await;
    } else if content == WAIT {
        tokio::time::sleep(SLOW).await;
    }
    guard.0 = None;
    if content == GROW {
        return Ok(Response::new(vec![7; MESSAGE_BYTES_MAX + 1].into()));
    }
    Ok(Response::new(content))
}

struct Unanswered(Option<mpsc::Sender<()>>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(cancelled) = &self.0 {
            cancelled
                .try_send(())
                .expect("the test leaves room for one message a call");
        }
    }
}

type Answers = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

async fn answer_each(request: Request<Streaming<Bytes>>) -> Result<Response<Answers>, Status> {
    let mut messages = request.into_inner().peekable();
    let first = Pin::new(&mut messages).peek().await;
    if first.is_some_and(|first| first.as_ref().is_ok_and(|first| first == FLOOD)) {
        let drop = Bytes::from_static(&[7; FLOOD_BYTES]);
        return Ok(Response::new(Box::pin(futures::stream::repeat_with(
            move || Ok(drop.clone()),
        ))));
    }
    Ok(Response::new(Box::pin(
        messages.chain(futures::stream::pending()),
    )))
}

/// Calls the unary method, with a deadline if one is given.
pub async fn ask(channel: &Channel, content: impl Into<Bytes>) -> Result<Bytes, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone())
        .max_decoding_message_size(usize::MAX)
        .max_encoding_message_size(usize::MAX);
    grpc.ready()
        .await
        .map_err(|error| Status::from_error(error.into()))?;
    let request = Request::new(content.into());
    let response = grpc
        .unary(request, PathAndQuery::from_static(UNARY), Raw)
        .await?;
    Ok(response.into_inner())
}

/// Opens a stream with one message sent.
pub async fn open(
    channel: &Channel,
    deadline: Option<Duration>,
) -> Result<Streaming<Bytes>, Status> {
    open_with(channel, deadline, b"first").await
}

/// Opens a stream with this message sent.
pub async fn open_with(
    channel: &Channel,
    deadline: Option<Duration>,
    content: &'static [u8],
) -> Result<Streaming<Bytes>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready()
        .await
        .map_err(|error| Status::from_error(error.into()))?;
    let once = futures::stream::once(std::future::ready(Bytes::from_static(content)));
    let mut request = Request::new(once);
    if let Some(deadline) = deadline {
        request.set_timeout(deadline);
    }
    let path = PathAndQuery::from_static(STREAMING);
    Ok(grpc.streaming(request, path, Raw).await?.into_inner())
}

/// Messages are the bytes themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
