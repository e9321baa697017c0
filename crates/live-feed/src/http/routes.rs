//! Which address answers what.

use crate::error::FeedError;
use crate::frame::{Distance, body_of};
use crate::http::at_once::Routes;
use crate::http::document::{Document, SCHEMA, stage, timestamp, token_text};
use crate::http::encoded::{Encoded, Freshness, JSON};
use crate::http::events::{RETRY, event, resume};
use crate::http::extract::{Headers, Path, Query};
use crate::http::forms::Forms;
use crate::http::history::{self, History};
use crate::http::problem::Problem;
use crate::http::security;
use crate::http::units;
use crate::passthrough::FeedServer;
use crate::scope::{EncodedFrame, Scope, ScopeFeed};
use crate::service::Service;
use crate::viewer::News;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post_service};
use bytes::Bytes;
use election::ids::{DistrictId, ElectionId, UnitId};
use election::report::{Refusal, RefusalCode};
use futures::{Stream, StreamExt as _};
use http::header::{CACHE_CONTROL, CONTENT_LOCATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request};
use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, ServiceExt as _};

/// How far behind the count the answer was when it was sent, in milliseconds.
const LAG: &str = "hemicycle-lag-ms";

type Answer = Result<Response, Problem>;
type Shared = State<Arc<Service>>;

/// All routes of the feed.
pub(crate) fn router(service: Arc<Service>) -> Routes {
    // gRPC-Web, so that a browser can follow the contract itself.
    let grpc = GrpcWebLayer::new().layer(FeedServer::new(Arc::clone(&service)));
    let grpc = grpc.map_request(|request: http::Request<Body>| request.map(tonic::body::Body::new));
    let data = [
        ("/v1", get(addresses)),
        ("/v1/results.schema.json", get(schema)),
        ("/v1/elections", get(elections)),
        ("/v1/elections/{election}/results.json", get(results)),
        ("/v1/elections/{election}/totals.csv", get(totals)),
        ("/v1/elections/{election}/events", get(events)),
        ("/v1/elections/{election}/rev/{file}", get(revision)),
        (
            "/v1/elections/{election}/rev/{number}/{file}",
            get(revision_of_digest),
        ),
        ("/v1/elections/{election}/units.csv", get(units_table)),
        (
            "/v1/elections/{election}/units/{unit}/history.json",
            get(unit_history),
        ),
        (
            "/v1/elections/{election}/districts/{district}/results.json",
            get(district_results),
        ),
        (
            "/v1/elections/{election}/districts/{district}/totals.csv",
            get(district_totals),
        ),
        (
            "/v1/elections/{election}/districts/{district}/events",
            get(district_events),
        ),
        (
            "/hemicycle.feed.v1.LiveFeedService/{method}",
            post_service(grpc),
        ),
    ];
    let open = Router::new();
    let open = data.into_iter().fold(open, |open, (path, answers)| {
        open.route(path, answers.options(security::preflight))
    });
    let routes = open
        .merge(crate::page::routes())
        .with_state(Arc::clone(&service))
        .method_not_allowed_fallback(async || Problem::method())
        .fallback(async || Problem::no_such_path());
    Routes::new(service, routes)
}

/// All addresses, as a program or a person finds them.
const ADDRESSES: &str = include_str!("addresses.json");

async fn addresses(Headers(headers): Headers) -> Response {
    static DOCUMENT: LazyLock<Encoded> = LazyLock::new(|| Encoded::new(JSON, ADDRESSES));
    DOCUMENT.answer(&headers, Freshness::Newest)
}

async fn schema(Headers(headers): Headers) -> Response {
    static DOCUMENT: LazyLock<Encoded> =
        LazyLock::new(|| Encoded::new("application/schema+json", SCHEMA));
    DOCUMENT.answer(&headers, Freshness::Newest)
}

#[derive(Debug, serde::Serialize)]
struct Listed {
    elections: Vec<Entry>,
}

#[derive(Debug, serde::Serialize)]
struct Entry {
    election_id: String,
    is_test: bool,
    voting_day: Option<String>,
    revision: u64,
    publication_seq: u64,
    resume_token: String,
    revision_time: Option<String>,
    stage: String,
    marks: Vec<String>,
    tallies: u32,
    tallies_counted: u32,
    is_stale: bool,
}

async fn elections(State(service): Shared, Headers(headers): Headers) -> Answer {
    let (index, distance) = service.listed().await?;
    let entries = index.entries.iter().map(|it| {
        let token = it.token.clone().unwrap_or_default();
        Entry {
            election_id: it.election_id.clone(),
            is_test: it.is_test,
            voting_day: Some(it.voting_day.clone()).filter(|day| !day.is_empty()),
            revision: token.revision,
            publication_seq: token.publication_seq,
            resume_token: token_text(&token),
            revision_time: timestamp(it.revision_time),
            stage: stage(it.stage()),
            marks: it.marks().map(crate::http::document::mark).collect(),
            tallies: it.tallies,
            tallies_counted: it.tallies_counted,
            is_stale: it.is_stale || distance.is_stale,
        }
    });
    let listed = Listed {
        elections: entries.collect(),
    };
    let text = serde_json::to_vec(&listed).unwrap_or_default();
    let response = Encoded::new(JSON, text).answer(&headers, Freshness::Newest);
    Ok(with_lag(response, distance))
}

