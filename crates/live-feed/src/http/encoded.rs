//! A document with its digest, and compressed forms that are made once, when somebody takes them.

use crate::http::lent::Lent;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

/// JSON documents.
pub(crate) const JSON: &str = "application/json";
/// Tables. Without a BOM, with a header line.
pub(crate) const CSV: &str = "text/csv; charset=utf-8; header=present";
/// Pages.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// Room for the headers of an answer, all that are added later included: a map that grows is copied.
const HEADERS_ROOM: usize = 16;
/// Below this size compression costs more than it saves.
const COMPRESSED_BYTES_MIN: usize = 256;
/// High enough that a frame has a quarter of its size, low enough that it takes some milliseconds, once.
const BROTLI_QUALITY: u32 = 5;
const BROTLI_WINDOW: u32 = 20;

/// How long a copy may be used without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// The newest: asked for again after a second.
    Newest,
    /// Never another: its digest is in its address.
    Immutable,
}

impl Freshness {
    const fn cache_control(self) -> &'static str {
        match self {
            Self::Newest => "public, max-age=1",
            Self::Immutable => "public, max-age=31536000, immutable",
        }
    }
}

/// How a document's bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    const ALL: [Self; 3] = [Self::Identity, Self::Gzip, Self::Brotli];

    const fn index(self) -> usize {
        match self {
            Self::Identity => 0,
            Self::Gzip => 1,
            Self::Brotli => 2,
        }
    }

    const fn tag_end(self) -> &'static str {
        match self {
            Self::Identity => "\"",
            Self::Gzip => "-gzip\"",
            Self::Brotli => "-br\"",
        }
    }
}

/// A document as all readers get it.
#[derive(Debug)]
pub(crate) struct Encoded {
    content_type: &'static str,
    identity: Bytes,
    /// The first 16 bytes of the document's SHA-256, in hexadecimal.
    digest: String,
    /// What its answers say of it, by coding. A strong tag is of one coding: other bytes, another tag.
    tags: [HeaderValue; 3],
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

impl Encoded {
    /// A document.
    pub fn new(content_type: &'static str, document: impl Into<Bytes>) -> Self {
        let identity = document.into();
        let digest = Sha256::digest(&identity);
        let digest = digest[..16].iter().map(|byte| format!("{byte:02x}"));
        let digest: String = digest.collect();
        let tags = Coding::ALL.map(|coding| {
            let tag = HeaderValue::from_str(&format!("\"{digest}{}", coding.tag_end()));
            tag.expect("hexadecimal digits are text of a header")
        });
        metrics::counter!("feed_documents_encoded_total").increment(1);
        Self {
            content_type,
            digest,
            tags,
            identity,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        }
    }

    /// The document as it is.
    #[cfg(test)]
    pub fn bytes(&self) -> &Bytes {
        &self.identity
    }

    /// Makes the compressed forms now. For large documents, off the runtime's threads.
    pub fn compress(&self) {
        self.coded(Coding::Gzip);
        self.coded(Coding::Brotli);
    }

    /// The digest that its tags begin with.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How much memory it takes at most with all of its forms, in bytes.
    pub fn bytes_held(&self) -> usize {
        let forms = [self.gzip.get(), self.brotli.get()];
        let compressed: usize = forms.into_iter().flatten().map(Bytes::len).sum();
        self.identity.len() + compressed
    }

    pub(super) fn coded(&self, coding: Coding) -> Bytes {
        let form = match coding {
            Coding::Identity => &self.identity,
            Coding::Gzip => self.gzip.get_or_init(|| gzip(&self.identity)),
            Coding::Brotli => self.brotli.get_or_init(|| brotli(&self.identity)),
        };
        form.clone()
    }

    /// The answer to a GET, or that the reader has it already.
    pub fn answer(&self, request: &HeaderMap, freshness: Freshness) -> Response {
        self.answer_with(request, freshness, |coding| self.coded(coding).into())
    }

