//! A document of headings, paragraphs, lists and tables, as plain text or as Markdown. Nothing here knows what it is about.

use std::fmt::Write as _;
use std::ops::Range;
use std::str::FromStr;

/// How a document is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// Lines with aligned columns, for a terminal or a printer.
    #[default]
    Text,
    /// Markdown with tables, as GitHub and many editors read it.
    Markdown,
}

/// No format of explanations has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no format of explanations: there are text and markdown")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        match name {
            "text" => Ok(Self::Text),
            "markdown" => Ok(Self::Markdown),
            _ => Err(UnknownFormat(name.to_owned())),
        }
    }
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading; 1 is the highest.
    Heading(u8, String),
    /// A sentence or several.
    Paragraph(String),
    /// Points, one a line.
    Points(Vec<String>),
    /// Rows under a header, all of the same length.
    Table(Table),
}

/// Rows under a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What stands above each column.
    pub header: Vec<String>,
    /// Columns that hold numbers and are aligned at their right.
    pub numbers: Range<usize>,
    /// The rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

/// An explanation in blocks: what a page can lay out by itself, and what is written as text or Markdown.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Document {
    /// From top to bottom.
    pub blocks: Vec<Block>,
}

impl Document {
    /// A title and a notice, where there are any.
    pub(crate) fn head(&mut self, title: &str, notice: &str) {
        if !title.is_empty() {
            self.heading(1, title.to_owned());
        }
        if !notice.is_empty() {
            self.paragraph(notice.to_owned());
        }
    }

    pub(crate) fn heading(&mut self, level: u8, text: String) {
        self.blocks.push(Block::Heading(level, text));
    }

    pub(crate) fn paragraph(&mut self, text: String) {
        self.blocks.push(Block::Paragraph(text));
    }

    /// Points; nothing where there are none.
    pub(crate) fn points(&mut self, points: Vec<String>) {
        if !points.is_empty() {
            self.blocks.push(Block::Points(points));
        }
    }

    /// A table; nothing where it has no rows.
    pub(crate) fn table(
        &mut self,
        header: Vec<String>,
        numbers: Range<usize>,
        rows: Vec<Vec<String>>,
    ) {
        if !rows.is_empty() {
            self.blocks.push(Block::Table(Table {
                header,
                numbers,
                rows,
            }));
        }
    }

    /// Puts another document behind this one.
    pub fn append(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
    }

    /// The document in a format; it ends with a line break, if there is anything.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        let blocks = self.blocks.iter().map(|block| match format {
            Format::Text => text(block),
            Format::Markdown => markdown(block),
        });
        let blocks: Vec<String> = blocks.collect();
        blocks.join("\n")
    }
}

fn text(block: &Block) -> String {
    match block {
        Block::Heading(level, heading) => {
            let line = if *level == 1 { "═" } else { "─" };
            format!("{heading}\n{}\n", line.repeat(width(heading)))
        }
        Block::Paragraph(text) => format!("{text}\n"),
        Block::Points(points) => points.iter().fold(String::new(), |mut text, point| {
            let _ = writeln!(text, "  {point}");
            text
        }),
        Block::Table(table) => text_table(table),
    }
}

fn text_table(table: &Table) -> String {
    let lines = || std::iter::once(&table.header).chain(&table.rows);
    let widths: Vec<usize> = (0..table.header.len())
        .map(|column| lines().map(|line| width(&line[column])).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in lines() {
        let cells = line.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, &wanted))| {
            let space = " ".repeat(wanted - width(cell));
            if table.numbers.contains(&column) {
                format!("{space}{cell}")
            } else {
                format!("{cell}{space}")
            }
        });
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "  {}", cells.join("   ").trim_end());
    }
    text
}

/// Characters of a line on paper. The names and numbers here have no wide and no combining characters but by accident.
fn width(text: &str) -> usize {
    text.chars().count()
}

fn markdown(block: &Block) -> String {
    match block {
        Block::Heading(level, heading) => {
            let marks = "#".repeat(usize::from(*level));
            format!("{marks} {}\n", escaped(heading))
        }
        Block::Paragraph(text) => format!("{}\n", escaped(text)),
        Block::Points(points) => points.iter().fold(String::new(), |mut text, point| {
            let _ = writeln!(text, "- {}", escaped(point));
            text
        }),
        Block::Table(table) => markdown_table(table),
    }
}

fn markdown_table(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = (0..table.header.len()).map(|column| {
        if table.numbers.contains(&column) {
            "---:"
        } else {
            "---"
        }
    });
    let rule: Vec<&str> = rule.collect();
    let mut text = line(&table.header);
    let _ = writeln!(text, "| {} |", rule.join(" | "));
    table.rows.iter().for_each(|row| text.push_str(&line(row)));
    text
}

/// What Markdown would take for markup, from names of lists, stands as it is. A line break would end a cell or a heading.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!' => {
                safe.push('\\');
                safe.push(character);
            }
            '\n' | '\r' => safe.push(' '),
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Document {
        let mut document = Document::default();
        document.heading(2, "Seats".into());
        document.points(Vec::new());
        document.points(vec!["a | b".into(), "c".into()]);
        let header = vec!["List".into(), "Votes".into()];
        let rows = vec![
            vec!["*A*".into(), "12 345".into()],
            vec!["Longer".into(), "1".into()],
        ];
        document.table(header, 1..2, rows);
        document
    }

    #[test]
    fn text_has_aligned_columns() {
        let expected = "Seats\n─────\n\n  a | b\n  c\n\n  List      Votes\n  *A*      12 345\n  Longer        1\n";
        assert_eq!(sample().render(Format::Text), expected);
    }

    #[test]
    fn names_are_no_markup() {
        let expected = "## Seats\n\n- a \\| b\n- c\n\n| List | Votes |\n| --- | ---: |\n| \\*A\\* | 12 345 |\n| Longer | 1 |\n";
        assert_eq!(sample().render(Format::Markdown), expected);
    }

    #[test]
    fn formats_have_names() {
        assert_eq!("markdown".parse(), Ok(Format::Markdown));
        assert_eq!("html".parse::<Format>(), Err(UnknownFormat("html".into())));
    }
}
