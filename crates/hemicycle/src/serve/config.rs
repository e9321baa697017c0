//! The configuration of `serve`: flag > environment > file > default.

use service_runtime::config::{ConfigError, Key, Kind, Layers, load};
use service_runtime::http_public::PublicSettings;
use service_runtime::limits::LimitSettings;
use service_runtime::telemetry::LogFormat;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The prefix of variables in the environment.
pub const ENVIRONMENT_PREFIX: &str = "HEMICYCLE";

/// What a process does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// Holds the log.
    Results,
    /// Takes in reports.
    TallyIngestion,
    /// Folds and allocates.
    Allocation,
    /// Serves viewers.
    LiveFeed,
}

/// What `serve` is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What runs here.
    pub roles: Roles,
    /// Where is listened.
    pub listen: Listen,
    /// Where data is kept.
    pub data: Data,
    /// Where the other roles are.
    pub upstream: Upstream,
    /// Who may submit.
    pub ingestion: Ingestion,
    /// What is logged.
    pub log: Log,
    /// Limits of the listener.
    pub limits: LimitSettings,
    /// Limits of the listener for browsers and scripts.
    pub http: PublicSettings,
}

/// What runs here.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Roles {
    /// The roles.
    pub list: Vec<RoleName>,
}

impl Default for Roles {
    fn default() -> Self {
        Self {
            list: vec![
                RoleName::Results,
                RoleName::TallyIngestion,
                RoleName::Allocation,
                RoleName::LiveFeed,
            ],
        }
    }
}

impl RoleName {
    /// All of them, in the order in which they need each other.
    pub const ALL: [Self; 4] = [
        Self::Results,
        Self::TallyIngestion,
        Self::Allocation,
        Self::LiveFeed,
    ];

    /// The name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::TallyIngestion => "tally-ingestion",
            Self::Allocation => "allocation",
            Self::LiveFeed => "live-feed",
        }
    }

    /// The setting of an address of its own.
    pub const fn listen_key(self) -> &'static str {
        match self {
            Self::Results => "listen.results",
            Self::TallyIngestion => "listen.tally-ingestion",
            Self::Allocation => "listen.allocation",
            Self::LiveFeed => "listen.live-feed",
        }
    }
}

/// Where is listened. On loopback unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Listen {
    /// gRPC of all roles that have no address of their own.
    pub grpc: SocketAddr,
    /// gRPC of the results role alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<SocketAddr>,
    /// gRPC of the ingestion alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tally_ingestion: Option<SocketAddr>,
    /// gRPC of the allocation role alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation: Option<SocketAddr>,
    /// gRPC of the live feed alone: the only one that may face the public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_feed: Option<SocketAddr>,
    /// The page and the documents of the live feed over HTTP. Missing: on loopback, port 7480, or any free port where that
    /// is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
    /// Metrics and health over HTTP; missing: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
}

/// Where the page is, unless told otherwise.
pub const HTTP_PORT: u16 = 7480;

impl Default for Listen {
    fn default() -> Self {
        Self {
            grpc: SocketAddr::from((Ipv4Addr::LOCALHOST, 7400)),
            results: None,
            tally_ingestion: None,
            allocation: None,
            live_feed: None,
            http: None,
            metrics: None,
        }
    }
}

impl Listen {
    /// The address that the role has for itself; `None`: it shares that of [`grpc`](Self::grpc).
    pub fn own(&self, role: RoleName) -> Option<SocketAddr> {
        let own = match role {
            RoleName::Results => self.results,
            RoleName::TallyIngestion => self.tally_ingestion,
            RoleName::Allocation => self.allocation,
            RoleName::LiveFeed => self.live_feed,
        };
        // Any free port is another one each time.
        own.filter(|own| *own != self.grpc || own.port() == 0)
    }
}

/// Where data is kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// The data folder of the results role.
    pub folder: PathBuf,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("data"),
        }
    }
}

/// Where the other roles are.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Upstream {
    /// The results role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<String>,
    /// The allocation role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation: Option<String>,
}

/// Who may submit.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ingestion {
    /// Principals; empty: everyone.
    pub principals: Vec<String>,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Which lines, in the form of `RUST_LOG`.
    pub filter: String,
    /// How they look.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: String::from("info"),
            format: LogFormat::Automatic,
        }
    }
}

/// All settings by name.
pub fn keys() -> Vec<Key> {
    let address = |path| {
        let wanted = "an address such as 127.0.0.1:7400 (port 0: any free one)";
        (path, Kind::Text, wanted)
    };
    let own = [
        (
            "roles.list",
            Kind::List,
            "some of results, tally-ingestion, allocation, live-feed",
        ),
        address("listen.grpc"),
        address("listen.http"),
        address("listen.metrics"),
        (
            "data.folder",
            Kind::Text,
            "a folder such as /var/lib/hemicycle",
        ),
        (
            "upstream.results",
            Kind::Text,
            "an address such as http://127.0.0.1:7400",
        ),
        (
            "upstream.allocation",
            Kind::Text,
            "an address such as http://127.0.0.1:7420",
        ),
        (
            "ingestion.principals",
            Kind::List,
            "names such as district-3,district-4",
        ),
        (
            "log.filter",
            Kind::Text,
            "a filter such as info or info,results_service=debug",
        ),
        ("log.format", Kind::Text, "one of automatic, human, json"),
    ];
    let of_roles = RoleName::ALL.map(|role| address(role.listen_key()));
    let own = own
        .into_iter()
        .chain(of_roles)
        .map(|(path, kind, wanted)| Key { path, kind, wanted });
    own.chain(LimitSettings::KEYS)
        .chain(PublicSettings::KEYS)
        .collect()
}

impl Config {
    /// Reads the layers.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the key, the value, where it comes from and what would be right.
    pub fn load(layers: &Layers<'_>) -> Result<Self, ConfigError> {
        load(&keys(), ENVIRONMENT_PREFIX, layers)
    }

    /// Whether the role runs here.
    pub fn runs(&self, role: RoleName) -> bool {
        self.roles.list.contains(&role)
    }

    pub(super) fn results(&self) -> results_service::Config {
        results_service::Config::folder(&self.data.folder)
    }

    pub(super) fn ingestion(&self) -> tally_ingestion::Config {
        tally_ingestion::Config {
            principals: self.ingestion.principals.clone(),
            ..tally_ingestion::Config::default()
        }
    }
}
