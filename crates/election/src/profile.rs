//! Laws of real bodies as data: what a definition may copy and `hemicycle allocate --profile` uses.
//!
//! A profile says on what it rests and what in it nobody has read in the law. It is a file beside this crate's sources, in
//! the words of the definition, so that it can be read and copied as it is.

use crate::rules::ContestRules;
use std::sync::LazyLock;

/// The rules of a body, with their sources.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its name, such as `kz-maslihat-2021`.
    pub name: &'static str,
    /// The file, as it is written.
    pub text: &'static str,
    /// What it says.
    pub law: ProfileLaw,
}

/// What a profile's file says.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileLaw {
    /// For people.
    pub title: String,
    /// The texts of law, and the results by which the rules were checked.
    pub sources: Vec<String>,
    /// What was not found in the text of the law.
    pub unverified: Vec<String>,
    /// The fewest and the most seats of the bodies that the law is for, where it is for some sizes alone.
    #[serde(default)]
    pub seats: Option<[u32; 2]>,
    /// The rules. Contest and districts are the body's own: here they are named for no election, and so are the regions and
    /// the contest of the first votes. Whoever uses rules over all districts adds them.
    pub rules: ContestRules,
}

macro_rules! profiles {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../profiles/", $name, ".toml")))),+]
    };
}

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let files = profiles!(
        "at-nationalrat",
        "ch-nationalrat",
        "ch-zug",
        "ch-zurich",
        "cz-2021",
        "de-bundestag-2025",
        "dk-folketing",
        "ee-riigikogu",
        "il-knesset",
        "kz-2023",
        "kz-maslihat-2021",
        "kz-mazhilis-2021",
        "nl-council-large",
        "nl-council-small",
        "no-storting",
        "pl-sejm",
        "pl-sejm-district",
        "ru-duma-2007",
        "se-riksdag",
        "sk-2020",
    );
    let read = |(name, text): (&'static str, &'static str)| {
        let law = toml::from_str(text).expect("every profile is read by a test");
        Profile { name, text, law }
    };
    files.into_iter().map(read).collect()
});

impl Profile {
    /// What is wrong with so many seats under this law, in English; `None`: nothing.
    #[must_use]
    pub fn outside(&self, seats: u32) -> Option<String> {
        let [fewest, most] = self.law.seats?;
        let Self { name, law, .. } = self;
        (!(fewest..=most).contains(&seats)).then(|| {
            let title = &law.title;
            format!("{name} is the law of bodies of {fewest} to {most} seats ({title}), and not of one of {seats}")
        })
    }

