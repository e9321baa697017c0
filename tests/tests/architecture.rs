//! The shape of the workspace: which crate may know which. ARCHITECTURE.md says it in words; this says it to a machine.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, in its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Every crate and the crates of ours that it may depend on, in code and in tests. A crate that is not here may not be.
const EDGES: [(&str, &[&str]); 16] = [
    ("apportionment", &[]),
    ("election", &["apportionment"]),
    // Words for what the engine answers: it knows the engine's types, and neither elections nor messages.
    ("explanation", &["apportionment"]),
    ("wire", &["apportionment", "election"]),
    ("event-log", &["election"]),
    ("event-log-journal", &["election", "event-log"]),
    ("results-store", &["election", "event-log"]),
    ("service-runtime", &[]),
    // The runtime is for the servers of its tests; TESTS_ONLY holds it to that.
    ("client", &["election", "service-runtime", "wire"]),
    // The services never know each other: they meet through generated clients over a channel.
    ("tally-ingestion", &["election", "service-runtime", "wire"]),
    (
        "results-service",
        &[
            "election",
            "event-log",
            "event-log-journal",
            "results-store",
            "service-runtime",
            "wire",
        ],
    ),
    (
        "allocation-service",
        &[
            "apportionment",
            "election",
            "explanation",
            "service-runtime",
            "wire",
        ],
    ),
    ("live-feed", &["election", "service-runtime", "wire"]),
    // The binary puts them together.
    (
        "hemicycle",
        &[
            "allocation-service",
            "apportionment",
            "client",
            "election",
            "event-log",
            "event-log-journal",
            "explanation",
            "live-feed",
            "results-service",
            "results-store",
            "service-runtime",
            "tally-ingestion",
            "wire",
        ],
    ),
    // Stands outside and sees everything.
    (
        "end-to-end",
        &[
            "allocation-service",
            "apportionment",
            "client",
            "election",
            "event-log",
            "event-log-journal",
            "explanation",
            "hemicycle",
            "live-feed",
            "results-service",
            "results-store",
            "service-runtime",
            "tally-ingestion",
            "wire",
        ],
    ),
    ("xtask", &[]),
];

/// Crates of others that only some of ours may know, so that each can be replaced in one place.
const KEPT_APART: [(&str, &[&str]); 9] = [
    ("sled", &["results-store"]),
    // live-feed passes encoded frames through and needs the trait of what it passes.
    ("prost", &["wire", "live-feed", "xtask"]),
    ("prost-types", &["wire", "xtask"]),
    ("tonic-prost", &["wire"]),
    ("pbjson", &["wire"]),
    // Its hello world is what answers are measured against.
    ("axum", &["service-runtime", "live-feed", "end-to-end"]),
    ("clap", &["hemicycle", "xtask"]),
    ("tracing-subscriber", &["service-runtime"]),
    (
        "metrics-exporter-prometheus",
        &["service-runtime", "results-service"],
    ),
];

/// What a crate may know in its tests but not in its code.
const TESTS_ONLY: [(&str, &str); 2] = [
    ("client", "service-runtime"),
    ("results-service", "metrics-exporter-prometheus"),
];

/// What the election itself must not know: it is a pure function of its log.
const IMPURE: [&str; 12] = [
    "axum",
    "bytes",
    "futures",
    "getrandom",
    "hyper",
    "jiff",
    "rand",
    "sled",
    "tokio",
    "tonic",
    "tracing",
    "metrics",
];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 6] = ["common", "core", "util", "utils", "types", "shared"];

const CRATES_MAX: usize = 16;

#[derive(Debug, Clone)]
struct Crate {
    name: String,
    folder: PathBuf,
    /// In code, in build scripts and in tests.
    dependencies: BTreeSet<String>,
    /// In code alone.
    code_dependencies: BTreeSet<String>,
}

