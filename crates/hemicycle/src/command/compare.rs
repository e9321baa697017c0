//! `hemicycle compare`: the same votes under several laws, side by side.

use super::allocate::{file_name, open};
use super::allocate_districts::hang_together;
use super::rules_file::rules_of;
use super::{client, print, print_json};
use crate::cli::{Compare, Counts};
use crate::failure::{Ending, Failure};
use crate::table::{align_numbers, seats, table, thousands};
use election::profile::Profile;
use election::rules::ContestRules;
use std::path::Path;
use wire::allocation::v1::{
    Allocation, AllocationList, AllocationRules, BaseCounts, CompareRequest, CompareResponse,
    ComparedResult, ComparedRules, compared_result, compared_rules,
};
use wire::common::v1::Refusal;

/// Prints a table: a row for each list, a column for each law, and the lists that they treat differently. A law that needs
/// a count which was not given says so below, the others stand, and the exit code is 1.
///
/// # Errors
///
/// Laws that are not known, fewer than two of them, or votes that cannot be read.
pub async fn run(arguments: Compare) -> Result<Ending, Failure> {
    if arguments.profiles.len() + arguments.rules.len() < 2 {
        let text =
            "one law has nothing to be compared with: give --profile or --rules at least twice";
        return Err(Failure::Usage(text.into()));
    }
    let laws = laws(&arguments)?;
    match laws.iter().find(|law| !law.hang_together()) {
        None => return super::compare_districts::run(arguments, laws).await,
        Some(single) => {
            if let Some(other) = laws.iter().find(|law| law.hang_together()) {
                let text = format!(
                    "{} is over all districts and {} of single ones: they take other votes and cannot be compared",
                    other.name, single.name
                );
                return Err(Failure::Usage(text));
            }
        }
    }
    let Some(seats) = arguments.seats else {
        let text = "--seats is needed: the rules are of single districts and do not say how many";
        return Err(Failure::Usage(text.into()));
    };
    if arguments.first_votes.is_some() {
        let text = "--first-votes: these rules are of single districts and know no first votes";
        return Err(Failure::Usage(text.into()));
    }
    for outside in laws.iter().filter_map(|law| law.outside(seats)) {
        super::say(&format!("warning: {outside}"));
    }
    let (server, as_json) = (arguments.server.clone(), arguments.json);
    // Reading standard input blocks, and computing takes its time.
    let blocking = |error: tokio::task::JoinError| Failure::Input(error.to_string());
    let request = tokio::task::spawn_blocking(move || request(&arguments, seats, laws)).await;
    let request = request.map_err(blocking)??;
    let lists = request.lists.clone();
    let response = match server {
        Some(server) => client(&server, None, None)?.compare(request).await?,
        None => tokio::task::spawn_blocking(move || compared(request))
            .await
            .map_err(blocking)??,
    };
    if as_json {
        print_json(&response)?;
    } else {
        print(&text(&lists, &response))?;
    }
    Ok(if response.results.iter().all(has_seats) {
        Ending::Done
    } else {
        Ending::CheckFailed
    })
}

/// A law with its name.
#[derive(Debug, Clone)]
pub(super) struct Law {
    pub name: String,
    rules: LawRules,
}

#[derive(Debug, Clone)]
enum LawRules {
    Profile(&'static Profile),
    Own(Box<ContestRules>),
    /// As a message, which is always of a single district.
    Message(Box<AllocationRules>),
}

impl Law {
    /// Its rules, where they are over all districts.
    pub fn over_districts(&self) -> Option<&ContestRules> {
        let rules = match &self.rules {
            LawRules::Profile(profile) => &profile.law.rules,
            LawRules::Own(rules) => rules,
            LawRules::Message(_) => return None,
        };
        hang_together(rules).then_some(rules)
    }

    /// What is wrong with so many seats under this law.
    fn outside(&self, seats: u32) -> Option<String> {
        match &self.rules {
            LawRules::Profile(profile) => profile.outside(seats),
            LawRules::Own(_) | LawRules::Message(_) => None,
        }
    }

