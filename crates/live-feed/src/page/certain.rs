//! What is certain of seats while ballots are outstanding: ranges in the table, and sentences with what they rest on.
//!
//! Nothing here is a forecast, and nothing is called final: "secured, unless a counted station is corrected, annulled or
//! recounted; based on ...".

use crate::page::language::Language;
use crate::page::view::Shown;
use crate::page::words::{self, Words};
use askama::Template;
use wire::common::v1::{
    BoundsBasis, CertainSeats, Certainty, ListSeats, OutstandingBallots, UnforeseenCause,
    WidenedRange,
};
use wire::feed::v1::FrameContest;

/// Ranges that had to widen that are told one by one.
const WIDENED_MAX: usize = 5;

#[derive(Template)]
#[template(path = "certain.html")]
struct CertainPart {
    said: String,
    majority: String,
    next: String,
    together: Vec<String>,
    widened: Vec<String>,
}

/// The part of a contest; empty where nothing is ever claimed of it.
pub(super) fn part(shown: &Shown<'_>, contest: &FrameContest) -> String {
    let Some(certain) = &contest.certain else {
        return String::new();
    };
    let language = shown.language;
    let here = |range: &&WidenedRange| range.contest_id == contest.contest_id;
    let widened = shown.envelope.widened_ranges.iter().filter(here);
    let majority = contest.rows.iter().find(|row| {
        let bounds = row.seats.as_ref().and_then(|seats| seats.bounds.as_ref());
        bounds.is_some_and(|bounds| bounds.has_majority() == Certainty::Certain)
    });
    let part = CertainPart {
        said: said(language, certain, contest.seats),
        majority: majority.map_or_else(String::new, |row| {
            let name = shown.name(&row.option_id);
            match language {
                Language::En => format!("{name} has the majority for certain."),
                Language::Ru => format!("{name}: большинство закреплено."),
                Language::Kk => format!("{name}: көпшілік бекітілген."),
            }
        }),
        next: next(shown, certain),
        together: together(shown, certain),
        widened: widened
            .take(WIDENED_MAX)
            .map(|range| widened_range(shown, range, contest.districts.len() > 1))
            .collect(),
    };
    part.render().unwrap_or_default()
}

/// What the coalitions have that the rules name, a sentence each.
fn together(shown: &Shown<'_>, certain: &CertainSeats) -> Vec<String> {
    let coalitions = certain.coalitions.iter().map(|coalition| {
        let names = coalition.option_ids.iter();
        let names: Vec<String> = names.map(|id| shown.name(id)).collect();
        words::together(shown.language, &names, coalition)
    });
    coalitions.collect()
}

/// How soon a seat more can be certain; empty: nobody can say.
fn next(shown: &Shown<'_>, certain: &CertainSeats) -> String {
    let Some(first) = certain.next.first() else {
        return String::new();
    };
    let names: Vec<String> = certain
        .next
        .iter()
        .map(|next| match next.district_id.as_str() {
            "" => shown.name(&next.option_id),
            district => format!(
                "{} ({})",
                shown.name(&next.option_id),
                shown.district(district)
            ),
        })
        .collect();
    next_said(shown.language, &names, first.ballots)
}

fn next_said(language: Language, names: &[String], ballots: u64) -> String {
    let number = language.number(ballots);
    // Several can have it with as many ballots: any one of them, not all.
    let names = names.join(match language {
        Language::En => " or ",
        Language::Ru => " или ",
        Language::Kk => " немесе ",
    });
    match language {
        Language::En => format!(
            "A seat more would be secured by the next {number} {}, if all were for {names}.",
            language.plural(ballots, ["ballot", "", "ballots"])
        ),
        Language::Ru => format!(
            "Чтобы закрепить ещё один мандат, хватит {number} {}, если все они — за {names}.",
            // After "хватит" the genitive stands.
            language.plural(ballots, ["бюллетеня", "бюллетеней", "бюллетеней"])
        ),
        Language::Kk => format!(
            "Тағы бір мандатты бекітуге келесі {number} бюллетень жетеді, егер бәрі мынаған берілсе: {names}."
        ),
    }
}

