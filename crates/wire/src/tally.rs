//! Totals as they are sent.

use crate::common::v1 as proto;
use crate::field::timestamp;
use election::counts::{COUNTERS, Counter};
use election::definition::Ballot;
use election::ids::CountingGroupId;
use election::report::UnitStatus;
use election::tally::{
    Correction, CorrectionCause, DistrictTally, DistrictTurnout, StateCounts, Tally,
};

/// Most changes of votes that a correction is sent with: the largest.
pub const CORRECTION_CHANGES_MAX: usize = 12;

impl From<&StateCounts> for proto::TallyStates {
    fn from(states: &StateCounts) -> Self {
        let statuses = UnitStatus::ALL
            .into_iter()
            .map(|status| proto::StatusCount {
                status: proto::UnitStatus::from(status).into(),
                tallies: states.with_status(status),
            });
        Self {
            tallies: states.total(),
            counted: states.counted(),
            pending: states.pending(),
            statuses: statuses.filter(|count| count.tallies > 0).collect(),
        }
    }
}

impl From<&DistrictTurnout> for proto::TurnoutTotals {
    fn from(turnout: &DistrictTurnout) -> Self {
        let DistrictTurnout {
            units,
            roll,
            units_without_roll,
            ballots_issued,
            units_reporting,
            units_final,
        } = turnout;
        Self {
            ballots_issued: *ballots_issued,
            units_reported: *units_reporting,
            units_final: *units_final,
            units: *units,
            roll: *roll,
            units_without_roll: *units_without_roll,
            // Only known of the whole election.
            electorate: None,
        }
    }
}

/// What is counted in these districts together, besides the votes by option. The counting groups are those of the ballot.
pub fn totals<'a>(
    districts: impl IntoIterator<Item = &'a DistrictTally>,
    counting_groups: &[CountingGroupId],
) -> proto::Totals {
    let mut sums = [(0_u64, 0_u32); COUNTERS];
    let mut groups = vec![StateCounts::default(); counting_groups.len()];
    let (mut all_votes, mut all_ballots) = (0, 0);
    for district in districts {
        let DistrictTally {
            votes,
            counters,
            counters_present,
            tallies_counted: _,
            ballots_counted,
            states,
        } = district;
        all_votes += votes.iter().sum::<u64>();
        all_ballots += ballots_counted;
        for (sum, (value, tallies)) in sums.iter_mut().zip(counters.iter().zip(counters_present)) {
            *sum = (sum.0 + value, sum.1 + tallies);
        }
        for (group, states) in groups.iter_mut().zip(states) {
            group.add(states);
        }
    }
    let counters = Counter::ALL
        .into_iter()
        .zip(sums)
        .map(|(counter, (value, tallies))| proto::CounterTotal {
            counter: proto::Counter::from(counter).into(),
            value,
            tallies,
        });
    let mut all_states = StateCounts::default();
    groups.iter().for_each(|states| all_states.add(states));
    let by_group =
        counting_groups
            .iter()
            .zip(&groups)
            .map(|(group, states)| proto::CountingGroupStates {
                counting_group_id: group.as_str().into(),
                states: Some(states.into()),
            });
    proto::Totals {
        votes: all_votes,
        counters: counters.filter(|counter| counter.tallies > 0).collect(),
        ballots_counted: all_ballots,
        states: Some((&all_states).into()),
        counting_groups: if groups.len() > 1 {
            by_group.collect()
        } else {
            Vec::new()
        },
    }
}

/// Ballots issued in the whole election.
pub fn turnout(tally: &Tally) -> proto::TurnoutTotals {
    let mut all = DistrictTurnout::default();
    for district in &tally.turnout {
        let DistrictTurnout {
            units,
            roll,
            units_without_roll,
            ballots_issued,
            units_reporting,
            units_final,
        } = district;
        all.units += units;
        all.roll += roll;
        all.units_without_roll += units_without_roll;
        all.ballots_issued += ballots_issued;
        all.units_reporting += units_reporting;
        all.units_final += units_final;
    }
    proto::TurnoutTotals {
        electorate: tally.outline.areas.electorate,
        ..(&all).into()
    }
}

