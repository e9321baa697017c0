//! The words of the page. Each stands once, in three languages side by side, so that none is forgotten.

mod counted;
mod of_units;
mod together;

pub(crate) use counted::{LeftOut, only_shown, units_said};
pub(crate) use of_units::{correction, counter, report, status, unit_kind};
pub(crate) use together::together;

use crate::page::language::Language;
use crate::shares::Base;
use wire::allocation::v1::{Eligibility, MarginKind};
use wire::common::v1::{Mark, OptionRole, SeatsState, Stage};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $en:literal, $ru:literal, $kk:literal;)+) => {
        /// The fixed words of the page in one language.
        #[derive(Debug)]
        #[allow(missing_docs, reason = "each is its own text")]
        pub(crate) struct Words { $($(#[$doc])* pub $name: &'static str,)+ }

        const WORDS: [Words; 3] = [
            Words { $($name: $en,)+ },
            Words { $($name: $ru,)+ },
            Words { $($name: $kk,)+ },
        ];
    };
}

words! {
    elections: "Elections", "Выборы", "Сайлау";
    no_elections: "Nothing is public yet.", "Пока ничего не опубликовано.", "Әзірге ешнәрсе жарияланған жоқ.";
    test: "TEST", "ТЕСТ", "СЫНАҚ";
    test_long:
        "This is a test. No real result.",
        "Это тест, не настоящий результат.",
        "Бұл сынақ, нақты нәтиже емес.";
    language: "Language", "Язык", "Тіл";
    skip: "To the results", "К результатам", "Нәтижелерге өту";
    seats: "Seats", "Мандаты", "Мандаттар";
    votes: "Votes", "Голоса", "Дауыстар";
    share: "Share", "Доля", "Үлесі";
    list: "List", "Список", "Тізім";
    majority: "majority", "большинство", "көпшілік";
    results: "Result", "Результат", "Нәтиже";
    hemicycle: "Seats in the house", "Мандаты в собрании", "Жиналыстағы мандаттар";
    threshold: "threshold", "барьер", "межелік шек";
    below_threshold: "Votes below the threshold", "Голоса ниже барьера", "Межеден төмен дауыстар";
    declared: "declared", "объявлено", "жарияланған";
    count: "The count", "Подсчёт", "Санау барысы";
    ballots_counted: "Ballots counted", "Подсчитано бюллетеней", "Саналған бюллетеньдер";
    turnout: "Turnout", "Явка", "Сайлаушылардың келуі";
    tallies: "Stations by state", "Участки по состоянию", "Учаскелердің күйі";
    counted: "counted", "учтено", "саналды";
    waiting: "awaiting review", "на проверке", "тексеруде";
    over_the_night: "Seats over the night", "Мандаты в течение ночи", "Түн бойындағы мандаттар";
    chart_empty:
        "The chart begins with the first counted station.",
        "График начнётся с первого учтённого участка.",
        "График бірінші саналған учаскеден басталады.";
    corrections: "Corrections", "Исправления", "Түзетулер";
    no_corrections: "None so far.", "Пока нет.", "Әзірге жоқ.";
    newest_of: "The newest of", "Последние из", "Соңғылары, барлығы";
    stations: "Stations", "Участки", "Учаскелер";
    all_stations: "All stations", "Все участки", "Барлық учаскелер";
    station: "Station", "Участок", "Учаске";
    area: "Area", "Район", "Аудан";
    state: "State", "Состояние", "Күйі";
    roll: "Roll", "Избирателей", "Тізімдегі сайлаушылар";
    any_state: "any", "любое", "кез келген";
    not_counted: "nothing counted", "ничего не учтено", "ештеңе саналмаған";
    search: "Search by name or id", "Поиск по названию или номеру", "Атауы не нөмірі бойынша іздеу";
    find: "Find", "Найти", "Табу";
    next: "Next", "Дальше", "Келесі";
    first: "To the beginning", "В начало", "Басына";
    nothing_found: "Nothing was found.", "Ничего не найдено.", "Ештеңе табылмады.";
    history: "What happened here", "Что здесь происходило", "Мұнда не болды";
    updated: "Last updated", "Обновлено", "Соңғы жаңарту";
    revision: "revision", "ревизия", "ревизия";
    data: "Data", "Данные", "Деректер";
    stale: "Stale", "Устарело", "Ескірген";
    as_of: "as of", "по состоянию на", "мына уақыттағы күйі:";
    reconnecting: "Reconnecting …", "Восстанавливаем связь …", "Байланыс қалпына келтірілуде …";
    live: "Live", "Обновляется", "Жаңарып тұр";
    without_script:
        "This page shows the moment at which it was loaded. Load it again for the newest.",
        "Страница показывает момент загрузки. Обновите её, чтобы увидеть новое.",
        "Бет жүктелген сәтті көрсетеді. Жаңасын көру үшін қайта жүктеңіз.";
    back: "Back to the result", "К результату", "Нәтижеге қайту";
    withheld: "Withheld by our own check", "Не показаны: наша проверка против", "Көрсетілмейді: тексеруімізден өтпеді";
    tied: "Tied", "Ничья", "Тең түсті";
    unassigned: "Unassigned", "Не распределены", "Бөлінбеген";
    paused: "Publication is paused", "Публикация приостановлена", "Жариялау тоқтатылды";
    held: "Publication is held", "Публикация удержана", "Жариялау кідіртілді";
    law_is_silent:
        "The law is silent on a parameter that was used.",
        "Закон молчит о применённом параметре.",
        "Заң қолданылған параметр туралы үндемейді.";
    differs:
        "The declared result differs from ours; both are shown.",
        "Объявленный результат отличается от нашего; показаны оба.",
        "Жарияланған нәтиже біздікінен өзгеше; екеуі де көрсетілген.";
    not_found:
        "There is nothing public here",
        "Здесь нет ничего опубликованного",
        "Мұнда жарияланған ештеңе жоқ";
    try_again:
        "The count is out of reach. Try again in a moment.",
        "Подсчёт сейчас недоступен. Попробуйте чуть позже.",
        "Санау қазір қолжетімсіз. Сәлден соң қайталаңыз.";
    issued: "Ballots issued", "Выдано бюллетеней", "Берілген бюллетеньдер";
    option: "Option", "Вариант", "Нұсқа";
    last_seat: "The last seat:", "Последний мандат:", "Соңғы мандат:";
    next_in_line: "Next in line:", "Следующий по очереди:", "Кезекте тұрған:";
    would_change:
        "What would change a seat",
        "Что изменило бы распределение мандатов",
        "Мандаттардың бөлінуін не өзгертер еді";
    at_most: "at most", "не более", "ең көбі";
    at_revision: "at revision", "по ревизии", "ревизия бойынша:";
    secured: "certain", "закреплён", "бекітілген";
    still_open: "not certain yet", "ещё не закреплён", "әлі бекітілмеген";
    possible: "Possible", "Возможно", "Мүмкін";
    passed_for_certain:
        "past the threshold for certain",
        "барьер точно пройден",
        "межеден анық өтті";
    failed_for_certain:
        "below the threshold for certain",
        "точно ниже барьера",
        "межеден анық төмен";
    districts: "Districts", "Округа", "Округтер";
    district: "District", "Округ", "Округ";
    unknown: "Unknown", "Неизвестно", "Белгісіз";
    later: "Later entries", "Более поздние записи", "Кейінгі жазбалар";
    version: "version", "версия", "нұсқа";
    persons: "Persons without a list", "Кандидаты вне списков", "Тізімнен тыс тұлғалар";
    others: "Others, not shown here", "Прочие, здесь не показаны", "Өзгелер, мұнда көрсетілмеген";
    not_shown: "lists that are not shown", "списки, которые не показаны", "көрсетілмеген тізімдер";
    not_yet: "Not decided yet", "Ещё не определены", "Әлі анықталмаған";
    rows_left_out:
        "Who holds their seats is left out here: there is no room for it.",
        "Кому они принадлежат, здесь опущено: не хватает места.",
        "Олардың мандаттары кімдікі екені мұнда қалдырылды: орын жетпейді.";
    differs_here: "differs from ours", "отличается от нашего", "біздікінен өзгеше";
    differs_from_declared:
        "differs from the declared", "отличается от объявленного", "жарияланғаннан өзгеше";
    by_our_count: "By our count", "По нашему подсчёту", "Біздің санауымызша";
    official: "official", "официально", "ресми";
    as_declared: "as declared", "как объявлено", "жарияланғандай";
    declared_otherwise:
        "Official: the seats as declared. By our count they would be others.",
        "Официально: мандаты, как объявлено. По нашему подсчёту они были бы другими.",
        "Ресми: мандаттар жарияланғандай. Біздің санауымызша олар басқаша болар еді.";
    no_vote_changed: "No vote changed.", "Голоса не изменились.", "Дауыстар өзгерген жоқ.";
    tallies_by_state: "Tallies by state", "Протоколы по состоянию", "Хаттамалардың күйі";
    held_by: "Held by", "Чьи мандаты", "Мандат иелері";
    declared_seats: "Declared", "Объявлено", "Жарияланған";
    notice: "Notice", "Примечание", "Ескерту";
    figures: "The same in figures", "То же в цифрах", "Дәл осы сандармен";
}

impl Words {
    /// The words of a language.
    pub fn of(language: Language) -> &'static Self {
        &WORDS[language.index()]
    }
}

fn pick(language: Language, texts: [&'static str; 3]) -> &'static str {
    texts[language.index()]
}

/// A share of the ballots issued, with its base.
pub(crate) fn of_issued(language: Language, share: &str, issued: &str) -> String {
    match language {
        Language::En => format!("{share} of {issued} ballots issued"),
        Language::Ru => format!("{share} от {issued} выданных бюллетеней"),
        Language::Kk => format!("берілген {issued} бюллетеньнің {share}"),
    }
}

/// How many tallies are counted of those that are expected: in all contests and counting groups.
pub(crate) fn tallies_counted(language: Language, counted: u64, tallies: u64) -> String {
    let (counted, tallies) = (language.number(counted), language.number(tallies));
    match language {
        Language::En => format!("{counted} of {tallies} tallies counted"),
        Language::Ru => format!("учтено протоколов: {counted} из {tallies}"),
        Language::Kk => format!("{tallies} хаттаманың {counted} саналды"),
    }
}

/// What shares are of, as it stands under their heading.
pub(crate) fn share_base(language: Language, base: Base) -> &'static str {
    let texts = match base {
        Base::Lists => [
            "of list votes",
            "от голосов за списки",
            "тізімдерге берілген дауыстардан",
        ],
        Base::All => ["of all votes", "от всех голосов", "барлық дауыстан"],
    };
    pick(language, texts)
}

/// Seats, as the word after their number.
pub(crate) fn seats(language: Language, seats: u32) -> &'static str {
    language.plural(
        seats.into(),
        match language {
            Language::En => ["seat", "seats", "seats"],
            Language::Ru => ["мандат", "мандата", "мандатов"],
            Language::Kk => ["мандат", "мандат", "мандат"],
        },
    )
}

/// Of which house a majority is, where only a part of its seats are shown.
pub(crate) fn of_the_house(language: Language, house: u32) -> String {
    let house = language.number(house);
    match language {
        Language::En => format!("of a house of {house}"),
        Language::Ru => format!("всего собрания из {house}"),
        Language::Kk => format!("{house} орындық жиналыста"),
    }
}

/// That a list of some goes on.
pub(crate) fn and_more(language: Language, more: &str) -> String {
    match language {
        Language::En => format!("and {more} more"),
        Language::Ru => format!("и ещё {more}"),
        Language::Kk => format!("және тағы {more}"),
    }
}

/// A number of votes.
pub(crate) fn votes(language: Language, votes: u64) -> String {
    let number = language.number(votes);
    let word = language.plural(
        votes,
        match language {
            Language::En => ["vote", "votes", "votes"],
            Language::Ru => ["голос", "голоса", "голосов"],
            Language::Kk => ["дауыс", "дауыс", "дауыс"],
        },
    );
    format!("{number} {word}")
}

/// One of a list's own seats, counted from 1.
pub(crate) fn own_seat(language: Language, list: &str, seat: u32) -> String {
    match language {
        Language::En => format!("{list}, seat no. {seat}"),
        Language::Ru => format!("{list}, мандат № {seat}"),
        Language::Kk => format!("{list}, № {seat} мандат"),
    }
}

/// How votes would have to change; `votes` with their word.
pub(crate) fn change(
    language: Language,
    kind: MarginKind,
    list: &str,
    other: &str,
    votes: &str,
) -> String {
    let (from, to) = match kind {
        MarginKind::Added => {
            return match language {
                Language::En => format!("{list} with {votes} more"),
                Language::Ru => format!("{list}: на {votes} больше"),
                Language::Kk => format!("{list}: {votes} көп болса"),
            };
        }
        MarginKind::Taken => {
            return match language {
                Language::En => format!("{list} with {votes} fewer"),
                Language::Ru => format!("{list}: на {votes} меньше"),
                Language::Kk => format!("{list}: {votes} аз болса"),
            };
        }
        MarginKind::MovedTo => (list, other),
        MarginKind::MovedFrom | MarginKind::Unspecified => (other, list),
    };
    match language {
        Language::En => format!("{votes} from {from} to {to}"),
        Language::Ru => format!("{votes} от «{from}» к «{to}»"),
        Language::Kk => format!("{votes} «{from}» тізімінен «{to}» тізіміне ауысса"),
    }
}

/// What an option is; nothing of a list, as which a contest's options are known.
pub(crate) fn role(language: Language, role: OptionRole) -> &'static str {
    let texts = match role {
        OptionRole::Independent => ["Independent", "Независимый кандидат", "Тәуелсіз кандидат"],
        OptionRole::AgainstAll => ["Against all", "Против всех", "Бәріне қарсы"],
        OptionRole::WriteIn => ["Write-in", "Вписанный кандидат", "Қосып жазылған кандидат"],
        OptionRole::Other => ["Other", "Прочее", "Басқа"],
        OptionRole::Unspecified | OptionRole::List => return "",
    };
    pick(language, texts)
}

