//! A part of an election that an answer is about.

use crate::error::AllocationError;
use election::report::{Refusal, RefusalCode};
use election::tally::{Tally, district_index};
use wire::allocation::v1::Standings;

/// A contest and a district to which an answer is narrowed; empty: all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Narrowed {
    pub contest: String,
    pub district: String,
}

impl Narrowed {
    /// Whether the answer is about this place.
    pub fn takes(&self, contest: &str, district: &str) -> bool {
        let is_taken = |wanted: &str, id: &str| wanted.is_empty() || wanted == id;
        is_taken(&self.contest, contest) && is_taken(&self.district, district)
    }

    /// Whether the election has such a place.
    pub fn check(&self, tally: &Tally) -> Result<(), AllocationError> {
        let ballot = &tally.outline.ballot;
        let mut contests = ballot.contests.iter();
        let no_such = |kind, id: &str| AllocationError::NoSuchPlace {
            kind,
            id: id.to_owned(),
        };
        if !self.contest.is_empty() && !contests.any(|it| it.id.as_str() == self.contest) {
            return Err(no_such("contest", &self.contest));
        }
        if !self.district.is_empty() && district_index(ballot, &self.district).is_none() {
            return Err(no_such("district", &self.district));
        }
        Ok(())
    }

    /// The one contest and district that is meant. Where there is a single one, it need not be named.
    pub fn place(&self, tally: &Tally) -> Result<(usize, usize), AllocationError> {
        self.check(tally)?;
        let contest = self.contest_place(tally)?;
        let ballot = &tally.outline.ballot;
        let district = match district_index(ballot, &self.district) {
            Some(district) => district,
            None if ballot.contests[contest].districts.len() == 1 => 0,
            None => return Err(must_name("district_id").into()),
        };
        Ok((contest, district))
    }

    /// The one contest that is meant. Where there is a single one, it need not be named.
    pub fn contest_place(&self, tally: &Tally) -> Result<usize, AllocationError> {
        let ballot = &tally.outline.ballot;
        let mut contests = ballot.contests.iter();
        match contests.position(|contest| contest.id.as_str() == self.contest) {
            Some(contest) => Ok(contest),
            None if !self.contest.is_empty() => Err(AllocationError::NoSuchPlace {
                kind: "contest",
                id: self.contest.clone(),
            }),
            None if ballot.contests.len() == 1 => Ok(0),
            None => Err(must_name("contest_id").into()),
        }
    }

    /// Leaves out of standings what the answer is not about.
    pub fn narrow(&self, standings: &mut Standings) {
        let contests = &mut standings.contests;
        contests.retain(|contest| self.contest.is_empty() || contest.contest_id == self.contest);
        for contest in contests {
            let districts = &mut contest.districts;
            districts.retain(|it| self.district.is_empty() || it.district_id == self.district);
        }
    }
}

fn must_name(field: &str) -> Refusal {
    let rule = "the election has several: name one";
    Refusal::new(RefusalCode::Shape, field, "", rule)
}
