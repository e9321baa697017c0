//! Official results as definitions: reports of districts go through the fold and the role, and the official seats come out.

use super::districts::{over, report, seats, standings};
use super::districts_told::{recompute, told};
use super::skipped::skipped;
use super::*;
use election::definition::Definition;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use wire::allocation::v1::{DistrictedAllocation, ExplanationFormat};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn read(file: &str) -> Option<String> {
    let path = Path::new(DATA).join(file);
    if !path.exists() {
        skipped(format_args!("{file} is not in the folder of data"));
        return None;
    }
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    if file.ends_with(".gz") {
        let mut file = flate2::read::GzDecoder::new(bytes.as_slice());
        file.read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    Some(text)
}

/// One contest as it is counted: by district, each list (or what else is on the paper) with its votes.
struct Contest {
    id: &'static str,
    districts: Vec<(String, Vec<Line>)>,
}

#[derive(Clone)]
struct Line {
    option: String,
    /// More of its definition, such as its role.
    more: &'static str,
    votes: u64,
}

/// The whole election with one unit for each district, all of which have reported.
fn night(contests: &[Contest], votes_per_ballot: u32, rules: &str) -> Night {
    let mut text = format!(
        "[ballot]\nelection = \"{ELECTION}\"\nis_test = true\nvotes_per_ballot = {votes_per_ballot}\n"
    );
    for contest in contests {
        text += &format!("[[ballot.contests]]\nid = \"{}\"\n", contest.id);
        for (district, lines) in &contest.districts {
            text += &format!("[[ballot.contests.districts]]\nid = \"{district}\"\n");
            for Line { option, more, .. } in lines {
                text +=
                    &format!("[[ballot.contests.districts.options]]\nid = \"{option}\"\n{more}\n");
            }
        }
    }
    for (district, _) in &contests[0].districts {
        text += &format!("[[register.units]]\nid = \"{district}\"\ndistrict = \"{district}\"\n");
    }
    let definition = Definition::from_toml(&format!("{text}{rules}")).unwrap();
    let mut night = Night::begin(&definition);
    for contest in contests {
        for (district, lines) in &contest.districts {
            let votes: Vec<u64> = lines.iter().map(|line| line.votes).collect();
            let report = report(&night, contest.id, district, 1, &votes);
            let outcome = night.submit(report);
            let accepted = matches!(outcome, election::report::Outcome::Accepted { .. });
            assert!(accepted, "{district}: {outcome:?}");
        }
    }
    night
}

/// The seats of a night, after every sum of their explanation was done again.
async fn allotted(night: &Night) -> DistrictedAllocation {
    let stage = stage();
    let sent = standings(&stage, night).await;
    let told = told(&stage, "en", ExplanationFormat::Text).await;
    let sums = recompute(&over(&told).explanation, '.');
    assert!(sums > 200, "{sums} sums");
    sent.contests[0].over_districts.clone().unwrap()
}

fn by_list(over: &DistrictedAllocation) -> BTreeMap<&str, u32> {
    let lists = over.lists.iter();
    let seats = lists.map(|list| (&*list.option_id, list.seats.unwrap().seats.unwrap()));
    seats.filter(|(_, seats)| *seats > 0).collect()
}

/// Parties of a county with votes, seats and levelling seats.
type Counties = BTreeMap<String, Vec<(String, u64, u32, u32)>>;

fn norwegian_snapshots() -> Option<BTreeMap<String, Counties>> {
    let text = read("norway2021/fylke.csv.gz")?;
    let mut snapshots: BTreeMap<String, Counties> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (county, snapshot, party) = (fields[1], fields[2], fields[12]);
        if party.starts_with("Andre") {
            continue;
        }
        let number = |field: usize| fields[field].parse::<u32>().unwrap_or(0);
        let row = (
            party.to_owned(),
            fields[13].parse().unwrap(),
            number(16),
            number(17),
        );
        let counties = snapshots.entry(snapshot.to_owned()).or_default();
        counties.entry(county.to_owned()).or_default().push(row);
    }
    Some(snapshots)
}

