//! What comes out of seats in tiers.

use crate::allocation::{Allocation, Outcome};
use crate::ratio::Ratio;

/// The seats of a contest in tiers and why they are so.
///
/// Always: the seats of all lists in districts, regions and the house itself, `outside`, `pending` and `unassigned` add up to
/// the seats of the house and those `added` to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierAllocation {
    /// The state of the result.
    pub outcome: Outcome,
    /// Seats by district and list that the stages have given; with an open tie, those given before and beside it. Where
    /// surplus seats go back, a stage that did not run yet can take some of them.
    pub seats: Vec<Vec<u32>>,
    /// Seats by region and list that regions gave and no district has.
    pub region_seats: Vec<Vec<u32>>,
    /// Seats by list that no district and no region has.
    pub house_seats: Vec<u32>,
    /// Seats of persons without a list.
    pub outside: u32,
    /// Seats that the house has more because lists keep more than is due to them.
    pub added: u32,
    /// Seats that hang on open ties, or on stages behind them.
    pub pending: u32,
    /// Seats that nobody gets.
    pub unassigned: u32,
    /// The stages that ran, in their order.
    pub stages: Vec<TierStageResult>,
    /// Lots inside sub-allocations that met no tie, by their position in the input.
    pub void_lots: Vec<usize>,
    /// Lots for placed and covered seats that met no tie, by their position in the input.
    pub void_place_lots: Vec<usize>,
}

impl TierAllocation {
    /// Seats by list in all districts, regions and the house itself.
    #[must_use]
    pub fn list_seats(&self) -> Vec<u32> {
        let below = self.seats.iter().chain(&self.region_seats);
        (0..self.house_seats.len())
            .map(|list| {
                let below = below.clone().map(|line| line[list]);
                below.sum::<u32>() + self.house_seats[list]
            })
            .collect()
    }
}

/// What one stage did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TierStageResult {
    /// See [`super::TierStage::SeatsOfDistricts`]: the districts as the lists of a contest.
    SeatsOfDistricts(Allocation),
    /// See [`super::TierStage::Constituencies`].
    Constituencies(ConstituenciesResult),
    /// See [`super::TierStage::Persons`].
    Persons(Vec<ElectedPerson>),
    /// See [`super::TierStage::Quotas`]: one entry for each district or region.
    Quotas(Vec<QuotasResult>),
    /// See [`super::TierStage::Remainders`].
    Remainders(RemaindersResult),
    /// See [`super::TierStage::Above`]: seats by list.
    Above(Vec<u32>),
    /// See [`super::TierStage::Bonus`]: who has it stands in the first round of the house.
    Bonus,
    /// See [`super::TierStage::Majority`].
    Majority(MajorityResult),
    /// See [`super::TierStage::Districts`].
    Districts(Vec<DistrictResult>),
    /// See [`super::TierStage::Whole`].
    Whole(WholeResult),
    /// See [`super::TierStage::Return`].
    Return(ReturnResult),
    /// See [`super::TierStage::Place`].
    Place(PlaceResult),
    /// See [`super::TierStage::Regions`]; the district of each place is the region.
    Regions(PlaceResult),
    /// See [`super::TierStage::Inside`]: one entry for each region.
    Inside(Vec<PlaceResult>),
    /// See [`super::TierStage::Shares`]: for each list its districts as the lists of a contest; `None` where nothing is due.
    Shares(Vec<Option<Allocation>>),
    /// See [`super::TierStage::Cover`].
    Cover(CoverResult),
}

/// One district's own seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistrictResult {
    /// By list: whether it takes part here.
    pub admitted: Vec<bool>,
    /// The district as a contest; lists that take no part compete without votes.
    pub allocation: Allocation,
}

/// What is due to each list in the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeResult {
    /// By list: whether it takes part.
    pub admitted: Vec<bool>,
    /// The rounds of the distribution; where surplus seats are kept, each but the last ends with lists that hold more than is
    /// due to them.
    pub rounds: Vec<WholeRound>,
    /// By list: what is due to it in the end, seats that it keeps included; `None` while a tie is open.
    pub due: Option<Vec<u32>>,
}

