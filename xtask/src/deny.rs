//! `deny`: the licence, the source and the ban of every dependency, by deny.toml.
//!
//! cargo-deny knows more but takes longer to build than everything else here, and its advisories need a network. This
//! covers what must hold on every run; cargo-deny is asked too where it is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use spdx::{Expression, ParseMode};

use crate::step::{Failure, cargo, output, run, works};

/// The part of deny.toml that is checked here.
#[derive(Debug, Default)]
struct Policy {
    licenses: BTreeSet<String>,
    bans: Vec<Ban>,
}

#[derive(Debug)]
struct Ban {
    name: String,
    /// Crates that may depend on it all the same.
    wrappers: BTreeSet<String>,
    reason: String,
}

/// A package of the build.
#[derive(Debug)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// None for our own.
    source: Option<String>,
    /// The names of the packages that depend on it.
    dependents: BTreeSet<String>,
}

/// Checks every package in the build against deny.toml.
pub fn check(root: &Path) -> Result<(), Failure> {
    let path = root.join("deny.toml");
    let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    let policy = policy(&text)?;
    let packages = packages(root)?;
    println!("{} packages", packages.len());
    let findings: Vec<String> = packages
        .iter()
        .flat_map(|package| judge(package, &policy))
        .collect();
    Failure::unless_empty(&findings, "deny.toml says what is allowed and why")?;
    if works(cargo(root).args(["deny", "--version"])) {
        run(cargo(root).args(["deny", "--offline", "check", "bans", "licenses", "sources"]))?;
    }
    Ok(())
}

fn policy(text: &str) -> Result<Policy, Failure> {
    let malformed = |what: &str| Failure::Found(format!("deny.toml: {what}"));
    let table: toml::Table = text
        .parse()
        .map_err(|error| malformed(&format!("{error}")))?;
    let list = |section: &str, key: &str| {
        let values = table.get(section).and_then(|section| section.get(key));
        values
            .and_then(toml::Value::as_array)
            .ok_or_else(|| malformed(&format!("[{section}] {key} is missing")))
    };
    let texts = |values: &[toml::Value]| {
        let texts = values.iter().filter_map(toml::Value::as_str);
        texts.map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let ban = |entry: &toml::Value| {
        let text = |key: &str| entry.get(key).and_then(toml::Value::as_str);
        let wrappers = entry.get("wrappers").and_then(toml::Value::as_array);
        match (text("crate"), text("reason")) {
            (Some(name), Some(reason)) => Ok(Ban {
                name: name.to_owned(),
                wrappers: wrappers.map(|names| texts(names)).unwrap_or_default(),
                reason: reason.to_owned(),
            }),
            _ => Err(malformed("a ban needs crate and reason")),
        }
    };
    Ok(Policy {
        licenses: texts(list("licenses", "allow")?),
        bans: list("bans", "deny")?
            .iter()
            .map(ban)
            .collect::<Result<_, _>>()?,
    })
}

fn packages(root: &Path) -> Result<Vec<Package>, Failure> {
    let metadata = output(cargo(root).args([
        "metadata",
        "--format-version=1",
        "--locked",
        "--filter-platform=x86_64-unknown-linux-gnu",
    ]))?;
    let metadata: Value = serde_json::from_str(&metadata)
        .map_err(|error| Failure::Found(format!("cargo metadata: {error}")))?;
    let text = |value: &Value, key: &str| value[key].as_str().map(str::to_owned);
    let mut packages = BTreeMap::new();
    for package in list(&metadata["packages"]) {
        let known = Package {
            name: text(package, "name").unwrap_or_default(),
            version: text(package, "version").unwrap_or_default(),
            license: text(package, "license"),
            source: text(package, "source"),
            dependents: BTreeSet::new(),
        };
        packages.insert(text(package, "id").unwrap_or_default(), known);
    }
    // Only what the platform's graph reaches counts.
    let mut reached = BTreeSet::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let id = text(node, "id").unwrap_or_default();
        let dependent = packages.get(&id).map(|package| package.name.clone());
        for dependency in list(&node["deps"]) {
            let dependency = text(dependency, "pkg").unwrap_or_default();
            if let (Some(package), Some(dependent)) = (packages.get_mut(&dependency), &dependent) {
                package.dependents.insert(dependent.clone());
            }
        }
        reached.insert(id);
    }
    packages.retain(|id, _| reached.contains(id));
    Ok(packages.into_values().collect())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn judge(package: &Package, policy: &Policy) -> Vec<String> {
    let Package {
        name,
        version,
        license,
        source,
        dependents,
    } = package;
    let mut findings = Vec::new();
    for ban in policy.bans.iter().filter(|ban| ban.name == *name) {
        let dependents: Vec<&str> = dependents
            .difference(&ban.wrappers)
            .map(String::as_str)
            .collect();
        if !dependents.is_empty() {
            let dependents = dependents.join(", ");
            findings.push(format!(
                "{name} {version} (for {dependents}) is banned: {}",
                ban.reason
            ));
        }
    }
    let Some(source) = source else {
        return findings;
    };
    if !source.starts_with("registry+https://github.com/rust-lang/crates.io-index") {
        findings.push(format!(
            "{name} {version} comes from {source}, not from the one registry"
        ));
    }
    let license = license.as_deref().unwrap_or("none");
    let allowed = Expression::parse_mode(license, ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|requirement| policy.licenses.contains(&requirement.to_string()))
    });
    if !allowed {
        findings.push(format!(
            "{name} {version} has the licence {license}, which is not allowed"
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "Unicode-3.0"]
        [bans]
        deny = [{ crate = "old", wrappers = ["store"], reason = "unmaintained" }]
    "#;
    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn findings(name: &str, license: &str, source: &str, dependent: &str) -> Vec<String> {
        let package = Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(license.to_owned()),
            source: Some(source.to_owned()),
            dependents: BTreeSet::from([dependent.to_owned()]),
        };
        judge(&package, &policy(POLICY).unwrap())
    }

    #[test]
    fn allowed_licences_pass_in_every_way_to_write_them() {
        for license in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "GPL-2.0-only/MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(
                findings("a", license, REGISTRY, "b").is_empty(),
                "{license}"
            );
        }
    }

    #[test]
    fn other_licences_sources_and_banned_crates_are_named() {
        for license in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "",
            "no licence at all",
        ] {
            assert_eq!(findings("a", license, REGISTRY, "b").len(), 1, "{license}");
        }
        let git = findings("a", "MIT", "git+https://example.org/a", "b");
        assert!(git[0].contains("example.org"), "{git:?}");
        assert!(findings("old", "MIT", REGISTRY, "store").is_empty());
        let banned = findings("old", "MIT", REGISTRY, "other");
        assert!(
            banned[0].contains("other") && banned[0].contains("unmaintained"),
            "{banned:?}"
        );
    }

    #[test]
    fn a_ban_without_a_reason_is_refused() {
        let text = POLICY.replace(", reason = \"unmaintained\"", "");
        assert!(policy(&text).unwrap_err().to_string().contains("reason"));
    }
}
