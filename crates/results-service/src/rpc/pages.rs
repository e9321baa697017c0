//! Pages of a listing: tokens that hold on to the first page's revision, and belong to one listing only.

use std::fmt::Debug;

use election::ids::Revision;
use election::report::{Refusal, RefusalCode};
use sha2::{Digest, Sha256};

/// Where a page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// The revision of all pages.
    pub revision: Revision,
    /// What the page starts from: an index or a revision.
    pub next: u64,
}

/// Who a token belongs to: a digest over everything that makes a listing what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing(String);

impl Listing {
    /// The listing of these parameters.
    pub fn of(parameters: &impl Debug) -> Self {
        let digest = Sha256::digest(format!("{parameters:?}"));
        Self(
            digest[..8]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }

    /// The token of the page that starts there.
    pub fn token(&self, page: Page) -> String {
        format!("{}.{}.{}", self.0, page.revision, page.next)
    }

    /// Reads a token; `None` for the first page.
    pub fn page(&self, token: &str) -> Result<Option<Page>, Refusal> {
        if token.is_empty() {
            return Ok(None);
        }
        let parse = || {
            let mut parts = token.split('.');
            let digest = parts.next()?;
            let revision = Revision(parts.next()?.parse().ok()?);
            let next = parts.next()?.parse().ok()?;
            (digest == self.0 && parts.next().is_none()).then_some(Page { revision, next })
        };
        let rule = "must be the next_page_token of the same listing";
        let refusal = || Refusal::new(RefusalCode::Shape, "page_token", token, rule);
        parse().map(Some).ok_or_else(refusal)
    }
}

/// The size of a page: 100 where none is given.
pub(super) fn page_size(asked: u32, most: u32) -> Result<usize, Refusal> {
    let size = if asked == 0 { 100 } else { asked };
    if size > most {
        let rule = format!("at most {most}");
        return Err(Refusal::new(RefusalCode::Limit, "page_size", asked, rule));
    }
    Ok(usize::try_from(size).expect("32 bits fit a size"))
}
