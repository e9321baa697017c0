//! What the page shows of a frame, as parts that are replaced one by one while it is live.

use crate::official::is_declared;
use crate::page::chart::{self, Line};
use crate::page::corrections;
use crate::page::districts;
use crate::page::hemicycle::{Look, escape};
use crate::page::house::House;
use crate::page::language::Language;
use crate::page::last_seat;
use crate::page::margins::Known;
use crate::page::timeline::{Sample, Samples};
use crate::page::words::{self, LeftOut, Words};
use crate::page::{progress, table};
use crate::presented::{Presented, Texts};
use std::fmt::Write as _;
use wire::common::v1::publication_mode::Mode;
use wire::common::v1::{ListSeats, Mark};
use wire::feed::v1::{Frame, FrameBody, FrameContest, FrameEnvelope};

/// Colours of lists that have none, apart from each other and from grey.
const COLOURS: [&str; 8] = [
    "#33658a", "#b5651d", "#55752f", "#8a3b6b", "#6b5b95", "#2f7f7b", "#a33f2f", "#7a6a2f",
];
/// Letters of a badge.
const LETTERS_MAX: usize = 4;

/// The parts of the page of an election.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub title: String,
    pub notice: String,
    pub status: String,
    pub updated: String,
    pub contests: Vec<ContestView>,
    /// What is said of contests that the frame has no room for.
    pub more: String,
    pub progress: String,
    pub last_seat: String,
    pub chart: String,
    pub corrections: String,
    /// One sentence for those who listen.
    pub summary: String,
    /// The house of the first contest with seats.
    pub house: Option<House>,
}

/// A contest's parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ContestView {
    pub id: String,
    /// Its name, or its id where it has none: shown where there are several.
    pub name: String,
    /// The house of the page stands here.
    pub has_house: bool,
    /// A wall has room for one contest, and shows another.
    pub is_beside: bool,
    pub table: String,
    /// Empty where it has one district.
    pub districts: String,
}

/// What the parts are made of.
pub(crate) struct Shown<'a> {
    pub language: Language,
    pub presented: &'a Presented,
    pub body: &'a FrameBody,
    pub envelope: &'a FrameEnvelope,
    pub election_id: &'a str,
}

impl<'a> Shown<'a> {
    /// Of a frame that has both of its parts.
    pub fn of(frame: &'a Frame, presented: &'a Presented, language: Language) -> Option<Self> {
        let body = frame.body.as_ref()?;
        Some(Self {
            language,
            presented,
            body,
            envelope: frame.envelope.as_ref()?,
            election_id: crate::http::election_id(body.scope.as_ref()),
        })
    }

    /// All parts.
    pub fn view(&self, samples: &Samples, newest: &Sample, margins: &Known) -> View {
        let seated = self.body.contests.iter().find(|contest| contest.seats > 0);
        let house = seated.map(|contest| House::of(self, contest));
        let contests = self.body.contests.iter().enumerate();
        let contests = contests.map(|(place, contest)| ContestView {
            id: contest.contest_id.clone(),
            name: self.contest(&contest.contest_id),
            has_house: seated.is_some_and(|it| it.contest_id == contest.contest_id),
            is_beside: match seated {
                Some(it) => it.contest_id != contest.contest_id,
                None => place > 0,
            },
            table: table::part(self, contest),
            districts: self.districts(contest, place),
        });
        // Where the official seats are others, ours have no last one to speak of.
        let ours = seated.filter(|it| !(is_declared(it) && it.declaration_differs));
        let last_seat = ours.map(|contest| {
            let name = |id: &str| self.name(id);
            last_seat::part(contest, self.body.revision, margins, self.language, name)
        });
        let updated = self.time();
        let sentence = house.as_ref().map_or("", |house| house.sentence.as_str());
        let shown = u64::try_from(self.body.contests.len()).unwrap_or(u64::MAX);
        View {
            title: self.title(),
            notice: self.notice(),
            status: self.status(&updated),
            contests: contests.collect(),
            more: match self.body.contests_left_out {
                0 => String::new(),
                more => words::only_shown(self.language, LeftOut::Contests, shown, more.into()),
            },
            progress: progress::part(self),
            last_seat: last_seat.unwrap_or_default(),
            chart: self.chart(samples, newest),
            corrections: corrections::part(self),
            summary: self.summary(sentence),
            updated,
            house,
        }
    }