/// The range of a list, such as "26–29"; of one whose seats are certain, the number. Empty: nothing is claimed.
pub(super) fn range(language: Language, seats: Option<&ListSeats>) -> String {
    let bounds = seats.and_then(|seats| seats.bounds.as_ref());
    let range = bounds.and_then(|bounds| bounds.seats_fewest.zip(bounds.seats_most));
    match range {
        None => String::new(),
        Some((fewest, most)) if fewest == most => language.number(fewest),
        Some((fewest, most)) => {
            format!("{}–{}", language.number(fewest), language.number(most))
        }
    }
}

/// What is certain of a list and the threshold: an icon, and what it says. Empty: neither way is.
pub(super) fn threshold(
    language: Language,
    seats: Option<&ListSeats>,
) -> (&'static str, &'static str) {
    let words = Words::of(language);
    let bounds = seats.and_then(|seats| seats.bounds.as_ref());
    match bounds.map(|bounds| bounds.passes_threshold()) {
        Some(Certainty::Certain) => ("✓", words.passed_for_certain),
        Some(Certainty::Excluded) => ("✕", words.failed_for_certain),
        Some(Certainty::Open | Certainty::Unspecified) | None => ("", ""),
    }
}

/// The sentence of a contest that allots so many seats.
fn said(language: Language, certain: &CertainSeats, seats: u32) -> String {
    let outstanding = certain.outstanding.clone().unwrap_or_default();
    if !certain.no_claim.is_empty() {
        return not_said(language, certain, &outstanding);
    }
    let ballots = outstanding.ballots_most.unwrap_or(0);
    let (secured, all) = (
        language.number(certain.seats_secured),
        language.number(seats),
    );
    let basis = bases(language, &outstanding);
    let number = language.number(ballots);
    if certain.districts_without_claim > 0 {
        return in_part(language, certain, (&secured, &all), &basis);
    }
    match (language, ballots) {
        (Language::En, 0) => format!(
            "Secured: {secured} of {all} seats, unless a counted station is corrected, annulled or recounted. No ballot is outstanding."
        ),
        (Language::Ru, 0) => format!(
            "Закреплено мандатов: {secured} из {all}, если учтённые участки не будут исправлены, отменены или пересчитаны. \
             Неучтённых бюллетеней не осталось."
        ),
        (Language::Kk, 0) => format!(
            "Бекітілген мандаттар: {all} ішінен {secured}, егер саналған учаскелер түзетілмесе, жойылмаса немесе қайта \
             саналмаса. Саналмаған бюллетень қалған жоқ."
        ),
        (Language::En, _) => format!(
            "Secured: {secured} of {all} seats, unless a counted station is corrected, annulled or recounted; based on {basis}. \
             Outstanding: at most {number} {}.",
            language.plural(ballots, ["ballot", "", "ballots"])
        ),
        (Language::Ru, _) => format!(
            "Закреплено мандатов: {secured} из {all}, если учтённые участки не будут исправлены, отменены или пересчитаны; основание: \
             {basis}. Осталось не более {number} {}.",
            // After "не более" the genitive stands: one form for 1, 21, 31, another for all others.
            language.plural(ballots, ["бюллетеня", "бюллетеней", "бюллетеней"])
        ),
        (Language::Kk, _) => format!(
            "Бекітілген мандаттар: {all} ішінен {secured}, егер саналған учаскелер түзетілмесе, жойылмаса немесе қайта саналмаса; \
             негізі: {basis}. Саналмағаны: ең көбі {number} бюллетень."
        ),
    }
}

