//! What bounds the ballots that are still to come, and of which lists together seats are bounded: the words of
//! `[rules.outstanding]`.

use crate::definition::{Ballot, UnitKind};
use crate::ids::{ContestId, OptionId, UnitId};

/// The most coalitions of an election.
pub const COALITIONS_MAX: usize = 16;
/// The most lists of one: they stand in the standings of every district.
pub const COALITION_LISTS_MAX: usize = 16;

/// What bounds the ballots of units that can still report some. A bound is stated beforehand by who knows the law: it must
/// hold whatever voters do, or seats are called certain that are not. A unit that nothing here bounds leaves its district
/// without any claim.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutstandingRules {
    /// The last turnout report of a unit bounds its ballots: whoever was issued none has cast none there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub issued_at_close: bool,
    /// All ballots of the election are at most the electorate of the register.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub electorate: bool,
    /// The roll bounds a unit's ballots; missing: it does not, as voters may vote elsewhere than where they are registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll: Option<RollCeiling>,
    /// Ceilings of single units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitCeiling>,
    /// Ceilings of units of a kind that nothing else bounds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<KindCeiling>,
    /// Lists whose seats together are bounded with every frame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coalitions: Vec<Coalition>,
}

/// Lists whose seats together are asked for. It bounds nothing, and says nothing of what the lists intend.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coalition {
    /// The contest; missing: the only one of the ballot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<ContestId>,
    /// Its lists, at least two.
    pub options: Vec<OptionId>,
}

impl Coalition {
    /// The contest on a ballot, by its place; `None`: the ballot has no such one, or several where none is named.
    #[must_use]
    pub fn contest_on(&self, ballot: &Ballot) -> Option<usize> {
        match (&self.contest, &ballot.contests[..]) {
            (Some(id), contests) => contests.iter().position(|contest| contest.id == *id),
            (None, [_]) => Some(0),
            (None, _) => None,
        }
    }
}

impl OutstandingRules {
    /// Whether other rules bound the same ballots as these, whatever lists they name.
    pub(crate) fn bounds_as(&self, other: &Self) -> bool {
        let Self {
            issued_at_close,
            electorate,
            roll,
            units,
            kinds,
            coalitions: _,
        } = self;
        (*issued_at_close, *electorate, *roll)
            == (other.issued_at_close, other.electorate, other.roll)
            && (units, kinds) == (&other.units, &other.kinds)
    }

    /// The coalitions of a contest of the ballot, in the order of the rules.
    pub fn coalitions_of<'a>(
        &'a self,
        ballot: &'a Ballot,
        contest: usize,
    ) -> impl Iterator<Item = &'a Coalition> {
        let coalitions = self.coalitions.iter();
        coalitions.filter(move |coalition| coalition.contest_on(ballot) == Some(contest))
    }
}

/// A unit's ballots are at most a share of its roll, and so many more: for voters who are added on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollCeiling {
    /// The share, from `[1, 1]` to `[100, 1]`.
    #[serde(default = "all_of_it")]
    pub share: [u64; 2],
    /// Ballots beside it.
    #[serde(default)]
    pub ballots: u32,
}

/// The most ballots of one unit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitCeiling {
    /// The unit.
    pub id: UnitId,
    /// Its ballots are at most so many.
    pub ballots: u32,
    /// What that rests on.
    pub basis: StatedBasis,
}

/// The most ballots of any unit of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindCeiling {
    /// The kind.
    pub kind: UnitKind,
    /// The ballots of one such unit are at most so many.
    pub ballots: u32,
    /// What that rests on.
    pub basis: StatedBasis,
}

/// What a ceiling that the definition states rests on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum StatedBasis {
    /// Envelopes that were sent or received.
    Envelopes,
    /// Ballot papers that were delivered to it.
    PapersDelivered,
    /// Somebody's word, with its source in `rules.sources`.
    Stated,
}

const fn all_of_it() -> [u64; 2] {
    [1, 1]
}

impl RollCeiling {
    /// The most ballots of a unit with this roll: the share, rounded up, and what is beside it.
    #[must_use]
    pub fn ballots(&self, roll: u32) -> u64 {
        let [numerator, denominator] = self.share.map(u128::from);
        // Validation has seen to it that the share is at most 100 and has no zero below the line.
        let share = (u128::from(roll) * numerator).div_ceil(denominator.max(1));
        u64::try_from(share)
            .unwrap_or(u64::MAX)
            .saturating_add(u64::from(self.ballots))
    }
}
