//! Who stands below the threshold, and where its line is: the page and the terminal rank the options of a frame by this.

use election::rules::{Rules, ThresholdRule};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use wire::feed::v1::{FrameContest, FrameRow};

/// What of a list decides which share it needs.
#[derive(Debug, Clone, Copy)]
pub struct Needing<'a> {
    /// The contest.
    pub contest: &'a str,
    /// The option.
    pub option: &'a str,
    /// It is a minority's list, which the rules may exempt.
    pub is_minority: bool,
    /// How many parties stand on it together.
    pub coalition_size: u32,
}

/// The thresholds of an election's contests, as its rules have them. Empty: the rules are not known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thresholds {
    rules: BTreeMap<String, ThresholdRule>,
    /// By contest and option, what makes it need another share than a party alone.
    needing: BTreeMap<(String, String), (bool, u32)>,
}

/// A line of a contest's table.
#[derive(Debug, Clone, Copy)]
pub enum Entry<'a> {
    /// The votes that a list needs to pass.
    Threshold(u64),
    /// An option.
    Option {
        /// Its place among the rows of the frame.
        place: usize,
        /// What is known of it.
        row: &'a FrameRow,
        /// It takes no part for want of votes.
        is_below: bool,
    },
}

/// A share of votes, as a fraction.
type Share = [u64; 2];

impl Thresholds {
    /// Those of these rules, for the options of the ballot.
    pub fn new<'a>(rules: &Rules, options: impl IntoIterator<Item = Needing<'a>>) -> Self {
        let thresholds = rules.contests.iter().filter_map(|contest| {
            let threshold = contest.threshold.clone().filter(|it| !it.per_seat)?;
            Some((contest.id.to_string(), threshold))
        });
        let special = options
            .into_iter()
            .filter(|it| it.is_minority || it.coalition_size > 1);
        let needing = special.map(|it| {
            let key = (it.contest.to_owned(), it.option.to_owned());
            (key, (it.is_minority, it.coalition_size))
        });
        Self {
            rules: thresholds.collect(),
            needing: needing.collect(),
        }
    }

    /// The share that a party alone needs in a contest; `None`: there is no threshold, or it is not known.
    pub fn share(&self, contest: &str) -> Option<[u64; 2]> {
        self.rules.get(contest).map(|rule| rule.share)
    }

    // The share that an option of a contest needs: a coalition may need another one than a party alone. `None`: none.
    fn share_of(&self, rule: &ThresholdRule, contest: &str, option: &str) -> Option<Share> {
        let key = (contest.to_owned(), option.to_owned());
        let (is_minority, size) = self.needing.get(&key).copied().unwrap_or((false, 1));
        if is_minority && rule.minorities_exempt {
            return None;
        }
        let coalitions = rule.coalitions.iter();
        let mut reached = coalitions.filter(|it| size >= it.parties);
        Some(reached.next_back().map_or(rule.share, |it| it.share))
    }

    /// Whether a list takes no part for want of votes. Where districts may differ in it the frame does not say who was let in
    /// below the threshold, but who holds a seat, or may get one, was. What nobody knows is not said of anybody.
    pub fn is_below(&self, contest: &FrameContest, row: &FrameRow) -> bool {
        let Some(threshold) = threshold(contest) else {
            return false;
        };
        if let Some(takes_part) = row.takes_part {
            return !takes_part;
        }
        let Some(seats) = row.seats.as_ref().filter(|seats| seats.seats == Some(0)) else {
            return false;
        };
        let others = [seats.seats_most, seats.seats_declared];
        if others.into_iter().flatten().any(|seats| seats > 0) {
            return false;
        }
        let Some(rule) = self.rules.get(&contest.contest_id) else {
            return row.votes < threshold;
        };
        match self.share_of(rule, &contest.contest_id, &row.option_id) {
            None => false,
            Some(share) if share == rule.share => row.votes < threshold,
            Some(share) => falls_short(row.votes, share, threshold, rule.share),
        }
    }

    /// The options of a contest, the largest first, with the line between those that take part and those that do not. Who
    /// takes part stands above it, with however few votes; what is no list, by its votes.
    pub fn ranked<'a>(&self, contest: &'a FrameContest) -> Vec<Entry<'a>> {
        let threshold = threshold(contest);
        let rows = contest.rows.iter().enumerate();
        let mut rows: Vec<(usize, &FrameRow, bool)> = rows
            .map(|(place, row)| (place, row, self.is_below(contest, row)))
            .collect();
        let is_low = |row: &FrameRow, is_below: bool| {
            is_below || row.seats.is_none() && threshold.is_some_and(|it| row.votes < it)
        };
        rows.sort_by_key(|(_, row, is_below)| (is_low(row, *is_below), Reverse(row.votes)));
        let mut line = threshold.filter(|_| rows.iter().any(|(.., is_below)| *is_below));
        let mut entries = Vec::new();
        for (place, row, is_below) in rows {
            if is_low(row, is_below) {
                entries.extend(line.take().map(Entry::Threshold));
            }
            entries.push(Entry::Option {
                place,
                row,
                is_below,
            });
        }
        entries
    }
}

