//! Figures of one machine, printed and not judged here: run with `--release -- --ignored --nocapture figures`.

use std::time::Instant;

use crate::support::*;
use election::definition::Hash;
use wire::results::v1 as proto;

const UNITS: usize = 100_000;
const OPTIONS: usize = 24;
const VERSIONS: u32 = 10;
const STREAMS: usize = 4;
const BATCH: usize = 256;

fn batches(ballot: Hash, stream: usize, version: u32) -> Vec<proto::AppendBatchesRequest> {
    let units: Vec<usize> = (0..UNITS).filter(|unit| unit % STREAMS == stream).collect();
    let votes = [u64::from(version) + 9; OPTIONS];
    let ids = 0_u64..;
    let chunks = ids.zip(units.chunks(BATCH));
    chunks
        .map(|(id, units)| {
            let reports: Vec<_> = units
                .iter()
                .map(|unit| report(ballot, *unit, version, &votes))
                .collect();
            batch(id, ELECTION, &reports)
        })
        .collect()
}

#[test]
#[ignore = "takes a minute and judges nothing"]
fn figures() {
    let place = tempfile::tempdir().unwrap();
    let config = || folder(place.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = runtime.block_on(Service::start(config()));
    let ballot = runtime.block_on(service.define(ELECTION, UNITS, OPTIONS));
    let prepared: Vec<Vec<_>> = (0..STREAMS)
        .map(|stream| {
            let versions = 1..=VERSIONS;
            versions
                .flat_map(|version| batches(ballot, stream, version))
                .collect()
        })
        .collect();
    let started = Instant::now();
    runtime.block_on(async {
        let streams = prepared.into_iter().map(|batches| {
            let mut results = service.results.clone();
            tokio::spawn(async move {
                let batches = futures::stream::iter(batches);
                let answers = results.append_batches(batches).await;
                let mut answers = answers.unwrap().into_inner();
                while answers.message().await.unwrap().is_some() {}
            })
        });
        for stream in streams.collect::<Vec<_>>() {
            stream.await.unwrap();
        }
    });
    let reports = UNITS * usize::try_from(VERSIONS).unwrap();
    let elapsed = started.elapsed();
    let rate = reports as u128 * 1_000_000 / elapsed.as_micros();
    eprintln!("{reports} reports in {elapsed:?}: {rate} reports/s");
    let started = Instant::now();
    runtime.block_on(service.unit("u1", 0)).unwrap();
    eprintln!("store caught up {:?} later", started.elapsed());
    runtime.shutdown_background();
    for name in ["after a kill", "from the newest snapshot"] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let started = Instant::now();
        let service = runtime.block_on(Service::start(config()));
        eprintln!("restart {name}: {:?}", started.elapsed());
        runtime.block_on(service.stop());
    }
    for file in std::fs::read_dir(place.path()).unwrap().flatten() {
        if file.file_name().to_string_lossy().ends_with(".snapshot") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let started = Instant::now();
    let service = runtime.block_on(Service::start(config()));
    eprintln!("restart from the log alone: {:?}", started.elapsed());
    runtime.block_on(service.stop());
}
