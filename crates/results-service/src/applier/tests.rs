use election::ids::LogId;
use event_log::memory::{Fault, Place};
use event_log::{Group, GroupId, Record};
use service_runtime::clock::SystemClock;
use service_runtime::shutdown::Stopper;

use super::*;
use crate::config::{Config, Storage};
use crate::entropy::SystemEntropy;
use crate::role::Role;

fn rounds(opened: &Arc<Opened>) -> Rounds {
    Rounds {
        opened: Arc::downgrade(opened),
        stopping: Arc::default(),
        runtime: Handle::current(),
        store: None,
        checkpoint: Instant::now(),
        is_dirty: false,
        unreadable: BTreeMap::new(),
    }
}

fn group() -> Group {
    let record = Record {
        public: vec![1].into(),
        annex: vec![2].into(),
    };
    Group {
        election: ElectionId::new("full").unwrap(),
        log_id: LogId([1; 16]),
        group_id: GroupId([1; 16]),
        first_revision: Revision(1),
        records: vec![record],
    }
}

#[tokio::test]
async fn the_store_is_not_written_while_the_log_has_no_room() {
    let place = Place::default();
    let stopper = Stopper::new("test");
    let config = Config::new(Storage::Memory(place.clone()));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let role = Role::open(config, clock, entropy, &stopper).await.unwrap();
    let opened = role.shared.opened().unwrap();
    let mut rounds = rounds(&opened);
    place.fail_next(Fault::NoSpace);
    opened.log.append(group()).await.unwrap_err();
    rounds.round(&opened).unwrap();
    assert!(rounds.store.is_none());
    opened.log.append(group()).await.unwrap();
    rounds.round(&opened).unwrap();
    assert!(rounds.store.is_some());
}