// The votes that pass, once any are counted.
fn threshold(contest: &FrameContest) -> Option<u64> {
    let is_begun = crate::shares::base(contest).votes(contest) > 0;
    contest.threshold_votes.filter(|_| is_begun)
}

// Whether votes are less than another share, of a base of which no more is known than the fewest votes that pass the plain
// share: the base times the plain share is at least one vote less than those.
fn falls_short(votes: u64, share: Share, threshold: u64, plain: Share) -> bool {
    let product = |factors: [u64; 3]| {
        let mut factors = factors.into_iter().map(u128::from);
        factors.try_fold(1_u128, u128::checked_mul)
    };
    let has = product([votes, share[1], plain[0]]);
    let needs = product([threshold.saturating_sub(1), share[0], plain[1]]);
    matches!((has, needs), (Some(has), Some(needs)) if has < needs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::common::v1::{ListSeats, OptionRole};

    fn row(votes: u64, takes_part: Option<bool>) -> FrameRow {
        let seats = ListSeats {
            seats: Some(0),
            ..ListSeats::default()
        };
        FrameRow {
            votes,
            takes_part,
            seats: Some(seats),
            ..FrameRow::default()
        }
    }

    fn told(contest: &FrameContest) -> Vec<String> {
        let entries = Thresholds::default().ranked(contest).into_iter();
        entries
            .map(|entry| match entry {
                Entry::Threshold(votes) => format!("-- {votes}"),
                Entry::Option { row, is_below, .. } => format!("{} {is_below}", row.votes),
            })
            .collect()
    }

    #[test]
    fn the_line_stands_between_who_takes_part_and_who_does_not() {
        let mut contest = FrameContest {
            // Of two with 5 votes one was rescued; with 30 one takes no part, as a coalition that needs more.
            rows: vec![
                row(5, Some(true)),
                row(90, Some(true)),
                row(5, Some(false)),
                row(30, Some(false)),
                row(4, None),
            ],
            threshold_votes: Some(20),
            ..FrameContest::default()
        };
        let wanted = [
            "90 false", "5 false", "-- 20", "30 true", "5 true", "4 true",
        ];
        assert_eq!(told(&contest), wanted);
        // Votes against all are no list: by their number they stand below the line, and nothing is said of them.
        contest.rows.push(FrameRow {
            votes: 6,
            role: OptionRole::AgainstAll.into(),
            ..FrameRow::default()
        });
        let all = [
            "90 false", "5 false", "-- 20", "30 true", "6 false", "5 true", "4 true",
        ];
        assert_eq!(told(&contest), all);
        // Who may get a seat is not below, whatever its votes.
        let most = contest.rows[4].seats.as_mut().unwrap();
        most.seats_most = Some(1);
        assert!(told(&contest).contains(&String::from("4 false")));
        let none = FrameContest {
            rows: vec![row(0, None)],
            ..contest
        };
        assert_eq!(
            told(&none),
            ["0 false"],
            "nothing is below before the first vote"
        );
    }
}
