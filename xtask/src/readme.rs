//! The commands in README.md, proven: what a reader copies must work.
//!
//! A block marked `sh` is run as it stands. A block marked `sh no-run` (one that would serve until it is stopped, say)
//! is not run, but every command of ours in it is parsed by the program that it is for: each is called with `--help`
//! behind it, which refuses flags and commands that are not there.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::step::{Failure, run};
use crate::test::binary;

/// How long a block may take.
const BLOCK_SECONDS_MAX: &str = "300";

/// How a reader starts the product without having installed it.
const FROM_SOURCE: &str = "cargo run --release -- ";

#[derive(Debug, PartialEq, Eq)]
struct Block {
    line: usize,
    run: bool,
    text: String,
}

/// Runs or parses every command of README.md with the product that the tests were run with.
pub fn prove(root: &Path) -> Result<(), Failure> {
    let path = root.join("README.md");
    let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    let blocks = blocks(&text);
    if blocks.is_empty() {
        return Err(Failure::Found("README.md shows no command".to_owned()));
    }
    let binary = binary(root);
    for block in blocks {
        println!("README.md line {}", block.line);
        let script = if block.run {
            ours(&block.text, &binary)
        } else {
            parsed(&block.text, &binary)
        };
        run(Command::new("timeout").current_dir(root).args([
            BLOCK_SECONDS_MAX,
            "bash",
            "-euo",
            "pipefail",
            "-c",
            &script,
        ]))?;
    }
    Ok(())
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, content) in (1..).zip(text.lines()) {
        match (&mut open, content.trim_end()) {
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), content) => {
                block.text.push_str(content);
                block.text.push('\n');
            }
            (None, fence @ ("```sh" | "```sh no-run")) => {
                open = Some(Block {
                    line,
                    run: fence == "```sh",
                    text: String::new(),
                });
            }
            (None, _) => {}
        }
    }
    blocks
}

/// The text with our program at its built place. Not built again: the profile with test features differs.
fn ours(text: &str, binary: &Path) -> String {
    let binary = format!("{} ", binary.display());
    text.lines()
        .map(|line| match line.strip_prefix("hemicycle ") {
            Some(arguments) => format!("{binary}{arguments}\n"),
            None => format!("{}\n", line.replace(FROM_SOURCE, &binary)),
        })
        .collect()
}

/// A script that only parses the commands that are ours.
fn parsed(text: &str, binary: &Path) -> String {
    text.lines()
        .map(|line| {
            line.split(" #")
                .next()
                .unwrap_or(line)
                .trim()
                .trim_end_matches('&')
        })
        .filter_map(|line| {
            let arguments = line
                .strip_prefix("hemicycle ")
                .or_else(|| line.strip_prefix(FROM_SOURCE))?;
            let arguments = arguments.split(['|', '>', '<']).next().unwrap_or(arguments);
            Some(format!(
                "{} {} --help > /dev/null\n",
                binary.display(),
                arguments.trim()
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# Name\n```sh\ncargo run --release -- allocate < a.json\n```\n\
        ```text\nno command\n```\n```sh no-run\nhemicycle serve --role results & # stays\n```\n";

    #[test]
    fn only_blocks_of_commands_are_taken() {
        let found = blocks(README);
        let lines: Vec<_> = found.iter().map(|block| (block.line, block.run)).collect();
        assert_eq!(lines, [(2, true), (8, false)]);
    }

    #[test]
    fn commands_are_rewritten_to_the_built_program() {
        let found = blocks(README);
        let binary = Path::new("built/hemicycle");
        assert_eq!(
            ours(&found[0].text, binary),
            "built/hemicycle allocate < a.json\n"
        );
        assert_eq!(
            parsed(&found[1].text, binary),
            "built/hemicycle serve --role results --help > /dev/null\n"
        );
    }
}
