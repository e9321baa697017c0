//! Who got the last seat, and what it would take to change one.

use crate::page::language::Language;
use crate::page::margins::Known;
use crate::page::words::{self, Words};
use askama::Template;
use std::collections::BTreeMap;
use wire::allocation::v1::{Margin, MarginEffect, MarginKind};
use wire::feed::v1::{FrameContest, FrameSeat};

/// Changes that are shown: the two smallest of added votes, the smallest of each other kind.
const ADDED_MAX: usize = 2;

#[derive(Template)]
#[template(path = "last_seat.html")]
struct LastSeatPart<'a> {
    w: &'a Words,
    last: String,
    next: String,
    changes: Vec<ChangeRow>,
    /// That the changes are of an older revision than all else on the page.
    older: String,
}

struct ChangeRow {
    what: String,
    seats: String,
}

/// The part; empty where there is no last seat.
pub(super) fn part(
    contest: &FrameContest,
    revision: u64,
    known: &Known,
    language: Language,
    name: impl Fn(&str) -> String,
) -> String {
    let Some(last) = &contest.last_seat else {
        return String::new();
    };
    let w = Words::of(language);
    let seat = |seat: &FrameSeat| words::own_seat(language, &name(&seat.option_id), seat.seat);
    let is_of = known.contest_id == contest.contest_id;
    let margins = if is_of { &known.margins[..] } else { &[] };
    let changes: Vec<ChangeRow> = smallest(margins)
        .into_iter()
        .map(|margin| ChangeRow {
            what: what(margin, language, &name),
            seats: seats(margin, &known.seats, language, &name),
        })
        .collect();
    let part = LastSeatPart {
        w,
        last: seat(last),
        next: contest.next_in_line.as_ref().map(seat).unwrap_or_default(),
        older: if changes.is_empty() || known.revision == revision {
            String::new()
        } else {
            let number = language.number(known.revision);
            format!("{} {number}", w.at_revision)
        },
        changes,
    };
    part.render().unwrap_or_default()
}

// The smallest changes, smallest first.
fn smallest(margins: &[Margin]) -> Vec<&Margin> {
    let mut found: Vec<&Margin> = Vec::new();
    let kinds = [
        (MarginKind::Added, ADDED_MAX),
        (MarginKind::Taken, 1),
        (MarginKind::MovedFrom, 1),
    ];
    for (kind, most) in kinds {
        let of_kind = margins.iter().filter(|margin| {
            let effect = match kind {
                MarginKind::Taken => MarginEffect::Loss,
                _ => MarginEffect::Gain,
            };
            margin.kind() == kind && margin.effect() == effect
        });
        let mut of_kind: Vec<&Margin> = of_kind.collect();
        of_kind.sort_by_key(|margin| margin.votes);
        found.extend(of_kind.into_iter().take(most));
    }
    found.sort_by_key(|margin| margin.votes);
    found
}

fn what(margin: &Margin, language: Language, name: impl Fn(&str) -> String) -> String {
    let votes = words::votes(language, margin.votes);
    let votes = if margin.is_exact {
        votes
    } else {
        format!("{} {votes}", Words::of(language).at_most)
    };
    let (list, other) = (name(&margin.option_id), name(&margin.other_option_id));
    words::change(language, margin.kind(), &list, &other, &votes)
}

// Whose seats become others: "A 29 → 26, B 0 → 3"; and those that become nobody's for certain.
fn seats(
    margin: &Margin,
    before: &BTreeMap<String, u32>,
    language: Language,
    name: impl Fn(&str) -> String,
) -> String {
    let changed = margin.seats_after.iter().filter_map(|row| {
        let before = before.get(&row.option_id).copied().unwrap_or(0);
        // A change of numbers is not broken between lines.
        let text = format!(
            "{}\u{a0}{before}\u{a0}→\u{a0}{}",
            name(&row.option_id),
            row.seats
        );
        (before != row.seats).then_some(text)
    });
    let mut text = changed.collect::<Vec<_>>().join(", ");
    let held: u32 = before.values().sum();
    let after: u32 = margin.seats_after.iter().map(|row| row.seats).sum();
    if let Some(open) = held.checked_sub(after).filter(|open| *open > 0) {
        text.push(' ');
        text.push_str(&not_given(language, open));
    }
    text
}

