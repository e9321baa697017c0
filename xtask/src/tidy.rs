//! `tidy`: the style rules that no compiler knows. A rule stands here with its reason, or it is no rule.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::step::{Failure, output};

/// Above this many lines a file is two files. One that must be longer says why in a line that begins with
/// [`LONG_BECAUSE`].
const FILE_LINES_MAX: usize = 500;
const LONG_BECAUSE: &str = "// tidy: long because ";

/// A line longer than this is not read but skipped. rustfmt leaves comments and texts as they are.
const LINE_CHARACTERS_MAX: usize = 140;

/// Where others' generators write.
const GENERATED: &str = "crates/wire/src/generated/";

/// What must not be in any text of ours, and why. Split in two so that this file passes its own rules.
const FORBIDDEN: [(&str, &str, &str); 7] = [
    ("TO", "DO", "what is not done is an issue, not a comment"),
    ("FIX", "ME", "what is broken is an issue, not a comment"),
    ("XX", "X", "say what is meant"),
    ("/wo", "rk/", "paths of one machine mean nothing on another"),
    ("/ro", "ot/", "paths of one machine mean nothing on another"),
    ("/ho", "me/", "paths of one machine mean nothing on another"),
    (
        "/t",
        "mp/",
        "tests use a fresh folder of their own: two runs must not meet",
    ),
];

/// Checks every file that git tracks or would track.
pub fn check(root: &Path) -> Result<(), Failure> {
    let listed = output(Command::new("git").current_dir(root).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let mut findings = Vec::new();
    let mut files = 0;
    for name in listed.lines().filter(|name| !name.starts_with(GENERATED)) {
        let path = root.join(name);
        // A file that is deleted but not yet committed is listed and not there; bytes that are no text have no style.
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        files += 1;
        findings.extend(findings_in(name, &text));
        if name.ends_with(".md") {
            let folder = path.parent().unwrap_or(root);
            findings.extend(dead_links(name, &text, |target| {
                folder.join(target).exists()
            }));
        }
    }
    println!("{files} files");
    Failure::unless_empty(
        &findings,
        "xtask/src/tidy.rs says why each of these is a rule",
    )
}

/// Every broken rule in a file, as `file:line: what`.
fn findings_in(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if is_written_by_a_tool(name) {
        return findings;
    }
    let rust = name.ends_with(".rs");
    if rust && text.lines().count() > FILE_LINES_MAX && !text.contains(LONG_BECAUSE) {
        findings.push(format!(
            "{name}: more than {FILE_LINES_MAX} lines; split it, or say why not: {LONG_BECAUSE}..."
        ));
    }
    // A reader of src/ must learn from the first line what a file is for. Tests stand beside what they test.
    if rust && name.contains("/src/") && !name.ends_with("tests.rs") && !text.starts_with("//!") {
        findings.push(format!(
            "{name}: begins without a `//!` comment that says what it is for"
        ));
    }
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(format!(
            "{name}: does not end with a newline, so the next diff shows its last line"
        ));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let mut find = |what: String| findings.push(format!("{name}:{number}: {what}"));
        if line.ends_with([' ', '\t']) {
            find("ends with a blank".to_owned());
        }
        if rust && line.chars().count() > LINE_CHARACTERS_MAX {
            find(format!("longer than {LINE_CHARACTERS_MAX} characters"));
        }
        for (first, rest, reason) in FORBIDDEN {
            if contains_word(line, &format!("{first}{rest}")) {
                find(format!("{first}{rest}: {reason}"));
            }
        }
    }
    findings
}

fn is_written_by_a_tool(name: &str) -> bool {
    name.ends_with(".lock") || name.ends_with("package-lock.json")
}

/// Whether a line has the text, not as a part of a longer word or path.
fn contains_word(line: &str, wanted: &str) -> bool {
    line.match_indices(wanted).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + wanted.len()..].chars().next();
        let word = |character: Option<char>| {
            character.is_some_and(|character| character.is_alphanumeric() || character == '_')
        };
        let dotted = before == Some('.');
        !(word(before) || dotted || (!wanted.ends_with('/') && word(after)))
    })
}

/// Relative links of a page whose target is not there.
fn dead_links(name: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for part in line.split("](").skip(1) {
            let target = part.split([')', '#']).next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !target.is_empty() && !elsewhere && !exists(target) {
                findings.push(format!(
                    "{name}:{number}: links to {target}, which is not there"
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_broken(text: &str) -> usize {
        findings_in("crates/a/src/b.rs", text).len()
    }

    #[test]
    fn a_file_in_good_style_passes() {
        let text = "//! What it is for.\n\nfn autodocumented() -> &'static str {\n    \"../work/in/progress\"\n}\n";
        assert_eq!(findings_in("crates/a/src/b.rs", text), Vec::<String>::new());
    }

    #[test]
    fn every_rule_finds_what_it_is_for() {
        assert_eq!(rules_broken("fn a() {}\n"), 1, "no comment at the top");
        assert_eq!(rules_broken("//! A."), 1, "no newline at the end");
        assert_eq!(rules_broken("//! A. \n"), 1, "a blank at the end");
        assert_eq!(
            rules_broken(&format!("//! {}\n", "a".repeat(150))),
            1,
            "a long line"
        );
        let long = "//! A.\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(rules_broken(&long), 1, "a long file");
        assert_eq!(
            rules_broken(&format!("{long}{LONG_BECAUSE}it is a table.\n")),
            0
        );
        for (first, rest, _) in FORBIDDEN {
            assert_eq!(
                rules_broken(&format!("//! A.\n// {first}{rest}\n")),
                1,
                "{first}{rest}"
            );
        }
    }

    #[test]
    fn only_links_to_files_that_are_not_there_are_found() {
        let text = "[a](there.md#part) [b](https://example.org) [c](#part)\n[d](gone.md)\n";
        let found = dead_links("page.md", text, |target| target == "there.md");
        assert_eq!(found, ["page.md:2: links to gone.md, which is not there"]);
    }
}