    fn words(&self) -> &'static Words {
        Words::of(self.language)
    }

    /// The zone in which times are shown.
    pub fn zone(&self) -> Option<&str> {
        self.presented.presentation.time_zone.as_deref()
    }

    /// When what is shown was decided.
    pub fn time(&self) -> String {
        self.language.time(self.body.revision_time, self.zone())
    }

    /// A text in this language, else in English, else in the first that there is.
    pub fn text(&self, texts: &Texts) -> Option<String> {
        text(texts, self.language)
    }

    /// An option's name.
    pub fn name(&self, option: &str) -> String {
        let names = self.presented.option_names(option);
        names
            .and_then(|names| self.text(names))
            .unwrap_or_else(|| option.to_owned())
    }

    /// A district's name.
    pub fn district(&self, id: &str) -> String {
        let names = self.presented.district_names(id);
        let name = names.and_then(|names| self.text(names));
        name.unwrap_or_else(|| id.to_owned())
    }

    /// A contest's name, or its id.
    pub fn contest(&self, id: &str) -> String {
        let names = self.presented.contest_names(id);
        let name = names.and_then(|names| self.text(names));
        name.unwrap_or_else(|| id.to_owned())
    }

    fn title(&self) -> String {
        let title = self.text(&self.presented.presentation.title);
        escape(&title.unwrap_or_else(|| self.election_id.to_owned()))
    }

    // What must be shown with everything; of a test, that it is one.
    fn notice(&self) -> String {
        let w = self.words();
        let own = self.text(&self.presented.presentation.notice);
        let own = own.unwrap_or_default();
        match (self.body.is_test, own.as_str()) {
            (false, "") => String::new(),
            (false, own) => format!(
                "<aside class=\"notice\" aria-label=\"{}\"><p>{}</p></aside>",
                w.notice,
                escape(own)
            ),
            (true, own) => {
                let mark = match own.starts_with(w.test) {
                    true => String::new(),
                    false => format!("<strong>{}</strong> ", w.test),
                };
                let text = if own.is_empty() { w.test_long } else { own };
                format!(
                    "<aside class=\"test\" aria-label=\"{}\"><p>{mark}<span>{}</span></p></aside>",
                    w.test,
                    escape(text)
                )
            }
        }
    }

    fn districts(&self, contest: &FrameContest, place: usize) -> String {
        let district = |id: &str| self.district(id);
        let option = |id: &str| self.name(id);
        let heading = match self.body.contests.len() {
            1 => self.words().districts.to_owned(),
            _ => format!(
                "{}: {}",
                self.words().districts,
                self.contest(&contest.contest_id)
            ),
        };
        let looks = self.looks(contest);
        let part = districts::part(contest, &looks, self.language, &heading, option, district);
        if part.is_empty() {
            return part;
        }
        let heading = escape(&heading);
        format!(
            "<section class=\"by-district\" aria-labelledby=\"districts-{place}\">\
             <h2 id=\"districts-{place}\">{heading}</h2>{part}</section>"
        )
    }

    /// How the options of a contest look, row by row: their place on the ballot never changes, and colour and letters are
    /// those of the presentation. So an option has the same of them in every frame until the presentation is amended. (The
    /// mark of a dot that is too small for letters may be another beside other neighbours.)
    pub fn looks(&self, contest: &FrameContest) -> Vec<Look> {
        let rows = contest.rows.iter().enumerate();
        rows.map(|(place, row)| {
            let presented = self.presented;
            let number = presented.number(&contest.contest_id, &row.option_id);
            let number = number.unwrap_or(place);
            let letters = presented.short_name(&row.option_id, self.language.code());
            let colour = presented.option(&row.option_id);
            let colour = colour.and_then(|option| option.colour.as_deref());
            Look {
                number,
                colour: colour.unwrap_or(COLOURS[number % COLOURS.len()]).to_owned(),
                letters: letters.map_or_else(
                    || self.name(&row.option_id).chars().take(1).collect(),
                    |it| it.chars().take(LETTERS_MAX).collect(),
                ),
            }
        })
        .collect()
    }

    fn chart(&self, samples: &Samples, newest: &Sample) -> String {
        let words = self.words();
        let empty = || format!("<p class=\"fact\">{}</p>", words.chart_empty);
        let mut contests = self.body.contests.iter().enumerate();
        let seated = contests.find(|(_, contest)| contest.seats > 0);
        let Some((place, contest)) = seated else {
            return empty();
        };
        let below = samples.range(..self.body.revision);
        let samples: Vec<&Sample> = below.map(|(_, sample)| sample).chain([newest]).collect();
        let looks = self.looks(contest);
        let rows = contest.rows.iter().zip(&looks);
        let lists = rows.filter(|(row, _)| row.seats.is_some());
        let named: Vec<(&str, String, String, &Look)> = lists
            .map(|(row, look)| {
                let name = self.name(&row.option_id);
                let code = self.language.code();
                let short = self.presented.short_name(&row.option_id, code);
                let label = short.map_or_else(|| name.clone(), str::to_owned);
                (row.option_id.as_str(), label, name, look)
            })
            .collect();
        let lines: Vec<Line<'_>> = named
            .iter()
            .map(|(option_id, label, name, look)| Line {
                option_id,
                label,
                name,
                look,
            })
            .collect();
        let clock = |time| {
            let time = wire::timestamp(election::ids::Timestamp(time));
            self.language.clock(Some(time), self.zone())
        };
        let majority = crate::house::majority(self.body.house_size, contest);
        let texts = chart::Words {
            title: words.over_the_night,
            figures: words.figures,
            list: words.list,
            majority: majority.is_whole.then_some(majority.seats),
        };
        chart::drawing(place, &samples, &lines, &texts, clock).unwrap_or_else(empty)
    }

    fn is_counted(&self) -> bool {
        let totals = self.body.contests.iter();
        let mut states = totals.filter_map(|contest| contest.totals.as_ref()?.states.as_ref());
        states.any(|states| states.counted > 0)
    }

    fn status(&self, updated: &str) -> String {
        let (words, language) = (self.words(), self.language);
        let mut html = format!(
            "<strong class=\"pill\">{}</strong>",
            words::stage(language, self.body.stage(), self.is_counted())
        );
        for mark in self.body.marks().filter(|mark| *mark != Mark::Unspecified) {
            let _ = write!(
                html,
                " <strong class=\"pill alarm\">{}</strong>",
                words::mark(language, mark)
            );
        }
        let publication = self.envelope.publication.as_ref();
        let mode = publication.and_then(|it| it.mode.as_ref()?.mode.as_ref());
        let reason = publication.map_or("", |it| it.reason.as_str());
        let kept = match mode {
            Some(Mode::FollowHead(_)) | None => None,
            Some(Mode::HoldAt(_)) => Some(words.held),
            Some(Mode::Paused(_)) => Some(words.paused),
        };
        if let Some(kept) = kept {
            let _ = write!(
                html,
                " <strong class=\"pill alarm\">{kept}</strong> {}",
                escape(reason)
            );
        }
        let _ = write!(
            html,
            " {} <strong id=\"updated\">{}</strong> · {} {}",
            words.updated,
            escape(updated),
            words.revision,
            language.number(self.body.revision)
        );
        html
    }

    fn summary(&self, seats: &str) -> String {
        let states = progress::all_states(self.body);
        let (counted, tallies) = (states.counted.into(), states.tallies.into());
        let counted = words::tallies_counted(self.language, counted, tallies);
        format!("{counted}. {seats}")
    }
}

/// A text in a language, else in English, Russian or Kazakh, in this order, else in any that there is.
pub(crate) fn text(texts: &Texts, language: Language) -> Option<String> {
    let order = [language].into_iter().chain(Language::ALL);
    let mut known = order.filter_map(|language| texts.get(language.code()));
    known.next().or_else(|| texts.values().next()).cloned()
}

/// Seats that are held, whatever way open ties go; 0 where none are known.
pub(super) fn held(seats: Option<&ListSeats>) -> u32 {
    seats.and_then(|seats| seats.seats).unwrap_or(0)
}
