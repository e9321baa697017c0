//! Addresses of the page.

use crate::error::FeedError;
use crate::frame::Distance;
use crate::http::{
    Encoded, Freshness, HTML, Path, Problem, Query, Resume, resume, stream, whole, with_lag,
};
use crate::page::language::Language;
use crate::page::margins::Known as Margins;
use crate::page::parts::Has;
use crate::page::rendered::{PATIENCE, Rendered};
use crate::page::sections::Mark;
use crate::page::units;
use crate::page::view::text;
use crate::page::words::{self, Words};
use crate::scope::{EncodedFrame, Scope, ScopeFeed};
use crate::service::Service;
use crate::viewer::News;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use election::ids::ElectionId;
use futures::{Stream, StreamExt as _};
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, HeaderValue};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use wire::Position;
use wire::feed::v1::Index;

/// What the address asks for besides the path.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Asked {
    lang: Option<String>,
    kiosk: Option<String>,
    /// What the reader of events has: the marks of its page and of its sections.
    page: Option<String>,
    sections: Option<String>,
}

impl Asked {
    /// The language for this reader.
    pub fn language(&self, headers: &HeaderMap) -> Language {
        let accept = headers.get(ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
        Language::asked(self.lang.as_deref(), accept)
    }

    /// What the reader of events has. Marks of another form are of nothing that is here.
    fn has(&self) -> Has {
        let mark = |text: &Option<String>| text.as_deref().and_then(Mark::read);
        Has {
            page: mark(&self.page),
            sections: mark(&self.sections),
        }
    }
}

pub(super) type Shared = State<Arc<Service>>;

/// The pages, and what they load.
pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/", get(index))
        .route("/e/{election}", get(election))
        .route("/e/{election}/events", get(events))
        .route("/e/{election}/units", get(units::list))
        .route("/e/{election}/units/{unit}", get(units::one))
        .route("/assets/page.css", get(style))
        .route("/assets/page.js", get(script))
        .route("/assets/icon.svg", get(icon))
}

async fn style(headers: HeaderMap) -> Response {
    static FILE: LazyLock<Encoded> = LazyLock::new(|| {
        Encoded::new(
            "text/css; charset=utf-8",
            include_str!("../../assets/page.css"),
        )
    });
    FILE.answer(&headers, Freshness::Newest)
}

async fn script(headers: HeaderMap) -> Response {
    static FILE: LazyLock<Encoded> = LazyLock::new(|| {
        Encoded::new(
            "text/javascript; charset=utf-8",
            include_str!("../../assets/page.js"),
        )
    });
    FILE.answer(&headers, Freshness::Newest)
}

async fn icon(headers: HeaderMap) -> Response {
    static FILE: LazyLock<Encoded> =
        LazyLock::new(|| Encoded::new("image/svg+xml", include_str!("../../assets/icon.svg")));
    FILE.answer(&headers, Freshness::Newest)
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage<'a> {
    w: &'a Words,
    language: Language,
    languages: [Language; 3],
    query: &'a str,
    kiosk: bool,
    title: &'a str,
    is_test: bool,
    notice: &'a str,
    rows: Vec<IndexRow>,
}

struct IndexRow {
    id: String,
    title: String,
    is_test: bool,
    stage: &'static str,
    counted: String,
    /// That it is not of now; empty: it is.
    stale: &'static str,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    w: &'a Words,
    language: Language,
    languages: [Language; 3],
    query: &'a str,
    kiosk: bool,
    title: &'a str,
    is_test: bool,
    notice: &'a str,
    detail: String,
}

