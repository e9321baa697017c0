//! Tables of votes as CSV: what is wrong in one is told with the file, the line, the column, the value and what would be right.

mod quotes;

use self::quotes::{Lines, Misquoted, Quotes};
use crate::failure::Failure;
use csv::StringRecord;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read};
use std::str::FromStr;

/// A file whose columns are known.
#[derive(Debug)]
pub struct CsvFile {
    name: String,
    header: StringRecord,
    /// Each with its line.
    rows: Vec<(u64, StringRecord)>,
}

/// The longest header, in bytes: far more than any ballot needs.
const HEADER_BYTES_MAX: u64 = 1 << 20;

/// By what the cells of a file are set apart, and the file from its beginning: commas, or what its header has alone. Spreadsheets
/// write semicolons where the comma is the mark of decimals, as in Russian and Kazakh.
///
/// # Errors
///
/// What the source says.
pub fn separated(source: impl Read) -> io::Result<(u8, Lines, impl Read)> {
    let mut source = BufReader::new(source);
    let mut header = Vec::new();
    source
        .by_ref()
        .take(HEADER_BYTES_MAX)
        .read_until(b'\n', &mut header)?;
    let has = |mark: u8| header.contains(&mark);
    let mark = match (has(b','), has(b';'), has(b'\t')) {
        (false, true, false) => b';',
        (false, false, true) => b'\t',
        _ => b',',
    };
    let source = io::Cursor::new(header).chain(source);
    let lines = Lines::default();
    let source = Quotes::new(source, mark, lines.clone());
    Ok((mark, lines, source))
}

impl CsvFile {
    /// Reads a file. Columns stand in any order; the first `needed` of those known must be there.
    ///
    /// # Errors
    ///
    /// A column that is missing or none, a row with more or fewer cells than the header, text that is not UTF-8.
    pub fn read(
        source: impl Read,
        name: &str,
        columns: &[&str],
        needed: usize,
    ) -> Result<Self, Failure> {
        let (mark, lines, source) = separated(source).map_err(Failure::io(name))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(mark)
            .trim(csv::Trim::All)
            .from_reader(source);
        let header = reader.headers();
        let line = lines.take();
        let header = header.map_err(|error| torn(name, &error, line))?.clone();
        check(&header, name, columns, needed)?;
        let rows = reader.records().map(|row| {
            let line = lines.take();
            let row = row.map_err(|error| torn(name, &error, line))?;
            Ok((line, row))
        });
        Ok(Self {
            name: name.to_owned(),
            rows: rows.collect::<Result<_, Failure>>()?,
            header,
        })
    }

    /// Its rows, from the first behind the header on.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let rows = self.rows.iter();
        rows.map(|(line, row)| Row {
            file: self,
            line: *line,
            row,
        })
    }

    /// Something that is wrong with the whole file.
    pub fn wrong(&self, rule: &str) -> Failure {
        Failure::Input(format!("{}: {rule}", self.name))
    }
}

fn check(
    header: &StringRecord,
    file: &str,
    columns: &[&str],
    needed: usize,
) -> Result<(), Failure> {
    let known = columns.join(", ");
    let wrong = |what: String| Failure::Input(format!("{file}, line 1: {what}"));
    if let Some(name) = header.iter().find(|name| name.contains([';', '\t'])) {
        return Err(wrong(format!(
            "cells are set apart by commas, semicolons or tabs, by one of them in the whole file, and {name:?} holds another"
        )));
    }
    for (place, name) in header.iter().enumerate() {
        // A number is no name of a column: then the first line is one of the table.
        if !columns.contains(&name) && is_row_of_numbers(header) {
            let header = columns.get(..needed).unwrap_or_default().join(",");
            return Err(wrong(format!(
                "{name:?} is no column: a file begins with its header, such as {header}"
            )));
        }
        if !columns.contains(&name) {
            return Err(wrong(format!(
                "there is no column {name:?}; columns are {known}"
            )));
        }
        if header.iter().take(place).any(|other| other == name) {
            return Err(wrong(format!("the column {name} stands twice")));
        }
    }
    let mut needed = columns.iter().take(needed);
    match needed.find(|name| header.iter().all(|it| it != **name)) {
        Some(name) => Err(wrong(format!(
            "the column {name} is missing; columns are {known}"
        ))),
        None => Ok(()),
    }
}

