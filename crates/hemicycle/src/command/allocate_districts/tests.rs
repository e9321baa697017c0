//! Votes of districts by rules over all of them, as the program's users ask for them.

use super::*;
use wire::allocation::v1::{MarginEffect, MarginKind};

const RULES: &str = r#"
id = "list"
districts = []
[[tiers.stages]]
stage = "districts"
chain = [{ method = "highest-averages", divisors = "d-hondt" }]
"#;

/// The same for lists with a share of all votes.
const OVERALL: &str = r#"
id = "list"
districts = []
[[tiers.stages]]
stage = "districts"
admission = { overall = { share = [5, 100], base = "list-votes" } }
chain = [{ method = "highest-averages", divisors = "d-hondt" }]
"#;
const NORTH_AND_SOUTH: &str = "district,list,votes,seats
north,ash,60,3
north,birch,37,
north,cedar,3,
south,ash,50,2
south,birch,50,
";

fn votes(text: &str) -> Votes {
    districts_file::read(text.as_bytes(), "votes.csv").unwrap()
}

const TABLE: Shown = Shown {
    as_table: true,
    explain: None,
};

fn shown(rules: &ContestRules, votes: &Votes) -> DistrictedAllocation {
    let request = AllocateDistrictsRequest {
        include_steps: true,
        ..request_of(votes, rules).unwrap()
    };
    answer(request).unwrap().allocation.unwrap()
}

#[test]
fn votes_of_districts_become_a_table() {
    let rules: ContestRules = toml::from_str(RULES).unwrap();
    assert!(hang_together(&rules));
    let text = "district,list,votes,seats\nnorth,ash,60,3\nnorth,birch,40,\nsouth,birch,5,2\n";
    let shown = tables(&shown(&rules, &votes(text)));
    assert!(shown.contains("ash 2, birch 1"), "{shown}");
    assert!(shown.contains("birch 2"), "{shown}");
}

/// 5% of 200 votes: three lack eight, with which the 208 have 11; 110 fall below when 106 of them are gone. That nothing more is
/// computed is said.
#[test]
fn the_way_to_the_threshold_of_the_country_is_said() {
    let rules: ContestRules = toml::from_str(OVERALL).unwrap();
    let steps = shown(&rules, &votes(NORTH_AND_SOUTH)).steps.unwrap();
    let [overall] = &steps.overall_distances[..] else {
        panic!("one share");
    };
    let found: Vec<(&str, bool, u64)> = overall
        .lists
        .iter()
        .map(|it| (it.option_id.as_str(), it.passes, it.votes))
        .collect();
    assert_eq!(overall.stage, 0);
    assert_eq!(found[0], ("ash", true, 106));
    assert_eq!(found[2], ("cedar", false, 8));
    assert!(steps.margins_note.contains("not computed"));
    assert!(steps.district_margins.is_empty(), "they were not asked for");
}

/// 60, 37 and 30 have the three seats of the north, and a half of 61 is above 30: 24 votes more. Those who take no part have no
/// margins and get no votes.
#[test]
fn what_would_change_the_seats_of_a_district_is_said() {
    let rules: ContestRules = toml::from_str(OVERALL).unwrap();
    let request = AllocateDistrictsRequest {
        include_steps: true,
        include_margins: true,
        explanation: Some(style(Explained::Text, "en")),
        ..request_of(&votes(NORTH_AND_SOUTH), &rules).unwrap()
    };
    let allocation = answer(request).unwrap().allocation.unwrap();
    let steps = allocation.steps.unwrap();
    // Of the house: 106 votes fewer, and ash is below the share, with all its seats.
    let house = steps.house_margins.iter();
    let house: Vec<_> = house.map(|it| (it, it.margin.as_ref().unwrap())).collect();
    assert!(steps.margins_note.contains("might"));
    let cedar = house
        .iter()
        .find(|(_, margin)| margin.option_id == "cedar")
        .unwrap();
    assert_eq!(
        (cedar.1.kind(), cedar.1.effect()),
        (MarginKind::Added, MarginEffect::Gain)
    );
    let margins = steps.district_margins;
    assert_eq!(margins.len(), 2);
    let north = &margins[0];
    assert_eq!((north.stage, north.district_id.as_str()), (0, "north"));
    assert!(
        north
            .margins
            .iter()
            .all(|it| it.option_id != "cedar" && it.other_option_id != "cedar")
    );
    let gain = north
        .margins
        .iter()
        .find(|it| it.option_id == "birch" && it.effect() == MarginEffect::Gain)
        .unwrap();
    assert_eq!((gain.votes, gain.kind()), (24, MarginKind::Added));
    let words = allocation.explanation;
    let own = words
        .find("What would change the seats of a district")
        .unwrap();
    // Numbers and what they count are held together by spaces that do not break.
    let line = words[own..]
        .lines()
        .find(|line| line.contains("birch lacks"));
    let line = line.unwrap().replace('\u{a0}', " ");
    assert!(
        line.contains("24 votes for its seat no. 2, seats 1 → 2"),
        "{line}"
    );
    assert!(!words[own..].contains("cedar"), "{words}");
}

