//! The runtime around a service: deadlines, limits, drain, health, reflection; in memory and over TCP.

mod echo;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use echo::{
    Echo, FLOOD, FLOOD_BYTES, GROW, HANG, SLOW, UNARY, WAIT, ask, open, open_with, services,
};
use futures::StreamExt as _;
use service_runtime::limits::{Limits, MESSAGE_BYTES_MAX};
use service_runtime::pipe::{Pipe, local_channel};
use service_runtime::shutdown::Stopper;
use service_runtime::{channel, server};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt as _;

const GRACE: Duration = Duration::from_secs(20);

fn start() -> (Channel, Stopper) {
    let stopper = Stopper::new("test");
    let channel = local_channel(services(Echo::default()), Limits::default(), &stopper);
    (channel, stopper)
}

async fn listening(limits: Limits) -> (SocketAddr, Stopper) {
    let stopper = Stopper::new("test");
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("it listens");
    let services = services(Echo::default());
    stopper.spawn(server::serve(listener, services, limits, stopper.clone()));
    (address, stopper)
}

#[tokio::test]
async fn a_pipe_carries_calls_and_streams() {
    let (channel, stopper) = start();
    assert_eq!(ask(&channel, "hello").await.unwrap(), "hello");
    let mut stream = open(&channel, None).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "first");
    drop((stream, channel));
    stopper.drain(GRACE).await.unwrap();
}