/// Where of some districts nothing is claimed: their seats are open, and how many ballots come of them nobody says.
fn in_part(
    language: Language,
    certain: &CertainSeats,
    (secured, all): (&str, &str),
    basis: &str,
) -> String {
    let districts = language.number(certain.districts_without_claim);
    let based = |words: &str| match basis {
        "" => String::new(),
        basis => format!("; {words} {basis}"),
    };
    match language {
        Language::En => format!(
            "Secured: {secured} of {all} seats, unless a counted station is corrected, annulled or recounted{}. \
             Districts of which nothing is said, all of their seats open: {districts}.",
            based("based on")
        ),
        Language::Ru => format!(
            "Закреплено мандатов: {secured} из {all}, если учтённые участки не будут исправлены, отменены или пересчитаны{}. \
             Округов, о которых ничего не сказано (все их мандаты открыты): {districts}.",
            based("основание:")
        ),
        Language::Kk => format!(
            "Бекітілген мандаттар: {all} ішінен {secured}, егер саналған учаскелер түзетілмесе, жойылмаса немесе қайта \
             саналмаса{}. Олар туралы айтылмайтын (барлық мандаты ашық) округтер: {districts}.",
            based("негізі:")
        ),
    }
}

fn not_said(
    language: Language,
    certain: &CertainSeats,
    outstanding: &OutstandingBallots,
) -> String {
    let units = language.number(outstanding.units_unbounded);
    match (language, certain.no_claim == "UNBOUNDED") {
        (Language::En, true) => format!(
            "Nothing is said of certain seats. Stations whose ballots nothing bounds: {units}."
        ),
        (Language::Ru, true) => format!(
            "О закреплённых мандатах ничего не сказано. Участков, число бюллетеней которых ничем не ограничено: {units}."
        ),
        (Language::Kk, true) => format!(
            "Бекітілген мандаттар туралы айтылмайды. Бюллетень саны шектелмеген учаскелер: {units}."
        ),
        (Language::En, false) => {
            String::from("Nothing is said of certain seats: for this count nothing is proved.")
        }
        (Language::Ru, false) => String::from(
            "О закреплённых мандатах ничего не сказано: для этого подсчёта ничего не доказано.",
        ),
        (Language::Kk, false) => String::from(
            "Бекітілген мандаттар туралы айтылмайды: бұл санақ үшін ештеңе дәлелденбеген.",
        ),
    }
}

/// What the bound rests on, all of it.
fn bases(language: Language, outstanding: &OutstandingBallots) -> String {
    let bases: Vec<BoundsBasis> = match outstanding.electorate_rest {
        Some(_) => vec![BoundsBasis::Electorate],
        None => {
            let units = outstanding.units.iter();
            let units = units.filter(|units| units.ballots_most > 0);
            units.map(|units| units.basis()).collect()
        }
    };
    let named = bases.into_iter().map(|basis| basis_name(language, basis));
    named.collect::<Vec<_>>().join(", ")
}

fn basis_name(language: Language, basis: BoundsBasis) -> &'static str {
    let names = match basis {
        BoundsBasis::Unspecified => ["", "", ""],
        BoundsBasis::BallotsIssued => [
            "ballots issued",
            "выданные бюллетени",
            "берілген бюллетеньдер",
        ],
        BoundsBasis::Envelopes => ["envelopes", "конверты", "конверттер"],
        BoundsBasis::Roll => [
            "the rolls of the stations",
            "списки избирателей участков",
            "учаскелердің сайлаушылар тізімдері",
        ],
        BoundsBasis::PapersDelivered => [
            "ballot papers delivered",
            "доставленные бланки бюллетеней",
            "жеткізілген бюллетень бланкілері",
        ],
        BoundsBasis::Electorate => [
            "the number of voters",
            "общее число избирателей",
            "сайлаушылардың жалпы саны",
        ],
        BoundsBasis::Stated => ["a stated ceiling", "заявленный предел", "мәлімделген шек"],
    };
    names[language.index()]
}

