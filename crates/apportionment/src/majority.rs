//! The majority clause: a list with more than half of the votes does not stay at half of the seats (Netherlands, Kieswet
//! P 9, after the remainders).

use crate::allocation::MajorityTransfer;
use crate::contest::{Contest, StageAt};
use crate::fill::Runner;
use crate::key::Key;
use crate::tie::{Tied, settle};
use crate::workspace::{Chain, Workspace};

impl Workspace {
    /// Gives a seat to the list with the majority, from the list whose last seat has the smallest key.
    pub(crate) fn give_majority(
        &mut self,
        contest: &Contest,
        chain: &Chain<'_>,
        runners: &mut [Runner],
    ) {
        let votes = contest.list_votes();
        let Some(owed) = runners.iter().position(|runner| 2 * runner.votes > votes) else {
            return;
        };
        let runner = &runners[owed];
        let has_half = u64::from(runner.seats) * 2 > u64::from(chain.house);
        if has_half || runner.seats >= runner.room {
            return;
        }
        if let Some(open) = &self.open {
            // Who loses a seat mostly is who wins the open tie, whose keys are the smallest: it waits, and so does who gets
            // the seat. But where the list with the majority can win all of the tie and be owed a seat even then, somebody
            // else loses one that no key of the tie has called into question.
            let wins_all = open.seats == 1 && open.lists.contains(&runner.list);
            let owed_still =
                runner.waiting || (u64::from(runner.seats) + 1) * 2 <= u64::from(chain.house);
            runners[owed].tied = true;
            if wins_all && owed_still {
                for index in smallest_last_seats(chain, runners, owed).map_or(Vec::new(), |it| it.0)
                {
                    runners[index].seats -= 1;
                    runners[index].tied = true;
                }
            }
            return;
        }
        let Some((from, key)) = smallest_last_seats(chain, runners, owed) else {
            return;
        };
        runners[owed].seats += 1;
        for &index in &from {
            runners[index].seats -= 1;
        }
        let tied = from.iter().map(|&index| Tied {
            list: runners[index].list,
            weight: runners[index].weight,
            registration: runners[index].registration,
        });
        let tied: Vec<Tied> = tied.collect();
        let lists = tied.iter().map(|tied| tied.list).collect();
        let keep = u32::try_from(from.len() - 1).expect("at most 10,000 lists");
        let tie = (keep > 0).then(|| {
            let (rules, at) = (chain.rules, StageAt::Majority);
            settle(at, Some(key), tied, keep, &rules.ties, chain.lots)
        });
        if let Some(tie) = &tie {
            for runner in runners.iter_mut() {
                let wins = |winners: &[usize]| winners.contains(&runner.list);
                runner.seats += u32::from(tie.settled.iter().any(|one| wins(&one.winners)));
                runner.tied = tie.open_seats > 0 && tie.open.contains(&runner.list);
            }
        }
        if let Some(record) = &mut self.record {
            let to = runners[owed].list;
            let from = lists;
            record.majority = Some(MajorityTransfer { to, from, key, tie });
        }
    }
}

/// The runners but for one whose last seat came in the last stage that gave any of them one, with the smallest key there.
fn smallest_last_seats(
    chain: &Chain<'_>,
    runners: &[Runner],
    except: usize,
) -> Option<(Vec<usize>, Key)> {
    let others = || (0..runners.len()).filter(|&index| index != except);
    let last = others().filter_map(|index| runners[index].last_won).max()?;
    let keys = chain.keys(chain.stages[last].method, runners);
    let key = |index: usize| {
        let level = keys.level(runners[index].weight, u128::from(chain.scale));
        (level, runners[index].seats - 1)
    };
    let winners = || others().filter(|&index| runners[index].last_won == Some(last));
    let least = winners()
        .map(key)
        .min_by(|left, right| keys.compare(*left, *right))?;
    let from = winners().filter(|&index| keys.compare(key(index), least).is_eq());
    Some((from.collect(), keys.key(least.0, least.1)))
}
