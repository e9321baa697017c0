use std::io::Write as _;
use std::net::SocketAddr;

use super::*;

const KEYS: [Key; 4] = [
    Key {
        path: "listen.grpc",
        kind: Kind::Text,
        wanted: "an address such as 127.0.0.1:7400",
    },
    Key {
        path: "roles",
        kind: Kind::List,
        wanted: "a list such as [\"first\", \"second\"]",
    },
    Key {
        path: "limits.calls_max",
        kind: Kind::Number,
        wanted: "a whole number from 1",
    },
    Key {
        path: "verbose",
        kind: Kind::Flag,
        wanted: "true or false",
    },
];

#[derive(Debug, PartialEq, serde::Deserialize)]
#[serde(default)]
struct Settings {
    listen: Listen,
    roles: Vec<String>,
    limits: Limits,
    verbose: bool,
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Listen {
    grpc: SocketAddr,
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Limits {
    calls_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: Listen {
                grpc: SocketAddr::from(([127, 0, 0, 1], 7400)),
            },
            roles: Vec::new(),
            limits: Limits { calls_max: 5 },
            verbose: false,
        }
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

fn refusal(layers: &Layers<'_>) -> String {
    load::<Settings>(&KEYS, "APP", layers)
        .unwrap_err()
        .to_string()
}

#[test]
fn nothing_given_is_the_default() {
    let settings: Settings = load(&KEYS, "APP", &Layers::default()).unwrap();
    assert_eq!(settings, Settings::default());
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = file("verbose = true\n[listen]\ngrpc = \"127.0.0.1:1\"\n[limits]\ncalls_max = 1");
    let layers = Layers {
        file: Some(file.path()),
        environment: environment(&[
            ("APP_LISTEN_GRPC", "127.0.0.1:2"),
            ("APP_LIMITS_CALLS_MAX", "2"),
            ("APP_ROLES", "first, second"),
            ("APP_SERVICE_HOST", "put there by an orchestrator"),
        ]),
        flags: vec![("listen.grpc", "127.0.0.1:3".to_owned())],
    };
    let settings: Settings = load(&KEYS, "APP", &layers).unwrap();
    assert_eq!(settings.listen.grpc.port(), 3);
    assert_eq!(settings.limits.calls_max, 2);
    assert_eq!(settings.roles, ["first", "second"]);
    assert!(settings.verbose);
}

#[test]
fn a_refusal_names_key_value_origin_and_what_would_be_right() {
    let file = file("[listen]\ngrpc = \"nowhere\"");
    let from_file = refusal(&Layers {
        file: Some(file.path()),
        ..Layers::default()
    });
    let name = file.path().display().to_string();
    for part in ["listen.grpc", "nowhere", &name, "an address such as"] {
        assert!(from_file.contains(part), "{from_file}");
    }
    let from_environment = refusal(&Layers {
        environment: environment(&[("APP_LIMITS_CALLS_MAX", "many")]),
        ..Layers::default()
    });
    for part in ["limits.calls_max", "many", "APP_LIMITS_CALLS_MAX", "from 1"] {
        assert!(from_environment.contains(part), "{from_environment}");
    }
    let from_flag = refusal(&Layers {
        flags: vec![("limits.calls_max", "-1".to_owned())],
        ..Layers::default()
    });
    for part in ["limits.calls_max = -1", "command line", "from 1"] {
        assert!(from_flag.contains(part), "{from_flag}");
    }
}

#[test]
fn a_wrong_item_of_a_list_is_traced_to_its_key() {
    let file = file("roles = [\"first\", 2]");
    let text = refusal(&Layers {
        file: Some(file.path()),
        ..Layers::default()
    });
    assert!(
        text.starts_with("roles = ") && text.contains("a list such as"),
        "{text}"
    );
}

#[test]
fn an_unknown_key_a_broken_file_and_a_missing_file_are_refused() {
    let unknown = file("[listen]\ngrcp = \"127.0.0.1:1\"");
    let text = refusal(&Layers {
        file: Some(unknown.path()),
        ..Layers::default()
    });
    assert!(
        text.contains("listen.grcp is no setting") && text.contains("limits.calls_max"),
        "{text}"
    );
    let broken = file("listen = [");
    let text = refusal(&Layers {
        file: Some(broken.path()),
        ..Layers::default()
    });
    assert!(text.contains("line 1"), "{text}");
    let text = refusal(&Layers {
        file: Some(Path::new("no/such/file.toml")),
        ..Layers::default()
    });
    assert!(text.contains("no/such/file.toml"), "{text}");
}

#[test]
fn a_plain_value_where_a_table_belongs_is_refused() {
    let file = file("listen = 5");
    let text = refusal(&Layers {
        file: Some(file.path()),
        environment: environment(&[("APP_LISTEN_GRPC", "127.0.0.1:2")]),
        ..Layers::default()
    });
    assert!(text.contains("listen is no setting"), "{text}");
}
