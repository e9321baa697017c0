//! `hemicycle missing`.

use super::{connect, election_id, print, print_json};
use crate::cli::official::Missing;
use crate::failure::{Ending, Failure};
use crate::names::rules_of;
use crate::table::table;
use apportionment::ThresholdBase;
use client::Client;
use election::allocation::{self, base_counters};
use election::counts::Counter;
use election::ids::ElectionId;
use election::rules::Rules;
use futures::StreamExt as _;
use serde_json::json;
use std::collections::BTreeMap;
use std::pin::pin;
use wire::common::v1::{UnitTally, View};
use wire::results::v1::{DistrictTally, GetTallyRequest, ListUnitsRequest, UnitFilter};

/// Names the counters of the form that a threshold needs and that some counted tallies lack, and the units that lack them.
///
/// # Errors
///
/// An election that is not there.
pub async fn run(arguments: Missing) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let bases = bases(&rules_of(&client, &election, View::Head).await?);
    let request = GetTallyRequest {
        election_id: election.to_string(),
        view: View::Head.into(),
        ..GetTallyRequest::default()
    };
    let tallies = client.get_tally(request).await?.tallies;
    let lacking = tallies.iter().flat_map(|tally| {
        let bases = bases.get(&tally.contest_id).into_iter().flatten();
        bases.filter_map(|base| lacking(*base, tally))
    });
    let lacking: Vec<Lacking> = lacking.collect();
    let mut rows = Vec::new();
    for place in &lacking {
        units(&client, &election, place, &mut rows, arguments.limit).await?;
    }
    let named = rows.len();
    if arguments.json {
        let places = lacking.iter().map(|place| {
            let counters = place.counters.iter();
            json!({
                "contest": place.contest,
                "district": place.district,
                "tallies_counted": place.counted,
                // One of these would do, where no tally has any.
                "wanted": place.wanted.iter().map(|counter| counter.name()).collect::<Vec<_>>(),
                "counters": counters.map(|(counter, lacking)| json!({
                    "counter": counter.name(),
                    "tallies_lacking": lacking,
                })).collect::<Vec<_>>(),
            })
        });
        print_json(&json!({ "places": places.collect::<Vec<_>>(), "units": rows }))?;
        return Ok(Ending::Done);
    }
    if lacking.is_empty() {
        print(&format!(
            "nothing that the rules of {election} need is missing"
        ))?;
    }
    for place in &lacking {
        print(&place.told())?;
    }
    if named > 0 {
        let mut shown = table(&["contest", "district", "unit", "group", "version", "missing"]);
        for row in &rows {
            shown.add_row([
                row.contest.clone(),
                row.district.clone(),
                row.unit.clone(),
                row.group.clone(),
                row.version.to_string(),
                row.counters.join(", "),
            ]);
        }
        print(&shown.to_string())?;
    }
    if named == arguments.limit {
        print("there may be more: --limit shows them")?;
    }
    Ok(Ending::Done)
}

/// What each contest's thresholds, those of tiers and of double proportional seats among them, are measured by.
fn bases(rules: &Rules) -> BTreeMap<String, Vec<ThresholdBase>> {
    let contests = rules.contests.iter();
    contests
        .map(|contest| (contest.id.to_string(), allocation::bases(contest)))
        .collect()
}

/// What is missing in one district.
struct Lacking {
    contest: String,
    district: String,
    counted: u32,
    /// The counters that some counted tallies have, and how many lack them; empty: no tally has any that the base needs.
    counters: Vec<(Counter, u32)>,
    wanted: &'static [Counter],
}

impl Lacking {
    fn told(&self) -> String {
        let place = format!("{}/{}", self.contest, self.district);
        if self.counters.is_empty() {
            let wanted: Vec<&str> = self.wanted.iter().map(|counter| counter.name()).collect();
            return format!(
                "{place}: none of the {} counted tallies has any of {}",
                self.counted,
                wanted.join(", ")
            );
        }
        let counters = self.counters.iter().map(|(counter, lacking)| {
            let (name, counted) = (counter.name(), self.counted);
            format!("{name} is missing on {lacking} of {counted} counted tallies")
        });
        format!("{place}: {}", counters.collect::<Vec<_>>().join("; "))
    }
}

