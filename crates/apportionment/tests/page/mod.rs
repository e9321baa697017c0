//! What `docs/cases.md` says of the case files. The page is the one place that names cases that are not met, with the
//! reason; each test that runs cases holds what it found against the page.

#![allow(
    dead_code,
    reason = "each binary of tests asks of the page what it needs"
)]

/// A row of the table of case files: the cases of a part of a file, how many are met, and by which test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub file: String,
    pub part: String,
    pub cases: usize,
    pub met: usize,
    pub test: String,
}

/// A row of the table of cases that are not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    pub file: String,
    pub part: String,
    pub id: String,
    pub reason: String,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub parts: Vec<Part>,
    pub unmet: Vec<Unmet>,
    /// Tests of official results, one a row.
    pub official: Vec<String>,
}

impl Page {
    /// Reads the tables of the page by their headings.
    pub fn of(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading = "";
        for line in text.lines() {
            if let Some(found) = line.strip_prefix("## ") {
                heading = found;
            }
            let cells: Vec<String> = line
                .trim()
                .trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect();
            let is_row = line.starts_with('|') && !line.contains("---");
            match (heading, &cells[..]) {
                _ if !is_row => {}
                ("Case files", [file, part, cases, met, test]) if file != "file" => {
                    let number =
                        |cell: &String| cell.replace(',', "").parse().unwrap_or(usize::MAX);
                    page.parts.push(Part {
                        file: file.clone(),
                        part: part.clone(),
                        cases: number(cases),
                        met: number(met),
                        test: test.clone(),
                    });
                }
                ("Cases that are not met", [file, part, id, reason]) if file != "file" => {
                    page.unmet.push(Unmet {
                        file: file.clone(),
                        part: part.clone(),
                        id: id.clone(),
                        reason: reason.clone(),
                    });
                }
                ("Official results", [election, _, test]) if election != "election" => {
                    page.official.push(test.clone());
                }
                _ => {}
            }
        }
        page
    }

    /// The page as it stands.
    pub fn read() -> Self {
        Self::of(include_str!("../../../../docs/cases.md"))
    }

    /// What differs between the page and what a test found: the cases of a part, and those of them that are not met.
    pub fn differs(&self, (file, part): (&str, &str), cases: usize, unmet: &[&str]) -> Vec<String> {
        let mut differs = Vec::new();
        let row = self
            .parts
            .iter()
            .find(|row| row.file == file && row.part == part);
        match row {
            None => differs.push(format!("no row for {file}, {part}")),
            Some(row) => {
                let met = cases - unmet.len();
                if (row.cases, row.met) != (cases, met) {
                    let (said, of) = (row.met, row.cases);
                    differs.push(format!(
                        "{file}, {part}: {met} of {cases}, not {said} of {of}"
                    ));
                }
            }
        }
        let rows = || {
            self.unmet
                .iter()
                .filter(|row| row.file == file && row.part == part)
        };
        for row in rows() {
            if row.reason.len() < 20 {
                differs.push(format!("{}: no reason", row.id));
            }
            if !unmet.contains(&row.id.as_str()) {
                differs.push(format!("{} is met", row.id));
            }
        }
        for id in unmet {
            if !rows().any(|row| row.id == *id) {
                differs.push(format!("{id} is not met, and the page does not say so"));
            }
        }
        differs
    }
}

/// Holds what a test found against the page.
pub fn hold(of: (&str, &str), cases: usize, unmet: &[&str]) {
    let differs = Page::read().differs(of, cases, unmet);
    assert!(differs.is_empty(), "docs/cases.md: {}", differs.join("; "));
}