fn not_given(language: Language, seats: u32) -> String {
    let number = format!(
        "{}\u{a0}{}",
        language.number(seats),
        words::seats(language, seats)
    );
    match language {
        Language::En => format!("(and {number} tied or given to nobody)"),
        Language::Ru => format!("(и ещё {number}: при равенстве или никому)"),
        Language::Kk => format!("(тағы {number} теңдікте немесе ешкімге берілмейді)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::common::v1::SeatRow;

    fn margin(list: &str, kind: MarginKind, votes: u64) -> Margin {
        let effect = match kind {
            MarginKind::Taken => MarginEffect::Loss,
            _ => MarginEffect::Gain,
        };
        Margin {
            option_id: list.into(),
            kind: kind.into(),
            effect: effect.into(),
            other_option_id: String::from("b"),
            votes,
            seats_after: [("a", 3), ("b", 4)]
                .map(|(list, seats)| SeatRow {
                    option_id: list.into(),
                    seats,
                })
                .into(),
            is_exact: votes != 7,
        }
    }

    fn contest() -> FrameContest {
        let seat = |list: &str| {
            Some(FrameSeat {
                option_id: list.into(),
                seat: 4,
            })
        };
        FrameContest {
            contest_id: "council".into(),
            last_seat: seat("a"),
            next_in_line: seat("b"),
            ..FrameContest::default()
        }
    }

    #[test]
    fn the_smallest_changes_of_each_kind_are_told_with_what_would_follow() {
        let known = Known {
            revision: 9,
            contest_id: "council".into(),
            seats: [("a", 4), ("b", 3), ("c", 0)]
                .map(|(list, seats)| (list.to_owned(), seats))
                .into(),
            margins: vec![
                margin("c", MarginKind::Added, 50),
                margin("a", MarginKind::Added, 1_200),
                margin("b", MarginKind::Added, 7),
                margin("a", MarginKind::Taken, 30),
                margin("a", MarginKind::MovedFrom, 20),
                margin("c", MarginKind::MovedFrom, 10),
            ],
            ..Known::default()
        };
        let name = |id: &str| id.to_uppercase();
        let text = part(&contest(), 9, &known, Language::En, name);
        let wanted = [
            "B with at most 7 votes more",
            "10 votes from B to C",
            "A with 30 votes fewer",
            "C with 50 votes more",
        ];
        let places: Vec<_> = wanted.iter().map(|it| text.find(it)).collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{text}"
        );
        assert!(
            !text.contains("1,200") && !text.contains("20 votes"),
            "{text}"
        );
        assert!(
            text.contains("A\u{a0}4\u{a0}→\u{a0}3, B\u{a0}3\u{a0}→\u{a0}4")
                && text.contains("A, seat no. 4")
        );
        assert!(!text.contains("at revision"), "{text}");
        let later = part(&contest(), 10, &known, Language::Ru, name);
        assert!(
            later.contains("по ревизии 9") && later.contains("не более 7 голосов"),
            "{later}"
        );
        // Where it ends in a tie, that is a part of what would follow.
        let held = [("a", 4), ("b", 5)].map(|(list, seats)| (list.to_owned(), seats));
        let known_more = Known {
            seats: held.into(),
            ..Known {
                margins: known.margins.clone(),
                contest_id: "council".into(),
                ..Known::default()
            }
        };
        let text = part(&contest(), 9, &known_more, Language::En, name);
        assert!(
            text.contains("(and 2\u{a0}seats tied or given to nobody)"),
            "{text}"
        );
        // Of another contest nothing is told.
        let other = FrameContest {
            contest_id: "mayor".into(),
            ..contest()
        };
        let text = part(&other, 9, &known, Language::Kk, name);
        assert!(!text.contains('→') && text.contains("№ 4 мандат"), "{text}");
        let none = FrameContest {
            last_seat: None,
            ..contest()
        };
        assert_eq!(part(&none, 9, &known, Language::En, name), "");
    }
}
