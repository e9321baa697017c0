//! What is drawn and declared above single districts. Districts of the law and lists stand here by their ids: an amendment of
//! the rules may put districts together in another way, and a list has another index on each ballot.

use crate::ids::{DistrictId, OptionId};
use crate::report::Attribution;

/// A seat in reach: a list in a district of the law, or one of its persons in a constituency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TiedPlace {
    /// The district of the law, or the region; `None`: the house as a whole.
    pub district: Option<DistrictId>,
    /// The list.
    pub option: OptionId,
    /// The constituency, where a person is meant.
    pub constituency: Option<DistrictId>,
}

/// The stage of rules over all districts in which a tie stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlacesStage {
    /// Of tiers: the stage, from 0; [`PlacesStage::FIRST_PLACE`] where persons of a constituency have equally many votes. Of
    /// double proportional seats: [`PlacesStage::LISTS`] or [`PlacesStage::CELLS`].
    pub stage: u32,
    /// The round of the stage `whole`, from 0; 0 otherwise.
    pub round: u32,
    /// Where a chain hands out seats inside the stage: the number of the chain's own stage, as
    /// [`crate::allocation::stage_number`] gives it; 0 otherwise.
    pub inner: u32,
}

impl PlacesStage {
    /// Who came first in a constituency.
    pub const FIRST_PLACE: u32 = 1_002;
    /// The upper apportionment: seats of lists in all districts.
    pub const LISTS: u32 = 0;
    /// The lower apportionment: seats of lists in districts.
    pub const CELLS: u32 = 1;
}

/// A recorded draw among places of several districts, bound to the tie that it settles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacesLot {
    /// Index of the contest in the ballot: the one whose seats are at stake.
    pub contest: u8,
    /// The stage.
    pub at: PlacesStage,
    /// The places that tied, ascending.
    pub tied: Vec<TiedPlace>,
    /// Seats at stake.
    pub seats: u32,
    /// The places that the lot fell on, ascending; as many as seats.
    pub winners: Vec<TiedPlace>,
    /// Where, when and before whom.
    pub attribution: Attribution,
}

/// An official result of a whole contest, or of a district of the law that is none of the ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclarationAbove {
    /// Index of the contest in the ballot.
    pub contest: u8,
    /// The district of the law; `None`: the whole contest.
    pub district: Option<DistrictId>,
    /// Seats of each list, ascending by id; a list that is missing has none.
    pub seats: Vec<(OptionId, u32)>,
    /// Who declared it and in which document.
    pub attribution: Attribution,
}
