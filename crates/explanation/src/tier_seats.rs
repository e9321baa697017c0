//! The seats of a contest in tiers, all that a list has: in districts, in regions and in the house itself.

use crate::document::Document;
use crate::language::Messages;
use crate::subject::SUMMANDS_MAX;
use crate::tiers::Writer;
use apportionment::tiers::TierAllocation;

impl Writer<'_> {
    /// The seats of every list everywhere, and how far they are settled.
    pub fn result(&mut self) {
        self.heading("districts.table");
        self.paragraph("language.decimals_note", &[]);
        let table = seats_table(
            self.messages,
            (self.subject.lists, &self.all_places()),
            &self.all_seats(),
        );
        self.document.append(table);
        let TierAllocation {
            pending,
            unassigned,
            outside,
            added,
            ..
        } = self.subject.allocation;
        let counts = [
            ("districts.pending", pending),
            ("result.unassigned", unassigned),
            ("districts.outside", outside),
            ("districts.grown", added),
        ];
        let counts = counts.into_iter().filter(|(_, seats)| **seats > 0);
        let points = counts.map(|(key, seats)| self.say(key, &[("seats", (*seats).into())]));
        let mut points: Vec<String> = points.collect();
        let districts = &self.subject.contest.districted.districts;
        let silent = self.subject.districts.iter().zip(districts);
        let silent = silent.filter(|(_, district)| district.votes.iter().all(|&votes| votes == 0));
        let silent: Vec<String> = silent.map(|(name, _)| name.clone()).collect();
        if !silent.is_empty() {
            let districts = self.messages.all_of(&silent);
            points.push(self.say("districts.no_votes", &[("districts", districts.into())]));
        }
        self.document.points(points);
    }

    /// Whether some seats are in no region and no district.
    fn has_house_seats(&self) -> bool {
        let seats = &self.subject.allocation.house_seats;
        seats.iter().any(|&seats| seats > 0)
    }

    /// Seats by list of every district, of regions beside them, and of the house itself.
    fn all_seats(&self) -> Vec<Vec<u32>> {
        let allocation = self.subject.allocation;
        let mut lines = allocation.seats.clone();
        lines.extend(allocation.region_seats.iter().cloned());
        if self.has_house_seats() {
            lines.push(allocation.house_seats.clone());
        }
        lines
    }

    /// What the lines of [`Self::all_seats`] are called.
    fn all_places(&self) -> Vec<String> {
        let mut names = self.subject.districts.to_vec();
        names.truncate(self.subject.allocation.seats.len());
        let regions = 0..self.subject.allocation.region_seats.len();
        names.extend(regions.map(|region| self.region(region)));
        if self.has_house_seats() {
            names.push(self.say("districts.no_district", &[]));
        }
        names
    }
}

/// Seats by district and list, and the sums of the lists.
pub(crate) fn seats_table(
    messages: &Messages,
    (lists, districts): (&[String], &[String]),
    seats: &[Vec<u32>],
) -> Document {
    const COLUMNS_MAX: usize = 14;
    let mut document = Document::default();
    let numbers = &messages.numbers;
    if lists.len() <= COLUMNS_MAX {
        let rows = seats.iter().zip(districts).map(|(seats, district)| {
            let cells = seats.iter().map(|seats| numbers.whole((*seats).into()));
            std::iter::once(district.clone()).chain(cells).collect()
        });
        let header = std::iter::once(messages.say("districts.district", &[]));
        let header: Vec<String> = header.chain(lists.iter().cloned()).collect();
        document.table(header, 1..lists.len() + 1, rows.collect());
    }
    let sums = lists.iter().enumerate().map(|(list, name)| {
        let seats = seats.iter().map(|line| u128::from(line[list]));
        let claim = if districts.len() <= SUMMANDS_MAX {
            numbers.sum(seats)
        } else {
            numbers.whole(seats.sum())
        };
        messages.say(
            "districts.list_sum",
            &[("list", name.as_str().into()), ("claim", claim.into())],
        )
    });
    let sums = sums.collect();
    document.points(sums);
    document
}
