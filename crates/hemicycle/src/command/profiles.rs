//! `hemicycle profiles`: the laws that are known as data.

use super::allocate::profile;
use super::{client, print, print_json};
use crate::cli::Profiles;
use crate::failure::{Ending, Failure};
use crate::table::table;
use wire::allocation::v1::Profile;

/// Lists all profiles, or shows one: what it rests on, what in it is unverified, and its rules in the words of a definition.
/// They are those of this program, or of a server, which may be of another version.
///
/// # Errors
///
/// A profile that is not known.
pub async fn run(arguments: Profiles) -> Result<Ending, Failure> {
    let name = arguments.name.as_deref();
    let profiles = match &arguments.server {
        Some(server) => {
            let client = client(server, None, None)?;
            client.list_profiles(name.unwrap_or_default()).await?
        }
        None => match name {
            Some(name) => vec![profile(name)?.into()],
            None => election::profile::Profile::all()
                .iter()
                .map(Into::into)
                .collect(),
        },
    };
    if arguments.json {
        print_json(&profiles)?;
        return Ok(Ending::Done);
    }
    match (name, profiles.as_slice()) {
        (Some(_), [profile]) => print(&shown(profile))?,
        _ => {
            let mut rows = table(&["profile", "what", "unverified"]);
            for profile in &profiles {
                let Profile {
                    name,
                    title,
                    unverified,
                    ..
                } = profile;
                rows.add_row([name.clone(), title.clone(), unverified.len().to_string()]);
            }
            print(&rows.to_string())?;
        }
    }
    Ok(Ending::Done)
}

pub(super) fn shown(profile: &Profile) -> String {
    let Profile {
        name: _,
        title,
        sources,
        unverified,
        rules_toml,
        rules: _,
    } = profile;
    let item = |line: &String| format!("#   - {line}\n");
    let sources: String = sources.iter().map(item).collect();
    let unverified: String = unverified.iter().map(item).collect();
    // All of it is TOML, so that it can be kept as a file of rules.
    format!(
        "# {title}\n#\n# Rests on:\n{sources}#\n# Unverified:\n{unverified}\n[[rules.contests]]\n{rules_toml}"
    )
}