/// A correction with the names of what it is about. The tally must be the one that remembers it: its positions are that
/// ballot's and that register's.
pub fn correction(tally: &Tally, correction: &Correction) -> proto::Correction {
    let Correction {
        revision,
        time,
        slot,
        cause,
        attribution,
        changes,
        ballots,
    } = correction;
    let (ballots_before, ballots_after) = *ballots;
    let total = |pick: fn(&(u32, u32, u32)) -> u32| {
        changes.iter().map(|change| u64::from(pick(change))).sum()
    };
    let (kind, status) = kind(*cause);
    let (contest_id, district_id) = place_names(&tally.outline.ballot, slot.contest, slot.district);
    let mut largest: Vec<_> = changes.iter().collect();
    largest.sort_by_key(|(option, before, after)| {
        (std::cmp::Reverse(before.abs_diff(*after)), *option)
    });
    let largest =
        largest
            .into_iter()
            .take(CORRECTION_CHANGES_MAX)
            .map(|(option, before, after)| proto::VoteChange {
                option_id: option_name(&tally.outline.ballot, slot.contest, slot.district, *option),
                votes_before: (*before).into(),
                votes_after: (*after).into(),
            });
    let group = tally
        .outline
        .ballot
        .counting_groups
        .get(usize::from(slot.counting_group));
    proto::Correction {
        revision: revision.0,
        revision_time: Some(timestamp(*time)),
        key: Some(proto::TallyKey {
            unit_id: tally.unit_names.get(slot.unit).unwrap_or_default().into(),
            contest_id,
            counting_group_id: group.map(|group| group.as_str().into()).unwrap_or_default(),
        }),
        kind: kind.into(),
        attribution: Some(attribution.into()),
        votes_before: total(|(_, before, _)| *before),
        votes_after: total(|(_, _, after)| *after),
        changes: largest.collect(),
        changes_count: u32::try_from(changes.len()).expect("a ballot has at most 10,000 options"),
        ballots_before,
        ballots_after,
        status,
        district_id,
    }
}

fn kind(cause: CorrectionCause) -> (proto::CorrectionKind, i32) {
    use election::report::ReportKind;
    use proto::CorrectionKind as Kind;
    let kind = match cause {
        CorrectionCause::Report(ReportKind::Correction) => Kind::Correction,
        CorrectionCause::Report(ReportKind::Recount) => Kind::Recount,
        CorrectionCause::Report(ReportKind::RepeatVote) => Kind::RepeatVote,
        CorrectionCause::Report(ReportKind::Partial | ReportKind::Full) => Kind::Report,
        CorrectionCause::Review => Kind::Review,
        CorrectionCause::Withdrawal => Kind::Withdrawal,
        CorrectionCause::Status(status) => {
            return (Kind::Status, proto::UnitStatus::from(status).into());
        }
    };
    (kind, proto::UnitStatus::Unspecified.into())
}

fn place_names(ballot: &Ballot, contest: u8, district: u16) -> (String, String) {
    let contest = ballot.contests.get(usize::from(contest));
    let district = contest.and_then(|contest| contest.districts.get(usize::from(district)));
    (
        contest
            .map(|contest| contest.id.as_str().into())
            .unwrap_or_default(),
        district
            .map(|district| district.id.as_str().into())
            .unwrap_or_default(),
    )
}

fn option_name(ballot: &Ballot, contest: u8, district: u16, option: u32) -> String {
    let contest = ballot.contests.get(usize::from(contest));
    let district = contest.and_then(|contest| contest.districts.get(usize::from(district)));
    let option = district.and_then(|district| district.options.get(usize::try_from(option).ok()?));
    option
        .map(|option| option.id.as_str().into())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