/// The newest frame of a scope, its forms, and how far it is from the count.
async fn shown(
    service: &Service,
    scope: &Scope,
) -> Result<(Arc<ScopeFeed>, Arc<EncodedFrame>, Distance), FeedError> {
    let (feed, frame) = service.lingering(scope).await?;
    let distance = service.distance(&feed);
    frame.forms(&feed.upstream.definitions).await?;
    Ok((feed, frame, distance))
}

async fn results_of(service: &Service, scope: &Scope, headers: &HeaderMap) -> Answer {
    let (feed, frame, distance) = shown(service, scope).await?;
    let forms = frame.forms(&feed.upstream.definitions).await?;
    Ok(results_in(forms, &frame, distance, headers))
}

fn results_in(
    forms: &Forms,
    frame: &EncodedFrame,
    distance: Distance,
    headers: &HeaderMap,
) -> Response {
    let document = forms.results(&frame.frame, distance);
    with_lag(document.answer(headers, Freshness::Newest), distance)
}

/// `results.json` of an election, where nothing has to be waited for: the same answer as from its route. An id needs no
/// decoding: one with other characters, or a part of another path, is none.
pub(crate) fn results_at_once<B>(service: &Service, request: &Request<B>) -> Option<Response> {
    if request.method() != Method::GET {
        return None;
    }
    let path = request.uri().path().strip_prefix("/v1/elections/")?;
    let scope = whole(path.strip_suffix("/results.json")?).ok()?;
    let (feed, frame) = service.held(&scope)?;
    let distance = service.distance(&feed);
    let forms = frame.forms_made()?;
    Some(results_in(forms, &frame, distance, request.headers()))
}

pub(crate) fn with_lag(mut response: Response, distance: Distance) -> Response {
    let lag = HeaderValue::from(distance.lag_ms);
    response.headers_mut().insert(LAG, lag);
    response
}

async fn totals_of(service: &Service, scope: &Scope, headers: &HeaderMap) -> Answer {
    let (feed, frame, distance) = shown(service, scope).await?;
    let forms = frame.forms(&feed.upstream.definitions).await?;
    let table = forms.totals(&frame.frame);
    Ok(with_lag(table.answer(headers, Freshness::Newest), distance))
}

/// Where to resume, as a parameter.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Resume {
    /// A token.
    pub resume: Option<String>,
}

async fn events_of(
    service: Arc<Service>,
    scope: Scope,
    headers: &HeaderMap,
    parameters: &Resume,
) -> Answer {
    let seen = resume(headers, parameters.resume.as_deref())?;
    // What is not there is told as such, and not by a stream that ends.
    shown(&service, &scope).await?;
    let feed = service.newest(&scope).await?.0;
    let news = service.watch(&scope, seen)?;
    let tick = service.tick();
    // Where a frame cannot be shown the stream ends, and who resumes gets it: heartbeats after it would say that there is
    // nothing new.
    let chunks = futures::stream::unfold(Box::pin(news), move |mut news| {
        let feed = Arc::clone(&feed);
        async move {
            let next = news.next().await?.ok()?;
            let bytes = chunk(&feed, next, tick).await?;
            Some((Ok(bytes), news))
        }
    });
    Ok(stream(chunks))
}

// A frame cannot be shown before its definition is known; that is tried again for a while. `None`: still not known.
async fn chunk(feed: &ScopeFeed, news: News, tick: std::time::Duration) -> Option<Bytes> {
    let News::Frame(frame) = &news else {
        return Some(event(&news, |_| Bytes::new()));
    };
    for _ in 0..40 {
        if let Ok(forms) = frame.forms(&feed.upstream.definitions).await {
            return Some(event(&news, |_| forms.event().clone()));
        }
        tokio::time::sleep(tick).await;
    }
    None
}

