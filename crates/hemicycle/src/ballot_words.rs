//! What reports say, in the words of their election: votes by the ids of the ballot, reasons by the counters that they are
//! about. Where the election has several contests or counting groups, tallies are named with theirs.

use crate::failure::Failure;
use client::Client;
use election::counts::Counter;
use election::definition::{Ballot, Definition, Identity, Relation, Term};
use election::ids::ElectionId;
use election::report::HoldReason;
use election::rules::Rules;
use std::collections::BTreeMap;
use wire::common::v1 as common;
use wire::common::v1::View;

/// The words of an election.
#[derive(Debug, Clone, Default)]
pub struct BallotWords {
    /// By contest, then by district: the ids of options by their indexes.
    options: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    has_several: bool,
    /// `None` where the rules were amended: a reason names an identity by its place in the rules of its time.
    identities: Option<Vec<Identity>>,
    /// The districts of units, as far as they are known.
    districts: BTreeMap<String, String>,
}

impl BallotWords {
    /// Those of a definition, with all its units.
    pub fn of(definition: &Definition) -> Self {
        let units = definition.register.units.iter();
        let districts = units.map(|unit| (unit.id.to_string(), unit.district.to_string()));
        Self {
            districts: districts.collect(),
            ..Self::of_parts(&definition.ballot, &definition.rules)
        }
    }

    fn of_parts(ballot: &Ballot, rules: &Rules) -> Self {
        let contests = ballot.contests.iter().map(|contest| {
            let districts = contest.districts.iter().map(|district| {
                let options = district.options.iter();
                let options = options.map(|option| option.id.to_string()).collect();
                (district.id.to_string(), options)
            });
            (contest.id.to_string(), districts.collect())
        });
        Self {
            options: contests.collect(),
            has_several: ballot.contests.len() > 1 || ballot.counting_groups.len() > 1,
            identities: Some(rules.form.identities.clone()),
            districts: BTreeMap::new(),
        }
    }

    /// Asks the server; of units nothing is known until they are [told](Self::learn).
    ///
    /// # Errors
    ///
    /// As `GetDefinition`.
    pub async fn ask(client: &Client, election: &ElectionId, view: View) -> Result<Self, Failure> {
        let answer = client.get_definition(election, view, 0).await?;
        let words = Self::of_parts(
            &crate::names::parse(&answer.ballot_toml)?,
            &crate::names::parse(&answer.rules_toml)?,
        );
        let mut parts = answer.parts.iter();
        let rules = parts.find(|part| part.part() == common::DefinitionPart::Rules);
        let is_first = rules.is_some_and(|part| part.version == 1);
        Ok(Self {
            identities: words.identities.filter(|_| is_first),
            ..words
        })
    }

    /// Takes in the district of a unit.
    pub fn learn(&mut self, unit: &common::Unit) {
        self.districts
            .insert(unit.unit_id.clone(), unit.district_id.clone());
    }

    /// A tally as it is named beside its unit: nothing where the unit has only one.
    pub fn beside_unit(&self, contest: &str, counting_group: &str) -> String {
        if self.has_several {
            format!(", {contest}/{counting_group}")
        } else {
            String::new()
        }
    }

    /// The id of an option; its index where the unit's district is not known.
    pub fn option(&self, unit: &str, contest: &str, index: u32) -> String {
        let options =
            self.options
                .get(contest)
                .and_then(|districts| match self.districts.get(unit) {
                    Some(district) => districts.get(district),
                    None if districts.len() == 1 => districts.values().next(),
                    None => None,
                });
        let place = usize::try_from(index).ok();
        let option = place.and_then(|place| options?.get(place));
        option.map_or_else(|| format!("option {index}"), Clone::clone)
    }

    /// The votes of a report by the ids of its options, in the order of the ballot.
    pub fn votes(&self, key: &common::TallyKey, counts: &common::Counts) -> Vec<(String, u64)> {
        let votes = counts.option_indexes.iter().zip(&counts.votes);
        let votes = votes
            .map(|(index, votes)| (self.option(&key.unit_id, &key.contest_id, *index), *votes));
        votes.collect()
    }

    /// The same as a line.
    pub fn votes_line(&self, key: &common::TallyKey, counts: Option<&common::Counts>) -> String {
        let votes = counts.map(|counts| self.votes(key, counts));
        let votes = votes.unwrap_or_default().into_iter();
        let votes = votes.map(|(option, votes)| format!("{option}={votes}"));
        votes.collect::<Vec<_>>().join(" ")
    }

