//! Parts of a request, as axum takes them out of it; what is wrong with them is told as everything else is.

use crate::error::FeedError;
use crate::http::problem::Problem;
use axum::extract::FromRequestParts;
use election::report::{Refusal, RefusalCode};
use http::HeaderMap;
use http::request::Parts;
use serde::de::DeserializeOwned;
use std::convert::Infallible;

/// The parameters of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Query<T>(pub T);

/// The parts of a path that have names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Path<T>(pub T);

/// The headers of a request, taken out of it: axum's own extractor copies them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Headers(pub HeaderMap);

impl<S: Send + Sync> FromRequestParts<S> for Headers {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(std::mem::take(&mut parts.headers)))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let taken = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let refused = |error: axum::extract::rejection::QueryRejection| {
            let query = parts.uri.query().unwrap_or_default();
            wrong("query", query, error.body_text())
        };
        taken.map(|taken| Self(taken.0)).map_err(refused)
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let taken = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        let refused = |error: axum::extract::rejection::PathRejection| {
            wrong("path", parts.uri.path(), error.body_text())
        };
        taken.map(|taken| Self(taken.0)).map_err(refused)
    }
}

fn wrong(field: &str, value: &str, why: String) -> Problem {
    let rule = format!("must have each parameter once, of its kind, as UTF-8 ({why})");
    FeedError::from(Refusal::new(RefusalCode::Shape, field, value, rule)).into()
}
