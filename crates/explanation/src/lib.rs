//! An allocation in words and numbers that a clerk can check with a pocket calculator: in English, Russian and Kazakh, as
//! text or Markdown.
//!
//! [`contest`] explains the seats of one contest, [`margins`] what would change them, [`tiers`] and [`double_proportional`]
//! those of districts under a house. Each is a [`Document`]: blocks that a
//! page may lay out by itself, or that [`Document::render`] writes down. A translator finds all that is said in
//! `languages/`, one file for each language; words in the code there are none.
//!
//! Every line of arithmetic holds as it is printed, which a test does again from the printed numbers. Where decimals are
//! cut, `…` says so; what is compared are exact fractions.
//!
//! ```
//! use apportionment::{Contest, Method, Rules, Threshold, allocate};
//! use explanation::{Format, Language, Subject, contest};
//!
//! // Almaty city maslihat, 10 January 2021.
//! let question = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
//! let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
//! let allocation = allocate(&question, &rules, &[])?;
//! let names = ["Nur Otan", "Aq Jol", "Auyl", "QHP", "Adal"].map(String::from);
//! let subject = Subject {
//!     title: "", notice: "", names: &names, contest: &question, rules: &rules, lots: &[], allocation: &allocation,
//! };
//! let text = contest(subject, Language::English).render(Format::Text);
//! // Thousands are set apart by a narrow space.
//! assert!(text.replace('\u{202f}', "").contains("298349 / 39 = 7649.974…"));
//! # Ok::<(), apportionment::ContestError>(())
//! ```

mod averages;
mod check;
mod divisor;
mod document;
mod double_proportional;
mod language;
mod margins;
mod number;
mod outcomes;
mod overall;
mod quota;
mod rescue;
mod stage;
mod sub_allocation;
mod subject;
mod threshold;
mod tie;
mod tier_admission;
mod tier_seats;
mod tier_stages;
mod tier_ties;
mod tiers;

pub use document::{Block, Document, Format, Table, UnknownFormat};
pub use double_proportional::{DoubleSubject, double_proportional};
pub use language::{Language, UnknownLanguage};
pub use margins::margins;
pub use subject::{Subject, contest};
pub use tier_ties::{VoidPlaces, changed_lots};
pub use tiers::{TierSubject, tiers};
