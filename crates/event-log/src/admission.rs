//! The rule by which every engine takes or refuses a group.

use crate::{AppendError, Appended, Damage, GROUP_ID_WINDOW, Group, GroupId, Head};
use election::ids::{ElectionId, LogId, Revision};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// What an engine has to remember of each election to answer an append: head, `log_id`, damage and the last
/// [`GROUP_ID_WINDOW`] group ids. The engines share it, so that they cannot differ in promises 3 and 4.
#[derive(Debug, Default)]
pub struct Admission {
    logs: BTreeMap<ElectionId, Log>,
}

#[derive(Debug)]
struct Log {
    log_id: LogId,
    head: Revision,
    damage: Option<Damage>,
    known: HashMap<GroupId, Appended>,
    /// The keys of `known`, oldest first.
    recent: VecDeque<GroupId>,
}

impl Admission {
    /// Whether the group may be written: `None` says yes, `Some` is the answer of the same group appended before.
    pub fn answer(&self, group: &Group) -> Result<Option<Appended>, AppendError> {
        let mut head = Revision::ZERO;
        if let Some(log) = self.logs.get(&group.election) {
            if log.log_id != group.log_id {
                return Err(AppendError::LogId {
                    expected: log.log_id,
                    found: group.log_id,
                });
            }
            if let Some(first) = log.known.get(&group.group_id) {
                return Ok(Some(Appended {
                    repeated: true,
                    ..*first
                }));
            }
            if let Some(damage) = &log.damage {
                return Err(AppendError::ReadOnly(damage.clone()));
            }
            head = log.head;
        }
        if group.first_revision != head.next() {
            return Err(AppendError::Stale {
                head,
                first_revision: group.first_revision,
            });
        }
        Ok(None)
    }

    /// Notes a group that was written: the head moves to its last revision.
    pub fn note(
        &mut self,
        election: &ElectionId,
        log_id: LogId,
        group_id: GroupId,
        appended: Appended,
    ) {
        let log = self.log(election, log_id);
        log.head = appended.last_revision;
        if log.known.insert(group_id, appended).is_none() {
            log.recent.push_back(group_id);
        }
        if log.recent.len() > GROUP_ID_WINDOW
            && let Some(oldest) = log.recent.pop_front()
        {
            log.known.remove(&oldest);
        }
    }

    /// Makes the election read-only: its head becomes the revision before the damage. The first damage marked stays
    /// the one that is told.
    pub fn mark(&mut self, log_id: LogId, damage: Damage) {
        let election = damage.election.clone();
        let log = self.log(&election, log_id);
        if log.damage.is_none() {
            log.head = Revision(damage.revision.0.saturating_sub(1));
            log.damage = Some(damage);
        }
    }

    /// The head of one election, if it has a log.
    pub fn head(&self, election: &ElectionId) -> Option<Head> {
        self.logs.get(election).map(|log| log.to_head(election))
    }

    /// The heads of all elections, in the order of their ids.
    pub fn heads(&self) -> Vec<Head> {
        self.logs
            .iter()
            .map(|(election, log)| log.to_head(election))
            .collect()
    }

    fn log(&mut self, election: &ElectionId, log_id: LogId) -> &mut Log {
        self.logs.entry(election.clone()).or_insert_with(|| Log {
            log_id,
            head: Revision::ZERO,
            damage: None,
            known: HashMap::new(),
            recent: VecDeque::new(),
        })
    }
}

impl Log {
    fn to_head(&self, election: &ElectionId) -> Head {
        Head {
            election: election.clone(),
            log_id: self.log_id,
            revision: self.head,
            damage: self.damage.clone(),
        }
    }
}