/// What went wrong, as a page.
pub(super) fn problem(error: &FeedError, language: Language) -> Response {
    let w = Words::of(language);
    let status = error.http_status();
    let (title, detail) = match error.retry_after() {
        Some(_) => (w.try_again, String::new()),
        // What was asked for; why a wrong address is wrong is said as the program says it.
        None => match error {
            FeedError::NotPublic { id, .. } => (w.not_found, id.clone()),
            _ => (w.not_found, error.to_string()),
        },
    };
    let page = ProblemPage {
        w,
        language,
        languages: Language::ALL,
        query: "",
        kiosk: false,
        title,
        is_test: false,
        notice: "",
        detail,
    };
    let mut response = html(page.render().unwrap_or_default(), &HeaderMap::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
    headers.remove(http::header::ETAG);
    if let Some(delay) = error.retry_after() {
        headers.insert(
            http::header::RETRY_AFTER,
            HeaderValue::from(delay.as_secs().max(1)),
        );
    }
    response
}

/// A page for one reader.
pub(super) fn html(page: String, headers: &HeaderMap) -> Response {
    Encoded::new(HTML, page).answer(headers, Freshness::Newest)
}

/// A page differs by what the reader's browser asks for.
pub(super) fn by_language(mut response: Response) -> Response {
    let vary = HeaderValue::from_static("accept-encoding, accept-language");
    response.headers_mut().insert(http::header::VARY, vary);
    response
}

// The list of elections; or the only one there is.
async fn index(State(service): Shared, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let language = asked.language(&headers);
    let (listed, distance) = match service.listed().await {
        Ok(listed) => listed,
        Err(error) => return by_language(problem(&error, language)),
    };
    if let [only] = &listed.entries[..] {
        return by_language(election_page(&service, &only.election_id, &asked, &headers).await);
    }
    let page = match service
        .index_pages
        .known(&listed, language, distance.is_stale)
    {
        Some(page) => page,
        None => index_page(&service, &listed, language, distance.is_stale).await,
    };
    let response = page.answer(&headers, Freshness::Newest);
    with_lag(by_language(response), distance)
}

// The page of a list, for all who are shown it; kept if it has all titles.
async fn index_page(
    service: &Service,
    listed: &Arc<Index>,
    language: Language,
    is_stale: bool,
) -> Arc<Encoded> {
    let shown = || listed.entries.iter().take(ELECTIONS_MAX);
    let titles = shown().map(|entry| title(service, &entry.election_id, language));
    let titles = futures::future::join_all(titles).await;
    let is_whole = titles.iter().all(Option::is_some);
    let w = Words::of(language);
    let rows = shown().zip(titles).map(|(entry, title)| IndexRow {
        title: title.unwrap_or_else(|| entry.election_id.clone()),
        id: entry.election_id.clone(),
        is_test: entry.is_test,
        stage: words::stage(language, entry.stage(), entry.tallies_counted > 0),
        counted: words::tallies_counted(
            language,
            entry.tallies_counted.into(),
            entry.tallies.into(),
        ),
        stale: if is_stale || entry.is_stale {
            w.stale
        } else {
            ""
        },
    });
    let page = IndexPage {
        w,
        language,
        languages: Language::ALL,
        query: "",
        kiosk: false,
        title: w.elections,
        is_test: false,
        notice: "",
        rows: rows.collect(),
    };
    let page = Arc::new(Encoded::new(HTML, page.render().unwrap_or_default()));
    if is_whole {
        service.index_pages.keep(IndexKept {
            index: Arc::clone(listed),
            language,
            is_stale,
            page: Arc::clone(&page),
        });
    }
    page
}

/// Elections on the page of all of them; `/v1/elections` has every one.
const ELECTIONS_MAX: usize = 200;

/// How long the page of all elections waits for their titles, all of them together.
const TITLES_PATIENCE: Duration = Duration::from_millis(500);

// Its title, if that is known soon; its id, where it has none.
async fn title(service: &Service, election: &str, language: Language) -> Option<String> {
    let known = async {
        let (feed, frame) = service.lingering(&whole(election)?).await?;
        let forms = frame.forms(&feed.upstream.definitions).await?;
        let title = text(&forms.presented().presentation.title, language);
        Ok::<_, FeedError>(title.unwrap_or_else(|| election.to_owned()))
    };
    let known = tokio::time::timeout(TITLES_PATIENCE, known).await;
    known.ok().and_then(Result::ok)
}

/// The pages of the newest list of elections.
#[derive(Debug, Default)]
pub(crate) struct IndexPages(Mutex<Vec<IndexKept>>);

#[derive(Debug)]
struct IndexKept {
    index: Arc<Index>,
    language: Language,
    is_stale: bool,
    page: Arc<Encoded>,
}

impl IndexPages {
    fn known(
        &self,
        index: &Arc<Index>,
        language: Language,
        is_stale: bool,
    ) -> Option<Arc<Encoded>> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pages = pages.iter();
        let kept = pages.find(|kept| {
            Arc::ptr_eq(&kept.index, index)
                && (kept.language, kept.is_stale) == (language, is_stale)
        });
        kept.map(|kept| Arc::clone(&kept.page))
    }

    fn keep(&self, kept: IndexKept) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Of another list nobody asks any more.
        pages.retain(|other| {
            Arc::ptr_eq(&other.index, &kept.index)
                && (other.language, other.is_stale) != (kept.language, kept.is_stale)
        });
        pages.push(kept);
    }
}

async fn election(
    State(service): Shared,
    Path(election): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    by_language(election_page(&service, &election, &asked, &headers).await)
}

async fn election_page(
    service: &Service,
    election: &str,
    asked: &Asked,
    headers: &HeaderMap,
) -> Response {
    let language = asked.language(headers);
    let shown = async {
        let (feed, frame) = service.lingering(&whole(election)?).await?;
        let Distance { is_stale, .. } = service.distance(&feed);
        let page = Rendered::of(service, &feed, &frame, language, PATIENCE).await?;
        let forms = frame.forms(&feed.upstream.definitions).await?;
        let is_kiosk = asked.kiosk.is_some();
        let document = page.document(&frame, forms.presented(), is_kiosk, is_stale);
        Ok::<_, FeedError>(document.answer(headers, Freshness::Newest))
    };
    shown
        .await
        .unwrap_or_else(|error| problem(&error, language))
}

