//! What is printed. Everything that a command shows goes through here: a log may be older than the checks of today, and hold
//! names and reasons with characters that a terminal obeys.

use crate::failure::Failure;
use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};

/// A text as a terminal may show it: control characters, and those that turn or hide what stands beside them, are written as
/// `\u` with four digits, as JSON has them. Line ends and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_obeyed(character) {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

// Controls; marks, embeddings and isolates of writing from right to left (Unicode TR 9); separators of lines; the mark of byte
// order. Hebrew and Arabic themselves are no concern.
fn is_obeyed(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => true,
        other => other.is_control(),
    }
}

/// Writes a line to standard output. A reader that has gone (`| head`) is no failure.
///
/// # Errors
/// What standard output says.
pub fn print(text: &str) -> Result<(), Failure> {
    match terminal_columns() {
        Some(columns) => put("", &wrapped(text, columns)),
        None => put("", text),
    }
}

/// How wide the terminal of standard output is; `None` where it is none.
fn terminal_columns() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    comfy_table::Table::new().width().map(usize::from)
}

/// Lines that are too long for a terminal, or a picture, go on in the next one, from a space on and as far from the edge: a
/// terminal breaks words.
pub fn wrapped(text: &str, columns: usize) -> String {
    let lines = text.split('\n').map(|line| {
        let words = line.trim_start_matches(' ');
        let edge = line.len() - words.len();
        // Of a narrow terminal or a long edge nothing good can be made.
        if line.chars().count() <= columns || edge + 20 > columns {
            return line.to_owned();
        }
        let mut shown = " ".repeat(edge);
        let mut place = edge;
        for word in words.split(' ') {
            let letters = word.chars().count();
            if place > edge && place + 1 + letters > columns {
                shown.push('\n');
                shown.push_str(&" ".repeat(edge));
                place = edge;
            } else if place > edge {
                shown.push(' ');
                place += 1;
            }
            shown.push_str(word);
            place += letters;
        }
        shown
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same from the upper left corner of an empty screen.
///
/// # Errors
/// As [`print()`].
pub fn print_at_home(text: &str) -> Result<(), Failure> {
    put("\u{1b}[H\u{1b}[2J", text)
}

fn put(order: &str, text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = writeln!(output, "{order}{}", visible(text)).and_then(|()| output.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Failure::io("standard output")),
    }
}

/// Writes a line to standard error; what cannot be written there cannot be told either.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(text));
}

/// A terminal that data is written to: shown line by line, as [`visible`] has it. Files get the data as they are.
#[derive(Debug)]
pub struct Shown<W: Write> {
    output: W,
    /// The line that has no end yet.
    line: Vec<u8>,
}

impl<W: Write> Shown<W> {
    /// What is written to it is shown on the output.
    pub fn on(output: W) -> Self {
        Self {
            output,
            line: Vec::new(),
        }
    }

    fn show(&mut self, bytes: usize) -> io::Result<()> {
        let rest = self.line.split_off(bytes);
        let lines = std::mem::replace(&mut self.line, rest);
        let text = String::from_utf8_lossy(&lines);
        self.output.write_all(visible(&text).as_bytes())
    }
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') {
            self.show(end + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.show(self.line.len())?;
        self.output.flush()
    }
}

/// Standard output for data: as they are, but on a terminal as a terminal may show them.
pub fn standard_output() -> Box<dyn Write> {
    let output = io::stdout();
    if output.is_terminal() {
        Box::new(Shown::on(output.lock()))
    } else {
        Box::new(output.lock())
    }
}

/// A number with the word after it, for one and for more.
pub fn count(number: impl Into<u64>, one: &str, more: &str) -> String {
    let number = number.into();
    let word = if number == 1 { one } else { more };
    format!("{number} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        // An escape that clears the screen, one of eight bits, and a name that would turn its line around.
        assert_eq!(
            visible("a\u{1b}[2Jb\r\u{9b}2J"),
            "a\\u001b[2Jb\\u000d\\u009b2J"
        );
        assert_eq!(
            visible("\u{202e}1 :setov\u{2066}"),
            "\\u202e1 :setov\\u2066"
        );
        let plain = "Ақ жол\t29\nעבודה — שס ✓";
        assert!(matches!(visible(plain), Cow::Borrowed(text) if text == plain));
        // JSON says the same after it as before.
        let json = serde_json::to_string("x\u{202e}\u{1b}y").unwrap();
        let back: String = serde_json::from_str(&visible(&json)).unwrap();
        assert_eq!(back, "x\u{202e}\u{1b}y");
    }

    #[test]
    fn data_on_a_terminal_are_shown_line_by_line() {
        let mut bytes = Vec::new();
        let mut shown = Shown::on(&mut bytes);
        // A letter of several bytes that comes in two pieces.
        let text = "a,\u{1b}[31mж\r\n".as_bytes();
        shown.write_all(&text[..8]).unwrap();
        shown.write_all(&text[8..]).unwrap();
        shown.write_all(b"rest").unwrap();
        shown.flush().unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "a,\\u001b[31mж\\u000d\nrest"
        );
    }

    #[test]
    fn long_lines_are_broken_at_spaces() {
        let text = "short\n  why: the form contradicts itself, and more ballots than voters";
        let shown = wrapped(text, 30);
        let lines = [
            "short",
            "  why: the form contradicts",
            "  itself, and more ballots",
            "  than voters",
        ];
        assert_eq!(shown, lines.join("\n"));
        // What fits, and what has no space, stays as it is.
        for text in ["2026-03-22T20:03:00Z  box-22", &"x".repeat(40)] {
            assert_eq!(wrapped(text, 30), text);
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1_u64, "correction", "corrections"), "1 correction");
        assert_eq!(count(0_u64, "seat", "seats"), "0 seats");
        assert_eq!(count(2_u32, "seat", "seats"), "2 seats");
    }

    #[test]
    fn nothing_is_printed_past_this_file() {
        fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => sources(&path, found),
                    false => found.push(path),
                }
            }
        }
        let mut found = Vec::new();
        sources(
            &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut found,
        );
        assert!(found.len() > 50);
        for path in found {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.ends_with(".rs") || name == "text.rs" || name == "tests.rs" {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            for macro_name in ["println!(", "print!(", "stdout()", "stderr()"] {
                let is_asked = text.matches(macro_name).count();
                let for_terminal = text.matches("stdout().is_terminal()").count()
                    + text.matches("stderr().is_terminal()").count();
                let allowed = if macro_name.ends_with("()") {
                    for_terminal
                } else {
                    0
                };
                assert!(is_asked <= allowed, "{macro_name} in {}", path.display());
            }
        }
    }
}
