//! Sentences with numbers of what has been said, and of what is left out.

use crate::page::language::Language;

/// How many have said how many ballots they have issued.
pub(crate) fn units_said(language: Language, said: u32, units: u32) -> String {
    let (said_number, units_number) = (language.number(said), language.number(units));
    let stations = language.plural(
        units.into(),
        match language {
            Language::En => ["station", "stations", "stations"],
            Language::Ru => ["участка", "участков", "участков"],
            Language::Kk => ["учаскеден", "учаскеден", "учаскеден"],
        },
    );
    let have = language.plural(
        said.into(),
        match language {
            Language::En => ["has", "have", "have"],
            Language::Ru => ["Сообщил", "Сообщили", "Сообщили"],
            Language::Kk => ["", "", ""],
        },
    );
    match (language, said) {
        (Language::En, 0) => String::from("No station has said so yet."),
        (Language::Ru, 0) => String::from("Ни один участок ещё не сообщил."),
        (Language::Kk, 0) => String::from("Әзірге бірде-бір учаске хабарлаған жоқ."),
        (Language::En, _) => format!("{said_number} of {units_number} {stations} {have} said so."),
        (Language::Ru, _) => format!("{have} {said_number} из {units_number} {stations}."),
        (Language::Kk, _) => format!("{units_number} {stations} {said_number} учаске хабарлады."),
    }
}

/// What a very large election has more of than a frame has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// Lists of a contest.
    Lists,
    /// Options of a contest without seats.
    Options,
    /// Districts of a contest.
    Districts,
    /// Contests.
    Contests,
}

/// That only some are shown, and how many are left out.
pub(crate) fn only_shown(language: Language, what: LeftOut, shown: u64, left_out: u64) -> String {
    let all = shown.saturating_add(left_out);
    let forms = match (what, language) {
        (LeftOut::Lists, Language::En) => ["list", "lists", "lists"],
        (LeftOut::Lists, Language::Ru) => ["списка", "списков", "списков"],
        (LeftOut::Lists, Language::Kk) => ["тізім", "тізім", "тізім"],
        (LeftOut::Options, Language::En) => ["option", "options", "options"],
        (LeftOut::Options, Language::Ru) => ["варианта", "вариантов", "вариантов"],
        (LeftOut::Options, Language::Kk) => ["нұсқа", "нұсқа", "нұсқа"],
        (LeftOut::Districts, Language::En) => ["district", "districts", "districts"],
        (LeftOut::Districts, Language::Ru) => ["округа", "округов", "округов"],
        (LeftOut::Districts, Language::Kk) => ["округ", "округ", "округ"],
        (LeftOut::Contests, Language::En) => ["contest", "contests", "contests"],
        (LeftOut::Contests, Language::Ru) => ["голосования", "голосований", "голосований"],
        (LeftOut::Contests, Language::Kk) => ["дауыс беру", "дауыс беру", "дауыс беру"],
    };
    let word = language.plural(all, forms);
    let (shown, all, left_out) = (
        language.number(shown),
        language.number(all),
        language.number(left_out),
    );
    match language {
        Language::En => format!("Only {shown} of {all} {word} are shown; {left_out} are left out."),
        Language::Ru => format!("Показано только {shown} из {all} {word}; опущено {left_out}."),
        Language::Kk => {
            format!("Барлығы {all} {word}, тек {shown} көрсетілген; {left_out} қалдырылды.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_said_anything_is_not_zero_and_one_is_not_many() {
        let of = |language, said, units| units_said(language, said, units);
        let en = |said, units| of(Language::En, said, units);
        assert_eq!(en(0, 581), "No station has said so yet.");
        assert_eq!(en(1, 581), "1 of 581 stations has said so.");
        assert_eq!(en(120, 1_581), "120 of 1,581 stations have said so.");
        assert_eq!(en(1, 1), "1 of 1 station has said so.");
        let ru = |said, units| of(Language::Ru, said, units);
        assert_eq!(ru(0, 581), "Ни один участок ещё не сообщил.");
        assert_eq!(ru(21, 581), "Сообщил 21 из 581 участка.");
        assert_eq!(ru(22, 582), "Сообщили 22 из 582 участков.");
        assert_eq!(ru(11, 611), "Сообщили 11 из 611 участков.");
        let kk = of(Language::Kk, 120, 581);
        assert_eq!(kk, "581 учаскеден 120 учаске хабарлады.");
    }

    #[test]
    fn what_is_left_out_is_counted() {
        assert_eq!(
            only_shown(Language::En, LeftOut::Lists, 256, 9_744),
            "Only 256 of 10,000 lists are shown; 9,744 are left out."
        );
        assert_eq!(
            only_shown(Language::Ru, LeftOut::Districts, 0, 1_501),
            "Показано только 0 из 1\u{a0}501 округа; опущено 1\u{a0}501."
        );
        let kk = only_shown(Language::Kk, LeftOut::Options, 8, 2);
        assert!(kk.contains("тек 8 көрсетілген; 2 қалдырылды"), "{kk}");
    }
}