#[test]
fn margins_that_cost_too_much_are_refused_with_their_limits() {
    let rules: ContestRules = toml::from_str(RULES).unwrap();
    let mut text = "district,list,votes,seats\n".to_owned();
    for district in 0..500 {
        for list in ["ash", "birch", "cedar"] {
            let seats = if list == "ash" { "1" } else { "" };
            text.push_str(&format!("d{district},{list},5,{seats}\n"));
        }
    }
    let request = AllocateDistrictsRequest {
        include_margins: true,
        ..request_of(&votes(&text), &rules).unwrap()
    };
    let told = answer(request).unwrap_err().to_string();
    assert!(
        told.contains("include_margins") && told.contains("1000 lists times districts"),
        "{told}"
    );
    // Words without them are given all the same.
    let in_words = Shown {
        as_table: false,
        explain: Some(Explained::Text),
    };
    run(&rules, &votes(&text), in_words, "en").unwrap();
}

/// A district without votes: there are no seats, and the exit code says so.
#[test]
fn seats_that_are_not_shown_are_no_success() {
    let rules: ContestRules =
        toml::from_str("id = \"list\"\ndistricts = []\n[double_proportional]\n").unwrap();
    let text = "district,list,votes,seats\nnorth,ash,60,3\nsouth,ash,0,2\n";
    let ended = |text: &str, shown| run(&rules, &votes(text), shown, "en");
    assert_eq!(ended(text, TABLE).unwrap(), Ending::CheckFailed);
    let words = Shown {
        as_table: false,
        explain: Some(Explained::Text),
    };
    let failure = ended(text, words).unwrap_err().to_string();
    assert!(failure.contains("no vote is counted in south"), "{failure}");
    let text = text.replace("ash,0", "ash,1");
    assert_eq!(ended(&text, TABLE).unwrap(), Ending::Done);
    assert_eq!(ended(&text, words).unwrap(), Ending::Done);
}

/// What asks for votes that the file does not have is refused: it would do nothing, in silence.
#[test]
fn stages_that_the_file_has_no_votes_for_are_refused() {
    let text = RULES.replace(
        "[[tiers.stages]]",
        "[[tiers.stages]]\nstage = \"constituencies\"\n[[tiers.stages]]",
    );
    let rules: ContestRules = toml::from_str(&text).unwrap();
    let votes = votes("district,list,votes,seats\nnorth,ash,60,3\n");
    let failure = run(&rules, &votes, TABLE, "en").unwrap_err().to_string();
    assert!(
        failure.contains("rules.tiers.stages[0]")
            && failure.contains("constituencies with the votes in each"),
        "{failure}"
    );
}

#[test]
fn districts_without_seats_are_refused_where_they_hand_out_their_own() {
    let rules: ContestRules = toml::from_str(RULES).unwrap();
    let votes = votes("district,list,votes\nnorth,ash,60\n");
    let failure = run(&rules, &votes, TABLE, "en").unwrap_err();
    assert!(failure.to_string().contains("seats"), "{failure}");
}

