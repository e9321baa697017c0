//! Metrics of calls. A binary of its own: the recorder is the process's, and calls of other tests would be counted.

mod echo;

use std::time::Duration;

use bytes::Bytes;
use echo::{Echo, STREAMING, UNARY, ask, services};
use service_runtime::limits::{Limits, MESSAGE_BYTES_MAX};
use service_runtime::pipe::local_channel;
use service_runtime::shutdown::Stopper;
use service_runtime::{http_metrics, telemetry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const GRACE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn calls_are_counted_by_method_and_code_and_shown_over_http() {
    let metrics = telemetry::Metrics::install().unwrap();
    let stopper = Stopper::new("test");
    let services = services(Echo::default());
    let health = services.health();
    let channel = local_channel(services, Limits::default(), &stopper);
    ask(&channel, "one").await.unwrap();
    ask(&channel, vec![0; MESSAGE_BYTES_MAX + 1])
        .await
        .unwrap_err();
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/made.Up/Method");
    grpc.unary(tonic::Request::new(Bytes::new()), path, echo::Raw)
        .await
        .unwrap_err();

    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = http_metrics::routes(metrics.clone(), vec![health.clone()]);
    stopper.spawn(http_metrics::serve_http(listener, routes, stopper.clone()));
    metrics.keep_up(&stopper);
    // A call is counted after its answer was sent.
    let lines = [
        format!("rpc_calls_total{{method=\"{UNARY}\",code=\"OK\"}} 1"),
        format!("rpc_calls_total{{method=\"{UNARY}\",code=\"RESOURCE_EXHAUSTED\"}} 1"),
        "rpc_calls_total{method=\"unknown\",code=\"UNIMPLEMENTED\"} 1".to_owned(),
        format!("rpc_duration_seconds_count{{method=\"{UNARY}\"}} 2"),
        "# HELP rpc_duration_seconds Time from".to_owned(),
        format!("rpc_calls_open{{method=\"{UNARY}\"}} 0"),
    ];
    let is_whole = |page: &str| lines.iter().all(|line| page.contains(line));
    let mut page = get(address, "/metrics").await;
    for _ in 0..1000 {
        if is_whole(&page) {
            break;
        }
        tokio::task::yield_now().await;
        page = get(address, "/metrics").await;
    }
    assert!(is_whole(&page), "not all of {lines:#?} are in\n{page}");
    assert!(!page.contains("made.Up") && !page.contains(STREAMING));

    assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
    health.set("test.Echo", false);
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 503"));
    drop(channel);
    stopper.drain(GRACE).await.unwrap();
}

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    fetch(address, path).await.expect("the listener answers")
}

async fn fetch(address: std::net::SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    Ok(page)
}
