//! Results in words: which language, and what things are called in it.

use election::allocation::Question;
use election::definition::{DistrictBallot, OptionRole};
use election::report::{Refusal, RefusalCode};
use election::tally::Tally;
use explanation::{Format, Language, Subject};
use std::collections::BTreeMap;
use wire::allocation::v1::{ExplanationFormat, ExplanationStyle};

/// How an explanation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    language: Language,
    format: Format,
}

impl TryFrom<&ExplanationStyle> for Style {
    type Error = Refusal;

    fn try_from(style: &ExplanationStyle) -> Result<Self, Refusal> {
        let ExplanationStyle { language, format } = style;
        let refused = |field, value: &dyn ToString, rule| {
            Refusal::new(RefusalCode::Shape, field, value.to_string(), rule)
        };
        let language = language
            .parse()
            .map_err(|_| refused("explanation.language", language, "must be en, ru or kk"))?;
        let format = match ExplanationFormat::try_from(*format) {
            Ok(ExplanationFormat::Unspecified | ExplanationFormat::Text) => Format::Text,
            Ok(ExplanationFormat::Markdown) => Format::Markdown,
            Err(_) => {
                let rule = "must be EXPLANATION_FORMAT_TEXT or EXPLANATION_FORMAT_MARKDOWN";
                return Err(refused("explanation.format", format, rule));
            }
        };
        Ok(Self { language, format })
    }
}

/// What is shown with a result besides its numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels {
    /// What stands above it.
    pub title: String,
    /// What must be shown with everything.
    pub notice: String,
    /// What the lists are called, in their order.
    pub names: Vec<String>,
}

impl Style {
    /// The labels of a district's result, as the presentation has them in this language.
    pub fn labels(self, tally: &Tally, ballot: &DistrictBallot, has_several: bool) -> Labels {
        let presentation = &tally.outline.presentation;
        let title = self.pick(&presentation.title).unwrap_or_default();
        let district = presentation.districts.get(&ballot.id);
        let district = district.and_then(|names| self.pick(names));
        let district = district.unwrap_or_else(|| ballot.id.as_str());
        let lists = ballot.options.iter();
        let lists = lists.filter(|option| option.role == OptionRole::List);
        let names = lists.map(|option| {
            let shown = presentation.options.get(&option.id);
            let name =
                shown.and_then(|shown| self.pick(&shown.name).or(shown.short_name.as_deref()));
            name.unwrap_or_else(|| option.id.as_str()).to_owned()
        });
        Labels {
            title: match (title, has_several) {
                (title, false) => title.to_owned(),
                ("", true) => district.to_owned(),
                (title, true) => format!("{title}: {district}"),
            },
            notice: self
                .pick(&presentation.notice)
                .unwrap_or_default()
                .to_owned(),
            names: names.collect(),
        }
    }

    /// A text in this language, or in English, or in whichever there is.
    fn pick(self, texts: &BTreeMap<String, String>) -> Option<&str> {
        let own = texts.get(self.language.code());
        let found = own
            .or_else(|| texts.get("en"))
            .or_else(|| texts.values().next());
        found.map(String::as_str)
    }

    /// The result in words.
    pub fn words(
        self,
        labels: &Labels,
        question: &Question,
        allocation: &apportionment::Allocation,
        margins: Option<&[apportionment::ListMargins]>,
    ) -> String {
        let subject = Subject {
            title: &labels.title,
            notice: &labels.notice,
            names: &labels.names,
            contest: &question.contest,
            rules: &question.rules,
            lots: &question.lots,
            allocation,
        };
        let mut document = explanation::contest(subject, self.language);
        if let Some(margins) = margins {
            document.append(explanation::margins(subject, margins, self.language));
        }
        document.render(self.format)
    }
}