    /// The same of a large document that is replaced often: a slow reader does not hold it, and is cut off when it is gone.
    pub fn lend(self: &Arc<Self>, request: &HeaderMap, freshness: Freshness) -> Response {
        self.answer_with(request, freshness, |coding| {
            Body::new(Lent::new(self, coding))
        })
    }

    fn answer_with(
        &self,
        request: &HeaderMap,
        freshness: Freshness,
        body: impl FnOnce(Coding) -> Body,
    ) -> Response {
        let coding = if self.identity.len() < COMPRESSED_BYTES_MIN {
            Coding::Identity
        } else {
            accepted(request)
        };
        let known = self.known(request, coding);
        let has_it = known.is_some();
        let mut response = if has_it {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(body(coding))
        };
        let headers = response.headers_mut();
        headers.reserve(HEADERS_ROOM);
        // What is confirmed is what the reader has.
        let tag = known.unwrap_or(&self.tags[coding.index()]);
        headers.insert(ETAG, tag.clone());
        let caching = HeaderValue::from_static(freshness.cache_control());
        headers.insert(CACHE_CONTROL, caching);
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if has_it {
            return response;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        let name = match coding {
            Coding::Identity => return response,
            Coding::Gzip => "gzip",
            Coding::Brotli => "br",
        };
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        response
    }

    // RFC 9110, 13.1.2. Any coding of the same document will do: the reader decoded it.
    fn known(&self, request: &HeaderMap, coding: Coding) -> Option<&HeaderValue> {
        let fields = request.get_all(IF_NONE_MATCH).iter();
        let mut tags = fields
            .filter_map(|field| field.to_str().ok())
            .flat_map(|field| field.split(','))
            .map(|tag| tag.trim().trim_start_matches("W/"));
        tags.find_map(|tag| match tag {
            "*" => Some(&self.tags[coding.index()]),
            tag => self.tags.iter().find(|own| *own == tag),
        })
    }
}

// RFC 9110, 12.5.3, for the three codings that there are. A coding is what is said of it, or else what is said of `*`.
fn accepted(request: &HeaderMap) -> Coding {
    let fields = request.get_all(ACCEPT_ENCODING).iter();
    let (mut gzip, mut brotli, mut others) = (None, None, false);
    for item in fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','))
    {
        let (name, parameter) = item.split_once(';').unwrap_or((item, "q=1"));
        let quality = parameter.trim().strip_prefix("q=").map(str::trim);
        let is_taken = quality.is_none_or(|it| !it.trim_matches(['0', '.']).is_empty());
        match name.trim() {
            "br" => brotli = Some(is_taken),
            "gzip" | "x-gzip" => gzip = Some(is_taken),
            "*" => others = is_taken,
            _ => {}
        }
    }
    // Whoever takes anything takes gzip for sure.
    match (brotli, gzip.unwrap_or(others)) {
        (Some(true), _) => Coding::Brotli,
        (_, true) => Coding::Gzip,
        (None, false) if others => Coding::Brotli,
        (_, false) => Coding::Identity,
    }
}

fn gzip(document: &[u8]) -> Bytes {
    let room = Vec::with_capacity(document.len() / 3);
    let mut encoder = flate2::write::GzEncoder::new(room, flate2::Compression::new(6));
    let written = encoder.write_all(document).and_then(|()| encoder.finish());
    written
        .expect("memory takes whatever is written to it")
        .into()
}

fn brotli(document: &[u8]) -> Bytes {
    let mut room = Vec::with_capacity(document.len() / 4);
    let mut encoder =
        brotli::CompressorWriter::new(&mut room, 4_096, BROTLI_QUALITY, BROTLI_WINDOW);
    let written = encoder.write_all(document).and_then(|()| encoder.flush());
    drop(encoder);
    written.expect("memory takes whatever is written to it");
    room.into()
}

#[cfg(test)]
#[path = "encoded_tests.rs"]
mod tests;
