//! Certain seats as officials and viewers meet them.

use crate::desk::{DONE, Desk, WRONG_USAGE};
use crate::support::PAIRS;

#[test]
fn the_ranges_of_certain_seats_are_drawn() {
    let desk = Desk::open();
    let svg = desk.expect(
        DONE,
        &["export", PAIRS, "--chart", "bounds", "--moments", "20"],
    );
    assert!(
        svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
    let lists = svg.matches("url(#hatch)").count();
    assert_eq!(
        lists, 6,
        "one panel for each list that can have a seat: {svg}"
    );
    assert!(
        svg.contains("All lists: 21 of 21 seats are certain"),
        "{svg}"
    );
    let table = desk.expect(DONE, &["export", PAIRS, "--format", "csv"]);
    assert!(
        table
            .lines()
            .next()
            .unwrap()
            .ends_with(",seats_fewest,seats_most_certain")
    );
    assert!(table.contains(",PROVISIONAL,6,6"), "{table}");
    let said = desk.expect(
        WRONG_USAGE,
        &["export", PAIRS, "--chart", "bounds", "--format", "csv"],
    );
    assert!(
        said.contains("--chart") && said.contains("--format"),
        "{said}"
    );
}
