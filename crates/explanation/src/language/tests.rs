use super::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn form(language: Language, number: u128, noun: &str) -> String {
    let counted = language.messages().counted(number, noun);
    counted.split('\u{a0}').nth(1).unwrap().to_owned()
}

/// A second description of the rules: by the last words of the numbers, as they are said.
#[test]
fn nouns_take_the_form_of_their_number() {
    for number in 0..=200_u128 {
        let english = if number == 1 { "vote" } else { "votes" };
        assert_eq!(form(Language::English, number, "vote"), english);
        assert_eq!(form(Language::Kazakh, number, "vote"), "дауыс");
        let spoken = format!("{number:03}");
        let (tens, ones) = (&spoken[1..2], &spoken[2..]);
        let russian = match ones {
            _ if tens == "1" => "голосов",
            "1" => "голос",
            "2" | "3" | "4" => "голоса",
            _ => "голосов",
        };
        assert_eq!(form(Language::Russian, number, "vote"), russian, "{number}");
    }
    let said: Vec<String> = [1, 2, 5, 11, 21, 22, 111, 1_261]
        .map(|number| Language::Russian.messages().counted(number, "seat"))
        .to_vec();
    let expected = [
        "1\u{a0}мандат",
        "2\u{a0}мандата",
        "5\u{a0}мандатов",
        "11\u{a0}мандатов",
        "21\u{a0}мандат",
        "22\u{a0}мандата",
        "111\u{a0}мандатов",
        "1\u{202f}261\u{a0}мандат",
    ];
    assert_eq!(said, expected);
    assert_eq!(form(Language::Russian, 1_261, "vote_lacked"), "голоса");
}

fn placeholders(message: &str) -> BTreeSet<&str> {
    let names = pieces(message).into_iter().filter_map(|piece| match piece {
        Piece::Placeholder { name, .. } => Some(name),
        Piece::Text(_) => None,
    });
    names.collect()
}

/// What differs between the messages of two languages.
fn differences(one: &Messages, other: &Messages) -> Vec<String> {
    let keys: BTreeSet<&String> = one.texts.keys().chain(other.texts.keys()).collect();
    let differs = |key: &&&String| {
        let names = |messages: &Messages| {
            let text = messages.texts.get(**key)?;
            Some(
                placeholders(text)
                    .into_iter()
                    .map(String::from)
                    .collect::<Vec<_>>(),
            )
        };
        names(one).is_none() || names(one) != names(other)
    };
    keys.iter()
        .filter(differs)
        .map(|key| (**key).clone())
        .collect()
}

#[test]
fn all_languages_have_all_messages_with_the_same_placeholders() {
    let english = Language::English.messages();
    assert!(english.texts.len() > 100);
    for language in Language::ALL {
        let messages = language.messages();
        assert_eq!(differences(english, messages), [""; 0], "{language}");
        assert!(english.nouns.keys().eq(messages.nouns.keys()), "{language}");
        for (key, text) in &messages.texts {
            assert!(!text.trim().is_empty(), "{language}: {key}");
            for piece in pieces(text) {
                match piece {
                    Piece::Placeholder {
                        noun: Some(noun), ..
                    } => {
                        assert!(
                            messages.nouns.contains_key(noun),
                            "{language}: {key}: {noun}"
                        );
                    }
                    Piece::Placeholder { noun: None, .. } => {}
                    Piece::Text(text) => assert!(!text.contains(['{', '}']), "{language}: {key}"),
                }
            }
        }
    }
    for noun in Language::Russian.messages().nouns.values() {
        assert!(noun.one.is_some() && noun.few.is_some() && noun.many.is_some());
    }
}

#[test]
fn a_message_that_is_missing_or_differs_is_found() {
    let english = Language::English.messages();
    let mut changed = english.clone();
    changed.texts.remove("tie.open");
    changed
        .texts
        .insert("tie.equal".into(), "{list} and {key}".into());
    changed.texts.insert("tie.more".into(), "more".into());
    assert_eq!(
        differences(english, &changed),
        ["tie.equal", "tie.more", "tie.open"]
    );
}

/// The messages that the code asks for, by reading it.
fn asked_for() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        for literal in fs::read_to_string(path)
            .unwrap()
            .split('"')
            .skip(1)
            .step_by(2)
        {
            let is_key = literal.split_once('.').is_some_and(|(section, name)| {
                let word = |text: &str| {
                    !text.is_empty()
                        && text
                            .chars()
                            .all(|letter| letter.is_ascii_lowercase() || letter == '_')
                };
                word(section) && word(name)
            });
            if is_key {
                found.insert(literal.to_owned());
            }
        }
    }
    found
}

#[test]
fn the_code_asks_for_just_the_messages_that_there_are() {
    let there: BTreeSet<String> = Language::English.messages().texts.keys().cloned().collect();
    assert_eq!(asked_for(), there);
}

#[test]
fn languages_have_codes() {
    for language in Language::ALL {
        assert_eq!(language.code().parse(), Ok(language));
    }
    let error = "de".parse::<Language>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"de\" is no language of explanations: there are en, ru, kk"
    );
}
