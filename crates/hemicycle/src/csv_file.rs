//! Tables of votes as CSV: what is wrong in one is told with the file, the line, the column, the value and what would be right.

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
    rows: Vec<StringRecord>,
}

/// The longest header, in bytes: far more than any ballot needs.
const HEADER_BYTES_MAX: u64 = 1 << 20;

/// By what the cells of a file are set apart, and the file from its beginning: commas, or what its header has alone. Spreadsheets
/// write semicolons where the comma is the mark of decimals, as in Russian and Kazakh.
///
/// # Errors
///
/// What the source says.
pub fn separated(source: impl Read) -> io::Result<(u8, impl Read)> {
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
    Ok((mark, Quotes::new(source, mark)))
}

/// Text in which quotes stand as they must. A reader of CSV takes any text: of `"40"5` it would make 405, and of a quote that
/// nobody closes one cell with the rest of the file.
#[derive(Debug)]
struct Quotes<R> {
    source: R,
    mark: u8,
    place: Place,
    line: u64,
    /// Where the last quote was opened.
    opened: u64,
}

/// Where in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Beginning,
    Plain,
    Quoted,
    /// Behind a quote that ends the cell, or is the first of the two that stand for one.
    Closed,
}

/// A quote that stands where it cannot.
#[derive(Debug)]
pub struct Misquoted {
    /// The line, from 1.
    pub line: u64,
    what: &'static str,
}

impl fmt::Display for Misquoted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.what)
    }
}

impl std::error::Error for Misquoted {}

impl Misquoted {
    /// What is wrong with the quotes, if that is what a reader stumbled over.
    pub fn of(error: &csv::Error) -> Option<&Self> {
        match error.kind() {
            csv::ErrorKind::Io(error) => error.get_ref()?.downcast_ref(),
            _ => None,
        }
    }
}

impl<R> Quotes<R> {
    fn new(source: R, mark: u8) -> Self {
        Self {
            source,
            mark,
            place: Place::Beginning,
            line: 1,
            opened: 1,
        }
    }

    fn pass(&mut self, byte: u8) -> Result<(), Misquoted> {
        let ends = byte == self.mark || byte == b'\n' || byte == b'\r';
        self.place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::Closed,
            (Place::Quoted, _) => Place::Quoted,
            (Place::Beginning | Place::Closed, b'"') => {
                self.opened = self.line;
                Place::Quoted
            }
            (_, _) if ends => Place::Beginning,
            (Place::Closed, b' ') => Place::Closed,
            // The mark of UTF-8 that spreadsheets put before the text.
            (Place::Beginning, 0xef | 0xbb | 0xbf) => Place::Beginning,
            (Place::Closed, _) => {
                return Err(Misquoted {
                    line: self.line,
                    what: "text stands behind the quote that closes a cell; a quote inside a cell is written twice",
                });
            }
            (Place::Beginning | Place::Plain, _) => Place::Plain,
        };
        self.line += u64::from(byte == b'\n');
        Ok(())
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        let wrong = |wrong| io::Error::new(io::ErrorKind::InvalidData, wrong);
        let mut bytes = buffer.iter().take(read);
        bytes.try_for_each(|byte| self.pass(*byte)).map_err(wrong)?;
        if read == 0 && !buffer.is_empty() && self.place == Place::Quoted {
            let (line, what) = (self.opened, "the quote that opens a cell is never closed");
            return Err(wrong(Misquoted { line, what }));
        }
        Ok(read)
    }
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
        let (mark, source) = separated(source).map_err(Failure::io(name))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(mark)
            .trim(csv::Trim::All)
            .from_reader(source);
        let header = reader
            .headers()
            .map_err(|error| torn(name, &error))?
            .clone();
        check(&header, name, columns, needed)?;
        let rows = reader.records().collect::<Result<Vec<_>, _>>();
        Ok(Self {
            name: name.to_owned(),
            header,
            rows: rows.map_err(|error| torn(name, &error))?,
        })
    }

    /// Its rows, from the first behind the header on.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|row| Row { file: self, row })
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

fn torn(file: &str, error: &csv::Error) -> Failure {
    let at = |line: Option<u64>| line.map_or_else(String::new, |line| format!(", line {line}"));
    let line = error.position().map(csv::Position::line);
    Failure::Input(match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!(
            "{file}{}: {len} cells, and the header has {expected_len}; a cell that holds a comma stands in double quotes",
            at(line)
        ),
        csv::ErrorKind::Utf8 { .. } => {
            format!(
                "{file}{}: this is not UTF-8; save the file as CSV in UTF-8",
                at(line)
            )
        }
        _ => match Misquoted::of(error) {
            Some(wrong) => format!("{file}{}: {wrong}", at(Some(wrong.line))),
            None => format!("{file}: {error}"),
        },
    })
}

/// A line of a file.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    file: &'a CsvFile,
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
        self.row.position().map_or(0, csv::Position::line)
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
        let cases: [(&[u8], &str); 10] = [
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
        let quoted = "\"list\",\"votes\"\r\n\"The \"\"A\"\", and\n\"\"B\"\"\" ,\"1\"\r\nC \"D\",2\r\n\"\"\"E\"\"\",3";
        let file = read(quoted.as_bytes()).unwrap();
        let names: Vec<_> = file.rows().map(|row| row.text("list").unwrap()).collect();
        assert_eq!(names, ["The \"A\", and\n\"B\"", "C \"D\"", "\"E\""]);
        // What spreadsheets put before the text is no part of the first column's name.
        let marked = read("\u{feff}list,votes\na,1\n".as_bytes()).unwrap();
        assert_eq!(marked.rows().next().unwrap().text("list"), Some("a"));
    }
}
