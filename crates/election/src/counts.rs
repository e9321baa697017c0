//! What a protocol of a polling station says: votes per option and the counters of the form.

use std::fmt;

/// The most that one count of one unit can be. No unit on Earth has four thousand million ballots; the limit lets a
/// unit's counts be kept in four bytes each, and a sum over 2^32 units still fits 64 bits.
pub const COUNT_MAX: u64 = u32::MAX as u64;

/// A counter of the form that a unit fills in. Each is optional: what is not on the form is missing, not zero.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Counter {
    /// Voters on the roll when voting closed.
    RollAtClose = 0,
    /// Ballots that the unit received before voting.
    BallotsReceived = 1,
    /// Ballots issued to voters.
    BallotsIssued = 2,
    /// Ballots left over and cancelled.
    BallotsUnused = 3,
    /// Ballots spoiled by voters and replaced.
    BallotsSpoiled = 4,
    /// Ballots found in the fixed boxes.
    BoxFixed = 5,
    /// Ballots found in the portable boxes.
    BoxPortable = 6,
    /// Voters with an absentee certificate.
    Certificates = 7,
    /// Papers counted: all that came out of the boxes.
    Papers = 8,
    /// Invalid ballots.
    Invalid = 9,
    /// Blank ballots, where they are counted apart from invalid ones.
    Blank = 10,
    /// Valid ballots.
    Valid = 11,
    /// Ballots against all, where the form counts them outside the options.
    AgainstAll = 12,
}

/// How many counters there are.
pub const COUNTERS: usize = 13;

impl Counter {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; COUNTERS] = [
        Self::RollAtClose,
        Self::BallotsReceived,
        Self::BallotsIssued,
        Self::BallotsUnused,
        Self::BallotsSpoiled,
        Self::BoxFixed,
        Self::BoxPortable,
        Self::Certificates,
        Self::Papers,
        Self::Invalid,
        Self::Blank,
        Self::Valid,
        Self::AgainstAll,
    ];

    /// The name used in definitions, files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RollAtClose => "roll-at-close",
            Self::BallotsReceived => "ballots-received",
            Self::BallotsIssued => "ballots-issued",
            Self::BallotsUnused => "ballots-unused",
            Self::BallotsSpoiled => "ballots-spoiled",
            Self::BoxFixed => "box-fixed",
            Self::BoxPortable => "box-portable",
            Self::Certificates => "certificates",
            Self::Papers => "papers",
            Self::Invalid => "invalid",
            Self::Blank => "blank",
            Self::Valid => "valid",
            Self::AgainstAll => "against-all",
        }
    }

    /// The counter of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|counter| counter.name() == name)
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The form's counters of one protocol. A counter that is absent is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Form {
    present: u16,
    values: [u32; COUNTERS],
}

impl Form {
    /// A form with nothing on it.
    pub const EMPTY: Self = Self {
        present: 0,
        values: [0; COUNTERS],
    };

    /// The counter's value, if the form has it.
    pub fn get(&self, counter: Counter) -> Option<u32> {
        (self.present & counter.bit() != 0).then(|| self.values[counter as usize])
    }

    /// Writes a counter.
    pub fn set(&mut self, counter: Counter, value: u32) {
        self.present |= counter.bit();
        self.values[counter as usize] = value;
    }

    /// The counters that are there, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (Counter, u32)> + '_ {
        Counter::ALL
            .into_iter()
            .filter_map(|counter| self.get(counter).map(|value| (counter, value)))
    }

    /// Which counters are there: bit n stands for counter number n.
    pub fn present(&self) -> u16 {
        self.present
    }

    /// All values by number; those that are absent are zero.
    pub fn values(&self) -> &[u32; COUNTERS] {
        &self.values
    }

    /// A form from what [`Form::present`] and [`Form::values`] gave. Bits that name no counter are dropped, and so are
    /// values of absent counters.
    pub fn from_parts(present: u16, values: [u32; COUNTERS]) -> Self {
        let mut form = Self::EMPTY;
        for counter in Counter::ALL {
            if present & counter.bit() != 0 {
                form.set(counter, values[counter as usize]);
            }
        }
        form
    }

    /// Ballots that this protocol accounts for, by the best counter it has: papers, else boxes, else valid + invalid
    /// (+ blank), else nothing.
    pub fn ballots_counted(&self) -> Option<u64> {
        if let Some(papers) = self.get(Counter::Papers) {
            return Some(u64::from(papers));
        }
        if let Some(fixed) = self.get(Counter::BoxFixed) {
            return Some(u64::from(fixed) + u64::from(self.get(Counter::BoxPortable).unwrap_or(0)));
        }
        let valid = u64::from(self.get(Counter::Valid)?);
        let invalid = u64::from(self.get(Counter::Invalid)?);
        Some(valid + invalid + u64::from(self.get(Counter::Blank).unwrap_or(0)))
    }
}

/// Votes per option, by the option's index on the district's ballot, and the form's counters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// One entry for each option of the ballot.
    pub votes: Vec<u32>,
    /// The counters of the form.
    pub form: Form,
}

impl Counts {
    /// All votes together.
    pub fn votes_total(&self) -> u64 {
        self.votes.iter().map(|votes| u64::from(*votes)).sum()
    }

    /// Ballots that this protocol accounts for: by its form; else, with one vote a ballot, the votes.
    pub fn ballots_counted(&self, votes_per_ballot: u32) -> Option<u64> {
        ballots_counted(&self.votes, &self.form, votes_per_ballot)
    }
}

/// [`Counts::ballots_counted`] of parts that are kept apart.
pub(crate) fn ballots_counted(votes: &[u32], form: &Form, votes_per_ballot: u32) -> Option<u64> {
    let total = || votes.iter().map(|votes| u64::from(*votes)).sum();
    form.ballots_counted()
        .or_else(|| (votes_per_ballot == 1).then(total))
}
