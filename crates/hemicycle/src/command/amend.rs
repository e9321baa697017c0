//! `hemicycle amend`.

use super::{connect, election_id, ending, print, print_json};
use crate::cli::official::{Amend, AmendedPart};
use crate::failure::{Ending, Failure};
use crate::names::ask_definition;
use client::Client;
use election::command::Command;
use election::definition::{Area, Presentation, Register, Unit};
use election::ids::ElectionId;
use election::rules::Rules;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use wire::UNITS_PER_MESSAGE_MAX;

/// Amends a part of a definition.
///
/// # Errors
///
/// A file that cannot be read or is no such part, an amendment that the server refuses: with the field, its value and the
/// rule. A register is amended in several commands where it is long: what was amended before the one that is refused
/// stands, and the same call goes on from there.
pub async fn run(arguments: Amend) -> Result<Ending, Failure> {
    let election = election_id(&arguments.election)?;
    let text = tokio::fs::read_to_string(&arguments.file)
        .await
        .map_err(Failure::io(arguments.file.display().to_string()))?;
    let file = PartFile {
        path: &arguments.file,
        text: &text,
    };
    file.is_of(&election)?;
    let client = connect(&arguments.server)?;
    let reason = arguments.reason.clone().unwrap_or_default();
    let standing = ask_definition(&client, &election).await?;
    let (commands, what) = match arguments.part {
        AmendedPart::Rules => {
            let rules: Rules = file.part("rules")?;
            let same = rules == standing.rules;
            let command = Command::AmendRules {
                rules: Box::new(rules),
                reason,
            };
            (one_unless(same, command), Changed::whole("rules"))
        }
        AmendedPart::Presentation => {
            let presentation: Presentation = file.part("presentation")?;
            let same = presentation == standing.presentation;
            let command = Command::AmendPresentation {
                presentation: Box::new(presentation),
                reason,
            };
            (one_unless(same, command), Changed::whole("presentation"))
        }
        AmendedPart::Register => {
            let wanted: RegisterPart = file.part("register")?;
            wanted.keeps_the_rest(&standing.register)?;
            let changed = Changed::units(&standing.register.units, wanted.units)?;
            let commands = changed.units.chunks(UNITS_PER_MESSAGE_MAX);
            let commands = commands.map(|units| Command::AmendRegister {
                units: units.to_vec(),
                reason: reason.clone(),
            });
            (commands.collect(), changed)
        }
    };
    let events = if arguments.check {
        0
    } else {
        order(&client, &election, &commands).await?
    };
    if arguments.json {
        print_json(&json!({
            "part": what.part,
            "differs": !commands.is_empty(),
            "units_added": what.added,
            "units_changed": what.changed(),
            "events_written": events,
        }))?;
    } else {
        print(&what.told(arguments.check, commands.is_empty()))?;
    }
    Ok(if arguments.check {
        Ending::Done
    } else {
        ending(events)
    })
}

async fn order(
    client: &Client,
    election: &ElectionId,
    commands: &[Command],
) -> Result<u64, Failure> {
    let mut events = 0;
    for (place, command) in commands.iter().enumerate() {
        match client.command(election, command).await {
            Ok(written) => events += written.event_count,
            Err(error) if place == 0 => return Err(error.into()),
            Err(error) => {
                let written = written_units(&commands[..place]);
                return Err(Failure::PartlyAmended { error, written });
            }
        }
    }
    Ok(events)
}

/// The first and the last unit of commands, and how many there are.
fn written_units(commands: &[Command]) -> String {
    let units = commands.iter().flat_map(|command| match command {
        Command::AmendRegister { units, .. } => units.as_slice(),
        _ => &[],
    });
    let ids: Vec<&str> = units.map(|unit| unit.id.as_str()).collect();
    match ids.as_slice() {
        [] => String::from("no units"),
        [only] => format!("unit {only}"),
        [first, .., last] => format!("{} units, {first} to {last}", ids.len()),
    }
}

fn one_unless(same: bool, command: Command) -> Vec<Command> {
    if same { Vec::new() } else { vec![command] }
}

/// What of a definition is different.
#[derive(Debug)]
struct Changed {
    part: &'static str,
    units: Vec<Unit>,
    added: Vec<String>,
}

impl Changed {
    fn whole(part: &'static str) -> Self {
        Self {
            part,
            units: Vec::new(),
            added: Vec::new(),
        }
    }

