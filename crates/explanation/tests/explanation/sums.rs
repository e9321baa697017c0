//! The pocket calculator over whole explanations, and what of a table no single line of arithmetic says.

use crate::calculator::{check, claims, value};
use apportionment::*;
use explanation::{Block, Document, Format, Language, Subject, Table, contest, margins};

/// A question with its names, as tests ask it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub names: Vec<String>,
    pub contest: Contest,
    pub rules: Rules,
    pub lots: Vec<Lot>,
    pub title: &'static str,
}

impl Asked {
    pub fn new(names: &[&str], contest: Contest, rules: Rules) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            names,
            contest,
            rules,
            lots: Vec::new(),
            title: "",
        }
    }

    pub fn margins(&self) -> Vec<ListMargins> {
        apportionment::margins(&self.contest, &self.rules, &self.lots).unwrap()
    }

    pub fn explained(&self, language: Language, found: Option<&[ListMargins]>) -> Document {
        let allocation = allocate(&self.contest, &self.rules, &self.lots).unwrap();
        assert_eq!(
            verify(&self.contest, &self.rules, &self.lots, &allocation),
            Ok(())
        );
        let subject = Subject {
            title: self.title,
            notice: "",
            names: &self.names,
            contest: &self.contest,
            rules: &self.rules,
            lots: &self.lots,
            allocation: &allocation,
        };
        let mut document = contest(subject, language);
        if let Some(found) = found {
            document.append(margins(subject, found, language));
        }
        document
    }
}

pub fn decimal(language: Language) -> char {
    if language == Language::English {
        '.'
    } else {
        ','
    }
}

/// Does every sum of a document again; returns how many there are.
pub fn recompute(document: &Document, language: Language) -> Result<usize, String> {
    let text = document.render(Format::Text);
    let mut number = 0;
    for line in text.lines() {
        for claim in claims(line, decimal(language)) {
            check(&claim, decimal(language)).map_err(|error| format!("{error}\nin: {line}"))?;
            number += 1;
        }
    }
    // Text that Markdown would swallow, or a number that only one of the formats has, would be found by this.
    let markdown = document.render(Format::Markdown).replace('\\', "");
    let only = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    if only(&text) != only(&markdown) {
        return Err("text and Markdown have different digits".into());
    }
    document
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Table(table) => Some(table),
            Block::Heading(..) | Block::Paragraph(_) | Block::Points(_) => None,
        })
        .try_for_each(|table| rows_hold(table, language))?;
    Ok(number + changes_hold(document)?)
}

/// What would change the seats of a list: "29 → 31" begins with the seats of the result, ends with those that the line gives
/// for all lists, and goes the way that the line says. Returns how many such lines there are.
fn changes_hold(document: &Document) -> Result<usize, String> {
    let result = document.blocks.iter().find_map(|block| match block {
        Block::Table(table) => Some(table),
        Block::Heading(..) | Block::Paragraph(_) | Block::Points(_) => None,
    });
    let rows = result.map_or(&[][..], |table| &table.rows);
    let lines = document.blocks.iter().flat_map(|block| match block {
        Block::Points(points) => &points[..],
        Block::Heading(..) | Block::Paragraph(_) | Block::Table(_) => &[],
    });
    let mut number = 0;
    for line in lines.filter(|line| line.contains(" → ")) {
        let refused = |why: &str| format!("{why}\nin: {line}");
        let (left, right) = line.split_once(" → ").ok_or("no arrow")?;
        let seats = |text: &str| text.parse::<u32>().ok();
        let before = left.rsplit(' ').next().and_then(seats);
        let after = right.split([' ', ';']).next().and_then(seats);
        let list = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| line.starts_with(&row[0]))
            .max_by_key(|(_, row)| row[0].len());
        let (list, row) = list.ok_or_else(|| refused("no list of the result"))?;
        let held = row[3].split('–').next().and_then(seats);
        let then = line.rsplit("; ").next().and_then(|then| {
            then.split([' ', '.'])
                .find(|word| word.matches('/').count() + 1 == rows.len())
        });
        let then = then.ok_or_else(|| refused("no seats of all lists"))?;
        let then = then.split('/').nth(list).and_then(seats);
        if before.is_none() || before != held {
            return Err(refused("these are not the seats of the result"));
        }
        if after.is_none() || after != then {
            return Err(refused("these are not the seats that it would have"));
        }
        if before == after {
            return Err(refused("nothing changes"));
        }
        number += 1;
    }
    Ok(number)
}

/// A change that ends in a tie says how many seats are in it: all that is told adds up to the house.
#[test]
fn a_change_that_ends_in_a_tie_adds_up() {
    let contest = Contest::with_votes(5, &[52, 31, 17]);
    let asked = Asked::new(&["Ash", "Birch", "Cedar"], contest, Rules::of(Method::HARE));
    let found = asked.margins();
    let ends = |margin: &Margin| margin.seats_after.iter().sum::<u32>() < 5;
    let all = found.iter().flat_map(|list| {
        let own = [&list.gain_by_added, &list.loss_by_taken]
            .into_iter()
            .flatten();
        let moved = [&list.gain_by_moved, &list.loss_by_moved]
            .into_iter()
            .flatten();
        own.chain(moved.map(|(_, margin)| margin))
    });
    let tied = all.filter(|margin| ends(margin)).count();
    let text = asked
        .explained(Language::English, Some(&found))
        .render(Format::Text);
    assert_eq!(text.matches("tied or given to nobody").count(), tied);
    assert!(tied > 0, "{text}");
}

