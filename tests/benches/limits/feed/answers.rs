//! What an answer of `results.json` costs, beside the HTTP library's own that says as many bytes.

use std::sync::Arc;
use std::time::Duration;

use super::http::{self, Answer, Connection};
use super::server::{Process, Sizes};
use super::{ELECTION, Reporter, median, rate, results};
use crate::line::{Line, Target};
use crate::night::Night;
use crate::{Options, Outcome};

// How large our answers are: the hello world says as much.
pub(super) async fn sizes(night: &Arc<Night>, options: &Options) -> Outcome<Sizes> {
    let folder = options.data_folder()?;
    let process = Process::start(folder.path(), ELECTION, Sizes::default())?;
    let reporter = Reporter::begin(&process, night).await?;
    let mut connection = Connection::open(process.http).await?;
    let full = connection.ask(&http::get(&results(), "")).await?;
    let same = connection.ask(&conditional(&full)?).await?;
    drop(reporter);
    // Its own heads have the filler already, without a letter.
    let mut hello = Connection::open(process.hello).await?;
    let filled = |ours: &Answer, hello: &Answer| ours.head.len().saturating_sub(hello.head.len());
    Ok(Sizes {
        body: full.body.len(),
        full: filled(&full, &hello.ask(&http::get("/full", "")).await?),
        same: filled(&same, &hello.ask(&http::get("/same", "")).await?),
    })
}

// The question whether an answer still holds.
fn conditional(answer: &Answer) -> Outcome<Vec<u8>> {
    let mut fields = answer.head.lines();
    let tag = fields.find_map(|line| line.strip_prefix("etag:"));
    let tag = tag.ok_or("results.json has an ETag")?.trim();
    Ok(http::get(&results(), &format!("if-none-match: {tag}\r\n")))
}

// Conditional and full GETs, each against the hello world, in turn.
pub(super) async fn answers(
    options: &Options,
    process: &Process,
    size: usize,
) -> Outcome<Vec<Line>> {
    let (rounds, span) = options.size((15, 1_000), (2, 100));
    let span = Duration::from_millis(span);
    let full = http::get(&results(), "");
    let known = Connection::open(process.http).await?.ask(&full).await?;
    let same = conditional(&known)?;
    let mut lines = Vec::new();
    for (what, ours, path, status) in [
        ("full GET of results.json", full, "/full", "200"),
        (
            "conditional GET of results.json, unchanged",
            same,
            "/same",
            "304",
        ),
    ] {
        let (mut rates, mut ratios) = ([const { Vec::new() }; 3], Vec::new());
        for _ in 0..rounds {
            let (hello, bare) = (http::get(path, ""), http::get(&format!("{path}/bare"), ""));
            let ours = http::load(process.http, &ours, status, 16, span).await?;
            let theirs = http::load(process.hello, &hello, status, 16, span).await?;
            let bare = http::load(process.hello, &bare, status, 16, span).await?;
            rates[0].push(ours);
            rates[1].push(theirs);
            rates[2].push(bare);
            ratios.push(ours / theirs);
        }
        lines.push(Line {
            what: format!("{what}, {size} bytes, 16 connections"),
            figure: rate(median(&rates[0])),
            beside: format!(
                "{}, axum hello world of as many bytes ({} without headers)",
                rate(median(&rates[1])),
                rate(median(&rates[2]))
            ),
            value: median(&ratios),
            unit: "",
            target: Target::AtLeast(0.8),
        });
    }
    Ok(lines)
}