/// One round of a distribution of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeRound {
    /// The house without the seats of those who take no part; they compete without votes.
    pub allocation: Allocation,
    /// Lists that hold more than this round gives them, and so leave with their seats before the next one; where level lists
    /// leave too, those that hold exactly as many as well.
    pub leaving: Vec<usize>,
    /// Lists to which a later round would give more than the first gave: they leave with what the first gave (Denmark).
    pub capped: Vec<usize>,
}

/// One seat in reach: a list in a district, or in one of its constituencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The district.
    pub district: usize,
    /// The list.
    pub list: usize,
    /// The constituency, where a person is covered.
    pub constituency: Option<usize>,
}

/// A seat with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedSeat {
    /// Where and to whom.
    pub place: Place,
    /// Votes over divisor, relative where the law says so; for a covered person the share of the constituency's votes.
    pub key: Ratio,
}

/// Seats that went back to their districts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnResult {
    /// The seats in the order in which they went back.
    pub returned: Vec<ReturnedSeat>,
    /// Equal keys: who gives a seat back next, or who receives the last one that went back.
    pub tie: Option<PlaceTie>,
}

/// A seat that went back to its district.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnedSeat {
    /// Who had it, by which key.
    pub from: PlacedSeat,
    /// Who has it now, by which key; `None` where nobody in the district is due more, or a tie is open.
    pub to: Option<PlacedSeat>,
}

/// Seats placed in districts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceResult {
    /// The seats in the order in which they were placed: by falling keys.
    pub placed: Vec<PlacedSeat>,
    /// Equal keys of which not all can be placed.
    pub tie: Option<PlaceTie>,
    /// Seats due for which no district is left.
    pub left_over: u32,
}

/// Equal keys of which not all can have a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceTie {
    /// The tied seats in their order.
    pub tied: Vec<Place>,
    /// Their key.
    pub key: Ratio,
}

/// Who is covered by a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverResult {
    /// Constituencies with equal votes and no lot: nobody came first there yet.
    pub undecided: Vec<usize>,
    /// One entry for each district and list where a person came first, in this order.
    pub lines: Vec<CoverLine>,
}

/// Persons of one list in one district who came first in their constituencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverLine {
    /// The district.
    pub district: usize,
    /// The list.
    pub list: usize,
    /// Seats of the list in the district.
    pub seats: u32,
    /// Those who have a seat, by falling share.
    pub covered: Vec<PlacedSeat>,
    /// Those who have none, by falling share; with an open tie, the tied ones among them.
    pub uncovered: Vec<PlacedSeat>,
    /// Equal shares of which not all can be covered.
    pub tie: Option<PlaceTie>,
}

/// Who came first in constituencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstituenciesResult {
    /// Constituencies with equal votes and no lot.
    pub undecided: Vec<usize>,
    /// By constituency: the list whose person has the seat; `None` where it is undecided, nobody has votes, or a person
    /// without a list has it.
    pub first: Vec<Option<usize>>,
}

/// A person with a seat by votes of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElectedPerson {
    /// Position in the contest's persons.
    pub person: usize,
    /// What a seat of the district stands for, which the person's votes reach.
    pub quota: Ratio,
}

/// What a list with more than half of the votes is due more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MajorityResult {
    /// The list; `None` where none has more than half of the votes, or it has more than half of the seats.
    pub to: Option<usize>,
    /// Seats that it is due more, by which the house grows.
    pub seats: u32,
}

/// Seats of one district or region by quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotasResult {
    /// By list: whether it takes part here.
    pub admitted: Vec<bool>,
    /// The seats that lists outside leave, as a contest in which seats held already count; lists outside compete without
    /// votes. `None` where they leave none.
    pub allocation: Option<Allocation>,
}

/// Seats by the votes that seats in districts did not use up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemaindersResult {
    /// These votes, by list.
    pub votes: Vec<u64>,
    /// What is left, as a contest of these votes; `None` where nothing is.
    pub allocation: Option<Allocation>,
    /// By list: what is due to it, seats in districts included; `None` while a tie is open.
    pub due: Option<Vec<u32>>,
}
