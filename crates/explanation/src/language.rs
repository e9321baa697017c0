//! Languages: a file of messages for each, the forms of a noun behind a number, and numbers as they are written.

use crate::number::Numbers;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// A language of explanations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Russian.
    Russian,
    /// Kazakh.
    Kazakh,
}

/// No language of explanations has this code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no language of explanations: there are en, ru, kk")]
pub struct UnknownLanguage(pub String);

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::English, Self::Russian, Self::Kazakh];

    /// The code of ISO 639-1.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
            Self::Kazakh => "kk",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::English => include_str!("../languages/en.toml"),
            Self::Russian => include_str!("../languages/ru.toml"),
            Self::Kazakh => include_str!("../languages/kk.toml"),
        }
    }

    /// The form of a noun behind a whole number, by the rules of Unicode's CLDR for these languages.
    fn form(self, number: u128) -> Form {
        match self {
            Self::English if number == 1 => Form::One,
            // After a number a Kazakh noun is in the singular.
            Self::English | Self::Kazakh => Form::Other,
            Self::Russian => match (number % 10, number % 100) {
                (1, last) if last != 11 => Form::One,
                (2..=4, last) if !(12..=14).contains(&last) => Form::Few,
                _ => Form::Many,
            },
        }
    }

    pub(crate) fn messages(self) -> &'static Messages {
        static ALL: LazyLock<[Messages; 3]> = LazyLock::new(|| Language::ALL.map(Messages::read));
        let place = match self {
            Self::English => 0,
            Self::Russian => 1,
            Self::Kazakh => 2,
        };
        &ALL[place]
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, UnknownLanguage> {
        let mut all = Self::ALL.into_iter();
        all.find(|language| language.code() == code)
            .ok_or_else(|| UnknownLanguage(code.to_owned()))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    One,
    Few,
    Many,
    Other,
}

/// A noun in the forms that numbers ask for; forms that a language does not have fall back to the last.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Noun {
    one: Option<String>,
    few: Option<String>,
    many: Option<String>,
    other: String,
}

impl Noun {
    fn form(&self, form: Form) -> &str {
        let given = match form {
            Form::One => &self.one,
            Form::Few => &self.few,
            Form::Many => &self.many,
            Form::Other => &None,
        };
        given.as_ref().unwrap_or(&self.other)
    }
}

/// A language's file.
#[derive(Debug, Clone)]
pub(crate) struct Messages {
    language: Language,
    texts: BTreeMap<String, String>,
    nouns: BTreeMap<String, Noun>,
    pub numbers: Numbers,
}

/// What fills a placeholder.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    /// A whole number, which a noun may follow.
    Count(u128),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u128> for Value {
    fn from(count: u128) -> Self {
        Self::Count(count)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count.into())
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(count.into())
    }
}

/// A piece of a message.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Placeholder {
        name: &'a str,
        noun: Option<&'a str>,
    },
}

/// The pieces of a message: text, and names in braces.
pub(crate) fn pieces(message: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = message;
    while let Some((before, (inside, after))) = rest
        .split_once('{')
        .and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
    {
        pieces.push(Piece::Text(before));
        let (name, noun) = match inside.split_once(':') {
            Some((name, noun)) => (name, Some(noun)),
            None => (inside, None),
        };
        pieces.push(Piece::Placeholder { name, noun });
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

impl Messages {
    fn read(language: Language) -> Self {
        let mut file: BTreeMap<String, toml::Table> =
            toml::from_str(language.text()).expect("every file of messages is read by a test");
        let nouns = file.remove("nouns").unwrap_or_default();
        let nouns = nouns.into_iter().map(|(name, noun)| {
            let noun = noun.try_into();
            (name, noun.expect("every noun is read by a test"))
        });
        let nouns = nouns.collect();
        let texts = file.into_iter().flat_map(|(section, entries)| {
            entries.into_iter().filter_map(move |(name, text)| {
                Some((format!("{section}.{name}"), text.as_str()?.to_owned()))
            })
        });
        let texts: BTreeMap<String, String> = texts.collect();
        let decimal = texts.get("language.decimal").map_or(".", String::as_str);
        let numbers = Numbers::new(decimal);
        Self {
            language,
            nouns,
            numbers,
            texts,
        }
    }

    /// A message with its placeholders filled in. A name that is missing shows as its key: a test holds that none is.
    pub fn say(&self, key: &str, values: &[(&str, Value)]) -> String {
        let Some(message) = self.texts.get(key) else {
            return key.to_owned();
        };
        let value = |name: &str| values.iter().find(|(known, _)| *known == name);
        let filled = pieces(message).into_iter().map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Placeholder { name, noun } => match (value(name), noun) {
                (Some((_, Value::Text(text))), _) => text.clone(),
                (Some((_, Value::Count(count))), None) => self.numbers.whole(*count),
                (Some((_, Value::Count(count))), Some(noun)) => self.counted(*count, noun),
                (None, _) => name.to_owned(),
            },
        });
        filled.collect()
    }

    fn counted(&self, count: u128, noun: &str) -> String {
        let form = self.language.form(count);
        let noun = self.nouns.get(noun).map_or(noun, |known| known.form(form));
        // The noun stays on the line of its number.
        format!("{}\u{a0}{noun}", self.numbers.whole(count))
    }

    /// "A, B and C" of any number of names.
    pub fn all_of(&self, names: &[String]) -> String {
        match names {
            [] => String::new(),
            [name] => name.clone(),
            [first @ .., last] => {
                let first = first.join(", ");
                let values = [("one", first.into()), ("other", last.as_str().into())];
                self.say("language.and", &values)
            }
        }
    }
}

#[cfg(test)]
mod tests;
