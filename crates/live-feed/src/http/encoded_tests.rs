use super::*;
use std::io::Read as _;

fn headers(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter().cloned();
    pairs
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}

fn document() -> Encoded {
    Encoded::new(JSON, "seats and votes, ".repeat(100))
}

#[test]
fn what_is_accepted_is_sent() {
    for (accept, coding) in [
        ("gzip, deflate, br, zstd", Coding::Brotli),
        ("gzip;q=0.5", Coding::Gzip),
        ("br;q=0, gzip", Coding::Gzip),
        ("br;q=0.0, gzip;q=0", Coding::Identity),
        ("*", Coding::Gzip),
        ("gzip;q=0, *", Coding::Brotli),
        ("*, gzip;q=0, br;q=0", Coding::Identity),
        ("*;q=0", Coding::Identity),
        ("*;q=0, gzip", Coding::Gzip),
        ("identity", Coding::Identity),
        ("", Coding::Identity),
    ] {
        assert_eq!(
            accepted(&headers(&[(ACCEPT_ENCODING, accept)])),
            coding,
            "{accept:?}"
        );
    }
}

#[test]
fn compressed_forms_are_the_document() {
    let document = document();
    let mut text = String::new();
    let gzipped = document.coded(Coding::Gzip);
    flate2::read::GzDecoder::new(&gzipped[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text.as_bytes(), &document.bytes()[..]);
    let compressed = document.coded(Coding::Brotli);
    let mut text = Vec::new();
    brotli::Decompressor::new(&compressed[..], 4_096)
        .read_to_end(&mut text)
        .unwrap();
    assert_eq!(text, document.bytes()[..]);
    assert!(compressed.len() < document.bytes().len() / 4);
    // Made once: all get the same bytes.
    assert_eq!(document.coded(Coding::Brotli).as_ptr(), compressed.as_ptr());
}

#[tokio::test]
async fn a_slow_reader_of_a_lent_document_does_not_hold_it() {
    use http_body::Body as _;
    let text = "unit, option, votes\n".repeat(5_000);
    let table = Arc::new(Encoded::new(CSV, text.clone()));
    let whole = table.lend(&HeaderMap::new(), Freshness::Newest);
    assert_eq!(whole.body().size_hint().exact(), Some(100_000));
    let slow = table.lend(&HeaderMap::new(), Freshness::Newest);
    let bytes = axum::body::to_bytes(whole.into_body(), 1 << 20).await;
    assert_eq!(bytes.unwrap(), text);
    let mut slow = slow.into_body().into_data_stream();
    let first = futures::StreamExt::next(&mut slow).await.unwrap().unwrap();
    assert!(first.len() < text.len() / 4);
    // Another table has taken its place.
    let held = Arc::downgrade(&table);
    drop(table);
    assert!(held.upgrade().is_none(), "the reader holds it");
    let cut = futures::StreamExt::next(&mut slow).await.unwrap();
    assert!(cut.is_err(), "and is cut off, not told that this was all");
}

#[test]
fn who_has_it_is_told_so_and_who_has_another_gets_it() {
    let document = document();
    let first = document.answer(&headers(&[(ACCEPT_ENCODING, "br")]), Freshness::Newest);
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()[CONTENT_ENCODING], "br");
    let tag = first.headers()[ETAG].clone();
    let again: HeaderMap = [(IF_NONE_MATCH, tag.clone())].into_iter().collect();
    let second = document.answer(&again, Freshness::Newest);
    assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    assert!(!second.headers().contains_key(CONTENT_TYPE));
    let other = Encoded::new(JSON, "other votes, ".repeat(100));
    assert_eq!(
        other.answer(&again, Freshness::Newest).status(),
        StatusCode::OK
    );
    let several = headers(&[(IF_NONE_MATCH, "\"a\", W/\"b\"")]);
    assert_eq!(
        document.answer(&several, Freshness::Newest).status(),
        StatusCode::OK
    );
    let any = headers(&[(IF_NONE_MATCH, "*")]);
    assert_eq!(
        document.answer(&any, Freshness::Newest).status(),
        StatusCode::NOT_MODIFIED
    );
}

#[test]
fn codings_of_one_document_have_tags_of_their_own() {
    let document = document();
    let tag = |accept| {
        let answer = document.answer(&headers(&[(ACCEPT_ENCODING, accept)]), Freshness::Immutable);
        answer.headers()[ETAG].clone()
    };
    assert_ne!(tag("br"), tag("gzip"));
    assert_ne!(tag("gzip"), tag("identity"));
}