/// Norway, Election Act of 2002: counties, and nineteen levelling seats above 4%, at three moments of the count.
#[tokio::test(start_paused = true)]
async fn norway_2021() {
    let Some(snapshots) = norwegian_snapshots() else {
        return;
    };
    let (_, last) = snapshots.last_key_value().unwrap();
    let own: BTreeMap<&String, u32> = last
        .iter()
        .map(|(county, rows)| {
            (
                county,
                rows.iter()
                    .map(|(.., seats, levelling)| seats - levelling)
                    .sum(),
            )
        })
        .collect();
    let moments: Vec<&Counties> = snapshots.values().collect();
    for counties in [moments[20], moments[60], moments[moments.len() - 1]] {
        let mut parties: Vec<&str> = Vec::new();
        let districts = counties.iter().enumerate().map(|(number, (_, rows))| {
            let lines = rows.iter().map(|(party, votes, ..)| {
                let known = parties.iter().position(|known| known == party);
                let place = known.unwrap_or_else(|| {
                    parties.push(party);
                    parties.len() - 1
                });
                // Blank votes are valid here, and no list's.
                let more = if party == "BLANKE" {
                    "role = \"other\""
                } else {
                    ""
                };
                Line {
                    option: format!("p{place}"),
                    more,
                    votes: *votes,
                }
            });
            (format!("county-{number}"), lines.collect())
        });
        let contest = Contest {
            id: "list",
            districts: districts.collect(),
        };
        let chain = r#"[{ method = "highest-averages", divisors = "modified-sainte-lague", first = [14, 10] }]"#;
        let seats_of = counties.keys().enumerate();
        let districts: Vec<String> = seats_of
            .map(|(number, county)| {
                format!("{{ id = \"county-{number}\", seats = {} }}", own[county])
            })
            .collect();
        let rules = format!(
            r#"
[rules]
house_size = 169
[[rules.contests]]
id = "list"
districts = [{}]
ties = ["more-votes", "lot"]
[rules.contests.tiers]
further_seats = 19
[[rules.contests.tiers.stages]]
stage = "districts"
chain = {chain}
[[rules.contests.tiers.stages]]
stage = "whole"
admission = {{ overall = {{ share = [4, 100], base = "valid-votes" }} }}
chain = {chain}
surplus = "kept"
[[rules.contests.tiers.stages]]
stage = "place"
series = {{ step = 2 }}
relative = "valid-votes"
per_district = 1
"#,
            districts.join(", ")
        );
        let night = night(&[contest], 1, &rules);
        let over = allotted(&night).await;
        let found = seats(&over);
        let mut counted = 0;
        for ((_, rows), line) in counties.iter().zip(&found) {
            for (party, _, official, _) in rows {
                let place = parties.iter().position(|known| known == party).unwrap();
                let id = format!("p{place}");
                let list = over.lists.iter().position(|list| list.option_id == id);
                assert_eq!(list.map_or(0, |list| line[list]), *official, "{party}");
                counted += official;
            }
        }
        assert_eq!((counted, over.seats), (169, 169));
    }
}

