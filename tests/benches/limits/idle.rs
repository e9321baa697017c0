//! The time until a report is acknowledged when nothing else happens, against the echo and the disk.

use std::sync::Arc;
use std::time::Duration;

use client::Client;

use crate::journal::Bare;
use crate::line::{Line, Target, median, micros, quantile};
use crate::load::{OneByOne, connections};
use crate::night::Night;
use crate::server::{self, Server};
use crate::{Options, Outcome};

/// Between two reports, so that each meets an idle server.
const PAUSE: Duration = Duration::from_millis(1);
/// About the bytes of one report of 24 options with the group around it.
const RECORD_BYTES: usize = 1_024;

/// Runs it.
pub async fn run(options: &Options) -> Outcome<Vec<Line>> {
    let (rounds, each) = options.size((20, 100), (2, 20));
    let folder = options.data_folder()?;
    server::metrics()?;
    let night = Arc::new(Night::new("idle", 24, rounds * each)?);
    let (roles, echo) = (
        Server::all_roles(folder.path()).await?,
        Server::echo().await?,
    );
    let admin = Client::connect(&roles.address)?.with_deadline(Duration::from_secs(60));
    admin.define(&night.definition).await?;
    let mut streams = Vec::new();
    for server in [&roles, &echo] {
        let channel = connections(&server.address, 1)?.remove(0);
        streams.push(OneByOne::open(channel).await?);
    }
    let bare = Bare::new(folder.path(), RECORD_BYTES)?;
    let mut spans = [Vec::new(), Vec::new(), Vec::new()];
    for unit in 0..rounds * each {
        // Every round of reports against the one is followed by a round against the other.
        for (stream, spans) in streams.iter_mut().zip(&mut spans) {
            tokio::time::sleep(PAUSE).await;
            spans.push(micros(stream.submit(&night, unit, 1).await?));
        }
        tokio::time::sleep(PAUSE).await;
        spans[2].push(micros(bare.groups(1, RECORD_BYTES)?));
    }
    let [ours, echoed, synced] = spans.each_ref().map(|spans| median(spans));
    let late = quantile(&spans[0], 0.99);
    let limit = 2.0 * echoed + 2.0 * synced;
    drop(streams);
    roles.stop().await?;
    echo.stop().await?;
    Ok(vec![Line {
        what: "idle acknowledgement, p50".into(),
        figure: format!("{ours:.0} us (p99 {late:.0} us)"),
        beside: format!("{limit:.0} us = 2 x echo {echoed:.0} + 2 x fdatasync {synced:.0}"),
        value: ours / limit,
        unit: "",
        target: Target::AtMost(1.0),
    }])
}
