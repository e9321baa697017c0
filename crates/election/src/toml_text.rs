//! Reading of what people write as TOML: what cannot be read is told with the path of the field and its value.

use crate::report::{Refusal, RefusalCode};
use serde::de::DeserializeOwned;
use std::fmt::Write as _;

/// Reads a text. `whole` is what the text is called, and `prefix` stands before the paths of its fields.
///
/// # Errors
///
/// A refusal of the field that cannot be read, with its value, and with line and column in the rule; of the whole, where the
/// text is no TOML.
pub fn read_toml<T: DeserializeOwned>(whole: &str, prefix: &str, text: &str) -> Result<T, Refusal> {
    let told = |error: toml::de::Error| in_plain_words(error.to_string().trim_end());
    let refused =
        |field: &str, value: String, rule| Refusal::new(RefusalCode::Shape, field, value, rule);
    let reader = toml::Deserializer::parse(text)
        .map_err(|error| refused(whole, word_at(text, error.span()), told(error)))?;
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let at = error.path().clone();
        let path = at.to_string();
        let inner = error.into_inner();
        let span = inner.span();
        let rule = told(inner);
        // Of a name that nothing has, the value says nothing; the rule goes on with the names that there are.
        let value = unknown_name(&rule).unwrap_or_else(|| {
            let value = value_at(text, &at);
            if value.is_empty() {
                unknown_variant(&rule)
                    .or_else(|| {
                        span.and_then(|span| text.get(span))
                            .filter(|it| is_value(it))
                            .map(str::to_owned)
                    })
                    .unwrap_or_default()
            } else {
                value
            }
        });
        match path.as_str() {
            "." | "" => refused(whole, String::new(), rule),
            path => refused(&format!("{prefix}{path}"), value, rule),
        }
    })
}

/// The words of a reader of numbers, in those of whoever wrote the number.
pub fn in_plain_words(problem: &str) -> String {
    const NUMBERS: [(&str, u64); 4] = [
        ("expected u64", u64::MAX),
        ("expected u32", u32::MAX as u64),
        ("expected u16", u16::MAX as u64),
        ("expected u8", u8::MAX as u64),
    ];
    // What the reader tries last, of a word that stands without quotes.
    const BARE_WORDS: [&str; 3] = [
        "string values must be quoted, expected literal string",
        "invalid float, expected `nan`",
        "invalid float, expected `inf`",
    ];
    let bare = BARE_WORDS.iter().find(|said| problem.contains(*said));
    if let Some(said) = bare {
        return problem.replace(
            said,
            "right would be true or false, a number, or text in double quotes",
        );
    }
    let found = NUMBERS.iter().find(|(said, _)| problem.contains(said));
    match found {
        Some((said, most)) => problem.replace(
            said,
            &format!("right would be a whole number from 0 to {most}"),
        ),
        None => problem.to_owned(),
    }
}