/// Poland, Electoral Code of 2011: D'Hondt in 41 districts under a threshold of the country.
#[tokio::test(start_paused = true)]
async fn poland_2019() {
    let Some(text) = read("poland2019/sejm2019_stations.csv.gz") else {
        return;
    };
    let mut districts: BTreeMap<usize, (u32, BTreeMap<usize, Line>)> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut first = line.split(',');
        let mut last = line.rsplit(',');
        let (district, seats): (usize, u32) = (
            first.next().unwrap().parse().unwrap(),
            first.next().unwrap().parse().unwrap(),
        );
        let votes: u64 = last.next().unwrap().parse().unwrap();
        let committee = last.next().unwrap();
        let list: usize = last.next().unwrap().parse().unwrap();
        let more = match committee {
            name if name.starts_with("KOALICYJNY") => "coalition_size = 2",
            name if name.contains("MNIEJSZOŚĆ NIEMIECKA") => "minority = true",
            _ => "",
        };
        let entry = districts
            .entry(district)
            .or_insert_with(|| (seats, BTreeMap::new()));
        let option = format!("list-{list}");
        let line = entry.1.entry(list).or_insert(Line {
            option,
            more,
            votes: 0,
        });
        line.votes += votes;
    }
    let seats_of: Vec<String> = districts
        .iter()
        .map(|(district, (seats, _))| format!("{{ id = \"d{district}\", seats = {seats} }}"))
        .collect();
    let contest = Contest {
        id: "list",
        districts: districts
            .into_iter()
            .map(|(district, (_, lines))| (format!("d{district}"), lines.into_values().collect()))
            .collect(),
    };
    // Lists that stand in some districts only are matched by their ids.
    assert!(contest.districts.iter().any(|(_, lines)| lines.len() < 10));
    let rules = format!(
        r#"
[rules]
house_size = 460
[[rules.contests]]
id = "list"
districts = [{}]
ties = ["more-votes", "lot"]
[[rules.contests.tiers.stages]]
stage = "districts"
chain = [{{ method = "highest-averages", divisors = "d-hondt" }}]
[rules.contests.tiers.stages.admission.overall]
share = [5, 100]
base = "valid-votes"
minorities_exempt = true
coalitions = [{{ parties = 2, share = [8, 100] }}]
"#,
        seats_of.join(", ")
    );
    let over = allotted(&night(&[contest], 1, &rules)).await;
    let official = [
        ("list-1", 30),
        ("list-10", 1),
        ("list-2", 235),
        ("list-3", 49),
        ("list-4", 11),
        ("list-5", 134),
    ];
    assert_eq!(by_list(&over), official.into_iter().collect());
}

/// Zug: double proportional, 5% of the votes of one municipality or 3% of all.
#[tokio::test(start_paused = true)]
async fn zug_2018() {
    let Some(text) = read("zug2018/zug2018.csv") else {
        return;
    };
    let mut districts: Vec<(String, Vec<Line>)> = Vec::new();
    let (mut own, mut official) = (Vec::new(), Vec::new());
    let mut municipality = "";
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if fields[0] != municipality {
            municipality = fields[0];
            districts.push((format!("m{}", districts.len()), Vec::new()));
            own.push(format!(
                "{{ id = \"m{}\", seats = {} }}",
                own.len(),
                fields[1]
            ));
        }
        let (district, lines) = districts.last_mut().unwrap();
        let option = format!("list-{}", fields[4]);
        let seats: u32 = fields[7].parse().unwrap();
        official.push((district.clone(), option.clone(), seats));
        lines.push(Line {
            option,
            more: "",
            votes: fields[6].parse().unwrap(),
        });
    }
    let rules = format!(
        r#"
[rules]
house_size = 80
[[rules.contests]]
id = "list"
districts = [{}]
ties = ["lot"]
[rules.contests.double_proportional.quorum]
one_district = {{ share = [5, 100], base = "list-votes" }}
overall = {{ share = [3, 100], base = "list-votes" }}
"#,
        own.join(", ")
    );
    let contest = Contest {
        id: "list",
        districts,
    };
    let over = allotted(&night(&[contest], 19, &rules)).await;
    let found = seats(&over);
    for (district, option, seats) in official {
        let line = over
            .districts
            .iter()
            .position(|it| it.district_id == district)
            .unwrap();
        let list = over
            .lists
            .iter()
            .position(|it| it.option_id == option)
            .unwrap();
        assert_eq!(found[line][list], seats, "{district}, {option}");
    }
    assert_eq!(found.iter().flatten().sum::<u32>(), 80);
}

