//! The page: what people see. Rendered here whole, in three languages, readable without a script; a small module keeps it
//! live by replacing parts with what is rendered here for all at once.

mod certain;
mod chart;
mod corrections;
mod districts;
mod hemicycle;
mod house;
mod language;
mod last_seat;
mod margins;
mod parts;
mod progress;
mod rendered;
mod routes;
mod sections;
mod table;
mod timeline;
mod units;
mod view;
mod words;

pub(crate) use language::Language;
pub(crate) use margins::Margins;
pub(crate) use rendered::{Pages, Rendered};
pub(crate) use routes::{IndexPages, routes};
pub(crate) use timeline::Timeline;
