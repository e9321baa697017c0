//! What several lists have together, as a sentence.

use crate::page::language::Language;
use crate::page::words::{pick, seats};
use wire::common::v1::{Certainty, CoalitionSeats};

/// "Aq Jol and Auyl together: 6 to 9 seats; a majority is excluded." It names no coalition and foretells none: lists that
/// were asked for, and their numbers.
pub(crate) fn together(language: Language, names: &[String], coalition: &CoalitionSeats) -> String {
    let names = joined(language, names);
    let range = range(language, coalition.seats_fewest, coalition.seats_most);
    let majority = pick(
        language,
        match coalition.has_majority() {
            Certainty::Unspecified => ["", "", ""],
            Certainty::Certain => [
                "; the majority is certain",
                "; большинство закреплено",
                "; көпшілік бекітілген",
            ],
            Certainty::Excluded => [
                "; a majority is excluded",
                "; большинство исключено",
                "; көпшілік мүмкін емес",
            ],
            Certainty::Open => [
                "; a majority is open",
                "; вопрос о большинстве открыт",
                "; көпшілік мәселесі ашық",
            ],
        },
    );
    let together = pick(language, ["together", "вместе", "бірге"]);
    format!("{names} {together}: {range}{majority}.")
}

fn joined(language: Language, names: &[String]) -> String {
    let and = pick(language, [" and ", " и ", " және "]);
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{}{and}{last}", first.join(", ")),
    }
}

fn range(language: Language, fewest: u32, most: u32) -> String {
    let word = seats(language, most);
    let (low, high) = (language.number(fewest), language.number(most));
    if fewest == most {
        return format!("{high} {word}");
    }
    match language {
        Language::En => format!("{low} to {high} {word}"),
        // After "до" the genitive stands: one form for 1, 21, 31, another for all others.
        Language::Ru => format!(
            "от {low} до {high} {}",
            language.plural(most.into(), ["мандата", "мандатов", "мандатов"])
        ),
        Language::Kk => format!("{low}–{high} {word}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(language: Language, range: (u32, u32), majority: Certainty) -> String {
        let names = ["Aq Jol", "Auyl"].map(String::from);
        let coalition = CoalitionSeats {
            seats_fewest: range.0,
            seats_most: range.1,
            has_majority: majority.into(),
            ..CoalitionSeats::default()
        };
        together(language, &names, &coalition)
    }

    #[test]
    fn what_lists_have_together_is_a_sentence_in_each_language() {
        let english = |range, majority| said(Language::En, range, majority);
        assert_eq!(
            english((6, 9), Certainty::Excluded),
            "Aq Jol and Auyl together: 6 to 9 seats; a majority is excluded."
        );
        assert!(english((20, 24), Certainty::Certain).ends_with("; the majority is certain."));
        assert!(english((6, 24), Certainty::Open).ends_with("; a majority is open."));
        assert_eq!(
            english((7, 7), Certainty::Unspecified),
            "Aq Jol and Auyl together: 7 seats."
        );
        assert!(english((1, 1), Certainty::Unspecified).ends_with(": 1 seat."));
        assert_eq!(
            said(Language::Ru, (6, 21), Certainty::Excluded),
            "Aq Jol и Auyl вместе: от 6 до 21 мандата; большинство исключено."
        );
        assert!(
            said(Language::Ru, (2, 4), Certainty::Unspecified).ends_with("от 2 до 4 мандатов.")
        );
        assert!(said(Language::Ru, (4, 4), Certainty::Unspecified).ends_with(": 4 мандата."));
        assert_eq!(
            said(Language::Kk, (6, 9), Certainty::Certain),
            "Aq Jol және Auyl бірге: 6–9 мандат; көпшілік бекітілген."
        );
        let three = ["A", "B", "C"].map(String::from);
        assert_eq!(joined(Language::En, &three), "A, B and C");
    }
}
