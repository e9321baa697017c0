//! Who takes part in tiers: shares of all votes or of a district, first places, seats in districts, and votes in regions.

use crate::document::Document;
use crate::language::Messages;
use crate::number::MINUS;
use crate::threshold::{base_key, share_text};
use crate::tier_stages::count;
use crate::tiers::Writer;
use apportionment::tiers::{Admission, RegionsAverage};
use apportionment::{Comparison, DistrictedList, Fraction, Threshold};

/// What a threshold is a share of, and whom it is asked.
pub(crate) struct Asked<'a> {
    pub names: &'a [String],
    pub lists: &'a [DistrictedList],
    pub votes: Vec<u128>,
    /// The count that the share is of.
    pub base: u128,
}

impl Writer<'_> {
    /// What lists need to take part, and how each of them stands to it.
    pub fn admission(&mut self, admission: &Admission) {
        let Admission {
            overall,
            here: _,
            constituencies_won,
            seats_won,
            regions_average,
        } = admission;
        let given = [
            overall.is_some(),
            admission.here.is_some(),
            constituencies_won.is_some(),
            seats_won.is_some(),
            regions_average.is_some(),
        ];
        if given.iter().filter(|given| **given).count() > 1 {
            self.paragraph("districts.one_is_enough", &[]);
        }
        if let Some(overall) = overall {
            let districts = 0..self.subject.contest.districted.districts.len();
            self.share_needed("districts.share_overall", overall, districts);
        }
        if let Some(needed) = constituencies_won {
            self.first_places_won(*needed);
        }
        if let Some(needed) = seats_won {
            self.paragraph("districts.seats_won", &[("seats", (*needed).into())]);
        }
        if let Some(average) = regions_average {
            self.votes_in_regions(*average);
        }
        let exempt = self.subject.contest.districted.lists.iter().enumerate();
        let exempt = exempt.filter(|(_, list)| list.exempt && given.contains(&true));
        let points = exempt.map(|(list, _)| {
            let list = self.list(list).into();
            self.say("threshold.exempt", &[("list", list)])
        });
        let points = points.collect();
        self.document.points(points);
    }

    /// What lists need for the seats of one district.
    pub fn admission_here(&mut self, admission: &Admission, district: usize) {
        if let Some(here) = &admission.here {
            self.share_needed("districts.share_here", here, district..district + 1);
        }
    }

    fn share_needed(
        &mut self,
        key: &str,
        threshold: &Threshold,
        districts: std::ops::Range<usize>,
    ) {
        let districted = &self.subject.contest.districted;
        let districts = &districted.districts[districts];
        let base = districts
            .iter()
            .map(|district| count(&district.votes, &district.base, threshold.base));
        let Some(base) = base.sum::<Option<u128>>() else {
            return;
        };
        let votes = |list: usize| {
            districts
                .iter()
                .map(|one| u128::from(one.votes[list]))
                .sum()
        };
        let asked = Asked {
            names: self.subject.lists,
            lists: &districted.lists,
            votes: (0..districted.lists.len()).map(votes).collect(),
            base,
        };
        share_needed(&mut self.document, self.messages, key, threshold, &asked);
    }

    fn first_places_won(&mut self, needed: u32) {
        self.paragraph("districts.first_places", &[("seats", needed.into())]);
        let numbers = &self.messages.numbers;
        let won = (0..self.subject.lists.len()).map(|list| {
            let constituencies = self.subject.contest.constituencies.iter();
            constituencies
                .filter(|one| one.first() == Some(list))
                .count()
        });
        let won = won.enumerate().filter(|(_, won)| *won > 0);
        let points = won.map(|(list, won)| {
            let won = u128::try_from(won).unwrap_or(u128::MAX);
            let relation = if won >= u128::from(needed) {
                '≥'
            } else {
                '<'
            };
            let claim = format!(
                "{} {relation} {}",
                numbers.whole(won),
                numbers.whole(needed.into())
            );
            let values = [("list", self.list(list).into()), ("claim", claim.into())];
            self.say("districts.list_sum", &values)
        });
        let points = points.collect();
        self.document.points(points);
    }

    /// Votes against votes for a seat of the region, where both as whole numbers multiply out.
    fn votes_in_regions(&mut self, average: RegionsAverage) {
        let base = self.say(base_key(average.base), &[]);
        let values = [("regions", average.regions.into()), ("base", base.into())];
        self.paragraph("districts.regions_average", &values);
        let contest = self.subject.contest;
        let numbers = &self.messages.numbers;
        let mut rows = Vec::new();
        for (region, entry) in contest.regions.iter().enumerate() {
            let members = || {
                entry
                    .districts
                    .iter()
                    .map(|&one| &contest.districted.districts[one])
            };
            let base = members().map(|one| count(&one.votes, &one.base, average.base));
            let seats = u128::from(self.seats_of(&entry.districts));
            let Some(base) = base.sum::<Option<u128>>().filter(|_| seats > 0) else {
                continue;
            };
            for list in 0..self.subject.lists.len() {
                let votes: u128 = members().map(|one| u128::from(one.votes[list])).sum();
                let enough = votes
                    .checked_mul(seats)
                    .is_none_or(|product| product >= base);
                if votes == 0 {
                    continue;
                }
                let relation = if enough { '≥' } else { '<' };
                let claim = format!(
                    "{} {relation} {} / {}",
                    numbers.whole(votes),
                    numbers.whole(base),
                    numbers.whole(seats)
                );
                rows.push(vec![self.region(region), self.list(list).to_owned(), claim]);
            }
        }
        let header = [
            "districts.region_column",
            "columns.list",
            "districts.person_claim",
        ];
        let header = header.map(|key| self.say(key, &[])).to_vec();
        self.document.table(header, 2..3, rows);
    }
}

