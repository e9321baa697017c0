//! The names of metrics: each begins with the role that it is of, and is in the table that operators read.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, in its helpers too"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The crates that measure, and how the names of their metrics begin: with the role, or with `rpc` for what every
/// listener has.
const PREFIXES: [(&str, &str); 5] = [
    ("allocation-service", "allocation_"),
    ("live-feed", "feed_"),
    ("results-service", "results_"),
    ("service-runtime", "rpc_"),
    ("tally-ingestion", "ingestion_"),
];

#[test]
fn every_metric_begins_with_its_role_and_is_in_the_table_of_operations() {
    let table = fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let mut documented: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name)
        .filter(|name| PREFIXES.iter().any(|(_, prefix)| name.starts_with(prefix)))
        .collect();
    let mut findings = Vec::new();
    for (crate_name, prefix) in PREFIXES {
        let mut names = BTreeSet::new();
        collect(
            &root().join("crates").join(crate_name).join("src"),
            &mut names,
        );
        assert!(!names.is_empty(), "{crate_name} measures nothing");
        for name in names {
            if !name.starts_with(prefix) {
                findings.push(format!("{crate_name}: {name} does not begin with {prefix}"));
            }
            if !documented.remove(name.as_str()) && !table.contains(&format!("| `{name}` |")) {
                findings.push(format!("{crate_name}: {name} is not in docs/operations.md"));
            }
        }
    }
    let gone = documented.iter().filter(|name| name.contains('_'));
    findings.extend(gone.map(|name| format!("{name} is in docs/operations.md and nowhere else")));
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn names_are_found_in_every_form_that_they_are_written_in() {
    let text = r#"
        counter!("results_a_total", "code" => code).increment(1);
        metrics::gauge!(LOST).decrement(1); gauge!("b_open");
        histogram!(
            "c_seconds"
        );
        const LOST: &str = "d_lost";
    "#;
    let names = names_in(text);
    let expected = ["b_open", "c_seconds", "d_lost", "results_a_total"];
    assert_eq!(names.iter().collect::<Vec<_>>(), expected);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names in the sources of a folder, without its tests.
fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.file_name().unwrap() != "tests.rs" {
            let text = fs::read_to_string(&path).unwrap();
            let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            names.extend(names_in(product));
        }
    }
}

/// What the macros of metrics are given: a text, or a constant that is one.
fn names_in(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for start in ["counter!(", "gauge!(", "histogram!("] {
        for (at, _) in text.match_indices(start) {
            let argument = text[at + start.len()..].trim_start();
            let argument = argument.split([',', ')']).next().unwrap().trim();
            let name = match argument.strip_prefix('"') {
                Some(name) => name.strip_suffix('"').unwrap(),
                None => constant(text, argument),
            };
            names.insert(name.to_owned());
        }
    }
    names
}

fn constant<'text>(text: &'text str, name: &str) -> &'text str {
    let start = format!("const {name}: &str = \"");
    let (_, rest) = text.split_once(&start).unwrap();
    rest.split('"').next().unwrap()
}
