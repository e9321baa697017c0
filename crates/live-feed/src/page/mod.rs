//! The page: what people see. Rendered here whole, in three languages, readable without a script; a small module keeps it
//! live by replacing parts with what is rendered here for all at once.

mod chart;
mod hemicycle;
mod language;
mod rendered;
mod routes;
mod timeline;
mod units;
mod view;
mod words;

pub(crate) use language::Language;
pub(crate) use rendered::{Pages, Rendered};
pub(crate) use routes::{IndexPages, routes};
pub(crate) use timeline::Timeline;
