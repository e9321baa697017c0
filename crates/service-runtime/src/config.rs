//! Configuration in layers: a flag wins over the environment, that over the file, that over the default.
//!
//! A program names its settings in a table of [`Key`]s, once. From it come the names in the environment, the check of
//! the file for unknown keys, and errors that say which key, which value, from where, and what would be right.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Where it stands in the file: `table.key`.
    pub path: &'static str,
    /// How its text is read.
    pub kind: Kind,
    /// What would be right, with an example: "an address such as 127.0.0.1:7400".
    pub wanted: &'static str,
}

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text, addresses and paths included.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// Texts; separated by commas in the environment and in flags.
    List,
}

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Flag,
    /// In a variable of this name.
    Environment(String),
    /// In a file.
    File(PathBuf),
    /// Nowhere: the default, or missing.
    Default,
}

/// What the layers hold.
#[derive(Debug, Clone, Default)]
pub struct Layers<'layer> {
    /// The TOML file, if one was named.
    pub file: Option<&'layer Path>,
    /// The environment, as the binary read it.
    pub environment: Vec<(String, String)>,
    /// What was given on the command line, by the path of its key.
    pub flags: Vec<(&'static str, String)>,
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{}: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        source: Box<toml::de::Error>,
    },
    /// The file has a key that is no setting.
    #[error("{}: {key} is no setting; settings are: {known}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// All keys there are.
        known: String,
    },
    /// A value is not what its key wants.
    #[error("{key} = {value} ({origin}): {problem}; right would be: {wanted}")]
    Invalid {
        /// The key.
        key: String,
        /// What was given.
        value: String,
        /// Where.
        origin: Origin,
        /// What is wrong with it.
        problem: String,
        /// What would be right.
        wanted: &'static str,
    },
}

impl ConfigError {
    /// Whether it is about what was typed, or left out, where the program was called, and not about a file.
    pub fn is_typed(&self) -> bool {
        match self {
            Self::Invalid { origin, .. } => !matches!(origin, Origin::File(_)),
            Self::Read { .. } | Self::Syntax { .. } | Self::Unknown { .. } => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => formatter.write_str("from the command line"),
            Self::Environment(name) => write!(formatter, "from the environment variable {name}"),
            Self::File(path) => write!(formatter, "from {}", path.display()),
            Self::Default => formatter.write_str("not given"),
        }
    }
}

impl Key {
    /// The variable of the environment that sets it: `listen.grpc` with the prefix `APP` is `APP_LISTEN_GRPC`.
    pub fn variable(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.path.replace(['.', '-'], "_")).to_uppercase()
    }

    fn read(&self, text: &str) -> Result<Value, String> {
        let problem = |error: &dyn fmt::Display| error.to_string();
        match self.kind {
            Kind::Text => Ok(Value::String(text.to_owned())),
            Kind::Number => text
                .trim()
                .parse()
                .map(Value::Integer)
                .map_err(|e| problem(&e)),
            Kind::Flag => text
                .trim()
                .parse()
                .map(Value::Boolean)
                .map_err(|e| problem(&e)),
            Kind::List => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                Ok(Value::Array(items.map(Value::from).collect()))
            }
        }
    }
}

/// Reads the layers into a configuration. Its type holds the defaults (`#[serde(default)]`) and checks its own values.
///
/// Variables with the prefix that are no setting are ignored: orchestrators put such variables there on their own, named
/// after services. A key of the file that is no setting is refused.
///
/// # Errors
/// [`ConfigError`], which names key, value, origin and what would be right.
pub fn load<T: DeserializeOwned>(
    keys: &[Key],
    prefix: &str,
    layers: &Layers<'_>,
) -> Result<T, ConfigError> {
    let mut merged = match layers.file {
        Some(path) => read_file(path, keys)?,
        None => Table::new(),
    };
    let from_environment = keys.iter().filter_map(|key| {
        let name = key.variable(prefix);
        let (_, text) = layers.environment.iter().rfind(|(have, _)| *have == name)?;
        Some((key, text, Origin::Environment(name)))
    });
    let from_flags = layers.flags.iter().filter_map(|(path, text)| {
        let key = keys.iter().find(|key| key.path == *path)?;
        Some((key, text, Origin::Flag))
    });
    let mut origins = Vec::new();
    for (key, text, origin) in from_environment.chain(from_flags) {
        let value = key.read(text).map_err(|problem| {
            invalid(
                key.path,
                keys,
                &format!("{text:?}"),
                origin.clone(),
                problem,
            )
        })?;
        set(&mut merged, key.path, value);
        origins.push((key.path, origin));
    }
    serde_path_to_error::deserialize(Value::Table(merged.clone())).map_err(|error| {
        let path = error.path().to_string();
        let path = keys
            .iter()
            .map(|key| key.path)
            .find(|key| path == *key || path.starts_with(&format!("{key}[")))
            .unwrap_or(&path);
        let value = get(&merged, path);
        let origin = match (origins.iter().rfind(|(key, _)| *key == path), layers.file) {
            (Some((_, origin)), _) => origin.clone(),
            (None, Some(file)) if value.is_some() => Origin::File(file.to_owned()),
            (None, _) => Origin::Default,
        };
        let value = value.map_or_else(|| "nothing".to_owned(), Value::to_string);
        let problem = error.inner().to_string();
        invalid(
            path,
            keys,
            &value,
            origin,
            problem.trim().replace('\n', " "),
        )
    })
}

fn invalid(path: &str, keys: &[Key], value: &str, origin: Origin, problem: String) -> ConfigError {
    let key = keys.iter().find(|key| key.path == path);
    ConfigError::Invalid {
        key: path.to_owned(),
        value: value.to_owned(),
        origin,
        problem,
        wanted: key.map_or("one of the settings", |key| key.wanted),
    }
}

fn read_file(path: &Path, keys: &[Key]) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let table: Table = text.parse().map_err(|source| ConfigError::Syntax {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    let mut leaves = Vec::new();
    collect_leaves(&table, "", &mut leaves);
    match leaves
        .into_iter()
        .find(|leaf| keys.iter().all(|key| key.path != leaf))
    {
        None => Ok(table),
        Some(key) => Err(ConfigError::Unknown {
            path: path.to_owned(),
            key,
            known: keys
                .iter()
                .map(|key| key.path)
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

fn collect_leaves(table: &Table, prefix: &str, leaves: &mut Vec<String>) {
    for (name, value) in table {
        let path = format!("{prefix}{name}");
        match value {
            Value::Table(inner) => collect_leaves(inner, &format!("{path}."), leaves),
            _ => leaves.push(path),
        }
    }
}

fn set(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = table
                .entry(first)
                .or_insert_with(|| Value::Table(Table::new()));
            // A file may hold a plain value where a table belongs: it was refused as an unknown key before.
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

fn get<'table>(table: &'table Table, path: &str) -> Option<&'table Value> {
    match path.split_once('.') {
        None => table.get(path),
        Some((first, rest)) => get(table.get(first)?.as_table()?, rest),
    }
}

#[cfg(test)]
mod tests;
