//! Double proportional seats: voters' numbers, the seats of the lists, and the divisions that prove those in the districts.

use crate::divisor::parts;
use crate::document::Document;
use crate::language::{Language, Messages};
use crate::overall::{House, distances};
use crate::sub_allocation::{contest_of, sub_allocation};
use crate::subject::SUMMANDS_MAX;
use crate::threshold::{base_key, share_text};
use crate::tier_admission::{Asked, claim, needed, share_needed};
use crate::tier_seats::seats_table;
use crate::tier_stages::count;
use crate::tier_ties::{VoidPlaces, void_lots};
use apportionment::double_proportional::{
    Cell, CellRounding, CellStep, CellTie, Divisor, DoubleAllocation, DoubleProportional,
    LineSteps, VotersNumbers, explain,
};
use apportionment::{Comparison, DistrictedContest, HouseMargin, Lot, Method, Stage, Threshold};

/// Most tables that are told one by one where several are right.
const TABLES_MAX: usize = 12;

/// A double proportional result with the question that it answers.
#[derive(Clone, Copy, Debug)]
pub struct DoubleSubject<'a> {
    /// What stands above it; empty: nothing does.
    pub title: &'a str,
    /// What must be shown with everything, such as that votes are invented; empty: nothing must.
    pub notice: &'a str,
    /// What the lists are called, in their order.
    pub lists: &'a [String],
    /// What the districts are called, in their order.
    pub districts: &'a [String],
    /// The votes.
    pub contest: &'a DistrictedContest,
    /// The law.
    pub rules: &'a DoubleProportional,
    /// The lots that were drawn among lists.
    pub lots: &'a [Lot],
    /// Lots that were drawn and not used.
    pub void_lots: &'a [VoidPlaces],
    /// The answer of [`apportionment::double_proportional::allocate`] to just this question.
    pub allocation: &'a DoubleAllocation,
    /// What would change what lists have in the house, if that is asked for; empty otherwise.
    pub margins: &'a [HouseMargin],
}

/// Explains double proportional seats: whoever divides again has checked them.
///
/// # Panics
/// If there are fewer names than lists or districts, or the allocation is that of another contest.
#[must_use]
pub fn double_proportional(subject: DoubleSubject<'_>, language: Language) -> Document {
    let mut writer = Writer {
        subject,
        messages: language.messages(),
        document: Document::default(),
    };
    writer.document.head(subject.title, subject.notice);
    writer.paragraph("language.decimals_note");
    writer.quorum();
    writer.voters_numbers();
    writer.heading("double.upper");
    let DoubleAllocation {
        voters_numbers,
        upper,
        ..
    } = subject.allocation;
    let chain = [Stage::all(Method::Divisors(subject.rules.upper))];
    let mut contest = contest_of(voters_numbers, None, upper.house);
    for (list, known) in contest.lists.iter_mut().zip(&subject.contest.lists) {
        list.registration = known.registration;
    }
    let rules = (&chain[..], &subject.rules.ties[..]);
    let asked = (&contest, subject.lots);
    let document = sub_allocation(language, subject.lists, rules, asked, upper);
    writer.document.append(document);
    writer.lower();
    let shares = subject.rules.quorum.overall.iter().map(|share| (0, share));
    let shares: Vec<_> = shares.collect();
    let house = House {
        lists: subject.lists,
        districts: subject.districts,
        before: &subject.allocation.upper.seats(),
        margins: subject.margins,
    };
    let has_other_way = subject.rules.quorum.one_district.is_some();
    let asked = (&shares[..], has_other_way);
    let distances = distances(writer.messages, house, subject.contest, asked);
    writer.document.append(distances);
    void_lots(&mut writer.document, writer.messages, subject.void_lots);
    writer.document
}

struct Writer<'a> {
    subject: DoubleSubject<'a>,
    messages: &'static Messages,
    document: Document,
}