async fn events(
    State(service): Shared,
    Path(election): Path<String>,
    Query(asked): Query<Asked>,
    Query(parameters): Query<Resume>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scope = whole(&election)?;
    let seen = resume(&headers, parameters.resume.as_deref())?;
    let language = asked.language(&headers);
    let (feed, frame) = service.lingering(&scope).await?;
    Rendered::of(&service, &feed, &frame, language, Duration::ZERO).await?;
    let news = service.watch(&scope, seen)?;
    let mut margins = feed.upstream.margins.news();
    // What came between the page and its events is told too.
    margins.mark_changed();
    let follower = Follower {
        margins,
        chart: feed.upstream.timeline.news(),
        news: Box::pin(news),
        service,
        feed,
        language,
        shown: seen,
        has: asked.has(),
    };
    let chunks = futures::stream::unfold(follower, |mut follower| async move {
        let bytes = follower.next().await?;
        Some((Ok(bytes), follower))
    });
    Ok(stream(chunks))
}

/// A reader of a page's events. It holds no frame and no page: one that reads slowly, or not at all, keeps nothing alive.
struct Follower<S> {
    service: Arc<Service>,
    feed: Arc<ScopeFeed>,
    language: Language,
    news: Pin<Box<S>>,
    margins: watch::Receiver<Arc<Margins>>,
    chart: watch::Receiver<u64>,
    /// The place of what the reader is shown, and its marks.
    shown: Option<Position>,
    has: Has,
}

impl<S: Stream<Item = Result<News, FeedError>>> Follower<S> {
    // The next event. Margins, and the past that the chart shows, come a moment after their frame: then what differs in its
    // page is sent once more.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                news = self.news.next() => return match news?.ok()? {
                    News::Frame(frame) => self.frame(frame).await,
                    news @ News::Reset(_) => {
                        // What was shown is gone: what follows is sent whole.
                        (self.shown, self.has.page) = (None, None);
                        Some(crate::http::event(&news, |_| Bytes::new()))
                    }
                    news @ News::Heartbeat(_) => {
                        Some(crate::http::event(&news, |_| Bytes::new()))
                    }
                },
                changed = self.margins.changed() => changed.ok()?,
                changed = self.chart.changed() => changed.ok()?,
            }
            if let Some(bytes) = self.again().await {
                return Some(bytes);
            }
        }
    }

    // A frame cannot be shown before its definition is known; that is tried again for a while.
    async fn frame(&mut self, frame: Arc<EncodedFrame>) -> Option<Bytes> {
        for _ in 0..40 {
            if let Ok(page) = self.page(&frame).await {
                let bytes = page.event(&frame, self.has);
                self.has = page.marks();
                self.shown = Some(frame.place.position);
                return Some(bytes);
            }
            tokio::time::sleep(self.service.tick()).await;
        }
        None
    }

    // What differs in the page of the frame that the reader is shown. Where there is a newer one, that brings it all.
    async fn again(&mut self) -> Option<Bytes> {
        let (_, frame) = self.service.newest(&self.feed.scope).await.ok()?;
        if self.shown != Some(frame.place.position) {
            return None;
        }
        let page = self.page(&frame).await.ok()?;
        let bytes = page.parts(&frame, self.has)?;
        self.has = page.marks();
        Some(bytes)
    }

    async fn page(&self, frame: &EncodedFrame) -> Result<Arc<Rendered>, FeedError> {
        Rendered::of(
            &self.service,
            &self.feed,
            frame,
            self.language,
            Duration::ZERO,
        )
        .await
    }
}

/// What is shown of an election now: where it is read from, its revision, and its title.
pub(super) struct Here {
    pub scope: Scope,
    pub revision: u64,
    pub is_test: bool,
    pub presented: Arc<crate::presented::Presented>,
    pub _feed: Arc<ScopeFeed>,
}

/// The newest of an election that is shown.
pub(super) async fn here(service: &Service, election: &str) -> Result<Here, FeedError> {
    let id = wire::id("election", election, ElectionId::new)?;
    let scope = Scope::Election(id);
    let (feed, frame) = service.lingering(&scope).await?;
    let body = frame.frame.body.clone().unwrap_or_default();
    let presented = feed.upstream.definitions.of(&body).await?;
    Ok(Here {
        scope,
        revision: body.revision,
        is_test: body.is_test,
        presented,
        _feed: feed,
    })
}

/// An answer that is no page.
pub(super) fn or_problem(result: Result<Response, FeedError>, language: Language) -> Response {
    by_language(result.unwrap_or_else(|error| problem(&error, language)))
}