/// Germany, Federal Election Act as of 2023: sixteen states of 299 constituencies with two votes.
#[tokio::test(start_paused = true)]
async fn germany_2025() {
    const VALID_FIRST: usize = 16;
    const PARTIES: usize = 20;
    let Some(text) = read("germany2025/kerg.csv") else {
        return;
    };
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(';').collect()).collect();
    let header = &rows[5];
    let columns: Vec<usize> = (PARTIES..header.len())
        .filter(|&column| !header[column].is_empty() && header[column] != "Übrige")
        .collect();
    let number = |row: &[&str], column: usize| row[column].parse::<u64>().unwrap_or(0);
    let areas = rows[8..]
        .iter()
        .filter(|row| row.len() > PARTIES && row[0].len() == 3);
    let (mut first, mut second, mut elected) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut states: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in areas {
        let id = format!("c{}", row[0]);
        let lines = |offset: usize| {
            let votes = columns
                .iter()
                .map(move |&column| (column, number(row, column + offset)));
            let stands = votes.filter(|(_, votes)| *votes > 0);
            stands.map(|(column, votes)| Line {
                option: format!("p{column}"),
                more: if header[column] == "Südschleswigscher Wählerverband" {
                    "minority = true"
                } else {
                    ""
                },
                votes,
            })
        };
        let mut persons: Vec<Line> = lines(0).collect();
        let others = number(row, VALID_FIRST) - persons.iter().map(|line| line.votes).sum::<u64>();
        persons.push(Line {
            option: "others".into(),
            more: "role = \"independent\"",
            votes: others,
        });
        first.push((id.clone(), persons));
        second.push((id.clone(), lines(2).collect()));
        if row[3] != "–" {
            let party = columns
                .iter()
                .find(|&&column| header[column] == row[3])
                .unwrap();
            elected.insert((id.clone(), format!("p{party}")));
        }
        states.entry(row[2]).or_default().push(format!("\"{id}\""));
    }
    let districts: Vec<String> = states
        .iter()
        .map(|(state, parts)| {
            format!(
                "{{ id = \"s{state}\", seats = 0, parts = [{}] }}",
                parts.join(", ")
            )
        })
        .collect();
    let rules = format!(
        r#"
[rules]
house_size = 630
[[rules.contests]]
id = "second"
districts = [{}]
ties = ["lot"]
[rules.contests.tiers]
further_seats = 630
first_votes = "first"
[[rules.contests.tiers.stages]]
stage = "whole"
chain = [{{ method = "highest-averages", divisors = "sainte-lague" }}]
surplus = "kept"
[rules.contests.tiers.stages.admission]
constituencies_won = 3
overall = {{ share = [5, 100], base = "valid-votes", minorities_exempt = true }}
[[rules.contests.tiers.stages]]
stage = "shares"
chain = [{{ method = "highest-averages", divisors = "sainte-lague" }}]
[[rules.contests.tiers.stages]]
stage = "cover"
"#,
        districts.join(", ")
    );
    let contests = [
        Contest {
            id: "second",
            districts: second,
        },
        Contest {
            id: "first",
            districts: first,
        },
    ];
    let over = allotted(&night(&contests, 1, &rules)).await;
    let name = |id: &str| header[id[1..].parse::<usize>().unwrap()];
    let found: BTreeMap<&str, u32> = by_list(&over)
        .into_iter()
        .map(|(id, seats)| (name(id), seats))
        .collect();
    let official = [
        ("Alternative für Deutschland", 152),
        ("BÜNDNIS 90/DIE GRÜNEN", 85),
        ("Christlich Demokratische Union Deutschlands", 164),
        ("Christlich-Soziale Union in Bayern e.V.", 44),
        ("Die Linke", 64),
        ("Sozialdemokratische Partei Deutschlands", 120),
        ("Südschleswigscher Wählerverband", 1),
    ];
    assert_eq!(found, official.into_iter().collect());
    assert_eq!(
        (
            over.districts.len(),
            over.districts[0].part_district_ids.len()
        ),
        (16, 11)
    );
    let covered: BTreeSet<(String, String)> = over.steps.unwrap().stages[2]
        .covered
        .iter()
        .filter(|step| step.is_covered)
        .map(|step| step.person.as_ref().unwrap().place.clone().unwrap())
        .map(|place| (place.constituency_id, place.option_id))
        .collect();
    assert_eq!((covered.len(), covered), (276, elected));
}
