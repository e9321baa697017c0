//! Logs and metrics of the process. Only a binary installs them: a library or a test must not.

use std::io::IsTerminal as _;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::shutdown::Stopper;

/// The upper bounds of the buckets of every metric whose name ends in `_seconds`: from a tenth of a millisecond, below
/// which a call on loopback does not get, to the longest deadline.
const SECONDS_BUCKETS: [f64; 15] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
    60.0,
];

/// How often recorded values are folded into buckets when nobody scrapes: without it they would pile up.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Human when stderr is a terminal, JSON when it is not.
    #[default]
    Automatic,
    /// Coloured lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Why logs or metrics could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("log filter {filter:?}: {source}; right would be: info, or info,crate_name=debug")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The process has a subscriber already.
    #[error("logs are installed already: {0}")]
    Logs(#[from] TryInitError),
    /// The process has a recorder already, or its buckets are wrong.
    #[error("metrics cannot be installed: {0}")]
    Metrics(#[from] BuildError),
}

/// Sends log lines to stderr, so that stdout stays for what the program was asked for.
///
/// The filter has the form of the `RUST_LOG` variable, such as `info,h2=warn`.
///
/// # Errors
/// [`TelemetryError`] when the filter cannot be read or logs are installed already.
pub fn install_logs(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter).map_err(|source| TelemetryError::Filter {
        filter: filter.to_owned(),
        source,
    })?;
    let human = match format {
        LogFormat::Automatic => std::io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be written, on a full disk, is lost. Telling stderr would fail too, and be a panic.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    if human {
        lines.with_target(false).finish().try_init()?;
    } else {
        let json = lines.json().flatten_event(true).with_current_span(true);
        json.with_span_list(false).finish().try_init()?;
    }
    Ok(())
}

/// The metrics of the process. Clones are the same metrics.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Makes this the recorder of the process.
    ///
    /// # Errors
    /// [`TelemetryError::Metrics`] when the process has one already.
    pub fn install() -> Result<Self, TelemetryError> {
        let handle = builder()?.install_recorder()?;
        crate::call::describe_metrics();
        Ok(Self(handle))
    }

    /// Everything recorded so far, in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps the memory of histograms bounded while nobody scrapes, until the stopper stops.
    pub fn keep_up(&self, stopper: &Stopper) {
        let (handle, stopping) = (self.0.clone(), stopper.stopping());
        stopper.spawn(async move {
            tokio::pin!(stopping);
            while tokio::time::timeout(UPKEEP_INTERVAL, &mut stopping)
                .await
                .is_err()
            {
                handle.run_upkeep();
            }
        });
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    PrometheusBuilder::new().set_buckets_for_metric(seconds, &SECONDS_BUCKETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rendered_in_buckets() {
        let recorder = builder().unwrap().build_recorder();
        let metrics = Metrics(recorder.handle());
        metrics::with_local_recorder(&recorder, || {
            metrics::histogram!("rpc_duration_seconds", "method" => "m").record(0.0007);
            metrics::counter!("rpc_calls_total", "code" => "OK").increment(2);
        });
        let text = metrics.render();
        assert!(
            text.contains("rpc_duration_seconds_bucket{method=\"m\",le=\"0.001\"} 1"),
            "{text}"
        );
        assert!(
            text.contains("rpc_duration_seconds_bucket{method=\"m\",le=\"0.0005\"} 0"),
            "{text}"
        );
        assert!(text.contains("rpc_calls_total{code=\"OK\"} 2"), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let error = install_logs("info,=,", LogFormat::Json)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("info,=,") && error.contains("right would be"),
            "{error}"
        );
    }
}
