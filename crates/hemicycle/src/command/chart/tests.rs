//! The picture of certain seats, of moments that are made up.

use super::*;

/// A moment with as many ballots: by list the fewest, the most and the counted seats.
fn moment(
    revision: u64,
    ballots: u64,
    secured: u64,
    lists: &[(&str, u32, u32, Option<u32>)],
) -> Moment {
    let lists = lists.iter().map(|(id, fewest, most, counted)| {
        let (fewest, most, counted) = (*fewest, *most, *counted);
        let seats = Seats {
            fewest,
            most,
            counted,
        };
        ((*id).to_owned(), seats)
    });
    Moment {
        revision,
        ballots,
        secured,
        lists: lists.collect(),
    }
}

fn drawing(moments: Vec<Moment>) -> Drawing {
    Drawing {
        title: String::from("A house of ten"),
        names: Names::default(),
        contest: String::from("list"),
        seats: 10,
        is_test: false,
        basis: String::from("At the end no ballot is outstanding."),
        moments,
    }
}

fn night() -> Vec<Moment> {
    vec![
        moment(100, 0, 0, &[("a", 0, 10, None), ("b", 0, 10, None)]),
        moment(200, 50, 2, &[("a", 2, 8, Some(6)), ("b", 0, 8, Some(4))]),
        moment(400, 90, 10, &[("a", 7, 7, Some(7)), ("b", 3, 3, Some(3))]),
    ]
}

/// The paths of a picture, in their order: of all lists, then of each panel what is possible twice, what is certain, the line.
fn paths(svg: &str) -> Vec<&str> {
    let (_, svg) = svg.split_once("</defs>").unwrap();
    let paths = svg.split("<path d=\"").skip(1);
    paths.map(|it| it.split_once('"').unwrap().0).collect()
}

/// The places along the picture where a path begins, and where its steps go to.
fn places(path: &str) -> Vec<u64> {
    let places = path.split(['M', 'H']).skip(1);
    let digits = places.map(|it| it.split(|it: char| !it.is_ascii_digit()).next().unwrap());
    digits.map(|it| it.parse().unwrap()).collect()
}

#[test]
fn the_last_moment_is_as_wide_as_others_and_ends_at_the_edge() {
    let svg = drawing(night()).svg();
    let paths = paths(&svg);
    // 980 wide for three moments: the last one has all seats, up to the upper edge, for the last quarter at most.
    let (steps, base) = paths[0].rsplit_once("V").unwrap();
    let (all, edge) = steps.rsplit_once('H').unwrap();
    assert_eq!(edge, "1010", "{}", paths[0]);
    let (_, up) = all.rsplit_once('V').unwrap();
    let top = base.split('H').next().unwrap().parse::<u64>().unwrap() - PANEL_HEIGHT;
    assert_eq!(up, top.to_string(), "{}", paths[0]);
    assert!(all.contains("H765V"), "{}", paths[0]);
    // The line of a panel shows the last seats too.
    assert!(
        paths[4].contains("H255V") && paths[4].ends_with("H330"),
        "{}",
        paths[4]
    );
}

#[test]
fn before_the_first_ballot_nothing_is_drawn() {
    let svg = drawing(night()).svg();
    for path in paths(&svg) {
        let first = if path == paths(&svg)[0] { 397 } else { 142 };
        assert!(places(path).iter().all(|it| *it >= first), "{path}");
    }
    let mut none = night();
    none.truncate(1);
    let svg = drawing(none).svg();
    assert!(paths(&svg).iter().all(|it| it.is_empty()), "{svg}");
    assert!(svg.contains("a\u{2069}: 0 to 10"), "{svg}");
}

#[test]
fn where_no_seats_are_counted_the_line_has_a_gap() {
    let mut moments = night();
    moments.insert(
        2,
        moment(300, 60, 2, &[("a", 2, 8, None), ("b", 0, 8, None)]),
    );
    let svg = drawing(moments).svg();
    let line = paths(&svg)[4];
    // 300 wide for four moments: from 142 to 198 there are seats, and again from 255 on.
    assert_eq!(places(line), [142, 198, 255, 330], "{line}");
    assert_eq!(line.matches('M').count(), 2, "{line}");
}

#[test]
fn long_texts_go_on_in_the_next_line_and_names_end_before_the_next_panel() {
    let mut drawing = drawing(night());
    let word = "Committee ";
    drawing.title = word.repeat(20);
    let name = word.repeat(8);
    for moment in &mut drawing.moments {
        let seats = moment.lists.remove("a").unwrap();
        moment.lists.insert(name.clone(), seats);
    }
    let svg = drawing.svg();
    let texts: Vec<(u64, &str)> = svg
        .split("<text ")
        .skip(1)
        .map(|it| {
            let (look, text) = it.split_once('>').unwrap();
            let size = look.split_once("font-size=\"").map_or("13", |it| it.1);
            let size = size.split('"').next().unwrap().parse().unwrap();
            let text = text.split_once("</text>").unwrap().0;
            (size, text.split_once("</title>").map_or(text, |it| it.1))
        })
        .collect();
    for (size, text) in &texts {
        let room = if text.contains('…') {
            PANEL_WIDTH
        } else {
            980
        };
        // The marks of direction have no width.
        let shown = text
            .chars()
            .filter(|it| !matches!(it, '\u{2068}' | '\u{2069}'));
        let shown = u64::try_from(shown.count()).unwrap();
        assert!(shown * size * 6 / 10 <= room, "{text}");
    }
    let title = texts.iter().filter(|(size, _)| *size == TITLE_SIZE);
    let title: Vec<&str> = title.map(|it| it.1).collect();
    assert_eq!(title.len(), 3);
    assert_eq!(title.join(" ").trim(), drawing.title.trim());
    assert!(texts.iter().any(|(_, text)| text.contains("…\u{2069}: 7")));
    assert!(svg.contains(&format!("<title>{name}</title>")));
}

#[test]
fn who_has_no_panel_is_named() {
    let mut moments = night();
    let last = moments.last_mut().unwrap();
    let none = |number: usize| {
        (
            format!("none-{number:02}"),
            Seats {
                fewest: 0,
                most: 0,
                counted: Some(0),
            },
        )
    };
    last.lists.extend((1..3).map(none));
    let svg = drawing(moments).svg();
    assert!(
        svg.contains("Without a panel: \u{2068}none-01\u{2069}, \u{2068}none-02\u{2069}."),
        "{svg}"
    );
    let mut moments = night();
    let last = moments.last_mut().unwrap();
    last.lists.extend((1..31).map(none));
    let svg = drawing(moments).svg();
    assert!(svg.contains("none-24\u{2069} and 6 more."), "{svg}");
    assert!(!drawing(night()).svg().contains("Without a panel"));
}
