//! The drawing of a house.

use super::*;

#[test]
fn every_seat_has_a_place_of_its_own_inside_the_drawing() {
    for seats in (1..=60).chain([120, 349, 450, 630, 705, 1_000]) {
        let Plan { places, radius } = Plan::of(seats);
        assert_eq!(places.len(), usize::try_from(seats).unwrap());
        for (place, (x, y)) in places.iter().enumerate() {
            assert!(x - radius >= 0.0 && x + radius <= WIDTH, "{seats}: {x}");
            // Dots of the lowest seats reach below the line that they stand on, and the drawing lets them.
            assert!(y - radius >= 0.0, "{seats}: {y}");
            assert!(y + radius <= CENTRE.1 + radius + 1e-9, "{seats}: {y}");
            for (other_x, other_y) in &places[..place] {
                let distance = (x - other_x).hypot(y - other_y);
                assert!(distance >= radius * 2.0, "{seats}: dots overlap");
            }
        }
    }
}

#[test]
fn where_rows_end_together_the_outer_seat_comes_first() {
    let Plan { places, .. } = Plan::of(39);
    // Four rows: their last seats lie on one line, from the right edge inwards.
    let last: Vec<f64> = places[35..].iter().map(|(x, _)| *x).collect();
    assert!(last.is_sorted_by(|a, b| a > b), "{last:?}");
    let first: Vec<f64> = places[..4].iter().map(|(x, _)| *x).collect();
    assert!(first.is_sorted_by(|a, b| a < b), "{first:?}");
}

fn look(number: usize, colour: &str) -> Look {
    Look {
        number,
        colour: colour.to_owned(),
        letters: String::from("A"),
    }
}

fn drawn(runs: &[(Holder, u32)], looks: &[Look]) -> Drawing {
    let runs: Vec<Run> = runs
        .iter()
        .map(|(holder, seats)| Run {
            holder: *holder,
            seats: *seats,
        })
        .collect();
    let texts = Texts {
        title: "<House>",
        description: "20 & 10",
        centre: &["39", "seats", "majority 20"].map(String::from),
        has_line: true,
    };
    Drawing::of(&runs, looks, &texts)
}

#[test]
fn seats_are_in_order_and_every_run_has_its_own() {
    // Of a ballot of many the frame has the second and the thirty-first.
    let looks = [look(1, "#1a9fb8"), look(30, "#d9a400")];
    let runs = [
        (Holder::Row(0), 20),
        (Holder::Row(1), 8),
        (Holder::Others, 1),
        (Holder::Person, 1),
        (Holder::Tied, 3),
        (Holder::Unassigned, 4),
        (Holder::NotYet, 1),
        (Holder::Withheld, 1),
    ];
    let svg = drawn(&runs, &looks).svg();
    for (symbol, count) in [
        ("d1", 20),
        ("d30", 8),
        ("do", 1),
        ("dp", 1),
        ("dt", 3),
        ("du", 4),
        ("dn", 1),
        ("dw", 1),
    ] {
        let used = svg.matches(&format!("<use href=#{symbol} ")).count();
        assert_eq!(used, count, "{symbol}");
        assert!(svg.contains(&format!("<g id=\"{symbol}\">")), "{symbol}");
    }
    assert!(svg.contains("&lt;House&gt;") && svg.contains("20 &amp; 10"));
    let signs: std::collections::BTreeSet<String> = runs[2..]
        .iter()
        .map(|(holder, _)| sign(*holder, 10.0))
        .collect();
    assert_eq!(signs.len(), 6, "all look different");
}

#[test]
fn where_seats_change_hands_their_places_are_the_same() {
    let looks = [look(0, "#1a9fb8"), look(1, "#d9a400")];
    let runs = |one, other| [(Holder::Row(0), one), (Holder::Row(1), other)];
    let first = drawn(&runs(20, 19), &looks);
    let moved = drawn(&runs(21, 18), &looks);
    assert!(first.frame() == moved.frame() && first.looks == moved.looks && first != moved);
    // A list that has got its first seat is in the looks, and what has another colour.
    let one = drawn(&runs(39, 0)[..1], &looks);
    assert!(one.frame() == first.frame() && one.looks != first.looks);
    let other = drawn(&runs(20, 19), &[look(0, "#1a9fb8"), look(1, "#d9a401")]);
    assert!(other.frame() == first.frame() && other.looks != first.looks);
    assert_eq!(
        (first.seats(), drawn(&runs(20, 20), &looks).seats()),
        (39, 40)
    );
}

#[test]
fn a_house_of_705_seats_fits_a_frame() {
    let looks: Vec<Look> = (0..9).map(|number| look(number, "#1a9fb8")).collect();
    let runs: Vec<(Holder, u32)> = (0..9).map(|row| (Holder::Row(row), 78)).collect();
    let drawing = drawn(&[&runs[..], &[(Holder::Tied, 3)]].concat(), &looks);
    assert_eq!(drawing.seats(), 705);
    let written = serde_json::to_string(&drawing.svg()).unwrap();
    assert!(
        written.len() < crate::FRAME_BYTES_MAX,
        "{} bytes",
        written.len()
    );
}

#[test]
fn neighbours_of_small_dots_have_different_marks() {
    // The tenth and the twentieth have the same mark of their own.
    let looks = [look(5, "#1a9fb8"), look(15, "#1a9fb9"), look(25, "#1a9fba")];
    let runs = [0, 1, 2].map(|row| (Holder::Row(row), 200));
    let svg = drawn(&runs, &looks).svg();
    let symbol = |id: &str| {
        let from = svg.find(&format!("<g id=\"{id}\">")).unwrap();
        let symbol = &svg[from..];
        let symbol = &symbol[symbol.find("/>").unwrap()..symbol.find("</g>").unwrap()];
        symbol.to_owned()
    };
    assert_ne!(symbol("d5"), symbol("d15"));
    assert_ne!(symbol("d15"), symbol("d25"));
}

#[test]
fn letters_and_dots_stand_out() {
    for colour in [
        "#ffffff", "#000000", "#d9a400", "#777777", "#1a9fb8", "#c03a2b",
    ] {
        let look = look(0, colour);
        let ink = contrast(luminance(look.ink()), luminance(colour));
        assert!(ink >= 4.5, "{colour}: {ink}");
    }
    let class = |colour| look(0, colour).class();
    assert_eq!(
        ["#ffffff", "#d9a400", "#1a1a1a", "#c03a2b"].map(class),
        ["dot pale", "dot pale", "dot deep", "dot"]
    );
}

#[test]
fn a_seat_that_is_not_certain_is_hatched_in_the_colour_of_its_list() {
    let runs = [
        Run {
            holder: Holder::Row(0),
            seats: 3,
        },
        Run {
            holder: Holder::Open(0),
            seats: 2,
        },
    ];
    let looks = [Look {
        number: 4,
        colour: String::from("#33658a"),
        letters: String::from("AB"),
    }];
    let texts = Texts {
        title: "t",
        description: "d",
        centre: &[],
        has_line: false,
    };
    let svg = Drawing::of(&runs, &looks, &texts).svg();
    assert_eq!(svg.matches("<use href=#d4 ").count(), 3);
    assert_eq!(svg.matches("<use href=#h4 ").count(), 2);
    let symbol = svg.split("<g id=\"h4\">").nth(1).unwrap();
    let symbol = symbol.split("</g>").next().unwrap();
    assert!(
        symbol.contains("class=\"hatch\"") && symbol.contains("stroke=\"#33658a\""),
        "{symbol}"
    );
    assert!(symbol.contains(">AB</text>"), "{symbol}");
}