#[test]
fn the_crates_keep_to_the_table() {
    let broken = broken_rules(&workspace());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_broken_rule_is_found() {
    let sound = workspace();
    let with = |name: &str, dependency: &str| {
        let mut crates = sound.clone();
        let changed = crates.iter_mut().find(|known| known.name == name).unwrap();
        changed.dependencies.insert(dependency.to_owned());
        changed.code_dependencies.insert(dependency.to_owned());
        broken_rules(&crates)
    };
    for (name, dependency) in [
        ("tally-ingestion", "results-service"),
        ("election", "wire"),
        ("election", "tokio"),
        ("apportionment", "serde"),
        ("client", "prost"),
        ("results-service", "sled"),
    ] {
        let broken = with(name, dependency).join("\n");
        assert!(
            broken.contains(name) && broken.contains(dependency),
            "{name} -> {dependency}: {broken}"
        );
    }
    let renamed = |name: &str| {
        let mut crates = sound.clone();
        crates[0].name = name.to_owned();
        broken_rules(&crates)
    };
    assert!(
        renamed("common")
            .iter()
            .any(|rule| rule.contains("says nothing"))
    );
    assert!(
        renamed("newcomer")
            .iter()
            .any(|rule| rule.contains("not in the table"))
    );
}

#[test]
fn there_is_no_float_in_seats_and_totals() {
    let mut found = Vec::new();
    for name in ["apportionment", "election"] {
        let folder = root().join("crates").join(name).join("src");
        for path in rust_files(&folder) {
            let text = fs::read_to_string(&path).unwrap();
            let lines = floats(&text);
            found.extend(
                lines
                    .iter()
                    .map(|line| format!("{}:{line}", path.display())),
            );
        }
    }
    assert!(found.is_empty(), "floats:\n{}", found.join("\n"));
}

#[test]
fn a_float_is_found_where_one_is_and_nowhere_else() {
    for text in [
        "let a = 1.5;",
        "fn a(b: f64) {}",
        "x as f32",
        "let a = 7.0 / 3.0; // why",
    ] {
        assert_eq!(floats(text), [1], "{text}");
    }
    for text in [
        "pair.0.1",
        "0..10",
        "// 1.5 seats",
        "\"6.79%\"",
        "/// as f64",
        "buf32",
        "a[1..2].len()",
    ] {
        assert!(floats(text).is_empty(), "{text}");
    }
}

fn broken_rules(crates: &[Crate]) -> Vec<String> {
    let ours: BTreeSet<&str> = crates.iter().map(|known| known.name.as_str()).collect();
    let edges: BTreeMap<&str, &[&str]> = EDGES.into_iter().collect();
    let mut broken = Vec::new();
    for Crate {
        name,
        folder,
        dependencies,
        code_dependencies,
    } in crates
    {
        let Some(allowed) = edges.get(name.as_str()) else {
            broken.push(format!("{name} is not in the table of crates"));
            continue;
        };
        for dependency in dependencies {
            let dependency = dependency.as_str();
            if ours.contains(dependency) && !allowed.contains(&dependency) {
                broken.push(format!("{name} may not know {dependency}"));
            }
            for (kept, by) in KEPT_APART {
                if dependency == kept && !by.contains(&name.as_str()) {
                    broken.push(format!(
                        "{name} may not know {kept}: only {} may",
                        by.join(", ")
                    ));
                }
            }
        }
        for (_, tested_with) in TESTS_ONLY
            .into_iter()
            .filter(|(crate_name, _)| crate_name == name)
        {
            if code_dependencies.contains(tested_with) {
                broken.push(format!("{name} may know {tested_with} in its tests only"));
            }
        }
        if name == "apportionment" && !code_dependencies.is_empty() {
            broken.push(format!(
                "{name} depends on nothing, not on {code_dependencies:?}"
            ));
        }
        if name == "election" {
            for impure in IMPURE
                .iter()
                .filter(|impure| code_dependencies.contains(**impure))
            {
                broken.push(format!("{name} is pure and may not know {impure}"));
            }
        }
        if folder.starts_with(root().join("crates")) && !folder.ends_with(name) {
            broken.push(format!("{name} lies in {}", folder.display()));
        }
    }
    for name in EMPTY_NAMES.iter().filter(|name| ours.contains(**name)) {
        broken.push(format!(
            "a crate named {name} says nothing of what is inside"
        ));
    }
    let number = crates
        .iter()
        .filter(|known| known.folder.starts_with(root().join("crates")))
        .count();
    if number > CRATES_MAX {
        broken.push(format!(
            "{number} crates; at most {CRATES_MAX} can be kept in mind"
        ));
    }
    broken
}

fn workspace() -> Vec<Crate> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(known_crate)
        .collect()
}

fn known_crate(package: &Value) -> Crate {
    let named = |kept: &dyn Fn(&Value) -> bool| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        dependencies
            .filter(|dependency| kept(dependency))
            .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
            .collect()
    };
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap_or_default());
    Crate {
        name: package["name"].as_str().unwrap_or_default().to_owned(),
        folder: manifest.parent().map(Path::to_path_buf).unwrap_or_default(),
        dependencies: named(&|_| true),
        code_dependencies: named(&|dependency| dependency["kind"].is_null()),
    }
}

fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The numbers of the lines with a float type or literal, comments and texts left out.
fn floats(text: &str) -> Vec<usize> {
    let has_float = |line: &str| {
        let mut code = String::new();
        // Every second part of a line cut at its quotes is text.
        for part in line.split('"').step_by(2) {
            code.push_str(part);
            code.push(' ');
        }
        let code = code.split("//").next().unwrap_or_default();
        let mut words = code.split(|character: char| {
            !(character.is_alphanumeric() || character == '_' || character == '.')
        });
        words.any(|word| matches!(word, "f32" | "f64") || is_float_literal(word))
    };
    let numbered = (1..).zip(text.lines());
    numbered
        .filter(|(_, line)| has_float(line))
        .map(|(number, _)| number)
        .collect()
}

fn is_float_literal(word: &str) -> bool {
    let Some((whole, rest)) = word.split_once('.') else {
        return word.starts_with(|first: char| first.is_ascii_digit())
            && (word.ends_with("f64") || word.ends_with("f32"));
    };
    let digits = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    digits(whole)
        && whole
            .chars()
            .all(|character| character.is_ascii_digit() || character == '_')
        && digits(rest)
}