/// The name of a field that nothing has, from what the reader says of it.
fn unknown_name(rule: &str) -> Option<String> {
    let (_, rest) = rule.split_once("unknown field `")?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

/// The name that stands where one of a few must, where the reader says so of something larger.
fn unknown_variant(rule: &str) -> Option<String> {
    let (_, rest) = rule.split_once("unknown variant `")?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

/// The longest value that is repeated, in characters.
const VALUE_CHARACTERS_MAX: usize = 80;

// The word that could not be read; nothing where that is no word.
fn word_at(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let rest = span.and_then(|span| text.get(span.start..));
    let ends = |letter: char| letter.is_whitespace() || ",]}#".contains(letter);
    let word = rest.and_then(|rest| rest.split(ends).next());
    word.filter(|word| is_value(word))
        .unwrap_or_default()
        .to_owned()
}

// A number or a word, and no table or list of them.
fn is_value(text: &str) -> bool {
    text.chars().count() <= VALUE_CHARACTERS_MAX && !text.contains(['{', '[', '=', '\n'])
}

// What stands at a path; nothing where nothing does, or where it is more than a value.
fn value_at(text: &str, path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let Ok(table) = toml::from_str::<toml::Table>(text) else {
        return String::new();
    };
    let root = toml::Value::Table(table);
    let mut at = Some(&root);
    for segment in path {
        at = match segment {
            Segment::Seq { index } => at.and_then(|value| value.get(*index)),
            Segment::Map { key } => at.and_then(|value| value.get(key.as_str())),
            Segment::Enum { .. } | Segment::Unknown => at,
        };
    }
    let mut shown = String::new();
    match at {
        None | Some(toml::Value::Table(_)) => {}
        Some(toml::Value::String(text)) => shown.push_str(text),
        // Writing into a text does not fail.
        Some(value) => write!(shown, "{value}").unwrap_or_default(),
    }
    if shown.chars().count() > VALUE_CHARACTERS_MAX {
        return String::new();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    const RULES: &str = r#"
house_size = 3
[[contests]]
id = "list"
districts = [{ id = "north", seats = 3 }]
threshold = { share = [7, 100], base = "list-votes" }
stages = [{ method = "highest-averages", divisors = "d-hondt" }]
"#;

    #[test]
    fn what_cannot_be_read_is_named_by_path_value_and_line() {
        assert!(read_toml::<Rules>("rules", "rules.", RULES).is_ok());
        let cases = [
            (
                "[7, 100]",
                "\"7%\"",
                "rules.contests[0].threshold.share",
                "7%",
            ),
            (
                "[7, 100]",
                "[-7, 100]",
                "rules.contests[0].threshold.share[0]",
                "-7",
            ),
            (
                "[7, 100]",
                "[7]",
                "rules.contests[0].threshold.share",
                "[7]",
            ),
            (
                "[7, 100]",
                "[7.5, 100]",
                "rules.contests[0].threshold.share[0]",
                "7.5",
            ),
            (
                "\"list-votes\"",
                "\"votes\"",
                "rules.contests[0].threshold.base",
                "votes",
            ),
            (
                "seats = 3 }",
                "seats = -3 }",
                "rules.contests[0].districts[0].seats",
                "-3",
            ),
            (
                "house_size = 3",
                "house_size = \"3\"",
                "rules.house_size",
                "3",
            ),
            ("house_size = 3", "house = 3", "rules.house", "house"),
            (
                "threshold = {",
                "treshold = {",
                "rules.contests[0].treshold",
                "treshold",
            ),
        ];
        for (from, to, field, value) in cases {
            let refusal = read_toml::<Rules>("rules", "rules.", &RULES.replace(from, to));
            let refusal = refusal.unwrap_err();
            assert_eq!(
                (refusal.field.as_str(), refusal.value.as_str()),
                (field, value),
                "{to}"
            );
            assert!(refusal.rule.contains("line "), "{}", refusal.rule);
        }
        let misspelt = RULES.replace("threshold = {", "treshold = {");
        let misspelt = read_toml::<Rules>("rules", "rules.", &misspelt).unwrap_err();
        for said in ["unknown field `treshold`", "`threshold`", "`stages`"] {
            assert!(misspelt.rule.contains(said), "{}", misspelt.rule);
        }
        let negative = RULES.replace("house_size = 3", "house_size = -3");
        let negative = read_toml::<Rules>("rules", "rules.", &negative).unwrap_err();
        assert!(
            negative
                .rule
                .contains("a whole number from 0 to 4294967295"),
            "{}",
            negative.rule
        );
        for (from, to, said) in [
            ("house_size = 3", "house_size = yes", "true or false"),
            ("house_size = 3", "house_size = no", "true or false"),
            ("\"d-hondt\"", "\"saint-lague\"", "d-hondt"),
            (
                "house_size = 3",
                "house_size = 18446744073709551616",
                "4294967295",
            ),
        ] {
            let refusal = read_toml::<Rules>("rules", "rules.", &RULES.replace(from, to));
            let refusal = refusal.unwrap_err();
            eprintln!("{refusal}");
            assert!(refusal.rule.contains(said), "{to}: {refusal}");
            let value = to.rsplit(' ').next().unwrap().trim_matches('"');
            assert_eq!(refusal.value, value, "{to}: {refusal}");
        }
        let torn = read_toml::<Rules>("rules", "rules.", "house_size = ").unwrap_err();
        assert_eq!(torn.field, "rules");
    }
}
