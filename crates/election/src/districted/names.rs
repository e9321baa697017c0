//! What the engine's positions mean, by the ids of the definition.

use crate::ids::{DistrictId, OptionId};

/// What the engine's positions mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// The lists, in the order in which ballots name them first.
    pub lists: Vec<OptionId>,
    /// The districts of the law.
    pub districts: Vec<DistrictId>,
    /// The districts of the ballot that each district of the law consists of, by index on the ballot.
    pub parts: Vec<Vec<usize>>,
    /// By district of the law and list: whether the list stands there.
    pub stands: Vec<Vec<bool>>,
    /// The regions.
    pub regions: Vec<DistrictId>,
    /// The constituencies: the districts of the ballot, where there are first votes.
    pub constituencies: Vec<DistrictId>,
    /// By constituency: who has the most first votes of all persons without a list; a lot can name them.
    pub outsiders: Vec<Vec<OptionId>>,
    /// Persons without a list, who can have a seat by votes of their own: the persons of the contest, in their order.
    pub persons: Vec<OptionId>,
}

impl Names {
    /// The position of a list.
    #[must_use]
    pub fn list(&self, option: &OptionId) -> Option<usize> {
        self.lists.iter().position(|list| list == option)
    }

    /// The position of a district of the law.
    #[must_use]
    pub fn district(&self, district: &DistrictId) -> Option<usize> {
        self.districts.iter().position(|known| known == district)
    }

    /// The district of the law that is the district of the ballot at this index, and no other.
    #[must_use]
    pub fn district_of_one(&self, ballot_district: usize) -> Option<usize> {
        self.parts
            .iter()
            .position(|parts| parts.as_slice() == [ballot_district])
    }
}