    /// All profiles, by name.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &PROFILES
    }

    /// The profile of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|profile| profile.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::engine_rules;
    use crate::definition::Ballot;
    use crate::districted::DistrictedRules;
    use crate::ids::{ContestId, DistrictId};
    use crate::rules::{DistrictSeats, FormRules, HoldRules, RegionRule, Rules};
    use apportionment::{Contest, allocate};

    #[test]
    fn every_profile_says_what_it_rests_on_and_is_taken_by_the_engine() {
        assert!(Profile::all().is_sorted_by(|one, other| one.name < other.name));
        for profile in Profile::all() {
            let ProfileLaw {
                title,
                sources,
                unverified,
                seats,
                rules,
            } = &profile.law;
            assert!(seats.is_none_or(|[fewest, most]| 0 < fewest && fewest <= most));
            assert!(!title.is_empty() && !sources.is_empty() && !unverified.is_empty());
            match DistrictedRules::of(rules) {
                Some(law) => assert_eq!(law.check(), Ok(()), "{}", profile.name),
                None => {
                    let joined = rules.apparentment.is_some();
                    let law = engine_rules(rules, joined);
                    assert_eq!(law.check(), Ok(()), "{}", profile.name);
                }
            }
        }
        assert_eq!(Profile::named("xx"), None);
    }

    /// A definition that copies a profile, and adds what is the body's own, is taken.
    #[test]
    fn every_profile_may_stand_in_a_definition() {
        let mut ballot = String::from("election = \"xx\"\nis_test = true\n");
        for contest in ["lists", "persons"] {
            ballot += &format!("[[contests]]\nid = \"{contest}\"\n");
            for district in ["north", "south"] {
                ballot += &format!("[[contests.districts]]\nid = \"{district}\"\n");
                ballot += "options = [{ id = \"ash\" }, { id = \"birch\" }]\n";
            }
        }
        let ballot: Ballot = toml::from_str(&ballot).unwrap();
        for profile in Profile::all() {
            let mut law = profile.law.rules.clone();
            law.id = ContestId::new("lists").unwrap();
            let ids = ["north", "south"].map(|id| DistrictId::new(id).unwrap());
            let tiers = law.tiers.as_ref().map(|tiers| tiers.stages.as_slice());
            let named = |name: &str| {
                let mut stages = tiers.into_iter().flatten();
                stages.any(|stage| stage.name() == name)
            };
            let above = tiers.is_some()
                && !named("districts")
                && (named("seats-of-districts") || !named("quotas"));
            let seats = if above { 0 } else { 4 };
            let has_regions = named("regions");
            let districts = ids.iter().map(|id| DistrictSeats {
                id: id.clone(),
                seats,
                parts: Vec::new(),
            });
            law.districts = districts.collect();
            if let Some(tiers) = &mut law.tiers {
                let further = tiers.further_seats;
                if tiers.regions.is_empty() {
                    tiers.regions.push(RegionRule {
                        id: DistrictId::new("all").unwrap(),
                        districts: ids.to_vec(),
                        further_seats: if has_regions { further } else { 0 },
                    });
                }
                tiers.first_votes = Some(ContestId::new("persons").unwrap());
            }
            let rules = Rules {
                house_size: u32::try_from(law.seats()).unwrap().max(8),
                sources: Vec::new(),
                contests: vec![law],
                form: FormRules::default(),
                holds: HoldRules::default(),
                outstanding: None,
            };
            let checked = crate::validate::rules(&rules, &ballot);
            assert_eq!(checked, Ok(()), "{}", profile.name);
        }
    }

    /// The largest remainder would come first, of which the rules know nothing: a tie, and not the larger list's seat.
    #[test]
    fn equal_averages_in_switzerland_are_a_tie() {
        let rules = engine_rules(&Profile::named("ch-nationalrat").unwrap().law.rules, false);
        let allocation = allocate(&Contest::with_votes(3, &[30_000, 10_000]), &rules, &[]).unwrap();
        assert_eq!((allocation.seats(), allocation.pending), (vec![2, 0], 1));
    }

    /// Almaty, 10 January 2021, by the profile that bears its law.
    #[test]
    fn almaty_by_its_profile() {
        let profile = Profile::named("kz-maslihat-2021").unwrap();
        let contest = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
        let rules = engine_rules(&profile.law.rules, false);
        let seats = allocate(&contest, &rules, &[]).unwrap().seats();
        assert_eq!(seats, [29, 4, 3, 3, 0]);
    }

    /// A small Dutch council with a majority clause; a large one has no bar and no round of remainders.
    #[test]
    fn dutch_councils_by_their_profiles() {
        let seats = |name: &str, house, votes: &[u64]| {
            let rules = engine_rules(&Profile::named(name).unwrap().law.rules, false);
            let contest = Contest::with_votes(house, votes);
            allocate(&contest, &rules, &[]).unwrap().seats()
        };
        let votes = [2571, 977, 567, 536, 453];
        assert_eq!(seats("nl-council-small", 15, &votes), [8, 3, 2, 1, 1]);
        let votes = [600, 302, 98, 99, 101];
        assert_eq!(seats("nl-council-large", 23, &votes), [12, 6, 1, 2, 2]);
    }
}
