//! The page of a frame in one language, rendered once for all who look at it.

use crate::error::FeedError;
use crate::http::{Encoded, HTML, token_text};
use crate::page::language::Language;
use crate::page::parts::{Events, Has};
use crate::page::sections;
use crate::page::timeline::sample_of_frame;
use crate::page::view::{Shown, View};
use crate::page::words::Words;
use crate::presented::Presented;
use crate::scope::{EncodedFrame, ScopeFeed};
use crate::service::Service;
use askama::Template;
use bytes::Bytes;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How long a page that is loaded waits for the chart's samples; events do not wait.
pub(crate) const PATIENCE: Duration = Duration::from_millis(400);

/// Pages of one frame, by language, by how much of the chart is known, and by the revision of the margins.
pub(crate) type Pages = Mutex<Vec<((Language, u64, u64), Arc<Rendered>)>>;

/// A frame's page in one language.
#[derive(Debug)]
pub(crate) struct Rendered {
    language: Language,
    view: View,
    events: Events,
    documents: [OnceLock<Encoded>; 4],
}

#[derive(Template)]
#[template(path = "election.html")]
struct ElectionPage<'a> {
    w: &'a Words,
    language: Language,
    languages: [Language; 3],
    query: &'a str,
    kiosk: bool,
    title: String,
    is_test: bool,
    election_id: &'a str,
    token: String,
    page: String,
    sections_mark: String,
    is_stale: bool,
    view: &'a View,
    sections: String,
}

impl Rendered {
    /// The page of a frame. Rendered at the first who asks.
    pub async fn of(
        service: &Service,
        feed: &Arc<ScopeFeed>,
        frame: &EncodedFrame,
        language: Language,
        patience: Duration,
    ) -> Result<Arc<Self>, FeedError> {
        let forms = frame.forms(&feed.upstream.definitions).await?;
        let upstream = &feed.upstream;
        if let Some(contest) = contest_of_margins(frame)
            && upstream.margins.want(frame.place, contest)
        {
            let feed = Arc::clone(feed);
            drop(service.spawn(async move { feed.upstream.margins.ask().await }));
        }
        if upstream.timeline.lacks(frame.place) {
            read_chart(service, feed, frame, patience).await;
        }
        let (version, samples) = upstream.timeline.samples(frame.place);
        let margins = upstream.margins.known(frame.place);
        let key = (language, version, margins.revision);
        let mut pages = forms.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, page)) = pages.iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(page));
        }
        let newest = sample_of_frame(&frame.frame);
        let shown = Shown::of(&frame.frame, forms.presented(), language);
        let shown = shown.ok_or(FeedError::CatchingUp)?;
        let view = shown.view(&samples, &newest, &margins);
        let mut last = upstream.last_page[language.index()]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let page = Arc::new(Self::new(frame, view, language, last.as_deref()));
        *last = Some(Arc::clone(&page));
        pages.retain(|((other, ..), _)| *other != language);
        pages.push((key, Arc::clone(&page)));
        Ok(page)
    }

    fn new(frame: &EncodedFrame, view: View, language: Language, before: Option<&Self>) -> Self {
        let before = before.map(|before| (&before.events, &before.view));
        Self {
            language,
            events: Events::of(frame, &view, before),
            view,
            documents: Default::default(),
        }
    }

    /// What a reader has who was shown it.
    pub fn marks(&self) -> Has {
        self.events.marks
    }

    /// The event that shows its frame to a reader who has something else.
    pub fn event(&self, frame: &EncodedFrame, has: Has) -> Bytes {
        self.events.frame(frame, &self.view, self.language, has)
    }

    /// The event that brings a reader of the same frame here, if it has anything else.
    pub fn parts(&self, frame: &EncodedFrame, has: Has) -> Option<Bytes> {
        self.events.parts(frame, &self.view, has)
    }

    /// The page as a document.
    pub fn document(
        &self,
        frame: &EncodedFrame,
        presented: &Presented,
        kiosk: bool,
        is_stale: bool,
    ) -> &Encoded {
        let place = usize::from(kiosk) * 2 + usize::from(is_stale);
        self.documents[place].get_or_init(|| {
            let page = self.page(frame, presented, kiosk, is_stale);
            Encoded::new(HTML, page.render().unwrap_or_default())
        })
    }

    fn page<'a>(
        &'a self,
        frame: &'a EncodedFrame,
        presented: &'a Presented,
        kiosk: bool,
        is_stale: bool,
    ) -> ElectionPage<'a> {
        let language = self.language;
        let body = frame.frame.body.as_ref();
        let election_id = crate::http::election_id(body.and_then(|body| body.scope.as_ref()));
        let presentation = &presented.presentation;
        let text = |texts| crate::page::view::text(texts, language);
        let token = frame
            .frame
            .envelope
            .as_ref()
            .and_then(|it| it.token.as_ref());
        let Has { page, sections } = self.marks();
        ElectionPage {
            w: Words::of(language),
            language,
            languages: Language::ALL,
            query: if kiosk { "&kiosk" } else { "" },
            kiosk,
            title: text(&presentation.title).unwrap_or_else(|| election_id.to_owned()),
            is_test: body.is_some_and(|body| body.is_test),
            election_id,
            token: token.map(token_text).unwrap_or_default(),
            page: page.map(|mark| mark.to_string()).unwrap_or_default(),
            sections_mark: sections.map(|mark| mark.to_string()).unwrap_or_default(),
            is_stale,
            view: &self.view,
            sections: sections::whole(&self.view, Words::of(language)),
        }
    }
}

// Has the chart's past read. What is not there when the patience ends comes by itself, to who stays.
async fn read_chart(
    service: &Service,
    feed: &Arc<ScopeFeed>,
    frame: &EncodedFrame,
    patience: Duration,
) {
    let (filled, place, tick) = (Arc::clone(feed), frame.place, service.tick());
    drop(service.spawn(async move {
        let upstream = &filled.upstream;
        upstream.timeline.fill(&upstream.past, place, tick).await;
    }));
    if !patience.is_zero() {
        let whole = feed.upstream.timeline.until_read(place);
        let _ = tokio::time::timeout(patience, whole).await;
    }
}

// The contest whose last seat is shown, if it has one.
fn contest_of_margins(frame: &EncodedFrame) -> Option<&str> {
    let contests = frame.frame.body.as_ref()?.contests.iter();
    let seated = contests.filter(|contest| contest.seats > 0);
    let first = seated.into_iter().next()?;
    first.last_seat.as_ref()?;
    Some(&first.contest_id)
}
