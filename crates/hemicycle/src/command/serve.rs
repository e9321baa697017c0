//! `hemicycle serve`.

use super::print;
use crate::cli::Serve;
use crate::failure::{Ending, Failure};
use crate::serve::config::{Config, ENVIRONMENT_PREFIX, RoleName};
use crate::serve::{Served, Surroundings};
use service_runtime::config::Layers;
use service_runtime::telemetry::{Metrics, install_logs};

/// Runs roles until the process is told to stop.
///
/// # Errors
///
/// A configuration that is refused, an address or a folder in use.
pub async fn run(arguments: Serve) -> Result<Ending, Failure> {
    let config = load(&arguments)?;
    if arguments.print_config {
        let text = toml::to_string(&config).map_err(|error| Failure::Input(error.to_string()))?;
        print(text.trim_end())?;
        return Ok(Ending::Done);
    }
    install_logs(&config.log.filter, config.log.format)?;
    let metrics = Metrics::install()?;
    let surroundings = Surroundings {
        metrics: Some(metrics),
        ..Surroundings::default()
    };
    let served = Served::start(&config, surroundings).await;
    let served = served.map_err(Failure::starting(
        "another program listens there: choose another address with --listen (gRPC), --http (the page) or --metrics",
    ))?;
    for (address, roles) in &served.grpc {
        let roles: Vec<_> = roles.iter().map(|role| role.name()).collect();
        tracing::info!(grpc = %address, roles = roles.join(","), "serving");
    }
    if let Some(http) = served.http {
        tracing::info!(page = %format!("http://{http}/"), "serving the page");
    }
    if let Some(metrics) = served.metrics {
        tracing::info!(%metrics, "serving metrics");
    }
    served.until_signalled().await?;
    Ok(Ending::Done)
}

fn load(arguments: &Serve) -> Result<Config, Failure> {
    let Serve {
        roles,
        config,
        listen,
        http,
        metrics,
        data,
        results,
        allocation,
        print_config: _,
    } = arguments;
    let prefix = format!("{ENVIRONMENT_PREFIX}_");
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(&prefix));
    let mut flags = Vec::new();
    if roles.iter().any(|role| role == "all") {
        flags.push((
            "roles.list",
            String::from("results,tally-ingestion,allocation,live-feed"),
        ));
    } else if !roles.is_empty() {
        flags.push(("roles.list", roles.join(",")));
    }
    flags.extend(listen.iter().map(|listened| {
        let key = listened.role.map_or("listen.grpc", RoleName::listen_key);
        (key, listened.address.to_string())
    }));
    flags.extend(http.map(|address| ("listen.http", address.to_string())));
    flags.extend(metrics.map(|address| ("listen.metrics", address.to_string())));
    flags.extend(
        data.as_ref()
            .map(|folder| ("data.folder", folder.display().to_string())),
    );
    flags.extend(
        results
            .as_ref()
            .map(|address| ("upstream.results", address.clone())),
    );
    flags.extend(
        allocation
            .as_ref()
            .map(|address| ("upstream.allocation", address.clone())),
    );
    let layers = Layers {
        file: config.as_deref(),
        environment: environment.collect(),
        flags,
    };
    Ok(Config::load(&layers)?)
}