/// A stream of events as an answer.
pub(crate) fn stream(
    chunks: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
) -> Response {
    let begin = futures::stream::iter([Ok(Bytes::from_static(RETRY.as_bytes()))]);
    let mut response = Body::from_stream(begin.chain(chunks)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        (http::HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The scope of an election's id in a path.
pub(crate) fn whole(election: &str) -> Result<Scope, FeedError> {
    Ok(Scope::Election(wire::id(
        "election",
        election,
        ElectionId::new,
    )?))
}

fn part(election: &str, district: &str) -> Result<Scope, FeedError> {
    wire::id("district", district, DistrictId::new)?;
    let election = wire::id("election", election, ElectionId::new)?;
    Ok(Scope::District(election, district.to_owned()))
}

async fn results(
    State(service): Shared,
    Path(election): Path<String>,
    Headers(headers): Headers,
) -> Answer {
    results_of(&service, &whole(&election)?, &headers).await
}

async fn totals(
    State(service): Shared,
    Path(election): Path<String>,
    Headers(headers): Headers,
) -> Answer {
    totals_of(&service, &whole(&election)?, &headers).await
}

async fn events(
    State(service): Shared,
    Path(election): Path<String>,
    Query(parameters): Query<Resume>,
    Headers(headers): Headers,
) -> Answer {
    events_of(service, whole(&election)?, &headers, &parameters).await
}

type District = Path<(String, String)>;

async fn district_results(
    State(service): Shared,
    Path((election, district)): District,
    Headers(headers): Headers,
) -> Answer {
    results_of(&service, &part(&election, &district)?, &headers).await
}

async fn district_totals(
    State(service): Shared,
    Path((election, district)): District,
    Headers(headers): Headers,
) -> Answer {
    totals_of(&service, &part(&election, &district)?, &headers).await
}

async fn district_events(
    State(service): Shared,
    Path((election, district)): District,
    Query(parameters): Query<Resume>,
    Headers(headers): Headers,
) -> Answer {
    events_of(service, part(&election, &district)?, &headers, &parameters).await
}

// What depends on the revision alone: the same whenever it is asked for, but for a log that was restored without its end, and
// a later version of this program that has more to say. So it is asked for again; where it stands for ever has its digest in
// the address, and is said.
async fn revision(
    State(service): Shared,
    Path((election, file)): Path<(String, String)>,
    Headers(headers): Headers,
) -> Answer {
    let number = number(file.strip_suffix(".json").unwrap_or_default(), &file)?;
    let document = document_of(&service, &election, number).await?;
    let mut response = document.answer(&headers, Freshness::Newest);
    let digest = document.digest();
    let place = format!("/v1/elections/{election}/rev/{number}/{digest}.json");
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(CONTENT_LOCATION, place);
    }
    Ok(response)
}

async fn revision_of_digest(
    State(service): Shared,
    Path((election, text, file)): Path<(String, String, String)>,
    Headers(headers): Headers,
) -> Answer {
    let number = number(&text, &text)?;
    let document = document_of(&service, &election, number).await?;
    if file.strip_suffix(".json") != Some(document.digest()) {
        return Err(Problem::no_such_document(number));
    }
    Ok(document.answer(&headers, Freshness::Immutable))
}

fn number(text: &str, given: &str) -> Result<u64, FeedError> {
    let number = text.parse::<u64>().ok();
    let number = number.filter(|number| number.to_string() == text);
    number.ok_or_else(|| {
        let rule = "must be a revision, such as 1812.json";
        Refusal::new(RefusalCode::Shape, "rev", given, rule).into()
    })
}

async fn document_of(service: &Service, election: &str, number: u64) -> Result<Encoded, FeedError> {
    let scope = whole(election)?;
    let (feed, frame) = service.lingering(&scope).await?;
    let standings = match feed.upstream.past.known(frame.place, number)? {
        Some(standings) => standings,
        None => {
            let _permit = service.past_permit().await?;
            feed.upstream.past.at(frame.place, number).await?
        }
    };
    let body = body_of(&standings, &scope);
    let presented = feed.upstream.definitions.of(&body).await?;
    let document = Document::of_revision(&body, &presented).bytes();
    Ok(Encoded::new(JSON, document))
}

async fn units_table(
    State(service): Shared,
    Path(election): Path<String>,
    Headers(headers): Headers,
) -> Answer {
    let table = units::table(&service, &whole(&election)?).await?;
    Ok(table.lend(&headers, Freshness::Newest))
}

#[derive(Debug, serde::Deserialize)]
struct Page {
    #[serde(default)]
    page_token: String,
}

async fn unit_history(
    State(service): Shared,
    Path((election, unit)): Path<(String, String)>,
    Query(page): Query<Page>,
    Headers(headers): Headers,
) -> Answer {
    let scope = whole(&election)?;
    wire::id("unit", &unit, UnitId::new).map_err(FeedError::from)?;
    let (_feed, frame) = service.lingering(&scope).await?;
    let _permit = service.costly()?;
    let body = frame.frame.body.clone().unwrap_or_default();
    let answer = history::read(&service, &scope, body.revision, &unit, &page.page_token).await?;
    let document = History::of(&election, body.is_test, &unit, answer);
    let text = serde_json::to_vec(&document).unwrap_or_default();
    Ok(Encoded::new(JSON, text).answer(&headers, Freshness::Newest))
}