/// Why a list takes part below the threshold; nothing where its own votes decide.
pub(crate) fn eligibility(language: Language, eligibility: Eligibility) -> &'static str {
    let texts = match eligibility {
        Eligibility::RescueAdmitted => [
            "admitted below the threshold",
            "допущен ниже барьера",
            "межеден төмен, бірақ жіберілген",
        ],
        Eligibility::Exempt | Eligibility::Waived => [
            "the threshold does not apply",
            "барьер не применяется",
            "межелік шек қолданылмайды",
        ],
        Eligibility::Unspecified
        | Eligibility::Passed
        | Eligibility::BelowThreshold
        | Eligibility::NoVotes => return "",
    };
    pick(language, texts)
}

/// Ballots issued, with the number of voters that turnout is a share of.
pub(crate) fn of_roll(language: Language, issued: &str, voters: &str) -> String {
    match language {
        Language::En => format!("{issued} of {voters} voters on the rolls"),
        Language::Ru => format!("{issued} из {voters} избирателей в списках"),
        Language::Kk => format!("тізімдегі {voters} сайлаушының {issued} дауыс берді"),
    }
}

/// A stage of the election. It is explicit, never inferred: where officials have not said that the count has begun, and it
/// has, the words do not contradict it.
pub(crate) fn stage(language: Language, stage: Stage, is_counted: bool) -> &'static str {
    let texts = match stage {
        Stage::Unspecified | Stage::PreElection if is_counted => {
            ["Count under way", "Идёт подсчёт", "Санау жүріп жатыр"]
        }
        Stage::Unspecified | Stage::PreElection => {
            ["Before the count", "До подсчёта", "Санауға дейін"]
        }
        Stage::PartialUnofficial => [
            "Partial, unofficial",
            "Частичные, неофициальные",
            "Ішінара, бейресми",
        ],
        Stage::CompleteUnofficial => [
            "Complete, unofficial",
            "Полные, неофициальные",
            "Толық, бейресми",
        ],
        Stage::Declared => ["Declared", "Объявлены", "Жарияланды"],
        Stage::Certified => ["Certified", "Утверждены", "Бекітілді"],
    };
    pick(language, texts)
}