/// Whether a header has numbers among its cells, as no header does.
fn is_row_of_numbers(header: &StringRecord) -> bool {
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|it| it.is_ascii_digit());
    header.iter().any(is_number)
}

fn torn(file: &str, error: &csv::Error, line: u64) -> Failure {
    let (line, what) = what_is_torn(error, line);
    Failure::Input(match line {
        0 => format!("{file}: {what}"),
        line => format!("{file}, line {line}: {what}"),
    })
}

/// What is wrong with a record that begins in a line, and in which line that is; 0: in none.
pub fn what_is_torn(error: &csv::Error, line: u64) -> (u64, String) {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            let what = format!(
                "{len} cells, and the header has {expected_len}; a cell that holds a comma stands in double quotes"
            );
            (line, what)
        }
        csv::ErrorKind::Utf8 { .. } => {
            let what = "this is not UTF-8; save the file as CSV in UTF-8";
            (line, what.to_owned())
        }
        _ => match Misquoted::of(error) {
            Some(wrong) => (wrong.line, wrong.to_string()),
            None => (0, error.to_string()),
        },
    }
}

/// A line of a file.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    file: &'a CsvFile,
    line: u64,
    row: &'a StringRecord,
}

/// The whole numbers that a cell may hold.
pub trait Whole: FromStr + fmt::Display {
    /// The largest.
    const MAX: Self;
}

impl Whole for u32 {
    const MAX: Self = Self::MAX;
}

impl Whole for u64 {
    const MAX: Self = Self::MAX;
}