    fn hang_together(&self) -> bool {
        self.over_districts().is_some()
    }

    fn compared(self) -> ComparedRules {
        let Self { name, rules } = self;
        let rules = match rules {
            LawRules::Profile(profile) => compared_rules::Rules::Profile(profile.name.to_owned()),
            LawRules::Own(rules) => compared_rules::Rules::OwnRules((&*rules).into()),
            LawRules::Message(rules) => compared_rules::Rules::OwnRules(*rules),
        };
        ComparedRules {
            name,
            rules: Some(rules),
        }
    }
}

fn of_profile(name: &str) -> Result<Law, Failure> {
    let profile = super::allocate::profile(name)?;
    Ok(Law {
        name: name.to_owned(),
        rules: LawRules::Profile(profile),
    })
}

/// Profiles as laws.
#[cfg(test)]
pub(super) fn laws_of(profiles: &[&str]) -> Result<Vec<Law>, Failure> {
    profiles.iter().map(|name| of_profile(name)).collect()
}

/// The laws that were named, each name once.
fn laws(arguments: &Compare) -> Result<Vec<Law>, Failure> {
    let profiles = arguments.profiles.iter().map(|name| of_profile(name));
    let own = arguments.rules.iter().map(|named| own_rules(named));
    let laws: Vec<Law> = profiles.chain(own).collect::<Result<_, Failure>>()?;
    for (place, law) in laws.iter().enumerate() {
        if laws[..place].iter().any(|other| other.name == law.name) {
            let text = format!(
                "{:?} stands twice: each law has a name of its own",
                law.name
            );
            return Err(Failure::Usage(text));
        }
    }
    Ok(laws)
}

fn has_seats(result: &ComparedResult) -> bool {
    matches!(
        result.outcome,
        Some(compared_result::Outcome::Allocation(_))
    )
}

fn compared(request: CompareRequest) -> Result<CompareResponse, Failure> {
    let comparison = wire::Comparison::try_from(request);
    let comparison = comparison.map_err(|refusal| Failure::Input(refusal.to_string()))?;
    let response = allocation_service::compare(comparison, || false);
    response.map_err(|error| Failure::Input(error.to_string()))
}

fn request(arguments: &Compare, seats: u32, laws: Vec<Law>) -> Result<CompareRequest, Failure> {
    let file = arguments.file.as_deref();
    Ok(CompareRequest {
        seats,
        lists: crate::lists_file::read(open(file)?, &file_name(file))?,
        base: Some(base(arguments.counts)),
        alternatives: laws.into_iter().map(Law::compared).collect(),
        include_steps: false,
    })
}

/// Counts that thresholds may be a share of, as a message.
pub(super) fn base(counts: Counts) -> BaseCounts {
    let Counts {
        valid_votes,
        valid_and_against_all,
        ballots_in_box,
        ballots_issued,
    } = counts;
    BaseCounts {
        valid_votes,
        valid_and_against_all,
        ballots_in_box,
        ballots_issued,
    }
}

fn own_rules(named: &str) -> Result<Law, Failure> {
    let Some((name, file)) = named.split_once('=') else {
        return Err(Failure::Usage(format!(
            "--rules {named:?} is not of the form NAME=FILE, such as draft=rules.toml"
        )));
    };
    let path = Path::new(file);
    let rules = if path.extension().is_some_and(|ending| ending == "json") {
        let text = std::fs::read_to_string(path).map_err(Failure::io(file.to_owned()))?;
        let rules = super::allocate::from_json(&text, "AllocationRules");
        let rules = rules.map_err(|problem| Failure::Input(format!("{file}: {problem}")))?;
        LawRules::Message(Box::new(rules))
    } else {
        LawRules::Own(Box::new(rules_of(path)?))
    };
    Ok(Law {
        name: name.to_owned(),
        rules,
    })
}

fn text(lists: &[AllocationList], response: &CompareResponse) -> String {
    let mut lines = vec![side_by_side(lists, response)];
    let differences = &response.differences;
    let names = differences.iter().map(|it| it.option_id.as_str());
    let names: Vec<&str> = names.collect();
    let compared = response.results.iter().filter(|result| has_seats(result));
    lines.push(match names.len() {
        _ if compared.count() < 2 => String::from("nothing to compare: fewer than two have seats"),
        0 => String::from("no difference"),
        count => format!(
            "differences in {count} of {}: {}",
            lists.len(),
            names.join(", ")
        ),
    });
    for result in &response.results {
        if let Some(compared_result::Outcome::Refusal(refusal)) = &result.outcome {
            let Refusal {
                field, value, rule, ..
            } = refusal;
            lines.push(format!("{}: {field} = {value:?}: {rule}", result.name));
        }
    }
    lines.join("\n")
}

// Seats that are not those of the first law say by how many.
fn side_by_side(lists: &[AllocationList], response: &CompareResponse) -> String {
    let columns: Vec<_> = response
        .results
        .iter()
        .filter_map(|result| match &result.outcome {
            Some(compared_result::Outcome::Allocation(allocation)) => {
                Some((result.name.as_str(), allocation))
            }
            _ => None,
        })
        .collect();
    let names = columns.iter().map(|(name, _)| *name);
    let header: Vec<&str> = ["list", "votes"].into_iter().chain(names).collect();
    let mut rows = table(&header);
    for (place, list) in lists.iter().enumerate() {
        let difference = response
            .differences
            .iter()
            .find(|it| it.option_id == list.option_id);
        let held = columns.iter().enumerate().map(|(column, (_, allocation))| {
            let result = allocation.lists.get(place);
            let shown = seats(result.and_then(|result| result.seats.as_ref()));
            let more = difference.and_then(|it| it.seats.get(column));
            match more.map_or(0, |it| it.more_than_first) {
                0 => shown,
                more => format!("{shown} ({more:+})"),
            }
        });
        let cells = [list.option_id.clone(), thousands(list.votes)];
        rows.add_row(cells.into_iter().chain(held));
    }
    // Seats of the house that are in no list's number, so that each column adds up.
    let others = [
        (
            "(hangs on a tie)",
            (|allocation| allocation.seats_pending) as fn(&Allocation) -> u32,
        ),
        ("(nobody)", |allocation| allocation.seats_unassigned),
    ];
    for (what, number) in others {
        if columns.iter().any(|(_, allocation)| number(allocation) > 0) {
            let numbers = columns
                .iter()
                .map(|(_, allocation)| number(allocation).to_string());
            let cells = [what.to_owned(), String::new()];
            rows.add_row(cells.into_iter().chain(numbers));
        }
    }
    align_numbers(&mut rows, 1);
    rows.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(votes: &[(&str, u64)]) -> String {
        let lists = votes.iter().map(|(list, votes)| AllocationList {
            option_id: (*list).to_owned(),
            votes: *votes,
            ..Default::default()
        });
        let laws = laws_of(&["kz-maslihat-2021", "nl-council-large"]).unwrap();
        let request = CompareRequest {
            seats: 3,
            lists: lists.collect(),
            base: Some(BaseCounts {
                ballots_in_box: Some(1_000),
                ..Default::default()
            }),
            alternatives: laws.into_iter().map(Law::compared).collect(),
            include_steps: false,
        };
        let lists = request.lists.clone();
        side_by_side(&lists, &compared(request).unwrap())
    }

    #[test]
    fn seats_that_no_list_has_for_certain_have_a_row() {
        let tied = shown(&[("a", 500), ("b", 500)]);
        let row = tied.lines().find(|line| line.contains("(hangs on a tie)"));
        assert_eq!(row.map(|row| row.matches('1').count()), Some(2), "{tied}");
        assert!(!tied.contains("(nobody)"), "{tied}");
        let settled = shown(&[("a", 900), ("b", 80)]);
        assert!(!settled.contains('('), "{settled}");
    }
}
