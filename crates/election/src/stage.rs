//! Where an election stands. Set by officials' events, never inferred from numbers.

/// The stage of an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Stage {
    /// Nothing is counted yet.
    #[default]
    PreElection = 0,
    /// Some units have reported; nothing is official.
    PartialUnofficial = 1,
    /// All that is expected has reported; nothing is official.
    CompleteUnofficial = 2,
    /// The commission has declared a result.
    Declared = 3,
    /// The result is certified.
    Certified = 4,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [
        Self::PreElection,
        Self::PartialUnofficial,
        Self::CompleteUnofficial,
        Self::Declared,
        Self::Certified,
    ];

    /// The name used in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreElection => "pre-election",
            Self::PartialUnofficial => "partial-unofficial",
            Self::CompleteUnofficial => "complete-unofficial",
            Self::Declared => "declared",
            Self::Certified => "certified",
        }
    }
}

/// What is remarkable about an election at any stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Mark {
    /// A recount is under way.
    Recount = 0,
    /// A result that stood was amended.
    Amended = 1,
    /// The election, or part of it, is annulled.
    Annulled = 2,
}

impl Mark {
    /// All of them, by number.
    pub const ALL: [Self; 3] = [Self::Recount, Self::Amended, Self::Annulled];
}