    /// Why a report waits. In the public view reasons are general.
    pub fn reason(&self, unit: &str, contest: &str, reason: &common::HoldReason) -> String {
        match HoldReason::try_from(reason.clone()) {
            Ok(known) => self.told(unit, contest, &known),
            Err(_) => reason.text.clone(),
        }
    }

    /// The same of a reason that is read already.
    pub fn told(&self, unit: &str, contest: &str, reason: &HoldReason) -> String {
        match reason {
            HoldReason::IdentityBroken {
                identity,
                left,
                right,
            } => {
                let identities = self.identities.as_deref().unwrap_or_default();
                match identities.get(usize::from(*identity)) {
                    Some(identity) => broken(identity, *left, *right),
                    None => reason.to_string(),
                }
            }
            HoldReason::FallWithoutCorrection {
                option,
                before,
                after,
            } => format!(
                "{} falls from {before} to {after}, but the report is not a correction",
                self.option(unit, contest, *option)
            ),
            other => other.to_string(),
        }
    }
}

fn broken(identity: &Identity, left: u64, right: u64) -> String {
    let side = |terms: &[Term]| {
        let terms = terms.iter().map(|term| match term {
            Term::Votes => "votes",
            Term::Counter(counter) => counter.name(),
        });
        terms.collect::<Vec<_>>().join(" + ")
    };
    let (left_side, right_side) = (side(&identity.left), side(&identity.right));
    match identity.relation {
        Relation::Equal => format!(
            "the form contradicts itself: {left_side} = {left}, {right_side} = {right}, and they must be the same"
        ),
        Relation::AtMost => format!(
            "the form contradicts itself: {left_side} = {left}, and at most {right_side} = {right} is possible"
        ),
    }
}

/// The counters of a form by name, in the order in which they stand.
pub fn form(counts: &common::Counts) -> Vec<(&'static str, u64)> {
    let form = counts.form.iter().filter_map(|entry| {
        let mut known = Counter::ALL.into_iter();
        let counter = known.find(|it| common::Counter::from(*it) == entry.counter())?;
        Some((counter.name(), entry.value))
    });
    form.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(districts: &str) -> BallotWords {
        let text = format!(
            r#"
            [ballot]
            election = "e-2026"
            [[ballot.contests]]
            id = "list"
            {districts}
            [rules]
            house_size = 3
            [[rules.contests]]
            id = "list"
            districts = [{{ id = "north", seats = 3 }}]
            stages = [{{ method = "highest-averages", divisors = "d-hondt" }}]
            [rules.form]
            identities = [
                {{ left = ["valid", "invalid"], right = ["papers"] }},
                {{ left = ["votes"], relation = "at-most", right = ["valid"] }},
            ]
            [register]
            units = [{{ id = "u1", district = "north" }}]
            "#
        );
        BallotWords::of(&Definition::from_toml(&text).unwrap())
    }

    #[test]
    fn reasons_name_counters_and_lists() {
        let words =
            words(r#"districts = [{ id = "north", options = [{ id = "oak" }, { id = "elm" }] }]"#);
        let told = |reason| words.told("u1", "list", &reason);
        let broken = |identity| HoldReason::IdentityBroken {
            identity,
            left: 35,
            right: 99,
        };
        let equal = told(broken(0));
        assert!(
            equal.contains("valid + invalid = 35, papers = 99"),
            "{equal}"
        );
        let at_most = told(broken(1));
        assert!(
            at_most.contains("votes = 35, and at most valid = 99"),
            "{at_most}"
        );
        // A place that these rules do not have is told as a place.
        assert!(told(broken(7)).contains("identity 7"));
        let fall = told(HoldReason::FallWithoutCorrection {
            option: 1,
            before: 150,
            after: 149,
        });
        assert!(fall.starts_with("elm falls from 150 to 149"), "{fall}");
        let amended = BallotWords {
            identities: None,
            ..words.clone()
        };
        let amended = amended.told("u1", "list", &broken(0));
        assert!(amended.contains("identity 0"), "{amended}");
    }

    #[test]
    fn votes_are_those_of_the_ids_that_their_indexes_have() {
        let words =
            words(r#"districts = [{ id = "north", options = [{ id = "oak" }, { id = "elm" }] }]"#);
        let key = common::TallyKey {
            unit_id: "u1".into(),
            contest_id: "list".into(),
            counting_group_id: "all".into(),
        };
        let counts = common::Counts {
            option_indexes: vec![1, 0],
            votes: vec![7, 12],
            form: Vec::new(),
        };
        assert_eq!(words.votes_line(&key, Some(&counts)), "elm=7 oak=12");
        assert_eq!(words.votes_line(&key, None), "");
        assert_eq!(words.beside_unit("list", "all"), "");
    }
}
