//! The three languages of the page: numbers, shares, times and plurals as each writes them.

use jiff::tz::TimeZone;
use std::fmt::Write as _;
use wire::Instant;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
    /// Kazakh.
    Kk,
}

const MONTHS: [[&str; 12]; 3] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
    [
        "қаңтар",
        "ақпан",
        "наурыз",
        "сәуір",
        "мамыр",
        "маусым",
        "шілде",
        "тамыз",
        "қыркүйек",
        "қазан",
        "қараша",
        "желтоқсан",
    ],
];

/// Between groups of three digits, where it is no comma: it does not break.
const NO_BREAK: char = '\u{a0}';

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::En, Self::Ru, Self::Kk];

    /// Its code in `lang` and in definitions.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::Kk => "kk",
        }
    }

    /// Its own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ru => "Русский",
            Self::Kk => "Қазақша",
        }
    }

    /// Its place in [`ALL`](Self::ALL).
    pub const fn index(self) -> usize {
        match self {
            Self::En => 0,
            Self::Ru => 1,
            Self::Kk => 2,
        }
    }

    /// The language that was asked for: by the parameter, else the first of Accept-Language that there is, else English.
    pub fn asked(parameter: Option<&str>, accept: Option<&str>) -> Self {
        let known = |code: &str| {
            let code = code.split('-').next().unwrap_or_default().trim();
            let mut all = Self::ALL.into_iter();
            all.find(|language| language.code().eq_ignore_ascii_case(code))
        };
        if let Some(language) = parameter.and_then(known) {
            return language;
        }
        let mut best: Option<(u32, Self)> = None;
        for item in accept.unwrap_or_default().split(',').take(32) {
            let (code, quality) = item.split_once(";q=").unwrap_or((item, "1"));
            let quality = thousandths(quality);
            let Some(language) = known(code) else {
                continue;
            };
            if quality > best.map_or(0, |(quality, _)| quality) {
                best = Some((quality, language));
            }
        }
        best.map_or(Self::En, |(_, language)| language)
    }

    /// A whole number with its thousands apart.
    pub fn number(self, number: impl Into<u64>) -> String {
        let digits = number.into().to_string();
        let separator = match self {
            Self::En => ',',
            Self::Ru | Self::Kk => NO_BREAK,
        };
        let mut text = String::with_capacity(digits.len() * 4 / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A share in percent with two decimals, cut, not rounded: 6.999% never looks like 7%. A dash of nothing.
    pub fn percent(self, part: u64, whole: u64) -> String {
        if whole == 0 {
            return String::from("–");
        }
        let hundredths = u128::from(part) * 10_000 / u128::from(whole);
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        match self {
            Self::En => format!("{whole}.{rest:02}%"),
            Self::Ru | Self::Kk => format!("{whole},{rest:02}{NO_BREAK}%"),
        }
    }

    /// A fraction in percent as a law writes it: without decimals where there are none.
    pub fn fraction(self, numerator: u64, denominator: u64) -> String {
        let text = self.percent(numerator, denominator);
        text.replace(".00", "").replace(",00", "")
    }

    /// The form of a word after a number: one, a few, many. Kazakh has one form for all.
    pub fn plural(self, number: u64, forms: [&'static str; 3]) -> &'static str {
        let form = match self {
            Self::En => usize::from(number != 1) * 2,
            Self::Ru => match (number % 10, number % 100) {
                (_, 11..=14) => 2,
                (1, _) => 0,
                (2..=4, _) => 1,
                _ => 2,
            },
            Self::Kk => 0,
        };
        forms[form]
    }

    /// An instant in a time zone: day and time to the second, with the zone.
    pub fn time(self, time: Option<Instant>, zone: Option<&str>) -> String {
        let Some(zoned) = zoned(time, zone) else {
            return String::from("–");
        };
        let month = MONTHS[self.index()]
            .get(usize::from(zoned.month().unsigned_abs()).saturating_sub(1))
            .unwrap_or(&"");
        let (day, year) = (zoned.day(), zoned.year());
        let clock = clock(&zoned, true);
        let place = zoned.time_zone().iana_name().unwrap_or("UTC").to_owned();
        let place = match place.as_str() {
            "UTC" => place,
            _ => format!("{place}, UTC{}", offset(zoned.offset().seconds())),
        };
        match self {
            Self::En => format!("{day} {month} {year}, {clock} ({place})"),
            Self::Ru => format!("{day} {month} {year}{NO_BREAK}г., {clock} ({place})"),
            Self::Kk => format!("{year}{NO_BREAK}ж. {day} {month}, {clock} ({place})"),
        }
    }

    /// The time of day of an instant.
    pub fn clock(self, time: Option<Instant>, zone: Option<&str>) -> String {
        zoned(time, zone).map_or_else(|| String::from("–"), |zoned| clock(&zoned, true))
    }
}

fn clock(zoned: &jiff::Zoned, with_seconds: bool) -> String {
    let mut text = format!("{:02}:{:02}", zoned.hour(), zoned.minute());
    if with_seconds {
        let _ = write!(text, ":{:02}", zoned.second());
    }
    text
}

fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '−' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    match minutes % 60 {
        0 => format!("{sign}{}", minutes / 60),
        rest => format!("{sign}{}:{rest:02}", minutes / 60),
    }
}

// An unknown zone is UTC, and says so.
fn zoned(time: Option<Instant>, zone: Option<&str>) -> Option<jiff::Zoned> {
    let time = wire::time("time", time?).ok()?;
    let time = jiff::Timestamp::from_microsecond(time.0).ok()?;
    let zone = zone.and_then(|zone| TimeZone::get(zone).ok());
    Some(time.to_zoned(zone.unwrap_or(TimeZone::UTC)))
}

fn thousandths(quality: &str) -> u32 {
    let quality = quality.trim();
    if quality.starts_with('1') {
        return 1_000;
    }
    let digits = quality.strip_prefix("0.").unwrap_or("0");
    format!("{digits:0<3}")
        .get(..3)
        .and_then(|it| it.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_what_is_asked_for_first() {
        for (parameter, accept, language) in [
            (Some("kk"), Some("ru"), Language::Kk),
            (Some("fr"), Some("ru-KZ, en;q=0.9"), Language::Ru),
            (None, Some("de, en;q=0.3, kk;q=0.7"), Language::Kk),
            (None, Some("ru;q=0, *"), Language::En),
            (None, None, Language::En),
        ] {
            assert_eq!(
                Language::asked(parameter, accept),
                language,
                "{parameter:?} {accept:?}"
            );
        }
    }

    #[test]
    fn numbers_and_shares_are_written_as_each_language_does() {
        assert_eq!(Language::En.number(1_234_567_u64), "1,234,567");
        assert_eq!(Language::Ru.number(1_234_567_u64), "1\u{a0}234\u{a0}567");
        assert_eq!(Language::Kk.number(999_u64), "999");
        assert_eq!(Language::En.percent(6_999, 100_000), "6.99%");
        assert_eq!(Language::Ru.percent(7, 100), "7,00\u{a0}%");
        assert_eq!(Language::Ru.fraction(7, 100), "7\u{a0}%");
        assert_eq!(Language::En.fraction(13, 400), "3.25%");
        assert_eq!(Language::Kk.percent(1, 0), "–");
        assert_eq!(Language::En.percent(u64::MAX, u64::MAX), "100.00%");
    }

    #[test]
    fn plurals_follow_the_number() {
        let seats = ["мандат", "мандата", "мандатов"];
        let of = |number| Language::Ru.plural(number, seats);
        for (numbers, form) in [
            (vec![1, 21, 101, 1_001], "мандат"),
            (vec![2, 3, 4, 22, 104], "мандата"),
            (vec![0, 5, 11, 12, 14, 20, 111, 112], "мандатов"),
        ] {
            for number in numbers {
                assert_eq!(of(number), form, "{number}");
            }
        }
        assert_eq!(Language::En.plural(1, ["seat", "", "seats"]), "seat");
        assert_eq!(Language::En.plural(0, ["seat", "", "seats"]), "seats");
        assert_eq!(Language::Kk.plural(39, ["мандат", "", ""]), "мандат");
    }

    #[test]
    fn times_name_their_zone() {
        let time = Some(wire::timestamp(election::ids::Timestamp(
            1_610_287_205_000_000,
        )));
        let zone = Some("Asia/Almaty");
        assert_eq!(
            Language::En.time(time, zone),
            "10 January 2021, 20:00:05 (Asia/Almaty, UTC+6)"
        );
        assert_eq!(
            Language::Ru.time(time, zone),
            "10 января 2021\u{a0}г., 20:00:05 (Asia/Almaty, UTC+6)"
        );
        assert_eq!(
            Language::Kk.time(time, zone),
            "2021\u{a0}ж. 10 қаңтар, 20:00:05 (Asia/Almaty, UTC+6)"
        );
        assert_eq!(
            Language::En.time(time, Some("Nowhere/Land")),
            "10 January 2021, 14:00:05 (UTC)"
        );
        assert_eq!(Language::En.time(None, zone), "–");
    }
}