// A base may be had from one counter or from others (papers, or what was in the boxes): only what some forms have and
// others lack is missing, unless no form has anything.
fn lacking(base: ThresholdBase, tally: &DistrictTally) -> Option<Lacking> {
    let wanted = base_counters(base);
    let totals = tally.totals.as_ref()?;
    let counted = totals.states.as_ref()?.counted;
    let present = |counter: Counter| {
        let wire = wire::common::v1::Counter::from(counter);
        let mut totals = totals.counters.iter();
        let total = totals.find(|total| total.counter() == wire);
        total.map_or(0, |total| total.tallies)
    };
    if wanted.is_empty() || counted == 0 {
        return None;
    }
    let some = wanted.iter().any(|counter| present(*counter) > 0);
    let counters = wanted.iter().filter_map(|counter| {
        let present = present(*counter);
        (present > 0 && present < counted).then_some((*counter, counted - present))
    });
    let counters: Vec<_> = counters.collect();
    // A base of votes alone is known without any counter.
    let may_be_derived =
        wanted.first() == Some(&Counter::Valid) || wanted == [Counter::BallotsIssued];
    if counters.is_empty() && (some || may_be_derived) {
        return None;
    }
    Some(Lacking {
        contest: tally.contest_id.clone(),
        district: tally.district_id.clone(),
        counted,
        counters,
        wanted,
    })
}

/// A tally that lacks counters.
#[derive(serde::Serialize)]
struct Row {
    contest: String,
    district: String,
    unit: String,
    group: String,
    version: u32,
    counters: Vec<&'static str>,
}

async fn units(
    client: &Client,
    election: &ElectionId,
    place: &Lacking,
    rows: &mut Vec<Row>,
    limit: usize,
) -> Result<(), Failure> {
    let request = ListUnitsRequest {
        election_id: election.to_string(),
        view: View::Head.into(),
        filter: Some(UnitFilter {
            district_id: place.district.clone(),
            has_counted: Some(true),
            ..UnitFilter::default()
        }),
        page_size: 2_000,
        ..ListUnitsRequest::default()
    };
    let mut pages = pin!(client.list_units(request));
    while let Some(page) = pages.next().await {
        for state in page?.units {
            let unit = state.unit.ok_or(client::ClientError::Missing("unit"))?;
            for tally in state
                .tallies
                .iter()
                .filter(|it| it.contest_id == place.contest)
            {
                let counters = missing_on(tally, place);
                if counters.is_empty() {
                    continue;
                }
                if rows.len() == limit {
                    return Ok(());
                }
                rows.push(Row {
                    contest: place.contest.clone(),
                    district: place.district.clone(),
                    unit: unit.unit_id.clone(),
                    group: tally.counting_group_id.clone(),
                    version: tally.counted_version.unwrap_or(0),
                    counters,
                });
            }
        }
    }
    Ok(())
}

fn missing_on(tally: &UnitTally, place: &Lacking) -> Vec<&'static str> {
    let Some(counts) = tally
        .counts
        .as_ref()
        .filter(|_| tally.counted_version.is_some())
    else {
        return Vec::new();
    };
    let has = |counter: Counter| {
        let wire = wire::common::v1::Counter::from(counter);
        counts.form.iter().any(|entry| entry.counter() == wire)
    };
    let some = place.counters.iter().map(|(counter, _)| *counter);
    // Where no tally has any of them, each lacks them all.
    let all = place.wanted.iter().copied();
    let all = all.filter(|_| place.counters.is_empty());
    some.chain(all)
        .filter(|counter| !has(*counter))
        .map(Counter::name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_of_tiers_and_of_double_proportional_seats_are_looked_at() {
        let law = |name: &str| {
            let profile = election::profile::Profile::named(name).unwrap();
            allocation::bases(&profile.law.rules)
        };
        assert_eq!(law("ee-riigikogu"), [ThresholdBase::ValidVotes]);
        assert!(!law("no-storting").is_empty());
        assert!(!law("ch-zug").is_empty());
        assert!(!law("kz-mazhilis-2021").is_empty());
    }
}