/// What is remarkable about the election.
pub(crate) fn mark(language: Language, mark: Mark) -> &'static str {
    let texts = match mark {
        Mark::Unspecified => ["", "", ""],
        Mark::Recount => ["Recount", "Пересчёт", "Қайта санау"],
        Mark::Amended => ["Amended", "Изменены", "Өзгертілді"],
        Mark::Annulled => ["Annulled", "Отменены", "Күші жойылды"],
    };
    pick(language, texts)
}

/// What the seats are at a stage, as a sentence under them: what is certified is provisional no more.
pub(crate) fn standing(language: Language, state: SeatsState, stage: Stage) -> &'static str {
    match (state, stage) {
        (SeatsState::Provisional, Stage::Certified) => pick(
            language,
            [
                "Certified: the seats of the certified count.",
                "Утверждено: мандаты по утверждённым итогам.",
                "Бекітілген: бекітілген қорытынды бойынша мандаттар.",
            ],
        ),
        (SeatsState::Provisional, Stage::Declared) => pick(
            language,
            [
                "Declared, not certified yet: the seats of the counted ballots.",
                "Объявлено, ещё не утверждено: мандаты по подсчитанным бюллетеням.",
                "Жарияланған, әлі бекітілмеген: саналған бюллетеньдер бойынша мандаттар.",
            ],
        ),
        (state, _) => seats_state(language, state),
    }
}

