//! Why seats in districts cannot be computed.

use std::fmt;

use crate::error::ContestError;

/// Why seats in districts cannot be computed. Written by hand, because this crate depends on nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DistrictsError {
    /// The whole, or a district by itself, is refused.
    Contest(ContestError),
    /// A district has votes, or candidates, for more or fewer lists than there are.
    VotesOfDistrict {
        /// The district.
        district: usize,
        /// Lists it has votes for.
        found: usize,
        /// Lists of the contest.
        lists: usize,
    },
    /// A threshold that is per seat, waived, or widened by one district: in districts these are rules of their own.
    NoPlainShare,
    /// The regions do not name each district once.
    DistrictsOfRegions,
    /// A stage needs regions, and there are none.
    NoRegions,
    /// Districts share quotas of their region by a chain that is not of whole quotas alone.
    QuotasOfRegion,
    /// What seats did not use up is counted with quotas that are no whole numbers, or of several stages.
    QuotaNotWhole,
    /// Stages hand out more seats than the house has: constituencies, or persons, in districts with fewer seats.
    SeatsAboveHouse {
        /// Seats handed out, and seats that are to stay empty.
        held: u64,
        /// Seats of the house that lists share.
        house: u32,
    },
    /// Seats of districts are computed from votes, and a district comes with seats.
    SeatsOfDistricts {
        /// The district.
        district: usize,
        /// Its seats.
        seats: u32,
    },
    /// A person's district or list is not in the contest.
    PersonWithoutPlace {
        /// The district given.
        district: usize,
        /// The list given.
        list: usize,
    },
    /// Persons have more votes together than their list in the district.
    PersonsAboveList {
        /// The district.
        district: usize,
        /// The list.
        list: usize,
    },
    /// A list wins more seats in a district than it has candidates. Where such a seat goes is not built.
    ListExhausted {
        /// The district.
        district: usize,
        /// The list.
        list: usize,
        /// Seats that it wins.
        seats: u32,
        /// Its candidates.
        candidates: u32,
    },
    /// Of the lists that are due seats, these districts have votes for these only, and more seats than the lists are due
    /// in all: no seats by district and list exist that keep both sums.
    NoSuchSeats {
        /// The districts.
        districts: Vec<usize>,
        /// The lists.
        lists: Vec<usize>,
        /// Seats of these districts together.
        seats: u64,
        /// Seats due to these lists together.
        due: u64,
    },
}

impl DistrictsError {
    /// A stable code for logs and answers.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Contest(error) => error.code(),
            Self::VotesOfDistrict { .. } => "VOTES_OF_DISTRICT",
            Self::NoPlainShare => "NO_PLAIN_SHARE",
            Self::DistrictsOfRegions => "DISTRICTS_OF_REGIONS",
            Self::NoRegions => "NO_REGIONS",
            Self::QuotasOfRegion => "QUOTAS_OF_REGION",
            Self::QuotaNotWhole => "QUOTA_NOT_WHOLE",
            Self::SeatsAboveHouse { .. } => "SEATS_ABOVE_HOUSE",
            Self::SeatsOfDistricts { .. } => "SEATS_OF_DISTRICTS",
            Self::PersonWithoutPlace { .. } => "PERSON_WITHOUT_PLACE",
            Self::PersonsAboveList { .. } => "PERSONS_ABOVE_LIST",
            Self::ListExhausted { .. } => "LIST_EXHAUSTED",
            Self::NoSuchSeats { .. } => "NO_SUCH_SEATS",
        }
    }
}

impl From<ContestError> for DistrictsError {
    fn from(error: ContestError) -> Self {
        Self::Contest(error)
    }
}

impl fmt::Display for DistrictsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contest(error) => error.fmt(formatter),
            Self::VotesOfDistrict {
                district,
                found,
                lists,
            } => write!(
                formatter,
                "district {district} has votes or candidates for {found} lists, and there are {lists}"
            ),
            Self::NoPlainShare => formatter.write_str(
                "a threshold in districts is a plain share: not per seat, waived or widened by a district",
            ),
            Self::DistrictsOfRegions => {
                formatter.write_str("the regions must name each district once")
            }
            Self::NoRegions => formatter.write_str("rules.stages: a stage needs contest.regions"),
            Self::QuotasOfRegion => formatter.write_str(
                "rules.stages.quotas: districts that share the quota of their region need one stage of the Hare quota, \
                 exact or rounded up, with a smallest key of a whole quota",
            ),
            Self::QuotaNotWhole => formatter.write_str(
                "rules.stages.remainders: votes that seats did not use up need quotas of one stage, rounded to a whole number",
            ),
            Self::SeatsAboveHouse { held, house } => write!(
                formatter,
                "the stages hand out {held} seats, and the house that lists share has {house}; constituencies and persons \
                 need districts with as many seats"
            ),
            Self::SeatsOfDistricts { district, seats } => write!(
                formatter,
                "the seats of districts are computed from votes; district {district} must come with 0, and has {seats}"
            ),
            Self::PersonWithoutPlace { district, list } => write!(
                formatter,
                "contest.persons: there is no district {district} with a list {list}"
            ),
            Self::PersonsAboveList { district, list } => write!(
                formatter,
                "contest.persons: the persons of list {list} in district {district} have more votes than the list"
            ),
            Self::ListExhausted {
                district,
                list,
                seats,
                candidates,
            } => write!(
                formatter,
                "list {list} wins {seats} seats in district {district} and has {candidates} candidates; where such seats \
                 go is not covered"
            ),
            Self::NoSuchSeats {
                districts,
                lists,
                seats,
                due,
            } => write!(
                formatter,
                "of the lists that are due seats, districts {districts:?} have votes for {lists:?} only; \
                 they have {seats} seats, and these lists are due {due}"
            ),
        }
    }
}

impl std::error::Error for DistrictsError {}