impl Writer<'_> {
    fn heading(&mut self, key: &str) {
        let text = self.messages.say(key, &[]);
        self.document.heading(2, text);
    }

    fn paragraph(&mut self, key: &str) {
        let text = self.messages.say(key, &[]);
        self.document.paragraph(text);
    }

    /// Who takes part: a share of all votes, or of those of one district.
    fn quorum(&mut self) {
        let quorum = &self.subject.rules.quorum;
        let contest = self.subject.contest;
        if quorum.overall.is_none() && quorum.one_district.is_none() {
            return;
        }
        self.heading("threshold.heading");
        if quorum.overall.is_some() && quorum.one_district.is_some() {
            self.paragraph("districts.one_is_enough");
        }
        if let Some(threshold) = &quorum.overall {
            let districts = contest.districts.iter();
            let base = districts
                .map(|district| count(&district.votes, &district.base, threshold.base))
                .sum::<Option<u128>>();
            let votes = (0..contest.lists.len()).map(|list| {
                let districts = contest.districts.iter();
                districts.map(|one| u128::from(one.votes[list])).sum()
            });
            if let Some(base) = base {
                let asked = Asked {
                    names: self.subject.lists,
                    lists: &contest.lists,
                    votes: votes.collect(),
                    base,
                };
                let key = "districts.share_overall";
                share_needed(&mut self.document, self.messages, key, threshold, &asked);
            }
        }
        if let Some(threshold) = &quorum.one_district {
            self.shares_in_districts(threshold);
        }
    }

    /// Where each list comes nearest to what is needed in one district.
    fn shares_in_districts(&mut self, threshold: &Threshold) {
        let contest = self.subject.contest;
        let numbers = &self.messages.numbers;
        let key = match threshold.comparison {
            Comparison::AtLeast => "double.one_district",
            Comparison::MoreThan => "double.one_district_more",
        };
        let base = self.messages.say(base_key(threshold.base), &[]);
        let share = share_text(self.messages, threshold.share);
        let values = [("share", share.into()), ("base", base.into())];
        let rows = (0..contest.lists.len()).filter_map(|list| {
            let share = threshold.share_for(contest.lists[list].coalition_size);
            let districts = contest.districts.iter().enumerate();
            let counted = districts.filter_map(|(district, entry)| {
                let base = count(&entry.votes, &entry.base, threshold.base)?;
                Some((district, u128::from(entry.votes[list]), base.max(1)))
            });
            let (district, votes, base) = counted.max_by(|one, other| {
                let cross = |votes: u128, base: u128| votes.saturating_mul(base);
                cross(one.1, other.2).cmp(&cross(other.1, one.2))
            })?;
            let needed = needed(share, threshold.comparison, base)?;
            (votes > 0).then(|| {
                vec![
                    self.subject.lists[list].clone(),
                    self.subject.districts[district].clone(),
                    claim(self.messages, share, base),
                    numbers.difference(votes, needed),
                ]
            })
        });
        let rows = rows.collect();
        let header = [
            "columns.list",
            "districts.district",
            "double.needed",
            "columns.difference",
        ];
        let header = header.map(|key| self.messages.say(key, &[])).to_vec();
        let text = self.messages.say(key, &values);
        self.document.paragraph(text);
        self.document.table(header, 2..4, rows);
    }

    /// Votes over the seats of each district, added up.
    fn voters_numbers(&mut self) {
        self.heading("double.numbers");
        self.paragraph("double.explained");
        let DoubleAllocation {
            quorum,
            voters_numbers,
            voters_numbers_denominator,
            ..
        } = self.subject.allocation;
        let denominator = *voters_numbers_denominator;
        let lists = quorum.iter().zip(voters_numbers).enumerate();
        let points = lists.map(|(list, (reached, number))| {
            let name = self.subject.lists[list].as_str();
            if !reached {
                return self
                    .messages
                    .say("double.quorum_missed", &[("list", name.into())]);
            }
            let total = self
                .messages
                .numbers
                .parts((*number).into(), denominator.into());
            let claim = self.number_claim(list, &total);
            self.messages.say(
                "double.number",
                &[("list", name.into()), ("claim", claim.into())],
            )
        });
        let points = points.collect();
        self.document.points(points);
        if denominator > 1 {
            let values = [("factor", denominator.into())];
            let text = self.messages.say("double.scaled", &values);
            self.document.paragraph(text);
        }
    }

    fn number_claim(&self, list: usize, total: &str) -> String {
        let numbers = &self.messages.numbers;
        let districts = &self.subject.contest.districts;
        if districts.len() > SUMMANDS_MAX {
            return total.to_owned();
        }
        let with_votes = districts.iter().filter(|district| district.votes[list] > 0);
        let terms = with_votes.map(|district| {
            let (votes, seats) = (u128::from(district.votes[list]), u128::from(district.seats));
            match self.subject.rules.voters_numbers {
                VotersNumbers::Exact => {
                    format!("{} / {}", numbers.whole(votes), numbers.whole(seats))
                }
                VotersNumbers::NearestInDistrict => {
                    numbers.whole((2 * votes + seats) / (2 * seats))
                }
            }
        });
        let terms: Vec<String> = terms.collect();
        if terms.is_empty() {
            return total.to_owned();
        }
        let claim = format!("{} = {total}", terms.join(" + "));
        match self.subject.rules.voters_numbers {
            VotersNumbers::Exact => claim,
            VotersNumbers::NearestInDistrict => self
                .messages
                .say("double.rounded", &[("claim", claim.into())]),
        }
    }

    /// Each district's divisions, the sums of both directions, and what is tied.
    fn lower(&mut self) {
        self.heading("double.lower");
        let Some(lower) = &self.subject.allocation.lower else {
            self.paragraph("double.open");
            return;
        };
        self.paragraph("double.lower_explained");
        self.paragraph(match self.subject.rules.lower {
            CellRounding::Standard => "double.standard",
            CellRounding::Down => "double.down",
        });
        let steps = explain(
            self.subject.contest,
            self.subject.rules,
            self.subject.allocation,
        );
        for line in &steps {
            self.line(line);
        }
        lower.ties.iter().for_each(|tie| self.tie(tie));
        self.heading("districts.table");
        let names = (self.subject.lists, self.subject.districts);
        let table = seats_table(self.messages, names, &lower.seats);
        self.document.append(table);
    }

    fn line(&mut self, line: &LineSteps) {
        let numbers = &self.messages.numbers;
        let district = self.subject.districts[line.district].as_str();
        let seats = self.subject.contest.districts[line.district].seats;
        let values = [
            ("district", district.into()),
            ("seats", seats.into()),
            ("divisor", numbers.divisor(&line.divisor).into()),
        ];
        let heading = self.messages.say("double.district", &values);
        let rows = line.cells.iter().map(|cell| {
            vec![
                self.subject.lists[cell.list].clone(),
                self.quotient(&line.divisor, cell),
                numbers.whole(cell.seats.into()),
            ]
        });
        let rows = rows.collect();
        let given = line.cells.iter().map(|cell| u128::from(cell.seats));
        let claim = numbers.sum(given);
        let values = [("district", district.into()), ("claim", claim.into())];
        let sum = self.messages.say("double.sum", &values);
        self.document.heading(3, heading);
        let header = ["columns.list", "double.divisor", "columns.seats"];
        let header = header
            .iter()
            .map(|key| self.messages.say(key, &[]))
            .collect();
        self.document.table(header, 1..3, rows);
        self.document.points(vec![sum]);
    }

    /// Votes over both divisors. Where a tie makes the divisors too long for a calculator, the quotient stands alone.
    fn quotient(&self, divisor: &Divisor, cell: &CellStep) -> String {
        let numbers = &self.messages.numbers;
        let exact = parts(divisor).zip(parts(&cell.list_divisor));
        let exact = exact.and_then(|((above, below), (list_above, list_below))| {
            let numerator = u128::from(cell.votes)
                .checked_mul(below)?
                .checked_mul(list_below)?;
            Some((numerator, above.checked_mul(list_above)?))
        });
        let Some((numerator, denominator)) = exact else {
            let (whole, thousandths) = cell.quotient;
            return numbers.with_decimals(&numbers.whole(whole), &format!("{thousandths:03}…"));
        };
        format!(
            "{} / {} / {} = {}",
            numbers.whole(cell.votes.into()),
            numbers.divisor(divisor),
            numbers.divisor(&cell.list_divisor),
            numbers.parts(numerator, denominator),
        )
    }

    fn places(&self, cells: &[Cell]) -> String {
        let cells = cells.iter().map(|cell| {
            let (list, district) = (
                &self.subject.lists[cell.list],
                &self.subject.districts[cell.district],
            );
            format!("{list}, {district}")
        });
        cells.collect::<Vec<_>>().join("; ")
    }

    fn tie(&mut self, tie: &CellTie) {
        let places = self.places(&tie.cells).into();
        if let Some(winners) = &tie.winners {
            let values = [("places", places), ("winners", self.places(winners).into())];
            let text = self.messages.say("double.tie_drawn", &values);
            self.document.paragraph(text);
            return;
        }
        let text = self.messages.say("double.tie", &[("places", places)]);
        self.document.paragraph(text);
        let outcomes = tie.outcomes(TABLES_MAX + 1);
        if outcomes.len() > TABLES_MAX {
            let values = [("seats", tie.seats_at_stake().into())];
            let text = self.messages.say("double.many_tables", &values);
            self.document.paragraph(text);
            return;
        }
        self.paragraph("double.tables");
        let points = outcomes.iter().map(|winners| self.places(winners));
        self.document.points(points.collect());
    }
}