    // Those that are on the register as they are would be written again, each as an event that changes nothing.
    fn units(standing: &[Unit], wanted: Vec<Unit>) -> Result<Self, Failure> {
        let known: HashMap<&str, &Unit> = standing
            .iter()
            .map(|unit| (unit.id.as_str(), unit))
            .collect();
        let mut seen = std::collections::HashSet::new();
        let mut units = Vec::new();
        let mut added = Vec::new();
        for (place, unit) in wanted.into_iter().enumerate() {
            if !seen.insert(unit.id.clone()) {
                return Err(Failure::Input(format!(
                    "register.units[{place}].id = {}: each unit stands once",
                    unit.id
                )));
            }
            match known.get(unit.id.as_str()) {
                Some(standing) if **standing == unit => {}
                Some(_) => units.push(unit),
                None => {
                    added.push(unit.id.to_string());
                    units.push(unit);
                }
            }
        }
        Ok(Self {
            part: "register",
            units,
            added,
        })
    }

    fn changed(&self) -> Vec<&str> {
        let ids = self.units.iter().map(|unit| unit.id.as_str());
        ids.filter(|id| !self.added.iter().any(|added| added == id))
            .collect()
    }

    fn told(&self, check: bool, is_same: bool) -> String {
        let part = self.part;
        if is_same {
            return format!("nothing to amend in {part}: it stands so already");
        }
        let done = if check { "would be amended" } else { "amended" };
        if self.units.is_empty() {
            return format!("{done}: the {part}");
        }
        let listed = |ids: &[&str]| {
            let shown = ids.iter().take(10).copied().collect::<Vec<_>>().join(", ");
            match ids.len() {
                0 => String::from("none"),
                count @ 1..=10 => format!("{count} ({shown})"),
                count => format!("{count} ({shown}, ...)"),
            }
        };
        let added: Vec<&str> = self.added.iter().map(String::as_str).collect();
        format!(
            "{done}: the {part}; units added: {}; changed: {}",
            listed(&added),
            listed(&self.changed())
        )
    }
}

/// The register of a file: areas and electorate may stand beside the units, as they stand.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterPart {
    units: Vec<Unit>,
    areas: Option<Vec<Area>>,
    electorate: Option<u64>,
}

impl RegisterPart {
    /// An amendment of the register is one of units. Another electorate, or other areas, would be left out without a word: they
    /// are refused, and nothing of the file is amended. What the file does not name is not asked for.
    fn keeps_the_rest(&self, standing: &Register) -> Result<(), Failure> {
        let Register {
            areas,
            electorate,
            units: _,
        } = standing;
        if let Some(wanted) = self.electorate
            && Some(wanted) != *electorate
        {
            let stands = electorate.map_or_else(|| String::from("none"), |it| it.to_string());
            return Err(Failure::Input(format!(
                "register.electorate = {wanted}: it stands as {stands} and is not amended, units are; nothing was written. \
                 Where it bounds outstanding ballots wrongly, take it out of the rules: `hemicycle amend ELECTION rules FILE` \
                 with outstanding.electorate = false; rolls of units can be amended"
            )));
        }
        if self.areas.as_ref().is_some_and(|wanted| wanted != areas) {
            return Err(Failure::Input(String::from(
                "register.areas: other areas than those that stand; they are not amended, units are; nothing was written. \
                 Leave `areas` as it stands, or out of the file",
            )));
        }
        Ok(())
    }
}

/// A file with a part of a definition, or with all of it.
struct PartFile<'a> {
    path: &'a Path,
    text: &'a str,
}

