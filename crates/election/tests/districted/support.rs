//! Small invented elections whose districts hang together.

use election::definition::Definition;
use election::report::Refusal;

/// Three districts, three lists (the third stands in two of them only), one unit each.
pub fn ballot(contests: &[&str]) -> String {
    let mut text = String::from("[ballot]\nelection = \"tiers-test\"\nis_test = true\n");
    for contest in contests {
        text += &format!("[[ballot.contests]]\nid = \"{contest}\"\n");
        for district in ["north", "south", "west"] {
            text += &format!("[[ballot.contests.districts]]\nid = \"{district}\"\n");
            for list in ["ash", "birch", "cedar"] {
                if (district, list) != ("west", "cedar") {
                    text += &format!("[[ballot.contests.districts.options]]\nid = \"{list}\"\n");
                }
            }
        }
    }
    for district in ["north", "south", "west"] {
        text += &format!("[[register.units]]\nid = \"{district}-1\"\ndistrict = \"{district}\"\n");
    }
    text
}

/// A definition with these rules of the contest `list`, besides its id.
pub fn define(contests: &[&str], house_size: u32, law: &str) -> Result<Definition, Refusal> {
    let ballot = ballot(contests);
    let text = format!(
        "{ballot}[rules]\nhouse_size = {house_size}\n[[rules.contests]]\nid = \"list\"\n{law}"
    );
    Definition::from_toml(&text)
}

/// The seats of the three districts.
pub const DISTRICTS: &str = r#"
districts = [{ id = "north", seats = 5 }, { id = "south", seats = 4 }, { id = "west", seats = 3 }]
ties = ["lot"]
"#;

/// Norway's stages for the three districts, with three further seats.
pub fn levelling() -> String {
    format!(
        r#"{DISTRICTS}
[rules.contests.tiers]
further_seats = 3
stages = [
    {{ stage = "districts", chain = [{{ method = "highest-averages", divisors = "modified-sainte-lague", first = [14, 10] }}] }},
    {{ stage = "whole", admission = {{ overall = {{ share = [4, 100], base = "list-votes" }} }}, surplus = "kept", chain = [
        {{ method = "highest-averages", divisors = "modified-sainte-lague", first = [14, 10] }},
    ] }},
    {{ stage = "place", series = {{ step = 2 }}, relative = "list-votes", per_district = 1 }},
]
"#
    )
}

/// Germany's stages: two states, one of them of two constituencies.
pub const COVER: &str = r#"
districts = [
    { id = "upper", seats = 0, parts = ["north", "south"] },
    { id = "lower", seats = 0, parts = ["west"] },
]
ties = ["lot"]
[rules.contests.tiers]
further_seats = 7
first_votes = "person"
stages = [
    { stage = "whole", surplus = "kept", chain = [
        { method = "highest-averages", divisors = "sainte-lague" },
    ], admission = { overall = { share = [5, 100], base = "list-votes" }, constituencies_won = 1 } },
    { stage = "shares", chain = [{ method = "highest-averages", divisors = "sainte-lague" }] },
    { stage = "cover" },
]
"#;

/// Zug's double proportional seats.
pub fn double() -> String {
    format!(
        r#"{DISTRICTS}
[rules.contests.double_proportional]
[rules.contests.double_proportional.quorum]
one_district = {{ share = [5, 100], base = "list-votes" }}
overall = {{ share = [3, 100], base = "list-votes" }}
"#
    )
}
