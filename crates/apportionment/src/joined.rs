//! Seats inside joined lists: first among subgroups and single lists of a group, then inside each subgroup.

use std::collections::BTreeMap;

use crate::contest::{Contest, Lot};
use crate::fill::{Runner, runner_of};
use crate::rules::Rules;
use crate::workspace::{Chain, Place, Workspace};

/// What is certain inside a group or a subgroup, whatever its open ties bring.
struct Shared {
    lists: Vec<SharedList>,
    empty: u32,
}

struct SharedList {
    list: usize,
    candidates: u32,
    seats: u32,
    tied: bool,
}

impl Shared {
    /// What this outcome of a tie and another one have in common.
    fn and(mut self, other: &Self) -> Self {
        for (one, other) in self.lists.iter_mut().zip(&other.lists) {
            one.seats = one.seats.min(other.seats);
            one.tied |= other.tied;
        }
        self.empty = self.empty.min(other.empty);
        self
    }
}

impl Workspace {
    /// Shares a group's seats among its lists and writes them down.
    pub(crate) fn share_group(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        group: &Runner,
    ) {
        let mut lists = Vec::new();
        let mut next = Some(group.list);
        while let Some(index) = next {
            lists.push(index);
            next = self.next_member[index];
        }
        let shared = self.share(
            contest,
            rules,
            lots,
            &lists,
            (group, Place::Group(group.list)),
        );
        for one in shared.lists {
            self.seats[one.list] = one.seats;
            self.tied[one.list] = one.tied && one.seats < one.candidates;
        }
        self.unassigned += shared.empty;
    }

    /// Shares the seats that joined lists won. With an open tie for one of them, a list's certain seats are the fewer of
    /// those it holds with and without: largest remainders can take a seat away when the group gains one.
    fn share(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        lists: &[usize],
        (won, place): (&Runner, Place),
    ) -> Shared {
        let by_stages = rules.apparentment.as_ref();
        let inside = by_stages.and_then(|apparentment| apparentment.inside.as_ref());
        let mut common: Option<Shared> = None;
        // While later stages wait for a tie, seats are open in more than one place: no list is sure of any.
        let most = won.seats + u32::from(won.tied);
        for house in if won.waiting { 0..=0 } else { won.seats..=most } {
            let (mut runners, members) = competitors(contest, rules, lists, place);
            let chain = Chain {
                rules,
                lots,
                stages: inside.unwrap_or(&rules.stages),
                place,
                house,
                scale: 1,
                quota_of: None,
                majority_of: None,
            };
            let mut shared = Shared {
                lists: Vec::with_capacity(lists.len()),
                empty: self.run_chain(&chain, &mut runners),
            };
            for (runner, members) in runners.iter_mut().zip(&members) {
                runner.tied |= won.tied;
                runner.waiting |= won.waiting;
                if members.len() > 1 {
                    let place = Place::Subgroup(runner.list);
                    let inner = self.share(contest, rules, lots, members, (runner, place));
                    shared.empty += inner.empty;
                    shared.lists.extend(inner.lists);
                } else {
                    let certain = runner.seats.min(runner.candidates);
                    shared.empty += runner.seats - certain;
                    shared.lists.push(SharedList {
                        list: runner.list,
                        candidates: runner.candidates,
                        seats: certain,
                        tied: runner.tied,
                    });
                }
            }
            common = Some(match common {
                None => shared,
                Some(before) => before.and(&shared),
            });
        }
        common.expect("there is at least one outcome")
    }
}

/// The lists that compete at a place, each with its members: more than one where they are joined again.
fn competitors(
    contest: &Contest,
    rules: &Rules,
    lists: &[usize],
    place: Place,
) -> (Vec<Runner>, Vec<Vec<usize>>) {
    let (mut runners, mut members): (Vec<Runner>, Vec<Vec<usize>>) = Default::default();
    let mut places: BTreeMap<u32, usize> = BTreeMap::new();
    for &index in lists {
        let list = &contest.lists[index];
        let runner = runner_of(index, list, rules);
        let subgroup = match place {
            Place::Subgroup(_) => None,
            Place::House | Place::Round(_) | Place::Group(_) => list.subgroup,
        };
        let next = runners.len();
        let joined = subgroup.map_or(next, |subgroup| *places.entry(subgroup).or_insert(next));
        if joined < next {
            runners[joined].join(&runner);
            members[joined].push(index);
        } else {
            runners.push(runner);
            members.push(vec![index]);
        }
    }
    (runners, members)
}
