//! What `BatchAllocate` and `Compare` are asked, and what is known of profiles.

use crate::allocation::v1 as proto;
use crate::allocation::v1::compared_rules;
use crate::allocation_request::{AllocationRequest, REQUEST_ID_BYTES_MAX};
use crate::field::shape;
use election::profile::Profile;
use election::report::{Refusal, RefusalCode};
use election::rules::Procedure;

/// The most requests in a batch.
pub const BATCH_REQUESTS_MAX: usize = 1_000;
/// The most lists in a batch.
pub const BATCH_LISTS_MAX: usize = 100_000;
/// The most seats in a batch.
pub const BATCH_SEATS_MAX: u64 = 1_000_000;
/// The most sets of rules that are compared at once.
pub const ALTERNATIVES_MAX: usize = 16;

/// The questions of a batch, each with its id and, where it cannot be asked, with what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocationBatch(pub Vec<(String, Result<AllocationRequest, Refusal>)>);

impl TryFrom<proto::BatchAllocateRequest> for AllocationBatch {
    type Error = Refusal;

    fn try_from(batch: proto::BatchAllocateRequest) -> Result<Self, Refusal> {
        let proto::BatchAllocateRequest { requests } = batch;
        if requests.is_empty() || requests.len() > BATCH_REQUESTS_MAX {
            let rule = format!("1 to {BATCH_REQUESTS_MAX}; send more in several batches");
            return Err(limit("requests", requests.len(), "requests", rule));
        }
        let lists: usize = requests.iter().map(|request| request.lists.len()).sum();
        if lists > BATCH_LISTS_MAX {
            let rule = format!("at most {BATCH_LISTS_MAX} in all; send them in several batches");
            return Err(limit("requests", lists, "lists", rule));
        }
        let seats: u64 = requests.iter().map(|it| u64::from(it.seats)).sum();
        if seats > BATCH_SEATS_MAX {
            let rule = format!("at most {BATCH_SEATS_MAX} in all; send them in several batches");
            return Err(limit("requests", seats, "seats", rule));
        }
        let read = |request: proto::AllocateRequest| {
            // An id that is too long is no id to answer with.
            let id = request.id.clone();
            let id = if id.len() > REQUEST_ID_BYTES_MAX {
                String::new()
            } else {
                id
            };
            (id, AllocationRequest::try_from(request))
        };
        Ok(Self(requests.into_iter().map(read).collect()))
    }
}

fn limit(field: &str, count: impl std::fmt::Display, what: &str, rule: String) -> Refusal {
    Refusal::new(RefusalCode::Limit, field, format!("{count} {what}"), rule)
}

/// The same votes under several rules: each with its name and, where it cannot be asked, with what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The lists by position.
    pub option_ids: Vec<String>,
    /// The rules.
    pub alternatives: Vec<(String, Result<AllocationRequest, Refusal>)>,
}

impl TryFrom<proto::CompareRequest> for Comparison {
    type Error = Refusal;

    // What is wrong with votes and seats is wrong for all; rules, and the counts that they need, are each alternative's own.
    fn try_from(request: proto::CompareRequest) -> Result<Self, Refusal> {
        let proto::CompareRequest {
            seats,
            lists,
            base,
            alternatives,
            include_steps,
        } = request;
        if !(2..=ALTERNATIVES_MAX).contains(&alternatives.len()) {
            let rule = format!("2 to {ALTERNATIVES_MAX}: one has nothing to be compared with");
            return Err(limit(
                "alternatives",
                alternatives.len(),
                "sets of rules",
                rule,
            ));
        }
        let mut compared: Vec<(String, Result<AllocationRequest, Refusal>)> = Vec::new();
        for (place, rules) in alternatives.into_iter().enumerate() {
            let path = format!("alternatives[{place}]");
            let (name, rules) = read_rules(rules, &path)?;
            if compared.iter().any(|(known, _)| *known == name) {
                let rule = "each name stands once: give the second one another name";
                return Err(shape(format!("{path}.name"), name, rule));
            }
            let asked = AllocationRequest::try_from(proto::AllocateRequest {
                id: name.clone(),
                seats,
                lists: lists.clone(),
                rules: Some(rules),
                base,
                lots: Vec::new(),
                include_steps,
                include_margins: false,
                explanation: None,
            });
            let asked = match asked {
                Err(refusal) if !is_of_rules(&refusal) => return Err(refusal),
                asked => asked,
            };
            compared.push((name, asked));
        }
        Ok(Self {
            option_ids: lists.into_iter().map(|list| list.option_id).collect(),
            alternatives: compared,
        })
    }
}

/// Whether a refusal is about rules, or a count that they need, and not about what is the same for all.
pub fn is_of_rules(refusal: &Refusal) -> bool {
    refusal.field.starts_with("rules") || refusal.field.starts_with("base")
}

fn read_rules(
    rules: proto::ComparedRules,
    path: &str,
) -> Result<(String, proto::AllocationRules), Refusal> {
    let proto::ComparedRules { name, rules } = rules;
    if name.len() > REQUEST_ID_BYTES_MAX {
        let rule = format!("at most {REQUEST_ID_BYTES_MAX} bytes");
        return Err(limit(&format!("{path}.name"), name.len(), "bytes", rule));
    }
    match rules {
        None => Err(shape(
            format!("{path}.rules"),
            "",
            "must be a profile or own_rules",
        )),
        Some(compared_rules::Rules::OwnRules(_)) if name.is_empty() => Err(shape(
            format!("{path}.name"),
            "",
            "must be set for own_rules",
        )),
        Some(compared_rules::Rules::OwnRules(rules)) => Ok((name, rules)),
        Some(compared_rules::Rules::Profile(profile)) => {
            let known = Profile::named(&profile)
                .ok_or_else(|| shape(format!("{path}.profile"), &profile, profile_rule()))?;
            if known.law.rules.procedure() != Procedure::EachDistrict {
                let rule = "rules of one district: these are over all districts, for a definition";
                return Err(shape(format!("{path}.profile"), &profile, rule));
            }
            let name = if name.is_empty() { profile } else { name };
            Ok((name, (&known.law.rules).into()))
        }
    }
}

/// Which names a profile may have, as a rule for people.
pub fn profile_rule() -> String {
    let known: Vec<&str> = Profile::all().iter().map(|profile| profile.name).collect();
    format!("must be one of: {}", known.join(", "))
}

impl From<&Profile> for proto::Profile {
    fn from(profile: &Profile) -> Self {
        let Profile { name, text, law } = profile;
        let rules = text.split_once("[rules]").map_or("", |(_, rules)| rules);
        Self {
            name: (*name).to_owned(),
            title: law.title.clone(),
            sources: law.sources.clone(),
            unverified: law.unverified.clone(),
            rules_toml: rules.trim().to_owned(),
            rules: (law.rules.procedure() == Procedure::EachDistrict).then(|| (&law.rules).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use election::rules::ContestRules;

    #[test]
    fn the_text_of_a_profile_is_its_rules() {
        for profile in Profile::all() {
            let sent = proto::Profile::from(profile);
            // As a definition writes it: an entry with an id, districts and this.
            let text = format!("{}\n", sent.rules_toml);
            let read: Result<ContestRules, _> = toml::from_str(&text);
            assert_eq!(read.as_ref(), Ok(&profile.law.rules), "{}", profile.name);
            assert!(!sent.title.is_empty() && !sent.sources.is_empty());
        }
    }
}