/// Seats before or after that are not those of the result, or of the line, are found.
#[test]
fn a_wrong_change_is_found() {
    let asked = crate::golden::almaty();
    let found = asked.margins();
    for language in Language::ALL {
        let document = asked.explained(language, Some(&found));
        assert_eq!(changes_hold(&document), Ok(23));
        for (right, wrong) in [
            ("29 → 31", "30 → 31"),
            ("29 → 31", "29 → 30"),
            ("3 → 0", "3 → 2"),
        ] {
            let mut changed = document.clone();
            for block in &mut changed.blocks {
                if let Block::Points(points) = block {
                    points
                        .iter_mut()
                        .for_each(|line| *line = line.replacen(right, wrong, 1));
                }
            }
            assert!(changes_hold(&changed).is_err(), "{wrong}");
        }
    }
}

/// In a table of quotas the whole part is that of the quotient; in one of seats no number is smaller than that of the next
/// in line, or, where seats are taken back, none is larger.
fn rows_hold(table: &Table, language: Language) -> Result<(), String> {
    let decimal = decimal(language);
    let left = |cell: &str| {
        let cell = cell.rsplit(": ").next().unwrap_or(cell);
        let left = cell.split(" = ").next().unwrap_or(cell);
        value(left, decimal)
    };
    for row in &table.rows {
        let [first, _, third, fourth, ..] = &row[..] else {
            continue;
        };
        if row.len() == 5 && row[1].contains(" = ") {
            let quotient = left(&row[1]).ok_or("no quotient")?;
            let whole = value(third, decimal).ok_or("no whole number")?;
            if quotient.whole() != whole.whole() {
                return Err(format!("{} is not {third} and a rest", row[1]));
            }
        }
        if row.len() == 4 && fourth.contains(": ") {
            let (Some(granted), Some(next)) = (left(third), left(fourth)) else {
                continue;
            };
            let is_taken = first.contains(|letter: char| letter.is_alphabetic());
            let order = granted.compare(&next);
            if order.is_ne() && order.is_gt() == is_taken {
                return Err(format!("{third} against {fourth}"));
            }
        }
    }
    Ok(())
}

#[test]
fn almaty_holds_in_every_language_and_a_changed_digit_does_not() {
    let asked = crate::golden::almaty();
    let found = asked.margins();
    for language in Language::ALL {
        let document = asked.explained(language, Some(&found));
        let number = recompute(&document, language).unwrap();
        assert!(number > 20, "{number} sums");
        let text = document.render(Format::Text);
        let sums: Vec<String> = text
            .lines()
            .flat_map(|line| claims(line, decimal(language)))
            .collect();
        for sum in &sums {
            let last = sum.rfind(|one: char| one.is_ascii_digit()).unwrap();
            let digit = if &sum[last..=last] == "7" { "3" } else { "7" };
            let changed = format!("{}{digit}{}", &sum[..last], &sum[last + 1..]);
            let is_equation = sum.contains('=');
            assert!(
                !is_equation || check(&changed, decimal(language)).is_err(),
                "{changed}"
            );
        }
    }
}

/// A table with a wrong whole part, or in the wrong order, is refused.
#[test]
fn wrong_rows_are_found() {
    let row = |cells: &[&str]| {
        cells
            .iter()
            .map(|cell| (*cell).to_owned())
            .collect::<Vec<_>>()
    };
    let table = |cells: &[&str]| Table {
        header: row(cells),
        numbers: 1..2,
        rows: vec![row(cells)],
    };
    let holds = |cells: &[&str]| rows_hold(&table(cells), Language::English).is_ok();
    assert!(holds(&["A", "7 / 2 = 3.5", "3", "3", "1"]));
    assert!(!holds(&["A", "7 / 2 = 3.5", "4", "4", "1"]));
    assert!(holds(&["1", "A", "7 / 2 = 3.5", "B: 3 / 1 = 3"]));
    assert!(!holds(&["1", "A", "7 / 2 = 3.5", "B: 4 / 1 = 4"]));
    assert!(!holds(&[
        "4, taken back",
        "A",
        "7 / 2 = 3.5",
        "B: 3 / 1 = 3"
    ]));
}

/// As many lists as there may be, and a house of a thousand: told in one go, every sum right.
#[test]
fn many_lists_and_seats_are_told_too() {
    let names: Vec<String> = (0..2_000).map(|list| format!("List no. {list}")).collect();
    let votes: Vec<u64> = (0..2_000).map(|list| 1_000 + list * list % 7_919).collect();
    for method in [Method::HARE, Method::SAINTE_LAGUE] {
        let asked = Asked {
            names: names.clone(),
            contest: Contest::with_votes(1_000, &votes),
            rules: Rules::of(method),
            lots: Vec::new(),
            title: "",
        };
        let document = asked.explained(Language::English, None);
        assert!(recompute(&document, Language::English).unwrap() > 1_000);
    }
}