/// What a share of a count is in votes, and what each list has more or less.
pub(crate) fn share_needed(
    document: &mut Document,
    messages: &Messages,
    key: &str,
    threshold: &Threshold,
    asked: &Asked<'_>,
) {
    let base = messages.say(base_key(threshold.base), &[]);
    let values = [("base", base.into()), ("count", asked.base.into())];
    document.paragraph(messages.say(key, &values));
    let said = match threshold.comparison {
        Comparison::AtLeast => "threshold.at_least",
        Comparison::MoreThan => "threshold.more_than",
    };
    let values = |share: Fraction| {
        let votes = needed(share, threshold.comparison, asked.base);
        [
            ("share", share_text(messages, share).into()),
            ("claim", claim(messages, share, asked.base).into()),
            ("votes", votes.unwrap_or(u128::MAX).into()),
        ]
    };
    let mut points = vec![messages.say(said, &values(threshold.share))];
    for entry in &threshold.by_coalition_size {
        let mut values = values(entry.share).to_vec();
        values.push(("parties", entry.size_min.into()));
        points.push(messages.say("threshold.coalition", &values));
    }
    document.points(points);
    let rows = asked.names.iter().zip(asked.lists).zip(&asked.votes);
    let rows = rows
        .filter(|(_, votes)| **votes > 0)
        .map(|((name, list), votes)| {
            let share = threshold.share_for(list.coalition_size);
            let difference = needed(share, threshold.comparison, asked.base).map_or_else(
                || MINUS.to_string(),
                |needed| messages.numbers.difference(*votes, needed),
            );
            vec![name.clone(), share_text(messages, share), difference]
        });
    let header = ["columns.list", "columns.needed_share", "columns.difference"];
    let header = header.map(|key| messages.say(key, &[])).to_vec();
    document.table(header, 1..3, rows.collect());
}

/// The fewest votes that pass.
pub(crate) fn needed(share: Fraction, comparison: Comparison, base: u128) -> Option<u128> {
    let product = base.checked_mul(share.numerator.into())?;
    let divisor = u128::from(share.denominator);
    Some(match comparison {
        Comparison::AtLeast => product.div_ceil(divisor).max(1),
        Comparison::MoreThan => product / divisor + 1,
    })
}

/// 2 000 × 4 / 100 = 80.
pub(crate) fn claim(messages: &Messages, share: Fraction, base: u128) -> String {
    let numbers = &messages.numbers;
    let product = base.saturating_mul(share.numerator.into());
    format!(
        "{} = {}",
        numbers.times(base, share),
        numbers.parts(product, share.denominator.into())
    )
}