impl<'a> Row<'a> {
    /// What stands in a column; nothing where it is empty or missing.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        let place = self.file.header.iter().position(|name| name == column)?;
        self.row.get(place).filter(|text| !text.is_empty())
    }

    /// What must stand in a column.
    ///
    /// # Errors
    ///
    /// Nothing does.
    pub fn needed(&self, column: &str) -> Result<&'a str, Failure> {
        self.text(column)
            .ok_or_else(|| self.wrong(column, "must be set"))
    }

    /// A number, where one stands.
    ///
    /// # Errors
    ///
    /// What is none.
    pub fn number<T: Whole>(&self, column: &str) -> Result<Option<T>, Failure> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        number.map(Some).ok_or_else(|| {
            let rule = format!("must be a whole number from 0 to {}, digits alone", T::MAX);
            self.wrong(column, &rule)
        })
    }

    /// A number that must stand.
    ///
    /// # Errors
    ///
    /// None does, or what is none.
    pub fn needed_number<T: Whole>(&self, column: &str) -> Result<T, Failure> {
        self.number(column)?
            .ok_or_else(|| self.wrong(column, "must be set"))
    }

    /// Whether true stands; an empty cell is false.
    ///
    /// # Errors
    ///
    /// Anything but true and false.
    pub fn flag(&self, column: &str) -> Result<bool, Failure> {
        match self.text(column) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(self.wrong(column, "must be true or false")),
        }
    }

    /// The number of its line in the file.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// What is wrong with a cell.
    pub fn wrong(&self, column: &str, rule: &str) -> Failure {
        let line = self.line();
        let value = self.text(column).unwrap_or_default();
        Failure::Input(format!(
            "{}, line {line}: {column} = {value:?}: {rule}",
            self.file.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_file_is_named() {
        let read = |text: &[u8]| CsvFile::read(text, "votes.csv", &["list", "votes"], 2);
        let cases: [(&[u8], &str); 11] = [
            (
                b"list,vote\na,1\n",
                "votes.csv, line 1: there is no column \"vote\"; columns are list, votes",
            ),
            (b"list\na\n", "line 1: the column votes is missing"),
            (b"list,votes,list\na,1,b\n", "the column list stands twice"),
            (
                b"list;votes,name\na;1,b\n",
                "votes.csv, line 1: cells are set apart by commas, semicolons or tabs",
            ),
            (
                b"list,votes\na,1\nb,1,2\n",
                "votes.csv, line 3: 3 cells, and the header has 2",
            ),
            (
                b"list,votes\n\xff,1\n",
                "votes.csv, line 2: this is not UTF-8",
            ),
            (b"", "the column list is missing"),
            (
                b"list,votes\na,1\nb,\"40\"5\n",
                "votes.csv, line 3: text stands behind the quote that closes a cell",
            ),
            (
                b"list,votes\n\"a,1\nb,2\n",
                "votes.csv, line 2: the quote that opens a cell is never closed",
            ),
            (
                b"list,votes\n\"The A\" \"B\",1\n",
                "votes.csv, line 2: text stands behind",
            ),
            (
                b"\"list\" s,votes\na,1\n",
                "votes.csv, line 1: text stands behind",
            ),
        ];
        for (text, said) in cases {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(said), "{said} is not in {error}");
        }
        for text in [
            "list;votes\na;1\n",
            "list\tvotes\r\na\t1\r\n",
            "votes;list\n1;a",
        ] {
            let file = read(text.as_bytes()).unwrap();
            let row = file.rows().next().unwrap();
            assert_eq!(
                (row.text("list"), row.text("votes")),
                (Some("a"), Some("1"))
            );
        }
        let long = format!("list,votes\na,1\nb,\"{}", "4\n".repeat(1 << 20));
        let error = read(long.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("line 3: the quote that opens"), "{error}");
        for harmless in ["a,\"1\" \t\n", "\u{feff}\"a\",1\n", "\u{feff}a,1\n"] {
            let text = format!("list,votes\n{}", harmless.replace('\u{feff}', ""));
            let marked = format!("\u{feff}{text}");
            for text in [&text, &marked] {
                let file = read(text.as_bytes()).unwrap();
                assert_eq!(
                    file.rows().next().unwrap().text("votes"),
                    Some("1"),
                    "{text:?}"
                );
            }
        }
        let quoted = "\"list\",\"votes\"\r\n\"The \"\"A\"\", and\n\"\"B\"\"\" ,\"1\"\r\nC \"D\",2\r\n\"\"\"E\"\"\",3";
        let file = read(quoted.as_bytes()).unwrap();
        let names: Vec<_> = file.rows().map(|row| row.text("list").unwrap()).collect();
        assert_eq!(names, ["The \"A\", and\n\"B\"", "C \"D\"", "\"E\""]);
        // However lines end, and whatever stands between them.
        for text in [
            "list,votes\r\na,1\r\nb,x\r\n",
            "list,votes\n\n\r\na,1\n\nb,x",
            "list,votes\n\"a\n\n\",1\r\nb,x",
        ] {
            let file = read(text.as_bytes()).unwrap();
            let row = file.rows().nth(1).unwrap();
            let line = 1 + text.split("b,x").next().unwrap().matches('\n').count();
            let told = row.number::<u64>("votes").unwrap_err().to_string();
            assert!(
                told.contains(&format!("line {line}: votes = \"x\"")),
                "{told}"
            );
        }
        // What spreadsheets put before the text is no part of the first column's name.
        let marked = read("\u{feff}list,votes\na,1\n".as_bytes()).unwrap();
        assert_eq!(marked.rows().next().unwrap().text("list"), Some("a"));
    }

    /// What stands before a fault is read, as before any other: what is sent line by line is sent up to it.
    #[test]
    fn lines_before_a_fault_are_read() {
        let rows: String = (0..100).map(|row| format!("l{row},{row}\n")).collect();
        for fault in ["bad,\"4\"0\n", "bad,\"4"] {
            let text = format!("list,votes\n{rows}{fault}");
            let (_, lines, source) = separated(text.as_bytes()).unwrap();
            let mut reader = csv::Reader::from_reader(source);
            reader.headers().unwrap();
            assert_eq!(lines.take(), 1);
            let mut records = reader.records();
            for line in 2..=101 {
                records.next().unwrap().unwrap();
                assert_eq!(lines.take(), line);
            }
            let error = records.next().unwrap().unwrap_err();
            assert_eq!(what_is_torn(&error, lines.take()).0, 102);
            assert!(records.next().is_none());
        }
    }
}
