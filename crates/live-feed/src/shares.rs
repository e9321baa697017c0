//! What shares of a contest are of: the page and the terminal say the same percentage of the same votes.

use wire::allocation::v1::ContestStandings;
use wire::common::v1::OptionRole;
use wire::feed::v1::{FrameContest, FrameRow, ShareBase};

/// The votes that shares are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Those of all lists: the contest gives seats, and only lists have shares.
    Lists,
    /// All votes: the contest gives no seats (a mayor, a question), and every option has a share.
    All,
}

/// The base of a contest's shares: as the frame says. Frames of before it was in them are read by their seats.
pub fn base(contest: &FrameContest) -> Base {
    match contest.share_base() {
        ShareBase::ListVotes => Base::Lists,
        ShareBase::Votes => Base::All,
        ShareBase::Unspecified => {
            let has_seats = contest.rows.iter().any(|row| row.seats.is_some());
            match contest.seats > 0 || has_seats {
                true => Base::Lists,
                false => Base::All,
            }
        }
    }
}

/// The base of a contest in every scope of it, a district too that gives no seats of its own.
pub(crate) fn base_of(contest: &ContestStandings) -> ShareBase {
    let has_seats = contest.options.iter().any(|option| option.seats.is_some());
    match contest.seats > 0 || has_seats {
        true => ShareBase::ListVotes,
        false => ShareBase::Votes,
    }
}

/// Whether all options that are shown are lists, and may be called so.
pub fn has_only_lists(contest: &FrameContest) -> bool {
    base(contest) == Base::Lists && contest.rows.iter().all(|row| Base::Lists.has(row))
}

impl Base {
    /// Whether the votes of a row are part of it. Frames of before roles were in them are read too.
    pub fn has(self, row: &FrameRow) -> bool {
        match (self, row.role()) {
            (Self::All, _) | (Self::Lists, OptionRole::List) => true,
            (Self::Lists, OptionRole::Unspecified) => row.seats.is_some(),
            (Self::Lists, _) => false,
        }
    }

    /// Its votes, of options too that the frame has no room for.
    pub fn votes(self, contest: &FrameContest) -> u64 {
        let rows = contest.rows.iter().filter(|row| self.has(row));
        let shown: u64 = rows.map(|row| row.votes).sum();
        match self {
            Self::Lists => contest.list_votes.max(shown),
            Self::All => contest.totals.as_ref().map_or(0, |it| it.votes).max(shown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::common::v1::{ListSeats, Totals};

    fn row(role: OptionRole, votes: u64) -> FrameRow {
        FrameRow {
            role: role.into(),
            votes,
            ..FrameRow::default()
        }
    }

    #[test]
    fn lists_are_shares_of_list_votes_and_options_without_seats_of_all() {
        let rows = vec![
            row(OptionRole::List, 60),
            row(OptionRole::List, 20),
            row(OptionRole::Independent, 15),
            row(OptionRole::AgainstAll, 5),
        ];
        let mut contest = FrameContest {
            rows,
            seats: 7,
            // Ten lists with 20 votes in all have no room.
            list_votes: 100,
            totals: Some(Totals {
                votes: 120,
                ..Totals::default()
            }),
            ..FrameContest::default()
        };
        let told = |contest: &FrameContest| {
            let base = base(contest);
            let has: Vec<bool> = contest.rows.iter().map(|row| base.has(row)).collect();
            (base, base.votes(contest), has)
        };
        let lists = vec![true, true, false, false];
        assert_eq!(told(&contest), (Base::Lists, 100, lists));
        contest.seats = 0;
        assert_eq!(told(&contest), (Base::All, 120, vec![true; 4]));
        // A district that gives no seats of its own is one of the contest all the same.
        contest.share_base = ShareBase::ListVotes.into();
        assert_eq!(told(&contest).0, Base::Lists);
        contest.share_base = ShareBase::Votes.into();
        contest.seats = 7;
        assert_eq!(told(&contest).0, Base::All);
    }

    #[test]
    fn a_frame_without_roles_is_read_by_its_seats() {
        let mut list = row(OptionRole::Unspecified, 30);
        list.seats = Some(ListSeats::default());
        let contest = FrameContest {
            rows: vec![list, row(OptionRole::Unspecified, 10)],
            seats: 7,
            ..FrameContest::default()
        };
        assert_eq!(base(&contest).votes(&contest), 30);
    }
}
