//! A file with the rules of one contest, in any of the forms in which people have them.

use crate::failure::Failure;
use election::ids::ContestId;
use election::rules::ContestRules;
use std::path::Path;

/// The rules of a file: of the only contest of a definition, of its `rules` table alone, of one entry of `rules.contests`, or
/// what `hemicycle profiles NAME` prints. Which contest and districts they are for need not be said.
///
/// # Errors
///
/// A file that cannot be read, or that has no such rules: with the field.
pub(super) fn rules_of(path: &Path) -> Result<ContestRules, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(Failure::io(name.clone()))?;
    read(&text).map_err(|problem| Failure::Input(format!("{name}: {}", problem.trim_end())))
}

/// The parts of which the rules of a contest have one.
const OF_A_CONTEST: [&str; 3] = ["stages", "tiers", "double_proportional"];

fn read(text: &str) -> Result<ContestRules, String> {
    let mut whole: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let (path, rules) = match whole.remove("rules") {
        Some(rules) => ("rules.", rules),
        None => ("", toml::Value::Table(whole)),
    };
    let has_contests = |rules: &toml::Value| rules.get("contests").is_some();
    let (path, mut rules) = match rules {
        toml::Value::Table(mut rules) if has_contests(&toml::Value::Table(rules.clone())) => {
            let contests = rules.remove("contests");
            let contests = contests.and_then(|contests| contests.as_array().cloned());
            let contests = contests.unwrap_or_default();
            let count = contests.len();
            let [only] = <[toml::Value; 1]>::try_from(contests).map_err(|_| {
                format!("{path}contests: {count} entries; such a file has the rules of one contest")
            })?;
            (format!("{path}contests[0]."), only)
        }
        rules => (path.to_owned(), rules),
    };
    let Some(table) = rules.as_table_mut() else {
        return Err(format!("{path}: must be a table of rules"));
    };
    if !OF_A_CONTEST.iter().any(|part| table.contains_key(*part)) {
        return Err(format!(
            "{path}stages: missing; the rules of a contest have stages, tiers or double_proportional"
        ));
    }
    let id = ContestId::new("contest").expect("an id of letters");
    table.entry("id").or_insert(id.as_str().into());
    table
        .entry("districts")
        .or_insert(toml::Value::Array(Vec::new()));
    serde_path_to_error::deserialize(rules).map_err(|error| {
        let field = error.path().to_string();
        format!("{path}{field}: {}", error.into_inner())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use election::profile::Profile;

    const STAGES: &str = r#"stages = [{ method = "highest-averages", divisors = "d-hondt" }]"#;

    #[test]
    fn all_forms_are_the_same_rules() {
        let forms = [
            STAGES.to_owned(),
            format!("[rules]\n{STAGES}"),
            format!("[rules]\nid = \"contest\"\ndistricts = []\n{STAGES}"),
            format!("[[contests]]\n{STAGES}"),
            format!("[[rules.contests]]\n{STAGES}"),
            format!("[rules]\nhouse_size = 9\n[[rules.contests]]\nid = \"contest\"\n{STAGES}"),
        ];
        let first = read(&forms[0]).unwrap();
        assert_eq!(first.stages.len(), 1);
        for form in &forms {
            assert_eq!(read(form).as_ref(), Ok(&first), "{form}");
        }
    }

    #[test]
    fn what_is_no_rules_of_one_contest_says_why() {
        let two = format!("[[rules.contests]]\n{STAGES}\n[[rules.contests]]\n{STAGES}");
        for (text, said) in [
            ("[ballot]\nelection_id = \"a\"", "stages: missing"),
            ("rules = 3", "must be a table"),
            (two.as_str(), "rules.contests: 2 entries"),
            (
                "[rules]\nstages = [{ method = \"highest-averages\", divisors = \"dhondt\" }]",
                "rules.stages[0]",
            ),
            ("[rules\n", "TOML"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }

    /// What the command prints of each profile is such a file.
    #[test]
    fn what_is_printed_of_a_profile_is_read() {
        for profile in Profile::all() {
            let printed = super::super::profiles::shown(&profile.into());
            let read = read(&printed).unwrap_or_else(|error| panic!("{}: {error}", profile.name));
            let ContestRules { id, districts, .. } = &read;
            let known = ContestRules {
                id: id.clone(),
                districts: districts.clone(),
                ..profile.law.rules.clone()
            };
            assert_eq!(read, known, "{}", profile.name);
        }
    }
}