impl PartFile<'_> {
    /// Refuses a definition of another election: its part would be written into the one that is named.
    fn is_of(&self, election: &ElectionId) -> Result<(), Failure> {
        // A file that cannot be read is refused where its part is.
        let Ok(whole) = toml::from_str::<toml::Table>(self.text) else {
            return Ok(());
        };
        let ballot = whole.get("ballot");
        let named = ballot.and_then(|ballot| ballot.get("election"));
        match named.and_then(toml::Value::as_str) {
            Some(other) if other != election.as_str() => Err(Failure::Input(format!(
                "{}: ballot.election = {other:?}: must be {election}, the election that is amended",
                self.path.display()
            ))),
            _ => Ok(()),
        }
    }

    fn part<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        let wrong = |problem: String| {
            Failure::Input(format!(
                "{}: this is no {name} of a definition: {}",
                self.path.display(),
                problem.trim_end()
            ))
        };
        let mut whole: toml::Table =
            toml::from_str(self.text).map_err(|error| wrong(error.to_string()))?;
        // A part alone is read from the text again, so that an error shows its line.
        let Some(part) = whole.remove(name) else {
            return toml::from_str(self.text).map_err(|error| wrong(error.to_string()));
        };
        serde_path_to_error::deserialize(part).map_err(|error| {
            let path = error.path().to_string();
            wrong(format!("{name}.{path}: {}", error.into_inner()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part<T: DeserializeOwned>(text: &str, name: &str) -> Result<T, Failure> {
        let path = Path::new("file.toml");
        PartFile { path, text }.part(name)
    }

    const UNITS: &str = r#"units = [{ id = "a", district = "d" }, { id = "b", district = "d" }]"#;

    #[test]
    fn a_part_stands_in_a_definition_or_alone() {
        let alone: RegisterPart = part(UNITS, "register").unwrap();
        let within: RegisterPart =
            part(&format!("[ballot]\n[register]\n{UNITS}"), "register").unwrap();
        assert_eq!((alone.units.len(), within.units.len()), (2, 2));
        let error = part::<Rules>("[rules]\nhouse_size = \"x\"", "rules");
        let error = error.err().unwrap().to_string();
        assert!(
            error.contains("file.toml") && error.contains("rules.house_size"),
            "{error}"
        );
        let error = part::<Rules>("house_size = \"x\"", "rules").err().unwrap();
        assert!(error.to_string().contains("line 1"), "{error}");
    }

    #[test]
    fn a_definition_of_another_election_is_refused() {
        let text = "[ballot]\nelection = \"other\"\n[rules]\nhouse_size = 5";
        let path = Path::new("file.toml");
        let of = |id: &str| PartFile { path, text }.is_of(&ElectionId::new(id).unwrap());
        assert!(of("other").is_ok());
        let error = of("mine").unwrap_err().to_string();
        assert!(
            error.contains("ballot.election = \"other\"") && error.contains("mine"),
            "{error}"
        );
    }

    #[test]
    fn what_was_written_before_a_refusal_is_told() {
        let units: RegisterPart = part(UNITS, "register").unwrap();
        let command = Command::AmendRegister {
            units: units.units,
            reason: String::new(),
        };
        assert_eq!(written_units(&[command]), "2 units, a to b");
    }

    #[test]
    fn another_electorate_is_refused_with_what_helps() {
        let standing: RegisterPart =
            part(&format!("electorate = 90\n{UNITS}"), "register").unwrap();
        let standing = Register {
            areas: Vec::new(),
            electorate: standing.electorate,
            units: standing.units,
        };
        let kept = |text: &str| {
            let wanted: RegisterPart = part(&format!("{text}\n{UNITS}"), "register").unwrap();
            wanted
                .keeps_the_rest(&standing)
                .map_err(|it| it.to_string())
        };
        // As it stands, or not named, it is not asked for.
        assert_eq!(kept("electorate = 90"), Ok(()));
        assert_eq!(kept(""), Ok(()));
        let error = kept("electorate = 91").unwrap_err();
        for part in [
            "register.electorate = 91",
            "stands as 90",
            "outstanding.electorate = false",
        ] {
            assert!(error.contains(part), "{error}");
        }
        let error = kept("areas = [{ id = \"n\" }]").unwrap_err();
        assert!(error.contains("register.areas"), "{error}");
    }

    #[test]
    fn only_new_and_changed_units_are_taken() {
        let standing: RegisterPart = part(UNITS, "register").unwrap();
        let text = UNITS
            .replace("\"b\", ", "\"b\", roll = 7, ")
            .replace(']', ", { id = \"c\", district = \"d\" }]");
        let wanted: RegisterPart = part(&text, "register").unwrap();
        let changed = Changed::units(&standing.units, wanted.units).unwrap();
        assert_eq!(changed.added, ["c"]);
        assert_eq!(changed.changed(), ["b"]);
        let same = Changed::units(&standing.units, standing.units.clone()).unwrap();
        assert!(same.units.is_empty());
        let twice = [standing.units.clone(), standing.units.clone()].concat();
        let error = Changed::units(&standing.units, twice)
            .unwrap_err()
            .to_string();
        assert!(error.contains("register.units[2].id = a"), "{error}");
    }
}
