//! The bytes of a table before they are read as CSV: whether quotes stand as they must, and in which line each record begins.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// In which lines the records of a file begin, as they are read: one for the header, one for each record. The reader of CSV counts
/// no empty lines, and half of those that end in two characters.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<VecDeque<u64>>>);

impl Lines {
    fn add(&self, line: u64) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_back(line);
    }

    /// The line of the next record, from 1.
    pub fn take(&self) -> u64 {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.pop_front().unwrap_or(0)
    }
}

/// The longest cell in quotes, in bytes: a quote that nobody closes would gather the rest of the file.
const QUOTED_BYTES_MAX: u64 = 1 << 20;

/// Text in which quotes stand as they must. A reader of CSV takes any text: of `"40"5` it would make 405, and of a quote that
/// nobody closes one cell with the rest of the file.
#[derive(Debug)]
pub(super) struct Quotes<R> {
    source: R,
    mark: u8,
    place: Place,
    line: u64,
    lines: Lines,
    /// Whether no record has begun since the last one ended.
    between: bool,
    /// Bytes so far.
    offset: u64,
    /// Line and offset of the last quote that opened a cell.
    opened: (u64, u64),
    /// What is told when the bytes before it have been read: the lines that they end are whole.
    wrong: Option<Misquoted>,
}

/// Where in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Beginning,
    Plain,
    Quoted,
    /// Behind a quote that ends the cell, or is the first of the two that stand for one.
    Closed,
    /// Behind that and a space, where only the end of the cell can come.
    Ended,
}

/// A quote that stands where it cannot.
#[derive(Debug)]
pub(super) struct Misquoted {
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
    pub fn new(source: R, mark: u8, lines: Lines) -> Self {
        Self {
            source,
            mark,
            place: Place::Beginning,
            line: 1,
            lines,
            between: true,
            offset: 0,
            opened: (1, 0),
            wrong: None,
        }
    }

    fn pass(&mut self, byte: u8) -> Result<(), Misquoted> {
        let is_line_end = byte == b'\n' || byte == b'\r';
        let ends = byte == self.mark || is_line_end;
        if self.between && !is_line_end {
            self.lines.add(self.line);
        }
        self.between = is_line_end && self.place != Place::Quoted;
        self.place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::Closed,
            (Place::Quoted, _) if self.offset - self.opened.1 > QUOTED_BYTES_MAX => {
                return Err(self.unclosed());
            }
            (Place::Quoted, _) => Place::Quoted,
            (Place::Closed, b'"') => Place::Quoted,
            (Place::Beginning, b'"') => {
                self.opened = (self.line, self.offset);
                Place::Quoted
            }
            (_, _) if ends => Place::Beginning,
            (Place::Closed | Place::Ended, b' ' | b'\t') => Place::Ended,
            (Place::Closed | Place::Ended, _) => {
                return Err(Misquoted {
                    line: self.line,
                    what: "text stands behind the quote that closes a cell; a quote inside a cell is written twice",
                });
            }
            // The mark of UTF-8 that spreadsheets put before the text.
            (Place::Beginning, 0xef | 0xbb | 0xbf) if self.offset < 3 => Place::Beginning,
            (Place::Beginning | Place::Plain, _) => Place::Plain,
        };
        self.line += u64::from(byte == b'\n');
        self.offset += 1;
        Ok(())
    }

    fn unclosed(&self) -> Misquoted {
        Misquoted {
            line: self.opened.0,
            what: "the quote that opens a cell is never closed",
        }
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let told = |wrong| Err(io::Error::new(io::ErrorKind::InvalidData, wrong));
        if let Some(wrong) = self.wrong.take() {
            return told(wrong);
        }
        let read = self.source.read(buffer)?;
        for (place, byte) in buffer.iter().take(read).enumerate() {
            match self.pass(*byte) {
                Ok(()) => {}
                Err(wrong) if place == 0 => return told(wrong),
                Err(wrong) => {
                    self.wrong = Some(wrong);
                    return Ok(place);
                }
            }
        }
        if read == 0 && !buffer.is_empty() && self.place == Place::Quoted {
            return told(self.unclosed());
        }
        Ok(read)
    }
}