#[tokio::test]
async fn tcp_carries_the_same() {
    let stopper = Stopper::new("test");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = server::serve(
        listener,
        services(Echo::default()),
        Limits::default(),
        stopper.clone(),
    );
    let served = stopper.spawn(served);
    let channel = channel::connect(&address).unwrap();
    assert_eq!(ask(&channel, "hello").await.unwrap(), "hello");
    stopper.drain(GRACE).await.unwrap();
    served.await.unwrap().unwrap().unwrap();
    assert_eq!(
        ask(&channel, "late").await.unwrap_err().code(),
        Code::Unavailable
    );
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once_and_makes_no_difference_to_others() {
    let limits = Limits {
        connections_max: 1,
        ..Limits::default()
    };
    let (address, stopper) = listening(limits).await;
    let first = channel::connect(&format!("http://{address}")).unwrap();
    assert_eq!(ask(&first, "hello").await.unwrap(), "hello");
    let mut second = TcpStream::connect(address).await.unwrap();
    // Closed without a word; one that is taken is told the settings of HTTP/2 at once.
    let read = second.read_to_end(&mut Vec::new()).await.unwrap_or(0);
    assert_eq!(read, 0);
    assert_eq!(ask(&first, "again").await.unwrap(), "again");
    // Its place is free once it is gone.
    drop(first);
    let third = channel::connect(&format!("http://{address}")).unwrap();
    while ask(&third, "hello").await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(third);
    stopper.drain(GRACE).await.unwrap();
}

/// A stream that always has another message, over TCP: large ones, in their order, and its end at the deadline.
#[tokio::test]
async fn a_stream_that_never_pauses_ends_at_its_deadline() {
    let (address, stopper) = listening(Limits::default()).await;
    let channel = channel::connect(&format!("http://{address}")).unwrap();
    let deadline = Some(Duration::from_millis(300));
    let mut stream = open_with(&channel, deadline, FLOOD).await.unwrap();
    let ended = loop {
        match stream.next().await.unwrap() {
            Ok(message) => assert_eq!(message.len(), FLOOD_BYTES),
            Err(status) => break status,
        }
    };
    assert_eq!(ended.code(), Code::DeadlineExceeded);
    drop(channel);
    stopper.drain(GRACE).await.unwrap();
}

/// A connection that is deaf from some moment on.
struct Deaf {
    stream: TcpStream,
    is_deaf: Arc<AtomicBool>,
}

impl AsyncRead for Deaf {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_deaf.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Deaf {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// HTTP/2 cannot ask whether such a reader is alive: its question would wait behind what is not taken.
#[tokio::test]
async fn a_reader_that_takes_nothing_any_more_is_closed_and_makes_room() {
    let limits = Limits {
        connections_max: 1,
        write_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let (address, stopper) = listening(limits).await;
    let is_deaf = Arc::new(AtomicBool::new(false));
    let deaf = is_deaf.clone();
    let connector = tower::service_fn(move |_: http::Uri| {
        let is_deaf = deaf.clone();
        async move {
            let stream = TcpStream::connect(address).await?;
            io::Result::Ok(hyper_util::rt::TokioIo::new(Deaf { stream, is_deaf }))
        }
    });
    // Its windows are so wide that only the connection itself can be full.
    let wide = Endpoint::from_static("http://deaf.test")
        .initial_stream_window_size(1 << 30)
        .initial_connection_window_size(1 << 30);
    let reader = wide.connect_with_connector(connector).await.unwrap();
    let mut stream = open_with(&reader, None, FLOOD).await.unwrap();
    stream.next().await.unwrap().unwrap();
    is_deaf.store(true, Ordering::Release);
    loop {
        let other = channel::connect(&format!("http://{address}")).unwrap();
        if ask(&other, "is there room").await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop((reader, stream));
    stopper.drain(GRACE).await.unwrap();
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_refused_by_name() {
    for address in [
        "not an address",
        "127.0.0.1:7400",
        "localhost",
        "https://localhost:1",
    ] {
        let error = channel::connect(address).unwrap_err().to_string();
        assert!(
            error.contains(address) && error.contains("http://HOST:PORT"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_survives_the_restart_of_its_server() {
    let pipe = Pipe::new();
    let channel = pipe.channel();
    assert_eq!(
        ask(&channel, "early").await.unwrap_err().code(),
        Code::Unavailable
    );
    for round in ["one", "two"] {
        let stopper = Stopper::new("test");
        let served = server::serve_pipe(
            pipe.listen(),
            services(Echo::default()),
            Limits::default(),
            stopper.clone(),
        );
        stopper.spawn(served);
        assert_eq!(ask(&channel, round).await.unwrap(), round);
        stopper.drain(GRACE).await.unwrap();
        assert_eq!(
            ask(&channel, "late").await.unwrap_err().code(),
            Code::Unavailable
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_unary_call_ends_at_the_default_deadline_and_its_handler_with_it() {
    let stopper = Stopper::new("test");
    let (cancelled, mut heard) = mpsc::channel(1);
    let echo = Echo {
        cancelled: Some(cancelled),
    };
    let limits = Limits::default();
    let channel = local_channel(services(echo), limits.clone(), &stopper);
    ask(&channel, "connect first").await.unwrap();
    let before = Instant::now();
    let status = ask(&channel, HANG).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let waited = before.elapsed();
    let allowed = limits.unary_deadline_default;
    assert!(
        waited >= allowed && waited < allowed + Duration::from_secs(1),
        "{waited:?}"
    );
    heard.recv().await.unwrap();
}

#[tokio::test]
async fn a_malformed_deadline_is_refused() {
    let (channel, _stopper) = start();
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let mut request = tonic::Request::new(Bytes::new());
    let soon = "soon".parse().unwrap();
    request.metadata_mut().insert("grpc-timeout", soon);
    let path = http::uri::PathAndQuery::from_static(UNARY);
    let status = grpc.unary(request, path, echo::Raw).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "grpc-timeout");
}

#[tokio::test(start_paused = true)]
async fn a_stream_lives_without_a_deadline_and_ends_at_that_of_its_client() {
    let (channel, _stopper) = start();
    let mut unlimited = open(&channel, None).await.unwrap();
    let mut limited = open(&channel, Some(Duration::from_secs(30))).await.unwrap();
    assert_eq!(unlimited.next().await.unwrap().unwrap(), "first");
    assert_eq!(limited.next().await.unwrap().unwrap(), "first");
    let status = limited.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let hour = Duration::from_secs(3600);
    assert!(tokio::time::timeout(hour, unlimited.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_drain_lets_a_call_finish_and_takes_no_more() {
    let (channel, stopper) = start();
    ask(&channel, "connect first").await.unwrap();
    let before = Instant::now();
    let slow = tokio::spawn({
        let channel = channel.clone();
        async move { ask(&channel, WAIT).await }
    });
    tokio::time::sleep(SLOW / 2).await;
    stopper.drain(GRACE).await.unwrap();
    assert_eq!(slow.await.unwrap().unwrap(), WAIT);
    assert!(before.elapsed() < GRACE);
    assert_eq!(
        ask(&channel, "late").await.unwrap_err().code(),
        Code::Unavailable
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_end_is_cut_after_the_grace_period() {
    let (channel, stopper) = start();
    let mut stream = open(&channel, None).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "first");
    let overdue = stopper.drain(GRACE).await.unwrap_err();
    assert_eq!(overdue.tasks, 1);
    assert_eq!(
        stream.next().await.unwrap().unwrap_err().code(),
        Code::Unavailable
    );
}

#[tokio::test(start_paused = true)]
async fn health_speaks_of_each_service_of_the_whole_and_of_the_drain() {
    let stopper = Stopper::new("test");
    let services = services(Echo::default());
    let health = services.health();
    let channel = local_channel(services, Limits::default(), &stopper);
    let mut client = HealthClient::new(channel);
    let request = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    let serving = ServingStatus::Serving as i32;
    let not_serving = ServingStatus::NotServing as i32;
    for name in ["", "test.Echo"] {
        let answer = client.check(request(name)).await.unwrap().into_inner();
        assert_eq!(answer.status, serving, "{name:?}");
    }
    let unknown = client.check(request("test.Other")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);

    let mut watch = client.watch(request("")).await.unwrap().into_inner();
    assert_eq!(watch.next().await.unwrap().unwrap().status, serving);
    health.set("test.Echo", false);
    assert_eq!(watch.next().await.unwrap().unwrap().status, not_serving);
    assert!(!health.is_serving());
    health.set("test.Echo", true);
    assert_eq!(watch.next().await.unwrap().unwrap().status, serving);

    stopper.stop();
    assert_eq!(watch.next().await.unwrap().unwrap().status, not_serving);
    assert!(watch.next().await.is_none());
    drop((watch, client));
    stopper.drain(GRACE).await.unwrap();
}

#[tokio::test]
async fn reflection_answers_in_both_of_its_versions() {
    use tonic_reflection::pb::{v1, v1alpha};
    let (channel, _stopper) = start();

    let request = v1::ServerReflectionRequest {
        message_request: Some(
            v1::server_reflection_request::MessageRequest::FileContainingSymbol(
                "grpc.health.v1.Health".to_owned(),
            ),
        ),
        ..Default::default()
    };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap();
    let answer = answers.into_inner().next().await.unwrap().unwrap();
    let Some(v1::server_reflection_response::MessageResponse::FileDescriptorResponse(found)) =
        answer.message_response
    else {
        panic!("{answer:?}");
    };
    assert_eq!(found.file_descriptor_proto.len(), 1);

    let request = v1alpha::ServerReflectionRequest {
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::ListServices(String::new()),
        ),
        ..Default::default()
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap();
    let answer = answers.into_inner().next().await.unwrap().unwrap();
    let Some(v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        answer.message_response
    else {
        panic!("{answer:?}");
    };
    // What is served here, and nothing else that the descriptors hold.
    let listed: BTreeSet<&str> = list.service.iter().map(|it| it.name.as_str()).collect();
    let served = [
        <Echo as tonic::server::NamedService>::NAME,
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    assert_eq!(listed, BTreeSet::from(served));
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_the_connection_goes_on() {
    let (channel, _stopper) = start();
    let largest = Bytes::from(vec![7; MESSAGE_BYTES_MAX]);
    assert_eq!(ask(&channel, largest.clone()).await.unwrap(), largest);
    for bytes in [MESSAGE_BYTES_MAX + 1, 10 * 1024 * 1024] {
        let status = ask(&channel, vec![7; bytes]).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        assert!(
            status.message().contains(&MESSAGE_BYTES_MAX.to_string()),
            "{status}"
        );
    }
    assert_eq!(ask(&channel, "still here").await.unwrap(), "still here");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_with_its_size_and_the_limit() {
    let (channel, _stopper) = start();
    let status = ask(&channel, GROW).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    for bytes in [MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX + 1] {
        assert!(status.message().contains(&bytes.to_string()), "{status}");
    }
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "ANSWER_TOO_LARGE");
    assert!(
        details.retry_info().is_none(),
        "it would be too large again"
    );
    assert_eq!(ask(&channel, "still here").await.unwrap(), "still here");
}
