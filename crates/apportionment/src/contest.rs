//! What goes in: the votes, and what is known of each list. Lists are positions `0..n`; names and ids stay outside.

/// Most seats in one contest.
pub const SEATS_MAX: u32 = 100_000;
/// Most lists in one contest.
pub const LISTS_MAX: usize = 10_000;

/// One contest: the seats to fill, the lists with their votes, and the counts that a threshold may be measured against.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Contest {
    /// Seats to fill, 1 to [`SEATS_MAX`].
    pub seats: u32,
    /// The lists, at most [`LISTS_MAX`]. Their order means nothing: it never settles a tie.
    pub lists: Vec<List>,
    /// Counts other than list votes, as far as they are known.
    pub base: BaseCounts,
    /// What quotas are computed of, where that is not the votes of those who compete over the seats of the house: in a
    /// district of Austria it is the votes and the seats of its state. Not with apparentment or a rescue.
    pub quota_of: Option<QuotaOf>,
}

/// Votes and seats that a quota is computed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaOf {
    /// Votes, at least those of all lists of the contest.
    pub votes: u64,
    /// Seats, 1 to [`SEATS_MAX`].
    pub seats: u32,
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Votes for the list. Any value; sums are kept in 128 bits.
    pub votes: u64,
    /// Candidates who can still take a seat, where the law lets a list run out of them; `None` is no limit.
    pub candidates: Option<u32>,
    /// Order of registration, smaller is earlier; equal values or `None` mean that the order is not known.
    pub registration: Option<u64>,
    /// Parties that stand together on this list, 1 for a party alone; chooses the threshold where it depends on it.
    pub coalition_size: u32,
    /// Freed from the threshold (a national minority, for example).
    pub exempt: bool,
    /// Seats that it won directly, where the threshold may ask for them.
    pub direct_seats: u32,
    /// The district in which its share is largest, where the threshold may ask for it.
    pub best_district: Option<DistrictShare>,
    /// Seats of the house that it holds already, from another tier; the chain goes on from there. Of a list that takes part,
    /// and not with apparentment, a rescue, a bonus or rounds of a cap.
    pub held: u32,
    /// It won the office, a mayor's for example, that a bonus goes with.
    pub won_office: bool,
    /// Lists of the same group are joined by apparentment, where the rules know it. A number below the number of lists.
    pub group: Option<u32>,
    /// Lists of the same group and subgroup are joined inside the group (Switzerland). A number below the number of lists.
    pub subgroup: Option<u32>,
}

/// A list's votes in one district.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistrictShare {
    /// Its votes there.
    pub votes: u64,
    /// What they are a share of, as the law counts it.
    pub of: u64,
}

impl List {
    /// A list of one party with nothing known but its votes.
    #[must_use]
    pub fn with_votes(votes: u64) -> Self {
        Self {
            votes,
            candidates: None,
            registration: None,
            coalition_size: 1,
            exempt: false,
            direct_seats: 0,
            best_district: None,
            held: 0,
            won_office: false,
            group: None,
            subgroup: None,
        }
    }
}

impl Contest {
    /// Lists with nothing known but their votes.
    #[must_use]
    pub fn with_votes(seats: u32, votes: &[u64]) -> Self {
        let lists = votes.iter().map(|&votes| List::with_votes(votes)).collect();
        Self {
            seats,
            lists,
            ..Self::default()
        }
    }

    /// Sum of all list votes: at most 10,000 times 2^64, far inside 128 bits.
    #[must_use]
    pub fn list_votes(&self) -> u128 {
        self.lists.iter().map(|list| u128::from(list.votes)).sum()
    }
}

/// Counts that only a form or a commission can supply; a rule that needs one which is missing is an error, never a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BaseCounts {
    /// Valid votes (or ballots) as the law counts them.
    pub valid_votes: Option<u64>,
    /// Valid votes and those against all.
    pub valid_and_against_all: Option<u64>,
    /// Ballots found in the boxes, invalid ones included.
    pub ballots_in_box: Option<u64>,
    /// Ballots issued to voters.
    pub ballots_issued: Option<u64>,
}

/// A drawn lot, bound to exactly one tie. If that tie does not arise, the lot is void and reported so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The stage in which the tie stood.
    pub stage: StageAt,
    /// The tied lists, in any order; a joined group is named by its first list.
    pub lists: Vec<usize>,
    /// How many of the tied lists get a seat.
    pub seats_at_stake: u32,
    /// The lists that the lot favoured: as many as seats at stake.
    pub winners: Vec<usize>,
}

impl StageAt {
    /// The round that a stage of the chain belongs to, from 0; 0 for all else.
    #[must_use]
    pub fn round(self) -> usize {
        match self {
            Self::Round { round, .. } => round,
            _ => 0,
        }
    }
}

/// A place in the procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageAt {
    /// The choice of the list that a rescue admits.
    Rescue,
    /// The choice of the list that a bonus goes to.
    Bonus,
    /// A stage of the chain, among lists and joined groups, counted from 0.
    Chain(usize),
    /// A stage of the chain in a later round, among the lists that the cap on seats left in.
    Round {
        /// The round, from 1: the first one is [`StageAt::Chain`].
        round: usize,
        /// The stage, counted from 0.
        stage: usize,
    },
    /// The choice of the list that gives up a seat to the one with the majority of votes.
    Majority,
    /// A stage inside a joined group.
    Group {
        /// The first list of the group.
        first: usize,
        /// The stage inside, counted from 0.
        stage: usize,
    },
    /// A stage inside lists that are joined inside a group.
    Subgroup {
        /// The first list of the subgroup.
        first: usize,
        /// The stage inside, counted from 0.
        stage: usize,
    },
}
