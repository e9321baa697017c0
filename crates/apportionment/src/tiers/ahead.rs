//! What seats that go back can come to, in whatever order equal keys are taken: a lot that changes nothing is not asked for.

use std::collections::BTreeSet;

use super::place::key;
use super::{Place, Returning};
use crate::districts::DistrictedContest;
use crate::ratio::Ratio;

/// Most tables that are followed at a time.
pub(super) const TABLES_MAX: usize = 100;
/// Most tables that are followed one after the other, all together: of seats that go back by the thousand, equal keys of which
/// nothing is seen by then are a tie.
pub(super) const TABLES_ALL_MAX: usize = 1_000;
/// Most places of a table that is followed.
pub(super) const PLACES_MAX: usize = 10_000;

/// Seats by district and list.
type Table = Vec<Vec<u32>>;

/// What is looked ahead with.
pub(super) struct Ahead<'a> {
    pub contest: &'a DistrictedContest,
    pub returning: &'a Returning,
    /// Seats of the house by list.
    pub due: &'a [u32],
}

impl Ahead<'_> {
    /// Whether the table is one that is followed.
    pub fn is_small(&self) -> bool {
        let places = self.contest.districts.len().checked_mul(self.due.len());
        places.is_some_and(|places| places <= PLACES_MAX)
    }

    /// Whether all of these tables come to one and the same in whatever order equal keys are taken, as far as the tables on the
    /// way are few enough to follow.
    pub fn come_to_the_same(&self, mut tables: BTreeSet<Table>) -> bool {
        let mut end: Option<Table> = None;
        let mut followed = 0;
        while !tables.is_empty() {
            if tables.len() == 1 && end.is_none() {
                // Whatever follows, it follows from all of them.
                return true;
            }
            followed += tables.len();
            if tables.len() > TABLES_MAX || followed > TABLES_ALL_MAX {
                return false;
            }
            let mut next = BTreeSet::new();
            for table in tables {
                let places = self.smallest(&table);
                for &place in &places {
                    next.extend(self.after(&table, place));
                }
                if places.is_empty() && *end.get_or_insert_with(|| table.clone()) != table {
                    return false;
                }
            }
            tables = next;
        }
        true
    }

    /// The tables in which a seat of this place has gone back: one for each list that comes first in taking it.
    pub fn after(&self, table: &[Vec<u32>], place: Place) -> Vec<Table> {
        let district = place.district;
        let mut without = table.to_vec();
        without[district][place.list] -= 1;
        let held = self.held(&without);
        let takers = (0..self.due.len()).filter(|&list| held[list] < self.due[list]);
        let takers = takers.filter_map(|list| {
            let key = self.key(district, list, without[district][list])?;
            Some((key, list))
        });
        let takers: Vec<(Ratio, usize)> = takers.collect();
        let Some(largest) = takers.iter().map(|(key, _)| *key).max() else {
            return vec![without];
        };
        let best = takers.iter().filter(|(key, _)| *key == largest);
        let with = |(_, list): &(Ratio, usize)| {
            let mut table = without.clone();
            table[district][*list] += 1;
            table
        };
        best.map(with).collect()
    }

    /// The places whose last seats have the smallest key of all that can go back.
    fn smallest(&self, table: &[Vec<u32>]) -> Vec<Place> {
        let held = self.held(table);
        let mut smallest: (Option<Ratio>, Vec<Place>) = (None, Vec::new());
        for (district, line) in table.iter().enumerate() {
            if self.contest.districts[district].seats < self.returning.district_seats_min {
                continue;
            }
            for (list, &seats) in line.iter().enumerate() {
                let Some(last) = seats.checked_sub(1).filter(|_| held[list] > self.due[list])
                else {
                    continue;
                };
                let Some(key) = self.key(district, list, last) else {
                    continue;
                };
                if smallest.0.is_none_or(|least| key < least) {
                    smallest = (Some(key), Vec::new());
                }
                if smallest.0 == Some(key) {
                    smallest.1.push(Place {
                        district,
                        list,
                        constituency: None,
                    });
                }
            }
        }
        smallest.1
    }

    fn held(&self, table: &[Vec<u32>]) -> Vec<u32> {
        let of_list = |list: usize| table.iter().map(|line| line[list]).sum();
        (0..self.due.len()).map(of_list).collect()
    }

    fn key(&self, district: usize, list: usize, seats: u32) -> Option<Ratio> {
        let votes = self.contest.districts[district].votes[list];
        key(votes, &self.returning.series, seats)
    }
}
