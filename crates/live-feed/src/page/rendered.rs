//! The page of a frame in one language, rendered once for all who look at it, and the event that brings others there.

use crate::error::FeedError;
use crate::http::{Encoded, HTML, token_text};
use crate::page::language::Language;
use crate::page::timeline::sample_of_frame;
use crate::page::view::{Shown, View};
use crate::page::words::Words;
use crate::presented::Presented;
use crate::scope::{EncodedFrame, ScopeFeed};
use crate::service::Service;
use askama::Template;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How long a page that is loaded waits for the chart's samples; events do not wait.
pub(crate) const PATIENCE: Duration = Duration::from_millis(400);

/// Pages of one frame, by language, by how much of the chart is known, and by the revision of the margins.
pub(crate) type Pages = Mutex<Vec<((Language, u64, u64), Arc<Rendered>)>>;

/// A frame's page in one language.
#[derive(Debug)]
pub(crate) struct Rendered {
    view: View,
    /// The event with all parts, and the parts that differ from the one before it.
    whole: Bytes,
    delta: Option<(Bytes, Bytes)>,
    documents: [OnceLock<Encoded>; 4],
}

#[derive(Debug, serde::Serialize)]
struct Event<'a> {
    is_stale: bool,
    summary: &'a str,
    slots: BTreeMap<String, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<&'a [(String, u32)]>,
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
    is_stale: bool,
    view: &'a View,
    house: &'a str,
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
        let known = |version| {
            let margins = upstream.margins.known(frame.place).revision;
            let pages = forms.pages.lock().unwrap_or_else(PoisonError::into_inner);
            let mut pages = pages.iter();
            let page = pages.find(|(known, _)| *known == (language, version, margins));
            page.map(|(_, page)| Arc::clone(page))
        };
        let lacks = upstream.timeline.lacks(frame.place);
        if let Some(page) = known(upstream.timeline.samples().0)
            && (!lacks || patience.is_zero())
        {
            return Ok(page);
        }
        if lacks {
            let (feed, place, tick) = (Arc::clone(feed), frame.place, service.tick());
            let filled = service.spawn(async move {
                let upstream = &feed.upstream;
                upstream.timeline.fill(&upstream.past, place, tick).await;
            });
            if !patience.is_zero() {
                // What is not there then comes with the next page.
                let _ = tokio::time::timeout(patience, filled).await;
            }
        }
        let (version, samples) = upstream.timeline.samples();
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
        let page = Arc::new(Self::new(frame, view, last.as_deref()));
        *last = Some(Arc::clone(&page));
        pages.retain(|((other, ..), _)| *other != language);
        pages.push((key, Arc::clone(&page)));
        Ok(page)
    }

    fn new(frame: &EncodedFrame, view: View, before: Option<&Self>) -> Self {
        let whole = event(frame, &view, None);
        let delta = before.map(|before| {
            let delta = event(frame, &view, Some(&before.view));
            (before.whole.clone(), delta)
        });
        Self {
            view,
            whole,
            delta,
            documents: Default::default(),
        }
    }

    /// The event for a reader who was shown that page last, or none.
    pub fn event(&self, seen: Option<&Self>) -> Bytes {
        let seen = seen.map(|seen| seen.whole.as_ptr());
        match &self.delta {
            Some((before, delta)) if seen == Some(before.as_ptr()) => delta.clone(),
            Some(_) | None => self.whole.clone(),
        }
    }

    /// The event that replaces nothing but the last seat.
    pub fn last_seat(&self, frame: &EncodedFrame) -> Bytes {
        let slots = [(String::from("last-seat"), self.view.last_seat.as_str())];
        written(frame, &self.view, slots.into(), None)
    }

    /// Whether both show the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.view == other.view
    }

    /// The page as a document.
    pub fn document(
        &self,
        frame: &EncodedFrame,
        presented: &Presented,
        language: Language,
        kiosk: bool,
        is_stale: bool,
    ) -> &Encoded {
        let place = usize::from(kiosk) * 2 + usize::from(is_stale);
        self.documents[place].get_or_init(|| {
            let page = self.page(frame, presented, language, kiosk, is_stale);
            Encoded::new(HTML, page.render().unwrap_or_default())
        })
    }

    fn page<'a>(
        &'a self,
        frame: &'a EncodedFrame,
        presented: &'a Presented,
        language: Language,
        kiosk: bool,
        is_stale: bool,
    ) -> ElectionPage<'a> {
        let body = frame.frame.body.as_ref();
        let election_id = crate::http::election_id(body.and_then(|body| body.scope.as_ref()));
        let presentation = &presented.presentation;
        let text = |texts| crate::page::view::text(texts, language);
        let token = frame
            .frame
            .envelope
            .as_ref()
            .and_then(|it| it.token.as_ref());
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
            is_stale,
            view: &self.view,
            house: house(&self.view),
        }
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

// All parts, or those that differ. Where the house is the same but for who holds its seats, only that is sent: a large house
// is many times as many bytes as what moves in it.
fn event(frame: &EncodedFrame, view: &View, before: Option<&View>) -> Bytes {
    let mut slots = parts(view);
    let Some(before) = before else {
        return written(frame, view, slots, None);
    };
    let known = parts(before);
    slots.retain(|name, html| known.get(name) != Some(html));
    let moved = match (&before.house, &view.house) {
        (Some(before), Some(house)) if before.has_same_frame(house) => Some(house),
        _ => None,
    };
    let seats = moved.filter(|_| slots.remove("house").is_some());
    if let Some(house) = seats {
        slots.insert(String::from("house-text"), house.drawing.description());
    }
    let symbols = seats.map(|house| house.drawing.symbols.as_slice());
    written(frame, view, slots, symbols)
}

fn house(view: &View) -> &str {
    view.house.as_ref().map_or("", |house| house.html.as_str())
}

fn written(
    frame: &EncodedFrame,
    view: &View,
    slots: BTreeMap<String, &str>,
    seats: Option<&[(String, u32)]>,
) -> Bytes {
    let event = Event {
        is_stale: frame.is_stale(),
        summary: &view.summary,
        slots,
        seats,
    };
    let text = serde_json::to_string(&event).unwrap_or_default();
    let token = frame
        .frame
        .envelope
        .as_ref()
        .and_then(|it| it.token.as_ref());
    let id = token.map(token_text).unwrap_or_default();
    format!("id: {id}\nevent: frame\ndata: {text}\n\n").into()
}

fn parts(view: &View) -> BTreeMap<String, &str> {
    let tables = view.contests.iter().enumerate();
    let tables = tables.flat_map(|(place, contest)| {
        [
            (format!("table-{place}"), contest.table.as_str()),
            (format!("districts-{place}"), contest.districts.as_str()),
        ]
    });
    let fixed = [
        ("title", view.title.as_str()),
        ("notice", &view.notice),
        ("status", &view.status),
        ("more", &view.more),
        ("progress", &view.progress),
        ("chart", &view.chart),
        ("corrections", &view.corrections),
        ("house", house(view)),
        ("last-seat", &view.last_seat),
    ];
    let fixed = fixed.map(|(name, html)| (name.to_owned(), html));
    tables.chain(fixed).collect()
}
