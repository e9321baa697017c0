//! What is answered before the router is what its route answers.

use super::http::{BASE, ask};
use super::*;
use ::http::header::CONTENT_LENGTH;
use ::http::{HeaderMap, Request, StatusCode};
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use tower::ServiceExt as _;

/// The same address for everybody but those who do not decode it.
const ROUTED: &str = "/v1/elections/small%2D2026/results.json";

async fn said(
    stage: &Stage,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let (mut parts, body) = stage
        .http
        .clone()
        .oneshot(request)
        .await
        .unwrap()
        .into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    // The router says it of a body before the connection does.
    let length = parts.headers.remove(CONTENT_LENGTH);
    let length = length.map(|it| it.to_str().unwrap().parse::<usize>().unwrap());
    match (method, parts.status) {
        ("GET", StatusCode::OK) => assert!(length.is_none_or(|it| it == body.len())),
        ("HEAD", StatusCode::OK) => assert!(length.is_some() && body.is_empty()),
        (_, StatusCode::NOT_MODIFIED) => assert!(length.is_none() && body.is_empty()),
        _ => {}
    }
    (parts.status, parts.headers, body)
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_at_once_is_what_the_route_answers() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let direct = format!("{BASE}/results.json");
    let first = ask(&stage, &direct, &[]).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let weak = format!("\"other\", W/{tag}");
    let of_brotli = tag.replace("\"", "").to_owned() + "-br";
    let of_brotli = format!("\"{of_brotli}\"");
    let conditions: [&[(&str, &str)]; 9] = [
        &[],
        &[("if-none-match", &tag)],
        &[("if-none-match", &weak)],
        &[("if-none-match", &of_brotli)],
        &[("if-none-match", "*")],
        &[("if-none-match", "\"other\"")],
        &[("accept-encoding", "gzip;q=0.5, br")],
        &[("accept-encoding", "gzip, br;q=0")],
        &[("accept-encoding", "br"), ("if-none-match", "*")],
    ];
    for revision in [5, 6] {
        stage.show(&night, revision);
        stage
            .watch(whole(), None)
            .await
            .unwrap()
            .until(revision)
            .await;
        // The frame's first reader makes it ready.
        ask(&stage, &direct, &[]).await;
        for headers in conditions {
            for method in ["GET", "HEAD", "OPTIONS", "POST"] {
                let at_once = said(&stage, method, &direct, headers).await;
                let routed = said(&stage, method, ROUTED, headers).await;
                assert_eq!(at_once, routed, "{method} {headers:?}");
            }
            let asked = format!("{direct}?cache=no");
            let with_query = said(&stage, "GET", &asked, headers).await;
            assert_eq!(with_query, said(&stage, "GET", &direct, headers).await);
        }
    }
    for (path, routed) in [
        (
            "/v1/elections//results.json",
            "/v1/elections/%20/results.json",
        ),
        (
            "/v1/elections/none/results.json",
            "/v1/elections/non%65/results.json",
        ),
    ] {
        let (status, ..) = said(&stage, "GET", path, &[]).await;
        assert!(status.is_client_error(), "{path}: {status}");
        let (status, ..) = said(&stage, "GET", routed, &[]).await;
        assert!(status.is_client_error(), "{routed}: {status}");
    }
}
