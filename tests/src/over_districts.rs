//! Elections whose districts hang together: one unit for each district, built from tables of votes and official seats.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use election::definition::{Definition, Hash};
use election::ids::{ContestId, CountingGroupId, UnitId};
use election::report::{Attribution, Report, ReportKind, TallyKey};
use election::submission::Submission;
use hemicycle::night::ballot_hash;

/// One option in a district.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The option.
    pub option: String,
    /// More of its definition, such as its role.
    pub more: &'static str,
    /// Its votes.
    pub votes: u64,
    /// Its official seats here, those of a house above the districts included.
    pub seats: u32,
}

/// One district.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct District {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Seats of its own.
    pub own: u32,
    /// Its options in the order of the paper.
    pub lines: Vec<Line>,
}

/// A whole election with what must come out.
#[derive(Debug, Clone)]
pub struct OverDistricts {
    /// The districts.
    pub districts: Vec<District>,
    /// Its definition.
    pub definition: Definition,
    /// What reports must name.
    pub ballot_hash: Hash,
}

impl OverDistricts {
    /// An election of these districts by a law, which is what stands behind the districts of the contest's rules.
    pub fn new(
        election: &str,
        votes_per_ballot: u32,
        districts: Vec<District>,
        house: u32,
        law: &str,
    ) -> Self {
        let mut text = format!(
            "[ballot]\nelection = \"{election}\"\nis_test = true\nvotes_per_ballot = {votes_per_ballot}\n\
             [[ballot.contests]]\nid = \"list\"\n"
        );
        let (mut units, mut own, mut names) = (String::new(), String::new(), String::new());
        for District {
            id,
            name,
            own: seats,
            lines,
        } in &districts
        {
            let _ = writeln!(text, "[[ballot.contests.districts]]\nid = \"{id}\"");
            for Line { option, more, .. } in lines {
                let _ = writeln!(
                    text,
                    "[[ballot.contests.districts.options]]\nid = \"{option}\"\n{more}"
                );
            }
            let _ = writeln!(
                units,
                "[[register.units]]\nid = \"{id}\"\ndistrict = \"{id}\""
            );
            let _ = write!(own, "{{ id = \"{id}\", seats = {seats} }}, ");
            let _ = writeln!(names, "[presentation.districts.{id}]\nen = \"{name}\"");
        }
        let _ = write!(
            text,
            "{units}[rules]\nhouse_size = {house}\n[[rules.contests]]\nid = \"list\"\n\
             districts = [{own}]\nties = [\"lot\"]\n{law}\n[presentation]\ntitle = {{ en = \"A test\" }}\n{names}"
        );
        let definition = Definition::from_toml(&text).expect("the definition is sound");
        let ballot_hash = ballot_hash(&definition.ballot);
        Self {
            districts,
            definition,
            ballot_hash,
        }
    }

    /// Norway, 13 September 2021, at the last snapshot of the count that is kept in this project: counties by the votes of
    /// their parties, and nineteen levelling seats above 4%.
    pub fn norway() -> Self {
        let text = include_str!("../golden/norway-2021.csv");
        let mut parties: Vec<&str> = Vec::new();
        let mut districts: Vec<District> = Vec::new();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let &[county, name, party, votes, seats, levelling] = fields.as_slice() else {
                panic!("six cells: {line}")
            };
            if districts.last().is_none_or(|last| last.id != county) {
                districts.push(District {
                    id: county.into(),
                    name: name.into(),
                    ..District::default()
                });
            }
            let place = parties.iter().position(|known| *known == party);
            let place = place.unwrap_or_else(|| {
                parties.push(party);
                parties.len() - 1
            });
            let number = |text: &str| text.parse::<u32>().expect("a number");
            let district = districts.last_mut().expect("one was pushed");
            district.own += number(seats) - number(levelling);
            district.lines.push(Line {
                option: format!("p{place}"),
                // Blank votes are valid, and no list's.
                more: if party == "BLANKE" {
                    "role = \"other\""
                } else {
                    ""
                },
                votes: number(votes).into(),
                seats: number(seats),
            });
        }
        let chain = r#"[{ method = "highest-averages", divisors = "modified-sainte-lague", first = [14, 10] }]"#;
        let law = format!(
            r#"[rules.contests.tiers]
further_seats = 19
stages = [
    {{ stage = "districts", chain = {chain} }},
    {{ stage = "whole", admission = {{ overall = {{ share = [4, 100], base = "valid-votes" }} }}, chain = {chain}, surplus = "kept" }},
    {{ stage = "place", series = {{ step = 2 }}, relative = "valid-votes", per_district = 1 }},
]"#
        );
        Self::new("norway-2021", 1, districts, 169, &law)
    }

    /// Zug, 7 October 2018: double proportional with 5% in one municipality or 3% in all; none where it is not at hand.
    pub fn zug() -> Option<Self> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../shared/data/zug2018/zug2018.csv"
        );
        if !Path::new(path).exists() {
            crate::skipped::skipped(format_args!(
                "zug2018/zug2018.csv is not in the folder of data"
            ));
            return None;
        }
        let text = std::fs::read_to_string(path).expect("the file can be read");
        let mut districts: Vec<District> = Vec::new();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let number = |field: usize| fields[field].parse::<u32>().expect("a number");
            if districts.last().is_none_or(|last| last.name != fields[0]) {
                districts.push(District {
                    id: format!("m{}", districts.len()),
                    name: fields[0].into(),
                    own: number(1),
                    ..District::default()
                });
            }
            let district = districts.last_mut().expect("one was pushed");
            district.lines.push(Line {
                option: format!("list-{}", fields[4]),
                more: "",
                votes: number(6).into(),
                seats: number(7),
            });
        }
        let law = r#"[rules.contests.double_proportional.quorum]
one_district = { share = [5, 100], base = "list-votes" }
overall = { share = [3, 100], base = "list-votes" }"#;
        Some(Self::new("zug-2018", 19, districts, 80, law))
    }

    /// The full report of a district.
    pub fn report(&self, district: usize) -> Submission {
        let votes = self.districts[district].lines.iter().map(|line| line.votes);
        self.counted(district, 1, &votes.collect::<Vec<_>>())
    }

    /// A report of a district with these votes; a later version is a correction.
    pub fn counted(&self, district: usize, version: u32, votes: &[u64]) -> Submission {
        let id = |text| UnitId::new(text).expect("an id");
        Submission::Report(Report {
            key: TallyKey {
                unit: id(&self.districts[district].id),
                contest: ContestId::new("list").expect("an id"),
                counting_group: CountingGroupId::new("all").expect("an id"),
            },
            version,
            kind: if version == 1 {
                ReportKind::Full
            } else {
                ReportKind::Correction
            },
            ballot_hash: self.ballot_hash,
            votes: (0_u32..).zip(votes.iter().copied()).collect(),
            form: Default::default(),
            attribution: (version > 1).then(|| Attribution {
                by: "Commission No 3".into(),
                reason: "counted again".into(),
            }),
        })
    }

    /// Official seats by district and option; none without a seat.
    pub fn official(&self) -> BTreeMap<(String, String), u32> {
        let lines = self.districts.iter().flat_map(|district| {
            let lines = district.lines.iter();
            lines.map(|line| ((district.id.clone(), line.option.clone()), line.seats))
        });
        lines.filter(|(_, seats)| *seats > 0).collect()
    }

    /// Official seats by option.
    pub fn official_by_list(&self) -> BTreeMap<String, u32> {
        let mut seats = BTreeMap::new();
        for ((_, option), held) in self.official() {
            *seats.entry(option).or_default() += held;
        }
        seats
    }
}
