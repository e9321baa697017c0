//! `hemicycle profiles`: the laws that are known as data.

use super::allocate::profile;
use super::print;
use crate::cli::Profiles;
use crate::failure::{Ending, Failure};
use crate::table::table;
use election::profile::{Profile, ProfileLaw};

/// Lists all profiles, or shows one: what it rests on, what in it is unverified, and its rules in the words of a definition.
///
/// # Errors
///
/// A profile that is not known.
pub fn run(arguments: &Profiles) -> Result<Ending, Failure> {
    match &arguments.name {
        Some(name) => print(&shown(profile(name)?))?,
        None => {
            let mut rows = table(&["profile", "what"]);
            for profile in Profile::all() {
                rows.add_row([profile.name, &profile.law.title]);
            }
            print(&rows.to_string())?;
        }
    }
    Ok(Ending::Done)
}

fn shown(profile: &Profile) -> String {
    let ProfileLaw {
        title,
        sources,
        unverified,
        rules: _,
    } = &profile.law;
    let item = |line: &String| format!("  - {line}\n");
    let sources: String = sources.iter().map(item).collect();
    let unverified: String = unverified.iter().map(item).collect();
    let rules = profile
        .text
        .split_once("[rules]")
        .map_or("", |(_, rules)| rules);
    let rules = rules.trim();
    format!(
        "{title}\n\nRests on:\n{sources}\nUnverified:\n{unverified}\n[[rules.contests]]\n{rules}"
    )
}