/// A range that had to widen, with what happened: "Aq Jol: 3–4 became 2–5 at revision 812. A tally was withdrawn (station 17):
/// who, why".
fn widened_range(shown: &Shown<'_>, range: &WidenedRange, says_district: bool) -> String {
    let language = shown.language;
    let mut name = shown.name(&range.option_id);
    if says_district {
        // The range of the district, and not that of all of them which the table has.
        name = format!("{name} ({})", shown.district(&range.district_id));
    }
    let written = |fewest: u32, most: u32| {
        if fewest == most {
            language.number(fewest)
        } else {
            format!("{}–{}", language.number(fewest), language.number(most))
        }
    };
    let before = written(range.seats_fewest_before, range.seats_most_before);
    let after = range.seats_fewest.zip(range.seats_most);
    let nothing = match language {
        Language::En => "no claim",
        Language::Ru => "без утверждения",
        Language::Kk => "тұжырымсыз",
    };
    let after = after.map_or_else(
        || nothing.to_owned(),
        |(fewest, most)| written(fewest, most),
    );
    let revision = language.number(range.revision);
    let mut text = match language {
        Language::En => {
            format!(
                "The range of {name} had to widen: {before} became {after} (revision {revision})."
            )
        }
        Language::Ru => format!(
            "Границы для списка {name} пришлось расширить: было {before}, стало {after} (ревизия {revision})."
        ),
        Language::Kk => format!(
            "{name} шектерін кеңейтуге тура келді: {before} еді, {after} болды ({revision}-ревизия)."
        ),
    };
    if let Some(cause) = range.causes.first() {
        text.push(' ');
        text.push_str(cause_name(language, cause.cause()));
        if !cause.unit_id.is_empty() {
            text.push_str(&format!(" ({})", cause.unit_id));
        }
        let said = cause.attribution.iter();
        let said = said.flat_map(|it| [it.by.as_str(), it.reason.as_str()]);
        let said: Vec<&str> = said.filter(|text| !text.is_empty()).collect();
        if !said.is_empty() {
            text.push_str(": ");
            text.push_str(&said.join(", "));
        }
        text.push('.');
    }
    text
}

fn cause_name(language: Language, cause: UnforeseenCause) -> &'static str {
    let names = match cause {
        UnforeseenCause::Unspecified => ["", "", ""],
        UnforeseenCause::Report => [
            "More ballots came than were bounded",
            "Бюллетеней поступило больше, чем предполагалось самое большее",
            "Бюллетень шектен көп түсті",
        ],
        UnforeseenCause::Correction => [
            "A counted station was corrected",
            "Исправлен учтённый участок",
            "Саналған учаске түзетілді",
        ],
        UnforeseenCause::Held => [
            "A report waits for a reviewer",
            "Протокол ждёт проверки",
            "Хаттама тексеруді күтуде",
        ],
        UnforeseenCause::Review => [
            "A reviewer decided",
            "Решение проверяющего",
            "Тексеруші шешім қабылдады",
        ],
        UnforeseenCause::Withdrawal => [
            "A tally was withdrawn",
            "Протокол отозван",
            "Хаттама кері қайтарылды",
        ],
        UnforeseenCause::Status => [
            "A station's status was changed",
            "Изменён статус участка",
            "Учаскенің мәртебесі өзгерді",
        ],
        UnforeseenCause::Turnout => [
            "Ballots issued are others than were said",
            "Число выданных бюллетеней оказалось другим",
            "Берілген бюллетень саны басқаша болып шықты",
        ],
        UnforeseenCause::Register => [
            "The register was amended",
            "Изменён реестр участков",
            "Учаскелер тізілімі өзгерді",
        ],
        UnforeseenCause::Rules => [
            "The rules were amended",
            "Изменены правила",
            "Ережелер өзгерді",
        ],
        UnforeseenCause::Candidates => [
            "A list has other candidates",
            "Изменился состав кандидатов списка",
            "Тізімнің кандидаттары өзгерді",
        ],
    };
    names[language.index()]
}

#[cfg(test)]
mod tests;
