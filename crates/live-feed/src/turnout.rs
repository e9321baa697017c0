//! Turnout as it is told: the page and the terminal say the same of the same frame.

use wire::common::v1::TurnoutTotals;

/// What is known of the ballots issued, and of whom they are a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turnout {
    /// Ballots issued at the units that have said so; `None`: none has, which is not zero.
    pub ballots_issued: Option<u64>,
    /// Units that have said so.
    pub units_reported: u32,
    /// Units.
    pub units: u32,
    /// The voters of whom the ballots are a share. `None`: no share can be told, since some units have not said how many they
    /// have issued, or nobody knows how many voters there are: some unit's roll is unknown, and the commission has not said how
    /// many are entitled in all.
    pub voters: Option<u64>,
}

impl Turnout {
    /// The turnout of a scope.
    pub fn of(totals: Option<&TurnoutTotals>) -> Self {
        let Some(totals) = totals else {
            return Self::default();
        };
        let voters = match totals.units_without_roll {
            0 => Some(totals.roll),
            _ => totals.electorate,
        };
        let mut turnout = Self {
            ballots_issued: (totals.units_reported > 0).then_some(totals.ballots_issued),
            units_reported: totals.units_reported,
            units: totals.units,
            voters: None,
        };
        turnout.voters = voters.filter(|voters| turnout.is_whole() && *voters > 0);
        turnout
    }

    /// All units have said how many ballots they have issued: only then can those that are counted be compared with them.
    pub fn is_whole(&self) -> bool {
        self.units > 0 && self.units_reported == self.units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_needs_all_ballots_and_all_voters() {
        let whole = TurnoutTotals {
            units: 4,
            units_reported: 4,
            ballots_issued: 300,
            roll: 1_000,
            ..TurnoutTotals::default()
        };
        let told = |totals: &TurnoutTotals| {
            let turnout = Turnout::of(Some(totals));
            (turnout.ballots_issued, turnout.voters)
        };
        assert_eq!(told(&whole), (Some(300), Some(1_000)));
        let part = TurnoutTotals {
            units_reported: 3,
            ..whole
        };
        assert_eq!(
            told(&part),
            (Some(300), None),
            "of one unit it is not known"
        );
        // A roll is unknown: the sum of the others is not all voters, but the commission may have said how many there are.
        let abroad = TurnoutTotals {
            units_without_roll: 1,
            ..whole
        };
        assert_eq!(told(&abroad), (Some(300), None));
        let entitled = TurnoutTotals {
            electorate: Some(1_200),
            ..abroad
        };
        assert_eq!(told(&entitled), (Some(300), Some(1_200)));
        let nobody = TurnoutTotals {
            units_reported: 0,
            ballots_issued: 0,
            ..whole
        };
        assert_eq!(told(&nobody), (None, None), "missing is not zero");
        assert_eq!(Turnout::of(None), Turnout::default());
        assert!(!Turnout::default().is_whole());
    }
}