/// Germany 2025 as its users have it: second votes of states and first votes of constituencies as CSV, and the profile.
#[test]
fn germany_2025_from_two_files() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/germany2025/kerg.csv"
    );
    if !Path::new(path).exists() {
        crate::skipped::skipped(format_args!(
            "germany2025/kerg.csv is not in the folder of data"
        ));
        return;
    }
    let text = std::fs::read_to_string(path).unwrap();
    let (second, first) = german_files(&text);
    let mut votes = votes(&second);
    districts_file::read_first_votes(first.as_bytes(), "first.csv", &mut votes).unwrap();
    let law = &super::super::allocate::profile("de-bundestag-2025")
        .unwrap()
        .law;
    let allocation = shown(&law.rules, &votes);
    let seats = |name: &str| {
        let lists = votes.lists.iter().zip(&allocation.lists);
        let mut named = lists.filter(|(list, _)| list.name == name);
        named.next().unwrap().1.seats.unwrap().seats.unwrap()
    };
    let official = [
        ("Alternative für Deutschland", 152),
        ("BÜNDNIS 90/DIE GRÜNEN", 85),
        ("Christlich Demokratische Union Deutschlands", 164),
        ("Christlich-Soziale Union in Bayern e.V.", 44),
        ("Die Linke", 64),
        ("Sozialdemokratische Partei Deutschlands", 120),
        ("Südschleswigscher Wählerverband", 1),
    ];
    for (name, official) in official {
        assert_eq!(seats(name), official, "{name}");
    }
    let elected = constituencies(&allocation).unwrap();
    let count = |word: &str| {
        let lines = elected
            .lines()
            .filter(|line| line.trim_end().ends_with(word));
        lines.count()
    };
    assert_eq!((count("yes"), count("no")), (276, 23));
}

/// The official file as two files of this program's: votes by state, and first votes by constituency.
fn german_files(text: &str) -> (String, String) {
    const VALID_FIRST: usize = 16;
    const VALID_SECOND: usize = 18;
    const PARTIES: usize = 20;
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(';').collect()).collect();
    let header = &rows[5];
    let columns = (PARTIES..header.len())
        .filter(|&column| !header[column].is_empty() && header[column] != "Übrige");
    let columns: Vec<usize> = columns.collect();
    let number = |row: &[&str], column: usize| row[column].parse::<u64>().unwrap_or(0);
    let mut second = String::from("district,list,votes,valid_votes,minority,name\n");
    let mut first = String::from("constituency,district,list,votes\n");
    for row in rows[8..].iter().filter(|row| row.len() > PARTIES) {
        let (is_state, is_constituency) = (row[2] == "99", row[0].len() == 3);
        let mut persons = 0;
        for &column in &columns {
            let (id, name) = (format!("p{column}"), header[column]);
            if is_state {
                let (votes, valid) = (number(row, column + 2), number(row, VALID_SECOND));
                let minority = name == "Südschleswigscher Wählerverband";
                second += &format!("s{},{id},{votes},{valid},{minority},\"{name}\"\n", row[0]);
            } else if is_constituency {
                let votes = number(row, column);
                persons += votes;
                first += &format!("c{},s{},{id},{votes}\n", row[0], row[2]);
            }
        }
        if is_constituency {
            // Persons without a list stand together in the file; none of them came first.
            let others = number(row, VALID_FIRST) - persons;
            for others in [others / 2, others - others / 2] {
                first += &format!("c{},s{},,{others}\n", row[0], row[2]);
            }
        }
    }
    (second, first)
}

/// What no district has stands in a row of its own, and all rows have as many seats as the lists.
#[test]
fn seats_of_no_district_are_in_the_table() {
    let rules: ContestRules = toml::from_str(
        r#"
id = "list"
districts = []
[tiers]
further_seats = 3
stages = [
    { stage = "districts", chain = [{ method = "highest-averages", divisors = "d-hondt" }] },
    { stage = "whole", chain = [{ method = "highest-averages", divisors = "sainte-lague" }], surplus = "kept" },
    { stage = "above" },
]
"#,
    )
    .unwrap();
    let shown = tables(&shown(&rules, &votes(NORTH_AND_SOUTH)));
    let row = shown.lines().find(|line| line.contains("(in no district)"));
    assert!(row.is_some_and(|row| row.contains(" 3 ")), "{shown}");
}

/// Austria and Denmark have regions, which a file of votes has no column for: the refusal says where they go.
#[test]
fn regions_that_are_missing_are_asked_for_where_they_belong() {
    let text = "district,list,votes,seats,valid_votes\nnorth,ash,60,3,60\nsouth,ash,50,2,50\n";
    for name in ["at-nationalrat", "dk-folketing"] {
        let rules = &election::profile::Profile::named(name).unwrap().law.rules;
        let failure = run(rules, &votes(text), TABLE, "en").unwrap_err();
        let text = failure.to_string();
        assert!(
            text.contains("--rules") && text.contains("regions"),
            "{text}"
        );
    }
}
