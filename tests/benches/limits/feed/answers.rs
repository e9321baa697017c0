//! What an answer of `results.json` costs, beside the HTTP library's own that says as many bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::http::{self, Answer, Connection};
use super::server::{Process, Sizes};
use super::{ELECTION, MEGA, Reporter, median, rate, results};
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
    let same = connection
        .ask(&http::get(&results(), &condition(&full)?))
        .await?;
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

// The header of the question whether an answer still holds.
fn condition(answer: &Answer) -> Outcome<String> {
    let mut fields = answer.head.lines();
    let tag = fields.find_map(|line| line.strip_prefix("etag:"));
    let tag = tag.ok_or("results.json has an ETag")?.trim();
    Ok(format!("if-none-match: {tag}\r\n"))
}

/// Somebody who is asked, again and again.
struct Asked {
    address: SocketAddr,
    request: Vec<u8>,
    rates: Vec<f64>,
    answers: f64,
    cpu: Duration,
}

impl Asked {
    fn new(address: SocketAddr, path: &str, header: &str) -> Self {
        Self {
            address,
            request: http::get(path, header),
            rates: Vec::new(),
            answers: 0.0,
            cpu: Duration::ZERO,
        }
    }

    async fn round(&mut self, process: &Process, status: &str, span: Duration) -> Outcome<f64> {
        let before = process.cpu()?;
        let rate = http::load(self.address, &self.request, status, 16, span).await?;
        self.cpu += process.cpu()?.saturating_sub(before);
        self.answers += rate * span.as_secs_f64();
        self.rates.push(rate);
        Ok(rate)
    }

    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * MEGA / self.answers
    }
}

// Conditional and full GETs, each against the hello world, which is asked with the same headers. Rounds are short and in turn,
// and who begins changes: what else is at work on the machine comes and goes more slowly than that.
pub(super) async fn answers(
    options: &Options,
    process: &Process,
    size: usize,
) -> Outcome<Vec<Line>> {
    let (rounds, span) = options.size((40, 250), (2, 100));
    let span = Duration::from_millis(span);
    let full = http::get(&results(), "");
    let known = Connection::open(process.http).await?.ask(&full).await?;
    let condition = condition(&known)?;
    let mut lines = Vec::new();
    for (what, header, path, status) in [
        ("full GET of results.json", "", "/full", "200"),
        (
            "conditional GET of results.json, unchanged",
            condition.as_str(),
            "/same",
            "304",
        ),
    ] {
        let mut ours = Asked::new(process.http, &results(), header);
        let mut theirs = Asked::new(process.hello, path, header);
        let mut bare = Asked::new(process.hello, &format!("{path}/bare"), header);
        let mut ratios = Vec::new();
        for round in 0..rounds {
            let (our, their) = if round % 2 == 0 {
                let our = ours.round(process, status, span).await?;
                (our, theirs.round(process, status, span).await?)
            } else {
                let their = theirs.round(process, status, span).await?;
                (ours.round(process, status, span).await?, their)
            };
            bare.round(process, status, span).await?;
            ratios.push(our / their);
        }
        lines.push(Line {
            what: format!("{what}, {size} bytes, 16 connections"),
            figure: format!(
                "{}, {:.1} us of the server",
                rate(median(&ours.rates)),
                ours.cpu_us()
            ),
            beside: format!(
                "{}, {:.1} us, axum hello world of as many bytes ({} without headers)",
                rate(median(&theirs.rates)),
                theirs.cpu_us(),
                rate(median(&bare.rates))
            ),
            value: median(&ratios),
            unit: "",
            target: Target::AtLeast(0.8),
        });
    }
    Ok(lines)
}
