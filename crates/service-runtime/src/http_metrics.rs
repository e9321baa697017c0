//! A small HTTP listener for those who watch over the process: `/metrics`, `/livez`, `/readyz`.
//!
//! Apart from the services, on an address of its own, so that metrics never face those who use the services.

use std::io;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio::net::TcpListener;

use crate::health::Health;
use crate::shutdown::Stopper;
use crate::telemetry::Metrics;

/// The text format of Prometheus.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The routes: metrics as Prometheus reads them, `/livez` as long as the process answers, `/readyz` while all of the
/// healths serve.
pub fn routes(metrics: Metrics, healths: Vec<Health>) -> Router {
    let render = move || {
        let metrics = metrics.clone();
        async move { ([(CONTENT_TYPE, PROMETHEUS_TEXT)], metrics.render()) }
    };
    let ready = move || {
        let serving = healths.iter().all(Health::is_serving);
        std::future::ready(if serving {
            (StatusCode::OK, "ready\n")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        })
    };
    Router::new()
        .route("/metrics", get(render))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
}

/// Serves routes over HTTP until the stopper stops.
///
/// # Errors
/// When the listener fails.
pub async fn serve_http(listener: TcpListener, routes: Router, stopper: Stopper) -> io::Result<()> {
    axum::serve(listener, routes)
        .with_graceful_shutdown(stopper.stopping())
        .await
}
