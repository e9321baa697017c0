//! Results in words: which language, and what things are called in it.

use apportionment::DistrictedMargins;
use election::allocation::Question;
use election::definition::{DistrictBallot, OptionRole};
use election::districted::{Asked, DistrictedAllocation, DistrictedQuestion, Names, void_lots};
use election::event::TiedPlace;
use election::ids::{DistrictId, OptionId};
use election::report::{Refusal, RefusalCode};
use election::tally::Tally;
use explanation::{DoubleSubject, Format, Language, Subject, TierSubject, VoidPlaces};
use std::collections::BTreeMap;
use wire::DistrictsCalled;
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

/// The same, where districts hang together.
#[derive(Debug, Clone, Default)]
pub(crate) struct DistrictedLabels {
    /// What stands above it.
    pub title: String,
    /// What must be shown with everything.
    pub notice: String,
    /// What lists, districts, constituencies and regions are called.
    pub called: DistrictsCalled,
}

impl DistrictedLabels {
    /// A place of a lot, which may name what the rules do not have any more.
    fn place(&self, names: &Names, place: &TiedPlace) -> String {
        let TiedPlace {
            district,
            option,
            constituency,
        } = place;
        let called = |known: &[DistrictId], called: &[String], id: &DistrictId| {
            let position = known.iter().position(|known| known == id)?;
            called.get(position).cloned()
        };
        let list = names.list(option);
        let list = list.and_then(|list| self.called.lists.get(list).cloned());
        let list = list.unwrap_or_else(|| option.to_string());
        let at = constituency.as_ref().or(district.as_ref());
        let Some(id) = at else { return list };
        let DistrictsCalled {
            lists: _,
            districts,
            constituencies,
            regions,
        } = &self.called;
        let known = if constituency.is_some() {
            called(&names.constituencies, constituencies, id)
        } else {
            let district = called(&names.districts, districts, id);
            district.or_else(|| called(&names.regions, regions, id))
        };
        format!("{list}, {}", known.unwrap_or_else(|| id.to_string()))
    }
}

impl Style {
    /// The labels of a contest whose districts hang together, as the presentation has them in this language.
    pub fn districted_labels(self, tally: &Tally, names: &Names) -> DistrictedLabels {
        let presentation = &tally.outline.presentation;
        let district = |id: &DistrictId| {
            let shown = presentation.districts.get(id);
            let name = shown.and_then(|names| self.pick(names));
            name.unwrap_or_else(|| id.as_str()).to_owned()
        };
        let text = |texts| self.pick(texts).unwrap_or_default().to_owned();
        DistrictedLabels {
            title: text(&presentation.title),
            notice: text(&presentation.notice),
            called: DistrictsCalled {
                lists: names
                    .lists
                    .iter()
                    .map(|id| self.option(tally, id))
                    .collect(),
                districts: names.districts.iter().map(district).collect(),
                constituencies: names.constituencies.iter().map(district).collect(),
                regions: names.regions.iter().map(district).collect(),
            },
        }
    }

    /// What an option is called.
    fn option(self, tally: &Tally, id: &OptionId) -> String {
        let shown = tally.outline.presentation.options.get(id);
        let name = shown.and_then(|shown| self.pick(&shown.name).or(shown.short_name.as_deref()));
        name.unwrap_or_else(|| id.as_str()).to_owned()
    }

    /// The labels of a district's result, as the presentation has them in this language.
    pub fn labels(self, tally: &Tally, ballot: &DistrictBallot, has_several: bool) -> Labels {
        let presentation = &tally.outline.presentation;
        let title = self.pick(&presentation.title).unwrap_or_default();
        let district = presentation.districts.get(&ballot.id);
        let district = district.and_then(|names| self.pick(names));
        let district = district.unwrap_or_else(|| ballot.id.as_str());
        let lists = ballot.options.iter();
        let lists = lists.filter(|option| option.role == OptionRole::List);
        let names = lists.map(|option| self.option(tally, &option.id));
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

    /// The result in words, with these margins and lots that were drawn on other votes or rules.
    pub fn words(
        self,
        labels: &Labels,
        question: &Question,
        allocation: &apportionment::Allocation,
        margins: Option<&[apportionment::ListMargins]>,
        changed: &[VoidPlaces],
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
        document.append(explanation::changed_lots(changed, self.language));
        document.render(self.format)
    }

    /// The result of a contest whose districts hang together, in words, with these margins.
    pub fn districted_words(
        self,
        labels: &DistrictedLabels,
        question: &DistrictedQuestion,
        allocation: &DistrictedAllocation,
        margins: &DistrictedMargins,
    ) -> String {
        let DistrictedLabels {
            title,
            notice,
            called,
        } = labels;
        let void = void_lots(question, allocation).into_iter();
        let void = void.map(|lot| {
            let lot = &question.recorded[lot];
            let places = lot.tied.iter();
            VoidPlaces {
                places: places
                    .map(|place| labels.place(&question.names, place))
                    .collect(),
                seats: lot.seats,
            }
        });
        let void: Vec<VoidPlaces> = void.collect();
        let persons = question.names.persons.iter();
        let persons: Vec<String> = persons.map(|id| id.as_str().to_owned()).collect();
        let document = match (&question.asked, allocation) {
            (
                Asked::Tiers {
                    contest,
                    rules,
                    lots,
                },
                DistrictedAllocation::Tiers(allocation),
            ) => {
                let subject = TierSubject {
                    title,
                    notice,
                    lists: &called.lists,
                    districts: &called.districts,
                    constituencies: &called.constituencies,
                    regions: &called.regions,
                    persons: &persons,
                    contest,
                    rules,
                    lots: &lots.lots,
                    void_lots: &void,
                    allocation,
                    margins,
                };
                explanation::tiers(subject, self.language)
            }
            (
                Asked::DoubleProportional {
                    contest,
                    rules,
                    lots,
                },
                DistrictedAllocation::DoubleProportional(allocation),
            ) => {
                let subject = DoubleSubject {
                    title,
                    notice,
                    lists: &called.lists,
                    districts: &called.districts,
                    contest,
                    rules,
                    lots: &lots.lists,
                    void_lots: &void,
                    allocation,
                    margins: &margins.house,
                };
                explanation::double_proportional(subject, self.language)
            }
            (Asked::Tiers { .. }, DistrictedAllocation::DoubleProportional(_))
            | (Asked::DoubleProportional { .. }, DistrictedAllocation::Tiers(_)) => {
                return String::new();
            }
        };
        document.render(self.format)
    }
}