// What the seats are while votes are counted.
fn seats_state(language: Language, state: SeatsState) -> &'static str {
    let texts = match state {
        SeatsState::Unspecified => [
            "This contest gives no seats.",
            "Здесь мандаты не распределяются.",
            "Мұнда мандат бөлінбейді.",
        ],
        SeatsState::NoneYet => [
            "No seats yet: nothing is counted.",
            "Мандатов ещё нет: ничего не подсчитано.",
            "Мандат әзірге жоқ: ештеңе саналмаған.",
        ],
        SeatsState::Provisional => [
            "Provisional: seats if only the counted ballots existed.",
            "Предварительно: так распределились бы мандаты, если учитывать только уже подсчитанные бюллетени.",
            "Алдын ала: тек осы уақытқа дейін саналған бюллетеньдер ескерілсе, мандаттар осылай бөлінер еді.",
        ],
        SeatsState::Tied => [
            "A tie is open: some lists have a range, all other seats stand.",
            "Есть ничья: у части списков диапазон, остальные мандаты определены.",
            "Тең түсу бар: кей тізімде аралық, қалған мандаттар белгілі.",
        ],
        SeatsState::Withheld => [
            "Seats are withheld: our own check refuses the result. Votes go on.",
            "Мандаты удержаны: наша проверка отвергла результат. Подсчёт голосов идёт.",
            "Мандаттар ұсталды: өз тексеруіміз нәтижені қабылдамады. Дауыс санау жалғасуда.",
        ],
        SeatsState::Unknown => [
            "Seats are unknown: a number that the rules need has not been counted.",
            "Мандаты неизвестны: не подсчитано число, нужное по правилам.",
            "Мандаттар белгісіз: ережеге қажет сан саналмаған.",
        ],
        SeatsState::Unassigned => [
            "No list takes part: all seats stay unassigned.",
            "Ни один список не участвует: мандаты не распределены.",
            "Ешбір тізім қатыспайды: мандаттар бөлінбейді.",
        ],
    };
    pick(language, texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certified_is_not_provisional() {
        for language in Language::ALL {
            let at = |stage| standing(language, SeatsState::Provisional, stage);
            let counted = at(Stage::CompleteUnofficial);
            assert_eq!(counted, seats_state(language, SeatsState::Provisional));
            assert_ne!(at(Stage::Certified), counted);
            assert_ne!(at(Stage::Declared), at(Stage::Certified));
            // What is not known is not certified either.
            let withheld = standing(language, SeatsState::Withheld, Stage::Certified);
            assert_eq!(withheld, seats_state(language, SeatsState::Withheld));
            // Nor is it before the count while something is counted.
            let pill = |is_counted| stage(language, Stage::PreElection, is_counted);
            assert_ne!(pill(true), pill(false));
        }
    }
}
